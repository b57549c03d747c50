//! Sessions that are open in a dictum, seen from another one and at the end. It opens no terminal.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use crate::io::files;
use crate::io::providers::Keys;
use crate::io::store::tests::{Room, begun, chat, ended, grow, outcome, record, reply, titles, user};
use crate::io::store::{Place, Store};
use crate::protocol::sessions::{Ask, Conversation, Elsewhere, Which};

#[test]
fn a_session_that_is_open_in_another_dictum_is_never_cut_and_only_copied() {
    let room = Room::new();
    let (mut book, mut other) = (room.book(), room.book());
    let session = begun(&mut book, 1, vec![user(1, "hello"), reply(2, "", None)]);
    book.record(&record(1, vec![grow(2, "one two ")])).unwrap();
    for opened in [other.open_session(Which::Last), other.open_session(Which::Numbered(session))] {
        let opened = opened.unwrap();
        assert_eq!((opened.summary.id, opened.elsewhere), (session, Elsewhere::This));
        assert_eq!(chat(&opened)[1], "reviewer: one two ");
        assert!(outcome(&opened, 1).starts_with("Not whole: another dictum"));
    }
    assert!(outcome(&other.read(session).unwrap(), 1).starts_with("Not whole"));
    // Its own dictum begins the reply anew and is killed: nothing stands twice.
    book.record(&record(1, vec![reply(2, "one ", None), grow(2, "three ")])).unwrap();
    drop(book);
    assert_eq!(chat(&room.book().open_session(Which::Last).unwrap())[1], "reviewer: one three ");
}

#[test]
fn a_reply_that_was_put_together_and_begins_anew_does_not_stand_twice() {
    let room = Room::new();
    let mut book = room.book();
    let session = begun(&mut book, 1, vec![user(1, "hello"), reply(2, "one ", None)]);
    book.open_session(Which::Numbered(session)).unwrap();
    book.record(&record(1, vec![reply(2, "one ", None)])).unwrap();
    drop(book);
    assert_eq!(chat(&room.book().open_session(Which::Last).unwrap())[1], "reviewer: one ");
}

#[test]
fn the_last_session_is_the_newest_that_is_open_nowhere_else() {
    let room = Room::new();
    let (mut first, mut second, mut third) = (room.book(), room.book(), room.book());
    let older = begun(&mut first, 1, vec![user(1, "older")]);
    let newer = begun(&mut second, 1, vec![user(1, "newer")]);
    // The first conversation is over, its dictum is not.
    first.close(Conversation(1), None);
    let opened = third.open_session(Which::Last).unwrap();
    assert_eq!((opened.summary.id, opened.elsewhere), (older, Elsewhere::Newer(newer)));
    assert_eq!(first.open_session(Which::Numbered(older)).unwrap().elsewhere, Elsewhere::This);
    // One that was opened and left is free again, and those of dictums that are gone.
    third.close(Conversation(9), Some(older));
    drop(second);
    assert_eq!(third.open_session(Which::Last).unwrap().summary.id, older, "it was opened last");
    assert_eq!(first.open_session(Which::Numbered(newer)).unwrap().elsewhere, Elsewhere::Nothing);
    drop((first, third));
    let left = fs::read_dir(room.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("open-")));
}

#[test]
fn a_session_that_is_open_does_not_expire() {
    let room = Room::new();
    let (mut book, mut other) = (room.book(), room.book());
    begun(&mut book, 1, vec![user(1, "idle")]);
    begun(&mut other, 1, vec![user(1, "own")]);
    begun(&mut room.book(), 1, vec![user(1, "left")]);
    book.connection.execute("UPDATE sessions SET changed = changed - 9 * 86400000", []).unwrap();
    assert_eq!(other.expire(2, None).unwrap(), 1);
    assert_eq!(titles(&book, ""), ["own", "idle"]);
    drop(book);
    assert_eq!(other.expire(2, None).unwrap(), 1);
}

#[test]
fn what_a_kill_cut_is_found_before_somebody_opens_it() {
    let room = Room::new();
    let (mut book, mut running) = (room.book(), room.book());
    begun(&mut book, 1, vec![user(1, "killed"), reply(2, "", None)]);
    begun(&mut running, 1, vec![user(1, "running"), reply(2, "", None)]);
    for book in [&mut book, &mut running] {
        book.record(&record(1, vec![grow(2, "a zanzibarine word ")])).unwrap();
    }
    drop(book);
    assert_eq!(titles(&room.book(), "zanzibarine"), ["killed"]);
    running.record(&record(1, vec![ended(2, "a zanzibarine word")])).unwrap();
    assert_eq!(titles(&room.book(), "zanzibarine"), ["running", "killed"]);
    assert_eq!(running.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_session_comes_along_when_its_folder_was_renamed() {
    let room = Room::new();
    let mut book = room.book();
    let session = begun(&mut book, 1, vec![user(1, "hello"), ended(2, "A zanzibarine word.")]);
    drop(book);
    fs::rename(room.0.path().join("project"), room.0.path().join("renamed")).unwrap();
    let mut book = room.book_in("renamed");
    assert_eq!(titles(&book, ""), Vec::<String>::new());
    let all = book.list_all("zanzibarine", 50).unwrap();
    assert!(all.len() == 1 && all[0].folder.ends_with("/project"), "{all:?}");
    assert_eq!(book.list_all("", 50).unwrap().len(), 1);
    assert_eq!(book.open_session(Which::Numbered(session)).unwrap().summary.id, session);
    for query in ["", "hello", "zanzibarine"] {
        assert_eq!(titles(&book, query), ["hello"]);
    }
    assert_eq!(book.list("", 50).unwrap()[0].folder, files::shown(&room.0.path().join("renamed")));
    assert_eq!(book.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_store_that_stays_busy_at_the_end_is_said() {
    let room = Room::new();
    let mut book = room.book();
    begun(&mut book, 1, vec![user(1, "hello")]);
    let place = Place { folder: Some(room.folder()), days: 0, prompts: None };
    let store =
        Store::start(place, room.0.path().join("project"), Arc::new(Keys::default()), |_| {}).unwrap();
    book.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.ask(Ask::Record(Box::new(record(1, vec![user(1, "one")]))));
    assert!(!store.finish(Duration::from_millis(20)));
    book.connection.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn what_is_deleted_leaves_no_words_while_another_dictum_runs() {
    let room = Room::new();
    let (mut book, other) = (room.book(), room.book());
    let session = begun(&mut book, 1, vec![user(1, "keep nothing of zanzibarine")]);
    assert_eq!(titles(&other, "zanzibarine").len(), 1);
    book.delete(session, None).unwrap();
    for entry in fs::read_dir(room.folder()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("zanzibarine"));
    }
}
