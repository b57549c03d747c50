//! Which model a resumed session goes on with: its own, where its provider can be had, else the one in use, and what is missing is said. It
//! never sends, and what it says is no part of the session.

use crate::app::state::{Search, State};
use crate::domain::chat::Level;
use crate::domain::roster::{Found, Seat};
use crate::domain::settings::endpoints::known;
use crate::protocol::message::Effect;

/// The session spoke with this model of this provider.
pub fn want(state: &mut State, provider: &str, model: &str) -> Vec<Effect> {
    state.recording.wanted = Some((provider.to_string(), model.to_string()));
    take(state)
}

/// Takes the wanted model, as soon as it is known whether it can be had. A server of this machine is taken before it answers: what was
/// said to it shall not go elsewhere only because it is not started yet.
pub fn take(state: &mut State) -> Vec<Effect> {
    let Some((provider, model)) = state.recording.wanted.clone() else { return Vec::new() };
    let in_use = state.connection.endpoint.clone();
    if in_use.provider == provider {
        state.recording.wanted = None;
        if in_use.models.is_empty() || in_use.models.contains(&model) {
            state.connection.endpoint.model = model;
        } else {
            tell(state, &provider, &model, &format!("{provider} has it no more"));
        }
        return Vec::new();
    }
    let seat = state.connection.roster.of(&provider).cloned();
    if state.connection.search == Search::Running && seat.as_ref().is_none_or(Seat::is_perhaps_here) {
        return Vec::new();
    }
    state.recording.wanted = None;
    let Some(seat) = seat else {
        let cause = match known(&provider) {
            Some(_) => format!("there is no key for {provider} here; /login {provider} adds one"),
            None => format!("there is no provider {provider} here; [profiles] in config.toml adds one"),
        };
        tell(state, &provider, &model, &cause);
        return Vec::new();
    };
    let listed = match &seat.found {
        Found::Has(models) => models.iter().any(|listed| listed.id == model) || models.is_empty(),
        Found::NotAsked | Found::Asked | Found::Fails { .. } => true,
    };
    if !listed {
        tell(state, &provider, &model, &format!("{provider} has it no more"));
        return Vec::new();
    }
    // The way back is one of the list.
    state.connection.roster.seat(in_use);
    state.connection.endpoint = seat.with(&model);
    if !seat.is_perhaps_here() || matches!(seat.found, Found::Has(_)) {
        return Vec::new();
    }
    state.recording.wanted = Some((provider, model));
    vec![Effect::ListModels { endpoint: Box::new(seat.endpoint) }]
}

/// A server answered that the session's model was taken of unseen: says so where it is not there, or has the model no more.
pub fn listed(state: &mut State, provider: &str) {
    let endpoint = &state.connection.endpoint;
    let same = |(of, model): &mut (String, String)| {
        of == provider && endpoint.provider == *of && endpoint.model == *model
    };
    let Some((provider, model)) = state.recording.wanted.take_if(same) else { return };
    let Some(seat) = state.connection.roster.of(&provider) else { return };
    match seat.found.clone() {
        Found::Has(models) if models.iter().any(|listed| listed.id == model) => {}
        Found::Has(models) => {
            if let Some(first) = models.first() {
                state.connection.endpoint = seat.with(&first.id);
                tell(state, &provider, &model, &format!("{provider} has it no more"));
            }
        }
        Found::Fails { what, next, .. } => {
            let spoke = spoke(&provider, &model);
            say(state, format!("{spoke}, which answers again. {what} {next} /model chooses another."));
        }
        Found::NotAsked | Found::Asked => {}
    }
}

fn spoke(provider: &str, model: &str) -> String {
    format!("This session spoke with {provider} · {model}")
}

/// Says what is missing, and who answers instead.
fn tell(state: &mut State, provider: &str, model: &str, cause: &str) {
    let endpoint = &state.connection.endpoint;
    let now = match (state.connection.is_offline(), endpoint.model.as_str()) {
        (true, _) => "dictum answers offline, from the project".to_string(),
        (false, "") => format!("{} answers with its first model", endpoint.provider),
        (false, now) => format!("{} · {now} answers", endpoint.provider),
    };
    let spoke = spoke(provider, model);
    say(state, format!("{spoke}, but {cause}. From here on {now}; /model chooses another."));
}

/// Says something of this run that is not stored with the session.
fn say(state: &mut State, text: String) {
    state.notice(Level::Warning, text);
    let touched = state.log.take_touched();
    state.recording.left_out.extend(touched);
}
