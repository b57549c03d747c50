//! A file that is mentioned in the draft, as `@path` or `@"path with blanks"`, and the list that completes it. It never looks for files.

use std::ops::Range;
use std::sync::Arc;

use super::editor::Editor;
use crate::domain::kb::Origin;
use crate::domain::paths::{Paths, Search};
use crate::protocol::message::Millis;

/// A list of files that is older than this is made anew at the next `@`.
const FRESH: Millis = 5_000;

/// A mention in a text: where it stands, from its `@` on, and what of its path is before the caret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub range: Range<usize>,
    pub typed: String,
}

/// The mention that the caret is in. An `@` inside a word, as in an address, begins none.
pub fn at(text: &str, caret: usize) -> Option<Word> {
    let before = text.get(..caret)?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let begins = |at: &usize| {
        let earlier = before.get(line..*at).and_then(|earlier| earlier.chars().next_back());
        earlier.is_none_or(|letter| letter.is_whitespace() || "([{<\"'`,;:".contains(letter))
    };
    let start = before.get(line..)?.rmatch_indices('@').map(|(at, _)| line + at).find(begins)?;
    let typed = before.get(start + 1..)?;
    let rest = text.get(caret..)?;
    let (typed, left) = match typed.strip_prefix('"') {
        Some(quoted) => {
            // The next quotation mark may open another quotation when there is a blank before it.
            let close = rest.find(|letter: char| letter == '"' || letter.is_whitespace());
            let close = close.filter(|at| rest.get(*at..).is_some_and(|rest| rest.starts_with('"')));
            (Some(quoted).filter(|quoted| !quoted.contains('"'))?, close.map_or(0, |at| at + 1))
        }
        None => {
            let word = Some(typed).filter(|typed| !typed.contains(char::is_whitespace))?;
            (word, rest.find(char::is_whitespace).unwrap_or(rest.len()))
        }
    };
    let typed = typed.strip_prefix("./").unwrap_or(typed).to_string();
    Some(Word { range: start..caret + left, typed })
}

/// How far the files of the project are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Listed {
    #[default]
    Never,
    Running,
    At(Millis),
}

/// The open list.
#[derive(Clone, Debug)]
struct Open {
    word: Word,
    search: Search,
    chosen: usize,
}

/// The files that are known, and the list while it is open.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    paths: Arc<Paths>,
    listed: Listed,
    open: Option<Open>,
    /// Where a mention begins whose list was closed.
    closed: Option<usize>,
}

/// Whether the files are to be listed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Nothing,
    Listing,
}

/// What the open list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Closed,
    /// The files are being looked for.
    Waiting,
    NoMatch,
    Choices,
}

impl Mentions {
    /// A letter was typed: a mention under the caret opens the list.
    pub fn typed(&mut self, editor: &Editor, now: Millis) -> Wanted {
        self.look(editor);
        let Some(word) = at(editor.under_caret(), editor.caret()) else { return Wanted::Nothing };
        if self.open.is_some() || self.closed == Some(word.range.start) {
            return Wanted::Nothing;
        }
        let search = Search::new(&self.paths, &word.typed);
        self.open = Some(Open { word, search, chosen: 0 });
        let stale = match self.listed {
            Listed::Never => true,
            Listed::Running => false,
            Listed::At(then) => now.saturating_sub(then) > FRESH,
        };
        if !stale {
            return Wanted::Nothing;
        }
        self.listed = Listed::Running;
        Wanted::Listing
    }

    /// Follows what became of the text and the caret: the list shows what fits, and goes with its mention.
    pub fn look(&mut self, editor: &Editor) {
        if self.open.is_none() && self.closed.is_none() {
            return;
        }
        let word = at(editor.under_caret(), editor.caret());
        let same = |start: usize| word.as_ref().is_some_and(|word| word.range.start == start);
        self.closed = self.closed.filter(|start| same(*start));
        self.open = self.open.take().filter(|open| same(open.word.range.start));
        if let (Some(open), Some(word)) = (&mut self.open, word)
            && open.word != word
        {
            if open.word.typed != word.typed {
                open.search.retype(&self.paths, &word.typed);
                open.chosen = 0;
            }
            open.word = word;
        }
    }

