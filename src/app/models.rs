//! `/model`: the models of everyone who can answer, as a list that grows while answers come, and switching between them. It touches neither
//! draft nor scroll nor history.

use super::sessions;
use super::state::{Focus, MenuOf, ModelChoice, Overlay, State};
use super::update::open;
use crate::base::count;
use crate::domain::chat::Level;
use crate::domain::exchange::Endpoint;
use crate::domain::models::{Models, Price};
use crate::domain::roster::{Found, Listed, Meant, Seat};
use crate::panels::menu::{Item, Menu, UseOf};
use crate::protocol::message::Effect;

/// Between the provider and the model in the id of an item.
const APART: char = '\n';

/// `/model` alone: the list, and everybody is asked for it at once.
pub fn show(state: &mut State) -> Vec<Effect> {
    let effects = ask_all(state);
    let (items, current) = (items(state), id(&state.connection.endpoint));
    let menu = Menu::new("Models", items, &current);
    open(state, Overlay::Menu(MenuOf::Models, menu));
    effects
}

/// Asks everyone who can answer for their models.
pub fn ask_all(state: &mut State) -> Vec<Effect> {
    let in_use = state.connection.endpoint.clone();
    state.connection.roster.seat(in_use);
    let all = state.connection.roster.ask_all();
    all.into_iter().map(|endpoint| Effect::ListModels { endpoint: Box::new(endpoint) }).collect()
}

/// A provider answered.
pub fn listed(state: &mut State, provider: &str, found: Found) {
    state.connection.roster.take(provider, found);
    if state.connection.endpoint.provider == provider
        && let Some(seat) = state.connection.roster.of(provider)
        && matches!(seat.found, Found::Has(_))
        && seat.endpoint.base_url == state.connection.endpoint.base_url
    {
        state.connection.endpoint.models = seat.models().into_iter().map(|listed| listed.id).collect();
    }
    sessions::model::listed(state, provider);
    let items = items(state);
    if let Focus::Overlay(Overlay::Menu(MenuOf::Models, menu)) = &mut state.focus {
        menu.refresh(items);
    }
    if let Some(words) = state.connection.named.take() {
        resolve(state, &words);
    }
}

/// `/model NAME` and `/model PROVIDER/NAME`.
pub fn named(state: &mut State, words: &str) -> Vec<Effect> {
    let in_use = state.connection.endpoint.clone();
    state.connection.roster.seat(in_use);
    resolve(state, words);
    if state.connection.named.is_some() && state.connection.roster.is_new() {
        return ask_all(state);
    }
    Vec::new()
}

fn resolve(state: &mut State, words: &str) {
    match state.connection.roster.meant(words, &state.connection.endpoint) {
        Meant::Model(endpoint) => switch(state, endpoint),
        Meant::Later => {
            state.note(format!("looking for {words} …"));
            state.connection.named = Some(words.to_string());
        }
        Meant::Unknown(nearest) => {
            let hint = nearest.map(|nearest| format!(" Did you mean {nearest}?")).unwrap_or_default();
            let here = if state.connection.roster.has_models() {
                format!("No provider has a model {words}.{hint} /model lists them all.")
            } else {
                format!("There is no model {words}: no model is connected. /login connects one.")
            };
            state.notice(Level::Warning, here);
        }
    }
}

/// Whether the list closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choosing {
    Done,
    Stays,
}

/// A row of the list was chosen: a model, or one that only tells why there is none.
pub fn choose(state: &mut State, id: &str) -> Choosing {
    let Some((provider, model)) = id.split_once(APART) else {
        state.note(id);
        return Choosing::Stays;
    };
    if let Some(seat) = state.connection.roster.of(provider) {
        let endpoint = seat.with(model);
        switch(state, endpoint);
    }
    Choosing::Done
}

