//! Keys, commands, palette and help: everything in the tables can be reached, and does what its sentence says.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use dictum::app::commands::COMMANDS;
use dictum::app::state::{Focus, MenuOf, Overlay, Turn};
use dictum::domain::exchange::ReplyEvent;
use dictum::domain::kb::Origin;
use dictum::protocol::action::{ACTIONS, Context, Row};
use dictum::protocol::message::{Capture, Effect, Event};
use dictum::protocol::sessions::Told;

use crate::app::{App, copied, endpoint, files, key, library, read};

const KB: &str = "# KB\n\n- Use npm.\n- Dates are in UTC.\n";

/// Everything that an action may change, as text.
fn trace(app: &App) -> String {
    let state = &app.state;
    let editor = &state.prompt.editor;
    format!(
        "{}\n{:?} {:?} {:?} {:?} {:?}",
        app.screen(),
        app.caret(),
        (editor.text(), editor.caret()),
        state.screen.note.as_ref().map(|(note, _)| note),
        state.focus,
        app.effects,
    )
}

/// An app in which the action has something to do.
fn ready_for(row: &Row) -> App {
    let mut app = App::with_kb(KB);
    for number in 0..8 {
        app.turn(&format!("message {number}"));
    }
    match row.context {
        Context::Everywhere | Context::Prompt => {}
        Context::Review => {
            app.turn("from now on use pnpm");
            app.turn("from now on sort imports by name");
            app.resize(30, 7);
            app.keys("ctrl+k");
            app.after(600);
        }
        Context::Reading => {
            app.say("hello");
            app.kb_read();
            app.streams(ReplyEvent::Thinking("hm".into()));
            app.replies("one\n\n```ts\nconst a = 1\n```\n\none\n\n~~~\n1\n~~~\n");
            app.turn("and this one");
            app.keys("ctrl+f");
            app.types("one");
            app.keys("enter N [");
        }
        Context::Marked => app.drags_between((3, 5), (9, 6)),
        Context::Menu => {
            app.keys("ctrl+p down down");
        }
        Context::Pager => {
            app.keys("f1 down down pagedown");
        }
        Context::Compare => {
            app.resize(60, 20);
            for answer in ["first\n\n", "second\n\n", "third\n\n"] {
                app.say("/retry");
                app.kb_read();
                app.replies(&answer.repeat(40));
            }
            app.say("/version 3");
            app.say("/compare");
            app.keys("down down pagedown");
        }
        Context::Trust => {
            app.state.kb.trust.setting = dictum::domain::settings::project::Trust::Ask;
            app.say("hello");
            app.kb_read();
            app.after(600);
        }
    }
    match row.id {
        "scroll.up" | "scroll.page-up" | "scroll.top" | "side" | "mouse" | "redraw" | "suspend"
        | "interrupt" => {}
        "reading.end" | "reading.down" | "reading.page-down" => {
            app.keys("g");
        }
        "scroll.down" | "scroll.page-down" | "scroll.end" | "scroll.later-message" => {
            app.keys("pageup pageup");
        }
        "review" => app.turn("from now on use pnpm"),
        "prompt.stop" => {
            app.say("hello");
        }
        "prompt.complete" => app.types("/pe"),
        "prompt.unqueue" => {
            app.say("hello");
            app.say("queued");
        }
        "prompt.queue" => {
            app.say("hello");
            app.say("queued");
        }
        "menu.move-up" | "menu.move-down" | "menu.remove" => {
            app.keys("esc");
            for words in ["busy", "one", "two", "three"] {
                app.say(words);
            }
            app.keys("alt+q down");
        }
        "menu.rename" => {
            app.keys("esc");
            app.say("/sessions");
            let summary = crate::sessions::summary(7, "a title");
            app.send(Event::Stored(Told::Listed { query: String::new(), sessions: vec![summary] }));
        }
        "prompt.unfold" => app.paste(&"line\n".repeat(9)),
        "prompt.previous" | "prompt.send" => app.types("a"),
        "prompt.next" => {
            app.keys("up");
        }
        "prompt.quit" => {}
        "prompt.redo" => {
            app.types("ab");
            app.keys("ctrl+_");
        }
        "prompt.yank" => {
            app.types("one two");
            app.keys("ctrl+w");
        }
        "prompt.right"
        | "prompt.word-right"
        | "prompt.select-right"
        | "prompt.select-word-right"
        | "prompt.select-line-end"
        | "prompt.select-down"
        | "prompt.line-end"
        | "prompt.delete"
        | "prompt.delete-word-forward"
        | "prompt.delete-to-end" => {
            app.types("one two");
            app.keys("home");
        }
        id if id.starts_with("prompt.") => app.types("one two"),
        "review.up" => {
            app.keys("down down");
        }
        _ => {}
    }
    app
}

