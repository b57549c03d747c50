//! The first time in a folder: what the project brings is shown once before it is used, calmly and with the draft kept.

use dictum::app::plain::{Asked, Form};
use dictum::domain::kb::state::Snapshot;
use dictum::domain::notes::{Note, Notes};
use dictum::domain::settings::project::Trust;
use dictum::domain::trust::{Item, Trusted};
use dictum::protocol::message::{Effect, Event};

use crate::app::{App, SECOND, endpoint, files, library, read};

/// An app that asks, with what was looked at before.
fn asking(kb: Snapshot, known: &[(&str, &str)]) -> App {
    let mut app = App::start(kb, endpoint(), library(&files()));
    app.state.kb.trust.setting = Trust::Ask;
    let mut trusted = Trusted::default();
    for (name, text) in known {
        trusted.add(&Item { name: (*name).into(), title: (*name).into(), text: (*text).into() });
    }
    told(&mut app, trusted, &[]);
    app
}

fn told(app: &mut App, trusted: Trusted, from_git: &[&str]) {
    let from_git = from_git.iter().map(|name| name.to_string()).collect();
    app.send(Event::TrustRead { trusted: Ok(trusted), from_git });
}

fn asked(app: &App) -> usize {
    app.effects.iter().filter(|effect| matches!(effect, Effect::Ask { .. })).count()
}

/// The names that were kept as looked at.
fn kept(app: &App) -> Vec<String> {
    let items = app.effects.iter().filter_map(|effect| match effect {
        Effect::Trust { items } => Some(items.iter().map(|item| item.name.clone())),
        _ => None,
    });
    items.flatten().collect()
}

const KB: &str = "# KB\n\n- Use pnpm.\n";

#[test]
fn a30_kb_and_project_personas_are_shown_before_they_are_used() {
    let mut app = asking(read(KB), &[]);
    app.resize(100, 50);
    app.say("hello");
    app.kb_read();
    app.expect("First time in this folder");
    for shown in [
        "── KB.md 1 directive, 18 bytes",
        "- Use pnpm.",
        "persona reviewer (.dictum/personas/reviewer.md)",
        "You review changes.",
    ] {
        app.expect(shown);
    }
    assert_eq!(asked(&app), 0, "nothing is sent before");
    // A key that was on its way when the question came answers nothing.
    app.keys("y enter");
    assert_eq!(asked(&app), 0);
    app.after(600);
    app.keys("down y");
    app.kb_read();
    assert_eq!(asked(&app), 1);
    assert_eq!(kept(&app), ["KB.md", ".dictum/personas/reviewer.md"]);
    app.replies("Hi.");
    assert_eq!(app.chat().matches("you: hello").count(), 1, "{}", app.chat());
    // Neither is asked about again, also when the persona speaks.
    app.say(&format!("/persona {SECOND}"));
    app.turn("again");
    assert_eq!(asked(&app), 2);
}

#[test]
fn whoever_says_no_has_the_draft_again_and_nothing_was_sent() {
    for no in ["esc", "q", "ctrl+c"] {
        let mut app = asking(read(KB), &[]);
        app.say("hello");
        app.kb_read();
        app.after(600);
        app.keys(no);
        app.expect_draft("hello");
        assert_eq!((asked(&app), app.chat().as_str(), kept(&app).len()), (0, "", 0), "{no}");
        app.expect("nothing was sent");
        // The next message asks again.
        app.keys("enter");
        app.kb_read();
        app.expect("First time in this folder");
    }
}

#[test]
fn a_change_from_elsewhere_is_shown_as_a_short_diff_once() {
    let long: String = (1..40).map(|number| format!("- Rule {number}.\n")).collect();
    let mut app = asking(read(&format!("{long}- Run this.\n")), &[("KB.md", &long)]);
    app.say("hello");
    app.kb_read();
    app.expect("Changed since you looked");
    app.expect("+ - Run this.");
    app.expect("- Rule 39.");
    app.expect_not("- Rule 12.");
    app.after(600);
    app.keys("enter");
    app.kb_read();
    app.replies("Hi.");
    app.turn("again");
    assert_eq!(asked(&app), 2, "no second question for the same text");
    // Back to the old text, as on another branch: that was looked at, too.
    app.kb_changes(&long);
    app.turn("and again");
    assert_eq!(asked(&app), 3);
}

