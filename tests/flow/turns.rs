//! A turn from Enter to its end: reading, replying, tool rounds, stopping, the queue.

use dictum::app::state::Turn;
use dictum::domain::chat::{ToolCall, ToolResult};
use dictum::domain::exchange::{Anchor, Message, Opaque, Outcome, ReplyEvent, StopReason, Usage};
use dictum::protocol::message::{Effect, Event, TaskId};

use crate::app::{App, failure, read};

fn is_idle(app: &App) -> bool {
    matches!(app.state.turn, Turn::Idle)
}

#[test]
fn a_turn_reads_kb_md_then_asks_then_ends() {
    let mut app = App::with_kb("# KB\n- Use npm\n");
    let effects = app.say("hello");
    assert!(matches!(effects.as_slice(), [Effect::ReadKb { .. }]), "{effects:?}");
    app.expect("reading KB.md");
    app.expect_draft("");
    let effects = app.kb_read();
    assert!(matches!(effects.as_slice(), [Effect::Ask { .. }]), "{effects:?}");
    assert_eq!(app.request().messages, [Message::User { text: "hello".into() }]);
    app.expect("waiting for openai");
    app.streams(ReplyEvent::Start { id: "1".into(), model: "model-1-2026".into() });
    app.streams(ReplyEvent::Text("Good ".into()));
    app.streams(ReplyEvent::Text("morning.".into()));
    app.expect("Good morning.");
    app.expect("● installer.backend.nodejs  model-1-2026");
    app.expect("replying · Esc stops");
    assert!(app.state.next_tick().is_some(), "the spinner turns");
    assert!(app.ends(Outcome::Complete(StopReason::EndTurn)).is_empty());
    assert!(is_idle(&app));
    app.expect("Good morning.");
    app.expect_not("Esc stops");
    // The message goes to the history on the disk.
    app.after(500);
    assert_eq!(app.state.next_tick(), None, "nothing ticks while nothing moves");
}

#[test]
fn kb_md_is_read_anew_for_every_message() {
    let mut app = App::with_kb("- Dates are in UTC\n");
    app.turn("one");
    app.writes("- Dates are in local time\n");
    app.turn("two");
    assert_eq!(app.system().matches("Dates are in").count(), 1);
    assert!(app.system().contains("Dates are in local time"));
    let reads = app.effects.iter().filter(|effect| matches!(effect, Effect::ReadKb { .. })).count();
    assert_eq!(reads, 2);
}

#[test]
fn answers_to_other_tasks_are_ignored() {
    let mut app = App::with_kb("- Use npm\n");
    let stranger = TaskId(9_999);
    app.send(Event::KbRead { task: stranger, snapshot: read("- Stolen\n") });
    assert_eq!(app.state.kb.text(), "- Use npm\n");
    app.say("hello");
    app.send(Event::KbRead { task: stranger, snapshot: read("- Stolen\n") });
    assert!(matches!(app.state.turn, Turn::Reading { .. }));
    app.kb_read();
    app.send(Event::Replied { task: stranger, event: ReplyEvent::Text("intruder".into()) });
    app.send(Event::ReplyEnded { task: stranger, outcome: Outcome::Truncated });
    assert!(matches!(app.state.turn, Turn::Replying(_)));
    app.expect_not("intruder");
    app.replies("Mine.");
    app.send(Event::Replied { task: app.asked(), event: ReplyEvent::Text("too late".into()) });
    app.send(Event::KbSaved { task: stranger, snapshot: read("- Stolen\n") });
    app.send(Event::KbMoved { task: stranger, snapshot: read("- Stolen\n") });
    app.send(Event::Edited { task: stranger, result: Ok("stolen".into()) });
    app.expect_not("too late");
    app.expect_draft("");
    assert_eq!(app.state.kb.text(), "- Use npm\n");
}

#[test]
fn esc_while_reading_drops_the_task_and_keeps_the_words() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("hello there");
    let Turn::Reading { task, .. } = app.state.turn else { panic!("not reading") };
    assert_eq!(app.keys("esc"), [Effect::Cancel { task }]);
    assert!(is_idle(&app));
    assert!(app.kb_read().is_empty(), "a late answer asks nobody");
    app.expect("hello there");
    app.keys("up");
    app.expect_draft("hello there");
}