#[test]
fn every_key_of_every_action_does_something() {
    for row in ACTIONS {
        for name in row.keys {
            let mut app = ready_for(row);
            let before = trace(&app);
            app.keys(name);
            app.after(0);
            assert!(trace(&app) != before, "{name} ({}) does nothing on\n{}", row.id, app.screen());
        }
    }
}

#[test]
fn the_first_key_is_the_one_that_is_told() {
    let mut app = App::with_kb(KB);
    app.keys("f1");
    for row in ACTIONS {
        assert!(!row.keys.is_empty(), "{} has no key", row.id);
        assert!(!row.sentence.is_empty() && !row.sentence.ends_with('.'), "{}", row.id);
    }
}

#[test]
fn the_help_lists_every_action_and_every_command() {
    let mut app = App::with_kb(KB);
    app.resize(120, 200);
    app.say("/help");
    let help = app.screen();
    for row in ACTIONS {
        let key = app.state.tools.keymap.hint(row.context, row.action);
        let told = |line: &str| line.contains(row.sentence) && line.contains(&key);
        assert!(help.lines().any(told), "{} is not in the help\n{help}", row.id);
    }
    for command in COMMANDS {
        let line = help.lines().find(|line| line.contains(&format!("/{}", command.name)));
        let line = line.unwrap_or_else(|| panic!("/{} is not in the help", command.name));
        assert!(line.contains(command.sentence), "{line}");
    }
}

#[test]
fn every_row_of_the_help_can_be_scrolled_to() {
    let mut app = App::with_kb(KB);
    app.keys("f1");
    app.keys("end");
    app.expect("Shift with the mouse selects text");
    app.keys("g");
    app.expect("dictum reads KB.md before every task");
}

#[test]
fn a23_release_events_do_nothing_and_a_press_acts_once() {
    let mut app = App::with_kb(KB);
    for kind in [KeyEventKind::Press, KeyEventKind::Release] {
        for letter in "hi".chars() {
            app.send(Event::Key(KeyEvent {
                kind,
                ..KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)
            }));
        }
        app.expect_draft("hi");
    }
    app.send(Event::Key(KeyEvent { kind: KeyEventKind::Release, ..key("enter") }));
    app.expect_draft("hi");
    app.send(Event::Key(KeyEvent { kind: KeyEventKind::Repeat, ..key("i") }));
    app.expect_draft("hii");
}

#[test]
fn a23_signs_of_altgr_are_typed() {
    let mut app = App::with_kb(KB);
    for sign in "@{[\\|]}~€ł".chars() {
        let modifiers = KeyModifiers::CONTROL | KeyModifiers::ALT;
        app.send(Event::Key(KeyEvent::new(KeyCode::Char(sign), modifiers)));
    }
    app.expect_draft("@{[\\|]}~€ł");
}

