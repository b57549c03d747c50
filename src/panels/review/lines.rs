//! The lines of the review: what was said, what it does to KB.md, the diff, what else may be chosen, and why. It decides nothing.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Review;
use crate::base::text;
use crate::domain::kb::options::{Row, Taken};
use crate::domain::kb::proposal::{Proposal, Source};
use crate::domain::kb::state::size;
use crate::domain::kb::{Edit, Op, edit, warnings};
use crate::draw::patch::{self, PatchKind, PatchLine};
use crate::draw::theme::Theme;

/// Whether there is a border round the lines, and how wide its title is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    None,
    Drawn { title: usize },
}

/// With less room than this, in rows, the diff comes before all else.
const FEW: usize = 8;

/// Rows that the quotation takes at most; the whole message stands in the chat.
const QUOTE_ROWS: usize = 2;

/// Every line of the review, apart from its frame and its keys, and how many of them follow the last line that changes. The diff
/// comes before the reasons, and where room is short its context gives way first, so that what would be written is in sight.
pub fn body(
    review: &Review,
    kb: &str,
    width: u16,
    room: usize,
    border: Border,
    theme: &Theme,
) -> (Vec<Line<'static>>, usize) {
    let Some(proposal) = review.current() else { return Default::default() };
    let mut head = head(proposal, width, theme);
    let mut because = further(proposal, width, theme);
    because.extend(reasons(proposal, width, theme));
    let after = match edit::apply(kb, &proposal.edits()) {
        Ok(after) => after,
        Err(error) => {
            let mut lines = head;
            lines.push(Line::styled(text::one_line(&error.to_string()), theme.error));
            return (lines, 0);
        }
    };
    head.extend(sizes(kb, &after, border, width, theme));
    let mut made = (Vec::new(), 0);
    for context in [2, 1, 0] {
        let mut patch = patch::unified(kb, &after, context);
        patch.iter_mut().for_each(|line| mark_secrets(line, proposal));
        if context < 2 {
            patch.retain(|line| line.kind != PatchKind::Gap);
        }
        let changes = |line: &PatchLine| matches!(line.kind, PatchKind::Added | PatchKind::Removed);
        let tail = patch.iter().rposition(changes).and_then(|last| patch.get(last + 1..));
        let drawn = |part: &[PatchLine]| patch::lines(part, usize::from(width), theme);
        let diff = drawn(&patch);
        let air = if head.len() + diff.len() + because.len() + 2 <= room { 1 } else { 0 };
        let rest = drawn(tail.unwrap_or_default()).len() + air + because.len();
        let mut lines = head.clone();
        lines.extend(vec![Line::default(); air]);
        lines.extend(diff);
        lines.extend(vec![Line::default(); air]);
        lines.extend(because.clone());
        made = (lines, rest);
        if made.0.len() <= room {
            break;
        }
        if context == 0 && room < FEW {
            // What would be written is seen first; the rest can be scrolled to.
            let mut lines = drawn(&patch);
            lines.extend(head.iter().chain(&because).cloned());
            made = (lines, drawn(tail.unwrap_or_default()).len() + head.len() + because.len());
        }
    }
    made
}

/// What was said, what it replaces, and what to beware of.
fn head(proposal: &Proposal, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let quote = format!("“{}”", text::one_line(&marked(&proposal.candidate.quote, proposal)));
    let mut lines = labelled("you said", &quote, width, QUOTE_ROWS, theme.dim, theme.text);
    if let Some(line) = &proposal.edit.supersedes {
        let word = match proposal.edit.op {
            Op::Remove => "removes",
            Op::Add | Op::Replace => "replaces",
        };
        let words = format!("line {}: {}", line.line, text::one_line(&line.text));
        lines.extend(labelled(word, &words, width, 1, theme.dim, theme.dim));
    }
    if let Some(lost) = proposal.loses() {
        let words = format!("the old line also says: {}", text::one_line(&lost));
        lines.extend(labelled("⚠ loses", &words, width, 2, theme.warning, theme.warning));
    }
    if let Some(note) = &proposal.note {
        lines.extend(labelled("note", &text::one_line(note), width, 2, theme.dim, theme.warning));
    }
    let mut sentences: Vec<String> = proposal.warnings.iter().map(warnings::Warning::sentence).collect();
    sentences.dedup();
    for sentence in sentences {
        lines.extend(labelled("⚠ warning", &sentence, width, 3, theme.error, theme.error));
    }
    lines.extend(choices(proposal, width, theme));
    lines
}

/// The numbered edits of which one is made.
fn choices(proposal: &Proposal, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (at, row) in proposal.options.rows().enumerate() {
        let Row::Choice(edit, taken) = row else { continue };
        let label = if at == 0 { "which?" } else { "" };
        let (mark, style) = match taken {
            Taken::Yes => ("●", theme.text),
            Taken::No => ("○", theme.dim),
        };
        let words = format!("{} {mark} {}", at + 1, text::one_line(&described(edit)));
        lines.extend(labelled(label, &words, width, 1, theme.accent, style));
    }
    lines
}

/// What one choice would do.
pub fn described(edit: &Edit) -> String {
    match (edit.op, &edit.supersedes) {
        (Op::Replace, Some(line)) => format!("replace line {}: {}", line.line, line.text),
        (op, Some(line)) => format!("{} line {}: {}", op.word(), line.line, line.text),
        (op, None) => format!("{} a line: {}", op.word(), edit.text),
    }
}

