//! The linear mode: lines in, lines out, for screen readers, dumb terminals and pipes. It never moves a cursor, sets a colour, or takes an
//! accept where nobody can have read the diff.

use std::env;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use secrecy::zeroize::Zeroize;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant as Deadline, sleep_until};

use super::conversation::{self, Begun};
use super::kb::review::write;
use crate::app::plain::compose::Composer;
use crate::app::plain::told::Told;
use crate::app::plain::{self, Asked, Form, login};
use crate::app::sessions::Begin;
use crate::app::state::{Search, State, Tools};
use crate::app::update::update;
use crate::app::{recording, sessions};
use crate::base::text;
use crate::cli::Invocation;
use crate::domain::kb::Span;
use crate::domain::key::Hidden;
use crate::io::providers::{Http, Limits};
use crate::io::runtime::Runtime;
use crate::io::terminal::{self, Unseen};
use crate::protocol::keymap::Keymap;
use crate::protocol::message::{Drawn, Effect, Event, Millis};

/// Why the conversation is linear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Wanted,
    /// The terminal has no cursor that could be moved.
    Dumb,
    /// Somebody types, and what is written goes elsewhere.
    Redirected,
}

impl Why {
    /// Why the linear mode is the right one here; `None` where the full screen is.
    pub fn here(invocation: &Invocation) -> Option<Self> {
        let typed = io::stdin().is_terminal();
        if invocation.plain {
            Some(Self::Wanted)
        } else if !typed {
            None
        } else if !io::stdout().is_terminal() {
            Some(Self::Redirected)
        } else {
            env::var("TERM").is_ok_and(|term| term == "dumb").then_some(Self::Dumb)
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Wanted => "",
            Self::Dumb => {
                "TERM is dumb: this terminal cannot show the full screen, so dictum works line by line.\n"
            }
            Self::Redirected => "Output is no terminal, so dictum works line by line.\n",
        }
    }
}

/// Talks line by line until the input ends; gives the exit code.
pub fn run(invocation: &Invocation, directory: &Path, why: Why) -> Result<u8> {
    let Begun { settings, keys, start, mut place, vault } = conversation::begin(invocation, directory);
    // A line that was entered was sent, so there is no draft to keep.
    place.prompts = None;
    let mut state = conversation::state(start, Tools::coming(Keymap::default()), &settings, invocation);
    state.connection.keyed = conversation::keyed(&settings, &keys);
    state.connection.key_file = vault.shown();
    let answered = io::stdin().is_terminal() && io::stdout().is_terminal();
    let asked = if answered { Asked::Person } else { Asked::Nobody };
    state.screen.form = Form::Linear(asked);
    let runtime = conversation::threads()?;
    let code = runtime.block_on(async {
        let (sender, mut events) = unbounded_channel();
        conversation::make_tables(&sender);
        let work = Runtime::new(
            Handle::current(),
            place,
            Http::new(Limits::default()).trusting(settings.ca_file.as_deref().map(Path::new)),
            keys,
            sender.clone(),
        )
        .keeping_keys_in(vault);
        let mut session = Session {
            state,
            asked,
            told: Told::default(),
            composer: Composer::default(),
            work,
            line: Line::Fresh,
            unseen: None,
            input: Input::Open,
            start: Instant::now(),
        };
        write(&mut io::stdout(), why.sentence())?;
        let code = session.run(&mut events, sender, conversation::beginning(invocation)).await;
        session.keep(&mut events)?;
        if let Some(resume) =
            conversation::resume_words(&session.state, invocation).filter(|_| asked == Asked::Person)
        {
            write(&mut io::stdout(), &format!("{resume}\n"))?;
        }
        conversation::tell_undecided(&conversation::gists(&session.state.review.pending));
        code
    });
    // Neither a dead disk nor the thread that waits for the next line keeps the shell waiting.
    runtime.shutdown_timeout(Duration::from_millis(100));
    code
}

