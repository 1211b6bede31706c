//! `cargo xtask conformance`: a rule set's regression suite over HTTP, through the gateway and
//! through nginx with libmodsecurity, in the suite's documented configuration (DetectionOnly,
//! paranoia level 4).
//!
//! Both stand in front of the same upstream and get the same bytes. The suite is not part of
//! the repository: `--suite`, or `MARQUIS_CRS_SUITE`, says where it lies.

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use marquis_waf_suite::http::{Log, Target};
use marquis_waf_suite::{Outcome as Judged, Report, Test};

use crate::Outcome;
use crate::bench::marquis::binary;
use crate::bench::nginx::{Nginx, Role};
use crate::bench::servers::{Server, free_port};

/// Where Debian's package libnginx-mod-http-modsecurity puts the module.
pub const MODULE: &str = "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so";

/// What the suite's documentation sets besides mode and paranoia level.
const SUITE_SETTINGS: &str = r#"SecAction "id:90005,phase:1,nolog,pass,t:none,\
    setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,\
    setvar:tx.arg_length=400,setvar:tx.max_file_size=64100,\
    setvar:tx.combined_file_sizes=65535"
"#;

/// Options of `cargo xtask conformance`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Directory of the suite's YAML files
    #[arg(long, env = "MARQUIS_CRS_SUITE")]
    suite: PathBuf,
    /// Directory of the rule set
    #[arg(long, default_value = "/usr/share/modsecurity-crs")]
    crs: PathBuf,
    /// Its settings
    #[arg(long, default_value = "/etc/modsecurity/crs/crs-setup.conf")]
    crs_setup: PathBuf,
}

/// Runs both and prints counts and every difference.
pub fn run(arguments: &Arguments) -> Outcome {
    let scratch = std::env::temp_dir().join(format!("marquis-conformance-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    make_readable(&scratch)?;
    let tests = marquis_waf_suite::read(&arguments.suite)?;
    println!("{} tests", tests.len());
    let upstream = Nginx::start(&scratch, "upstream", &Role::Static("It works."))?;
    let ours = gateway(arguments, &scratch, upstream.port, &tests)?;
    show("gateway", &ours);
    if !Path::new(MODULE).exists() {
        println!("nginx with libmodsecurity: skipped, {MODULE} is missing");
        println!("(Debian: apt-get install libnginx-mod-http-modsecurity)");
        for (title, why) in ours.failed() {
            println!("  {title}: {}", why.join(", "));
        }
        return Ok(());
    }
    let theirs = modsecurity(arguments, &scratch, upstream.port, &tests)?;
    show("nginx with libmodsecurity", &theirs);
    differences(&ours, &theirs);
    fs::remove_dir_all(&scratch)?;
    if ours.passed() < theirs.passed() {
        return Err("the gateway passes fewer tests than nginx with libmodsecurity".into());
    }
    Ok(())
}

fn make_readable(directory: &Path) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?)
}

fn show(what: &str, report: &Report) {
    println!(
        "{what}: {} passed, {} failed, {} not judged",
        report.passed(),
        report.failed().count(),
        report.skipped()
    );
}

fn differences(ours: &Report, theirs: &Report) {
    let word = |outcome: &Judged| match outcome {
        Judged::Passed => "passes".to_owned(),
        Judged::Skipped => "not judged".to_owned(),
        Judged::Failed(why) => why.join(", "),
    };
    println!("\n| Test | gateway | nginx with libmodsecurity |\n|---|---|---|");
    for ((title, our), (_, their)) in ours.tests.iter().zip(&theirs.tests) {
        if matches!(our, Judged::Failed(_)) || matches!(their, Judged::Failed(_)) {
            println!("| {title} | {} | {} |", word(our), word(their));
        }
    }
}

