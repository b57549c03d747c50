//! What opens a provider: its key, or the command or the keyring that has it, and what a profile adds to each request. It never prints a key, and gives
//! none to a child process.

use std::fmt;
use std::ops::Range;
use std::process::Stdio;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::process::Command;
use tokio::time::timeout;

use super::trouble::{Cause, plain};
use crate::io::keyring;
use crate::io::terminal::external::split_words;

/// A password manager may ask its user first.
const COMMAND_TIME: Duration = Duration::from_secs(60);
/// A key is no longer than this, in bytes.
const LONGEST: usize = 8 * 1024;

/// The keys by provider name. Copies share what they hold, so that a key that is given while dictum runs is known everywhere.
#[derive(Clone, Default)]
pub struct Keys {
    held: Arc<RwLock<Vec<Held>>>,
    /// One command at a time: two password managers would fight for the terminal.
    asking: Arc<tokio::sync::Mutex<()>>,
}

/// What is held for one provider.
#[derive(Clone, Default)]
struct Held {
    provider: String,
    key: Option<SecretString>,
    /// How the key is had when it is needed.
    locked: Option<Locked>,
    /// Where the key comes from, for messages: a variable, a command, a file.
    source: String,
    headers: Vec<(String, SecretString)>,
    body: Map<String, Value>,
}

/// What a key is behind until it is needed.
#[derive(Clone)]
enum Locked {
    /// The command that prints it.
    Command(String),
    Keyring,
}

impl Keys {
    fn read(&self) -> RwLockReadGuard<'_, Vec<Held>> {
        // A panic elsewhere leaves the list whole.
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Held>> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, provider: &str, change: impl FnOnce(&mut Held)) {
        let mut all = self.write();
        let at = all.iter().position(|held| held.provider == provider).unwrap_or_else(|| {
            all.push(Held { provider: provider.to_string(), ..Held::default() });
            all.len() - 1
        });
        if let Some(held) = all.get_mut(at) {
            change(held);
        }
    }

    fn look<T>(&self, provider: &str, look: impl FnOnce(&Held) -> T) -> Option<T> {
        self.read().iter().find(|held| held.provider == provider).map(look)
    }

    /// Keeps the key of a provider, in place of an earlier one. Blanks around it are dropped, and a blank key is none.
    pub fn insert(&self, provider: &str, key: &str) {
        let key = key.trim();
        self.change(provider, |held| {
            held.key = (!key.is_empty()).then(|| SecretString::from(key.to_string()));
        });
    }

    /// Takes the key of a provider away.
    pub fn forget(&self, provider: &str) {
        self.change(provider, |held| held.key = None);
    }

    /// Keeps the command that prints the key of a provider.
    pub fn insert_command(&self, provider: &str, command: &str) {
        self.change(provider, |held| held.locked = Some(Locked::Command(command.to_string())));
    }

    /// Notes that the key of a provider lies in the system keyring.
    pub fn insert_keyring(&self, provider: &str) {
        self.change(provider, |held| held.locked = Some(Locked::Keyring));
    }

    /// Says where the key of a provider comes from, for messages.
    pub fn comes_from(&self, provider: &str, source: &str) {
        self.change(provider, |held| held.source = source.to_string());
    }

    /// Keeps what is added to each request to a provider.
    pub fn add(&self, provider: &str, headers: &[(String, String)], body: Map<String, Value>) {
        let secret = |(name, value): &(String, String)| (name.clone(), SecretString::from(value.clone()));
        let headers = headers.iter().map(secret).collect();
        self.change(provider, |held| (held.headers, held.body) = (headers, body));
    }

    /// The key of a provider, where it is known by now.
    pub fn get(&self, provider: &str) -> Option<SecretString> {
        self.look(provider, |held| held.key.clone()).flatten()
    }

    /// Whether the provider has a key, or a command for it, or the keyring holds one.
    pub fn has(&self, provider: &str) -> bool {
        self.look(provider, |held| held.key.is_some() || held.locked.is_some()).unwrap_or_default()
    }

    /// Where the key of a provider comes from, in words; empty when nobody said.
    pub fn source(&self, provider: &str) -> String {
        self.look(provider, |held| held.source.clone()).unwrap_or_default()
    }

    /// The key of a provider; its command is run, or the keyring asked, when that was not done before.
    pub async fn unlock(&self, provider: &str) -> Result<Option<SecretString>, Cause> {
        let locked = self.look(provider, |held| match held.key {
            Some(_) => None,
            None => held.locked.clone(),
        });
        let Some(locked) = locked.flatten() else { return Ok(self.get(provider)) };
        let _one = self.asking.lock().await;
        if let Some(key) = self.get(provider) {
            return Ok(Some(key));
        }
        let key = match locked {
            Locked::Command(command) => printed(&command).await.map_err(Cause::KeyCommand)?,
            Locked::Keyring => keyring::read(provider).await.map_err(Cause::Keyring)?.into(),
        };
        self.change(provider, |held| held.key = Some(key.clone()));
        Ok(Some(key))
    }

    /// The headers that are added to each request to a provider.
    pub(super) fn headers(&self, provider: &str, map: &mut HeaderMap) -> Result<(), Cause> {
        let headers = self.look(provider, |held| held.headers.clone()).unwrap_or_default();
        for (name, value) in headers {
            let name = HeaderName::try_from(name.as_str()).map_err(|_| Cause::BadKey)?;
            let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| Cause::BadKey)?;
            value.set_sensitive(true);
            map.insert(name, value);
        }
        Ok(())
    }

    /// Puts what the user's profile says into the body of a request.
    pub(super) fn extend(&self, provider: &str, body: &mut Value) {
        let more = self.look(provider, |held| held.body.clone()).unwrap_or_default();
        merge(body, more);
    }

    /// Where in `text` a key stands. A word such as `none`, which a server on one's own machine is content with, is no secret.
    pub fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        let all = self.read();
        let found =
            |key: &str| text.match_indices(key).map(|(at, key)| at..at + key.len()).collect::<Vec<_>>();
        all.iter().flat_map(Held::secrets).flat_map(found).collect()
    }

    /// How many bytes at the end of `text` may be the beginning of a key.
    pub(super) fn begun_at_the_end(&self, text: &str) -> usize {
        let all = self.read();
        let begun = |key: &str| {
            let longest = key.len().saturating_sub(1).min(text.len());
            (1..=longest)
                .rev()
                .find(|count| text.as_bytes().ends_with(key.as_bytes().get(..*count).unwrap_or_default()))
        };
        // A key is ASCII, so the cut lies between letters.
        let ascii = all.iter().flat_map(Held::secrets).filter(|key| key.is_ascii());
        ascii.filter_map(begun).max().unwrap_or(0)
    }

    /// `text` without any of the keys in it.
    pub fn redact(&self, text: &str) -> String {
        let all = self.read();
        all.iter().flat_map(Held::secrets).fold(text.to_string(), |text, key| text.replace(key, "[key]"))
    }
}

