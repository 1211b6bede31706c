//! What people are called, asked of the owner of names and kept for a minute.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use marquis_contracts::identity::UserId;
use marquis_contracts::people::{Identities, IdentitiesUnavailable};
use parking_lot::Mutex;

use crate::domain::PersonId;

/// What somebody is called who is not there any more.
pub const DELETED: &str = "deleted user";

/// How long a name is believed.
const FRESH: Duration = Duration::from_secs(60);
/// Names kept; beyond it all are forgotten.
const MOST: usize = 100_000;
/// People asked for at once; the contract's limit.
const ASKED: usize = 500;

/// Names of people.
pub struct Names {
    identities: Arc<dyn Identities>,
    known: Mutex<HashMap<PersonId, Known>>,
}

#[derive(Clone)]
struct Known {
    name: Option<Arc<str>>,
    at: Instant,
    /// Erased, although the owner of names may not know yet.
    erased: bool,
}

/// Names that were asked for together.
#[derive(Debug)]
pub struct Answer(HashMap<PersonId, Arc<str>>);

impl Answer {
    /// The name of one of the people that were asked for.
    #[must_use]
    pub fn of(&self, person: PersonId) -> Arc<str> {
        self.0.get(&person).map_or_else(|| Arc::from(DELETED), Arc::clone)
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("known", &self.known.lock().len()).finish_non_exhaustive()
    }
}

impl Names {
    /// Names from their owner.
    #[must_use]
    pub fn new(identities: Arc<dyn Identities>) -> Arc<Self> {
        Arc::new(Self { identities, known: Mutex::default() })
    }

    /// What somebody is called, as far as it is known here and fresh: `Some(None)` for
    /// nobody, `None` when the owner has to be asked.
    #[must_use]
    pub fn known(&self, person: PersonId) -> Option<Option<Arc<str>>> {
        let known = self.known.lock();
        let known = known.get(&person)?;
        if known.erased {
            return Some(None);
        }
        if known.at.elapsed() >= FRESH {
            return None;
        }
        // Somebody who registers becomes known at once.
        known.name.as_ref().map(|name| Some(Arc::clone(name)))
    }

    /// What somebody is called; `None` for nobody. An old answer is better than none.
    ///
    /// # Errors
    ///
    /// [`IdentitiesUnavailable`] when the owner cannot be asked and it was never known.
    pub async fn one(&self, person: PersonId) -> Result<Option<Arc<str>>, IdentitiesUnavailable> {
        if let Some(name) = self.known(person) {
            return Ok(name);
        }
        match self.ask(&[person]).await {
            Ok(()) => Ok(self.known.lock().get(&person).and_then(|known| known.name.clone())),
            Err(error) => match self.known.lock().get(&person) {
                Some(Known { name: Some(name), .. }) => Ok(Some(Arc::clone(name))),
                _ => Err(error),
            },
        }
    }

    /// What people are called, as well as can be found out.
    pub async fn of(&self, people: &[PersonId]) -> Answer {
        let people: HashSet<PersonId> = people.iter().copied().collect();
        let unknown: Vec<PersonId> =
            people.iter().filter(|person| self.known(**person).is_none()).copied().collect();
        for asked in unknown.chunks(ASKED) {
            if let Err(error) = self.ask(asked).await {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "names cannot be asked for; the last known ones are shown");
                break;
            }
        }
        let known = self.known.lock();
        let name = |person: PersonId| Some((person, known.get(&person)?.name.clone()?));
        Answer(people.into_iter().filter_map(name).collect())
    }

    /// Somebody is called something else.
    pub fn forget(&self, person: PersonId) {
        let mut known = self.known.lock();
        if known.get(&person).is_some_and(|known| !known.erased) {
            known.remove(&person);
        }
    }

    /// Somebody was erased: their name does not come back, even from an owner who learns of
    /// it later.
    pub fn erase(&self, person: PersonId) {
        let gone = Known { name: None, at: Instant::now(), erased: true };
        self.known.lock().insert(person, gone);
    }

    async fn ask(&self, people: &[PersonId]) -> Result<(), IdentitiesUnavailable> {
        let ids: Vec<UserId> =
            people.iter().map(|person| UserId::from_uuid(person.uuid())).collect();
        let found = self.identities.identities(&ids).await?;
        let at = Instant::now();
        let mut known = self.known.lock();
        if known.len() + people.len() > MOST {
            known.clear();
        }
        let mut learn = |person: PersonId, name: Option<Arc<str>>| {
            let erased = known.get(&person).is_some_and(|known| known.erased);
            if !erased {
                known.insert(person, Known { name, at, erased });
            }
        };
        for person in people {
            learn(*person, None);
        }
        for identity in found {
            let person = PersonId::from_uuid(identity.user_id.uuid());
            learn(person, Some(Arc::from(identity.username)));
        }
        Ok(())
    }
}
