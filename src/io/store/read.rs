//! Finds and reads sessions. It changes nothing, except that it puts together what came of a reply
//! that was cut, and notes when a session was opened.

use std::collections::HashSet;
use std::path::Path;
use std::{fs, io};

use rusqlite::{Connection, OptionalExtension, Row, Rows, Transaction, TransactionBehavior, params};

use super::file::StoreError;
use super::live::Holder;
use super::rows;
use super::words::{Index, Terms};
use super::write::{Book, PLACE, changed, now, place_here};
use crate::base::text;
use crate::domain::chat::Body;
use crate::domain::session::{Kept, SessionId, Summary};
use crate::io::files;
use crate::protocol::sessions::{Elsewhere, Named, Opened, Standing, Which};

/// As many sessions are shown in a list to choose from.
pub const LISTED: usize = 200;

/// As many rows of a search are looked at for sessions that were not found yet.
const LOOKED_AT: i64 = 20_000;

const SUMMARY: &str =
    "SELECT s.id, s.title, s.messages, s.persona, s.model, p.folder, s.began, s.changed, s.latest, s.parent
                       FROM sessions s JOIN places p ON p.id = s.place";

fn summary(row: &Row<'_>, now: i64) -> rusqlite::Result<Summary> {
    let line = |at: usize| row.get::<_, String>(at).map(|words| text::one_line(&words));
    let changed: i64 = row.get(7)?;
    Ok(Summary {
        id: SessionId(row.get(0)?),
        parent: row.get::<_, Option<i64>>(9)?.map(SessionId),
        title: line(1)?,
        messages: u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
        persona: line(3)?,
        model: line(4)?,
        folder: line(5)?,
        began: row.get(6)?,
        changed,
        age: u64::try_from(now.saturating_sub(changed) / 1_000).unwrap_or_default(),
        words: line(8)?,
    })
}

