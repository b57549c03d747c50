//! Keys and providers: who has one, who answers, and who replies when it is asked for a word. It shows no key.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::mpsc::unbounded_channel;

use super::Finding;
use crate::base::count::whole;
use crate::domain::exchange::{Endpoint, Message, Outcome, Request, SystemPart};
use crate::domain::roster::Found;
use crate::domain::settings::Choice;
use crate::domain::settings::endpoints::{known, shown};
use crate::io::config::Loaded;
use crate::io::providers::{Http, Limits, ask, look};

const KEYS: &str = "keys";
const PROVIDERS: &str = "providers";

/// How long each provider has to list its models, and to give its reply.
const LISTING: Duration = Duration::from_secs(8);
const REPLY: Duration = Duration::from_secs(60);

/// Whether a real request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Online {
    Yes,
    No,
}

impl From<bool> for Online {
    fn from(online: bool) -> Self {
        if online { Self::Yes } else { Self::No }
    }
}

/// Who has a key, and where it comes from.
pub fn keys(loaded: &Loaded) -> Vec<Finding> {
    let mut found = Vec::new();
    for endpoint in &loaded.settings.roster {
        let provider = &endpoint.provider;
        if loaded.keys.has(provider) {
            let source = loaded.keys.source(provider);
            let source = if source.is_empty() { String::new() } else { format!(", from {source}") };
            found.push(Finding::good(KEYS, format!("{provider} has a key{source}.")));
        }
    }
    if found.is_empty() {
        found.push(Finding::note(
            KEYS,
            "No provider has a key.",
            "Set one such as ANTHROPIC_API_KEY, or paste it with /login; servers of this machine need none.",
        ));
    }
    found
}

/// Who answers, all asked at once.
pub async fn reached(loaded: &Loaded, online: Online) -> Vec<Finding> {
    let settings = &loaded.settings;
    let chosen = match &settings.choice {
        Choice::Endpoint(endpoint) => Some(endpoint.provider.as_str()),
        Choice::Discover => None,
    };
    let http = Http::new(Limits::default()).trusting(settings.ca_file.as_deref().map(Path::new));
    let looks = settings.roster.iter().map(|endpoint| {
        let http = &http;
        async move {
            let found = look(http, &loaded.keys, endpoint, LISTING).await;
            let finding = listed(endpoint, &found, chosen == Some(endpoint.provider.as_str()));
            let answers =
                matches!(&found, Found::Has(models) if !models.is_empty() || !endpoint.model.is_empty());
            match online {
                Online::Yes if answers => {
                    vec![finding, replied(http, loaded, with_model(endpoint, &found)).await]
                }
                Online::Yes | Online::No => vec![finding],
            }
        }
    });
    let mut found: Vec<Finding> = join_all(looks).await.into_iter().flatten().collect();
    if chosen == Some("offline") {
        found.push(Finding::good(PROVIDERS, "offline is chosen: answers quote the project."));
    } else if chosen.is_none() && !found.iter().any(|finding| finding.next.is_empty()) {
        found.push(Finding::note(
            PROVIDERS,
            "Nobody can answer, so dictum is offline.",
            "Set a key, paste one with /login, or start Ollama, LM Studio or llama.cpp.",
        ));
    }
    found
}

fn listed(endpoint: &Endpoint, found: &Found, is_chosen: bool) -> Finding {
    let provider = &endpoint.provider;
    let here = known(provider).is_some_and(|known| known.key_env.is_empty());
    match found {
        Found::Has(models) => Finding::good(
            PROVIDERS,
            format!(
                "{provider} answers at {} and lists {} models.",
                shown(&endpoint.base_url),
                whole(models.len() as u64)
            ),
        ),
        Found::Fails { brief, .. } if here && !is_chosen => {
            let next = "Start it if you want its models.";
            Finding::note(PROVIDERS, format!("{provider}, a server of this machine, {brief}."), next)
        }
        Found::Fails { what, next, .. } if is_chosen => Finding::broken(PROVIDERS, what, next),
        Found::Fails { what, next, .. } => Finding::note(PROVIDERS, what, next),
        Found::NotAsked | Found::Asked => {
            Finding::note(PROVIDERS, format!("{provider} was not asked."), "Run this again.")
        }
    }
}

fn with_model(endpoint: &Endpoint, found: &Found) -> Endpoint {
    let mut endpoint = endpoint.clone();
    if let (true, Found::Has(models)) = (endpoint.model.is_empty(), found)
        && let Some(first) = models.first()
    {
        endpoint.model = first.id.clone();
    }
    endpoint
}

/// A real request of a few tokens.
async fn replied(http: &Http, loaded: &Loaded, endpoint: Endpoint) -> Finding {
    let (provider, model) = (endpoint.provider.clone(), endpoint.model.clone());
    let request = Request {
        endpoint,
        system: vec![SystemPart { label: "doctor".to_string(), text: "Answer with one word.".to_string() }],
        messages: vec![Message::User { text: "Say hello.".to_string() }],
        tools: Vec::new(),
        without_tools: None,
        max_tokens: 64,
    };
    let (sender, _receiver) = unbounded_channel();
    let begun = Instant::now();
    match tokio::time::timeout(REPLY, ask(http, &loaded.keys, request, sender)).await {
        Ok(Outcome::Complete(_) | Outcome::Truncated) => {
            let took = begun.elapsed().as_secs_f64();
            Finding::good(PROVIDERS, format!("{model} of {provider} replied within {took:.1} s."))
        }
        Ok(Outcome::Failed(failure)) => Finding::broken(PROVIDERS, failure.what, failure.next),
        Ok(Outcome::Cancelled) | Err(_) => Finding::broken(
            PROVIDERS,
            format!("{model} of {provider} gave no reply within {} s.", REPLY.as_secs()),
            "Try again, or choose a faster model.",
        ),
    }
}
