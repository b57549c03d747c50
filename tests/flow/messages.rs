//! The menus over messages: the history and the queue; and messages that are reserved.

use dictum::app::state::{Focus, MenuOf, Overlay};
use dictum::domain::kb::Span;
use dictum::protocol::message::{Event, Prompts};

use crate::app::App;

const KB: &str = "# KB\n\n- Use npm.\n";

fn with_history(messages: &[&str]) -> App {
    let mut app = App::with_kb(KB);
    let history = messages.iter().map(|message| vec![Span::typed(*message)]).collect();
    app.send(Event::PromptsRead(Prompts { history, ..Prompts::default() }));
    app
}

/// The queue, joined.
fn waiting(app: &App) -> String {
    let words = |message: &[Span]| message.iter().map(|span| span.text.as_str()).collect::<String>();
    app.state.queue.iter().map(|waiting| words(&waiting.message)).collect::<Vec<_>>().join(" ")
}

#[test]
fn ctrl_r_searches_what_was_sent_and_enter_takes_it_into_the_draft() {
    let mut app = with_history(&["deploy to staging", "run the tests", "deploy to\nproduction", "lint"]);
    app.types("my draft");
    app.keys("ctrl+r");
    app.expect("4 of 4");
    let screen = app.screen();
    let at = |words: &str| screen.find(words).unwrap_or_else(|| panic!("no {words} on\n{screen}"));
    assert!(at("▸ lint") < at("deploy to production") && at("run the tests") < at("deploy to staging"));
    app.types("dply");
    app.expect("2 of 4");
    app.keys("esc");
    app.expect_draft("my draft");
    app.keys("ctrl+r");
    app.types("prod");
    app.keys("enter");
    app.expect_draft("deploy to\nproduction");
    // The draft that was there is not lost.
    app.keys("up up");
    app.expect_draft("my draft");
    assert!(app.chat().is_empty());
}

#[test]
fn ctrl_r_without_any_message_says_so() {
    let mut app = App::with_kb(KB);
    app.keys("ctrl+r");
    app.expect("no message was sent in this project yet");
    app.keys("alt+q");
    app.expect("nothing waits in the queue");
}

#[test]
fn a21_the_queue_is_reordered_edited_and_emptied() {
    let mut app = App::with_kb(KB);
    for words in ["busy", "alpha", "beta", "gamma"] {
        app.say(words);
    }
    app.types("draft");
    app.keys("alt+q");
    app.expect("▸ alpha");
    app.keys("alt+down");
    assert_eq!(waiting(&app), "beta alpha gamma");
    app.expect("▸ alpha");
    app.keys("down alt+up alt+up alt+up");
    assert_eq!(waiting(&app), "gamma beta alpha");
    app.keys("down delete");
    assert_eq!(waiting(&app), "gamma alpha");
    app.expect("taken out of the queue; ↑ brings it back");
    app.keys("enter");
    app.expect_draft("gamma");
    assert_eq!(waiting(&app), "alpha");
    app.types("!");
    app.keys("enter");
    assert_eq!(waiting(&app), "gamma! alpha");
    app.keys("ctrl+r");
    app.expect("beta");
    app.expect("draft");
}

/// With one, two and three in the queue, and the second of them in the prompt.
fn editing_two() -> App {
    let mut app = App::with_kb(KB);
    for words in ["busy", "one", "two", "three"] {
        app.say(words);
    }
    app.keys("alt+q down enter");
    app.expect_draft("two");
    app
}

#[test]
fn a21_an_edited_message_of_the_queue_keeps_its_place() {
    let mut app = editing_two();
    app.say(" more");
    assert_eq!(waiting(&app), "one two more three");
    // The place is given once.
    app.say("four");
    assert_eq!(waiting(&app), "one two more three four");
    app.keys("alt+q enter ctrl+u");
    app.say("first");
    assert_eq!(waiting(&app), "first two more three four");
}

#[test]
fn a21_an_edited_message_comes_first_when_those_before_it_are_sent() {
    let mut app = editing_two();
    app.kb_read();
    app.replies("Done.");
    assert_eq!(waiting(&app), "three");
    app.say(" more");
    assert_eq!(waiting(&app), "two more three");
}

#[test]
fn a21_what_is_taken_into_the_prompt_in_its_place_is_no_edited_message() {
    let mut app = editing_two();
    app.keys("alt+up");
    app.expect_draft("three");
    app.keys("enter");
    assert_eq!(waiting(&app), "one three");
    let mut app = editing_two();
    app.keys("ctrl+r down enter enter");
    assert!(waiting(&app).starts_with("one three "), "{}", waiting(&app));
}

#[test]
fn the_filter_of_a_menu_is_edited_like_a_line() {
    let mut app = with_history(&["first thing", "second thing"]);
    app.keys("ctrl+r");
    app.types("zz");
    app.keys("ctrl+u");
    app.types("second");
    app.expect("1 of 2");
    app.keys("backspace ctrl+w");
    app.expect("2 of 2");
    app.types("first thi");
    app.keys("ctrl+w");
    app.types("thi");
    app.expect("› first thi");
    app.expect("1 of 2");
    app.keys("enter");
    app.expect_draft("first thing");
}

#[test]
fn a21_the_open_queue_follows_what_is_sent() {
    let mut app = App::with_kb(KB);
    for words in ["busy", "alpha", "beta"] {
        app.say(words);
    }
    app.kb_read();
    app.keys("alt+q down");
    app.expect("▸ beta");
    app.replies("Done.");
    app.expect("1 of 1");
    app.expect("▸ beta");
    app.kb_read();
    app.replies("Done.");
    assert!(matches!(app.state.focus, Focus::Prompt), "an empty queue closes");
    assert!(!matches!(app.state.focus, Focus::Overlay(Overlay::Menu(MenuOf::Queue, _))));
}

#[test]
fn an_exclamation_mark_at_the_start_is_reserved() {
    let mut app = App::with_kb(KB);
    assert!(app.say("!ls -l").is_empty());
    app.expect("! at the start is kept for running commands");
    app.expect_draft("!ls -l");
    app.keys("home");
    app.types(" ");
    app.keys("enter");
    assert_eq!(app.chat(), "you:  !ls -l\n");
}
