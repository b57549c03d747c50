//! Each kind of entry as parts that are drawn by themselves: a head, the blocks of its text, a foot. It keeps no drawn line.

use std::ops::Range;

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::base::text;
use crate::domain::attach::Attachment;
use crate::domain::chat::{Body, Entry, Fold, Level, Presence, Reply, Voice};
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
    /// What went along with it, and the blank line after it.
    Along,
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

/// Whether nothing of the entry is shown: another version of the answer is, or a round that only called a tool said nothing, and the
/// reply that follows it speaks.
pub(super) fn is_silent(entry: &Entry) -> bool {
    entry.presence == Presence::OtherVersion
        || matches!(&entry.body, Body::Reply(reply)
            if entry.presence == Presence::TakenBack && reply.text.trim().is_empty())
        || matches!(&entry.body, Body::Reply(reply)
        if reply.text.trim().is_empty()
            && !reply.calls.is_empty()
            && matches!(reply.outcome, Some(Outcome::Complete(_))))
}

/// Marks what was taken back.
const BACK: &str = "↶";

/// Whether the entry stands as one line, since it was taken back.
pub(super) fn is_put_away(entry: &Entry) -> bool {
    entry.presence == Presence::TakenBack && entry.fold == Fold::Folded
}

/// What that line says of a message or a reply.
pub(super) fn put_away_words(entry: &Entry) -> String {
    // A pasted log of a megabyte is cut before it is cleaned for the screen.
    const MOST: usize = 400;
    let first = |text: &str| -> String { text.trim_start().chars().take(MOST).collect() };
    match &entry.body {
        Body::User { text, .. } => format!("taken back: {}", first(text)),
        Body::Reply(reply) => format!("taken back, {}: {}", reply.voice.name, first(&reply.text)),
        Body::Divider { .. } | Body::Notice { .. } | Body::Decision { .. } | Body::Compaction { .. } => {
            String::new()
        }
    }
}

/// The lines of what the user said, from a stretch of it.
pub(super) fn said_lines(
    stretch: &str,
    presence: Presence,
    ends: bool,
    width: u16,
    theme: &Theme,
) -> Vec<Line<'static>> {
    let (bar, style) = match presence {
        Presence::Current | Presence::OtherVersion => ("▌", theme.user),
        Presence::TakenBack => (BACK, theme.dim),
    };
    let bar = Span::styled(format!("{bar} "), style);
    barred(markdown::render_plain(stretch, inner(width), style), &bar, ends)
}

/// What went along with a message, a line each.
pub(super) fn along_lines(attached: &[Attachment], width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let bar = Span::styled("▌ ", theme.user);
    let line = |attached: &Attachment| {
        let words = text::truncate(&format!("+ {}", text::one_line(&attached.label())), inner(width));
        Line::styled(words, theme.dim)
    };
    barred(attached.iter().map(line).collect(), &bar, true)
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
        Body::User { .. } | Body::Reply(_) if is_put_away(entry) => {
            vec![one_line((BACK, theme.dim), &put_away_words(entry), width, theme, unfold)]
        }
        Body::User { .. } | Body::Reply(_) => return Vec::new(),
        Body::Divider { voice } => vec![divider(voice, width, theme)],
        Body::Notice { level, text } => notice_lines(*level, text, width, theme),
        Body::Compaction { text, summary, .. } => match entry.fold {
            Fold::Folded if !summary.is_empty() => {
                vec![one_line(marked(Level::Info, theme), text, width, theme, unfold)]
            }
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
            Fold::Folded => vec![one_line(marked(*level, theme), summary, width, theme, unfold)],
        },
    };
    lines.push(Line::default());
    lines
}

