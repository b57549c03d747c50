//! What is said is given to the store as it is said, and earlier sessions come back, are named, deleted, branched off and exported.

use std::collections::HashSet;

use dictum::app::plain::Form as PlainForm;
use dictum::app::sessions::{self, Begin};
use dictum::app::state::{Fixed, Search, Storing};
use dictum::domain::chat::{Body, EntryId, Level, Presence, Reply, Voice};
use dictum::domain::exchange::{Endpoint, Outcome, Protocol, ReplyEvent, StopReason};
use dictum::domain::export::Form;
use dictum::domain::kb::Span;
use dictum::domain::kb::origins::Origins;
use dictum::domain::roster::{Found, Listed, Roster};
use dictum::domain::session::{Kept, SessionId, Summary};
use dictum::protocol::message::{Anchor, Effect, Event};
use dictum::protocol::sessions::{
    Ask, Change, Conversation, Elsewhere, Exported, Named, Opened, Overwrite, Record, Standing, Told, Which,
};

use crate::app::{App, FIRST, SECOND, offline};

const KB: &str = "# KB\n\n- Use npm.\n";

/// The app with a store.
fn app() -> App {
    let mut app = App::with_kb(KB);
    app.state.recording.storing = Storing::On;
    app
}

/// What the store was asked for, and is not asked again.
fn asks(app: &mut App) -> Vec<Ask> {
    let asked = |effect: &Effect| match effect {
        Effect::Store(ask) => Some((**ask).clone()),
        _ => None,
    };
    let found = app.effects.iter().filter_map(asked).collect();
    app.effects.clear();
    found
}

fn records(app: &mut App) -> Vec<Record> {
    let record = |ask| match ask {
        Ask::Record(record) => Some(*record),
        Ask::List { .. } | Ask::Open { .. } | Ask::Close { .. } | Ask::Rename { .. } | Ask::Delete { .. } => {
            None
        }
    };
    asks(app).into_iter().filter_map(record).collect()
}

/// The changes in short: what happened to which entry.
fn short(records: &[Record]) -> Vec<String> {
    let change = |change: &Change| match change {
        Change::Put { body: Body::User { text, .. }, .. } => format!("you: {text}"),
        Change::Put { body: Body::Reply(reply), .. } => {
            let end = if reply.outcome.is_some() { "." } else { " …" };
            format!("{}: {}{end}", reply.voice.name, reply.text)
        }
        Change::Put { body: Body::Divider { voice }, .. } => format!("-- {}", voice.name),
        Change::Put { body: Body::Notice { text, .. }, .. } => format!("notice: {text}"),
        Change::Put { body: Body::Decision { summary, .. }, .. } => format!("decision: {summary}"),
        Change::Put { body: Body::Compaction { text, .. }, .. } => format!("compaction: {text}"),
        Change::Grow { text, .. } => format!("+ {text}"),
        Change::Drop { .. } => "dropped".to_string(),
        Change::Mark { entry, presence, .. } => format!("{} is {presence:?}", entry.0),
    };
    records.iter().flat_map(|record| record.changes.iter().map(change)).collect()
}

fn told(app: &mut App, told: Told) -> Vec<Effect> {
    app.send(Event::Stored(told))
}

pub fn summary(id: i64, title: &str) -> Summary {
    Summary {
        id: SessionId(id),
        parent: None,
        title: title.into(),
        messages: 2,
        persona: SECOND.into(),
        model: "model-2".into(),
        folder: "/project".into(),
        began: 0,
        changed: 0,
        age: 7_200,
        words: "some words".into(),
    }
}

fn kept(bodies: Vec<Body>) -> Vec<Kept> {
    bodies.into_iter().map(|body| Kept::new(Some(1), body)).collect()
}

fn said(text: &str) -> Body {
    Body::User { text: text.into(), attached: Vec::new(), origins: Origins::default() }
}

fn replied(text: &str) -> Body {
    let voice = Voice { name: SECOND.into(), color: "yellow".into() };
    let outcome = Some(Outcome::Complete(StopReason::EndTurn));
    Body::Reply(Box::new(Reply {
        voice,
        text: text.into(),
        outcome,
        kb: "0ld0ld0l".into(),
        ..Reply::default()
    }))
}

/// A session in which the reviewer spoke with the second model.
fn earlier(draft: &str, scroll: Option<Anchor>) -> Opened {
    let standing = Standing {
        persona: SECOND.into(),
        provider: "openai".into(),
        model: "model-2".into(),
        host: String::new(),
        named: Named::ByUser,
        draft: if draft.is_empty() { Vec::new() } else { vec![Span::typed(draft)] },
        rules: vec!["Answer in Italian".into()],
        scroll,
    };
    let entries = kept(vec![said("what now?"), replied(&"A line.\n\n".repeat(60))]);
    Opened { summary: summary(7, "what now?"), standing, entries, elsewhere: Elsewhere::Nothing }
}

