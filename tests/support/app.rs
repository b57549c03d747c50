//! The app without terminal, disk or network: keys in, screen text out. It stands in for the disk and the model, never for the core.
#![allow(dead_code, reason = "each test program uses a part of it")]

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent, MouseEventKind};
use dictum::app::over::{self, Since};
use dictum::app::screen;
use std::sync::LazyLock;

use dictum::app::state::{Search, Start, State, Tools};
use dictum::app::update::update;
use dictum::base::text::width;
use dictum::domain::attach::mention::Mention;
use dictum::domain::attach::refusal::Found;
use dictum::domain::chat::{Body, ToolCall};
use dictum::domain::exchange::{Endpoint, Failure, Outcome, Protocol, ReplyEvent, Request, StopReason};
use dictum::domain::kb::detect::Detector;
use dictum::domain::kb::gate;
use dictum::domain::kb::state::{KbState, Snapshot};
use dictum::domain::persona::{self, Library, Source};
use dictum::draw::theme::Theme;
use dictum::panels::transcript::{Grown, LineCache};
use dictum::protocol::message::{Agreed, Clip, Drawn, Effect, Event, OutsideFile, TaskId};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use sha2::{Digest, Sha256};

#[path = "plain.rs"]
mod plain;

/// The persona that speaks first, and one to switch to.
pub const FIRST: &str = "installer.backend.nodejs";
pub const SECOND: &str = "reviewer";

/// The time of every look at KB.md, so that snapshots stay.
pub const READ_AT: &str = "12:03:07";

/// The tables, made once for all tests.
static TOOLS: LazyLock<Tools> =
    LazyLock::new(|| Tools { detector: Detector::weighed_by(plain::PLAIN), ..Tools::default() });

