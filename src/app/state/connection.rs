//! Where the model is, who else can answer, and what of the model's room is filled. It holds no key.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::exchange::{Endpoint, Protocol};
use crate::domain::models::Models;
use crate::domain::roster::Roster;
use crate::domain::settings::Switch;
use crate::domain::usage::Sent;
use crate::protocol::sessions::Conversation;

/// Where the model is.
#[derive(Clone, Debug)]
pub struct Connection {
    pub endpoint: Endpoint,
    /// Whether a local server is still being looked for.
    pub search: Search,
    pub max_tokens: u32,
    pub model: ModelChoice,
    pub proposing: Proposing,
    /// Who else can answer.
    pub roster: Roster,
    /// What models hold, take and cost.
    pub models: Models,
    /// The model that was named and is still being looked for.
    pub named: Option<String>,
    /// The providers that have a key, or a command for one.
    pub keyed: BTreeSet<String>,
    /// Where pasted keys are kept, as it may be shown.
    pub key_file: String,
    /// The providers whose keys the system keyring could not keep; they are in use until dictum ends.
    pub unkept: BTreeSet<String>,
    /// How much models can read, in tokens, as their servers told with a reply; by [`Endpoint::maker`].
    pub contexts: BTreeMap<String, u64>,
    /// What was sent last, and in which conversation.
    pub sent: Option<(Conversation, Sent)>,
    /// What the conversation cost, in US dollars, as far as prices are known.
    pub spent: f64,
    /// The conversation in which it was told that the room gets narrow.
    pub warned: Option<Conversation>,
}

/// How models propose edits of KB.md.
#[derive(Clone, Debug, Default)]
pub struct Proposing {
    /// The settings `tools` and `kb_extra_call`.
    pub tools: Switch,
    pub extra_call: Switch,
    /// Servers, each with its model, that turned out in this session to take no tools.
    pub toolless: BTreeSet<String>,
}

/// Whose word on the model counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelChoice {
    /// The persona's, where it names one that the endpoint has.
    #[default]
    Persona,
    /// The user's, who named one since this persona speaks.
    User,
}

impl Connection {
    /// A connection to this endpoint, of which nothing more is known yet.
    pub fn new(endpoint: Endpoint, search: Search, max_tokens: u32) -> Self {
        Self {
            endpoint,
            search,
            max_tokens,
            model: ModelChoice::default(),
            proposing: Proposing::default(),
            roster: Roster::default(),
            models: Models::built_in(),
            named: None,
            keyed: BTreeSet::new(),
            key_file: String::new(),
            unkept: BTreeSet::new(),
            contexts: BTreeMap::new(),
            sent: None,
            spent: 0.0,
            warned: None,
        }
    }

    /// Whether no model is connected.
    pub fn is_offline(&self) -> bool {
        self.endpoint.protocol == Protocol::Offline
    }

    /// What the server told with a reply, in tokens.
    pub fn told_context(&self, endpoint: &Endpoint) -> Option<u64> {
        self.contexts.get(&endpoint.maker()).copied()
    }
}

/// The search for a local server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    Running,
    Done,
}
