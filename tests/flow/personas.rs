//! Who speaks: switching, reloading, and the last good text of a file that breaks.

use dictum::domain::exchange::{Outcome, ReplyEvent, StopReason};
use dictum::domain::persona::Source;
use dictum::protocol::message::{Effect, Event};

use crate::app::{App, FIRST, File, SECOND, endpoint, files, library, ollama, read};

fn reviewer(body: &str) -> Vec<File> {
    let mut all = files();
    all[1].2 = format!("---\nname: {SECOND}\ndescription: Reviews\ncolor: yellow\n---\n{body}\n");
    all
}

fn reloaded(app: &mut App, files: &[File]) {
    let library = library(files);
    app.send(Event::PersonasLoaded(library));
}

#[test]
fn a15_switching_keeps_draft_scroll_and_history() {
    let mut app = App::with_kb("- One\n");
    for number in 0..20 {
        app.turn(&format!("message {number}"));
    }
    app.types("half a draft");
    app.keys("pageup pageup");
    let before = app.screen();
    let effects = app.keys("f2");
    assert_eq!(effects, [Effect::LoadPersonas]);
    app.expect("Personas");
    app.types("revi");
    app.keys("enter");
    app.expect_draft("half a draft");
    let chat = |screen: &str| screen.lines().skip(2).take(14).map(str::to_string).collect::<Vec<_>>();
    assert_eq!(chat(&app.screen()), chat(&before));
    assert!(app.row("KB.md 1 directive").contains("● reviewer"), "{}", app.screen());
    assert_eq!(app.chat().matches("you: ").count(), 20);
    app.keys("ctrl+end");
    app.expect("● reviewer speaks now");
}

#[test]
fn a15_the_running_reply_keeps_its_label() {
    let mut app = App::with_kb("- One\n");
    app.say("first");
    app.kb_read();
    app.streams(ReplyEvent::Text("I am the ".into()));
    app.keys("f2");
    app.types("revi");
    app.keys("enter");
    app.streams(ReplyEvent::Text("builder.".into()));
    app.ends(Outcome::Complete(StopReason::EndTurn));
    app.turn("second");
    assert_eq!(
        app.chat(),
        "you: first\ninstaller.backend.nodejs: I am the builder.\n-- reviewer\nyou: second\nreviewer: Done.\n"
    );
}

#[test]
fn a15_a_model_that_the_endpoint_lacks_is_noted_once() {
    let mut all = files();
    all[1].2 = all[1].2.replace("color:", "model: opus-of-another-house\ncolor:");
    let mut app = App::start(read("- One\n"), endpoint(), library(&all));
    app.say(&format!("/persona {SECOND}"));
    app.turn("one");
    app.turn("two");
    assert_eq!(app.request().endpoint.model, "model-1");
    assert_eq!(app.chat().matches("opus-of-another-house").count(), 1, "{}", app.chat());
}

#[test]
fn a15_a_model_is_asked_for_where_nobody_said_what_there_is() {
    let mut all = files();
    all[1].2 = all[1].2.replace("color:", "model: qwen3:8b\ncolor:");
    let mut app = App::start(read("- One\n"), ollama(), library(&all));
    app.say(&format!("/persona {SECOND}"));
    app.turn("one");
    assert_eq!(app.request().endpoint.model, "qwen3:8b");
    assert!(!app.chat().contains("does not offer"), "{}", app.chat());
    // Once it told what it has, that counts.
    app.state.connection.endpoint.models = vec!["llama3.1:latest".into()];
    app.turn("two");
    assert_eq!(app.request().endpoint.model, "");
    let told = "asks for the model qwen3:8b, which ollama does not offer; its first model answers instead";
    assert!(app.chat().contains(told), "{}", app.chat());
}

#[test]
fn a14_a_changed_file_speaks_with_its_new_text() {
    let mut app = App::with_kb("- One\n");
    app.say(&format!("/persona {SECOND}"));
    reloaded(&mut app, &reviewer("You review with care."));
    app.expect("reviewer was read anew");
    app.turn("hello");
    assert!(app.system().starts_with("You review with care."), "{}", app.system());
    reloaded(&mut app, &reviewer("You review with care."));
    assert!(!app.chat().contains("notice"), "{}", app.chat());
}

