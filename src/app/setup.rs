//! Connecting a model: what was found, what is missing, and the ways to go on. It never keeps a key in anything that is drawn, saved or sent
//! to a model.

use super::models;
use super::plain::{Form, login as lines};
use super::state::{Focus, MenuOf, Overlay, Search, State};
use super::update::open;
use crate::domain::chat::{Body, Level};
use crate::domain::exchange::Endpoint;
use crate::domain::key::{Hidden, in_draft, owners};
use crate::domain::roster::{Found, Seat};
use crate::domain::settings::endpoints::{known, shown, usual_model};
use crate::panels::keyfield::KeyField;
use crate::panels::menu::{Item, Menu};
use crate::protocol::action::Action;
use crate::protocol::message::{Effect, Kept, Tried};

/// Begins the id of an item that keeps a key in the file.
const KEEP: &str = "keep ";

/// Where keys are kept when nobody said.
const KEY_FILE: &str = "keys.toml in dictum's config folder";

/// Nothing was found at the start: the ways to go on are shown, unless the user does something already.
pub fn at_first(state: &mut State) {
    let said = state.log.entries().iter().any(|entry| !matches!(entry.body, Body::Notice { .. }));
    let idle = matches!(state.focus, Focus::Prompt) && state.prompt.editor.is_empty() && !said;
    let resumes = state.recording.opening.is_some() || state.recording.picking.is_some();
    let alone = state.connection.is_offline() && !state.connection.roster.has_models();
    if idle && alone && !resumes && state.screen.form == Form::Screen {
        show(state);
    }
}

/// `/login [PROVIDER]`.
pub fn login(state: &mut State, provider: &str) -> Vec<Effect> {
    if !lines::is_possible(state.screen.form) {
        state.notice(Level::Info, in_words(state));
        return Vec::new();
    }
    match provider {
        "" => {
            show(state);
            look(state)
        }
        name if owners().any(|known| known == name) => {
            field(state, Hidden::default(), name);
            Vec::new()
        }
        name => {
            let all: Vec<&str> = owners().collect();
            state.note(format!("{name} takes no key here; these do: {}", all.join(", ")));
            Vec::new()
        }
    }
}

/// Without a terminal nobody can be asked for a key.
fn in_words(state: &State) -> String {
    format!(
        "A key is asked for at a terminal only. Set the provider's variable, such as ANTHROPIC_API_KEY, or write key_command = \
         \"pass show anthropic\" into config.toml, or use /login in a terminal, which keeps it in {}.",
        file(state)
    )
}

fn file(state: &State) -> String {
    let file = &state.connection.key_file;
    if file.is_empty() { KEY_FILE.to_string() } else { file.clone() }
}

fn show(state: &mut State) {
    let menu = Menu::new("Connect a model", items(state), "");
    open(state, Overlay::Menu(MenuOf::Setup, menu));
}

/// Asks the servers that may be on this machine.
fn look(state: &mut State) -> Vec<Effect> {
    let local = state.connection.roster.seats().iter().filter(|seat| seat.is_perhaps_here());
    local.map(|seat| Effect::ListModels { endpoint: Box::new(seat.endpoint.clone()) }).collect()
}

/// The open menu shows what was found since.
pub fn refresh(state: &mut State) {
    let items = items(state);
    if let Focus::Overlay(Overlay::Menu(MenuOf::Setup, menu)) = &mut state.focus {
        menu.refresh(items);
    }
}

