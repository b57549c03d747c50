//! The request that a turn sends: to which model, and what it holds. It sends nothing.

use super::state::{ModelChoice, State};
use super::{proposing, usage};
use crate::domain::briefing::Briefing;
use crate::domain::chat::{Level, Log};
use crate::domain::exchange::{Endpoint, Protocol, Request};
use crate::domain::kb::Candidate;
use crate::domain::kb::state::Snapshot;
use crate::domain::models::Pictures;
use crate::domain::persona::Persona;
use crate::domain::settings;

/// The request for the conversation as it stands, or for another.
pub fn request(state: &mut State, persona: &Persona, hints: &[Candidate], log: Option<&Log>) -> Request {
    let endpoint = speaking(state, persona);
    request_to(state, &state.kb.snapshot, endpoint, persona, hints, log)
}

/// As [`request`], to a model that is named and with this KB.md.
pub fn request_to(
    state: &State,
    kb: &Snapshot,
    endpoint: Endpoint,
    persona: &Persona,
    hints: &[Candidate],
    log: Option<&Log>,
) -> Request {
    let mut request = Briefing {
        endpoint: &endpoint,
        persona,
        kb,
        notes: &state.kb.notes,
        log: log.unwrap_or(&state.log),
        pending: &state.review.pending,
        session: &state.decided.session,
        hints,
        channel: proposing::channel(state, &endpoint),
        max_tokens: state.connection.max_tokens,
    }
    .request();
    // Earlier messages may have shown some to another model.
    if state.connection.models.pictures(&endpoint.model) == Pictures::Refused {
        request.leave_out_pictures();
    }
    request.max_tokens = usage::limit(state, &request);
    request
}

/// Who answers for the persona that speaks now.
pub fn in_use(state: &State) -> Endpoint {
    wished(state, &state.personas.active).unwrap_or_else(|_| state.connection.endpoint.clone())
}

/// Who answers for a persona. A model that it wishes for in vain is noted once.
pub fn speaking(state: &mut State, persona: &Persona) -> Endpoint {
    let wanted = match wished(state, persona) {
        Ok(endpoint) => return endpoint,
        Err(wanted) => wanted,
    };
    let endpoint = state.connection.endpoint.clone();
    let name = &persona.name;
    let key = format!("{name}\n{wanted}\n{}", endpoint.provider);
    if state.personas.noted.insert(key) {
        let instead = match endpoint.model.as_str() {
            "" => "its first model",
            model => model,
        };
        let provider = &endpoint.provider;
        let text = format!(
            "{name} asks for the model {wanted}, which {provider} does not offer; {instead} answers instead."
        );
        state.notice(Level::Info, text);
    }
    endpoint
}

/// The endpoint in use with the persona's own model, where it names one and the user chose none; an error holds a model that is not to be
/// had there.
fn wished(state: &State, persona: &Persona) -> Result<Endpoint, String> {
    let endpoint = state.connection.endpoint.clone();
    let Some(wanted) = &persona.model else { return Ok(endpoint) };
    if endpoint.protocol == Protocol::Offline || state.connection.model == ModelChoice::User {
        return Ok(endpoint);
    }
    match settings::wished_model(&endpoint, wanted) {
        Some(model) => Ok(Endpoint { model, ..endpoint }),
        None => Err(wanted.clone()),
    }
}
