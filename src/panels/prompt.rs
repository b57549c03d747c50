//! The multi-line prompt: draft, history, and how both look. It never sends; the app takes the draft.

pub mod editor;
pub mod folded;
pub mod history;
pub mod keeping;
pub mod mention;
pub mod queue;
pub mod rows;
pub mod vi;

use crate::base::text;
use crate::domain::kb::{Origin, Span};
use editor::Editor;
use history::History;
use keeping::Keeping;
use mention::Mentions;
use rows::Sheet;
use vi::Vi;

/// The prompt's model.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    pub editor: Editor,
    pub history: History,
    pub keeping: Keeping,
    /// Files that are mentioned with `@`.
    pub mentions: Mentions,
    /// The keys of vi, where they are wanted.
    pub vi: Option<Vi>,
    /// The shown text as it was last, where it began as one that is not for the disk.
    apart: Option<Vec<Span>>,
    /// The drafts that there were when what followed became private.
    before: Vec<Vec<Span>>,
}

impl Prompt {
    /// Takes the draft out to be sent, and remembers it in the history.
    pub fn take(&mut self) -> Vec<Span> {
        let spans = self.editor.take();
        self.apart = None;
        self.before.retain(|draft| *draft != spans);
        self.history.said(spans.clone());
        if let Some(vi) = &mut self.vi {
            vi.begin();
        }
        spans
    }

    /// Empties the prompt; the draft that was there goes to the history.
    pub fn put_aside(&mut self) {
        self.let_go();
        let spans = self.editor.take();
        self.remember(spans);
        if let Some(vi) = &mut self.vi {
            vi.begin();
        }
    }

    /// Another text will be shown: the words of this one stay out where they did.
    fn let_go(&mut self) {
        if self.apart.take().is_some() {
            self.history.leave_out(&self.editor.spans());
        }
    }

    /// Looks whether the shown text is one that is not for the disk: what is made of it is not either, until it is sent.
    pub fn look(&mut self) {
        if !self.history.has_apart() && self.apart.is_none() {
            return;
        }
        if self.editor.is_empty() {
            // It can be brought back.
            self.apart.take().into_iter().for_each(|last| self.history.leave_out(&last));
        } else if self.apart.is_some() || self.history.is_apart(&self.editor.text()) {
            self.apart = Some(self.editor.spans());
        }
    }

    /// What follows is private; what was written before is not.
    pub fn begin_private(&mut self) {
        self.before = self.drafts();
    }

    /// Keeps what was sent and put aside in private out of what goes to the disk.
    pub fn leave_out(&mut self) {
        self.history.leave_out_unsaved(&self.before);
    }

    /// What follows is not private any more; what was written in private stays so.
    pub fn end_private(&mut self) {
        self.leave_out();
        let shown = self.editor.spans();
        let drafts = self.drafts();
        drafts
            .iter()
            .filter(|draft| !self.before.contains(draft))
            .for_each(|draft| self.history.leave_out(draft));
        if !self.before.contains(&shown) && self.history.is_at_draft() && !self.editor.is_empty() {
            self.apart = Some(shown);
        }
        self.before.clear();
    }

    /// What was sent and put aside and is not on its way to the disk yet.
    pub fn take_unsaved(&mut self) -> Vec<Vec<Span>> {
        let messages = self.history.take_unsaved();
        self.before.retain(|draft| !messages.contains(draft));
        messages
    }

    /// The drafts that there were when what followed became private, but those that were sent since.
    pub fn before_private(&self) -> &[Vec<Span>] {
        &self.before
    }

    /// Adds to the history what is not blank and not the same as the last.
    pub fn remember(&mut self, spans: Vec<Span>) {
        self.history.remember(spans);
    }

    /// Shows another text; the draft that was there goes to the history.
    pub fn exchange(&mut self, spans: &[Span]) {
        self.let_go();
        let draft = self.editor.spans();
        self.remember(draft);
        self.editor.set(spans);
    }

