//! Reading the chat: search, marks, copies, folds. What is copied is what was said.

use dictum::domain::exchange::ReplyEvent;
use dictum::protocol::message::{Effect, Event};

use crate::app::{App, copied};

const KB: &str = "- One\n";

const REPLY: &str = "Here:\n\n```ts\nconst a\t= 1\n```\n\nand then\n\n1. do\n   ```sh\n   npm  ci\n   ```\n";

/// A chat of three turns; the second has code, the third thinking.
fn chat() -> App {
    let mut app = App::with_kb(KB);
    app.resize(80, 24);
    app.turn("the first needle of mine");
    app.say("show me code");
    app.kb_read();
    app.replies(REPLY);
    app.say("think about it");
    app.kb_read();
    app.streams(ReplyEvent::Thinking("a Needle in the\nthinking".into()));
    let long: String = (0..60).map(|number| format!("paragraph {number} of many\n\n")).collect();
    app.replies(&format!("{long}the last needle"));
    app
}

#[test]
fn a_search_goes_from_the_newest_match_to_the_others_and_round() {
    let mut app = chat();
    app.keys("ctrl+f");
    app.types("needle");
    app.expect("/needle  2 of 2");
    app.expect("the last needle");
    app.keys("enter n");
    app.expect("/needle  1 of 2");
    app.expect("▌ the first needle of mine");
    app.keys("N");
    app.expect("the last needle");
    app.keys("esc");
    app.expect_not("/needle");
    app.types("my draft");
    app.expect("my draft");
}

#[test]
fn thinking_is_searched_where_it_is_unfolded() {
    let mut app = chat();
    app.keys("ctrl+f");
    app.types("needle in the");
    app.expect("/needle in the  no match");
    app.keys("ctrl+o");
    app.expect("/needle in the  1 of 1");
    app.keys("esc");
    app.keys("ctrl+f");
    app.types("needle");
    app.expect("/needle  3 of 3");
    app.keys("enter n n");
    app.expect("/needle  2 of 3");
    app.expect("┊ a Needle in the");
    app.keys("o");
    app.expect("/needle  2 of 2");
    app.expect_not("┊ a Needle in the");
    app.keys("N");
    app.expect("/needle  1 of 2");
    app.keys("ctrl+o");
    app.expect("/needle  1 of 3");
}

#[test]
fn thinking_words_over_the_end_of_a_line_are_found() {
    let mut app = App::with_kb(KB);
    app.resize(40, 12);
    app.say("tell me");
    app.kb_read();
    let before: String = (0..20).map(|number| format!("thought {number}\n")).collect();
    let thought = format!("{before}a long thought that goes on and on until the line ends");
    app.streams(ReplyEvent::Thinking(thought));
    app.replies(&"word\n\n".repeat(20));
    app.keys("ctrl+o ctrl+f");
    app.types("goes on and on until");
    app.expect("1 of 1");
    let marked = app.reversed();
    assert_eq!(
        marked.split_whitespace().collect::<Vec<_>>().join(" "),
        "goes on and on until",
        "{}",
        app.screen()
    );
}

#[test]
fn words_over_the_end_of_a_line_are_marked_on_both() {
    let mut app = App::with_kb(KB);
    app.resize(40, 24);
    app.say("tell me");
    app.kb_read();
    app.replies("> a quoted text that goes on and on until the line ends in the middle of it\n\n日本語の line ends in it");
    app.keys("ctrl+f");
    app.types("on and on until the line ends");
    app.expect("1 of 1");
    let marked = app.reversed();
    assert_eq!(
        marked.split_whitespace().collect::<Vec<_>>().join(" "),
        "on and on until the line ends",
        "{marked}"
    );
    assert!(marked.lines().count() == 2, "over two rows: {marked}\n{}", app.screen());
}

#[test]
fn a_search_begins_over_an_older_notice() {
    let mut app = chat();
    app.say("/nothing");
    app.expect("there is no command /nothing");
    app.keys("ctrl+u ctrl+f");
    app.types("needle");
    app.keys("enter");
    app.expect("/needle  2 of 2");
    app.keys("y");
    app.send(Event::Copied { what: "the reply".into(), way: Ok("xclip".into()) });
    app.expect("copied the reply");
    app.keys("n");
    app.expect("/needle  1 of 2");
}

#[test]
fn a_search_without_a_match_says_so_and_keeps_the_place() {
    let mut app = chat();
    app.keys("pageup pageup");
    let before = app.screen();
    app.keys("ctrl+f");
    app.types("zebra");
    app.expect("/zebra  no match");
    app.keys("enter");
    app.expect("nothing in the chat says that");
    app.keys("esc");
    app.after(10_000);
    assert_eq!(app.screen(), before);
}

