//! What is told where work broke off: the event that its asker waits for, with the cause in words. It does no work itself.

use crate::domain::attach::mention::Mention;
use crate::domain::attach::refusal::{Found, Refusal};
use crate::domain::kb::state::{KbState, Snapshot};
use crate::io::watch::Look;
use crate::protocol::message::{Event, TaskId};

/// For work that nobody waits for.
pub(super) fn warned(what: &str, cause: String) -> Event {
    Event::Warned(format!("{what}: {cause}."))
}

pub(super) fn kb_read(task: TaskId, cause: String) -> Event {
    Event::KbRead { task, snapshot: unreadable(cause) }
}

/// What was mentioned, as it was written.
pub(super) fn names(mentions: &[Mention]) -> Vec<String> {
    mentions.iter().map(|mention| mention.written.clone()).collect()
}

pub(super) fn mentions_read(task: TaskId, names: Vec<String>, cause: String) -> Event {
    let refused = |name| Found::Refused { name, why: Refusal::Unreadable { cause: cause.clone() } };
    Event::MentionsRead { task, found: names.into_iter().map(refused).collect() }
}

/// A write may have come to its end all the same, so nothing is said of what the file holds.
pub(super) fn kb(what: &str, cause: &str) -> String {
    format!("{what} broke off; look at KB.md before you go on. The cause is {cause}.")
}

/// What changed could not be looked at.
pub(super) fn looked(look: Look, cause: String) -> Event {
    match look {
        Look::Kb => Event::KbChanged(unreadable(cause)),
        Look::Personas => warned("The personas could not be read", cause),
        Look::Settings => Event::SettingsBroken(format!("The settings could not be read: {cause}.")),
    }
}

fn unreadable(cause: String) -> Snapshot {
    Snapshot { state: KbState::Unreadable { cause } }
}
