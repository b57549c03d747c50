//! The terminal taken and given back: raw mode, alternate screen, mouse, paste, keyboard flags. It never asks the terminal anything,
//! and never leaves one mode behind, whichever way the process ends.
//!
//! What the panic hook and the signal task need is global, because the terminal is: there is one, and whoever ends first gives it back.

pub mod background;
pub mod caret;
pub(in crate::io) mod external;
pub mod paint;
mod signals;
mod unseen;

pub use external::{EditorError, edit_text, edit_text_with, run_external};
pub use signals::{Signal, Signals, interrupts, signals, suspend};
pub use unseen::Unseen;

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, Once, TryLockError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A terminal that takes no bytes for so long is left alone: giving it back must not keep the process from ending.
const PATIENCE: Duration = Duration::from_millis(150);

/// Whether clicks and the wheel come to dictum. Without, the terminal's own selection works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    On,
    Off,
}

/// Where the terminal stands; one value, so that taking and giving back each happen once.
static STATE: AtomicU8 = AtomicU8::new(OUTSIDE);
const OUTSIDE: u8 = 0;
const INSIDE_WITH_MOUSE: u8 = 1;
const INSIDE_WITHOUT_MOUSE: u8 = 2;

/// Held while bytes go to the terminal, so that a frame never lands after the terminal was given back.
static OUTPUT: Mutex<()> = Mutex::new(());

fn inside(mouse: Mouse) -> u8 {
    match mouse {
        Mouse::On => INSIDE_WITH_MOUSE,
        Mouse::Off => INSIDE_WITHOUT_MOUSE,
    }
}

fn mouse_of(state: u8) -> Option<Mouse> {
    match state {
        INSIDE_WITH_MOUSE => Some(Mouse::On),
        INSIDE_WITHOUT_MOUSE => Some(Mouse::Off),
        _ => None,
    }
}

/// The terminal in dictum's hands; given back when dropped, on a panic anywhere, and by [`restore`].
#[derive(Debug)]
pub struct TerminalGuard {
    mouse: Mouse,
}

impl TerminalGuard {
    /// Takes the terminal. Fails, with everything as before, when input or output is no terminal.
    pub fn enter(mouse: Mouse) -> io::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the screen needs a terminal for input and output; in a script, use `dictum --plain`, `dictum kb` or `dictum persona`",
            ));
        }
        hook_panics();
        take(mouse)?;
        Ok(Self { mouse })
    }

    /// Gives the terminal back before the guard goes.
    pub fn restore(&self) {
        restore();
    }

    /// Takes the terminal again, from whatever state: after [`TerminalGuard::restore`], or after a stop from outside, which leaves the
    /// modes to chance. Draw everything anew afterwards.
    pub fn resume(&self) -> io::Result<()> {
        restore();
        take(self.mouse)
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, if it is taken; tells how it was. Safe from any thread, in a panic, and when the terminal is gone.
pub fn restore() -> Option<Mouse> {
    let mouse = mouse_of(STATE.swap(OUTSIDE, Ordering::SeqCst))?;
    // A writer that hangs keeps the lock; the terminal is then given back over it.
    let output = lock_output(PATIENCE);
    write_with_patience([caret::off_sequence(), &off_sequence(mouse)].concat());
    drop(output);
    // Fails when the terminal is gone, which is as good.
    let _ = crossterm::terminal::disable_raw_mode();
    Some(mouse)
}

/// Throws away what was typed or pasted and not read yet, so that it does not answer a question that was not seen.
pub fn forget_typed() {
    // A terminal without this has nothing to lose by it.
    #[cfg(unix)]
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
}

/// As [`forget_typed`], at a terminal that was opened by itself.
pub fn forget_typed_at(terminal: &std::fs::File) {
    #[cfg(unix)]
    let _ = rustix::termios::tcflush(terminal, rustix::termios::QueueSelector::IFlush);
    #[cfg(not(unix))]
    let _ = terminal;
}

fn take(mouse: Mouse) -> io::Result<()> {
    crossterm::terminal::enable_raw_mode()?;
    let output = lock_output(PATIENCE);
    // The state comes first: should the writing fail half-way, giving back switches everything off.
    STATE.store(inside(mouse), Ordering::SeqCst);
    let written = write_all(&on_sequence(mouse));
    drop(output);
    if written.is_err() {
        restore();
    }
    written
}

/// What switches everything on. Terminals that do not know the keyboard flags ignore them, so nobody waits for an answer. The flags
/// belong to the alternate screen and therefore come after it.
fn on_sequence(mouse: Mouse) -> Vec<u8> {
    let mouse = match mouse {
        // Presses, drags and the wheel, without bare motion, which would wake dictum all the time.
        Mouse::On => "\x1b[?1000h\x1b[?1002h\x1b[?1006h",
        Mouse::Off => "",
    };
    format!("\x1b[?1049h\x1b[?25l{mouse}\x1b[?2004h\x1b[>1u").into_bytes()
}

/// What switches everything off, in the reverse order. A panic may cut a frame, so an open synchronised update, margins and colours end
/// first.
fn off_sequence(mouse: Mouse) -> Vec<u8> {
    let mouse = match mouse {
        Mouse::On => "\x1b[?1006l\x1b[?1002l\x1b[?1000l",
        Mouse::Off => "",
    };
    format!("\x1b[?2026l\x1b[r\x1b[0m\x1b[<1u\x1b[?2004l{mouse}\x1b[?25h\x1b[?1049l").into_bytes()
}

fn lock_output(patience: Duration) -> Option<MutexGuard<'static, ()>> {
    let start = Instant::now();
    loop {
        match OUTPUT.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(guard)) => return Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) if start.elapsed() >= patience => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Writes past the buffer and the lock of the standard library, which a panicking thread may hold.
