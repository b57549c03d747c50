//! The full-screen mode: input to events, effects to the runtime, frames to the terminal. It never decides what a key means.

mod colours;

use std::future::poll_fn;
use std::io::{self, Write};
use std::path::Path;
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossterm::event::{Event as Input, EventStream};
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant as Deadline, sleep_until};

use super::folders;
use crate::app::state::{FIRST_PERSONA, Search, Start, State, Tools};
use crate::app::update::update;
use crate::app::{keeping, screen};
use crate::base::text;
use crate::cli::Invocation;
use crate::domain::exchange::{Endpoint, Protocol};
use crate::domain::kb::detect::Detector;
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::settings::Choice;
use crate::draw::theme::Palette;
use crate::io::kbfile::Keep;
use crate::io::providers::{Http, Limits};
use crate::io::runtime::{Runtime, Workplace};
use crate::io::terminal::background::{self, Filter, Sifted};
use crate::io::terminal::{self, Mouse, Screen, Signal, TerminalGuard};
use crate::io::{config, files, kbfile, personas};
use crate::panels::transcript::LineCache;
use crate::protocol::keymap::Keymap;
use crate::protocol::message::{Capture, Effect, Event, Millis, Tables, TaskId};

/// Shortest time between two frames: 60 a second are as many as an eye follows.
const FRAME: Duration = Duration::from_millis(16);

/// Shortest time to a frame that shows what was just typed: the hand feels what the eye does not see.
const ECHO: Duration = Duration::from_millis(2);

/// The most base64 that terminals take in one OSC 52 write (xterm's limit of 100 000 bytes, less the frame, is widely copied).
const CLIPBOARD: usize = 74_994;

/// An answer of the terminal that stops in the middle is given back as keys after this time.
const HELD: Duration = Duration::from_millis(100);

/// Opens the screen and stays until the user leaves; gives the exit code.
pub fn run(invocation: &Invocation, directory: &Path) -> Result<u8> {
    let loaded = config::load(&invocation.values(), directory);
    let settings = loaded.settings;
    let folders = folders(directory);
    let library = personas::load(&folders);
    let snapshot = kbfile::read(directory, settings.kb_limit_bytes);
    let (endpoint, search) = match settings.choice {
        Choice::Endpoint(endpoint) => (endpoint, Search::Done),
        Choice::Discover => (offline(), Search::Running),
    };
    let place = Workplace {
        project: directory.to_path_buf(),
        keep: files::state_dir().ok().map(|state| Keep::below(&state)),
        never: files::state_dir().ok().map(|state| state.join("never")),
        prompts: files::state_dir().ok().map(|state| state.join("prompts")),
        folders,
        kb_limit: settings.kb_limit_bytes,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the program's threads cannot be started; check the limit of processes (ulimit -u)")?;
    let guard = TerminalGuard::enter(Mouse::On)?;
    let (columns, rows) = crossterm::terminal::size().unwrap_or((80, 24));
    let tools = Tools::coming(Keymap::default());
    let start = Start {
        columns,
        rows,
        theme: colours::theme(&settings.theme),
        library,
        persona: settings.persona.unwrap_or_else(|| FIRST_PERSONA.to_string()),
        snapshot,
        endpoint,
        search,
        max_tokens: settings.max_tokens,
        warnings: loaded.warnings,
    };
    let mut state = State::with_tools(start, tools);
    state.connection.proposing.tools = settings.tools;
    state.connection.proposing.extra_call = settings.kb_extra_call;
    let mut undecided: Vec<String> = Vec::new();
    let code = runtime.block_on(async {
        let (sender, events) = unbounded_channel();
        let http = Http::new(Limits::default());
        let work = Runtime::new(place, http, loaded.keys, sender.clone());
        let mut session = Session::new(state, work, sender, &guard)?;
        let code = session.run(events, settings.theme == "auto").await;
        session.keep_draft();
        undecided = session
            .state
            .review
            .pending
            .iter()
            .map(|edit| format!("{}: {}", edit.title(), edit.gist()))
            .collect();
        code
    });
    drop(guard);
    if !undecided.is_empty() {
        eprintln!("dictum: KB.md was not changed by what you left undecided:");
        for edit in &undecided {
            eprintln!("  {}", text::one_line(edit));
        }
    }
    // A blocked read of a dead disk must not keep the shell waiting.
    runtime.shutdown_timeout(Duration::from_millis(100));
    code
}

fn offline() -> Endpoint {
    Endpoint {
        protocol: Protocol::Offline,
        provider: "offline".to_string(),
        base_url: String::new(),
        model: String::new(),
        models: Vec::new(),
    }
}

/// Makes detector and reconciler beside the screen, and sends them to it.
fn make_tables(sender: &UnboundedSender<Event>) {
    let sender = sender.clone();
    std::thread::spawn(move || {
        let detector = std::thread::spawn(Detector::new);
        let reconciler = Reconciler::new();
        let detector = detector.join().unwrap_or_else(|_| Detector::new());
        // The screen may be closed already.
        let _ = sender.send(Event::TablesMade(Box::new(Tables { detector, reconciler })));
    });
}

/// Takes the mouse or hands it to the terminal.
fn mouse(capture: Capture) -> io::Result<()> {
    let modes: &[u8] = match capture {
        Capture::App => b"\x1b[?1000h\x1b[?1002h\x1b[?1006h",
        Capture::Terminal => b"\x1b[?1006l\x1b[?1002l\x1b[?1000l",
    };
    let mut out = Screen::default();
    out.write_all(modes)?;
    out.flush()
}

/// What happens to the loop after effects were performed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Stay,
    Leave,
}

