//! What vi's commands change in the draft. The origin of every letter stays with it, also through deleting and putting back.

use std::ops::Range;

use super::letters::{Letters, Size};
use super::motion::{Extent, Motion, Way};
use super::object::{self, Object, Scope};
use super::parse::{Operator, Place, Selecting, Target};
use super::{Change, Inserting, Mode, Register, Vi};
use crate::domain::kb::{Origin, Span};
use crate::panels::prompt::Prompt;

/// Letters, and whether they are taken as lines.
type Extract = (Range<usize>, Selecting);

impl Vi {
    pub(super) fn operate(
        &mut self,
        prompt: &mut Prompt,
        operator: Operator,
        target: Target,
        count: Option<usize>,
        keys: Vec<char>,
    ) {
        let Some(extract) = self.extract(prompt, operator, target, count) else { return };
        self.apply(prompt, operator, extract, keys);
    }

    /// What an operator takes.
    fn extract(
        &mut self,
        prompt: &Prompt,
        operator: Operator,
        target: Target,
        count: Option<usize>,
    ) -> Option<Extract> {
        let letters = Letters::new(prompt.editor.under_caret());
        let from = letters.number(prompt.editor.caret());
        let times = count.unwrap_or(1);
        match target {
            Target::Lines => {
                let mut last = letters.line_start(from);
                for _ in 1..times {
                    let Some(next) = letters.line_at(last, 1) else { break };
                    last = next;
                }
                Some((letters.line_start(from)..letters.line_end(last), Selecting::Lines))
            }
            Target::Object(object, scope) => {
                let range = object::range(&letters, from, object, scope, times)?;
                Some((range, Selecting::Letters))
            }
            Target::Motion(Motion::Word(size)) => {
                Some((words(&letters, from, size, operator, times), Selecting::Letters))
            }
            Target::Motion(motion) => {
                let (to, extent) = self.lead(prompt, motion, count)?;
                let to = letters.number(to);
                let (first, last) = (from.min(to), from.max(to));
                Some(match extent {
                    Extent::Lines => (letters.line_start(first)..letters.line_end(last), Selecting::Lines),
                    Extent::Exclusive => (first..last, Selecting::Letters),
                    Extent::Inclusive => {
                        let behind = if letters.line_end(last) == last { last } else { last + 1 };
                        (first..behind, Selecting::Letters)
                    }
                })
            }
        }
    }

    pub(super) fn operate_selected(&mut self, prompt: &mut Prompt, operator: Operator) {
        let letters = Letters::new(prompt.editor.under_caret());
        let range = self.selected(&letters, prompt.editor.caret());
        let form = self.visual().unwrap_or(Selecting::Letters);
        let lines = (range.start..range.end).filter(|at| letters.is(*at, '\n')).count();
        let key = match operator {
            Operator::Delete => 'd',
            Operator::Change => 'c',
            Operator::Yank => 'y',
        };
        // The same amount of text, for a repetition elsewhere.
        let keys = match form {
            Selecting::Lines => format!("{}{key}{key}", lines + 1),
            Selecting::Letters if lines == 0 => format!("{}{key}l", range.len()),
            Selecting::Letters => String::new(),
        };
        self.mode = Mode::Normal;
        let keys = keys.chars().collect();
        self.apply(prompt, operator, (range, form), keys);
    }

    fn apply(&mut self, prompt: &mut Prompt, operator: Operator, extract: Extract, keys: Vec<char>) {
        let (range, form) = extract;
        let letters = Letters::new(prompt.editor.under_caret());
        let bytes = letters.byte(range.start)..letters.byte(range.end);
        let upwards = range.start < letters.line_start(letters.number(prompt.editor.caret()));
        let text_of_first = letters.byte(letters.line_text(range.start));
        if !bytes.is_empty() || form == Selecting::Lines {
            self.register = Register { spans: prompt.editor.spans_in(bytes.clone()), form };
        }
        match (operator, form) {
            (Operator::Yank, Selecting::Letters) => prompt.editor.move_to(bytes.start),
            (Operator::Yank, Selecting::Lines) if upwards => prompt.editor.move_to(text_of_first),
            (Operator::Yank, Selecting::Lines) => {}
            (Operator::Delete, Selecting::Letters) => {
                prompt.editor.delete(bytes);
                self.changed(keys);
            }
            (Operator::Delete, Selecting::Lines) => {
                delete_lines(prompt, bytes);
                self.changed(keys);
            }
            (Operator::Change, _) => {
                let at = bytes.start;
                prompt.editor.delete(bytes);
                prompt.editor.move_to(at);
                self.begin_insert(prompt, 1, keys);
            }
        }
    }

