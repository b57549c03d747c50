//! The side panel of a wide screen: who speaks, what KB.md says, and where the session stands. It takes no key and changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::base::text;
use crate::domain::kb::document::Document;
use crate::domain::kb::state::Snapshot;
use crate::domain::persona::Persona;
use crate::domain::stack::Stack;
use crate::draw::theme::Theme;

/// What the panel tells.
pub struct Facts<'a> {
    pub persona: &'a Persona,
    pub snapshot: &'a Snapshot,
    pub document: &'a Document,
    /// What the project is made of: a label and its value.
    pub stack: &'a Stack,
    /// What is said of the session: a label and its value.
    pub session: Vec<(&'static str, String)>,
    /// The rules that hold for this session only.
    pub rules: Vec<&'a str>,
}

/// Rows that the persona's description may take.
const DESCRIPTION: usize = 3;

/// Rules of the session that are shown.
const RULES: usize = 4;

/// Columns of the session's labels.
const LABEL: usize = 10;

/// Draws the panel; what has no room is counted.
pub fn view(facts: &Facts, area: Rect, theme: &Theme, buffer: &mut Buffer) {
    if area.width < 8 || area.height == 0 {
        return;
    }
    for y in area.top()..area.bottom() {
        Line::styled("│", theme.faint).render(Rect { x: area.x + 1, y, width: 1, height: 1 }, buffer);
    }
    let inner = Rect { x: area.x + 3, width: area.width - 4, ..area };
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let mut lines = persona(facts.persona, width, theme);
    lines.push(Line::default());
    let stack = stack(facts, width, theme);
    let session = session(facts, width, theme);
    // KB.md gets what the others leave, and at least its state.
    let room = height.saturating_sub(lines.len() + stack.len() + session.len() + 1).max(2);
    lines.extend(knowledge(facts, width, room, theme));
    lines.push(Line::default());
    lines.extend(stack);
    lines.extend(session);
    for (y, line) in (inner.top()..inner.bottom()).zip(lines) {
        line.render(Rect { y, height: 1, ..inner }, buffer);
    }
}

fn title(words: &str, theme: &Theme) -> Span<'static> {
    Span::styled(words.to_string(), theme.dim.add_modifier(Modifier::BOLD))
}

/// Words at the left and words at the right of one row; the left ones give way.
fn both(left: Span<'static>, right: String, width: usize, theme: &Theme) -> Line<'static> {
    let right = text::truncate(&right, width);
    let words = text::truncate(&left.content, width.saturating_sub(text::width(&right) + 1));
    let gap = width.saturating_sub(text::width(&words) + text::width(&right));
    Line::from(vec![
        Span::styled(words, left.style),
        Span::raw(" ".repeat(gap)),
        Span::styled(right, theme.dim),
    ])
}

fn persona(persona: &Persona, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let color = Style::default().fg(theme.persona(&persona.color)).add_modifier(Modifier::BOLD);
    let name = text::truncate(&text::one_line(&persona.name), width.saturating_sub(2));
    let mut lines = vec![Line::from(title("PERSONA", theme)), Line::styled(format!("● {name}"), color)];
    let words = text::one_line(&persona.description);
    let parts = text::wrap(&words, width.max(1));
    let more = parts.len() > DESCRIPTION;
    for (at, range) in parts.into_iter().filter(|range| !range.is_empty()).take(DESCRIPTION).enumerate() {
        let part = words.get(range).unwrap_or_default().trim();
        let part = if more && at + 1 == DESCRIPTION { format!("{part} …") } else { part.to_string() };
        lines.push(Line::styled(text::truncate(&part, width), theme.dim));
    }
    lines
}

/// A heading of KB.md with its directives.
struct Group<'a> {
    heading: &'a str,
    directives: Vec<&'a str>,
    /// How many of them are shown.
    shown: usize,
}

