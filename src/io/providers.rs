//! Providers: one row adds one. It never shows a key and never ends a cut stream as a complete one.

pub mod anthropic;
mod beat;
pub mod chat;
pub mod discover;
mod explain;
pub mod http;
pub mod offline;
mod quirks;
pub mod sse;
mod think;
pub mod trouble;
pub mod wire;

use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use self::beat::Beat;
use self::quirks::Quirk;
use self::trouble::{Address, Again, Cause, Link, Place, Target, Trouble, plain};
use self::wire::{Adapter, Decoder, Ending, Progress, Shown};
use crate::domain::exchange::{Endpoint, Message, Outcome, Protocol, ReplyEvent, Request, StopReason};
use crate::domain::settings::endpoints::{host, join, known};

pub use self::discover::discover;
pub use self::http::{Http, Keys, Limits};

/// An error's body is read up to so many bytes, for so long.
const ERROR_BODY: usize = 256 * 1024;
const ERROR_TIME: Duration = Duration::from_secs(10);
/// After the last frame the connection is closed so soon, if the server does not do it.
const LINGER: Duration = Duration::from_millis(100);

/// A protocol over HTTP.
pub struct Provider {
    pub protocol: Protocol,
    /// Below the base URL.
    path: &'static str,
    models: &'static str,
    key_header: &'static str,
    key_lead: &'static str,
    headers: &'static [(&'static str, &'static str)],
    pub body: fn(&Request) -> Value,
    adapter: fn() -> Box<dyn Adapter>,
}

/// The protocols over HTTP; one row adds one.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        protocol: Protocol::Anthropic,
        path: "/v1/messages",
        models: "/v1/models",
        key_header: "x-api-key",
        key_lead: "",
        headers: &[("anthropic-version", "2023-06-01")],
        body: anthropic::body,
        adapter: || Box::new(anthropic::Messages::default()),
    },
    Provider {
        protocol: Protocol::Chat,
        path: "/chat/completions",
        models: "/models",
        key_header: "authorization",
        key_lead: "Bearer ",
        headers: &[],
        body: chat::body,
        adapter: || Box::new(chat::Completions::default()),
    },
];

impl Provider {
    /// The row of a protocol.
    pub fn of(protocol: Protocol) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.protocol == protocol)
    }

    /// A decoder for one reply.
    pub fn decoder(&self) -> Decoder {
        Decoder::new((self.adapter)())
    }

    fn header_map(&self, key: Option<&SecretString>) -> Result<HeaderMap, Cause> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
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

/// Asks a model and sends what comes, as it comes. Dropping the future closes the connection. Tries again only while nothing was
/// shown, and says so with [`ReplyEvent::Retry`].
pub async fn ask(http: &Http, keys: &Keys, request: Request, listener: impl Listener) -> Outcome {
    let Some(provider) = Provider::of(request.endpoint.protocol) else {
        return Outcome::Failed(Cause::NotHere.explain(&target(&request.endpoint, "")));
    };
    let outcome = Conversation { http, keys, provider, request, listener: &listener }.run().await;
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

/// Where a request to `endpoint` goes.
fn target(endpoint: &Endpoint, path: &str) -> Target {
    let key_env = known(&endpoint.provider).map(|known| known.key_env).filter(|name| !name.is_empty());
    Target {
        provider: plain(&endpoint.provider),
        url: plain(&join(&endpoint.base_url, path)),
        model: plain(&endpoint.model),
        place: http::place_of(&host(&endpoint.base_url)),
        key_env: key_env.unwrap_or("the key").to_string(),
    }
}

/// One question to one server, with its tries.
struct Conversation<'a> {
    http: &'a Http,
    keys: &'a Keys,
    provider: &'static Provider,
    request: Request,
    listener: &'a dyn Listener,
}

/// What is sent, ready.
struct Prepared {
    url: Url,
    headers: HeaderMap,
    client: Client,
    target: Target,
}

/// How one try ended.
enum Ended {
    /// With this outcome; something may have been shown.
    Well(Outcome),
    /// With nothing shown, so that another try may follow.
    Badly(Cause),
    /// Nobody listens any more.
    Unheard,
}