/// The numbered further lines that may go along.
fn further(proposal: &Proposal, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (at, row) in proposal.options.rows().enumerate() {
        let Row::Extra(edit, taken) = row else { continue };
        let label = if lines.is_empty() { "also?" } else { "" };
        let (mark, style) = match taken {
            Taken::Yes => ("[x]", theme.text),
            Taken::No => ("[ ]", theme.dim),
        };
        let line = edit.supersedes.as_ref().map_or(0, |line| line.line);
        let words = format!("{} {mark} line {line}: {}", at + 1, text::one_line(&edit.text));
        lines.extend(labelled(label, &words, width, 1, theme.accent, style));
    }
    lines
}

/// More lines, or more bytes, than this dilute: a model weighs each the less.
const MANY_LINES: usize = 200;
const MANY_BYTES: u64 = 25 * 1024;

/// Bytes and lines of a text.
fn measured(text: &str) -> (u64, usize) {
    (u64::try_from(text.len()).unwrap_or(u64::MAX), text.lines().count())
}

/// The size of KB.md before and after in words.
fn size_words(before: &str, after: &str) -> String {
    let ((old, few), (new, many)) = (measured(before), measured(after));
    format!("KB.md {} → {}, {few} → {many} lines", size(old), size(new))
}

/// The size as the border shows it, where it fits beside a title of that width.
pub fn size_in_border(review: &Review, kb: &str, title: usize, area_width: u16) -> Option<String> {
    let after = edit::apply(kb, &review.current()?.edits()).ok()?;
    let words = size_words(kb, &after);
    fits(title, &words, area_width).then_some(words)
}

fn fits(title: usize, words: &str, area_width: u16) -> bool {
    // Both with a blank at each side, between two corners and some of the border.
    title + text::width(words) + 8 <= usize::from(area_width)
}

/// The size of KB.md before and after where the border does not tell it, and a word of caution where the file grows long.
fn sizes(before: &str, after: &str, border: Border, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let (new, many) = measured(after);
    let words = size_words(before, after);
    let told = match border {
        Border::Drawn { title } => fits(title, &words, width.saturating_add(4)),
        Border::None => false,
    };
    let mut lines = if told { Vec::new() } else { labelled("size", &words, width, 1, theme.dim, theme.dim) };
    if new > MANY_BYTES || many > MANY_LINES {
        let words = format!(
            "KB.md is over {}; a long file dilutes its rules: take out what no longer matters",
            if many > MANY_LINES { format!("{MANY_LINES} lines") } else { size(MANY_BYTES) }
        );
        lines.extend(labelled("⚠ long", &words, width, 2, theme.warning, theme.warning));
    }
    lines
}

/// What stands before and after the shape of a secret in a text.
const SECRET: (&str, &str) = ("‹secret? ", "›");

/// The text with the proposal's secrets marked in their places.
pub fn marked(plain: &str, proposal: &Proposal) -> String {
    let (open, close) = SECRET;
    let mut text = plain.to_string();
    for secret in &proposal.secrets {
        text = text.replace(secret, &format!("{open}{secret}{close}"));
    }
    text
}

/// Marks secrets in an added line of the diff; hidden characters are spelled out in it already.
fn mark_secrets(line: &mut PatchLine, proposal: &Proposal) {
    if line.kind != PatchKind::Added || !proposal.secrets.iter().any(|secret| line.text.contains(secret)) {
        return;
    }
    line.text = marked(&line.text, proposal);
    let (open, close) = SECRET;
    line.marks = line
        .text
        .match_indices(open)
        .filter_map(|(start, _)| {
            let end = line.text.get(start..)?.find(close)?;
            Some(start..start + end + close.len())
        })
        .collect();
}

fn reasons(proposal: &Proposal, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let reasons = text::one_line(&proposal.candidate.reasons.join("; "));
    let words = match proposal.source {
        Source::Told | Source::Both | Source::Remembered => reasons,
        Source::Model => format!("the model's reading: {reasons}"),
    };
    if words.is_empty() { Vec::new() } else { labelled("because", &words, width, 2, theme.dim, theme.dim) }
}

/// A label and its words, wrapped to so many rows; what does not fit ends in an ellipsis.
fn labelled(
    label: &str,
    words: &str,
    width: u16,
    rows: usize,
    label_style: Style,
    style: Style,
) -> Vec<Line<'static>> {
    const LABEL: usize = 11;
    const NARROW: u16 = 32;
    // A column of labels would leave too little to the words of a narrow screen.
    if width < NARROW {
        let room = usize::from(width).max(1);
        let line =
            |range: std::ops::Range<usize>| words.get(range).unwrap_or_default().trim_end().to_string();
        let told = text::wrap(words, room).into_iter().take(rows + 1);
        return told.map(|range| Line::styled(line(range), style)).collect();
    }
    let room = usize::from(width).saturating_sub(LABEL + 1).max(1);
    let ranges = text::wrap(words, room);
    let more = ranges.len() > rows;
    ranges
        .into_iter()
        .take(rows)
        .enumerate()
        .map(|(row, range)| {
            let label = if row == 0 { format!("{label:>9}  ") } else { " ".repeat(LABEL) };
            let mut words = words.get(range).unwrap_or_default().to_string();
            if more && row + 1 == rows {
                words = text::truncate(&format!("{} …", words.trim_end()), room);
            }
            Line::from(vec![Span::styled(label, label_style), Span::styled(words, style)])
        })
        .collect()
}
