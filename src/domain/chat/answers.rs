//! What takes part in the conversation: of several answers to a message the one that is shown, and nothing that was taken back. Nothing
//! is ever removed here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Body, Entry, EntryId, Fold, Log};

/// Whether an entry takes part in the conversation. Only what is current goes along with a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    #[default]
    Current,
    /// A reply in whose place another version of the answer is shown.
    OtherVersion,
    /// The user took the message back, or it answered such a one.
    TakenBack,
}

/// Which one of how many versions; from 1 on. An answer that was given once is 1 of 1, and 0 of 0 is nobody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version {
    pub number: usize,
    pub of: usize,
}

impl Version {
    /// Whether there is another one.
    pub fn has_others(self) -> bool {
        self.of > 1
    }
}

/// The versions of each reply of a conversation. One that said nothing counts only while it is shown.
pub fn versions<'a>(entries: impl Iterator<Item = (&'a Body, Presence)>) -> Vec<Version> {
    let entries: Vec<(&Body, Presence)> = entries.collect();
    let mut found = vec![Version::default(); entries.len()];
    let mut start = 0;
    for end in 1..=entries.len() {
        let ends = entries.get(end).is_none_or(|(body, presence)| {
            matches!(body, Body::User { .. }) && *presence == Presence::Current
        });
        if ends {
            number(
                entries.get(start..end).unwrap_or_default(),
                found.get_mut(start..end).unwrap_or_default(),
            );
            start = end;
        }
    }
    found
}

/// Numbers the replies of one answer.
fn number(entries: &[(&Body, Presence)], found: &mut [Version]) {
    let mut counted: BTreeSet<u32> = BTreeSet::new();
    for (body, presence) in entries {
        if let Body::Reply(reply) = body {
            let says = !reply.text.trim().is_empty() || !reply.thinking.trim().is_empty();
            let counts = match presence {
                Presence::Current => true,
                Presence::OtherVersion => says,
                Presence::TakenBack => false,
            };
            if counts {
                counted.insert(reply.version);
            }
        }
    }
    for ((body, presence), found) in entries.iter().zip(found) {
        if let Body::Reply(reply) = body
            && *presence != Presence::TakenBack
            && let Some(at) = counted.iter().position(|version| *version == reply.version)
        {
            *found = Version { number: at + 1, of: counted.len() };
        }
    }
}

