//! A message that is sent before detector and reconciler are made: it waits for them, or its reply does. It makes none of them.

use super::plain::Form;
use super::state::{Heard, Readiness, State, Turn};
use super::turn::{ended, hear, kb_read};
use crate::domain::kb::detect::Detector;
use crate::domain::kb::reconcile::Reconciler;
use crate::protocol::message::Effect;

/// The detector is here.
pub fn detector_made(state: &mut State, detector: Detector) -> Vec<Effect> {
    state.tools.detector = detector;
    match state.tools.readiness {
        Readiness::Coming | Readiness::DetectorAlone => {
            state.tools.readiness = Readiness::DetectorAlone;
            heard_alone(state)
        }
        Readiness::ReconcilerAlone | Readiness::Ready => tables_made(state),
    }
}

/// The reconciler is here.
pub fn reconciler_made(state: &mut State, reconciler: Reconciler) -> Vec<Effect> {
    state.tools.reconciler = reconciler;
    match state.tools.readiness {
        Readiness::Coming | Readiness::ReconcilerAlone => {
            state.tools.readiness = Readiness::ReconcilerAlone;
            Vec::new()
        }
        Readiness::DetectorAlone | Readiness::Ready => tables_made(state),
    }
}

/// Both are here: what was read before goes on.
fn tables_made(state: &mut State) -> Vec<Effect> {
    state.tools.readiness = Readiness::Ready;
    let mut effects = heard_late(state);
    let early = std::mem::take(&mut state.errands.early);
    effects.extend(early.into_iter().flat_map(|(task, snapshot)| kb_read(state, task, snapshot)));
    effects
}

/// The detector alone looks at a message that was sent before it was there: of most it finds nothing, and then nothing waits for the
/// reconciler.
pub fn heard_alone(state: &mut State) -> Vec<Effect> {
    let found = match &state.turn {
        Turn::Replying(replying) => {
            let detection = state.tools.detector.detect(&replying.message, &state.kb.document);
            if detection.candidates.is_empty() { Heard::Nothing } else { Heard::Something }
        }
        Turn::Idle | Turn::Reading { .. } | Turn::Compacting(_) => return Vec::new(),
    };
    if let Turn::Replying(replying) = &mut state.turn {
        replying.heard = found;
    }
    end_late(state)
}

/// Looks for directives in a message that was sent before the tables were there, and takes the end of its reply if that came.
fn heard_late(state: &mut State) -> Vec<Effect> {
    let message = match &state.turn {
        Turn::Replying(replying) if replying.heard != Heard::All => replying.message.clone(),
        Turn::Replying(_) | Turn::Idle | Turn::Reading { .. } | Turn::Compacting(_) => return Vec::new(),
    };
    let candidates = hear(state, &message);
    if let Turn::Replying(replying) = &mut state.turn {
        replying.candidates = candidates;
        replying.heard = Heard::All;
    }
    end_late(state)
}

/// Takes the end of a reply that waited for the tables, if it came.
fn end_late(state: &mut State) -> Vec<Effect> {
    match state.errands.late.take() {
        Some((task, outcome)) => ended(state, task, outcome),
        None => Vec::new(),
    }
}

/// Whether the end of the running reply has to wait for the tables: something was said, or the model proposed something.
pub fn needs_tables(state: &State) -> bool {
    let Turn::Replying(replying) = &state.turn else { return false };
    let proposed = || {
        let mut fence = replying.fence.clone().unwrap_or_default();
        fence.finish();
        let calls = state.log.reply(replying.entry).is_some_and(|reply| !reply.calls.is_empty());
        calls || !fence.blocks().is_empty()
    };
    match replying.heard {
        Heard::All => false,
        Heard::NotYet | Heard::Something => true,
        Heard::Nothing => proposed(),
    }
}

/// Whether something waits for the reconciler, which is made only then where making it would hold up the reply.
pub fn wants_reconciler(state: &State) -> bool {
    let missing = matches!(state.tools.readiness, Readiness::Coming | Readiness::DetectorAlone);
    let heard = match &state.turn {
        Turn::Replying(replying) => match replying.heard {
            Heard::Something => true,
            Heard::Nothing => needs_tables(state),
            Heard::NotYet | Heard::All => false,
        },
        Turn::Idle | Turn::Reading { .. } | Turn::Compacting(_) => false,
    };
    missing && (heard || !asks_first(state))
}

/// Whether a message is sent before it was looked at: nobody waits for a card, so the reply need not wait for the tables. Without a model
/// the answer tells what was heard.
pub fn asks_first(state: &State) -> bool {
    state.screen.form == Form::Once && !state.connection.is_offline()
}
