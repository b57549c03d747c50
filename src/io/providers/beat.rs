//! How often a reply is taken from the network: words that trickle in are taken together, since each alone would wake two threads to
//! show less than an eye can follow. It never holds back the first words, nor those of a stream that flows.

use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use reqwest::Response;
use tokio::task::yield_now;
use tokio::time::{Instant, error::Elapsed, sleep, timeout_at};

use crate::domain::exchange::ReplyEvent;

/// A little longer than the screen waits between two frames of further words, so that no frame has to wait for its time.
const REST: Duration = Duration::from_millis(100);
/// Words trickle where the connection, asked so often, has nothing more.
const LOOKS: usize = 3;
/// A stream that flows is passed on so often.
const FLOW: Duration = Duration::from_millis(8);
/// The first moments of a reply are not held up: a short one is over by then.
const FIRST_WORDS: Duration = Duration::from_millis(300);

/// What one look at the network brings: bytes, the end of the body, an error of it, or nothing up to the deadline.
type Taken = Result<reqwest::Result<Option<bytes::Bytes>>, Elapsed>;

/// Who rests where words trickle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// The reply alone. What else runs on its thread goes on, and each packet wakes the thread.
    #[default]
    OfTask,
    /// The thread, on which nothing is urgent: what comes meanwhile wakes nobody and lies in the system until the rest is over.
    OfThread,
}

/// The beat of one reply, and what is to be passed on at the next.
#[derive(Debug)]
pub struct Beat {
    rest: Rest,
    begun: Option<Instant>,
    /// Since when what is held is held.
    passed: Instant,
    held: Vec<ReplyEvent>,
}

impl Beat {
    /// Before the first byte.
    pub fn new(rest: Rest) -> Self {
        Self { rest, begun: None, passed: Instant::now(), held: Vec::new() }
    }

    /// Whether any byte came.
    pub fn heard(&self) -> bool {
        self.begun.is_some()
    }

    /// What the network holds by now, if anything: nothing means that what is held should be passed on.
    pub async fn at_once(&self, response: &mut Response) -> Option<Taken> {
        for _ in 0..LOOKS {
            if let Some(taken) = response.chunk().now_or_never() {
                return Some(Ok(taken));
            }
            // The connection is read by a task of its own, which has its turn now.
            yield_now().await;
        }
        None
    }

    /// The next of it, after a rest where words trickle.
    pub async fn next(&mut self, response: &mut Response, deadline: Instant) -> Taken {
        let trickles = self.begun.is_some_and(|begun| begun.elapsed() > FIRST_WORDS);
        let mut rested = None;
        if trickles && Instant::now() + REST < deadline {
            match self.rest {
                Rest::OfTask => sleep(REST).await,
                Rest::OfThread => thread::sleep(REST),
            }
            rested = self.at_once(response).await;
        }
        let next = match rested {
            Some(next) => next,
            None => timeout_at(deadline, response.chunk()).await,
        };
        self.passed = Instant::now();
        next
    }

    /// Takes what bytes amount to; gives what is to be passed on now.
    pub fn take(&mut self, events: Vec<ReplyEvent>) -> Vec<ReplyEvent> {
        let begun = *self.begun.get_or_insert_with(Instant::now);
        events.into_iter().for_each(|event| join(&mut self.held, event));
        let waits = begun.elapsed() > FIRST_WORDS && self.passed.elapsed() < FLOW;
        if waits { Vec::new() } else { self.pass() }
    }

    /// Everything that is held.
    pub fn pass(&mut self) -> Vec<ReplyEvent> {
        self.passed = Instant::now();
        std::mem::take(&mut self.held)
    }
}

/// Adds an event to those that are passed on together, and words to the words before them.
pub fn join(held: &mut Vec<ReplyEvent>, event: ReplyEvent) {
    match (held.last_mut(), event) {
        (Some(ReplyEvent::Text(before)), ReplyEvent::Text(more))
        | (Some(ReplyEvent::Thinking(before)), ReplyEvent::Thinking(more)) => before.push_str(&more),
        (_, event) => held.push(event),
    }
}
