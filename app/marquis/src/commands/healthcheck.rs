//! `marquis healthcheck`: a container's health check without a shell or curl in the image.

use std::time::Duration;

use http::{Method, StatusCode, Uri};
use marquis_http::client::{Call, ClientLimits, HttpClient};

use crate::exit::{Code, Context as _, Failure, say};

/// Exits 0 when `http://host:port/path` answers 200 in time.
pub async fn ask(url: &str, seconds: u64) -> Result<(), Failure> {
    let target: Uri = url.parse().or_fail(Code::No, format!("`{url}` is not a URL"))?;
    let path = target.path_and_query().map_or("/", |path| path.as_str());
    let base = url.strip_suffix(path).unwrap_or(url);
    let wait = Duration::from_secs(seconds.max(1));
    let limits =
        ClientLimits { connect: wait, attempt: wait, total: wait, ..ClientLimits::default() };
    let client = HttpClient::new([base], limits)
        .or_fail(Code::No, format!("`{url}` cannot be asked"))
        .map_err(|failure| failure.remedy("give a plain address: http://127.0.0.1:3008/readyz"))?;
    let answer = client
        .call(&Call::new(Method::GET, path))
        .await
        .or_fail(Code::No, format!("{url} does not answer"))?;
    if answer.status == StatusCode::OK {
        say("healthy");
        return Ok(());
    }
    Err(Failure::new(Code::No, format!("{url} answers {}", answer.status)))
}
