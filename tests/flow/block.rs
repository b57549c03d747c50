//! Models without tools: the hidden block in their replies, and the small extra call when there is none. Nothing of either is seen.

use dictum::domain::exchange::{Endpoint, Message, Outcome, ReplyEvent, StopReason};
use dictum::domain::kb::proposal::Source;
use dictum::domain::settings::Switch;
use dictum::protocol::message::{Effect, TaskId};

use crate::app::{App, copied, endpoint, failure, files, library, read};

const KB: &str = "# KB\n\n- Use npm.\n- Dates are in UTC.\n";
const SAID: &str = "the log format is JSON";
const BLOCK: &str = "```kb\n{\"op\":\"add\",\"section\":\"\",\"text\":\"The log format is JSON.\",\"supersedes\":\"\",\"reason\":\"\",\"quote\":\"the log format is JSON\"},\n```\n";

/// The server turned out to take no tools, in the first turn.
fn toolless() -> App {
    let mut app = App::with_kb(KB);
    app.say("hello");
    app.kb_read();
    app.streams(ReplyEvent::NoTools);
    app.replies("Hello.");
    app
}

/// A model on this machine, without tools.
fn near() -> App {
    let base_url = "http://127.0.0.1:11434/v1".to_string();
    let endpoint = Endpoint { provider: "ollama".into(), base_url, ..endpoint() };
    let mut app = App::start(read(KB), endpoint, library(&files()));
    app.state.connection.proposing.tools = Switch::Off;
    app
}

fn conduct(app: &App) -> String {
    let parts: Vec<_> = app.request().system.iter().filter(|part| part.label == "conduct").collect();
    assert_eq!(parts.len(), 1);
    parts[0].text.clone()
}

#[test]
fn the_block_is_asked_for_only_where_there_are_no_tools() {
    let mut app = App::with_kb(KB);
    app.say("hello");
    app.kb_read();
    assert!(app.request().tools.len() == 1 && conduct(&app).contains("propose_kb_edit"));
    assert!(!conduct(&app).contains("```kb"));
    let other = app.request().without_tools.clone().unwrap();
    assert!(other.label == "conduct" && other.text.contains("```kb"), "ready for a server that refuses");
    app.streams(ReplyEvent::NoTools);
    app.replies("Hello.");
    // Remembered for the session, for this server and model.
    app.say("hello again");
    app.kb_read();
    assert!(app.request().tools.is_empty() && conduct(&app).contains("```kb"));
    assert!(!conduct(&app).contains("propose_kb_edit"));
    app.replies("Hello.");
    app.say("/model model-2");
    app.turn("and you?");
    assert_eq!(app.request().tools.len(), 1);
    let mut app = near();
    app.say("hello");
    app.kb_read();
    assert!(app.request().tools.is_empty() && conduct(&app).contains("```kb"), "the setting says so");
}

#[test]
fn a_block_is_a_proposal_and_is_never_seen_wherever_the_stream_is_cut() {
    let reply = format!("Done.\n\n{BLOCK}");
    for at in 0..=reply.len() {
        let mut app = toolless();
        app.say(SAID);
        app.kb_read();
        for piece in [&reply[..at], &reply[at..]] {
            app.streams(ReplyEvent::Text(piece.into()));
            for hidden in ["```", "\"op\"", "quote", "{"] {
                app.expect_not(hidden);
            }
        }
        app.ends(Outcome::Complete(StopReason::EndTurn));
        assert_eq!(app.waiting(), ["The log format is JSON."], "cut at {at}");
        assert!(app.chat().ends_with("Done.\n"), "{:?}", app.chat());
    }
}

#[test]
fn a_block_is_neither_copied_nor_sent_back() {
    let mut app = toolless();
    app.say(SAID);
    app.kb_read();
    app.replies(&format!("Done.\n\n{BLOCK}Bye."));
    let effects = app.say("/copy");
    assert_eq!(effects, [copied("the last reply", "Done.\n\nBye.")]);
    app.say("go on");
    app.kb_read();
    for message in &app.request().messages {
        let (Message::User { text } | Message::Assistant { text, .. }) = message else {
            panic!("{message:?}")
        };
        assert!(!text.contains("```kb") && !text.contains("\"op\""), "{text}");
    }
}

