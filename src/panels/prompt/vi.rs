//! The keys of vi for the draft: modes, and what each command does to the text. It never sends and knows no key but letters and Escape.

mod change;
mod letters;
mod motion;
mod object;
mod parse;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::Prompt;
use super::rows::Sheet;
use crate::domain::kb::Span;
use letters::Letters;
use motion::{Find, Motion};
use parse::{Command, Parsed, Selecting};

/// What letters do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They are typed.
    #[default]
    Insert,
    /// They are commands.
    Normal,
    /// They are commands for what is selected.
    Visual,
    /// The same for whole lines.
    VisualLines,
}

impl Mode {
    /// As people who know vi expect to read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Normal => "NORMAL",
            Self::Visual => "VISUAL",
            Self::VisualLines => "VISUAL LINE",
        }
    }
}

/// A key that may mean something to vi.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Letter(char),
    Escape,
    Redo,
}

/// Whether a key was a key of vi.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// It means what it means without vi.
    No,
}

/// The state of the keys.
#[derive(Clone, Debug, Default)]
pub struct Vi {
    mode: Mode,
    /// The keys of a command that is not complete.
    pending: Vec<char>,
    find: Option<Find>,
    register: Register,
    /// What `.` does again.
    last: Option<Change>,
    inserting: Option<Inserting>,
    /// The byte where the selection of visual mode begins; the other end is the caret.
    anchor: usize,
}

/// What was deleted or yanked last.
#[derive(Clone, Debug)]
struct Register {
    spans: Vec<Span>,
    form: Selecting,
}

impl Default for Register {
    fn default() -> Self {
        Self { spans: Vec::new(), form: Selecting::Letters }
    }
}

/// A change as its keys, and what was typed in insert mode after them.
#[derive(Clone, Debug)]
struct Change {
    keys: Vec<char>,
    inserted: Vec<Span>,
}

/// An insertion that goes on.
#[derive(Clone, Debug)]
struct Inserting {
    keys: Vec<char>,
    /// How often the text is inserted in the end.
    times: usize,
    /// Bytes before and after the place where it began.
    before: usize,
    after: usize,
}

/// What a key shows below `F1`: keys, and what they do.
pub const HELP: &[(&str, &str)] = &[
    ("Esc", "From insert mode to normal mode, from there what it does elsewhere"),
    ("i a I A o O", "Insert: here, after, at the line's text, at its end, on a line below, above"),
    ("h j k l w b e W B E", "Move; j and k go on to other messages at the edges"),
    ("0 ^ $ gg G", "Start, text and end of the line; first and last line, or the line of this number"),
    ("f F t T ; ,", "To a letter in the line or beside it; again, and back"),
    ("d c y", "Delete, change, yank: with a motion, an object, or twice for lines"),
    ("iw aw i\" a\" i( a( …", "Objects: word, quoted text, text in ( [ { <, inside or around"),
    ("x X D C S s r ~ J", "Delete, change or replace letters, toggle case, join lines"),
    ("p P u Ctrl+R .", "Put, put before, undo, redo, repeat; a number before a command repeats it"),
    ("v V", "Visual mode for letters, for lines; o goes to the other end"),
];

impl Vi {
    /// What letters do now.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The keys of a command that is not complete.
    pub fn pending(&self) -> String {
        self.pending.iter().collect()
    }

    /// A new draft begins in insert mode, as a shell's line does.
    pub(super) fn begin(&mut self) {
        (self.mode, self.inserting) = (Mode::Insert, None);
        self.pending.clear();
    }

    fn visual(&self) -> Option<Selecting> {
        match self.mode {
            Mode::Visual => Some(Selecting::Letters),
            Mode::VisualLines => Some(Selecting::Lines),
            Mode::Insert | Mode::Normal => None,
        }
    }

    /// The letters that visual mode selects.
    fn selected(&self, letters: &Letters<'_>, caret: usize) -> Range<usize> {
        let (one, other) = (letters.number(self.anchor.min(caret)), letters.number(self.anchor.max(caret)));
        match self.mode {
            Mode::VisualLines => letters.line_start(one)..letters.line_end(other),
            Mode::Insert | Mode::Normal | Mode::Visual => one..(other + 1).min(letters.count()),
        }
    }

