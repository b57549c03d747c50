//! The store through its own doors: a folder in, what comes back out.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use super::*;
use crate::domain::chat::{Body, EntryId, Presence, Reply, Voice};
use crate::domain::exchange::{Outcome, StopReason};
use crate::domain::kb::Span;
use crate::domain::kb::origins::Origins;
use crate::domain::session::SessionId;
use crate::protocol::message::Anchor;
use crate::protocol::sessions::{Change, Conversation, Elsewhere, Named, Opened, Standing, Which};

/// A folder for the store and one for the project.
pub(super) struct Room(pub(super) tempfile::TempDir);

impl Room {
    pub(super) fn new() -> Self {
        let room = tempfile::tempdir().unwrap();
        fs::create_dir(room.path().join("project")).unwrap();
        Self(room)
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.0.path().join("sessions")
    }

    pub(super) fn file(&self) -> PathBuf {
        file::path(&self.folder())
    }

    pub(super) fn book_in(&self, project: &str) -> Book {
        let project = self.0.path().join(project);
        Book::open(&self.folder(), &project, Arc::new(Keys::default())).unwrap()
    }

    pub(super) fn book(&self) -> Book {
        self.book_in("project")
    }

    /// Runs the thread over these asks and gives what it told.
    pub(super) fn told(&self, asks: Vec<Ask>) -> Vec<Told> {
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let place = Place { folder: Some(self.folder()), days: 0, prompts: None };
        let tell = move |news| sink.lock().unwrap().push(news);
        let store =
            Store::start(place, self.0.path().join("project"), Arc::new(Keys::default()), tell).unwrap();
        asks.into_iter().for_each(|ask| store.ask(ask));
        assert!(store.finish(Duration::from_secs(20)));
        let told = told.lock().unwrap();
        told.clone()
    }
}

pub(super) fn user(entry: u64, text: &str) -> Change {
    Change::Put {
        entry: EntryId(entry),
        body: Body::User { text: text.into(), attached: Vec::new(), origins: Origins::default() },
    }
}

pub(super) fn reply(entry: u64, text: &str, outcome: Option<Outcome>) -> Change {
    let voice = Voice { name: "reviewer".into(), color: "yellow".into() };
    let reply = Reply { voice, text: text.into(), outcome, kb: "1a2b3c4d".into(), ..Reply::default() };
    Change::Put { entry: EntryId(entry), body: Body::Reply(Box::new(reply)) }
}

pub(super) fn ended(entry: u64, text: &str) -> Change {
    reply(entry, text, Some(Outcome::Complete(StopReason::EndTurn)))
}

pub(super) fn grow(entry: u64, text: &str) -> Change {
    Change::Grow { entry: EntryId(entry), text: text.into(), thinking: String::new() }
}

pub(super) fn record(conversation: u64, changes: Vec<Change>) -> Record {
    Record { conversation: Conversation(conversation), session: None, parent: None, changes, standing: None }
}

pub(super) fn begun(book: &mut Book, conversation: u64, changes: Vec<Change>) -> SessionId {
    match book.record(&record(conversation, changes)).unwrap() {
        Recorded::Begun(session) => session,
        other => panic!("{other:?}"),
    }
}

/// What was said, a line an entry.
pub(super) fn chat(opened: &Opened) -> Vec<String> {
    let line = |body: &Body| match body {
        Body::User { text, .. } => format!("you: {text}"),
        Body::Reply(reply) => format!("{}: {}", reply.voice.name, reply.text),
        Body::Divider { .. } | Body::Notice { .. } | Body::Decision { .. } | Body::Compaction { .. } => {
            "other".to_string()
        }
    };
    opened.entries.iter().map(|kept| line(&kept.body)).collect()
}

pub(super) fn titles(book: &Book, query: &str) -> Vec<String> {
    book.list(query, 50).unwrap().into_iter().map(|summary| summary.title).collect()
}

