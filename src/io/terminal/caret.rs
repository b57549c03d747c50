//! The shape of the caret, for those who want to see a mode by it. Whoever never asks for a shape leaves the terminal's own alone.

use std::env;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Screen;
use crate::protocol::message::CaretShape;

/// Whether the shape was changed since the terminal was taken.
static CHANGED: AtomicBool = AtomicBool::new(false);

/// What gives the terminal's own shape back.
const OWN: &[u8] = b"\x1b[0 q";

/// Shows the caret in a shape until the terminal is given back.
pub fn show(shape: CaretShape) -> io::Result<()> {
    // The console of Linux has another sequence for it, and no bar.
    if env::var_os("TERM").is_some_and(|term| term == "linux") {
        return Ok(());
    }
    CHANGED.store(true, Ordering::SeqCst);
    let mut out = Screen::default();
    out.write_all(match shape {
        CaretShape::Bar => b"\x1b[6 q",
        CaretShape::Block => b"\x1b[2 q",
    })?;
    out.flush()
}

/// What is written when the terminal is given back; nothing where the shape is its own.
pub(super) fn off_sequence() -> &'static [u8] {
    if CHANGED.swap(false, Ordering::SeqCst) { OWN } else { b"" }
}
