//! Reading the conversation message by message: the marked message, the search, and how both look. It never changes the log.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::{Match, entry};
use crate::domain::chat::{Body, Entry, Fold, Presence};
use crate::domain::search;
use crate::draw::theme::Theme;
use crate::panels::prompt::editor::Editor;

/// What is read, and what is searched for.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Position of the marked message in the log.
    pub marked: Option<usize>,
    /// The words of a search while they are typed.
    pub typing: Option<Editor>,
    search: Option<Search>,
}

/// A search and its matches, oldest first.
#[derive(Clone, Debug, Default)]
struct Search {
    words: String,
    matches: Vec<Match>,
    current: usize,
}

/// Whether a message can be marked: what the user or the model said, or a decided edit. It has to be seen.
pub fn can_be_marked(entry: &Entry) -> bool {
    if entry.presence == Presence::OtherVersion {
        return false;
    }
    match &entry.body {
        Body::User { .. } | Body::Decision { .. } => true,
        Body::Reply(reply) => !reply.text.is_empty() || !reply.thinking.is_empty(),
        Body::Divider { .. } | Body::Notice { .. } => false,
        Body::Compaction { summary, .. } => !summary.is_empty(),
    }
}

/// The words of an entry, without the thinking before them.
pub fn words(entry: &Entry) -> &str {
    match &entry.body {
        Body::User { text, .. } | Body::Notice { text, .. } | Body::Compaction { text, .. } => text,
        Body::Reply(reply) => &reply.text,
        Body::Decision { summary, .. } => summary,
        Body::Divider { .. } => "",
    }
}

/// How often words stand in what is seen of an entry: its words, and the thinking before them unless it is folded.
fn occurrences(entry: &Entry, sought: &str) -> usize {
    if entry.presence == Presence::OtherVersion {
        return 0;
    }
    let thinking = match &entry.body {
        Body::Reply(reply) if entry.fold == Fold::Open && !entry::is_silent(entry) => reply.thinking.as_str(),
        Body::Reply(_)
        | Body::User { .. }
        | Body::Divider { .. }
        | Body::Notice { .. }
        | Body::Decision { .. }
        | Body::Compaction { .. } => "",
    };
    let count = |text| search::occurrences(text, sought).count();
    count(thinking) + count(words(entry))
}

impl Search {
    /// All matches; the newest is the current one.
    fn of(words: &str, entries: &[Entry]) -> Self {
        let of_entry =
            |(at, entry)| (0..occurrences(entry, words)).map(move |number| Match { entry: at, number });
        let matches: Vec<Match> = entries.iter().enumerate().flat_map(of_entry).collect();
        let current = matches.len().saturating_sub(1);
        Self { words: words.to_string(), matches, current }
    }

    /// The same after something was folded or unfolded; the current match stays, or the next one is it.
    fn renewed(&self, entries: &[Entry]) -> Self {
        let mut next = Self::of(&self.words, entries);
        if let Some(current) = self.matches.get(self.current) {
            // Thinking comes before the words, so a match keeps its number only from the end of the entry on.
            let count =
                |search: &Self| search.matches.iter().filter(|one| one.entry == current.entry).count();
            let number = count(&next).saturating_sub(count(self).saturating_sub(current.number));
            let is_next = |one: &Match| (one.entry, one.number) >= (current.entry, number);
            next.current = next.matches.iter().position(is_next).unwrap_or(next.current);
        }
        next
    }
}

impl Reading {
    /// With this message marked.
    pub fn at(marked: Option<usize>) -> Self {
        Self { marked, ..Self::default() }
    }

    /// Searches the entries; the newest match is the current one. Gives it.
    pub fn search(&mut self, words: &str, entries: &[Entry]) -> Option<Match> {
        self.search = Some(Search::of(words, entries));
        self.current()
    }

    /// Searches again, after something was folded or unfolded.
    pub fn search_again(&mut self, entries: &[Entry]) {
        self.search = self.search.take().map(|search| search.renewed(entries));
    }

    /// Ends the search; the marked message stays.
    pub fn forget(&mut self) {
        (self.search, self.typing) = (None, None);
    }

    /// Goes on to the next match (1) or back (-1), round the end.
    pub fn step(&mut self, by: isize) -> Option<Match> {
        let search = self.search.as_mut()?;
        let count = isize::try_from(search.matches.len()).ok().filter(|count| *count > 0)?;
        let current = isize::try_from(search.current).unwrap_or(0);
        search.current = usize::try_from((current + by).rem_euclid(count)).unwrap_or(0);
        self.current()
    }

