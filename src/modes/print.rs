//! `dictum -p`: one message, its reply on standard output as it comes, and all else on standard error. It needs no terminal, asks nobody
//! anything, and writes nothing to KB.md.

mod asked;
mod out;
mod stop;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant as Deadline, sleep_until};

use self::out::{Flow, Out};
use self::stop::Stop;
use super::conversation::{self, Begun};
use crate::app::once::{self, End, News, Told, json};
use crate::app::plain::{self, Form};
use crate::app::sessions::Begin;
use crate::app::state::{Search, State, Tools, Turn};
use crate::app::update::update;
use crate::app::{recording, sessions, tables};
use crate::base::text;
use crate::cli::Invocation;
use crate::domain::exchange::ReplyEvent;
use crate::domain::kb::Span;
use crate::domain::settings::{Choice, Switch};
use crate::io::never;
use crate::io::providers::{Http, Limits};
use crate::io::runtime::{Runtime, Workplace};
use crate::protocol::keymap::Keymap;
use crate::protocol::message::{Event, Millis};
use crate::protocol::sessions::Told as Stored;

/// The exit code for a command line that cannot be used.
const USAGE: u8 = 2;

/// Answers the message of the command line; gives the exit code.
pub fn run(invocation: &Invocation, directory: &Path) -> Result<u8> {
    if let Err(why) = asked::usable(invocation) {
        return failed(invocation, &why, USAGE);
    }
    let (sender, mut events) = unbounded_channel();
    // It takes longest of what is always needed, so it is begun first; the message is sent without it.
    conversation::make_detector(&sender);
    let Begun { settings, keys, start, mut place, vault: _ } = conversation::begin(invocation, directory);
    let said = asked::known(invocation, &start.library).and_then(|()| asked::message(invocation));
    let said = match said {
        Ok(said) => said,
        Err(why) => return failed(invocation, &why, USAGE),
    };
    // Nothing is typed here, so there is no draft to keep.
    place.prompts = None;
    let mut state = conversation::state(start, Tools::coming(Keymap::default()), &settings, invocation);
    state.screen.form = Form::Once;
    // Whoever waits for the end waits for no further question.
    state.connection.proposing.extra_call = Switch::Off;
    never_asked(&mut state, &place);
    let runtime = conversation::threads()?;
    let mut run = runtime.block_on(async {
        let trusted = settings.ca_file.as_deref().map(Path::new);
        let http = Http::new(Limits::default()).trusting(trusted);
        let work = Runtime::new(Handle::current(), place, http, keys, sender.clone());
        Run {
            state,
            told: Told::default(),
            heard: Vec::new(),
            work,
            comparer: Some(sender),
            out: Out::new(invocation.json.into()),
            stop: Stop::listen(),
            start: Instant::now(),
        }
    });
    if settings.choice == Choice::Discover {
        run.state.connection.search = Search::Running;
    }
    let code = runtime.block_on(run.answer(&mut events, conversation::beginning(invocation), said));
    let code = match code {
        Ok(Code::Ended(code)) => Ok(code),
        Ok(Code::NoSession(cause)) => failed(invocation, &format!("no session was resumed: {cause}"), 1),
        Err(error) => Err(error),
    };
    // The system takes the memory back faster than the tables give it.
    std::mem::forget(run);
    runtime.shutdown_timeout(Duration::from_millis(100));
    code
}

/// Tells why nothing was asked; the events end as they always do.
fn failed(invocation: &Invocation, why: &str, code: u8) -> Result<u8> {
    out::aside(why);
    let news = News::Failed { what: why.to_string(), next: String::new() };
    Out::new(invocation.json.into())
        .event(|| format!("{}{}", json::event(&news), json::end(End::Failed, code, None)))?;
    Ok(code)
}

/// How the conversation was left: with its exit code, or before it began, because the session that was to go on cannot be had.
enum Code {
    Ended(u8),
    NoSession(String),
}

/// What this project is never asked about, read before anything is offered.
fn never_asked(state: &mut State, place: &Workplace) {
    let Some(folder) = &place.never else { return };
    let event = match never::read(folder, &place.project) {
        Ok(hashes) => Event::NeverRead { hashes },
        Err(error) => Event::NeverFailed { cause: error.to_string() },
    };
    update(state, event);
}

/// The conversation of one message.
struct Run {
    state: State,
    told: Told,
    /// News that leaves no trace in the state.
    heard: Vec<News>,
    work: Runtime,
    /// Where the reconciler is sent, until it is begun.
    comparer: Option<UnboundedSender<Event>>,
    out: Out,
    stop: Stop,
    start: Instant,
}

/// Why the loop was left.
enum Left {
    Done,
    /// A signal, and the exit code that belongs to it.
    Stopped(u8),
    /// Nobody reads the reply any more.
    Unread,
    /// The session that was to go on cannot be had.
    NoSession(String),
}