#[test]
fn a_turn_comes_back_as_it_was_said() {
    let room = Room::new();
    let mut book = room.book();
    let session = begun(&mut book, 1, vec![user(1, "fix the build\nplease"), reply(2, "", None)]);
    book.record(&record(1, vec![grow(2, "It is "), grow(2, "fixed. ")])).unwrap();
    book.record(&record(1, vec![ended(2, "It is fixed. Done.")])).unwrap();
    let standing = Standing {
        persona: "reviewer".into(),
        provider: "openai".into(),
        model: "m".into(),
        host: "http://127.0.0.1:8080".into(),
        named: Named::ByUser,
        draft: vec![Span::typed("and "), Span::pasted("this")],
        rules: vec!["Answer in Italian".into()],
        scroll: Some(Anchor { entry: 1, part: 0, line: 2, width: 80, letters: 9 }),
    };
    book.record(&Record { standing: Some(standing.clone()), ..record(1, Vec::new()) }).unwrap();
    let opened = room.book().open_session(Which::Last).unwrap();
    assert_eq!(chat(&opened), ["you: fix the build\nplease", "reviewer: It is fixed. Done."]);
    assert_eq!(opened.standing, standing);
    assert_eq!((opened.summary.id, opened.summary.title.as_str()), (session, "fix the build"));
    assert_eq!((opened.summary.messages, opened.summary.words.as_str()), (2, "It is fixed. Done."));
    let Body::Reply(reply) = &opened.entries[1].body else { panic!("no reply") };
    assert_eq!(reply.kb, "1a2b3c4d");
    assert!(opened.entries.iter().all(|kept| kept.at > Some(1_700_000_000_000)));
    assert_eq!(book.check().unwrap(), Vec::<String>::new());
}

