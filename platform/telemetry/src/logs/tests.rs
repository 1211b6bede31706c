//! What a log line says and what it never says.

use std::io::Read as _;

use super::*;
use crate::context::RequestContext;
use crate::trace::TraceContext;

/// The lines that `report` makes, with the given format and extra names.
fn lines(format: LogFormat, names: &[&str], report: impl FnOnce()) -> Vec<String> {
    let (mut reader, pipe) = io::pipe().expect("pipe");
    let writer = LineWriter::to_stream(std::os::fd::OwnedFd::from(pipe).into()).expect("writer");
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let settings = LogSettings {
        level: "info",
        format,
        default_service: "marquis",
        redact: &names,
        colour: false,
    };
    let subscriber = tracing_subscriber::registry()
        .with(filter(settings.level).expect("level"))
        .with(LineLayer::new(&settings, &writer));
    drop(writer);
    tracing::subscriber::with_default(subscriber, report);
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("text");
    text.lines().map(str::to_owned).collect()
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).expect("one JSON object per line")
}

#[derive(Debug, thiserror::Error)]
#[error("cannot pay")]
struct CannotPay(#[source] io::Error);

#[test]
fn a_line_says_who_when_where_and_for_whom() {
    let context = RequestContext::new("payments", TraceContext::root());
    let trace = context.trace.trace_id();
    let lines = lines(LogFormat::Json, &[], || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        runtime.block_on(context::scope(context, async {
            context::set_user("0190");
            let span =
                tracing::info_span!("refund", reference = "pay_1", attempt = tracing::field::Empty);
            let _entered = span.enter();
            span.record("attempt", 2);
            tracing::info!(amount = 1_250, ok = true, share = 0.5, "paid \"it\"\nnow");
        }));
        tracing::warn!("outside");
        tracing::debug!("not at this level");
    });
    assert_eq!(lines.len(), 2);
    let line = json(&lines[0]);
    let keys: Vec<usize> =
        ["timestamp", "level", "service", "trace_id", "user_id", "message", "metadata"]
            .iter()
            .map(|key| lines[0].find(&format!("\"{key}\":")).expect(key))
            .collect();
    assert!(keys.is_sorted(), "{}", lines[0]);
    assert_eq!(line["level"], "info");
    assert_eq!(line["service"], "payments");
    assert_eq!(line["trace_id"], trace);
    assert_eq!(line["user_id"], "0190");
    assert_eq!(line["message"], "paid \"it\"\nnow");
    assert_eq!(
        line["metadata"],
        serde_json::json!({
            "target": "marquis_telemetry::logs::tests", "reference": "pay_1", "attempt": 2,
            "amount": 1_250, "ok": true, "share": 0.5,
        })
    );
    let stamp = line["timestamp"].as_str().expect("timestamp");
    let at = time::OffsetDateTime::parse(stamp, &time::format_description::well_known::Rfc3339);
    assert!(stamp.len() == 27 && stamp.ends_with('Z'));
    assert!((SystemClock.now() - at.expect("RFC 3339")).abs() < time::Duration::minutes(1));
    let outside = json(&lines[1]);
    assert_eq!(outside["service"], "marquis");
    assert!(outside["trace_id"].is_null() && outside["user_id"].is_null());
}

#[test]
fn secrets_do_not_pass_by_name_or_by_shape() {
    let refused =
        io::Error::new(io::ErrorKind::ConnectionRefused, "postgres://app:hunter2@db/app refused");
    let lines = lines(LogFormat::Json, &["Shoe_Size"], || {
        let span = tracing::info_span!("request", authorization = "hunter2");
        let _entered = span.enter();
        tracing::info!(
            password = "hunter2",
            refresh_token = ?Some("hunter2"),
            card_number = 4_242_u64,
            shoe_size = 43,
            note = "mail hunter2@example.com, Bearer hunter2",
            token_present = true,
            error = &CannotPay(refused) as &dyn Error,
            secret = %marquis_kernel::Secret::new("hunter2"),
            "login with password=hunter2 and postgres://u:hunter2@h/d"
        );
    });
    assert!(!lines[0].contains("hunter2"), "{}", lines[0]);
    let metadata = &json(&lines[0])["metadata"];
    for name in ["authorization", "password", "refresh_token", "card_number", "shoe_size", "secret"]
    {
        assert_eq!(metadata[name], redact::REDACTED, "{name}");
    }
    assert_eq!(metadata["token_present"], true);
    assert_eq!(metadata["error"], "cannot pay: postgres://[redacted]@db/app refused");
}

#[test]
fn the_text_form_is_one_line_for_a_person() {
    let lines = lines(LogFormat::Text, &[], || {
        tracing::error!(port = 8443, "cannot listen\non it");
    });
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("ERROR marquis  cannot listen\\non it"), "{}", lines[0]);
    assert!(lines[0].contains(" port=8443 "), "{}", lines[0]);
}

#[test]
fn a_level_that_is_not_understood_is_an_error() {
    assert!(filter("info,marquis_gateway=debug").is_ok());
    assert!(matches!(filter("info,=loud=x"), Err(LogError::Level(_))));
}
