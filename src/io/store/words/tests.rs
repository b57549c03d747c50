//! Words inside runs of letters: what a search finds, and what is gone with what was deleted.

use std::fs;
use std::sync::Arc;

use rusqlite::Connection;

use crate::domain::session::SessionId;
use crate::io::providers::Keys;
use crate::io::store::file;
use crate::io::store::tests::{Room, begun, ended, record, reply, titles, user};
use crate::io::store::write::Book;
use crate::protocol::sessions::{Change, Which};

/// A session for each reply, called by its number.
fn kept(room: &Room, replies: &[&str]) -> Book {
    let mut book = room.book();
    for (at, words) in (1..).zip(replies) {
        begun(&mut book, at, vec![user(1, &format!("s{at}")), ended(2, words)]);
    }
    book
}

#[test]
fn a_word_inside_a_run_is_found_in_each_script_without_blanks() {
    let room = Room::new();
    let book = kept(
        &room,
        &[
            "我们每周部署一次。",
            "マイグレーションを実行します",
            "배포는 매주 한다",
            "เราจะติดตั้งที่นี่ทุกสัปดาห์",
            "署 and 部",
        ],
    );
    for (query, found) in [
        ("部署", "s1"),
        ("周部署一次", "s1"),
        ("グレー", "s2"),
        ("実行", "s2"),
        ("배포", "s3"),
        ("배포는", "s3"),
        ("ติดตั้ง", "s4"),
        ("ที่นี่", "s4"),
        ("次", "s1"),
        ("行", "s2"),
    ] {
        assert_eq!(titles(&book, query), [found], "{query}");
    }
    assert_eq!(titles(&book, "署"), ["s5", "s1"]);
    for nothing in ["署部", "次部署", "部次", "배는", "ติดที่", "部署 実行", "部 zebra"]
    {
        assert_eq!(titles(&book, nothing), Vec::<String>::new(), "{nothing}");
    }
}

#[test]
fn a_run_and_other_words_are_sought_together() {
    let room = Room::new();
    let book = kept(&room, &["the API 部署 of today", "新しいAPI部署café", "部署 alone", "the API alone"]);
    assert_eq!(titles(&book, "API 部署"), ["s2", "s1"]);
    assert_eq!(titles(&book, "部署 ap"), ["s2", "s1"]);
    assert_eq!(titles(&book, "api部署"), ["s2", "s1"]);
    assert_eq!(titles(&book, "部署 CAFE"), ["s2"]);
    // A word may go on where it is the last one, and only there.
    assert_eq!(titles(&book, "ap 部署"), Vec::<String>::new());
    assert_eq!(titles(&book, "部署 a"), Vec::<String>::new());
    // A word that stands beside a run without a blank is one of its own.
    assert_eq!(titles(&book, "api"), ["s4", "s2", "s1"]);
    assert_eq!(titles(&book, "cafe"), ["s2"]);
}

#[test]
fn no_word_reaches_over_a_sign_or_from_one_run_to_the_next() {
    let room = Room::new();
    let book = kept(&room, &["部署。一次", "部\n署", "部 署", "部v署"]);
    assert_eq!(titles(&book, "署一"), Vec::<String>::new());
    assert_eq!(titles(&book, "部署"), ["s1"]);
    assert_eq!(titles(&book, "部。署"), ["s4", "s3", "s2", "s1"]);
}

#[test]
fn signs_and_marks_of_any_script_never_fail_a_search() {
    let room = Room::new();
    let book = kept(&room, &["हिन्दी में तैनाती", "cafe\u{301} 部署", "\u{30000}\u{2fa1d}部"]);
    let strange = [
        "\u{e31}",
        "ๆ",
        "฿",
        "\u{301}",
        "\u{93f}",
        "部\"署",
        "\u{30000}",
        "\u{1e900}",
        "〇",
        "ー",
        "*部*",
        "हिन्दी",
    ];
    for query in strange {
        book.list(query, 50).unwrap_or_else(|error| panic!("{query:?}: {error}"));
        book.list_all(query, 50).unwrap_or_else(|error| panic!("{query:?} everywhere: {error}"));
    }
    assert_eq!(titles(&book, "部署"), ["s2"]);
    assert_eq!(titles(&book, "\u{2fa1d}部"), ["s3"]);
    assert_eq!(titles(&book, "cafe\u{301} 部"), ["s2"]);
    assert_eq!(titles(&book, "हिन्दी तै"), ["s1"]);
    assert_eq!(titles(&book, "हिन्दु"), Vec::<String>::new());
}

