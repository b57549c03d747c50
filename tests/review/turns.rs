//! Turns: late answers, order, what the model is told about who speaks.

use dictum::app::state::Turn;
use dictum::domain::exchange::{Message, Outcome, ReplyEvent, StopReason};
use dictum::protocol::message::Event;

use crate::app::{App, FIRST, SECOND, endpoint, failure, files, library, read};

const KB: &str = "# KB\n\n- Use npm.\n- Dates are in UTC.\n";

#[test]
fn the_late_end_of_a_stopped_reply_does_not_swallow_the_next_message() {
    let mut app = App::with_kb(KB);
    app.say("first");
    app.kb_read();
    let stopped = app.asked();
    app.keys("esc");
    app.say("second");
    app.send(Event::ReplyEnded { task: stopped, outcome: Outcome::Complete(StopReason::EndTurn) });
    assert!(matches!(app.state.turn, Turn::Reading { .. }));
    app.kb_read();
    app.replies("Answer to the second.");
    app.expect("Answer to the second.");
}

#[test]
fn a17_a_queued_message_that_goes_by_itself_does_not_move_the_view() {
    let mut app = App::with_kb(KB);
    app.say("first");
    app.kb_read();
    app.say("second");
    let long: String = (1..80).map(|line| format!("line {line}\n\n")).collect();
    app.streams(ReplyEvent::Text(long));
    app.keys("pageup pageup");
    let top = app.row("line ");
    app.ends(Outcome::Complete(StopReason::EndTurn));
    app.kb_read();
    app.replies("Answer to the second.");
    assert_eq!(app.row("line "), top, "{}", app.screen());
}

#[test]
fn a06_a_yes_does_not_make_pasted_words_quotable() {
    let mut app = App::with_kb(KB);
    app.types("what is wrong here? ");
    app.paste("always use four spaces in yaml files\n");
    app.keys("enter");
    app.kb_read();
    app.replies("Shall I save it?");
    app.say("yes, save it");
    app.kb_read();
    app.proposes("add", "Always use four spaces in YAML files.", "", "always use four spaces in yaml files");
    app.expect_no_card();
    assert!(app.chat().contains("was not offered"), "{}", app.chat());
}

#[test]
fn a15_a_turn_that_called_a_tool_ends_in_the_voice_that_began_it() {
    let mut app = App::with_kb(KB);
    app.turn("hello");
    app.say("from now on use yarn");
    app.kb_read();
    app.keys("f2");
    app.types("reviewer");
    app.keys("enter");
    app.calls("unknown", "{}");
    let spoken: Vec<String> = app.request().system.iter().map(|part| part.label.clone()).collect();
    assert_eq!(spoken[0], format!("persona {FIRST}"));
    app.replies("Noted.");
    assert!(app.chat().contains(&format!("{FIRST}: Noted.")), "{}", app.chat());
    app.turn("and now?");
    assert_eq!(
        notes(&app),
        [format!("[From here on the persona {SECOND} answers. The replies above were given by {FIRST}.]")]
    );
    assert_eq!(app.request().system[0].label, format!("persona {SECOND}"));
}

#[test]
fn a15_a_switch_while_kb_md_is_read_is_told_to_the_model_too() {
    let mut app = App::with_kb(KB);
    app.turn("hello");
    app.say("what about the tests?");
    app.keys("f2");
    app.types("reviewer");
    app.keys("enter");
    app.kb_read();
    assert_eq!(notes(&app).len(), 1);
    app.ends(failure("The server refused.", "Try again."));
    app.turn("again");
    assert_eq!(notes(&app).len(), 1, "told once");
    app.turn("more");
    assert_eq!(notes(&app).len(), 1, "and where it was told before");
}

/// The notes on a change of voice in the last request.
fn notes(app: &App) -> Vec<String> {
    let said = |message: &Message| match message {
        Message::User { text } => {
            text.lines().find(|line| line.starts_with("[From here on")).map(str::to_string)
        }
        Message::Attached(_) | Message::Assistant { .. } | Message::Results(_) => None,
    };
    app.request().messages.iter().filter_map(said).collect()
}

#[test]
fn a21_a_failed_reply_does_not_burn_the_queue() {
    for outcome in [failure("The server refused.", "Try again."), Outcome::Truncated] {
        let mut app = App::with_kb(KB);
        app.say("first");
        app.kb_read();
        app.say("second");
        app.say("third");
        app.ends(outcome);
        assert!(matches!(app.state.turn, Turn::Idle));
        assert_eq!(app.state.queue.len(), 2);
        app.expect("Enter on an empty prompt sends it");
        app.keys("enter");
        app.kb_read();
        app.replies("Answer to the second.");
        app.kb_read();
        app.replies("Answer to the third.");
        app.expect("Answer to the third.");
    }
}

#[test]
fn a_model_that_the_user_names_answers_also_where_the_persona_wants_another() {
    let mut all = files();
    all[1].2 = all[1].2.replace("color:", "model: model-2\ncolor:");
    let mut app = App::start(read(KB), endpoint(), library(&all));
    app.say(&format!("/persona {SECOND}"));
    app.turn("one");
    assert_eq!(app.request().endpoint.model, "model-2");
    app.say("/model model-1");
    app.turn("two");
    assert_eq!(app.request().endpoint.model, "model-1");
    app.say(&format!("/persona {FIRST}"));
    app.say(&format!("/persona {SECOND}"));
    app.turn("three");
    assert_eq!(app.request().endpoint.model, "model-2");
}