/// A persona file's place and text.
pub type File = (&'static str, Source, String);

/// The app, with the disk and the model in the test's hands.
pub struct App {
    pub state: State,
    cache: LineCache,
    buffer: Buffer,
    caret: Option<Position>,
    stands: Drawn,
    /// How many frames were drawn over the one before.
    pub frames_over: usize,
    /// What is at the place of KB.md.
    pub disk: Snapshot,
    /// Every effect so far.
    pub effects: Vec<Effect>,
    reads: Vec<TaskId>,
    save: Option<(TaskId, Option<String>, String, OutsideFile)>,
    ask: Option<(TaskId, Request)>,
    editor: Option<(TaskId, String)>,
    mentions: Option<(TaskId, Vec<Mention>, Agreed)>,
}

/// KB.md with this text.
pub fn read(text: &str) -> Snapshot {
    let (text, read_at) = (text.to_string(), READ_AT.to_string());
    let state = if text.trim().is_empty() {
        KbState::Empty { text, read_at }
    } else {
        let hash = Sha256::digest(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        KbState::Read { bytes: text.len() as u64, hash, text, read_at }
    };
    Snapshot { state }
}

/// The two personas that most tests have.
pub fn files() -> Vec<File> {
    let file = |name: &str, color: &str, body: &str| {
        format!(
            "---\nname: {name}\ndescription: Does {name} work\ninstruction: When it is about {name}\ncolor: {color}\n---\n{body}\n"
        )
    };
    vec![
        ("built in", Source::BuiltIn, file(FIRST, "green", "You build Node.js back ends.")),
        (".dictum/personas/reviewer.md", Source::Project, file(SECOND, "yellow", "You review changes.")),
    ]
}

/// The library of these files.
pub fn library(files: &[File]) -> Library {
    Library::merge(
        files.iter().map(|(path, source, text)| persona::parse(path, *source, text.as_bytes())).collect(),
    )
}

/// A model behind a chat endpoint.
/// Ollama on this machine; nobody said what models it has.
pub fn ollama() -> Endpoint {
    Endpoint {
        protocol: Protocol::Ollama,
        provider: "ollama".into(),
        base_url: "http://127.0.0.1:11434".into(),
        model: String::new(),
        models: Vec::new(),
    }
}

pub fn endpoint() -> Endpoint {
    Endpoint {
        protocol: Protocol::Chat,
        provider: "openai".into(),
        base_url: "https://api.example/v1".into(),
        model: "model-1".into(),
        models: vec!["model-1".into(), "model-2".into()],
    }
}

/// No model.
pub fn offline() -> Endpoint {
    Endpoint {
        protocol: Protocol::Offline,
        provider: "offline".into(),
        base_url: String::new(),
        model: String::new(),
        models: Vec::new(),
    }
}

impl App {
    /// A start in a folder with this KB.md, on 80 by 24 cells, with a model.
    pub fn with_kb(kb: &str) -> Self {
        Self::start(read(kb), endpoint(), library(&files()))
    }

    /// A start in a folder without KB.md.
    pub fn without_kb() -> Self {
        Self::start(Snapshot::default(), endpoint(), library(&files()))
    }

    /// A start with everything given.
    pub fn start(disk: Snapshot, endpoint: Endpoint, library: Library) -> Self {
        Self::begin(Start {
            columns: 80,
            rows: 24,
            theme: Theme::dark(),
            library,
            persona: FIRST.into(),
            snapshot: disk,
            endpoint,
            search: Search::Done,
            max_tokens: 1_000,
            warnings: Vec::new(),
        })
    }

    /// A start from exactly this; the clock stands at one minute.
    pub fn begin(start: Start) -> Self {
        let disk = start.snapshot.clone();
        let mut app = Self {
            state: State::with_tools(start, TOOLS.clone()),
            cache: LineCache::default(),
            buffer: Buffer::default(),
            caret: None,
            stands: Drawn::default(),
            frames_over: 0,
            disk,
            effects: Vec::new(),
            reads: Vec::new(),
            save: None,
            ask: None,
            editor: None,
            mentions: None,
        };
        app.send(Event::Tick(60_000));
        app
    }

    /// With this KB.md, while the tables are still being made; [`Self::tables_made`] brings them.
    pub fn without_tables(kb: &str) -> Self {
        let mut app = Self::with_kb(kb);
        let tools = Tools::coming(app.state.tools.keymap.clone());
        app.state.tools = tools;
        app
    }

    /// The detector is there.
    pub fn detector_made(&mut self) -> Vec<Effect> {
        self.send(Event::DetectorMade(Box::new(TOOLS.detector.clone())))
    }

    /// The reconciler is there.
    pub fn reconciler_made(&mut self) -> Vec<Effect> {
        self.send(Event::ReconcilerMade(Box::new(TOOLS.reconciler.clone())))
    }

    /// The tables are there.
    pub fn tables_made(&mut self) -> Vec<Effect> {
        let mut effects = self.detector_made();
        effects.extend(self.reconciler_made());
        effects
    }

    /// One event through the door, then a frame; gives the effects of the event.
    pub fn send(&mut self, event: Event) -> Vec<Effect> {
        let mut since = Since::default();
        since.note(&self.state, &event);
        let effects = update(&mut self.state, event);
        let over = (self.buffer.area == screen::area(&self.state) && since.fits(&self.state)).then(|| {
            let mut buffer = self.buffer.clone();
            let over = over::view(&self.state, &since, self.stands, &mut self.cache, &mut buffer);
            told_whole(&self.buffer, &buffer, &over.grown);
            (buffer, over)
        });
        for effect in &effects {
            match effect {
                Effect::ReadKb { task } => self.reads.push(*task),
                Effect::ReadMentions { task, mentions, agreed } => {
                    self.mentions = Some((*task, mentions.clone(), *agreed));
                }
                Effect::Ask { task, request } => self.ask = Some((*task, (**request).clone())),
                Effect::SaveKb { task, expected, text, outside, .. } => {
                    self.save = Some((*task, expected.clone(), text.clone(), *outside));
                }
                Effect::EditExternally { task, text } => self.editor = Some((*task, text.clone())),
                Effect::Cancel { .. }
                | Effect::ListModels { .. }
                | Effect::TryKey { .. }
                | Effect::KeepKey { .. }
                | Effect::UndoKb
                | Effect::NeverAsk { .. }
                | Effect::LoadPersonas
                | Effect::ReadNotes
                | Effect::MakeBody { .. }
                | Effect::Trust { .. }
                | Effect::ReadStack
                | Effect::ListFiles
                | Effect::Remember { .. }
                | Effect::KeepDraft { .. }
                | Effect::Store(_)
                | Effect::Export(_)
                | Effect::Copy(_)
                | Effect::Mouse(_)
                | Effect::Suspend
                | Effect::Redraw
                | Effect::Quit => {}
            }
        }
        self.effects.extend(effects.iter().cloned());
        match over {
            Some((buffer, over)) => {
                assert_eq!(
                    over.drawn,
                    self.drawn(),
                    "a frame over the last one stands where one drawn anew does"
                );
                assert_eq!(buffer, self.buffer, "a frame over the last one shows what one drawn anew does");
                assert!(
                    over.caret.is_none_or(|caret| self.caret == Some(caret)),
                    "the caret is where it belongs"
                );
                self.frames_over += 1;
                update(&mut self.state, Event::Drawn(over.drawn));
            }
            None => self.draw(),
        }
        effects
    }

    /// Draws a frame, as the terminal does after every batch of events.
    pub fn draw(&mut self) {
        self.frame();
    }

    /// The same; gives what follows from the frame.
    pub fn frame(&mut self) -> Vec<Effect> {
        let drawn = self.drawn();
        update(&mut self.state, Event::Drawn(drawn))
    }

    fn drawn(&mut self) -> Drawn {
        self.buffer = Buffer::empty(screen::area(&self.state));
        let (caret, drawn) = screen::view(&self.state, &mut self.cache, &mut self.buffer);
        self.caret = caret;
        self.stands = drawn;
        drawn
    }

    /// Presses keys: `ctrl+k a esc`.
    pub fn keys(&mut self, keys: &str) -> Vec<Effect> {
        keys.split_whitespace().flat_map(|name| self.send(Event::Key(key(name)))).collect()
    }

    /// Types letter by letter; a line feed is typed as Alt+Enter.
    pub fn types(&mut self, text: &str) {
        for letter in text.chars() {
            let pressed = match letter {
                '\n' => key("alt+enter"),
                letter => KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE),
            };
            self.send(Event::Key(pressed));
        }
    }

    /// Types a message and sends it.
    pub fn say(&mut self, text: &str) -> Vec<Effect> {
        self.types(text);
        self.keys("enter")
    }

    /// Says it and lets the whole turn pass with a short answer.
    pub fn turn(&mut self, text: &str) {
        self.say(text);
        self.kb_read();
        self.replies("Done.");
    }

    pub fn paste(&mut self, text: &str) {
        self.send(Event::Paste(text.into()));
    }

    /// Time passes.
    pub fn after(&mut self, millis: u64) {
        let now = self.state.screen.now + millis;
        self.send(Event::Tick(now));
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.send(Event::Resized { columns, rows });
    }

    /// One notch of the wheel.
    pub fn wheel(&mut self, kind: MouseEventKind) {
        self.send(Event::Mouse(MouseEvent { kind, column: 0, row: 0, modifiers: KeyModifiers::NONE }));
    }

    /// Answers the oldest open read of KB.md with what the disk holds.
    #[track_caller]
    pub fn kb_read(&mut self) -> Vec<Effect> {
        assert!(!self.reads.is_empty(), "nobody asked for KB.md\n{}", self.screen());
        let task = self.reads.remove(0);
        let snapshot = self.disk.clone();
        self.send(Event::KbRead { task, snapshot })
    }

    /// What the message mentions is found like this. Gives the words of the mentions, and whether the user agreed to everything.
    #[track_caller]
    pub fn finds(&mut self, found: Vec<Found>) -> (Vec<String>, Agreed) {
        let (task, mentions, agreed) = self.mentions.take().expect("nobody asked for what is mentioned");
        self.send(Event::MentionsRead { task, found });
        (mentions.into_iter().map(|mention| mention.written).collect(), agreed)
    }

    /// Whether something mentioned is being read.
    pub fn is_gathering(&self) -> bool {
        self.mentions.is_some()
    }

    /// The file changes; nobody is told.
    pub fn writes(&mut self, kb: &str) {
        self.disk = read(kb);
    }

    /// The file changes and the watcher tells.
    pub fn kb_changes(&mut self, kb: &str) {
        self.writes(kb);
        let snapshot = self.disk.clone();
        self.send(Event::KbChanged(snapshot));
    }

    /// The disk does what was asked: writes when it holds what was expected, else says what it holds.
    #[track_caller]
    pub fn kb_saved(&mut self) {
        let (task, expected, text, _) = self.save.take().expect("nobody asked to write KB.md");
        if self.disk.text() == expected.as_deref() {
            self.disk = read(&text);
            let snapshot = self.disk.clone();
            self.send(Event::KbSaved { task, snapshot });
        } else {
            let snapshot = self.disk.clone();
            self.send(Event::KbMoved { task, snapshot });
        }
    }

    /// The write that waits for its answer: task, expected text, new text, and whether outside is allowed.
    #[track_caller]
    pub fn saving(&mut self) -> (TaskId, Option<String>, String, OutsideFile) {
        self.save.take().expect("nobody asked to write KB.md")
    }

    /// The edit that waits is accepted and written.
    #[track_caller]
    pub fn accepts(&mut self) {
        self.keys("ctrl+k");
        self.after(600);
        self.keys("a");
        self.kb_saved();
    }

    /// The last request to the model.
    #[track_caller]
    pub fn request(&self) -> &Request {
        &self.ask.as_ref().expect("the model was not asked").1
    }

    /// The task of the last request.
    #[track_caller]
    pub fn asked(&self) -> TaskId {
        self.ask.as_ref().expect("the model was not asked").0
    }

    /// A piece of the answer to the last request.
    #[track_caller]
    pub fn streams(&mut self, event: ReplyEvent) -> Vec<Effect> {
        let task = self.asked();
        self.send(Event::Replied { task, event })
    }

    /// The answer to the last request ends.
    #[track_caller]
    pub fn ends(&mut self, outcome: Outcome) -> Vec<Effect> {
        let task = self.asked();
        self.send(Event::ReplyEnded { task, outcome })
    }

    /// A whole answer to the last request.
    #[track_caller]
    pub fn replies(&mut self, text: &str) -> Vec<Effect> {
        self.streams(ReplyEvent::Text(text.into()));
        self.ends(Outcome::Complete(StopReason::EndTurn))
    }

    /// The model calls a tool and waits for its result.
    #[track_caller]
    pub fn calls(&mut self, name: &str, arguments: &str) -> Vec<Effect> {
        let call = ToolCall {
            id: format!("call-{}", self.asked().0),
            name: name.into(),
            arguments: arguments.into(),
        };
        self.streams(ReplyEvent::Call(call));
        self.ends(Outcome::Complete(StopReason::ToolUse))
    }

    /// The model proposes an edit of KB.md.
    #[track_caller]
    pub fn proposes(&mut self, op: &str, text: &str, supersedes: &str, quote: &str) -> Vec<Effect> {
        let edit = serde_json::json!({
            "op": op, "section": "", "text": text, "supersedes": supersedes, "reason": "a standing rule", "quote": quote
        });
        self.calls(gate::TOOL, &serde_json::json!({ "edits": [edit] }).to_string())
    }

    /// What was given to the external editor, and its answer.
    #[track_caller]
    pub fn edited(&mut self, result: Result<&str, &str>) -> String {
        let (task, text) = self.editor.take().expect("no editor was opened");
        let result = result.map(str::to_string).map_err(str::to_string);
        self.send(Event::Edited { task, result });
        text
    }

    /// The whole screen, rows without the blanks at their end.
    pub fn screen(&self) -> String {
        text(&self.buffer)
    }

    /// What of the screen is drawn reversed, row by row.
    pub fn reversed(&self) -> String {
        let area = self.buffer.area;
        let of_row = |y: u16| -> String {
            let cells = (area.left()..area.right()).filter_map(|x| self.buffer.cell((x, y)));
            cells
                .filter(|cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED))
                .map(|cell| cell.symbol())
                .collect()
        };
        let rows: Vec<String> =
            (area.top()..area.bottom()).map(of_row).filter(|row| !row.trim().is_empty()).collect();
        rows.join("\n")
    }

    /// Where the caret is.
    pub fn caret(&self) -> Option<Position> {
        self.caret
    }

    /// The first row of the screen that holds these words.
    #[track_caller]
    pub fn row(&self, words: &str) -> String {
        let screen = self.screen();
        screen
            .lines()
            .find(|row| row.contains(words))
            .unwrap_or_else(|| panic!("no {words:?} on\n{screen}"))
            .to_string()
    }

    #[track_caller]
    pub fn expect(&self, words: &str) {
        assert!(self.screen().contains(words), "expected {words:?} on\n{}", self.screen());
    }

    #[track_caller]
    pub fn expect_not(&self, words: &str) {
        assert!(!self.screen().contains(words), "did not expect {words:?} on\n{}", self.screen());
    }

    /// The draft is exactly this.
    #[track_caller]
    pub fn expect_draft(&self, draft: &str) {
        assert_eq!(self.state.prompt.editor.text(), draft, "{}", self.screen());
    }

    /// A card waits, with these words on it.
    #[track_caller]
    pub fn expect_card(&self, words: &str) {
        let row = self.row("◆ KB.md?");
        assert!(row.contains(words), "expected {words:?} on the card {row:?}");
    }

    /// Nothing waits for review.
    #[track_caller]
    pub fn expect_no_card(&self) {
        let waiting: Vec<&str> = self.state.review.pending.iter().map(|proposal| proposal.gist()).collect();
        assert!(waiting.is_empty(), "waiting: {waiting:?}\n{}", self.screen());
        self.expect_not("◆ KB.md?");
    }

    /// How many writes of KB.md were asked for.
    pub fn writes_asked(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::SaveKb { .. })).count()
    }

    /// The sentences of the edits that wait.
    pub fn waiting(&self) -> Vec<String> {
        self.state.review.pending.iter().map(|proposal| proposal.gist().to_string()).collect()
    }

    /// What the chat holds, an entry a line: who or what, and the text.
    pub fn chat(&self) -> String {
        let mut out = String::new();
        for entry in self.state.log.entries() {
            let line = match &entry.body {
                Body::User { text, .. } => format!("you: {text}"),
                Body::Reply(reply) => format!("{}: {}", reply.voice.name, reply.text),
                Body::Divider { voice } => format!("-- {}", voice.name),
                Body::Notice { text, .. } => format!("notice: {text}"),
                Body::Compaction { text, .. } => format!("compaction: {text}"),
                Body::Decision { summary, diff, .. } => format!("decision: {summary}\n{diff}"),
            };
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// The system prompt of the last request as one text.
    pub fn system(&self) -> String {
        self.request().system.iter().map(|part| format!("{}\n", part.text)).collect()
    }
}

/// A buffer as text; a wide character takes its cells only once.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut row = String::new();
        let mut x = buffer.area.left();
        while x < buffer.area.right() {
            let symbol = buffer[(x, y)].symbol();
            row.push_str(symbol);
            x += u16::try_from(width(symbol).max(1)).unwrap_or(1);
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// A failure in words.
pub fn failure(what: &str, next: &str) -> Outcome {
    Outcome::Failed(Failure::new(what, next))
}

/// The key event of `ctrl+k`, `R`, `f1`, `pageup`.
pub fn key(name: &str) -> KeyEvent {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = name;
    for (word, modifier) in [
        ("ctrl+", KeyModifiers::CONTROL),
        ("alt+", KeyModifiers::ALT),
        ("shift+", KeyModifiers::SHIFT),
        ("super+", KeyModifiers::SUPER),
        ("ctrl+", KeyModifiers::CONTROL),
    ] {
        if let Some(tail) = rest.strip_prefix(word).filter(|tail| !tail.is_empty()) {
            modifiers |= modifier;
            rest = tail;
        }
    }
    let code = match rest {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "space" => KeyCode::Char(' '),
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        _ if rest.len() > 1 && rest.starts_with('f') => {
            KeyCode::F(rest[1..].parse().expect("a function key"))
        }
        _ => {
            let mut letters = rest.chars();
            let letter = letters.next().expect("a key");
            assert_eq!(letters.next(), None, "{name} is no key");
            if letter.is_ascii_uppercase() {
                modifiers |= KeyModifiers::SHIFT;
            }
            KeyCode::Char(letter)
        }
    };
    KeyEvent { kind: KeyEventKind::Press, ..KeyEvent::new(code, modifiers) }
}

/// The effect that puts text on the clipboard.
pub fn copied(what: &str, text: &str) -> Effect {
    Effect::Copy(Clip { what: what.into(), text: text.into() })
}

/// What a frame over the last one tells of its changes is all that changed.
#[track_caller]
fn told_whole(before: &Buffer, after: &Buffer, grown: &Grown) {
    let width = usize::from(before.area.width).max(1);
    let mut moved: Vec<&[Cell]> = before.content.chunks(width).collect();
    if let Some((block, by)) = &grown.up {
        moved[usize::from(block.start)..usize::from(block.end)].rotate_left(usize::from(*by));
    }
    for (row, (before, after)) in (0..).zip(moved.into_iter().zip(after.content.chunks(width))) {
        assert!(before == after || grown.rows.contains(&row), "row {row} changed and nothing tells of it");
    }
}