    /// A change is over that `.` can do again.
    fn changed(&mut self, keys: Vec<char>) {
        self.last = (!keys.is_empty()).then(|| Change { keys, inserted: Vec::new() });
    }

    pub(super) fn select(&mut self, prompt: &mut Prompt, object: Object, scope: Scope, times: usize) {
        let letters = Letters::new(prompt.editor.under_caret());
        let at = letters.number(prompt.editor.caret());
        let found = object::range(&letters, at, object, scope, times).filter(|range| !range.is_empty());
        if let Some(range) = found {
            let last = letters.byte(range.end - 1);
            self.anchor = letters.byte(range.start);
            prompt.editor.move_to(last);
        }
    }

    /// The letters that a command of letters is for: so many in the line, or what is selected.
    fn letters_here(&self, letters: &Letters<'_>, prompt: &Prompt, times: usize) -> Range<usize> {
        let caret = prompt.editor.caret();
        if self.visual().is_some() {
            return self.selected(letters, caret);
        }
        let from = letters.number(caret);
        from..from.saturating_add(times).min(letters.line_end(from))
    }

    /// Puts other letters in the place of letters, from the last to the first.
    fn exchange(&mut self, prompt: &mut Prompt, range: Range<usize>, with: impl Fn(&str) -> Option<Put>) {
        let letters = Letters::new(prompt.editor.under_caret());
        let places: Vec<(Range<usize>, Put)> = range
            .rev()
            .filter(|at| !letters.is(*at, '\n'))
            .filter_map(|at| Some((letters.byte(at)..letters.byte(at + 1), with(letters.get(at))?)))
            .collect();
        for (bytes, change) in places {
            let mut spans = prompt.editor.spans_in(bytes.clone());
            match (change, spans.first_mut()) {
                (Put::Typed(text), _) => spans = vec![Span::typed(text)],
                (Put::Same(text), Some(span)) => span.text = text,
                (Put::Same(_), None) => {}
            }
            let at = bytes.start;
            prompt.editor.delete(bytes);
            prompt.editor.insert_spans(at, &spans);
        }
    }

    pub(super) fn replace(&mut self, prompt: &mut Prompt, letter: char, times: usize, keys: Vec<char>) {
        let letters = Letters::new(prompt.editor.under_caret());
        let range = self.letters_here(&letters, prompt, times);
        let selected = self.visual().is_some();
        if range.is_empty() || (!selected && range.len() < times) {
            return;
        }
        let (start, last) = (range.start, range.end - 1);
        self.exchange(prompt, range, |_| Some(Put::Typed(letter.to_string())));
        self.end_at(prompt, if selected { start } else { last }, keys);
    }

    pub(super) fn toggle_case(&mut self, prompt: &mut Prompt, times: usize, keys: Vec<char>) {
        let letters = Letters::new(prompt.editor.under_caret());
        let range = self.letters_here(&letters, prompt, times);
        if range.is_empty() {
            return;
        }
        let end = if self.visual().is_some() { range.start } else { range.end };
        self.exchange(prompt, range, |letter| {
            Some(Put::Same(toggled(letter))).filter(|_| toggled(letter) != letter)
        });
        self.end_at(prompt, end, keys);
    }

    /// The caret goes to a letter after a change.
    fn end_at(&mut self, prompt: &mut Prompt, letter: usize, keys: Vec<char>) {
        let at = Letters::new(prompt.editor.under_caret()).byte(letter);
        prompt.editor.move_to(at);
        // A repetition is for letters in a line; what was selected may be more.
        let keys = if self.visual().is_some() { Vec::new() } else { keys };
        self.mode = Mode::Normal;
        self.changed(keys);
    }