fn items(state: &State) -> Vec<Item> {
    let seats = state.connection.roster.seats();
    let keyed: Vec<&str> = state.connection.keyed.iter().map(String::as_str).collect();
    let found = if keyed.is_empty() {
        format!("Found: no key, neither in the environment nor in {}.", file(state))
    } else {
        format!("Found: a key for {}.", keyed.join(", "))
    };
    let mut items: Vec<Item> = state.connection.unkept.iter().map(|provider| unkept(provider)).collect();
    items.push(Item {
        id: "key".to_string(),
        label: "Paste a key".to_string(),
        detail: "of Anthropic, OpenAI, Gemini or another provider".to_string(),
        preview: format!(
            "{found}\n\nThe provider is known by the key's shape: {}. The key is not seen while it is typed; once the provider \
             accepts it, it is kept where only you can read it.\n\nA password manager can print it instead, with two lines \
             in your config.toml:\nprovider = \"anthropic\"\nkey_command = \"pass show anthropic\"",
            owners().collect::<Vec<_>>().join(", ")
        ),
        ..Item::default()
    });
    let fixed = items.len();
    let here: Vec<&Seat> = seats.iter().filter(|seat| seat.is_perhaps_here()).collect();
    items.extend(here.iter().filter_map(|seat| running(seat)));
    if items.len() == fixed {
        items.push(Item {
            id: "look".to_string(),
            label: "Look for a local server".to_string(),
            detail: if here.iter().any(|seat| seat.found == Found::Asked) {
                "looking …".to_string()
            } else {
                "none answers".to_string()
            },
            preview: "Asked on this machine: Ollama (port 11434, or where OLLAMA_HOST says), LM Studio (1234) and llama.cpp (8080). \
                      None answers.\n\nStart one, then choose this. A server elsewhere: dictum --provider openai --base-url URL, or \
                      a profile in config.toml."
                .to_string(),
            ..Item::default()
        });
    }
    if seats.iter().any(|seat| !seat.is_perhaps_here()) {
        items.push(Item {
            id: "models".to_string(),
            label: "Choose among all models".to_string(),
            detail: "the same as /model".to_string(),
            preview: found,
            ..Item::default()
        });
    }
    items.push(Item {
        id: "offline".to_string(),
        label: "Go on offline".to_string(),
        detail: "answers quote KB.md and the project".to_string(),
        preview: "Without a model dictum answers by quoting KB.md, the persona and the project's Markdown, and rules that you state \
                  become edits of KB.md all the same.\n\nprovider = \"offline\" in your config.toml starts so without asking. \
                  /login brings this back."
            .to_string(),
        ..Item::default()
    });
    items
}

/// A key that the system keyring could not keep.
fn unkept(provider: &str) -> Item {
    Item {
        id: format!("{KEEP}{provider}"),
        label: format!("Keep the key for {provider} in a file"),
        detail: "the system keyring could not keep it".to_string(),
        preview: format!(
            "The key is in use until dictum ends. It can be kept in {KEY_FILE} instead, which only you can read.\n\nkey_store = \"file\" \
             in your config.toml keeps all keys there."
        ),
        ..Item::default()
    }
}

/// A server of this machine that answers.
fn running(seat: &Seat) -> Option<Item> {
    let Found::Has(models) = &seat.found else { return None };
    let first = models.first()?;
    let provider = &seat.endpoint.provider;
    let more = if models.len() > 1 { format!(" and {} more", models.len() - 1) } else { String::new() };
    Some(Item {
        id: format!("use {provider}"),
        label: format!("Use {provider}"),
        detail: format!("{}{more}", first.id),
        preview: format!(
            "It answers at {}. /model chooses among its models.",
            shown(&seat.endpoint.base_url)
        ),
        ..Item::default()
    })
}

/// A way was chosen.
pub fn choose(state: &mut State, id: &str) -> Vec<Effect> {
    match id {
        "key" => field(state, Hidden::default(), ""),
        "models" => return models::show(state),
        "look" => {
            show(state);
            let at = state.connection.unkept.len() + 1;
            if let Focus::Overlay(Overlay::Menu(MenuOf::Setup, menu)) = &mut state.focus {
                menu.select(at);
            }
            state.note("looking for a server on this machine …");
            return look(state);
        }
        "offline" => state.note("offline: answers quote the project; /login connects a model later"),
        other if other.starts_with(KEEP) => {
            let provider = other.trim_start_matches(KEEP).to_string();
            return vec![Effect::KeepKey { provider }];
        }
        other => {
            let seat = other.strip_prefix("use ").and_then(|name| state.connection.roster.of(name));
            let endpoint = seat.and_then(|seat| Some(seat.with(&seat.models().first()?.id)));
            if let Some(endpoint) = endpoint {
                models::switch(state, endpoint);
            }
        }
    }
    Vec::new()
}

fn field(state: &mut State, key: Hidden, provider: &str) {
    let field = KeyField::new(key, provider, &file(state));
    open(state, Overlay::Key(field));
}

/// A key that was put into the prompt by mistake goes to its field; no history and no draft keeps it.
pub fn caught(state: &mut State) -> bool {
    let draft = state.prompt.editor.text().to_string();
    let draft = Hidden::new(draft);
    let Some(key) = in_draft(draft.expose()).map(Hidden::new) else { return false };
    state.prompt.editor.forget();
    if state.screen.form == Form::Screen {
        field(state, key, "");
        state.note("that looks like a key, so it was not sent");
    } else {
        let words = if lines::is_possible(state.screen.form) {
            "It stands on the screen now; /login asks for a key without showing it.".to_string()
        } else {
            in_words(state)
        };
        state.notice(Level::Warning, format!("That looks like a key, so it was not sent. {words}"));
    }
    true
}

