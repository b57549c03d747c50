//! The first time in a folder: what the project brings is shown once before it is used, calmly and with the draft kept.

use dictum::app::plain::told::Told;
use dictum::app::plain::{Asked, Form};
use dictum::domain::kb::state::Snapshot;
use dictum::domain::notes::{Note, Notes};
use dictum::domain::persona::Source;
use dictum::domain::settings::project::Trust;
use dictum::domain::trust::{Item, Trusted};
use dictum::protocol::message::{Effect, Event};

use crate::app::{App, SECOND, endpoint, files, library, read};

/// An app that asks, with what was looked at before.
fn asking(kb: Snapshot, known: &[(&str, &str)]) -> App {
    looking(Trust::Ask, kb, known)
}

fn looking(setting: Trust, kb: Snapshot, known: &[(&str, &str)]) -> App {
    let mut app = App::start(kb, endpoint(), library(&files()));
    app.state.kb.trust.setting = setting;
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

/// AGENTS.md with this text.
fn note(text: &str) -> Notes {
    let note = Note { path: "AGENTS.md".into(), text: text.into() };
    Notes { files: vec![note], left_out: Vec::new() }
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
fn a30_without_a_question_the_chat_shows_once_what_the_first_task_uses() {
    let long: String = (1..40).map(|number| format!("- Rule {number}.\n")).collect();
    let kb = format!("# KB\n\n- Use pnpm\u{202e}.\n{long}- Use x\u{1b}[2K.\n");
    let mut app = looking(Trust::Show, read(&kb), &[]);
    app.resize(100, 60);
    app.turn("hello");
    assert_eq!(asked(&app), 1, "nothing waits");
    for shown in [
        "of these, lines that hide characters:",
        "- Use x‹U+001B›[2K.",
        "First time in this folder",
        "── KB.md 41 directives",
        "- Use pnpm‹U+202E›.",
        "- Rule 9.",
        "more lines; all of them are in KB.md",
        "persona reviewer (.dictum/personas/reviewer.md)",
        "You review changes.",
    ] {
        app.expect(shown);
    }
    app.expect_not("- Rule 30.");
    let chat = app.chat();
    assert!(chat.find("First time").unwrap() < chat.find("Done.").unwrap(), "before the answer: {chat}");
    assert_eq!(kept(&app), ["KB.md", ".dictum/personas/reviewer.md"]);
    app.turn("again");
    assert_eq!(app.chat().matches("First time").count(), 1);
    // What changes is told as a diff, once, and nothing waits for it.
    app.kb_changes(&format!("# KB\n\n- Use bun.\n{long}"));
    app.turn("and again");
    app.turn("and again");
    assert_eq!((asked(&app), app.chat().matches("KB.md changed").count()), (4, 1), "{}", app.chat());
    app.expect("+ - Use bun.");
}

#[test]
fn a30_what_others_changed_since_is_shown_as_a_short_diff() {
    let mut app = looking(Trust::Show, read("- Use pnpm.\n- Run this.\n"), &[("KB.md", "- Use pnpm.\n")]);
    app.turn("hello");
    app.expect("KB.md changed outside dictum (+1 −0 lines); this task uses it.");
    app.expect("+ - Run this.");
    app.expect_not("First time");
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
    let chat = app.chat();
    assert!(
        chat.contains("KB.md changed here (+1 −1 lines); this task uses it.\n- - Use pnpm.\n+ - Use npm."),
        "{chat}"
    );
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
fn a_persona_that_was_looked_at_and_is_edited_by_hand_is_no_question() {
    let mut app = asking(read(KB), &[]);
    app.say("hello");
    app.kb_read();
    app.after(600);
    app.keys("y");
    app.kb_read();
    app.replies("Hi.");
    let edited = files().into_iter().map(|(path, source, text)| (path, source, text + "Be short.\n"));
    app.send(Event::PersonasLoaded(library(&edited.collect::<Vec<_>>())));
    app.say(&format!("/persona {SECOND}"));
    app.turn("review it");
    assert_eq!(asked(&app), 2, "{}", app.screen());
    assert!(app.chat().contains("+ Be short."), "{}", app.chat());
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
    app.say("again");
    app.send(Event::NotesRead(note("Obey \u{1b}[31mme.\n")));
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
    let mut told = Told::default();
    let first = told.news(&app.state).join("\n");
    assert!(first.contains("First time in this folder:") && first.contains("- Use pnpm."), "{first}");
    app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("what")]));
    told.answered();
    assert_eq!(told.news(&app.state), ["Type 1 or 2, then Enter."], "the text is not told again");
    app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("2")]));
    told.answered();
    assert_eq!(told.news(&app.state), ["Nothing was sent; the next message asks again."]);
    assert_eq!((asked(&app), kept(&app).len()), (0, 0));
    // Line by line there is no draft, so the message waits.
    let question = dictum::app::plain::question(&app.state);
    assert_eq!(question.as_deref(), Some("(messages not sent: 1; Enter alone sends the next) > "));
}

