//! The providers against a scripted server on loopback and recorded streams. It never reaches the network.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[path = "providers/bodies.rs"]
mod bodies;
#[path = "providers/failures.rs"]
mod failures;
#[path = "providers/faults.rs"]
mod faults;
#[path = "providers/finding.rs"]
mod finding;
#[path = "providers/listing.rs"]
mod listing;
#[path = "providers/ollama.rs"]
mod ollama;
#[path = "providers/replay.rs"]
mod replay;
#[path = "providers/secrets.rs"]
mod secrets;
#[path = "support/server.rs"]
mod server;
#[path = "providers/settings.rs"]
mod settings;
#[path = "providers/streams.rs"]
mod streams;

#[path = "support/tls.rs"]
mod tls;

use std::time::Duration;

use dictum::domain::exchange::{
    Endpoint, Failure, Message, Outcome, PROTOCOLS, Protocol, ReplyEvent, Request, SystemPart,
};
use dictum::io::providers::{Http, Keys, Limits, ask};
use tokio::sync::mpsc::unbounded_channel;

use server::{
    Part, Reply, Server, anthropic_frames, chat_frames, gemini_frames, ollama_frames, responses_frames,
};

/// A key that must never be seen again.
const KEY: &str = "sk-very-secret-0123456789";

/// Limits that let every failure happen within a test's patience.
fn quick() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        first_byte: Duration::from_millis(600),
        first_byte_local: Duration::from_millis(600),
        idle: Duration::from_millis(600),
        idle_local: Duration::from_millis(600),
        tail: Duration::from_millis(200),
        retries: 2,
        pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(20),
        longest_wait: Duration::from_secs(600),
    }
}

/// Limits under which a loaded machine never runs out of time.
fn patient() -> Limits {
    let long = Duration::from_secs(60);
    Limits {
        connect: long,
        first_byte: long,
        first_byte_local: long,
        idle: long,
        idle_local: long,
        ..quick()
    }
}

fn endpoint(protocol: Protocol, url: &str) -> Endpoint {
    let (provider, base_url) = match protocol {
        Protocol::Anthropic => ("anthropic", url.to_string()),
        Protocol::Chat | Protocol::Responses => ("openai", format!("{url}/v1")),
        Protocol::Ollama => ("ollama", url.to_string()),
        Protocol::Gemini => ("gemini", format!("{url}/v1beta")),
        Protocol::Offline => ("offline", String::new()),
    };
    Endpoint {
        protocol,
        provider: provider.to_string(),
        base_url,
        model: "m-1".to_string(),
        models: Vec::new(),
    }
}

fn request(endpoint: Endpoint) -> Request {
    let part = |label: &str, text: &str| SystemPart { label: label.to_string(), text: text.to_string() };
    Request {
        endpoint,
        system: vec![part("persona", "You are Ada."), part("KB.md", "Use pnpm.")],
        messages: vec![Message::User { text: "Hello".to_string() }],
        tools: Vec::new(),
        without_tools: None,
        max_tokens: 1000,
    }
}

fn keys() -> Keys {
    let keys = Keys::default();
    for provider in ["anthropic", "openai", "ollama", "gemini"] {
        keys.insert(provider, KEY);
    }
    keys
}

/// Asks and collects everything.
async fn run(http: &Http, request: Request) -> (Vec<ReplyEvent>, Outcome) {
    let (sender, mut receiver) = unbounded_channel();
    let outcome = ask(http, &keys(), request, sender).await;
    let mut events = Vec::new();
    while let Ok(event) = receiver.try_recv() {
        events.push(event);
    }
    (events, outcome)
}

fn text_of(events: &[ReplyEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        ReplyEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("a failure was expected: {other:?}"),
    }
}

/// Every protocol, each with a server of its own.
fn each() -> Vec<(Protocol, Server)> {
    PROTOCOLS.iter().map(|(_, protocol)| (*protocol, Server::start())).collect()
}

/// A reply in a protocol's frames.
fn frames(protocol: Protocol, parts: &[Part<'_>]) -> Vec<String> {
    match protocol {
        Protocol::Anthropic => anthropic_frames(parts),
        Protocol::Chat => chat_frames(parts),
        Protocol::Responses => responses_frames(parts),
        Protocol::Ollama => ollama_frames(parts),
        Protocol::Gemini => gemini_frames(parts),
        Protocol::Offline => Vec::new(),
    }
}

/// A whole reply of these texts.
fn reply(protocol: Protocol, texts: &[&str]) -> Reply {
    Reply::frames(&frames(protocol, &[Part::Text(texts)]))
}

/// The beginning of a reply, up to the frame that holds `word`.
fn reply_until(protocol: Protocol, parts: &[Part<'_>], word: &str) -> Reply {
    let frames = frames(protocol, parts);
    let end = frames.iter().position(|frame| frame.contains(word)).unwrap();
    Reply::frames(&frames[..=end])
}

/// Answers every question with `reply`, whatever the protocol.
fn fix_all(server: &Server, reply: &Reply) {
    for end in ["/messages", "/completions", "/responses", "/api/chat", ":streamGenerateContent"] {
        server.fix(end, reply.clone());
    }
}