#[test]
fn a29_a_turn_is_stored_as_it_happens() {
    let mut app = app();
    app.say("hello");
    let first = records(&mut app);
    assert_eq!(short(&first), ["you: hello"]);
    assert_eq!((first[0].conversation, first[0].session), (Conversation(0), None));
    assert_eq!(first[0].standing.as_ref().map(|standing| standing.persona.as_str()), Some(FIRST));
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    app.kb_read();
    app.streams(ReplyEvent::Start { id: "r".into(), model: "model-1".into() });
    app.streams(ReplyEvent::Text("One ".into()));
    // What comes soon after something was stored is stored together a little later; else words are stored as they come.
    assert_eq!(app.state.recording.due, Some(app.state.screen.now + 75));
    assert_eq!(records(&mut app), []);
    app.after(80);
    let batch = records(&mut app);
    assert_eq!(short(&batch), [format!("{FIRST}: One  …")]);
    assert_eq!(batch[0].session, Some(SessionId(4)));
    for piece in ["two ", "three "] {
        app.after(80);
        app.streams(ReplyEvent::Text(piece.into()));
        assert_eq!(short(&records(&mut app)), [format!("+ {piece}")]);
    }
    app.streams(ReplyEvent::Text("four.".into()));
    app.ends(Outcome::Complete(StopReason::EndTurn));
    let whole = records(&mut app);
    assert_eq!(short(&whole), [format!("{FIRST}: One two three four..")]);
    let [Change::Put { body: Body::Reply(reply), .. }] = whole[0].changes.as_slice() else {
        panic!("{whole:?}")
    };
    assert_eq!(Some(reply.kb.as_str()), app.disk.hash());
    assert_eq!(reply.model, "model-1");
    app.after(10_000);
    assert_eq!(records(&mut app).iter().filter(|record| !record.changes.is_empty()).count(), 0);
    assert_eq!(app.state.recording.due, None, "nothing ticks at rest");
}

#[test]
fn what_is_told_and_decided_is_stored_but_not_what_belongs_to_the_start() {
    let mut app = app();
    app.send(Event::Warned("a setting is wrong".into()));
    app.state.personas.library.get(SECOND).unwrap();
    app.say(&format!("/persona {SECOND}"));
    assert_eq!(records(&mut app), []);
    app.turn("from now on use pnpm");
    app.accepts();
    app.say("/persona nobody");
    let stored = short(&records(&mut app));
    assert_eq!(stored[0], "you: from now on use pnpm");
    assert!(stored.iter().any(|line| line.starts_with("decision: ")), "{stored:?}");
    assert!(stored.iter().any(|line| line.contains("no persona nobody")), "{stored:?}");
    assert!(!stored.iter().any(|line| line.contains("a setting is wrong")), "{stored:?}");
}

#[test]
fn a_stopped_and_a_failed_reply_are_stored_with_their_mark() {
    let mut app = app();
    app.say("one");
    app.kb_read();
    app.streams(ReplyEvent::Text("half".into()));
    app.keys("esc");
    let stored = records(&mut app);
    let last = stored.last().unwrap().changes.last().unwrap();
    let Change::Put { body: Body::Reply(reply), .. } = last else { panic!("{last:?}") };
    assert_eq!((reply.text.as_str(), &reply.outcome), ("half", &Some(Outcome::Cancelled)));
    app.say("two");
    app.kb_read();
    app.ends(crate::app::failure("It broke.", "Try again."));
    let stored = records(&mut app);
    let failed = stored.iter().flat_map(|record| &record.changes).any(|change| {
        matches!(change, Change::Put { body: Body::Reply(reply), .. } if matches!(reply.outcome, Some(Outcome::Failed(_))))
    });
    assert!(failed, "{stored:?}");
}

#[test]
fn new_ends_the_session_and_begins_another() {
    for command in ["/new", "/clear"] {
        let mut app = app();
        app.turn("one");
        told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
        records(&mut app);
        app.say("two");
        app.kb_read();
        app.streams(ReplyEvent::Text("half".into()));
        app.say(command);
        let stored = records(&mut app);
        assert_eq!(short(&stored).last().unwrap(), &format!("{FIRST}: half."), "{command}");
        app.expect("session 4 is kept");
        app.say("three");
        let stored = records(&mut app);
        assert_eq!(short(&stored), ["you: three"]);
        assert_eq!((stored[0].conversation, stored[0].session), (Conversation(1), None));
        // The late answer about the first one changes nothing.
        told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
        assert_eq!(app.state.recording.session, None);
    }
}

#[test]
fn what_is_private_is_not_stored_and_begins_anew_with_the_next_session() {
    let mut app = app();
    app.turn("one");
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    app.say("/private");
    assert!(app.chat().contains("What was said before is session 4"), "{}", app.chat());
    app.expect("not saved");
    records(&mut app);
    app.turn("two");
    assert_eq!(records(&mut app), []);
    app.say("/private off");
    app.turn("three");
    let stored = short(&records(&mut app));
    assert_eq!(stored.first().map(String::as_str), Some("you: three"), "{stored:?}");
    assert!(!stored.iter().any(|line| line.contains("two") || line.contains("saved")), "{stored:?}");
    app.say("/private");
    app.say("/new");
    app.turn("four");
    assert_eq!(short(&records(&mut app))[0], "you: four");
    // A file that was renewed is not given what was private.
    app.say("/private");
    app.turn("five");
    app.say("/private off");
    told(&mut app, Told::Renewed { cause: "it was damaged".into() });
    let stored = short(&records(&mut app));
    assert!(
        stored.contains(&"you: four".to_string()) && !stored.contains(&"you: five".to_string()),
        "{stored:?}"
    );
}

