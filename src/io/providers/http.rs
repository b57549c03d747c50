//! The HTTP clients and the limits of patience. It never follows a redirect, and never sends a local address through a proxy.

use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, redirect};

use super::Facts;
use super::beat::Rest;
use super::quirks::Quirk;
use super::trouble::{Address, Cause, Certificate, Link, Place, Trouble};
use crate::domain::settings::endpoints::host;

/// How long to wait for what. The defaults let a local server load a model and a hosted one think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the first byte of the body, for a hosted server and for one in the private network.
    pub first_byte: Duration,
    pub first_byte_local: Duration,
    /// Between two bytes.
    pub idle: Duration,
    pub idle_local: Duration,
    /// After the model has ended its turn, until the usage is reported.
    pub tail: Duration,
    /// How often a request is tried again.
    pub retries: u32,
    /// The first pause between tries; each later one is twice as long, up to `longest_pause`.
    pub pause: Duration,
    pub longest_pause: Duration,
    /// A server that asks to wait longer than this is not waited for.
    pub longest_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(180),
            first_byte_local: Duration::from_secs(600),
            idle: Duration::from_secs(120),
            idle_local: Duration::from_secs(300),
            tail: Duration::from_secs(5),
            retries: 4,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(8),
            longest_wait: Duration::from_secs(600),
        }
    }
}

/// The clients and what was learned about servers in this session.
#[derive(Debug)]
pub struct Http {
    /// Made on first use, since reading the machine's certificates takes longer than the first frame may.
    open: OnceLock<Result<Client, Cause>>,
    direct: OnceLock<Result<Client, Cause>>,
    /// For plain addresses of this machine and its network, which need no certificate.
    plain: OnceLock<Result<Client, Cause>>,
    limits: Limits,
    rest: Rest,
    /// A file of certificates to be trusted besides the machine's own.
    authorities: Option<PathBuf>,
    learned: Mutex<HashMap<String, Vec<Quirk>>>,
    models: Mutex<HashMap<String, String>>,
    facts: Mutex<HashMap<String, Facts>>,
    windows: Mutex<HashMap<String, u64>>,
}