#[test]
fn esc_while_replying_keeps_what_came() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("tell me");
    app.kb_read();
    app.streams(ReplyEvent::Text("Half of the ans".into()));
    let task = app.asked();
    assert_eq!(app.keys("esc"), [Effect::Cancel { task }]);
    app.streams(ReplyEvent::Text("wer".into()));
    app.ends(Outcome::Complete(StopReason::EndTurn));
    app.expect("Half of the ans");
    app.expect_not("answer");
    app.expect("■ stopped");
    app.turn("go on");
    let said = &app.request().messages;
    assert!(
        said.contains(&Message::Assistant {
            text: "Half of the ans".into(),
            calls: Vec::new(),
            opaque: Vec::new()
        }),
        "{said:?}"
    );
}

#[test]
fn esc_and_ctrl_c_without_a_reply_harm_no_draft() {
    let mut app = App::with_kb("- Use npm\n");
    app.types("half a thought");
    assert!(app.keys("esc").is_empty());
    app.expect_draft("half a thought");
    assert!(app.keys("ctrl+c").is_empty());
    app.expect_draft("");
    app.keys("up");
    app.expect_draft("half a thought");
}

#[test]
fn ctrl_c_stops_the_reply_before_it_touches_the_draft() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("tell me");
    app.kb_read();
    app.types("next");
    assert!(matches!(app.keys("ctrl+c").as_slice(), [Effect::Cancel { .. }]));
    app.expect_draft("next");
}

#[test]
fn ctrl_c_twice_on_an_empty_prompt_quits_and_slowly_twice_does_not() {
    let mut app = App::with_kb("- Use npm\n");
    assert!(app.keys("ctrl+c").is_empty());
    app.expect("Ctrl+C again quits");
    app.after(2_500);
    assert!(app.keys("ctrl+c").is_empty());
    app.after(100);
    assert_eq!(app.keys("ctrl+c"), [Effect::Quit]);
}

#[test]
fn ctrl_d_quits_only_on_an_empty_prompt() {
    let mut app = App::with_kb("- Use npm\n");
    app.types("ab");
    app.keys("home");
    assert!(app.keys("ctrl+d").is_empty());
    app.expect_draft("b");
    app.keys("ctrl+d");
    assert_eq!(app.keys("ctrl+d"), [Effect::Quit]);
}

#[test]
fn a_tool_call_gets_its_result_and_the_model_goes_on() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("hello");
    app.kb_read();
    app.streams(ReplyEvent::Text("Let me see.".into()));
    let effects = app.calls("read_mind", "{}");
    assert!(matches!(effects.as_slice(), [Effect::Ask { .. }]), "{effects:?}");
    let [_, Message::Assistant { calls, .. }, Message::Results(results)] = app.request().messages.as_slice()
    else {
        panic!("{:?}", app.request().messages)
    };
    assert_eq!(calls[0].id, results[0].id);
    assert!(results[0].failed && results[0].text.contains("read_mind"), "{results:?}");
    app.replies("I cannot read minds.");
    assert!(is_idle(&app));
    app.expect("I cannot read minds.");
}

#[test]
fn a_model_that_never_stops_calling_is_asked_four_times_at_most() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("hello");
    app.kb_read();
    let mut asked = 1;
    while !app.calls("again", "{}").is_empty() {
        asked += 1;
        assert!(asked < 10, "it never ends");
    }
    assert_eq!(asked, 4);
    assert!(is_idle(&app));
    app.say("and now?");
    app.kb_read();
    every_call_has_a_result(&app.request().messages);
}

#[track_caller]
fn every_call_has_a_result(messages: &[Message]) {
    for (at, message) in messages.iter().enumerate() {
        if let Message::Assistant { calls, .. } = message
            && !calls.is_empty()
        {
            let wanted: Vec<&String> = calls.iter().map(|call| &call.id).collect();
            let Some(Message::Results(results)) = messages.get(at + 1) else {
                panic!("no results: {messages:?}")
            };
            assert_eq!(results.iter().map(|result| &result.id).collect::<Vec<_>>(), wanted);
        }
    }
}

