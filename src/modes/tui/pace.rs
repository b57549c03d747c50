//! When the next frame is drawn. It never draws, and a slower reason for a frame never delays a faster one.

use std::time::{Duration, Instant};

/// Why a frame is wanted, from the least urgent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A few further words of a reply, and nothing else: nobody reads faster than they are shown.
    Words,
    /// The first words of a reply, or many at once, and nothing else.
    Flow,
    /// Anything else: 60 frames a second are as many as an eye follows.
    Change,
    /// What was just typed: the hand feels what the eye does not see.
    Typed,
}

impl Why {
    /// Shortest time from the last frame to one for this reason.
    fn rest(self) -> Duration {
        Duration::from_millis(match self {
            Self::Words => 63,
            Self::Flow | Self::Change => 16,
            Self::Typed => 2,
        })
    }
}

/// What is known of the last frame and the next.
#[derive(Debug)]
pub struct Pace {
    drawn: Option<Instant>,
    /// The most urgent reason for the next frame; `None` while none is wanted.
    wanted: Option<Why>,
}

impl Pace {
    /// Before the first frame, which is wanted at once.
    pub fn new() -> Self {
        Self { drawn: None, wanted: Some(Why::Change) }
    }

    /// A frame is wanted.
    pub fn want(&mut self, why: Why) {
        self.wanted = self.wanted.max(Some(why));
    }

    /// A frame was drawn at this time.
    pub fn drawn(&mut self, now: Instant) {
        *self = Self { drawn: Some(now), wanted: None };
    }

    /// Why a frame is wanted, if one is.
    pub fn wanted(&self) -> Option<Why> {
        self.wanted
    }

    /// When the wanted frame may be drawn; `None` when none is wanted.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let rest = self.wanted?.rest();
        Some(self.drawn.map_or(now, |drawn| drawn + rest).max(now))
    }

    /// Why a frame is to be drawn now, if it is.
    pub fn ready(&self, now: Instant) -> Option<Why> {
        self.wanted.filter(|_| self.due(now) == Some(now))
    }

    /// Whether the next frame waits and shows no more than further words. What comes until then can wait as well: each delta alone
    /// would wake the screen for nothing.
    pub fn is_resting(&self, now: Instant) -> bool {
        self.wanted == Some(Why::Words) && self.ready(now).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn the_most_urgent_reason_counts() {
        let start = Instant::now();
        let mut pace = Pace::new();
        assert_eq!(pace.ready(start), Some(Why::Change));
        pace.drawn(start);
        assert_eq!((pace.due(start), pace.is_resting(start)), (None, false));
        pace.want(Why::Words);
        assert_eq!(pace.due(after(start, 1)), Some(after(start, 63)));
        assert!(pace.is_resting(after(start, 62)) && !pace.is_resting(after(start, 63)));
        pace.want(Why::Typed);
        pace.want(Why::Change);
        assert_eq!((pace.ready(after(start, 1)), pace.is_resting(after(start, 1))), (None, false));
        assert_eq!(pace.ready(after(start, 2)), Some(Why::Typed));
        pace.drawn(after(start, 2));
        assert_eq!(pace.due(after(start, 900)), None);
    }

    #[test]
    fn after_a_rest_the_first_words_are_shown_at_once() {
        let start = Instant::now();
        let mut pace = Pace::new();
        pace.drawn(start);
        pace.want(Why::Words);
        assert_eq!(pace.ready(after(start, 500)), Some(Why::Words));
        assert_eq!(pace.due(after(start, 500)), Some(after(start, 500)));
    }
}