    fn press(&mut self, prompt: &mut Prompt, key: Key, width: u16) -> Taken {
        match (self.mode, key) {
            (Mode::Insert, Key::Escape) => self.leave_insert(prompt),
            (Mode::Insert, Key::Letter(_) | Key::Redo) => return Taken::No,
            (_, Key::Escape) if !self.pending.is_empty() => self.pending.clear(),
            (Mode::Visual | Mode::VisualLines, Key::Escape) => self.mode = Mode::Normal,
            (Mode::Normal, Key::Escape) => return Taken::No,
            (_, Key::Redo) => {
                let count = self.pending.drain(..).collect::<String>().parse().unwrap_or(1usize);
                (0..count.min(1_000)).for_each(|_| prompt.editor.redo());
            }
            (_, Key::Letter(letter)) => {
                self.adopt(prompt);
                self.pending.push(letter);
                match parse::parse(&self.pending, self.visual()) {
                    Parsed::More => {}
                    Parsed::Wrong => self.pending.clear(),
                    Parsed::Done(command, count) => {
                        let keys = std::mem::take(&mut self.pending);
                        self.run(prompt, command, count, keys, width);
                    }
                }
            }
        }
        self.settle(prompt);
        Taken::Yes
    }

    /// What the mouse or Shift selected is selected for vi.
    fn adopt(&mut self, prompt: &mut Prompt) {
        let Some(selected) = prompt.editor.selection() else { return };
        let letters = Letters::new(prompt.editor.under_caret());
        let last = letters.byte(letters.number(selected.end).saturating_sub(1));
        (self.mode, self.anchor) = (Mode::Visual, selected.start);
        prompt.editor.move_to(last);
    }

    /// Outside of insert mode the caret stands on a letter, and not behind the last one of a line.
    fn settle(&self, prompt: &mut Prompt) {
        if self.mode == Mode::Insert || prompt.editor.selection().is_some() {
            return;
        }
        let caret = prompt.editor.caret();
        let text = prompt.editor.under_caret();
        let is_at_end = text.get(caret..).is_none_or(|rest| rest.is_empty() || rest.starts_with('\n'));
        if is_at_end {
            let letters = Letters::new(text);
            let last = letters.byte(letters.line_last(letters.number(caret)));
            if last != caret {
                prompt.editor.move_to(last);
            }
        }
    }

    fn run(
        &mut self,
        prompt: &mut Prompt,
        command: Command,
        count: Option<usize>,
        keys: Vec<char>,
        width: u16,
    ) {
        let times = count.unwrap_or(1);
        prompt.editor.begin_step();
        match command {
            Command::Move(motion) => self.go(prompt, motion, count, width),
            Command::Operate(operator, target) => self.operate(prompt, operator, target, count, keys),
            Command::OperateSelected(operator) => self.operate_selected(prompt, operator),
            Command::Select(object, scope) => self.select(prompt, object, scope, times),
            Command::Replace(letter) => self.replace(prompt, letter, times, keys),
            Command::ToggleCase => self.toggle_case(prompt, times, keys),
            Command::Join => self.join(prompt, times, keys),
            Command::Put(way) => self.put(prompt, way, times, keys),
            Command::Insert(place) => self.insert(prompt, place, times, keys),
            Command::Undo => (0..times).for_each(|_| prompt.editor.undo()),
            Command::Repeat => self.repeat(prompt, count, width),
            Command::Visual(selecting) => self.toggle_visual(prompt, selecting),
            Command::OtherEnd => {
                let caret = prompt.editor.caret();
                prompt.editor.move_to(self.anchor);
                self.anchor = caret;
            }
        }
        if self.mode != Mode::Insert {
            prompt.editor.end_step();
        }
    }

