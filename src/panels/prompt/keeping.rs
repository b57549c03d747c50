//! When what stands in the prompt goes to the disk: shortly after the last change. It never writes and never looks at a clock.

use crate::protocol::message::Millis;

/// Quiet time after the last change.
const QUIET: Millis = 120;

/// The longest time that a change waits while more of them come.
const LONGEST: Millis = 500;

/// What was seen of the changes, and since when one waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keeping {
    seen: u64,
    waits: Option<Waits>,
}

#[derive(Clone, Copy, Debug)]
struct Waits {
    first: Millis,
    last: Millis,
}

impl Keeping {
    /// Looks at the revision of everything that is kept; a new one makes a change that waits.
    pub fn look(&mut self, revision: u64, now: Millis) {
        if self.seen != revision {
            self.seen = revision;
            let first = self.waits.map_or(now, |waits| waits.first);
            self.waits = Some(Waits { first, last: now });
        }
    }

    /// When to write; `None` when everything is written.
    pub fn due(&self) -> Option<Millis> {
        self.waits.map(|waits| (waits.last + QUIET).min(waits.first + LONGEST))
    }

    /// Whether something waited; from now on it does not.
    pub fn take(&mut self) -> bool {
        self.waits.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_waits_for_quiet_but_not_for_ever() {
        let mut keeping = Keeping::default();
        keeping.look(0, 100);
        assert_eq!(keeping.due(), None);
        keeping.look(1, 100);
        assert_eq!(keeping.due(), Some(220));
        keeping.look(1, 150);
        assert_eq!(keeping.due(), Some(220));
        keeping.look(2, 200);
        assert_eq!(keeping.due(), Some(320));
        keeping.look(3, 590);
        assert_eq!(keeping.due(), Some(600));
        assert!(keeping.take());
        assert!(!keeping.take());
        assert_eq!(keeping.due(), None);
    }
}
