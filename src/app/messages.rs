//! The menus over messages: what was sent, to send it again, and what waits in the queue. They never send.

use super::state::{Focus, MenuOf, Overlay, State};
use super::update::open;
use crate::base::text;
use crate::domain::kb::{Span, joined};
use crate::panels::menu::{Item, Menu};
use crate::panels::prompt::queue::Move;
use crate::protocol::action::{Action, Context};

/// Letters of a message that are searched and shown in one line.
const LINE: usize = 400;

/// Letters of a message that are shown beside the list.
const PREVIEW: usize = 4_000;

fn item(id: String, message: &[Span], tag: String) -> Item {
    // A pasted log of a megabyte is cut before it is cleaned for the screen.
    let whole = joined(message);
    let cut = |letters: usize| whole.chars().take(letters).collect::<String>();
    let lines = whole.lines().count();
    Item {
        id,
        label: text::one_line(cut(LINE).trim()),
        preview: if lines > 1 || whole.len() > LINE { cut(PREVIEW) } else { String::new() },
        tag: if lines > 1 { format!("{lines} lines {tag}").trim_end().to_string() } else { tag },
        ..Item::default()
    }
}

/// Everything that was sent, newest first.
pub fn history(state: &mut State) {
    let messages = state.prompt.history.newest_first();
    let items: Vec<Item> =
        messages.map(|(place, message)| item(place.to_string(), message, String::new())).collect();
    if items.is_empty() {
        state.note("no message was sent in this project yet");
        return;
    }
    let choose = state.tools.keymap.told(" · ", Context::Menu, Action::Choose, "takes it into the draft");
    open(state, Overlay::Menu(MenuOf::History, Menu::new(format!("History{choose}"), items, "")));
}

/// The chosen message becomes the draft; the draft that was there goes to the history.
pub fn recall(state: &mut State, id: &str) {
    let place = id.parse().ok();
    if let Some(message) = place.and_then(|place| state.prompt.history.at(place)).map(<[Span]>::to_vec) {
        state.prompt.exchange(&message);
        state.queue.forget_edited();
    }
}

fn queue_items(state: &State) -> Vec<Item> {
    let numbered = state.queue.iter().enumerate();
    numbered
        .map(|(place, waiting)| item(waiting.id.to_string(), &waiting.message, format!("{}.", place + 1)))
        .collect()
}

/// What waits, the next one first.
pub fn queue(state: &mut State) {
    if state.queue.is_empty() {
        state.note("nothing waits in the queue; a message that is sent while a reply runs goes there");
        return;
    }
    let keys = &state.tools.keymap;
    let told = |before, action, words| keys.told(before, Context::Menu, action, words);
    let title = format!(
        "Queue{}{}{}{}",
        told(" · ", Action::Choose, "edits"),
        told(" · ", Action::MoveUp, "sooner"),
        told(" · ", Action::MoveDown, "later"),
        told(" · ", Action::Remove, "takes out"),
    );
    let menu = Menu::new(title, queue_items(state), "");
    open(state, Overlay::Menu(MenuOf::Queue, menu));
}

/// The open queue shows what waits now: its first message may have been sent meanwhile.
pub fn refresh_queue(state: &mut State) {
    if !matches!(state.focus, Focus::Overlay(Overlay::Menu(MenuOf::Queue, _))) {
        return;
    }
    let items = queue_items(state);
    if items.is_empty() {
        state.focus = Focus::Prompt;
        return;
    }
    if let Focus::Overlay(Overlay::Menu(MenuOf::Queue, menu)) = &mut state.focus {
        menu.refresh(items);
    }
}

/// The chosen message leaves the queue and becomes the draft; sent again while others wait, it has its place among them.
pub fn edit_queued(state: &mut State, id: &str) {
    match id.parse().ok().and_then(|id| state.queue.take_to_edit(id)) {
        Some(message) => state.prompt.exchange(&message),
        None => state.note("it was sent already"),
    }
}

/// Moves the chosen message, or takes it out; the history still has it.
pub fn act_on_queued(state: &mut State, action: Action) {
    let Focus::Overlay(Overlay::Menu(MenuOf::Queue, menu)) = &mut state.focus else { return };
    let Some(id) = menu.selected().and_then(|item| item.id.parse().ok()) else { return };
    match action {
        Action::MoveUp => state.queue.shift(id, Move::Up),
        Action::MoveDown => state.queue.shift(id, Move::Down),
        _ => {
            if let Some(message) = state.queue.take(id) {
                state.prompt.remember(message);
                let back = state.tools.keymap.told("; ", Context::Prompt, Action::Previous, "brings it back");
                state.note(format!("taken out of the queue{back}"));
            }
        }
    }
}
