//! Several answers to one message: asked again, stepped through, compared, stored and brought back. Only the shown one goes along.

use dictum::app::sessions::{self, Begin};
use dictum::app::state::{Storing, Turn};
use dictum::domain::chat::{Body, EntryId, Presence, Reply, Voice};
use dictum::domain::exchange::{Outcome, ReplyEvent, StopReason};
use dictum::domain::kb::origins::Origins;
use dictum::domain::session::Kept;
use dictum::protocol::message::{Effect, Event};
use dictum::protocol::sessions::{Change, Elsewhere, Opened, Standing, Told};

use crate::again::{marks, records, sent};
use crate::app::{App, FIRST, SECOND, failure, offline};
use crate::sessions::summary;

const KB: &str = "# KB\n\n- Use npm.\n";

/// The app with a store.
fn app() -> App {
    let mut app = App::with_kb(KB);
    app.state.recording.storing = Storing::On;
    app
}

/// The answer that was asked for again.
fn answers(app: &mut App, text: &str) {
    app.kb_read();
    app.replies(text);
}

#[test]
fn a01_asking_again_reads_kb_md_as_it_is_now_and_sends_no_answer_of_before() {
    let mut app = app();
    app.turn("one");
    app.turn("two");
    app.writes("# KB\n\n- Use bun.\n");
    app.say("/retry");
    app.kb_read();
    assert_eq!(sent(&app), ["one", "Done.", "two"]);
    let body = format!("{:?}", app.request());
    assert_eq!((body.matches("Use bun").count(), body.matches("Use npm").count()), (1, 0));
    app.replies("Another.");
    app.expect("‹ 2/2 ›");
    app.expect("Another.");
    assert_eq!(app.chat().matches("you: two").count(), 1, "the message is not said again");
    app.turn("three");
    assert_eq!(sent(&app), ["one", "Done.", "two", "Another.", "three"]);
}

#[test]
fn the_versions_are_stepped_through_and_only_the_shown_one_goes_along() {
    let mut app = app();
    app.turn("one");
    app.say("/retry");
    answers(&mut app, "Second.");
    app.say("/retry");
    answers(&mut app, "Third.");
    app.expect("‹ 3/3 ›");
    app.keys("alt+.");
    app.expect("version 3 of 3 is the last one");
    app.keys("alt+, alt+,");
    app.expect("‹ 1/3 ›");
    app.expect("Done.");
    app.expect_not("Third.");
    app.turn("next");
    assert_eq!(sent(&app), ["one", "Done.", "next"]);
    // An earlier answer can be changed as well; the newest one is then asked for with it.
    app.keys("f4 [ [ >");
    app.expect("‹ 2/3 ›");
    app.keys("esc");
    app.turn("last");
    assert_eq!(sent(&app), ["one", "Second.", "next", "Done.", "last"]);
    app.say("/version 1");
    app.expect("there is one answer to it");
}

#[test]
fn one_is_chosen_by_number() {
    let mut app = app();
    app.say("/version");
    app.expect("there is one answer to it");
    app.turn("one");
    app.say("/retry");
    answers(&mut app, "Second.");
    app.say("/version");
    app.expect("version 2 of 2 is shown; /version 1 shows the first");
    app.say("/version 1");
    app.expect("version 1 of 2 is shown, and goes along from here on");
    app.say("/copy");
    assert_eq!(app.effects.pop(), Some(crate::app::copied("the last reply", "Done.")));
    app.keys("ctrl+f");
    app.types("second");
    app.expect("no match");
}

#[test]
fn another_persona_or_model_is_asked_this_once() {
    let mut app = app();
    app.turn("one");
    app.say(&format!("/retry {SECOND}"));
    app.kb_read();
    let request = app.request().clone();
    assert_eq!(request.system[0].label, format!("persona {SECOND}"));
    assert_eq!(
        (sent(&app).as_slice(), request.endpoint.model.as_str()),
        (["one".to_string()].as_slice(), "model-1")
    );
    app.replies("Reviewed.");
    app.expect(&format!("● {SECOND}  ‹ 2/2 ›"));
    app.say("/retry model-2");
    app.kb_read();
    assert_eq!(app.request().endpoint.model, "model-2");
    assert_eq!(app.request().system[0].label, format!("persona {FIRST}"));
    // A tool that is called in it is answered by the same model.
    app.calls("nothing", "{}");
    assert_eq!(app.request().endpoint.model, "model-2");
    app.replies("After the call.");
    app.expect("‹ 3/3 ›");
    app.turn("two");
    let next = app.request();
    assert_eq!((next.endpoint.model.as_str(), next.messages.len()), ("model-1", 5));
    app.say(&format!("/retry @{SECOND} model-2"));
    app.kb_read();
    assert_eq!(app.request().endpoint.model, "model-2");
    assert_eq!(app.request().system[0].label, format!("persona {SECOND}"));
}

