//! What the store of sessions bears: a hundred kills in the middle of a reply, two programs that write at once, and many sessions. The
//! real binary runs line by line against a server on loopback; nothing here waits for time where it can wait for what is stored.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[path = "support/many.rs"]
mod many;
#[cfg(unix)]
#[path = "support/server.rs"]
mod server;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dictum::domain::chat::{Body, EntryId, Reply};
use dictum::domain::exchange::{Outcome, StopReason};
use dictum::domain::kb::origins::Origins;
use dictum::domain::session::SessionId;
use dictum::io::providers::Keys;
use dictum::io::store::read::LISTED;
use dictum::io::store::write::{Book, Recorded};
use dictum::protocol::sessions::{Change, Conversation, Opened, Record, Which};

/// How long anything may take; generous, since the machine may be busy with other tests.
const LIMIT: Duration = Duration::from_secs(60);

/// A home for the binary and a project.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for name in ["home", "project"] {
            fs::create_dir(desk.path(name)).unwrap();
        }
        fs::write(desk.path("project/KB.md"), "# KB\n\n- Use npm.\n").unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn folder(&self) -> PathBuf {
        self.path("home/state/dictum/sessions")
    }

    fn book(&self) -> Book {
        Book::open(&self.folder(), &self.path("project"), Arc::new(Keys::default())).unwrap()
    }

    /// The binary, line by line, with lines to come.
    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_dictum"))
            .args(["--plain"])
            .args(arguments)
            .env_clear()
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("home/state"))
            .env("XDG_CONFIG_HOME", self.path("home/config"))
            .current_dir(self.path("project"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }
}

/// The reply in the session, if one has begun.
fn reply(opened: &Opened) -> Option<&Reply> {
    opened.entries.iter().rev().find_map(|kept| match &kept.body {
        Body::Reply(reply) => Some(reply.as_ref()),
        Body::User { .. }
        | Body::Divider { .. }
        | Body::Notice { .. }
        | Body::Decision { .. }
        | Body::Compaction { .. } => None,
    })
}

/// Numbers that only look like chance, so that a failing run can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

#[cfg(unix)]
#[test]
fn a29_a_hundred_kills_in_the_middle_of_a_reply_lose_nothing_that_was_stored() {
    const KILLS: i64 = 100;
    // Most of the time each of them waits, so several go on side by side, each with a store of its own.
    const SIDE_BY_SIDE: i64 = 4;
    std::thread::scope(|scope| {
        for seed in 0..SIDE_BY_SIDE {
            scope.spawn(move || kills(KILLS / SIDE_BY_SIDE, Chance(seed.unsigned_abs())));
        }
    });
}

#[cfg(unix)]
fn kills(rounds: i64, mut chance: Chance) {
    use server::{MODEL, Reply as Answer, Server};
    let desk = Desk::new();
    let server = Server::start();
    let url = server.url();
    let words: Vec<String> = (0..400).map(|at| format!("word{at} ")).collect();
    let whole: String = words.concat();
    let pieces: Vec<&str> = words.iter().map(String::as_str).collect();
    for round in 1..=rounds {
        server.enqueue(Answer::chat(&pieces).paced(Duration::from_millis(2)).stall());
        let mut child = desk.start(&["--provider", "openai", "--base-url", &url, "--model", MODEL]);
        let question = format!("question {round}");
        child.stdin.as_mut().unwrap().write_all(format!("{question}\n").as_bytes()).unwrap();
        let session = Which::Numbered(SessionId(round));
        // As much as this is seen in the store first; then the kill comes when it comes.
        let wanted = usize::try_from(chance.below(1_500)).unwrap();
        let end = Instant::now() + LIMIT;
        let mut book = None;
        let seen = loop {
            if book.is_none() && desk.folder().is_dir() {
                book = Some(desk.book());
            }
            let stored = book.as_mut().and_then(|book| book.open_session(session).ok());
            let text = stored.as_ref().and_then(reply).map(|reply| reply.text.clone());
            if let Some(text) = text.filter(|text| text.len() >= wanted) {
                break text;
            }
            assert!(Instant::now() < end, "round {round}: nothing is stored");
            std::thread::sleep(Duration::from_millis(5 + chance.below(20)));
        };
        drop(book);
        std::thread::sleep(Duration::from_millis(chance.below(40)));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut book = desk.book();
        assert_eq!(book.check().unwrap(), Vec::<String>::new(), "round {round}");
        let opened = book.open_session(session).unwrap();
        assert_eq!(opened.summary.title, question);
        let reply = reply(&opened).unwrap();
        assert!(reply.text.starts_with(&seen), "round {round}: {seen:?} became {:?}", reply.text);
        assert!(whole.starts_with(&reply.text), "round {round}: {:?}", reply.text);
        assert!(!reply.kb.is_empty() && reply.model == MODEL, "round {round}: {reply:?}");
        let cut = matches!(&reply.outcome, Some(Outcome::Failed(failure)) if failure.what.starts_with("Cut"));
        assert!(cut, "round {round}: {:?}", reply.outcome);
    }
    assert_eq!(desk.book().list("question", LISTED).unwrap().len(), usize::try_from(rounds).unwrap());
}

