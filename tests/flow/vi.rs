//! The keys of vi in the prompt, as they meet everything else: sending, stopping, the queue, the help.

use dictum::domain::exchange::ReplyEvent;
use dictum::panels::prompt::vi::{HELP, Mode, Vi};
use dictum::protocol::message::{CaretShape, Effect};

use crate::app::{App, copied};

const KB: &str = "- One\n";

fn with_vi() -> App {
    let mut app = App::with_kb(KB);
    app.state.prompt.vi = Some(Vi::default());
    app.draw();
    app
}

fn mode(app: &App) -> Mode {
    app.state.prompt.vi.as_ref().unwrap().mode()
}

#[test]
fn the_mode_is_told_in_words_and_by_the_caret() {
    let mut app = with_vi();
    let shape = |app: &App| dictum::app::vi::caret_shape(&app.state);
    app.expect(" INSERT ╮");
    assert_eq!(shape(&app), Some(CaretShape::Bar));
    app.types("one two");
    app.keys("esc");
    app.expect(" NORMAL ╮");
    assert_eq!(shape(&app), Some(CaretShape::Block));
    app.keys("2 d");
    app.expect(" NORMAL 2d ╮");
    app.keys("esc v");
    app.expect(" VISUAL ╮");
    app.keys("esc V");
    app.expect(" VISUAL LINE ╮");
    app.keys("esc");
    app.resize(80, 8);
    app.expect(" NORMAL · openai");
    app.state.prompt.vi = None;
    app.resize(80, 24);
    app.expect_not("NORMAL");
    assert_eq!(shape(&app), None);
}

#[test]
fn a21_the_first_escape_stops_nothing_and_the_second_does() {
    let mut app = with_vi();
    app.say("tell me");
    app.kb_read();
    app.streams(ReplyEvent::Text("begin ".into()));
    app.types("next one");
    assert_eq!(app.keys("esc"), []);
    assert_eq!(mode(&app), Mode::Normal);
    app.expect("Esc stops");
    app.expect_draft("next one");
    assert!(app.keys("esc").iter().any(|effect| matches!(effect, Effect::Cancel { .. })));
    app.expect_draft("next one");
}

#[test]
fn enter_sends_in_both_modes_and_a_new_draft_begins_in_insert_mode() {
    let mut app = with_vi();
    app.types("first message");
    app.keys("esc b d w");
    app.keys("enter");
    app.kb_read();
    app.replies("Done.");
    app.expect("▌ first");
    assert_eq!(mode(&app), Mode::Insert);
    app.types("second");
    app.keys("enter");
    app.expect("▌ second");
}

#[test]
fn what_is_not_a_key_of_vi_does_what_it_does_elsewhere() {
    let mut app = with_vi();
    app.types("one two");
    app.keys("esc 0 d w");
    app.expect_draft("two");
    app.keys("u ctrl+r");
    app.expect_draft("two");
    app.keys("backspace delete");
    app.expect_draft("wo");
    app.keys("end");
    assert_eq!(app.state.prompt.editor.caret(), 1, "the caret stands on a letter");
    app.keys("f1");
    app.expect(" Help ");
    app.keys("esc");
    app.expect_draft("wo");
    app.keys("i ctrl+r");
    app.expect("no message was sent in this project yet");
}

#[test]
fn what_is_selected_is_shown_and_copied() {
    let mut app = with_vi();
    app.types("one two");
    app.keys("esc b v e");
    assert_eq!(app.state.prompt.selection(), Some(4..7));
    assert_eq!(app.keys("ctrl+c"), [copied("1 line of the draft", "two")]);
    assert_eq!(mode(&app), Mode::Normal);
    app.keys("0 shift+right shift+right d");
    app.expect_draft("e two");
}

#[test]
fn letters_from_the_chat_go_on_as_commands_in_normal_mode() {
    let mut app = with_vi();
    app.turn("hello");
    app.types("one two");
    app.keys("esc f4 x");
    app.expect_draft("one tw");
}

#[test]
fn the_help_lists_the_commands_where_they_hold() {
    let mut app = with_vi();
    app.resize(120, 250);
    app.keys("f1");
    for (keys, sentence) in HELP {
        app.expect(keys);
        app.expect(sentence);
    }
    app.keys("esc");
    app.state.prompt.vi = None;
    app.keys("f1");
    app.expect_not("vi in the prompt");
}