pub(super) fn outcome(opened: &Opened, entry: usize) -> String {
    let Body::Reply(reply) = &opened.entries[entry].body else { panic!("no reply") };
    match &reply.outcome {
        Some(Outcome::Failed(failure)) => failure.what.clone(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a29_a_reply_that_was_cut_comes_back_with_what_was_there() {
    let room = Room::new();
    let mut book = room.book();
    let session = begun(&mut book, 1, vec![user(1, "hello"), reply(2, "", None)]);
    book.record(&record(1, vec![grow(2, "one two ")])).unwrap();
    book.record(&record(1, vec![grow(2, "three four")])).unwrap();
    drop(book);
    let mut book = room.book();
    let opened = book.open_session(Which::Last).unwrap();
    assert_eq!((opened.summary.id, opened.elsewhere), (session, Elsewhere::Nothing));
    assert_eq!(chat(&opened)[1], "reviewer: one two three ");
    assert!(outcome(&opened, 1).starts_with("Cut"));
    assert_eq!(titles(&book, "three"), ["hello"]);
    assert_eq!(book.check().unwrap(), Vec::<String>::new());
}

#[test]
fn sessions_are_found_by_title_and_by_text_in_their_own_folder() {
    let room = Room::new();
    let mut book = room.book();
    begun(&mut book, 1, vec![user(1, "Migrate the database"), ended(2, "Use a transaction.")]);
    begun(&mut book, 2, vec![user(1, "Naïve question"), ended(2, "The migration café works.")]);
    let third = begun(&mut book, 3, vec![user(1, "Something else"), ended(2, "Fine.")]);
    fs::create_dir(room.0.path().join("other")).unwrap();
    begun(&mut room.book_in("other"), 1, vec![user(1, "Migrate the other")]);
    assert_eq!(titles(&book, ""), ["Something else", "Naïve question", "Migrate the database"]);
    // A title goes before a text.
    assert_eq!(titles(&book, "migrat"), ["Migrate the database", "Naïve question"]);
    assert_eq!(titles(&book, "cafe wor"), ["Naïve question"]);
    assert_eq!(titles(&book, "transaction"), ["Migrate the database"]);
    assert_eq!(titles(&book, "transaction café"), Vec::<String>::new());
    assert_eq!(titles(&book, "\"AND* (x"), Vec::<String>::new());
    assert_eq!(titles(&book, "place1"), Vec::<String>::new());
    assert_eq!(book.list("café", 50).unwrap()[0].words, "The migration café works.");
    assert_eq!(book.rename(third, "  Deploy\u{1b}[31m notes ").unwrap(), "Deploy notes");
    assert_eq!(titles(&book, "deploy"), ["Deploy notes"]);
    assert_eq!(titles(&book, "something"), ["Deploy notes"]);
    let elsewhere = room.book_in("other").open_session(Which::Numbered(third)).unwrap_err();
    assert!(elsewhere.to_string().contains("project"), "{elsewhere}");
    assert!(book.open_session(Which::Numbered(SessionId(99))).is_err());
}

#[test]
fn a_branch_is_called_like_the_session_that_it_comes_from() {
    let room = Room::new();
    let mut book = room.book();
    let mut parent = Some(begun(&mut book, 1, vec![user(1, "hello")]));
    for at in 2..4 {
        let branch = Record { parent, ..record(at, vec![user(1, "hello")]) };
        let Recorded::Begun(session) = book.record(&branch).unwrap() else { panic!("not begun") };
        parent = Some(session);
    }
    assert_eq!(titles(&book, ""), ["hello (branch)", "hello (branch)", "hello"]);
}

#[test]
fn what_is_deleted_leaves_no_words_in_the_file() {
    let room = Room::new();
    let mut book = room.book();
    let session = begun(&mut book, 1, vec![user(1, "keep nothing of zanzibarine")]);
    begun(&mut book, 2, vec![user(1, "another"), ended(2, "one")]);
    book.delete(session, None).unwrap();
    assert_eq!(titles(&book, ""), ["another"]);
    assert!(matches!(book.record(&record(1, vec![user(3, "more")])), Ok(Recorded::Gone)));
    assert!(matches!(book.delete(session, None), Err(StoreError::NoSession(_))));
    drop(book);
    for entry in fs::read_dir(room.folder()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("zanzibarine"));
    }
    let mut book = room.book();
    let next = begun(&mut book, 3, vec![user(1, "new")]);
    assert!(next > SessionId(2), "a number never comes back");
    assert_eq!(book.check().unwrap(), Vec::<String>::new());
}

#[test]
fn old_sessions_go_when_their_time_is_set() {
    let room = Room::new();
    let mut book = room.book();
    let old = begun(&mut book, 1, vec![user(1, "old")]);
    begun(&mut book, 2, vec![user(1, "new")]);
    drop(book);
    let mut book = room.book();
    let ago = "UPDATE sessions SET changed = changed - 3 * 86400000 WHERE id = ?1";
    book.connection.execute(ago, [old.0]).unwrap();
    assert_eq!(book.expire(4, None).unwrap(), 0);
    assert_eq!(book.expire(2, None).unwrap(), 1);
    assert_eq!(titles(&book, ""), ["new"]);
    // One that is gone on with is not old any more.
    let ago = "UPDATE sessions SET changed = changed - 9 * 86400000";
    book.connection.execute(ago, []).unwrap();
    drop(book);
    let place = Place { folder: Some(room.folder()), days: 2, prompts: None };
    let store =
        Store::start(place, room.0.path().join("project"), Arc::new(Keys::default()), |_| {}).unwrap();
    store.ask(Ask::Open { which: Which::Last });
    let goes_on = Record { session: Some(SessionId(2)), ..record(7, vec![user(1, "goes on")]) };
    store.ask(Ask::Record(Box::new(goes_on)));
    assert!(store.finish(Duration::from_secs(20)));
    assert_eq!(titles(&room.book(), ""), ["new"]);
}

#[test]
fn a_session_that_is_opened_or_gets_a_draft_is_not_old() {
    let room = Room::new();
    let mut book = room.book();
    for (at, words) in [(1, "opened"), (2, "drafted"), (3, "left")] {
        begun(&mut book, at, vec![user(1, words)]);
    }
    book.connection.execute("UPDATE sessions SET changed = changed - 9 * 86400000", []).unwrap();
    drop(book);
    let mut book = room.book();
    book.open_session(Which::Numbered(SessionId(1))).unwrap();
    let standing = Standing { draft: vec![Span::typed("a draft")], ..Standing::default() };
    let drafted = Record { session: Some(SessionId(2)), ..record(2, Vec::new()) };
    book.record(&Record { standing: Some(standing), ..drafted }).unwrap();
    // Also when nobody has them open any more.
    drop(book);
    let mut book = room.book();
    assert_eq!(book.expire(2, None).unwrap(), 1);
    assert_eq!(titles(&book, ""), ["drafted", "opened"]);
}

#[test]
fn a30_no_secret_reaches_the_file() {
    let room = Room::new();
    let mut book = room.book();
    let key = "sk-ant-api03-abcdefghijklmnop";
    begun(&mut book, 1, vec![user(1, &format!("my key is {key}")), reply(2, "", None)]);
    for piece in ["Your key ", "sk-ant", "-api03-abcd", "efghijklmnop", " is not kept. "] {
        book.record(&record(1, vec![grow(2, piece)])).unwrap();
    }
    let standing = Standing { draft: vec![Span::typed(key)], ..Standing::default() };
    book.record(&Record { standing: Some(standing), ..record(1, Vec::new()) }).unwrap();
    let files = || fs::read_dir(room.folder()).unwrap().map(|entry| entry.unwrap().path());
    for path in files() {
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("abcdefgh") && !text.contains("sk-ant"), "{}", path.display());
    }
    let opened = room.book().open_session(Which::Last).unwrap();
    assert_eq!(chat(&opened)[1], "reviewer: Your key ‹a secret was here› is not kept. ");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&room.folder()), 0o700);
        for path in files() {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}

