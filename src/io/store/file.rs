//! The file of the store: where it is, who may read it, its format and its mending. It never touches a format that is newer than this
//! program, and never throws a damaged file away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::words;
use crate::io::files::{self, LockError};

/// How long a write waits for another dictum's.
pub(in crate::io) const PATIENCE: Duration = Duration::from_secs(5);

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no folder for dictum's state; set XDG_STATE_HOME to a folder you may write")]
    NoFolder,
    #[error(
        "the folder {} cannot be made ({cause}); set XDG_STATE_HOME to a folder you may write",
        files::shown(path)
    )]
    Folder { path: PathBuf, cause: String },
    #[error("{} was written by a newer dictum (format {found}, this one knows {MIGRATIONS}); update dictum", files::shown(path), MIGRATIONS = MIGRATIONS.len())]
    Newer { path: PathBuf, found: usize },
    #[error("{} cannot be written; check who may write it and its folder", files::shown(.0))]
    ReadOnly(PathBuf),
    #[error("no room is left on the disk of {}; free some space", files::shown(.0))]
    NoRoom(PathBuf),
    #[error("another dictum has been writing {} for {} seconds; try again, or close it", files::shown(.0), PATIENCE.as_secs())]
    Busy(PathBuf),
    #[error("{} is damaged ({cause})", files::shown(path))]
    Damaged { path: PathBuf, cause: String },
    #[error("{} cannot be used ({cause})", files::shown(path))]
    Other { path: PathBuf, cause: String },
    #[error("{0}")]
    Lock(#[from] LockError),
    #[error("the history of the prompt has these messages, too, and cannot be changed ({0})")]
    History(String),
    #[error("there is no session {0}; `dictum session list` and /sessions show those that there are")]
    NoSession(crate::domain::session::SessionId),
    #[error("session {id} belongs to the folder {folder}; resume it there")]
    Elsewhere { id: crate::domain::session::SessionId, folder: String },
    #[error("no session was kept in this folder yet")]
    NoneHere,
}

impl StoreError {
    /// What an error of SQLite means for the file.
    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        let cause = || files::cause(&io::Error::other(error.to_string()));
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::NoRoom(path),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly(path)
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(path),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, cause: cause() }
            }
            Some(_) | None => Self::Other { path, cause: cause() },
        }
    }
}

/// The steps from one format to the next; their number is the format. A step that was released is never changed.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE places (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, folder TEXT NOT NULL);
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        place INTEGER NOT NULL REFERENCES places(id),
        parent INTEGER,
        title TEXT NOT NULL,
        began INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        messages INTEGER NOT NULL DEFAULT 0,
        latest TEXT NOT NULL DEFAULT '',
        persona TEXT NOT NULL DEFAULT '',
        provider TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        named INTEGER NOT NULL DEFAULT 0,
        draft TEXT NOT NULL DEFAULT '',
        rules TEXT NOT NULL DEFAULT '',
        scroll TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX sessions_by_place ON sessions (place, changed);
    CREATE INDEX sessions_by_change ON sessions (changed);
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        place TEXT NOT NULL,
        text TEXT NOT NULL,
        more TEXT NOT NULL
    );
    CREATE INDEX entries_by_session ON entries (session, id);
    -- What came of replies that have not ended: written once each, so that a long reply is not written again with every word.
    CREATE TABLE pieces (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        entry INTEGER NOT NULL REFERENCES entries(id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        thinking TEXT NOT NULL
    );
    CREATE INDEX pieces_by_entry ON pieces (entry, id);
    CREATE VIRTUAL TABLE words USING fts5 (
        text, place, content = 'entries', content_rowid = 'id', detail = 'none', prefix = '2 3',
        tokenize = 'unicode61 remove_diacritics 2'
    );
    -- What is deleted leaves no words behind.
    INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
    CREATE TRIGGER entry_in AFTER INSERT ON entries WHEN new.text <> '' BEGIN
        INSERT INTO words (rowid, text, place) VALUES (new.id, new.text, new.place);
    END;
    CREATE TRIGGER entry_out AFTER DELETE ON entries WHEN old.text <> '' BEGIN
        INSERT INTO words (words, rowid, text, place) VALUES ('delete', old.id, old.text, old.place);
    END;
    CREATE TRIGGER entry_text_out AFTER UPDATE OF text ON entries WHEN old.text <> '' BEGIN
        INSERT INTO words (words, rowid, text, place) VALUES ('delete', old.id, old.text, old.place);
    END;
    CREATE TRIGGER entry_text_in AFTER UPDATE OF text ON entries WHEN new.text <> '' BEGIN
        INSERT INTO words (rowid, text, place) VALUES (new.id, new.text, new.place);
    END;
", "
    -- Scheme, host and port of the server that the session spoke with last.
    ALTER TABLE sessions ADD COLUMN host TEXT NOT NULL DEFAULT '';
", "
    -- Texts with runs of letters that have no blanks between their words, letter by letter. Others are not in it. Nothing is stored but the
    -- index, so that what is taken out is named by the same function that it was put in with.
    CREATE VIRTUAL TABLE letters USING fts5 (
        text, place, content = '', tokenize = \"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\"
    );
    INSERT INTO letters (letters, rank) VALUES ('secure-delete', 1);
    CREATE TRIGGER letters_in AFTER INSERT ON entries WHEN apart(new.text) IS NOT NULL BEGIN
        INSERT INTO letters (rowid, text, place) VALUES (new.id, apart(new.text), new.place);
    END;
    CREATE TRIGGER letters_out AFTER DELETE ON entries WHEN apart(old.text) IS NOT NULL BEGIN
        INSERT INTO letters (letters, rowid, text, place) VALUES ('delete', old.id, apart(old.text), old.place);
    END;
    CREATE TRIGGER letters_text AFTER UPDATE OF text ON entries BEGIN
        INSERT INTO letters (letters, rowid, text, place)
            SELECT 'delete', old.id, apart(old.text), old.place WHERE apart(old.text) IS NOT NULL;
        INSERT INTO letters (rowid, text, place)
            SELECT new.id, apart(new.text), new.place WHERE apart(new.text) IS NOT NULL;
    END;
    INSERT INTO letters (rowid, text, place) SELECT id, apart(text), place FROM entries WHERE apart(text) IS NOT NULL;
", "
    -- The pieces of a reply side by side, so that storing one writes one page.
    CREATE TABLE further (
        entry INTEGER NOT NULL REFERENCES entries(id) ON DELETE CASCADE,
        id INTEGER NOT NULL,
        text TEXT NOT NULL,
        thinking TEXT NOT NULL,
        PRIMARY KEY (entry, id)
    ) WITHOUT ROWID;
    INSERT INTO further SELECT entry, id, text, thinking FROM pieces;
    DROP TABLE pieces;
    ALTER TABLE further RENAME TO pieces;
"];

/// The file below the state folder.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("sessions.db")
}

