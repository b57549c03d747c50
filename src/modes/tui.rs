//! The full-screen mode: input to events, effects to the runtime, frames to the terminal. It never decides what a key means.

mod colours;
mod frame;
mod keyboard;
mod pace;
mod typed;

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use crossterm::event::Event as Input;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant as Deadline, sleep_until};

pub use self::colours::unknown as unknown_theme;
pub(super) use self::keyboard::reported as keyboard_reported;
use self::pace::{Pace, Why};
use self::typed::Typed;
use super::conversation::{self, Begun};
use crate::app::over::Since;
use crate::app::sessions::Begin;
use crate::app::state::{Search, State, Storing, Tools};
use crate::app::update::update;
use crate::app::{keeping, recording, sessions};
use crate::base::text;
use crate::cli::Invocation;
use crate::domain::settings::{OnExit, PromptKeys};
use crate::io::clipboard::{self, Way};
use crate::io::prompts::Left;
use crate::io::providers::{Http, Limits, Rest};
use crate::io::runtime::Runtime;
use crate::io::terminal::background::{self, Filter, Sifted};
use crate::io::terminal::paint::Painter;
use crate::io::terminal::{self, Mouse, Screen, Signal, Signals, TerminalGuard};
use crate::io::work::Work;
use crate::panels::prompt::vi::Vi;
use crate::panels::transcript::LineCache;
use crate::protocol::action::ACTIONS;
use crate::protocol::keymap::Keymap;
use crate::protocol::message::{Capture, CaretShape, Clip, Drawn, Effect, Event, Millis, Reread, TaskId};

/// So many answers of the runtime are taken between two looks at the keyboard.
const BATCH: usize = 1_024;

/// An answer of the terminal that stops in the middle is given back as keys after this time.
const HELD: Duration = Duration::from_millis(100);

/// Opens the screen and stays until the user leaves; gives the exit code.
pub fn run(invocation: &Invocation, directory: &Path) -> Result<u8> {
    let Begun { settings, keys, mut start, place, vault } = conversation::begin(invocation, directory);
    // What is typed and shown has a thread of its own, and so has the work.
    let screen = Builder::new_current_thread().enable_all().build().context(conversation::NO_THREADS)?;
    let work = Work::start().context(conversation::NO_THREADS)?;
    let guard = TerminalGuard::enter(Mouse::On)?;
    (start.columns, start.rows) = crossterm::terminal::size().unwrap_or((80, 24));
    start.theme = colours::theme(&settings.theme);
    start.warnings.extend(colours::unknown(&settings.theme));
    let (mut keymap, of_keys) = Keymap::build(ACTIONS, &settings.keys);
    keymap.keyboard = keyboard::reported();
    start.warnings.extend(of_keys);
    let mut state = conversation::state(start, Tools::coming(keymap), &settings, invocation);
    state.connection.keyed = conversation::keyed(&settings, &keys);
    state.screen.side = settings.side_panel;
    state.prompt.vi = match settings.prompt_keys {
        PromptKeys::Vi => Some(Vi::default()),
        PromptKeys::Plain => None,
    };
    state.connection.key_file = vault.shown();
    let mut undecided: Vec<String> = Vec::new();
    let (mut last_reply, mut resume, mut on_exit) = (None, None, settings.on_exit);
    let code = screen.block_on(async {
        let (sender, mut events) = unbounded_channel();
        let http = Http::new(Limits::default())
            .trusting(settings.ca_file.as_deref().map(Path::new))
            .resting(Rest::OfThread);
        // Signals are heard there as well, since another program may have the terminal and hold up this thread.
        let signals = {
            let _on = work.handle().enter();
            terminal::signals().context("signals cannot be listened for")?
        };
        let work = Runtime::new(work.handle().clone(), place, http, keys, sender.clone());
        let work = work.keeping_keys_in(vault);
        let mut session = Session::new(state, work, sender, &guard);
        session.on_exit = settings.on_exit;
        let code =
            session.run(&mut events, signals, &settings.theme, conversation::beginning(invocation)).await;
        session.keep(&mut events);
        on_exit = session.on_exit;
        undecided = conversation::gists(&session.state.review.pending);
        last_reply = session.state.log.last_reply();
        resume = conversation::resume_words(&session.state, invocation);
        code
    });
    drop(guard);
    if on_exit == OnExit::Reply && matches!(code, Ok(0)) {
        let reply = last_reply.map(|reply| text::sanitise(reply.trim_end()));
        let left: Vec<String> = reply.into_iter().chain(resume).collect();
        if !left.is_empty() {
            // The shell's screen may be gone.
            let _ = writeln!(io::stdout(), "{}", left.join("\n\n"));
        }
    }
    conversation::tell_undecided(&undecided);
    work.finish();
    code
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
    painter: Painter,
    /// Paused while another program has the terminal, since it reads ahead.
    input: Typed,
    /// The shape of the caret that the terminal was told last.
    caret: Option<CaretShape>,
    filter: Filter,
    /// Since when an unfinished answer of the terminal is held back.
    held: Option<Instant>,
    start: Instant,
    pace: Pace,
    /// What came since the last frame, and where the transcript stood in it.
    since: Since,
    stands: Drawn,
    on_exit: OnExit,
}

