//! Where vi's motions lead in a draft, and how much of it an operator takes on the way. It changes nothing.

use super::letters::{Letters, Size};

/// A way through the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    Left,
    Right,
    Up,
    Down,
    Word(Size),
    Back(Size),
    End(Size),
    LineStart,
    LineText,
    LineEnd,
    Top,
    Bottom,
    Find(Find),
    /// The last `f`, `t`, `F` or `T` again.
    Again(Way),
}

/// Forwards, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    On,
    Back,
}

impl Way {
    fn turned(self, by: Self) -> Self {
        if self == by { Self::On } else { Self::Back }
    }
}

/// What `f`, `t`, `F` and `T` look for in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Find {
    pub letter: char,
    pub way: Way,
    pub stop: Stop,
}

/// Whether the caret goes to the letter that is found, or beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    At,
    Beside,
}

/// What an operator takes between the caret and where a motion leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All before the further end.
    Exclusive,
    Inclusive,
    Lines,
}

/// Where a motion leads from a letter; `None` where it cannot go there.
pub(super) fn lead(
    letters: &Letters<'_>,
    from: usize,
    motion: Motion,
    count: Option<usize>,
    last: Option<Find>,
) -> Option<(usize, Extent)> {
    use Extent::{Exclusive, Inclusive, Lines};
    let times = count.unwrap_or(1);
    let repeat =
        |step: &dyn Fn(usize) -> usize| (0..times.min(letters.count() + 1)).fold(from, |at, _| step(at));
    let lines = |by: usize| isize::try_from(by).ok();
    Some(match motion {
        Motion::Left => {
            let start = letters.line_start(from);
            (from.saturating_sub(times).max(start), Exclusive)
        }
        Motion::Right => (from.saturating_add(times).min(letters.line_end(from)), Exclusive),
        Motion::Up => (letters.line_at(from, -lines(times)?)?, Lines),
        Motion::Down => (letters.line_at(from, lines(times)?)?, Lines),
        Motion::Word(size) => (repeat(&|at| letters.next_word(at, size)), Exclusive),
        Motion::Back(size) => (repeat(&|at| letters.word_before(at, size)), Exclusive),
        Motion::End(size) => (repeat(&|at| letters.next_end(at, size)), Inclusive),
        Motion::LineStart => (letters.line_start(from), Exclusive),
        Motion::LineText => (letters.line_text(from), Exclusive),
        Motion::LineEnd => {
            let line = letters.line_at(from, lines(times - times.min(1))?)?;
            (letters.line_last(line), Inclusive)
        }
        Motion::Top => (line_number(letters, count.unwrap_or(1)), Lines),
        Motion::Bottom => (line_number(letters, count.unwrap_or(usize::MAX)), Lines),
        Motion::Find(find) => found(letters, from, find, times)?,
        Motion::Again(way) => {
            let find = last?;
            let find = Find { way: find.way.turned(way), ..find };
            // Beside the letter that was found, the same one would be found again.
            let stuck = find.stop == Stop::Beside && times == 1;
            match found(letters, from, find, times)? {
                (to, _) if to == from && stuck => found(letters, from, find, 2)?,
                lead => lead,
            }
        }
    })
}

/// The text of a line by its number from 1, or of the last one.
fn line_number(letters: &Letters<'_>, number: usize) -> usize {
    let mut start = 0;
    for _ in 1..number {
        match letters.line_at(start, 1) {
            Some(next) => start = next,
            None => break,
        }
    }
    letters.line_text(start)
}

fn found(letters: &Letters<'_>, from: usize, find: Find, times: usize) -> Option<(usize, Extent)> {
    let nth = times.checked_sub(1)?;
    Some(match find.way {
        Way::On => {
            let at = (from + 1..letters.line_end(from)).filter(|at| letters.is(*at, find.letter)).nth(nth)?;
            (if find.stop == Stop::At { at } else { at - 1 }, Extent::Inclusive)
        }
        Way::Back => {
            let before = (letters.line_start(from)..from).rev();
            let at = before.filter(|at| letters.is(*at, find.letter)).nth(nth)?;
            (if find.stop == Stop::At { at } else { at + 1 }, Extent::Exclusive)
        }
    })
}
