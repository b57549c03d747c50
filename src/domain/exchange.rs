//! What is asked of a model and what comes back, in words that no provider owns. It never speaks a wire format.

use super::attach::{Attachment, Content};
use super::chat::{ToolCall, ToolResult};

/// The protocols that dictum speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI-compatible chat completions.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Ollama's own.
    Ollama,
    /// Gemini's own.
    Gemini,
    /// No model: answers by extraction from KB.md, the persona and the project's own Markdown.
    Offline,
}

/// The protocols over the network, as settings name them.
pub const PROTOCOLS: &[(&str, Protocol)] = &[
    ("anthropic", Protocol::Anthropic),
    ("chat", Protocol::Chat),
    ("responses", Protocol::Responses),
    ("ollama", Protocol::Ollama),
    ("gemini", Protocol::Gemini),
];

impl Protocol {
    /// The protocol of that name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let found = PROTOCOLS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, protocol)| *protocol)
    }

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        let found = PROTOCOLS.iter().find(|(_, protocol)| *protocol == self);
        found.map_or("offline", |(name, _)| name)
    }
}

/// Where a model is reached. Holds no key: keys stay in `io`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub protocol: Protocol,
    /// What the user calls it: `anthropic`, `openai`, `ollama`, `offline`.
    pub provider: String,
    pub base_url: String,
    pub model: String,
    /// Models that the endpoint is known to have; empty when it was not asked.
    pub models: Vec<String>,
}

impl Endpoint {
    /// No model: answers are quoted from the project.
    pub fn offline() -> Self {
        Self {
            protocol: Protocol::Offline,
            provider: "offline".to_string(),
            base_url: String::new(),
            model: String::new(),
            models: Vec::new(),
        }
    }

    /// Who makes replies here: protocol, address and model. What is opaque in a reply goes back to the same maker alone.
    pub fn maker(&self) -> String {
        format!("{} {} {}", self.protocol.name(), self.base_url, self.model)
    }
}

/// What only its maker can read, and wants back unchanged with the history: signed thinking, encrypted reasoning, signatures of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// See [`Endpoint::maker`].
    pub maker: String,
    pub anchor: Anchor,
    /// JSON text, kept as it came.
    pub json: String,
}

/// Where an opaque part stands in its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Before the text, or of the text.
    Text,
    /// Before the call of this number in the reply, counted from 0, or of that call.
    Call(usize),
}

/// A named part of the system prompt, sent in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemPart {
    /// What it is, for the KB panel and the tests: `persona`, `KB.md`, `conduct`.
    pub label: String,
    pub text: String,
}

/// One message of the conversation as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Goes along with the message of the user behind it.
    Attached(Vec<Attachment>),
    User {
        text: String,
    },
    Assistant {
        text: String,
        calls: Vec<ToolCall>,
        opaque: Vec<Opaque>,
    },
    /// Follows the assistant message that made the calls, one result for each.
    Results(Vec<ToolResult>),
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// JSON schema of the arguments, as text.
    pub schema: String,
}

/// One request, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub endpoint: Endpoint,
    pub system: Vec<SystemPart>,
    pub messages: Vec<Message>,
    pub tools: Vec<ToolSpec>,
    /// Takes the place of the system part of the same label where the server takes no tools.
    pub without_tools: Option<SystemPart>,
    /// Upper bound of the reply in tokens.
    pub max_tokens: u32,
}

/// Tokens as the provider reports them; `None` when it did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input, cached or not.
    pub input: Option<u64>,
    pub output: Option<u64>,
    /// The part of `input` that was read from a cache.
    pub cached: Option<u64>,
    /// The part of `input` that was written to a cache, where that has a price of its own.
    pub written: Option<u64>,
}

/// What a stream brings, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyEvent {
    Start {
        id: String,
        model: String,
    },
    Text(String),
    Thinking(String),
    /// A complete tool call, after all its fragments came.
    Call(ToolCall),
    /// To be kept with the reply and sent back with it.
    Opaque(Opaque),
    /// Cumulative: replaces what was reported before, field by field where given.
    Usage(Usage),
    /// How much the model can read, in tokens, where its server tells.
    Context(u64),
    /// The server takes no tools: it is asked without them, and in the words for that.
    NoTools,
    /// A request is tried again before anything was shown: attempt number, seconds until then, and why.
    Retry {
        attempt: u32,
        seconds: u32,
        cause: String,
    },
}

/// Why a complete reply ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    EndTurn,
    MaxTokens,
    ToolUse,
    /// The provider declined.
    Refusal,
    Other(String),
}

/// How a reply ended. A body that ends without a terminal signal is `Truncated`, never `Complete`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Complete(StopReason),
    Truncated,
    Failed(Failure),
    Cancelled,
}

/// A failure in the user's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// One sentence: what happened and why.
    pub what: String,
    /// One sentence: what to do next.
    pub next: String,
    pub kind: FailureKind,
}

/// Failures that the app can offer more for than words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureKind {
    #[default]
    Other,
    /// The conversation is longer than the model takes: less of it can be sent.
    Overflow,
}

impl Failure {
    /// A failure for which there are only words.
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into(), kind: FailureKind::Other }
    }
}

impl Request {
    /// Asks for the same without tools. Calls of earlier replies go, too: a server without tools has no use for them.
    pub fn give_up_tools(&mut self) {
        self.tools.clear();
        if let Some(part) = self.without_tools.take()
            && let Some(place) = self.system.iter_mut().find(|known| known.label == part.label)
        {
            *place = part;
        }
        for message in &mut self.messages {
            if let Message::Assistant { calls, opaque, .. } = message {
                calls.clear();
                // Thinking that led to a call means nothing without it.
                opaque.clear();
            }
        }
        self.messages.retain(|message| match message {
            Message::Assistant { text, .. } => !text.trim().is_empty(),
            Message::User { .. } | Message::Attached(_) => true,
            Message::Results(_) => false,
        });
    }

    /// Whether a picture goes along with the newest message.
    pub fn shows_picture(&self) -> bool {
        let newest = self.messages.iter().rposition(|message| matches!(message, Message::User { .. }));
        let before = newest.and_then(|at| self.messages.get(at.checked_sub(1)?));
        matches!(before, Some(Message::Attached(attached)) if attached.iter().any(Attachment::is_picture))
    }

    /// Asks for the same without pictures, for a model that takes none: their names stay.
    pub fn leave_out_pictures(&mut self) {
        for message in &mut self.messages {
            if let Message::Attached(attached) = message {
                for picture in attached.iter_mut().filter(|attached| attached.is_picture()) {
                    picture.content = Content::Gone;
                }
            }
        }
    }

    /// Asks for the same without what is opaque in the history, for a server that no longer takes it.
    pub fn forget_opaque(&mut self) {
        for message in &mut self.messages {
            if let Message::Assistant { opaque, .. } = message {
                opaque.clear();
            }
        }
    }
}

impl Usage {
    /// Takes over every field that `newer` reports.
    pub fn merge(&mut self, newer: Self) {
        self.input = newer.input.or(self.input);
        self.output = newer.output.or(self.output);
        self.cached = newer.cached.or(self.cached);
        self.written = newer.written.or(self.written);
    }
}