impl Http {
    /// Makes no client yet.
    pub fn new(limits: Limits) -> Self {
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            open: OnceLock::new(),
            direct: OnceLock::new(),
            plain: OnceLock::new(),
            limits,
            rest: Rest::default(),
            authorities: None,
            learned: Mutex::default(),
            models: Mutex::default(),
            facts: Mutex::default(),
            windows: Mutex::default(),
        }
    }

    /// Trusts the certificates in the file `authorities`, too. It is read with the first client that is made.
    pub fn trusting(mut self, authorities: Option<&Path>) -> Self {
        self.authorities = authorities.map(Path::to_path_buf);
        self
    }

    /// The client for an address. A machine without certificates still reaches plain addresses; the others then say why
    /// not.
    pub fn client(&self, address: &str) -> Result<&Client, Cause> {
        let base = || {
            Client::builder()
                .user_agent(concat!("dictum/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(self.limits.connect)
                .pool_idle_timeout(Duration::from_secs(30))
                .tcp_keepalive(Duration::from_secs(30))
                .redirect(redirect::Policy::none())
        };
        let build = |builder: ClientBuilder| builder.build().map_err(|error| in_building(&error));
        let make = |builder: ClientBuilder| match &self.authorities {
            None => build(builder),
            Some(file) => build(builder.tls_certs_merge(certificates(file)?)),
        };
        let bare = || build(base().no_proxy().tls_certs_only([]));
        let client = match place_of(&host(address)) {
            Place::Local if address.starts_with("http://") => self.plain.get_or_init(bare),
            Place::Local => self.direct.get_or_init(|| make(base().no_proxy()).or_else(|_| bare())),
            Place::Remote => self.open.get_or_init(|| make(base())),
        };
        client.as_ref().map_err(Clone::clone)
    }

    /// Whoever rests while words trickle, from now on.
    pub fn resting(self, rest: Rest) -> Self {
        Self { rest, ..self }
    }

    /// Who rests while words trickle.
    pub fn rest(&self) -> Rest {
        self.rest
    }

    /// The limits that it was set up with.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the server behind `key` (base URL and model) turned out not to take.
    pub fn quirks(&self, key: &str) -> Vec<Quirk> {
        lock(&self.learned).get(key).cloned().unwrap_or_default()
    }

    /// Remembers a quirk for the session; false when it was known, so that another try is of no use.
    pub fn learn(&self, key: &str, quirk: Quirk) -> bool {
        let mut learned = lock(&self.learned);
        let known = learned.entry(key.to_string()).or_default();
        let new = !known.contains(&quirk);
        if new {
            known.push(quirk);
        }
        new
    }

    /// The model that the server at `base` named when it was asked.
    pub fn known_model(&self, base: &str) -> Option<String> {
        lock(&self.models).get(base).cloned()
    }

    /// Remembers the model of the server at `base`.
    pub fn remember_model(&self, base: &str, model: &str) {
        lock(&self.models).insert(base.to_string(), model.to_string());
    }

    /// What the server behind `key` (base URL and model) told about its model.
    pub fn facts(&self, key: &str) -> Option<Facts> {
        lock(&self.facts).get(key).cloned()
    }

    /// Remembers what a server told about its model.
    pub fn remember_facts(&self, key: &str, facts: Facts) {
        lock(&self.facts).insert(key.to_string(), facts);
    }

    /// The window to ask the server behind `key` for, in tokens: what is wanted, or what it was asked for before if that is more. A
    /// server loads its model anew for each other window.
    pub fn widen(&self, key: &str, wanted: u64) -> u64 {
        let mut windows = lock(&self.windows);
        let held = windows.entry(key.to_string()).or_default();
        *held = wanted.max(*held);
        *held
    }
}

/// The certificates in a file of any number of them, as PEM.
fn certificates(file: &Path) -> Result<Vec<reqwest::Certificate>, Cause> {
    let unread = |why: String| {
        let file = super::trouble::plain(&file.display().to_string());
        Cause::Certificate(Certificate::Unread { file, why })
    };
    let pem = std::fs::read(file).map_err(|error| unread(super::trouble::plain(&error.to_string())))?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => Err(unread("it holds no certificate in PEM form".to_string())),
    }
}

/// Why a file of authorities would bring nothing, if so.
pub fn fault_of(file: &Path) -> Option<String> {
    certificates(file).err().map(|cause| cause.in_words())
}

/// What is wrong with the variables that name certificates in place of the machine's own; `None` where there are none.
fn misled() -> Option<String> {
    let fault = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        let what = match (path.is_dir(), path.exists()) {
            (true, _) => "which holds no certificate",
            (false, true) => "which holds no certificate in PEM form",
            (false, false) => "which is not there",
        };
        Some(format!("{name} names {}, {what}", super::trouble::plain(&path.display().to_string())))
    };
    let faults: Vec<String> = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(fault).collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// A panic elsewhere leaves these maps whole, so a poisoned lock is taken all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether `host` is this machine or in a private network.
pub fn place_of(host: &str) -> Place {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let named = ["localhost", "host.docker.internal"].contains(&host.as_str())
        || [".localhost", ".local", ".internal", ".lan"].iter().any(|end| host.ends_with(end));
    let local = named
        || match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => {
                ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
            }
            Ok(IpAddr::V6(ip)) => {
                ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified()
            }
            Err(_) => false,
        };
    if local { Place::Local } else { Place::Remote }
}

/// Every error below `error`, as one text.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text.push_str(": ");
        text.push_str(&error.to_string());
        below = error.source();
    }
    text
}

