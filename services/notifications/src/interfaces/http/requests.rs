//! What clients send, checked completely, so that an answer lists every wrong field.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use marquis_http::input::{Fields, FromFields, Parsed};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::application::subscriptions::NewSubscription;
use crate::domain::{
    Channel, Choice, Kind, Minute, Place, Preferences, PushEndpoint, QuietHours, Zone,
};

/// Which notifications to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// How many at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20, nullable = false)]
    pub(super) limit: u32,
    /// `meta.next` of the part before.
    #[param(value_type = Option<String>, nullable = false)]
    pub(super) cursor: Option<Place>,
    /// Only those that were not read.
    #[param(value_type = Option<bool>, default = false, nullable = false)]
    pub(super) unread: bool,
}

impl FromFields for ListQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional::<i64>("limit").and_then(|limit| {
            let limit = u32::try_from(limit.unwrap_or(20)).ok();
            let limit = limit.filter(|limit| (1..=100).contains(limit));
            if limit.is_none() {
                fields.reject("limit", "must be between 1 and 100");
            }
            limit
        });
        let cursor = fields.optional::<Parsed<Place>>("cursor");
        let unread = fields.optional("unread");
        Some(Self {
            limit: limit?,
            cursor: cursor?.map(|cursor| cursor.0),
            unread: unread?.unwrap_or(false),
        })
    }
}

/// What to mark as read.
#[derive(Debug, Default, ToSchema)]
#[schema(as = MarkRead)]
pub(super) struct MarkReadBody {
    /// Those last changed up to this time, such as `updatedAt` of the first one that was
    /// seen; everything when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) until: Option<OffsetDateTime>,
}

impl FromFields for MarkReadBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { until: fields.optional("until")? })
    }
}

/// How to be told. It replaces what was said before: what is missing has its default.
#[derive(Debug, ToSchema)]
#[schema(as = NewNotificationPreferences)]
pub(super) struct PreferencesBody {
    /// Channels by kind. `inApp` of `sign_in` and `security`, and `email` of `security`,
    /// cannot be switched off.
    #[schema(inline, value_type = Option<Object>, example = json!({"message": {"email": false}}))]
    #[expect(dead_code, reason = "documents a field of the body; it is read into `preferences`")]
    channels: (),
    /// When not to disturb: neither by e-mail nor by Web Push, unless the account's safety is
    /// concerned.
    #[schema(
        inline,
        rename = "quietHours",
        value_type = Option<Object>,
        example = json!({"from": "22:00", "to": "07:00", "timeZone": "Europe/Berlin"})
    )]
    #[expect(dead_code, reason = "documents a field of the body; it is read into `preferences`")]
    quiet_hours: (),
    #[schema(ignore)]
    pub(super) preferences: Preferences,
}

impl FromFields for PreferencesBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let chosen = match fields.has("channels") {
            true => fields.nested::<ChosenChannels>("channels").map(|chosen| chosen.0),
            false => fields.optional::<Value>("channels").map(|_| BTreeMap::new()),
        };
        let quiet_hours = match fields.has("quietHours") {
            true => fields.nested::<GivenQuietHours>("quietHours").map(|given| Some(given.0)),
            false => fields.optional::<Value>("quietHours").map(|_| None),
        };
        let preferences = Preferences::new(chosen?, quiet_hours?);
        Some(Self { channels: (), quiet_hours: (), preferences })
    }
}

struct ChosenChannels(BTreeMap<Kind, Choice>);

impl FromFields for ChosenChannels {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let mut chosen = Some(BTreeMap::new());
        for kind in Kind::ALL {
            let name = kind.as_str();
            if !fields.has(name) {
                // An explicit null is the default as well.
                let _ = fields.optional::<Value>(name);
                continue;
            }
            match fields.nested::<GivenChoice>(name) {
                Some(GivenChoice(given)) => {
                    let forbidden = Channel::ALL
                        .into_iter()
                        .find(|channel| !given.uses(*channel) && !kind.can_be_off(*channel));
                    if let Some(channel) = forbidden {
                        let field = format!("{name}.{}", channel.as_str());
                        fields.reject(field, "cannot be switched off");
                        chosen = None;
                    } else if let Some(chosen) = &mut chosen {
                        chosen.insert(kind, given);
                    }
                }
                None => chosen = None,
            }
        }
        chosen.map(Self)
    }
}

struct GivenChoice(Choice);

impl FromFields for GivenChoice {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let in_app = fields.optional("inApp");
        let email = fields.optional("email");
        let push = fields.optional("push");
        Some(Self(Choice {
            in_app: in_app?.unwrap_or(true),
            email: email?.unwrap_or(true),
            push: push?.unwrap_or(true),
        }))
    }
}

struct GivenQuietHours(QuietHours);

impl FromFields for GivenQuietHours {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let from = fields.required::<Parsed<Minute>>("from");
        let to = fields.required::<Parsed<Minute>>("to");
        let zone = fields.required::<Parsed<Zone>>("timeZone");
        Some(Self(QuietHours { from: from?.0, to: to?.0, zone: zone?.0 }))
    }
}

/// What `PushSubscription.toJSON()` gives in a browser.
#[derive(Debug, ToSchema)]
#[schema(as = NewPushSubscription)]
pub(super) struct SubscribeBody {
    /// An https URL of at most 1,024 characters.
    #[schema(value_type = String, example = "https://push.example/v2/gAAAA")]
    #[expect(dead_code, reason = "documents a field of the body; it is read into `new`")]
    endpoint: (),
    /// The browser's own, and not used: a push service says when a subscription is over.
    #[schema(rename = "expirationTime", value_type = Option<i64>)]
    #[expect(dead_code, reason = "documents a field of the body")]
    expiration_time: (),
    /// `p256dh` is an uncompressed point of P-256, `auth` 16 bytes, both in URL-safe base64.
    #[schema(inline, value_type = Object, example = json!({"p256dh": "BCVx…", "auth": "BTBZ…"}))]
    #[expect(dead_code, reason = "documents a field of the body; it is read into `new`")]
    keys: (),
    #[schema(ignore)]
    pub(super) new: NewSubscription,
}

impl FromFields for SubscribeBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let endpoint = fields.required::<Parsed<PushEndpoint>>("endpoint");
        let expiration = fields.optional::<Value>("expirationTime");
        let keys = fields.nested::<Keys>("keys");
        expiration?;
        let Keys { public_key, auth } = keys?;
        let new = NewSubscription { endpoint: endpoint?.0, public_key, auth };
        Some(Self { endpoint: (), expiration_time: (), keys: (), new })
    }
}

struct Keys {
    public_key: [u8; 65],
    auth: [u8; 16],
}

impl FromFields for Keys {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let public_key =
            key::<65>(fields, "p256dh", "must be an uncompressed point of P-256 in base64");
        let auth = key::<16>(fields, "auth", "must be 16 bytes in base64");
        let public_key = public_key?;
        if public_key[0] != 4 {
            fields.reject("p256dh", "must be an uncompressed point of P-256 in base64");
            return None;
        }
        Some(Self { public_key, auth: auth? })
    }
}

/// Browsers give unpadded URL-safe base64; some libraries pad it or use the other alphabet.
fn key<const N: usize>(
    fields: &mut Fields<'_>,
    name: &'static str,
    message: &'static str,
) -> Option<[u8; N]> {
    let text: String = fields.required(name)?;
    let text = text.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text));
    let bytes = bytes.ok().and_then(|bytes| bytes.try_into().ok());
    if bytes.is_none() {
        fields.reject(name, message);
    }
    bytes
}
