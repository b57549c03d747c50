//! The messages that were sent from here and where one stands among them. It never touches the draft itself and never a disk.

use std::collections::HashSet;

use crate::domain::kb::{Span, joined};

/// Messages that are kept; older ones are dropped.
pub const LIMIT: usize = 1_000;

/// Where the prompt stands in its history.
#[derive(Clone, Debug, Default)]
enum Recall {
    /// The draft is the user's own.
    #[default]
    Draft,
    /// The message at this position is shown; the draft waits.
    At {
        position: usize,
        draft: Vec<Span>,
        /// Only messages that begin like this are shown.
        beginning: Option<String>,
    },
}

/// Messages, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    messages: Vec<Vec<Span>>,
    recall: Recall,
    /// What was added and is not yet on its way to the disk.
    unsaved: Vec<Vec<Span>>,
    /// Texts that are not for the disk, until they are said where that is kept.
    apart: HashSet<String>,
    revision: u64,
}

impl History {
    /// Grows with every change, so that a change is seen without a comparison.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The messages, newest first, each with its place for `at`.
    pub fn newest_first(&self) -> impl Iterator<Item = (usize, &[Span])> {
        self.messages.iter().map(Vec::as_slice).enumerate().rev()
    }

    /// The newest message of this text, with the origins of its words.
    pub fn spans_of(&self, text: &str) -> Option<Vec<Span>> {
        let says = |message: &&Vec<Span>| message.iter().flat_map(|span| span.text.bytes()).eq(text.bytes());
        self.messages.iter().rev().find(says).cloned()
    }

    /// The message at a place.
    pub fn at(&self, position: usize) -> Option<&[Span]> {
        self.messages.get(position).map(Vec::as_slice)
    }

    /// Adds what was sent: from here on its words are kept like others, unless they are left out again.
    pub fn said(&mut self, spans: Vec<Span>) {
        self.apart.remove(&joined(&spans));
        self.remember(spans);
    }

    /// Keeps a text out of what goes to the disk.
    pub fn leave_out(&mut self, spans: &[Span]) {
        if !is_blank(spans) {
            self.apart.insert(joined(spans));
        }
    }

    /// Keeps out what was added and is not yet on its way to the disk, but for these.
    pub fn leave_out_unsaved(&mut self, but: &[Vec<Span>]) {
        for message in std::mem::take(&mut self.unsaved) {
            if but.contains(&message) {
                self.unsaved.push(message);
            } else {
                self.leave_out(&message);
            }
        }
    }

    /// Whether a text is kept out of what goes to the disk.
    pub fn is_apart(&self, text: &str) -> bool {
        self.apart.contains(text)
    }

    /// Whether any text is.
    pub fn has_apart(&self) -> bool {
        !self.apart.is_empty()
    }

    /// Adds what is not blank and not the same as the last. A draft that waited behind a recalled message goes there first, so that it
    /// can be recalled too.
    pub fn remember(&mut self, spans: Vec<Span>) {
        if let Recall::At { draft, .. } = std::mem::take(&mut self.recall) {
            self.keep(draft);
        }
        self.keep(spans);
    }

    fn keep(&mut self, spans: Vec<Span>) {
        self.revision += 1;
        if is_blank(&spans) || self.messages.last() == Some(&spans) {
            return;
        }
        if !self.apart.contains(&joined(&spans)) {
            self.unsaved.push(spans.clone());
        }
        self.messages.push(spans);
        self.trim();
    }

    /// Puts messages of earlier sessions before those of this one. They are on the disk already.
    pub fn begin_with(&mut self, mut earlier: Vec<Vec<Span>>) {
        if let Recall::At { position, .. } = &mut self.recall {
            *position += earlier.len();
        }
        earlier.append(&mut self.messages);
        self.messages = earlier;
        self.trim();
    }

    /// Drops the messages of these texts, and keeps the texts off the disk.
    pub fn forget(&mut self, texts: &HashSet<String>) {
        self.apart.extend(texts.iter().cloned());
        let is_one = |message: &Vec<Span>| texts.contains(&joined(message));
        if let Recall::At { position, .. } = &mut self.recall {
            let before = self.messages.iter().take(*position);
            *position -= before.filter(|message| is_one(message)).count();
        }
        self.messages.retain(|message| !is_one(message));
        self.unsaved.retain(|message| !is_one(message));
    }

    fn trim(&mut self) {
        let old = self.messages.len().saturating_sub(LIMIT);
        self.messages.drain(..old);
        if let Recall::At { position, .. } = &mut self.recall {
            *position = position.saturating_sub(old);
        }
    }

    /// What was added since this was asked last.
    pub fn take_unsaved(&mut self) -> Vec<Vec<Span>> {
        std::mem::take(&mut self.unsaved)
    }

    /// The drafts that would be lost now, with the shown text: the one that waits behind a recalled message, and the shown one if it is
    /// not just that message.
    pub fn drafts(&self, shown: Vec<Span>) -> Vec<Vec<Span>> {
        let mut drafts = match &self.recall {
            Recall::Draft => vec![shown],
            Recall::At { position, draft, .. } if self.messages.get(*position) == Some(&shown) => {
                vec![draft.clone()]
            }
            Recall::At { draft, .. } => vec![draft.clone(), shown],
        };
        drafts.retain(|draft| !is_blank(draft) && !self.apart.contains(&joined(draft)));
        drafts
    }

    /// What the shown messages have to begin with, while some are left out for it.
    pub fn beginning(&self) -> Option<&str> {
        match &self.recall {
            Recall::Draft => None,
            Recall::At { beginning, .. } => beginning.as_deref(),
        }
    }

