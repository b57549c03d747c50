//! What reaches the screen, the clipboard and the model: nothing hostile, nothing secret, at no size a panic.

use dictum::app::state::Start;
use dictum::domain::exchange::{Endpoint, ReplyEvent};

use crate::app::{App, FIRST, copied, endpoint, files, library, read};

const KB: &str = "# KB\n\n- Use npm.\n- Dates are in UTC.\n";

/// Reverses what follows it in a terminal that obeys it; and a character that shows nothing.
const HOSTILE: &str = "abc\u{202e}def\u{e0041}\u{200b}";

#[track_caller]
fn is_clean(app: &App) {
    let screen = app.screen();
    let bad = |letter: char| matches!(letter, '\u{202e}' | '\u{200b}' | '\u{e0041}' | '\u{1b}' | '\u{7}');
    assert!(!screen.contains(bad), "{screen:?}");
}

fn with_endpoint(endpoint: Endpoint) -> App {
    App::begin(Start {
        columns: 100,
        rows: 30,
        theme: dictum::draw::theme::Theme::dark(),
        library: library(&files()),
        persona: FIRST.into(),
        snapshot: read(KB),
        endpoint,
        search: dictum::app::state::Search::Done,
        max_tokens: 1_000,
        warnings: vec![format!("warning\t{HOSTILE}")],
    })
}

#[test]
fn a30_names_from_servers_and_files_are_shown_harmless() {
    let hostile = Endpoint {
        provider: format!("own {HOSTILE}"),
        model: format!("model {HOSTILE}"),
        models: vec![format!("model {HOSTILE}")],
        ..endpoint()
    };
    let mut app = with_endpoint(hostile);
    is_clean(&app);
    app.say("/model");
    is_clean(&app);
    app.keys("esc");
    app.say("hello");
    app.kb_read();
    is_clean(&app);
    app.streams(ReplyEvent::Retry {
        attempt: 1,
        seconds: 3,
        cause: format!("busy\u{1b}]0;x\u{7} {HOSTILE}"),
    });
    is_clean(&app);
    app.expect("busy");
}

#[test]
fn a30_a_heading_of_kb_md_is_harmless_on_the_card_and_in_the_review() {
    let mut app = App::with_kb(&format!("# KB\n\n## Formatting {HOSTILE}\n\n- Use two spaces in YAML.\n"));
    app.turn("from now on formatting is done with prettier");
    app.expect_card("Formatting");
    is_clean(&app);
    app.keys("ctrl+k");
    is_clean(&app);
}

#[test]
fn a_long_heading_leaves_the_rule_on_the_card() {
    let mut app = App::with_kb(&format!(
        "# KB\n\n## Formatting {}\n\n- Use two spaces in YAML.\n",
        "of code ".repeat(30)
    ));
    app.turn("from now on formatting is done with prettier");
    app.expect_card("Formatting is done with");
    app.expect_card("Ctrl+K reviews");
}

#[test]
fn tabs_keep_their_width_in_notices_and_decisions() {
    let mut app = with_endpoint(endpoint());
    app.expect("warning abc");
    app.state.log.push(dictum::domain::chat::Body::Decision {
        level: dictum::domain::chat::Level::Good,
        summary: "Saved".into(),
        diff: "+\tdeep".into(),
    });
    app.draw();
    app.expect("+   deep");
}

#[test]
fn a30_a_copy_holds_no_control_characters_and_else_every_byte() {
    let mut app = App::with_kb(KB);
    app.say("hello");
    app.kb_read();
    app.replies("a\tb\r\n\u{1b}[201~rm -rf /\u{7} \u{9b}c é 👩‍💻");
    let effects = app.say("/copy");
    assert_eq!(effects, [copied("the last reply", "a\tb\r\n[201~rm -rf / c é 👩‍💻")]);
}

#[test]
fn a_secret_that_only_waits_for_review_is_not_sent() {
    let mut app = App::with_kb(KB);
    app.say("/remember the token is ghp_abcdefghij0123456789ABCDEFGHIJ");
    app.kb_read();
    assert_eq!(app.waiting().len(), 1);
    app.turn("hello");
    assert!(!app.system().contains("ghp_"), "{}", app.system());
}

#[test]
fn a22_no_size_makes_a_panic_whatever_is_open() {
    let mut app = App::with_kb(KB);
    app.turn("from now on use pnpm 日本語 👩‍💻");
    app.say("running\nin lines");
    app.kb_read();
    app.streams(ReplyEvent::Text(
        "# Title\n\n| a | b |\n|---|---|\n| 日本 | x |\n\n```js\n\tlet x;\n```\n".repeat(3),
    ));
    for message in ["one", "two 日本", "three", "four"] {
        app.say(message);
    }
    let shows: [&str; 9] = ["", "f1", "f2", "f3", "ctrl+p", "ctrl+k", "ctrl+k e", "ctrl+k R", "/ d"];
    for keys in shows {
        app.resize(80, 24);
        app.keys("esc ctrl+c");
        for key in keys.split_whitespace() {
            app.keys(key);
            app.after(600);
        }
        app.keys("pageup");
        for columns in [0, 1, 2, 3, 4, 5, 6, 7, 10, 19, 20, 21, 39, 40, 41, 61, 90, 137] {
            for rows in [0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 16, 40] {
                app.resize(columns, rows);
                app.keys("up down");
            }
        }
    }
}