#[test]
fn private_in_mid_reply_ends_it_in_the_store() {
    let mut app = app();
    app.say("one");
    app.kb_read();
    app.streams(ReplyEvent::Text("Said before ".into()));
    app.after(300);
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    app.streams(ReplyEvent::Text("and until now".into()));
    records(&mut app);
    app.say("/private");
    let stored = records(&mut app);
    assert_eq!(short(&stored), [format!("{FIRST}: Said before and until now.")]);
    let Change::Put { entry, body: Body::Reply(reply) } = &stored[0].changes[0] else { panic!("{stored:?}") };
    let sealed = *entry;
    assert!(matches!(&reply.outcome, Some(Outcome::Failed(why)) if why.what.starts_with("Kept until here")));
    // It goes on in the chat alone, also when the rest is saved again while it does.
    app.streams(ReplyEvent::Text(", a private word".into()));
    app.after(300);
    app.say("/private off");
    app.streams(ReplyEvent::Text(", another".into()));
    app.after(300);
    app.ends(Outcome::Complete(StopReason::EndTurn));
    assert_eq!(short(&records(&mut app)), Vec::<String>::new());
    assert!(app.chat().contains("Said before and until now, a private word, another"), "{}", app.chat());
    app.turn("two");
    let stored = short(&records(&mut app));
    assert_eq!(stored.first().map(String::as_str), Some("you: two"), "{stored:?}");
    // A copy has of it what the session has, and how it takes part is told of it.
    app.say("/fork");
    let stored = records(&mut app);
    assert!(short(&stored).contains(&format!("{FIRST}: Said before and until now.")), "{stored:?}");
    assert!(!format!("{stored:?}").contains("private word"), "{stored:?}");
    app.keys("alt+z ctrl+u alt+z");
    let stored = records(&mut app);
    let marked = |change: &Change| matches!(change, Change::Mark { entry, presence: Presence::TakenBack, .. } if *entry == sealed);
    assert!(stored.iter().flat_map(|record| &record.changes).any(marked), "{stored:?}");
}

#[test]
fn what_is_said_in_private_stays_out_though_it_goes_on_after_it() {
    let mut app = app();
    app.turn("one");
    app.say("/private");
    app.say("two");
    app.kb_read();
    app.streams(ReplyEvent::Text("A private ".into()));
    records(&mut app);
    app.say("/private off");
    app.streams(ReplyEvent::Text("answer".into()));
    app.after(300);
    app.ends(Outcome::Complete(StopReason::EndTurn));
    assert_eq!(records(&mut app), []);
    app.turn("three");
    assert!(!format!("{:?}", short(&records(&mut app))).contains("private"));
}

/// What the store has after these records, as it gives it back.
fn stored_by(records: &[Record]) -> Vec<Kept> {
    let mut entries: Vec<(EntryId, Kept)> = Vec::new();
    for change in records.iter().flat_map(|record| &record.changes) {
        match change {
            Change::Put { entry, body } => match entries.iter_mut().find(|(known, _)| known == entry) {
                Some((_, kept)) => kept.body = body.clone(),
                None => entries.push((*entry, Kept::new(Some(1), body.clone()))),
            },
            Change::Drop { entry } => entries.retain(|(known, _)| known != entry),
            Change::Mark { entry, presence, .. } => {
                let marked = entries.iter_mut().filter(|(known, _)| known == entry);
                marked.for_each(|(_, kept)| kept.presence = *presence);
            }
            Change::Grow { .. } => {}
        }
    }
    entries.into_iter().map(|(_, kept)| kept).collect()
}

/// What is sent with the next message, once a session of these entries goes on.
fn sent_after_resuming(entries: Vec<Kept>) -> String {
    let mut app = app();
    told(&mut app, Told::Opened(Box::new(Opened { entries, ..earlier("", None) })));
    app.say("and now?");
    app.kb_read();
    format!("{:?}", app.request().messages)
}

#[test]
fn a_summary_of_what_was_said_in_private_stays_out() {
    for (private, kept) in [("two", true), ("WOMBAT", false)] {
        let mut app = app();
        app.turn("public alpha");
        if !kept {
            app.say("/private");
        }
        app.turn(private);
        app.say("/private off");
        app.turn("three");
        app.turn("four");
        app.say("/compact");
        app.replies(&format!("Task: alpha and {private}."));
        app.turn("five");
        let stored = records(&mut app);
        let summaries =
            stored_by(&stored).iter().filter(|kept| matches!(kept.body, Body::Compaction { .. })).count();
        assert_eq!(summaries, usize::from(kept));
        assert_eq!(format!("{stored:?}").contains(private), kept, "{stored:?}");
        // Here the summary is sent, and later what it stood for, as far as that is stored.
        assert!(format!("{:?}", app.request().messages).contains("Task: alpha"));
        let sent = sent_after_resuming(stored_by(&stored));
        assert_eq!(sent.contains("public alpha"), !kept, "{sent}");
        assert_eq!(sent.contains("Task: alpha"), kept, "{sent}");
        assert!(sent.contains("four") && sent.contains("five"), "{sent}");
    }
}

#[test]
fn another_answer_to_what_was_said_in_private_stays_out() {
    let mut app = app();
    app.turn("one");
    app.say("/private");
    app.turn("two");
    app.say("/private off");
    records(&mut app);
    for answer in ["The second WOMBAT.", "The third WOMBAT."] {
        app.say("/retry");
        app.kb_read();
        app.streams(ReplyEvent::Text(answer.into()));
        app.after(300);
        app.ends(Outcome::Complete(StopReason::EndTurn));
    }
    app.keys("alt+,");
    app.expect("The second WOMBAT.");
    app.turn("three");
    app.say("/retry");
    app.kb_read();
    app.replies("Another.");
    let stored = records(&mut app);
    assert!(!format!("{stored:?}").contains("WOMBAT"), "{stored:?}");
    assert!(short(&stored).contains(&format!("{FIRST}: Another..")), "{stored:?}");
    // Nor is an answer to what stands before it hidden by it.
    app.keys("alt+z alt+z ctrl+u");
    app.say("/retry");
    app.kb_read();
    app.replies("To the first.");
    assert!(short(&records(&mut app)).contains(&format!("{FIRST}: To the first..")));
}

#[test]
fn a_stored_message_that_is_taken_back_in_private_is_so_in_the_store_once_it_is_saved_again() {
    let mut app = app();
    app.turn("one");
    app.say("/private");
    records(&mut app);
    app.keys("alt+z ctrl+u");
    assert_eq!(records(&mut app), []);
    app.say("/private off");
    app.turn("two");
    let stored = records(&mut app);
    let marks = stored.iter().flat_map(|record| &record.changes);
    let marks = marks.filter(|change| matches!(change, Change::Mark { presence: Presence::TakenBack, .. }));
    assert_eq!(marks.count(), 2, "{stored:?}");
}