    /// Whether the shown text is the user's own draft.
    pub fn is_at_draft(&self) -> bool {
        matches!(self.recall, Recall::Draft)
    }

    /// A recalled message that was changed is the user's work: it goes to the end before another one is shown.
    fn keep_changed(&mut self, shown: &[Span]) {
        let Recall::At { position, .. } = &self.recall else { return };
        if self.messages.get(*position).map(Vec::as_slice) != Some(shown) {
            self.keep(shown.to_vec());
        }
    }

    /// The message before; the shown draft is kept aside. With a `beginning` that some message has, the others are passed over.
    pub fn earlier(&mut self, shown: Vec<Span>, beginning: Option<String>) -> Option<Vec<Span>> {
        self.keep_changed(&shown);
        let (from, beginning) = match &self.recall {
            Recall::Draft => {
                let known = |words: &String| self.messages.iter().any(|message| begins(message, words));
                (self.messages.len(), beginning.filter(known))
            }
            Recall::At { position, beginning, .. } => (*position, beginning.clone()),
        };
        let fits = |message: &&Vec<Span>| beginning.as_ref().is_none_or(|words| begins(message, words));
        let (position, found) =
            self.messages.iter().enumerate().take(from).rev().find(|(_, message)| fits(message))?;
        let found = found.clone();
        let draft = match std::mem::take(&mut self.recall) {
            Recall::Draft => shown,
            Recall::At { draft, .. } => draft,
        };
        self.recall = Recall::At { position, draft, beginning };
        Some(found)
    }

    /// The message after, at last the draft again.
    pub fn later(&mut self, shown: &[Span]) -> Option<Vec<Span>> {
        self.keep_changed(shown);
        let Recall::At { position, draft, beginning } = std::mem::take(&mut self.recall) else { return None };
        let fits = |message: &&Vec<Span>| beginning.as_ref().is_none_or(|words| begins(message, words));
        let next = self.messages.iter().enumerate().skip(position + 1).find(|(_, message)| fits(message));
        match next {
            Some((position, found)) => {
                let found = found.clone();
                self.recall = Recall::At { position, draft, beginning };
                Some(found)
            }
            None => Some(draft),
        }
    }
}

/// Whether there is nothing to be seen in a message.
pub fn is_blank(message: &[Span]) -> bool {
    message.iter().all(|span| span.text.trim().is_empty())
}

/// Whether the message goes on where these words end.
fn begins(message: &[Span], words: &str) -> bool {
    let longer = message.iter().map(|span| span.text.len()).sum::<usize>() > words.len();
    longer && message.iter().flat_map(|span| span.text.bytes()).take(words.len()).eq(words.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(messages: &[&str]) -> History {
        let mut history = History::default();
        for message in messages {
            history.remember(vec![Span::typed(*message)]);
        }
        history
    }

    fn typed(text: &str) -> Vec<Span> {
        vec![Span::typed(text)]
    }

    #[test]
    fn only_messages_that_begin_like_the_draft_are_shown_where_there_are_any() {
        let mut history = history(&["fix the build", "add a test", "fix the test", "lint"]);
        let wish = || Some("fix".to_string());
        assert_eq!(history.earlier(typed("fix"), wish()), Some(typed("fix the test")));
        assert_eq!(history.earlier(typed("fix the test"), None), Some(typed("fix the build")));
        assert_eq!(history.earlier(typed("fix the build"), None), None);
        assert_eq!(history.later(&typed("fix the build")), Some(typed("fix the test")));
        assert_eq!(history.later(&typed("fix the test")), Some(typed("fix")));
        assert_eq!(history.earlier(typed("zzz"), Some("zzz".to_string())), Some(typed("lint")));
        assert_eq!(history.beginning(), None);
    }

    #[test]
    fn the_oldest_go_and_earlier_sessions_stand_before_this_one() {
        let mut history = history(&["now"]);
        history.begin_with((0..LIMIT).map(|number| typed(&number.to_string())).collect());
        assert_eq!(history.newest_first().count(), LIMIT);
        assert_eq!(history.newest_first().next().map(|(_, message)| message.to_vec()), Some(typed("now")));
        assert_eq!(history.at(0), Some(typed("1").as_slice()));
        assert_eq!(history.take_unsaved(), [typed("now")]);
        assert_eq!(history.take_unsaved(), Vec::<Vec<Span>>::new());
    }

    #[test]
    fn what_is_forgotten_is_neither_shown_nor_kept_and_the_place_stays() {
        let mut history = history(&["one", "secret", "two"]);
        assert_eq!(history.earlier(typed("draft"), None), Some(typed("two")));
        history.forget(&HashSet::from(["secret".to_string()]));
        assert_eq!(history.earlier(typed("two"), None), Some(typed("one")));
        assert_eq!(history.later(&typed("one")), Some(typed("two")));
        assert_eq!(history.later(&typed("two")), Some(typed("draft")));
        assert_eq!(history.take_unsaved(), [typed("one"), typed("two")]);
    }

    #[test]
    fn a_draft_behind_a_recalled_message_counts_and_an_unchanged_message_does_not() {
        let mut history = history(&["sent"]);
        assert_eq!(history.drafts(typed("draft")), [typed("draft")]);
        history.earlier(typed("draft"), None);
        assert_eq!(history.drafts(typed("sent")), [typed("draft")]);
        assert_eq!(history.drafts(typed("sent again")), [typed("draft"), typed("sent again")]);
    }
}
