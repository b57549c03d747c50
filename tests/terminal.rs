//! The real binary in a pseudo-terminal, against a scripted server on loopback: what the user sees, what goes over the wire, and what is
//! on disk afterwards. It never reaches the network and never waits for time where it can wait for what is to be seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[cfg(unix)]
#[path = "terminal/again.rs"]
mod again;
#[cfg(unix)]
#[path = "terminal/care.rs"]
mod care;
#[cfg(unix)]
#[path = "terminal/config.rs"]
mod config;
#[path = "terminal/doctor.rs"]
mod doctor;
#[cfg(unix)]
#[path = "terminal/journal.rs"]
mod journal;
#[cfg(unix)]
#[path = "terminal/kb.rs"]
mod kb;
#[cfg(unix)]
#[path = "terminal/keeping.rs"]
mod keeping;
#[cfg(unix)]
#[path = "terminal/keys.rs"]
mod keys;
#[cfg(target_os = "linux")]
#[path = "terminal/long.rs"]
mod long;
#[cfg(unix)]
#[path = "terminal/main_job.rs"]
mod main_job;
#[cfg(unix)]
#[path = "terminal/manners.rs"]
mod manners;
#[cfg(unix)]
#[path = "terminal/mentions.rs"]
mod mentions;
#[cfg(unix)]
#[path = "terminal/mouse.rs"]
mod mouse;
#[path = "terminal/oneshot.rs"]
mod oneshot;
#[cfg(unix)]
#[path = "terminal/persona.rs"]
mod persona;
#[cfg(unix)]
#[path = "terminal/plain.rs"]
mod plain;
#[cfg(unix)]
#[path = "support/pty.rs"]
mod pty;
#[cfg(unix)]
#[path = "terminal/reading.rs"]
mod reading;
#[cfg(unix)]
#[path = "terminal/restore.rs"]
mod restore;
#[cfg(unix)]
#[path = "terminal/review.rs"]
mod review;
#[cfg(target_os = "linux")]
#[path = "terminal/secrets.rs"]
mod secrets;
#[cfg(unix)]
#[path = "support/server.rs"]
mod server;
#[cfg(unix)]
#[path = "terminal/sessions.rs"]
mod sessions;
#[cfg(unix)]
#[path = "terminal/setup.rs"]
mod setup;
#[cfg(unix)]
#[path = "terminal/trust.rs"]
mod trust;
#[cfg(unix)]
#[path = "terminal/wire.rs"]
mod wire;

#[cfg(unix)]
use pty::{CTRL_K, Screen, Terminal};

/// A KB.md of a small project. It says nothing about package managers.
#[cfg(unix)]
const KB: &str = "\
# Knowledge base

## Tooling

- Node 22 or newer.
- Lint with Biome before each commit.

## Testing

- Tests run with Vitest and stand beside the code.
";

/// The persona that starts.
#[cfg(unix)]
const FIRST: &str = "installer.backend.nodejs";

#[cfg(unix)]
impl Terminal<'_> {
    /// States a directive and waits for its card.
    #[track_caller]
    fn direct(&self, words: &str) -> Screen {
        self.send(&format!("{words}\r"));
        self.wait_text("◆ KB.md?")
    }

    /// Goes to the review and waits until it takes keys.
    #[track_caller]
    fn review(&self) -> Screen {
        self.send(CTRL_K);
        self.wait_decisions()
    }

    #[track_caller]
    fn wait_decisions(&self) -> Screen {
        self.wait_for("a review that takes keys", Screen::takes_decisions)
    }

    /// Waits until nothing runs and nothing but the model in use is told in the status line.
    #[track_caller]
    fn wait_idle(&self) -> Screen {
        self.wait_for("the end of the turn", |screen| {
            !screen.has("Esc stops") && !screen.has("reading KB.md")
        })
    }
}

#[cfg(not(unix))]
#[test]
fn the_terminal_needs_unix() {
    println!("skipped: pseudo-terminals with signals and modes are tested on Unix alone");
}
