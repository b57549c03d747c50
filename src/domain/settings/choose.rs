//! Who is to answer, and who can be asked, as the layers of settings say. It never asks a server and never holds a key.

use super::endpoints::{KNOWN, Known, host, known, normalise, ollama_address, usual_model};
use super::profiles::Profile;
use super::{Choice, KeyState, Layers, Own, Values};
use crate::domain::exchange::{Endpoint, Protocol};

/// Who was chosen.
#[derive(Clone, Copy)]
enum Chosen<'a> {
    Known(&'static Known),
    Profile(&'a Profile),
}

impl Chosen<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Known(known) => known.name,
            Self::Profile(profile) => &profile.name,
        }
    }
}

/// The provider or profile of that name.
fn named<'a>(layers: &'a Layers, name: &str) -> Option<Chosen<'a>> {
    let profile = || {
        layers
            .user
            .profiles
            .iter()
            .find(|profile| profile.name.eq_ignore_ascii_case(name))
            .map(Chosen::Profile)
    };
    known(name).map(Chosen::Known).or_else(profile)
}

/// The provider that the layers choose; `None` when they choose none.
fn provider<'a>(layers: &'a Layers, warnings: &mut Vec<String>) -> Option<Chosen<'a>> {
    let sources = [
        (&layers.flags, "--provider"),
        (&layers.env, "DICTUM_PROVIDER"),
        (&layers.user, "config.toml: provider"),
    ];
    for (at, (values, source)) in sources.iter().enumerate() {
        if let Some(name) = &values.provider {
            let found = named(layers, name);
            if found.is_none() {
                warnings.push(format!("{source}: {name:?} is no provider; there are {}.", names(layers)));
            }
            return found;
        }
        // An address or a model that is named on the same level says who is meant, before lower levels do.
        if let Some(url) = &values.base_url {
            let of_host =
                KNOWN.iter().find(|known| !known.base_url.is_empty() && host(known.base_url) == host(url));
            let of_name = if url.contains("anthropic") { known("anthropic") } else { known("openai") };
            let lower =
                sources.iter().skip(at + 1).find_map(|(values, _)| known(values.provider.as_deref()?));
            let found = of_host.filter(|known| !known.key_env.is_empty()).or(lower).or(of_name);
            return found.map(Chosen::Known);
        }
    }
    by_what_is_there(layers)
}

/// Nobody is named: the provider whose model is, else the first with a key, with an address of its own, or of the user's own.
fn by_what_is_there(layers: &Layers) -> Option<Chosen<'_>> {
    let wanted = [&layers.flags, &layers.env, &layers.user].iter().find_map(|values| values.model.as_deref());
    let by_model = wanted.and_then(|model| match model {
        _ if model.starts_with("claude") => Some("anthropic"),
        _ if model.starts_with("gpt-") => Some("openai"),
        _ if model.starts_with("gemini-") => Some("gemini"),
        _ => None,
    });
    let has_key = |name: &&str| own(layers, name).is_some_and(|own| own.key == KeyState::Present);
    // A server without a key is looked for: its address alone does not say that it runs.
    let hosted = |name: &str| known(name).is_some_and(|known| !known.key_env.is_empty());
    let has_base = |name: &&str| hosted(name) && own(layers, name).is_some_and(|own| own.base_url.is_some());
    let all = || KNOWN.iter().map(|known| known.name);
    let found = by_model.filter(has_key).or_else(|| all().find(has_key)).or_else(|| all().find(has_base));
    let profile = || layers.user.profiles.first().map(Chosen::Profile);
    found.and_then(known).map(Chosen::Known).or_else(profile)
}

fn own<'a>(layers: &'a Layers, name: &str) -> Option<&'a Own> {
    layers.own.iter().find(|own| own.provider == name)
}

