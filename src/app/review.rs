//! Deciding on pending KB.md edits: offer, accept, edit, reject, and keeping them true while the file changes. No mode skips it.

mod declined;
mod undone;

use std::mem;

pub use declined::{Offer, never_failed, revoked, taken_back, unsaid};
pub use undone::{undo_refused, undone};

use declined::{declined_before, never_ask, reject, session_only};

use super::state::{EditingWhat, Focus, Saving, State};
use super::{overlay, screen, trust};
use crate::base::text;
use crate::domain::chat::{Body, Level};
use crate::domain::kb::journal::Provenance;
use crate::domain::kb::options::Picked;
use crate::domain::kb::proposal::{Proposal, Source};
use crate::domain::kb::state::Snapshot;
use crate::domain::kb::{Candidate, Edit, Op, Span, edit};
use crate::draw::patch::{self, PatchLine};
use crate::panels::prompt::editor::Editor;
use crate::panels::review::{self as panel, Confirmation, InView, Mode, WayOut, Wish};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Effect, OutsideFile, TaskId};

/// What the eye sees of the review: which edit, and its diff.
type Seen = (u64, Vec<PatchLine>);

fn seen(state: &State) -> Option<Seen> {
    let proposal = state.review.current()?;
    let before = screen::reviewed(state);
    let patch = match edit::apply(before, &proposal.edits()) {
        Ok(after) => patch::unified(before, &after, 2),
        Err(_) => Vec::new(),
    };
    Some((proposal.id, patch))
}

/// Guards the keys anew where the eye sees something else than before, so that no key accepts what was not looked at. A text field
/// stays open while its edit is the shown one; words for an edit that went away go to the history.
fn guard_what_is_new(state: &mut State, before: Option<Seen>) {
    let written = state.errands.saving.as_ref().map(|saving| saving.proposal);
    let shown = state.review.current().map(|proposal| proposal.id);
    if (written.is_some() && written == shown) || seen(state) == before {
        return;
    }
    let now = state.screen.now;
    let mode = mem::take(&mut state.review.mode);
    state.review.settle(now);
    match mode {
        Mode::Editing(_) | Mode::Reason(_)
            if shown.is_some() && shown == before.as_ref().map(|(id, _)| *id) =>
        {
            state.review.mode = mode;
        }
        Mode::Editing(editor) | Mode::Reason(editor) => keep_words(state, &editor.text()),
        Mode::Looking | Mode::Saving => {}
    }
}

/// The user's words for an edit that went away.
fn keep_words(state: &mut State, words: &str) {
    state.prompt.remember(vec![Span::typed(words)]);
    state.note("that edit went away meanwhile; your words are the newest in the history");
}

/// Adds an edit to those that wait, unless the same waits or was declined; a KB command lifts that.
pub fn offer(state: &mut State, candidate: Candidate, edit: Edit, source: Source) -> Offer {
    let lifted = candidate.kb_command;
    state.decided.next_id += 1;
    let mut proposal = Proposal::new(
        state.decided.next_id,
        candidate,
        edit,
        source,
        &state.tools.reconciler.tables().alarms,
    );
    let key = proposal.key();
    let waits = state.review.pending.iter().any(|pending| pending.key() == key);
    if waits {
        return Offer::Waits;
    }
    if !lifted && let Some(declined) = declined_before(state, &proposal, &key) {
        return declined;
    }
    proposal.look_round(&state.kb.document, &state.tools.reconciler);
    let before = seen(state);
    match superseded(state, &proposal) {
        Some(older) => *older = proposal,
        None => state.review.pending.push(proposal),
    }
    guard_what_is_new(state, before);
    Offer::Waits
}

/// Takes the model's wording of a waiting edit, unless the user is at work on it.
pub fn reworded_by_model(state: &mut State, id: u64, text: String) {
    let written = state.errands.saving.as_ref().map(|saving| saving.proposal);
    let edited = match &state.review.mode {
        Mode::Editing(_) => state.review.current().map(|proposal| proposal.id),
        Mode::Looking | Mode::Reason(_) | Mode::Saving => None,
    };
    if [written, edited].contains(&Some(id)) {
        return;
    }
    let before = seen(state);
    if let Some(proposal) = state.review.pending.iter_mut().find(|proposal| proposal.id == id) {
        proposal.take_wording(text, &state.kb.document, &state.tools.reconciler);
    }
    guard_what_is_new(state, before);
}

