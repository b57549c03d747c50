//! The byte splice: the only way KB.md changes. It never touches a byte that the edit does not name.

use std::ops::Range;

use super::document::{Document, Entry, Kind};
use super::insert;
use super::label;
use super::line;
use super::style;
use super::table;
use super::words;
use super::wrap::{self, Room};
use super::{Edit, LineRef, Op};

/// Why an edit cannot be made; each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("the line that this edit replaces is no longer in KB.md: {0}")]
    Gone(String),
    #[error("KB.md holds merge-conflict markers at line {0}; resolve them first")]
    Conflict(usize),
    #[error("the rule has no words; write one sentence or reject the edit")]
    Empty,
    #[error("the edit would change more than its own line ({0}); make it by hand in KB.md")]
    WouldDamage(String),
}

/// One cut: the bytes at the range give way to the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    pub range: Range<usize>,
    pub text: String,
}

/// Applies the edits in order to the text of KB.md (empty when the file does not exist) and gives the new text. Line numbers in the
/// edits are those of `kb`, also for later edits.
pub fn apply(kb: &str, edits: &[Edit]) -> Result<String, EditError> {
    let mut document = Document::parse(kb);
    if let Some(line) = document.conflict_line() {
        return Err(EditError::Conflict(line));
    }
    let mut shifts: Vec<(usize, isize)> = Vec::new();
    for edit in edits {
        let edit = shifted(edit, &shifts);
        let (next, splices) = apply_one(&document, &edit)?;
        let moved: Vec<(usize, isize)> =
            splices.iter().map(|splice| shift(&document.source, splice)).filter(|(_, by)| *by != 0).collect();
        shifts.extend(moved);
        document = next;
    }
    Ok(document.source)
}

/// Finds the line that an edit acts on again after KB.md changed: by its text, the nearest when there are several.
pub fn rebase(edit: &Edit, new_kb: &Document) -> Result<Edit, EditError> {
    if let Some(line) = new_kb.conflict_line() {
        return Err(EditError::Conflict(line));
    }
    let Some(old) = &edit.supersedes else { return Ok(edit.clone()) };
    let at = resolve(new_kb, old).ok_or_else(|| EditError::Gone(old.text.clone()))?;
    let found = new_kb.entries.get(at).ok_or_else(|| EditError::Gone(old.text.clone()))?;
    let supersedes = Some(LineRef { line: found.line, text: found.text.clone() });
    Ok(Edit { supersedes, section: new_kb.heading_of(found).map(str::to_string), ..edit.clone() })
}

/// The entry that a reference names: the same text, nearest to its line; else the one text that is equal after folding.
pub fn resolve(kb: &Document, reference: &LineRef) -> Option<usize> {
    let nearest = |alike: &dyn Fn(&Entry) -> bool| {
        let found = kb.entries.iter().enumerate().filter(|(_, entry)| alike(entry));
        found.min_by_key(|(_, entry)| entry.line.abs_diff(reference.line)).map(|(at, _)| at)
    };
    let folded = |text: &str| {
        let text = words::fold(text).text;
        text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_string()
    };
    nearest(&|entry| entry.text == reference.text).or_else(|| {
        let wanted = folded(&reference.text);
        let alike = |entry: &Entry| folded(&entry.text) == wanted;
        let one = kb.entries.iter().filter(|entry| alike(entry)).count() == 1;
        if one { nearest(&alike) } else { None }
    })
}

/// The edit with its line number moved by the edits made before.
fn shifted(edit: &Edit, shifts: &[(usize, isize)]) -> Edit {
    let mut edit = edit.clone();
    if let Some(old) = &mut edit.supersedes {
        for (line, by) in shifts {
            if old.line >= *line {
                old.line = old.line.saturating_add_signed(*by);
            }
        }
    }
    edit
}

/// The line where a splice begins, and by how many lines the text grows there.
fn shift(before: &str, splice: &Splice) -> (usize, isize) {
    let count = |text: &str| line::lines(text).len();
    let upto = |end: usize| count(before.get(..end).unwrap_or(""));
    let signed = |number: usize| isize::try_from(number).unwrap_or(0);
    let cut = before.get(splice.range.clone()).unwrap_or("");
    (upto(splice.range.start) + 1, signed(count(&splice.text)) - signed(count(cut)))
}