pub(super) fn choose(layers: &Layers, warnings: &mut Vec<String>) -> Choice {
    let Some(chosen) = provider(layers, warnings) else { return Choice::Discover };
    if let Chosen::Known(known) = chosen
        && known.protocol == Protocol::Offline
    {
        return Choice::Endpoint(known.endpoint());
    }
    // The file's address and model are meant for the file's provider, not for one that was chosen above it.
    let file = match layers.user.provider.as_deref() {
        Some(name) if name != chosen.name() => Values::default(),
        Some(_) | None => layers.user.clone(),
    };
    let named = [layers.flags.model.clone(), layers.env.model.clone()].into_iter().flatten().next();
    match chosen {
        Chosen::Profile(profile) => {
            let mut endpoint = profile.endpoint();
            // An address of the command line is for this one run.
            if let Some(url) = &layers.flags.base_url {
                match normalise(endpoint.protocol, url) {
                    Ok(url) => endpoint.base_url = url,
                    Err(cause) => warnings.push(format!("--base-url: not used, because {cause}.")),
                }
            }
            let of_file = file.model.filter(|_| layers.user.provider.is_some());
            if let Some(model) = named.or(of_file) {
                endpoint.model = model;
            }
            Choice::Endpoint(endpoint)
        }
        Chosen::Known(known) => {
            let mut endpoint = address(known, layers, &file, warnings);
            let own = own(layers, known.name).and_then(|own| own.model.clone());
            endpoint.model = match named.or(own).or(file.model) {
                Some(model) => model,
                None => usual_model(&endpoint),
            };
            Choice::Endpoint(endpoint)
        }
    }
}

/// The endpoint of a provider, at the address that the layers give it.
fn address(known: &Known, layers: &Layers, file: &Values, warnings: &mut Vec<String>) -> Endpoint {
    let mut endpoint = known.endpoint();
    let spoken = layers.env.protocol.or(file.protocol);
    let bases = [
        ("--base-url", layers.flags.base_url.clone()),
        ("DICTUM_BASE_URL", layers.env.base_url.clone()),
        (known.base_env, own_base(known, layers)),
        ("config.toml: base_url", file.base_url.clone()),
        ("", Some(known.base_url.to_string())),
    ];
    for (source, base) in bases {
        let Some(base) = base else { continue };
        endpoint.protocol = spoken.unwrap_or_else(|| known.protocol_at(&base));
        match normalise(endpoint.protocol, &base) {
            Ok(url) => {
                endpoint.base_url = url;
                break;
            }
            Err(cause) => warnings.push(format!("{source}: not used, because {cause}.")),
        }
    }
    endpoint
}

/// The address that the provider's own variable gives.
fn own_base(known: &Known, layers: &Layers) -> Option<String> {
    let base = own(layers, known.name).and_then(|own| own.base_url.clone());
    if known.name == "ollama" { base.map(|url| ollama_address(&url)) } else { base }
}

/// Who can be asked: the chosen one, every provider with a key, the servers that may be on this machine, and the profiles.
pub(super) fn roster(layers: &Layers) -> Vec<Endpoint> {
    // What is wrong was said while it was chosen.
    let chosen = match choose(layers, &mut Vec::new()) {
        Choice::Endpoint(endpoint) => {
            Some(endpoint).filter(|endpoint| endpoint.protocol != Protocol::Offline)
        }
        Choice::Discover => None,
    };
    let is_chosen = |name: &str| chosen.as_ref().is_some_and(|endpoint| endpoint.provider == name);
    let here = |known: &&Known| {
        let keyed = own(layers, known.name).is_some_and(|own| own.key == KeyState::Present);
        let local = known.key_env.is_empty() && known.protocol != Protocol::Offline;
        (keyed || local) && !is_chosen(known.name)
    };
    // The address on the command line and in the file is the chosen one's alone.
    let elsewhere = |known: &Known| {
        let url = own_base(known, layers).unwrap_or_else(|| known.base_url.to_string());
        let mut endpoint = known.endpoint();
        endpoint.protocol = known.protocol_at(&url);
        endpoint.base_url = normalise(endpoint.protocol, &url).unwrap_or_else(|_| known.base_url.to_string());
        let named = own(layers, known.name).and_then(|own| own.model.clone());
        endpoint.model = named.unwrap_or_else(|| usual_model(&endpoint));
        endpoint
    };
    let profiles = layers.user.profiles.iter().filter(|profile| !is_chosen(&profile.name));
    let others: Vec<Endpoint> = KNOWN.iter().filter(here).map(elsewhere).collect();
    chosen.clone().into_iter().chain(profiles.map(Profile::endpoint)).chain(others).collect()
}

fn names(layers: &Layers) -> String {
    let profiles = layers.user.profiles.iter().map(|profile| profile.name.as_str());
    profiles.chain(KNOWN.iter().map(|known| known.name)).collect::<Vec<_>>().join(", ")
}