/// Another model answers from the next request on.
pub fn switch(state: &mut State, endpoint: Endpoint) {
    let (model, provider) = (endpoint.model.clone(), endpoint.provider.clone());
    let same = state.connection.endpoint.provider == provider;
    state.connection.endpoint = endpoint;
    state.connection.model = ModelChoice::User;
    state.connection.named = None;
    state.recording.wanted = None;
    state.recording.apart = None;
    let model = if model.is_empty() { "its first model".to_string() } else { model };
    state.note(match same {
        true => format!("{model} answers from the next message on"),
        false => format!("{model} of {provider} answers from the next message on"),
    });
}

fn id(endpoint: &Endpoint) -> String {
    format!("{}{APART}{}", endpoint.provider, endpoint.model)
}

/// The list: who is in use first, then who has models, then who is asked, then who cannot be had.
fn items(state: &State) -> Vec<Item> {
    let connection = &state.connection;
    let in_use = &connection.endpoint;
    let seats = connection.roster.seats();
    let mine = |seat: &&Seat| seat.endpoint.provider == in_use.provider;
    let ordered: Vec<&Seat> =
        seats.iter().filter(mine).chain(seats.iter().filter(|seat| !mine(seat))).collect();
    let mut items = Vec::new();
    for seat in &ordered {
        let mut models = seat.models();
        if mine(seat) && !in_use.model.is_empty() && !models.iter().any(|listed| listed.id == in_use.model) {
            models.insert(0, Listed { id: in_use.model.clone(), ..Listed::default() });
        }
        items.extend(models.iter().map(|listed| item(listed, seat, &connection.models)));
    }
    items.extend(ordered.iter().filter_map(|seat| told(seat)));
    let down =
        |seat: &&&Seat| seat.is_perhaps_here() && !mine(seat) && matches!(seat.found, Found::Fails { .. });
    let down: Vec<&str> = ordered.iter().filter(down).map(|seat| seat.endpoint.provider.as_str()).collect();
    if !down.is_empty() {
        items.push(Item {
            label: "on this machine".to_string(),
            detail: format!("no answer from {}", down.join(", ")),
            id: format!("start one of {} and open this list again", down.join(", ")),
            use_of: UseOf::Told,
            ..Item::default()
        });
    }
    items
}

fn item(listed: &Listed, seat: &Seat, table: &Models) -> Item {
    let row = table.find(&listed.id);
    let context = table.set_by_user(&listed.id).or(listed.context).or(row.and_then(|row| row.context));
    let known = row.map(|row| row.price).unwrap_or_default();
    let price = if listed.price == Price::default() { known } else { listed.price };
    let near = crate::domain::settings::endpoints::is_near(&seat.endpoint.base_url);
    let mut told = Vec::new();
    told.extend(context.map(|tokens| format!("{} context", count::short(tokens))));
    told.extend(match (price.input, price.output) {
        (Some(0.0), Some(0.0)) => Some("free".to_string()),
        (Some(input), Some(output)) => {
            Some(format!("{} in, {} out per million", count::dollars(input), count::dollars(output)))
        }
        (Some(_) | None, _) if near => Some("on your network".to_string()),
        (Some(_) | None, _) => None,
    });
    Item {
        id: format!("{}{APART}{}", seat.endpoint.provider, listed.id),
        label: listed.id.clone(),
        detail: told.join(" · "),
        tag: seat.endpoint.provider.clone(),
        ..Item::default()
    }
}

/// The row of a provider that has not answered, or does not.
fn told(seat: &Seat) -> Option<Item> {
    let provider = seat.endpoint.provider.clone();
    let row = |detail: &str, why: String| {
        let (label, detail) = (provider.clone(), detail.to_string());
        Some(Item { id: why, label, detail, use_of: UseOf::Told, ..Item::default() })
    };
    match &seat.found {
        Found::Asked if seat.is_perhaps_here() => None,
        Found::Asked => row("is being asked …", format!("{provider} has not answered yet")),
        Found::Fails { brief, what, next } if !seat.is_perhaps_here() => row(brief, format!("{what} {next}")),
        Found::Has(models) if models.is_empty() => {
            row("has no model for chat", format!("{provider} names no model for chat"))
        }
        Found::NotAsked | Found::Has(_) | Found::Fails { .. } => None,
    }
}