fn apply_one(kb: &Document, edit: &Edit) -> Result<(Document, Vec<Splice>), EditError> {
    let words = style::one_line(&edit.text);
    let text = style::balanced(&without_marker(words.trim_start_matches(['\u{feff}', ' '])));
    let (splices, touched) = match edit.op {
        Op::Add if text.is_empty() => return Err(EditError::Empty),
        Op::Add => (vec![insert::added(kb, &text, edit.section.as_deref())], None),
        Op::Replace if text.is_empty() => return Err(EditError::Empty),
        Op::Replace => {
            let at = target(kb, edit)?;
            (vec![replaced(kb, at, &text)?], Some(at))
        }
        Op::Remove => {
            let at = target(kb, edit)?;
            (removed(kb, at)?, Some(at))
        }
    };
    let next = Document::parse(&spliced(&kb.source, &splices));
    check(kb, &next, edit.op, touched)?;
    Ok((next, splices))
}

/// The words of a rule that was written as a list item; the list that it goes to has its own marker.
fn without_marker(text: &str) -> String {
    let mark = ["- [ ] ", "- [x] ", "- ", "* ", "+ ", "• "].into_iter().find(|mark| text.starts_with(mark));
    mark.and_then(|mark| text.get(mark.len()..)).unwrap_or(text).to_string()
}

fn target(kb: &Document, edit: &Edit) -> Result<usize, EditError> {
    let gone = || EditError::Gone(edit.supersedes.as_ref().map_or_else(String::new, |old| old.text.clone()));
    edit.supersedes.as_ref().and_then(|old| resolve(kb, old)).ok_or_else(gone)
}

fn spliced(source: &str, splices: &[Splice]) -> String {
    let mut text = String::with_capacity(source.len() + 128);
    let mut at = 0;
    let mut ordered: Vec<&Splice> = splices.iter().collect();
    ordered.sort_by_key(|splice| splice.range.start);
    for splice in ordered {
        text.push_str(source.get(at..splice.range.start).unwrap_or(""));
        text.push_str(&splice.text);
        at = splice.range.end;
    }
    text.push_str(source.get(at..).unwrap_or(""));
    text
}

fn entry(kb: &Document, at: usize) -> Result<&Entry, EditError> {
    kb.entries.get(at).ok_or_else(|| EditError::Gone(String::new()))
}

/// The old text gives way to the new one, which ends and begins as the old one did. Comments inside it stay, behind the new words.
fn replaced(kb: &Document, at: usize, text: &str) -> Result<Splice, EditError> {
    let old = entry(kb, at)?;
    let range = match old.kind {
        Kind::Row => return Ok(table::row_replaced(kb, old, text)),
        Kind::Sentence => within_marks(&kb.source, old),
        Kind::Item { .. } | Kind::Label => old.body.clone(),
    };
    let words = label::replaced(kb, old, text);
    let comments = comments(kb.source.get(range.clone()).unwrap_or(""));
    let text =
        std::iter::once(broken(kb, old, &range, &words)).chain(comments.into_iter().map(str::to_string));
    Ok(Splice { range, text: text.collect::<Vec<_>>().join(" ") })
}

/// The words broken at the column where the file breaks its lines, if it does.
fn broken(kb: &Document, old: &Entry, range: &Range<usize>, words: &str) -> String {
    let Some(column) = wrap::column(kb, &old.kind) else { return words.to_string() };
    let lines = line::lines(&kb.source);
    let Some(first) = lines.get(lines.partition_point(|line| line.next <= range.start)) else {
        return words.to_string();
    };
    // A line that is longer already is not broken at the column.
    if line::columns(first.text(&kb.source).trim_end()) > column {
        return words.to_string();
    }
    let prefix = kb.source.get(first.start..range.start).unwrap_or("");
    let taken = line::columns(prefix);
    let hanging = match old.kind {
        Kind::Item { .. } => insert::hanging(kb, &[old], prefix),
        Kind::Row | Kind::Label => return words.to_string(),
        Kind::Sentence => String::new(),
    };
    let room = Room { taken, column, indent: &hanging, eol: style::eol_near(&kb.source, range.start) };
    wrap::broken(words, &room)
}

/// The HTML comments in a text.
fn comments(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("<!--") {
        let from = rest.get(open..).unwrap_or("");
        let Some(close) = from.find("-->") else { break };
        found.push(from.get(..close + 3).unwrap_or(""));
        rest = from.get(close + 3..).unwrap_or("");
    }
    found
}

/// The whole lines of an entry with all that is nested in it; a sentence among others goes alone.
fn removed(kb: &Document, at: usize) -> Result<Vec<Splice>, EditError> {
    let old = entry(kb, at)?;
    let source = kb.source.as_str();
    let range = match old.kind {
        Kind::Sentence => up_to_next(kb, old).unwrap_or_else(|| sentence_range(source, old)),
        Kind::Item { .. } => up_to_next(kb, old).unwrap_or_else(|| whole_lines(source, &old.extent)),
        Kind::Row | Kind::Label => whole_lines(source, &old.extent),
    };
    let mut splices = vec![Splice { range, text: String::new() }];
    splices.extend(renumbered(kb, at));
    Ok(splices)
}

