//! What was said is said again: the last message comes back into the prompt, and nothing of it is lost.

use dictum::app::state::{Storing, Turn};
use dictum::domain::attach::refusal::Found;
use dictum::domain::chat::{Body, EntryId, Presence, Reply};
use dictum::domain::exchange::{Message, Outcome, ReplyEvent, StopReason};
use dictum::domain::kb::origins::Origins;
use dictum::domain::kb::{Origin, Span};
use dictum::domain::session::{Kept, SessionId, Summary};
use dictum::protocol::message::{Effect, Event, Prompts};
use dictum::protocol::sessions::{Ask, Change, Conversation, Elsewhere, Opened, Record, Standing, Told};

use crate::app::{App, FIRST};
use crate::sessions::summary;

const KB: &str = "# KB\n\n- Use npm.\n";

/// The app with a store.
fn app() -> App {
    let mut app = App::with_kb(KB);
    app.state.recording.storing = Storing::On;
    app
}

/// What was given to the store since this was asked last.
pub fn records(app: &mut App) -> Vec<Record> {
    let record = |effect| match effect {
        Effect::Store(ask) => match *ask {
            Ask::Record(record) => Some(*record),
            Ask::List { .. }
            | Ask::Open { .. }
            | Ask::Close { .. }
            | Ask::Rename { .. }
            | Ask::Delete { .. } => None,
        },
        _ => None,
    };
    std::mem::take(&mut app.effects).into_iter().filter_map(record).collect()
}

/// How entries are said to take part.
pub fn marks(records: &[Record]) -> Vec<(EntryId, Presence)> {
    let mark = |change: &Change| match change {
        Change::Mark { entry, presence, .. } => Some((*entry, *presence)),
        Change::Put { .. } | Change::Grow { .. } | Change::Drop { .. } => None,
    };
    records.iter().flat_map(|record| record.changes.iter().filter_map(mark)).collect()
}

/// The texts of the last request's messages.
pub fn sent(app: &App) -> Vec<String> {
    let text = |message: &Message| match message {
        Message::User { text } | Message::Assistant { text, .. } => text.clone(),
        Message::Results(results) => format!("{} results", results.len()),
        Message::Attached(attached) => format!("{} attached", attached.len()),
    };
    app.request().messages.iter().map(text).collect()
}

#[test]
fn a21_the_last_message_comes_back_into_the_prompt_and_stays_in_the_chat() {
    let mut app = app();
    app.turn("one");
    app.turn("fix teh build");
    let before = records(&mut app);
    app.keys("esc");
    app.expect("Esc again takes your last message back");
    app.keys("esc");
    app.expect_draft("fix teh build");
    app.expect("↶ taken back: fix teh build  ▸ Ctrl+O");
    app.expect(&format!("↶ taken back, {FIRST}: Done."));
    assert!(!before.is_empty());
    assert_eq!(marks(&records(&mut app)), [3, 4].map(|id| (EntryId(id), Presence::TakenBack)));
    app.keys("ctrl+u");
    app.turn("fix the build");
    assert_eq!(sent(&app), ["one", "Done.", "fix the build"], "what was taken back is not sent");
    // It can still be read and found.
    app.keys("ctrl+o");
    app.expect("↶ fix teh build");
    app.expect("↶ taken back\n");
    app.keys("ctrl+f");
    app.types("teh");
    app.expect("1 of 1");
}

#[test]
fn a21_taking_back_stops_the_reply_and_keeps_the_draft() {
    let mut app = app();
    app.say("one");
    app.kb_read();
    app.streams(ReplyEvent::Text("half a thought".into()));
    app.types("a draft");
    let effects = app.keys("alt+z");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Cancel { .. })));
    assert!(matches!(app.state.turn, Turn::Idle));
    app.expect_draft("one");
    app.expect("taken back; ↑ brings your draft back");
    app.expect("half a thought");
    app.keys("home up");
    app.expect_draft("a draft");
    app.keys("down alt+z");
    app.expect("there is no message of yours to take back");
}

#[test]
fn a21_taken_back_before_kb_md_was_read_nothing_is_sent() {
    let mut app = app();
    app.say("one");
    app.say("/undo");
    app.expect_draft("one");
    app.kb_read();
    assert!(!app.effects.iter().any(|effect| matches!(effect, Effect::Ask { .. })));
}

