//! The ways to decide on an edit that write nothing: reject it, keep it for this session, never be asked again, take it back. It
//! never touches KB.md.

use super::leave_when_done;
use crate::app::state::{Decided, Said, State};
use crate::base::text;
use crate::domain::chat::{Body, Level};
use crate::domain::kb::document::Document;
use crate::domain::kb::proposal::{self, Proposal};
use crate::domain::kb::{Candidate, Edit, Op, Verdict, edit, never, retract};
use crate::draw::patch;
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
    let summary = format!("For this session only (/rules shows it): {text}");
    tell(state, &proposal, Level::Good, summary);
    // The rule was wanted, if not in KB.md.
    state.decided.agreed();
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
    let summary =
        format!("Never asked again (/remember lifts it): {}: {}", proposal.title(), proposal.gist());
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

/// A message that takes back the one before it takes back the edits that came from there; one that is written already is named. The
/// user's own wording stays.
pub fn taken_back(state: &mut State, typed: &str) {
    let Some(before) = state.decided.earlier().last().filter(|_| retract::retracts(typed)).cloned() else {
        return;
    };
    let ids = from(state, &before);
    let written = state.decided.written.as_ref().is_some_and(|quote| before.contains(quote));
    if ids.is_empty() && written {
        state.note("that is in KB.md already; /kb undo takes it back");
    }
    withdraw(state, &ids);
}

/// The edits that wait and rest on a message alone; the user's own wording is no such one.
fn from(state: &State, message: &str) -> Vec<u64> {
    let rests = |proposal: &&Proposal| !proposal.edited && message.contains(&proposal.candidate.quote);
    state.review.pending.iter().filter(rests).map(|proposal| proposal.id).collect()
}

/// A message was taken back into the prompt, and with it the edits that rest on it: they come again when it is sent again.
pub fn unsaid(state: &mut State, message: &str) {
    let ids = from(state, message);
    withdraw(state, &ids);
}

/// "Forget what I said about pnpm": the edit that waits and is named that way waits no longer. True when there was one.
pub fn revoked(state: &mut State, candidate: &Candidate) -> bool {
    let list: String = state
        .review
        .pending
        .iter()
        .map(|proposal| format!("- {}\n", text::one_line(&proposal.edit.text)))
        .collect();
    let named = state.tools.reconciler.reconcile(&Document::parse(&list), candidate);
    let line = match named {
        Verdict::Change(Edit { op: Op::Remove, supersedes: Some(line), .. }) => line.line,
        Verdict::Change(_) | Verdict::Known(_) | Verdict::NoSuchRule => return false,
    };
    let id = line.checked_sub(1).and_then(|at| state.review.pending.get(at)).map(|proposal| proposal.id);
    withdraw(state, id.as_slice());
    id.is_some()
}

/// Takes edits out of those that wait, but for one that is being written.
fn withdraw(state: &mut State, ids: &[u64]) {
    if ids.is_empty() {
        return;
    }
    let before = super::seen(state);
    let shown = state.review.current().map(|proposal| proposal.id);
    let written = state.errands.saving.as_ref().map(|saving| saving.proposal);
    let (gone, kept): (Vec<Proposal>, Vec<Proposal>) = std::mem::take(&mut state.review.pending)
        .into_iter()
        .partition(|proposal| ids.contains(&proposal.id) && written != Some(proposal.id));
    state.review.pending = kept;
    if let Some(id) = shown {
        state.review.show(id);
    }
    for proposal in &gone {
        let summary = format!("Withdrawn, as you took it back: {}: {}", proposal.title(), proposal.gist());
        tell(state, proposal, Level::Info, summary);
    }
    super::guard_what_is_new(state, before);
    leave_when_done(state);
}

/// The shown edit, taken out of those that wait.
fn taken(state: &mut State) -> Option<Proposal> {
    let now = state.screen.now;
    state.review.take_current(now)
}

/// The edit and what else would say the same is not offered again in this session; after some such refusals the model's are not either.
fn refuse(state: &mut State, proposal: &Proposal) {
    if state.decided.turned_down() == Decided::ENOUGH {
        state.note("three edits rejected in a row: only what you state outright is offered from here on");
    }
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

/// What the user decided before on an edit that says the same.
pub(super) fn declined_before(state: &State, proposal: &Proposal, key: &str) -> Option<Offer> {
    let (decided, reconciler) = (&state.decided, &state.tools.reconciler);
    if decided.session.say(proposal, reconciler) {
        return Some(Offer::Session);
    }
    let hashes = never::hashes(&proposal.candidate, &proposal.edit, reconciler.tables());
    if decided.never.holds(&hashes) {
        return Some(Offer::Never);
    }
    let rejected = decided.rejected.contains(key)
        || proposal::said_among(&decided.refused, &proposal.candidate, reconciler);
    rejected.then_some(Offer::Rejected)
}
