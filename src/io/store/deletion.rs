//! Deletes sessions, by hand or as old, with what nobody says any more in the histories of the prompt. It never deletes half of one.

use std::path::Path;

use rusqlite::{Connection, Params, TransactionBehavior, params};

use super::file::StoreError;
use super::unsaid;
use super::write::{Book, now};
use crate::domain::session::SessionId;
use crate::io::prompts::{self, Unsaid};

/// What was deleted.
struct Deleted {
    /// How many sessions.
    sessions: usize,
    /// What nobody says any more, by folder.
    unsaid: Vec<Unsaid>,
}

impl Book {
    /// Deletes a session with all that was said in it, and takes what nobody says any more out of the histories of the prompt, where they
    /// are below this folder; gives what that was.
    pub fn delete(
        &mut self,
        session: SessionId,
        histories: Option<&Path>,
    ) -> Result<Vec<Unsaid>, StoreError> {
        let deleted = self.delete_all(histories, |_| Ok(vec![session.0]))?;
        self.open.leave(session.0);
        if deleted.sessions == 0 { Err(StoreError::NoSession(session)) } else { Ok(deleted.unsaid) }
    }

    /// Deletes the sessions that did not change for so many days and are not open in a dictum that runs, as `delete` does; gives how many.
    /// Where the history of one folder cannot be changed, the error comes after those of the others are deleted.
    pub fn expire(&mut self, days: u32, histories: Option<&Path>) -> Result<usize, StoreError> {
        const DAY: i64 = 86_400_000;
        /// So many at a time, so that nobody waits for the first message to be stored.
        const MOST: usize = 200;
        let places = "SELECT DISTINCT place FROM sessions WHERE changed < ?1
                      AND id NOT IN (SELECT value FROM json_each(?2))";
        let here = "SELECT id FROM sessions WHERE changed < ?1
                    AND id NOT IN (SELECT value FROM json_each(?2)) AND place = ?3 ORDER BY changed LIMIT 200";
        let open: Vec<i64> = self.open.all().into_iter().collect();
        let open = serde_json::to_string(&open).unwrap_or_else(|_| "[]".to_string());
        let before = now().saturating_sub(i64::from(days).saturating_mul(DAY));
        let places = numbers(&self.connection, places, params![before, open])
            .map_err(|error| StoreError::of(&self.path, &error))?;
        let (mut sessions, mut kept) = (0, None);
        for place in places {
            match self.delete_all(histories, |write| numbers(write, here, params![before, open, place])) {
                Ok(deleted) => sessions += deleted.sessions,
                Err(error @ StoreError::History(_)) => kept = Some(error),
                Err(error) => return Err(error),
            }
            if sessions >= MOST {
                break;
            }
        }
        kept.map_or(Ok(sessions), Err)
    }

    /// Deletes the sessions that are chosen in the transaction. Where a history cannot be changed, nothing is deleted, so that it can be
    /// tried again.
    fn delete_all(
        &mut self,
        histories: Option<&Path>,
        choose: impl FnOnce(&Connection) -> rusqlite::Result<Vec<i64>>,
    ) -> Result<Deleted, StoreError> {
        let path = self.path.clone();
        let of = |error: rusqlite::Error| StoreError::of(&path, &error);
        let gone = unsaid::gone(&self.connection, histories).map_err(of)?;
        let write = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
        let chosen = choose(&write).map_err(of)?;
        let unsaid = unsaid::unsaid(&write, &chosen, &gone).map_err(of)?;
        if let Some(histories) = histories {
            let forgot = prompts::forget(histories, &unsaid);
            forgot.map_err(|error| StoreError::History(error.to_string()))?;
        }
        let mut sessions = 0;
        for session in chosen {
            sessions += write.execute("DELETE FROM sessions WHERE id = ?1", [session]).map_err(of)?;
        }
        write.commit().map_err(of)?;
        if sessions > 0 {
            self.shrink();
        }
        Ok(Deleted { sessions, unsaid })
    }

    /// Gives room back to the disk, and leaves no words behind in the file beside the store either, which another dictum keeps open.
    /// What cannot be given back is used again.
    fn shrink(&self) {
        let _ = self.connection.execute_batch("PRAGMA incremental_vacuum(2000);");
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

/// What a query gives that asks for numbers.
fn numbers(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<i64>> {
    connection.prepare(sql)?.query_map(params, |row| row.get(0))?.collect()
}
