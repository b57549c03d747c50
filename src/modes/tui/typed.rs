//! What is typed, read in a task of its own: looking for input costs as much as reading some, so the loop of the screen does not look
//! each time that a word of a reply comes. It never says what a key means.

use std::io;

use crossterm::event::{Event as Input, EventStream};
use futures_util::StreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// The input of the terminal, from [`Typed::listen`] on.
pub struct Typed {
    sender: UnboundedSender<io::Result<Input>>,
    inputs: UnboundedReceiver<io::Result<Input>>,
    task: Option<JoinHandle<()>>,
}

impl Typed {
    /// Reads nothing yet.
    pub fn new() -> Self {
        let (sender, inputs) = unbounded_channel();
        Self { sender, inputs, task: None }
    }

    /// Reads from now on. Needs a running tokio runtime.
    pub fn listen(&mut self) {
        let sender = self.sender.clone();
        // Made here and not in the task: a change of the size is told from this moment on.
        let mut stream = EventStream::new();
        self.task = Some(tokio::spawn(async move {
            while let Some(input) = stream.next().await {
                if sender.send(input).is_err() {
                    return;
                }
            }
            // The session may have ended first.
            let _ = sender.send(Err(io::ErrorKind::UnexpectedEof.into()));
        }));
    }

    /// Reads no more, since another program is to have the terminal; what was read stays.
    pub async fn pause(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // It ends by being told to.
            let _ = task.await;
        }
    }

    /// The next input; an error when the terminal is gone. Waits for ever while paused.
    pub async fn next(&mut self) -> io::Result<Input> {
        // Never closed: the sender is held here.
        self.inputs.recv().await.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
    }

    /// What was read by now and not taken.
    pub fn waiting(&mut self) -> Option<io::Result<Input>> {
        self.inputs.try_recv().ok()
    }
}
