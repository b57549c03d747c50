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

/// What was asked to be written since this was asked last, in words.
fn disk(app: &mut App) -> String {
    for _ in 0..30 {
        app.after(50);
    }
    let kept = |effect: &Effect| {
        matches!(effect, Effect::Remember { .. } | Effect::KeepDraft { .. } | Effect::Store(_))
    };
    let found: Vec<Effect> = app.effects.drain(..).filter(kept).collect();
    format!("{found:?}")
}

/// A conversation in which a message was said in private, and what follows is saved again.
fn with_a_private_message() -> App {
    let mut app = saved();
    app.turn("public alpha");
    app.say("/private");
    app.turn("secret WOMBAT");
    app.say("/private off");
    app
}

#[test]
fn a_private_message_that_comes_back_to_the_prompt_stays_out_until_it_is_sent() {
    // Taken back, edited where it was said, branched off before it, and recalled.
    for keys in ["alt+z", "f4 [ enter", "f4 [ f", "home up up", "ctrl+r down enter"] {
        let mut app = with_a_private_message();
        app.keys(keys);
        app.expect_draft("secret WOMBAT");
        let before = disk(&mut app);
        app.types("!");
        app.expect_draft("secret WOMBAT!");
        let edited = disk(&mut app);
        app.keys("ctrl+u");
        app.types("a new draft");
        assert!(disk(&mut app).contains("a new draft"), "{keys}");
        app.keys("ctrl+c home up up up");
        app.expect_draft("secret WOMBAT");
        app.types("?");
        app.keys("ctrl+c home up");
        app.expect_draft("secret WOMBAT?");
        let aside = disk(&mut app);
        app.keys("down");
        app.say("and now?");
        let kept = [before, edited, aside, disk(&mut app)];
        assert!(!kept.iter().any(|kept| kept.contains("WOMBAT")), "{keys}: {kept:?}");
    }
}

#[test]
fn a_private_message_that_is_sent_again_is_a_message_like_others() {
    let mut app = with_a_private_message();
    app.keys("alt+z");
    app.types("!");
    app.keys("enter");
    let kept = disk(&mut app);
    assert_eq!(kept.matches("WOMBAT!").count(), 2, "history and session: {kept}");
    assert_eq!(kept.matches("WOMBAT").count(), 2, "{kept}");
}

#[test]
fn what_waited_since_it_was_private_stays_out() {
    let mut app = saved();
    app.turn("public alpha");
    app.say("a public one");
    app.kb_read();
    app.say("queued alpha");
    app.say("/private");
    app.say("queued WOMBAT");
    app.types("half a WOMBAT");
    let mut kept = disk(&mut app);
    app.keys("home up up up");
    app.expect_draft("queued alpha");
    app.keys("ctrl+u");
    app.types("/private off");
    app.keys("enter");
    kept += &disk(&mut app);
    assert!(kept.contains("queued alpha") && !kept.contains("WOMBAT"), "{kept}");
    for _ in 0..2 {
        app.replies("Done.");
        app.kb_read();
    }
    kept += &disk(&mut app);
    assert!(app.chat().contains("you: queued WOMBAT"), "{}", app.chat());
    assert!(!kept.contains("WOMBAT"), "{kept}");
}

#[test]
fn a_draft_of_before_is_kept_when_what_follows_is_private() {
    let earlier = Prompts { drafts: vec![typed("draft of before")], ..Prompts::default() };
    let mut app = saved();
    app.send(Event::PromptsRead(earlier.clone()));
    app.keys("ctrl+c");
    app.say("/private");
    app.turn("secret WOMBAT");
    let kept = disk(&mut app);
    assert!(
        kept.contains("Remember") && kept.contains("draft of before") && !kept.contains("WOMBAT"),
        "{kept}"
    );
    // One that stays in the prompt is kept as it was.
    let mut app = saved();
    app.send(Event::PromptsRead(earlier));
    app.keys("ctrl+p");
    app.types("private");
    app.keys("enter");
    app.expect_draft("draft of before");
    app.types(" and WOMBAT");
    assert_eq!(writes(&mut app, 600).last(), Some(&draft(&["draft of before"], &[])));
    app.keys("ctrl+u");
    app.types("draft of before");
    app.keys("ctrl+c");
    assert_eq!(
        writes(&mut app, 600),
        [Effect::Remember { messages: vec![typed("draft of before")] }, draft(&[], &[])]
    );
}
