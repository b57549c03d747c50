//! The thread on which what takes time runs: requests, reading, watching; and the door to the threads for what blocks. It never draws, and
//! what it waits for holds up no key.

use std::future::Future;
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

/// Why work gave nothing: it panicked, which was told where it happened, or the program ends. What the panic says is not repeated, since it may
/// quote what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an error in dictum itself; please report it with what you did")]
pub struct BrokenOff;

/// Starts work that blocks on a thread for such work. All of it goes through this door, so that whoever waits for an answer is told when none
/// comes.
pub fn aside<T: Send + 'static, W: FnOnce() -> T + Send + 'static>(
    on: &Handle,
    work: W,
) -> impl Future<Output = Result<T, BrokenOff>> + Send + use<T, W> {
    let running = on.spawn_blocking(work);
    async move { running.await.map_err(|_| BrokenOff) }
}

/// As [`aside`], on the runtime that this is called on.
pub async fn aside_here<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BrokenOff> {
    aside(&Handle::current(), work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_panics_is_an_error_in_words_and_the_next_work_goes_on() {
        let work = Work::start().unwrap();
        let on = work.handle();
        let wait = Builder::new_current_thread().build().unwrap();
        let broken = wait.block_on(aside(on, || -> u8 { panic!("at sk-ant-secret") }));
        let told = broken.unwrap_err().to_string();
        assert!(told.contains("error in dictum itself") && !told.contains("secret"), "{told}");
        assert_eq!(wait.block_on(aside(on, || 7)), Ok(7));
        work.finish();
    }
}