#[test]
fn a_newer_format_is_left_alone_and_said() {
    let room = Room::new();
    begun(&mut room.book(), 1, vec![user(1, "hello")]);
    room.book().connection.pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(room.file()).unwrap();
    let told = room.told(vec![
        Ask::Record(Box::new(record(1, vec![user(1, "hi")]))),
        Ask::Record(Box::new(record(1, vec![user(2, "again")]))),
        Ask::List { query: String::new() },
    ]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(matches!(&told[0], Told::Unusable { cause } if cause.contains("newer dictum")), "{told:?}");
    assert!(matches!(&told[1], Told::Refused { cause } if cause.contains("newer dictum")), "{told:?}");
    assert_eq!(fs::read(room.file()).unwrap(), before);
}

#[test]
fn a_damaged_file_is_moved_aside_and_a_new_one_is_made() {
    let room = Room::new();
    fs::create_dir(room.folder()).unwrap();
    fs::write(room.file(), "no database at all, but quite some bytes of it ".repeat(100)).unwrap();
    let told = room.told(vec![
        Ask::Record(Box::new(record(1, vec![user(1, "hello")]))),
        // The core gives everything anew.
        Ask::Record(Box::new(record(2, vec![user(1, "hello")]))),
        Ask::Open { which: Which::Last },
    ]);
    let [Told::Renewed { cause }, Told::Begun { .. }, Told::Opened(opened)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(cause.contains("is damaged") && cause.contains("it is kept as"), "{cause}");
    assert_eq!(chat(opened), ["you: hello"]);
    let aside = fs::read_dir(room.folder()).unwrap().map(|entry| entry.unwrap().path());
    let aside = aside.filter(|path| path.to_string_lossy().contains("damaged")).collect::<Vec<_>>();
    assert_eq!(aside.len(), 1);
    assert!(fs::read_to_string(&aside[0]).unwrap().starts_with("no database"));
}

#[test]
fn damage_inside_the_file_is_seen_when_it_is_met() {
    let room = Room::new();
    let mut book = room.book();
    for at in 0..200 {
        begun(&mut book, at, vec![user(1, &format!("message {at} ").repeat(200))]);
    }
    drop(book);
    let mut bytes = fs::read(room.file()).unwrap();
    let middle = 4096 * 12;
    bytes[middle..].fill(0x5a);
    fs::write(room.file(), bytes).unwrap();
    let told = room.told(vec![
        Ask::Record(Box::new(record(900, vec![user(1, "hello")]))),
        Ask::Record(Box::new(record(901, vec![user(1, "hello")]))),
    ]);
    let renewed = told.iter().any(|told| matches!(told, Told::Renewed { .. }));
    assert!(renewed, "{told:?}");
    assert!(matches!(told.last(), Some(Told::Begun { .. })), "{told:?}");
    assert_eq!(room.book().check().unwrap(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_waits_and_is_said_once() {
    let room = Room::new();
    fs::create_dir(room.folder()).unwrap();
    // A folder in the place of the file cannot be opened by anybody, not even by root.
    fs::create_dir(room.file()).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let place = Place { folder: Some(room.folder()), days: 0, prompts: None };
    let tell = move |news| sink.lock().unwrap().push(news);
    let store = Store::start(place, room.0.path().join("project"), Arc::new(Keys::default()), tell).unwrap();
    store.ask(Ask::Record(Box::new(record(1, vec![user(1, "one")]))));
    store.ask(Ask::Record(Box::new(record(1, vec![user(2, "two")]))));
    let wait = |wanted: &dyn Fn(&[Told]) -> bool| {
        let end = Instant::now() + Duration::from_secs(20);
        while !wanted(&told.lock().unwrap()) {
            assert!(Instant::now() < end, "{:?}", told.lock().unwrap());
            thread::sleep(Duration::from_millis(2));
        }
    };
    wait(&|told| !told.is_empty());
    fs::remove_dir(room.file()).unwrap();
    store.ask(Ask::Record(Box::new(record(1, vec![user(3, "three")]))));
    wait(&|told| told.last() == Some(&Told::Mended));
    assert!(store.finish(Duration::from_secs(20)));
    let told = told.lock().unwrap().clone();
    assert!(matches!(told.as_slice(), [Told::Failing { .. }, Told::Begun { .. }, Told::Mended]), "{told:?}");
    assert_eq!(chat(&room.book().open_session(Which::Last).unwrap()), ["you: one", "you: two", "you: three"]);
}

#[test]
fn a_full_disk_is_named() {
    let room = Room::new();
    let mut book = room.book();
    begun(&mut book, 1, vec![user(1, "one")]);
    let pages: i64 = book.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    book.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let long = "many words ".repeat(50_000);
    let full = book.record(&record(1, vec![user(2, &long)])).unwrap_err();
    assert!(matches!(full, StoreError::NoRoom(_)), "{full}");
    book.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    book.record(&record(1, vec![user(2, &long)])).unwrap();
    assert_eq!(room.book().open_session(Which::Last).unwrap().entries.len(), 2);
}

#[test]
fn many_threads_make_the_file_at_once() {
    let room = Room::new();
    thread::scope(|scope| {
        for at in 0..8 {
            let room = &room;
            scope.spawn(move || begun(&mut room.book(), 1, vec![user(1, &format!("thread {at}"))]));
        }
    });
    assert_eq!(titles(&room.book(), "thread").len(), 8);
}

fn mark(entry: u64, row: Option<i64>, presence: Presence) -> Change {
    Change::Mark { entry: EntryId(entry), row, presence }
}

fn presences(opened: &Opened) -> Vec<Presence> {
    opened.entries.iter().map(|kept| kept.presence).collect()
}

#[test]
fn a_session_whose_first_message_was_taken_back_is_called_after_the_next() {
    let room = Room::new();
    let mut book = room.book();
    let session = begun(&mut book, 1, vec![user(1, "fix teh build")]);
    book.record(&record(1, vec![mark(1, None, Presence::TakenBack)])).unwrap();
    book.record(&record(1, vec![user(2, "fix thebuild")])).unwrap();
    book.record(&record(1, vec![mark(2, None, Presence::TakenBack)])).unwrap();
    book.record(&record(1, vec![user(3, "fix the build")])).unwrap();
    book.record(&record(1, vec![user(4, "and then?")])).unwrap();
    assert_eq!(titles(&book, ""), ["fix the build"]);
    // A copy of it has the same one, and a title of the user's own stays.
    let copy = [user(1, "fix teh build"), user(3, "fix the build"), mark(1, None, Presence::TakenBack)];
    begun(&mut book, 2, copy.to_vec());
    assert_eq!(titles(&book, ""), ["fix the build", "fix the build"]);
    book.rename(session, "Build").unwrap();
    for entry in [3, 4] {
        book.record(&record(1, vec![mark(entry, None, Presence::TakenBack)])).unwrap();
    }
    book.record(&record(1, vec![user(5, "other")])).unwrap();
    assert!(titles(&book, "").contains(&"Build".to_string()));
}

#[test]
fn how_entries_take_part_comes_back_also_when_it_changes_in_a_later_run() {
    use Presence::{Current, OtherVersion, TakenBack};
    let room = Room::new();
    let mut book = room.book();
    let session = begun(&mut book, 1, vec![user(1, "one"), ended(2, "First.")]);
    book.record(&record(1, vec![reply(3, "", None), mark(2, None, OtherVersion)])).unwrap();
    book.record(&record(1, vec![grow(3, "Second.")])).unwrap();
    // Its end is written anew; how it takes part is said behind it.
    book.record(&record(1, vec![ended(3, "Second."), mark(3, None, TakenBack)])).unwrap();
    drop(book);

    let mut book = room.book();
    let opened = book.open_session(Which::Last).unwrap();
    assert_eq!(presences(&opened), [Current, OtherVersion, TakenBack]);
    assert_eq!(chat(&opened), ["you: one", "reviewer: First.", "reviewer: Second."]);
    let row = opened.entries[1].row;
    let later = |changes| Record { session: Some(session), ..record(9, changes) };
    book.record(&later(vec![
        mark(70, row, Current),
        mark(71, Some(4_711), TakenBack),
        mark(72, None, TakenBack),
    ]))
    .unwrap();
    assert_eq!(presences(&book.read(session).unwrap()), [Current, Current, TakenBack]);
    // The row of another session is not touched.
    let other = begun(&mut book, 2, vec![user(1, "other")]);
    let row = book.read(other).unwrap().entries[0].row;
    book.record(&later(vec![mark(73, row, TakenBack)])).unwrap();
    assert_eq!(presences(&book.read(other).unwrap()), [Current]);
    assert_eq!(titles(&book, "second"), ["one"], "all of it can still be found");
}
