//! What ends `dictum -p` from outside. Once a signal has come the process ends soon, also while a reader holds its output up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A signal that was not taken after this time meets a write that hangs.
const LIMIT: Duration = Duration::from_millis(150);

/// The signals that came.
pub struct Stop {
    codes: UnboundedReceiver<u8>,
    taken: Arc<AtomicBool>,
}

impl Stop {
    /// Listens from now on. Needs a running tokio runtime.
    pub fn listen() -> Self {
        let (sender, codes) = unbounded_channel();
        let taken = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&taken);
        tokio::spawn(async move {
            let code = signal().await;
            // Where nobody takes it the process ends below.
            let _ = sender.send(code);
            tokio::time::sleep(LIMIT).await;
            if !seen.load(Ordering::SeqCst) {
                std::process::exit(code.into());
            }
        });
        Self { codes, taken }
    }

    /// The exit code of the signal that comes.
    pub async fn next(&mut self) -> u8 {
        match self.codes.recv().await {
            Some(code) => {
                self.taken.store(true, Ordering::SeqCst);
                code
            }
            // The task has a signal in hand that was taken already.
            None => std::future::pending().await,
        }
    }
}

/// Waits for Ctrl+C, and on Unix for the wish to end.
async fn signal() -> u8 {
    const INTERRUPTED: u8 = 130;
    const TERMINATED: u8 = 143;
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Then the system's own way ends the process.
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            return tokio::select! {
                () = interrupted => INTERRUPTED,
                _ = terminated.recv() => TERMINATED,
            };
        }
    }
    interrupted.await;
    INTERRUPTED
}
