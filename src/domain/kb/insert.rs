//! Where a new rule goes and how it is drawn: item, table row, label line, paragraph, new section. It makes splices and applies none.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::document::{Document, Entry, Kind, Marker};
use super::edit::Splice;
use super::label;
use super::line::{self, Line};
use super::style;
use super::table;
use super::wrap::{self, Room};

/// The splice that adds one rule under a heading; without one, below the main list. An unknown heading is created at the end.
pub fn added(kb: &Document, text: &str, heading: Option<&str>) -> Splice {
    if kb.source.trim_start_matches('\u{feff}').trim().is_empty() {
        return created(kb, text, heading);
    }
    match heading {
        None => match main_block(kb, kb.entries.iter()) {
            Some(main) => below(kb, main, text),
            None => appended(kb, &first_item(kb, text)),
        },
        Some(heading) => match section_named(kb, heading) {
            Some(at) => {
                let here = kb.entries.iter().filter(|entry| entry.section == Some(at));
                main_block(kb, here).map_or_else(|| first_in(kb, at, text), |main| below(kb, main, text))
            }
            None => group_named(kb, heading)
                .map_or_else(|| new_section(kb, heading, text), |at| nested(kb, at, text)),
        },
    }
}

/// An item with others nested in it that a section's name names: a guide without headings, or below one.
fn group_named(kb: &Document, name: &str) -> Option<usize> {
    let plain = |text: &str| text.trim_matches(['*', '_', ' ', ':']).to_lowercase();
    let named = |at: usize| kb.entries.get(at).is_some_and(|entry| plain(&entry.text) == plain(name));
    kb.entries.iter().filter_map(|entry| entry.parent).find(|at| named(*at))
}

/// The splice below the last item that is nested in another.
fn nested(kb: &Document, parent: usize, text: &str) -> Splice {
    below(kb, kb.entries.iter().filter(|entry| entry.parent == Some(parent)).collect(), text)
}

/// A KB.md that did not exist or held only blanks; a byte order mark stays.
fn created(kb: &Document, text: &str, heading: Option<&str>) -> Splice {
    let eol = if kb.source.contains("\r\n") { "\r\n" } else { "\n" };
    let heading = heading.unwrap_or("Conventions");
    let body = style::capital(text);
    let start = if kb.source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Splice {
        range: start..kb.source.len(),
        text: format!("# Knowledge base{eol}{eol}## {heading}{eol}{eol}- {body}{eol}"),
    }
}

fn section_named(kb: &Document, heading: &str) -> Option<usize> {
    let plain = |text: &str| text.trim_matches(['#', ' ', '*', ':']).to_lowercase();
    let exact = kb.sections.iter().position(|section| section.heading == heading);
    exact.or_else(|| kb.sections.iter().position(|section| plain(&section.heading) == plain(heading)))
}

/// The list, table or text that holds most of these rules, as its entries in order; running text only where there is nothing else. Of
/// two alike that in the earlier section counts, lists before tables and tables before labels.
fn main_block<'a>(kb: &'a Document, entries: impl Iterator<Item = &'a Entry>) -> Option<Vec<&'a Entry>> {
    let tops: Vec<&Entry> = entries.filter(|entry| entry.parent.is_none()).collect();
    let mut sizes: HashMap<usize, usize> = HashMap::new();
    tops.iter().for_each(|entry| *sizes.entry(entry.block).or_default() += 1);
    let weight = |entry: &Entry| {
        let rank = rank(entry);
        (rank > 0, sizes.get(&entry.block).copied().unwrap_or(0), rank, Reverse(entry.section))
    };
    let main = tops.iter().max_by_key(|entry| weight(entry))?;
    let of = |block: usize, section: Option<usize>| -> Vec<&'a Entry> {
        let same = |entry: &&Entry| entry.block == block && entry.section == section;
        kb.entries.iter().filter(|entry| entry.parent.is_none()).filter(same).collect()
    };
    let mut elders = of(main.block, main.section);
    // A list that is interrupted and counts on: its end is that of the last part.
    for next in tops.iter().filter(|entry| entry.section == main.section) {
        let (Some(last), Some(number)) = (elders.last(), style::number(next)) else { continue };
        let on = style::number(last).and_then(|last| last.checked_add(1)) == Some(number);
        if on && next.span.start > last.span.start && next.block != last.block {
            elders = of(next.block, next.section);
        }
    }
    Some(elders)
}

/// Lists go before tables, tables before labels, labels before running text.
fn rank(entry: &Entry) -> usize {
    match entry.kind {
        Kind::Item { .. } => 3,
        Kind::Row => 2,
        Kind::Label => 1,
        Kind::Sentence => 0,
    }
}

