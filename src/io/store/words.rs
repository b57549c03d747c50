//! The words of a search: how a query is cut into them, how the index is asked for them, and where they stand in a text. It reads and
//! writes no file.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use unicode_normalization::char::is_combining_mark;

use super::write::PLACE;
use crate::base::text::{self, apart, is_unspaced};

/// Characters of the words that a search found, before and after them.
const AROUND: usize = 80;

/// The words of a query, each of which has to be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    /// Between blanks or signs, in lower case.
    Word(String),
    /// A word with vowel signs or points, as in Hindi or Arabic, at which the index of words cuts it.
    Marked(String),
    /// Letters of a script without blanks, which may stand anywhere in a run of them.
    Run(String),
}

impl Term {
    fn of(part: &str) -> Self {
        let text = part.to_string();
        if part.starts_with(is_unspaced) {
            Self::Run(text)
        } else if part.contains(is_combining_mark) {
            Self::Marked(text)
        } else {
            Self::Word(text)
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Marked(text) | Self::Run(text) => text,
        }
    }
}

/// What is asked for words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Index {
    /// Holds every text by its words.
    Words,
    /// Holds the texts with runs, letter by letter, and the words beside them.
    Letters,
}

impl Index {
    /// The name of its table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Letters => "letters",
        }
    }
}

impl Terms {
    pub fn of(query: &str) -> Self {
        // An accent for itself is as good as none to the indexes.
        let is_mark = |c: char| is_combining_mark(c) && !matches!(c, '\u{300}'..='\u{36f}');
        let is_in_word = |c: char| (c.is_alphanumeric() && !is_enclosed(c)) || is_unspaced(c) || is_mark(c);
        let words = query.split(|c| !is_in_word(c)).map(str::to_lowercase);
        // A mark alone is no word.
        let is_letter = |c: char| is_unspaced(c) || (c.is_alphanumeric() && !is_combining_mark(c));
        let is_word = |part: &&str| part.contains(is_letter);
        Self(
            words
                .flat_map(|word| text::parts(&word).filter(is_word).map(Term::of).collect::<Vec<_>>())
                .collect(),
        )
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of it can be found there.
    pub fn can_be_in(&self, index: Index) -> bool {
        match index {
            Index::Words => !self.0.iter().any(|term| matches!(term, Term::Run(_))),
            Index::Letters => true,
        }
    }

    /// What an index is asked for, in one folder or in all.
    pub fn expression(&self, index: Index, place: Option<i64>) -> String {
        let mut asked = Vec::new();
        for (at, term) in self.0.iter().enumerate() {
            let is_last = at + 1 == self.0.len();
            // The last word may go on; a single letter would go on to nearly everything.
            let goes_on = |word: &str| if is_last && word.chars().count() > 1 { "*" } else { "" };
            match (term, index) {
                // The letters of a run are found side by side.
                (Term::Run(letters), Index::Words | Index::Letters) => {
                    asked.push(format!("\"{}\"", apart(letters).unwrap_or_default().trim()));
                }
                (Term::Marked(word), Index::Words) => {
                    let pieces = word.split(is_combining_mark).filter(|piece| !piece.is_empty());
                    asked.extend(pieces.map(|piece| format!("\"{piece}\"")));
                }
                (Term::Marked(word), Index::Letters) | (Term::Word(word), Index::Words | Index::Letters) => {
                    asked.push(format!("\"{word}\"{}", goes_on(word)));
                }
            }
        }
        asked.extend(place.map(|place| format!("\"{PLACE}{place}\"")));
        asked.join(" AND ")
    }

    /// Whether a text that an index gave holds the words that it only knows in pieces.
    pub fn are_whole_in(&self, said: &str) -> bool {
        let mut marked = self.0.iter().filter(|term| matches!(term, Term::Marked(_))).peekable();
        if marked.peek().is_none() {
            return true;
        }
        let said = said.to_lowercase();
        marked.all(|term| said.contains(term.text()))
    }

    /// Whether a title holds every word.
    pub fn are_in(&self, title: &str) -> bool {
        let title = title.to_lowercase();
        self.0.iter().all(|term| title.contains(term.text()))
    }

    /// What stands around the first of the words that is found.
    pub fn around(&self, said: &str) -> String {
        let letters: Vec<char> = said.chars().collect();
        let lower: Vec<char> = letters.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect();
        let found = self.0.iter().rev().find_map(|term| {
            let term: Vec<char> = term.text().chars().collect();
            lower.windows(term.len()).position(|window| window == term.as_slice())
        });
        let from = found.unwrap_or(0).saturating_sub(AROUND);
        let cut: String = letters.iter().skip(from).take(3 * AROUND).collect();
        let line = text::one_line(&cut);
        let line = line.trim();
        if from > 0 { format!("… {line}") } else { line.to_string() }
    }
}

/// Letters in circles and squares, which are signs to the index.
fn is_enclosed(c: char) -> bool {
    matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f149}' | '\u{1f150}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}')
}

/// Gives a connection the function that the triggers of the store call: `apart(text)` is the text with the letters of runs apart, or NULL.
/// Without it nothing can be written.
pub fn teach(connection: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection
        .create_scalar_function("apart", 1, flags, |call| Ok(call.get_raw(0).as_str().ok().and_then(apart)))
}

#[cfg(test)]
mod tests;
