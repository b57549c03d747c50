//! Everything the app knows, one type per question. It never changes by itself; see `update`.

mod connection;
mod errands;
mod knowledge;
mod recording;
mod turn;

use std::collections::BTreeSet;

use super::mouse::Hand;
use super::plain::Form;
use super::stopping::Pressed;
use crate::domain::chat::{Body, Level, Log, Voice};
use crate::domain::exchange::Endpoint;
use crate::domain::kb::detect::Detector;
use crate::domain::kb::never::Never;
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::kb::session::SessionRules;
use crate::domain::kb::state::Snapshot;
use crate::domain::persona::{Library, Persona};
use crate::domain::settings::SidePanel;
use crate::draw::theme::{Palette, Theme};
use crate::panels::compare::Compare;
use crate::panels::keyfield::KeyField;
use crate::panels::menu::Menu;
use crate::panels::pager::Pager;
use crate::panels::prompt::Prompt;
use crate::panels::prompt::queue::Queue;
use crate::panels::review::Review;
use crate::panels::transcript::Transcript;
use crate::panels::transcript::reading::Reading;
use crate::protocol::keymap::Keymap;
use crate::protocol::message::{Background, Capture, Millis};

pub use connection::{Connection, ModelChoice, Proposing, Search};
pub use errands::{Asking, Doubted, EditingWhat, Errands, Gathering, Looking, Revising, Saving, What};
pub use knowledge::Knowledge;
pub use recording::{Doubt, Fixed, Given, Recording, Spoken, Stage, Storing};
pub use turn::{Compacting, Heard, Replying, Retry, Tally, Tries, Turn};

/// The name of the persona that starts.
pub const FIRST_PERSONA: &str = "installer.backend.nodejs";

/// The whole state.
pub struct State {
    pub screen: Screen,
    pub log: Log,
    pub turn: Turn,
    /// Messages that wait for the running reply, oldest first.
    pub queue: Queue,
    pub prompt: Prompt,
    pub transcript: Transcript,
    pub personas: Personas,
    pub kb: Knowledge,
    pub review: Review,
    /// What was decided about edits in this session.
    pub decided: Decided,
    pub focus: Focus,
    pub connection: Connection,
    pub errands: Errands,
    pub recording: Recording,
    pub tools: Tools,
}

/// The terminal as it is, and the clock.
#[derive(Clone, Debug)]
pub struct Screen {
    pub columns: u16,
    pub rows: u16,
    pub form: Form,
    pub now: Millis,
    pub theme: Theme,
    pub mouse: Capture,
    pub hand: Hand,
    pub side: SidePanel,
    /// One sentence in the status line, until the time given.
    pub note: Option<(String, Millis)>,
    /// The key of which a second press soon after does more.
    pub pressed: Pressed,
}

impl Screen {
    /// Takes the theme of the same kind for a background, where there is one.
    pub fn suit(&mut self, background: Background) {
        self.theme = self.theme.on(match background {
            Background::Dark => Palette::Dark,
            Background::Light => Palette::Light,
        });
    }
}

/// The personas and who speaks.
#[derive(Clone, Debug)]
pub struct Personas {
    pub library: Library,
    /// The persona that speaks, with its last good text.
    pub active: Persona,
    /// Persona and model for which a missing model was already noted.
    pub noted: BTreeSet<String>,
}

impl Personas {
    /// The speaker's label.
    pub fn voice(&self) -> Voice {
        Voice::of(&self.active)
    }
}

/// Whether something that is told once was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Said {
    #[default]
    NotYet,
    Once,
}

