//! Any text at any size, and any events in any order: nothing panics, and the caret stays on the screen.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dictum::domain::chat::ToolCall;
use dictum::domain::exchange::{Outcome, ReplyEvent, StopReason};
use dictum::domain::kb::state::Snapshot;
use dictum::domain::persona::Source;
use dictum::panels::prompt::vi::Vi;
use dictum::protocol::action::ACTIONS;
use dictum::protocol::message::{Background, Event, TaskId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};

use crate::app::{App, File, endpoint, failure, files, key, library, read};

fn config(cases: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    Config { cases, failure_persistence: Some(Box::new(FileFailurePersistence::Off)), ..Config::default() }
}

/// Pieces that are drawn or parsed in a way of their own.
fn piece() -> impl Strategy<Value = String> {
    const ODD: &[&str] = &[
        "日本語",
        "ﾊﾞ",
        "👩‍💻",
        "👍🏽",
        "❤\u{fe0f}",
        "🇮🇹🇩🇪",
        "e\u{301}\u{302}",
        "\u{301}",
        "שלום",
        "مرحبا",
        "\u{202e}abc\u{202c}",
        "\u{200b}",
        "\u{200d}",
        "\u{feff}",
        "\u{e0041}",
        "\u{fffd}",
        "\t",
        "\r",
        "\r\n",
        "\n",
        "\n\n",
        "\u{1b}[31m",
        "\u{1b}]52;c;eA==\u{7}",
        "\u{9b}2J",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        " ",
        "     ",
        "```\n",
        "````md\n",
        "`x`",
        "# ",
        "- ",
        "1. ",
        "> ",
        "| a | b |\n|---|---|\n| 1 |",
        "**",
        "[x](y)",
        "<b>",
        "---\n",
        "\\",
        "/",
        "use pnpm",
        "from now on ",
        "always ",
        "ＷＩＤＥ",
        "a\u{0300}\u{0301}\u{0302}\u{0303}",
        "ꙮ",
        "﷽",
    ];
    prop_oneof![
        3 => proptest::sample::select(ODD).prop_map(str::to_string),
        2 => "[a-z ]{1,12}",
        1 => any::<char>().prop_map(String::from),
        1 => "\\PC{1,20}",
        1 => ("[a-zA-Z0-9]{1,3}", 30usize..200).prop_map(|(word, times)| word.repeat(times)),
    ]
}

fn text() -> impl Strategy<Value = String> {
    vec(piece(), 0..14).prop_map(|pieces| pieces.concat())
}

fn size() -> impl Strategy<Value = (u16, u16)> {
    prop_oneof![(1u16..=300, 1u16..=100), (1u16..=24, 1u16..=12), Just((1, 1)), Just((300, 100))]
}

/// The frame is drawn without a panic, and the caret is in it.
fn looks_right(app: &mut App) {
    app.draw();
    if let Some(caret) = app.caret() {
        let (columns, rows) = (app.state.screen.columns, app.state.screen.rows);
        assert!(caret.x < columns && caret.y < rows, "{caret:?} outside {columns}x{rows}");
    }
}

/// A persona file whose header and body hold these texts.
fn persona(name: &str, body: &str) -> File {
    let text =
        format!("---\nname: {name}\ndescription: {body}\ninstruction: {name}\ncolor: {name}\n---\n{body}\n.");
    (".dictum/personas/odd.md", Source::Project, text)
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn a22_any_text_any_size(
        kb in text(),
        name in text(),
        body in text(),
        said in text(),
        reply in text(),
        rule in text(),
        draft in text(),
        sizes in vec(size(), 3..6),
    ) {
        let mut personas = files();
        personas.push(persona(&name, &body));
        let library = library(&personas);
        let odd = library.listed.iter().map(|listed| listed.persona.name.clone()).find(|name| name != crate::app::FIRST && name != crate::app::SECOND);
        let mut app = App::start(read(&kb), endpoint(), library);
        app.resize(sizes[0].0, sizes[0].1);
        // No text that begins with a letter is a command.
        app.types("x");
        app.paste(&said);
        // A backslash at the end would make a new line of it.
        app.types(".");
        app.keys("enter");
        app.kb_read();
        app.streams(ReplyEvent::Start { id: name.clone(), model: body.clone() });
        app.streams(ReplyEvent::Text(reply.clone()));
        if let Some(odd) = odd {
            dictum::app::chat::switch(&mut app.state, &odd);
        }
        app.ends(failure(&rule, &body));
        let shown = rule.replace(['\n', '\r'], " ");
        app.paste(&format!("/remember x {shown}"));
        app.keys("enter");
        if app.effects.iter().filter(|effect| matches!(effect, dictum::protocol::message::Effect::ReadKb { .. })).count() > 1 {
            app.kb_read();
        }
        app.state.prompt.editor.take();
        app.paste(&draft);
        for (columns, rows) in sizes {
            app.resize(columns, rows);
            looks_right(&mut app);
            for keys in ["pageup", "left", "up", "ctrl+k", "down", "e", "esc", "f1", "end", "esc", "f2", "down", "esc", "f3", "end", "esc", "ctrl+p", "down", "esc", "end"] {
                app.after(600);
                app.keys(keys);
                looks_right(&mut app);
            }
        }
    }
}