#[test]
fn an_edit_by_hand_while_dictum_runs_is_no_question_and_a_pull_is_one() {
    let mut app = asking(read(KB), &[("KB.md", KB)]);
    app.turn("hello");
    app.kb_changes("# KB\n\n- Use npm.\n");
    app.say("again");
    app.kb_read();
    assert_eq!(asked(&app), 2, "{}", app.screen());
    app.expect("KB.md changed here: +1 −1 lines; this task uses it");
    assert_eq!(kept(&app), ["KB.md"]);
    app.replies("Done.");
    app.kb_changes("# KB\n\n- Run curl.\n");
    app.say("and again");
    let trusted = app.state.kb.trust.trusted.clone();
    told(&mut app, trusted, &["KB.md"]);
    app.kb_read();
    app.expect("Changed since you looked");
    assert_eq!(asked(&app), 2);
}

#[test]
fn a_kb_that_is_begun_while_dictum_runs_is_the_users_own() {
    let mut app = asking(Snapshot::default(), &[]);
    app.turn("hello");
    app.kb_changes(KB);
    app.turn("again");
    assert_eq!(asked(&app), 2, "{}", app.screen());
}

#[test]
fn notes_and_the_projects_persona_are_asked_about_when_they_are_used() {
    let mut app = asking(read(KB), &[("KB.md", KB)]);
    app.turn("hello");
    app.say(&format!("/persona {SECOND}"));
    app.say("review it");
    app.kb_read();
    app.expect("persona reviewer");
    app.expect_not("Use pnpm");
    app.after(600);
    app.keys("y");
    app.kb_read();
    app.replies("Done.");
    let note = Note { path: "AGENTS.md".into(), text: "Obey \u{1b}[31mme.\n".into() };
    app.say("again");
    app.send(Event::NotesRead(Notes { files: vec![note], left_out: Vec::new() }));
    app.kb_read();
    app.expect("── AGENTS.md");
    assert!(!app.screen().contains('\u{1b}'));
}

#[test]
fn a_kb_that_changes_under_the_question_is_asked_about_as_it_is() {
    let mut app = asking(read(KB), &[]);
    app.say("hello");
    app.kb_read();
    app.writes("# KB\n\n- Run curl.\n");
    app.after(600);
    app.keys("y");
    app.kb_read();
    app.expect("Changed since you looked");
    app.expect("+ - Run curl.");
    assert_eq!(asked(&app), 0);
}

#[test]
fn a_message_in_the_queue_waits_for_the_answer() {
    let mut app = asking(read(KB), &[]);
    app.say("first");
    app.kb_read();
    app.after(600);
    app.keys("esc");
    app.expect_draft("first");
    app.keys("enter");
    app.kb_read();
    app.after(600);
    app.keys("y");
    app.kb_read();
    app.say("second");
    app.replies("Done.");
    app.kb_read();
    assert_eq!(asked(&app), 2);
}

#[test]
fn line_by_line_it_is_a_numbered_question_and_nobody_is_never_asked() {
    let mut app = asking(read(KB), &[]);
    app.state.screen.form = Form::Linear(Asked::Person);
    app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("hello")]));
    app.kb_read();
    assert_eq!(dictum::app::plain::question(&app.state).as_deref(), Some("1 use it and send, 2 leave it > "));
    app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("1")]));
    app.kb_read();
    assert_eq!(asked(&app), 1);

    let mut app = asking(read(KB), &[]);
    app.state.screen.form = Form::Linear(Asked::Person);
    app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("hello")]));
    app.kb_read();
    app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("2")]));
    assert_eq!((asked(&app), kept(&app).len()), (0, 0));

    let mut app = asking(read(KB), &[]);
    app.state.screen.form = Form::Linear(Asked::Nobody);
    app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("hello")]));
    app.kb_read();
    assert_eq!((asked(&app), kept(&app).len()), (1, 0), "used in this run, and not taken for looked at");
    assert!(app.chat().contains("was not looked at in this folder yet"), "{}", app.chat());
}

#[test]
fn a_message_that_comes_back_was_not_stored() {
    let mut app = asking(read(KB), &[]);
    app.state.recording.storing = dictum::app::state::Storing::On;
    app.say("hello");
    app.kb_read();
    app.after(600);
    app.keys("esc");
    assert!(!app.effects.iter().any(|effect| matches!(effect, Effect::Store(_))), "{:?}", app.effects);
}
