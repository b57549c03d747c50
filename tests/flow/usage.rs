//! What a conversation fills and costs, making room by hand and by itself, and trying again what broke off.

use dictum::domain::briefing::{KB as KB_PART, PERSONA};
use dictum::domain::exchange::{
    Failure, FailureKind, Message, Outcome, PROTOCOLS, Protocol, ReplyEvent, StopReason, Usage,
};
use dictum::domain::models::Models;
use dictum::protocol::message::Effect;

use crate::app::{App, FIRST, SECOND, endpoint, failure, files, library, read};

const KB: &str = "# KB\n\n- Use npm.\n";

/// A model that reads so many tokens, at 2 dollars a million in and 10 out.
fn app(context: u64) -> App {
    let mut app = App::with_kb(KB);
    app.resize(120, 40);
    let mut models = Models::built_in();
    let row = format!("\"model-1\" = {{ context = {context}, in = 2, out = 10, cached = 0.2 }}");
    assert_eq!(models.take_own(&row.parse().unwrap()), []);
    app.state.connection.models = models;
    app
}

/// A turn whose reply the provider reports to have used so much.
fn turn_of(app: &mut App, said: &str, input: u64, output: u64) {
    app.say(said);
    app.kb_read();
    app.streams(ReplyEvent::Usage(Usage { input: Some(input), output: Some(output), ..Usage::default() }));
    app.replies("Done.");
}

fn overflow() -> Outcome {
    Outcome::Failed(Failure {
        kind: FailureKind::Overflow,
        ..Failure::new("The conversation is longer than `model-1` can take.", "Start afresh.")
    })
}

/// What the last request sends of the conversation, a line a message.
fn sent(app: &App) -> Vec<String> {
    let line = |message: &Message| match message {
        Message::Attached(attached) => format!("attached {}", attached.len()),
        Message::User { text } => format!("user: {text}"),
        Message::Assistant { text, .. } => format!("model: {text}"),
        Message::Results(_) => "results".to_string(),
    };
    app.request().messages.iter().map(line).collect()
}

#[test]
fn the_status_line_tells_what_is_filled_and_what_it_cost_once_that_is_known() {
    let mut app = app(200_000);
    app.expect("openai · model-1");
    app.expect_not("200k");
    turn_of(&mut app, "hello", 11_000, 1_000);
    assert!(app.row("openai · model-1").contains("· 12k of 200k (6 %) · $0.032"), "{}", app.screen());
    turn_of(&mut app, "and again", 12_000, 1_000);
    assert!(app.row("openai · model-1").contains("· 13k of 200k (6 %) · $0.066"), "{}", app.screen());
    app.say("/clear");
    app.after(6_000);
    app.expect_not("200k");
}

#[test]
fn a_provider_that_reports_nothing_gives_estimates_that_are_marked() {
    let mut app = app(200_000);
    app.turn("hello");
    assert!(app.row("openai · model-1").contains("· ~"), "{}", app.screen());
    app.expect_not("$");
    app.say("/usage");
    app.expect("the provider reported nothing");
    app.expect("The conversation holds ~");
}

#[test]
fn usage_tells_shares_tokens_cache_and_cost() {
    let mut app = app(200_000);
    app.say("hello");
    app.kb_read();
    let usage = Usage { input: Some(12_345), output: Some(456), cached: Some(10_000), written: None };
    app.streams(ReplyEvent::Usage(usage));
    app.replies("Done.");
    app.say("/usage");
    for words in [
        "The conversation holds 12,801 of 200,000 tokens (6 %).",
        "persona installer.backend.nodejs",
        "KB.md",
        "in 12,345, of it from the cache 10,000, out 456",
        // 2,345 at 2, 10,000 at 0.2 and 456 at 10 dollars a million.
        "$0.011",
        "Session: 1 reply",
    ] {
        app.expect(words);
    }
    app.keys("esc");
    app.state.connection.models = Models::default();
    app.say("/usage");
    app.expect("no price is known for this model");
    app.expect("How many the model can read is not known");
}

#[test]
fn before_the_room_is_full_it_is_told_once() {
    let mut app = app(100_000);
    turn_of(&mut app, "one", 60_000, 1_000);
    app.expect_not("/compact makes room");
    turn_of(&mut app, "two", 79_000, 2_000);
    app.expect("The conversation fills 81k of the 100k tokens that model-1 can read");
    turn_of(&mut app, "three", 82_000, 1_000);
    assert_eq!(app.chat().matches("/compact makes room").count(), 1, "{}", app.chat());
}

