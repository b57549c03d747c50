//! A text under a caret: grapheme-true editing with undo, and the record of what was pasted. It never draws and never sends.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::folded::{Folded, is_sign, without_signs};
use crate::domain::kb::{Origin, Span};

/// Undo steps kept; older ones are dropped.
const UNDO_LIMIT: usize = 200;

/// Bytes that all undo steps may hold together, so that editing a huge paste does not multiply it.
const UNDO_BYTES: usize = 8 << 20;

/// What one undo step restores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Snapshot {
    text: String,
    caret: usize,
    pasted: Vec<Range<usize>>,
}

/// What the last edit was, so that typing one word is one undo step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Typing,
    /// What was selected went, to make room for what comes next: both are one step.
    Replacing,
}

/// What one step of undo is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Each,
    /// Several edits, of which none was made yet.
    Begun,
    GoingOn,
}

/// The editor. The caret is a byte offset at a grapheme boundary.
#[derive(Clone, Debug, Default)]
pub struct Editor {
    now: Snapshot,
    undone: Vec<Snapshot>,
    done: Vec<Snapshot>,
    last: Last,
    step: Step,
    killed: Option<Span>,
    revision: u64,
    folded: Folded,
    /// Where the selection begins; it ends at the caret.
    anchor: Option<usize>,
}