#[test]
fn a_stored_message_that_is_taken_back_in_private_is_so_in_the_store_at_once() {
    let mut app = app();
    app.turn("public one");
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    app.turn("public two");
    let mut stored = records(&mut app);
    app.say("/private");
    app.turn("WOMBAT");
    app.keys("alt+z alt+z ctrl+u");
    let marks = records(&mut app);
    assert_eq!(short(&marks).len(), 2, "the message and its reply: {marks:?}");
    assert!(marks.iter().all(|record| record.session == Some(SessionId(4)) && record.standing.is_none()));
    app.after(1_000);
    assert_eq!(records(&mut app), []);
    stored.extend(marks);
    let sent = sent_after_resuming(stored_by(&stored));
    assert!(
        sent.contains("public one") && !sent.contains("public two") && !sent.contains("WOMBAT"),
        "{sent}"
    );
}

#[test]
fn nothing_is_stored_where_the_settings_say_so() {
    let mut app = App::with_kb(KB);
    app.turn("one");
    app.say("/private");
    app.expect("no session is saved");
    app.say("/new");
    assert_eq!(asks(&mut app), []);
}

#[test]
fn a01_a_resumed_session_speaks_as_it_did_and_reads_kb_as_it_is_now() {
    let mut app = app();
    app.send(Event::Warned("a setting is wrong".into()));
    let effects = sessions::begin(&mut app.state, Begin::Continue);
    assert_eq!(effects, [Effect::Store(Box::new(Ask::Open { which: Which::Last }))]);
    // What is sent before the session is there belongs to it.
    assert_eq!(app.say("and then?"), []);
    let anchor = Anchor { entry: 1, part: 3, line: 0, width: 78, letters: 0 };
    told(&mut app, Told::Opened(Box::new(earlier("half a thought", Some(anchor)))));
    app.expect("session 7 goes on: what now?");
    assert_eq!(app.state.personas.active.name, SECOND);
    app.expect_draft("half a thought");
    app.writes("# KB\n\n- Use bun.\n");
    app.kb_read();
    let request = app.request();
    assert_eq!(request.endpoint.model, "model-2");
    let sent = format!("{request:?}");
    assert_eq!((sent.matches("Use bun").count(), sent.matches("Use npm").count()), (1, 0), "{sent}");
    assert!(!sent.contains("0ld0ld0l"));
    assert!(sent.contains("Answer in Italian"), "what held for this session only holds in it again");
    assert_eq!(request.messages.len(), 3);
    app.replies("Done.");
    let stored = records(&mut app);
    let expect = ["you: and then?".to_string(), format!("{SECOND}: Done..")];
    assert_eq!(short(&stored).into_iter().filter(|line| !line.ends_with('…')).collect::<Vec<_>>(), expect);
    assert!(stored.iter().all(|record| record.session == Some(SessionId(7))));
}

#[test]
fn a_session_that_is_open_in_another_dictum_branches_off() {
    let mut app = app();
    told(&mut app, Told::Opened(Box::new(Opened { elsewhere: Elsewhere::This, ..earlier("", None) })));
    let note = app.state.screen.note.as_ref().map(|(note, _)| note.clone()).unwrap_or_default();
    assert!(
        note.starts_with("session 7 is open in another dictum; a copy of it branches off here"),
        "{note}"
    );
    app.send(Event::Tick(app.state.screen.now + 1_000));
    assert_eq!(asks(&mut app), [], "a copy without a message of its own is not kept");
    app.say("and now?");
    let stored = records(&mut app);
    assert_eq!((stored[0].session, stored[0].parent), (None, Some(SessionId(7))));
    let lines = short(&stored);
    assert_eq!((lines[0].as_str(), lines.last().unwrap().as_str()), ("you: what now?", "you: and now?"));
    assert!(stored[0].standing.is_some());
    // One that was passed over is named.
    let newer = Opened { elsewhere: Elsewhere::Newer(SessionId(9)), ..earlier("", None) };
    told(&mut app, Told::Opened(Box::new(newer)));
    let note = app.state.screen.note.as_ref().map(|(note, _)| note.clone()).unwrap_or_default();
    assert!(note.contains("session 7 goes on") && note.contains("session 9 is newer, but open"), "{note}");
}

#[test]
fn a_session_that_is_left_is_free_for_another_dictum() {
    let mut app = app();
    app.turn("one");
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    asks(&mut app);
    app.say("/new");
    let close = Ask::Close { conversation: Conversation(0), session: Some(SessionId(4)) };
    assert_eq!(asks(&mut app).last(), Some(&close));
    app.say("/new");
    assert_eq!(asks(&mut app), [], "what never began is nobody's");
}

#[test]
fn a_resumed_session_stands_where_it_was_left() {
    let mut app = app();
    let anchor = Anchor { entry: 1, part: 20, line: 0, width: 78, letters: 0 };
    sessions::begin(&mut app.state, Begin::Resume(SessionId(7)));
    told(&mut app, Told::Opened(Box::new(earlier("", Some(anchor)))));
    assert_eq!(app.state.transcript.anchor().map(|at| (at.entry, at.part)), Some((1, 20)));
    app.expect("↓ more");
    app.turn("next");
    let standing = records(&mut app).pop().and_then(|record| record.standing);
    assert!(standing.is_none_or(|standing| standing.scroll.is_none()), "sending follows the end");
    // A place that no longer is one is the end.
    let beyond = Anchor { entry: 99, ..anchor };
    sessions::begin(&mut app.state, Begin::Resume(SessionId(7)));
    told(&mut app, Told::Opened(Box::new(earlier("", Some(beyond)))));
    assert_eq!(app.state.transcript.anchor(), None);
}