/// Keys of the field, apart from letters.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let Focus::Overlay(Overlay::Key(field)) = &mut state.focus else { return Vec::new() };
    match action {
        Action::MenuDown => field.step(1),
        Action::MenuUp => field.step(-1),
        Action::CloseMenu => state.focus = Focus::Prompt,
        Action::Choose => return try_key(state),
        _ => {}
    }
    Vec::new()
}

/// Asks the provider whether it accepts the key in the field.
pub fn try_key(state: &mut State) -> Vec<Effect> {
    let Focus::Overlay(Overlay::Key(field)) = &mut state.focus else { return Vec::new() };
    if field.key.count() == 0 {
        field.message = Some("There is no key yet: paste or type it.".to_string());
        return Vec::new();
    }
    let Some(provider) = field.provider() else {
        field.message = Some("Say whose key it is: ↑ and ↓ choose the provider.".to_string());
        return Vec::new();
    };
    field.message = Some(format!("Asking {provider} whether it accepts the key …"));
    let key = field.key.clone();
    let seat = state.connection.roster.of(provider).map(|seat| seat.endpoint.clone());
    match seat.or_else(|| known(provider).map(|known| known.endpoint())) {
        Some(endpoint) => vec![Effect::TryKey { endpoint: Box::new(endpoint), key }],
        None => Vec::new(),
    }
}

/// The provider said what it thinks of the key.
pub fn tried(state: &mut State, endpoint: Endpoint, tried: Tried) {
    let provider = endpoint.provider.clone();
    let (found, kept) = match tried {
        Tried::Refused { what } => {
            if let Focus::Overlay(Overlay::Key(field)) = &mut state.focus {
                field.message = Some(format!("{what} It was not kept."));
            } else {
                state.notice(Level::Warning, format!("{what} The key was not kept."));
            }
            return;
        }
        Tried::Accepted { found, kept } => (found, kept),
    };
    if matches!(state.focus, Focus::Overlay(Overlay::Key(_))) {
        state.focus = Focus::Prompt;
    }
    state.connection.keyed.insert(provider.clone());
    state.connection.roster.seat(endpoint.clone());
    state.connection.roster.take(&provider, found.clone());
    let usual = usual_model(&endpoint);
    let chosen = state.connection.roster.of(&provider).map(|seat| {
        let models = seat.models();
        let is_listed = models.is_empty() || models.iter().any(|listed| listed.id == usual);
        match models.first() {
            Some(first) if usual.is_empty() || !is_listed => seat.with(&first.id),
            Some(_) | None => seat.with(&usual),
        }
    });
    if let Some(endpoint) = chosen {
        models::switch(state, endpoint);
    }
    let doubt = match &found {
        Found::Fails { what, .. } => format!(" It could not be tried: {what}"),
        Found::Has(_) | Found::Asked | Found::NotAsked => String::new(),
    };
    self::kept(state, &provider, kept, &doubt);
    state.connection.search = Search::Done;
}

/// A key was kept, or was not: then it holds until dictum ends, and where only the keyring failed, the file is offered.
pub fn kept(state: &mut State, provider: &str, kept: Kept, doubt: &str) {
    let level = if doubt.is_empty() { Level::Good } else { Level::Warning };
    match kept {
        Kept::In(place) => {
            state.connection.unkept.remove(provider);
            let text = format!("The key for {provider} is kept in {place}, which only you can read.{doubt}");
            state.notice(level, text);
        }
        Kept::Nowhere(cause) => {
            let text =
                format!("The key for {provider} holds until dictum ends; it was not kept: {cause}.{doubt}");
            state.notice(Level::Warning, text);
        }
        Kept::NotInKeyring(cause) => {
            state.connection.unkept.insert(provider.to_string());
            state.notice(
                Level::Warning,
                format!(
                    "The key for {provider} holds until dictum ends; the system keyring did not keep it: {cause}. /login offers to keep \
                     it in a file.{doubt}"
                ),
            );
            // Line by line a list that comes unasked would take the next message for its answer.
            if state.screen.form == Form::Screen && matches!(state.focus, Focus::Prompt) {
                show(state);
            }
        }
    }
}