/// Something that may happen.
#[derive(Clone, Debug)]
enum Happening {
    Key(KeyEvent),
    Action(usize),
    Type(String),
    Paste(String),
    Wheel(bool),
    /// What the mouse does, and where.
    Mouse(MouseEventKind, u16, u16),
    Vi(bool),
    Resize(u16, u16),
    After(u64),
    KbRead(String),
    KbGone,
    KbChanged(String),
    Reply(String),
    Thought(String),
    Call(String),
    Ended(u8),
    Saved(u8, String),
    Edited(Result<String, String>),
    Personas(String, String),
    Degraded(String),
    Undone(String),
    UndoRefused(String, String),
    Light(bool),
    Found(bool),
}

fn mouse() -> impl Strategy<Value = Happening> {
    let kind = proptest::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Right),
    ]);
    (kind, 0u16..130, 0u16..50).prop_map(|(kind, column, row)| Happening::Mouse(kind, column, row))
}

fn happening() -> impl Strategy<Value = Happening> {
    let code = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        proptest::char::range(' ', '~').prop_map(KeyCode::Char),
        proptest::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Null,
            KeyCode::Insert,
        ]),
    ];
    let key = (code, 0u8..64)
        .prop_map(|(code, bits)| Happening::Key(KeyEvent::new(code, KeyModifiers::from_bits_truncate(bits))));
    prop_oneof![
        4 => key,
        8 => (0..ACTIONS.len()).prop_map(Happening::Action),
        3 => proptest::sample::select(vec!["from now on use pnpm", "from now on sort imports by name", "hello", "/kb undo", "/clear", "/persona reviewer", "/remember Use tabs", "a", "\\", "日本"])
            .prop_map(|text| Happening::Type(text.into())),
        2 => text().prop_map(Happening::Type),
        2 => text().prop_map(Happening::Paste),
        1 => any::<bool>().prop_map(Happening::Wheel),
        6 => mouse(),
        1 => any::<bool>().prop_map(Happening::Vi),
        2 => size().prop_map(|(columns, rows)| Happening::Resize(columns, rows)),
        4 => proptest::sample::select(vec![1, 499, 600, 6_000]).prop_map(Happening::After),
        5 => text().prop_map(Happening::KbRead),
        1 => Just(Happening::KbGone),
        2 => text().prop_map(Happening::KbChanged),
        3 => text().prop_map(Happening::Reply),
        1 => text().prop_map(Happening::Thought),
        2 => text().prop_map(Happening::Call),
        3 => (0u8..6).prop_map(Happening::Ended),
        3 => (0u8..5, text()).prop_map(|(how, text)| Happening::Saved(how, text)),
        2 => prop_oneof![text().prop_map(Ok), text().prop_map(Err)].prop_map(Happening::Edited),
        1 => (text(), text()).prop_map(|(name, body)| Happening::Personas(name, body)),
        1 => text().prop_map(Happening::Degraded),
        1 => text().prop_map(Happening::Undone),
        1 => (text(), text()).prop_map(|(one, two)| Happening::UndoRefused(one, two)),
        1 => any::<bool>().prop_map(Happening::Light),
        1 => any::<bool>().prop_map(Happening::Found),
    ]
}