#[test]
fn a_name_that_is_none_asks_nobody() {
    let mut app = app();
    app.say("/retry");
    app.expect("there is no message to ask again about");
    app.turn("one");
    app.effects.clear();
    app.say("/retry zebra");
    app.expect("zebra is no persona and no model here");
    app.state.connection.endpoint = offline();
    app.say("/retry gpt");
    app.expect("there is no persona gpt, and no model is connected");
    assert!(!app.effects.iter().any(|effect| matches!(effect, Effect::ReadKb { .. })));
}

#[test]
fn names_after_a_command_are_completed() {
    let mut app = app();
    app.types("/retry ");
    app.expect("persona · Does reviewer work");
    app.expect("model · openai");
    app.types("rev");
    app.expect_not("model · openai");
    app.keys("tab");
    app.expect_draft("/retry reviewer ");
    app.types("el-2");
    app.keys("tab");
    app.expect_draft("/retry reviewer model-2 ");
    app.keys("ctrl+u");
    app.types("/persona nodejs");
    app.keys("tab enter");
    app.expect(&format!("{FIRST} speaks already"));
}

#[test]
fn a21_asking_again_stops_what_runs_and_keeps_what_came() {
    let mut app = app();
    app.say("one");
    app.kb_read();
    app.streams(ReplyEvent::Text("half".into()));
    app.types("a draft");
    app.keys("f4 r");
    app.kb_read();
    app.streams(ReplyEvent::Text("Whole".into()));
    app.keys("alt+,");
    app.expect("another version is on its way");
    app.ends(Outcome::Complete(StopReason::EndTurn));
    app.expect_draft("a draft");
    app.keys("alt+,");
    app.expect("half");
    app.expect("■ stopped");
    // Taken back while KB.md is read, nothing is hidden.
    app.keys("ctrl+u");
    app.say("/retry");
    app.keys("esc");
    assert!(matches!(app.state.turn, Turn::Idle));
    app.kb_read();
    app.expect("half");
    app.expect("‹ 1/2 ›");
}

#[test]
fn a29_a_failed_answer_is_no_version_and_is_not_sent() {
    let mut app = app();
    app.say("one");
    app.kb_read();
    app.ends(failure("It broke.", "Try again."));
    for _ in 0..3 {
        app.say("/retry");
        app.kb_read();
        assert_eq!(sent(&app), ["one"], "the history does not grow by the error");
        app.ends(failure("It broke.", "Try again."));
    }
    app.say("/retry");
    answers(&mut app, "It works.");
    app.expect("It works.");
    app.expect_not("It broke.");
    app.expect_not("‹");
}

#[test]
fn a_rule_in_the_message_is_not_offered_twice() {
    let mut app = app();
    app.turn("from now on use pnpm");
    app.keys("ctrl+k");
    app.after(600);
    app.keys("r");
    app.expect_no_card();
    app.say("/retry");
    answers(&mut app, "Well.");
    app.expect_no_card();
    assert_eq!(app.chat().matches("decision: ").count(), 1, "{}", app.chat());
}

#[test]
fn only_the_newest_answer_is_asked_for_again() {
    let mut app = app();
    app.turn("one");
    app.turn("two");
    app.effects.clear();
    app.keys("f4 [ [ r");
    app.expect("only the newest answer is asked for again; f branches off at an earlier one");
    assert!(app.effects.iter().all(|effect| !matches!(effect, Effect::ReadKb { .. })));
}

#[test]
fn after_a_message_was_taken_back_the_one_before_is_asked_again() {
    let mut app = app();
    app.turn("one");
    app.turn("two");
    app.keys("alt+z ctrl+u");
    app.say("/retry");
    answers(&mut app, "Again.");
    assert_eq!(sent(&app), ["one"]);
    app.expect("‹ 2/2 ›");
    app.keys("alt+,");
    app.turn("three");
    assert_eq!(sent(&app), ["one", "Done.", "three"]);
}

#[test]
fn a29_versions_are_stored_as_they_come_and_the_shown_one_is_marked() {
    let mut app = app();
    app.turn("one");
    records(&mut app);
    app.say("/retry");
    app.kb_read();
    let begun = records(&mut app);
    // What hides the first one stands in one record with what takes its place.
    assert_eq!(marks(&begun), [(EntryId(2), Presence::OtherVersion)]);
    let second = begun.iter().flat_map(|record| &record.changes).find_map(|change| match change {
        Change::Put { body: Body::Reply(reply), entry } => Some((*entry, reply.version)),
        _ => None,
    });
    assert_eq!(second, Some((EntryId(3), 1)));
    app.replies("Second.");
    records(&mut app);
    app.keys("alt+,");
    let stepped = marks(&records(&mut app));
    assert_eq!(stepped, [(EntryId(2), Presence::Current), (EntryId(3), Presence::OtherVersion)]);
    app.say("/fork");
    let copy = records(&mut app);
    assert_eq!(marks(&copy), [(EntryId(3), Presence::OtherVersion)], "a copy has them too");
}

/// An answer in a kept session.
fn kept(row: i64, version: u32, text: &str, presence: Presence) -> Kept {
    let reply = Reply {
        voice: Voice { name: SECOND.into(), color: "yellow".into() },
        text: text.into(),
        outcome: Some(Outcome::Complete(StopReason::EndTurn)),
        version,
        ..Reply::default()
    };
    Kept { row: Some(row), presence, ..Kept::new(Some(1), Body::Reply(Box::new(reply))) }
}

