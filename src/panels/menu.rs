//! A list to choose from: typing filters it, a preview shows the chosen one. It never knows what the items mean.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Borders, Clear, Widget};

use crate::base::text;
use crate::draw::markdown;
use crate::draw::theme::Theme;

/// One thing to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// What the chooser gets back.
    pub id: String,
    pub label: String,
    /// Said beside the label.
    pub detail: String,
    /// A short word at the right: a source, a key.
    pub tag: String,
    /// The persona colour of the mark before the label; empty for none.
    pub color: String,
    /// Said below a group of items with the same; empty for none.
    pub group: String,
    /// Shown beside or below the list, line for line.
    pub preview: String,
    /// Shown below the preview, as Markdown.
    pub body: String,
    pub use_of: UseOf,
}

/// Whether an item can be chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UseOf {
    #[default]
    Choosable,
    /// It is there to tell something, and drawn so that it does not look like the others.
    Told,
}

impl Item {
    /// The item as it may be shown, whatever a file or a server put into it. Its id stays as it is.
    fn shown(self) -> Self {
        let line = |words: String| text::one_line(&words);
        Self {
            label: line(self.label),
            detail: line(self.detail),
            tag: line(self.tag),
            group: line(self.group),
            preview: text::expand_tabs(&text::sanitise(&self.preview), 0),
            ..self
        }
    }
}

/// Who finds the items for the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finder {
    Menu,
    /// Whoever gives the items gives only those that fit.
    Owner,
}

/// The menu's model.
#[derive(Clone, Debug)]
pub struct Menu {
    pub title: String,
    items: Vec<Item>,
    filter: String,
    finder: Finder,
    /// Positions in `items`, best match first.
    shown: Vec<usize>,
    selected: usize,
}

impl Menu {
    /// A menu with everything shown and the item `current` selected.
    pub fn new(title: impl Into<String>, items: Vec<Item>, current: &str) -> Self {
        let items: Vec<Item> = items.into_iter().map(Item::shown).collect();
        let selected = items.iter().position(|item| item.id == current).unwrap_or(0);
        let shown = (0..items.len()).collect();
        Self { title: title.into(), items, filter: String::new(), finder: Finder::Menu, shown, selected }
    }

    /// A menu whose items were found for a filter; its owner finds others when the filter changes.
    pub fn searched(title: impl Into<String>, items: Vec<Item>, filter: &str) -> Self {
        let filter = text::one_line(filter);
        Self { filter, finder: Finder::Owner, ..Self::new(title, items, "") }
    }

    /// The words that the items are to be found for.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Puts a question in the place of an item's label, where it is seen at every width; the next refresh takes it away.
    pub fn question(&mut self, id: &str, words: &str) {
        for item in self.items.iter_mut().filter(|item| item.id == id) {
            item.label = text::one_line(words);
        }
    }

    /// The selected item.
    pub fn selected(&self) -> Option<&Item> {
        self.shown.get(self.selected).and_then(|position| self.items.get(*position))
    }

    /// The items that are shown, in their order.
    pub fn shown(&self) -> impl Iterator<Item = &Item> {
        self.shown.iter().filter_map(|position| self.items.get(*position))
    }

    /// Selects the shown item at a place from 0; one beyond the end stands for the last.
    pub fn select(&mut self, place: usize) {
        self.selected = place.min(self.shown.len().saturating_sub(1));
    }

    /// Replaces the items (after a reload) and keeps filter and selection by id.
    pub fn refresh(&mut self, items: Vec<Item>) {
        let id = self.selected().map(|item| item.id.clone());
        self.items = items.into_iter().map(Item::shown).collect();
        self.match_filter();
        if let Some(place) = id.and_then(|id| {
            self.shown.iter().position(|at| self.items.get(*at).is_some_and(|item| item.id == id))
        }) {
            self.selected = place;
        }
    }

    /// Adds to the filter.
    pub fn type_text(&mut self, typed: &str) {
        // A space between two words counts, so it may not be trimmed away.
        self.filter.push_str(&text::sanitise(typed).replace(['\n', '\t'], " "));
        self.match_filter();
    }

    /// Takes the last character of the filter back.
    pub fn backspace(&mut self) {
        self.filter.pop();
        self.match_filter();
    }

    /// Takes the last word of the filter back.
    pub fn delete_word(&mut self) {
        let words = self.filter.trim_end().trim_end_matches(|c: char| !c.is_whitespace());
        self.filter.truncate(words.len());
        self.match_filter();
    }

    /// Takes the whole filter back.
    pub fn clear_filter(&mut self) {
        self.filter.clear();
        self.match_filter();
    }