/// What was decided in this session.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    /// Keys of rejected edits: not offered again.
    pub rejected: BTreeSet<String>,
    /// The rules of rejected edits, as sentences: not offered again in other words either.
    pub refused: Vec<String>,
    /// The user's words that the last written edit came from.
    pub written: Option<String>,
    /// Rules that hold for this session only.
    pub session: SessionRules,
    /// What this project is never asked about.
    pub never: Never,
    /// Whether it was said that this cannot be kept.
    pub never_failed: Said,
    pub next_id: u64,
    /// A rule that may be one, with no model to judge it: `/remember` alone offers it.
    pub unsure: Option<String>,
    /// How many edits were rejected in a row.
    rejected_in_a_row: u32,
    /// What the user typed in the running turn, last, and in the turns before it, as far as it may be quoted.
    typed: Vec<String>,
}

impl Decided {
    /// How many turns before the running one may be quoted by a short "yes, save it".
    const EARLIER: usize = 2;

    /// A turn begins in which this was typed, without what may not be quoted.
    pub fn said(&mut self, typed: String) {
        self.typed.push(typed);
        let old = self.typed.len().saturating_sub(Self::EARLIER + 1);
        self.typed.drain(..old);
    }

    /// What was typed before the running turn, newest last. Nothing pasted is in it.
    pub fn earlier(&self) -> &[String] {
        self.typed.split_last().map(|(_, earlier)| earlier).unwrap_or_default()
    }

    /// Edits rejected in a row after which the model's own are not offered any more.
    pub const ENOUGH: u32 = 3;

    /// The user rejected an edit; tells how many that were in a row.
    pub fn turned_down(&mut self) -> u32 {
        self.rejected_in_a_row += 1;
        self.rejected_in_a_row
    }

    /// The user accepted an edit.
    pub fn agreed(&mut self) {
        if !self.is_wary() {
            self.rejected_in_a_row = 0;
        }
    }

    /// Whether only what the user states outright is offered for the rest of the session.
    pub fn is_wary(&self) -> bool {
        self.rejected_in_a_row >= Self::ENOUGH
    }

    /// A message was taken back: its words may not be quoted any more.
    pub fn unsaid(&mut self, typed: &str) {
        if self.typed.last().is_some_and(|last| last == typed) {
            self.typed.pop();
        }
    }

    /// The conversation begins afresh: nothing before can be meant any more. Gives how many rules of the session ended with it.
    pub fn forget_words(&mut self) -> usize {
        self.typed.clear();
        self.unsure = None;
        self.session.clear()
    }
}

/// Where keys go.
#[derive(Clone, Debug, Default)]
pub enum Focus {
    #[default]
    Prompt,
    Reading(Reading),
    Review,
    Overlay(Overlay),
}

/// What lies over the chat.
#[derive(Clone, Debug)]
pub enum Overlay {
    Menu(MenuOf, Menu),
    Pager(Pager),
    /// What the project brings, and whether it is to be used.
    Trust(Pager),
    /// A key is being typed or pasted.
    Key(KeyField),
    Compare(Compare),
}

/// What a menu offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuOf {
    /// Everything, by name.
    Palette,
    Personas,
    Models,
    /// The messages of this project, to take one into the draft.
    History,
    /// What waits for the running reply.
    Queue,
    /// What was kept of earlier conversations.
    Sessions,
    /// The ways to connect a model.
    Setup,
}

/// Compiled tables that the core works with.
#[derive(Clone)]
pub struct Tools {
    pub keymap: Keymap,
    pub detector: Detector,
    pub reconciler: Reconciler,
    pub readiness: Readiness,
}

/// Whether detector and reconciler are here. Making them takes longer than the first frame may, so they are made beside it; what needs
/// them waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    Coming,
    DetectorAlone,
    ReconcilerAlone,
    Ready,
}

impl Default for Tools {
    fn default() -> Self {
        let keymap = Keymap::default();
        Self { detector: Detector::new(), reconciler: Reconciler::new(), ..Self::coming(keymap) }.ready()
    }
}

impl Tools {
    /// Tools whose detector and reconciler are still being made.
    pub fn coming(keymap: Keymap) -> Self {
        Self {
            keymap,
            detector: Detector::default(),
            reconciler: Reconciler::default(),
            readiness: Readiness::Coming,
        }
    }

    fn ready(self) -> Self {
        Self { readiness: Readiness::Ready, ..self }
    }
}

