//! What an event changes, in the transaction of whoever reads events.

use marquis_database::{Transaction, jobs};
use marquis_notifications_queries::client::Params as _;
use marquis_notifications_queries::queries::notifications::{
    InsertNotificationParams, LockOpenNotificationParams, MarkConversationReadParams,
    MarkHandledParams, MarkSeenParams, MergeNotificationParams, RememberErasedParams, erase_jobs,
    erase_notifications, erase_preferences, erase_subscriptions, insert_notification,
    lock_open_notification, lock_person, mark_conversation_read, mark_handled, mark_seen,
    merge_notification, remember_erased,
};
use marquis_notifications_queries::queries::people::{preferences_of, subscriptions_of};
use uuid::Uuid;

use super::{Failure, PostgresNotifications, hold, rows};
use crate::application::translate::{Reaction, conversation_key};
use crate::domain::{
    Delays, Draft, NotificationId, PersonId, Plan, Preferences, Standing, SubscriptionId,
};
use crate::infrastructure::jobs::{Enqueue, forget_emails};

impl PostgresNotifications {
    /// Does what an event asks for, unless it has been done before.
    pub(in crate::infrastructure) async fn react(
        &self,
        transaction: &Transaction<'_>,
        event: Uuid,
        reaction: &Reaction,
        delays: Delays,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let person = match reaction {
            Reaction::None => return Ok(()),
            Reaction::Erase(person) => return self.erase(transaction, *person).await,
            Reaction::Notify(draft) => draft.person,
            Reaction::Seen { person, .. } => *person,
            Reaction::ConversationRead { reader, .. } => *reader,
        };
        if !hold(transaction, person).await? {
            return Ok(());
        }
        match reaction {
            Reaction::Notify(draft) => {
                let handled = MarkHandledParams { id: event, now };
                if mark_handled().params(transaction, &handled).opt().await?.is_some() {
                    self.notify(transaction, draft, delays).await?;
                }
            }
            // Often told, and harmless when it is told again: not worth remembering.
            Reaction::Seen { at, .. } => {
                let seen = MarkSeenParams { now, user_id: person.uuid(), until: *at };
                mark_seen().params(transaction, &seen).await?;
            }
            Reaction::ConversationRead { peer, until, .. } => {
                let merge_key = conversation_key(*peer);
                let user_id = person.uuid();
                let read = MarkConversationReadParams { now, user_id, merge_key, until: *until };
                mark_conversation_read().params(transaction, &read).await?;
            }
            Reaction::None | Reaction::Erase(_) => {}
        }
        Ok(())
    }

    async fn notify(
        &self,
        transaction: &Transaction<'_>,
        draft: &Draft,
        delays: Delays,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let user_id = draft.person.uuid();
        let preferences = match preferences_of().bind(transaction, &user_id).opt().await? {
            Some(row) => rows::preferences(row)?,
            None => Preferences::default(),
        };
        let open = match &draft.merge_key {
            Some(merge_key) => {
                let wanted = LockOpenNotificationParams { user_id, merge_key: merge_key.as_str() };
                lock_open_notification().params(transaction, &wanted).opt().await?
            }
            None => None,
        };
        let standing = open.as_ref().map(|open| Standing {
            seen: open.seen_at.is_some(),
            email_due: open.email_due,
            push_due: open.push_due,
        });
        let plan = Plan::new(draft, &preferences, delays, standing, now);
        let id = match &open {
            Some(open) => {
                let merged = MergeNotificationParams {
                    event: draft.event.as_str(),
                    data: &draft.data,
                    listed: plan.listed,
                    now,
                    occurred_at: draft.occurred_at,
                    email_due: plan.email_at.or(open.email_due),
                    push_due: plan.push_at.or(open.push_due),
                    id: open.id,
                };
                merge_notification().params(transaction, &merged).await?;
                NotificationId::from_uuid(open.id)
            }
            None => {
                let id = NotificationId::new(&*self.clock);
                let new = InsertNotificationParams {
                    id: id.uuid(),
                    user_id,
                    kind: draft.kind.as_str(),
                    event: draft.event.as_str(),
                    data: &draft.data,
                    merge_key: draft.merge_key.as_deref(),
                    listed: plan.listed,
                    now,
                    occurred_at: draft.occurred_at,
                    email_due: plan.email_at,
                    push_due: plan.push_at,
                };
                insert_notification().params(transaction, &new).await?;
                id
            }
        };
        self.enqueue(transaction, draft.person, id, plan).await
    }

    async fn enqueue(
        &self,
        transaction: &Transaction<'_>,
        person: PersonId,
        notification: NotificationId,
        plan: Plan,
    ) -> Result<(), Failure> {
        let jobs = Enqueue { clock: &*self.clock, transaction, person, notification };
        if plan.listed {
            jobs.announce(plan.silent).await?;
        }
        if let Some(at) = plan.email_at {
            jobs.email(at).await?;
        }
        if let Some(at) = plan.push_at {
            for row in subscriptions_of().bind(transaction, &person.uuid()).all().await? {
                jobs.push(SubscriptionId::from_uuid(row.id), at).await?;
            }
        }
        Ok(())
    }

    /// Removes everything about a person, jobs included.
    async fn erase(&self, transaction: &Transaction<'_>, person: PersonId) -> Result<(), Failure> {
        let (user_id, name) = (person.uuid(), person.to_string());
        lock_person().bind(transaction, &name).one().await?;
        erase_notifications().bind(transaction, &user_id).await?;
        erase_preferences().bind(transaction, &user_id).await?;
        erase_subscriptions().bind(transaction, &user_id).await?;
        erase_jobs().bind(transaction, &name).await?;
        let erased = RememberErasedParams { user_id, now: self.clock.now() };
        remember_erased().params(transaction, &erased).await?;
        // What lies outside of the database is removed once this is certain.
        jobs::enqueue(transaction, &forget_emails(person, &*self.clock)).await?;
        Ok(())
    }
}
