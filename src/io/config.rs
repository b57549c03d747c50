//! Reads settings from flags, environment and `config.toml`. It never logs a key.

pub mod edit;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::domain::exchange::Protocol;
use crate::domain::settings::endpoints::{KNOWN, Known, host, known, shown};
use crate::domain::settings::profiles::Profile;
use crate::domain::settings::project::{self, Taken, Trust};
use crate::domain::settings::{self, Choice, KeyState, KeyStore, Layers, Own, Scope, Settings, Values};
use crate::io::files::{self, Content, ReadError};
use crate::io::keyfile::Stored;
use crate::io::providers::Keys;
use crate::io::providers::http::{fault_of, place_of};
use crate::io::providers::trouble::Place;
use crate::io::{keyfile, keyring};

/// No settings file is larger, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Where Node.js looks for further authorities; a company that sets it means it for all its tools.
const EXTRA_CA: &str = "NODE_EXTRA_CA_CERTS";

/// Settings in force, with what they come from.
#[derive(Debug)]
pub struct Loaded {
    pub settings: Settings,
    pub keys: Keys,
    /// What was wrong, one sentence each, naming file and key.
    pub warnings: Vec<String>,
    /// The user's own file, whether or not it is there; `None` when there is no home folder.
    pub path: Option<PathBuf>,
    /// What each place says.
    pub layers: Layers,
    /// Why a file could not be read at all, so that nothing of it counts.
    pub broken: Option<String>,
    /// Where pasted keys are kept, whether or not the file is there; `None` when there is no home folder.
    pub key_file: Option<PathBuf>,
}

/// The project's settings file, whether or not it is there.
pub fn project_file(project: &Path) -> PathBuf {
    project.join(".dictum").join("config.toml")
}

/// The user's settings file, whether or not it is there; `None` when there is no home folder.
pub fn user_file(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    config_home(env).map(|folder| folder.join("dictum").join("config.toml"))
}

/// Reads everything for `project`; `flags` are the values of the command line.
pub fn load(flags: &Values, project: &Path) -> Loaded {
    load_with(flags, project, &|name| std::env::var(name).ok())
}

/// As [`load`], with another environment.
pub fn load_with(flags: &Values, project: &Path, env: &dyn Fn(&str) -> Option<String>) -> Loaded {
    let env = |name: &str| env(name).map(|value| value.trim().to_string()).filter(|value| !value.is_empty());
    let mut warnings = Vec::new();
    let path = user_file(&env);
    let key_file = path.as_deref().map(|path| path.with_file_name(keyfile::NAME));
    let (stored, why) = key_file.as_deref().map(keyfile::read).unwrap_or_default();
    warnings.extend(why);
    let stored = readable(stored, &mut warnings);
    let mut broken = None;
    let mut file = |path: &Path, scope: Scope| match read(path, scope) {
        Ok((values, more)) => {
            warnings.extend(more);
            values
        }
        Err(why) => {
            warnings.push(why.clone());
            broken.get_or_insert(why);
            Values::default()
        }
    };
    let user = path.as_deref().map(|path| file(path, Scope::User)).unwrap_or_default();
    let of_project = file(&project_file(project), Scope::Project);
    let layers = Layers {
        project: of_project,
        env: Values {
            provider: env("DICTUM_PROVIDER").map(|name| name.to_ascii_lowercase()),
            model: env("DICTUM_MODEL"),
            base_url: env("DICTUM_BASE_URL"),
            protocol: protocol(&env, &mut warnings),
            persona: env("DICTUM_PERSONA"),
            theme: env("DICTUM_THEME"),
            taken: Taken { trust: trust(&env, &mut warnings), ..Taken::default() },
            ..Values::default()
        },
        own: KNOWN.iter().map(|known| own(known, &stored, &env)).collect(),
        flags: flags.clone(),
        user,
    };
    let (mut settings, more) = settings::merge(&layers);
    warnings.extend(more);
    settings.ca_file = settings
        .ca_file
        .map(|file| resolved(&file, path.as_deref(), &env))
        .or_else(|| extra(&env, &mut warnings));
    if settings.key_store == KeyStore::Keyring && !keyring::IS_BUILT_IN {
        settings.key_store = KeyStore::File;
        warnings.push(format!(
            "config.toml: key_store: this dictum was built without the system keyring, so /login keeps keys in {}; {} to use it, or \
             set key_store = \"file\".",
            keyfile::NAME,
            keyring::HOW_BUILT
        ));
    }
    let keys = keys(&layers, &settings, stored, &env, &mut warnings);
    warn_of_plain_http(&settings, &keys, &mut warnings);
    Loaded { settings, keys, warnings, path, layers, broken, key_file }
}

