//! Failures in the user's words: what happened, and what to do next. It never shows raw JSON and never a key.

use std::time::Duration;

use super::trouble::{Address, Cause, Certificate, Link, Place, Target, Trouble};
use crate::domain::exchange::{Failure, FailureKind};

impl Cause {
    /// The failure in the user's words.
    pub fn explain(&self, target: &Target) -> Failure {
        let (provider, url) = (&target.provider, &target.url);
        let (what, next) = match self {
            Self::Said(trouble) => return said(trouble, target),
            Self::Overflow(trouble) => return overflow(trouble, target),
            Self::Address(fault) => return wrong_address(fault, target),
            Self::Certificate(fault) => return untrusted(fault, target),
            Self::Link(fault) => return no_link(fault, target),
            Self::Silent(limit) => (
                format!("{provider} took the request and then said nothing for {}.", span(*limit)),
                "Send again, or choose a faster model.".to_string(),
            ),
            Self::Stalled(limit) => (
                format!(
                    "{provider} stopped in the middle of the reply and said nothing for {}.",
                    span(*limit)
                ),
                "What came so far is kept: ask the model to continue, or send again.".to_string(),
            ),
            Self::Empty => (
                format!("{provider} answered without a single word (model `{}`).", target.model),
                "Send again, or choose another model with `--model`.".to_string(),
            ),
            Self::OnlyThinking => (
                format!("The model `{}` thought but gave no answer.", target.model),
                "Send again, or raise `max_tokens` in config.toml.".to_string(),
            ),
            Self::NoKey => (
                format!("There is no key for {provider}."),
                format!("Paste it with /login, or set {} in the environment.", target.key_env),
            ),
            Self::BadKey => (
                format!("The key for {provider} holds characters that no key has."),
                format!("Check {} for line breaks or quotes.", target.key_env),
            ),
            Self::KeyCommand(why) => (
                format!("The key_command for {provider} gave no key: {why}."),
                "Run it in a shell to see; it must print the key on its first line.".to_string(),
            ),
            Self::Keyring(why) => (
                format!("The system keyring gave no key for {provider}: {why}."),
                "Unlock or start it and send again, or give the key anew with /login.".to_string(),
            ),
            Self::NoModel(detail) => (
                format!("No model is set, and {url} did not name one{}.", after_colon(detail)),
                "Name one with `--model NAME`, or `model = \"NAME\"` in config.toml.".to_string(),
            ),
            Self::NoPictures => (
                format!("The model {} takes no pictures, so nothing was sent.", target.model),
                "Choose one that does with /model, or send the message without the picture.".to_string(),
            ),
            Self::NotHere => (
                format!("{provider} is not reached over the network."),
                "Choose another provider with `--provider`.".to_string(),
            ),
        };
        Failure::new(what, next)
    }
}

fn no_link(fault: &Link, target: &Target) -> Failure {
    let (provider, url) = (&target.provider, &target.url);
    let (what, next) = match fault {
        Link::Refused => (
            format!("{provider} refused the connection to {url}: nothing listens there."),
            match target.place {
                Place::Local => "Is the server running? Start it and send again.".to_string(),
                Place::Remote => "Check the host and port of the base URL, and of the proxy if HTTPS_PROXY names one, then send again."
                    .to_string(),
            },
        ),
        Link::NoSuchHost => (
            format!("The host of {url} was not found."),
            "Check the network and the base URL, then send again.".to_string(),
        ),
        Link::Timeout => (
            format!("{provider} did not take the connection to {url} in time."),
            "Check the network, a proxy or a firewall, then send again.".to_string(),
        ),
        Link::Proxy => (
            format!("The proxy does not let the connection to {url} through."),
            "Check HTTPS_PROXY in the environment, with user and password if it wants them; NO_PROXY names hosts that need none."
                .to_string(),
        ),
        Link::Broken(detail) => (
            format!("The connection to {provider} broke before the reply came{}.", after_colon(detail)),
            "Send again; if it stays so, check the network or the server's log.".to_string(),
        ),
    };
    Failure::new(what, next)
}

fn wrong_address(fault: &Address, target: &Target) -> Failure {
    let (provider, url) = (&target.provider, &target.url);
    let what = match fault {
        Address::WebPage(title) if title.is_empty() => {
            format!("{url} answered with a web page, not with a reply.")
        }
        Address::WebPage(title) => {
            format!("{url} answered with a web page (\"{title}\"), not with a reply.")
        }
        Address::Redirect(location) => {
            format!("{url} sends requests on to {location}, which dictum does not follow.")
        }
        Address::NotUnderstood => {
            format!("{provider} answered at {url} in a form that dictum does not know.")
        }
        Address::Encoded(encoding) => {
            format!("{provider} answered at {url} compressed with {encoding}, which dictum did not ask for.")
        }
        Address::Bad(detail) => format!("The address {url} cannot be used{}.", after_colon(detail)),
    };
    let next = "Check `base_url` in config.toml or `--base-url`; a login page or a proxy may be in between.";
    Failure::new(what, next)
}

/// What to do about variables that name no certificates.
pub const MISLED: &str = "Unset it to trust this machine's own certificates, or name a bundle in PEM form.";

