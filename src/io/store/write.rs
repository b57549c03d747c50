//! Writes conversations: each record in one transaction, so that a kill leaves all of it or nothing. It never changes what was said.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::file::{self, StoreError};
use super::live::Claims;
use super::redact::{Redactor, Stream};
use super::rows::{self, Row};
use crate::base::text;
use crate::domain::chat::{Body, EntryId, Presence, Reply};
use crate::domain::session::{SessionId, title_of};
use crate::io::files;
use crate::io::providers::Keys;
use crate::protocol::sessions::{Change, Conversation, Named, Record, Standing};

/// Rows of a conversation that may still change: the newest ones.
const OPEN_ROWS: usize = 1_024;

/// Begins the word that stands for a folder in the index. Nobody types it: it is no letter of any script.
pub(super) const PLACE: char = '\u{e000}';

/// Ends the title of a session that branches off from another.
const BRANCH: &str = " (branch)";

/// Characters of the newest words that a list shows.
const LATEST: usize = 240;

/// The open file, for one folder and one run of dictum.
pub struct Book {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) project: PathBuf,
    redactor: Redactor,
    live: HashMap<Conversation, Live>,
    /// The sessions that this run has open.
    pub(super) open: Claims,
}

/// A conversation of this run.
#[derive(Clone, Debug)]
struct Live {
    session: i64,
    rows: BTreeMap<EntryId, i64>,
    /// Replies that have not ended, with their text and their thinking.
    streams: HashMap<EntryId, (Stream, Stream)>,
    title: Title,
    /// The time of the last change, as far as it was written.
    changed: i64,
}

/// Whether the next message may give the session its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Title {
    /// It is to be looked whether every message before was taken back.
    Unknown,
    Given,
}

/// What came of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The conversation has this session from now on.
    Begun(SessionId),
    Known,
    /// The session was deleted meanwhile.
    Gone,
}

/// While a reply grows, the time of the last change is written so often. Milliseconds.
const FRESH: i64 = 1_000;

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Book {
    /// Opens the store below a folder, and makes it when it is not there.
    pub fn open(folder: &Path, project: &Path, keys: Arc<Keys>) -> Result<Self, StoreError> {
        Ok(Self {
            connection: file::open(folder)?,
            path: file::path(folder),
            project: project.to_path_buf(),
            redactor: Redactor::new(keys),
            live: HashMap::new(),
            open: Claims::new(folder),
        })
    }

    /// Stores what a record holds. After an error nothing of it is stored, and it may be given again.
    pub fn record(&mut self, record: &Record) -> Result<Recorded, StoreError> {
        let begins = record.session.is_none() && !self.live.contains_key(&record.conversation);
        let mut taken = None;
        let recorded = self.write(record, &mut taken);
        // The number of a session that did not come to be may become another dictum's.
        if begins && recorded.is_err() {
            taken.into_iter().for_each(|session| self.open.leave(session));
        }
        recorded
    }

    fn write(&mut self, record: &Record, taken: &mut Option<i64>) -> Result<Recorded, StoreError> {
        if self.write_on(record) {
            return Ok(Recorded::Known);
        }
        let (path, project) = (self.path.clone(), self.project.clone());
        let of = |error: rusqlite::Error| StoreError::of(&path, &error);
        let write = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(of)?;
        let known = self.live.get(&record.conversation).cloned();
        let begins = known.is_none() && record.session.is_none();
        let mut live = match (known, record.session) {
            (Some(live), _) => live,
            (None, Some(SessionId(session))) => Live::new(session),
            (None, None) => Live::new(begin(&write, &project, record, &self.redactor).map_err(of)?),
        };
        let place = place_of(&write, live.session).map_err(of)?;
        let Some(place) = place else { return Ok(Recorded::Gone) };
        // Before anybody can see it. What was said is stored, whoever else may have it.
        self.open.take(live.session);
        *taken = Some(live.session);
        let at = now();
        let page = Page { write: &write, redactor: &self.redactor, place: format!("{PLACE}{place}"), at };
        for change in &record.changes {
            page.change(&mut live, change).map_err(of)?;
        }
        if let Some(standing) = &record.standing {
            page.standing(live.session, standing).map_err(of)?;
        }
        changed(&write, live.session, at).map_err(of)?;
        live.changed = at;
        write.commit().map_err(of)?;
        let session = SessionId(live.session);
        live.trim();
        self.live.insert(record.conversation, live);
        Ok(if begins { Recorded::Begun(session) } else { Recorded::Known })
    }

    /// Stores the next words of a reply, and nothing else, by one statement; gives whether it did. It is the record that comes most often.
    fn write_on(&mut self, record: &Record) -> bool {
        let [Change::Grow { entry, text, thinking }] = record.changes.as_slice() else { return false };
        let known = self.live.get_mut(&record.conversation).filter(|_| record.standing.is_none());
        let Some(live) = known.filter(|live| (now() - live.changed).abs() < FRESH) else { return false };
        let before = live.streams.get(entry).cloned();
        let stored = grow(&self.connection, &self.redactor, live, *entry, (text, thinking)).is_ok();
        // Where this fails, a transaction that begins anew tells why: the session may be gone.
        if let Some(before) = before.filter(|_| !stored) {
            live.streams.insert(*entry, before);
        }
        stored
    }

    /// A conversation is over: its session is free for another dictum.
    pub fn close(&mut self, conversation: Conversation, session: Option<SessionId>) {
        let known = self.live.remove(&conversation).map(|live| live.session);
        let left = known.into_iter().chain(session.map(|session| session.0));
        left.for_each(|session| self.open.leave(session));
    }

    /// Gives a session another title.
    pub fn rename(&mut self, session: SessionId, title: &str) -> Result<String, StoreError> {
        let title = title_of(&self.redactor.text(title));
        let changed = self
            .connection
            .execute("UPDATE sessions SET title = ?2 WHERE id = ?1", params![session.0, title])
            .map_err(|error| StoreError::of(&self.path, &error))?;
        if changed == 0 { Err(StoreError::NoSession(session)) } else { Ok(title) }
    }
}

