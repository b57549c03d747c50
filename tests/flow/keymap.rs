//! Keys that the settings give: they do what they are given for, and every hint names them.

use dictum::domain::settings::{self, Scope};
use dictum::protocol::action::ACTIONS;
use dictum::protocol::keymap::{Keyboard, Keymap};
use dictum::protocol::message::Effect;

use crate::app::{App, key};

const KB: &str = "# KB\n\n- Use npm.\n";

/// An app with this `[keys]` table.
fn with_keys(keys: &str) -> App {
    let (values, warnings) = settings::parse("config.toml", &format!("[keys]\n{keys}"), Scope::User);
    assert!(warnings.is_empty(), "{warnings:?}");
    let mut app = App::with_kb(KB);
    let (keymap, warnings) = Keymap::build(ACTIONS, &values.keys.unwrap());
    assert!(warnings.is_empty(), "{warnings:?}");
    app.state.tools.keymap = keymap;
    app
}

#[test]
fn hints_name_the_keys_that_work() {
    let keys = r#"
        review = ["f7"]
        palette = ["f8"]
        help = ["f10"]
        personas = ["f12"]
        "prompt.send" = ["f11"]
        "prompt.stop" = ["f5"]
        "prompt.unqueue" = ["f16"]
        mouse = ["alt+m"]
        "pager.close" = ["x"]
        unfold = ["alt+u"]
        "review.accept" = ["y"]
        "review.reject" = ["x"]
        "review.leave" = ["q"]
    "#;
    let mut app = with_keys(keys);
    app.resize(120, 40);
    app.expect("F7 shows the edit of KB.md");
    app.expect("F12 personas   F8 everything   F10 all keys");
    app.expect("F11 send  F8 everything  F12 personas  F10 help");
    app.types("hello");
    app.keys("f11");
    app.kb_read();
    app.expect("F5 stops");
    app.expect("Type on; F11 queues the message");
    app.types("next");
    app.keys("f11");
    app.expect("F16 takes it back");
    app.keys("f16");
    app.expect_draft("next");
    app.keys("f5 ctrl+c");
    app.types("from now on use pnpm");
    app.keys("f11");
    app.kb_read();
    app.keys("f5");
    app.expect("F7 reviews");
    app.keys("f7");
    app.after(600);
    app.expect("y accept");
    app.expect("x reject");
    app.expect("q leave pending");
    app.expect("F10 all keys");
    app.expect("q comes back here");
    app.keys("z");
    app.expect("y accepts, e edits, x rejects, q goes back to the draft");
    app.keys("x");
    app.expect("▸ Alt+U");
    app.keys("alt+m");
    app.expect("the terminal has the mouse now; Alt+M gives it back to dictum");
    app.keys("f10");
    app.expect("x closes");
    app.expect("look at the edit with F7");
    app.keys("x");
    app.expect_not("x closes");
}

#[test]
fn an_action_without_keys_is_named_nowhere_as_if_it_had_one() {
    let mut app = with_keys("help = []\npersonas = []\nreview = []\n\"prompt.send\" = []\nmouse = []");
    app.resize(120, 40);
    app.expect("  Ctrl+P everything");
    let screen = app.screen();
    for key in ["F1", "F2", "F9", "Ctrl+K", "Enter"] {
        assert!(!screen.contains(key), "{key}\n{screen}");
    }
    app.keys("f1 f2 f9 ctrl+k enter");
    assert_eq!(app.screen(), screen);
    app.keys("ctrl+p");
    app.expect("Hand the mouse to the terminal");
}

#[test]
fn a23_shift_enter_is_told_once_the_terminal_has_shown_it() {
    let mut app = App::with_kb(KB);
    app.resize(120, 60);
    app.keys("f1");
    let line = |app: &App| app.screen().lines().find(|line| line.contains("New line")).unwrap().to_string();
    assert!(line(&app).contains("Alt+Enter  Ctrl+J"), "{}", line(&app));
    app.expect_not("Shift+Enter");
    app.keys("esc shift+enter f1");
    app.expect_draft("\n");
    assert!(line(&app).contains("Shift+Enter  Alt+Enter"), "{}", line(&app));
    assert_eq!(app.state.tools.keymap.keyboard, Keyboard::Full);
}

#[test]
fn the_second_key_that_chooses_chooses_the_second_thing() {
    let keys: Vec<&str> = ACTIONS.iter().find(|row| row.id == "review.pick").unwrap().keys.to_vec();
    assert_eq!(keys, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let mut app = with_keys("\"review.pick\" = [\"f5\", \"f16\"]");
    app.turn("from now on use pnpm");
    app.keys("ctrl+k");
    app.after(600);
    app.keys("f16");
    app.expect("there is no row 2 to choose");
}

#[test]
fn ctrl_c_may_be_another_key() {
    let mut app = with_keys("interrupt = [\"f11\"]");
    app.send(dictum::protocol::message::Event::Key(key("ctrl+c")));
    app.expect_not("again quits");
    app.keys("f11");
    app.expect("F11 again quits");
    assert_eq!(app.keys("f11"), [Effect::Quit]);
}