#[test]
fn what_the_command_line_names_is_not_brought_back_and_what_is_gone_is_said() {
    let mut app = app();
    app.state.recording.fixed = Fixed { persona: Named::ByUser, model: Named::ByUser };
    sessions::begin(&mut app.state, Begin::Continue);
    told(&mut app, Told::Opened(Box::new(earlier("", None))));
    assert_eq!(app.state.personas.active.name, FIRST);
    assert_eq!(app.state.connection.endpoint.model, "model-1");

    let mut app = self::app();
    let mut other = earlier("", None);
    other.standing.persona = "gone".into();
    other.standing.provider = "anthropic".into();
    other.standing.model = "claude".into();
    sessions::begin(&mut app.state, Begin::Continue);
    told(&mut app, Told::Opened(Box::new(other)));
    app.expect("gone is not here any more");
    let told = app.chat();
    assert!(
        told.contains("This session spoke with anthropic · claude, but there is no key for anthropic here; /login anthropic adds one. From here on openai · model-1 answers"),
        "{told}"
    );
    assert_eq!(app.state.connection.endpoint.model, "model-1");
}

/// Who can be asked besides the one in use.
fn seat(provider: &str, protocol: Protocol, model: &str) -> Endpoint {
    let base_url = format!("https://{provider}.example");
    Endpoint { protocol, provider: provider.into(), base_url, model: model.into(), models: Vec::new() }
}

/// Resumes a session that spoke with this model of this provider, where these can be asked.
fn resumed(app: &mut App, provider: &str, model: &str) -> Vec<Effect> {
    app.state.connection.roster = Roster::new(vec![
        seat("anthropic", Protocol::Anthropic, "claude-usual"),
        seat("ollama", Protocol::Ollama, ""),
    ]);
    let mut opened = earlier("", None);
    opened.standing.provider = provider.into();
    opened.standing.model = model.into();
    sessions::begin(&mut app.state, Begin::Continue);
    told(app, Told::Opened(Box::new(opened)))
}

fn has(app: &mut App, provider: &str, models: &[&str]) {
    let listed = models.iter().map(|id| Listed { id: (*id).into(), ..Listed::default() }).collect();
    app.send(Event::ModelsListed { provider: provider.into(), found: Found::Has(listed) });
}

/// `provider model` that the next message is sent to.
fn answering(app: &mut App) -> String {
    app.say("and now?");
    app.kb_read();
    let endpoint = app.request().endpoint.clone();
    app.replies("Done.");
    format!("{} {}", endpoint.provider, endpoint.model)
}

#[test]
fn a_resumed_session_goes_on_with_its_provider_too() {
    let mut app = app();
    assert!(!asked_for_models(&resumed(&mut app, "anthropic", "claude-before")));
    assert_eq!(answering(&mut app), "anthropic claude-before");
    // The way back is there.
    app.say("/model openai/model-1");
    assert_eq!(answering(&mut app), "openai model-1");
    // Nothing was said that would be stored with the session.
    assert!(!app.chat().contains("This session spoke with"), "{}", app.chat());
}

fn asked_for_models(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::ListModels { .. }))
}

#[test]
fn a_server_of_this_machine_gets_its_session_back_and_is_asked_whether_it_is_there() {
    let mut app = app();
    assert!(asked_for_models(&resumed(&mut app, "ollama", "llama3")));
    has(&mut app, "ollama", &["qwen3", "llama3"]);
    assert_eq!(answering(&mut app), "ollama llama3");
    assert!(!app.chat().contains("This session spoke with"), "{}", app.chat());

    let mut app = self::app();
    resumed(&mut app, "ollama", "llama3");
    has(&mut app, "ollama", &["qwen3"]);
    let told = "This session spoke with ollama · llama3, but ollama has it no more. From here on ollama · qwen3 answers";
    assert!(app.chat().contains(told), "{}", app.chat());
    assert_eq!(answering(&mut app), "ollama qwen3");

    // What was said to it does not go to another one only because it is not started.
    let mut app = self::app();
    resumed(&mut app, "ollama", "llama3");
    let (what, next) = ("Nothing answers at http://127.0.0.1:11434.", "Start Ollama.");
    let found = Found::Fails { brief: "down".into(), what: what.into(), next: next.into() };
    app.send(Event::ModelsListed { provider: "ollama".into(), found });
    assert!(app.chat().contains(&format!("{what} {next} /model chooses another.")), "{}", app.chat());
    assert_eq!(answering(&mut app), "ollama llama3");
    let stored = short(&records(&mut app));
    assert!(!stored.iter().any(|line| line.contains("This session spoke")), "{stored:?}");
}

#[test]
fn what_a_resumed_session_cannot_have_is_said() {
    for (provider, model, cause) in [
        ("openai", "model-9", "but openai has it no more."),
        ("gemini", "gemini-pro", "but there is no key for gemini here; /login gemini adds one."),
        ("work", "m", "but there is no provider work here; [profiles] in config.toml adds one."),
    ] {
        let mut app = app();
        resumed(&mut app, provider, model);
        let told = format!(
            "This session spoke with {provider} · {model}, {cause} From here on openai · model-1 answers"
        );
        assert!(app.chat().contains(&told), "{}", app.chat());
        assert_eq!(answering(&mut app), "openai model-1");
    }
}

/// Resumes a session that spoke with openai at this host; openai is at `https://api.example` now.
fn resumed_from(host: &str, provider: &str, form: PlainForm) -> App {
    let mut app = app();
    app.state.screen.form = form;
    app.state.connection.endpoint.base_url = "https://api.example/v1".into();
    let mut opened = earlier("", None);
    opened.standing.host = host.into();
    opened.standing.provider = provider.into();
    sessions::begin(&mut app.state, Begin::Continue);
    told(&mut app, Told::Opened(Box::new(opened)));
    app
}