/// What the app starts from.
pub struct Start {
    pub columns: u16,
    pub rows: u16,
    pub theme: Theme,
    pub library: Library,
    /// The persona to start with; the first one of the library when it is not there.
    pub persona: String,
    pub snapshot: Snapshot,
    pub endpoint: Endpoint,
    pub search: Search,
    pub max_tokens: u32,
    /// Said in the chat before anything else: settings that were not understood.
    pub warnings: Vec<String>,
}

impl State {
    /// The state at the first frame.
    pub fn new(start: Start) -> Self {
        Self::with_tools(start, Tools::default())
    }

    /// The state at the first frame, with tables that were made before.
    pub fn with_tools(start: Start, tools: Tools) -> Self {
        let listed = start.library.get(&start.persona).or_else(|| start.library.get(FIRST_PERSONA));
        let first = || start.library.listed.first().map(|listed| &listed.persona);
        let active = listed.or_else(first).cloned().unwrap_or_else(Persona::blank);
        let mut state = Self {
            screen: Screen {
                columns: start.columns,
                rows: start.rows,
                form: Form::default(),
                now: 0,
                theme: start.theme,
                mouse: Capture::App,
                hand: Hand::default(),
                side: SidePanel::Auto,
                note: None,
                pressed: Pressed::default(),
            },
            log: Log::default(),
            turn: Turn::Idle,
            queue: Queue::default(),
            prompt: Prompt::default(),
            transcript: Transcript::default(),
            kb: Knowledge::new(start.snapshot),
            review: Review::default(),
            decided: Decided::default(),
            focus: Focus::Prompt,
            connection: Connection::new(start.endpoint, start.search, start.max_tokens),
            errands: Errands::default(),
            recording: Recording::default(),
            tools,
            personas: Personas { library: start.library, active, noted: BTreeSet::new() },
        };
        state.dress();
        for warning in start.warnings {
            state.notice(Level::Warning, warning);
        }
        if state.personas.active.name != start.persona && start.persona != FIRST_PERSONA {
            let now = state.personas.active.name.clone();
            let text = format!("There is no persona {}; {now} speaks. /persona lists them.", start.persona);
            state.notice(Level::Warning, text);
        }
        state
    }

    /// The speaker's colour becomes the accent of the screen.
    pub fn dress(&mut self) {
        self.screen.theme = self.screen.theme.with_accent(&self.personas.active.color);
    }

    /// Adds a notice to the chat.
    pub fn notice(&mut self, level: Level, text: impl Into<String>) {
        self.log.push(Body::Notice { level, text: text.into() });
    }

    /// Says something in the status line for a few seconds.
    pub fn note(&mut self, text: impl Into<String>) {
        const SHOWN: Millis = 5_000;
        self.screen.note = Some((text.into(), self.screen.now + SHOWN));
    }

    /// Ends a notice that something newer takes the place of.
    pub fn end_note(&mut self) {
        self.screen.note = None;
    }

    /// When something is to be done without news, if it is: the screen changes, or what is due is kept.
    pub fn next_tick(&self) -> Option<Millis> {
        let kept = [self.prompt.keeping.due(), super::recording::due(self)];
        kept.into_iter().flatten().chain(self.next_change()).min()
    }

    /// When the screen changes by itself next, if it does: nothing ticks while nothing moves.
    pub fn next_change(&self) -> Option<Millis> {
        let now = self.screen.now;
        let mut wanted = Vec::new();
        if let Turn::Replying(_) | Turn::Compacting(_) = self.turn {
            const STEP: Millis = 250;
            wanted.push(now + STEP);
        }
        if let Some((_, until)) = &self.screen.note {
            wanted.push(*until);
        }
        wanted.extend(self.screen.hand.due());
        if matches!(self.focus, Focus::Review) && self.review.is_guarded(now) {
            wanted.push(self.review.since + crate::panels::review::GUARD);
        }
        wanted.into_iter().min()
    }
}