fn said(row: i64, text: &str, presence: Presence) -> Kept {
    Kept {
        row: Some(row),
        presence,
        ..Kept::new(
            Some(1),
            Body::User { text: text.into(), attached: Vec::new(), origins: Origins::default() },
        )
    }
}

#[test]
fn versions_and_what_was_taken_back_come_back_as_they_were() {
    use Presence::{Current, OtherVersion, TakenBack};
    let mut app = app();
    sessions::begin(&mut app.state, Begin::Continue);
    let entries = vec![
        said(11, "one", Current),
        kept(12, 0, "First.", OtherVersion),
        kept(13, 1, "Second.", Current),
        kept(14, 2, "Third.", OtherVersion),
        said(15, "slip", TakenBack),
        kept(16, 0, "Of the slip.", TakenBack),
    ];
    let opened = Opened {
        summary: summary(7, "one"),
        standing: Standing::default(),
        entries,
        elsewhere: Elsewhere::Nothing,
    };
    app.send(Event::Stored(Told::Opened(Box::new(opened))));
    app.expect("‹ 2/3 ›");
    app.expect("Second.");
    app.expect_not("First.");
    app.expect("↶ taken back: slip");
    records(&mut app);
    app.keys("alt+.");
    let stored = records(&mut app);
    let rows: Vec<Option<i64>> = stored
        .iter()
        .flat_map(|record| &record.changes)
        .filter_map(|change| if let Change::Mark { row, .. } = change { Some(*row) } else { None })
        .collect();
    assert_eq!(rows, [Some(13), Some(14)], "the rows of before are meant");
    app.say("/retry");
    answers(&mut app, "Fourth.");
    app.expect("‹ 4/4 ›");
    app.turn("next");
    assert_eq!(sent(&app), ["one", "Fourth.", "next"]);
}

#[test]
fn a_session_that_claims_to_show_none_or_two_shows_the_newest() {
    use Presence::{Current, OtherVersion};
    for presence in [Current, OtherVersion] {
        let mut app = app();
        sessions::begin(&mut app.state, Begin::Continue);
        let entries =
            vec![said(1, "one", Current), kept(2, 0, "First.", presence), kept(3, 1, "Second.", presence)];
        let opened = Opened {
            summary: summary(7, "one"),
            standing: Standing::default(),
            entries,
            elsewhere: Elsewhere::Nothing,
        };
        app.send(Event::Stored(Told::Opened(Box::new(opened))));
        app.turn("next");
        assert_eq!(sent(&app)[..2], ["one", "Second."]);
        assert_eq!(sent(&app).len(), 3);
    }
}

#[test]
fn two_versions_stand_side_by_side_and_one_is_taken() {
    let mut app = app();
    app.resize(120, 30);
    app.say("/compare");
    app.expect("there is one answer to it; /retry asks for another");
    app.turn("one");
    app.say(&format!("/retry {SECOND}"));
    answers(&mut app, &"A longer one. ".repeat(40));
    app.say("/retry");
    answers(&mut app, "漢字かな\n\n```rust\nfn main() {}\n```");
    app.keys("f4 c");
    let row = app.row("‹ 2/3 ›");
    assert!(row.contains("‹ 2/3 › not shown  reviewer") && row.contains("‹ 3/3 › shown  installer"), "{row}");
    app.expect("fn main() {}");
    app.expect("1 goes on with the first · 2 with the second · Esc closes");
    app.keys("<");
    app.expect("‹ 1/3 ›");
    app.keys("1");
    app.expect("version 2 of 3 is shown, and goes along from here on");
    app.expect("A longer one.");
    app.say("/compare");
    app.keys("down pagedown end esc");
    app.expect_not("Two versions");
    app.resize(60, 24);
    app.say("/compare");
    app.expect("‹ 1/3 › not shown");
    app.keys("end");
    app.expect("A longer one.");
}

#[test]
fn a25_line_by_line_both_are_told_one_after_the_other() {
    use dictum::app::plain::{Asked, Form, told};
    use dictum::domain::kb::Span;
    let mut app = app();
    app.state.screen.form = Form::Linear(Asked::Person);
    let mut told = told::Told::default();
    let enter = |app: &mut App, words: &str| {
        app.send(Event::Entered(vec![Span::typed(words)]));
    };
    enter(&mut app, "one");
    answers(&mut app, "First.");
    enter(&mut app, "/retry");
    answers(&mut app, "Second.");
    told.news(&app.state);
    enter(&mut app, "/compare");
    let lines = told.news(&app.state).join("\n");
    assert!(lines.contains("‹ 1/2 › not shown") && lines.contains("First."), "{lines}");
    assert!(lines.contains("‹ 2/2 › shown") && lines.contains("Second."), "{lines}");
    enter(&mut app, "/undo");
    let lines = told.news(&app.state).join("\n");
    assert!(lines.contains("taken back; send it as you want it: one"), "{lines}");
}