#[test]
fn a_session_of_a_server_in_this_network_goes_to_no_other_by_itself() {
    for (provider, why) in [
        ("openai", "openai is at https://api.example now"),
        ("work", "there is no provider work here; [profiles] in config.toml adds one"),
    ] {
        let mut app = resumed_from("http://192.168.1.5:8080", provider, PlainForm::Screen);
        let told = format!(
            "This session spoke with {provider} · model-2 at http://192.168.1.5:8080, but {why}. Nothing of it is sent to \
             https://api.example: dictum answers offline, from the project, until /model chooses who does."
        );
        assert!(app.chat().contains(&told), "{}", app.chat());
        assert_eq!(answering(&mut app), "offline ");
        // Nor does it in the next run: the session does not forget whom it spoke with.
        let mut standings = records(&mut app).into_iter().filter_map(|record| record.standing);
        assert!(
            standings
                .all(|standing| standing.host == "http://192.168.1.5:8080" && standing.provider == provider)
        );
        let standing = app.state.recording.standing.clone().unwrap();
        assert_eq!((standing.provider.as_str(), standing.model.as_str()), (provider, "model-2"));
        assert_eq!(standing.host, "http://192.168.1.5:8080");
        app.say("/model openai/model-1");
        assert_eq!(answering(&mut app), "openai model-1");
        let standing = records(&mut app).into_iter().rev().find_map(|record| record.standing).unwrap();
        assert_eq!(standing.host, "https://api.example");
    }
}

#[test]
fn another_host_of_the_same_provider_is_said() {
    let mut app = resumed_from("https://old.example", "openai", PlainForm::Screen);
    let told = "This session spoke with openai · model-2 at https://old.example. From here on openai at https://api.example \
                answers; /model chooses another.";
    assert!(app.chat().contains(told), "{}", app.chat());
    assert_eq!(answering(&mut app), "openai model-2");
    for same in ["https://api.example", ""] {
        let app = resumed_from(same, "openai", PlainForm::Screen);
        assert!(!app.chat().contains("This session spoke"), "{}", app.chat());
    }
    // Where nobody can choose, the session does not go on.
    let app = resumed_from("http://localhost:8080", "openai", PlainForm::Once);
    let refused = app.state.recording.refused.clone().unwrap_or_default();
    assert!(
        refused.contains("at http://localhost:8080") && refused.contains("--provider or --model"),
        "{refused}"
    );
    assert_eq!(resumed_from("https://old.example", "openai", PlainForm::Once).state.recording.refused, None);
}

#[test]
fn the_model_comes_back_with_its_server() {
    let mut app = app();
    app.state.connection.endpoint = offline();
    app.state.connection.search = Search::Running;
    sessions::begin(&mut app.state, Begin::Continue);
    told(&mut app, Told::Opened(Box::new(earlier("", None))));
    app.send(Event::Discovered(Some(crate::app::endpoint())));
    assert_eq!(app.state.connection.endpoint.model, "model-2");

    // Found was another one of this machine.
    let mut app = self::app();
    app.state.connection.endpoint = offline();
    app.state.connection.search = Search::Running;
    assert!(!asked_for_models(&resumed(&mut app, "ollama", "llama3")));
    let lmstudio = seat("lmstudio", Protocol::Chat, "qwen3");
    assert!(asked_for_models(&app.send(Event::Discovered(Some(lmstudio)))));
    has(&mut app, "ollama", &["llama3"]);
    assert_eq!(answering(&mut app), "ollama llama3");
}

#[test]
fn a21_a_session_that_cannot_be_opened_loses_nothing_that_was_typed() {
    let mut app = app();
    sessions::begin(&mut app.state, Begin::Resume(SessionId(9)));
    app.say("hello");
    app.types("more");
    told(&mut app, Told::NotOpened { cause: "there is no session 9".into() });
    app.expect("No session was resumed: there is no session 9.");
    app.kb_read();
    assert_eq!(app.request().messages.len(), 1);
    app.expect_draft("more");
}

#[test]
fn a21_the_draft_of_another_session_does_not_displace_what_is_typed() {
    let mut app = app();
    app.types("new words");
    sessions::begin(&mut app.state, Begin::Resume(SessionId(7)));
    told(&mut app, Told::Opened(Box::new(earlier("old words", None))));
    app.expect_draft("old words");
    app.keys("home up");
    app.expect_draft("new words");
}

