//! Styled text that flows into lines of a width. It never parses, and never splits a grapheme between two spans.

use crate::base::text::{self, ELLIPSIS};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::ops::Range;

/// A text with styles. It expects sanitised text, expands tabs, and takes `\n` as a hard break.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    text: String,
    /// The end of each run in `text`, and its style.
    runs: Vec<(usize, Style)>,
    /// The column of the next character, for tabs.
    column: usize,
    /// Where tabs were expanded in `text`, and to how many spaces each.
    tabs: Vec<(usize, usize)>,
}

/// One of the lines that a flow was broken into, as the text was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the line shows.
    pub shown: String,
    /// What takes no cells after it: the white space where the line was broken, or `\n` where it ends.
    pub passed: String,
    /// The column of its beginning in the unbroken line.
    pub column: usize,
}

impl Flow {
    /// A flow of one style.
    pub fn of(text: &str, style: Style) -> Self {
        let mut flow = Self::default();
        flow.push(text, style);
        flow
    }

    /// Adds text at the end.
    pub fn push(&mut self, text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        if text.contains('\t') {
            self.note_tabs(text);
        }
        if text.contains(['\t', '\n']) {
            let expanded = text::expand_tabs(text, self.column);
            let last = expanded.rsplit('\n').next().unwrap_or_default();
            let before = if last.len() == expanded.len() { self.column } else { 0 };
            self.column = before + text::width(last);
            self.text.push_str(&expanded);
        } else {
            self.column += text::width(text);
            self.text.push_str(text);
        }
        match self.runs.last_mut() {
            Some((end, last)) if *last == style => *end = self.text.len(),
            _ => self.runs.push((self.text.len(), style)),
        }
    }

    /// Remembers the tabs of a text that comes next.
    fn note_tabs(&mut self, text: &str) {
        let (mut at, mut column) = (self.text.len(), self.column);
        for (_, cluster, cells) in text::clusters(text) {
            match cluster {
                "\t" => {
                    let gap = text::TAB - column % text::TAB;
                    self.tabs.push((at, gap));
                    (at, column) = (at + gap, column + gap);
                }
                "\n" => (at, column) = (at + 1, 0),
                other => (at, column) = (at + other.len(), column + cells),
            }
        }
    }

    /// Adds spans at the end.
    pub fn extend<'a>(&mut self, spans: impl IntoIterator<Item = &'a Span<'a>>) {
        for span in spans {
            self.push(&span.content, span.style);
        }
    }

    /// Adds another flow at the end.
    pub fn append(&mut self, other: &Self) {
        let mut start = 0;
        for (end, style) in &other.runs {
            self.push(other.text.get(start..*end).unwrap_or_default(), *style);
            start = *end;
        }
    }

    /// The text so far, with tabs expanded.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The cells of the widest line, when nothing is broken.
    pub fn width(&self) -> usize {
        self.text.split('\n').map(text::width).max().unwrap_or(0)
    }

    /// The cells of the widest word.
    pub fn word_width(&self) -> usize {
        self.text.split_whitespace().map(text::width).max().unwrap_or(0)
    }

    /// Lines of at most `width` cells; `first` is the width of the first one.
    pub fn lines(&self, first: usize, width: usize) -> Vec<Vec<Span<'static>>> {
        let ranges = text::wrap_hanging(&self.text, first, width);
        let mut run = 0;
        let mut limit = first;
        let mut lines = Vec::with_capacity(ranges.len());
        for range in ranges {
            lines.push(self.spans(range, limit, &mut run));
            limit = width;
        }
        lines
    }

    /// What each of the lines of `lines` says, for a copy.
    pub fn rows(&self, first: usize, width: usize) -> Vec<Row> {
        let ranges = text::wrap_hanging(&self.text, first, width);
        let last = ranges.len().saturating_sub(1);
        let mut column = 0;
        let mut rows = Vec::with_capacity(ranges.len());
        for (number, range) in ranges.into_iter().enumerate() {
            let drawn = self.text.get(range.clone()).unwrap_or_default();
            let ends = drawn.ends_with('\n');
            // At the end of an unbroken line white space is a part of it, though nobody sees it.
            let shown = if ends || number == last { drawn.trim_end_matches('\n') } else { drawn.trim_end() };
            let middle = range.start + shown.len();
            let mut passed = self.before_expanding(middle..range.end);
            if number == last && !ends {
                passed.push('\n');
            }
            rows.push(Row { shown: self.before_expanding(range.start..middle), passed, column });
            column = if ends { 0 } else { column + text::width(drawn) };
        }
        rows
    }

    /// A part of the text with its tabs.
    fn before_expanding(&self, range: Range<usize>) -> String {
        let mut out = String::with_capacity(range.len());
        let mut from = range.start;
        for (at, gap) in self.tabs.iter().filter(|(at, _)| range.contains(at)) {
            out.push_str(self.text.get(from..*at).unwrap_or_default());
            out.push('\t');
            from = at + gap;
        }
        out.push_str(self.text.get(from..range.end).unwrap_or_default());
        out
    }

    /// The spans of one line. A character that is wider than the line shows as an ellipsis.
    fn spans(&self, range: Range<usize>, limit: usize, run: &mut usize) -> Vec<Span<'static>> {
        let text = self.text.get(range.clone()).unwrap_or_default().trim_end();
        let mut spans: Vec<Span<'static>> = Vec::new();
        let mut used = 0;
        let mut open = String::new();
        let mut style = Style::default();
        for (at, cluster, cells) in text::clusters(text) {
            while self.runs.get(*run).is_some_and(|(end, _)| *end <= range.start + at) {
                *run += 1;
            }
            let next = self.runs.get(*run).map_or(style, |(_, style)| *style);
            if next != style && !open.is_empty() {
                spans.push(Span::styled(std::mem::take(&mut open), style));
            }
            style = next;
            let (shown, cells) = if used + cells <= limit { (cluster, cells) } else { (ELLIPSIS, 1) };
            if used + cells <= limit {
                open.push_str(shown);
                used += cells;
            }
        }
        if !open.is_empty() {
            spans.push(Span::styled(open, style));
        }
        spans
    }
}

/// Lines that each begin with `prefix`; trailing blanks of a prefix alone are left out.
pub fn prefixed(prefix: &[Span<'static>], spans: Vec<Span<'static>>) -> Line<'static> {
    let mut all = prefix.to_vec();
    all.extend(spans);
    while let Some(last) = all.last_mut() {
        let kept = last.content.trim_end_matches(' ').len();
        if kept == 0 {
            all.pop();
        } else {
            if kept < last.content.len() {
                let mut content = std::mem::take(&mut last.content).into_owned();
                content.truncate(kept);
                last.content = content.into();
            }
            break;
        }
    }
    Line::from(all)
}
