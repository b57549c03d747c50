//! The ways to decide on an edit that write nothing: reject it, keep it for this session, never be asked again, take it back. It
//! never touches KB.md.

use super::{keep_words, leave_when_done};
use crate::app::state::{Said, State};
use crate::domain::chat::{Body, Level};
use crate::domain::kb::proposal::{self, Proposal};
use crate::domain::kb::{Op, edit, never};
use crate::draw::patch;
use crate::panels::review::Mode;
use crate::protocol::message::Effect;

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    Waits,
    /// The user said no to it before in this session.
    Rejected,
    /// The user wants it for this session only.
    Session,
    /// The user never wants to be asked about it in this project.
    Never,
}

impl Offer {
    /// What the user is told where there is no card.
    pub fn to_user(self) -> Option<&'static str> {
        match self {
            Self::Waits => None,
            Self::Rejected => Some("you rejected this before; /remember offers it all the same"),
            Self::Session => Some("this holds for this session already; /remember offers it for KB.md"),
            Self::Never => Some("you never want to be asked about this; /remember offers it all the same"),
        }
    }

    /// What a model that proposed it is told.
    pub fn to_model(self) -> Option<&'static str> {
        match self {
            Self::Waits => None,
            Self::Rejected => Some("The user has rejected this before; do not propose it again."),
            Self::Session => Some("The user wants this for this session only; do not propose it again."),
            Self::Never => Some("The user does not want to be asked about this; do not propose it again."),
        }
    }
}

/// Rejects the shown edit. It stays in the chat, folded, and is not offered again in this session.
pub fn reject(state: &mut State, reason: Option<String>) {
    let Some(proposal) = taken(state) else { return };
    let why = reason.filter(|why| !why.is_empty()).map(|why| format!(" ({why})")).unwrap_or_default();
    tell(state, &proposal, Level::Info, format!("Rejected{why}: {}: {}", proposal.title(), proposal.gist()));
    refuse(state, &proposal);
    leave_when_done(state);
}

/// Keeps the shown edit's rule for this session: the model is told, KB.md stays as it is.
pub fn session_only(state: &mut State) {
    let Some(proposal) = taken(state) else { return };
    let text = state.decided.session.add(&proposal, &state.tools.reconciler);
    let summary = format!("For this session only (/session shows it): {text}");
    tell(state, &proposal, Level::Good, summary);
    leave_when_done(state);
}

/// Rejects the shown edit for this and all later sessions in this project. Only hashes of it are kept.
pub fn never_ask(state: &mut State) -> Vec<Effect> {
    let Some(proposal) = taken(state) else { return Vec::new() };
    let tables = state.tools.reconciler.tables();
    let meant = proposal.meant();
    let hashes: Vec<String> =
        meant.iter().flat_map(|edit| never::hashes(&proposal.candidate, edit, tables)).collect();
    state.decided.never.add(hashes.clone());
    let summary = format!(
        "Never asked again (/remember lifts it): {}: {}",
        proposal.title(),
        proposal.gist()
    );
    tell(state, &proposal, Level::Info, summary);
    refuse(state, &proposal);
    leave_when_done(state);
    vec![Effect::NeverAsk { hashes }]
}

/// What is never asked about could not be read or kept: said once, since nothing else is lost by it.
pub fn never_failed(state: &mut State, cause: &str) -> Vec<Effect> {
    if state.decided.never_failed == Said::NotYet {
        state.decided.never_failed = Said::Once;
        state.notice(Level::Warning, format!("“Never ask” cannot be kept for later sessions: {cause}."));
    }
    Vec::new()
}

/// The user took back what was said in the last message: the edits that came from it wait no longer.
pub fn withdraw(state: &mut State, ids: &[u64]) {
    let before = super::seen(state);
    let written = state.errands.saving.as_ref().map(|saving| saving.proposal);
    let (gone, kept): (Vec<Proposal>, Vec<Proposal>) = std::mem::take(&mut state.review.pending)
        .into_iter()
        .partition(|proposal| ids.contains(&proposal.id) && written != Some(proposal.id));
    state.review.pending = kept;
    for proposal in &gone {
        let summary = format!("Withdrawn, as you took it back: {}: {}", proposal.title(), proposal.gist());
        tell(state, proposal, Level::Info, summary);
    }
    if !gone.is_empty() {
        if let Mode::Editing(editor) | Mode::Reason(editor) = &state.review.mode
            && state.review.pending.is_empty()
        {
            let words = editor.text().to_string();
            keep_words(state, &words);
        }
        super::guard_what_is_new(state, before);
        leave_when_done(state);
    }
}

/// The shown edit, taken out of those that wait.
fn taken(state: &mut State) -> Option<Proposal> {
    let now = state.screen.now;
    state.review.take_current(now)
}

/// The edit and what else would say the same is not offered again in this session.
fn refuse(state: &mut State, proposal: &Proposal) {
    state.decided.rejected.extend(proposal.meant().iter().map(proposal::key_of));
    if proposal.edit.op != Op::Remove {
        // The wording that was offered, too: it would come back from the same words.
        let words = [&proposal.edit.text, &proposal.candidate.text].map(String::clone);
        state.decided.refused.extend(words.into_iter().filter(|words| !words.is_empty()));
    }
}

/// Leaves the decided edit in the chat, its diff folded.
fn tell(state: &mut State, proposal: &Proposal, level: Level, summary: String) {
    let before = state.kb.text();
    let diff = edit::apply(before, &proposal.edits())
        .map(|after| patch::text(&patch::unified(before, &after, 1)))
        .unwrap_or_default();
    state.log.push_folded(Body::Decision { level, summary, diff });
}