    /// Whether the text is the user's own draft and nothing is in it.
    pub fn is_unused(&self) -> bool {
        self.editor.is_empty() && self.history.is_at_draft()
    }

    /// The drafts that would be lost now; the last one is the one that is shown.
    pub fn drafts(&self) -> Vec<Vec<Span>> {
        let shown = if self.apart.is_some() { Vec::new() } else { self.editor.spans() };
        self.history.drafts(shown)
    }

    /// Grows with every change of draft and history.
    pub fn revision(&self) -> u64 {
        self.editor.revision() + self.history.revision()
    }

    /// Inserts a paste as one piece: line ends become LF, control sequences go.
    pub fn paste(&mut self, pasted: &str) {
        self.editor.paste(&text::sanitise(pasted));
    }

    /// Inserts typed text.
    pub fn type_text(&mut self, typed: &str) {
        self.editor.insert(typed, Origin::Typed);
    }

    /// Shows the message before in the history; the draft is kept aside. With the caret at the end of typed words, messages that begin
    /// with them are looked for.
    pub fn earlier(&mut self) {
        self.let_go();
        let shown = self.editor.spans();
        let beginning = match shown.as_slice() {
            [Span { text, origin: Origin::Typed }] if self.editor.is_at_end() => Some(text.clone()),
            _ => None,
        };
        if let Some(message) = self.history.earlier(shown, beginning) {
            self.editor.set(&message);
        }
    }

    /// Shows the message after in the history, at last the draft again.
    pub fn later(&mut self) {
        self.let_go();
        if let Some(message) = self.history.later(&self.editor.spans()) {
            self.editor.set(&message);
        }
    }

    /// Moves up one drawn row, or into the history from the first one.
    pub fn up(&mut self, width: u16) {
        match Sheet::new(&self.editor, width).next_to(-1) {
            Some(above) => self.editor.move_to(above),
            None => self.earlier(),
        }
    }

    /// Moves down one drawn row, or back through the history from the last one.
    pub fn down(&mut self, width: u16) {
        match Sheet::new(&self.editor, width).next_to(1) {
            Some(below) => self.editor.move_to(below),
            None => self.later(),
        }
    }

    /// Selects up to the row above, from the first one to the start.
    pub fn select_up(&mut self, width: u16) {
        let above = Sheet::new(&self.editor, width).next_to(-1).unwrap_or(0);
        self.editor.select(|editor| editor.move_to(above));
    }

    /// Selects down to the row below, from the last one to the end.
    pub fn select_down(&mut self, width: u16) {
        let below = Sheet::new(&self.editor, width).next_to(1);
        let end = self.editor.under_caret().len();
        self.editor.select(|editor| editor.move_to(below.unwrap_or(end)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(draft: &str) -> Prompt {
        let mut prompt = Prompt::default();
        prompt.editor.set_text(draft);
        prompt
    }

    #[test]
    fn up_goes_into_the_history_and_down_brings_the_draft_back() {
        let mut prompt = prompt("first");
        prompt.take();
        prompt.editor.set_text("draft");
        prompt.up(20);
        assert_eq!(prompt.editor.text(), "first");
        prompt.up(20);
        assert_eq!(prompt.editor.text(), "first");
        prompt.down(20);
        assert_eq!(prompt.editor.text(), "draft");
    }

    #[test]
    fn up_moves_between_drawn_rows_first() {
        let mut prompt = prompt("abcdef");
        prompt.up(4);
        assert_eq!(prompt.editor.caret(), 2);
    }

    #[test]
    fn a_paste_keeps_its_lines_and_loses_its_escapes() {
        let mut prompt = Prompt::default();
        prompt.paste("one\r\ntwo\u{1b}[31m!");
        assert_eq!(prompt.editor.text(), "one\ntwo!");
        assert_eq!(prompt.editor.spans()[0].origin, Origin::Pasted);
    }
}