impl Book {
    fn of(&self) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        |error| StoreError::of(&self.path, &error)
    }

    /// The number of this folder; `None` while nothing was kept here.
    fn place(&self) -> Result<Option<i64>, StoreError> {
        let key = files::project_key(&self.project);
        self.connection
            .query_row("SELECT id FROM places WHERE key = ?1", [key], |row| row.get(0))
            .optional()
            .map_err(self.of())
    }

    /// The sessions of this folder whose title or text holds every word of the query, newest first; those of the title come first. An
    /// empty query finds them all. Gives at most so many.
    pub fn list(&self, query: &str, most: usize) -> Result<Vec<Summary>, StoreError> {
        match self.place()? {
            Some(place) => self.list_in(Some(place), query, most),
            None => Ok(Vec::new()),
        }
    }

    /// Those of every folder, which may be there no more.
    pub fn list_all(&self, query: &str, most: usize) -> Result<Vec<Summary>, StoreError> {
        self.list_in(None, query, most)
    }

    fn list_in(&self, place: Option<i64>, query: &str, most: usize) -> Result<Vec<Summary>, StoreError> {
        // What cannot be put together now is found later.
        let _ = self.settle();
        let terms = Terms::of(query);
        let mut found = self.by_title(place, &terms, most).map_err(self.of())?;
        if !terms.is_empty() && found.len() < most {
            let known: HashSet<SessionId> = found.iter().map(|summary| summary.id).collect();
            found.extend(self.by_words(place, &terms, known, most).map_err(self.of())?);
        }
        Ok(found)
    }

    fn by_title(&self, place: Option<i64>, terms: &Terms, most: usize) -> rusqlite::Result<Vec<Summary>> {
        let now = now();
        let here = if place.is_some() { "WHERE s.place = ?1" } else { "" };
        let ordered = format!("{SUMMARY} {here} ORDER BY s.changed DESC, s.id DESC");
        let mut found = Vec::new();
        let mut statement = self.connection.prepare_cached(&ordered)?;
        let mut rows = statement.query(rusqlite::params_from_iter(place))?;
        while let Some(row) = rows.next()? {
            let title = row.get_ref(1)?.as_str().unwrap_or_default();
            if terms.is_empty() || terms.are_in(title) {
                found.push(summary(row, now)?);
            }
            if found.len() >= most {
                break;
            }
        }
        Ok(found)
    }

    fn by_words(
        &self,
        place: Option<i64>,
        terms: &Terms,
        mut known: HashSet<SessionId>,
        most: usize,
    ) -> rusqlite::Result<Vec<Summary>> {
        let newest = |index: Index| {
            let table = index.name();
            self.connection.prepare_cached(&format!(
                "SELECT e.id, e.session FROM {table} i JOIN entries e ON e.id = i.rowid
                 WHERE {table} MATCH ?1 ORDER BY i.rowid DESC LIMIT {LOOKED_AT}"
            ))
        };
        let (mut words, mut letters) = (newest(Index::Words)?, newest(Index::Letters)?);
        let mut words = match terms.can_be_in(Index::Words) {
            true => Some(words.query([terms.expression(Index::Words, place)])?),
            false => None,
        };
        let mut letters = Some(letters.query([terms.expression(Index::Letters, place)])?);
        let mut heads = (next(&mut words)?, next(&mut letters)?);
        let mut found = Vec::new();
        let now = now();
        while known.len() < most
            && let Some(newest) = heads.0.max(heads.1)
        {
            // Both may hold the same row.
            if heads.0 == Some(newest) {
                heads.0 = next(&mut words)?;
            }
            if heads.1 == Some(newest) {
                heads.1 = next(&mut letters)?;
            }
            let (entry, session) = newest;
            if known.contains(&SessionId(session)) {
                continue;
            }
            let said = "SELECT text FROM entries WHERE id = ?1";
            let said: String = self.connection.prepare_cached(said)?.query_row([entry], |row| row.get(0))?;
            if !terms.are_whole_in(&said) {
                continue;
            }
            known.insert(SessionId(session));
            let of = format!("{SUMMARY} WHERE s.id = ?1");
            let mut one = self.connection.prepare_cached(&of)?;
            let mut summary = one.query_row([session], |row| summary(row, now))?;
            summary.words = terms.around(&said);
            found.push(summary);
        }
        Ok(found)
    }

    /// A session with everything that was said in it, which this run has from now on; a copy of it, where another dictum has it.
    pub fn open_session(&mut self, which: Which) -> Result<Opened, StoreError> {
        let (id, passed) = match which {
            Which::Numbered(id) => (id, None),
            Which::Last => self.last()?.ok_or(StoreError::NoneHere)?,
        };
        let (summary, place) = self.find(id)?;
        let moved = self.place()? != Some(place);
        if moved && !self.is_place_gone(place).map_err(self.of())? {
            return Err(StoreError::Elsewhere { id, folder: summary.folder });
        }
        if self.open.take(id.0) == Holder::Another {
            return Ok(Opened { elsewhere: Elsewhere::This, ..self.read(id)? });
        }
        if moved {
            self.adopt(id).map_err(self.of())?;
        }
        let opened = self.read(id)?;
        // One that is in use is not old. Where that cannot be written, reading goes on all the same.
        let _ = changed(&self.connection, id.0, now());
        Ok(Opened { elsewhere: passed.map_or(Elsewhere::Nothing, Elsewhere::Newer), ..opened })
    }

    /// The session of this folder that changed last and is open in no other dictum, and the newest one that is. Where all are, the newest.
    fn last(&self) -> Result<Option<(SessionId, Option<SessionId>)>, StoreError> {
        let Some(place) = self.place()? else { return Ok(None) };
        let newest = "SELECT id FROM sessions WHERE place = ?1 ORDER BY changed DESC, id DESC";
        let look = || -> rusqlite::Result<Option<(SessionId, Option<SessionId>)>> {
            let mut statement = self.connection.prepare_cached(newest)?;
            let mut rows = statement.query([place])?;
            let mut passed = None;
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(0)?;
                if !self.open.is_elsewhere(id) {
                    return Ok(Some((SessionId(id), passed)));
                }
                passed = passed.or(Some(SessionId(id)));
            }
            Ok(passed.map(|id| (id, None)))
        };
        look().map_err(self.of())
    }

    fn is_place_gone(&self, place: i64) -> rusqlite::Result<bool> {
        let one = "SELECT key, folder FROM places WHERE id = ?1";
        let (key, folder): (String, String) =
            self.connection.query_row(one, [place], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(is_gone(&key, &folder))
    }

    /// A session whose folder is there no more belongs to this one from now on.
    fn adopt(&mut self, id: SessionId) -> rusqlite::Result<()> {
        let project = self.project.clone();
        let write = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let place = place_here(&write, &project)?;
        write.execute("UPDATE sessions SET place = ?2 WHERE id = ?1", [id.0, place])?;
        // The text is named so that the index takes the new place, too.
        let update = "UPDATE entries SET place = ?2, text = text WHERE session = ?1";
        write.execute(update, params![id.0, format!("{PLACE}{place}")])?;
        write.commit()
    }

    fn find(&self, id: SessionId) -> Result<(Summary, i64), StoreError> {
        let one = SUMMARY.replace(" FROM", ", s.place FROM") + " WHERE s.id = ?1";
        let now = now();
        let found = self
            .connection
            .query_row(&one, [id.0], |row| Ok((summary(row, now)?, row.get(10)?)))
            .optional()
            .map_err(self.of())?;
        found.ok_or(StoreError::NoSession(id))
    }

    /// A session of any folder with everything that was said in it.
    pub fn read(&mut self, id: SessionId) -> Result<Opened, StoreError> {
        let (summary, _) = self.find(id)?;
        // What a dictum that runs still writes is not cut, and its pieces stay its own.
        let ends = if self.open.is_elsewhere(id.0) { Ends::Open } else { Ends::Cut };
        if ends == Ends::Cut {
            self.put_together(id).map_err(self.of())?;
        }
        let entries = self.entries(id, ends).map_err(self.of())?;
        let standing = self.standing(id).map_err(self.of())?;
        Ok(Opened { summary, standing, entries, elsewhere: Elsewhere::Nothing })
    }

    fn entries(&self, id: SessionId, ends: Ends) -> rusqlite::Result<Vec<Kept>> {
        let all = "SELECT at, kind, text, more, id FROM entries WHERE session = ?1 ORDER BY id";
        let mut statement = self.connection.prepare_cached(all)?;
        let kept = statement.query_map([id.0], |row| {
            let (kind, mut text, mut more): (String, String, String) =
                (row.get(1)?, row.get(2)?, row.get(3)?);
            let presence = rows::presence(&more);
            let open = ends == Ends::Open && kind == rows::REPLY && rows::is_open(&more);
            if open {
                (text, more) = whole(&self.connection, row.get(4)?, text, &more)?;
            }
            let mut body = rows::body(&kind, text, &more);
            if let Some(Body::Reply(reply)) = body.as_mut().filter(|_| open) {
                reply.outcome = Some(rows::still_written());
            }
            Ok(body.map(|body| Kept { at: row.get(0).ok(), row: row.get(4).ok(), presence, body }))
        })?;
        let kept = kept.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(kept.into_iter().flatten().collect())
    }

    fn standing(&self, id: SessionId) -> rusqlite::Result<Standing> {
        let one =
            "SELECT persona, provider, model, named, draft, scroll, rules, host FROM sessions WHERE id = ?1";
        self.connection.query_row(one, [id.0], |row| {
            Ok(Standing {
                persona: row.get(0)?,
                provider: row.get(1)?,
                model: row.get(2)?,
                host: text::one_line(&row.get::<_, String>(7)?),
                named: if row.get::<_, i64>(3)? == 0 { Named::No } else { Named::ByUser },
                draft: rows::draft(&row.get::<_, String>(4)?),
                scroll: rows::scroll(&row.get::<_, String>(5)?),
                rules: rows::rules(&row.get::<_, String>(6)?),
            })
        })
    }

    /// Replies of dictums that are gone can be found by their words, also before somebody opens them.
    fn settle(&self) -> rusqlite::Result<()> {
        // Few replies stream, and there may be a million entries: the pieces are looked at first.
        let with_pieces = "SELECT DISTINCT e.session FROM pieces p CROSS JOIN entries e ON e.id = p.entry";
        let sessions: Vec<i64> = {
            let mut statement = self.connection.prepare_cached(with_pieces)?;
            let found = statement.query_map([], |row| row.get(0))?;
            found.collect::<rusqlite::Result<_>>()?
        };
        let mut gone = sessions.into_iter().filter(|session| !self.open.is_live(*session));
        gone.try_for_each(|session| self.put_together(SessionId(session)))
    }

    /// The pieces of replies that were cut become their text.
    fn put_together(&self, id: SessionId) -> rusqlite::Result<()> {
        let cut = "SELECT DISTINCT e.id FROM pieces p JOIN entries e ON e.id = p.entry WHERE e.session = ?1";
        let open: Vec<i64> = {
            let mut statement = self.connection.prepare_cached(cut)?;
            let found = statement.query_map([id.0], |row| row.get(0))?;
            found.collect::<rusqlite::Result<_>>()?
        };
        if open.is_empty() {
            return Ok(());
        }
        // No other transaction of this run is open: each is closed where it was begun.
        let write = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        for entry in open {
            let (text, more): (String, String) =
                write.query_row("SELECT text, more FROM entries WHERE id = ?1", [entry], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            let (text, more) = whole(&write, entry, text, &more)?;
            let update = "UPDATE entries SET text = ?2, more = ?3 WHERE id = ?1";
            write.execute(update, params![entry, text, more])?;
            write.execute("DELETE FROM pieces WHERE entry = ?1", [entry])?;
        }
        write.commit()
    }

    /// Asks SQLite whether the whole file is as it should be; gives what is wrong.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        let check = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare("PRAGMA integrity_check")?;
            let found = statement.query_map([], |row| row.get::<_, String>(0))?;
            found.filter(|word| !matches!(word, Ok(word) if word == "ok")).collect()
        };
        check().map_err(self.of())
    }
}

