//! The signals that end, stop and wake the process. Once one says "end", the process ends within a second, whatever hangs.

use super::{external, restore, take};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// An end that takes longer than this is cut short; giving back a terminal that hangs takes the rest of the second.
const LIMIT: Duration = Duration::from_millis(600);

/// A stop that was asked for takes effect at once; a process that is still running after this cannot be stopped.
const STOP_LIMIT: Duration = Duration::from_millis(300);

/// What the outside, or a panic, wants of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT from outside; Ctrl+C comes as a key.
    Interrupt,
    Terminate,
    /// The terminal is gone.
    HangUp,
    /// The process runs again after a stop: take the terminal again and draw everything.
    Continue,
    /// A thread or task has panicked; the terminal is already given back.
    Panicked,
}

impl Signal {
    /// The exit code of a process that ends on it; `None` for one that goes on.
    pub fn exit_code(self) -> Option<i32> {
        match self {
            Self::Interrupt => Some(130),
            Self::Terminate => Some(143),
            Self::HangUp => Some(129),
            Self::Panicked => Some(101),
            Self::Continue => None,
        }
    }
}

/// Brings signals in the order in which they came.
#[derive(Debug)]
pub struct Signals {
    incoming: mpsc::UnboundedReceiver<Signal>,
}

impl Signals {
    /// Waits for the next signal.
    pub async fn next(&mut self) -> Signal {
        match self.incoming.recv().await {
            Some(signal) => signal,
            // The task that sends never ends while the runtime lives.
            None => std::future::pending().await,
        }
    }
}

static PANIC: Notify = Notify::const_new();

/// The panic hook calls this last.
pub(super) fn panicked() {
    end_soon(Signal::Panicked);
    PANIC.notify_one();
}

/// Listens from now on. Needs a running tokio runtime; the listening has its own task, so that a screen that hangs in a write cannot
/// keep the process alive.
#[cfg(unix)]
pub fn signals() -> io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut go_on = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
    let (sender, incoming) = mpsc::unbounded_channel();
    watch_terminal(sender.clone());
    tokio::spawn(async move {
        loop {
            let signal = tokio::select! {
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
                _ = hang_up.recv() => Signal::HangUp,
                _ = go_on.recv() => Signal::Continue,
                () = PANIC.notified() => Signal::Panicked,
            };
            // Ctrl+C and Ctrl+Z in an editor reach dictum too, but mean the editor.
            let for_the_editor = matches!(signal, Signal::Interrupt | Signal::Continue) && external::busy();
            if for_the_editor {
                continue;
            }
            end_soon(signal);
            if sender.send(signal).is_err() {
                return;
            }
        }
    });
    Ok(Signals { incoming })
}

/// Calls `told` for each Ctrl+C, from now on and until it returns false: none that comes before the first look ends the process, which may
/// hold the terminal in a mode of its own. Needs a running tokio runtime.
#[cfg(unix)]
pub fn interrupts(told: impl Fn() -> bool + Send + 'static) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move { while interrupt.recv().await.is_some() && told() {} });
    Ok(())
}

/// Calls `told` for each Ctrl+C until it returns false. Needs a running tokio runtime.
#[cfg(not(unix))]
pub fn interrupts(told: impl Fn() -> bool + Send + 'static) -> io::Result<()> {
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && told() {} });
    Ok(())
}

/// Tells when the terminal is gone also where no signal does, as for a process that it does not control: reading from it would go on
/// and on without a word. Nothing wakes the thread before.
#[cfg(unix)]
fn watch_terminal(sender: mpsc::UnboundedSender<Signal>) {
    use rustix::event::{PollFd, PollFlags, poll};
    thread::spawn(move || {
        let stdin = io::stdin();
        loop {
            // Without a wish only the end of the other side and errors are told.
            let mut ends = [PollFd::new(&stdin, PollFlags::empty())];
            match poll(&mut ends, None) {
                Ok(_) if ends.iter().any(|end| end.revents().contains(PollFlags::HUP)) => break,
                Err(rustix::io::Errno::INTR) => {}
                // What cannot be watched is told by a signal, or not at all.
                Ok(_) | Err(_) => return,
            }
        }
        end_soon(Signal::HangUp);
        // The screen may be closed already.
        let _ = sender.send(Signal::HangUp);
    });
}

/// Listens from now on. Needs a running tokio runtime.
#[cfg(not(unix))]
pub fn signals() -> io::Result<Signals> {
    let (sender, incoming) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let signal = tokio::select! {
                _ = tokio::signal::ctrl_c() => Signal::Interrupt,
                () = PANIC.notified() => Signal::Panicked,
            };
            end_soon(signal);
            if sender.send(signal).is_err() {
                return;
            }
        }
    });
    Ok(Signals { incoming })
}

/// Ends the process after [`LIMIT`], if it has not ended by then.
fn end_soon(signal: Signal) {
    static ENDING: AtomicBool = AtomicBool::new(false);
    let Some(code) = signal.exit_code() else { return };
    if ENDING.swap(true, Ordering::SeqCst) {
        return;
    }
    let cut_short = move || {
        thread::sleep(LIMIT);
        restore();
        std::process::exit(code);
    };
    // Without a thread the process still ends by itself, unless something hangs.
    let _ = thread::Builder::new().name("end".to_string()).spawn(cut_short);
}

/// Gives the terminal back, stops the process and its group as the shell's Ctrl+Z does, and takes the terminal again when it runs on.
/// Where nobody could wake it (no job control) it is not stopped and the terminal is taken again. Draw everything anew afterwards.
#[cfg(unix)]
pub async fn suspend() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut go_on = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
    let Some(mouse) = restore() else { return Ok(()) };
    // The wake-up is awaited here; the listening task must not take the terminal a second time for it.
    external::lent();
    let stopped = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
    // The stop may hit a moment after the call; taking the terminal before it would leave the shell with a raw one.
    let _ = tokio::time::timeout(STOP_LIMIT, go_on.recv()).await;
    let taken = take(mouse);
    external::returned();
    taken?;
    Ok(stopped?)
}

/// There is no job control here.
#[cfg(not(unix))]
pub async fn suspend() -> io::Result<()> {
    Ok(())
}