/// Where the last line of the output stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Nothing is on it.
    Fresh,
    /// A question, and perhaps what the user types.
    Asked,
}

/// Whether more lines come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Open,
    Ended,
}

/// What happens to the loop after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Stay,
    Leave,
}

struct Session {
    state: State,
    asked: Asked,
    told: Told,
    composer: Composer,
    work: Runtime,
    line: Line,
    /// While a key is asked for.
    unseen: Option<Unseen>,
    input: Input,
    start: Instant,
}

impl Session {
    async fn run(
        &mut self,
        events: &mut UnboundedReceiver<Event>,
        sender: UnboundedSender<Event>,
        begin: Begin,
    ) -> Result<u8> {
        self.work.watch();
        self.work.read_never();
        self.work.perform(Effect::ReadNotes);
        if self.state.connection.search == Search::Running {
            self.work.discover();
        }
        for effect in sessions::begin(&mut self.state, begin) {
            self.perform(effect);
        }
        let mut lines = read_lines()?;
        terminal::interrupts(move || sender.send(Event::Interrupted).is_ok())
            .context("signals cannot be listened to")?;
        loop {
            self.tell()?;
            self.ask(&mut lines)?;
            let at_rest = plain::is_at_rest(&self.state);
            if self.input == Input::Ended && at_rest {
                return Ok(u8::from(plain::last_reply_failed(&self.state)));
            }
            // In a script each line waits for the end of what the one before began.
            let takes_lines = self.input == Input::Open && (self.asked == Asked::Person || at_rest);
            let wake =
                self.state.next_tick().map(|at| Deadline::from_std(self.start + Duration::from_millis(at)));
            let next = tokio::select! {
                biased;
                Some(event) = events.recv() => self.apply(event),
                line = lines.recv(), if takes_lines => match line {
                    Some(line) => self.take(line),
                    None => self.end(),
                },
                () = sleep_until(wake.unwrap_or_else(Deadline::now)), if wake.is_some() => self.tick(),
            };
            if next == Next::Leave {
                self.tell()?;
                return Ok(0);
            }
        }
    }

    fn tick(&mut self) -> Next {
        let now = Millis::try_from(self.start.elapsed().as_millis()).unwrap_or(Millis::MAX);
        for effect in update(&mut self.state, Event::Tick(now)) {
            self.work.perform(effect);
        }
        Next::Stay
    }

    /// The last words on the way out: what was said is there at the next start.
    fn keep(&mut self, events: &mut UnboundedReceiver<Event>) -> Result<()> {
        for effect in recording::now(&mut self.state) {
            self.work.perform(effect);
        }
        self.work.finish();
        conversation::take_stored(&mut self.state, events);
        self.tell()
    }

    fn apply(&mut self, event: Event) -> Next {
        self.tick();
        if matches!(event, Event::Interrupted) {
            // What was typed of the line is gone: the terminal drops it.
            self.composer = Composer::default();
        }
        for effect in update(&mut self.state, event) {
            if self.perform(effect) == Next::Leave {
                return Next::Leave;
            }
        }
        Next::Stay
    }

    fn perform(&mut self, effect: Effect) -> Next {
        // Undoing writes, and nobody could be asked.
        if matches!(effect, Effect::UndoKb) && self.asked == Asked::Nobody {
            return self.apply(Event::Warned(plain::card::NOBODY.trim_end().to_string()));
        }
        match self.work.perform(effect) {
            Some(Effect::Quit) => Next::Leave,
            Some(Effect::Copy(_)) => self.apply(Event::Noted(
                "nothing was copied: line by line, dictum sends the terminal nothing but text".to_string(),
            )),
            Some(Effect::EditExternally { task, .. }) => self.apply(Event::Edited {
                task,
                result: Err("Line by line there is no editor; type the new words instead.".to_string()),
            }),
            // There is no screen to draw, and no mouse.
            Some(
                Effect::Redraw
                | Effect::Suspend
                | Effect::Mouse(_)
                | Effect::ReadKb { .. }
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
                | Effect::Remember { .. }
                | Effect::Store(_)
                | Effect::Export(_)
                | Effect::KeepDraft { .. }
                | Effect::ReadStack
                | Effect::ListFiles
                | Effect::ReadNotes
                | Effect::LoadPersonas,
            )
            | None => Next::Stay,
        }
    }