#[test]
fn a_title_is_found_by_a_part_of_its_run_and_the_words_around_are_shown() {
    let room = Room::new();
    let mut book = room.book();
    begun(&mut book, 1, vec![user(1, "数据库迁移计划")]);
    let long = format!("{}数据库部署在周五{}", "前".repeat(200), "后".repeat(200));
    begun(&mut book, 2, vec![user(1, "other"), ended(2, &long)]);
    assert_eq!(titles(&book, "库迁"), ["数据库迁移计划"]);
    assert_eq!(titles(&book, "数据库"), ["数据库迁移计划", "other"]);
    let found = book.list("部署", 50).unwrap();
    assert!(found[0].words.starts_with("… 前") && found[0].words.contains("数据库部署在周五后"), "{found:?}");
}

#[test]
fn what_is_deleted_changed_or_dropped_is_found_no_more() {
    let room = Room::new();
    let mut book = room.book();
    let first = begun(&mut book, 1, vec![user(1, "one"), ended(2, "我们部署")]);
    begun(&mut book, 2, vec![user(1, "two"), ended(2, "我们迁移"), user(3, "我们回滚")]);
    book.record(&record(
        2,
        vec![ended(2, "我们测试"), Change::Drop { entry: crate::domain::chat::EntryId(3) }],
    ))
    .unwrap();
    for (query, found) in [("迁移", 0), ("回滚", 0), ("测试", 1), ("部署", 1), ("我们", 2)] {
        assert_eq!(titles(&book, query).len(), found, "{query}");
    }
    book.delete(first, None).unwrap();
    assert_eq!(titles(&book, "部署"), Vec::<String>::new());
    assert_eq!(titles(&book, "我们"), ["two"]);
    assert_eq!(book.check().unwrap(), Vec::<String>::new());
    // Nor does the index hold its letters any more.
    let left = "SELECT count(*) FROM letters WHERE letters MATCH '\"部\"'";
    let left: i64 = book.connection.query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_reply_that_was_cut_and_a_session_that_moved_are_found_by_a_run() {
    let room = Room::new();
    let mut book = room.book();
    begun(&mut book, 1, vec![user(1, "one"), reply(2, "我们每周部署 一", None)]);
    drop(book);
    assert_eq!(titles(&room.book(), "部署"), ["one"]);
    let moved = room.0.path().join("moved");
    fs::rename(room.0.path().join("project"), &moved).unwrap();
    let mut book = Book::open(&room.folder(), &moved, Arc::new(Keys::default())).unwrap();
    assert_eq!(titles(&book, "部署"), Vec::<String>::new());
    book.open_session(Which::Numbered(SessionId(1))).unwrap();
    assert_eq!(titles(&book, "部署"), ["one"]);
}

/// Takes a store back to the format before the letters.
fn of_before(connection: &Connection) {
    super::teach(connection).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER letters_in; DROP TRIGGER letters_out; DROP TRIGGER letters_text; DROP TABLE letters;
             PRAGMA user_version = 2;",
        )
        .unwrap();
}

#[test]
fn a_store_of_before_is_filled_and_texts_without_runs_take_no_room_in_it() {
    let room = Room::new();
    let mut book = kept(&room, &["我们每周部署一次", "we deploy each week"]);
    drop(book);
    of_before(&Connection::open(room.file()).unwrap());
    book = room.book();
    assert_eq!(titles(&book, "部署"), ["s1"]);
    assert_eq!(titles(&book, "deploy"), ["s2"]);
    let rows = "SELECT count(*) FROM letters_docsize";
    let rows: i64 = book.connection.query_row(rows, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
    book.delete(SessionId(1), None).unwrap();
    assert_eq!(titles(&book, "部署"), Vec::<String>::new());
    assert_eq!(file::path(&room.folder()), room.file());
    assert_eq!(book.check().unwrap(), Vec::<String>::new());
}

#[test]
fn letters_in_circles_are_signs() {
    let room = Room::new();
    let book = kept(&room, &["step aⓐb of the plan", "🄰 and 🅱 and b"]);
    for (query, found) in
        [("aⓐb", &["s1"][..]), ("ⓐ plan", &["s1"]), ("b🅱", &["s2", "s1"]), ("🄰b🄰zebra", &[])]
    {
        assert_eq!(titles(&book, query), found, "{query}");
    }
}
