//! One question to one server, with its tries. It never tries again once something was shown, and never waits without saying so.

use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_ENCODING, HeaderMap, LOCATION};
use reqwest::{Client, Response, Url};
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::access::Keys;
use super::beat::{self, Beat};
use super::discover;
use super::http::{self, Http};
use super::quirks::Quirk;
use super::room;
use super::trouble::{self, Address, Again, Cause, Link, Place, Target, Trouble, plain};
use super::wire::{Decoder, Ending, Progress, Shown};
use super::{Ability, About, Facts, Listener, Provider, Unheard};
use crate::domain::exchange::{
    Endpoint, Message, Opaque, Outcome, Protocol, ReplyEvent, Request, StopReason,
};
use crate::domain::settings::endpoints::{host, join, known, needs_key, shown};
use crate::domain::usage::Shares;

/// An error's body is read up to so many bytes, for so long.
const ERROR_BODY: usize = 256 * 1024;
const ERROR_TIME: Duration = Duration::from_secs(10);
/// After the last frame the connection is closed so soon, if the server does not do it.
const LINGER: Duration = Duration::from_millis(100);
/// How long a server may take to tell about its model, which it does without running it.
const ABOUT_TIME: Duration = Duration::from_secs(10);
/// So often a reply is made shorter because a server says that it has no room for a longer one.
const FITS: u32 = 3;

/// A request to `path` below the base URL, for the messages.
pub(super) fn target(endpoint: &Endpoint, keys: &Keys, path: &str) -> Target {
    let url = shown(&url(endpoint, path));
    let usual = known(&endpoint.provider).map(|known| known.key_env.to_string());
    let named = Some(keys.source(&endpoint.provider)).filter(|source| !source.is_empty());
    let key_env = named.or(usual).filter(|name| !name.is_empty());
    Target {
        provider: plain(&endpoint.provider),
        url: plain(&url),
        path: path.split(['{', '?']).next().unwrap_or_default().trim_end_matches('/').to_string(),
        model: plain(&endpoint.model),
        place: http::place_of(&host(&endpoint.base_url)),
        key_env: key_env.unwrap_or("the key".to_string()),
    }
}

/// The address of `path`, with the model in it where the path wants it.
fn url(endpoint: &Endpoint, path: &str) -> String {
    let model = endpoint.model.strip_prefix("models/").unwrap_or(&endpoint.model);
    let mut safe = String::new();
    for byte in model.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                safe.push(char::from(byte))
            }
            _ => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    join(&endpoint.base_url, &path.replace("{model}", &safe))
}

/// One question to one server, with its tries.
pub(super) struct Conversation<'a> {
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
    facts: Facts,
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

impl<'a> Conversation<'a> {
    pub(super) fn new(
        http: &'a Http,
        keys: &'a Keys,
        provider: &'static Provider,
        request: Request,
        listener: &'a dyn Listener,
    ) -> Self {
        Self { http, keys, provider, request, listener }
    }