fn untrusted(fault: &Certificate, target: &Target) -> Failure {
    let url = &target.url;
    let (what, next) = match fault {
        Certificate::NoRoots => (
            "This machine has no certificate store, so no https address can be trusted.".to_string(),
            "Install the package `ca-certificates`, or set SSL_CERT_FILE to a bundle.",
        ),
        Certificate::Misled(why) => {
            (format!("No certificate could be read, so no https address can be trusted: {why}."), MISLED)
        }
        Certificate::Invalid(detail) => (
            format!("The certificate of {url} is not valid{}.", after_colon(detail)),
            "Check the host name and this machine's clock.",
        ),
        Certificate::UnknownIssuer => (
            format!("The certificate of {url} was signed by an authority that this machine does not know."),
            "Behind a company proxy, name a file with its authority as `ca_file` in config.toml, or in SSL_CERT_FILE.",
        ),
        Certificate::Unread { file, why } => (
            format!("The certificates in {file} cannot be read{}.", after_colon(why)),
            "Check `ca_file` in config.toml, or NODE_EXTRA_CA_CERTS in the environment.",
        ),
    };
    Failure::new(what, next)
}

/// The conversation is too long; the app can offer to send less of it.
fn overflow(trouble: &Trouble, target: &Target) -> Failure {
    let Target { provider, model, .. } = target;
    let (what, next) = match trouble.status {
        Some(413) => (
            format!("The request is larger than {provider} takes (413)."),
            "Start afresh with `/clear`; KB.md and persona stay.",
        ),
        Some(429) => (
            format!(
                "The request is larger than your account at {provider} may send in a minute (429){}.",
                after_colon(&first_sentence(&trouble.message))
            ),
            "Start afresh with `/clear` (KB.md and persona stay), or choose a model with a higher limit.",
        ),
        Some(_) | None => (
            format!("The conversation is longer than `{model}` can take."),
            "Start afresh with `/clear` (KB.md and persona stay), or choose a model with more room.",
        ),
    };
    Failure { kind: FailureKind::Overflow, ..Failure::new(what, next) }
}

/// An error that the server reported.
fn said(trouble: &Trouble, target: &Target) -> Failure {
    let Target { provider, url, .. } = target;
    let message = after_colon(&first_sentence(&trouble.message));
    let (what, next) = if trouble.quota() {
        (
            format!("The account at {provider} has no credit or quota left."),
            "Check plan and billing there, or choose another provider.",
        )
    } else {
        match trouble.status {
            Some(status @ (401 | 403 | 404)) => return denied(status, trouble, target),
            Some(407) => return no_link(&Link::Proxy, target),
            Some(408) => (
                format!("{provider} gave up waiting for the request (408){message}."),
                "Send again; if it stays so, check the network.",
            ),
            Some(429) => {
                let what = format!("{provider} limits how often you may ask (429){message}.");
                let wait = trouble.wait.map_or("a little".to_string(), span);
                return Failure::new(what, format!("Wait {wait}, then send again."));
            }
            Some(status @ (503 | 529)) => (
                format!("{provider} is overloaded ({status}){message}."),
                "Wait a minute and send again, or choose another model.",
            ),
            Some(status) if status >= 500 => (
                format!("{provider} failed on its side ({status}){message}."),
                "Send again; if it stays so, look at the provider's status page or the server's log.",
            ),
            Some(status) => (
                format!("{provider} did not accept the request ({status} at {url}){message}."),
                "Choose another model, or start afresh with `/clear` if the history is to blame.",
            ),
            None => (
                format!("{provider} broke off with an error{message}."),
                "Send again; if it stays so, choose another model.",
            ),
        }
    };
    Failure::new(what, next)
}

/// 401, 403 and 404: the key or the address is wrong.
fn denied(status: u16, trouble: &Trouble, target: &Target) -> Failure {
    let Target { provider, url, path, model, key_env, .. } = target;
    let message = after_colon(&first_sentence(&trouble.message));
    let (what, next) = match status {
        401 => (
            format!("{provider} did not accept the key (401 at {url})."),
            format!("Check {key_env}, or paste another one with /login."),
        ),
        403 => (
            format!("{provider} does not allow this (403 at {url}){message}."),
            format!("Check that the key in {key_env} may use the model `{model}`."),
        ),
        _ if trouble.says(&["model"]) => (
            format!("{provider} does not know the model `{model}` (404 at {url})."),
            match provider.as_str() {
                "ollama" => format!(
                    "Run `ollama pull {model}`, or choose one that it has, with `--model` or `model` in config.toml."
                ),
                _ => "Choose one that it has, with `--model` or `model` in config.toml.".to_string(),
            },
        ),
        _ => (
            format!("{provider} has nothing at {url} (404)."),
            format!("Check the base URL: it must be the part before `{path}`."),
        ),
    };
    Failure::new(what, next)
}

/// `: detail`, or nothing; without a full stop of its own.
fn after_colon(detail: &str) -> String {
    let detail = detail.trim().trim_end_matches('.');
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

/// A duration as one says it.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil();
    match seconds {
        _ if seconds < 120.0 => format!("{seconds} s"),
        _ if seconds < 7200.0 => format!("{} min", (seconds / 60.0).ceil()),
        _ => format!("{} h", (seconds / 3600.0).ceil()),
    }
}

fn first_sentence(message: &str) -> String {
    let end = message.find(". ").unwrap_or(message.len());
    message.get(..end).unwrap_or_default().to_string()
}