struct Session<'a> {
    state: State,
    cache: LineCache,
    work: Runtime,
    sender: UnboundedSender<Event>,
    guard: &'a TerminalGuard,
    screen: Terminal<CrosstermBackend<Screen>>,
    /// Dropped while another program has the terminal, since it reads ahead.
    input: Option<EventStream>,
    filter: Filter,
    /// Since when an unfinished answer of the terminal is held back.
    held: Option<Instant>,
    start: Instant,
    drawn: Option<Instant>,
    /// Shortest time from the last frame to the next.
    pace: Duration,
    stale: bool,
}

impl<'a> Session<'a> {
    fn new(
        state: State,
        work: Runtime,
        sender: UnboundedSender<Event>,
        guard: &'a TerminalGuard,
    ) -> Result<Self> {
        let screen = Terminal::new(CrosstermBackend::new(Screen::default()))
            .context("the terminal's size cannot be read; is this a terminal?")?;
        Ok(Self {
            state,
            cache: LineCache::default(),
            work,
            sender,
            guard,
            screen,
            input: None,
            filter: Filter::default(),
            held: None,
            start: Instant::now(),
            drawn: None,
            pace: FRAME,
            stale: true,
        })
    }

    async fn run(&mut self, mut events: UnboundedReceiver<Event>, ask_background: bool) -> Result<u8> {
        let mut signals = terminal::signals().context("signals cannot be listened for")?;
        self.draw()?;
        self.input = Some(EventStream::new());
        make_tables(&self.sender);
        // Only a theme that follows the background has a use for the answer; a terminal that knows no such question may print it.
        let follows = matches!(self.state.screen.theme.palette, Palette::Dark | Palette::Light);
        if ask_background && follows {
            let mut out = Screen::default();
            out.write_all(background::QUESTION)?;
            out.flush()?;
        }
        self.work.watch();
        self.work.read_never();
        self.work.read_prompts();
        if self.state.connection.search == Search::Running {
            self.work.discover();
        }
        loop {
            if self.stale && self.frame_due().is_none() {
                self.draw()?;
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                signal = signals.next() => {
                    if let Some(code) = self.signal(signal)? {
                        return Ok(code);
                    }
                }
                input = next_input(&mut self.input) => {
                    let Some(first) = input else { return Ok(0) };
                    if self.take_input(first).await? == Next::Leave {
                        return Ok(0);
                    }
                }
                Some(event) = events.recv() => {
                    // Text that was held back is older than what comes now.
                    let mut batch = self.release_held();
                    batch.push(event);
                    while let Ok(event) = events.try_recv() {
                        batch.push(event);
                    }
                    if self.apply(batch).await? == Next::Leave {
                        return Ok(0);
                    }
                }
                () = sleep_until(wake.unwrap_or_else(Deadline::now)), if wake.is_some() => {
                    let held = self.release_held();
                    if self.apply(held).await? == Next::Leave {
                        return Ok(0);
                    }
                }
            }
        }
    }