impl<'a> Session<'a> {
    fn new(state: State, work: Runtime, sender: UnboundedSender<Event>, guard: &'a TerminalGuard) -> Self {
        Self {
            state,
            cache: LineCache::default(),
            work,
            sender,
            guard,
            painter: Painter::default(),
            input: Typed::new(),
            caret: None,
            filter: Filter::default(),
            held: None,
            start: Instant::now(),
            pace: Pace::new(),
            since: Since::default(),
            stands: Drawn::default(),
            on_exit: OnExit::default(),
        }
    }

    async fn run(
        &mut self,
        events: &mut UnboundedReceiver<Event>,
        mut signals: Signals,
        theme: &str,
        begin: Begin,
    ) -> Result<u8> {
        self.draw()?;
        self.input.listen();
        // From here on changes of the size are told; one before it was not.
        self.measure();
        conversation::make_tables(&self.sender);
        self.ask_background(theme)?;
        self.work.watch();
        self.work.read_never();
        self.work.read_prompts(match self.state.recording.storing {
            Storing::Off => Left::Alone,
            Storing::On | Storing::Private | Storing::Unusable => Left::Taken,
        });
        self.work.perform(Effect::ReadNotes);
        self.work.perform(Effect::ReadStack);
        for effect in sessions::begin(&mut self.state, begin) {
            self.work.perform(effect);
        }
        if self.state.connection.search == Search::Running {
            self.work.discover();
        }
        loop {
            if let Some(why) = self.pace.ready(Instant::now()) {
                // A frame shows what came while it waited, but a typed key waits for nothing.
                if why <= Why::Flow && self.take_news(events, None).await? == Next::Leave {
                    return Ok(0);
                }
                self.draw()?;
            }
            let (wake, resting) = (self.wake(), self.pace.is_resting(Instant::now()));
            tokio::select! {
                biased;
                signal = signals.next() => {
                    if let Some(code) = self.signal(signal)? {
                        return Ok(code);
                    }
                }
                input = self.input.next() => {
                    if self.take_input(input).await? == Next::Leave {
                        return Ok(0);
                    }
                }
                Some(event) = events.recv(), if !resting => {
                    if self.take_news(events, Some(event)).await? == Next::Leave {
                        return Ok(0);
                    }
                }
                () = sleep_until(wake.unwrap_or_else(Deadline::now)), if wake.is_some() => {
                    if self.come_due().await? == Next::Leave {
                        return Ok(0);
                    }
                }
            }
        }
    }

    /// Takes what the runtime has sent by now, in one go.
    async fn take_news(
        &mut self,
        events: &mut UnboundedReceiver<Event>,
        first: Option<Event>,
    ) -> Result<Next> {
        // Text that was held back is older than what comes now.
        let mut batch = self.release_held();
        batch.extend(first);
        while batch.len() < BATCH
            && let Ok(event) = events.try_recv()
        {
            batch.push(event);
        }
        if batch.is_empty() {
            return Ok(Next::Stay);
        }
        // Behind a full batch comes more, which does not wait for a frame.
        let words: Option<usize> = batch.iter().map(frame::words).sum();
        let why = match words {
            Some(bytes) if batch.len() < BATCH => self.why(bytes),
            Some(_) | None => Why::Change,
        };
        self.apply(batch, why).await
    }

    /// Does what is due without news. What is only kept shows nothing, so no frame is drawn for it.
    async fn come_due(&mut self) -> Result<Next> {
        let held = self.release_held();
        let (due, now) = (self.state.next_change(), self.now());
        match due.is_some_and(|at| at <= now) {
            _ if !held.is_empty() => self.apply(held, Why::Typed).await,
            true => self.apply(held, Why::Change).await,
            false => self.perform(held).await,
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
        let frame = self.pace.due(Instant::now());
        let tick = self.state.next_tick().map(|at| self.start + Duration::from_millis(at));
        let held = self.held.map(|since| since + HELD);
        [frame, tick, held].into_iter().flatten().min().map(Deadline::from_std)
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
            next = self.input.waiting();
        }
        self.held = self.filter.is_holding().then(|| self.held.unwrap_or_else(Instant::now));
        // A terminal that changed its size, be it there and back, may have moved or cut what it showed.
        if batch.iter().any(|event| matches!(event, Event::Resized { .. })) {
            self.painter.forget();
        }
        let typed = batch.iter().any(|event| matches!(event, Event::Key(_)));
        self.apply(batch, if typed { Why::Typed } else { Why::Change }).await
    }