#[test]
fn the_list_searches_resumes_deletes_and_renames() {
    let mut app = app();
    app.keys("alt+s");
    assert_eq!(asks(&mut app), [Ask::List { query: String::new() }]);
    told(
        &mut app,
        Told::Listed { query: String::new(), sessions: vec![summary(7, "what now?"), summary(3, "older")] },
    );
    app.expect("what now?");
    app.expect("2 h ago");
    app.types("ol");
    let asked = asks(&mut app);
    assert_eq!(asked, [Ask::List { query: "o".into() }, Ask::List { query: "ol".into() }]);
    // An answer that came late is not shown for other letters.
    told(&mut app, Told::Listed { query: "o".into(), sessions: vec![summary(1, "stale")] });
    app.expect_not("stale");
    told(&mut app, Told::Listed { query: "ol".into(), sessions: vec![summary(3, "older")] });
    app.expect("older");
    app.expect_not("what now?");
    app.keys("delete");
    assert_eq!(asks(&mut app), []);
    app.expect("Delete again deletes it");
    // Anything else takes the question back.
    app.keys("down delete");
    assert_eq!(asks(&mut app), [Ask::List { query: "ol".into() }]);
    app.keys("delete");
    assert_eq!(asks(&mut app), [Ask::Delete { session: SessionId(3) }]);
    told(&mut app, Told::Deleted { session: SessionId(3), unsaid: HashSet::new() });
    assert_eq!(asks(&mut app), [Ask::List { query: "ol".into() }]);
    told(&mut app, Told::Listed { query: "ol".into(), sessions: vec![summary(7, "what now?")] });
    app.keys("ctrl+r");
    app.expect_draft("/rename #7 what now?");
    app.keys("enter");
    assert_eq!(asks(&mut app), [Ask::Rename { session: SessionId(7), title: "what now?".into() }]);
    told(&mut app, Told::Renamed { session: SessionId(7), title: "what now?".into() });
    app.expect("session 7 is called what now? now");
    app.say("/sessions what");
    assert_eq!(asks(&mut app), [Ask::List { query: "what".into() }]);
    told(&mut app, Told::Listed { query: "what".into(), sessions: vec![summary(7, "what now?")] });
    app.keys("enter");
    assert_eq!(asks(&mut app), [Ask::Open { which: Which::Numbered(SessionId(7)) }]);
    app.say("/sessions nothing");
    told(&mut app, Told::Listed { query: "nothing".into(), sessions: Vec::new() });
    app.expect("no session of this folder speaks of nothing");
}

#[test]
fn a_deleted_session_of_ones_own_is_not_stored_again() {
    let mut app = app();
    app.turn("one");
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    app.say("/sessions");
    told(&mut app, Told::Listed { query: String::new(), sessions: vec![summary(4, "one")] });
    app.expect("this one");
    app.keys("delete delete");
    told(&mut app, Told::Deleted { session: SessionId(4), unsaid: HashSet::new() });
    app.keys("esc");
    asks(&mut app);
    app.turn("two");
    assert_eq!(records(&mut app), []);
    app.say("/new");
    app.turn("three");
    assert_eq!(short(&records(&mut app))[0], "you: three");
}

#[test]
fn what_follows_a_deleted_session_is_one_of_its_own_once_it_is_saved_again() {
    for elsewhere in [false, true] {
        let mut app = app();
        app.turn("one");
        told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
        app.say("WOMBAT");
        app.kb_read();
        app.streams(ReplyEvent::Text("A WOMBAT ".into()));
        app.after(300);
        asks(&mut app);
        let unsaid = HashSet::from(["one".to_string(), "WOMBAT".to_string()]);
        let gone = match elsewhere {
            false => Told::Deleted { session: SessionId(4), unsaid },
            true => Told::Gone { conversation: Conversation(0) },
        };
        told(&mut app, gone);
        app.streams(ReplyEvent::Text("streams ".into()));
        app.after(300);
        app.say("/private off");
        app.streams(ReplyEvent::Text("on".into()));
        app.after(300);
        app.ends(Outcome::Complete(StopReason::EndTurn));
        // What the store answers late to what it was given before is no news.
        told(&mut app, Told::Gone { conversation: Conversation(0) });
        assert_eq!(records(&mut app), []);
        app.turn("three");
        let stored = records(&mut app);
        assert_eq!(short(&stored), ["you: three".to_string(), format!("{FIRST}: Done..")]);
        assert!(stored.iter().all(|record| {
            (record.conversation, record.session, record.parent) == (Conversation(1), None, None)
        }));
        assert_eq!(app.chat().contains("deleted elsewhere"), elsewhere);
        told(&mut app, Told::Begun { conversation: Conversation(1), session: SessionId(5) });
        assert_eq!(app.state.recording.session, Some(SessionId(5)));
    }
}

#[test]
fn a_session_that_is_deleted_where_nothing_is_saved_does_not_begin_to_save() {
    let mut app = app();
    app.state.recording.storing = Storing::Off;
    told(&mut app, Told::Opened(Box::new(earlier("", None))));
    told(&mut app, Told::Deleted { session: SessionId(7), unsaid: HashSet::new() });
    app.turn("one");
    app.say("/new");
    app.turn("two");
    assert_eq!(records(&mut app), []);
    app.say("/private off");
    app.expect("no session is saved: --no-save or save_sessions says so");
}

#[test]
fn what_was_said_in_a_deleted_session_alone_leaves_the_history() {
    let mut app = app();
    app.turn("yes");
    app.turn("a plan of mine");
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    app.say("/new");
    app.say("/sessions");
    told(&mut app, Told::Listed { query: String::new(), sessions: vec![summary(4, "yes")] });
    app.keys("delete");
    app.effects.clear();
    let effects = app.keys("delete");
    let asked = effects
        .iter()
        .position(|effect| matches!(effect, Effect::Store(ask) if matches!(**ask, Ask::Delete { .. })));
    let kept = effects.iter().position(|effect| matches!(effect, Effect::Remember { .. }));
    assert!(kept.is_some() && kept < asked, "the history is written before: {effects:?}");
    let unsaid = HashSet::from(["a plan of mine".to_string()]);
    told(&mut app, Told::Deleted { session: SessionId(4), unsaid });
    app.keys("esc up up up");
    app.expect_draft("yes");
    app.keys("ctrl+u ctrl+r");
    app.expect_not("a plan of mine");
}