fn gateway(
    arguments: &Arguments,
    scratch: &Path,
    upstream: u16,
    tests: &[Test],
) -> Result<Report, Box<dyn Error>> {
    let directory = scratch.join("gateway");
    fs::create_dir_all(&directory)?;
    let (rules, log) = (directory.join("suite.conf"), directory.join("matches.log"));
    fs::write(&rules, SUITE_SETTINGS)?;
    fs::write(&log, "")?;
    let port = free_port()?;
    let configuration = format!(
        "environment = \"test\"\n[gateway]\nhttp = \"127.0.0.1:{port}\"\nhttps = \"\"\n\
         plain = \"serve\"\n[server.ops]\nport = {ops}\n[gateway.access_log]\nenabled = false\n\
         [gateway.rate_limits.default]\nlimit = 0\n\
         [gateway.upstreams.suite]\nservers = [\"127.0.0.1:{upstream}\"]\nhealth = {{ path = \"\" }}\n\
         [[gateway.routes]]\npath = \"/*\"\nservice = \"suite\"\nauth = \"none\"\n\
         rate_limits = []\ncors = false\n\
         [gateway.waf]\nengine = \"detection\"\nparanoia_level = 4\nbuiltin_rules = false\n\
         crs = {crs:?}\ncrs_setup = {setup:?}\nrules_before = [{rules:?}]\n\
         response_bodies = true\n[gateway.waf.audit]\nenabled = false\n",
        ops = free_port()?,
        crs = arguments.crs,
        setup = arguments.crs_setup,
    );
    let file = directory.join("marquis.toml");
    fs::write(&file, configuration)?;
    let mut command = Command::new(binary());
    command.current_dir(&directory).env_clear().arg("--config").arg(&file);
    command.arg("--data-dir").arg(directory.join("data"));
    command.args(["serve", "--role", "gateway", "--waf-match-log"]).arg(&log);
    let mut server = Server::start(&mut command, &directory.join("output.log"), "-TERM")?;
    server.await_ok(port, "/", Duration::from_secs(60)).map_err(|error| {
        format!("gateway: {error}; see {}", directory.join("output.log").display())
    })?;
    let target = Target { address: loopback(port), log: Log::Matches(log) };
    let report = target.run(tests, progress("gateway", tests.len()))?;
    server.stop();
    Ok(report)
}

fn modsecurity(
    arguments: &Arguments,
    scratch: &Path,
    upstream: u16,
    tests: &[Test],
) -> Result<Report, Box<dyn Error>> {
    let directory = scratch.join("modsecurity");
    fs::create_dir_all(&directory)?;
    let port = free_port()?;
    let rules = format!(
        "SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\nSecResponseBodyAccess On\n\
         SecRule REQUEST_HEADERS:X-CRS-Test \"@rx ^.*$\" \
         \"id:999999,phase:1,log,pass,t:none,msg:'%{{MATCHED_VAR}}'\"\n\
         SecRule REQUEST_HEADERS:Content-Type \"^(?:application(?:/soap\\+|/)|text/)xml\" \
         \"id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML\"\n\
         SecRule REQUEST_HEADERS:Content-Type \"^application/json\" \
         \"id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON\"\n\
         Include {setup}\n{SUITE_SETTINGS}\
         SecAction \"id:90006,phase:1,nolog,pass,t:none,setvar:tx.paranoia_level=4\"\n\
         Include {crs}/rules/*.conf\n",
        setup = arguments.crs_setup.display(),
        crs = arguments.crs.display(),
    );
    fs::write(directory.join("rules.conf"), rules)?;
    let log = directory.join("error.log");
    let configuration = format!(
        "load_module {MODULE};\ndaemon off;\nworker_processes 1;\npid nginx.pid;\n\
         error_log {log} info;\nevents {{ worker_connections 256; }}\nhttp {{\n  access_log off;\n  \
         client_body_temp_path body;\n  proxy_temp_path proxy;\n  fastcgi_temp_path fastcgi;\n  \
         uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n  server {{\n    listen 127.0.0.1:{port};\n    \
         modsecurity on;\n    modsecurity_rules_file {rules};\n    location / {{ proxy_pass \
         http://127.0.0.1:{upstream}; }}\n  }}\n}}\n",
        log = log.display(),
        rules = directory.join("rules.conf").display(),
    );
    let file = directory.join("nginx.conf");
    fs::write(&file, configuration)?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&directory).arg("-c").arg(&file);
    let mut server = Server::start(&mut command, &directory.join("output.log"), "-TERM")?;
    server.await_ok(port, "/", Duration::from_secs(30)).map_err(|error| {
        format!("nginx: {error}; see {}", directory.join("output.log").display())
    })?;
    let target = Target { address: loopback(port), log: Log::ModSecurity(log) };
    let report = target.run(tests, progress("modsecurity", tests.len()))?;
    server.stop();
    Ok(report)
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn progress(what: &'static str, all: usize) -> impl Fn(usize) {
    move |done| {
        if done % 500 == 0 || done == all {
            println!("  {what}: {done}/{all}");
        }
    }
}
