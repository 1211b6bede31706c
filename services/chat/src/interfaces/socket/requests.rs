//! What clients ask for, read completely before anything is done about it. Whose request it
//! is never stands in it.

use marquis_contracts::identity::UserId;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::application::conversations::UpTo;
use crate::application::send_message::Outgoing;
use crate::domain::{ClientId, Content, MessageId, PersonId};

/// A request of a client.
#[derive(Debug)]
pub(super) enum Request {
    Send(Outgoing),
    Edit { message: MessageId, content: Content },
    Delete { message: MessageId },
    Read { peer: PersonId, up_to: UpTo },
    Typing { receiver: PersonId, is_typing: bool },
    Sync { since: i64 },
    Block { person: PersonId },
    Unblock { person: PersonId },
    Refresh { token: String },
}

/// The request is not as it should be; the text says how it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendBody {
    receiver_id: UserId,
    content: String,
    client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EditBody {
    message_id: MessageId,
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageBody {
    message_id: MessageId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadBody {
    peer_id: PersonId,
    up_to: UpToBody,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum UpToBody {
    Seq(i64),
    Message(MessageId),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiverBody {
    receiver_id: PersonId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonBody {
    user_id: PersonId,
}

#[derive(Deserialize)]
struct SyncBody {
    since: i64,
}

#[derive(Deserialize)]
struct TokenBody {
    token: String,
}

impl Request {
    /// Reads the event `name` with its argument.
    pub(super) fn read(name: &str, data: Option<&RawValue>) -> Result<Self, Wrong> {
        match name {
            "message:send" => {
                let shape = "{receiverId: id, content: text, clientId?: text}";
                let SendBody { receiver_id, content, client_id } = body(data, shape)?;
                let content = self::content(content)?;
                let client_id = client_id.map(ClientId::new).transpose();
                let client_id = client_id.map_err(|error| Wrong(format!("clientId {error}")))?;
                let receiver = PersonId::from_uuid(receiver_id.uuid());
                Ok(Self::Send(Outgoing { receiver, content, client_id }))
            }
            "message:edit" => {
                let body: EditBody = body(data, "{messageId: id, content: text}")?;
                Ok(Self::Edit { message: body.message_id, content: content(body.content)? })
            }
            "message:delete" => {
                let body: MessageBody = body(data, "{messageId: id}")?;
                Ok(Self::Delete { message: body.message_id })
            }
            "message:read" => {
                let body: ReadBody = body(data, "{peerId: id, upTo: number or message id}")?;
                let up_to = match body.up_to {
                    UpToBody::Seq(seq) => UpTo::Seq(seq),
                    UpToBody::Message(message) => UpTo::Message(message),
                };
                Ok(Self::Read { peer: body.peer_id, up_to })
            }
            "typing:start" | "typing:stop" => {
                let body: ReceiverBody = body(data, "{receiverId: id}")?;
                Ok(Self::Typing { receiver: body.receiver_id, is_typing: name == "typing:start" })
            }
            "sync" => {
                let shape = "{since: number}";
                let SyncBody { since } = body(data, shape)?;
                if since < 0 {
                    return Err(Wrong("since must not be negative".to_owned()));
                }
                Ok(Self::Sync { since })
            }
            "user:block" | "user:unblock" => {
                let PersonBody { user_id: person } = body(data, "{userId: id}")?;
                let blocks = name == "user:block";
                Ok(if blocks { Self::Block { person } } else { Self::Unblock { person } })
            }
            "auth:refresh" => {
                let TokenBody { token } = body(data, "{token: text}")?;
                Ok(Self::Refresh { token })
            }
            _ => Err(Wrong("there is no such event".to_owned())),
        }
    }
}

fn body<'a, T: Deserialize<'a>>(data: Option<&'a RawValue>, shape: &str) -> Result<T, Wrong> {
    let wrong = || Wrong(format!("expected {shape}"));
    let text = data.ok_or_else(wrong)?.get();
    // An array would do for a struct too, field by field.
    if !text.starts_with('{') {
        return Err(wrong());
    }
    serde_json::from_str(text).map_err(|_| wrong())
}

fn content(text: String) -> Result<Content, Wrong> {
    Content::new(text).map_err(|error| Wrong(format!("content {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, data: &str) -> Result<Request, Wrong> {
        let data = RawValue::from_string(data.to_owned()).expect("JSON");
        Request::read(name, Some(&data))
    }

    const SOMEBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn requests_have_shapes() {
        let message =
            format!(r#"{{"receiverId":"{SOMEBODY}","content":"x","senderId":7,"clientId":null}}"#);
        assert!(matches!(read("message:send", &message), Ok(Request::Send(_))));
        assert!(matches!(read("sync", r#"{"since":0}"#), Ok(Request::Sync { since: 0 })));
        for up_to in ["3".to_owned(), format!("\"{SOMEBODY}\"")] {
            let mark = format!(r#"{{"peerId":"{SOMEBODY}","upTo":{up_to}}}"#);
            assert!(matches!(read("message:read", &mark), Ok(Request::Read { .. })), "{up_to}");
        }
    }

    #[test]
    fn everything_else_is_refused_and_not_repeated() {
        let to = |content: &str| format!(r#"{{"receiverId":"{SOMEBODY}","content":{content}}}"#);
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        for (name, data) in [
            ("message:send", "null".to_owned()),
            ("message:send", "7".to_owned()),
            ("message:send", format!("[\"{SOMEBODY}\",\"x\",null]")),
            ("message:send", to("null")),
            ("message:send", to("7")),
            ("message:send", to("\"\"")),
            ("message:send", to(&deep)),
            ("message:send", to("\"\\u0000\"")),
            ("message:send", r#"{"receiverId":"secret","content":"secret"}"#.to_owned()),
            ("sync", r#"{"since":-1}"#.to_owned()),
            ("sync", r#"{"since":"0"}"#.to_owned()),
            ("sync", r#"{"since":1e300}"#.to_owned()),
            ("message:read", format!(r#"{{"peerId":"{SOMEBODY}","upTo":"x"}}"#)),
            ("message:delete", r#"{"messageId":7}"#.to_owned()),
            ("no:such:event", "{}".to_owned()),
        ] {
            let wrong = read(name, &data).expect_err(&data);
            assert!(!wrong.0.contains("secret"), "{wrong:?}");
        }
        assert!(Request::read("message:send", None).is_err());
    }
}
