//! The difference of two texts, as lines for a person to judge. It never changes a text, and hides nothing that is in one.
//!
//! Nothing depends on colour: `+` and `-` stand before each changed line, and what has no glyph of its own (line ends, spaces
//! at the end, control and bidirectional characters) is told in words or by its code.

use crate::base::text;
use crate::draw::flow::{self, Flow};
use crate::draw::theme::Theme;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Words are compared only in lines of at most this many bytes.
const MAX_WORDS: usize = 4_000;

/// Marking words helps as long as at least this share of a line, in percent, stays.
const LEAST_KEPT: usize = 40;

/// The gutter is left out when it would leave fewer cells than this to the text.
const LEAST_ROOM: usize = 16;

/// What a line of a patch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// In both texts.
    Context,
    Added,
    Removed,
    /// Stands for lines that are in both texts and are not shown.
    Gap,
}

/// One line of a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchLine {
    pub kind: PatchKind,
    /// The line's number in the old and in the new text, from 1.
    pub old: Option<usize>,
    pub new: Option<usize>,
    /// The line without its end, for display: hidden characters are spelled out, tabs are kept.
    pub text: String,
    /// The bytes of `text` that changed, where a line was replaced by a similar one.
    pub marks: Vec<Range<usize>>,
    /// What the text cannot show, in words; empty when there is nothing.
    pub note: String,
}

/// The changes from `before` to `after`, each with `context` unchanged lines around it; empty when nothing changed.
pub fn unified(before: &str, after: &str, context: usize) -> Vec<PatchLine> {
    let sides =
        Sides { old: before.split_inclusive('\n').collect(), new: after.split_inclusive('\n').collect() };
    let ops = capture_diff_slices(Algorithm::Myers, &sides.old, &sides.new);
    if ops.iter().all(|op| matches!(op, DiffOp::Equal { .. })) {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let mut shown = 0;
    for group in group_diff_ops(ops, context) {
        let start = group.first().map_or(shown, |op| op.old_range().start);
        lines.extend(gap(start.saturating_sub(shown)));
        for op in &group {
            sides.show(op, &mut lines);
        }
        shown = group.last().map_or(shown, |op| op.old_range().end);
    }
    lines.extend(gap(sides.old.len().saturating_sub(shown)));
    lines
}

/// The patch as text. Each line begins with `+`, `-` or a blank, a remark on the line before with `\`, a gap with `@@`.
pub fn text(patch: &[PatchLine]) -> String {
    let mut out = String::new();
    for line in patch {
        match line.kind {
            PatchKind::Gap => out.push_str(&format!("@@ {} @@\n", line.text)),
            PatchKind::Context | PatchKind::Added | PatchKind::Removed => {
                out.push_str(&format!("{}{}\n", sign(line.kind), line.text));
            }
        }
        if !line.note.is_empty() {
            out.push_str(&format!("\\ {}\n", line.note));
        }
    }
    out
}

/// The patch as lines of at most `width` cells, with line numbers where there is room. Each row of a changed line, also of one
/// that wraps, has its sign in the same column.
pub fn lines(patch: &[PatchLine], width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let digits = patch.iter().filter_map(|line| line.old.max(line.new)).max().unwrap_or(0).to_string().len();
    let numbered = width >= digits + 2 + LEAST_ROOM;
    let gutter = if numbered { digits + 1 } else { 0 };
    let mut drawn = Vec::new();
    for line in patch {
        let number = match line.kind {
            PatchKind::Removed => line.old,
            PatchKind::Context | PatchKind::Added => line.new,
            PatchKind::Gap => None,
        };
        let number = number.map(|number| number.to_string()).unwrap_or_default();
        let first = if numbered { format!("{number:>digits$} ") } else { String::new() };
        let flow = styled(line, theme);
        draw_rows(&flow, &first, sign(line.kind), style(line.kind, theme), width, theme, &mut drawn);
        if !line.note.is_empty() {
            let note = Flow::of(&line.note, theme.dim);
            draw_rows(&note, &" ".repeat(gutter), '\\', theme.dim, width, theme, &mut drawn);
        }
    }
    drawn
}

/// The lines of both texts, with their ends.
struct Sides<'a> {
    old: Vec<&'a str>,
    new: Vec<&'a str>,
}