/// What stands at the top of its list or section: with the blank lines below, so that the next of its kind takes its place.
fn up_to_next(kb: &Document, old: &Entry) -> Option<Range<usize>> {
    let alike = |other: &&Entry| match old.kind {
        Kind::Item { .. } => other.block == old.block && other.parent == old.parent,
        Kind::Sentence => other.section == old.section && matches!(other.kind, Kind::Sentence),
        Kind::Row | Kind::Label => false,
    };
    let mut siblings = kb.entries.iter().filter(alike);
    let first = siblings.next().is_some_and(|first| first.span == old.span);
    let next = siblings.next().filter(|_| first)?;
    let gap = kb.source.get(old.extent.end..next.span.start)?;
    (gap.trim().is_empty() && line::lines(gap).len() > 1).then_some(old.span.start..next.span.start)
}

/// The lines that a range touches, with their line ends. Of blank lines above and below one goes too, as it came with the line; and at
/// the end of a file without a final line end it is the one before that goes, so that the file still has none.
fn whole_lines(source: &str, range: &Range<usize>) -> Range<usize> {
    let lines = line::lines(source);
    let first = lines.partition_point(|line| line.next <= range.start);
    let last = lines.partition_point(|line| line.end < range.end);
    let blank = |at: usize| lines.get(at).is_some_and(|line| line.text(source).trim().is_empty());
    let start = lines.get(first).map_or(range.start, |line| line.start);
    let end = lines.get(last).map_or(source.len(), |line| line.next);
    if lines.get(last).is_some_and(|line| line.end == line.next) {
        let above = (0..first).rev().find(|at| !blank(*at)).and_then(|at| lines.get(at));
        let top = lines.first().map_or(start, |line| line.start);
        return above.map_or(top, |above| above.end)..end;
    }
    let below = last + 1 >= lines.len() || blank(last + 1);
    match first.checked_sub(1) {
        Some(above) if blank(above) && below => lines.get(above).map_or(start, |above| above.start)..end,
        None if below => start..lines.get(last + 1).map_or(end, |below| below.next),
        Some(_) | None => start..end,
    }
}

/// A sentence with the blanks that part it from its neighbour; with its lines for itself, its whole lines.
fn sentence_range(source: &str, old: &Entry) -> Range<usize> {
    let range = within_marks(source, old);
    let lines = line::lines(source);
    let start =
        lines.get(lines.partition_point(|line| line.next <= range.start)).map_or(0, |line| line.start);
    let end =
        lines.get(lines.partition_point(|line| line.end < range.end)).map_or(source.len(), |line| line.end);
    let before = source.get(start..range.start).unwrap_or("");
    let after = source.get(range.end..end).unwrap_or("");
    if before.trim().is_empty() && after.trim().is_empty() {
        return whole_lines(source, &old.span);
    }
    let closed_by_marks = range.end < old.span.end;
    if after.trim().is_empty() || closed_by_marks {
        return start + before.trim_end().len()..range.end;
    }
    range.start..range.end + (after.len() - after.trim_start().len())
}

/// A sentence without emphasis that a neighbour closes or opened: `**Use npm. Use tabs.**`
fn within_marks(source: &str, old: &Entry) -> Range<usize> {
    let text = source.get(old.body.clone()).unwrap_or("");
    let mark = ["**", "__", "*", "_"].into_iter().find(|mark| text.starts_with(mark) || text.ends_with(mark));
    let Some(mark) = mark.filter(|mark| text.matches(mark).count() % 2 == 1) else { return old.body.clone() };
    if text.starts_with(mark) {
        old.body.start + mark.len()..old.body.end
    } else {
        old.body.start..old.body.end - mark.len()
    }
}