#[test]
fn one_press_of_the_key_takes_nothing_back_nor_do_two_with_something_between() {
    let mut app = app();
    app.keys("esc esc");
    app.expect_draft("");
    app.turn("one");
    app.keys("esc");
    app.after(3_000);
    app.keys("esc");
    app.expect_draft("");
    app.keys("left esc");
    app.expect_draft("");
    // Stopping a reply is no first press.
    app.say("two");
    app.kb_read();
    app.keys("esc esc");
    app.expect_draft("");
    app.keys("esc");
    app.expect_draft("two");
}

#[test]
fn the_edit_that_rests_on_it_goes_with_the_message_and_comes_with_it_again() {
    let mut app = app();
    app.turn("from now on use pnpm");
    app.expect_card("pnpm");
    app.keys("alt+z");
    app.expect_no_card();
    assert!(app.chat().contains("Withdrawn, as you took it back"), "{}", app.chat());
    app.turn("");
    app.expect_card("pnpm");
}

#[test]
fn what_was_pasted_comes_back_as_pasted_and_the_queue_goes_on_waiting() {
    let mut app = app();
    app.paste("a log\nof lines");
    app.keys("enter");
    app.kb_read();
    app.say("next");
    app.keys("alt+z");
    assert_eq!(app.state.prompt.editor.spans()[0].origin, Origin::Pasted);
    app.expect("queued  next");
    let held = |entry: &&dictum::domain::chat::Entry| matches!(entry.body, Body::User { .. });
    assert_eq!(app.state.log.current().filter(held).count(), 0);
}

/// A session with one message and its answer comes back.
fn resumes(app: &mut App, message: &[Span], origins: Origins) {
    let text: String = message.iter().map(|span| span.text.as_str()).collect();
    let said = Body::User { text: text.clone(), attached: Vec::new(), origins };
    let reply = Reply {
        text: "Fine.".into(),
        outcome: Some(Outcome::Complete(StopReason::EndTurn)),
        ..Reply::default()
    };
    let entries = [said, Body::Reply(Box::new(reply))];
    let opened = Opened {
        summary: summary(7, &text),
        standing: Standing::default(),
        entries: entries.into_iter().map(|body| Kept::new(Some(1), body)).collect(),
        elsewhere: Elsewhere::Nothing,
    };
    app.send(Event::Stored(Told::Opened(Box::new(opened))));
}

#[test]
fn after_a_resume_typed_words_are_typed_and_pasted_ones_pasted() {
    let message = [Span::typed("from now on use pnpm; see @a.ts\n"), Span::pasted("always use @tabs.ts")];
    let mut app = app();
    resumes(&mut app, &message, Origins::of(&message));
    app.keys("alt+z");
    assert_eq!(app.state.prompt.editor.spans(), message);
    app.keys("enter");
    let mentions = |effect: &Effect| match effect {
        Effect::ReadMentions { mentions, .. } => Some(mentions.len()),
        _ => None,
    };
    assert_eq!(
        app.effects.iter().find_map(mentions),
        Some(1),
        "the typed file goes along, the pasted word not"
    );
    app.finds(vec![Found::Word]);
    app.kb_read();
    app.expect_card("pnpm");
    app.replies("Done.");
    // What is written of the session has them again.
    let stored = records(&mut app);
    let said = stored.iter().flat_map(|record| &record.changes).find_map(|change| match change {
        Change::Put { body: Body::User { origins, .. }, .. } => Some(origins.clone()),
        Change::Put { .. } | Change::Grow { .. } | Change::Drop { .. } | Change::Mark { .. } => None,
    });
    assert_eq!(said, Some(Origins::of(&message)));
}

#[test]
fn a_branch_and_an_edited_message_have_the_origins_too() {
    let message = [Span::typed("look "), Span::pasted("a log\nof lines")];
    let mut app = app();
    resumes(&mut app, &message, Origins::of(&message));
    app.say("/fork");
    app.keys("f4 [ [ enter");
    assert_eq!(app.state.prompt.editor.spans(), message);
    app.keys("esc f4 [ [ f");
    assert_eq!(app.state.prompt.editor.spans(), message);
}

