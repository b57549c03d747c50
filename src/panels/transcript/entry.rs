//! Each kind of entry as parts that are drawn by themselves: a head, the blocks of its text, a foot. It keeps no drawn line.

use std::ops::Range;

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::base::text;
use crate::domain::chat::{Body, Entry, Fold, Level, Reply, Voice};
use crate::domain::exchange::{Outcome, StopReason};
use crate::draw::markdown;
use crate::draw::theme::Theme;

/// What a part of an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Who speaks.
    Head,
    /// A stretch of the unfolded thinking.
    Thinking(Range<usize>),
    /// A block of the reply's Markdown.
    Block(usize),
    /// How the reply ended, and the blank line after it.
    Foot,
    /// A stretch of what the user said.
    Said(Range<usize>),
    /// An entry that is drawn in one piece.
    Whole,
}

/// Lines of plain text that make one part, so that a long paste is not laid out as a whole.
const STRETCH: usize = 64;

/// Plain text in stretches of whole lines.
pub(super) fn stretches(said: &str) -> Vec<Range<usize>> {
    let said = said.trim_end_matches('\n');
    let mut ranges = Vec::new();
    let (mut start, mut lines) = (0, 0);
    for (at, _) in said.match_indices('\n') {
        lines += 1;
        if lines == STRETCH {
            ranges.push(start..at);
            (start, lines) = (at + 1, 0);
        }
    }
    ranges.push(start..said.len());
    ranges
}

/// Width of the text of a reply: it stands two cells in.
pub(super) fn inner(width: u16) -> usize {
    usize::from(width.saturating_sub(2).max(1))
}

/// Whether nothing of the entry is shown: a round that only called a tool said nothing, and the reply that follows it speaks.
pub(super) fn is_silent(entry: &Entry) -> bool {
    matches!(&entry.body, Body::Reply(reply)
        if reply.text.trim().is_empty()
            && !reply.calls.is_empty()
            && matches!(reply.outcome, Some(Outcome::Complete(_))))
}

/// The lines of what the user said, from a stretch of it.
pub(super) fn said_lines(stretch: &str, ends: bool, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let bar = Span::styled("▌ ", theme.user);
    barred(markdown::render_plain(stretch, inner(width), theme.user), &bar, ends)
}

/// Lines behind a bar, and a blank one where they end.
fn barred(lines: Vec<Line<'static>>, bar: &Span<'static>, ends: bool) -> Vec<Line<'static>> {
    let behind = |line: Line<'static>| {
        let spans: Vec<Span<'static>> = std::iter::once(bar.clone()).chain(line.spans).collect();
        Line::from(spans).style(line.style)
    };
    lines.into_iter().map(behind).chain(ends.then(Line::default)).collect()
}

/// The lines of an entry that is drawn in one piece.
pub(super) fn whole_lines(entry: &Entry, width: u16, theme: &Theme, unfold: &str) -> Vec<Line<'static>> {
    let mut lines = match &entry.body {
        Body::User { .. } | Body::Reply(_) => return Vec::new(),
        Body::Divider { voice } => vec![divider(voice, width, theme)],
        Body::Notice { level, text } => notice_lines(*level, text, width, theme),
        Body::Compaction { text, summary, .. } => match entry.fold {
            Fold::Folded if !summary.is_empty() => vec![folded_line(Level::Info, text, width, theme, unfold)],
            Fold::Folded => notice_lines(Level::Info, text, width, theme),
            Fold::Open => {
                let mut lines = notice_lines(Level::Info, text, width, theme);
                let bar = Span::styled("  ┊ ", theme.faint);
                let room = inner(width).saturating_sub(2).max(1);
                lines.extend(barred(markdown::render_plain(summary, room, theme.dim), &bar, false));
                lines
            }
        },
        Body::Decision { level, summary, diff } => match entry.fold {
            Fold::Open => decision_lines(*level, summary, diff, width, theme),
            Fold::Folded => vec![folded_line(*level, summary, width, theme, unfold)],
        },
    };
    lines.push(Line::default());
    lines
}

pub(super) fn reply_head(
    reply: &Reply,
    fold: Fold,
    width: u16,
    theme: &Theme,
    unfold: &str,
) -> Vec<Line<'static>> {
    let style = Style::default().fg(theme.persona(&reply.voice.color)).add_modifier(Modifier::BOLD);
    let mut spans = vec![Span::styled(format!("● {}", text::one_line(&reply.voice.name)), style)];
    if !reply.model.is_empty() {
        let room = usize::from(width).saturating_sub(text::width(&reply.voice.name) + 6);
        let model = text::truncate(&text::one_line(&reply.model), room);
        spans.push(Span::styled(format!("  {model}"), theme.dim));
    }
    let mut lines = vec![Line::from(spans)];
    if !reply.thinking.is_empty() {
        let words = reply.thinking.split_whitespace().count();
        let mark = match fold {
            Fold::Folded => "▸",
            Fold::Open => "▾",
        };
        lines.push(Line::from(vec![
            Span::styled(format!("  thought about it in {words} words"), theme.dim),
            Span::styled(format!("  {mark} {}", unfold), theme.hint_key),
        ]));
    }
    lines
}