impl Sides<'_> {
    fn show(&self, op: &DiffOp, out: &mut Vec<PatchLine>) {
        let (old, new) = (op.old_range(), op.new_range());
        match op {
            DiffOp::Equal { .. } => {
                for (old, new) in old.zip(new) {
                    let text = self.old.get(old).map(|line| visible(line).0).unwrap_or_default();
                    out.push(PatchLine {
                        new: Some(new + 1),
                        ..plain(PatchKind::Context, Some(old + 1), text)
                    });
                }
            }
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                self.replace(old, new, out)
            }
        }
    }

    /// Removed lines, then added ones; those that face each other are compared word by word.
    fn replace(&self, old: Range<usize>, new: Range<usize>, out: &mut Vec<PatchLine>) {
        let ends = |lines: &[&str]| lines.iter().map(|line| End::of(line)).collect::<Vec<_>>();
        let (olds, news) =
            (self.old.get(old.clone()).unwrap_or_default(), self.new.get(new.clone()).unwrap_or_default());
        let ends_differ = ends(olds).iter().zip(ends(news)).any(|(old, new)| *old != new)
            || ends(olds).contains(&End::Missing)
            || ends(news).contains(&End::Missing);
        let mut removed: Vec<PatchLine> = olds
            .iter()
            .zip(old)
            .map(|(line, at)| changed(line, PatchKind::Removed, at, ends_differ))
            .collect();
        let mut added: Vec<PatchLine> =
            news.iter().zip(new).map(|(line, at)| changed(line, PatchKind::Added, at, ends_differ)).collect();
        for (old, new) in removed.iter_mut().zip(&mut added) {
            (old.marks, new.marks) = changed_words(&old.text, &new.text);
        }
        out.append(&mut removed);
        out.append(&mut added);
    }
}

/// How a line ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Lf,
    CrLf,
    Missing,
}

impl End {
    fn of(line: &str) -> Self {
        if line.ends_with("\r\n") {
            Self::CrLf
        } else if line.ends_with('\n') {
            Self::Lf
        } else {
            Self::Missing
        }
    }
}

fn plain(kind: PatchKind, old: Option<usize>, text: String) -> PatchLine {
    PatchLine { kind, old, new: None, text, marks: Vec::new(), note: String::new() }
}

fn gap(count: usize) -> Option<PatchLine> {
    let text = match count {
        0 => return None,
        1 => "1 unchanged line".to_string(),
        count => format!("{count} unchanged lines"),
    };
    Some(plain(PatchKind::Gap, None, text))
}

fn changed(line: &str, kind: PatchKind, at: usize, tell_end: bool) -> PatchLine {
    let (text, end) = visible(line);
    let mut notes = Vec::new();
    if text.ends_with([' ', '\t']) {
        notes.push("blanks at the end of the line");
    }
    match end {
        End::Missing => notes.push("no newline at the end of the file"),
        End::CrLf if tell_end => notes.push("the line ends in CR LF (Windows)"),
        End::Lf if tell_end => notes.push("the line ends in LF (Unix)"),
        End::CrLf | End::Lf => {}
    }
    let note = notes.join("; ");
    let line = plain(kind, None, text);
    match kind {
        PatchKind::Removed => PatchLine { old: Some(at + 1), note, ..line },
        PatchKind::Added | PatchKind::Context | PatchKind::Gap => {
            PatchLine { new: Some(at + 1), note, ..line }
        }
    }
}

/// A text with every control and hidden character of its lines spelled out.
pub fn spelled(words: &str) -> String {
    words.split_inclusive('\n').map(|line| format!("{}\n", visible(line).0)).collect()
}

