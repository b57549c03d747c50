//! Finds a model server on this machine, and the models that a server has. It never sends a key to a server that it found.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder};
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::timeout;

use super::Provider;
use super::access::Keys;
use super::conversation::{refusal, target};
use super::http::{Http, in_sending, place_of};
use super::trouble::{Address, Cause, Place, plain};
use super::wire::{at, list, text};
use crate::domain::exchange::{Endpoint, Failure, Protocol};
use crate::domain::models::Price;
use crate::domain::roster::{Found, Listed};
use crate::domain::settings::endpoints::{chats, host, join, known, normalise, ollama_address};

/// A list of models is read up to so many bytes.
const LARGEST_LIST: usize = 4 * 1024 * 1024;
/// How long a configured server may take to list its models.
const LIST_TIME: Duration = Duration::from_secs(10);
/// So many models of a server are asked about, one by one.
const MOST_ASKED_ABOUT: usize = 24;
/// The servers that are looked for, best first.
const LOCAL: &[&str] = &["ollama", "lmstudio", "llamacpp"];

/// A place where a server may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    pub provider: String,
    pub protocol: Protocol,
    pub base_url: String,
}

/// The doors of this machine. `ollama_host` is the variable OLLAMA_HOST, which may be a host, a port or an address.
pub fn doors(ollama_host: Option<&str>) -> Vec<Door> {
    let found = LOCAL.iter().filter_map(|name| known(name)).map(|known| {
        let set = ollama_host.filter(|host| known.name == "ollama" && !host.trim().is_empty());
        let url = set.map_or(known.base_url.to_string(), ollama_address);
        let protocol = known.protocol_at(&url);
        let base_url = normalise(protocol, &url).unwrap_or_else(|_| known.base_url.to_string());
        Door { provider: known.name.to_string(), protocol, base_url }
    });
    found.collect()
}

/// Looks for a model server on this machine, for no longer than `limit` in all.
pub async fn discover(http: &Http, limit: Duration) -> Option<Endpoint> {
    discover_at(http, &doors(std::env::var("OLLAMA_HOST").ok().as_deref()), limit).await
}

/// Looks behind `doors`, all at once; the first of them that has a model for chat is taken.
pub async fn discover_at(http: &Http, doors: &[Door], limit: Duration) -> Option<Endpoint> {
    let probes = doors.iter().map(|door| async move {
        // OLLAMA_HOST may name a hosted machine: its place decides about the proxy as everywhere.
        let client = http.client(&door.base_url).ok()?;
        let provider = Provider::of(door.protocol)?;
        let answer = timeout(limit, fetch(client, &join(&door.base_url, provider.models), HeaderMap::new()))
            .await
            .ok()?
            .ok()?;
        let models = is_list(&answer).then(|| listed(&answer))?;
        let models: Vec<String> = models.into_iter().map(|listed| listed.id).collect();
        Some(Endpoint {
            protocol: door.protocol,
            provider: door.provider.clone(),
            base_url: door.base_url.clone(),
            model: models.first()?.clone(),
            models,
        })
    });
    join_all(probes).await.into_iter().flatten().next()
}

/// Asks a provider for its models, for no longer than `limit`, and tells what came of it in the user's words.
pub async fn look(http: &Http, keys: &Keys, endpoint: &Endpoint, limit: Duration) -> Found {
    // The command for a key has a limit of its own: somebody may have to unlock what it reads from.
    let answer = match keys.unlock(&endpoint.provider).await {
        Ok(key) => timeout(limit, list_models(http, keys, endpoint, key.as_ref()))
            .await
            .unwrap_or(Err(Cause::Silent(limit))),
        Err(cause) => Err(cause),
    };
    let cause = match answer {
        Ok(models) => return Found::Has(with_context(http, endpoint, models, limit).await),
        Err(cause) => cause,
    };
    let path = Provider::of(endpoint.protocol).map_or("", |provider| provider.models);
    fails(keys, endpoint, path, &cause)
}

/// What a cause means to the user, after a request to `path`.
fn fails(keys: &Keys, endpoint: &Endpoint, path: &str, cause: &Cause) -> Found {
    let Failure { what, next, .. } = cause.explain(&target(endpoint, keys, path));
    Found::Fails { brief: cause.in_brief(), what: keys.redact(&what), next: keys.redact(&next) }
}

