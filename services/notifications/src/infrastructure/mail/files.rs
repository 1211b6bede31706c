//! Into files, for development: `<data_dir>/mail/<person>/<notification>-<version>.eml`,
//! readable by nobody else.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use lettre::message::Mailbox;
use uuid::Uuid;

use super::letter;
use crate::application::ports::{
    Email, Letter, LetterName, Letters, Mailer, SendError, StoreError,
};
use crate::domain::PersonId;

/// Writes e-mails, and shows them.
#[derive(Debug, Clone)]
pub struct FileMailbox {
    directory: PathBuf,
    sender: Mailbox,
}

const SUFFIX: &str = ".eml";
/// Heads longer than this are not ours.
const LONGEST_HEAD: usize = 16 * 1024;

impl FileMailbox {
    pub(super) const fn new(directory: PathBuf, sender: Mailbox) -> Self {
        Self { directory, sender }
    }

    fn of(&self, person: Uuid) -> PathBuf {
        self.directory.join(person.to_string())
    }
}

#[async_trait]
impl Mailer for FileMailbox {
    fn is_on(&self) -> bool {
        true
    }

    async fn send(&self, email: &Email) -> Result<(), SendError> {
        let bytes = letter::write(email, &self.sender)?.formatted();
        let directory = self.of(email.person.uuid());
        let name = format!("{}-{}{SUFFIX}", email.id, email.version);
        let written = blocking(move || write_whole(&directory, &name, &bytes)).await;
        written.map_err(|error| SendError::Later(format!("the e-mail cannot be written: {error}")))
    }

    async fn forget(&self, person: PersonId) -> Result<(), SendError> {
        let directory = self.of(person.uuid());
        let removed = blocking(move || match fs::remove_dir_all(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        });
        let removed = removed.await;
        removed.map_err(|error| SendError::Later(format!("e-mails cannot be removed: {error}")))
    }
}

#[async_trait]
impl Letters for FileMailbox {
    async fn latest(&self, limit: usize) -> Result<Vec<Letter>, StoreError> {
        let directory = self.directory.clone();
        let found = blocking(move || latest(&directory, limit)).await;
        found.map_err(|error| StoreError::Failed(error.into()))
    }

    async fn read(&self, name: LetterName) -> Result<Option<String>, StoreError> {
        let file = self.of(name.person).join(format!("{}{SUFFIX}", name.letter));
        let read = blocking(move || match fs::read(file) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        });
        read.await.map_err(|error| StoreError::Failed(error.into()))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Under its name the file is whole from the beginning.
fn write_whole(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let unfinished = directory.join(format!(".{name}.{}", marquis_kernel::random::token()));
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    fs::rename(unfinished, directory.join(name))
}

fn latest(directory: &Path, limit: usize) -> io::Result<Vec<Letter>> {
    let mut names = Vec::new();
    for person in entries(directory)? {
        let Ok(person_id) = person.parse() else { continue };
        for file in entries(&directory.join(&person))? {
            let letter = file.strip_suffix(SUFFIX).filter(|letter| !letter.starts_with('.'));
            if let Some(Ok(name)) = letter.map(|letter| LetterName::new(person_id, letter)) {
                names.push(name);
            }
        }
    }
    // Ids begin with the time they were made at.
    names.sort_by(|one, other| other.letter.cmp(&one.letter));
    names.truncate(limit);
    let mut letters = Vec::new();
    for name in names {
        let file = directory.join(name.person.to_string()).join(format!("{}{SUFFIX}", name.letter));
        let text = fs::read(file)?;
        let text = String::from_utf8_lossy(&text[..text.len().min(LONGEST_HEAD)]).into_owned();
        let header = |wanted: &str| {
            let lines = text.split("\r\n").take_while(|line| !line.is_empty());
            let mut values = lines.filter_map(|line| line.strip_prefix(wanted));
            values.next().unwrap_or_default().trim().to_owned()
        };
        letters.push(Letter {
            to: header("To:"),
            subject: header("Subject:"),
            date: header("Date:"),
            name,
        });
    }
    Ok(letters)
}

/// Names in a directory; none when it does not exist.
fn entries(directory: &Path) -> io::Result<Vec<String>> {
    let found = match fs::read_dir(directory) {
        Ok(found) => found,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    found.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