impl Held {
    /// What must be shown nowhere.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        const SHORTEST: usize = 12;
        // Most headers of a profile only say who asks.
        const SPEAKS: &[&str] = &["auth", "key", "token", "secret", "cookie", "password"];
        let telling = |name: &str| SPEAKS.iter().any(|word| name.contains(word));
        let headers = self.headers.iter().filter(move |(name, _)| telling(name)).map(|(_, value)| value);
        let all = self.key.iter().chain(headers).map(ExposeSecret::expose_secret);
        all.map(|key| key.strip_prefix("Bearer ").unwrap_or(key)).filter(|key| key.len() >= SHORTEST)
    }
}

/// Objects are joined field by field, anything else takes the place of what was there.
fn merge(body: &mut Value, more: Map<String, Value>) {
    let Some(fields) = body.as_object_mut() else { return };
    for (name, value) in more {
        match (fields.get_mut(&name), value) {
            // One of another type shares no fields with it.
            (Some(known @ Value::Object(_)), Value::Object(more))
                if more
                    .get("type")
                    .is_none_or(|kind| known.get("type").is_none_or(|known| known == kind)) =>
            {
                merge(known, more);
            }
            (_, value) => {
                fields.insert(name, value);
            }
        }
    }
}

/// The key that a command prints on its first line. It is run without a shell, and what it prints goes nowhere else.
async fn printed(command: &str) -> Result<SecretString, String> {
    let words = split_words(command).ok_or("a quote in it is not closed")?;
    let (program, arguments) = words.split_first().ok_or("it is empty")?;
    let run = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let output = match timeout(COMMAND_TIME, run).await {
        Err(_) => return Err(format!("it did not end within {} s", COMMAND_TIME.as_secs())),
        Ok(Err(error)) => {
            return Err(format!("`{}` cannot be run ({})", plain(program), plain(&error.to_string())));
        }
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = plain(said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default());
        let code = output.status.code().map_or("a signal".to_string(), |code| format!("exit code {code}"));
        let said = if said.is_empty() { said } else { format!(": {said}") };
        return Err(format!("it ended with {code}{said}"));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| "what it printed is not UTF-8")?;
    let key = text.lines().next().unwrap_or_default().trim();
    if key.is_empty() || key.len() > LONGEST {
        return Err("its first line holds no key".to_string());
    }
    Ok(SecretString::from(key.to_string()))
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.read();
        let names: Vec<&str> = all.iter().map(|held| held.provider.as_str()).collect();
        out.debug_struct("Keys").field("of", &names).finish_non_exhaustive()
    }
}