/// The folder of all settings: `$XDG_CONFIG_HOME`, else `~/.config`.
pub fn config_home(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let xdg = env("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env("HOME").or_else(|| env("USERPROFILE")).map(|home| Path::new(&home).join(".config"));
    xdg.or_else(home)
}

/// The file that [`EXTRA_CA`] names. One that brings nothing is left out with a warning, as Node.js does.
fn extra(env: &dyn Fn(&str) -> Option<String>, warnings: &mut Vec<String>) -> Option<String> {
    let file = env(EXTRA_CA)?;
    let Some(why) = fault_of(Path::new(&file)) else { return Some(file) };
    warnings.push(format!("{EXTRA_CA} is left out: {why}."));
    None
}

/// A path of the settings file: `~` is the home folder, and what is relative lies beside the file.
fn resolved(file: &str, settings: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> String {
    let home = || env("HOME").or_else(|| env("USERPROFILE"));
    let path = match (file.strip_prefix("~/"), settings.and_then(Path::parent)) {
        (Some(below), _) if home().is_some() => Path::new(&home().unwrap_or_default()).join(below),
        (_, Some(folder)) => folder.join(file),
        (_, None) => PathBuf::from(file),
    };
    path.display().to_string()
}

/// `DICTUM_PROTOCOL`, if it names one.
fn protocol(env: &dyn Fn(&str) -> Option<String>, warnings: &mut Vec<String>) -> Option<Protocol> {
    let name = env("DICTUM_PROTOCOL")?;
    let found = Protocol::named(&name);
    if found.is_none() {
        warnings.push(format!("DICTUM_PROTOCOL: {name:?} is not used, because there is no such protocol."));
    }
    found
}

/// `DICTUM_TRUST`, if it says something.
fn trust(env: &dyn Fn(&str) -> Option<String>, warnings: &mut Vec<String>) -> Option<Trust> {
    let read = project::trust(&env("DICTUM_TRUST")?);
    if let Err(cause) = &read {
        warnings.push(format!("DICTUM_TRUST: not used, because {cause}."));
    }
    read.ok()
}

/// The keys that this dictum can get at; of another, whose it is and what to do is told.
fn readable(mut stored: Vec<(String, Stored)>, warnings: &mut Vec<String>) -> Vec<(String, Stored)> {
    let away = |(_, stored): &(String, Stored)| *stored == Stored::InKeyring && !keyring::IS_BUILT_IN;
    for (provider, _) in stored.iter().filter(|one| away(one)) {
        warnings.push(format!(
            "{}: the key for {provider} lies in the system keyring, which this dictum was built without; {}, or give the key again with \
             /login.",
            keyfile::NAME,
            keyring::HOW_BUILT
        ));
    }
    stored.retain(|one| !away(one));
    stored
}

fn own(known: &Known, stored: &[(String, Stored)], env: &dyn Fn(&str) -> Option<String>) -> Own {
    let read = |name: &str| if name.is_empty() { None } else { env(name) };
    let key = read(known.key_env).or_else(|| read(known.other_key_env));
    let kept = stored.iter().any(|(provider, _)| provider == known.name);
    let key = if key.is_some() || kept { KeyState::Present } else { KeyState::Absent };
    Own { provider: known.name, key, base_url: read(known.base_env), model: read(known.model_env) }
}

/// The values of a file, with what is wrong in it; the reason where nothing of it can be read.
fn read(path: &Path, scope: Scope) -> Result<(Values, Vec<String>), String> {
    let name = path.display().to_string();
    let bytes = match files::read_bounded(path, LARGEST) {
        Ok(Content::Whole(bytes)) => bytes,
        Ok(Content::TooLarge(_)) => {
            return Err(format!("{name}: not read, because it is larger than 1 MiB."));
        }
        Err(ReadError::Io(error))
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
        {
            return Ok((Values::default(), Vec::new()));
        }
        Err(error) => return Err(format!("{name}: not read, because {error}.")),
    };
    let text = String::from_utf8(bytes).map_err(|_| format!("{name}: not read, because it is not UTF-8."))?;
    let (values, mut warnings) = settings::read(&name, &text, scope)?;
    if values.api_key.is_some() && files::others_can_read(path) {
        warnings.push(format!(
            "{name}: api_key: other users of this machine can read it; run `chmod 600` on the file."
        ));
    }
    Ok((values, warnings))
}

/// The keys of all providers that have one. The user's file speaks for its own provider, else for the chosen one.
fn keys(
    layers: &Layers,
    settings: &Settings,
    stored: Vec<(String, Stored)>,
    env: &dyn Fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) -> Keys {
    let keys = Keys::default();
    for (provider, key) in stored {
        match key {
            Stored::Here(key) => {
                keys.insert(&provider, key.expose());
                keys.comes_from(&provider, keyfile::NAME);
            }
            Stored::InKeyring => {
                keys.insert_keyring(&provider);
                keys.comes_from(&provider, keyring::NAME);
            }
        }
    }
    let chosen = match &settings.choice {
        Choice::Endpoint(endpoint) => known(&endpoint.provider),
        Choice::Discover => None,
    };
    let of_file = layers.user.provider.as_deref().map_or(chosen, known);
    for known in KNOWN {
        let read = |name: &str| if name.is_empty() { None } else { env(name) };
        let standard = read(known.key_env).or_else(|| read(known.other_key_env));
        let file = if of_file == Some(known) { layers.user.clone() } else { Values::default() };
        let named = file.api_key_env.as_deref().and_then(|name| {
            let key = env(name);
            if key.is_none() {
                warnings.push(format!("config.toml: api_key_env: the variable {name} is not set."));
            }
            key.map(|key| (key, name.to_string()))
        });
        let standard = standard.map(|key| (key, known.key_env.to_string()));
        let found = match named.or(standard) {
            Some(found) => Some(found),
            None if file.key_command.is_some() => None,
            None => file.api_key.map(|key| (key, "api_key in config.toml".to_string())),
        };
        match (found, file.key_command) {
            (Some((key, source)), _) => {
                keys.insert(known.name, &key);
                keys.comes_from(known.name, &source);
            }
            (None, Some(command)) => by_command(&keys, known.name, &command),
            (None, None) => {}
        }
    }
    for profile in &settings.profiles {
        access(profile, &keys, env, warnings);
    }
    keys
}

/// A command that is set stands before a key that was pasted.
fn by_command(keys: &Keys, provider: &str, command: &str) {
    keys.forget(provider);
    keys.insert_command(provider, command);
    keys.comes_from(provider, "key_command in config.toml");
}

/// What a profile says about its key and its requests.
fn access(profile: &Profile, keys: &Keys, env: &dyn Fn(&str) -> Option<String>, warnings: &mut Vec<String>) {
    let name = &profile.name;
    let from_env = Some(&profile.key_env).filter(|variable| !variable.is_empty());
    match from_env.map(|variable| (variable, env(variable))) {
        Some((variable, Some(key))) => {
            keys.insert(name, &key);
            keys.comes_from(name, variable);
        }
        Some((variable, None)) if profile.key_command.is_empty() => {
            warnings
                .push(format!("config.toml: profiles.{name}.key_env: the variable {variable} is not set."));
            keys.comes_from(name, variable);
        }
        Some(_) | None if !profile.key_command.is_empty() => by_command(keys, name, &profile.key_command),
        Some(_) | None => {}
    }
    let mut headers = Vec::new();
    for (header, value) in &profile.headers {
        match value.strip_prefix('$').map(|variable| (variable, env(variable))) {
            None => headers.push((header.clone(), value.clone())),
            Some((_, Some(value))) => headers.push((header.clone(), value)),
            Some((variable, None)) => warnings.push(format!(
                "config.toml: profiles.{name}.headers.{header}: the variable {variable} is not set."
            )),
        }
    }
    let body = match serde_json::to_value(&profile.body) {
        Ok(serde_json::Value::Object(fields)) => fields,
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    keys.add(name, &headers, body);
}

fn warn_of_plain_http(settings: &Settings, keys: &Keys, warnings: &mut Vec<String>) {
    let Choice::Endpoint(endpoint) = &settings.choice else { return };
    let open =
        endpoint.base_url.starts_with("http://") && place_of(&host(&endpoint.base_url)) == Place::Remote;
    if open && keys.has(&endpoint.provider) {
        let address = shown(&endpoint.base_url);
        warnings.push(format!("base_url: {address} is not https, so the key travels in the open."));
    }
}