impl Conversation<'_> {
    async fn run(mut self) -> Outcome {
        let prepared = match self.prepare().await {
            Ok(prepared) => prepared,
            Err((cause, target)) => return Outcome::Failed(cause.explain(&target)),
        };
        let key = format!("{} {}", self.request.endpoint.base_url, self.request.endpoint.model);
        let begun = Instant::now();
        let mut tries = 0;
        loop {
            let quirks = self.http.quirks(&key);
            if quirks.contains(&Quirk::NoTools) && !self.request.tools.is_empty() {
                self.request.give_up_tools();
                // Nobody listening any more shows at the next event of the reply.
                let _ = self.listener.hear(ReplyEvent::NoTools);
            }
            let mut body = (self.provider.body)(&self.request);
            quirks.iter().for_each(|quirk| quirk.apply(&mut body));
            let cause = match self.once(&prepared, &body).await {
                Ended::Well(outcome) => return outcome,
                Ended::Unheard => return Outcome::Cancelled,
                Ended::Badly(cause) => self.about_key(cause),
            };
            if let Cause::Said(trouble) = &cause
                && let Some(quirk) = Quirk::learn(trouble, &body)
                && self.http.learn(&key, quirk.clone())
            {
                if quirk == Quirk::NoTools {
                    self.announce(tries + 1, Duration::ZERO, "the model takes no tools; asking without them");
                }
                continue;
            }
            let Some(pause) = self.pause(&cause, prepared.target.place, tries, begun) else {
                return Outcome::Failed(cause.explain(&prepared.target));
            };
            tries += 1;
            self.announce(tries, pause, &cause.brief());
            sleep(pause).await;
        }
    }

    /// Everything that can fail before a byte is sent.
    async fn prepare(&mut self) -> Result<Prepared, (Cause, Target)> {
        let place = http::place_of(&host(&self.request.endpoint.base_url));
        let key = self.keys.get(&self.request.endpoint.provider);
        let target_of = |endpoint: &Endpoint| target(endpoint, self.provider.path);
        let official = known(&self.request.endpoint.provider).is_some_and(|known| {
            !known.key_env.is_empty() && host(known.base_url) == host(&self.request.endpoint.base_url)
        });
        if official && key.is_none() {
            return Err((Cause::NoKey, target_of(&self.request.endpoint)));
        }
        if self.request.endpoint.model.is_empty() {
            let named = discover::first_model(self.http, self.keys, &self.request.endpoint).await;
            match named {
                Ok(model) => self.request.endpoint.model = model,
                Err(cause) => return Err((cause, target(&self.request.endpoint, self.provider.models))),
            }
        }
        let target = target_of(&self.request.endpoint);
        let ready = || {
            let url = join(&self.request.endpoint.base_url, self.provider.path);
            let url =
                Url::parse(&url).map_err(|error| Cause::Address(Address::Bad(plain(&error.to_string()))))?;
            let headers = self.provider.header_map(key)?;
            Ok((url, headers, self.http.client(place)?.clone()))
        };
        match ready() {
            Ok((url, headers, client)) => Ok(Prepared { url, headers, client, target }),
            Err(cause) => Err((cause, target)),
        }
    }

    /// A refusal of the key means something else when there is none.
    fn about_key(&self, cause: Cause) -> Cause {
        match cause {
            Cause::Said(Trouble { status: Some(401), .. })
                if self.keys.get(&self.request.endpoint.provider).is_none() =>
            {
                Cause::NoKey
            }
            cause => cause,
        }
    }

    /// How long to wait before another try; `None` when there is to be none.
    fn pause(&self, cause: &Cause, place: Place, tries: u32, begun: Instant) -> Option<Duration> {
        let limits = self.http.limits();
        match cause.again(place) {
            Again::Never => None,
            Again::Loading => (begun.elapsed() < limits.first_byte_local)
                .then(|| (limits.pause * 4).min(limits.longest_pause)),
            Again::Later(_) if tries >= limits.retries => None,
            Again::Later(Some(asked)) => (asked <= limits.longest_wait).then_some(asked),
            Again::Later(None) => {
                let pause = limits.pause.saturating_mul(1 << tries.min(16)).min(limits.longest_pause);
                Some(pause.mul_f64(scatter()))
            }
        }
    }

    fn announce(&self, attempt: u32, pause: Duration, cause: &str) {
        let seconds = u32::try_from(pause.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        // Nobody listening any more shows at the next event of the reply.
        let _ = self.listener.hear(ReplyEvent::Retry { attempt, seconds, cause: cause.to_string() });
    }

    /// One try, up to its end.
    async fn once(&self, prepared: &Prepared, body: &Value) -> Ended {
        let (first, idle) = self.patience(prepared.target.place);
        let begun = Instant::now();
        let send = prepared
            .client
            .post(prepared.url.clone())
            .headers(prepared.headers.clone())
            .body(body.to_string());
        let mut response = match timeout_at(begun + first, send.send()).await {
            Err(_) => return Ended::Badly(Cause::Silent(first)),
            Ok(Err(error)) => return Ended::Badly(http::in_sending(&error)),
            Ok(Ok(response)) => response,
        };
        if !response.status().is_success() {
            return Ended::Badly(refusal(response).await);
        }
        let mut decoder = self.provider.decoder();
        let mut deadline = begun + first;
        let mut beat = Beat::new();
        let cut = loop {
            let taken = match beat.at_once(&mut response).await {
                Some(taken) => taken,
                None if self.forward(beat.pass()).is_err() => return Ended::Unheard,
                None => beat.next(&mut response, deadline).await,
            };
            match taken {
                Err(_) if decoder.progress() != Progress::Open => break None,
                Err(_) if beat.heard() => break Some(Cause::Stalled(idle)),
                Err(_) => break Some(Cause::Silent(first)),
                Ok(Err(error)) => break Some(http::in_sending(&error)),
                Ok(Ok(None)) => break None,
                Ok(Ok(Some(bytes))) => {
                    let settled = decoder.progress();
                    if self.forward(beat.take(decoder.feed(&bytes))).is_err() {
                        return Ended::Unheard;
                    }
                    deadline = match decoder.progress() {
                        Progress::Open => Instant::now() + idle,
                        // The tail has one limit in all, so that a server's comments cannot hold the reply open.
                        now if now == settled => deadline,
                        Progress::Settled => Instant::now() + self.http.limits().tail,
                        Progress::Over => Instant::now() + LINGER,
                    };
                }
            }
        };
        drop(response);
        if self.forward(beat.pass()).is_err() {
            return Ended::Unheard;
        }
        self.conclude(decoder, cut, beat.heard(), &prepared.target)
    }

    /// What a body that is over amounts to; `cut` is what broke it off.
    fn conclude(&self, decoder: Decoder, cut: Option<Cause>, heard: bool, target: &Target) -> Ended {
        let (rest, ending, shown) = decoder.finish();
        if self.forward(rest).is_err() {
            return Ended::Unheard;
        }
        let after_results = matches!(self.request.messages.last(), Some(Message::Results(_)));
        let cause = match (ending, cut) {
            (Ending::Complete(StopReason::EndTurn), _) if shown == Shown::Nothing && !after_results => {
                Cause::Empty
            }
            (Ending::Complete(StopReason::EndTurn), _) if shown == Shown::Thinking => Cause::OnlyThinking,
            (Ending::Complete(reason), _) => return Ended::Well(Outcome::Complete(reason)),
            (Ending::Failed(cause), _) => cause,
            (Ending::Truncated, Some(cause @ (Cause::Silent(_) | Cause::Stalled(_)))) => cause,
            (Ending::Truncated, _) if shown != Shown::Nothing => return Ended::Well(Outcome::Truncated),
            (Ending::Truncated, Some(cause)) => cause,
            (Ending::Truncated, None) if heard => Cause::Link(Link::Broken(String::new())),
            (Ending::Truncated, None) => Cause::Empty,
        };
        if shown == Shown::Nothing {
            Ended::Badly(cause)
        } else {
            Ended::Well(Outcome::Failed(cause.explain(target)))
        }
    }

    /// Sends events on; an error when nobody listens any more. Text that came together is sent together.
    fn forward(&self, events: Vec<ReplyEvent>) -> Result<(), Unheard> {
        let mut text = String::new();
        for event in events {
            let event = match event {
                ReplyEvent::Text(more) => {
                    text.push_str(&more);
                    continue;
                }
                ReplyEvent::Start { id, model } => ReplyEvent::Start { id: plain(&id), model: plain(&model) },
                event @ (ReplyEvent::Thinking(_)
                | ReplyEvent::Call(_)
                | ReplyEvent::Usage(_)
                | ReplyEvent::NoTools
                | ReplyEvent::Retry { .. }) => event,
            };
            self.say(&mut text)?;
            self.listener.hear(event)?;
        }
        self.say(&mut text)
    }

    fn say(&self, text: &mut String) -> Result<(), Unheard> {
        if text.is_empty() {
            return Ok(());
        }
        self.listener.hear(ReplyEvent::Text(std::mem::take(text)))
    }

    /// How long to wait for the first byte, and between two.
    fn patience(&self, place: Place) -> (Duration, Duration) {
        let limits = self.http.limits();
        match place {
            Place::Local => (limits.first_byte_local, limits.idle_local),
            Place::Remote => (limits.first_byte, limits.idle),
        }
    }
}

/// Reads an answer whose status is no success.
async fn refusal(mut response: Response) -> Cause {
    let status = response.status();
    if status.is_redirection() {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        return Cause::Address(Address::Redirect(plain(location.unwrap_or("another address"))));
    }
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(bytes)) = response.chunk().await {
            body.extend_from_slice(&bytes);
            if body.len() > ERROR_BODY {
                break;
            }
        }
    };
    // What came within the limit is enough to go by.
    let _ = timeout(ERROR_TIME, read).await;
    let mut trouble = trouble::read_body(status.as_u16(), &String::from_utf8_lossy(&body));
    http::read_headers(response.headers(), &mut trouble);
    Cause::Said(trouble)
}

/// Between 0.75 and 1, so that many clients do not come back at the same moment.
fn scatter() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    1.0 - f64::from(now.subsec_nanos() % 1000) / 4000.0
}
