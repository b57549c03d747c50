//! The picture in the README, made from the real screen: a conversation runs through the app, and its last frame becomes an SVG.
//!
//! `.ci/screens` writes the files anew.
#![allow(clippy::unwrap_used)]

#[path = "picture/svg.rs"]
mod svg;

use std::path::Path;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dictum::app::screen;
use dictum::app::state::{FIRST_PERSONA, Search, Start, State};
use dictum::app::update::update;
use dictum::domain::exchange::{Endpoint, Outcome, Protocol, ReplyEvent, StopReason};
use dictum::domain::kb::state::{KbState, Snapshot};
use dictum::domain::persona::Library;
use dictum::draw::theme::Theme;
use dictum::io::personas;
use dictum::panels::transcript::LineCache;
use dictum::protocol::message::{Effect, Event, Millis};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use svg::Ground;

const COLUMNS: u16 = 100;
/// As many rows as the conversation needs, within these.
const ROWS: std::ops::RangeInclusive<u16> = 28..=44;

const KB: &str = include_str!("picture/KB.md");
const QUESTION: &str = "the payment call sometimes hangs for a minute, what should I do?";
const ANSWER: &str = include_str!("picture/answer.md");
const RULE: &str = "from now on use undici instead of axios to call other services";
const AGREED: &str = include_str!("picture/agreed.md");

const TITLE: &str = "dictum at work: a question about a payment call, the reply with code, a rule that the user states, and \
                     the edit of KB.md that follows from it, shown as a diff that waits for a decision.";

/// A long table, for the screens.
const TABLE: &str = include_str!("picture/table.md");

/// What a scene does before it is drawn.
type Play = fn(&mut Session);

/// What is to be seen of dictum besides the first picture, each at two sizes and in two themes, for eyes and not only for tests.
const SCENES: &[(&str, Play)] = &[
    ("main", |session| session.exchange(QUESTION, ANSWER, "09:41:38")),
    ("personas", |session| {
        session.exchange(QUESTION, ANSWER, "09:41:38");
        session.key(KeyCode::F(2), KeyModifiers::NONE);
    }),
    ("review", |session| {
        session.exchange(QUESTION, ANSWER, "09:41:38");
        session.exchange(RULE, AGREED, "09:43:15");
        session.key(KeyCode::Char('k'), KeyModifiers::CONTROL);
        session.wait(2_000);
    }),
    ("palette", |session| {
        session.exchange(QUESTION, ANSWER, "09:41:38");
        session.key(KeyCode::Char('p'), KeyModifiers::CONTROL);
    }),
    ("search", |session| {
        session.exchange(QUESTION, ANSWER, "09:41:38");
        session.key(KeyCode::Char('f'), KeyModifiers::CONTROL);
        for letter in "signal".chars() {
            session.key(KeyCode::Char(letter), KeyModifiers::NONE);
        }
    }),
    ("table", |session| session.exchange("what do our endpoints promise?", TABLE, "09:41:38")),
];