#[test]
fn compact_sends_older_turns_as_a_summary_and_the_screen_stays_whole() {
    let mut app = app(200_000);
    for at in 1..=4 {
        app.turn(&format!("message {at} {}", "word ".repeat(100)));
    }
    let system = app.system();
    app.types("half a draft");
    app.keys("ctrl+u");
    app.say("/compact");
    app.expect("making room");
    let request = app.request().clone();
    assert!(!request.system.iter().any(|part| part.text.contains("Use npm")), "KB.md is not summarised");
    assert!(sent(&app)[0].contains("USER: message 1") && request.tools.is_empty());
    app.replies("Task: four messages were said.");
    app.expect("From here on your 3 oldest messages and their replies are sent as a summary");
    assert!(app.chat().contains("message 1 word"));
    app.turn("and now?");
    let lines = sent(&app);
    assert!(
        lines[0]
            .starts_with("user: [What was said before this, in short:]\n\nTask: four messages were said."),
        "{lines:?}"
    );
    assert!(
        lines[0].contains("message 4") && !lines.iter().any(|line| line.contains("message 2")),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(app.system(), system, "persona and KB.md as before");
    app.keys("ctrl+o");
    app.expect("Task: four messages were said.");
}

#[test]
fn what_a_summary_used_is_part_of_the_sum() {
    let mut app = app(200_000);
    for at in 1..=4 {
        turn_of(&mut app, &format!("message {at} {}", "word ".repeat(100)), 1_000, 100);
    }
    assert!(app.row("openai · model-1").contains("$0.012"), "{}", app.screen());
    app.say("/compact");
    app.streams(ReplyEvent::Start { id: "r".into(), model: "model-1".into() });
    // The second report takes the place of the first, field by field.
    app.streams(ReplyEvent::Usage(Usage { input: Some(2_000), output: Some(1), ..Usage::default() }));
    app.streams(ReplyEvent::Usage(Usage { output: Some(500), ..Usage::default() }));
    app.replies("Task: four messages were said.");
    app.say("/usage");
    for words in ["Session: 4 replies, 1 summary", "in 6,000, out 900", "cost: $0.021"] {
        app.expect(words);
    }
    app.keys("esc");
    // What came to nothing was paid for, too.
    turn_of(&mut app, "five", 1_000, 100);
    assert!(app.row("openai · model-1").contains("$0.024"), "{}", app.screen());
    app.say("/compact");
    app.streams(ReplyEvent::Usage(Usage { input: Some(1_000), ..Usage::default() }));
    app.ends(failure("The server said 500.", "Try again."));
    app.say("/usage");
    for words in ["Session: 5 replies, 2 summaries", "in 8,000, out 1,000", "cost: $0.026"] {
        app.expect(words);
    }
}

#[test]
fn a_summary_that_fails_or_is_stopped_loses_nothing() {
    let mut app = app(200_000);
    for at in 1..=4 {
        app.turn(&format!("message {at} {}", "word ".repeat(100)));
    }
    app.say("/compact");
    app.keys("esc");
    app.turn("five");
    assert_eq!(sent(&app).len(), 9, "stopped: everything is sent");
    app.say("/compact");
    app.ends(failure("The server said 500.", "Try again."));
    app.expect("not sent any more");
    app.turn("six");
    assert!(
        sent(&app)[0].starts_with("user: [The beginning of this conversation was left out to save room.]")
    );
}

#[test]
fn a_full_room_is_made_wider_before_the_message_is_sent() {
    let mut app = app(30_000);
    // What is pasted is long, and no rule is looked for in it.
    let long = "word ".repeat(5_000);
    let newest = (1..=8).find(|at| {
        app.paste(&long);
        app.types(&format!("message {at}"));
        app.keys("enter");
        app.kb_read();
        let full = app.screen().contains("making room");
        if !full {
            app.replies("Done.");
        }
        full
    });
    let newest = format!("message {}", newest.expect("room is made at last"));
    app.say("one more waits");
    app.replies("Facts: words.");
    let lines = sent(&app);
    assert!(lines[0].contains("Facts: words.") && !lines.concat().contains("message 1"), "{}", lines.len());
    assert!(lines.last().unwrap().ends_with(&newest));
    assert!(app.system().contains("Use npm."));
    app.replies("Done.");
    app.kb_read();
    assert_eq!(sent(&app).last().unwrap(), "user: one more waits");
}

#[test]
fn offline_makes_room_without_a_model() {
    let mut app = app(200_000);
    for at in 1..=3 {
        app.turn(&format!("message {at}"));
    }
    app.state.connection.endpoint = crate::app::offline();
    let effects = app.say("/compact");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Ask { .. })));
    app.expect("not sent any more");
}

#[test]
fn a29_an_overflow_offers_a_local_trim_at_once_and_one_key_does_it() {
    for (_, protocol) in PROTOCOLS {
        trims_until_nothing_older_is_left(*protocol);
    }
}

