//! The journal on disk: a private file for each KB.md, one line for each write. It never stops a write of KB.md, and is never in the
//! project.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Place, hash, key};
use crate::base::text;
use crate::domain::kb::journal::{self, Provenance, Record, Stamp};
use crate::io::files::{self, Content, ReadError};

/// A longer name of a user is cut to so many cells.
const LONGEST_NAME: usize = 64;

/// Records come one by one from a person's decisions, so a journal over this was not written by dictum. Bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Where what was written to KB.md is told, and who tells it.
#[derive(Clone, Debug)]
pub struct Journal {
    folder: PathBuf,
    session: String,
    who: String,
}

/// Why a journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(
        "the project folder {} cannot be entered ({cause}), so its journal was not found",
        files::shown(dir)
    )]
    NoFolder { dir: PathBuf, cause: String },
    #[error(
        "the journal {} cannot be read ({cause}); see who may read it, or move it away to begin a new one",
        files::shown(path)
    )]
    Unreadable { path: PathBuf, cause: String },
}

impl Journal {
    /// The journal in this folder, with a new session. The folder is made when something is written.
    pub fn begin(folder: PathBuf) -> Self {
        // The keys of a hasher are the chance that the standard library has.
        let chance = RandomState::new().build_hasher().finish();
        let session = format!("{chance:016x}").chars().take(8).collect();
        Self { folder, session, who: user() }
    }

    /// The journal of the KB.md of `dir`; empty when nothing was written yet.
    pub fn read(&self, dir: &Path) -> Result<journal::Journal, JournalError> {
        let place = Place::find(dir).map_err(|error| JournalError::NoFolder {
            dir: dir.to_path_buf(),
            cause: files::cause(&error),
        })?;
        let path = self.file(&place.target);
        let unreadable = |cause: String| JournalError::Unreadable { path: path.clone(), cause };
        match files::read_bounded(&path, LARGEST) {
            Ok(Content::Whole(bytes)) => Ok(journal::Journal::parse(&bytes)),
            Ok(Content::TooLarge(bytes)) => Err(unreadable(format!("it has {bytes} bytes"))),
            Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                Ok(journal::Journal::default())
            }
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    /// Adds the record of a write that is on disk; a text is `None` where there is no file. Gives a sentence when it could not be
    /// recorded. Whoever calls holds the lock of the file.
    pub(super) fn record(
        &self,
        target: &Path,
        before: Option<&str>,
        after: Option<&str>,
        provenance: &Provenance,
    ) -> Option<String> {
        let stamp = Stamp {
            when: jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            session: self.session.clone(),
            who: self.who.clone(),
        };
        let short =
            |text: Option<&str>| text.map(|text| hash(text.as_bytes()).chars().take(8).collect::<String>());
        let record = Record {
            before: short(before),
            after: short(after),
            ..Record::new(stamp, provenance, before.unwrap_or_default(), after.unwrap_or_default())
        };
        let path = self.file(target);
        self.append(&path, &record.line_of_json()).err().map(|error| {
            format!(
                "KB.md was written, but the journal {} could not be ({}), so `dictum kb log` will not tell this change.",
                files::shown(&path),
                files::cause(&error)
            )
        })
    }

    fn append(&self, path: &Path, line: &str) -> io::Result<()> {
        files::private_folder(&self.folder)?;
        let mut options = files::private();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Something else than a file may stand there; opening a pipe would wait.
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        let mut file = options.open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        // A record that a crash tore must not spoil this one.
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let start = if last == *b"\n" { "" } else { "\n" };
        file.write_all(format!("{start}{line}").as_bytes())
    }

    fn file(&self, target: &Path) -> PathBuf {
        self.folder.join(format!("{}.jsonl", key(target)))
    }
}

/// The user's name, as the environment has it.
fn user() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .map(|name| text::truncate(&text::one_line(&name), LONGEST_NAME))
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_string())
}