/// What a session holds: what the user said, and how many replies came to their end.
fn said_and_answered(opened: &Opened) -> (Vec<String>, usize) {
    let mut said = Vec::new();
    let mut answered = 0;
    for kept in &opened.entries {
        match &kept.body {
            Body::User { text, .. } => said.push(text.clone()),
            Body::Reply(reply) => {
                answered += usize::from(matches!(reply.outcome, Some(Outcome::Complete(_))));
            }
            Body::Divider { .. } | Body::Notice { .. } | Body::Decision { .. } | Body::Compaction { .. } => {}
        }
    }
    (said, answered)
}

/// Two sessions of so many turns each, none of them lost, in a file that is whole.
#[track_caller]
fn expect_turns(book: &mut Book, turns: usize) {
    assert_eq!(book.check().unwrap(), Vec::<String>::new());
    let sessions = book.list("", 10).unwrap();
    assert_eq!(sessions.len(), 2);
    let mut names = BTreeSet::new();
    for summary in sessions {
        assert_eq!(summary.messages, 2 * turns as u64);
        let opened = book.open_session(Which::Numbered(summary.id)).unwrap();
        let (said, answered) = said_and_answered(&opened);
        let name = said[0].split(' ').next().unwrap().to_string();
        let expect: Vec<String> = (0..turns).map(|at| format!("{name} says {at}")).collect();
        assert_eq!((said, answered), (expect, turns));
        names.insert(name);
    }
    assert_eq!(names.len(), 2);
}

#[test]
fn two_programs_in_one_folder_lose_no_turn() {
    const TURNS: usize = 25;
    let desk = Desk::new();
    let begin = |name: &&str| {
        let mut child = desk.start(&["--provider", "offline"]);
        let lines: String = (0..TURNS).map(|at| format!("{name} says {at}\n")).collect();
        let mut input = child.stdin.take().unwrap();
        std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
        child
    };
    let children: Vec<Child> = ["ada", "bob"].iter().map(begin).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    expect_turns(&mut desk.book(), TURNS);
}

/// Tells a process that was started by a test what to do, and where.
const WRITER: &str = "DICTUM_TEST_WRITER";

/// Writes five hundred turns as the program does: message, beginning of the reply, pieces of it, end. Does nothing unless the test below
/// runs it.
#[test]
fn writer() {
    let Ok(place) = std::env::var(WRITER) else { return };
    let (name, place) = place.split_once(' ').unwrap();
    let place = PathBuf::from(place);
    let mut book =
        Book::open(&place.join("sessions"), &place.join("project"), Arc::new(Keys::default())).unwrap();
    let mut session = None;
    let mut write = |changes: Vec<Change>| {
        let record = Record { conversation: Conversation(1), session, parent: None, changes, standing: None };
        if let Recorded::Begun(begun) = book.record(&record).unwrap() {
            session = Some(begun);
        }
    };
    let reply = |entry, text: &str, outcome| {
        let reply = Reply { text: text.to_string(), outcome, ..Reply::default() };
        Change::Put { entry, body: Body::Reply(Box::new(reply)) }
    };
    for turn in 0..500 {
        let (said, answered) = (EntryId(2 * turn + 1), EntryId(2 * turn + 2));
        let text = format!("{name} says {turn}");
        write(vec![Change::Put {
            entry: said,
            body: Body::User { text, attached: Vec::new(), origins: Origins::default() },
        }]);
        write(vec![reply(answered, "", None)]);
        for piece in ["It is ", "as you ", "say."] {
            write(vec![Change::Grow { entry: answered, text: piece.to_string(), thinking: String::new() }]);
        }
        write(vec![reply(answered, "It is as you say.", Some(Outcome::Complete(StopReason::EndTurn)))]);
    }
}

#[test]
fn two_processes_in_one_folder_lose_no_row_of_a_thousand_turns() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("project")).unwrap();
    let begin = |name: &&str| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer"])
            .env(WRITER, format!("{name} {}", place.path().display()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let children: Vec<Child> = ["ada", "bob"].iter().map(begin).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let (folder, project) = (place.path().join("sessions"), place.path().join("project"));
    let mut book = Book::open(&folder, &project, Arc::new(Keys::default())).unwrap();
    expect_turns(&mut book, 500);
}

#[test]
fn a_store_of_many_sessions_lists_and_finds_at_once() {
    let desk = Desk::new();
    fs::create_dir_all(desk.folder()).unwrap();
    many::fill(&desk.folder(), &desk.path("project"), 300, 100);
    let figures = many::measure(&desk.folder(), &desk.path("project"));
    for (what, time) in &figures {
        // A hundred milliseconds are promised for a hundred times as many and a release build; this holds the order on a busy machine.
        assert!(*time < Duration::from_millis(500), "{what}: {time:?}");
    }
    assert_eq!(desk.book().check().unwrap(), Vec::<String>::new());
}