#[test]
fn a_cut_call_does_nothing_and_still_gets_a_result() {
    for outcome in [Outcome::Truncated, Outcome::Complete(StopReason::MaxTokens), Outcome::Cancelled] {
        let mut app = App::with_kb("- Use npm\n");
        app.say("from now on we sort imports by name");
        app.kb_read();
        let before = app.waiting();
        app.streams(ReplyEvent::Call(ToolCall {
            id: "cut".into(),
            name: dictum::domain::kb::gate::TOOL.into(),
            arguments: "{\"edits\":[{\"op\":\"add\",\"te".into(),
        }));
        let effects = if outcome == Outcome::Cancelled { app.keys("esc") } else { app.ends(outcome) };
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Ask { .. })), "{effects:?}");
        assert_eq!(app.waiting(), before);
        app.say("go on");
        app.kb_read();
        every_call_has_a_result(&app.request().messages);
        let results = app.request().messages.iter().find_map(|message| match message {
            Message::Results(results) => Some(results.clone()),
            Message::User { .. } | Message::Attached(_) | Message::Assistant { .. } => None,
        });
        assert!(matches!(results.as_deref(), Some([ToolResult { failed: true, .. }])), "{results:?}");
    }
}

#[test]
fn every_way_to_end_is_said_in_words() {
    for (outcome, words) in [
        (Outcome::Truncated, "the connection ended before the reply did"),
        (Outcome::Complete(StopReason::MaxTokens), "cut at the token limit"),
        (Outcome::Complete(StopReason::Refusal), "the provider declined"),
        (Outcome::Complete(StopReason::Other("pause".into())), "ended: pause"),
        (failure("The key was refused.", "Check OPENAI_API_KEY."), "Check OPENAI_API_KEY."),
    ] {
        let mut app = App::with_kb("- Use npm\n");
        app.say("hello");
        app.kb_read();
        app.streams(ReplyEvent::Text("Some words".into()));
        app.ends(outcome);
        app.expect(words);
        app.expect("Some words");
        assert!(is_idle(&app));
    }
}

#[test]
fn an_older_notice_does_not_hide_what_goes_on() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("/foo");
    app.expect("there is no command /foo");
    app.keys("ctrl+u");
    app.say("hello");
    app.expect_not("there is no command");
    app.expect("reading KB.md");
    app.kb_read();
    app.say("/foo");
    app.expect("there is no command /foo");
    app.streams(ReplyEvent::Retry { attempt: 1, seconds: 5, cause: "the server is overloaded".into() });
    app.expect("the server is overloaded; try 2 in 5 s");
    // What is said after that is read all the same.
    app.keys("enter");
    app.expect("there is no command /foo");
}

#[test]
fn silence_and_retries_are_shown_and_end_with_the_next_byte() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("hello");
    app.kb_read();
    app.after(3_200);
    app.expect("3 s without a byte");
    app.streams(ReplyEvent::Retry { attempt: 1, seconds: 5, cause: "the server is overloaded".into() });
    app.expect("the server is overloaded; try 2 in 5 s");
    app.expect_not("without a byte");
    app.after(3_100);
    app.expect("the server is overloaded; try 2 in 2 s · ");
    app.after(1_900);
    app.expect("the server is overloaded; try 2 is under way · ");
    app.after(3_000);
    app.expect("the server is overloaded; try 2 is under way · 3 s without a byte");
    app.streams(ReplyEvent::Text("Here".into()));
    app.expect_not("overloaded");
    app.expect_not("without a byte");
}

/// A try that brought nothing to be seen may have brought what only its maker can read: the next try brings its own.
#[test]
fn what_a_failed_try_left_is_not_sent_with_the_next_answer() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("hello");
    app.kb_read();
    let opaque = |json: &str| Opaque {
        maker: app.request().endpoint.maker(),
        anchor: Anchor::Text,
        json: json.into(),
    };
    let (first, second) = (opaque("\"rs_1\""), opaque("\"rs_2\""));
    app.streams(ReplyEvent::Start { id: "1".into(), model: "model-that-failed".into() });
    app.streams(ReplyEvent::Opaque(first));
    app.streams(ReplyEvent::Usage(Usage { input: Some(9), written: Some(7), ..Usage::default() }));
    app.streams(ReplyEvent::Retry { attempt: 1, seconds: 0, cause: "server error (500)".into() });
    app.streams(ReplyEvent::Opaque(second.clone()));
    app.streams(ReplyEvent::Usage(Usage { output: Some(3), ..Usage::default() }));
    app.replies("Done.");
    app.expect_not("model-that-failed");
    let usage = app.state.log.entries().iter().find_map(|entry| entry.body.reply()).map(|reply| reply.usage);
    assert_eq!(usage, Some(Usage { output: Some(3), ..Usage::default() }));
    app.turn("go on");
    let sent = app.request().messages.iter().find_map(|message| match message {
        Message::Assistant { opaque, .. } => Some(opaque.clone()),
        _ => None,
    });
    assert_eq!(sent, Some(vec![second]));
}

