//! Providers: one row adds one. It never shows a key and never ends a cut stream as a complete one.

mod access;
pub mod anthropic;
mod beat;
pub mod chat;
mod conversation;
pub mod discover;
mod explain;
pub mod gemini;
mod guard;
mod history;
pub mod http;
pub mod offline;
pub mod ollama;
mod quirks;
pub mod responses;
mod room;
pub mod sse;
mod think;
pub mod trouble;
pub mod wire;
mod words;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use self::conversation::Conversation;
use self::guard::Guard;
use self::sse::Framing;
use self::trouble::{Cause, plain};
use self::wire::{Adapter, Decoder};
use crate::domain::exchange::{Outcome, Protocol, ReplyEvent, Request, StopReason};

pub use self::access::Keys;
pub use self::beat::Rest;
pub use self::discover::{discover, look, try_key};
pub use self::explain::MISLED;
pub use self::http::{Http, Limits};

/// A protocol over HTTP.
pub struct Provider {
    pub protocol: Protocol,
    /// Below the base URL; `{model}` stands for the model's name.
    path: &'static str,
    models: &'static str,
    key_header: &'static str,
    key_lead: &'static str,
    headers: &'static [(&'static str, &'static str)],
    framing: Framing,
    /// What is asked about a model before it is asked anything else.
    about: Option<About>,
    pub body: fn(&Request, &Facts) -> Value,
    adapter: fn() -> Box<dyn Adapter>,
}

/// What a server tells about its model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The most that the model can hold, in tokens.
    pub context: Option<u64>,
    /// How much of that the server is told to hold, in tokens.
    pub window: Option<u64>,
    pub tools: Ability,
    pub thinking: Ability,
    pub pictures: Ability,
}

/// Whether a model can do a thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ability {
    #[default]
    Unknown,
    Yes,
    No,
}

/// A question about a model.
struct About {
    /// Below the base URL.
    path: &'static str,
    question: fn(&str) -> Value,
    read: fn(&Value) -> Facts,
    /// The window that a request needs; an error when the model cannot hold it.
    window: fn(&Request, &Facts) -> Result<u64, Cause>,
}

/// The protocols over HTTP; one row adds one.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        protocol: Protocol::Anthropic,
        path: "/v1/messages",
        models: "/v1/models?limit=1000",
        key_header: "x-api-key",
        key_lead: "",
        headers: &[("anthropic-version", "2023-06-01")],
        framing: Framing::Events,
        about: None,
        body: |request, _| anthropic::body(request),
        adapter: || Box::new(anthropic::Messages::default()),
    },
    Provider {
        protocol: Protocol::Chat,
        path: "/chat/completions",
        models: "/models",
        key_header: "authorization",
        key_lead: "Bearer ",
        headers: &[],
        framing: Framing::Events,
        about: None,
        body: |request, _| chat::body(request),
        adapter: || Box::new(chat::Completions::default()),
    },
    Provider {
        protocol: Protocol::Responses,
        path: "/responses",
        models: "/models",
        key_header: "authorization",
        key_lead: "Bearer ",
        headers: &[],
        framing: Framing::Events,
        about: None,
        body: |request, _| responses::body(request),
        adapter: || Box::new(responses::Responses::default()),
    },
    Provider {
        protocol: Protocol::Ollama,
        path: "/api/chat",
        models: "/api/tags",
        key_header: "authorization",
        key_lead: "Bearer ",
        headers: &[],
        framing: Framing::Lines,
        about: Some(About {
            path: "/api/show",
            question: ollama::question,
            read: ollama::facts,
            window: ollama::window,
        }),
        body: ollama::body,
        adapter: || Box::new(ollama::Lines::default()),
    },
    Provider {
        protocol: Protocol::Gemini,
        path: "/models/{model}:streamGenerateContent?alt=sse",
        models: "/models?pageSize=1000",
        key_header: "x-goog-api-key",
        key_lead: "",
        headers: &[],
        framing: Framing::Events,
        about: None,
        body: |request, _| gemini::body(request),
        adapter: || Box::new(gemini::Contents::default()),
    },
];