/// Opens the file, makes it when it is missing, and brings it to the newest format.
pub(super) fn open(folder: &Path) -> Result<Connection, StoreError> {
    let failed = |error: io::Error| StoreError::Folder { path: folder.into(), cause: files::cause(&error) };
    files::private_folder(folder).map_err(failed)?;
    let path = path(folder);
    make_private(&path)?;
    let of = |error: rusqlite::Error| StoreError::of(&path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(of)?;
    connection.busy_timeout(PATIENCE).map_err(of)?;
    words::teach(&connection).map_err(of)?;
    if version(&connection).map_err(of)? != MIGRATIONS.len() {
        // One dictum at a time makes or changes the format; those that come later find it done.
        let _lock = files::lock(&path.with_extension("lock"), PATIENCE)?;
        migrate(&mut connection, &path)?;
    }
    // In this mode a kill loses nothing and a power cut at most the last moments; neither tears the file.
    let settings = "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;";
    connection.execute_batch(settings).map_err(of)?;
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    // The second word reads the first page of the tables, so that a damaged beginning shows here.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection
        .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        .map(|found| usize::try_from(found).unwrap_or(usize::MAX))
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let of = |error: rusqlite::Error| StoreError::of(path, &error);
    let found = version(connection).map_err(of)?;
    if found > MIGRATIONS.len() {
        return Err(StoreError::Newer { path: path.to_path_buf(), found });
    }
    if found == 0 {
        // Both can only be chosen while the file is empty. A file system without shared memory keeps the mode that it can.
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;").map_err(of)?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(of)?;
    }
    for (at, step) in MIGRATIONS.iter().enumerate().skip(found) {
        let change = connection.transaction().map_err(of)?;
        change.execute_batch(step).map_err(of)?;
        change.pragma_update(None, "user_version", i64::try_from(at + 1).unwrap_or(i64::MAX)).map_err(of)?;
        change.commit().map_err(of)?;
    }
    Ok(())
}

/// Makes the file for its owner alone, or makes it so.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = files::private();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(meta) = fs::metadata(path)
            && meta.permissions().mode() & 0o077 != 0
        {
            // Where it is not allowed, opening says what is wrong.
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
        }
    }
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::ReadOnly(path.to_path_buf())
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StoreError::NoRoom(path.to_path_buf())
            }
            _ => StoreError::Other { path: path.to_path_buf(), cause: files::cause(&error) },
        }),
    }
}

/// Moves a damaged file aside, with what belongs to it; gives where it is now, `None` when another dictum has done so already.
pub(super) fn set_aside(folder: &Path) -> Result<Option<PathBuf>, StoreError> {
    let path = path(folder);
    let _lock = files::lock(&path.with_extension("lock"), PATIENCE)?;
    if is_sound(&path) {
        return Ok(None);
    }
    let aside = aside_name(&path);
    let moved = |end: &str| {
        let (mut from, mut to) = (path.clone().into_os_string(), aside.clone().into_os_string());
        from.push(end);
        to.push(end);
        fs::rename(from, to)
    };
    moved("").map_err(|error| StoreError::Other { path: path.clone(), cause: files::cause(&error) })?;
    for end in ["-wal", "-shm"] {
        // Either may not be there.
        let _ = moved(end);
    }
    Ok(Some(aside))
}

/// A name that nothing has yet.
fn aside_name(path: &Path) -> PathBuf {
    let day = jiff::Zoned::now().strftime("%Y-%m-%d");
    let named = |number: u32| path.with_extension(format!("damaged-{day}-{number}.db"));
    (1..).map(named).find(|name| !name.exists()).unwrap_or_else(|| named(0))
}

fn is_sound(path: &Path) -> bool {
    let check = || -> rusqlite::Result<bool> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(PATIENCE)?;
        connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
            .map(|found| found == "ok")
    };
    check().unwrap_or(false)
}
