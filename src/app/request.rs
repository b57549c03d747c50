//! The request that a turn sends: to which model, and what it holds. It sends nothing.

use super::proposing;
use super::state::{ModelChoice, State};
use crate::domain::briefing::Briefing;
use crate::domain::chat::{Level, Log};
use crate::domain::exchange::{Protocol, Request};
use crate::domain::kb::Candidate;
use crate::domain::kb::state::Snapshot;
use crate::domain::models::Pictures;
use crate::domain::persona::Persona;
use crate::domain::settings;

/// The request for the conversation as it stands, or for another.
pub fn request(state: &mut State, persona: &Persona, hints: &[Candidate], log: Option<&Log>) -> Request {
    let model = speaking_model(state, persona);
    request_to(state, &state.kb.snapshot, model, persona, hints, log)
}

/// As [`request`], to a model that is named and with this KB.md.
pub fn request_to(
    state: &State,
    kb: &Snapshot,
    model: String,
    persona: &Persona,
    hints: &[Candidate],
    log: Option<&Log>,
) -> Request {
    let mut endpoint = state.connection.endpoint.clone();
    endpoint.model = model;
    let mut request = Briefing {
        endpoint: &endpoint,
        persona,
        kb,
        notes: &state.kb.notes,
        log: log.unwrap_or(&state.log),
        pending: &state.review.pending,
        session: &state.decided.session,
        hints,
        channel: proposing::channel(state),
        max_tokens: state.connection.max_tokens,
    }
    .request();
    // Earlier messages may have shown some to another model.
    if state.connection.models.pictures(&endpoint.model) == Pictures::Refused {
        request.leave_out_pictures();
    }
    request
}

/// The persona's own model where the endpoint has it; else the model in use, noted once.
pub fn speaking_model(state: &mut State, persona: &Persona) -> String {
    let endpoint = &state.connection.endpoint;
    let in_use = endpoint.model.clone();
    let Some(wanted) = persona.model.clone() else { return in_use };
    if endpoint.protocol == Protocol::Offline || state.connection.model == ModelChoice::User {
        return in_use;
    }
    if let Some(model) = settings::resolve_model(endpoint, &wanted) {
        return model;
    }
    let name = &persona.name;
    let key = format!("{name}\n{wanted}\n{}", endpoint.provider);
    if state.personas.noted.insert(key) {
        let text = format!(
            "{name} asks for the model {wanted}, which {} does not offer; {in_use} answers instead.",
            endpoint.provider
        );
        state.notice(Level::Info, text);
    }
    in_use
}
