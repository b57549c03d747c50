//! Keeps the keys that dictum holds out of what replies say, however the stream cuts them. It changes nothing else, and holds back no more
//! than what may become a key.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::access::Keys;
use super::{Listener, Unheard};
use crate::domain::chat::ToolCall;
use crate::domain::exchange::ReplyEvent;

/// A listener behind which no key is heard.
pub(super) struct Guard<'a> {
    keys: &'a Keys,
    listener: &'a dyn Listener,
    held: Mutex<Held>,
}

/// The end of what came, where a key may go on.
#[derive(Default)]
struct Held {
    text: String,
    thinking: String,
}

impl<'a> Guard<'a> {
    pub fn new(keys: &'a Keys, listener: &'a dyn Listener) -> Self {
        Self { keys, listener, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // A panic elsewhere leaves two texts.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets out what was held back: nothing of that kind follows any more.
    pub fn finish(&self) -> Result<(), Unheard> {
        let Held { text, thinking } = std::mem::take(&mut *self.held());
        if !thinking.is_empty() {
            self.listener.hear(ReplyEvent::Thinking(thinking))?;
        }
        if !text.is_empty() {
            self.listener.hear(ReplyEvent::Text(text))?;
        }
        Ok(())
    }

    /// What may be let out of `held` with `more` behind it; the rest stays held.
    fn pass(&self, held: &mut String, more: &str) -> String {
        held.push_str(more);
        let mut clean = self.keys.redact(held);
        let begun = self.keys.begun_at_the_end(&clean);
        *held = clean.split_off(clean.len() - begun);
        clean
    }
}

impl Listener for Guard<'_> {
    fn hear(&self, event: ReplyEvent) -> Result<(), Unheard> {
        let event = match event {
            ReplyEvent::Text(more) => {
                let clean = self.pass(&mut self.held().text, &more);
                if clean.is_empty() {
                    return Ok(());
                }
                ReplyEvent::Text(clean)
            }
            ReplyEvent::Thinking(more) => {
                let clean = self.pass(&mut self.held().thinking, &more);
                if clean.is_empty() {
                    return Ok(());
                }
                ReplyEvent::Thinking(clean)
            }
            ReplyEvent::Call(call) => {
                self.finish()?;
                ReplyEvent::Call(ToolCall { arguments: self.keys.redact(&call.arguments), ..call })
            }
            event @ (ReplyEvent::Start { .. }
            | ReplyEvent::Opaque(_)
            | ReplyEvent::Usage(_)
            | ReplyEvent::Context(_)
            | ReplyEvent::NoTools
            | ReplyEvent::Retry { .. }) => event,
        };
        self.listener.hear(event)
    }
}