    /// The files were listed. What was chosen stays so.
    pub fn take(&mut self, paths: Arc<Paths>, now: Millis) {
        if let Some(open) = &mut self.open {
            let chosen = open.search.best().get(open.chosen).and_then(|place| self.paths.get(*place));
            open.search = Search::new(&paths, &open.word.typed);
            let again =
                |chosen: &str| open.search.best().iter().position(|place| paths.get(*place) == Some(chosen));
            // The first one was chosen by nobody.
            open.chosen = chosen.filter(|_| open.chosen > 0).and_then(again).unwrap_or(0);
        }
        self.paths = paths;
        self.listed = Listed::At(now);
    }

    /// What the list shows.
    pub fn shown(&self) -> Shown {
        match (&self.open, self.listed) {
            (None, _) => Shown::Closed,
            (Some(open), _) if !open.search.best().is_empty() => Shown::Choices,
            (Some(_), Listed::Running) => Shown::Waiting,
            (Some(_), Listed::Never | Listed::At(_)) => Shown::NoMatch,
        }
    }

    /// The paths in the list, best first, and the place of the chosen one.
    pub fn choices(&self) -> (Vec<&str>, usize) {
        let Some(open) = &self.open else { return (Vec::new(), 0) };
        (open.search.best().iter().filter_map(|place| self.paths.get(*place)).collect(), open.chosen)
    }

    /// Chooses another one; the ends hold.
    pub fn step(&mut self, by: isize) {
        if let Some(open) = &mut self.open {
            let last = open.search.best().len().saturating_sub(1);
            open.chosen = open.chosen.saturating_add_signed(by).min(last);
        }
    }

    /// Closes the list; it stays closed for this mention.
    pub fn close(&mut self) {
        self.closed = self.open.take().map(|open| open.word.range.start).or(self.closed);
    }

    /// Writes the chosen path in the place of the mention. That of a file ends it; a folder goes on with what it holds.
    pub fn complete(&mut self, editor: &mut Editor) {
        let Some(open) = &self.open else { return };
        let chosen = open.search.best().get(open.chosen).and_then(|place| self.paths.get(*place));
        let Some(path) = chosen else { return };
        let range = open.word.range.clone();
        let quoted = path.contains(char::is_whitespace);
        let written = if quoted { format!("@\"{path}\"") } else { format!("@{path}") };
        let goes_on = path.ends_with('/');
        let rest = editor.under_caret().get(range.end..).unwrap_or_default();
        let blank = !goes_on && !rest.starts_with(char::is_whitespace);
        let caret = range.start + written.len();
        editor.move_to(range.start);
        editor.select(|editor| editor.move_to(range.end));
        editor.insert(&written, Origin::Typed);
        match (goes_on, blank) {
            // Before the closing quotation mark.
            (true, _) if quoted => editor.move_to(caret.saturating_sub(1)),
            (true, _) => {}
            (false, true) => editor.insert(" ", Origin::Typed),
            (false, false) => editor.move_to(caret + 1),
        }
        self.look(editor);
        if !goes_on {
            self.open = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mention at the `|` of a text: what it covers, and what is typed of it.
    fn mention(marked: &str) -> Option<(String, String)> {
        let caret = marked.find('|').unwrap();
        let text = marked.replace('|', "");
        at(&text, caret).map(|word| (text[word.range].to_string(), word.typed))
    }

    #[test]
    fn a_mention_begins_at_the_start_of_a_word() {
        let some = |whole: &str, typed: &str| Some((whole.to_string(), typed.to_string()));
        assert_eq!(mention("@|"), some("@", ""));
        assert_eq!(mention("see @src/a|pp.ts now"), some("@src/app.ts", "src/a"));
        assert_eq!(mention("(@./x|"), some("@./x", "x"));
        assert_eq!(mention("a\n@b|"), some("@b", "b"));
        assert_eq!(mention("ask me@example.org|"), None);
        assert_eq!(mention("@a.ts and|"), None);
        assert_eq!(mention("|@a"), None);
        assert_eq!(mention("@a\n|"), None);
    }

    #[test]
    fn a_quoted_mention_goes_to_its_closing_mark() {
        let some = |whole: &str, typed: &str| Some((whole.to_string(), typed.to_string()));
        assert_eq!(mention("@\"a b|"), some("@\"a b", "a b"));
        assert_eq!(mention("@\"a b|c.md\" d"), some("@\"a bc.md\"", "a b"));
        assert_eq!(mention("@\"a| b \"c\""), some("@\"a", "a"));
        assert_eq!(mention("@\"a b\" c|"), None);
        assert_eq!(mention("@\"a| b\nc\""), some("@\"a", "a"));
    }
}