/// As [`look`], to find out whether the key is accepted. Where the list of models is open to anybody, the key itself is asked about first.
pub async fn try_key(http: &Http, keys: &Keys, endpoint: &Endpoint, limit: Duration) -> Found {
    let path = "/key";
    if endpoint.provider == "openrouter"
        && let Some(Cause::Said(trouble)) =
            timeout(limit, ask_about_key(http, keys, endpoint, path)).await.ok().and_then(Result::err)
        && trouble.status == Some(401)
    {
        return fails(keys, endpoint, path, &Cause::Said(trouble));
    }
    look(http, keys, endpoint, limit).await
}

async fn ask_about_key(http: &Http, keys: &Keys, endpoint: &Endpoint, path: &str) -> Result<Value, Cause> {
    let provider = Provider::of(endpoint.protocol).ok_or(Cause::NotHere)?;
    let key = keys.unlock(&endpoint.provider).await?;
    let headers = provider.header_map(key.as_ref())?;
    fetch(http.client(&endpoint.base_url)?, &join(&endpoint.base_url, path), headers).await
}

/// Ollama tells what a model holds only when it is asked about that model, which costs nothing.
async fn with_context(http: &Http, endpoint: &Endpoint, models: Vec<Listed>, limit: Duration) -> Vec<Listed> {
    let about = Provider::of(endpoint.protocol).and_then(|provider| provider.about.as_ref());
    let client = http.client(&endpoint.base_url).ok();
    let (Some(about), Some(client)) = (about, client) else { return models };
    let url = join(&endpoint.base_url, about.path);
    let questions = models.into_iter().enumerate().map(|(at, listed)| {
        let question = client.post(&url).body((about.question)(&listed.id).to_string());
        async move {
            if at >= MOST_ASKED_ABOUT || listed.context.is_some() {
                return listed;
            }
            match timeout(limit, read_json(question)).await {
                Ok(Ok(answer)) => Listed { context: (about.read)(&answer).context, ..listed },
                Ok(Err(_)) | Err(_) => listed,
            }
        }
    });
    join_all(questions).await
}

/// The models that the server of `endpoint` has for chat, in its own order.
async fn list_models(
    http: &Http,
    keys: &Keys,
    endpoint: &Endpoint,
    key: Option<&SecretString>,
) -> Result<Vec<Listed>, Cause> {
    let provider = Provider::of(endpoint.protocol).ok_or(Cause::NotHere)?;
    let client = http.client(&endpoint.base_url)?;
    let official = known(&endpoint.provider).is_some_and(|known| !known.key_env.is_empty());
    if official && key.is_none() && place_of(&host(&endpoint.base_url)) == Place::Remote {
        return Err(Cause::NoKey);
    }
    let mut headers = provider.header_map(key)?;
    keys.headers(&endpoint.provider, &mut headers)?;
    let url = join(&endpoint.base_url, provider.models);
    let answer =
        timeout(LIST_TIME, fetch(client, &url, headers)).await.map_err(|_| Cause::Silent(LIST_TIME))??;
    Ok(listed(&answer))
}

/// The model of a server for which none is set: the first that it has, asked once a session.
pub(super) async fn first_model(
    http: &Http,
    keys: &Keys,
    endpoint: &Endpoint,
    key: Option<&SecretString>,
) -> Result<String, Cause> {
    if let Some(model) = http.known_model(&endpoint.base_url) {
        return Ok(model);
    }
    let listed = list_models(http, keys, endpoint, key).await;
    let model = match listed {
        Ok(models) => {
            models.into_iter().next().map(|listed| listed.id).ok_or_else(|| Cause::NoModel(String::new()))?
        }
        Err(Cause::Said(trouble)) if trouble.status != Some(401) => {
            return Err(Cause::NoModel(trouble.message));
        }
        Err(Cause::Address(_)) => return Err(Cause::NoModel("the answer is no list of models".to_string())),
        Err(cause) => return Err(cause),
    };
    http.remember_model(&endpoint.base_url, &model);
    Ok(model)
}