    /// Applies events of which a frame shows something.
    async fn apply(&mut self, batch: Vec<Event>, why: Why) -> Result<Next> {
        self.pace.want(why);
        match why {
            Why::Change => self.since.note_change(),
            Why::Words | Why::Flow | Why::Typed => {
                batch.iter().for_each(|event| self.since.note(&self.state, event));
            }
        }
        self.perform(batch).await
    }

    /// Takes events in order, after the time, and performs what follows from each.
    async fn perform(&mut self, batch: Vec<Event>) -> Result<Next> {
        let now = self.now();
        for event in std::iter::once(Event::Tick(now)).chain(batch) {
            let configured = match &event {
                Event::SettingsRead(reread) => Some(reread.clone()),
                _ => None,
            };
            for effect in update(&mut self.state, event) {
                if let Some(mine) = self.work.perform(effect)
                    && self.on_the_terminal(mine).await? == Next::Leave
                {
                    return Ok(Next::Leave);
                }
            }
            if let Some(reread) = configured {
                self.dress_anew(&reread)?;
            }
        }
        Ok(Next::Stay)
    }

    /// The settings changed: what of them the terminal shows.
    fn dress_anew(&mut self, reread: &Reread) -> Result<()> {
        self.on_exit = reread.after.on_exit;
        let theme = &reread.after.theme;
        if *theme == reread.before.theme {
            return Ok(());
        }
        self.state.screen.theme = colours::theme(theme);
        self.state.dress();
        if let Some(why) = colours::unknown(theme) {
            // The screen may be closed already.
            let _ = self.sender.send(Event::Warned(why));
        }
        self.ask_background(theme)
    }

    /// Asks the terminal for its background. Only a theme that follows it has a use for the answer; a terminal that knows no such question
    /// may print it.
    fn ask_background(&self, theme: &str) -> Result<()> {
        if colours::follows_background(theme) && self.state.screen.theme.follows_background() {
            let mut out = Screen::default();
            out.write_all(background::QUESTION)?;
            out.flush()?;
        }
        Ok(())
    }

    /// The last words on the way out: what was said and what stands in the prompt is there at the next start.
    fn keep(&mut self, events: &mut UnboundedReceiver<Event>) {
        let mut last = keeping::now(&mut self.state);
        last.extend(recording::now(&mut self.state));
        for effect in last {
            self.work.perform(effect);
        }
        self.work.finish();
        conversation::take_stored(&mut self.state, events);
    }

    async fn on_the_terminal(&mut self, effect: Effect) -> Result<Next> {
        match effect {
            Effect::Quit => return Ok(Next::Leave),
            Effect::Redraw => self.redraw()?,
            Effect::Suspend => {
                self.input.pause().await;
                terminal::suspend().await?;
                self.input.listen();
                self.redraw()?;
            }
            Effect::EditExternally { task, text } => self.edit(task, &text).await,
            Effect::Copy(clip) => self.copy(clip)?,
            Effect::Mouse(capture) => mouse(capture)?,
            Effect::ReadKb { .. }
            | Effect::ReadMentions { .. }
            | Effect::MakeBody { .. }
            | Effect::Trust { .. }
            | Effect::Ask { .. }
            | Effect::ListModels { .. }
            | Effect::TryKey { .. }
            | Effect::KeepKey { .. }
            | Effect::Cancel { .. }
            | Effect::SaveKb { .. }
            | Effect::UndoKb
            | Effect::NeverAsk { .. }
            | Effect::LoadPersonas
            | Effect::ReadNotes
            | Effect::ReadStack
            | Effect::ListFiles
            | Effect::Remember { .. }
            | Effect::Store(_)
            | Effect::Export(_)
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
        self.painter.forget();
        self.caret = None;
        self.since.note_change();
        self.pace.want(Why::Change);
        self.measure();
        Ok(())
    }

    /// Takes over the size of the terminal, where a change of it may have gone unnoticed.
    fn measure(&mut self) {
        let Ok((columns, rows)) = crossterm::terminal::size() else { return };
        if (columns, rows) != (self.state.screen.columns, self.state.screen.rows) {
            for effect in update(&mut self.state, Event::Resized { columns, rows }) {
                self.work.perform(effect);
            }
            self.since.note_change();
            self.pace.want(Why::Change);
        }
    }

    async fn edit(&mut self, task: TaskId, text: &str) {
        self.input.pause().await;
        let result = terminal::edit_text(text, "md");
        self.input.listen();
        let result = result.map_err(|error| error.to_string());
        let _ = self.sender.send(Event::Edited { task, result });
    }

    fn copy(&self, clip: Clip) -> Result<()> {
        let Clip { what, text } = clip;
        let way = match clipboard::copy(&text) {
            Ok(Way::Program(name)) => Ok(name.to_string()),
            Ok(Way::Terminal(bytes)) => {
                let mut out = Screen::default();
                out.write_all(&bytes)?;
                out.flush()?;
                Ok("through the terminal, OSC 52".to_string())
            }
            Err(why) => Err(why),
        };
        // The screen may be closed already.
        let _ = self.sender.send(Event::Copied { what, way });
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