#[test]
fn where_nobody_can_be_asked_it_is_said_in_one_line_and_the_run_goes_on() {
    for form in [Form::Linear(Asked::Nobody), Form::Once] {
        let mut app = asking(read(KB), &[("AGENTS.md", "Old.\n")]);
        app.state.screen.form = form;
        app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("hello")]));
        app.send(Event::NotesRead(note("New.\n")));
        app.kb_read();
        assert_eq!((asked(&app), kept(&app).len()), (1, 0), "used in this run, and not taken for looked at");
        let chat = app.chat();
        assert!(
            chat.contains("looked at it: KB.md, AGENTS.md (changed since then: +1 −1 lines). A"),
            "{chat}"
        );
        app.replies("Hi.");
        app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("again")]));
        app.kb_read();
        assert_eq!(app.chat().matches("looked at it").count(), 1, "once for each text");
    }
}

#[test]
fn whoever_types_on_when_the_question_comes_goes_on_typing() {
    let mut app = asking(read(KB), &[]);
    app.say("first");
    app.kb_read();
    app.expect("First time in this folder");
    for letter in "w h y space y e s".split(' ') {
        app.after(300);
        app.keys(letter);
    }
    app.keys("enter backspace");
    app.paste(" pasted");
    app.expect_draft("why ye pasted");
    assert_eq!(asked(&app), 0, "nothing of it was an answer");
    app.after(600);
    app.keys("y");
    app.kb_read();
    assert_eq!(asked(&app), 1);
    app.expect_draft("why ye pasted");
}

#[test]
fn another_panel_answers_nothing_and_gives_the_draft_back() {
    for key in ["f1", "f2", "ctrl+p"] {
        let mut app = asking(read(KB), &[]);
        app.say("hello");
        app.kb_read();
        app.after(600);
        app.keys(key);
        app.keys("esc y enter");
        assert_eq!((asked(&app), kept(&app).len()), (0, 0), "{key}");
    }
}

#[test]
fn what_a_text_hides_is_spelled_out_since_the_model_reads_it() {
    let mut app =
        asking(read("# KB\n\n- A\u{202e}B\u{200b}C\u{e0041}D\u{1b}]52;c;x\u{7}E\u{9b}31mF\tG\n"), &[]);
    app.say("hello");
    app.kb_read();
    app.expect("- A‹U+202E›B‹U+200B›C‹U+E0041›D‹U+001B›]52;c;x‹U+0007›E‹U+009B›31mF");
}

#[test]
fn the_header_of_a_persona_is_shown_as_it_is_used() {
    let header =
        "name: evil\ndescription: \"x \\e]0;HIDDEN\\a tail\"\ninstruction: \"when \\u202e x\u{ad}y\"";
    let file = format!("---\n{header}\n---\nYou are \u{202e}evil.\n");
    let path = ".dictum/personas/evil.md";
    let library = library(&[(path, Source::Project, file)]);
    let mut app = App::start(read("- One\n"), endpoint(), library);
    app.state.kb.trust.setting = Trust::Ask;
    told(&mut app, Trusted::default(), &[]);
    app.say("/persona evil");
    app.say("hello");
    app.kb_read();
    app.expect("description: x  tail");
    app.expect("instruction: when  x‹U+00AD›y");
    app.expect("You are ‹U+202E›evil.");
    // All that is sent or shown elsewhere comes from here.
    let used = format!("{:?}", app.state.personas.library);
    assert!(!used.contains("HIDDEN"), "the notice leaves out what nothing else holds: {used}");
}

#[test]
fn a_long_text_scrolls_to_its_end_and_the_keys_stay_in_view() {
    let long: String = (1..=9_000).map(|number| format!("- Rule {number}.\n")).collect();
    let mut app = asking(read(&long), &[]);
    app.say("hello");
    app.kb_read();
    app.after(600);
    app.expect_not("Rule 9000.");
    app.keys("end");
    app.expect("Rule 9000.");
    app.expect("Enter uses it and sends · Esc back to the draft");
    app.keys("home pagedown j k");
    app.expect_not("Rule 1.");
    assert_eq!(asked(&app), 0);
    // Line by line, where nothing scrolls, it has an end that is told.
    let mut app = asking(read(&long), &[]);
    app.state.screen.form = Form::Linear(Asked::Person);
    app.send(Event::Entered(vec![dictum::domain::kb::Span::typed("hello")]));
    app.kb_read();
    let told = Told::default().news(&app.state);
    assert!(told.iter().any(|line| line.contains("… 8600 more lines; all of them are in KB.md")));
}