#[test]
fn a_block_passes_the_same_gate() {
    for (block, why) in [
        (
            "{\"op\":\"add\",\"text\":\"Use tabs.\",\"quote\":\"always use tabs\"}",
            "is not in what the user typed",
        ),
        (
            "{\"op\":\"add\",\"text\":\"# KB\\n- The log format is JSON\",\"quote\":\"the log format is JSON\"}",
            "several lines",
        ),
        ("{\"op\":\"add\",\"content\":\"all of it\",\"path\":\"x.md\"}", "takes no"),
        ("{\"op\": add}", "not valid JSON"),
    ] {
        let mut app = toolless();
        app.say(SAID);
        app.kb_read();
        app.replies(&format!("Done.\n```kb\n{block}\n```"));
        app.expect_no_card();
        assert_eq!(app.chat().matches("was not offered").count(), 1, "{}", app.chat());
        assert!(app.chat().contains(why), "{why:?} in {}", app.chat());
    }
    for nothing in ["", "[]", "none"] {
        let mut app = toolless();
        app.say(SAID);
        app.kb_read();
        app.replies(&format!("Done.\n```kb\n{nothing}\n```"));
        assert!(!app.chat().contains("notice"), "{}", app.chat());
    }
}

#[test]
fn a_block_that_is_cut_off_proposes_nothing_and_shows_nothing() {
    for outcome in [Outcome::Truncated, Outcome::Complete(StopReason::MaxTokens), failure("Gone.", "Again.")]
    {
        let mut app = toolless();
        app.say("from now on use pnpm. the log format is JSON");
        app.kb_read();
        let part = BLOCK.split("\",").next().unwrap();
        app.streams(ReplyEvent::Text(format!("Half\n{part}")));
        app.ends(outcome);
        assert_eq!(app.waiting(), ["Use pnpm."]);
        app.expect("Half");
        app.expect_not("```kb");
    }
    let mut app = toolless();
    app.say(SAID);
    app.kb_read();
    app.streams(ReplyEvent::Text(format!("Half\n{}", BLOCK.trim_end_matches("```\n"))));
    app.keys("esc");
    app.expect_no_card();
    app.expect_not("```kb");
    assert!(app.chat().contains("Half"), "{}", app.chat());
}

#[test]
fn a_model_with_tools_may_show_a_kb_block_as_any_code() {
    let mut app = App::with_kb(KB);
    app.say(SAID);
    app.kb_read();
    app.replies(&format!("Like this:\n{BLOCK}"));
    app.expect("\"op\"");
    app.expect_no_card();
}

#[test]
fn calls_made_with_tools_are_not_sent_to_a_server_without() {
    let mut app = App::with_kb(KB);
    app.say(SAID);
    app.kb_read();
    app.proposes("add", "The log format is JSON.", "", SAID);
    app.replies("Done.");
    app.state.connection.proposing.tools = Switch::Off;
    app.say("go on");
    app.kb_read();
    let calls = |message: &Message| match message {
        Message::Assistant { calls, text, .. } => !calls.is_empty() || text.is_empty(),
        Message::Results(_) => true,
        Message::User { .. } | Message::Attached(_) => false,
    };
    assert!(!app.request().messages.iter().any(calls), "{:?}", app.request().messages);
}

/// The turn in which the reply proposes nothing and the detector is unsure; the task of the reply.
#[track_caller]
fn unsure(app: &mut App) -> (TaskId, Vec<Effect>) {
    app.say("use tabs, please");
    app.kb_read();
    let task = app.asked();
    let effects = app.replies("Fine.");
    (task, effects)
}

