//! A KB.md cut into units: headings, rules, and blocks of other text, each with the blanks behind it. It loses no byte and merges nothing.

use std::ops::Range;

use crate::domain::kb::document::{Document, Kind, Marker};
use crate::domain::kb::line;

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Stands before the first unit and holds nothing.
    Root,
    Heading {
        level: usize,
    },
    Item {
        columns: usize,
    },
    Row,
    Label,
    Sentence,
    /// Lines that state no rule: front matter, code, comments, quotes, a table's head.
    Block,
}

impl What {
    /// Whether it is a rule.
    pub fn is_entry(self) -> bool {
        match self {
            Self::Item { .. } | Self::Row | Self::Label | Self::Sentence => true,
            Self::Root | Self::Heading { .. } | Self::Block => false,
        }
    }

    /// Whether both are of one kind, at whatever level.
    pub fn resembles(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// One unit of a text.
#[derive(Clone, Debug)]
pub struct Unit {
    pub what: What,
    /// Its bytes without the last line end.
    pub text: String,
    /// Line ends and blank lines behind it, or the blanks before the next sentence.
    pub tail: String,
    /// Equal for units that say the same to the letter; digits of a numbered list and padding do not count.
    pub key: String,
    /// What a rule says, without marker.
    pub said: String,
    /// The unit of the heading above; 0 when there is none.
    pub home: usize,
    /// The last unit nested in this one; its own index when there is none.
    pub last: usize,
    /// The digits of a numbered item, as bytes of `text`, with its list.
    pub number: Option<Number>,
}

/// The number of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    pub value: u64,
    pub delimiter: char,
    pub digits: Range<usize>,
    /// Equal for items of one list.
    pub list: usize,
}

/// A text as units; the first is the root.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub units: Vec<Unit>,
}

impl Sheet {
    /// Cuts a text without byte order mark.
    pub fn cut(text: &str) -> Self {
        let kb = Document::parse(text);
        let mut sheet = Self { units: vec![plain(What::Root, "")] };
        let mut at = 0;
        let mut ends: Vec<(usize, usize)> = Vec::new();
        for mark in marks(&kb) {
            // Nothing overlaps in a parsed document; if it ever did, the later mark would lose and no byte would.
            if mark.range.start < at {
                continue;
            }
            sheet.gap(text.get(at..mark.range.start).unwrap_or(""));
            at = mark.range.end;
            if let Some(extent) = mark.extent {
                ends.push((sheet.units.len(), extent));
            }
            sheet.units.push(mark.unit(&kb));
        }
        sheet.gap(text.get(at..).unwrap_or(""));
        sheet.find_homes();
        sheet.find_ends(&ends);
        sheet
    }

    pub fn get(&self, at: usize) -> Option<&Unit> {
        self.units.get(at)
    }

    /// Text between two marks: blanks join the unit before, anything else is a block.
    fn gap(&mut self, gap: &str) {
        let body = gap.trim();
        let lead = gap.len() - gap.trim_start().len();
        let open = if body.is_empty() {
            gap.len()
        } else {
            // The indent of the block's first line belongs to the block.
            let line = gap.get(..lead).and_then(|blanks| blanks.rfind(['\n', '\r'])).map(|at| at + 1);
            line.unwrap_or(if self.units.len() == 1 { 0 } else { lead })
        };
        if let Some(before) = self.units.last_mut() {
            before.tail.push_str(gap.get(..open).unwrap_or(""));
        }
        if !body.is_empty() {
            let close = lead + body.len();
            let mut block = plain(What::Block, gap.get(open..close).unwrap_or(""));
            block.tail = gap.get(close..).unwrap_or("").to_string();
            self.units.push(block);
        }
    }

    fn find_homes(&mut self) {
        let mut home = 0;
        for (at, unit) in self.units.iter_mut().enumerate() {
            unit.home = home;
            unit.last = at;
            if matches!(unit.what, What::Heading { .. }) {
                home = at;
            }
        }
    }

    /// Finds what is nested in each item; `ends` holds the item's unit and the byte where its extent ends.
    fn find_ends(&mut self, ends: &[(usize, usize)]) {
        let mut starts = Vec::with_capacity(self.units.len());
        let mut at = 0;
        for unit in &self.units {
            starts.push(at);
            at += unit.text.len() + unit.tail.len();
        }
        for (unit, end) in ends {
            let last = starts.partition_point(|start| start < end).saturating_sub(1);
            if let Some(unit) = self.units.get_mut(*unit) {
                unit.last = last.max(unit.last);
            }
        }
    }
}

fn plain(what: What, text: &str) -> Unit {
    Unit {
        what,
        text: text.to_string(),
        tail: String::new(),
        key: format!("{what:?} {}", text.trim_end()),
        said: String::new(),
        home: 0,
        last: 0,
        number: None,
    }
}

/// A heading or a rule in the source.
struct Mark {
    what: What,
    range: Range<usize>,
    entry: Option<usize>,
    section: Option<usize>,
    extent: Option<usize>,
}