/// The variants of each scene: its name, theme, ground and size.
fn variants() -> [(&'static str, Theme, Ground, (u16, u16)); 4] {
    let [(_, dark, dark_ground), (_, light, light_ground)] = pictures();
    [
        ("dark", dark.clone(), dark_ground, (120, 40)),
        ("light", light, light_ground, (120, 40)),
        ("80x24", dark.clone(), dark_ground, (80, 24)),
        ("wide", dark, dark_ground, (200, 60)),
    ]
}

/// The files, their themes, and the colours of a terminal that goes with each.
fn pictures() -> [(&'static str, Theme, Ground); 2] {
    let dark = Ground { front: "#d9dee7", back: "#1b1f27", border: "#333a47" };
    let light = Ground { front: "#1f2530", back: "#fbfaf7", border: "#d5d8de" };
    [("assets/screen.svg", Theme::dark(), dark), ("assets/screen-light.svg", Theme::light(), light)]
}

/// The app with the outside played by hand.
struct Session {
    state: State,
    now: Millis,
}

impl Session {
    fn new(theme: Theme) -> Self {
        let endpoint = Endpoint {
            protocol: Protocol::Anthropic,
            provider: "anthropic".to_string(),
            base_url: String::new(),
            model: "claude-sonnet-5-5".to_string(),
            models: Vec::new(),
        };
        let state = State::new(Start {
            columns: COLUMNS,
            rows: *ROWS.start(),
            theme,
            library: Library::merge(personas::built_in()),
            persona: FIRST_PERSONA.to_string(),
            snapshot: kb("09:41:02"),
            endpoint,
            search: Search::Done,
            max_tokens: 8192,
            warnings: Vec::new(),
        });
        Self { state, now: 0 }
    }

    /// Lets some time pass, as the clock of the picture shows it.
    fn wait(&mut self, by: Millis) {
        self.now += by;
        update(&mut self.state, Event::Tick(self.now));
    }

    fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
        self.wait(80);
        update(&mut self.state, Event::Key(KeyEvent::new(code, modifiers)))
    }

    /// Types a message, sends it, and lets the model answer in small pieces.
    fn exchange(&mut self, message: &str, answer: &str, read_at: &str) {
        for letter in message.chars() {
            self.key(KeyCode::Char(letter), KeyModifiers::NONE);
        }
        let effects = self.key(KeyCode::Enter, KeyModifiers::NONE);
        // A wide screen asks for the stack as well.
        let [Effect::ReadKb { task }, ..] = effects.as_slice() else { panic!("{effects:?}") };
        let read = Event::KbRead { task: *task, snapshot: kb(read_at) };
        let effects = update(&mut self.state, read);
        let [Effect::Ask { task, request }] = effects.as_slice() else { panic!("{effects:?}") };
        let model = request.endpoint.model.clone();
        let mut tell = |event: ReplyEvent| update(&mut self.state, Event::Replied { task: *task, event });
        tell(ReplyEvent::Start { id: "reply".to_string(), model });
        for piece in answer.trim_end().split_inclusive(' ') {
            tell(ReplyEvent::Text(piece.to_string()));
        }
        let ended = Event::ReplyEnded { task: *task, outcome: Outcome::Complete(StopReason::EndTurn) };
        let effects = update(&mut self.state, ended);
        assert!(effects.is_empty(), "{effects:?}");
        self.wait(9_000);
    }

    /// The screen at a size, once a frame was drawn there.
    fn frame(&mut self, (columns, rows): (u16, u16)) -> (Buffer, Option<Position>) {
        let mut cache = LineCache::default();
        update(&mut self.state, Event::Resized { columns, rows });
        let mut draw = || {
            let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
            let (caret, drawn) = screen::view(&self.state, &mut cache, &mut buffer);
            update(&mut self.state, Event::Drawn(drawn));
            (buffer, caret)
        };
        draw();
        draw()
    }

    /// The screen at the least height at which it holds `words`.
    fn frame_with(&mut self, words: &str) -> (Buffer, Option<Position>) {
        let mut cache = LineCache::default();
        for rows in ROWS {
            update(&mut self.state, Event::Resized { columns: COLUMNS, rows });
            let mut buffer = Buffer::empty(Rect::new(0, 0, COLUMNS, rows));
            let (caret, _) = screen::view(&self.state, &mut cache, &mut buffer);
            if text(&buffer).contains(words) {
                return (buffer, caret);
            }
        }
        panic!("{words:?} does not fit on a screen of {ROWS:?} rows");
    }
}

/// KB.md of a service, as it was read at a time.
fn kb(read_at: &str) -> Snapshot {
    Snapshot {
        state: KbState::Read {
            text: KB.to_string(),
            bytes: KB.len() as u64,
            hash: "5d1c7a90".to_string(),
            read_at: read_at.to_string(),
        },
    }
}

/// The conversation up to the moment of the picture: the review of the edit has the focus, and its keys count.
fn last_frame(theme: Theme) -> (Buffer, Option<Position>) {
    let mut session = Session::new(theme);
    session.exchange(QUESTION, ANSWER, "09:41:38");
    session.exchange(RULE, AGREED, "09:43:15");
    assert_eq!(session.state.review.pending.len(), 1, "the rule makes one edit");
    session.key(KeyCode::Char('k'), KeyModifiers::CONTROL);
    session.wait(2_000);
    session.frame_with(QUESTION)
}

fn text(buffer: &Buffer) -> String {
    let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..buffer.area.height).map(|y| row(y).trim_end().to_string() + "\n").collect()
}

