//! What the prompt holds is kept for the next start, and comes back from an earlier one.

use dictum::app::state::Storing;
use dictum::domain::kb::Span;
use dictum::protocol::message::{Effect, Event, Prompts};

use crate::app::App;

const KB: &str = "# KB\n\n- Use npm.\n";

fn saved() -> App {
    let mut app = App::with_kb(KB);
    app.state.recording.storing = Storing::On;
    app
}

fn typed(text: &str) -> Vec<Span> {
    vec![Span::typed(text)]
}

/// What was asked to be written while this long a time passed, tick by tick.
fn writes(app: &mut App, millis: u64) -> Vec<Effect> {
    let before = app.effects.len();
    for _ in 0..millis / 50 {
        app.after(50);
    }
    let kept = |effect: &&Effect| matches!(effect, Effect::Remember { .. } | Effect::KeepDraft { .. });
    app.effects[before..].iter().filter(kept).cloned().collect()
}

fn draft(drafts: &[&str], queue: &[&str]) -> Effect {
    let all = |texts: &[&str]| texts.iter().map(|text| typed(text)).collect();
    Effect::KeepDraft { drafts: all(drafts), queue: all(queue) }
}

#[test]
fn a21_a_draft_is_kept_shortly_after_the_last_key_and_nothing_is_written_at_rest() {
    let mut app = saved();
    assert_eq!(app.state.next_tick(), None);
    app.types("half a th");
    assert_eq!(app.state.next_tick(), Some(app.state.screen.now + 120));
    assert_eq!(writes(&mut app, 100), []);
    app.types("ought");
    assert_eq!(writes(&mut app, 100), []);
    assert_eq!(writes(&mut app, 50), [draft(&["half a thought"], &[])]);
    assert_eq!(app.state.next_tick(), None);
    app.keys("left home end f1 esc");
    assert_eq!(writes(&mut app, 10_000), []);
}

#[test]
fn a21_who_types_without_a_pause_is_kept_too() {
    let mut app = saved();
    let mut kept = Vec::new();
    for _ in 0..30 {
        app.types("x");
        kept.extend(writes(&mut app, 100));
    }
    assert_eq!(kept.len(), 6, "{kept:?}");
}

#[test]
fn a21_what_was_sent_goes_to_the_history_and_its_draft_goes() {
    let mut app = saved();
    app.say("hello");
    app.say("and then");
    assert_eq!(
        writes(&mut app, 600),
        [Effect::Remember { messages: vec![typed("hello"), typed("and then")] }, draft(&[], &["and then"])]
    );
    app.kb_read();
    app.replies("Done.");
    assert_eq!(writes(&mut app, 600), [draft(&[], &[])]);
}

#[test]
fn a21_the_draft_behind_a_recalled_message_is_kept() {
    let mut app = saved();
    app.turn("one");
    app.types("draft");
    app.keys("home up");
    app.expect_draft("one");
    assert_eq!(writes(&mut app, 600).last(), Some(&draft(&["draft"], &[])));
    app.types("!");
    assert_eq!(writes(&mut app, 600).last(), Some(&draft(&["draft", "one!"], &[])));
}

#[test]
fn a21_an_earlier_session_comes_back_with_a_note() {
    let mut app = saved();
    app.send(Event::PromptsRead(Prompts {
        history: vec![typed("old one"), typed("old two")],
        drafts: vec![typed("older draft"), typed("a draft\nof two lines")],
        queue: vec![typed("queued")],
    }));
    app.expect_draft("a draft\nof two lines");
    app.expect("your draft is back (2 lines) · 1 queued message(s) wait");
    app.expect("queued  queued");
    app.keys("home home up");
    app.keys("up up");
    app.expect_draft("old two");
    app.keys("down down");
    app.expect_draft("a draft\nof two lines");
    // It is this session's now.
    assert_eq!(
        writes(&mut app, 600),
        [
            Effect::Remember { messages: vec![typed("older draft")] },
            draft(&["a draft\nof two lines"], &["queued"])
        ]
    );
}

#[test]
fn a21_what_comes_back_does_not_touch_what_is_being_typed_and_is_not_sent_by_itself() {
    let mut app = saved();
    app.say("hello");
    app.types("new words");
    app.send(Event::PromptsRead(Prompts {
        history: Vec::new(),
        drafts: vec![typed("draft")],
        queue: vec![typed("queued")],
    }));
    app.expect_draft("new words");
    assert!(app.state.queue.is_empty());
    app.keys("home up up");
    app.expect_draft("draft");
}

#[test]
fn up_looks_for_messages_that_begin_like_the_typed_words() {
    let mut app = saved();
    app.send(Event::PromptsRead(Prompts {
        history: ["fix the build", "add a test", "fix the tests", "lint"].map(typed).to_vec(),
        ..Prompts::default()
    }));
    assert!(writes(&mut app, 600).is_empty());
    app.types("fix");
    app.keys("up");
    app.expect_draft("fix the tests");
    app.keys("up up");
    app.expect_draft("fix the build");
    app.keys("down down");
    app.expect_draft("fix");
    // With the caret elsewhere the words are not what is looked for.
    app.keys("home up");
    app.expect_draft("lint");
}

#[test]
fn what_stays_out_of_the_sessions_stays_out_of_the_drafts_and_the_history() {
    let mut app = saved();
    app.say("/private");
    writes(&mut app, 600);
    app.turn("my secret plan");
    app.types("and its dr");
    assert_eq!(writes(&mut app, 600), [draft(&[], &[])]);
    app.keys("ctrl+u");
    app.say("another plan");
    app.kb_read();
    app.replies("Yes.");
    app.say("/private off");
    app.types("hello");
    let kept = format!("{:?}", writes(&mut app, 600));
    assert!(kept.contains("hello") && !kept.contains("plan"), "{kept}");
    let mut app = saved();
    app.state.recording.storing = Storing::Off;
    app.turn("my secret plan");
    app.types("and its dr");
    assert_eq!(writes(&mut app, 600), []);
}
