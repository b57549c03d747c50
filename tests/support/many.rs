//! A store with many sessions, and what it takes to open it, to list and to search. It writes rows in plain transactions, past the
//! program's own way, which would take a second for each thousand.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dictum::domain::chat::{Body, EntryId};
use dictum::domain::kb::origins::Origins;
use dictum::domain::session::SessionId;
use dictum::io::providers::Keys;
use dictum::io::store::file;
use dictum::io::store::read::LISTED;
use dictum::io::store::words;
use dictum::io::store::write::Book;
use dictum::protocol::sessions::{Change, Conversation, Record, Which};
use rusqlite::{Connection, params};

/// Words that messages are made of, the first ones often and the last ones seldom.
const WORDS: &[&str] = &[
    "the",
    "server",
    "returns",
    "error",
    "when",
    "request",
    "has",
    "no",
    "token",
    "and",
    "database",
    "query",
    "fails",
    "after",
    "migration",
    "runs",
    "twice",
    "please",
    "check",
    "index",
    "on",
    "orders",
    "table",
    "before",
    "deploy",
    "cache",
    "invalidation",
    "stream",
    "timeout",
    "retry",
    "zebra",
];

fn book(folder: &Path, project: &Path) -> Book {
    Book::open(folder, project, Arc::new(Keys::default())).unwrap()
}

/// Fills a new store with so many sessions of so many messages each.
pub fn fill(folder: &Path, project: &Path, sessions: i64, messages: i64) {
    // The program makes file, format and folder row.
    let mut begun = book(folder, project);
    let said = Change::Put {
        entry: EntryId(1),
        body: Body::User { text: "the first".into(), attached: Vec::new(), origins: Origins::default() },
    };
    let record = Record {
        conversation: Conversation(0),
        session: None,
        parent: None,
        changes: vec![said],
        standing: None,
    };
    begun.record(&record).unwrap();
    drop(begun);
    let mut connection = Connection::open(file::path(folder)).unwrap();
    words::teach(&connection).unwrap();
    connection.execute_batch("PRAGMA cache_size = -200000;").unwrap();
    let token: String =
        connection.query_row("SELECT place FROM entries LIMIT 1", [], |row| row.get(0)).unwrap();
    let mut at = 0_usize;
    let mut text = |session: i64, message: i64| {
        let mut words = vec![format!("session{session}")];
        for _ in 0..12 {
            at = (at * 31 + 17 + usize::try_from(message).unwrap()) % 9_973;
            // The product of two even chances makes small places likely.
            words.push(WORDS[(at % WORDS.len()) * (at / 7 % (WORDS.len() + 1)) / WORDS.len()].to_string());
        }
        if (session * 100 + message) % 5_000 == 7 {
            words.push("needle".to_string());
        }
        words.join(" ")
    };
    for first in (2..2 + sessions).step_by(500) {
        let write = connection.transaction().unwrap();
        for session in first..(first + 500).min(2 + sessions) {
            let began = 1_700_000_000_000 + session * 60_000;
            let title = text(session, 0);
            write
                .prepare_cached(
                    "INSERT INTO sessions (id, place, title, began, changed, messages, latest) VALUES (?1, 1, ?2, ?3, ?3, ?4, ?2)",
                )
                .unwrap()
                .execute(params![session, title, began, messages])
                .unwrap();
            for message in 0..messages {
                let (kind, more) = if message % 2 == 0 {
                    ("user", "{}")
                } else {
                    ("reply", "{\"outcome\":{\"complete\":\"end\"}}")
                };
                write
                    .prepare_cached("INSERT INTO entries (session, at, kind, place, text, more) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
                    .unwrap()
                    .execute(params![session, began, kind, token, text(session, message), more])
                    .unwrap();
            }
        }
        write.commit().unwrap();
    }
}

/// How long each thing takes that a user waits for, on a store that this process has not open.
pub fn measure(folder: &Path, project: &Path) -> Vec<(String, Duration)> {
    let mut figures = Vec::new();
    let mut time = |what: &str, work: &mut dyn FnMut() -> usize| {
        let start = Instant::now();
        let found = work();
        figures.push((format!("{what} ({found})"), start.elapsed()));
    };
    let mut opened = None;
    time("open the file", &mut || {
        opened = Some(book(folder, project));
        1
    });
    let mut book = opened.unwrap();
    time("list the newest", &mut || book.list("", LISTED).unwrap().len());
    for query in [
        "needle",
        "zebra",
        "server error",
        "the",
        "mig",
        "orders timeout zeb",
        "session4",
        "no such wordatall",
        "t",
    ] {
        time(&format!("search {query:?}"), &mut || book.list(query, LISTED).unwrap().len());
    }
    let newest = book.list("", 1).unwrap()[0].id;
    time("open a session of a hundred messages", &mut || {
        book.open_session(Which::Numbered(newest)).unwrap().entries.len()
    });
    time("open the last session", &mut || book.open_session(Which::Last).unwrap().entries.len());
    time("store a message", &mut || {
        let said = Change::Put {
            entry: EntryId(1),
            body: Body::User {
                text: "one more message".into(),
                attached: Vec::new(),
                origins: Origins::default(),
            },
        };
        let record = Record {
            conversation: Conversation(1),
            session: Some(SessionId(newest.0)),
            parent: None,
            changes: vec![said],
            standing: None,
        };
        book.record(&record).unwrap();
        1
    });
    figures
}