/// New digits for the items behind a removed one: only in a list that counts without gaps and that no text refers to by number.
fn renumbered(kb: &Document, at: usize) -> Vec<Splice> {
    let Some(old) = kb.entries.get(at) else { return Vec::new() };
    let mut list: Vec<&Entry> = Vec::new();
    for other in kb.entries.iter().filter(|other| other.parent == old.parent && other.section == old.section)
    {
        // A list that is interrupted and counts on is still that list.
        let last = list.last().and_then(|last| style::number(last));
        let on = last.is_some_and(|last| last.checked_add(1) == style::number(other));
        if other.block == old.block || on {
            list.push(other);
        }
    }
    let numbers: Vec<u64> = list.iter().filter_map(|item| style::number(item)).collect();
    let counts = numbers.len() == list.len()
        && list.len() > 1
        && numbers.windows(2).all(|pair| matches!(pair, [a, b] if a.checked_add(1) == Some(*b)));
    if !counts || refers_to_numbers(&kb.source) {
        return Vec::new();
    }
    list.iter()
        .filter(|item| item.span.start >= old.extent.end)
        .filter_map(|item| match &item.kind {
            Kind::Item { mark, .. } => {
                let less = style::number(item)?.checked_sub(1)?;
                Some(Splice { range: mark.clone(), text: style::numeral(less, kb.source.get(mark.clone())?) })
            }
            Kind::Row | Kind::Label | Kind::Sentence => None,
        })
        .collect()
}

/// Whether some text says "rule 3", "see point 2" or the like.
pub(super) fn refers_to_numbers(text: &str) -> bool {
    const NOUNS: &[&str] = &[
        "rule", "rules", "point", "points", "item", "items", "regola", "regole", "punto", "punti", "voce",
        "step", "number", "numero", "regla", "regle", "regel", "regra", "see", "vedi", "above",
    ];
    // Line by line and without the list's own numbers: a heading "Rules" above item 1 refers to nothing.
    text.lines().any(|line| {
        let folded = words::fold(line).text;
        let text = folded.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
        let words: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        words.windows(2).any(|pair| {
            matches!(pair, [noun, number] if NOUNS.contains(noun) && number.bytes().all(|byte| byte.is_ascii_digit()))
        })
    })
}

/// Every entry that the edit does not name keeps its bytes (digits of an ordered list aside), and no heading changes.
fn check(before: &Document, after: &Document, op: Op, touched: Option<usize>) -> Result<(), EditError> {
    let damage = |what: &str| Err(EditError::WouldDamage(what.to_string()));
    let gone = |at: usize| match (op, touched.and_then(|at| before.entries.get(at))) {
        (Op::Replace, Some(_)) => Some(at) == touched,
        (Op::Remove, Some(old)) => before
            .entries
            .get(at)
            .is_some_and(|entry| old.extent.start <= entry.span.start && entry.span.start < old.extent.end),
        (Op::Add, _) | (Op::Replace | Op::Remove, None) => false,
    };
    let kept: Vec<&Entry> =
        before.entries.iter().enumerate().filter(|(at, _)| !gone(*at)).map(|(_, entry)| entry).collect();
    let front = kept.iter().zip(&after.entries).take_while(|(a, b)| alike(before, a, after, b)).count();
    let rest_kept = kept.get(front..).unwrap_or(&[]);
    let rest_after = after.entries.get(front..).unwrap_or(&[]);
    let back = rest_kept
        .iter()
        .rev()
        .zip(rest_after.iter().rev())
        .take_while(|(a, b)| alike(before, a, after, b))
        .count();
    if back < rest_kept.len() {
        return damage("another rule would be read differently");
    }
    let fresh = rest_after.len() - back;
    let fits = match op {
        Op::Add | Op::Replace => fresh >= 1,
        Op::Remove => fresh == 0,
    };
    if !fits {
        return damage("the new line would not be read as a rule");
    }
    if before.source.starts_with('\u{feff}') != after.source.starts_with('\u{feff}') {
        return damage("the byte order mark would change");
    }
    let headings =
        |kb: &Document| kb.sections.iter().map(|section| section.heading.clone()).collect::<Vec<_>>();
    let (old, new) = (headings(before), headings(after));
    if new.len() < old.len() || new.get(..old.len()) != Some(old.as_slice()) || new.len() > old.len() + 2 {
        return damage("a heading would change");
    }
    Ok(())
}

/// Same bytes, digits of the marker aside.
fn alike(before: &Document, a: &Entry, after: &Document, b: &Entry) -> bool {
    let raw = |kb: &Document, entry: &Entry| {
        let span = kb.source.get(entry.span.clone()).unwrap_or("").to_string();
        match &entry.kind {
            Kind::Item { mark, .. } if style::number(entry).is_some() => {
                let (from, to) = (mark.start - entry.span.start, mark.end - entry.span.start);
                format!("{}#{}", span.get(..from).unwrap_or(""), span.get(to..).unwrap_or(""))
            }
            // Emphasis around several sentences goes over to those that are left.
            Kind::Sentence => span.trim_matches(['*', '_']).to_string(),
            Kind::Item { .. } | Kind::Row | Kind::Label => span,
        }
    };
    raw(before, a) == raw(after, b)
}