    pub(super) fn join(&mut self, prompt: &mut Prompt, times: usize, keys: Vec<char>) {
        let letters = Letters::new(prompt.editor.under_caret());
        let mut joints = times.max(2) - 1;
        if self.visual().is_some() {
            let selected = self.selected(&letters, prompt.editor.caret());
            joints = selected.clone().filter(|at| letters.is(*at, '\n')).count().max(1);
            let start = letters.byte(selected.start);
            prompt.editor.move_to(start);
        }
        for _ in 0..joints {
            let letters = Letters::new(prompt.editor.under_caret());
            let end = letters.line_end(letters.number(prompt.editor.caret()));
            if end >= letters.count() {
                break;
            }
            let is_blank = |at: &usize| letters.is(*at, ' ') || letters.is(*at, '\t');
            let text = (end + 1..letters.count()).find(|at| !is_blank(at)).unwrap_or(letters.count());
            let bare = letters.line_start(end) == end
                || end.checked_sub(1).is_some_and(|last| is_blank(&last))
                || text >= letters.count()
                || letters.is(text, '\n')
                || letters.is(text, ')');
            let (at, bytes) = (letters.byte(end), letters.byte(end)..letters.byte(text));
            prompt.editor.delete(bytes);
            if !bare {
                prompt.editor.insert_spans(at, &[Span::typed(" ")]);
            }
            prompt.editor.move_to(at);
        }
        self.mode = Mode::Normal;
        self.changed(keys);
    }

    pub(super) fn put(&mut self, prompt: &mut Prompt, way: Way, times: usize, keys: Vec<char>) {
        let register = self.register.clone();
        let letters = Letters::new(prompt.editor.under_caret());
        let caret = letters.number(prompt.editor.caret());
        let lines = register.form == Selecting::Lines;
        if self.visual().is_some() {
            let (range, form) = (self.selected(&letters, prompt.editor.caret()), self.visual());
            let bytes = letters.byte(range.start)..letters.byte(range.end);
            let form = form.unwrap_or(Selecting::Letters);
            self.register = Register { spans: prompt.editor.spans_in(bytes.clone()), form };
            prompt.editor.delete(bytes.clone());
            let apart = lines && form == Selecting::Letters;
            let ends: &[Span] = &if apart { vec![Span::typed("\n")] } else { Vec::new() };
            let spans = [ends, &repeated(&register.spans, times), ends].concat();
            prompt.editor.insert_spans(bytes.start, &spans);
            self.mode = Mode::Normal;
            step_back(prompt);
            return;
        }
        let line_end = letters.line_end(caret);
        let place = match (lines, way) {
            (true, Way::On) => line_end,
            (true, Way::Back) => letters.line_start(caret),
            (false, Way::On) => (caret + 1).min(line_end),
            (false, Way::Back) => caret,
        };
        let at = letters.byte(place);
        let feed = [Span::typed("\n")];
        let piece: Vec<Span> = match (lines, way) {
            (true, Way::On) => [&feed[..], &register.spans].concat(),
            (true, Way::Back) => [&register.spans[..], &feed].concat(),
            (false, _) => register.spans,
        };
        if piece.is_empty() {
            return;
        }
        prompt.editor.insert_spans(at, &repeated(&piece, times));
        if lines {
            let letters = Letters::new(prompt.editor.under_caret());
            let first = letters.number(at) + usize::from(way == Way::On);
            let text = letters.byte(letters.line_text(first));
            prompt.editor.move_to(text);
        } else {
            step_back(prompt);
        }
        self.changed(keys);
    }