impl Log {
    /// The entries that take part, oldest first.
    pub fn current(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.presence == Presence::Current)
    }

    /// Which entries take part in another way since this was asked last.
    pub fn take_moved(&mut self) -> BTreeSet<EntryId> {
        std::mem::take(&mut self.moved)
    }

    /// The position of the newest message that takes part.
    pub fn newest_said(&self) -> Option<usize> {
        self.said_before(self.entries.len())
    }

    /// The position of the message that takes part and stands before a position.
    fn said_before(&self, at: usize) -> Option<usize> {
        let said =
            |entry: &Entry| matches!(entry.body, Body::User { .. }) && entry.presence == Presence::Current;
        self.entries.get(..at).unwrap_or_default().iter().rposition(said)
    }

    /// The position of the message that an entry answers, or is.
    pub fn said_for(&self, at: usize) -> Option<usize> {
        self.said_before(at + 1)
    }

    /// The position of the message that a reply answers, also where both were taken back.
    pub fn message_of(&self, at: usize) -> Option<usize> {
        let before = self.entries.get(..at).unwrap_or_default();
        let said = |entry: &Entry| matches!(entry.body, Body::User { .. });
        match self.entries.get(at)?.presence {
            Presence::Current | Presence::OtherVersion => self.said_before(at),
            Presence::TakenBack => before.iter().rposition(said),
        }
    }

    /// The positions between the message that an entry answers and the next message.
    fn answer(&self, at: usize) -> Range<usize> {
        let start = self.said_before(at + 1).map_or(0, |said| said + 1);
        let rest = self.entries.get(start..).unwrap_or_default();
        let said =
            |entry: &Entry| matches!(entry.body, Body::User { .. }) && entry.presence == Presence::Current;
        let end = rest.iter().position(said).map_or(self.entries.len(), |next| start + next);
        start..end
    }

    /// Another version of the answer to the newest message begins: what was replied before stays beside it.
    pub fn begin_version(&mut self) {
        let Some(said) = self.newest_said() else { return };
        let range = self.answer(said);
        let last = self.replies(range.clone()).map(|(_, version, _)| version).max();
        self.version = last.map_or(0, |last| last + 1);
        for at in range {
            self.present(at, |body, presence| match (body, presence) {
                (Body::Reply(_), Presence::Current) => Presence::OtherVersion,
                (_, presence) => presence,
            });
        }
    }

    /// The replies among some positions, with their version, but those that were taken back.
    fn replies(&self, range: Range<usize>) -> impl Iterator<Item = (usize, u32, Presence)> {
        let entries = self.entries.get(range.clone()).unwrap_or_default();
        range.zip(entries).filter_map(|(at, entry)| match (&entry.body, entry.presence) {
            (Body::Reply(reply), presence @ (Presence::Current | Presence::OtherVersion)) => {
                Some((at, reply.version, presence))
            }
            _ => None,
        })
    }

    /// Shows the version of this number in the answer that an entry belongs to; gives the position of its first reply. `None` when there
    /// is no such version.
    pub fn show_version(&mut self, at: usize, number: usize) -> Option<usize> {
        let range = self.answer(at);
        let wanted = self.replies(range.clone()).find_map(|(at, version, _)| {
            let here = self.entries.get(at).is_some_and(|entry| entry.version.number == number);
            (here && number > 0).then_some(version)
        })?;
        for at in range.clone() {
            self.present(at, |body, presence| match (body, presence) {
                (Body::Reply(reply), Presence::Current | Presence::OtherVersion)
                    if reply.version == wanted =>
                {
                    Presence::Current
                }
                (Body::Reply(_), Presence::Current) => Presence::OtherVersion,
                (_, presence) => presence,
            });
        }
        self.number_range(range.clone());
        let of_it = |found: &(usize, u32, Presence)| found.1 == wanted;
        let shown: Vec<usize> = self.replies(range).filter(of_it).map(|(at, ..)| at).collect();
        let first = shown.iter().find(|at| self.entries.get(**at).is_some_and(says));
        first.or(shown.first()).copied()
    }

    /// The version that is shown of the answer which an entry belongs to.
    pub fn version_at(&self, at: usize) -> Version {
        let shown = self.replies(self.answer(at)).find(|(_, _, presence)| *presence == Presence::Current);
        shown.and_then(|(at, ..)| self.entries.get(at)).map(|entry| entry.version).unwrap_or_default()
    }

    /// The replies of each version of the answer that an entry belongs to, by number.
    pub fn versions_at(&self, at: usize) -> BTreeMap<usize, Vec<&super::Reply>> {
        let mut found: BTreeMap<usize, Vec<&super::Reply>> = BTreeMap::new();
        for (at, ..) in self.replies(self.answer(at)) {
            if let Some(entry) = self.entries.get(at)
                && let Body::Reply(reply) = &entry.body
                && entry.version.number > 0
            {
                found.entry(entry.version.number).or_default().push(reply);
            }
        }
        found
    }

    /// Takes the newest message back, and with it what answered it: all of it stays, and takes no part any more. Gives its
    /// position.
    pub fn take_back(&mut self) -> Option<usize> {
        let said = self.newest_said()?;
        for at in said..self.entries.len() {
            self.present(at, |body, presence| match body {
                Body::User { .. } | Body::Reply(_) => Presence::TakenBack,
                Body::Divider { .. }
                | Body::Notice { .. }
                | Body::Decision { .. }
                | Body::Compaction { .. } => presence,
            });
        }
        Some(said)
    }

    /// Appends what was kept of a conversation; gives the ids. Of several versions that claim to be shown, the newest one is.
    pub fn restore(&mut self, kept: impl Iterator<Item = (Body, Presence)>) -> Vec<EntryId> {
        let first = self.entries.len();
        let mut ids = Vec::new();
        for (body, presence) in kept {
            let folded = matches!(body, Body::Decision { .. } | Body::Compaction { .. })
                || presence == Presence::TakenBack;
            ids.push(self.append(body));
            if let Some(entry) = self.entries.last_mut() {
                entry.presence = presence;
                if folded {
                    entry.fold = Fold::Folded;
                }
            }
        }
        let mut at = first;
        while at < self.entries.len() {
            let range = self.answer(at);
            let current = |found: &(usize, u32, Presence)| found.2 == Presence::Current;
            let shown = self.replies(range.clone()).filter(current).map(|(_, version, _)| version).max();
            let shown = shown.or_else(|| self.replies(range.clone()).map(|(_, version, _)| version).max());
            for at in range.clone() {
                if let Some(entry) = self.entries.get_mut(at)
                    && let Body::Reply(reply) = &entry.body
                    && entry.presence != Presence::TakenBack
                {
                    let here = Some(reply.version) == shown;
                    entry.presence = if here { Presence::Current } else { Presence::OtherVersion };
                }
            }
            self.number_range(range.clone());
            at = range.end.max(at) + 1;
        }
        ids
    }

    /// Changes how an entry takes part.
    fn present(&mut self, at: usize, change: impl Fn(&Body, Presence) -> Presence) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        let presence = change(&entry.body, entry.presence);
        if presence == entry.presence {
            return;
        }
        entry.presence = presence;
        entry.revision += 1;
        if presence == Presence::TakenBack {
            entry.fold = Fold::Folded;
        }
        self.moved.insert(entry.id);
    }

    /// Numbers the versions of the newest answer.
    pub(super) fn number_newest(&mut self) {
        if let Some(said) = self.newest_said() {
            self.number_range(self.answer(said));
        }
    }

    /// Numbers the versions of all answers.
    pub(super) fn number_all(&mut self) {
        self.number_range(0..self.entries.len());
    }

    fn number_range(&mut self, range: Range<usize>) {
        let entries = self.entries.get(range.clone()).unwrap_or_default();
        let found = versions(entries.iter().map(|entry| (&entry.body, entry.presence)));
        for (entry, version) in self.entries.get_mut(range).unwrap_or_default().iter_mut().zip(found) {
            if entry.version != version {
                entry.version = version;
                entry.revision += 1;
            }
        }
    }
}

/// Whether something of a reply is to be seen.
fn says(entry: &Entry) -> bool {
    match &entry.body {
        Body::Reply(reply) => !reply.text.trim().is_empty() || !reply.thinking.is_empty(),
        Body::User { .. }
        | Body::Divider { .. }
        | Body::Notice { .. }
        | Body::Decision { .. }
        | Body::Compaction { .. } => false,
    }
}