impl Live {
    fn new(session: i64) -> Self {
        Self { session, rows: BTreeMap::new(), streams: HashMap::new(), title: Title::Unknown, changed: 0 }
    }

    fn trim(&mut self) {
        while self.rows.len() > OPEN_ROWS {
            self.rows.pop_first();
        }
    }
}

/// Makes a session with a title from its first message, or from the session that it branches off from.
fn begin(
    write: &Transaction<'_>,
    project: &Path,
    record: &Record,
    redactor: &Redactor,
) -> rusqlite::Result<i64> {
    let place = place_here(write, project)?;
    let back = |wanted: &EntryId| {
        let is = |change: &Change| matches!(change, Change::Mark { entry, presence: Presence::TakenBack, .. } if entry == wanted);
        record.changes.iter().any(is)
    };
    let first = record.changes.iter().find_map(|change| match change {
        Change::Put { body: Body::User { text, .. }, entry } if !back(entry) => Some(text.as_str()),
        Change::Put { .. } | Change::Grow { .. } | Change::Drop { .. } | Change::Mark { .. } => None,
    });
    let title = match parent_title(write, record.parent)? {
        Some(title) if title.ends_with(BRANCH) => title,
        Some(title) => title + BRANCH,
        None => title_of(&redactor.text(first.unwrap_or_default())),
    };
    write.execute(
        "INSERT INTO sessions (place, parent, title, began, changed) VALUES (?1, ?2, ?3, ?4, ?4)",
        params![place, record.parent.map(|parent| parent.0), title, now()],
    )?;
    Ok(write.last_insert_rowid())
}

/// Stores the next text and thinking of a reply that streams.
fn grow(
    write: &Connection,
    redactor: &Redactor,
    live: &mut Live,
    entry: EntryId,
    (text, thinking): (&str, &str),
) -> rusqlite::Result<()> {
    let (Some(id), Some((texts, thoughts))) = (live.rows.get(&entry), live.streams.get_mut(&entry)) else {
        return Ok(());
    };
    let (text, thinking) = (texts.feed(redactor, text), thoughts.feed(redactor, thinking));
    if text.is_empty() && thinking.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO pieces (entry, id, text, thinking)
                  VALUES (?1, 1 + coalesce((SELECT max(id) FROM pieces WHERE entry = ?1), 0), ?2, ?3)";
    write.prepare_cached(insert)?.execute(params![id, text, thinking]).map(|_| ())
}