pub(super) fn reply_head(
    reply: &Reply,
    entry: &Entry,
    width: u16,
    theme: &Theme,
    unfold: &str,
) -> Vec<Line<'static>> {
    let style = Style::default().fg(theme.persona(&reply.voice.color)).add_modifier(Modifier::BOLD);
    let mut spans = vec![Span::styled(format!("● {}", text::one_line(&reply.voice.name)), style)];
    let told = match entry.presence {
        Presence::Current | Presence::OtherVersion if entry.version.has_others() => {
            format!("  ‹ {}/{} ›", entry.version.number, entry.version.of)
        }
        Presence::Current | Presence::OtherVersion => String::new(),
        Presence::TakenBack => format!("  {BACK} taken back"),
    };
    if !reply.model.is_empty() {
        let room = usize::from(width).saturating_sub(text::width(&reply.voice.name) + text::width(&told) + 6);
        let model = text::truncate(&text::one_line(&reply.model), room);
        spans.push(Span::styled(format!("  {model}"), theme.dim));
    }
    spans.push(Span::styled(told, theme.hint_key));
    let mut lines = vec![Line::from(spans)];
    if !reply.thinking.is_empty() {
        let words = reply.thinking.split_whitespace().count();
        let mark = match entry.fold {
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

/// Width of the text of the thinking.
pub(super) fn thinking_width(width: u16) -> usize {
    inner(width).saturating_sub(2).max(1)
}

/// A stretch of the thinking, unfolded.
pub(super) fn thinking_lines(stretch: &str, ends: bool, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let bar = Span::styled("  ┊ ", theme.faint);
    barred(markdown::render_plain(stretch, thinking_width(width), theme.dim), &bar, ends)
}

/// How a reply ended, in words, each on lines of its own.
pub(super) fn foot_words(reply: &Reply, theme: &Theme) -> Vec<(String, Style)> {
    match &reply.outcome {
        None | Some(Outcome::Complete(StopReason::EndTurn | StopReason::ToolUse)) => Vec::new(),
        Some(Outcome::Complete(StopReason::MaxTokens)) => {
            vec![("⚠ cut at the token limit; say “continue”, or raise max_tokens".into(), theme.warning)]
        }
        Some(Outcome::Complete(StopReason::Refusal)) => {
            vec![("⚠ the provider declined to answer".into(), theme.warning)]
        }
        Some(Outcome::Complete(StopReason::Other(reason))) => {
            vec![(format!("ended: {}", text::one_line(reason)), theme.dim)]
        }
        Some(Outcome::Cancelled) => vec![("■ stopped".into(), theme.dim)],
        Some(Outcome::Truncated) => {
            vec![("⚠ the connection ended before the reply did; say “continue”".into(), theme.warning)]
        }
        Some(Outcome::Failed(failure)) => vec![
            (format!("✗ {}", text::one_line(&failure.what)), theme.error),
            (text::one_line(&failure.next), theme.dim),
        ],
    }
}

/// How a reply ended, and the blank line that ends it.
pub(super) fn reply_foot(reply: &Reply, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (words, style) in foot_words(reply, theme) {
        for range in text::wrap(&words, inner(width)) {
            let words = words.get(range).unwrap_or_default().to_string();
            lines.push(Line::styled(format!("  {words}"), style));
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

/// As much of the summary of a decided edit as one line has room for, and the hint after it.
pub(super) fn folded_words(summary: &str, width: u16, unfold: &str) -> (String, String) {
    // On a narrow screen the words need the room; the help names the key.
    const NARROW: u16 = 40;
    let hint = if width < NARROW { " ▸".to_string() } else { format!("  ▸ {unfold}") };
    let room = usize::from(width).saturating_sub(text::width(&hint) + 2);
    (text::truncate(&text::one_line(summary), room), hint)
}

/// What is folded as one line, with the key that shows the rest.
fn one_line(
    (mark, style): (&'static str, Style),
    summary: &str,
    width: u16,
    theme: &Theme,
    unfold: &str,
) -> Line<'static> {
    let (words, hint) = folded_words(summary, width, unfold);
    Line::from(vec![Span::styled(format!("{mark} {words}"), style), Span::styled(hint, theme.hint_key)])
}

/// The cells before a line of a diff, and before what it is broken into.
pub(super) const DIFF_LEAD: (usize, usize) = (2, 3);

/// The lines of a diff that are shown: what did not change is of no interest any more.
pub(super) fn diff_lines(diff: &str) -> impl Iterator<Item = &str> {
    diff.lines().filter(|line| !line.starts_with("@@"))
}

/// Width of the text of a diff.
pub(super) fn diff_width(width: u16) -> usize {
    inner(width).saturating_sub(1).max(1)
}

fn decision_lines(level: Level, summary: &str, diff: &str, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = notice_lines(level, summary, width, theme);
    for line in diff_lines(diff) {
        let style = match line.chars().next() {
            Some('+') => theme.added,
            Some('-') => theme.removed,
            _ => theme.dim,
        };
        let line = text::expand_tabs(&text::sanitise(line), 0);
        for (row, range) in text::wrap(&line, diff_width(width)).into_iter().enumerate() {
            let indent = if row == 0 { DIFF_LEAD.0 } else { DIFF_LEAD.1 };
            let words = line.get(range).unwrap_or_default();
            lines.push(Line::styled(format!("{:indent$}{words}", ""), style));
        }
    }
    lines
}