#[cfg(unix)]
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    use std::os::fd::AsFd;
    let stdout = io::stdout();
    let mut last = Instant::now();
    while !bytes.is_empty() {
        match rustix::io::write(stdout.as_fd(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = bytes.get(count..).unwrap_or_default();
                last = Instant::now();
            }
            Err(rustix::io::Errno::INTR) => {}
            // Another program has made the shared terminal non-blocking.
            Err(rustix::io::Errno::AGAIN) if last.elapsed() < Duration::from_secs(1) => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn write_all(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(bytes)?;
    stdout.flush()
}

fn write_with_patience(bytes: Vec<u8>) {
    let (done, written) = mpsc::channel();
    let copy = bytes.clone();
    let thread = thread::Builder::new().name("restore".to_string()).spawn(move || {
        // A terminal that is gone needs nothing.
        let _ = write_all(&copy);
        let _ = done.send(());
    });
    match thread {
        Ok(_) => {
            let _ = written.recv_timeout(PATIENCE);
        }
        Err(_) => {
            let _ = write_all(&bytes);
        }
    }
}

/// Where frames are written. Collects until flushed, then writes at once; drops what comes while the terminal is not taken, so that
/// the user's own screen stays clean.
#[derive(Debug, Default)]
pub struct Screen {
    frame: Vec<u8>,
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let output = OUTPUT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let written = match mouse_of(STATE.load(Ordering::SeqCst)) {
            Some(_) => write_all(&self.frame),
            None => Ok(()),
        };
        drop(output);
        self.frame.clear();
        written
    }
}

/// Set when a panic happened while the terminal was taken.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// From now on a panic in any thread or task gives the terminal back first and then speaks.
fn hook_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if restore().is_none() {
                return before(info);
            }
            let message = panic_message(info);
            // Standard error may be closed; there is nobody else to tell.
            let _ = io::stderr().write_all(message.as_bytes());
            PANICKED.store(true, Ordering::SeqCst);
            signals::panicked();
        }));
    });
}

fn panic_message(info: &std::panic::PanicHookInfo<'_>) -> String {
    let what = info
        .payload_as_str()
        .unwrap_or("no message")
        .chars()
        .map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c })
        .collect::<String>();
    let place =
        info.location().map_or_else(String::new, |place| format!(" ({}:{})", place.file(), place.line()));
    let trace = std::backtrace::Backtrace::capture();
    let trace = match trace.status() {
        std::backtrace::BacktraceStatus::Captured => format!("{trace}\n"),
        _ => "Set RUST_BACKTRACE=1 to see where it came from.\n".to_string(),
    };
    format!("dictum stopped, because something in it went wrong: {what}{place}\n{trace}Please report this.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modes that a sequence sets (`h`) or resets (`l`), in order.
    fn modes(sequence: &[u8], end: char) -> Vec<String> {
        String::from_utf8(sequence.to_vec())
            .unwrap()
            .split("\x1b[")
            .filter_map(|part| part.strip_suffix(end).map(str::to_string))
            .collect()
    }

    #[test]
    fn a20_everything_switched_on_is_switched_off_in_reverse() {
        for mouse in [Mouse::On, Mouse::Off] {
            let mut on = modes(&on_sequence(mouse), 'h');
            on.reverse();
            let off: Vec<String> =
                modes(&off_sequence(mouse), 'l').into_iter().filter(|mode| mode != "?2026").collect();
            assert_eq!(on, off, "{mouse:?}");
        }
    }

    #[test]
    fn a20_the_order_of_the_off_sequences() {
        assert_eq!(
            String::from_utf8(off_sequence(Mouse::On)).unwrap(),
            "\x1b[?2026l\x1b[r\x1b[0m\x1b[<1u\x1b[?2004l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?25h\x1b[?1049l"
        );
    }

    #[test]
    fn a20_keyboard_flags_are_pushed_once_on_the_alternate_screen_and_popped_on_it() {
        let on = String::from_utf8(on_sequence(Mouse::On)).unwrap();
        let off = String::from_utf8(off_sequence(Mouse::On)).unwrap();
        assert!(on.find("?1049h").unwrap() < on.find("\x1b[>1u").unwrap());
        assert!(off.find("\x1b[<1u").unwrap() < off.find("?1049l").unwrap());
        assert_eq!((on.matches("\x1b[>1u").count(), off.matches("\x1b[<1u").count()), (1, 1));
    }

    #[test]
    fn the_terminal_is_asked_nothing() {
        for sequence in [on_sequence(Mouse::On), off_sequence(Mouse::On)] {
            let text = String::from_utf8(sequence).unwrap();
            assert!(!text.contains("[?u") && !text.ends_with('c') && !text.contains('n'), "{text:?}");
        }
    }

    #[test]
    fn frames_for_a_terminal_that_is_not_taken_go_nowhere() {
        let mut screen = Screen::default();
        screen.write_all(b"frame").unwrap();
        screen.flush().unwrap();
        assert!(screen.frame.is_empty());
        assert_eq!(restore(), None);
    }
}
