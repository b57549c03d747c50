//! The thread on which what takes time runs: requests, reading, watching. It never draws, and what it waits for holds up no key.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Work that is blocked, as by a dead disk, keeps the shell waiting no longer than this.
const LIMIT: Duration = Duration::from_millis(100);

/// The thread, as long as this lives.
#[derive(Debug)]
pub struct Work {
    handle: Handle,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Work {
    /// Starts the thread. Fails when the system gives no further one.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            // An end of the channel ends it as well as a word in it.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_timeout(LIMIT);
        };
        let thread = thread::Builder::new().name("work".to_string()).spawn(run)?;
        Ok(Self { handle, stop, thread })
    }

    /// Where tasks are started.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends what runs.
    pub fn finish(self) {
        // The thread may be over already.
        let _ = self.stop.send(());
        // A task that panicked was told where it happened.
        let _ = self.thread.join();
    }
}
