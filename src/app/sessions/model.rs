//! Which model a resumed session goes on with: its own, where its provider can be had, else the one in use, and what is missing is said. It
//! never sends, and what it says is no part of the session.

use crate::app::plain::Form;
use crate::app::state::{Search, Spoken, State};
use crate::domain::chat::Level;
use crate::domain::exchange::Endpoint;
use crate::domain::roster::{Found, Seat};
use crate::domain::settings::endpoints::{is_near, known, origin};
use crate::protocol::message::Effect;

/// The session spoke with this model of this provider.
pub fn want(state: &mut State, spoken: Spoken) -> Vec<Effect> {
    state.recording.wanted = Some(spoken);
    take(state)
}

/// Takes the wanted model, as soon as it is known whether it can be had. A server of this machine is taken before it answers: what was
/// said to it shall not go elsewhere only because it is not started yet.
pub fn take(state: &mut State) -> Vec<Effect> {
    let Some(wanted) = state.recording.wanted.clone() else { return Vec::new() };
    let Spoken { provider, model, .. } = &wanted;
    let in_use = state.connection.endpoint.clone();
    if in_use.provider == *provider || model.is_empty() {
        state.recording.wanted = None;
        let missing = !model.is_empty() && !in_use.models.is_empty() && !in_use.models.contains(model);
        if !missing && !model.is_empty() {
            state.connection.endpoint.model.clone_from(model);
        }
        decided(state, wanted.clone(), missing.then(|| format!("{provider} has it no more")));
        return Vec::new();
    }
    let seat = state.connection.roster.of(provider).cloned();
    if state.connection.search == Search::Running && seat.as_ref().is_none_or(Seat::is_perhaps_here) {
        return Vec::new();
    }
    state.recording.wanted = None;
    let Some(seat) = seat else {
        let cause = match known(provider) {
            Some(_) => format!("there is no key for {provider} here; /login {provider} adds one"),
            None => format!("there is no provider {provider} here; [profiles] in config.toml adds one"),
        };
        decided(state, wanted, Some(cause));
        return Vec::new();
    };
    let listed = match &seat.found {
        Found::Has(models) => models.iter().any(|listed| listed.id == *model) || models.is_empty(),
        Found::NotAsked | Found::Asked | Found::Fails { .. } => true,
    };
    if !listed {
        let cause = format!("{provider} has it no more");
        decided(state, wanted, Some(cause));
        return Vec::new();
    }
    // The way back is one of the list.
    state.connection.roster.seat(in_use);
    state.connection.endpoint = seat.with(model);
    let waits = seat.is_perhaps_here() && !matches!(seat.found, Found::Has(_));
    decided(state, wanted.clone(), None);
    if !waits || state.recording.apart.is_some() {
        return Vec::new();
    }
    state.recording.wanted = Some(wanted);
    vec![Effect::ListModels { endpoint: Box::new(seat.endpoint) }]
}

/// Who answers from here on is known, and what is missing. What was said to a server of this network goes to none beyond it unless the user
/// chooses that.
fn decided(state: &mut State, wanted: Spoken, missing: Option<String>) {
    let (provider, model, host) = (&wanted.provider, &wanted.model, &wanted.host);
    let endpoint = state.connection.endpoint.clone();
    let now = origin(&endpoint.base_url);
    let beyond = is_near(host) && !state.connection.is_offline() && !is_near(&now);
    if !host.is_empty() && beyond {
        let why = missing.unwrap_or_else(|| format!("{} is at {now} now", endpoint.provider));
        let spoke = if model.is_empty() { "This session spoke".to_string() } else { spoke(provider, model) };
        let spoke = format!("{spoke} at {host}, but {why}");
        state.connection.roster.seat(endpoint);
        state.connection.endpoint = Endpoint::offline();
        state.recording.apart = Some(wanted);
        if state.screen.form == Form::Once {
            let next = "--provider or --model says who answers";
            state.recording.refused = Some(format!("{spoke}. Nothing of it was sent to {now}; {next}"));
        }
        let next = "dictum answers offline, from the project, until /model chooses who does";
        say(state, format!("{spoke}. Nothing of it is sent to {now}: {next}."));
    } else if let Some(cause) = missing {
        tell(state, provider, model, &cause);
    } else if !host.is_empty() && endpoint.provider == *provider && now != *host {
        let spoke = spoke(provider, model);
        say(
            state,
            format!("{spoke} at {host}. From here on {provider} at {now} answers; /model chooses another."),
        );
    }
}

/// A server answered that the session's model was taken of unseen: says so where it is not there, or has the model no more.
pub fn listed(state: &mut State, provider: &str) {
    let endpoint = &state.connection.endpoint;
    let same = |wanted: &mut Spoken| {
        let Spoken { provider: of, model, .. } = wanted;
        of == provider && endpoint.provider == *of && endpoint.model == *model
    };
    let Some(Spoken { provider, model, .. }) = state.recording.wanted.take_if(same) else { return };
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
    super::recording_forgets(state);
}
