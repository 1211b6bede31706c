//! When and through which channels a person is told.

use time::{Duration, OffsetDateTime};

use super::{Draft, Importance, Kind, Preferences};

/// Least time between two e-mails of one merged notification other than a message.
const REPEAT_EMAIL: Duration = Duration::HOUR;

/// Pauses that keep notifications from becoming a nuisance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// How long a message waits unread before an e-mail tells of it.
    pub message_email: Duration,
    /// Least time between two push messages of one merged notification.
    pub push_pause: Duration,
}

/// What is known of the unread notification that a draft becomes part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The person has been there since its last event.
    pub seen: bool,
    /// When its latest e-mail is, or was, due.
    pub email_due: Option<OffsetDateTime>,
    /// When its latest push message is, or was, due.
    pub push_due: Option<OffsetDateTime>,
}

/// What is done about a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// It is listed, and pushed to open sockets now.
    pub listed: bool,
    /// A client should make no noise about it.
    pub silent: bool,
    /// When a new e-mail is due, if one is.
    pub email_at: Option<OffsetDateTime>,
    /// When new push messages are due, if any are.
    pub push_at: Option<OffsetDateTime>,
}

impl Plan {
    /// The plan for a draft that becomes a notification of its own, or part of `open`.
    #[must_use]
    pub fn new(
        draft: &Draft,
        preferences: &Preferences,
        delays: Delays,
        open: Option<Standing>,
        now: OffsetDateTime,
    ) -> Self {
        let choice = preferences.choice(draft.kind);
        let disturbs = draft.importance > Importance::Low;
        let quiet = preferences.quiet_hours.filter(|_| draft.importance < Importance::Urgent);
        let over = |at: OffsetDateTime| quiet.map_or(at, |quiet| quiet.over(at));
        let email_at = (choice.email && disturbs).then(|| email_at(draft, delays, open, now));
        let push_at = (choice.push && disturbs).then(|| push_at(delays, open, now));
        Self {
            listed: choice.in_app,
            silent: quiet.is_some_and(|quiet| quiet.cover(now)),
            email_at: email_at.flatten().map(over),
            push_at: push_at.flatten().map(over),
        }
    }
}

/// `None` when an e-mail that waits, or that was sent just now, does for this one too.
fn email_at(
    draft: &Draft,
    delays: Delays,
    open: Option<Standing>,
    now: OffsetDateTime,
) -> Option<OffsetDateTime> {
    let message = draft.kind == Kind::Message;
    let usual = if message { now + delays.message_email } else { now };
    match open.and_then(|open| open.email_due.map(|due| (open, due))) {
        None => Some(usual),
        Some((_, due)) if due > now => None,
        // One e-mail for each time the person was away.
        Some((open, _)) if message => open.seen.then_some(usual),
        Some((_, due)) => (due + REPEAT_EMAIL <= now).then_some(usual),
    }
}