/// The waiting edit of the same line, whose place a newer one takes: the user's last word counts. An edit that is being written, or that
/// holds the user's own wording, keeps its place.
fn superseded<'a>(state: &'a mut State, newer: &Proposal) -> Option<&'a mut Proposal> {
    let line = newer.edit.supersedes.as_ref()?.line;
    let written = state.errands.saving.as_ref().map(|saving| saving.proposal);
    let edited = match &state.review.mode {
        Mode::Editing(_) => state.review.current().map(|proposal| proposal.id),
        Mode::Looking | Mode::Reason(_) | Mode::Saving => None,
    };
    state.review.pending.iter_mut().find(|pending| {
        let same_line = pending.edit.supersedes.as_ref().is_some_and(|at| at.line == line);
        same_line && !pending.edited && ![written, edited].contains(&Some(pending.id))
    })
}

/// Moves the focus to the review, or back to the prompt. The draft is untouched either way.
pub fn toggle(state: &mut State) {
    state.focus = match state.focus {
        Focus::Review => Focus::Prompt,
        Focus::Prompt | Focus::Reading(_) | Focus::Overlay(_) if state.review.pending.is_empty() => {
            state.note("no KB.md edit waits for review");
            return;
        }
        Focus::Prompt | Focus::Reading(_) | Focus::Overlay(_) => {
            let now = state.screen.now;
            state.review.settle(now);
            state.review.way_out = WayOut::Guarded;
            state.review.message = None;
            // What is being written is not accepted twice.
            if let Some(saving) = &state.errands.saving {
                state.review.show(saving.proposal);
                state.review.mode = Mode::Saving;
            }
            Focus::Review
        }
    };
}

/// Does what a key of the review asks.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    state.review.message = None;
    let now = state.screen.now;
    match action {
        Action::Accept => return accept(state),
        Action::AcceptWarned => return all_the_same(state),
        Action::SessionOnly if is_confirmed(state, Wish::Session) => session_only(state),
        Action::NeverAsk => return never_ask(state),
        Action::EditProposal => begin_edit(state),
        Action::Reject => reject(state, None),
        Action::RejectWithReason => state.review.mode = Mode::Reason(Editor::default()),
        Action::EditExternally => return edit_externally(state),
        Action::NextProposal => state.review.step(1, now),
        Action::PreviousProposal => state.review.step(-1, now),
        Action::ReviewDown => scroll(state, 1),
        Action::ReviewUp => scroll(state, -1),
        Action::LeaveReview => state.focus = Focus::Prompt,
        _ => {}
    }
    Vec::new()
}

/// Scrolls the diff as far as there is more of it.
pub fn scroll(state: &mut State, by: isize) {
    let area = screen::layout(state).review;
    let most = panel::overflow(&state.review, screen::reviewed(state), area, &state.screen.theme);
    state.review.scroll(by, most);
}

/// Chooses the numbered row of the shown edit. It decides nothing: the new diff is guarded like any other.
pub fn pick(state: &mut State, number: usize) {
    let now = state.screen.now;
    state.review.message = None;
    let Some(id) = state.review.current().map(|proposal| proposal.id) else { return };
    let found = state.review.pending.iter_mut().find(|proposal| proposal.id == id);
    let picked = found.map(|proposal| proposal.pick(number, &state.kb.document, &state.tools.reconciler));
    match picked {
        Some(Picked::Choice(_) | Picked::Extra) => state.review.settle(now),
        Some(Picked::Nothing) | None => {
            let keys = panel::keys_in_words(&state.tools.keymap);
            state.review.message = Some(format!("there is no row {number} to choose; {keys}"));
        }
    }
}

/// Whether the user has the whole diff before the eyes; else what is missing is shown or said.
fn is_in_view(state: &mut State) -> bool {
    if state.screen.form.shows_whole_diffs() {
        return true;
    }
    let area = screen::layout(state).review;
    match panel::in_view(&state.review, screen::reviewed(state), area, &state.screen.theme) {
        InView::Whole => true,
        InView::Above(below) => {
            scroll(state, isize::try_from(below).unwrap_or(isize::MAX));
            state.review.guard(state.screen.now);
            let again = state.tools.keymap.told("; ", Context::Review, Action::Accept, "again accepts");
            state.review.message = Some(format!("This is the rest of the diff{again}."));
            false
        }
        InView::Nothing => {
            let words = "the window is too small to show the diff; make it larger and accept then";
            state.note(words);
            state.review.message = Some(words.to_string());
            false
        }
    }
}

fn accept(state: &mut State) -> Vec<Effect> {
    if let Some(why) = state.kb.snapshot.explanation() {
        state.review.message = Some(why);
        return Vec::new();
    }
    if state.errands.saving.is_some() || !is_in_view(state) {
        return Vec::new();
    }
    if !is_confirmed(state, Wish::Write) {
        return Vec::new();
    }
    write(state)
}