impl Editor {
    /// The whole text, as it is sent.
    pub fn text(&self) -> Cow<'_, str> {
        self.folded.expand(&self.now.text)
    }

    /// The text that the caret moves in: each folded paste is one sign.
    pub fn under_caret(&self) -> &str {
        &self.now.text
    }

    /// What is shown in the place of a cluster that is a folded paste.
    pub fn label(&self, cluster: &str) -> Option<String> {
        self.folded.label(cluster)
    }

    /// The selected part of the text under the caret, if there is one.
    pub fn selection(&self) -> Option<Range<usize>> {
        let (anchor, caret) = (self.anchor?, self.now.caret);
        (anchor != caret).then(|| anchor.min(caret)..anchor.max(caret))
    }

    /// Selects nothing any more.
    pub fn deselect(&mut self) {
        self.anchor = None;
    }

    /// Moves and selects what was passed over.
    pub fn select(&mut self, motion: impl FnOnce(&mut Self)) {
        let anchor = self.anchor.take().unwrap_or(self.now.caret);
        motion(self);
        self.anchor = Some(anchor);
    }

    /// The caret's byte offset in the text under the caret.
    pub fn caret(&self) -> usize {
        self.now.caret
    }

    /// Whether the caret stands behind the last character.
    pub fn is_at_end(&self) -> bool {
        self.now.caret == self.now.text.len()
    }

    /// Grows with every change of the text, so that a change is seen without a comparison.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.now.text.is_empty()
    }

    /// The text as spans of their origin.
    pub fn spans(&self) -> Vec<Span> {
        self.spans_in(0..self.now.text.len())
    }

    /// A part of the text under the caret as spans of their origin.
    pub(super) fn spans_in(&self, part: Range<usize>) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut at = part.start;
        for range in &self.now.pasted {
            let (start, end) = (range.start.max(part.start), range.end.min(part.end));
            if start < end {
                push_span(&mut spans, self.whole(at..start), Origin::Typed);
                push_span(&mut spans, self.whole(start..end), Origin::Pasted);
                at = end;
            }
        }
        push_span(&mut spans, self.whole(at..part.end), Origin::Typed);
        spans
    }

    /// Inserts spans at a byte offset; the caret goes behind them.
    pub(super) fn insert_spans(&mut self, at: usize, spans: &[Span]) {
        self.move_to(at);
        for span in spans {
            match span.origin {
                Origin::Typed => self.insert(&span.text, Origin::Typed),
                _ => self.paste(&span.text),
            }
        }
    }

    /// All edits from here to `end_step` are one step of undo.
    pub(super) fn begin_step(&mut self) {
        self.step = Step::Begun;
    }

    pub(super) fn end_step(&mut self) {
        (self.step, self.last) = (Step::Each, Last::Other);
    }

    /// Replaces everything, as one step, keeping what `spans` says of its origin; the caret goes to the end.
    pub fn set(&mut self, spans: &[Span]) {
        self.keep(Last::Other);
        self.now = Snapshot::default();
        for span in spans {
            let start = self.now.text.len();
            let sign = match span.origin {
                Origin::Typed => None,
                _ if self.folded.wants(&span.text) => self.folded.fold(&span.text),
                _ => None,
            };
            match sign {
                Some(sign) => self.now.text.push(sign),
                None => self.now.text.push_str(&without_signs(&span.text)),
            }
            if span.origin != Origin::Typed {
                self.now.pasted.push(start..self.now.text.len());
            }
        }
        self.now.caret = self.now.text.len();
    }

    /// Replaces everything with typed text.
    pub fn set_text(&mut self, text: &str) {
        self.set(&[Span::typed(text)]);
    }

    /// Empties it and gives what it held.
    pub fn take(&mut self) -> Vec<Span> {
        let spans = self.spans();
        *self = Self { killed: self.killed.take(), revision: self.revision + 1, ..Self::default() };
        spans
    }

    /// Empties the field and keeps nothing to bring back.
    pub fn forget(&mut self) {
        *self = Self { revision: self.revision + 1, ..Self::default() };
    }

    /// Inserts what was pasted; a large one is folded to one sign.
    pub fn paste(&mut self, pasted: &str) {
        let sign = if self.folded.wants(pasted) { self.folded.fold(pasted) } else { None };
        match sign {
            Some(sign) => self.put(sign.encode_utf8(&mut [0; 4]), Origin::Pasted),
            None => self.insert(pasted, Origin::Pasted),
        }
    }

    /// Shows the whole of the folded paste beside the caret, or of all when there is none; false when nothing is folded.
    pub fn unfold(&mut self) -> bool {
        let caret = self.now.caret;
        let all: Vec<(usize, char)> =
            self.now.text.char_indices().filter(|(_, letter)| is_sign(*letter)).collect();
        let beside = |(at, sign): &(usize, char)| *at == caret || at + sign.len_utf8() == caret;
        let chosen: Vec<(usize, char)> = match all.iter().find(|place| beside(place)) {
            Some(place) => vec![*place],
            None => all,
        };
        if chosen.is_empty() {
            return false;
        }
        self.keep(Last::Other);
        for (at, sign) in chosen.into_iter().rev() {
            let Some(pasted) = self.folded.behind(sign) else { continue };
            let after = at + sign.len_utf8();
            let grown = pasted.len() - sign.len_utf8();
            let pasted = without_signs(pasted).into_owned();
            self.now.text.replace_range(at..after, &pasted);
            let shift = |place: usize| if place >= after { place + grown } else { place };
            for range in &mut self.now.pasted {
                *range = shift(range.start)..shift(range.end);
            }
            self.now.caret = shift(self.now.caret);
        }
        self.now.caret = self.boundary_at_or_after(self.now.caret);
        true
    }

    /// Inserts at the caret, in the place of what is selected.
    pub fn insert(&mut self, text: &str, origin: Origin) {
        self.put(&without_signs(text), origin);
    }

    fn put(&mut self, text: &str, origin: Origin) {
        if let Some(selected) = self.selection() {
            self.delete(selected);
            self.last = Last::Replacing;
        }
        let typing = origin == Origin::Typed && !text.contains(char::is_whitespace);
        self.keep(if typing { Last::Typing } else { Last::Other });
        let at = self.now.caret;
        let grown = text.len();
        let mut pasted = Vec::with_capacity(self.now.pasted.len() + 1);
        for range in self.now.pasted.drain(..) {
            if range.end <= at {
                pasted.push(range);
            } else if range.start >= at {
                pasted.push(range.start + grown..range.end + grown);
            } else {
                pasted.push(range.start..at);
                pasted.push(at + grown..range.end + grown);
            }
        }
        if origin != Origin::Typed {
            pasted.push(at..at + grown);
            pasted.sort_by_key(|range| range.start);
        }
        self.now.pasted = pasted;
        self.now.text.insert_str(at, text);
        self.now.caret = self.boundary_at_or_after(at + grown);
    }

    /// Deletes a range that starts and ends at grapheme boundaries.
    pub(super) fn delete(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.keep(Last::Other);
        let gone = range.len();
        self.now.pasted = self
            .now
            .pasted
            .drain(..)
            .map(|kept| {
                let shift = |at: usize| {
                    if at <= range.start {
                        at
                    } else if at >= range.end {
                        at - gone
                    } else {
                        range.start
                    }
                };
                shift(kept.start)..shift(kept.end)
            })
            .filter(|kept| !kept.is_empty())
            .collect();
        self.now.text.replace_range(range.clone(), "");
        // Joining two halves may form one grapheme; the caret must not stay inside it.
        self.now.caret = self.boundary_at_or_after(range.start);
    }

    /// Deletes the grapheme before the caret.
    pub fn backspace(&mut self) {
        self.delete(self.selection().unwrap_or(self.before(self.now.caret)..self.now.caret));
    }

    /// Deletes the grapheme after the caret.
    pub fn delete_forward(&mut self) {
        self.delete(self.selection().unwrap_or(self.now.caret..self.after(self.now.caret)));
    }

    /// Deletes back to the start of the word and keeps it for `yank`.
    pub fn delete_word(&mut self) {
        self.kill(self.word_left_of(self.now.caret)..self.now.caret);
    }

    /// Deletes up to the end of the word and keeps it for `yank`.
    pub fn delete_word_forward(&mut self) {
        self.kill(self.now.caret..self.word_right_of(self.now.caret));
    }

    /// Deletes to the start of the line (at the start: the line end before) and keeps it for `yank`.
    pub fn delete_to_start(&mut self) {
        let start = self.line_start();
        let start = if start == self.now.caret { self.before(start) } else { start };
        self.kill(start..self.now.caret);
    }

    /// Deletes to the end of the line (at the end: the line end) and keeps it for `yank`.
    pub fn delete_to_end(&mut self) {
        let end = self.line_end();
        let end = if end == self.now.caret { self.after(end) } else { end };
        self.kill(self.now.caret..end);
    }

    /// What is selected goes before what the key would delete.
    fn kill(&mut self, range: Range<usize>) {
        let range = self.selection().unwrap_or(range);
        if !range.is_empty() {
            let pasted = self.now.pasted.iter().any(|kept| kept.start < range.end && range.start < kept.end);
            let origin = if pasted { Origin::Pasted } else { Origin::Typed };
            self.killed = Some(Span { text: self.whole(range.clone()).into_owned(), origin });
            self.delete(range);
        }
    }

    /// Inserts what was killed last, with its origin.
    pub fn yank(&mut self) {
        match self.killed.clone() {
            Some(Span { text, origin: Origin::Typed }) => self.insert(&text, Origin::Typed),
            Some(Span { text, .. }) => self.paste(&text),
            None => {}
        }
    }

    /// Moves one grapheme left.
    pub fn left(&mut self) {
        let selected = self.selection().map(|range| range.start);
        self.move_to(selected.unwrap_or_else(|| self.before(self.now.caret)));
    }

    /// Moves one grapheme right.
    pub fn right(&mut self) {
        let selected = self.selection().map(|range| range.end);
        self.move_to(selected.unwrap_or_else(|| self.after(self.now.caret)));
    }

    /// Moves one word left.
    pub fn word_left(&mut self) {
        self.move_to(self.word_left_of(self.now.caret));
    }

    /// Moves one word right.
    pub fn word_right(&mut self) {
        self.move_to(self.word_right_of(self.now.caret));
    }

    /// Moves to the start of the line.
    pub fn home(&mut self) {
        self.move_to(self.line_start());
    }

    /// Moves to the end of the line.
    pub fn end(&mut self) {
        self.move_to(self.line_end());
    }

    /// Puts the caret at a byte offset, or at the next grapheme boundary after it.
    pub fn move_to(&mut self, at: usize) {
        self.now.caret = self.boundary_at_or_after(at);
        self.last = Last::Other;
        self.anchor = None;
    }

    /// Takes the last edit back.
    pub fn undo(&mut self) {
        if let Some(before) = self.done.pop() {
            self.undone.push(std::mem::replace(&mut self.now, before));
            self.anchor = None;
            self.revision += 1;
            self.last = Last::Other;
        }
    }

    /// Does the edit that was taken back again.
    pub fn redo(&mut self) {
        if let Some(after) = self.undone.pop() {
            self.done.push(std::mem::replace(&mut self.now, after));
            self.anchor = None;
            self.revision += 1;
            self.last = Last::Other;
        }
    }

    /// Remembers the present for undo, unless this edit goes on with the last one.
    fn keep(&mut self, kind: Last) {
        let goes_on = match (kind, self.last) {
            _ if self.step == Step::GoingOn => true,
            (_, Last::Replacing) | (Last::Typing, Last::Typing) => true,
            (Last::Other | Last::Replacing, _) | (Last::Typing, Last::Other) => false,
        };
        if !goes_on {
            self.done.push(self.now.clone());
            let held = |steps: &[Snapshot]| steps.iter().map(|step| step.text.len()).sum::<usize>();
            while self.done.len() > UNDO_LIMIT || (self.done.len() > 1 && held(&self.done) > UNDO_BYTES) {
                self.done.remove(0);
            }
        }
        if self.step == Step::Begun {
            self.step = Step::GoingOn;
        }
        self.undone.clear();
        self.anchor = None;
        self.last = kind;
        self.revision += 1;
    }

    /// A part of the text under the caret, with what is folded in it.
    fn whole(&self, range: Range<usize>) -> Cow<'_, str> {
        self.folded.expand(self.slice(range))
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.now.text.get(range).unwrap_or_default()
    }

    fn before(&self, at: usize) -> usize {
        self.slice(0..at).grapheme_indices(true).next_back().map_or(0, |(start, _)| start)
    }

    fn after(&self, at: usize) -> usize {
        self.slice(at..self.now.text.len()).graphemes(true).next().map_or(at, |grapheme| at + grapheme.len())
    }

    /// The first grapheme boundary that is not before `at`.
    fn boundary_at_or_after(&self, at: usize) -> usize {
        // Graphemes never reach over a line feed, so the search may start at the line.
        let before = self.now.text.as_bytes().get(..at).unwrap_or(self.now.text.as_bytes());
        let from = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.slice(from..self.now.text.len())
            .grapheme_indices(true)
            .map(|(start, _)| from + start)
            .find(|start| *start >= at)
            .unwrap_or(self.now.text.len())
    }

    fn line_start(&self) -> usize {
        self.slice(0..self.now.caret).rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        let rest = self.slice(self.now.caret..self.now.text.len());
        self.now.caret + rest.find('\n').unwrap_or(rest.len())
    }

    fn word_left_of(&self, at: usize) -> usize {
        let words = self.slice(0..at).split_word_bound_indices();
        words.rev().find(|(_, word)| is_word(word)).map_or(0, |(start, _)| start)
    }

    fn word_right_of(&self, at: usize) -> usize {
        let mut words = self.slice(at..self.now.text.len()).split_word_bound_indices();
        words
            .find(|(_, word)| is_word(word))
            .map_or(self.now.text.len(), |(start, word)| at + start + word.len())
    }
}