#[test]
fn a23_shifted_letters_are_typed_however_they_are_reported() {
    let mut app = App::with_kb(KB);
    app.send(Event::Key(KeyEvent::new(KeyCode::Char('R'), KeyModifiers::SHIFT)));
    app.send(Event::Key(KeyEvent::new(KeyCode::Char('Ä'), KeyModifiers::SHIFT)));
    app.expect_draft("RÄ");
}

#[test]
fn a23_new_lines_by_every_way() {
    let mut app = App::with_kb(KB);
    app.types("a");
    app.keys("alt+enter");
    app.types("b");
    app.keys("ctrl+j");
    app.types("c");
    app.keys("shift+enter");
    app.types("d\\");
    app.keys("enter");
    app.types("e");
    app.expect_draft("a\nb\nc\nd\ne");
    assert!(app.effects.is_empty());
    app.keys("enter");
    assert_eq!(app.chat(), "you: a\nb\nc\nd\ne\n");
}

#[test]
fn a23_a_huge_paste_is_one_insert_that_never_submits() {
    let mut app = App::with_kb(KB);
    let pasted: String = (0..5_000).map(|number| format!("line {number}\r\n")).collect();
    app.paste(&pasted);
    assert!(app.effects.is_empty());
    app.expect_draft(&pasted.replace("\r\n", "\n"));
    app.keys("ctrl+_");
    app.expect_draft("");
}

#[test]
fn a21_a_long_draft_survives_whatever_is_pressed() {
    let draft: String = (1..=30).map(|number| format!("line {number}\n")).collect::<String>() + "end";
    for keys in [
        "esc",
        "esc esc",
        "f1 esc",
        "f2 esc",
        "f3 q",
        "ctrl+p esc",
        "ctrl+k",
        "pageup pagedown",
        "ctrl+l",
        "f9",
        "ctrl+z",
    ] {
        let mut app = App::with_kb(KB);
        app.paste(&draft);
        app.keys(keys);
        app.expect_draft(&draft);
    }
    let mut app = App::with_kb(KB);
    app.paste(&draft);
    app.keys("ctrl+c up");
    app.expect_draft(&draft);
    // Sent and stopped at once: Up brings it back.
    app.keys("enter esc up");
    app.expect_draft(&draft);
    // Sent while busy: it waits in sight, and comes back whole.
    app.keys("ctrl+u ctrl+c");
    app.state.prompt.editor.take();
    app.say("busy");
    app.paste(&draft);
    app.keys("enter");
    app.expect("queued  line 1");
    app.keys("alt+up");
    app.expect_draft(&draft);
}

#[test]
fn a21_a_draft_in_the_history_is_kept_while_looking_back() {
    let mut app = App::with_kb(KB);
    app.turn("one");
    app.turn("two");
    app.types("draft");
    app.keys("up up up");
    app.expect_draft("one");
    app.keys("down down");
    app.expect_draft("draft");
}

#[test]
fn the_editors_text_comes_back_and_pasted_words_stay_pasted() {
    let mut app = App::with_kb(KB);
    app.types("see: ");
    app.paste("from now on use tabs");
    app.keys("ctrl+g");
    assert_eq!(app.edited(Ok("look at this: from now on use tabs please\n")), "see: from now on use tabs");
    app.expect_draft("look at this: from now on use tabs please");
    let pasted: Vec<String> = app
        .state
        .prompt
        .editor
        .spans()
        .into_iter()
        .filter(|span| span.origin == Origin::Pasted)
        .map(|span| span.text)
        .collect();
    assert_eq!(pasted, ["from now on use tabs"]);
    app.keys("ctrl+g");
    app.edited(Err("The editor vi is not there. Set VISUAL."));
    app.expect("The editor vi is not there.");
    app.expect_draft("look at this: from now on use tabs please");
}

