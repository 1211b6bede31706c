//! Pictures in a local directory: `<directory>/<first two digits>/<all digits>` of the hash.
//!
//! A file is written in full under another name and then renamed, so a reader sees all of
//! it or nothing. Names are made of hashes, never of anything that a client sent.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use marquis_kernel::random;

use crate::application::ports::PictureStorage;
use crate::domain::PictureHash;

/// A directory of pictures.
#[derive(Debug, Clone)]
pub struct LocalPictures {
    directory: PathBuf,
}

impl LocalPictures {
    /// Pictures in this directory, which is made when the first one is kept.
    #[must_use]
    pub const fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    fn path(&self, hash: PictureHash) -> PathBuf {
        let digits = hash.to_string();
        self.directory.join(&digits[..2]).join(digits)
    }
}

#[async_trait]
impl PictureStorage for LocalPictures {
    async fn put(&self, hash: PictureHash, content: &[u8]) -> io::Result<()> {
        let (path, content) = (self.path(hash), content.to_vec());
        off_the_runtime(move || write(&path, &content)).await
    }

    async fn get(&self, hash: PictureHash) -> io::Result<Option<Bytes>> {
        let path = self.path(hash);
        off_the_runtime(move || match fs::read(path) {
            Ok(content) => Ok(Some(content.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn remove(&self, hash: PictureHash) -> io::Result<()> {
        let path = self.path(hash);
        off_the_runtime(move || match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|known| known.len() == content.len() as u64) {
        return Ok(());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o750).create(directory)?;
    let draft = directory.join(format!(".{}", random::token()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(&draft)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&draft, path)) {
        // The draft may be gone already; the first error tells more.
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    File::open(directory)?.sync_all()
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