/// Whether the edit needs no second look, or had it. The second key is another one than the first, so that a key held down or pressed
/// twice is no second thought.
fn is_confirmed(state: &mut State, wish: Wish) -> bool {
    if state.review.current().is_none_or(|proposal| proposal.warnings.is_empty()) {
        return true;
    }
    state.review.guard(state.screen.now);
    state.review.confirmation = Confirmation::Armed(wish);
    state.review.message = Some(format!("Read the warning{}.", panel::goes_on(&state.tools.keymap)));
    false
}

/// The second key after a warning.
fn all_the_same(state: &mut State) -> Vec<Effect> {
    let confirmed = state.review.confirmation;
    match confirmed {
        Confirmation::Armed(Wish::Write) if is_in_view(state) => return write(state),
        Confirmation::Armed(Wish::Write) => {}
        Confirmation::Armed(Wish::Session) => session_only(state),
        Confirmation::Open => state.review.message = Some(panel::keys_in_words(&state.tools.keymap)),
    }
    Vec::new()
}

fn write(state: &mut State) -> Vec<Effect> {
    if state.errands.saving.is_some() {
        return Vec::new();
    }
    let Some(proposal) = state.review.current() else { return Vec::new() };
    let (id, provenance) = (proposal.id, Provenance::from(proposal));
    match edit::apply(state.kb.text(), &proposal.edits()) {
        Ok(text) => {
            let task = state.errands.task();
            state.errands.saving = Some(Saving { task, proposal: id, before: state.kb.text().to_string() });
            state.review.mode = Mode::Saving;
            let expected = state.kb.snapshot.text().map(str::to_string);
            let outside = if mem::take(&mut state.review.outside_agreed) {
                OutsideFile::Allow
            } else {
                OutsideFile::Ask
            };
            vec![Effect::SaveKb { task, expected, text, outside, provenance }]
        }
        Err(error) => {
            state.review.message = Some(error.to_string());
            Vec::new()
        }
    }
}

/// The shown edit and its text, where there is one to change; else the user is told.
fn wording(state: &mut State) -> Option<(u64, String)> {
    let proposal = state.review.current()?;
    if proposal.edit.op == Op::Remove {
        state.review.message = Some("This edit removes a line; there is no text to edit.".to_string());
        return None;
    }
    Some((proposal.id, proposal.edit.text.clone()))
}

fn begin_edit(state: &mut State) {
    let Some((_, text)) = wording(state) else { return };
    let mut editor = Editor::default();
    editor.set_text(&text);
    state.review.mode = Mode::Editing(editor);
}

fn edit_externally(state: &mut State) -> Vec<Effect> {
    let Some((id, text)) = wording(state) else { return Vec::new() };
    let task = state.errands.task();
    state.errands.editing = Some((task, EditingWhat::Proposal(id)));
    vec![Effect::EditExternally { task, text }]
}

/// The text field of the review was confirmed with Enter.
pub fn confirm_field(state: &mut State) {
    match mem::take(&mut state.review.mode) {
        Mode::Editing(editor) => {
            if let Some(id) = state.review.current().map(|proposal| proposal.id) {
                reworded(state, id, &editor.text());
            }
        }
        Mode::Reason(editor) => reject(state, Some(text::one_line(&editor.text()))),
        other @ (Mode::Looking | Mode::Saving) => state.review.mode = other,
    }
}

/// The user's own wording replaces the offered one; it is shown as a new diff and needs its own accept.
pub fn reworded(state: &mut State, id: u64, words: &str) {
    if !state.review.pending.iter().any(|proposal| proposal.id == id) {
        keep_words(state, words);
        return;
    }
    state.review.show(id);
    let now = state.screen.now;
    let words = without_marker(&text::one_line(words)).to_string();
    if words.is_empty() {
        state.review.mode = Mode::Looking;
        reject(state, Some("the text was emptied".to_string()));
        return;
    }
    if let Some(proposal) = state.review.pending.iter_mut().find(|proposal| proposal.id == id) {
        proposal.reword(words, &state.tools.reconciler.tables().alarms);
        proposal.look_again(&state.kb.document, &state.tools.reconciler);
    }
    state.review.settle(now);
}

/// The words without a list marker that was typed along: the file's own marker is put before them.
pub fn without_marker(words: &str) -> &str {
    ["- ", "* ", "+ ", "- [ ] ", "• "]
        .iter()
        .find_map(|marker| words.strip_prefix(marker))
        .unwrap_or(words)
        .trim_start()
}

fn leave_when_done(state: &mut State) {
    if state.review.pending.is_empty() && matches!(state.focus, Focus::Review) {
        state.focus = Focus::Prompt;
    }
}

/// The write that this is the answer to.
fn answered(state: &mut State, task: TaskId) -> Option<Saving> {
    state.errands.saving.take_if(|saving| saving.task == task)
}

