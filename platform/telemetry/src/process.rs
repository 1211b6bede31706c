//! Metrics of this process as Prometheus' client libraries name them, read from
//! `/proc/self` at each scrape (proc(5)). What cannot be read keeps its last value.

use std::fs;

use parking_lot::Mutex;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge};

use crate::metrics::made;

pub(crate) struct ProcessCollector {
    cpu_seconds: Counter,
    gauges: [(&'static str, Gauge); 6],
    /// One scrape at a time: a counter is set in two steps.
    scrape: Mutex<()>,
    ticks_per_second: f64,
}

impl ProcessCollector {
    pub(crate) fn new() -> Self {
        let gauge = |name: &'static str, help: &str| (name, made(Gauge::new(name, help)));
        let collector = Self {
            cpu_seconds: made(Counter::new(
                "process_cpu_seconds_total",
                "Total user and system CPU time spent in seconds",
            )),
            gauges: [
                gauge("process_resident_memory_bytes", "Resident memory size in bytes"),
                gauge("process_virtual_memory_bytes", "Virtual memory size in bytes"),
                gauge("process_open_fds", "Number of open file descriptors"),
                gauge("process_max_fds", "Maximum number of open file descriptors"),
                gauge("process_threads", "Number of OS threads in the process"),
                gauge("process_start_time_seconds", "Start time since the Unix epoch in seconds"),
            ],
            scrape: Mutex::new(()),
            ticks_per_second: ticks_per_second(),
        };
        if let Some(started) = collector.started() {
            collector.set("process_start_time_seconds", started);
        }
        collector
    }

    fn set(&self, name: &str, value: f64) {
        if let Some((_, gauge)) = self.gauges.iter().find(|(known, _)| *known == name) {
            gauge.set(value);
        }
    }

    /// Start time in Unix seconds: that of the machine and the ticks since then.
    fn started(&self) -> Option<f64> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let boot: f64 = stat.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok()?;
        let ticks: f64 = stat_field(&fs::read_to_string("/proc/self/stat").ok()?, 22)?;
        Some(boot + ticks / self.ticks_per_second)
    }

    fn read(&self) {
        let _one_at_a_time = self.scrape.lock();
        if let Ok(stat) = fs::read_to_string("/proc/self/stat")
            && let (Some(user), Some(system)) = (stat_field(&stat, 14), stat_field(&stat, 15))
        {
            let seconds = (user + system) / self.ticks_per_second;
            self.cpu_seconds.inc_by((seconds - self.cpu_seconds.get()).max(0.0));
        }
        if let Ok(status) = fs::read_to_string("/proc/self/status") {
            let number = |name: &str| -> Option<f64> {
                let line = status.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
            };
            for (name, field, unit) in [
                ("process_resident_memory_bytes", "VmRSS", 1_024.0),
                ("process_virtual_memory_bytes", "VmSize", 1_024.0),
                ("process_threads", "Threads", 1.0),
            ] {
                if let Some(value) = number(field) {
                    self.set(name, value * unit);
                }
            }
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            // Without the descriptor that reads the directory.
            let open = u32::try_from(entries.count().saturating_sub(1)).unwrap_or(u32::MAX);
            self.set("process_open_fds", f64::from(open));
        }
        if let Ok(limits) = fs::read_to_string("/proc/self/limits")
            && let Some(line) = limits.lines().find_map(|line| line.strip_prefix("Max open files"))
            && let Some(soft) = line.split_whitespace().next()
        {
            self.set("process_max_fds", soft.parse().unwrap_or(f64::INFINITY));
        }
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        let gauges = self.gauges.iter().flat_map(|(_, gauge)| gauge.desc());
        self.cpu_seconds.desc().into_iter().chain(gauges).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.read();
        let gauges = self.gauges.iter().flat_map(|(_, gauge)| gauge.collect());
        self.cpu_seconds.collect().into_iter().chain(gauges).collect()
    }
}

/// A field of `/proc/<pid>/stat`, counted from 1 as in its manual. The second is the
/// program's name, which may contain blanks and parentheses.
fn stat_field(stat: &str, number: usize) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

/// The unit of times in `/proc`.
fn ticks_per_second() -> f64 {
    #[expect(unsafe_code, reason = "sysconf takes a number, returns one and touches no memory")]
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    i32::try_from(ticks).ok().filter(|ticks| *ticks > 0).map_or(100.0, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_blanks_and_parentheses_is_skipped() {
        let stat = "7 (a) b) (c) S 1 2 3 4 5 6 7 8 9 10 111 222 0 0";
        assert_eq!(stat_field(stat, 4), Some(1.0));
        assert_eq!(stat_field(stat, 14), Some(111.0));
        assert_eq!(stat_field(stat, 15), Some(222.0));
        assert_eq!(stat_field(stat, 99), None);
    }
}