fn groups(document: &Document) -> Vec<Group<'_>> {
    let mut groups: Vec<(Option<usize>, Group)> = Vec::new();
    for entry in &document.entries {
        match groups.last_mut() {
            Some((section, group)) if *section == entry.section => group.directives.push(&entry.text),
            Some(_) | None => {
                let heading = document.heading_of(entry).unwrap_or_default();
                let group = Group { heading, directives: vec![&entry.text], shown: 0 };
                groups.push((entry.section, group));
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// A directive as one line of words; bold type of the file is noise here.
fn bullet(directive: &str) -> String {
    format!("· {}", text::one_line(directive).replace("**", ""))
}

/// The state of KB.md, and of its headings and directives what has room.
fn knowledge(facts: &Facts, width: usize, room: usize, theme: &Theme) -> Vec<Line<'static>> {
    // The header tells the time of reading.
    let badge = facts.snapshot.brief(facts.document.directives());
    let badge = badge.strip_prefix("KB.md ").unwrap_or(&badge);
    let style = if facts.snapshot.explanation().is_some() { theme.warning } else { theme.dim };
    let mut lines =
        vec![Line::from(title("KB.md", theme)), Line::styled(text::truncate(badge, width), style)];
    let groups = groups(facts.document);
    let left = room.saturating_sub(lines.len());
    match airy(&groups, width, left, theme) {
        Some(all) => lines.extend(all),
        None => lines.extend(dense(groups, width, left, theme)),
    }
    lines
}

/// Everything in full, with air between the headings; `None` where that takes more than `room` rows.
fn airy(groups: &[Group], width: usize, room: usize, theme: &Theme) -> Option<Vec<Line<'static>>> {
    const INDENT: usize = 2;
    let mut lines = Vec::new();
    for group in groups {
        lines.push(Line::default());
        if !group.heading.is_empty() {
            let heading = text::truncate(&text::one_line(group.heading), width);
            lines.push(Line::styled(heading, theme.strong));
        }
        for directive in &group.directives {
            let words = bullet(directive);
            for (row, range) in
                text::wrap_hanging(&words, width, width.saturating_sub(INDENT)).into_iter().enumerate()
            {
                let part = words.get(range).unwrap_or_default().trim_end();
                let indent = if row == 0 { 0 } else { INDENT };
                lines.push(Line::styled(format!("{:indent$}{}", "", part.trim_start()), theme.text));
            }
            if lines.len() > room {
                return None;
            }
        }
    }
    Some(lines)
}

/// One row for each directive, as many as have room: each heading before the second directive of any.
fn dense(mut groups: Vec<Group>, width: usize, room: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut left = room;
    let rows = |group: &Group| usize::from(!group.heading.is_empty()) + 1;
    let wanted: usize = groups.iter().map(rows).sum();
    // The last row says what is left out.
    let hides = wanted > left;
    left = left.saturating_sub(usize::from(hides));
    let mut listed = 0;
    for group in &mut groups {
        if rows(group) > left {
            break;
        }
        left -= rows(group);
        group.shown = 1;
        listed += 1;
    }
    while left > 0 {
        let before = left;
        for group in groups.iter_mut().take(listed).filter(|group| group.shown < group.directives.len()) {
            if left > 0 {
                left -= 1;
                group.shown += 1;
            }
        }
        if left == before {
            break;
        }
    }
    for group in groups.iter().take(listed) {
        let hidden = group.directives.len() - group.shown;
        let count = if hidden > 0 { format!("+{hidden}") } else { String::new() };
        if !group.heading.is_empty() {
            let heading = Span::styled(text::one_line(group.heading), theme.strong);
            lines.push(both(heading, count, width, theme));
        }
        for directive in group.directives.iter().take(group.shown) {
            lines.push(Line::styled(text::truncate(&bullet(directive), width), theme.text));
        }
    }
    if hides {
        let hidden: usize = groups.iter().skip(listed).map(|group| group.directives.len()).sum();
        lines.push(Line::styled(text::truncate(&format!("… {hidden} more below"), width), theme.dim));
    }
    lines
}

/// What the project is made of and an empty row; nothing where that is not known.
fn stack(facts: &Facts, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let parts = &facts.stack.parts;
    if parts.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::from(title("STACK", theme))];
    lines.extend(parts.iter().map(|(label, value)| labelled(label, &text::sanitise(value), width, theme)));
    lines.push(Line::default());
    lines
}

fn labelled(label: &str, value: &str, width: usize, theme: &Theme) -> Line<'static> {
    let value = text::truncate(&text::one_line(value), width.saturating_sub(LABEL));
    Line::from(vec![Span::styled(format!("{label:<LABEL$}"), theme.dim), Span::styled(value, theme.text)])
}

fn session(facts: &Facts, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(title("SESSION", theme))];
    lines.extend(facts.session.iter().map(|(label, value)| labelled(label, value, width, theme)));
    for rule in facts.rules.iter().take(RULES) {
        let words = format!("· {}", text::one_line(rule));
        lines.push(Line::styled(text::truncate(&words, width), theme.text));
    }
    if facts.rules.len() > RULES {
        lines.push(Line::styled(format!("… {} more", facts.rules.len() - RULES), theme.dim));
    }
    lines
}