    fn current(&self) -> Option<Match> {
        self.search.as_ref().and_then(|search| search.matches.get(search.current).copied())
    }

    /// The words that are searched for.
    pub fn sought(&self) -> Option<&str> {
        self.search.as_ref().map(|search| search.words.as_str()).filter(|words| !words.is_empty())
    }

    /// How many matches there are, and the number of the current one from 1 on; `None` without a search.
    pub fn count(&self) -> Option<(usize, usize)> {
        let search = self.search.as_ref().filter(|search| !search.words.is_empty())?;
        Some((search.matches.len(), (search.current + 1).min(search.matches.len())))
    }

    /// Marks a drawn line: the bar beside the marked message, and the words of the search.
    pub(super) fn mark(&self, entry: usize, place: Rect, theme: &Theme, buffer: &mut Buffer) {
        if self.marked == Some(entry)
            && let Some(x) = place.x.checked_sub(1)
            && let Some(cell) = buffer.cell_mut((x, place.y))
        {
            cell.set_symbol("┃").set_style(theme.accent);
        }
        let Some(words) = self.sought() else { return };
        let row = Row::of(place, buffer);
        self.strike(entry, words, &row.text, &row.cells, theme, buffer);
    }

    /// Marks words of the search that a drawn line begins and the next one ends.
    pub(super) fn mark_over(
        &self,
        entry: usize,
        (upper, lower): (Rect, Rect),
        theme: &Theme,
        buffer: &mut Buffer,
    ) {
        let Some(words) = self.sought().filter(|words| words.contains(' ')) else { return };
        let (mut row, next) = (Row::of(upper, buffer).trimmed(), Row::of(lower, buffer).trimmed());
        let seam = row.text.len();
        row.text.push(' ');
        row.cells.extend(next.cells.iter().map(|(start, at)| (start + seam + 1, *at)));
        row.text.push_str(&next.text);
        let over = |from: &usize| *from < seam && from + words.len() > seam + 1;
        let found: Vec<usize> = search::occurrences(&row.text, words).filter(over).collect();
        for from in found {
            self.strike_at(entry, from..from + words.len(), &row.cells, theme, buffer);
        }
    }

    fn strike(
        &self,
        entry: usize,
        words: &str,
        text: &str,
        cells: &[Cell],
        theme: &Theme,
        buffer: &mut Buffer,
    ) {
        for from in search::occurrences(text, words) {
            self.strike_at(entry, from..from + words.len(), cells, theme, buffer);
        }
    }

    fn strike_at(
        &self,
        entry: usize,
        bytes: Range<usize>,
        cells: &[Cell],
        theme: &Theme,
        buffer: &mut Buffer,
    ) {
        let current = self.current().is_some_and(|found| found.entry == entry);
        let strong = if current { Modifier::BOLD | Modifier::REVERSED } else { Modifier::UNDERLINED };
        for (_, at) in cells.iter().filter(|(start, _)| bytes.contains(start)) {
            if let Some(cell) = buffer.cell_mut(*at) {
                cell.set_style(theme.selection.add_modifier(strong));
            }
        }
    }
}

/// Whether a character at the beginning of a row may be there without being said.
pub(super) fn is_drawn(c: char) -> bool {
    c.is_whitespace() || matches!(c, '▎' | '▌' | '│' | '┃' | '┊')
}

/// The byte at which a cell's text begins, and where the cell is.
type Cell = (usize, (u16, u16));

/// A drawn row as text.
struct Row {
    text: String,
    cells: Vec<Cell>,
}

impl Row {
    fn of(place: Rect, buffer: &Buffer) -> Self {
        let mut row = Self { text: String::new(), cells: Vec::new() };
        for x in place.left()..place.right() {
            row.cells.push((row.text.len(), (x, place.y)));
            row.text.push_str(buffer.cell((x, place.y)).map_or("", |cell| cell.symbol()));
        }
        row
    }

    /// Without the blanks and bars round its words.
    fn trimmed(mut self) -> Self {
        self.text.truncate(self.text.trim_end().len());
        let lead = self.text.len() - self.text.trim_start_matches(is_drawn).len();
        self.text.drain(..lead);
        let end = self.text.len();
        self.cells.retain_mut(|(start, _)| {
            let inside = *start >= lead && *start - lead < end;
            *start = start.saturating_sub(lead);
            inside
        });
        self
    }
}