    /// A line was entered.
    fn take(&mut self, line: String) -> Next {
        self.line = Line::Fresh;
        if login::wants_key(&self.state) {
            let line = Hidden::new(line);
            let mut key = Hidden::default();
            key.push(line.expose());
            self.told.answered();
            return self.apply(Event::KeyTyped(key));
        }
        let clean = text::sanitise(&line);
        let said = if plain::composes(&self.state) {
            match self.composer.take(&clean) {
                Some(said) => said,
                None => return Next::Stay,
            }
        } else {
            vec![Span::typed(clean)]
        };
        self.told.answered();
        self.apply(Event::Entered(said))
    }

    /// The input ended: a message that is open is whole, and a script's last reply is waited for.
    fn end(&mut self) -> Next {
        self.input = Input::Ended;
        if self.composer.is_open() {
            let said = self.composer.finish();
            return self.apply(Event::Entered(said));
        }
        match self.asked {
            Asked::Person => Next::Leave,
            Asked::Nobody => Next::Stay,
        }
    }

    /// Prints what is new.
    fn tell(&mut self) -> Result<()> {
        let news = self.told.news(&self.state);
        if news.is_empty() {
            return Ok(());
        }
        let begin = match self.line {
            Line::Fresh => "",
            Line::Asked => "\n",
        };
        write(&mut io::stdout(), &format!("{begin}{}\n", news.join("\n")))?;
        self.line = Line::Fresh;
        self.tick();
        // From now on there is time to read it, before an answer counts.
        update(&mut self.state, Event::Drawn(Drawn::default()));
        Ok(())
    }

    /// The terminal goes on showing what is typed, so no key is asked for.
    fn cannot_hide(&mut self, error: &io::Error) -> Result<()> {
        self.apply(Event::Interrupted);
        let why = format!(
            "This terminal cannot hide what is typed ({error}), so no key is asked for. Set the provider's variable, such as ANTHROPIC_API_KEY."
        );
        self.apply(Event::Warned(why));
        self.tell()
    }

    /// Puts the question, if there is one that was not put yet.
    fn ask(&mut self, lines: &mut UnboundedReceiver<String>) -> Result<()> {
        if !login::wants_key(&self.state) {
            self.unseen = None;
        }
        if self.line == Line::Asked {
            return Ok(());
        }
        let question = if self.composer.is_open() {
            (self.asked == Asked::Person).then(|| "... ".to_string())
        } else {
            plain::question(&self.state)
        };
        let Some(question) = question else { return Ok(()) };
        if !plain::composes(&self.state) {
            // What was typed before the question is no answer to it.
            terminal::forget_typed();
            while lines.try_recv().is_ok() {}
        }
        // Before the question: whoever answers it at once is not seen either.
        if login::wants_key(&self.state) && self.unseen.is_none() {
            match Unseen::begin() {
                Ok(unseen) => self.unseen = Some(unseen),
                Err(error) => {
                    self.cannot_hide(&error)?;
                    return self.ask(lines);
                }
            }
        }
        write(&mut io::stdout(), &question)?;
        self.line = Line::Asked;
        Ok(())
    }
}

/// The lines of the input, as they come, from a thread of its own: reading cannot be given up.
fn read_lines() -> Result<UnboundedReceiver<String>> {
    let (sender, lines) = unbounded_channel();
    let read = move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        // Input that cannot be read any further has ended.
        while input.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let words = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_string();
            // It may be a key.
            line.zeroize();
            if sender.send(words).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("input".to_string())
        .spawn(read)
        .context("the program's threads cannot be started; check the limit of processes (ulimit -u)")?;
    Ok(lines)
}