/// What is sent ahead of the conversation, part by part as the model gets it: persona, KB.md, conduct.
fn system(app: &App) -> Vec<(String, String)> {
    app.request().system.iter().map(|part| (part.label.clone(), part.text.clone())).collect()
}

fn trims_until_nothing_older_is_left(protocol: Protocol) {
    let mut app = app(200_000);
    app.state.connection.endpoint.protocol = protocol;
    for at in 1..=4 {
        app.turn(&format!("message {at} {}", "word ".repeat(10)));
    }
    app.say("the last message");
    app.kb_read();
    let before = sent(&app).len();
    let before_it = system(&app);
    let labels: Vec<&str> = before_it.iter().map(|(label, _)| label.as_str()).collect();
    assert!(labels.contains(&KB_PART) && labels.iter().any(|label| label.starts_with(PERSONA)), "{labels:?}");
    app.ends(overflow());
    app.expect("The conversation is longer than `model-1` can take.");
    app.expect("Alt+R leaves out the oldest turns and sends it again; KB.md, the persona and your last message stay.");
    let asked =
        |effects: &[Effect]| effects.iter().filter(|effect| matches!(effect, Effect::Ask { .. })).count();
    assert_eq!(asked(&app.keys("alt+r")), 0, "no model is needed for it");
    assert_eq!(asked(&app.kb_read()), 1);
    assert!(sent(&app).len() < before, "{:?}", sent(&app));
    assert_eq!(system(&app), before_it, "{protocol:?}");
    assert_eq!(sent(&app).last().unwrap(), "user: the last message");
    // Still too long, until nothing but the last message is left.
    for _ in 0..6 {
        app.ends(overflow());
        if app.screen().contains("There is nothing older to leave out: KB.md is ~") {
            break;
        }
        app.keys("alt+r");
        app.kb_read();
        assert_eq!(system(&app), before_it, "{protocol:?}");
    }
    app.expect("There is nothing older to leave out: KB.md is ~");
    assert_eq!(sent(&app).len(), 1, "{:?}", sent(&app));
    assert!(sent(&app)[0].ends_with("the last message"));
    assert!(app.chat().contains("message 1 word"), "what is on the screen stays");
}

#[test]
fn a29_a_history_never_grows_by_errors() {
    let mut app = app(200_000);
    app.turn("first");
    app.say("second");
    app.kb_read();
    let expect = sent(&app);
    let entries = app.state.log.entries().len();
    for _ in 0..5 {
        app.ends(failure("The server said 500.", "Send again."));
        app.keys("alt+r");
        app.kb_read();
        assert_eq!(sent(&app), expect);
        assert_eq!(app.state.log.entries().len(), entries);
    }
    // What had come of a reply stays on the screen and is not sent.
    app.streams(ReplyEvent::Text("Half a rep".into()));
    app.ends(Outcome::Truncated);
    app.say("/retry");
    app.kb_read();
    assert_eq!(sent(&app), expect);
    app.replies("A whole reply.");
    app.expect("Half a rep");
    app.say("third");
    app.kb_read();
    let lines = sent(&app);
    assert_eq!(lines[lines.len() - 2..], ["model: A whole reply.", "user: third"]);
    assert!(!lines.iter().any(|line| line.contains("Half a rep")), "{lines:?}");
    // Whoever goes on instead has it in the history.
    app.streams(ReplyEvent::Text("Another half".into()));
    app.keys("esc");
    app.say("continue");
    app.kb_read();
    assert!(sent(&app).contains(&"model: Another half".to_string()));
    app.ends(Outcome::Complete(StopReason::EndTurn));
    app.keys("alt+r");
    app.expect("the last reply is whole; /retry asks for another");
}

#[test]
fn a_retry_offers_no_edit_twice() {
    let mut app = app(200_000);
    app.say("from now on use pnpm");
    app.kb_read();
    app.ends(failure("The server said 500.", "Send again."));
    assert_eq!(app.waiting().len(), 1);
    app.keys("ctrl+k");
    app.after(600);
    app.keys("r");
    app.keys("alt+r");
    app.kb_read();
    app.replies("Done.");
    assert_eq!(app.waiting().len(), 0);
}

#[test]
fn what_a_server_tells_of_its_model_counts() {
    let mut app = App::with_kb(KB);
    app.say("hello");
    app.kb_read();
    app.streams(ReplyEvent::Context(40_000));
    app.streams(ReplyEvent::Usage(Usage { input: Some(10_000), output: Some(10), ..Usage::default() }));
    app.replies("Done.");
    assert!(app.row("openai · model-1").contains("· 10k of 40k (25 %)"), "{}", app.screen());
}