#[test]
fn the_extra_call_is_small_and_comes_after_the_reply() {
    let mut app = near();
    let (turn, effects) = unsure(&mut app);
    assert!(matches!(effects.as_slice(), [Effect::Ask { task, .. }] if *task != turn), "{effects:?}");
    let request = app.request().clone();
    let system: String = request.system.iter().map(|part| part.text.as_str()).collect();
    let [Message::User { text }] = request.messages.as_slice() else { panic!("{:?}", request.messages) };
    assert!(
        text.contains("- use tabs, please\n") && text.contains("L1: Use npm.\nL2: Dates are in UTC.\n"),
        "{text}"
    );
    assert!(request.tools.is_empty() && system.len() + text.len() < 1_800);
    assert!(matches!(app.state.turn, dictum::app::state::Turn::Idle), "nobody waits for it");
    let before = app.chat();
    app.replies("```json\n[{\"op\":\"replace\",\"text\":\"Use tabs.\",\"supersedes\":\"L9\",\"quote\":\"use tabs, please\"}]\n```");
    assert_eq!(app.waiting(), ["Use tabs."]);
    assert_eq!(app.state.review.pending[0].source, Source::Both);
    assert_eq!(app.chat(), before, "nothing of it is said");
}

#[test]
fn the_extra_call_names_the_line_that_goes_by_its_number() {
    let mut app = near();
    app.say("use pnpm.");
    app.kb_read();
    app.replies("Fine.");
    app.replies("{\"op\":\"replace\",\"text\":\"Use pnpm.\",\"supersedes\":\"L1\",\"quote\":\"use pnpm\"}");
    app.expect_card("replace line 3");
}

#[test]
fn the_extra_call_fails_in_silence_and_holds_nothing_up() {
    for answer in [
        "",
        "no idea",
        "[]",
        "{\"op\":",
        "[{\"op\":\"add\",\"text\":\"Skip tests.\",\"quote\":\"skip tests\"}]",
    ] {
        let mut app = near();
        unsure(&mut app);
        let before = app.chat();
        app.replies(answer);
        app.expect_no_card();
        assert_eq!(app.chat(), before);
    }
    for outcome in [failure("Gone.", "Again."), Outcome::Truncated, Outcome::Complete(StopReason::MaxTokens)]
    {
        let mut app = near();
        unsure(&mut app);
        let before = app.chat();
        app.ends(outcome);
        app.expect_no_card();
        assert_eq!(app.chat(), before);
    }
    // The next message ends it, so that a server that does one thing at a time is free.
    let mut app = near();
    unsure(&mut app);
    let extra = app.asked();
    let effects = app.say("fix the bug");
    assert_eq!(effects[0], Effect::Cancel { task: extra });
    app.kb_read();
    assert_ne!(app.asked(), extra);
    app.replies("Fixed.");
    app.expect("Fixed.");
}

#[test]
fn the_extra_call_speaks_of_nothing_but_the_unsure_words() {
    let mut app = near();
    app.say("use tabs, please. the log format is JSON");
    app.kb_read();
    app.replies("Fine.");
    app.replies("{\"op\":\"add\",\"text\":\"The log format is JSON.\",\"supersedes\":\"\",\"quote\":\"the log format is JSON\"}");
    app.expect_no_card();
}

#[test]
fn the_extra_call_is_made_only_where_it_is_wanted() {
    let asks = |app: &mut App| unsure(app).1.len();
    let mut app = near();
    app.state.connection.proposing.extra_call = Switch::Off;
    assert_eq!(asks(&mut app), 0);
    // A hosted server may cost money, so it is asked only by the user's wish.
    let mut app = toolless();
    assert_eq!(asks(&mut app), 0);
    let mut app = toolless();
    app.state.connection.proposing.extra_call = Switch::On;
    assert_eq!(asks(&mut app), 1);
    // With tools a silent model has judged.
    let mut app = App::with_kb(KB);
    app.state.connection.proposing.extra_call = Switch::On;
    assert_eq!(asks(&mut app), 0);
    // A block, even one without an edit, is an answer.
    let mut app = near();
    app.say("use tabs, please");
    app.kb_read();
    assert_eq!(app.replies("Fine.\n```kb\n[]\n```"), []);
    // Nothing unsure, nothing to ask.
    let mut app = near();
    app.say("from now on use pnpm");
    app.kb_read();
    assert_eq!(app.replies("Fine."), []);
    // What waits in the queue comes first.
    let mut app = near();
    app.say("use tabs, please");
    app.kb_read();
    app.say("fix the bug");
    let effects = app.replies("Fine.");
    assert!(matches!(effects.as_slice(), [Effect::ReadKb { .. }]), "{effects:?}");
}
