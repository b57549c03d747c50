//! What `/kb undo` did, or would have done, told in the chat. It never writes.

use super::kb_changed;
use crate::app::state::{Focus, Overlay, State};
use crate::app::trust;
use crate::app::update::open;
use crate::domain::chat::{Body, Level};
use crate::domain::kb::state::Snapshot;
use crate::draw::patch;
use crate::panels::pager::{Content, Pager};
use crate::protocol::message::Effect;

/// The last accepted edit was taken back.
pub fn undone(state: &mut State, snapshot: Snapshot, summary: String) -> Vec<Effect> {
    let before = state.kb.text().to_string();
    let diff = patch::text(&patch::unified(&before, snapshot.text().unwrap_or_default(), 1));
    trust::written(state, &snapshot);
    kb_changed(state, snapshot);
    state.log.push(Body::Decision { level: Level::Good, summary, diff });
    Vec::new()
}

/// Undo would lose a later change: both are shown, and nothing was written.
pub fn undo_refused(state: &mut State, current: &str, would_restore: &str) -> Vec<Effect> {
    let diff = patch::text(&patch::unified(current, would_restore, 2));
    let why = "KB.md was changed after dictum wrote it, so nothing was undone.";
    if !matches!(state.focus, Focus::Prompt) || !state.prompt.editor.is_empty() {
        // The disk was slow and the user went on: a panel would take the keys.
        let summary = format!("{why} What undo would have done:");
        state.log.push(Body::Decision { level: Level::Warning, summary, diff });
        return Vec::new();
    }
    let text = format!("{why}\n\nWhat undo would have done:\n\n{diff}");
    open(state, Overlay::Pager(Pager::new("KB.md undo", Content::Verbatim(text))));
    Vec::new()
}