#[test]
fn a14_a_broken_file_keeps_its_last_good_text_and_says_so_once() {
    let mut app = App::with_kb("- One\n");
    app.say(&format!("/persona {SECOND}"));
    let mut broken = files();
    broken[1].2 = String::new();
    for _ in 0..3 {
        reloaded(&mut app, &broken);
    }
    assert_eq!(app.chat().matches("last good text").count(), 1, "{}", app.chat());
    app.turn("hello");
    assert!(app.system().starts_with("You review changes."), "{}", app.system());
    reloaded(&mut app, &reviewer("Mended."));
    app.turn("hello");
    assert!(app.system().starts_with("Mended."), "{}", app.system());
}

#[test]
fn a14_a_broken_file_does_not_hand_its_name_to_the_one_it_hid() {
    let project: File = (
        ".dictum/personas/own.md",
        Source::Project,
        format!("---\nname: {FIRST}\ndescription: ours\n---\nYou know this house.\n"),
    );
    let mut all = files();
    all.push(project);
    let mut app = App::start(read("- One\n"), endpoint(), library(&all));
    let mut broken = all.clone();
    broken[2].2 = "---\nname: x\n---\n".into();
    for _ in 0..3 {
        reloaded(&mut app, &broken);
    }
    app.turn("hello");
    assert!(app.system().starts_with("You know this house."), "{}", app.system());
    assert_eq!(app.chat().matches("last good text").count(), 1, "{}", app.chat());
    // Deleted, not broken: now the built-in one speaks again.
    reloaded(&mut app, &files());
    app.turn("hello");
    assert!(app.system().starts_with("You build Node.js back ends."), "{}", app.system());
}

#[test]
fn a14_a_deleted_file_keeps_speaking_until_it_is_left() {
    let mut app = App::with_kb("- One\n");
    app.say(&format!("/persona {SECOND}"));
    reloaded(&mut app, &files()[..1]);
    app.expect("The file of reviewer is gone. Its last good text stays in use.");
    app.turn("hello");
    assert!(app.system().starts_with("You review changes."));
    app.say(&format!("/persona {FIRST}"));
    app.say(&format!("/persona {SECOND}"));
    app.expect("There is no persona reviewer.");
}

#[test]
fn a14_the_open_menu_follows_the_folders_and_keeps_filter_and_choice() {
    let mut app = App::with_kb("- One\n");
    app.keys("f2");
    app.types("re");
    let mut more = files();
    more.push(("a.md", Source::User, "---\nname: a.re.new\ndescription: fresh\n---\nBody\n".into()));
    reloaded(&mut app, &more);
    app.expect("a.re.new");
    app.expect("› re");
    app.keys("enter");
    app.expect("● reviewer");
}

#[test]
fn a_filter_takes_several_words() {
    let mut app = App::with_kb("- One\n");
    app.keys("f2");
    app.types("work revi");
    app.expect("› work revi");
    app.expect("1 of 2");
    app.keys("enter");
    app.expect("● reviewer");
}

#[test]
fn a_filter_finds_a_name_by_any_of_its_parts() {
    for filter in ["installer", "backend", "inst.back", "BACKEND.node"] {
        let mut app = App::with_kb("- One\n");
        app.say(&format!("/persona {SECOND}"));
        app.keys("f2");
        app.types(filter);
        app.expect("1 of 2");
        app.keys("enter");
        assert_eq!(app.state.personas.active.name, FIRST, "{filter}");
    }
}

#[test]
fn a13_a_broken_file_is_listed_with_its_cause_and_cannot_be_chosen() {
    let mut all = files();
    all.push((".claude/agents/empty.md", Source::Project, String::new()));
    all.push((
        ".claude/agents/rescued.md",
        Source::Project,
        "---\nname: rescued\ndescription: includes: task A, task B\n---\nBody\n".into(),
    ));
    let mut app = App::start(read("- One\n"), endpoint(), library(&all));
    app.resize(120, 30);
    app.keys("f2");
    app.expect("✗ .claude/agents/empty.md");
    assert!(app.row("rescued").contains('⚠'), "{}", app.screen());
    app.types("empty");
    app.expect("the file is empty");
    app.keys("enter");
    assert_eq!(app.state.personas.active.name, FIRST);
    app.expect("cannot speak");
}

#[test]
fn an_unknown_name_is_answered_with_a_likely_one() {
    let mut app = App::with_kb("- One\n");
    app.say("/persona nodejs");
    app.expect("There is no persona nodejs. Did you mean installer.backend.nodejs?");
    app.say(&format!("/persona {FIRST}"));
    app.expect("speaks already");
}

#[test]
fn a_switch_on_the_first_screen_leaves_it_standing() {
    let mut app = App::with_kb("- One\n");
    app.expect("keeps its word");
    app.keys("f2");
    app.types("revi");
    app.keys("enter");
    app.expect("keeps its word");
    app.expect("persona   ● reviewer");
}