impl Run {
    async fn answer(
        &mut self,
        events: &mut UnboundedReceiver<Event>,
        begin: Begin,
        said: Vec<Span>,
    ) -> Result<Code> {
        if self.state.connection.search == Search::Running {
            self.work.discover();
        }
        for effect in sessions::begin(&mut self.state, begin) {
            self.work.perform(effect);
        }
        let left = self.converse(events, said).await?;
        if !matches!(self.state.turn, Turn::Idle) {
            self.apply(Event::Interrupted);
        }
        if let Left::NoSession(cause) = left {
            return Ok(Code::NoSession(cause));
        }
        let mut flow = self.tell()?;
        flow = flow.and(self.out.finish()?);
        flow = flow.and(self.propose()?);
        for effect in recording::now(&mut self.state) {
            self.work.perform(effect);
        }
        self.work.finish();
        conversation::take_stored(&mut self.state, events);
        flow = flow.and(self.tell()?);
        let end = once::end(&self.state);
        let code = match left {
            Left::Stopped(code) => code,
            Left::Done | Left::Unread | Left::NoSession(_) => end.code(),
        };
        flow = flow.and(self.out.event(|| json::end(end, code, self.state.recording.session))?);
        match (left, flow) {
            (Left::Unread, _) | (_, Flow::Gone) => Ok(Code::Ended(0)),
            (Left::Done | Left::Stopped(_) | Left::NoSession(_), Flow::Open) => Ok(Code::Ended(code)),
        }
    }

    /// Up to the end of the reply, or to what comes before it.
    async fn converse(&mut self, events: &mut UnboundedReceiver<Event>, said: Vec<Span>) -> Result<Left> {
        let mut waiting = Some(said);
        loop {
            let opened = self.state.recording.opening.is_none();
            if opened
                && self.state.connection.search == Search::Done
                && let Some(said) = waiting.take()
            {
                self.apply(Event::Entered(said));
            }
            // What is told before a session is opened is told again with it.
            if opened && self.tell()? == Flow::Gone {
                return Ok(Left::Unread);
            }
            if waiting.is_none() && plain::is_at_rest(&self.state) {
                return Ok(Left::Done);
            }
            let wake =
                self.state.next_tick().map(|at| Deadline::from_std(self.start + Duration::from_millis(at)));
            tokio::select! {
                biased;
                code = self.stop.next() => return Ok(Left::Stopped(code)),
                Some(event) = events.recv() => {
                    if let Event::Stored(Stored::NotOpened { cause }) = event {
                        return Ok(Left::NoSession(cause));
                    }
                    self.apply(event);
                    while let Ok(event) = events.try_recv() {
                        self.apply(event);
                    }
                    if let Some(cause) = self.state.recording.refused.take() {
                        return Ok(Left::NoSession(cause));
                    }
                }
                () = sleep_until(wake.unwrap_or_else(Deadline::now)), if wake.is_some() => self.tick(),
            }
        }
    }

    fn tick(&mut self) {
        let now = Millis::try_from(self.start.elapsed().as_millis()).unwrap_or(Millis::MAX);
        for effect in update(&mut self.state, Event::Tick(now)) {
            self.work.perform(effect);
        }
    }

    fn apply(&mut self, event: Event) {
        self.tick();
        if let Event::Replied { event: ReplyEvent::Retry { attempt, seconds, cause }, .. } = &event {
            self.heard.push(News::Retry {
                attempt: *attempt,
                seconds: *seconds,
                cause: text::one_line(cause),
            });
        }
        for effect in update(&mut self.state, event) {
            // What is left of the effects concerns a terminal.
            self.work.perform(effect);
        }
        if let Some(sender) = self.comparer.take_if(|_| tables::wants_reconciler(&self.state)) {
            conversation::make_reconciler(&sender);
        }
    }

    /// Tells what is new.
    fn tell(&mut self) -> Result<Flow> {
        let mut flow = Flow::Open;
        for news in self.heard.drain(..).chain(self.told.news(&self.state)) {
            flow = flow.and(self.out.tell(&news)?);
        }
        Ok(flow)
    }

    /// Prints the edits of KB.md that follow from the message; nothing is written.
    fn propose(&mut self) -> Result<Flow> {
        let mut flow = Flow::Open;
        if self.state.review.pending.is_empty() {
            return Ok(flow);
        }
        let patch = once::patch(&self.state);
        for proposal in &self.state.review.pending {
            flow = flow.and(self.out.event(|| json::proposal(proposal, patch.as_deref().ok()))?);
            out::aside(&format!("a rule for KB.md: {}: {}", proposal.title(), proposal.gist()));
            for warning in &proposal.warnings {
                out::aside(&format!("warning: {}", warning.sentence()));
            }
        }
        match patch {
            Ok(patch) => {
                out::patch(&patch);
                out::aside("nothing was written; `dictum kb apply` takes this patch, and asks first");
            }
            Err(why) => out::aside(&format!("nothing was written, and there is no patch: {why}")),
        }
        Ok(flow)
    }
}
