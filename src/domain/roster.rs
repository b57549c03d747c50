//! Who can answer, and what each was found to have: the providers with a key, the servers of this machine, the user's profiles. It asks nobody
//! and holds no key.

use super::exchange::{Endpoint, Protocol};
use super::models::{Models, Price};
use super::settings::endpoints::known;
use crate::base::near;

/// A model as its provider lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    pub id: String,
    /// The most that it can read, in tokens, where the provider says so.
    pub context: Option<u64>,
    /// What it costs, where the provider says so.
    pub price: Price,
}

/// What asking a provider for its models brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Found {
    #[default]
    NotAsked,
    Asked,
    Has(Vec<Listed>),
    /// Why not, in a few words and in a sentence, and what to do.
    Fails {
        brief: String,
        what: String,
        next: String,
    },
}

/// How a provider is told in brief that does not accept its key.
pub const REFUSED: &str = "refuses the key";

/// One who can answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// With the model that is taken where none is named.
    pub endpoint: Endpoint,
    pub found: Found,
}

impl Seat {
    /// Whether it is a server that may or may not run on this machine, of which nobody spoke.
    pub fn is_perhaps_here(&self) -> bool {
        known(&self.endpoint.provider).is_some_and(|known| known.key_env.is_empty())
    }

    /// The models that it is known to have, also before it was asked.
    pub fn models(&self) -> Vec<Listed> {
        match &self.found {
            Found::Has(models) if !models.is_empty() => models.clone(),
            Found::Has(_) | Found::NotAsked | Found::Asked | Found::Fails { .. } => {
                let bare = |id: &String| Listed { id: id.clone(), ..Listed::default() };
                self.endpoint.models.iter().map(bare).collect()
            }
        }
    }

    /// Its endpoint with this model.
    pub fn with(&self, model: &str) -> Endpoint {
        let models = self.models().into_iter().map(|listed| listed.id).collect();
        Endpoint { model: model.to_string(), models, ..self.endpoint.clone() }
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roster {
    seats: Vec<Seat>,
}

/// What a name of a model means.
#[derive(Clone, Debug, PartialEq)]
pub enum Meant {
    /// This one.
    Model(Endpoint),
    /// Not known yet: somebody has not answered.
    Later,
    /// Nobody has it; the nearest that somebody has, as `PROVIDER/NAME`.
    Unknown(Option<String>),
}

impl Roster {
    /// Nobody was asked yet.
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        let mut roster = Self::default();
        endpoints.into_iter().for_each(|endpoint| roster.seat(endpoint));
        roster
    }

    /// All seats.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The seat of a provider.
    pub fn of(&self, provider: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.endpoint.provider == provider)
    }

    /// Gives an endpoint a seat, if there is none of that provider at that address.
    pub fn seat(&mut self, endpoint: Endpoint) {
        if endpoint.protocol == Protocol::Offline {
            return;
        }
        match self.seats.iter_mut().find(|seat| seat.endpoint.provider == endpoint.provider) {
            Some(seat) if seat.endpoint.base_url == endpoint.base_url => {}
            Some(seat) => *seat = Seat { endpoint, found: Found::NotAsked },
            None => self.seats.push(Seat { endpoint, found: Found::NotAsked }),
        }
    }

    /// Takes what a provider answered.
    pub fn take(&mut self, provider: &str, found: Found) {
        for seat in self.seats.iter_mut().filter(|seat| seat.endpoint.provider == provider) {
            seat.found = found.clone();
        }
    }

    /// Everybody is to be asked; gives whom.
    pub fn ask_all(&mut self) -> Vec<Endpoint> {
        for seat in &mut self.seats {
            // What was found stays in sight until there is a new answer.
            if !matches!(seat.found, Found::Has(_)) {
                seat.found = Found::Asked;
            }
        }
        self.seats.iter().map(|seat| seat.endpoint.clone()).collect()
    }

    /// Whether somebody was not asked yet.
    pub fn is_new(&self) -> bool {
        self.seats.iter().any(|seat| seat.found == Found::NotAsked)
    }

    /// Whether an answer is still to come.
    pub fn is_open(&self) -> bool {
        self.seats.iter().any(|seat| seat.found == Found::Asked)
    }

    /// Whether somebody can answer: one with a model, or one with a key that was not asked.
    pub fn has_models(&self) -> bool {
        self.seats.iter().any(|seat| match &seat.found {
            Found::Has(models) => !models.is_empty(),
            Found::NotAsked | Found::Asked => !seat.is_perhaps_here(),
            Found::Fails { .. } => false,
        })
    }

    /// What `NAME` or `PROVIDER/NAME` means; of several that have a model of this name the one in use is meant.
    pub fn meant(&self, words: &str, in_use: &Endpoint) -> Meant {
        let has = |seat: &Seat, name: &str| seat.models().iter().any(|listed| listed.id == name);
        if in_use.models.iter().any(|model| model == words) {
            return Meant::Model(Endpoint { model: words.to_string(), ..in_use.clone() });
        }
        let own = self.of(&in_use.provider).into_iter();
        if let Some(seat) = own.chain(&self.seats).find(|seat| has(seat, words)) {
            return Meant::Model(seat.with(words));
        }
        let named = words.split_once('/').and_then(|(provider, name)| {
            let seat = self.of(&provider.to_ascii_lowercase())?;
            Some((seat, name)).filter(|_| !name.is_empty())
        });
        if let Some((seat, name)) = named {
            return match &seat.found {
                _ if has(seat, name) => Meant::Model(seat.with(name)),
                Found::Asked => Meant::Later,
                // Who tells no models may have any.
                Found::NotAsked | Found::Fails { .. } => Meant::Model(seat.with(name)),
                Found::Has(models) if models.is_empty() => Meant::Model(seat.with(name)),
                Found::Has(_) => Meant::Unknown(self.nearest(name)),
            };
        }
        if self.is_new() || self.is_open() {
            return Meant::Later;
        }
        match self.of(&in_use.provider) {
            Some(seat) if seat.models().is_empty() => Meant::Model(seat.with(words)),
            Some(_) | None => Meant::Unknown(self.nearest(words)),
        }
    }