impl Provider {
    /// The row of a protocol.
    pub fn of(protocol: Protocol) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.protocol == protocol)
    }

    /// A decoder for one reply.
    pub fn decoder(&self) -> Decoder {
        Decoder::new((self.adapter)(), self.framing)
    }

    fn header_map(&self, key: Option<&SecretString>) -> Result<HeaderMap, Cause> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("text/event-stream, application/x-ndjson, application/json"),
        );
        for (name, value) in self.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(key) = key {
            let text = format!("{}{}", self.key_lead, key.expose_secret());
            let mut value = HeaderValue::from_str(&text).map_err(|_| Cause::BadKey)?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(self.key_header), value);
        }
        Ok(headers)
    }
}

/// Nobody listens any more.
#[derive(Debug)]
pub struct Unheard;

/// Takes what a reply brings, in order.
pub trait Listener: Send + Sync {
    /// Takes one event at once.
    fn hear(&self, event: ReplyEvent) -> Result<(), Unheard>;
}

impl Listener for UnboundedSender<ReplyEvent> {
    fn hear(&self, event: ReplyEvent) -> Result<(), Unheard> {
        self.send(event).map_err(|_| Unheard)
    }
}

/// The body of a request as it would be sent now, byte for byte, but for what only its maker can read: pictures, which are shortened. No
/// key is in it.
pub fn body_text(http: &Http, keys: &Keys, request: Request) -> String {
    struct Mute;
    impl Listener for Mute {
        fn hear(&self, _: ReplyEvent) -> Result<(), Unheard> {
            Ok(())
        }
    }
    let Some(provider) = Provider::of(request.endpoint.protocol) else {
        return "Offline nothing is sent: the answer is put together here.".to_string();
    };
    let target = conversation::target(&request.endpoint, keys, provider.path);
    let body = Conversation::new(http, keys, provider, request, &Mute).preview();
    let whole = body.to_string();
    let text = crate::base::text::sanitise(&keys.redact(&shortened(body).to_string()));
    format!("POST {}\n{} bytes in all; pictures are shortened here.\n\n{text}\n", target.url, whole.len())
}

/// The same with the data of pictures cut: nobody reads it.
fn shortened(mut body: Value) -> Value {
    const SHOWN: usize = 64;
    const LONG: usize = 4_096;
    match &mut body {
        Value::String(text) => {
            let data = text.strip_prefix("data:image/").map_or(text.as_str(), |rest| rest);
            let base64 = text.len() > LONG
                && data.chars().skip(16).all(|sign| sign.is_ascii_alphanumeric() || "+/=;,".contains(sign));
            if base64 {
                let shown: String = text.chars().take(SHOWN).collect();
                return Value::String(format!("{shown}[and {} more characters]", text.len() - SHOWN));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = shortened(item.take())),
        Value::Object(fields) => fields.values_mut().for_each(|field| *field = shortened(field.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    body
}

/// Asks a model and sends what comes, as it comes. Dropping the future closes the connection. Tries again only while nothing was
/// shown, and says so with [`ReplyEvent::Retry`].
pub async fn ask(http: &Http, keys: &Keys, request: Request, listener: impl Listener) -> Outcome {
    let Some(provider) = Provider::of(request.endpoint.protocol) else {
        return Outcome::Failed(Cause::NotHere.explain(&conversation::target(&request.endpoint, keys, "")));
    };
    let guard = Guard::new(keys, &listener);
    let outcome = Conversation::new(http, keys, provider, request, &guard).run().await;
    // Nobody listening any more is no matter now.
    let _ = guard.finish();
    match outcome {
        Outcome::Failed(mut failure) => {
            failure.what = keys.redact(&failure.what);
            failure.next = keys.redact(&failure.next);
            Outcome::Failed(failure)
        }
        Outcome::Complete(StopReason::Other(reason)) => Outcome::Complete(StopReason::Other(plain(&reason))),
        Outcome::Complete(_) | Outcome::Truncated | Outcome::Cancelled => outcome,
    }
}