#[test]
fn a_fork_goes_on_from_any_message() {
    let mut app = app();
    app.turn("one");
    app.turn("two");
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    records(&mut app);
    // Behind a reply.
    app.keys("f4 [ [ f");
    let stored = records(&mut app);
    assert_eq!(short(&stored), ["you: one".to_string(), format!("{FIRST}: Done..")]);
    let branch = stored.last().unwrap();
    assert_eq!((branch.session, branch.parent), (None, Some(SessionId(4))));
    let branch = branch.conversation;
    app.expect("session 4 stays as it was");
    told(&mut app, Told::Begun { conversation: branch, session: SessionId(5) });
    app.turn("three");
    assert_eq!(app.request().messages.len(), 3);
    // Before a message of the user, which is the draft.
    app.keys("f4 [ f");
    app.expect_draft("three");
    let stored = records(&mut app);
    assert_eq!(stored.last().unwrap().parent, Some(SessionId(5)));
    assert_eq!(short(&stored[stored.len() - 1..]).len(), 2);
    assert_eq!(app.chat(), format!("you: one\n{FIRST}: Done.\n"));
    app.keys("ctrl+u");
    // All of it.
    app.say("/fork");
    assert_eq!(short(&records(&mut app)).len(), 2);
}

#[test]
fn a_session_is_renamed_by_command() {
    let mut app = app();
    app.say("/rename Orders");
    app.expect("not saved, so it has no title");
    app.turn("one");
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    asks(&mut app);
    app.say("/rename Migration of #2 orders");
    app.say("/rename #9 Other");
    let named = |id, title: &str| Ask::Rename { session: SessionId(id), title: title.into() };
    assert_eq!(asks(&mut app), [named(4, "Migration of #2 orders"), named(9, "Other")]);
}

#[test]
fn an_export_replaces_a_file_only_when_it_is_asked_for_twice() {
    let mut app = app();
    app.say("/export");
    app.expect("there is nothing to export yet");
    app.send(Event::Warned("a setting is wrong".into()));
    app.turn("one");
    let exports = |app: &mut App| {
        let found: Vec<_> = app
            .effects
            .drain(..)
            .filter_map(|effect| if let Effect::Export(export) = effect { Some(*export) } else { None })
            .collect();
        found
    };
    exports(&mut app);
    app.say("/export json");
    app.say("/export talk.json");
    app.say("/export md talk.txt");
    let found = exports(&mut app);
    let seen: Vec<_> = found.iter().map(|export| (export.form, export.name.as_deref())).collect();
    let expect = [(Form::Json, None), (Form::Json, Some("talk.json")), (Form::Markdown, Some("talk.txt"))];
    assert_eq!(seen, expect);
    assert!(found.iter().all(|export| export.overwrite == Overwrite::Never));
    assert_eq!(found[0].conversation.entries.len(), 2, "what was told of the start is no part of it");
    let exists = Exported::Exists { path: "talk.json".into(), command: "talk.json".into() };
    app.say("/export talk.json");
    app.send(Event::Exported(exists));
    assert!(app.chat().contains("the same command once more replaces it"));
    app.say("/export other.json");
    app.say("/export talk.json");
    let agreed: Vec<_> = exports(&mut app).iter().map(|export| export.overwrite).collect();
    assert_eq!(agreed, [Overwrite::Never, Overwrite::Never, Overwrite::Agreed]);
    app.send(Event::Exported(Exported::Done { path: "talk.json".into() }));
    assert!(app.chat().contains("written to talk.json; only you may read it"));
}

#[test]
fn trouble_with_the_disk_is_told_once_and_the_chat_goes_on() {
    let mut app = app();
    app.turn("one");
    told(&mut app, Told::Failing { cause: "no room is left".into() });
    app.expect("not saved for now: no room is left");
    app.turn("two");
    told(&mut app, Told::Mended);
    app.expect("is saved again");
    told(&mut app, Told::Gone { conversation: Conversation(0) });
    app.expect("deleted elsewhere");
    records(&mut app);
    app.turn("three");
    assert_eq!(records(&mut app), []);
    app.say("/new");
    app.turn("four");
    assert!(!records(&mut app).is_empty());
    told(&mut app, Told::Unusable { cause: "a newer dictum wrote it".into() });
    app.expect("This session is not saved: a newer dictum wrote it.");
    app.turn("five");
    assert_eq!(records(&mut app), []);
    app.say("/private");
    app.expect("cannot be saved in this run");
}

#[test]
fn what_was_not_stored_at_the_end_is_said() {
    let mut app = app();
    told(&mut app, Told::Late);
    assert!(app.chat().contains("What was said last may not be saved"), "{}", app.chat());
}

#[test]
fn a_renewed_file_gets_the_whole_conversation() {
    let mut app = app();
    app.turn("one");
    told(&mut app, Told::Begun { conversation: Conversation(0), session: SessionId(4) });
    records(&mut app);
    told(&mut app, Told::Renewed { cause: "it was damaged".into() });
    let stored = records(&mut app);
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].conversation, stored[0].session), (Conversation(1), None));
    let lines = short(&stored);
    assert_eq!(lines[..2], ["you: one".to_string(), format!("{FIRST}: Done..")]);
    assert!(stored[0].standing.is_some());
    assert!(lines[2].contains("A new file was begun"), "{lines:?}");
}

#[test]
fn a_level_and_an_entry_are_what_they_were() {
    // A divider that nothing followed is dropped again, also in the store.
    let mut app = app();
    app.turn("one");
    records(&mut app);
    app.say(&format!("/persona {SECOND}"));
    app.say(&format!("/persona {FIRST}"));
    let stored = records(&mut app);
    assert_eq!(short(&stored), [format!("-- {SECOND}"), "dropped".to_string()]);
    let [Change::Put { entry, .. }] = stored[0].changes.as_slice() else { panic!("{stored:?}") };
    let entry: EntryId = *entry;
    assert_eq!(stored[1].changes, [Change::Drop { entry }]);
    app.say("/model none-such");
    app.send(Event::Warned("careful".into()));
    let stored = records(&mut app);
    let [Change::Put { body, .. }] = stored.last().unwrap().changes.as_slice() else { panic!("{stored:?}") };
    assert_eq!(*body, Body::Notice { level: Level::Warning, text: "careful".into() });
}