    fn go(&mut self, prompt: &mut Prompt, motion: Motion, count: Option<usize>, width: u16) {
        let times = count.unwrap_or(1);
        let rows = |editor: &super::editor::Editor, by| Sheet::new(editor, width).next_to(by);
        match (motion, self.visual()) {
            (Motion::Up, None) => (0..times.min(1_000)).for_each(|_| prompt.up(width)),
            (Motion::Down, None) => (0..times.min(1_000)).for_each(|_| prompt.down(width)),
            (Motion::Up | Motion::Down, Some(_)) => {
                let by = if motion == Motion::Up { -1 } else { 1 };
                for _ in 0..times {
                    let Some(place) = rows(&prompt.editor, by) else { break };
                    prompt.editor.move_to(place);
                }
            }
            _ => {
                if let Some((to, _)) = self.lead(prompt, motion, count) {
                    prompt.editor.move_to(to);
                }
            }
        }
    }

    /// The byte where a motion leads, and how much of the way an operator takes. A search in the line is remembered.
    fn lead(
        &mut self,
        prompt: &Prompt,
        motion: Motion,
        count: Option<usize>,
    ) -> Option<(usize, motion::Extent)> {
        if let Motion::Find(find) = motion {
            self.find = Some(find);
        }
        let letters = Letters::new(prompt.editor.under_caret());
        let from = letters.number(prompt.editor.caret());
        let (to, extent) = motion::lead(&letters, from, motion, count, self.find)?;
        Some((letters.byte(to), extent))
    }

    fn toggle_visual(&mut self, prompt: &Prompt, selecting: Selecting) {
        let wanted = match selecting {
            Selecting::Letters => Mode::Visual,
            Selecting::Lines => Mode::VisualLines,
        };
        if self.visual().is_none() {
            self.anchor = prompt.editor.caret();
        }
        self.mode = if self.mode == wanted { Mode::Normal } else { wanted };
    }

    /// Does the last change again, with another count where one is given.
    fn repeat(&mut self, prompt: &mut Prompt, count: Option<usize>, width: u16) {
        let Some(mut change) = self.last.clone() else { return };
        if let Some(count) = count {
            let bare = change.keys.iter().skip_while(|key| key.is_ascii_digit());
            change.keys = count.to_string().chars().chain(bare.copied()).collect();
        }
        let Parsed::Done(command, count) = parse::parse(&change.keys, None) else { return };
        self.run(prompt, command, count, change.keys.clone(), width);
        if let Some(inserting) = self.inserting.take() {
            let caret = prompt.editor.caret();
            prompt.editor.insert_spans(caret, &change::repeated(&change.inserted, inserting.times));
            self.leave_insert(prompt);
        }
        self.last = Some(change);
    }
}

impl Prompt {
    /// A key for vi, where its keys are wanted; `width` is the one that the draft is wrapped at.
    pub fn press_vi(&mut self, key: Key, width: u16) -> Taken {
        let Some(mut vi) = self.vi.take() else { return Taken::No };
        let taken = vi.press(self, key, width);
        self.vi = Some(vi);
        taken
    }

    /// Keeps the caret where the mode allows it, after something else moved it.
    pub fn settle_vi(&mut self) {
        if let Some(vi) = self.vi.take() {
            vi.settle(self);
            self.vi = Some(vi);
        }
    }

    /// The bytes of the draft that are shown as selected.
    pub fn selection(&self) -> Option<Range<usize>> {
        match &self.vi {
            Some(vi) if vi.visual().is_some() => {
                let letters = Letters::new(self.editor.under_caret());
                let selected = vi.selected(&letters, self.editor.caret());
                Some(letters.byte(selected.start)..letters.byte(selected.end))
            }
            Some(_) | None => self.editor.selection(),
        }
    }

    /// Takes the selected text, with what is folded in it; nothing is selected after that.
    pub fn take_selected(&mut self) -> Option<String> {
        let range = self.selection()?;
        if let Some(vi) = self.vi.as_mut().filter(|vi| vi.visual().is_some()) {
            vi.mode = Mode::Normal;
        }
        self.editor.deselect();
        Some(self.editor.spans_in(range).into_iter().map(|span| span.text).collect())
    }
}
