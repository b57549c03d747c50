//! The list of earlier sessions: searching, choosing, deleting and renaming in it. It deletes nothing that was not asked for twice.

use super::{ask, resume};
use crate::app::keeping;
use crate::app::plain::Form;
use crate::app::state::{Doubt, Focus, MenuOf, Overlay, State};
use crate::app::update::open;
use crate::domain::kb::Span;
use crate::domain::session::{SessionId, Summary, ago};
use crate::panels::menu::{Item, Menu};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::Effect;
use crate::protocol::sessions::{Ask, Which};

/// `/sessions`: the list of what was kept in this folder.
pub fn pick(state: &mut State, query: &str) -> Vec<Effect> {
    state.recording.picking = Some(query.to_string());
    ask(Ask::List { query: query.to_string() })
}

/// What a search found, for the list that is open or was asked for.
pub fn listed(state: &mut State, query: &str, sessions: Vec<Summary>) {
    let items: Vec<Item> =
        sessions.into_iter().map(|summary| item(summary, state.recording.session)).collect();
    if let Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) = &mut state.focus {
        // An answer to letters that were typed on since is stale.
        if menu.filter() == query {
            menu.refresh(items);
        }
        return;
    }
    if state.recording.picking.take_if(|wanted| wanted == query).is_none() {
        return;
    }
    if items.is_empty() {
        state.note(match query {
            "" => "no session was kept in this folder yet".to_string(),
            words => format!("no session of this folder speaks of {words}"),
        });
        return;
    }
    let keys = &state.tools.keymap;
    // Nothing is chosen with keys where lines are printed.
    let told = |action, words| match state.screen.form {
        Form::Screen => keys.told(" · ", Context::Menu, action, words),
        Form::Linear(_) | Form::Once => String::new(),
    };
    let title = format!(
        "Sessions{}{}{}",
        told(Action::Choose, "resumes"),
        told(Action::RenameItem, "renames"),
        told(Action::Remove, "deletes")
    );
    let menu = Menu::searched(title, items, query);
    open(state, Overlay::Menu(MenuOf::Sessions, menu));
}

fn item(summary: Summary, current: Option<SessionId>) -> Item {
    let when = if current == Some(summary.id) { "this one".to_string() } else { ago(summary.age) };
    // The list has little room beside a title; the words stand in the preview.
    let parent = summary.parent.map(|parent| format!("↳#{parent}"));
    let branch = summary.parent.map(|parent| format!("branch of #{parent}"));
    let speaker = [&summary.persona, &summary.model].map(String::as_str);
    let speaker: Vec<&str> = speaker.into_iter().filter(|word| !word.is_empty()).collect();
    let messages = if summary.messages == 1 { "message" } else { "messages" };
    let preview = format!(
        "{}\n\n#{}{} · {} {messages} · {}\n{}\n\n{}",
        summary.title,
        summary.id,
        branch.as_ref().map(|branch| format!(" · {branch}")).unwrap_or_default(),
        summary.messages,
        ago(summary.age),
        speaker.join(" · "),
        summary.words
    );
    Item {
        id: summary.id.to_string(),
        label: if summary.title.is_empty() { format!("#{}", summary.id) } else { summary.title },
        tag: parent.into_iter().chain([when]).collect::<Vec<_>>().join(" · "),
        preview,
        ..Item::default()
    }
}

/// The words of the list's filter changed: the store looks for them.
pub fn filter_changed(state: &mut State) -> Vec<Effect> {
    match &state.focus {
        Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) => {
            ask(Ask::List { query: menu.filter().to_string() })
        }
        Focus::Overlay(
            Overlay::Menu(_, _)
            | Overlay::Pager(_)
            | Overlay::Trust(_)
            | Overlay::Compare(_)
            | Overlay::Key(_),
        )
        | Focus::Prompt
        | Focus::Reading(_)
        | Focus::Review => Vec::new(),
    }
}

/// The chosen session is resumed.
pub fn choose(state: &mut State, id: &str) -> Vec<Effect> {
    match id.parse() {
        Ok(session) if state.recording.session == Some(session) => {
            state.note(format!("session {session} is this one"));
            Vec::new()
        }
        Ok(session) => resume(state, Which::Numbered(session)),
        Err(_) => Vec::new(),
    }
}

fn chosen(state: &State) -> Option<SessionId> {
    let Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) = &state.focus else { return None };
    menu.selected()?.id.parse().ok()
}

/// Deletes the chosen session when it is asked for twice.
pub fn delete_chosen(state: &mut State) -> Vec<Effect> {
    let Some(session) = chosen(state) else { return Vec::new() };
    let wish = Doubt::Delete(session);
    if state.recording.doubt.take_if(|doubt| *doubt == wish).is_some() {
        // What was sent is in the history before the session's messages are taken out of it.
        let mut effects = keeping::now(state);
        effects.extend(ask(Ask::Delete { session }));
        return effects;
    }
    state.recording.doubt = Some(wish);
    let again = state.tools.keymap.told("", Context::Menu, Action::Remove, "again deletes it");
    if let Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) = &mut state.focus {
        menu.question(&session.to_string(), &again);
    }
    Vec::new()
}

/// A key that is not the one which deletes takes the question back.
pub fn no_doubt(state: &mut State) -> Vec<Effect> {
    match state.recording.doubt.take() {
        Some(Doubt::Delete(_)) => filter_changed(state),
        Some(Doubt::Overwrite(_)) | None => Vec::new(),
    }
}

/// The chosen session gets its new title in the prompt.
pub fn rename_chosen(state: &mut State) {
    let Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) = &state.focus else { return };
    let Some(item) = menu.selected().cloned() else { return };
    // Its label may be a question at the moment.
    let title = item.preview.lines().next().unwrap_or_default();
    state.focus = Focus::Prompt;
    state.prompt.exchange(&[Span::typed(format!("/rename #{} {title}", item.id))]);
}