/// Lets it happen; answers go to the newest task, which is mostly the right one and sometimes a stranger's.
fn happen(app: &mut App, what: Happening) {
    let newest = TaskId(app.state.errands.clone().task().0 - 1);
    let (now, task) = (app.state.screen.now, newest);
    let saving = app.state.errands.saving.as_ref().map_or(task, |saving| saving.task);
    let editing = app.state.errands.editing.as_ref().map_or(task, |(task, _)| *task);
    let event = match what {
        Happening::Key(key) => Event::Key(key),
        Happening::Action(number) => {
            let keys = ACTIONS[number].keys;
            Event::Key(key(keys[number % keys.len()]))
        }
        Happening::Type(text) => {
            app.types(&text);
            Event::Key(key("enter"))
        }
        Happening::Paste(text) => Event::Paste(text),
        Happening::Wheel(up) => {
            app.wheel(if up { MouseEventKind::ScrollUp } else { MouseEventKind::ScrollDown });
            return;
        }
        Happening::Mouse(kind, column, row) => {
            Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
        }
        Happening::Vi(on) => {
            app.state.prompt.vi = on.then(Vi::default);
            return;
        }
        Happening::Resize(columns, rows) => Event::Resized { columns, rows },
        Happening::After(millis) => Event::Tick(now + millis),
        Happening::KbRead(text) => Event::KbRead { task, snapshot: read(&text) },
        Happening::KbGone => Event::KbChanged(Snapshot::default()),
        Happening::KbChanged(text) => Event::KbChanged(read(&text)),
        Happening::Reply(text) => Event::Replied { task, event: ReplyEvent::Text(text) },
        Happening::Thought(text) => Event::Replied { task, event: ReplyEvent::Thinking(text) },
        Happening::Call(arguments) => {
            let call = ToolCall { id: "1".into(), name: dictum::domain::kb::gate::TOOL.into(), arguments };
            Event::Replied { task, event: ReplyEvent::Call(call) }
        }
        Happening::Ended(how) => {
            let outcome = match how {
                0 => Outcome::Complete(StopReason::EndTurn),
                1 => Outcome::Complete(StopReason::ToolUse),
                2 => Outcome::Complete(StopReason::MaxTokens),
                3 => Outcome::Truncated,
                4 => Outcome::Cancelled,
                _ => failure("It broke.", "Mend it."),
            };
            Event::ReplyEnded { task, outcome }
        }
        Happening::Saved(how, text) => match how {
            0 | 1 => Event::KbSaved { task: saving, snapshot: read(&text) },
            2 => Event::KbMoved { task: saving, snapshot: read(&text) },
            3 => Event::KbSaveFailed { task: saving, cause: text },
            _ => Event::KbIsOutside { task: saving, target: text },
        },
        Happening::Edited(result) => Event::Edited { task: editing, result },
        Happening::Personas(name, body) => {
            let mut personas = files();
            personas.push(persona(&name, &body));
            Event::PersonasLoaded(library(&personas))
        }
        Happening::Degraded(why) => Event::WatchDegraded(why),
        Happening::Undone(text) => Event::KbUndone { snapshot: read(&text), summary: text },
        Happening::UndoRefused(current, would_restore) => Event::KbUndoRefused { current, would_restore },
        Happening::Light(light) => {
            Event::BackgroundTold(if light { Background::Light } else { Background::Dark })
        }
        Happening::Found(found) => Event::Discovered(found.then(endpoint)),
    };
    app.send(event);
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn random_events_never_panic_and_only_an_accept_writes(happenings in vec(happening(), 1..60)) {
        let mut app = App::with_kb("# KB\n\n- Use npm.\n- Dates are in UTC.\n");
        for what in happenings {
            let reviewing = matches!(app.state.focus, dictum::app::state::Focus::Review);
            let guarded = app.state.review.is_guarded(app.state.screen.now);
            let written = app.writes_asked();
            let accept = match &what {
                Happening::Key(key) => key.code == KeyCode::Char('a') && (key.modifiers - KeyModifiers::SHIFT).is_empty(),
                Happening::Action(number) => ACTIONS[*number].id == "review.accept",
                Happening::Type(_) => true,
                _ => false,
            };
            happen(&mut app, what.clone());
            looks_right(&mut app);
            if app.writes_asked() > written {
                prop_assert!(accept, "{what:?} wrote KB.md");
                prop_assert!(reviewing && !guarded || matches!(what, Happening::Type(_)), "{what:?} wrote KB.md unseen");
            }
        }
    }
}

#[test]
fn a22_a_line_of_a_megabyte_is_drawn() {
    let huge = "x日".repeat(260_000);
    let mut app = App::with_kb(&format!("# KB\n- {huge}\n"));
    app.say("hello");
    app.kb_read();
    app.replies(&huge);
    app.keys("pageup");
    looks_right(&mut app);
    app.keys("f3");
    looks_right(&mut app);
}

#[test]
fn a22_the_caret_stands_where_the_next_letter_goes() {
    for draft in ["", "abc", "日本語", "👩‍💻👍🏽", "e\u{301}", "a\tb", "שלום", "one\ntwo", "ﾊﾞ", "🇮🇹"]
    {
        let mut app = App::with_kb("- One\n");
        app.paste(draft);
        let caret = app.caret().expect("a caret");
        app.types("¦");
        let screen = app.screen();
        let row = screen.lines().nth(usize::from(caret.y)).unwrap();
        let (before, _) =
            row.split_once('¦').unwrap_or_else(|| panic!("{draft:?}: no mark in {row:?}\n{screen}"));
        assert_eq!(dictum::base::text::width(before), usize::from(caret.x), "{draft:?}: {row:?}");
    }
}