/// The number of a folder, which gets one where it has none.
pub(super) fn place_here(write: &Transaction<'_>, project: &Path) -> rusqlite::Result<i64> {
    let key = files::project_key(project);
    let add = "INSERT INTO places (key, folder) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET folder = ?2";
    write.execute(add, params![key, files::shown(project)])?;
    write.query_row("SELECT id FROM places WHERE key = ?1", [key], |row| row.get(0))
}

/// The place of a session; `None` when it is gone.
fn place_of(write: &Transaction<'_>, session: i64) -> rusqlite::Result<Option<i64>> {
    let mut one = write.prepare_cached("SELECT place FROM sessions WHERE id = ?1")?;
    one.query_row([session], |row| row.get(0)).optional()
}

/// Writes when a session changed last.
pub(super) fn changed(write: &Connection, session: i64, at: i64) -> rusqlite::Result<()> {
    let update = "UPDATE sessions SET changed = max(changed, ?2) WHERE id = ?1";
    write.prepare_cached(update)?.execute(params![session, at]).map(|_| ())
}

/// The title of the session that another branches off from.
fn parent_title(write: &Transaction<'_>, parent: Option<SessionId>) -> rusqlite::Result<Option<String>> {
    let Some(parent) = parent else { return Ok(None) };
    let one = "SELECT title FROM sessions WHERE id = ?1";
    write.query_row(one, [parent.0], |row| row.get(0)).optional()
}

/// A transaction in one session.
struct Page<'a> {
    write: &'a Transaction<'a>,
    redactor: &'a Redactor,
    place: String,
    at: i64,
}

