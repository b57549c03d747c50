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
}

impl Prompt {
    /// Takes the draft out and remembers it in the history.
    pub fn take(&mut self) -> Vec<Span> {
        let spans = self.editor.take();
        self.remember(spans.clone());
        if let Some(vi) = &mut self.vi {
            vi.begin();
        }
        spans
    }

    /// Adds to the history what is not blank and not the same as the last.
    pub fn remember(&mut self, spans: Vec<Span>) {
        self.history.remember(spans);
    }

    /// Shows another text; the draft that was there goes to the history.
    pub fn exchange(&mut self, spans: &[Span]) {
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
        self.history.drafts(self.editor.spans())
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