/// The next row of a search: an entry and its session.
fn next(rows: &mut Option<Rows<'_>>) -> rusqlite::Result<Option<(i64, i64)>> {
    let Some(rows) = rows else { return Ok(None) };
    rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// What a reply without an end is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Its dictum is gone.
    Cut,
    /// It is still written.
    Open,
}

/// Text and fields of an entry with the pieces that came since.
fn whole(
    connection: &Connection,
    entry: i64,
    mut text: String,
    more: &str,
) -> rusqlite::Result<(String, String)> {
    let mut more: serde_json::Value = serde_json::from_str(more).unwrap_or_default();
    let mut thinking = more.get("thinking").and_then(|words| words.as_str()).unwrap_or_default().to_string();
    let all = "SELECT text, thinking FROM pieces WHERE entry = ?1 ORDER BY id";
    let mut pieces = connection.prepare_cached(all)?;
    let mut pieces = pieces.query([entry])?;
    while let Some(piece) = pieces.next()? {
        text.push_str(&piece.get::<_, String>(0)?);
        thinking.push_str(&piece.get::<_, String>(1)?);
    }
    if let Some(fields) = more.as_object_mut() {
        fields.insert("thinking".to_string(), thinking.into());
    }
    Ok((text, more.to_string()))
}

/// Whether the folder of a place is there no more: it was moved, renamed or removed.
pub(super) fn is_gone(key: &str, folder: &str) -> bool {
    let folder = Path::new(folder);
    // Where it was written as it can be shown and not as it is called, nobody knows.
    files::project_key(folder) == key && fs::symlink_metadata(folder).is_err_and(|error| is_missing(&error))
}

/// Whether nothing is there; a folder that cannot be looked into may be there.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