impl Page<'_> {
    fn change(&self, live: &mut Live, change: &Change) -> rusqlite::Result<()> {
        match change {
            Change::Put { entry, body } => self.put(live, *entry, body),
            Change::Grow { entry, text, thinking } => {
                grow(self.write, self.redactor, live, *entry, (text, thinking))
            }
            Change::Drop { entry } => {
                if let Some(row) = live.rows.remove(entry) {
                    self.write.execute("DELETE FROM entries WHERE id = ?1", [row])?;
                }
                Ok(())
            }
            Change::Mark { entry, row, presence } => self.mark(live, *entry, *row, *presence),
        }
    }

    /// Says how an entry takes part. What was said in it stays as it was written.
    fn mark(
        &self,
        live: &mut Live,
        entry: EntryId,
        row: Option<i64>,
        presence: Presence,
    ) -> rusqlite::Result<()> {
        let Some(id) = live.rows.get(&entry).copied().or(row) else { return Ok(()) };
        live.title = Title::Unknown;
        let update = "UPDATE entries SET more = CASE WHEN ?3 = '' THEN json_remove(more, '$.presence')
                      ELSE json_set(more, '$.presence', ?3) END WHERE id = ?1 AND session = ?2 AND json_valid(more)";
        let values = params![id, live.session, rows::presence_word(presence)];
        self.write.prepare_cached(update)?.execute(values).map(|_| ())
    }

    fn put(&self, live: &mut Live, entry: EntryId, body: &Body) -> rusqlite::Result<()> {
        if let Body::Reply(reply) = body
            && reply.outcome.is_none()
        {
            return self.put_open(live, entry, reply);
        }
        let row = rows::row(body, self.redactor);
        match live.rows.get(&entry) {
            Some(id) => {
                let update = "UPDATE entries SET text = ?2, more = ?3 WHERE id = ?1";
                self.write.prepare_cached(update)?.execute(params![id, row.text, row.more])?;
                self.write.prepare_cached("DELETE FROM pieces WHERE entry = ?1")?.execute([id])?;
                live.streams.remove(&entry);
                self.latest(live.session, &row, 0)
            }
            None => {
                self.insert(live, entry, &row)?;
                self.latest(live.session, &row, 1)
            }
        }
    }

    /// A reply that has begun: its text goes by pieces.
    fn put_open(&self, live: &mut Live, entry: EntryId, reply: &Reply) -> rusqlite::Result<()> {
        let head = Reply { text: String::new(), thinking: String::new(), ..reply.clone() };
        let row = rows::row(&Body::Reply(Box::new(head)), self.redactor);
        match live.rows.get(&entry) {
            Some(id) => {
                // Another dictum may have put together what it took for a cut reply.
                let update = "UPDATE entries SET text = '', more = ?2 WHERE id = ?1";
                self.write.prepare_cached(update)?.execute(params![id, row.more])?;
                self.write.prepare_cached("DELETE FROM pieces WHERE entry = ?1")?.execute([id])?;
            }
            None => {
                self.insert(live, entry, &row)?;
                self.latest(live.session, &row, 1)?;
            }
        }
        live.streams.insert(entry, (Stream::default(), Stream::default()));
        grow(self.write, self.redactor, live, entry, (&reply.text, &reply.thinking))
    }

    /// Where every message before was taken back, this one gives the session its title, unless the user gave it another.
    fn title(&self, session: i64, said: &str) -> rusqlite::Result<()> {
        let before = "SELECT text, more FROM entries WHERE session = ?1 AND kind = ?2 ORDER BY id";
        let mut statement = self.write.prepare_cached(before)?;
        let mut rows = statement.query(params![session, rows::USER])?;
        let mut titles = Vec::new();
        while let Some(row) = rows.next()? {
            if rows::presence(row.get_ref(1)?.as_str().unwrap_or_default()) != Presence::TakenBack {
                return Ok(());
            }
            titles.push(title_of(row.get_ref(0)?.as_str().unwrap_or_default()));
        }
        for before in titles {
            let update = "UPDATE sessions SET title = ?3 WHERE id = ?1 AND title = ?2";
            self.write.prepare_cached(update)?.execute(params![session, before, title_of(said)])?;
        }
        Ok(())
    }

    fn insert(&self, live: &mut Live, entry: EntryId, row: &Row) -> rusqlite::Result<()> {
        if row.kind == rows::USER {
            if live.title == Title::Unknown {
                self.title(live.session, &row.text)?;
            }
            live.title = Title::Given;
        }
        let insert =
            "INSERT INTO entries (session, at, kind, place, text, more) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![live.session, self.at, row.kind, self.place, row.text, row.more];
        self.write.prepare_cached(insert)?.execute(values)?;
        live.rows.insert(entry, self.write.last_insert_rowid());
        Ok(())
    }

    /// What a list shows of the session: its newest words, and how many messages there are.
    fn latest(&self, session: i64, row: &Row, more: i64) -> rusqlite::Result<()> {
        if row.kind != rows::USER && row.kind != rows::REPLY {
            return Ok(());
        }
        let cut: String = row.text.chars().take(4 * LATEST).collect();
        let words = text::one_line(&cut).chars().take(LATEST).collect::<String>();
        let update = "UPDATE sessions SET messages = messages + ?2,
                      latest = CASE WHEN ?3 = '' THEN latest ELSE ?3 END WHERE id = ?1";
        self.write.prepare_cached(update)?.execute(params![session, more, words.trim()]).map(|_| ())
    }

    fn standing(&self, session: i64, standing: &Standing) -> rusqlite::Result<()> {
        let named = match standing.named {
            Named::No => 0,
            Named::ByUser => 1,
        };
        let update =
            "UPDATE sessions SET persona = ?2, provider = ?3, model = ?4, named = ?5, draft = ?6, scroll = ?7, rules = ?8,
                      host = ?9 WHERE id = ?1";
        self.write
            .prepare_cached(update)?
            .execute(params![
                session,
                standing.persona,
                standing.provider,
                standing.model,
                named,
                rows::draft_text(&standing.draft, self.redactor),
                rows::scroll_text(standing.scroll),
                rows::rules_text(&standing.rules, self.redactor),
                standing.host,
            ])
            .map(|_| ())
    }
}
