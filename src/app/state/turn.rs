//! Where the exchange with the model stands, and what a turn on its way holds. It sends nothing.

use crate::app::turn::Round;
use crate::app::versions::Wish;
use crate::domain::chat::EntryId;
use crate::domain::exchange::{Endpoint, Usage};
use crate::domain::kb::fence::Fence;
use crate::domain::kb::{Candidate, Span};
use crate::domain::persona::Persona;
use crate::protocol::message::{Millis, TaskId};

/// Where the exchange with the model stands.
#[derive(Clone, Debug, Default)]
pub enum Turn {
    #[default]
    Idle,
    /// KB.md is being read for this message.
    Reading {
        task: TaskId,
        message: Vec<Span>,
        /// The message was said before; who is asked for another answer to it.
        again: Option<Box<Wish>>,
        tries: Tries,
    },
    /// Older turns are being summarised, to make room.
    Compacting(Box<Compacting>),
    Replying(Box<Replying>),
}

/// Whether a message is asked about for the first time. What was found in it then is not offered twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tries {
    #[default]
    First,
    Again,
}

/// A summary of older turns on its way.
#[derive(Clone, Debug)]
pub struct Compacting {
    pub task: TaskId,
    /// Who was asked for it.
    pub endpoint: Endpoint,
    /// So many of the newest turns stay word for word.
    pub kept: usize,
    pub summary: String,
    /// What it used so far, and the model that writes it, as the provider names it.
    pub usage: Usage,
    pub model: String,
    pub retry: Option<Retry>,
    /// The turn that waits for the room.
    pub then: Option<Round>,
}

/// A reply on its way.
#[derive(Clone, Debug)]
pub struct Replying {
    pub task: TaskId,
    pub entry: EntryId,
    /// Who speaks in this turn, also when another persona is chosen meanwhile.
    pub persona: Box<Persona>,
    /// The user's message as spans, for the checks of the model's proposals.
    pub message: Vec<Span>,
    /// Who was asked, with the model that answers; the one in use may be another.
    pub endpoint: Endpoint,
    /// What the detector found in it.
    pub candidates: Vec<Candidate>,
    pub heard: Heard,
    pub tally: Tally,
    /// The model that was asked for in this turn alone.
    pub model: Option<String>,
    /// Takes the block out of the reply of a model without tools.
    pub fence: Option<Fence>,
    /// How often the model was asked in this turn, because it called tools.
    pub round: u32,
    pub started: Millis,
    pub last_byte: Millis,
    pub retry: Option<Retry>,
}

/// A request that is sent again, until something comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    pub cause: String,
    /// The first request is number 1.
    pub number: u32,
    /// When it goes out.
    pub at: Millis,
}

impl Retry {
    /// After so many attempts, in so many seconds from `now`.
    pub fn new(cause: String, attempts: u32, seconds: u32, now: Millis) -> Self {
        Self { cause, number: attempts + 1, at: now + u64::from(seconds) * 1_000 }
    }

    /// What is going on at the time `now`, in words.
    pub fn told(&self, now: Millis) -> String {
        let (cause, number) = (&self.cause, self.number);
        match self.at.saturating_sub(now).div_ceil(1_000) {
            0 => format!("{cause}; try {number} is under way"),
            seconds => format!("{cause}; try {number} in {seconds} s"),
        }
    }
}

/// Whether a message that was sent before the tables were there was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    NotYet,
    /// By the detector, who found nothing in it that would have to be compared with KB.md.
    Nothing,
    /// By the detector, who found something.
    Something,
    /// In full.
    All,
}

/// What the model proposed in a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Edits that passed the gate.
    pub admitted: usize,
    /// Calls of which an edit did not.
    pub failures: u32,
}
