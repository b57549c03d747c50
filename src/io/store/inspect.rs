//! Looks whether the file of the store is whole, for `dictum doctor`. It never writes and never makes a file.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::file::{self, StoreError};

/// What is known of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Of the file with what is not yet written back into it.
    pub bytes: u64,
    pub sessions: u64,
    /// What is wrong, in SQLite's words; `None` when it is whole.
    pub damage: Option<String>,
}

/// Looks at the store below `folder`; `None` when nothing was stored yet.
pub fn inspect(folder: &Path) -> Result<Option<Inspected>, StoreError> {
    let path = file::path(folder);
    if !path.exists() {
        return Ok(None);
    }
    let of = |error: rusqlite::Error| StoreError::of(&path, &error);
    let size = |end: &str| {
        let mut name = path.clone().into_os_string();
        name.push(end);
        fs::metadata(name).map_or(0, |meta| meta.len())
    };
    let bytes = size("") + size("-wal");
    let connection = Connection::open_with_flags(
        &path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(of)?;
    let check = "PRAGMA quick_check(1)";
    let found = connection.query_row(check, [], |row| row.get::<_, String>(0)).map_err(of)?;
    let count = "SELECT count(*) FROM sessions";
    let sessions = connection.query_row(count, [], |row| row.get::<_, i64>(0)).map_err(of)?;
    let sessions = u64::try_from(sessions).unwrap_or_default();
    Ok(Some(Inspected { bytes, sessions, damage: (found != "ok").then_some(found) }))
}
