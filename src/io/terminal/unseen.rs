//! Typing that is not shown, as for a password. The terminal shows it again when the guard goes, when a signal ends the process, and while
//! the process is stopped; none of what is typed passes through here.

#[cfg(unix)]
pub use on_unix::Unseen;

#[cfg(unix)]
mod on_unix {
    use std::io;
    use std::sync::{Mutex, MutexGuard, Once, PoisonError};

    use rustix::process::Signal;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};

    /// How the terminal was before; there is one terminal, and whoever ends first gives it back.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    fn before() -> MutexGuard<'static, Option<Termios>> {
        // A panic elsewhere leaves the value whole.
        BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is typed at the terminal is not shown until this is dropped.
    #[derive(Debug)]
    pub struct Unseen(());

    impl Unseen {
        /// Fails when the input is no terminal. Needs a running tokio runtime.
        pub fn begin() -> io::Result<Self> {
            watch()?;
            let mut held = before();
            let now = tcgetattr(io::stdin())?;
            hide(&now)?;
            held.get_or_insert(now);
            Ok(Self(()))
        }
    }

    impl Drop for Unseen {
        fn drop(&mut self) {
            show();
        }
    }

    fn hide(seen: &Termios) -> io::Result<()> {
        let mut unseen = seen.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        // The line's end is shown, so that what follows begins on a line of its own.
        unseen.local_modes.insert(LocalModes::ECHONL);
        Ok(tcsetattr(io::stdin(), OptionalActions::Now, &unseen)?)
    }

    fn show() {
        if let Some(seen) = before().take() {
            // Fails when the terminal is gone, which is as good.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &seen);
        }
    }

    /// Shows typing again before a signal ends the process, and hides it again when the process goes on after a stop: the shell has set
    /// the terminal as it likes it meanwhile.
    fn watch() -> io::Result<()> {
        static ONCE: Once = Once::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut go_on = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
        ONCE.call_once(|| {
            tokio::spawn(async move {
                loop {
                    let code = tokio::select! {
                        _ = terminate.recv() => 143,
                        _ = hang_up.recv() => 129,
                        _ = go_on.recv() => {
                            if let Some(seen) = before().as_ref() {
                                let _ = hide(seen);
                            }
                            continue;
                        }
                    };
                    show();
                    std::process::exit(code);
                }
            });
        });
        Ok(())
    }
}

/// Where typing cannot be hidden.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Unseen(());

#[cfg(not(unix))]
impl Unseen {
    /// Always fails.
    pub fn begin() -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}
