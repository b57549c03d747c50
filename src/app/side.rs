//! The side panel: when there is room for it, and what it tells of the state. It never takes the focus.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::request;
use super::state::{Search, State};
use crate::domain::chat::Body;
use crate::domain::settings::SidePanel;
use crate::panels::side::{self, Facts};
use crate::protocol::action::{Action, Context};

/// Narrower screens have no side panel: the chat needs the columns.
pub const LEAST_COLUMNS: u16 = 140;

/// Lower screens have none: it would not say much.
const LEAST_ROWS: u16 = 20;

/// The columns of the side panel; none where it is off or has no room.
pub fn width(state: &State) -> u16 {
    let fits = state.screen.columns >= LEAST_COLUMNS && state.screen.rows >= LEAST_ROWS;
    match state.screen.side {
        SidePanel::Auto if fits => (state.screen.columns / 4).clamp(36, 48),
        SidePanel::Auto | SidePanel::Off => 0,
    }
}

/// Shows the panel or takes it away.
pub fn toggle(state: &mut State) {
    state.screen.side = match state.screen.side {
        SidePanel::Auto => SidePanel::Off,
        SidePanel::Off => SidePanel::Auto,
    };
    if state.screen.side == SidePanel::Off {
        state.note("the side panel is off");
    } else if width(state) == 0 {
        state.note(format!("the side panel is shown from {LEAST_COLUMNS} columns on"));
    }
}

/// Draws the panel.
pub fn view(state: &State, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let said = state.log.current().filter(|entry| matches!(entry.body, Body::User { .. })).count();
    let rules: Vec<&str> = state.decided.session.all().iter().map(|rule| rule.text.as_str()).collect();
    let mut session = vec![("model", model(state)), ("messages", said.to_string())];
    if !state.queue.is_empty() {
        session.push(("queued", state.queue.len().to_string()));
    }
    let notes = state.kb.notes.badge();
    if !notes.is_empty() {
        session.push(("notes", notes));
    }
    let pending = state.review.pending.len();
    if pending > 0 {
        let key = state.tools.keymap.told(" · ", Context::Everywhere, Action::FocusReview, "");
        let noun = if pending == 1 { "edit" } else { "edits" };
        session.push(("pending", format!("{pending} {noun}{}", key.trim_end())));
    }
    if !rules.is_empty() {
        session.push(("rules", format!("{} for this session", rules.len())));
    }
    let facts = Facts {
        persona: &state.personas.active,
        snapshot: &state.kb.snapshot,
        document: &state.kb.document,
        stack: &state.kb.stack,
        session,
        rules,
    };
    side::view(&facts, area, &state.screen.theme, buffer);
}

fn model(state: &State) -> String {
    let endpoint = request::in_use(state);
    match (state.connection.is_offline(), state.connection.search) {
        (true, Search::Running) => "looking for one …".to_string(),
        (true, Search::Done) => "none: offline".to_string(),
        (false, _) if endpoint.model.is_empty() => endpoint.provider.clone(),
        (false, _) => format!("{} · {}", endpoint.model, endpoint.provider),
    }
}