    /// What an unfinished answer of the terminal held back, once it is too late for the rest.
    fn release_held(&mut self) -> Vec<Event> {
        match self.held {
            Some(since) if since.elapsed() >= HELD => {
                self.held = None;
                self.filter.flush().into_iter().filter_map(event_of).collect()
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// When to go on without news: for a frame that waits, or for what the state wants to show by itself.
    fn wake(&self) -> Option<Deadline> {
        let frame = self.stale.then(|| self.frame_due()).flatten();
        let tick = self.state.next_tick().map(|at| self.start + Duration::from_millis(at));
        let held = self.held.map(|since| since + HELD);
        [frame, tick, held].into_iter().flatten().min().map(Deadline::from_std)
    }

    /// When the next frame may be drawn; `None` for now.
    fn frame_due(&self) -> Option<Instant> {
        self.drawn.map(|drawn| drawn + self.pace).filter(|due| *due > Instant::now())
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.start.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// Takes everything that was typed by now, in one go.
    async fn take_input(&mut self, first: io::Result<Input>) -> Result<Next> {
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(input) = next {
            // Input that cannot be read means that the terminal is gone.
            let Ok(input) = input else { return Ok(Next::Leave) };
            match self.filter.sift(input) {
                Sifted::Held => {}
                Sifted::Answer(background) => batch.push(Event::BackgroundTold(background)),
                Sifted::Input(events) => batch.extend(events.into_iter().filter_map(event_of)),
            }
            next = match &mut self.input {
                // Polled with the task's own waker: the stream keeps the first waker that it sees.
                Some(stream) => {
                    poll_fn(|context| match stream.poll_next_unpin(context) {
                        Poll::Ready(input) => Poll::Ready(input),
                        Poll::Pending => Poll::Ready(None),
                    })
                    .await
                }
                None => None,
            };
        }
        self.held = self.filter.is_holding().then(|| self.held.unwrap_or_else(Instant::now));
        if batch.iter().any(|event| matches!(event, Event::Key(_))) {
            self.pace = ECHO;
        }
        self.apply(batch).await
    }

    /// Applies events in order and performs what follows from each.
    async fn apply(&mut self, batch: Vec<Event>) -> Result<Next> {
        let now = self.now();
        self.stale = true;
        for event in std::iter::once(Event::Tick(now)).chain(batch) {
            for effect in update(&mut self.state, event) {
                if let Some(mine) = self.work.perform(effect)
                    && self.on_the_terminal(mine).await? == Next::Leave
                {
                    return Ok(Next::Leave);
                }
            }
        }
        Ok(Next::Stay)
    }

    /// The last words on the way out: what stands in the prompt is there at the next start.
    fn keep_draft(&mut self) {
        for effect in keeping::now(&mut self.state) {
            self.work.perform(effect);
        }
        self.work.finish_prompts();
    }

    async fn on_the_terminal(&mut self, effect: Effect) -> Result<Next> {
        match effect {
            Effect::Quit => return Ok(Next::Leave),
            Effect::Redraw => self.redraw()?,
            Effect::Suspend => {
                self.input = None;
                terminal::suspend().await?;
                self.input = Some(EventStream::new());
                self.redraw()?;
            }
            Effect::EditExternally { task, text } => self.edit(task, &text),
            Effect::Copy(text) => self.copy(&text)?,
            Effect::Mouse(capture) => mouse(capture)?,
            Effect::ReadKb { .. }
            | Effect::Ask { .. }
            | Effect::Cancel { .. }
            | Effect::SaveKb { .. }
            | Effect::UndoKb
            | Effect::NeverAsk { .. }
            | Effect::LoadPersonas
            | Effect::Remember { .. }
            | Effect::KeepDraft { .. } => {}
        }
        Ok(Next::Stay)
    }

    /// Draws everything on a screen whose content is unknown.
    fn redraw(&mut self) -> Result<()> {
        // Whoever takes the terminal again takes the mouse with it, also from a user who handed it over.
        if self.state.screen.mouse == Capture::Terminal {
            mouse(Capture::Terminal)?;
        }
        // `clear` would ask the terminal for its cursor and wait for the answer, which is read elsewhere or never comes.
        let size = self.screen.size()?;
        self.screen.resize(Rect::from((Position::ORIGIN, size)))?;
        self.stale = true;
        if let Ok((columns, rows)) = crossterm::terminal::size() {
            update(&mut self.state, Event::Resized { columns, rows });
        }
        Ok(())
    }

    fn edit(&mut self, task: TaskId, text: &str) {
        self.input = None;
        let result = tokio::task::block_in_place(|| terminal::edit_text(text, "md"));
        self.input = Some(EventStream::new());
        let result = result.map_err(|error| error.to_string());
        let _ = self.sender.send(Event::Edited { task, result });
    }

    fn copy(&mut self, text: &str) -> Result<()> {
        let encoded = STANDARD.encode(text);
        if encoded.len() > CLIPBOARD {
            let note = "too long for the terminal's clipboard; nothing was copied".to_string();
            let _ = self.sender.send(Event::Noted(note));
            return Ok(());
        }
        let mut out = Screen::default();
        write!(out, "\x1b]52;c;{encoded}\x07")?;
        out.flush()?;
        Ok(())
    }

    fn signal(&mut self, signal: Signal) -> Result<Option<u8>> {
        if let Some(code) = signal.exit_code() {
            return Ok(Some(u8::try_from(code).unwrap_or(1)));
        }
        // Stopped and continued from outside: the shell may have changed every mode.
        self.guard.resume()?;
        self.redraw()?;
        Ok(None)
    }

    fn draw(&mut self) -> Result<()> {
        queue!(self.screen.backend_mut(), BeginSynchronizedUpdate)?;
        let (state, cache) = (&self.state, &mut self.cache);
        let mut drawn = None;
        self.screen.draw(|frame| {
            let area = frame.area();
            let (caret, stands) = if area == screen::area(state) {
                screen::view(state, cache, frame.buffer_mut())
            } else {
                // The resize event is on its way; the next frame is right.
                (None, Default::default())
            };
            drawn = (area == screen::area(state)).then_some(stands);
            if let Some(caret) = caret {
                frame.set_cursor_position(caret);
            }
        })?;
        queue!(self.screen.backend_mut(), EndSynchronizedUpdate)?;
        self.screen.backend_mut().flush()?;
        self.drawn = Some(Instant::now());
        self.pace = FRAME;
        self.stale = false;
        match drawn {
            Some(drawn) => {
                // A terminal that is slow to take a frame has not shown it before now.
                let now = self.now();
                for effect in update(&mut self.state, Event::Tick(now)) {
                    self.work.perform(effect);
                }
                update(&mut self.state, Event::Drawn(drawn));
            }
            None => {
                let size = self.screen.size()?;
                update(&mut self.state, Event::Resized { columns: size.width, rows: size.height });
                self.stale = true;
            }
        }
        Ok(())
    }
}

/// The next input; never, while another program has the terminal.
async fn next_input(input: &mut Option<EventStream>) -> Option<io::Result<Input>> {
    match input {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

fn event_of(input: Input) -> Option<Event> {
    match input {
        Input::Key(key) => Some(Event::Key(key)),
        Input::Paste(text) => Some(Event::Paste(text)),
        Input::Mouse(mouse) => Some(Event::Mouse(mouse)),
        Input::Resize(columns, rows) => Some(Event::Resized { columns, rows }),
        Input::FocusGained | Input::FocusLost => None,
    }
}
