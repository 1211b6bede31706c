//! `cargo xtask bench waf`: the whole gateway with its firewall blocking by the Core Rule Set
//! at paranoia level 1, beside the same gateway with it off, and beside nginx with
//! libmodsecurity where Debian's module is there.

use super::load::{Measured, wrk};
use super::marquis::{Marquis, Shape};
use super::nginx::{Duties, Nginx, Role};
use super::report::{self, Bar, Row};
use super::servers::{Server, free_port, resident_mebibytes};
use super::{Bench, build_release, need, scratch, script};
use crate::Outcome;
use crate::conformance::MODULE;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Options of `cargo xtask bench waf`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Rounds of each comparison; medians are compared
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// Do not build first
    #[arg(long)]
    no_build: bool,
    /// Write the table into docs/performance.md
    #[arg(long)]
    write: bool,
}

/// Measures, prints, and fails when a bar is missed.
pub fn run(arguments: &Arguments) -> Outcome {
    need(&["wrk", "nginx", "openssl"], "wrk nginx-light openssl")?;
    if !Path::new("/usr/share/modsecurity-crs/rules").is_dir() {
        return Err("missing: the Core Rule Set; on Debian: apt-get install modsecurity-crs".into());
    }
    if !arguments.no_build {
        build_release()?;
    }
    let bench = Bench {
        scratch: scratch()?,
        rounds: arguments.rounds.max(1),
        seconds: arguments.seconds.max(1),
    };
    let mut rows = Vec::new();
    let body = r#"{"status":"ok","items":[1,2,3]}"#;
    let upstream = Nginx::start(&bench.scratch, "upstream", &Role::Static(body))?;
    let limit = Duration::from_secs(20);
    let start = |name, shape| Marquis::start(&bench.scratch, name, &shape, limit);
    let on = start("waf-on", Shape::Guarded(upstream.port))?;
    let off = start("waf-off", Shape::Gateway(upstream.port, Duties::Full))?;
    let memory = (resident_mebibytes(on.id())?, resident_mebibytes(off.id())?);
    // A bare GET, and one with the fields of a browser, cookies and a query.
    for (what, script_name) in [("GET", "get.lua"), ("GET of a browser, with query", "browse.lua")]
    {
        let lua = script(script_name);
        let url = |port| format!("http://127.0.0.1:{port}/bench");
        let (with, without) = bench.side_by_side(
            &format!("{what}, firewall on / off"),
            &mut |seconds| wrk(&url(on.port), seconds, Some(&lua), &[]),
            &mut |seconds| wrk(&url(off.port), seconds, Some(&lua), &[]),
        )?;
        let bar = if what == "GET" { Bar::AtLeast(0.5) } else { Bar::None };
        rows.push(Row::ratio(&format!("{what}, firewall on / off"), &with, &without, bar));
    }
    if Path::new(MODULE).exists() {
        let nginx = modsecurity(&bench.scratch, upstream.port)?;
        let lua = script("browse.lua");
        let mut rates: (Vec<Measured>, Vec<Measured>) = Default::default();
        for _ in 0..bench.rounds {
            for (taken, port) in [(&mut rates.0, on.port), (&mut rates.1, nginx.1)] {
                let url = format!("http://127.0.0.1:{port}/bench");
                taken.push(wrk(&url, bench.seconds, Some(&lua), &[])?);
            }
        }
        let what = "GET of a browser, our firewall / nginx with libmodsecurity";
        rows.push(Row::ratio(what, &rates.0, &rates.1, Bar::None));
        nginx.0.stop();
    } else {
        println!("nginx with libmodsecurity: skipped, {MODULE} is missing");
    }
    let after = resident_mebibytes(on.id())?;
    let what = "memory of a gateway with the Core Rule Set, after the load";
    // The whole process; what the rules alone take is measured by `cargo bench -p marquis-waf`.
    rows.push(Row::value(what, after, "MiB", Bar::None));
    rows.push(Row::value("the same before any request", memory.0, "MiB", Bar::None));
    rows.push(Row::value("a gateway without rules", memory.1, "MiB", Bar::None));
    fs::remove_dir_all(&bench.scratch)?;
    let table = report::table(&rows);
    println!("{table}");
    let facts = format!(
        "{}; commit {}; {} rounds of {} s each.",
        report::machine(),
        report::commit(),
        bench.rounds,
        bench.seconds
    );
    println!("{facts}");
    if arguments.write {
        report::write_document("bench waf", &format!("{table}\n{facts}"))?;
        println!("written to docs/performance.md");
    }
    report::verdict(&rows)
}

fn modsecurity(scratch: &Path, upstream: u16) -> Result<(Server, u16), Box<dyn Error>> {
    let directory = scratch.join("modsecurity");
    fs::create_dir_all(&directory)?;
    let port = free_port()?;
    fs::write(
        directory.join("rules.conf"),
        "SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess Off\n\
         Include /etc/modsecurity/crs/crs-setup.conf\n\
         Include /usr/share/modsecurity-crs/rules/*.conf\n",
    )?;
    let configuration = format!(
        "load_module {MODULE};\ndaemon off;\nworker_processes auto;\npid nginx.pid;\n\
         error_log error.log error;\nevents {{ worker_connections 4096; }}\nhttp {{\n  \
         access_log off;\n  client_body_temp_path body;\n  proxy_temp_path proxy;\n  \
         fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n  \
         upstream u {{ server 127.0.0.1:{upstream}; keepalive 64; }}\n  server {{\n    \
         listen 127.0.0.1:{port};\n    modsecurity on;\n    modsecurity_rules_file {rules};\n    \
         location / {{ proxy_pass http://u; proxy_http_version 1.1; \
         proxy_set_header Connection \"\"; }}\n  }}\n}}\n",
        rules = directory.join("rules.conf").display(),
    );
    let file = directory.join("nginx.conf");
    fs::write(&file, configuration)?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&directory).arg("-c").arg(&file).args(["-e", "error.log"]);
    let mut server = Server::start(&mut command, &directory.join("output.log"), "-TERM")?;
    server.await_ok(port, "/bench", Duration::from_secs(30))?;
    Ok((server, port))
}