#[test]
fn a_slash_command_runs_by_its_name_or_a_clear_beginning() {
    for (draft, shown) in [
        ("/help", "Everywhere"),
        ("/he", "Everywhere"),
        ("/kb", "markdown KB.md"),
        ("/persona", "Personas"),
        ("/model", "Models"),
    ] {
        let mut app = App::with_kb(KB);
        app.resize(100, 60);
        app.say(draft);
        app.expect(shown);
        app.expect_draft("");
    }
    let mut app = App::with_kb(KB);
    assert_eq!(app.say("/q"), [Effect::Quit]);
}

#[test]
fn an_ambiguous_command_names_what_it_could_be_and_stays() {
    let mut app = App::with_kb(KB);
    assert!(app.say("/re").is_empty());
    app.expect("/re could be /remember or /review");
    app.expect_draft("/re");
    assert!(app.chat().is_empty());
    app.types("v");
    app.keys("enter");
    app.expect("no KB.md edit waits for review");
}

#[test]
fn an_unknown_command_keeps_the_draft() {
    let mut app = App::with_kb(KB);
    for draft in ["/nonsense at all", "/", "/tmp is full"] {
        app.say(draft);
        app.expect_draft(draft);
        app.keys("ctrl+u");
        assert!(app.chat().is_empty(), "{draft:?} was sent");
    }
}

#[test]
fn a_path_is_a_message() {
    for message in ["/api/v2 is slow", "/Users is where it lies", "/2 of them", "/help\nis a command here"] {
        let mut app = App::with_kb(KB);
        app.say(message);
        assert_eq!(app.chat(), format!("you: {message}\n"));
    }
}

#[test]
fn tab_completes_and_a_list_shows_what_may_come() {
    let mut app = App::with_kb(KB);
    app.types("/re");
    app.expect("/remember TEXT");
    app.expect("/review");
    app.expect_not("/persona");
    app.keys("tab");
    app.expect_draft("/remember ");
    app.expect_not("/remember TEXT");
    app.keys("ctrl+u");
    app.types("a");
    app.keys("tab");
    app.expect_draft("a    ");
}

#[test]
fn the_model_is_chosen_by_name_or_from_the_list() {
    let mut app = App::with_kb(KB);
    app.say("/model model-2");
    app.expect("model-2 answers from the next message on");
    app.turn("hello");
    assert_eq!(app.request().endpoint.model, "model-2");
    app.say("/model");
    app.types("1");
    app.keys("enter");
    app.turn("hello");
    assert_eq!(app.request().endpoint.model, "model-1");
    app.after(6_000);
    app.expect("openai · model-1");
}

#[test]
fn a24_copy_gives_the_bytes_of_the_last_reply() {
    let mut app = App::with_kb(KB);
    assert!(app.say("/copy").is_empty());
    app.expect("there is no reply to copy yet");
    let reply = "```make\nall:\n\tcc  -o x  \n```\n日本 👩‍💻\n\n";
    app.say("hello");
    app.kb_read();
    app.replies(reply);
    assert_eq!(app.say("/copy"), [copied("the last reply", reply)]);
}

/// The palette, filtered to one row.
fn palette(app: &mut App, filter: &str) -> Vec<Effect> {
    app.keys("ctrl+p");
    app.types(filter);
    app.keys("enter")
}

#[test]
fn the_palette_runs_everything() {
    let everywhere = ACTIONS.iter().filter(|row| row.context == Context::Everywhere && row.id != "palette");
    for row in everywhere {
        let mut app = ready_for(row);
        app.types("keep me");
        app.keys("ctrl+p");
        let before = trace(&app);
        app.types(row.sentence);
        assert!(
            app.screen()
                .lines()
                .any(|line| line.contains('▸') && line.contains(&row.sentence[..20.min(row.sentence.len())])),
            "{}\n{}",
            row.id,
            app.screen()
        );
        app.keys("enter");
        assert!(trace(&app) != before, "{}", row.id);
        assert!(!matches!(app.state.focus, Focus::Overlay(Overlay::Menu(MenuOf::Palette, _))), "{}", row.id);
    }
    for command in COMMANDS {
        let mut app = App::with_kb(KB);
        let effects = palette(&mut app, &format!("/{}", command.name));
        assert!(
            !matches!(app.state.focus, Focus::Overlay(Overlay::Menu(MenuOf::Palette, _))),
            "/{}",
            command.name
        );
        let shows = app.state.screen.note.is_some() || !matches!(app.state.focus, Focus::Prompt);
        let waits = app.state.prompt.editor.text() == format!("/{} ", command.name);
        assert!(!effects.is_empty() || shows || waits || command.name == "clear", "/{}", command.name);
    }
}