impl Mark {
    fn unit(&self, kb: &Document) -> Unit {
        let mut unit = plain(self.what, kb.source.get(self.range.clone()).unwrap_or(""));
        if let Some(section) = self.section.and_then(|at| kb.sections.get(at)) {
            unit.key = format!("{:?} {}", self.what, section.heading);
        }
        let Some(entry) = self.entry.and_then(|at| kb.entries.get(at)) else { return unit };
        unit.said.clone_from(&entry.text);
        match &entry.kind {
            Kind::Item { marker: Marker::Number { value, delimiter }, mark, .. } => {
                let digits = mark.start - self.range.start..mark.end - self.range.start;
                let before = unit.text.get(..digits.start).unwrap_or("");
                let after = unit.text.get(digits.end..).unwrap_or("").trim_end();
                unit.key = format!("{:?} {before}#{after}", self.what);
                let list = entry.block;
                unit.number = Some(Number { value: *value, delimiter: *delimiter, digits, list });
            }
            Kind::Row => unit.key = format!("{:?} {}", self.what, entry.text),
            Kind::Item { marker: Marker::Bullet(_), .. } | Kind::Label | Kind::Sentence => {}
        }
        unit
    }
}

fn marks(kb: &Document) -> Vec<Mark> {
    let mut marks: Vec<Mark> = kb
        .sections
        .iter()
        .enumerate()
        .map(|(at, section)| Mark {
            what: What::Heading { level: section.level },
            range: section.span.clone(),
            entry: None,
            section: Some(at),
            extent: None,
        })
        .collect();
    marks.extend(kb.entries.iter().enumerate().map(|(at, entry)| {
        let (what, extent) = match &entry.kind {
            Kind::Item { columns, .. } => (What::Item { columns: *columns }, Some(entry.extent.end)),
            Kind::Row => (What::Row, None),
            Kind::Label => (What::Label, None),
            Kind::Sentence => (What::Sentence, None),
        };
        Mark { what, range: entry.span.clone(), entry: Some(at), section: None, extent }
    }));
    marks.sort_by_key(|mark| mark.range.start);
    marks
}

/// What a text is apart from its lines: byte order mark, usual line end, and whether its last line is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub bom: bool,
    pub eol: Option<&'static str>,
    pub ended: bool,
}

impl Shape {
    pub fn of(text: &str) -> Self {
        let mut counts = [("\n", 0_usize), ("\r\n", 0), ("\r", 0)];
        let lines = line::lines(text);
        for line in &lines {
            if let Some(count) = counts.iter_mut().find(|(eol, _)| *eol == line.eol(text)) {
                count.1 += 1;
            }
        }
        let most = counts.iter().rev().max_by_key(|(_, count)| *count).filter(|(_, count)| *count > 0);
        Self {
            bom: text.starts_with('\u{feff}'),
            eol: most.map(|(eol, _)| *eol),
            ended: lines.last().is_none_or(|line| line.next > line.end),
        }
    }

    /// The shape that both sides' changes give.
    pub fn merged(base: Self, ours: Self, theirs: Self) -> Self {
        Self {
            bom: pick(base.bom, ours.bom, theirs.bom),
            eol: pick(base.eol.or(ours.eol), ours.eol, theirs.eol.or(ours.eol)).or(theirs.eol),
            ended: pick(base.ended, ours.ended, theirs.ended),
        }
    }
}

/// What one side changed counts; when both did, ours.
pub fn pick<T: PartialEq>(base: T, ours: T, theirs: T) -> T {
    if ours == base { theirs } else { ours }
}

/// The text without byte order mark, with its usual line end turned into `eol`, and its last line ended.
pub fn level(text: &str, eol: &str) -> String {
    let shape = Shape::of(text);
    let mut out = String::with_capacity(text.len() + 2);
    for line in line::lines(text) {
        out.push_str(line.text(text));
        let own = line.eol(text);
        out.push_str(if own.is_empty() || Some(own) == shape.eol { eol } else { own });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_lost() {
        for text in [
            "",
            "\n\n",
            "# A\n\nSay it. Say more.\nAnd this.\n\n- a\n  - b\n    ```\n    x\n    ```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
            "---\na: b\n---\n\n1. x\n2. y\n   more\n<!-- no\n- rule\n-->\n  A line. Two\n",
            "Title\n===\n**Bold**\n- [ ] a <!-- open\nrest --> b\n",
        ] {
            let sheet = Sheet::cut(text);
            let back: String = sheet.units.iter().map(|unit| format!("{}{}", unit.text, unit.tail)).collect();
            assert_eq!(back, text);
        }
    }

    #[test]
    fn nested_units_are_known() {
        let sheet = Sheet::cut("- a\n  - b\n  - c\n- d\n");
        let lasts: Vec<usize> = sheet.units.iter().map(|unit| unit.last).collect();
        assert_eq!(lasts, [0, 3, 2, 3, 4]);
    }
}