#[test]
fn a17_whoever_reads_is_not_carried_on_by_new_text() {
    let mut app = chat();
    app.say("more");
    app.kb_read();
    app.streams(ReplyEvent::Text("begin\n\n".into()));
    app.keys("f4");
    let top = |app: &App| app.screen().lines().skip(2).take(15).map(str::to_string).collect::<Vec<_>>();
    let before = top(&app);
    for number in 0..40 {
        app.streams(ReplyEvent::Text(format!("line {number}\n\n")));
    }
    assert_eq!(top(&app), before);
    app.expect("new lines");
}

#[test]
fn keys_go_from_one_message_of_mine_to_the_other() {
    let mut app = chat();
    app.keys("alt+pageup");
    app.expect("▌ think about it");
    app.keys("alt+pageup");
    app.expect("▌ show me code");
    app.keys("alt+pageup");
    app.expect("▌ the first needle of mine");
    app.keys("alt+pageup");
    app.expect("there is no message of yours before");
    app.keys("alt+pagedown alt+pagedown alt+pagedown alt+pagedown");
    app.expect("the last needle");
}

#[test]
fn a24_messages_and_code_blocks_are_copied_as_they_were_written() {
    let mut app = chat();
    app.keys("f4 [ [");
    assert_eq!(app.keys("y"), [copied("the reply", REPLY)]);
    assert_eq!(app.keys("1"), [copied("code block 1", "const a\t= 1\n")]);
    assert_eq!(app.keys("2"), [copied("code block 2", "npm  ci\n")]);
    assert!(app.keys("3").is_empty());
    app.expect("its code blocks are 1 to 2");
    app.keys("[");
    assert_eq!(app.keys("y"), [copied("your message", "show me code")]);
    app.send(Event::Copied { what: "your message".into(), way: Ok("xclip".into()) });
    app.expect("copied your message (xclip)");
    app.send(Event::Copied { what: "your message".into(), way: Err("it has 900 kB.".into()) });
    app.keys("esc ctrl+end");
    app.expect("your message was not copied: it has 900 kB.");
}

#[test]
fn a24_line_ends_of_a_code_block_are_copied_as_they_were_written() {
    let mut app = App::with_kb(KB);
    app.say("hello");
    app.kb_read();
    app.replies(concat!(
        "```\r\nline1\r\n\r\n\tline2\r\nmixed\nlast\r\n```\r\n\r\n",
        "- item\r\n\r\n  ```sh\r\n  npm\r\n    ci\r\n  ```\r\n\r\n",
        "> ```\r\n> quoted\r\n>\r\n> end\r\n> ```\r\n\r\ntext\r\n\r\n",
        "    indented\r\n    code\r\n\r\n",
        "```\r\nopen\r\n",
    ));
    for (number, code) in [
        (1, "line1\r\n\r\n\tline2\r\nmixed\nlast\r\n"),
        (2, "npm\r\n  ci\r\n"),
        (3, "quoted\r\n\r\nend\r\n"),
        (4, "indented\r\ncode\r\n"),
        (5, "open\r\n"),
    ] {
        assert_eq!(app.say(&format!("/copy {number}")), [copied(&format!("code block {number}"), code)]);
    }
}

#[test]
fn a24_copy_with_a_number_takes_a_code_block_of_the_last_reply() {
    let mut app = App::with_kb(KB);
    app.say("hello");
    app.kb_read();
    app.replies(REPLY);
    assert_eq!(app.say("/copy 2"), [copied("code block 2", "npm  ci\n")]);
    assert!(app.say("/copy x").is_empty());
    app.expect("name a code block by its number");
}

#[test]
fn thinking_is_folded_until_it_is_asked_for() {
    let mut app = chat();
    app.keys("f4 ctrl+home");
    for _ in 0..12 {
        app.keys("down");
    }
    app.expect("thought about it in 5 words");
    app.expect_not("Needle in the");
    app.keys("o");
    app.expect("┊ a Needle in the");
    app.keys("o");
    app.expect_not("Needle in the");
    app.keys("ctrl+o");
    app.expect("┊ thinking");
}

#[test]
fn a_message_is_opened_as_it_was_written() {
    let mut app = chat();
    app.keys("f4 [ [ v");
    app.expect("As it was written");
    app.expect("```sh");
    app.keys("esc f4 [ [");
    match app.keys("e").as_slice() {
        [Effect::EditExternally { task, text }] => {
            assert_eq!(text, REPLY);
            let (task, result) = (*task, Ok("changed".to_string()));
            app.send(Event::Edited { task, result });
            app.expect_not("changed");
        }
        other => panic!("{other:?}"),
    }
}
