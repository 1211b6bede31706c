//! Reading the directory: each list by the index that holds it in order.

use std::collections::HashMap;

use futures_util::future::try_join3;
use marquis_users_queries::client::Params as _;
use marquis_users_queries::queries::directory::{
    BeginEverybodyParams, BeginOfflineParams, BeginOnlineParams, ListEverybodyParams,
    ListOfflineParams, ListOnlineParams, PartsEverybodyParams, PartsOfflineParams,
    PartsOnlineParams, begin_everybody, begin_offline, begin_online, list_everybody, list_offline,
    list_online, parts_everybody, parts_offline, parts_online, people_with_email,
};
use marquis_users_queries::queries::people::people_by_ids;
use uuid::Uuid;

use super::{EMAIL, Failure, PostgresPeople, rows};
use crate::application::ports::{COUNT_CEILING, Filter, Listing, MOST_PARTS, Window};
use crate::domain::{EmailAddress, Person, Search};

/// The best way through the indexes depends on how rare a text is, so each search for parts
/// of names is planned for its own; compiling such short queries to machine code never pays. Sent ahead of the
/// query and after it, without waiting for answers.
const PLAN_EACH: &str = "SET plan_cache_mode = force_custom_plan; SET jit = off";
const PLAN_AS_USUAL: &str = "SET plan_cache_mode = auto";

/// What a statement of `queries/directory.sql` found.
struct Found {
    total: i64,
    ids: Vec<Uuid>,
}

/// Runs a prepared statement that returns `total` and `ids`.
macro_rules! found {
    ($client:expr, $statement:expr, $params:expr) => {
        async {
            let params = $params;
            let statement = $statement;
            let row = statement.params($client, &params).one().await?;
            Ok::<_, marquis_database::tokio_postgres::Error>(Found {
                total: row.total,
                ids: row.ids,
            })
        }
    };
}

impl PostgresPeople {
    pub(super) async fn list_people(
        &self,
        filter: &Filter,
        window: Window,
    ) -> Result<Listing, Failure> {
        let client = self.database.reader().await?;
        let (limit, offset, ceiling) = (i64::from(window.limit), window.offset, COUNT_CEILING);
        let found = match (&filter.search, filter.is_online) {
            (None, None) => {
                found!(&client, list_everybody(), ListEverybodyParams { ceiling, limit, offset })
                    .await?
            }
            (None, Some(true)) => {
                found!(&client, list_online(), ListOnlineParams { ceiling, limit, offset }).await?
            }
            (None, Some(false)) => {
                found!(&client, list_offline(), ListOfflineParams { ceiling, limit, offset })
                    .await?
            }
            (Some(Search::Email(email)), is_online) => {
                self.with_email(&client, email, is_online, window).await?
            }
            (Some(Search::Name(text)), is_online) => {
                self.search(&client, text, is_online, window).await?
            }
        };
        if found.ids.is_empty() {
            return Ok(Listing { items: Vec::new(), total: found.total });
        }
        let people = people_by_ids().bind(&client, &&found.ids[..]).all().await?;
        let mut people = people
            .into_iter()
            .map(|row| Ok((row.id, rows::person(&self.keyring, row)?)))
            .collect::<Result<HashMap<Uuid, Person>, Failure>>()?;
        // Somebody may have been erased between the two statements.
        let items = found.ids.iter().filter_map(|id| people.remove(id)).collect();
        Ok(Listing { items, total: found.total })
    }

    /// Names that begin with the text, and after them, while those do not reach the ceiling,
    /// names that contain it elsewhere.
    async fn search(
        &self,
        client: &marquis_database::Client,
        text: &str,
        is_online: Option<bool>,
        window: Window,
    ) -> Result<Found, Failure> {
        let beyond = Search::beyond(text);
        let beyond = beyond.as_str();
        let (limit, offset, ceiling) = (i64::from(window.limit), window.offset, COUNT_CEILING);
        let mut found = match is_online {
            None => {
                let wanted = BeginEverybodyParams { text, beyond, ceiling, limit, offset };
                found!(client, begin_everybody(), wanted).await?
            }
            Some(true) => {
                let wanted = BeginOnlineParams { text, beyond, ceiling, limit, offset };
                found!(client, begin_online(), wanted).await?
            }
            Some(false) => {
                let wanted = BeginOfflineParams { text, beyond, ceiling, limit, offset };
                found!(client, begin_offline(), wanted).await?
            }
        };
        let Some(pattern) = Search::pattern(text).filter(|_| found.total < ceiling) else {
            return Ok(found);
        };
        let pattern = pattern.as_str();
        let limit = limit - i64::try_from(found.ids.len()).unwrap_or(limit);
        let (offset, ceiling) = ((offset - found.total).max(0), MOST_PARTS);
        let (before, after) =
            (client.batch_execute(PLAN_EACH), client.batch_execute(PLAN_AS_USUAL));
        let (_, parts, _) = match is_online {
            None => {
                let wanted = PartsEverybodyParams { pattern, text, beyond, ceiling, limit, offset };
                try_join3(before, found!(client, parts_everybody(), wanted), after).await?
            }
            Some(true) => {
                let wanted = PartsOnlineParams { pattern, text, beyond, ceiling, limit, offset };
                try_join3(before, found!(client, parts_online(), wanted), after).await?
            }
            Some(false) => {
                let wanted = PartsOfflineParams { pattern, text, beyond, ceiling, limit, offset };
                try_join3(before, found!(client, parts_offline(), wanted), after).await?
            }
        };
        found.total += parts.total;
        found.ids.extend(parts.ids);
        Ok(found)
    }

    /// The address is known to one person; to several only while they exchange addresses.
    async fn with_email(
        &self,
        client: &marquis_database::Client,
        email: &EmailAddress,
        is_online: Option<bool>,
        window: Window,
    ) -> Result<Found, Failure> {
        let indexes = self.keyring.blind_indexes(EMAIL, email.as_str());
        let indexes: Vec<&[u8]> = indexes.iter().map(|index| &index.digest[..]).collect();
        let people = people_with_email().bind(client, &&indexes[..]).all().await?;
        let ids: Vec<Uuid> = people
            .into_iter()
            .filter(|row| is_online.is_none_or(|wanted| wanted == row.is_online))
            .map(|row| row.id)
            .collect();
        let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        let skipped = usize::try_from(window.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
        Ok(Found { total, ids: ids.into_iter().skip(skipped).take(limit).collect() })
    }
}
