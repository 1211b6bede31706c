//! What clients send. Values are checked here completely, so that an answer lists every
//! wrong field.

use marquis_http::input::{Fields, FromFields};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::application::conversations::UpTo;
use crate::domain::{ClientId, Content, MessageId};

/// Which part of a conversation is wanted.
#[derive(Debug, Clone, Copy, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// How many messages at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50, nullable = false)]
    pub(super) limit: u32,
    /// Only messages below this number; `meta.before` of the part before.
    #[param(value_type = Option<i64>, minimum = 1, nullable = false)]
    pub(super) before: Option<i64>,
}

impl FromFields for HistoryQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional::<i64>("limit").and_then(|limit| {
            let limit = limit.map_or(Some(50), |limit| u32::try_from(limit).ok());
            let limit = limit.filter(|limit| (1..=100).contains(limit));
            if limit.is_none() {
                fields.reject("limit", "must be between 1 and 100");
            }
            limit
        });
        let before = fields.optional::<i64>("before").and_then(|before| {
            if before.is_some_and(|before| before < 1) {
                fields.reject("before", "must be at least 1");
                return None;
            }
            Some(before)
        });
        Some(Self { limit: limit?, before: before? })
    }
}

/// A message to be sent.
#[derive(Debug, ToSchema)]
#[schema(as = NewMessage)]
pub(super) struct SendBody {
    /// 1 to 4,000 characters.
    #[schema(value_type = String, min_length = 1, max_length = 4000)]
    pub(super) content: Content,
    /// Your own name for the message: sending it again under the same name is harmless.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    pub(super) client_id: Option<ClientId>,
}

impl FromFields for SendBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let content = content(fields);
        let client_id = fields.optional::<String>("clientId").and_then(|name| {
            match name.map(ClientId::new).transpose() {
                Ok(name) => Some(name),
                Err(error) => {
                    fields.reject("clientId", error.to_string());
                    None
                }
            }
        });
        Some(Self { content: content?, client_id: client_id? })
    }
}

/// What a message says from now on.
#[derive(Debug, ToSchema)]
#[schema(as = MessageChange)]
pub(super) struct EditBody {
    /// 1 to 4,000 characters.
    #[schema(value_type = String, min_length = 1, max_length = 4000)]
    pub(super) content: Content,
}

impl FromFields for EditBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { content: content(fields)? })
    }
}

/// How far a conversation has been read: a number or a message.
#[derive(Debug, ToSchema)]
#[schema(as = ReadMark)]
pub(super) struct ReadBody {
    /// Up to this number (`seq`).
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub(super) up_to: UpTo,
    /// Up to this message.
    #[schema(value_type = Option<Uuid>)]
    #[expect(dead_code, reason = "documents a field of the body; it is read into `up_to`")]
    pub(super) message_id: (),
}

impl FromFields for ReadBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let seq = fields.optional::<i64>("upTo");
        let message = fields.optional::<Uuid>("messageId");
        let up_to = match (seq?, message?) {
            (Some(seq), None) => UpTo::Seq(seq),
            (None, Some(message)) => UpTo::Message(MessageId::from_uuid(message)),
            _ => {
                fields.reject("upTo", "or `messageId` is required, and not both");
                return None;
            }
        };
        Some(Self { up_to, message_id: () })
    }
}

fn content(fields: &mut Fields<'_>) -> Option<Content> {
    match Content::new(fields.required::<String>("content")?) {
        Ok(content) => Some(content),
        Err(error) => {
            fields.reject("content", error.to_string());
            None
        }
    }
}