#[test]
fn the_pictures_show_the_screen_as_it_is() {
    for (path, theme, ground) in pictures() {
        let (buffer, caret) = last_frame(theme);
        hold(path, &svg::svg(&buffer, caret, ground, TITLE), &text(&buffer));
    }
}

/// Compares a file with what it should hold, or writes it.
fn hold(path: &str, drawn: &str, shown: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var("DICTUM_PICTURE").is_ok_and(|value| value == "write") {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, drawn).unwrap();
        println!("{path}\n{shown}");
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == drawn, "{path} shows an older screen; run `.ci/screens`. It would show:\n{shown}");
}

#[test]
fn the_screens_are_as_they_are_shown() {
    for (name, play) in SCENES {
        for (variant, theme, ground, size) in variants() {
            let mut session = Session::new(theme);
            update(&mut session.state, Event::Resized { columns: size.0, rows: size.1 });
            play(&mut session);
            let (buffer, caret) = session.frame(size);
            let title = format!("dictum, {name}, {variant}");
            let drawn = svg::svg(&buffer, caret, ground, &title);
            hold(&format!("assets/screens/{name}-{variant}.svg"), &drawn, &text(&buffer));
        }
    }
}

#[test]
fn the_picture_tells_what_dictum_is_for() {
    let (buffer, _) = last_frame(Theme::dark());
    let screen = text(&buffer);
    assert!(buffer.area.height <= 40, "{} rows are too many for a first look", buffer.area.height);
    for words in [FIRST_PERSONA, "KB.md", "read 09:43:15", QUESTION, "AbortSignal", RULE, "accept", "reject"]
    {
        assert!(screen.contains(words), "{words:?} is not in the picture:\n{screen}");
    }
    for (sign, word) in [("-", "axios"), ("+", "undici")] {
        let in_diff =
            |line: &str| line.contains(word) && line.replace(' ', "").contains(&format!("{sign}-Use"));
        assert!(screen.lines().any(in_diff), "no {sign} line with {word} in the diff:\n{screen}");
    }
}

/// Draws one line of text and gives its letters in SVG.
fn letters_of(line: &str, style: Style) -> String {
    let width = u16::try_from(unicode_width::UnicodeWidthStr::width(line)).unwrap();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
    buffer.set_string(0, 0, line, style);
    let ground = pictures()[0].2;
    let svg = svg::svg(&buffer, None, ground, "<t>");
    svg.lines().filter(|line| line.starts_with("<text") || line.starts_with("<path")).collect()
}

#[test]
fn letters_are_escaped_and_wide_ones_take_two_cells() {
    let drawn = letters_of("a<b && \"漢\" x", Style::new());
    assert!(drawn.contains("a&lt;b &amp;&amp; &quot;"), "{drawn}");
    assert!(drawn.contains("textLength=\"18\"") && drawn.contains(">漢</text>"), "{drawn}");
    assert!(letters_of("╭──╮", Style::new()).starts_with("<path"), "frames are paths");
    let lined = letters_of("of ", Style::new().add_modifier(Modifier::UNDERLINED));
    assert!(lined.contains(">of\u{a0}</text>") && lined.contains("underline"), "{lined}");
}