    pub(super) fn insert(&mut self, prompt: &mut Prompt, place: Place, times: usize, keys: Vec<char>) {
        let letters = Letters::new(prompt.editor.under_caret());
        let caret = letters.number(prompt.editor.caret());
        let (start, end) = (letters.line_start(caret), letters.line_end(caret));
        let at = letters.byte(match place {
            Place::Before => caret,
            Place::After => (caret + 1).min(end),
            Place::LineText => letters.line_text(caret),
            Place::LineEnd | Place::LineBelow => end,
            Place::LineAbove => start,
        });
        prompt.editor.move_to(at);
        match place {
            Place::Before | Place::After | Place::LineText | Place::LineEnd => {}
            Place::LineBelow => prompt.editor.insert("\n", Origin::Typed),
            Place::LineAbove => {
                prompt.editor.insert("\n", Origin::Typed);
                prompt.editor.move_to(at);
            }
        }
        self.begin_insert(prompt, times, keys);
    }

    fn begin_insert(&mut self, prompt: &Prompt, times: usize, keys: Vec<char>) {
        let before = prompt.editor.caret();
        let after = prompt.editor.under_caret().len() - before;
        self.inserting = Some(Inserting { keys, times, before, after });
        self.mode = Mode::Insert;
    }

    /// Escape in insert mode.
    pub(super) fn leave_insert(&mut self, prompt: &mut Prompt) {
        if let Some(Inserting { keys, times, before, after }) = self.inserting.take() {
            let end = prompt.editor.under_caret().len().saturating_sub(after);
            let inserted = prompt.editor.spans_in(before..end.max(before));
            let caret = prompt.editor.caret();
            prompt.editor.insert_spans(caret, &repeated(&inserted, times.saturating_sub(1)));
            self.last = (!keys.is_empty()).then_some(Change { keys, inserted });
        }
        prompt.editor.end_step();
        self.mode = Mode::Normal;
        step_back(prompt);
    }
}

/// What comes in the place of one letter.
enum Put {
    /// The user typed it.
    Typed(String),
    /// It is of the same origin.
    Same(String),
}

/// Spans so often, as far as a draft can bear it.
pub(super) fn repeated(spans: &[Span], times: usize) -> Vec<Span> {
    const MOST: usize = 1 << 20;
    let bytes: usize = spans.iter().map(|span| span.text.len()).sum();
    let times = times.min(MOST / bytes.max(1) + 1);
    spans.iter().cycle().take(spans.len() * times).cloned().collect()
}

/// Moves one letter left, not over the start of the line.
fn step_back(prompt: &mut Prompt) {
    let letters = Letters::new(prompt.editor.under_caret());
    let caret = letters.number(prompt.editor.caret());
    let before = letters.byte(caret.saturating_sub(1).max(letters.line_start(caret)));
    prompt.editor.move_to(before);
}

/// Takes lines out with one of the line feeds beside them.
fn delete_lines(prompt: &mut Prompt, bytes: Range<usize>) {
    let whole = prompt.editor.under_caret().len();
    let range =
        if bytes.end < whole { bytes.start..bytes.end + 1 } else { bytes.start.saturating_sub(1)..bytes.end };
    prompt.editor.delete(range);
    let letters = Letters::new(prompt.editor.under_caret());
    let at = letters.number(bytes.start.min(prompt.editor.under_caret().len()));
    let text = letters.byte(letters.line_text(at));
    prompt.editor.move_to(text);
}

/// The letters of `dw`, `cw` and `yw`, which do not take all that `w` passes over.
fn words(letters: &Letters<'_>, from: usize, size: Size, operator: Operator, times: usize) -> Range<usize> {
    if operator == Operator::Change && !letters.class(from, size).is_space() {
        // To change a word is not to change the space after it.
        let mut last = letters.run_end(from, size) - 1;
        for _ in 1..times {
            last = letters.next_end(last, size);
        }
        return from..last + 1;
    }
    let mut end = from;
    for _ in 0..times {
        end = letters.next_word(end, size);
    }
    // The last word of a line is taken without the line feed.
    let line = letters.line_start(end);
    if line > from && (end >= letters.count() || letters.line_text(end) >= end) {
        end = end.min(line - 1).max(from);
    }
    from..end
}

/// A letter in the other case.
fn toggled(letter: &str) -> String {
    letter
        .chars()
        .flat_map(|c| {
            let (upper, lower): (Vec<char>, Vec<char>) =
                (c.to_uppercase().collect(), c.to_lowercase().collect());
            if c.is_lowercase() { upper } else { lower }
        })
        .collect()
}