fn in_building(error: &reqwest::Error) -> Cause {
    let text = chain(error);
    if text.contains("CA certificates") || text.contains("root certificates") {
        Cause::Certificate(misled().map_or(Certificate::NoRoots, Certificate::Misled))
    } else {
        Cause::Link(Link::Broken(super::trouble::plain(&text)))
    }
}

/// What an error before or in the body means.
pub fn in_sending(error: &reqwest::Error) -> Cause {
    let text = chain(error);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if error.is_builder() {
        Cause::Address(Address::Bad("it is no http or https address".to_string()))
    } else if has(&["UnknownIssuer", "SelfSigned", "self-signed", "CaUsedAsEndEntity"]) {
        Cause::Certificate(Certificate::UnknownIssuer)
    } else if has(&["invalid peer certificate", "certificate"]) {
        let detail = text.split("certificate: ").last().unwrap_or_default();
        Cause::Certificate(Certificate::Invalid(super::trouble::plain(detail)))
    } else if error.is_connect() && error.is_timeout() {
        Cause::Link(Link::Timeout)
    } else if has(&["dns error", "failed to lookup"]) {
        Cause::Link(Link::NoSuchHost)
    } else if has(&["Connection refused", "actively refused"]) {
        Cause::Link(Link::Refused)
    } else if has(&["InvalidContentType", "corrupt message"]) {
        Cause::Link(Link::Broken("the server does not speak https".to_string()))
    } else if has(&["tunnel error", "unsuccessful tunnel", "proxy auth", "proxy authorization"]) {
        Cause::Link(Link::Proxy)
    } else if has(&["close_notify", "tls handshake eof"]) {
        Cause::Link(Link::Broken("it was cut off without the end that TLS wants".to_string()))
    } else if has(&["reset by peer", "forcibly closed"]) {
        Cause::Link(Link::Broken("the server reset it".to_string()))
    } else {
        // The innermost error is the plainest; the outer ones repeat the address.
        Cause::Link(Link::Broken(super::trouble::plain(text.rsplit(": ").next().unwrap_or_default())))
    }
}

/// Fills in what the headers of an error say about trying again.
pub fn read_headers(headers: &HeaderMap, trouble: &mut Trouble) {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    trouble.should_retry = match value("x-should-retry") {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) | None => None,
    };
    let millis =
        value("retry-after-ms").and_then(|text| text.parse::<f64>().ok()).map(|millis| millis / 1000.0);
    let asked = value(RETRY_AFTER.as_str());
    let seconds =
        millis.or_else(|| asked.and_then(|text| text.parse().ok())).or_else(|| asked.and_then(until));
    let wait = seconds
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    trouble.wait = wait.or(trouble.wait);
}

/// Seconds from now until an HTTP date.
fn until(date: &str) -> Option<f64> {
    let at = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(at.as_duration().as_secs_f64() - now.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_network_is_told_from_the_world() {
        for host in ["localhost", "127.0.0.1", "[::1]", "10.1.2.3", "192.168.0.4", "box.local", "0.0.0.0"] {
            assert_eq!(place_of(host), Place::Local, "{host}");
        }
        for host in ["api.openai.com", "8.8.8.8", "localhost.example.com", "172.32.0.1"] {
            assert_eq!(place_of(host), Place::Remote, "{host}");
        }
    }

    #[test]
    fn a_wait_is_read_in_every_notation() {
        let check = |name: &'static str, value: &str, expect: Option<f64>| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let mut trouble = Trouble::default();
            read_headers(&headers, &mut trouble);
            assert_eq!(trouble.wait.map(|wait| wait.as_secs_f64()), expect, "{name}: {value}");
        };
        check("retry-after", "7", Some(7.0));
        check("retry-after", "0.25", Some(0.25));
        check("retry-after-ms", "1500", Some(1.5));
        check("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", None);
        check("retry-after", "soon", None);
        check("retry-after", "-3", None);
        assert!(until("Sun, 06 Nov 2089 08:49:37 GMT").is_some_and(|seconds| seconds > 1e9));
    }
}