/// A persona with a model of its own, which reads less than the one in use.
fn with_a_small_model() -> App {
    let mut all = files();
    all[1].2 = all[1].2.replace("color:", "model: model-2\ncolor:");
    let mut app = App::start(read(KB), endpoint(), library(&all));
    app.resize(120, 40);
    let rows = "\"model-1\" = { context = 200000 }\n\"model-2\" = { context = 20000 }";
    assert_eq!(app.state.connection.models.take_own(&rows.parse().unwrap()), []);
    app.say(&format!("/persona {SECOND}"));
    app
}

#[test]
fn the_room_is_that_of_the_model_that_answers() {
    let mut app = with_a_small_model();
    turn_of(&mut app, "hello", 16_000, 100);
    assert_eq!(app.request().endpoint.model, "model-2");
    assert!(app.row("openai · model-2").contains("· 16k of 20k (80 %)"), "{}", app.screen());
    assert!(app.chat().contains("fills 16k of the 20k tokens that model-2 can read"), "{}", app.chat());
    app.say("/usage");
    app.expect("The conversation holds 16,100 of 20,000 tokens (80 %).");
    app.keys("esc");
    // Its own model makes the summary, which fits into its room.
    app.paste(&"word ".repeat(12_000));
    app.keys("enter");
    app.kb_read();
    app.expect("making room");
    assert_eq!(app.request().endpoint.model, "model-2");
}

#[test]
fn what_a_server_tells_of_a_persona_s_model_is_not_taken_for_another() {
    let mut app = with_a_small_model();
    app.state.connection.models = Models::built_in();
    app.say("hello");
    app.kb_read();
    app.streams(ReplyEvent::Context(40_000));
    app.streams(ReplyEvent::NoTools);
    app.streams(ReplyEvent::Usage(Usage { input: Some(10_000), output: Some(10), ..Usage::default() }));
    app.replies("Done.");
    assert!(app.row("openai · model-2").contains("· 10k of 40k (25 %)"), "{}", app.screen());
    app.turn("again");
    assert!(app.request().tools.is_empty(), "it takes no tools");
    app.say(&format!("/persona {FIRST}"));
    app.turn("and you?");
    assert_eq!(app.request().endpoint.model, "model-1");
    assert!(!app.request().tools.is_empty(), "of this one nothing is known");
    app.after(6_000);
    app.expect_not("of 40k");
}

#[test]
fn a_reply_is_asked_to_be_no_longer_than_the_model_writes_and_its_room_leaves() {
    let mut app = app(8_192);
    app.state.connection.max_tokens = 8_192;
    app.say("hello");
    app.kb_read();
    let limit = app.request().max_tokens;
    assert!((6_000..8_000).contains(&limit), "{limit}");
    // The server counts much more: it counts.
    app.streams(ReplyEvent::Usage(Usage { input: Some(3_000), output: Some(10), ..Usage::default() }));
    app.replies("Done.");
    app.say("again");
    app.kb_read();
    let next = app.request().max_tokens;
    assert!(next + 800 < limit, "{next} after {limit}");
    app.replies("Done.");
    // Nothing is known of this one but how much it writes.
    let row = "\"model-1\" = { context = 200000, output = 4096 }";
    assert_eq!(app.state.connection.models.take_own(&row.parse().unwrap()), []);
    app.say("and again");
    app.kb_read();
    assert_eq!(app.request().max_tokens, 4_096);
}

#[test]
fn a_server_that_tells_its_room_in_a_refusal_is_asked_for_less_from_then_on() {
    let mut app = App::with_kb(KB);
    app.state.connection.max_tokens = 8_192;
    app.say("hello");
    app.kb_read();
    assert_eq!(app.request().max_tokens, 8_192, "nothing is known of it");
    app.streams(ReplyEvent::Context(8_192));
    app.replies("Done.");
    app.say("again");
    app.kb_read();
    assert!(app.request().max_tokens < 8_000, "{}", app.request().max_tokens);
}

#[test]
fn a_summary_that_has_to_wait_counts_down() {
    let mut app = app(200_000);
    for at in 1..=3 {
        app.turn(&format!("message {at}"));
    }
    app.say("/compact");
    app.streams(ReplyEvent::Retry { attempt: 1, seconds: 12, cause: "rate limit (429)".into() });
    app.expect("being summarised · rate limit (429); try 2 in 12 s");
    app.after(10_500);
    app.expect("being summarised · rate limit (429); try 2 in 2 s");
    app.after(2_000);
    app.expect("being summarised · rate limit (429); try 2 is under way");
    app.streams(ReplyEvent::Text("Facts".into()));
    app.expect_not("429");
}

#[test]
fn context_measures_by_the_room_that_the_server_told() {
    let mut app = App::with_kb(KB);
    app.resize(120, 40);
    app.say("hello");
    app.kb_read();
    app.streams(ReplyEvent::Context(40_000));
    app.replies("Done.");
    app.say("/context");
    app.kb_read();
    app.expect("% of the 40,000 that it can read");
}
