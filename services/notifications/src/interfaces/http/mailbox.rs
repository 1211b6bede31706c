//! E-mails that were written instead of sent, for development. These routes exist only when
//! the configuration says so.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse as _, Response};
use marquis_http::Problem;
use marquis_http::input::PathId;

use super::{UseCases, failure};
use crate::application::ports::{Letter, LetterName, Letters};

/// How many are shown.
const SHOWN: usize = 200;

/// E-mails that were written
#[utoipa::path(
    get,
    operation_id = "show_mailbox",
    path = "/notifications/mailbox",
    tag = "development",
    security(()),
    responses((status = 200, description = "The latest 200.", content_type = "text/html"))
)]
pub(super) async fn page(State(use_cases): State<Arc<UseCases>>) -> Result<Response, Problem> {
    let letters = letters(&use_cases)?.latest(SHOWN).await.map_err(failure::of_store)?;
    let mut response = Html(html(&letters)).into_response();
    harmless(&mut response);
    Ok(response)
}

/// An e-mail that was written
#[utoipa::path(
    get,
    operation_id = "show_letter",
    path = "/notifications/mailbox/{name}",
    tag = "development",
    security(()),
    params(("name" = String, Path, description = "Its name on the page.")),
    responses(
        (status = 200, description = "The whole e-mail.", content_type = "text/plain"),
        (status = 404, description = "No such e-mail."),
    )
)]
pub(super) async fn letter(
    State(use_cases): State<Arc<UseCases>>,
    PathId(name): PathId<LetterName>,
) -> Result<Response, Problem> {
    let text = letters(&use_cases)?.read(name).await.map_err(failure::of_store)?;
    let text = text.ok_or_else(|| Problem::not_found("There is no such e-mail."))?;
    let mut response = text.into_response();
    harmless(&mut response);
    Ok(response)
}

fn letters(use_cases: &UseCases) -> Result<&Arc<dyn Letters>, Problem> {
    use_cases.letters.as_ref().ok_or_else(|| Problem::not_found("E-mails are not shown here."))
}

/// Others chose some of the text.
fn harmless(response: &mut Response) {
    const POLICY: HeaderValue =
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    const POLICY_NAME: HeaderName = header::REFERRER_POLICY;
    headers.insert(POLICY_NAME, HeaderValue::from_static("no-referrer"));
}

fn html(letters: &[Letter]) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>E-mails</title>\
         <style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}\
         td,th{text-align:left;padding:.2rem 1rem .2rem 0}</style>\
         <h1>E-mails that were written instead of sent</h1>",
    );
    if letters.is_empty() {
        page.push_str("<p>There are none yet.</p>");
        return page;
    }
    page.push_str("<table><tr><th>Date<th>To<th>Subject</tr>");
    for letter in letters {
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td><a href=\"mailbox/{}\">{}</a></tr>",
            escaped(&letter.date),
            escaped(&letter.to),
            escaped(&letter.name.to_string()),
            escaped(&letter.subject),
        );
    }
    page.push_str("</table>");
    page
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