#[test]
fn a_retry_after_a_resume_hears_what_was_typed() {
    let message = [Span::typed("we might use pnpm here, or so")];
    let mut app = app();
    resumes(&mut app, &message, Origins::of(&message));
    app.say("/retry");
    let Turn::Reading { message: again, .. } = &app.state.turn else { panic!("no turn") };
    assert_eq!(again, &message);
}

#[test]
fn what_an_older_session_does_not_know_counts_as_pasted_unless_the_history_knows_it() {
    let message = [Span::typed("look @a.ts")];
    let mut app = app();
    resumes(&mut app, &message, Origins::default());
    app.keys("alt+z");
    assert_eq!(app.state.prompt.editor.spans(), [Span::pasted("look @a.ts")]);
    let mut app = self::app();
    app.send(Event::PromptsRead(Prompts { history: vec![message.to_vec()], ..Prompts::default() }));
    resumes(&mut app, &message, Origins::default());
    app.keys("alt+z");
    assert_eq!(app.state.prompt.editor.spans(), message);
}

#[test]
fn an_earlier_message_is_edited_and_branches_off_when_it_is_sent() {
    let mut app = app();
    app.turn("one");
    app.turn("two");
    app.send(Event::Stored(Told::Begun { conversation: Conversation(0), session: SessionId(4) }));
    records(&mut app);
    app.types("a draft");
    app.keys("f4 [ enter");
    app.expect_draft("two");
    app.expect("editing a message · Enter branches off there · Esc leaves it");
    assert_eq!(app.chat().lines().count(), 4, "nothing changes before it is sent");
    // Left as it was; the draft is there again.
    app.keys("esc");
    app.expect_draft("a draft");
    app.expect("your message stays as it was; ↑ brings your edit back");
    app.expect_not("editing a message");
    app.keys("f4 [ E");
    app.types("b");
    app.keys("enter");
    let stored = records(&mut app);
    let last = stored.last().unwrap();
    assert_eq!((last.session, last.parent), (None, Some(SessionId(4))));
    assert!(
        app.chat()
            .contains("Branched off here with other words. What followed stays as session 4: /sessions.")
    );
    app.kb_read();
    assert_eq!(sent(&app), ["one", "Done.", "twob"]);
    app.expect_not("editing a message");
    app.replies("Other.");
    app.turn("three");
    assert_eq!(sent(&app), ["one", "Done.", "twob", "Other.", "three"]);
    app.keys("home up up");
    app.expect_draft("twob");
}

#[test]
fn an_edited_message_is_sent_while_another_reply_runs_and_stops_it() {
    let mut app = app();
    app.turn("one");
    app.say("two");
    app.kb_read();
    app.streams(ReplyEvent::Text("half".into()));
    app.keys("f4 [ [ [ enter");
    app.expect_draft("one");
    let effects = app.keys("enter");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Cancel { .. })));
    app.kb_read();
    assert_eq!(sent(&app), ["one"]);
    assert!(app.chat().contains("What followed was not saved") || app.chat().contains("Branched off"));
}

#[test]
fn what_ends_an_edit_ends_it_for_good() {
    for leaves in ["/new", "ctrl+c"] {
        let mut app = app();
        app.turn("one");
        app.keys("f4 [ enter");
        if leaves == "ctrl+c" {
            app.keys("ctrl+c");
        } else {
            app.keys("ctrl+u");
            app.say(leaves);
        }
        app.expect_not("editing a message");
        records(&mut app);
        app.turn("two");
        assert!(records(&mut app).iter().all(|record| record.parent.is_none()), "{leaves}");
    }
    // A reply is copied, and what was taken back is a draft like another.
    let mut app = app();
    app.turn("one");
    assert_eq!(app.keys("f4 enter"), [crate::app::copied("the reply", "Done.")]);
    app.keys("esc alt+z ctrl+u f4 [ enter");
    app.expect_draft("one");
    app.expect_not("editing a message");
}

#[test]
fn the_list_names_what_a_session_branched_off_from() {
    let mut app = app();
    app.say("/sessions");
    let branch = Summary { parent: Some(SessionId(4)), ..summary(7, "what now?") };
    app.send(Event::Stored(Told::Listed {
        query: String::new(),
        sessions: vec![branch, summary(4, "what now?")],
    }));
    app.expect("↳#4 · 2 h ago");
    app.expect("#7 · branch of #4 · 2 messages");
}