    pub(super) async fn run(mut self) -> Outcome {
        let prepared = match self.prepare().await {
            Ok(prepared) => prepared,
            Err((cause, target)) => return Outcome::Failed(cause.explain(&target)),
        };
        let key = self.key();
        let begun = Instant::now();
        let (mut tries, mut fits) = (0, 0);
        loop {
            let body = self.body(&prepared.facts);
            let cause = match self.once(&prepared, &body).await {
                Ended::Well(outcome) => return outcome,
                Ended::Unheard => return Outcome::Cancelled,
                Ended::Badly(cause) => self.about_key(cause),
            };
            if let Cause::Said(trouble) | Cause::Overflow(trouble) = &cause
                && fits < FITS
                && let Some(room) = room::named(trouble, &body, Shares::of(&self.request).total())
            {
                fits += 1;
                self.request.max_tokens = room.left;
                // Nobody listening any more shows at the next event of the reply.
                let _ = self.listener.hear(ReplyEvent::Context(room.context));
                continue;
            }
            if let Cause::Said(trouble) = &cause
                && let Some(quirk) = Quirk::learn(trouble, &body)
                && !quirk.takes_back(&self.http.quirks(&key))
                && self.http.learn(&key, quirk.clone())
            {
                if let Some(why) = quirk.announced() {
                    self.announce(tries + 1, Duration::ZERO, why);
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

    /// Under what name the server's ways are remembered.
    fn key(&self) -> String {
        format!("{} {}", self.request.endpoint.base_url, self.request.endpoint.model)
    }

    /// The body, in the way that the server was found to take.
    fn body(&mut self, facts: &Facts) -> Value {
        let quirks = self.http.quirks(&self.key());
        let no_tools = facts.tools == Ability::No || quirks.contains(&Quirk::NoTools);
        if no_tools && !self.request.tools.is_empty() {
            self.request.give_up_tools();
            // Nobody listening any more shows at the next event of the reply.
            let _ = self.listener.hear(ReplyEvent::NoTools);
        }
        if quirks.contains(&Quirk::NoReplay) {
            self.request.forget_opaque();
        }
        if facts.pictures == Ability::No {
            self.request.leave_out_pictures();
        }
        let mut body = (self.provider.body)(&self.request, facts);
        self.keys.extend(&self.request.endpoint.provider, &mut body);
        quirks.iter().for_each(|quirk| quirk.apply(&mut body));
        body
    }

    /// The body as it would be sent now, from what is known of the server.
    pub(super) fn preview(mut self) -> Value {
        let mut facts = self.http.facts(&self.key()).unwrap_or_default();
        if let Some(about) = &self.provider.about
            && let Ok(wanted) = (about.window)(&self.request, &facts)
        {
            facts.window = Some(self.http.widen(&self.key(), wanted));
        }
        self.body(&facts)
    }

    /// Everything that can fail before the question itself is sent.
    async fn prepare(&mut self) -> Result<Prepared, (Cause, Target)> {
        let key = match self.keys.unlock(&self.request.endpoint.provider).await {
            Ok(key) => key,
            Err(cause) => return Err((cause, self.target())),
        };
        if needs_key(&self.request.endpoint) && key.is_none() {
            return Err((Cause::NoKey, self.target()));
        }
        if self.request.endpoint.model.is_empty() {
            match discover::first_model(self.http, self.keys, &self.request.endpoint, key.as_ref()).await {
                Ok(model) => self.request.endpoint.model = model,
                Err(cause) => {
                    return Err((cause, target(&self.request.endpoint, self.keys, self.provider.models)));
                }
            }
        }
        let target = self.target();
        let ready = || {
            let address = url(&self.request.endpoint, self.provider.path);
            let url = Url::parse(&address)
                .map_err(|error| Cause::Address(Address::Bad(plain(&error.to_string()))))?;
            Ok((url, self.headers(key.as_ref())?, self.http.client(&address)?.clone()))
        };
        let (url, headers, client) = match ready() {
            Ok(ready) => ready,
            Err(cause) => return Err((cause, target)),
        };
        let facts = match &self.provider.about {
            None => Facts::default(),
            Some(about) => match self.facts(about, &client, &headers).await {
                Ok(facts) => facts,
                Err(cause) => return Err((cause, target)),
            },
        };
        if facts.pictures == Ability::No && self.request.shows_picture() {
            return Err((Cause::NoPictures, target));
        }
        if let Some(context) = facts.context {
            // Nobody listening any more shows at the next event of the reply.
            let _ = self.listener.hear(ReplyEvent::Context(context));
        }
        Ok(Prepared { url, headers, client, target, facts })
    }

    fn target(&self) -> Target {
        target(&self.request.endpoint, self.keys, self.provider.path)
    }

    /// What the protocol wants, and what the user's profile adds.
    fn headers(&self, key: Option<&SecretString>) -> Result<HeaderMap, Cause> {
        let mut headers = self.provider.header_map(key)?;
        self.keys.headers(&self.request.endpoint.provider, &mut headers)?;
        Ok(headers)
    }

    /// What the server tells about the model, asked once a session, and the window that this request needs. A server that tells nothing
    /// is asked all the same: what is wrong with it then shows at the question itself.
    async fn facts(&self, about: &About, client: &Client, headers: &HeaderMap) -> Result<Facts, Cause> {
        let key = self.key();
        let mut facts = match self.http.facts(&key) {
            Some(facts) => facts,
            None => {
                let url = join(&self.request.endpoint.base_url, about.path);
                let question = (about.question)(&self.request.endpoint.model).to_string();
                let send = client.post(url).headers(headers.clone()).body(question);
                let limit = ABOUT_TIME.min(self.patience(Place::Local).0);
                match timeout(limit, discover::read_json(send)).await {
                    Ok(Ok(answer)) => {
                        let facts = (about.read)(&answer);
                        self.http.remember_facts(&key, facts.clone());
                        facts
                    }
                    Ok(Err(_)) | Err(_) => Facts::default(),
                }
            }
        };
        let wanted = (about.window)(&self.request, &facts)?;
        facts.window = Some(self.http.widen(&key, wanted));
        Ok(facts)
    }

    /// A refusal of the key means something else when there is none.
    fn about_key(&self, cause: Cause) -> Cause {
        match cause {
            Cause::Said(Trouble { status: Some(401), .. })
                if !self.keys.has(&self.request.endpoint.provider) =>
            {
                Cause::NoKey
            }
            cause => cause,
        }
    }

    /// How long to wait before another try; `None` when there is to be none.
    fn pause(&self, cause: &Cause, place: Place, tries: u32, begun: Instant) -> Option<Duration> {
        let limits = self.http.limits();
        let again = match cause {
            // Gemini is known to end a turn without a word, and to answer when it is asked once more.
            Cause::Empty if self.provider.protocol == Protocol::Gemini && tries == 0 => Again::Later(None),
            cause => cause.again(place),
        };
        match again {
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
        if let Some(encoding) = encoding(&response) {
            return Ended::Badly(Cause::Address(Address::Encoded(encoding)));
        }
        let mut decoder = self.provider.decoder();
        let mut deadline = begun + first;
        let mut beat = Beat::new(self.http.rest());
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
        let mut joined = Vec::new();
        rest.into_iter().for_each(|event| beat::join(&mut joined, event));
        if self.forward(joined).is_err() {
            return Ended::Unheard;
        }
        let after_results = matches!(self.request.messages.last(), Some(Message::Results(_)));
        let cause = match (ending, cut) {
            // After results there may be nothing left to say.
            (Ending::Complete(StopReason::EndTurn), _) if !after_results && shown == Shown::Nothing => {
                Cause::Empty
            }
            (Ending::Complete(StopReason::EndTurn), _) if !after_results && shown == Shown::Thinking => {
                Cause::OnlyThinking
            }
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

    /// Sends events on; an error when nobody listens any more.
    fn forward(&self, events: Vec<ReplyEvent>) -> Result<(), Unheard> {
        for event in events {
            self.listener.hear(match event {
                ReplyEvent::Start { id, model } => ReplyEvent::Start { id: plain(&id), model: plain(&model) },
                ReplyEvent::Opaque(opaque) => {
                    ReplyEvent::Opaque(Opaque { maker: self.request.endpoint.maker(), ..opaque })
                }
                event @ (ReplyEvent::Text(_)
                | ReplyEvent::Thinking(_)
                | ReplyEvent::Call(_)
                | ReplyEvent::Usage(_)
                | ReplyEvent::Context(_)
                | ReplyEvent::NoTools
                | ReplyEvent::Retry { .. }) => event,
            })?;
        }
        Ok(())
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
pub(super) async fn refusal(mut response: Response) -> Cause {
    let status = response.status();
    if status.is_redirection() {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(shown);
        return Cause::Address(Address::Redirect(plain(location.as_deref().unwrap_or("another address"))));
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
    let told = match encoding(&response) {
        Some(encoding) => format!("the reason is compressed with {encoding}"),
        None => String::from_utf8_lossy(&body).into_owned(),
    };
    let mut trouble = trouble::read_body(status.as_u16(), &told);
    http::read_headers(response.headers(), &mut trouble);
    Cause::said(trouble)
}

/// How the body is compressed, if it is: no request asks for that, but some proxies do it all the same.
fn encoding(response: &Response) -> Option<String> {
    let encoding = plain(response.headers().get(CONTENT_ENCODING)?.to_str().ok()?);
    (!["", "identity"].contains(&encoding.to_ascii_lowercase().as_str())).then_some(encoding)
}

/// Between 0.75 and 1, so that many clients do not come back at the same moment.
fn scatter() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    1.0 - f64::from(now.subsec_nanos() % 1000) / 4000.0
}
