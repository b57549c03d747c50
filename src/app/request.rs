//! The request that a turn sends: to which model, and what it holds. It sends nothing.

use std::borrow::Cow;

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
use crate::domain::usage::Shares;

/// The request for the conversation as it stands, or for another.
pub fn request(state: &mut State, persona: &Persona, hints: &[Candidate], log: Option<&Log>) -> Request {
    let endpoint = speaking(state, persona);
    request_to(state, &state.kb.snapshot, endpoint, persona, hints, log).0
}

/// As [`request`], to a model that is named and with this KB.md; and what it is made of.
pub fn request_to(
    state: &State,
    kb: &Snapshot,
    endpoint: Endpoint,
    persona: &Persona,
    hints: &[Candidate],
    log: Option<&Log>,
) -> (Request, Shares) {
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
    let shares = Shares::of(&request);
    request.max_tokens = usage::limit(state, &endpoint, shares.total());
    (request, shares)
}

/// Who answers for the persona that speaks now.
pub fn in_use(state: &State) -> Cow<'_, Endpoint> {
    wished(state, &state.personas.active).unwrap_or(Cow::Borrowed(&state.connection.endpoint))
}

/// Who answers for a persona. A model that it wishes for in vain is noted once.
pub fn speaking(state: &mut State, persona: &Persona) -> Endpoint {
    let wanted = match wished(state, persona) {
        Ok(endpoint) => return endpoint.into_owned(),
        Err(wanted) => wanted.to_string(),
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
fn wished<'a>(state: &'a State, persona: &'a Persona) -> Result<Cow<'a, Endpoint>, &'a str> {
    let endpoint = &state.connection.endpoint;
    let Some(wanted) = &persona.model else { return Ok(Cow::Borrowed(endpoint)) };
    if endpoint.protocol == Protocol::Offline || state.connection.model == ModelChoice::User {
        return Ok(Cow::Borrowed(endpoint));
    }
    match settings::wished_model(endpoint, wanted) {
        Some(model) => Ok(Cow::Owned(Endpoint { model, ..endpoint.clone() })),
        None => Err(wanted),
    }
}