/// The splice below the last of these entries, which make up one list, table or paragraph.
fn below(kb: &Document, elders: Vec<&Entry>, text: &str) -> Splice {
    let texts: Vec<&str> = elders.iter().map(|entry| entry.text.as_str()).collect();
    let Some(last) = elders.last().copied() else { return appended(kb, &first_item(kb, text)) };
    if let Some(parent) = lone_group(kb, &elders) {
        return nested(kb, parent, text);
    }
    match last.kind {
        Kind::Item { .. } => {
            let prefix = style::item_prefix(&kb.source, &elders);
            let item = item(kb, &elders, &prefix, &label::like_siblings(text, &texts));
            line_after(kb, last.extent.end, &item, Gap::from(is_parted(kb, &elders)))
        }
        Kind::Row => {
            let row = table::row(kb, &elders, text).unwrap_or_else(|| text.to_string());
            line_after(kb, last.extent.end, &row, Gap::None)
        }
        Kind::Label if label::lead(text).is_some() => {
            let hard = hard_break(kb, last);
            let line = format!("{}{hard}", label::like_siblings(text, &texts));
            line_after(kb, last.span.end, &line, Gap::from(is_parted(kb, &elders)))
        }
        Kind::Label | Kind::Sentence => paragraph(kb, last, &texts, text),
    }
}

/// The one item of a list that only introduces the items nested in it: `- General:`.
fn lone_group(kb: &Document, elders: &[&Entry]) -> Option<usize> {
    let [only] = elders else { return None };
    let at = kb.entries.iter().position(|entry| entry.span == only.span)?;
    let held = kb.entries.iter().any(|entry| entry.parent == Some(at));
    (only.text.ends_with(':') && held).then_some(at)
}

/// A paragraph of its own below the running text that a section holds.
fn paragraph(kb: &Document, last: &Entry, texts: &[&str], text: &str) -> Splice {
    let plain = |entry: &&Entry| rank(entry) < 2 && entry.section == last.section;
    let end = kb.entries.iter().rfind(plain).map_or(last, |entry| entry);
    let text = match last.kind {
        Kind::Label => {
            let sentences = kb.entries.iter().filter(|entry| rank(entry) == 0);
            style::adapted(&style::capital(text), sentences.map(|entry| entry.text.as_str()))
        }
        Kind::Item { .. } | Kind::Row | Kind::Sentence => style::adapted(text, texts.iter().copied()),
    };
    let at = paragraph_end(kb, end);
    let text = match wrap::column(kb, &Kind::Sentence) {
        Some(column) => {
            wrap::broken(&text, &Room { taken: 0, column, indent: "", eol: style::eol_near(&kb.source, at) })
        }
        None => text,
    };
    line_after(kb, at, &text, Gap::Blank)
}

/// The two blanks or the backslash that end a line of labels, so that the next one stands below it.
fn hard_break<'a>(kb: &'a Document, label: &Entry) -> &'a str {
    let tail = kb.source.get(label.body.end..label.span.end).unwrap_or("");
    if tail.starts_with("  ") { tail } else { "" }
}

/// A new item behind its marker, broken where its siblings are.
fn item(kb: &Document, elders: &[&Entry], prefix: &str, body: &str) -> String {
    let column = elders.last().and_then(|last| wrap::column(kb, &last.kind));
    let Some(column) = column else { return format!("{prefix}{body}") };
    let at = elders.last().map_or(0, |last| last.span.start);
    let indent = hanging(kb, elders, prefix);
    let eol = style::eol_near(&kb.source, at);
    let room = Room { taken: line::columns(prefix), column, indent: &indent, eol };
    format!("{prefix}{}", wrap::broken(body, &room))
}

/// What the further lines of an item begin with: as those of a sibling, else blanks up to its text.
pub fn hanging(kb: &Document, elders: &[&Entry], prefix: &str) -> String {
    let sibling = elders.iter().rev().find_map(|entry| {
        let second = line::lines(kb.source.get(entry.span.clone())?).get(1).copied()?;
        let start = entry.span.start + second.start;
        let text = kb.source.get(start..entry.span.start + second.end)?;
        text.get(..line::indent(text).1)
    });
    let same_width = elders.last().is_none_or(|last| style::number(last).is_none());
    let (_, bytes) = line::indent(prefix);
    let mark = prefix.get(bytes..).unwrap_or("");
    let boxed = mark.find('[').unwrap_or(mark.len());
    match sibling {
        Some(indent) if same_width || !indent.ends_with(' ') => indent.to_string(),
        Some(_) | None => {
            let blanks = crate::base::text::width(mark.get(..boxed).unwrap_or(mark));
            format!("{}{}", prefix.get(..bytes).unwrap_or(""), " ".repeat(blanks))
        }
    }
}

/// The end of the paragraph that a sentence or label stands in.
fn paragraph_end(kb: &Document, sentence: &Entry) -> usize {
    let lines = line::lines(&kb.source);
    let from = lines.partition_point(|line| line.next <= sentence.span.start);
    let text = |line: &&Line| !line.text(&kb.source).trim().is_empty();
    let last = lines.get(from..).unwrap_or(&[]).iter().take_while(text).last();
    last.map_or(sentence.span.end, |line| line.end.max(sentence.span.end))
}

