//! What the review of one proposal lets the user choose: which edit is meant, and which further lines go along. It never edits.

use super::document::Document;
use super::reconcile::Reconciler;
use super::related::{self, MOST_ROWS};
use super::{Candidate, Edit, edit};

/// Whether a row of the list is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    No,
    Yes,
}

/// Another line that the edit may change along; it does not before the user says so.
#[derive(Clone, Debug, PartialEq)]
struct Extra {
    edit: Edit,
    taken: Taken,
}

/// The choices and extras of a proposal, numbered from 1 in the order of the rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Empty when there is nothing to choose; else the best one comes first.
    choices: Vec<Edit>,
    chosen: usize,
    extras: Vec<Extra>,
}

/// One numbered row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// One of several edits, of which one is made.
    Choice(&'a Edit, Taken),
    /// A further line.
    Extra(&'a Edit, Taken),
}

/// What a number stood for.
#[derive(Clone, Debug, PartialEq)]
pub enum Picked {
    /// This edit is meant.
    Choice(Edit),
    /// A further line goes along now, or no longer.
    Extra,
    Nothing,
}

impl Options {
    /// Brings the lists up to date with KB.md and the edit. What was chosen stays chosen where it is still there.
    pub fn renew(&mut self, kb: &Document, candidate: &Candidate, now: &Edit, reconciler: &Reconciler) {
        let is_now = |choice: &Edit| choice.op == now.op && choice.supersedes == now.supersedes;
        let choices: Vec<Edit> =
            self.choices.iter().filter_map(|choice| edit::rebase(choice, kb).ok()).collect();
        match choices.iter().position(is_now) {
            Some(at) if choices.len() > 1 => (self.choices, self.chosen) = (choices, at),
            Some(_) | None => {
                (self.choices, self.chosen) = (related::choices(kb, candidate, now, reconciler), 0);
            }
        }
        let taken: Vec<String> = self.taken().filter_map(line_text).collect();
        self.extras = related::extras(kb, now, reconciler.tables())
            .into_iter()
            .take(MOST_ROWS - self.choices.len().min(MOST_ROWS))
            .map(|edit| {
                let was = line_text(&edit).is_some_and(|text| taken.contains(&text));
                Extra { edit, taken: if was { Taken::Yes } else { Taken::No } }
            })
            .collect();
    }

    /// The rows in the order of their numbers.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let choice = |(at, edit)| Row::Choice(edit, if at == self.chosen { Taken::Yes } else { Taken::No });
        let extras = self.extras.iter().map(|extra| Row::Extra(&extra.edit, extra.taken));
        self.choices.iter().enumerate().map(choice).chain(extras)
    }

    /// Chooses the row with this number, or takes it back.
    pub fn pick(&mut self, number: usize) -> Picked {
        let Some(at) = number.checked_sub(1) else { return Picked::Nothing };
        if let Some(choice) = self.choices.get(at) {
            self.chosen = at;
            return Picked::Choice(choice.clone());
        }
        match self.extras.get_mut(at - self.choices.len()) {
            Some(extra) => {
                extra.taken = match extra.taken {
                    Taken::No => Taken::Yes,
                    Taken::Yes => Taken::No,
                };
                Picked::Extra
            }
            None => Picked::Nothing,
        }
    }

    /// The edits of which one is made; empty when there is nothing to choose.
    pub fn choices(&self) -> &[Edit] {
        &self.choices
    }

    /// The further lines that go along.
    pub fn taken(&self) -> impl Iterator<Item = &Edit> {
        self.extras.iter().filter(|extra| extra.taken == Taken::Yes).map(|extra| &extra.edit)
    }
}

/// The text of the line that an edit acts on.
fn line_text(edit: &Edit) -> Option<String> {
    edit.supersedes.as_ref().map(|line| line.text.clone())
}