/// The edit is on disk and was read back.
pub fn saved(state: &mut State, task: TaskId, snapshot: Snapshot) -> Vec<Effect> {
    let Some(saving) = answered(state, task) else { return Vec::new() };
    let place = state.review.pending.iter().position(|proposal| proposal.id == saving.proposal);
    if let Some(proposal) = place.map(|place| state.review.pending.remove(place)) {
        let after = snapshot.text().unwrap_or_default();
        let diff = patch::text(&patch::unified(&saving.before, after, 1));
        let summary = format!(
            "Saved to KB.md: {}{}: {}  (/kb undo takes it back)",
            proposal.title(),
            proposal.also(),
            proposal.gist()
        );
        state.decided.session.saved(&proposal);
        state.decided.written = Some(proposal.candidate.quote.clone());
        state.log.push(Body::Decision { level: Level::Good, summary, diff });
        state.note("Saved to KB.md");
        state.decided.agreed();
    }
    trust::written(state, &snapshot);
    kb_changed(state, snapshot);
    let now = state.screen.now;
    state.review.settle(now);
    leave_when_done(state);
    Vec::new()
}

/// KB.md changed between the diff and the accept: the new diff is shown, and accept is asked again.
pub fn moved(state: &mut State, task: TaskId, snapshot: Snapshot) -> Vec<Effect> {
    if answered(state, task).is_some() {
        state.kb.set(snapshot);
        rebase(state);
        let now = state.screen.now;
        state.review.settle(now);
        if !matches!(state.focus, Focus::Review) {
            state.note("KB.md had changed on disk; nothing was written, the edit waits for review");
        }
        state.review.message =
            Some("KB.md had changed on disk; nothing was written. This is the new diff.".to_string());
        leave_when_done(state);
    }
    Vec::new()
}

/// KB.md could not be written; the edit stays pending.
pub fn save_failed(state: &mut State, task: TaskId, cause: &str) -> Vec<Effect> {
    if answered(state, task).is_some() {
        rebase(state);
        let now = state.screen.now;
        state.review.settle(now);
        state.review.message = Some(text::one_line(cause));
        state.notice(Level::Error, cause);
    }
    Vec::new()
}

/// KB.md is a link out of the project: the next accept writes there.
pub fn outside(state: &mut State, task: TaskId, target: &str) -> Vec<Effect> {
    if answered(state, task).is_some() {
        rebase(state);
        let now = state.screen.now;
        state.review.settle(now);
        state.review.outside_agreed = true;
        state.review.message = Some(format!(
            "KB.md is a link to {target}, outside this project; {} writes there.",
            state.screen.form.accept()
        ));
    }
    Vec::new()
}

/// KB.md is different now: every pending edit is put onto the new text, and what became true by itself is withdrawn.
pub fn kb_changed(state: &mut State, snapshot: Snapshot) {
    let same = state.kb.snapshot.text() == snapshot.text();
    let before = if same { None } else { seen(state) };
    state.kb.set(snapshot);
    if !same {
        rebase(state);
        guard_what_is_new(state, before);
        leave_when_done(state);
    }
    overlay::refresh_knowledge(state);
}

/// Puts the pending edits onto KB.md as it is now. The one that is being written keeps still until the disk answers, and all do while
/// KB.md cannot be read or holds a merge conflict: that says nothing about them.
fn rebase(state: &mut State) {
    if state.kb.snapshot.explanation().is_some() || state.kb.document.conflict_line().is_some() {
        return;
    }
    let written = state.errands.saving.as_ref().map(|saving| saving.proposal);
    let shown = state.review.current().map(|proposal| proposal.id);
    let mut kept = Vec::new();
    for mut proposal in mem::take(&mut state.review.pending) {
        if written == Some(proposal.id) {
            kept.push(proposal);
            continue;
        }
        let (gist, before) = (proposal.gist().to_string(), proposal.edit.clone());
        proposal.note = proposal.note.take().filter(|_| proposal.edited);
        match proposal.rebased(&state.kb.document, &state.tools.reconciler) {
            Some(mut proposal) => {
                if !says_the_same(&proposal.edit, &before) {
                    proposal.note = Some("KB.md changed on disk; this is the new diff".to_string());
                }
                kept.push(proposal);
            }
            None => state
                .log
                .push_notice(format!("KB.md now settles this by itself, so it is no longer offered: {gist}")),
        }
    }
    state.review.pending = kept;
    if let Some(id) = shown {
        state.review.show(id);
    }
}

/// Whether two edits do the same to the same line, wherever that line stands now.
fn says_the_same(one: &Edit, other: &Edit) -> bool {
    let line = |edit: &Edit| edit.supersedes.as_ref().map(|line| line.text.clone());
    one.op == other.op && one.text == other.text && one.section == other.section && line(one) == line(other)
}