/// Whether a blank line stands between the last two.
fn is_parted(kb: &Document, elders: &[&Entry]) -> bool {
    match elders {
        [.., a, b] => kb.source.get(a.extent.end..b.span.start).is_some_and(|gap| line::lines(gap).len() > 1),
        [] | [_] => false,
    }
}

/// Blank lines before a new line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Blank,
}

impl From<bool> for Gap {
    fn from(parted: bool) -> Self {
        if parted { Self::Blank } else { Self::None }
    }
}

/// A new line below the line that holds byte `end`. A file without a final line end stays without.
fn line_after(kb: &Document, end: usize, text: &str, gap: Gap) -> Splice {
    let eol = style::eol_near(&kb.source, end);
    let lines = line::lines(&kb.source);
    let here = lines.get(lines.partition_point(|line| line.end < end));
    let blank = match gap {
        Gap::None => "",
        Gap::Blank => eol,
    };
    match here {
        Some(line) if line.next > line.end => {
            Splice { range: line.next..line.next, text: format!("{blank}{text}{eol}") }
        }
        Some(_) | None => {
            let at = kb.source.len();
            Splice { range: at..at, text: format!("{eol}{blank}{text}") }
        }
    }
}

/// The first rule of a section that holds none: below what its heading introduces.
fn first_in(kb: &Document, at: usize, text: &str) -> Splice {
    let Some(section) = kb.sections.get(at) else { return appended(kb, &first_item(kb, text)) };
    let limit = kb.sections.get(at + 1).map_or(kb.source.len(), |next| next.span.start);
    let lines = line::lines(&kb.source);
    let first = lines.partition_point(|line| line.start < section.span.end);
    let end = lines.partition_point(|line| line.start < limit);
    let own = lines.get(first..end).unwrap_or(&[]);
    let written = own.iter().rposition(|line| !line.text(&kb.source).trim().is_empty());
    if let Some([head, dashes]) = written.and_then(|last| own.get(last.checked_sub(1)?..=last)) {
        let (top, row) = (head.text(&kb.source), dashes.text(&kb.source));
        if line::is_delimiter_row(row) && top.contains('|') {
            return line_after(kb, dashes.end, &table::first_row(top, row, text), Gap::None);
        }
    }
    let above = written.and_then(|last| own.get(last)).map_or(section.span.end, |line| line.end);
    let gap = Gap::from(above > section.span.end || style::blank_below_headings(kb));
    let mut splice = line_after(kb, above, &first_item(kb, text), gap);
    let after = kb.source.get(splice.range.end..).unwrap_or("");
    let heading_next = kb.sections.get(at + 1).is_some_and(|next| next.span.start == splice.range.end);
    if heading_next && !after.is_empty() {
        splice.text.push_str(style::eol_near(&kb.source, above));
    }
    splice
}

/// The first item of a list, in the manner of the rules elsewhere in the file.
fn first_item(kb: &Document, text: &str) -> String {
    let last = kb.entries.iter().rfind(|entry| entry.parent.is_none() && rank(entry) == 3);
    let mark = last.map_or_else(|| "- ".to_string(), |last| bullet_like(kb, last));
    let texts: Vec<&str> = kb.entries.iter().map(|entry| entry.text.as_str()).collect();
    let body = if texts.is_empty() { style::capital(text) } else { style::adapted(text, texts.into_iter()) };
    item(kb, last.as_slice(), &mark, &body)
}

/// The marker of another section's item, for a list that starts anew.
fn bullet_like(kb: &Document, last: &Entry) -> String {
    let Kind::Item { marker, mark, .. } = &last.kind else { return "- ".to_string() };
    let prefix = style::item_prefix(&kb.source, &[last]);
    match marker {
        Marker::Number { .. } => {
            let rest = prefix.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
            let indent = kb.source.get(last.span.start..mark.start).unwrap_or("");
            let like = kb.source.get(mark.clone()).unwrap_or("1");
            format!("{indent}{}{rest}", style::numeral(1, like))
        }
        Marker::Bullet(_) => prefix,
    }
}

/// A new section at the end of the file.
fn new_section(kb: &Document, heading: &str, text: &str) -> Splice {
    let eol = style::eol_near(&kb.source, kb.source.len());
    let gap = if style::blank_below_headings(kb) { eol } else { "" };
    let heading = style::heading(kb, &style::one_line(heading), eol);
    appended(kb, &format!("{heading}{eol}{gap}{}", first_item(kb, text)))
}

/// A block at the end of the file, one blank line below the rest. The last byte stays what it was: a line end or none.
fn appended(kb: &Document, block: &str) -> Splice {
    let source = kb.source.as_str();
    let eol = style::eol_near(source, source.len());
    let lines = line::lines(source);
    let last = lines.last();
    let at = source.len();
    let ended = last.is_some_and(|line| line.next > line.end);
    let blank = last.is_some_and(|line| line.text(source).trim().is_empty());
    let text = match (ended, blank) {
        (true, true) => format!("{block}{eol}"),
        (true, false) => format!("{eol}{block}{eol}"),
        (false, _) => format!("{eol}{eol}{block}"),
    };
    Splice { range: at..at, text }
}
