//! Reads settings from flags, environment and `config.toml`. It never logs a key.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::domain::exchange::Protocol;
use crate::domain::settings::endpoints::{KNOWN, Known, host, known};
use crate::domain::settings::project::{self, Taken, Trust};
use crate::domain::settings::{self, Choice, KeyState, Layers, Own, Scope, Settings, Values};
use crate::io::providers::Keys;
use crate::io::providers::http::place_of;
use crate::io::providers::trouble::Place;

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
}

/// Reads everything for `project`; `flags` are the values of the command line.
pub fn load(flags: &Values, project: &Path) -> Loaded {
    load_with(flags, project, &|name| std::env::var(name).ok())
}

/// As [`load`], with another environment.
pub fn load_with(flags: &Values, project: &Path, env: &dyn Fn(&str) -> Option<String>) -> Loaded {
    let env = |name: &str| env(name).map(|value| value.trim().to_string()).filter(|value| !value.is_empty());
    let mut warnings = Vec::new();
    let path = config_home(&env).map(|folder| folder.join("dictum").join("config.toml"));
    let user = path.as_deref().map(|path| read(path, Scope::User, &mut warnings)).unwrap_or_default();
    let project_file = project.join(".dictum").join("config.toml");
    let layers = Layers {
        project: read(&project_file, Scope::Project, &mut warnings),
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
        own: KNOWN.iter().map(|known| own(known, &env)).collect(),
        flags: flags.clone(),
        user,
    };
    let (mut settings, more) = settings::merge(&layers);
    warnings.extend(more);
    settings.ca_file =
        settings.ca_file.map(|file| resolved(&file, path.as_deref(), &env)).or_else(|| env(EXTRA_CA));
    let keys = keys(&layers, &settings, &env, &mut warnings);
    warn_of_plain_http(&settings, &keys, &mut warnings);
    Loaded { settings, keys, warnings, path }
}

/// The folder of all settings: `$XDG_CONFIG_HOME`, else `~/.config`.
pub fn config_home(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let xdg = env("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env("HOME").or_else(|| env("USERPROFILE")).map(|home| Path::new(&home).join(".config"));
    xdg.or_else(home)
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

fn own(known: &Known, env: &dyn Fn(&str) -> Option<String>) -> Own {
    let read = |name: &str| if name.is_empty() { None } else { env(name) };
    let key = read(known.key_env).or_else(|| read(known.other_key_env));
    let key = if key.is_some() { KeyState::Present } else { KeyState::Absent };
    Own { provider: known.name, key, base_url: read(known.base_env), model: read(known.model_env) }
}

fn read(path: &Path, scope: Scope, warnings: &mut Vec<String>) -> Values {
    let name = path.display().to_string();
    let bytes = File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Values::default();
        }
        Err(error) => {
            warnings.push(format!("{name}: not read, because {error}."));
            return Values::default();
        }
    };
    if bytes.len() as u64 > LARGEST {
        warnings.push(format!("{name}: not read, because it is larger than 1 MiB."));
        return Values::default();
    }
    let Ok(text) = String::from_utf8(bytes) else {
        warnings.push(format!("{name}: not read, because it is not UTF-8."));
        return Values::default();
    };
    let (values, more) = settings::parse(&name, &text, scope);
    warnings.extend(more);
    if values.api_key.is_some() && others_can_read(path) {
        warnings.push(format!(
            "{name}: api_key: other users of this machine can read it; run `chmod 600` on the file."
        ));
    }
    values
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(path: &Path) -> bool {
    // Elsewhere a home folder is private by its own rules.
    let _ = fs::metadata(path);
    false
}

/// The keys of all providers that have one. The user's file speaks for its own provider, else for the chosen one.
fn keys(
    layers: &Layers,
    settings: &Settings,
    env: &dyn Fn(&str) -> Option<String>,
    warnings: &mut Vec<String>,
) -> Keys {
    let mut keys = Keys::default();
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
            key
        });
        if let Some(key) = named.or(standard).or(file.api_key) {
            keys.insert(known.name, &key);
        }
    }
    keys
}

fn warn_of_plain_http(settings: &Settings, keys: &Keys, warnings: &mut Vec<String>) {
    let Choice::Endpoint(endpoint) = &settings.choice else { return };
    let open =
        endpoint.base_url.starts_with("http://") && place_of(&host(&endpoint.base_url)) == Place::Remote;
    if open && keys.get(&endpoint.provider).is_some() {
        warnings
            .push(format!("base_url: {} is not https, so the key travels in the open.", endpoint.base_url));
    }
}