/// A stretch of the thinking, unfolded.
pub(super) fn thinking_lines(stretch: &str, ends: bool, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let bar = Span::styled("  ┊ ", theme.faint);
    let room = inner(width).saturating_sub(2).max(1);
    barred(markdown::render_plain(stretch, room, theme.dim), &bar, ends)
}

/// How a reply ended, and the blank line that ends it.
pub(super) fn reply_foot(reply: &Reply, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut foot = |words: String, style: Style| {
        for range in text::wrap(&words, inner(width)) {
            let words = words.get(range).unwrap_or_default().to_string();
            lines.push(Line::styled(format!("  {words}"), style));
        }
    };
    match &reply.outcome {
        None | Some(Outcome::Complete(StopReason::EndTurn | StopReason::ToolUse)) => {}
        Some(Outcome::Complete(StopReason::MaxTokens)) => {
            foot("⚠ cut at the token limit; say “continue”, or raise max_tokens".into(), theme.warning);
        }
        Some(Outcome::Complete(StopReason::Refusal)) => {
            foot("⚠ the provider declined to answer".into(), theme.warning);
        }
        Some(Outcome::Complete(StopReason::Other(reason))) => {
            foot(format!("ended: {}", text::one_line(reason)), theme.dim);
        }
        Some(Outcome::Cancelled) => foot("■ stopped".into(), theme.dim),
        Some(Outcome::Truncated) => {
            foot("⚠ the connection ended before the reply did; say “continue”".into(), theme.warning);
        }
        Some(Outcome::Failed(failure)) => {
            foot(format!("✗ {}", text::one_line(&failure.what)), theme.error);
            foot(text::one_line(&failure.next), theme.dim);
        }
    }
    lines.push(Line::default());
    lines
}

/// A line of a reply's text, two cells in. A blank one stays blank.
pub(super) fn indented(line: Line<'static>) -> Line<'static> {
    if line.spans.is_empty() {
        return line;
    }
    let mut spans = vec![Span::raw("  ")];
    spans.extend(line.spans);
    Line::from(spans).style(line.style)
}

fn divider(voice: &Voice, width: u16, theme: &Theme) -> Line<'static> {
    let style = Style::default().fg(theme.persona(&voice.color));
    let words = format!("● {} speaks now ", text::one_line(&voice.name));
    let rest = usize::from(width).saturating_sub(text::width(&words) + 3);
    Line::from(vec![
        Span::styled("── ", theme.faint),
        Span::styled(words, style),
        Span::styled("─".repeat(rest), theme.faint),
    ])
}

fn marked(level: Level, theme: &Theme) -> (&'static str, Style) {
    match level {
        Level::Info => ("·", theme.dim),
        Level::Good => ("✓", theme.good),
        Level::Warning => ("⚠", theme.warning),
        Level::Error => ("✗", theme.error),
    }
}

fn notice_lines(level: Level, words: &str, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let (mark, style) = marked(level, theme);
    let words = text::expand_tabs(&text::sanitise(words), 0);
    let mut lines = Vec::new();
    for line in words.lines() {
        for range in text::wrap(line, inner(width)) {
            let mark = if lines.is_empty() { mark } else { " " };
            let words = line.get(range).unwrap_or_default();
            lines.push(Line::styled(format!("{mark} {words}"), style));
        }
    }
    lines
}

/// A decided edit as one line, with the key that shows the rest.
fn folded_line(level: Level, summary: &str, width: u16, theme: &Theme, unfold: &str) -> Line<'static> {
    let (mark, style) = marked(level, theme);
    // On a narrow screen the words need the room; the help names the key.
    const NARROW: u16 = 40;
    let hint = if width < NARROW { " ▸".to_string() } else { format!("  ▸ {}", unfold) };
    let room = usize::from(width).saturating_sub(text::width(&hint) + 2);
    let words = text::truncate(&text::one_line(summary), room);
    Line::from(vec![Span::styled(format!("{mark} {words}"), style), Span::styled(hint, theme.hint_key)])
}

fn decision_lines(level: Level, summary: &str, diff: &str, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = notice_lines(level, summary, width, theme);
    // What did not change is of no interest any more.
    for line in diff.lines().filter(|line| !line.starts_with("@@")) {
        let style = match line.chars().next() {
            Some('+') => theme.added,
            Some('-') => theme.removed,
            _ => theme.dim,
        };
        let line = text::expand_tabs(&text::sanitise(line), 0);
        for (row, range) in text::wrap(&line, inner(width).saturating_sub(1).max(1)).into_iter().enumerate() {
            let indent = if row == 0 { 2 } else { 3 };
            let words = line.get(range).unwrap_or_default();
            lines.push(Line::styled(format!("{:indent$}{words}", ""), style));
        }
    }
    lines
}
