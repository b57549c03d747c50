//! The app as the benchmarks drive it: as the screen's loop does, with a terminal that only counts bytes. It never waits for anything.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dictum::app::screen;
use dictum::app::state::{FIRST_PERSONA, Search, Start, State};
use dictum::app::update::update;
use dictum::domain::chat::Body;
use dictum::domain::exchange::{Endpoint, Outcome, Protocol, ReplyEvent, StopReason};
use dictum::domain::kb::state::{KbState, Snapshot};
use dictum::domain::persona::Library;
use dictum::draw::theme::Theme;
use dictum::io::personas;
use dictum::panels::transcript::LineCache;
use dictum::protocol::message::{Effect, Event, TaskId};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;

/// A terminal that takes everything and shows nothing.
#[derive(Clone, Default)]
struct Sink(Rc<Cell<usize>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(|count| count + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The app with its screen.
pub struct Session {
    state: State,
    cache: LineCache,
    screen: Terminal<CrosstermBackend<Sink>>,
    sink: Sink,
    reply: TaskId,
}

impl Session {
    /// As after the start.
    pub fn new() -> Self {
        let state = State::new(Start {
            columns: COLUMNS,
            rows: ROWS,
            theme: Theme::dark(),
            library: Library::merge(personas::built_in()),
            persona: FIRST_PERSONA.to_string(),
            snapshot: knowledge(),
            endpoint: Endpoint {
                protocol: Protocol::Chat,
                provider: "ollama".to_string(),
                base_url: String::new(),
                model: "model".to_string(),
                models: Vec::new(),
            },
            search: Search::Done,
            max_tokens: 8192,
            warnings: Vec::new(),
        });
        let viewport = Viewport::Fixed(Rect::new(0, 0, COLUMNS, ROWS));
        let sink = Sink::default();
        let backend = CrosstermBackend::new(sink.clone());
        let screen = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        Self { state, cache: LineCache::default(), screen, sink, reply: TaskId::default() }
    }

    /// Under a conversation of at least so many lines; of none, for 0.
    pub fn with_lines(lines: usize) -> Self {
        if lines == 0 {
            return Self::new();
        }
        let answer = prose(900);
        let height = answer.lines().count() + 4;
        let mut session = Self::asking();
        session.delta(&answer);
        let outcome = Outcome::Complete(StopReason::EndTurn);
        update(&mut session.state, Event::ReplyEnded { task: session.reply, outcome });
        let said: Vec<Body> = session.state.log.entries().iter().map(|entry| entry.body.clone()).collect();
        // The one exchange is said again and again.
        for body in said.iter().cycle().take(said.len() * lines.div_ceil(height)) {
            session.state.log.push(body.clone());
        }
        session
    }

    /// With a reply on its way.
    pub fn asking() -> Self {
        let mut session = Self::new();
        session.ask();
        session
    }

    /// Sends a message; the reply begins.
    pub fn ask(&mut self) {
        self.press(KeyCode::Char('?'), KeyModifiers::NONE);
        let effects = self.press(KeyCode::Enter, KeyModifiers::NONE);
        let Some(Effect::ReadKb { task }) = effects.first() else { panic!("{effects:?}") };
        let read = Event::KbRead { task: *task, snapshot: knowledge() };
        let effects = update(&mut self.state, read);
        let Some(Effect::Ask { task, .. }) = effects.first() else { panic!("{effects:?}") };
        self.reply = *task;
    }

    /// A piece of the reply.
    pub fn delta(&mut self, text: &str) {
        let event = ReplyEvent::Text(text.to_string());
        update(&mut self.state, Event::Replied { task: self.reply, event });
    }

    /// A letter comes or goes.
    pub fn key(&mut self) {
        let code = if self.state.prompt.editor.is_empty() { KeyCode::Char('x') } else { KeyCode::Backspace };
        self.press(code, KeyModifiers::NONE);
    }

    pub fn top(&mut self) {
        self.press(KeyCode::Home, KeyModifiers::CONTROL);
    }

    pub fn end(&mut self) {
        self.press(KeyCode::End, KeyModifiers::CONTROL);
    }

    pub fn page_up(&mut self, pages: usize) {
        for _ in 0..pages {
            self.press(KeyCode::PageUp, KeyModifiers::NONE);
        }
    }

    fn press(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
        update(&mut self.state, Event::Key(KeyEvent::new(code, modifiers)))
    }

    /// A frame, as far as the bytes that the terminal gets.
    pub fn draw(&mut self) {
        let (state, cache) = (&self.state, &mut self.cache);
        let mut drawn = None;
        self.screen
            .draw(|frame| {
                let (caret, stands) = screen::view(state, cache, frame.buffer_mut());
                drawn = Some(stands);
                if let Some(caret) = caret {
                    frame.set_cursor_position(caret);
                }
            })
            .unwrap();
        update(&mut self.state, Event::Drawn(drawn.unwrap()));
    }

    /// Bytes since the last call.
    pub fn written(&self) -> usize {
        self.sink.0.take()
    }
}

fn knowledge() -> Snapshot {
    let text = "# KB\n\n## Stack\n\n- Node.js 22, ES modules.\n- Install with pnpm.\n".to_string();
    let (bytes, hash) = (text.len() as u64, "00000000".to_string());
    Snapshot { state: KbState::Read { text, bytes, hash, read_at: "12:00:00".to_string() } }
}

/// As models answer: paragraphs, lists, tables and code, of some so many tokens of four letters.
pub fn prose(tokens: usize) -> String {
    const BLOCKS: [&str; 5] = [
        "## What happens under load\n\n",
        "The pool has **ten** connections, and each request holds one while it waits for the payment service. With forty \
         requests in flight the pool is empty, `acquire` waits, and the event loop has nothing to do. Raising the limit \
         moves the queue into PostgreSQL, where it costs more.\n\n",
        "1. Take the connection after the call, not before it.\n2. Give the call a deadline of 4 seconds.\n   - The \
         deadline covers the body, too.\n3. Measure again with `autocannon -c 40`.\n\n",
        "```ts\nexport async function pay(order: Order, signal: AbortSignal): Promise<Receipt> {\n  const body = \
         JSON.stringify({ id: order.id, cents: order.cents });\n  const answer = await pool.request({ path: '/pay', body, \
         signal });\n  if (answer.statusCode !== 201) {\n    throw new PaymentError('refused', { cause: \
         answer.statusCode });\n  }\n  return receipt.parse(await answer.body.json()); // validated at the \
         boundary\n}\n```\n\n",
        "| setting | before | after |\n|---|---:|---:|\n| p50 | 180 ms | 45 ms |\n| p99 | 61 s | 320 ms |\n\n",
    ];
    let mut text = String::new();
    for block in BLOCKS.iter().cycle() {
        if text.len() >= tokens * 4 {
            return text;
        }
        text.push_str(block);
    }
    text
}

/// One code block that is open to the end.
pub fn code(tokens: usize) -> String {
    let mut text = "```ts\n".to_string();
    let mut number = 0;
    while text.len() < tokens * 4 {
        text.push_str(&format!(
            "export const limit{number} = {{ name: 'limit {number}', cents: {number}_000 }};\n"
        ));
        number += 1;
    }
    text
}

/// A text in pieces of four letters, at most so many.
pub fn tokens(text: &str, most: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).take(most).map(|some| some.iter().collect()).collect()
}
