//! Places in the conversation and the ways between them. It lays out only the parts that it comes by.

use ratatui::text::Line;

use super::Match;
use super::lines::{LineCache, Row};
use super::reading::is_drawn;
use crate::domain::chat::{Body, Entry};
use crate::domain::search;
use crate::draw::textmap::TextMap;
use crate::protocol::message::Anchor;

/// A line of a part of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub entry: usize,
    pub part: usize,
    pub line: usize,
}

/// The entries with their lines.
pub(super) struct Ground<'a> {
    pub entries: &'a [Entry],
    pub cache: &'a mut LineCache,
}

impl Ground<'_> {
    /// The place after the last line.
    pub fn over(&self) -> Place {
        Place { entry: self.entries.len(), part: 0, line: 0 }
    }

    /// How many parts an entry has.
    pub fn parts(&mut self, entry: usize) -> usize {
        self.entries.get(entry).map_or(0, |entry| self.cache.parts(entry))
    }

    fn height(&mut self, at: Place) -> usize {
        self.entries.get(at.entry).map_or(0, |entry| self.cache.height(entry, at.part))
    }

    /// So many lines up, or as far as there are lines.
    pub fn up(&mut self, from: Place, mut lines: usize) -> Place {
        let mut at = from;
        loop {
            if at.line >= lines {
                return Place { line: at.line - lines, ..at };
            }
            lines -= at.line;
            at.line = 0;
            if let Some(part) = at.part.checked_sub(1) {
                at.part = part;
            } else {
                let Some(entry) = at.entry.checked_sub(1) else { return Place::default() };
                at.entry = entry;
                match self.parts(entry).checked_sub(1) {
                    Some(part) => at.part = part,
                    None => continue,
                }
            }
            at.line = self.height(at);
        }
    }

    /// So many lines down, or over the end.
    pub fn down(&mut self, from: Place, lines: usize) -> Place {
        let mut at = Place { line: from.line.saturating_add(lines), ..from };
        self.normal(&mut at);
        at
    }

    /// Moves a place whose line is beyond its part to the line that is meant.
    fn normal(&mut self, at: &mut Place) {
        while at.entry < self.entries.len() {
            let parts = self.parts(at.entry);
            if at.part >= parts {
                *at = Place { entry: at.entry + 1, part: 0, line: at.line };
                continue;
            }
            let height = self.height(*at);
            if at.line < height {
                return;
            }
            *at = Place { entry: at.entry, part: at.part + 1, line: at.line - height };
        }
        *at = self.over();
    }

    /// The line at a place, which moves on to the next one, and what a row shows that shows it.
    pub fn line(&mut self, at: &mut Place) -> Option<(Row, &Line<'static>)> {
        self.normal(at);
        let entry = self.entries.get(at.entry)?;
        let number = at.line;
        at.line += 1;
        self.cache.line(entry, at.part, number)
    }

    /// What the lines of a part say.
    pub fn map(&mut self, at: Place) -> Option<&TextMap> {
        self.cache.map(self.entries.get(at.entry)?, at.part)
    }

    /// How many lines are between two places.
    pub fn between(&mut self, from: Place, to: Place) -> usize {
        let mut at = from;
        let mut lines = 0;
        while at < to && at.entry < self.entries.len() {
            if (at.entry, at.part) == (to.entry, to.part) {
                return lines + to.line.saturating_sub(at.line);
            }
            if at.part >= self.parts(at.entry) {
                at = Place { entry: at.entry + 1, part: 0, line: 0 };
                continue;
            }
            lines += self.height(at).saturating_sub(at.line);
            at = Place { part: at.part + 1, line: 0, ..at };
        }
        lines
    }

    /// A place as it is found again at another width, and when text was added after it.
    pub fn anchor(&mut self, at: Place) -> Anchor {
        let lines =
            self.entries.get(at.entry).map(|entry| self.cache.lines(entry, at.part)).unwrap_or_default();
        let letters = lines.iter().take(at.line).map(letters).sum();
        Anchor { entry: at.entry, part: at.part, line: at.line, width: self.cache.width(), letters }
    }

    /// A place that is found again at this width.
    pub fn seen(&self, at: Place) -> Anchor {
        Anchor { entry: at.entry, part: at.part, line: at.line, width: self.cache.width(), letters: 0 }
    }

    /// The place after the last line that was said. The foot of a reply moves on with it, so it is not counted.
    pub fn last(&mut self) -> Place {
        let Some(entry) = self.entries.len().checked_sub(1) else { return Place::default() };
        let foot = match self.entries.get(entry).map(|entry| &entry.body) {
            Some(Body::Reply(_)) => 2,
            Some(
                Body::User { .. }
                | Body::Divider { .. }
                | Body::Notice { .. }
                | Body::Decision { .. }
                | Body::Compaction { .. },
            )
            | None => 1,
        };
        let part = self.parts(entry).saturating_sub(foot);
        let line = self.height(Place { entry, part, line: 0 });
        Place { entry, part, line }
    }

    /// The line with a match of a search.
    pub fn matched(&mut self, found: Match, words: &str) -> Place {
        let first = Place { entry: found.entry, part: 0, line: 0 };
        let mut left = found.number;
        let Some(entry) = self.entries.get(found.entry) else { return self.over() };
        for part in 0..self.cache.parts(entry) {
            let here = search::occurrences(self.cache.source(entry, part), words).count();
            if left >= here {
                left -= here;
                continue;
            }
            let texts = self.cache.lines(entry, part).iter().map(|line| {
                let text = line.to_string();
                text.trim_start_matches(is_drawn).to_string()
            });
            let line = search::line_of(texts, words, left).unwrap_or(0);
            return Place { part, line, ..first };
        }
        first
    }

    /// The place of an anchor.
    pub fn found(&mut self, anchor: Anchor) -> Place {
        let mut at = Place { entry: anchor.entry, part: anchor.part, line: anchor.line };
        if anchor.width != self.cache.width() {
            let mut passed = 0;
            at.line = 0;
            // A part that was open may have become several since.
            while let Some(entry) = self.entries.get(at.entry).filter(|_| at.part < usize::MAX) {
                let lines = self.cache.lines(entry, at.part);
                for (number, line) in lines.iter().enumerate() {
                    passed += letters(line);
                    if passed > anchor.letters {
                        return Place { line: number, ..at };
                    }
                }
                if at.part + 1 >= self.parts(at.entry) {
                    break;
                }
                at.part += 1;
                if passed >= anchor.letters {
                    break;
                }
            }
        }
        self.normal(&mut at);
        at
    }
}

/// How many letters and digits are in a line. Marks and rules are left out, since they change with the width.
fn letters(line: &Line) -> usize {
    line.spans.iter().map(|span| span.content.chars().filter(|c| c.is_alphanumeric()).count()).sum()
}