/// A line without its end, with every control and hidden character spelled out, and how it ended.
fn visible(line: &str) -> (String, End) {
    let end = End::of(line);
    let body = match end {
        End::CrLf => line.strip_suffix("\r\n"),
        End::Lf => line.strip_suffix('\n'),
        End::Missing => Some(line),
    };
    let mut spelled = String::new();
    for c in body.unwrap_or(line).chars() {
        if c.is_control() && c != '\t' {
            spelled.push_str(&text::spelled(c));
        } else {
            spelled.push(c);
        }
    }
    (text::sanitise(&spelled), end)
}

/// The bytes in which two lines differ, as whole words; nothing when they have too little in common.
fn changed_words(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if old.len().max(new.len()) > MAX_WORDS {
        return Default::default();
    }
    let olds: Vec<(usize, &str)> = old.split_word_bound_indices().collect();
    let news: Vec<(usize, &str)> = new.split_word_bound_indices().collect();
    let words =
        |words: &[(usize, &'_ str)]| words.iter().map(|(_, word)| (*word).to_string()).collect::<Vec<_>>();
    let mut marks: (Vec<Range<usize>>, Vec<Range<usize>>) = Default::default();
    let mut kept = 0;
    for op in capture_diff_slices(Algorithm::Myers, &words(&olds), &words(&news)) {
        match op {
            DiffOp::Equal { .. } => kept += bytes(&olds, op.old_range()).len(),
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                marks.0.push(bytes(&olds, op.old_range()));
                marks.1.push(bytes(&news, op.new_range()));
            }
        }
    }
    marks.0.retain(|range| !range.is_empty());
    marks.1.retain(|range| !range.is_empty());
    if kept * 100 < old.len().max(new.len()) * LEAST_KEPT { Default::default() } else { marks }
}

/// The bytes that a range of words covers.
fn bytes(words: &[(usize, &str)], range: Range<usize>) -> Range<usize> {
    match words.get(range).unwrap_or_default() {
        [] => 0..0,
        [(start, only)] => *start..start + only.len(),
        [(start, _), .., (last, word)] => *start..last + word.len(),
    }
}

fn sign(kind: PatchKind) -> char {
    match kind {
        PatchKind::Added => '+',
        PatchKind::Removed => '-',
        PatchKind::Context => ' ',
        PatchKind::Gap => '⋯',
    }
}

fn style(kind: PatchKind, theme: &Theme) -> Style {
    match kind {
        PatchKind::Added => theme.added,
        PatchKind::Removed => theme.removed,
        PatchKind::Context => theme.text,
        PatchKind::Gap => theme.gutter,
    }
}

fn styled(line: &PatchLine, theme: &Theme) -> Flow {
    let whole = style(line.kind, theme);
    let word = match line.kind {
        PatchKind::Added => theme.added_word,
        PatchKind::Removed => theme.removed_word,
        PatchKind::Context | PatchKind::Gap => whole,
    };
    let mut flow = Flow::default();
    if line.kind == PatchKind::Gap {
        flow.push(" ", whole);
    }
    let mut at = 0;
    for mark in &line.marks {
        flow.push(line.text.get(at..mark.start).unwrap_or_default(), whole);
        flow.push(line.text.get(mark.clone()).unwrap_or_default(), word);
        at = mark.end;
    }
    flow.push(line.text.get(at..).unwrap_or_default(), whole);
    flow
}

/// The rows of one line, each behind its gutter and its sign. One cell alone goes to the sign.
fn draw_rows(
    flow: &Flow,
    first: &str,
    sign: char,
    style: Style,
    width: usize,
    theme: &Theme,
    drawn: &mut Vec<Line<'static>>,
) {
    let sign = Span::styled(sign.to_string(), style);
    let room = width.saturating_sub(first.len() + 1);
    if room == 0 {
        drawn.push(Line::from(sign));
        return;
    }
    let mut gutter = first.to_string();
    for spans in flow.lines(room, room) {
        let prefix = [Span::styled(gutter.clone(), theme.gutter), sign.clone()];
        drawn.push(flow::prefixed(&prefix, spans));
        gutter = " ".repeat(first.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patches(before: &str, after: &str, expect: &str) {
        assert_eq!(text(&unified(before, after, 1)), expect, "{before:?} to {after:?}");
    }

    #[test]
    fn a_changed_line_stands_in_its_context() {
        patches(
            "a\nb\nc\nd\ne\n",
            "a\nb\nC\nd\ne\n",
            "@@ 1 unchanged line @@\n b\n-c\n+C\n d\n@@ 1 unchanged line @@\n",
        );
        patches("same\n", "same\n", "");
        patches("", "a\nb\n", "+a\n+b\n");
        patches("a\n", "", "-a\n");
    }

    #[test]
    fn any_amount_of_context_is_possible() {
        let (before, after) = ("a\nb\nc\nd\ne\n", "a\nB\nc\nD\ne\n");
        let count =
            |context| unified(before, after, context).iter().map(|line| line.kind).collect::<Vec<_>>();
        use PatchKind::{Added, Context, Gap, Removed};
        assert_eq!(count(0), [Gap, Removed, Added, Gap, Removed, Added, Gap]);
        assert_eq!(count(usize::MAX / 4), [Context, Removed, Added, Context, Removed, Added, Context]);
    }

    #[test]
    fn two_large_texts_with_nothing_in_common_are_compared() {
        let lines = |name: &str| (0..20_000).map(|number| format!("{name} {number}\n")).collect::<String>();
        assert_eq!(unified(&lines("old"), &lines("new"), 3).len(), 40_000);
        let shuffled =
            |by: usize| (0..20_000).map(|number| format!("{}\n", number * by % 1_009)).collect::<String>();
        assert!(unified(&shuffled(7), &shuffled(11), 3).len() > 20_000);
    }

    #[test]
    fn line_ends_are_told_in_words() {
        patches("a", "a\n", "-a\n\\ no newline at the end of the file\n+a\n\\ the line ends in LF (Unix)\n");
        patches(
            "a\r\n",
            "a\n",
            "-a\n\\ the line ends in CR LF (Windows)\n+a\n\\ the line ends in LF (Unix)\n",
        );
        patches("a\n", "a \n", "-a\n+a \n\\ blanks at the end of the line\n");
        patches("a\n", "a\nc", " a\n+c\n\\ no newline at the end of the file\n");
    }

    #[test]
    fn a12_hidden_characters_show() {
        patches(
            "",
            "a\u{202e}b\u{1b}[2J\u{200b}\u{e0041}\rc\u{85}\n",
            "+a‹U+202E›b‹U+001B›[2J‹U+200B›‹U+E0041›‹U+000D›c‹U+0085›\n",
        );
        patches("\u{feff}a\n", "a\n", "-‹U+FEFF›a\n+a\n");
    }

    #[test]
    fn changed_words_are_marked() {
        let patch = unified("use pnpm for installs\n", "use npm for installs\n", 3);
        let marked: Vec<&str> = patch
            .iter()
            .flat_map(|line| line.marks.iter().map(|mark| line.text.get(mark.clone()).unwrap()))
            .collect();
        assert_eq!(marked, ["pnpm", "npm"]);
        let patch = unified("one thing\n", "something else entirely\n", 3);
        assert!(patch.iter().all(|line| line.marks.is_empty()));
        assert_eq!((patch[0].old, patch[0].new, patch[1].old, patch[1].new), (Some(1), None, None, Some(1)));
    }

    #[test]
    fn a25_the_sign_keeps_its_column() {
        let patch = unified("keep\nold words that wrap around\n", "keep\nnew words that wrap around\n", 3);
        let rows: Vec<String> = lines(&patch, 20, &Theme::plain()).iter().map(ToString::to_string).collect();
        assert_eq!(
            rows,
            ["1  keep", "2 -old words that", "  -wrap around", "2 +new words that", "  +wrap around"]
        );
        let rows: Vec<String> = lines(&patch, 10, &Theme::plain()).iter().map(ToString::to_string).collect();
        assert!(rows.iter().all(|row| row.starts_with(['+', '-', ' '])), "{rows:#?}");
    }
}
