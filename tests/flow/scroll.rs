//! Where the view stands: it follows the end, or stays on the text that the user looks at.

use crossterm::event::MouseEventKind;
use dictum::domain::exchange::{Outcome, ReplyEvent, StopReason};

use crate::app::{App, SECOND};

/// Prose in which each word is its own place: `w17`.
fn words(range: std::ops::Range<usize>) -> String {
    range.map(|number| format!("w{number} ")).collect()
}

/// The number of the first such word on the screen.
#[track_caller]
fn first_word(app: &App) -> usize {
    let screen = app.screen();
    let word = screen.split_whitespace().find_map(|word| word.strip_prefix('w')?.parse().ok());
    word.unwrap_or_else(|| panic!("no word on\n{screen}"))
}

/// A chat whose first reply is long; the view stands in the middle of it.
fn reading() -> App {
    let mut app = App::with_kb("- One\n");
    app.resize(100, 30);
    app.say("tell me all");
    app.kb_read();
    app.replies(&format!("{}\n\n{}\n\n{}", words(0..600), words(600..1_200), words(1_200..1_800)));
    app.say("and more");
    app.kb_read();
    app.keys("pageup pageup pageup");
    app
}

#[test]
fn a_new_line_is_followed_until_the_user_scrolls_and_again_after_end() {
    let mut app = reading();
    let top = first_word(&app);
    app.streams(ReplyEvent::Text("fresh news".into()));
    app.expect_not("fresh news");
    assert_eq!(first_word(&app), top);
    app.keys("end");
    app.expect("fresh news");
    app.keys("pageup");
    app.keys("ctrl+end");
    app.expect("fresh news");
    app.keys("pageup pageup");
    app.say("queued");
    app.ends(Outcome::Complete(StopReason::EndTurn));
    app.expect_not("▌ queued");
    app.keys("esc");
    app.say("sent");
    app.expect("▌ sent");
}

#[test]
fn a17_five_hundred_lines_do_not_move_the_view_and_are_counted() {
    let mut app = reading();
    let before: Vec<String> = app.screen().lines().skip(2).take(20).map(str::to_string).collect();
    app.expect("↓ more · Ctrl+End");
    for delta in 0..50 {
        let lines: String = (0..10).map(|line| format!("new line {delta}{line}  \n")).collect();
        app.streams(ReplyEvent::Text(lines));
    }
    let after: Vec<String> = app.screen().lines().skip(2).take(20).map(str::to_string).collect();
    assert_eq!(after, before);
    app.expect("↓ 500 new lines · Ctrl+End");
    app.ends(Outcome::Complete(StopReason::EndTurn));
    let after: Vec<String> = app.screen().lines().skip(2).take(20).map(str::to_string).collect();
    assert_eq!(after, before, "the end of the reply moves nothing");
}

#[test]
fn a17_the_same_text_stays_on_top_over_every_width() {
    let mut app = reading();
    let top = first_word(&app);
    assert!((300..1_500).contains(&top), "{top}");
    for round in 0..10 {
        app.resize(40, 30);
        // At 40 columns a line holds 8 words, at 200 some 40: the word is in the first line of either.
        let narrow = first_word(&app);
        assert!((top.saturating_sub(8)..=top).contains(&narrow), "round {round}: {narrow} instead of {top}");
        app.resize(200, 30);
        let wide = first_word(&app);
        assert!((top.saturating_sub(45)..=top).contains(&wide), "round {round}: {wide} instead of {top}");
    }
    app.say(&format!("/persona {SECOND}"));
    app.resize(100, 30);
    assert_eq!(first_word(&app), top);
}

#[test]
fn a17_code_lists_and_tables_keep_their_place_too() {
    let mut app = App::with_kb("- One\n");
    app.resize(100, 30);
    app.say("tell me");
    app.kb_read();
    let code: String = (0..200).map(|number| format!("call_{number}(\"{}\");\n", "x ".repeat(40))).collect();
    let list: String = (0..200).map(|number| format!("- item{number} {}\n", "y ".repeat(40))).collect();
    app.replies(&format!("{}\n\n```js\n{code}```\n\n{list}", words(0..500)));
    for _ in 0..12 {
        app.keys("pageup");
    }
    let item = |app: &App| {
        let screen = app.screen();
        let found =
            screen.split_whitespace().find(|word| word.starts_with("item") || word.starts_with("call_"));
        found.unwrap_or_else(|| panic!("{screen}")).to_string()
    };
    let before = app.screen();
    let top = item(&app);
    for columns in [40, 200, 60, 160, 41] {
        app.resize(columns, 30);
        app.expect(&top);
    }
    app.resize(100, 30);
    assert_eq!(app.screen(), before);
}

#[test]
fn scrolling_stops_at_the_first_line_and_follows_from_the_last() {
    let mut app = reading();
    app.keys("ctrl+home");
    app.expect("▌ tell me all");
    app.keys("pageup ctrl+up");
    app.expect("▌ tell me all");
    app.keys("ctrl+down");
    app.expect_not("▌ tell me all");
    for _ in 0..100 {
        app.keys("pagedown");
    }
    app.expect_not("↓ ");
    app.streams(ReplyEvent::Text("fresh news".into()));
    app.expect("fresh news");
}

#[test]
fn every_line_can_be_reached_by_the_wheel() {
    let mut app = reading();
    app.keys("ctrl+home");
    let mut seen = 0;
    for _ in 0..200 {
        let screen = app.screen();
        for word in screen.split_whitespace().filter_map(|word| word.strip_prefix('w')?.parse::<usize>().ok())
        {
            assert!(word <= seen, "skipped from {seen} to {word}");
            seen = seen.max(word + 1);
        }
        app.wheel(MouseEventKind::ScrollDown);
    }
    assert_eq!(seen, 1_800);
}

#[test]
fn the_wheel_over_a_panel_scrolls_the_panel_and_turns_at_once() {
    let mut app = reading();
    app.resize(100, 20);
    app.keys("f1");
    let top = app.screen();
    for _ in 0..100 {
        app.wheel(MouseEventKind::ScrollDown);
    }
    let end = app.screen();
    assert_ne!(end, top);
    app.wheel(MouseEventKind::ScrollUp);
    assert_ne!(app.screen(), end);
    for _ in 0..100 {
        app.wheel(MouseEventKind::ScrollUp);
    }
    assert_eq!(app.screen(), top);
}

#[test]
fn a16_letters_and_words_are_drawn_over_the_last_frame() {
    let mut app = App::with_kb("- Use npm\n");
    app.turn("hello");
    let over = |app: &mut App, what: &mut dyn FnMut(&mut App)| {
        let before = app.frames_over;
        what(app);
        app.frames_over - before
    };
    assert_eq!(over(&mut app, &mut |app| app.types("a draft")), 7, "letters draw the prompt alone");
    assert_eq!(over(&mut app, &mut |app| app.types("\n")), 0, "a line more moves the chat");
    app.keys("ctrl+u backspace ctrl+u");
    app.expect_draft("");
    assert_eq!(over(&mut app, &mut |app| app.types("/")), 0, "what completes covers the chat");
    app.keys("backspace");
    app.types("on");
    app.keys("enter");
    app.kb_read();
    app.streams(ReplyEvent::Start { id: "1".into(), model: "m".into() });
    assert_eq!(over(&mut app, &mut |app| drop(app.streams(ReplyEvent::Text("Good ".into())))), 1);
    assert_eq!(over(&mut app, &mut |app| app.types("so")), 2, "while a reply streams, too");
    app.keys("pageup");
    app.expect("so");
}