#[test]
fn thinking_is_counted_and_not_shown() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("hello");
    app.kb_read();
    app.streams(ReplyEvent::Thinking("a secret plan".into()));
    app.streams(ReplyEvent::Usage(Usage { input: Some(10), ..Usage::default() }));
    app.replies("Done.");
    app.expect("thought about it in 3 words");
    app.expect_not("secret plan");
}

#[test]
fn a_message_typed_while_a_reply_runs_waits_in_order_and_unmerged() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("first");
    app.kb_read();
    assert!(app.say("second").is_empty());
    assert!(app.say("third").is_empty());
    app.expect("queued  second");
    app.expect("queued  third");
    app.expect_draft("");
    assert!(matches!(app.replies("One.").as_slice(), [Effect::ReadKb { .. }]));
    app.expect_not("queued  second");
    app.kb_read();
    assert_eq!(app.request().messages.last(), Some(&Message::User { text: "second".into() }));
    app.replies("Two.");
    app.kb_read();
    assert_eq!(app.request().messages.last(), Some(&Message::User { text: "third".into() }));
    app.replies("Three.");
    assert!(is_idle(&app));
}

#[test]
fn a_queued_message_can_be_taken_back_edited_and_sent_again() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("first");
    app.say("second");
    app.say("third");
    app.types("a draft");
    app.keys("alt+up");
    app.expect_draft("third");
    app.expect_not("queued  third");
    app.types("!");
    app.keys("enter");
    app.expect("queued  third!");
    app.keys("up");
    app.expect_draft("third!");
    app.keys("up up");
    app.expect_draft("a draft");
}

#[test]
fn after_a_stop_the_queue_waits_for_enter() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("first");
    app.kb_read();
    app.say("second");
    app.keys("esc");
    app.expect("queued  second");
    app.expect("Enter sends the queued message");
    assert!(matches!(app.keys("enter").as_slice(), [Effect::ReadKb { .. }]));
    app.expect_not("queued  second");
}

#[test]
fn more_messages_than_rows_still_show_the_last_ones() {
    let mut app = App::with_kb("- Use npm\n");
    app.say("first");
    for number in 1..=6 {
        app.say(&format!("message {number}"));
    }
    app.expect("message 6");
    app.expect("message 4");
    app.expect_not("message 3");
}

#[test]
fn clear_stops_and_starts_afresh_but_keeps_draft_queue_and_edits() {
    let mut app = App::with_kb("- Use npm\n");
    app.turn("from now on use pnpm");
    app.say("tell me");
    app.kb_read();
    app.say("waiting one");
    assert!(app.say("/clear").iter().any(|effect| matches!(effect, Effect::Cancel { .. })));
    app.expect("queued  waiting one");
    assert_eq!(app.waiting().len(), 1);
    app.keys("enter");
    app.kb_read();
    assert_eq!(app.request().messages, [Message::User { text: "waiting one".into() }]);
}

#[test]
fn a16_words_drawn_over_the_last_frame_show_what_a_frame_drawn_anew_shows() {
    // The door holds each frame against one that is drawn anew.
    let text = "First words of a reply, *marked* and plain, long enough to be wrapped more than once.\n\n- a list\n- of things\n\n\
                ```ts\nexport const one = 1;\n\tindented()\n```\n\n| a | b |\n|---|---|\n| 日本 | wide |\n\n> quoted\n\n1. one\n2. two\n\n";
    for (columns, rows) in [(60, 16), (24, 9), (160, 40), (9, 5)] {
        let mut app = App::with_kb("# KB\n- Use npm\n");
        app.resize(columns, rows);
        app.say("go");
        app.kb_read();
        let letters: Vec<char> = text.repeat(3).chars().collect();
        for piece in letters.chunks(7) {
            app.streams(ReplyEvent::Text(piece.iter().collect()));
        }
        app.ends(Outcome::Complete(StopReason::EndTurn));
    }
}