    /// The model that a name stands for, perhaps: one that holds it, else the one that is closest by its letters.
    fn nearest(&self, name: &str) -> Option<String> {
        let small = name.to_lowercase();
        let all: Vec<(String, String)> = self
            .seats
            .iter()
            .flat_map(|seat| {
                let provider = seat.endpoint.provider.clone();
                seat.models().into_iter().map(move |listed| (provider.clone(), listed.id))
            })
            .collect();
        let holding = || all.iter().find(|(_, id)| !small.is_empty() && id.to_lowercase().contains(&small));
        let close = || {
            let id = near::nearest(&small, all.iter().map(|(_, id)| id.as_str()))?;
            all.iter().find(|(_, known)| known == id)
        };
        holding().or_else(close).map(|(provider, id)| format!("{provider}/{id}"))
    }

    /// The most that the model of an endpoint can read, in tokens: as the provider says, else as the table says.
    pub fn context(&self, endpoint: &Endpoint, models: &Models) -> Option<u64> {
        let listed = self.of(&endpoint.provider).and_then(|seat| match &seat.found {
            Found::Has(models) => models.iter().find(|listed| listed.id == endpoint.model)?.context,
            Found::NotAsked | Found::Asked | Found::Fails { .. } => None,
        });
        // What the user wrote into the table is meant.
        models.set_by_user(&endpoint.model).or(listed).or_else(|| models.context(&endpoint.model))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(provider: &str, model: &str) -> Endpoint {
        Endpoint {
            protocol: Protocol::Chat,
            provider: provider.into(),
            base_url: format!("http://{provider}.test/v1"),
            model: model.into(),
            models: Vec::new(),
        }
    }

    fn has(ids: &[&str]) -> Found {
        Found::Has(ids.iter().map(|id| Listed { id: (*id).into(), ..Listed::default() }).collect())
    }

    fn refused() -> Found {
        Found::Fails { brief: "down".into(), what: String::new(), next: String::new() }
    }

    /// `provider model`, or what else came of it.
    fn meant(roster: &Roster, words: &str) -> String {
        match roster.meant(words, &endpoint("openai", "gpt-5")) {
            Meant::Model(endpoint) => format!("{} {}", endpoint.provider, endpoint.model),
            Meant::Later => "later".to_string(),
            Meant::Unknown(nearest) => format!("no: {}", nearest.unwrap_or_default()),
        }
    }

    #[test]
    fn a_name_means_a_model_of_the_one_in_use_then_of_any_other() {
        let mut roster = Roster::new(vec![
            endpoint("openai", "gpt-5"),
            endpoint("anthropic", "claude-haiku-4-5"),
            endpoint("openrouter", ""),
            endpoint("ollama", ""),
        ]);
        assert_eq!(meant(&roster, "gpt-5-mini"), "later");
        assert_eq!(meant(&roster, "anthropic/claude-x"), "anthropic claude-x");
        assert_eq!(roster.ask_all().len(), 4);
        assert_eq!(meant(&roster, "anthropic/claude-x"), "later");
        roster.take("openai", has(&["gpt-5", "gpt-5-mini", "shared"]));
        roster.take("anthropic", has(&["claude-haiku-4-5", "claude-opus-4-5"]));
        roster.take("openrouter", has(&["shared", "anthropic/claude-sonnet-4.5", "qwen/qwen3-coder"]));
        assert_eq!(meant(&roster, "nobody-has-this"), "later");
        roster.take("ollama", refused());
        for (words, expect) in [
            ("gpt-5-mini", "openai gpt-5-mini"),
            ("shared", "openai shared"),
            ("openrouter/shared", "openrouter shared"),
            ("claude-opus-4-5", "anthropic claude-opus-4-5"),
            ("anthropic/claude-opus-4-5", "anthropic claude-opus-4-5"),
            ("anthropic/claude-sonnet-4.5", "openrouter anthropic/claude-sonnet-4.5"),
            ("openrouter/qwen/qwen3-coder", "openrouter qwen/qwen3-coder"),
            ("ollama/llama3", "ollama llama3"),
            ("haiku", "no: anthropic/claude-haiku-4-5"),
            ("gpt-5-mni", "no: openai/gpt-5-mini"),
            ("anthropic/claude-opus-4-6", "no: anthropic/claude-opus-4-5"),
            ("entirely-other-thing", "no: "),
        ] {
            assert_eq!(meant(&roster, words), expect, "{words}");
        }
    }

    #[test]
    fn a_provider_that_tells_no_models_is_trusted_with_any_name() {
        let mut roster = Roster::new(vec![endpoint("openai", "gpt-5")]);
        roster.ask_all();
        roster.take("openai", refused());
        assert_eq!(meant(&roster, "my-own-model"), "openai my-own-model");
    }
}