    /// Moves the selection; stops at the ends.
    pub fn step(&mut self, by: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    fn match_filter(&mut self) {
        self.selected = 0;
        if self.filter.trim().is_empty() || self.finder == Finder::Owner {
            self.shown = (0..self.items.len()).collect();
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let (case, folding) = (CaseMatching::Ignore, Normalization::Smart);
        let loose = Pattern::parse(&self.filter, case, folding);
        // In a long description nearly every letter sequence is found, so there only whole pieces count.
        let strict = Pattern::new(&self.filter, case, folding, AtomKind::Substring);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, usize)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(position, item)| {
                // The label counts double, so that a name goes before a description that mentions it.
                let mut score = |pattern: &Pattern, words: &str| {
                    pattern.score(Utf32Str::new(words, &mut buffer), &mut matcher)
                };
                let name = format!("{}{}", item.group, item.label);
                let label = score(&loose, &name);
                let all = score(&strict, &format!("{name} {} {}", item.detail, item.tag));
                label.map(|score| score * 2).max(all).map(|score| (score, position))
            })
            .collect();
        scored.sort_by_key(|(score, position)| (std::cmp::Reverse(*score), *position));
        self.shown = scored.into_iter().map(|(_, position)| position).collect();
    }

    /// Draws the menu over the middle of an area; tells where the caret of the filter is.
    pub fn view(&self, area: Rect, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
        let block = frame(&self.title, theme);
        let frame = middle(area, 120, self.wanted_height());
        Clear.render(frame, buffer);
        let inner = block.inner(frame);
        block.style(theme.text).render(frame, buffer);
        let [filter, rule, body] =
            Layout::vertical([Constraint::Length(1), Constraint::Length(1), Constraint::Min(0)]).areas(inner);
        Line::from(vec![Span::styled(" › ", theme.dim), Span::styled(self.filter.clone(), theme.text)])
            .render(filter, buffer);
        let count = match self.finder {
            Finder::Menu => format!("{} of {} ", self.shown.len(), self.items.len()),
            Finder::Owner => format!("{} ", self.items.len()),
        };
        Line::from(Span::styled(count, theme.dim)).right_aligned().render(filter, buffer);
        let joined = Rect { x: frame.x, width: frame.width, ..rule };
        Line::styled(format!("├{}┤", "─".repeat(usize::from(rule.width))), theme.faint)
            .render(joined, buffer);
        let (list, preview) = self.split(body);
        self.view_list(list, theme, buffer);
        if let Some(preview) = preview {
            self.view_preview(preview, body.width, theme, buffer);
        }
        let x = u16::try_from(3 + text::width(&self.filter)).unwrap_or(u16::MAX);
        (!filter.is_empty())
            .then(|| Position { x: filter.x.saturating_add(x).min(filter.right() - 1), y: filter.y })
    }

    fn wanted_height(&self) -> u16 {
        let rows = u16::try_from(self.items.len()).unwrap_or(u16::MAX);
        // A search that finds nothing for a moment must not make the frame jump.
        let preview = self.finder == Finder::Owner || self.items.iter().any(|item| !item.preview.is_empty());
        rows.saturating_add(4).max(if preview { 24 } else { 8 })
    }

    /// The list's part of the body, and the preview's where there is room.
    fn split(&self, body: Rect) -> (Rect, Option<Rect>) {
        if self.items.iter().all(|item| item.preview.is_empty()) {
            return (body, None);
        }
        if body.width >= 90 {
            let [list, preview] =
                Layout::horizontal([Constraint::Percentage(46), Constraint::Min(0)]).areas(body);
            return (list, Some(preview));
        }
        if body.height >= 10 {
            // The list keeps the room of all its items while the filter shows fewer, so that the preview stays in its place.
            let rows = u16::try_from(self.items.len()).unwrap_or(u16::MAX).min(body.height / 2);
            let [list, preview] =
                Layout::vertical([Constraint::Length(rows), Constraint::Min(0)]).areas(body);
            return (list, Some(preview));
        }
        (body, None)
    }

    /// Where details begin: behind the longest name that is not too long.
    fn column(&self) -> usize {
        const WIDEST: usize = 26;
        let named = self.items.iter().filter(|item| !item.detail.is_empty());
        named.map(name_width).filter(|width| *width <= WIDEST).max().unwrap_or(0)
    }

    fn view_list(&self, area: Rect, theme: &Theme, buffer: &mut Buffer) {
        let height = usize::from(area.height);
        if height == 0 {
            return;
        }
        if self.shown.is_empty() {
            Line::styled(" nothing matches; Backspace widens the filter", theme.dim).render(area, buffer);
        }
        let first = (self.selected + 1).saturating_sub(height);
        let column = self.column();
        let rows = self.shown.iter().skip(first).take(height).enumerate();
        for (row, position) in rows {
            let Some(item) = self.items.get(*position) else { continue };
            let line = Rect { y: area.y + u16::try_from(row).unwrap_or(0), height: 1, ..area };
            let chosen = first + row == self.selected;
            item_line(item, chosen, column, line, theme, buffer);
        }
    }