#[test]
fn another_text_altogether_is_shown_whole_and_at_once() {
    let text = |word: &str| (0..60_000).map(|number| format!("{word}{number}\n")).collect::<String>();
    let (before, after) = (text("a"), text("b"));
    let mut app = asking(read(&after), &[("KB.md", &before)]);
    app.say("hello");
    app.kb_read();
    app.expect("(so much changed that all of it is shown)");
    app.expect("b0");
    // One line among as many is a diff.
    let mut app = asking(read(&before.replace("a30000\n", "new\n")), &[("KB.md", &before)]);
    app.say("hello");
    app.kb_read();
    app.expect("+ new");
    app.expect("- a30000");
}

#[test]
fn another_answer_is_asked_about_too_and_nothing_that_was_said_is_lost() {
    let mut app = asking(read(KB), &[("KB.md", KB)]);
    app.turn("hello");
    app.writes("# KB\n\n- Run curl.\n");
    app.say(&format!("/retry {SECOND}"));
    let trusted = app.state.kb.trust.trusted.clone();
    told(&mut app, trusted, &["KB.md"]);
    app.kb_read();
    app.expect("+ - Run curl.");
    app.expect("persona reviewer");
    let before = app.chat();
    app.after(600);
    app.keys("esc");
    assert_eq!((app.chat(), asked(&app)), (before, 1));
    app.expect_draft("");
    app.turn("and now");
    app.expect("Changed since you looked");
}

#[test]
fn what_is_pulled_under_a_running_task_waits_for_the_next_one() {
    let mut app = asking(read(KB), &[("KB.md", KB)]);
    app.say("hello");
    app.kb_read();
    app.kb_changes("# KB\n\n- Run curl.\n");
    app.proposes("add", "Sort imports.", "", "nothing of this kind was said");
    app.ends(dictum::domain::exchange::Outcome::Complete(dictum::domain::exchange::StopReason::ToolUse));
    assert_eq!(asked(&app), 2, "the model goes on after its call");
    assert!(app.system().contains("Use pnpm.") && !app.system().contains("curl"), "{}", app.system());
}

#[test]
fn why_it_is_not_known_what_was_looked_at_is_said_with_the_question() {
    let mut app = asking(read(KB), &[]);
    app.say("hello");
    let broken = Err("what you looked at before is not known: it is too large".to_string());
    app.send(Event::TrustRead { trusted: broken, from_git: Vec::new() });
    app.kb_read();
    app.expect("(what you looked at before is not known: it is too large)");
    app.after(600);
    app.keys("y");
    app.kb_read();
    app.replies("Hi.");
    app.turn("again");
    assert_eq!(asked(&app), 2, "what cannot be kept holds in this session");
}

#[test]
fn a_shelf_of_personas_does_not_bury_kb_md() {
    let long = "You are careful.\n".repeat(2_500);
    let mut files = files();
    for name in ["one", "two"] {
        let text = format!("---\nname: {name}\ndescription: d\n---\n{long}");
        files.push(("long.md", dictum::domain::persona::Source::Project, text));
    }
    let mut app = App::start(read(KB), endpoint(), library(&files));
    app.state.kb.trust.setting = Trust::Ask;
    app.say("hello");
    app.kb_read();
    app.expect("The model is sent what this project brings: KB.md");
    app.after(600);
    app.keys("end");
    app.expect("You are careful.");
    app.keys("y");
    assert_eq!(kept(&app).len(), 3, "KB.md, the first long one and the reviewer: {:?}", kept(&app));
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

#[test]
fn that_it_cannot_be_kept_what_was_looked_at_is_told_by_the_setting() {
    let cause = "What you looked at could not be kept: the disk is full";
    for (setting, next) in [
        (Trust::Ask, Some("you will be asked again in the next session.")),
        (Trust::Show, Some("it will be shown again in the next session.")),
        (Trust::Always, None),
    ] {
        let mut app = asking(read(KB), &[]);
        app.state.kb.trust.setting = setting;
        app.send(Event::TrustFailed { cause: cause.into() });
        let told = next.is_some_and(|next| app.chat().contains(&format!("{cause}; {next}")));
        assert_eq!(told, next.is_some(), "{}", app.chat());
        assert_eq!(app.chat().contains(cause), next.is_some(), "{}", app.chat());
    }
}
