//! nginx as the measure: an upstream that answers at once, a proxy in front of it with our
//! duties, and the same proxy with none.

use super::load::output;
use super::servers::{Server, free_port};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What every proxy is compared on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duties {
    /// Access log in JSON, request id, security headers, forwarding headers, rate limit.
    Full,
    /// Nothing but the proxying.
    Bare,
}

/// What an nginx answers with.
pub enum Role<'s> {
    /// 200 with this body, from memory.
    Static(&'s str),
    /// What the upstream on this port says.
    Proxy(u16, Duties),
}

/// A running nginx.
pub struct Nginx {
    _server: Server,
    /// Plain HTTP.
    pub port: u16,
    /// TLS.
    pub tls_port: u16,
    /// Its configuration, for the record.
    pub configuration: String,
}

impl Nginx {
    /// Starts one below `directory`, under `name`.
    ///
    /// # Errors
    /// When nginx is missing or does not take the configuration.
    pub fn start(directory: &Path, name: &str, role: &Role<'_>) -> Result<Self, Box<dyn Error>> {
        let directory = directory.join(name);
        fs::create_dir_all(&directory)?;
        self_signed(&directory)?;
        let (port, tls_port) = (free_port()?, free_port()?);
        let configuration = configuration(role, port, tls_port);
        let file = directory.join("nginx.conf");
        fs::write(&file, &configuration)?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&directory).arg("-c").arg(&file).args(["-e", "error.log"]);
        let mut server = Server::start(&mut command, &directory.join("output.log"), "-TERM")?;
        server
            .await_ok(port, "/", Duration::from_secs(10))
            .map_err(|error| format!("nginx {name}: {error}; see {}", directory.display()))?;
        Ok(Self { _server: server, port, tls_port, configuration })
    }
}

/// The same kind of certificate as the gateway makes for itself: ECDSA on P-256.
fn self_signed(directory: &Path) -> Result<(), Box<dyn Error>> {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    command.args(["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout"]);
    command.arg(directory.join("key.pem")).arg("-out").arg(directory.join("certificate.pem"));
    output(&mut command).map(drop)
}

fn configuration(role: &Role<'_>, port: u16, tls_port: u16) -> String {
    let mut http = String::new();
    let mut location = String::new();
    match role {
        Role::Static(body) => {
            http.push_str("  access_log off;\n");
            let _ = writeln!(location, "      default_type application/json;");
            let _ = writeln!(location, "      return 200 '{body}';");
        }
        Role::Proxy(upstream, duties) => {
            let _ = writeln!(
                http,
                "  upstream backend {{ server 127.0.0.1:{upstream}; keepalive 64; \
                 keepalive_requests 1000000000; }}"
            );
            location.push_str(
                "      proxy_pass http://backend;\n      proxy_http_version 1.1;\n      \
                 proxy_set_header Connection \"\";\n",
            );
            match duties {
                Duties::Bare => http.push_str("  access_log off;\n"),
                Duties::Full => {
                    http.push_str(FULL_HTTP);
                    location.push_str(FULL_LOCATION);
                }
            }
        }
    }
    format!(
        "daemon off;\npid nginx.pid;\nerror_log error.log crit;\nworker_processes auto;\n\
         events {{ worker_connections 4096; }}\nhttp {{\n  server_tokens off;\n  \
         keepalive_requests 1000000000;\n  client_body_temp_path body;\n  \
         proxy_temp_path proxy;\n  fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  \
         scgi_temp_path scgi;\n{http}  server {{\n    listen 127.0.0.1:{port};\n    \
         listen 127.0.0.1:{tls_port} ssl;\n    ssl_certificate certificate.pem;\n    \
         ssl_certificate_key key.pem;\n    ssl_protocols TLSv1.2 TLSv1.3;\n    \
         location / {{\n{location}    }}\n  }}\n}}\n"
    )
}

const FULL_HTTP: &str = r#"  log_format json escape=json '{"time":"$time_iso8601","client":"$remote_addr",'
    '"method":"$request_method","uri":"$request_uri","protocol":"$server_protocol",'
    '"status":$status,"bytes":$body_bytes_sent,"duration":$request_time,'
    '"upstream":"$upstream_addr","upstream_status":"$upstream_status",'
    '"upstream_duration":"$upstream_response_time","agent":"$http_user_agent","id":"$request_id"}';
  access_log access.log json buffer=64k flush=1s;
  limit_req_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;
"#;

const FULL_LOCATION: &str = r#"      limit_req zone=clients burst=100000 nodelay;
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-ID $request_id;
      add_header X-Request-ID $request_id always;
      add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
      add_header Content-Security-Policy "default-src 'self'" always;
      add_header X-Frame-Options SAMEORIGIN always;
      add_header X-Content-Type-Options nosniff always;
      add_header Referrer-Policy strict-origin-when-cross-origin always;
      add_header X-XSS-Protection "1; mode=block" always;
"#;
