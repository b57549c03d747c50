//! Reading the conversation message by message: the marked message, the search, and how both look. It never changes the log.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::Match;
use crate::domain::chat::{Body, Entry};
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

/// Whether a message can be marked: what the user or the model said, or a decided edit.
pub fn can_be_marked(entry: &Entry) -> bool {
    match &entry.body {
        Body::User { .. } | Body::Decision { .. } => true,
        Body::Reply(reply) => !reply.text.is_empty() || !reply.thinking.is_empty(),
        Body::Divider { .. } | Body::Notice { .. } => false,
        Body::Compaction { summary, .. } => !summary.is_empty(),
    }
}

/// What of an entry a search looks at.
pub fn searched(entry: &Entry) -> &str {
    match &entry.body {
        Body::User { text } | Body::Notice { text, .. } | Body::Compaction { text, .. } => text,
        Body::Reply(reply) => &reply.text,
        Body::Decision { summary, .. } => summary,
        Body::Divider { .. } => "",
    }
}

impl Reading {
    /// With this message marked.
    pub fn at(marked: Option<usize>) -> Self {
        Self { marked, ..Self::default() }
    }

    /// Searches the entries; the newest match is the current one. Gives it.
    pub fn search(&mut self, words: &str, entries: &[Entry]) -> Option<Match> {
        let matches: Vec<Match> = entries
            .iter()
            .enumerate()
            .flat_map(|(at, entry)| {
                let count = search::occurrences(searched(entry), words).count();
                (0..count).map(move |number| Match { entry: at, number })
            })
            .collect();
        let current = matches.len().saturating_sub(1);
        self.search = Some(Search { words: words.to_string(), matches, current });
        self.current()
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
        let mut text = String::new();
        let mut starts = Vec::new();
        for x in place.left()..place.right() {
            starts.push((text.len(), x));
            text.push_str(buffer.cell((x, place.y)).map_or("", |cell| cell.symbol()));
        }
        let current = self.current().is_some_and(|found| found.entry == entry);
        let strong = if current { Modifier::BOLD | Modifier::REVERSED } else { Modifier::UNDERLINED };
        for from in search::occurrences(&text, words) {
            for (_, x) in starts.iter().filter(|(start, _)| (from..from + words.len()).contains(start)) {
                if let Some(cell) = buffer.cell_mut((*x, place.y)) {
                    cell.set_style(theme.selection.add_modifier(strong));
                }
            }
        }
    }
}
