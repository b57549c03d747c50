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
            Self::Words => 97,
            Self::Flow | Self::Change => 16,
            Self::Typed => 2,
        })
    }
}

/// What is known of the last frame and the next.
#[derive(Debug)]
pub struct Pace {
    drawn: Option<Instant>,
    /// When the next frame with further words may be drawn, where the last one took long.
    dear: Option<Instant>,
    /// The most urgent reason for the next frame; `None` while none is wanted.
    wanted: Option<Why>,
}

impl Pace {
    /// Before the first frame, which is wanted at once.
    pub fn new() -> Self {
        Self { drawn: None, dear: None, wanted: Some(Why::Change) }
    }

    /// A frame is wanted.
    pub fn want(&mut self, why: Why) {
        self.wanted = self.wanted.max(Some(why));
    }

    /// A frame was drawn from one time to another. Words that take long to draw leave most of the time to the keys.
    pub fn drawn(&mut self, from: Instant, now: Instant) {
        /// A frame that took so long is dear.
        const LONG: Duration = Duration::from_millis(8);
        const MOST: Duration = Duration::from_secs(1);
        if self.wanted == Some(Why::Words) {
            let took = now.saturating_duration_since(from);
            self.dear = (took >= LONG).then(|| now + (took * 4).min(MOST));
        }
        self.drawn = Some(now);
        // What comes until then is not taken in, so that a key finds everything drawn.
        self.wanted = self.dear.filter(|until| *until > now).map(|_| Why::Words);
    }

    /// When the wanted frame may be drawn; `None` when none is wanted.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let why = self.wanted?;
        let rested = self.drawn.map_or(now, |drawn| drawn + why.rest());
        let dear = self.dear.filter(|_| why == Why::Words).unwrap_or(now);
        Some(rested.max(dear).max(now))
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
        pace.drawn(start, start);
        assert_eq!((pace.due(start), pace.is_resting(start)), (None, false));
        pace.want(Why::Words);
        assert_eq!(pace.due(after(start, 1)), Some(after(start, 97)));
        assert!(pace.is_resting(after(start, 96)) && !pace.is_resting(after(start, 97)));
        pace.want(Why::Typed);
        pace.want(Why::Change);
        assert_eq!((pace.ready(after(start, 1)), pace.is_resting(after(start, 1))), (None, false));
        assert_eq!(pace.ready(after(start, 2)), Some(Why::Typed));
        pace.drawn(after(start, 2), after(start, 2));
        assert_eq!(pace.due(after(start, 900)), None);
    }

    #[test]
    fn after_a_rest_the_first_words_are_shown_at_once() {
        let start = Instant::now();
        let mut pace = Pace::new();
        pace.drawn(start, start);
        pace.want(Why::Words);
        assert_eq!(pace.ready(after(start, 500)), Some(Why::Words));
        assert_eq!(pace.due(after(start, 500)), Some(after(start, 500)));
    }

    #[test]
    fn words_that_are_dear_to_draw_leave_time_for_keys() {
        let start = Instant::now();
        let mut pace = Pace::new();
        pace.drawn(start, start);
        pace.want(Why::Words);
        pace.drawn(start, after(start, 100));
        assert!(
            pace.is_resting(after(start, 200)),
            "what comes is not taken in, so that a key finds it drawn"
        );
        assert_eq!(pace.due(after(start, 200)), Some(after(start, 500)));
        pace.want(Why::Typed);
        assert_eq!(pace.ready(after(start, 201)), Some(Why::Typed));
        pace.drawn(after(start, 201), after(start, 202));
        assert!(pace.is_resting(after(start, 203)));
        assert_eq!(pace.due(after(start, 203)), Some(after(start, 500)));
        pace.drawn(after(start, 500), after(start, 501));
        assert_eq!(pace.due(after(start, 502)), None);
    }
}
