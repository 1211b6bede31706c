//! Sessions and refresh tokens. Whatever happens to a refresh token happens under the row
//! lock of its session, so concurrent uses stand in line.

use async_trait::async_trait;
use marquis_auth_queries::client::Params as _;
use marquis_auth_queries::queries::attempts;
use marquis_auth_queries::queries::people::{self, SeeDeviceParams};
use marquis_auth_queries::queries::sessions::{
    self, CountLiveSessionsParams, InsertRefreshTokenParams, InsertSessionParams,
    LiveSessionsParams, MarkTokenUsedParams, RevokeOwnSessionParams, RevokeSessionParams,
    RevokeSessionsOfUserParams, TouchSessionParams,
};
use marquis_auth_queries::queries::users::{self, HoldUserParams};
use marquis_contracts::identity::{SessionId, UserId};
use marquis_database::{DatabaseError, Transaction};
use time::OffsetDateTime;

use super::{Failure, PostgresStore, accounts, journal};
use crate::application::ports::{
    Journal, LiveSession, NewSession, OpeningJournal, Refresh, RefreshJudge, RefreshState,
    Sessions, StoreError,
};
use crate::domain::refresh::{Decision, Presented, SessionPolicy};
use crate::infrastructure::addresses::Addresses;

#[async_trait]
impl Sessions for PostgresStore {
    async fn open(
        &self,
        session: &NewSession,
        seen: OffsetDateTime,
        forget_attempts: [u8; 32],
        journal: OpeningJournal<'_>,
    ) -> Result<Option<Journal>, StoreError> {
        self.run("insert", "session", async {
            let mut client = self.client().await?;
            let transaction = client.transaction().await?;
            let unchanged = HoldUserParams { id: session.user_id.uuid(), seen };
            if users::hold_user().params(&transaction, &unchanged).opt().await?.is_none() {
                return Ok(None);
            }
            let journal = journal(insert(&transaction, session).await?);
            attempts::clear_attempts().bind(&transaction, &forget_attempts.as_slice()).await?;
            journal::write(&transaction, &journal).await?;
            transaction.commit().await?;
            Ok(Some(journal))
        })
        .await
    }

    async fn refresh(
        &self,
        refresh: &Refresh<'_>,
        policy: &SessionPolicy,
        judge: RefreshJudge<'_>,
    ) -> Result<Option<(RefreshState, Decision)>, StoreError> {
        self.run("update", "session", async {
            let mut client = self.client().await?;
            let transaction = client.transaction().await?;
            let locked = lock(&transaction, &refresh.hash, &self.addresses).await?;
            let Some((state, session_end)) = locked else {
                return Ok(None);
            };
            let (decision, journal) = judge(&state);
            match decision {
                Decision::Ended => return Ok(Some((state, decision))),
                Decision::Reuse => {
                    let parameters = RevokeSessionParams {
                        now: refresh.now,
                        because: "refresh_token_reused",
                        id: state.session_id.uuid(),
                    };
                    sessions::revoke_session().params(&transaction, &parameters).opt().await?;
                }
                Decision::Rotate { first } => {
                    let idle_end = policy.idle_end(refresh.now, session_end);
                    rotate(&transaction, refresh, &state, first, idle_end).await?;
                }
            }
            journal::write(&transaction, &journal).await?;
            transaction.commit().await?;
            Ok(Some((state, decision)))
        })
        .await
    }

    async fn live(
        &self,
        user_id: UserId,
        now: OffsetDateTime,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<LiveSession>, i64), StoreError> {
        self.run("select", "session", async {
            let client = self.client().await?;
            let user_id = user_id.uuid();
            let page = LiveSessionsParams { user_id, now, limit, offset };
            let rows = sessions::live_sessions().params(&client, &page).all().await?;
            let total = match rows.first() {
                Some(first) => first.total,
                // Beyond the end of the list no row carries its length.
                None => {
                    let whole = CountLiveSessionsParams { user_id, now };
                    sessions::count_live_sessions().params(&client, &whole).one().await?
                }
            };
            let live = rows.into_iter().map(|row| LiveSession {
                id: SessionId::from_uuid(row.id),
                amr: row.amr,
                address: row.address,
                user_agent: row.user_agent,
                created_at: row.created_at,
                last_used_at: row.last_used_at,
                expires_at: row.ends_at,
            });
            Ok((live.collect(), total))
        })
        .await
    }