#[test]
fn the_palette_undoes_edits_the_draft_and_takes_back_the_queue() {
    let mut app = App::with_kb(KB);
    assert_eq!(palette(&mut app, "/kb undo"), [Effect::UndoKb]);
    assert!(matches!(palette(&mut app, "Edit the draft").as_slice(), [Effect::EditExternally { .. }]));
    app.say("busy");
    app.say("queued one");
    palette(&mut app, "last queued message back");
    app.expect_draft("queued one");
}

#[test]
fn the_palette_switches_the_persona_and_keeps_the_draft_that_a_command_replaces() {
    let mut app = App::with_kb(KB);
    palette(&mut app, "Persona: reviewer");
    assert_eq!(app.state.personas.active.name, "reviewer");
    app.types("half a draft");
    palette(&mut app, "/remember");
    app.expect_draft("/remember ");
    app.keys("up");
    app.expect_draft("half a draft");
}

#[test]
fn menus_stop_at_their_ends_and_esc_leaves_them() {
    let mut app = App::with_kb(KB);
    app.keys("ctrl+p");
    for _ in 0..100 {
        app.keys("down");
    }
    let end = app.screen();
    app.keys("pagedown");
    assert_eq!(app.screen(), end);
    app.keys("esc");
    assert!(matches!(app.state.focus, Focus::Prompt));
}

#[test]
fn the_mouse_can_be_handed_over_and_taken_back() {
    let mut app = App::with_kb(KB);
    assert_eq!(app.keys("f9"), [Effect::Mouse(Capture::Terminal)]);
    app.expect("the terminal has the mouse now");
    assert_eq!(app.keys("f9"), [Effect::Mouse(Capture::App)]);
    assert_eq!(app.keys("ctrl+z"), [Effect::Suspend]);
    assert_eq!(app.keys("ctrl+l"), [Effect::Redraw]);
}

#[test]
fn ctrl_c_leaves_what_lies_over_the_chat_before_it_touches_anything_below() {
    let mut app = App::with_kb(KB);
    app.types("draft");
    app.say("");
    for open in ["f1", "ctrl+p", "f2"] {
        app.types("draft");
        app.keys(open);
        app.keys("ctrl+c");
        assert!(matches!(app.state.focus, Focus::Prompt));
        app.expect("draft");
        app.keys("ctrl+u");
    }
}

#[test]
fn a_note_goes_by_itself() {
    let mut app = App::with_kb(KB);
    app.keys("ctrl+k");
    app.expect("no KB.md edit waits");
    let until = app.state.next_tick().unwrap();
    app.send(Event::Tick(until));
    app.expect_not("no KB.md edit waits");
    assert_eq!(app.state.next_tick(), None);
}

#[test]
fn a_server_that_is_found_is_used_unless_the_user_chose() {
    let mut app = App::start(read(KB), crate::app::offline(), library(&files()));
    app.send(Event::Discovered(Some(endpoint())));
    app.expect("found openai: model-1");
    app.turn("hello");
    assert_eq!(app.request().endpoint.model, "model-1");
    app.say("again");
    app.kb_read();
    app.streams(ReplyEvent::Text("x".into()));
    app.send(Event::Discovered(Some(crate::app::offline())));
    assert!(matches!(app.state.turn, Turn::Replying(_)));
    assert_eq!(app.state.connection.endpoint.model, "model-1");
}