async fn fetch(client: &Client, url: &str, headers: HeaderMap) -> Result<Value, Cause> {
    read_json(client.get(url).headers(headers)).await
}

/// Sends a small question and reads the answer as JSON.
pub(super) async fn read_json(question: RequestBuilder) -> Result<Value, Cause> {
    let mut response = question.send().await.map_err(|error| in_sending(&error))?;
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(|error| in_sending(&error))? {
        body.extend_from_slice(&bytes);
        if body.len() > LARGEST_LIST {
            return Err(Cause::Address(Address::NotUnderstood));
        }
    }
    serde_json::from_slice(&body).map_err(|_| Cause::Address(Address::NotUnderstood))
}

/// Whether an unknown server's answer is a list of models, and not something else that has a `data` field.
fn is_list(answer: &Value) -> bool {
    text(answer, &["object"]) == "list"
        || list(answer, &["data"]).iter().any(|entry| text(entry, &["object"]) == "model")
        || list(answer, &["models"]).iter().any(|entry| !text(entry, &["model"]).is_empty())
}

/// The models that chat. Most servers have them in `data`, Ollama and Gemini in `models`, a few in the answer itself.
fn listed(answer: &Value) -> Vec<Listed> {
    let entries = match answer {
        Value::Array(entries) => entries.as_slice(),
        _ if answer.get("data").is_some() => list(answer, &["data"]),
        _ => list(answer, &["models"]),
    };
    let models = entries.iter().filter(|entry| generates(entry)).map(|entry| {
        let names = ["id", "model", "name"].iter().map(|key| text(entry, &[key]));
        let name = names.clone().find(|name| !name.is_empty()).unwrap_or_default();
        let id = name.strip_prefix("models/").unwrap_or(name).to_string();
        Listed { id, context: context(entry), price: price(entry) }
    });
    models.filter(|listed| listed.id == plain(&listed.id) && chats(&listed.id)).collect()
}

/// How much a model can read, under whichever name the server tells it.
fn context(entry: &Value) -> Option<u64> {
    const NAMES: &[&[&str]] = &[
        &["context_length"],
        &["context_window"],
        &["max_model_len"],
        &["inputTokenLimit"],
        &["max_input_tokens"],
        &["max_context_length"],
        &["meta", "n_ctx"],
        &["meta", "n_ctx_train"],
    ];
    NAMES.iter().find_map(|path| at(entry, path)?.as_u64()).filter(|tokens| *tokens > 0)
}

/// What a model costs; those who tell it do so for one token, as text.
fn price(entry: &Value) -> Price {
    let dollars = |name: &str| {
        let value = at(entry, &["pricing", name])?;
        let one = value.as_str().and_then(|text| text.parse::<f64>().ok()).or_else(|| value.as_f64())?;
        Some(one * 1_000_000.0).filter(|price| price.is_finite() && *price >= 0.0)
    };
    Price {
        input: dollars("prompt"),
        output: dollars("completion"),
        cached: dollars("input_cache_read"),
        written: dollars("input_cache_write"),
    }
}

/// Gemini says what each of its models is for, and newer servers of Ollama, too.
fn generates(entry: &Value) -> bool {
    let says = |key: &str, word: &str| {
        let uses = list(entry, &[key]);
        uses.is_empty() || uses.iter().any(|known| known.as_str() == Some(word))
    };
    says("supportedGenerationMethods", "generateContent") && says("capabilities", "completion")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollama_host_is_read_in_every_form() {
        let check = |host: &str, expect: &str| {
            let found = doors(Some(host)).first().map(|door| door.base_url.clone());
            assert_eq!(found.as_deref(), Some(expect), "{host}");
        };
        check("", "http://127.0.0.1:11434");
        check("0.0.0.0", "http://127.0.0.1:11434");
        check(":9000", "http://127.0.0.1:9000");
        check("box.local", "http://box.local:11434");
        check("10.0.0.2:77", "http://10.0.0.2:77");
        check("https://ollama.example.com/", "https://ollama.example.com");
        check("box.local:80/v1", "http://box.local:80/v1");
    }
}