    async fn revoke(
        &self,
        user_id: UserId,
        id: SessionId,
        because: &str,
        now: OffsetDateTime,
        journal: &Journal,
    ) -> Result<bool, StoreError> {
        self.run("update", "session", async {
            let mut client = self.client().await?;
            let transaction = client.transaction().await?;
            let parameters =
                RevokeOwnSessionParams { now, because, id: id.uuid(), user_id: user_id.uuid() };
            let revoked =
                sessions::revoke_own_session().params(&transaction, &parameters).opt().await?;
            if revoked.is_none() {
                return Ok(false);
            }
            journal::write(&transaction, journal).await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn revoke_all(
        &self,
        user_id: UserId,
        because: &str,
        now: OffsetDateTime,
        journal: &Journal,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.run("update", "session", async {
            let mut client = self.client().await?;
            let transaction = client.transaction().await?;
            let revoked = revoke_of_user(&transaction, user_id, None, because, now).await?;
            journal::write(&transaction, journal).await?;
            transaction.commit().await?;
            Ok(revoked)
        })
        .await
    }
}

/// Opens a session with its first refresh token. Whether its device is another one than
/// the user has signed in from before.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    session: &NewSession,
) -> Result<bool, DatabaseError> {
    let opened = InsertSessionParams {
        id: session.id.uuid(),
        user_id: session.user_id.uuid(),
        amr: session.amr.as_slice(),
        restricted: session.restricted,
        address: session.address,
        user_agent: session.user_agent.as_deref(),
        now: session.now,
        expires_at: session.expires_at,
        idle_expires_at: session.idle_expires_at,
    };
    sessions::insert_session().params(transaction, &opened).await?;
    let token = InsertRefreshTokenParams {
        hash: session.refresh_hash.as_slice(),
        session_id: session.id.uuid(),
        now: session.now,
        expires_at: session.idle_expires_at,
    };
    sessions::insert_refresh_token().params(transaction, &token).await?;
    let device = SeeDeviceParams {
        user_id: session.user_id.uuid(),
        label: session.device.as_str(),
        now: session.now,
    };
    Ok(people::see_device().params(transaction, &device).one().await?)
}

/// Revokes a user's sessions, all but `keep`.
pub(super) async fn revoke_of_user(
    transaction: &Transaction<'_>,
    user_id: UserId,
    keep: Option<SessionId>,
    because: &str,
    now: OffsetDateTime,
) -> Result<Vec<SessionId>, DatabaseError> {
    let parameters = RevokeSessionsOfUserParams {
        now,
        because,
        user_id: user_id.uuid(),
        except: keep.map(SessionId::uuid),
    };
    let revoked =
        sessions::revoke_sessions_of_user().params(transaction, &parameters).all().await?;
    Ok(revoked.into_iter().map(SessionId::from_uuid).collect())
}

/// Locks the session of a token and reads everything the decision rests on. The token is
/// read after the lock is held: what waited sees what the one before it did.
async fn lock(
    transaction: &Transaction<'_>,
    hash: &[u8; 32],
    addresses: &Addresses,
) -> Result<Option<(RefreshState, OffsetDateTime)>, Failure> {
    let hash = hash.as_slice();
    let Some(session) = sessions::lock_session_of_token().bind(transaction, &hash).opt().await?
    else {
        return Ok(None);
    };
    let Some(token) = sessions::token_state().bind(transaction, &hash).opt().await? else {
        return Ok(None);
    };
    let account = accounts::of_session(transaction, session.user_id, addresses).await?;
    let state = RefreshState {
        session_id: SessionId::from_uuid(session.id),
        amr: session.amr,
        restricted: session.restricted,
        account,
        presented: Presented {
            expires_at: token.expires_at,
            used_at: token.used_at,
            session_revoked: session.revoked_at.is_some(),
            session_expires_at: session.expires_at,
        },
    };
    Ok(Some((state, session.expires_at)))
}

async fn rotate(
    transaction: &Transaction<'_>,
    refresh: &Refresh<'_>,
    state: &RefreshState,
    first: bool,
    idle_end: OffsetDateTime,
) -> Result<(), DatabaseError> {
    if first {
        let used = MarkTokenUsedParams { now: refresh.now, hash: refresh.hash.as_slice() };
        sessions::mark_token_used().params(transaction, &used).await?;
    }
    let successor = InsertRefreshTokenParams {
        hash: refresh.successor.as_slice(),
        session_id: state.session_id.uuid(),
        now: refresh.now,
        expires_at: idle_end,
    };
    sessions::insert_refresh_token().params(transaction, &successor).await?;
    let touch = TouchSessionParams {
        now: refresh.now,
        idle_expires_at: idle_end,
        address: refresh.address,
        user_agent: refresh.user_agent,
        id: state.session_id.uuid(),
    };
    sessions::touch_session().params(transaction, &touch).await?;
    Ok(())
}