fn is_word(word: &str) -> bool {
    word.chars().any(|letter| letter.is_alphanumeric() || is_sign(letter))
}

fn push_span(spans: &mut Vec<Span>, text: Cow<'_, str>, origin: Origin) {
    if !text.is_empty() {
        spans.push(Span { text: text.into_owned(), origin });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types `before` where `|` is the caret, performs, and shows the result in the same notation.
    fn check(before: &str, act: impl FnOnce(&mut Editor), after: &str) {
        let caret = before.find('|').unwrap();
        let mut editor = Editor::default();
        editor.set_text(&before.replacen('|', "", 1));
        editor.move_to(caret);
        act(&mut editor);
        let mut shown = editor.text().to_string();
        shown.insert(editor.caret(), '|');
        assert_eq!(shown, after);
    }

    #[test]
    fn one_key_deletes_one_visible_character() {
        check("a👩‍💻|", Editor::backspace, "a|");
        check("🇩🇪|", Editor::backspace, "|");
        check("e\u{301}|x", Editor::backspace, "|x");
        check("|👩‍💻a", Editor::delete_forward, "|a");
    }

    #[test]
    fn words_and_lines() {
        check("one two|", Editor::word_left, "one |two");
        check("one |two", Editor::delete_word, "|two");
        check("|one two", Editor::word_right, "one| two");
        check("one\ntw|o", Editor::home, "one\n|two");
        check("o|ne\ntwo", Editor::end, "one|\ntwo");
        check("one\nt|wo", Editor::delete_to_start, "one\n|wo");
        check("one|\ntwo", Editor::delete_to_end, "one|two");
    }

    #[test]
    fn what_was_killed_comes_back() {
        check(
            "one two|",
            |editor| {
                editor.delete_word();
                editor.home();
                editor.yank();
            },
            "two|one ",
        );
    }

    #[test]
    fn typing_a_word_is_one_undo_step() {
        check(
            "|",
            |editor| {
                for letter in ["h", "e", "y", " ", "y", "o"] {
                    editor.insert(letter, Origin::Typed);
                }
                editor.undo();
            },
            "hey |",
        );
    }

    #[test]
    fn what_is_selected_goes_for_what_is_typed_as_one_step() {
        let select = |editor: &mut Editor| editor.select(Editor::word_left);
        check(
            "one two| three",
            |editor| {
                select(editor);
                editor.insert("X", Origin::Typed);
            },
            "one X| three",
        );
        check(
            "one two| three",
            |editor| {
                select(editor);
                editor.backspace();
            },
            "one | three",
        );
        check(
            "one two| three",
            |editor| {
                select(editor);
                editor.left();
            },
            "one |two three",
        );
        check(
            "one two| three",
            |editor| {
                select(editor);
                editor.right();
                editor.backspace();
            },
            "one tw| three",
        );
        check(
            "one two| three",
            |editor| {
                select(editor);
                select(editor);
                editor.delete_to_end();
                editor.end();
                editor.yank();
            },
            " threeone two|",
        );
        check(
            "one two| three",
            |editor| {
                select(editor);
                editor.insert("X", Origin::Typed);
                editor.insert("Y", Origin::Typed);
                editor.undo();
            },
            "one |two three",
        );
    }

    #[test]
    fn a_large_paste_is_one_sign_and_is_whole_in_what_is_sent() {
        let log = "line\n".repeat(120);
        let mut editor = Editor::default();
        editor.insert("see ", Origin::Typed);
        editor.paste(&log);
        editor.insert(" ok", Origin::Typed);
        let spans = [Span::typed("see "), Span::pasted(log.clone()), Span::typed(" ok")];
        assert_eq!(editor.spans(), spans);
        assert_eq!(editor.text(), format!("see {log} ok"));
        assert_eq!(editor.under_caret().chars().count(), 8);
        for _ in 0..4 {
            editor.left();
        }
        assert_eq!(editor.caret(), 4);
        editor.right();
        editor.delete_word();
        assert_eq!(editor.text(), "see  ok");
        editor.yank();
        assert_eq!(editor.spans(), spans);
        assert_eq!(editor.under_caret().chars().count(), 8);
        editor.undo();
        editor.undo();
        assert_eq!(editor.spans(), spans);
        assert!(editor.unfold());
        assert_eq!(editor.spans(), spans);
        assert_eq!(editor.under_caret(), editor.text());
        assert!(!editor.unfold());
        editor.undo();
        editor.set(&spans);
        assert_eq!(editor.under_caret().chars().count(), 8);
        assert_eq!(editor.spans(), spans);
    }

    #[test]
    fn nothing_from_outside_is_taken_for_a_paste() {
        let mut editor = Editor::default();
        editor.paste(&"line\n".repeat(20));
        let sign = editor.under_caret().to_string();
        editor.insert(&sign, Origin::Typed);
        assert_eq!(editor.text(), "line\n".repeat(20) + "\u{fffd}");
    }

    #[test]
    fn pasted_text_keeps_its_origin_through_edits() {
        let mut editor = Editor::default();
        editor.insert("see ", Origin::Typed);
        editor.insert("always use tabs", Origin::Pasted);
        editor.insert(" ok", Origin::Typed);
        editor.move_to(10);
        editor.insert("X", Origin::Typed);
        editor.move_to(1);
        editor.backspace();
        let shown: Vec<_> =
            editor.spans().into_iter().map(|span| (span.text, span.origin == Origin::Pasted)).collect();
        let text = |text: &str, pasted| (text.to_string(), pasted);
        assert_eq!(
            shown,
            [
                text("ee ", false),
                text("always", true),
                text("X", false),
                text(" use tabs", true),
                text(" ok", false)
            ]
        );
    }
}