    fn view_preview(&self, area: Rect, body_width: u16, theme: &Theme, buffer: &mut Buffer) {
        let side = if area.width < body_width { Borders::LEFT } else { Borders::TOP };
        let border = Block::new().borders(side).border_style(theme.faint);
        let edge = area;
        let area = border.inner(edge);
        border.render(edge, buffer);
        let Some(item) = self.selected() else { return };
        let width = usize::from(area.width.saturating_sub(2));
        let wrapped = |line: &str| {
            let ranges = text::wrap(line, width);
            let part = |range: std::ops::Range<usize>| {
                Line::styled(line.get(range).unwrap_or_default().to_string(), theme.dim)
            };
            ranges.into_iter().map(part).collect::<Vec<_>>()
        };
        let mut lines: Vec<Line> = item.preview.lines().flat_map(wrapped).collect();
        if !item.body.is_empty() {
            lines.push(Line::default());
            lines.extend(markdown::render(&item.body, width, theme, None));
        }
        for (row, line) in lines.into_iter().take(usize::from(area.height)).enumerate() {
            let y = area.y + u16::try_from(row).unwrap_or(0);
            line.render(Rect { x: area.x + 1, y, width: area.width.saturating_sub(1), height: 1 }, buffer);
        }
    }
}

/// The cells of an item's mark and name.
fn name_width(item: &Item) -> usize {
    let mark = if item.color.is_empty() { 0 } else { 2 };
    mark + text::width(&item.group) + text::width(&item.label)
}

fn item_line(item: &Item, chosen: bool, column: usize, area: Rect, theme: &Theme, buffer: &mut Buffer) {
    let base = if chosen { theme.selection } else { Style::default() };
    let mark = if chosen { "▸" } else { " " };
    let mut spans = vec![Span::styled(format!("{mark} "), theme.text)];
    if !item.color.is_empty() {
        spans.push(Span::styled("● ", Style::default().fg(theme.persona(&item.color))));
    }
    if !item.group.is_empty() {
        spans.push(Span::styled(item.group.clone(), theme.dim));
    }
    let label_style = match item.use_of {
        UseOf::Told => theme.dim,
        UseOf::Choosable if chosen => theme.text.add_modifier(Modifier::BOLD),
        UseOf::Choosable => theme.text,
    };
    spans.push(Span::styled(item.label.clone(), label_style));
    let gap = if item.detail.is_empty() { 0 } else { column.saturating_sub(name_width(item)) };
    let used = spans.iter().map(|span| text::width(&span.content)).sum::<usize>() + gap;
    let tag = text::width(&item.tag);
    let room = usize::from(area.width).saturating_sub(used + tag + 4);
    if room > 8 {
        let detail = text::truncate(&item.detail, room);
        spans.push(Span::styled(format!("{:gap$}  {detail}", ""), theme.dim));
    }
    buffer.set_style(area, base);
    Line::from(spans).render(area, buffer);
    if usize::from(area.width) > used + tag + 2 {
        Line::from(Span::styled(format!("{} ", item.tag), theme.dim)).right_aligned().render(area, buffer);
    }
}

/// The border that all overlays share.
pub fn frame<'a>(title: &'a str, theme: &Theme) -> Block<'a> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.faint)
        .title(Span::styled(format!(" {title} "), theme.strong))
}

/// A rectangle of at most the given size in the middle of an area.
pub fn middle(area: Rect, width: u16, height: u16) -> Rect {
    // Slivers of the chat at the sides would only disturb, so a frame that nearly fits takes the whole width.
    let width = if area.width < width + 16 { area.width } else { width };
    let height = height.min(area.height);
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu(labels: &[&str]) -> Menu {
        let item = |label: &&str| Item { id: label.to_string(), label: label.to_string(), ..Item::default() };
        Menu::new("Test", labels.iter().map(item).collect(), "")
    }

    #[test]
    fn typing_filters_and_backspace_widens() {
        let mut menu = menu(&["installer.backend.nodejs", "reviewer", "tester"]);
        menu.type_text("revw");
        assert_eq!(menu.selected().map(|item| item.id.as_str()), Some("reviewer"));
        menu.type_text("zzz");
        assert_eq!(menu.selected(), None);
        for _ in 0..7 {
            menu.backspace();
        }
        assert_eq!(menu.shown.len(), 3);
    }

    #[test]
    fn the_selection_stops_at_the_ends() {
        let mut menu = menu(&["a", "b"]);
        menu.step(-1);
        assert_eq!(menu.selected().map(|item| item.id.as_str()), Some("a"));
        menu.step(9);
        assert_eq!(menu.selected().map(|item| item.id.as_str()), Some("b"));
    }
}