/// `None` when a push message that waits does for this one too.
fn push_at(delays: Delays, open: Option<Standing>, now: OffsetDateTime) -> Option<OffsetDateTime> {
    match open.and_then(|open| open.push_due) {
        None => Some(now),
        Some(due) if due > now => None,
        Some(due) => Some(now.max(due + delays.push_pause)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use time::macros::datetime;

    use super::*;
    use crate::domain::{Choice, PersonId, QuietHours};

    const NOW: OffsetDateTime = datetime!(2026-11-21 23:00 UTC);
    const DELAYS: Delays =
        Delays { message_email: Duration::minutes(10), push_pause: Duration::seconds(30) };

    fn draft(kind: Kind, importance: Importance) -> Draft {
        Draft {
            person: PersonId::from_uuid(uuid::Uuid::nil()),
            kind,
            event: "something.happened".to_owned(),
            data: json!({}),
            merge_key: None,
            importance,
            occurred_at: NOW,
        }
    }

    fn night() -> QuietHours {
        QuietHours {
            from: "22:00".parse().expect("a minute"),
            to: "07:00".parse().expect("a minute"),
            zone: "UTC".parse().expect("a zone"),
        }
    }

    #[test]
    fn quiet_hours_hold_back_what_is_not_urgent() {
        let preferences = Preferences::new(BTreeMap::new(), Some(night()));
        let morning = Some(datetime!(2026-11-22 07:00 UTC));
        let plan =
            Plan::new(&draft(Kind::Payment, Importance::Normal), &preferences, DELAYS, None, NOW);
        assert_eq!(plan, Plan { listed: true, silent: true, email_at: morning, push_at: morning });
        let plan =
            Plan::new(&draft(Kind::Security, Importance::Urgent), &preferences, DELAYS, None, NOW);
        assert_eq!(
            plan,
            Plan { listed: true, silent: false, email_at: Some(NOW), push_at: Some(NOW) }
        );
    }

    #[test]
    fn what_is_off_is_off_and_what_cannot_be_off_is_on() {
        let nothing = Choice { in_app: false, email: false, push: false };
        let chosen = Kind::ALL.into_iter().map(|kind| (kind, nothing)).collect();
        let preferences = Preferences::new(chosen, None);
        let plan =
            |kind| Plan::new(&draft(kind, Importance::Normal), &preferences, DELAYS, None, NOW);
        for kind in [Kind::Message, Kind::Payment] {
            let plan = plan(kind);
            assert_eq!((plan.listed, plan.email_at, plan.push_at), (false, None, None), "{kind}");
        }
        assert_eq!((plan(Kind::SignIn).listed, plan(Kind::SignIn).email_at), (true, None));
        assert_eq!((plan(Kind::Security).listed, plan(Kind::Security).email_at), (true, Some(NOW)));
        assert_eq!(plan(Kind::Security).push_at, None);
    }

    #[test]
    fn messages_of_one_absence_share_an_email() {
        let preferences = Preferences::default();
        let message = draft(Kind::Message, Importance::Normal);
        let plan = |open, now| Plan::new(&message, &preferences, DELAYS, open, now);
        let first = plan(None, NOW);
        let due = NOW + DELAYS.message_email;
        assert_eq!((first.email_at, first.push_at), (Some(due), Some(NOW)));
        let mut open = Standing { seen: false, email_due: Some(due), push_due: Some(NOW) };
        let second = plan(Some(open), NOW + Duration::seconds(1));
        assert_eq!((second.email_at, second.push_at), (None, Some(NOW + DELAYS.push_pause)));
        open.push_due = second.push_at;
        assert_eq!(plan(Some(open), NOW + Duration::seconds(2)).push_at, None);
        // Sent, and still away: no other e-mail. Back and away again: another one.
        let later = due + Duration::HOUR;
        assert_eq!(plan(Some(open), later).email_at, None);
        open.seen = true;
        assert_eq!(plan(Some(open), later).email_at, Some(later + DELAYS.message_email));
    }

    #[test]
    fn what_repeats_is_mailed_once_an_hour() {
        let preferences = Preferences::default();
        let locked = draft(Kind::Security, Importance::Urgent);
        let open = Standing { seen: false, email_due: Some(NOW), push_due: Some(NOW) };
        let plan = |now| Plan::new(&locked, &preferences, DELAYS, Some(open), now);
        assert_eq!(plan(NOW + Duration::minutes(59)).email_at, None);
        let later = NOW + Duration::minutes(60);
        assert_eq!(plan(later).email_at, Some(later));
    }

    #[test]
    fn what_matters_little_is_only_listed() {
        let plan = Plan::new(
            &draft(Kind::Payment, Importance::Low),
            &Preferences::default(),
            DELAYS,
            None,
            NOW,
        );
        assert_eq!((plan.listed, plan.email_at, plan.push_at), (true, None, None));
    }
}
