//! Rows of a table: which column holds the rule, a new row drawn like the others, an old one with other words. It never draws a table
//! anew: the rows that are there keep their bytes.

use std::ops::Range;

use super::document::{Document, Entry};
use super::edit::Splice;
use super::label;
use super::line;
use super::style;
use crate::base::text::width;

/// Heads of the columns that hold the rules themselves.
const RULE_HEADS: &[&str] = &[
    "rule",
    "rules",
    "regola",
    "regole",
    "regel",
    "regeln",
    "regla",
    "reglas",
    "regle",
    "règle",
    "règles",
    "regra",
    "regras",
    "convention",
    "conventions",
    "directive",
    "guideline",
    "value",
    "valore",
    "valor",
    "wert",
    "valeur",
    "decision",
    "decisione",
    "choice",
    "scelta",
    "setting",
    "standard",
    "what",
    "requirement",
    "policy",
    "description",
    "descrizione",
];

/// Heads of the columns that say something about a rule.
const OTHER_HEADS: &[&str] = &[
    "why",
    "reason",
    "perché",
    "motivo",
    "rationale",
    "note",
    "notes",
    "since",
    "date",
    "data",
    "owner",
    "status",
    "example",
    "examples",
    "severity",
    "where",
    "scope",
    "source",
    "link",
    "comment",
];

/// Heads of columns that count.
const NUMBER_HEADS: &[&str] = &["#", "n", "n.", "n°", "no", "no.", "nr", "nr.", "id", "num", "number"];

/// How a column's cells stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

/// Whether a table's columns are drawn one below the other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Padding {
    Columns,
    None,
}

/// What the cells of a table's rows are for.
struct Table<'a> {
    /// The line that a new row is drawn after.
    model: &'a str,
    cells: Vec<Range<usize>>,
    /// The cells of each row.
    rows: Vec<Vec<&'a str>>,
    dashes: &'a str,
    padding: Padding,
    /// The column that holds the rules.
    rule: usize,
    /// The column that names what a rule is about.
    label: Option<usize>,
    /// What the first column of the next row holds when it counts.
    next: Option<String>,
}

impl<'a> Table<'a> {
    /// The table of these rows.
    fn of_rows(kb: &'a Document, rows: &[&Entry]) -> Option<Self> {
        let (first, last) = (rows.first()?, rows.last()?);
        let lines = line::lines(&kb.source);
        let text = |at: usize| lines.get(at).map(|line| line.text(&kb.source));
        let top = lines.partition_point(|line| line.next <= first.span.start);
        // The first of these rows need not be the first of the table.
        let dashes = (0..top).rev().find(|at| text(*at).is_some_and(line::is_delimiter_row))?;
        let head = dashes.checked_sub(1).and_then(text)?;
        let model = kb.source.get(last.span.clone())?;
        let drawn: Vec<&str> = rows.iter().filter_map(|row| kb.source.get(row.span.clone())).collect();
        let dashes = text(dashes)?;
        let padding = padding(head, dashes, &drawn);
        Some(Self::new(head, dashes, model, drawn.into_iter().map(cut).collect(), padding))
    }

    fn new(head: &str, dashes: &'a str, model: &'a str, rows: Vec<Vec<&'a str>>, padding: Padding) -> Self {
        let heads: Vec<String> =
            cut(head).iter().map(|cell| cell.trim_matches(['*', '_']).to_lowercase()).collect();
        let cells = line::cells(model).unwrap_or_default();
        let next = next_number(&heads, &rows).filter(|_| cells.len() > 1);
        let start = usize::from(next.is_some());
        let rule = rule_column(&heads, &rows, start, cells.len());
        Self { model, cells, dashes, padding, rule, label: (start..rule).next(), next, rows }
    }

    /// The cells of one column, without empty ones.
    fn column(&self, at: usize) -> impl Iterator<Item = &'a str> {
        self.rows.iter().filter_map(move |row| row.get(at).copied()).filter(|cell| !cell.is_empty())
    }

    /// The cells of a new row.
    fn filled(&self, text: &str) -> Vec<String> {
        let given: Vec<&str> = text.split(" | ").collect();
        if !self.rows.is_empty()
            && given.len() > 1
            && given.len() == self.cells.len()
            && self.looks_like_cells(&given)
        {
            return given.into_iter().map(str::to_string).collect();
        }
        let mut cells = vec![String::new(); self.cells.len()];
        let lead = label::lead(text);
        let value = match (lead, self.label) {
            (Some(lead), Some(_)) => lead.value,
            (Some(_) | None, Some(_) | None) => text,
        };
        let label = lead.and_then(|lead| Some((self.label?, self.marked(self.label?, lead.name))));
        let words = if self.rows.is_empty() {
            style::capital(value)
        } else {
            style::adapted(value, self.column(self.rule))
        };
        // Code is one word; a sentence in a column of code stays a sentence.
        let words = if words.contains(' ') { words } else { self.marked(self.rule, &words) };
        let parts = [self.next.clone().map(|number| (0, number)), label, Some((self.rule, words))];
        for (at, part) in parts.into_iter().flatten() {
            if let Some(cell) = cells.get_mut(at) {
                *cell = part;
            }
        }
        // Without outer bars an empty first cell would shift the others.
        let open = self.model.trim_start().starts_with('|');
        if let Some(first) = cells.first_mut().filter(|first| !open && first.is_empty()) {
            "–".clone_into(first);
        }
        cells
    }

    /// A cell that begins like those of its column, with the marks that stand around all of them.
    fn marked(&self, column: usize, text: &str) -> String {
        let marks = style::marks_around(self.column(column));
        let bare = self.column(column).map(|cell| cell.trim_matches(['*', '_', '`']));
        let text = style::begun(text, bare);
        if marks.is_empty() || text.contains(marks) { text } else { format!("{marks}{text}{marks}") }
    }

    /// Whether a text with bars is a row, rather than a sentence that holds some.
    fn looks_like_cells(&self, given: &[&str]) -> bool {
        let Some(first) = given.first() else { return false };
        let most = self.column(0).map(|cell| cell.split_whitespace().count()).max().unwrap_or(0);
        match &self.next {
            Some(_) => first.ends_with(|c: char| c.is_ascii_digit()),
            None => {
                first.split_whitespace().count() <= most
                    && given.iter().all(|cell| cell.matches('`').count() % 2 == 0)
            }
        }
    }

    /// The cells that a column takes, by the line of dashes below the table's head.
    fn room(&self, column: usize) -> usize {
        let cells = line::cells(self.dashes).unwrap_or_default();
        cells.get(column).and_then(|cell| self.dashes.get(cell.clone())).map_or(0, width)
    }

    fn align(&self, column: usize) -> Align {
        let right = |cell: &&str| cell.ends_with(':') && !cell.starts_with(':');
        if cut(self.dashes).get(column).is_some_and(right) { Align::Right } else { Align::Left }
    }

    /// The model with some cells exchanged.
    fn drawn(&self, parts: &[Option<&str>]) -> String {
        let mut text = String::new();
        let mut at = 0;
        for (column, (cell, part)) in self.cells.iter().zip(parts).enumerate() {
            text.push_str(self.model.get(at..cell.start).unwrap_or(""));
            let old = self.model.get(cell.clone()).unwrap_or("");
            match part {
                Some(part) => {
                    text.push_str(&in_cell(old, part, self.padding, self.room(column), self.align(column)));
                }
                None => text.push_str(old),
            }
            at = cell.end;
        }
        text.push_str(self.model.get(at..).unwrap_or(""));
        text
    }
}

/// Columns are drawn out when most rows fill those of the line of dashes, and blanks show that this is no accident. A cell that is too
/// long for its column does not count.
fn padding(head: &str, dashes: &str, rows: &[&str]) -> Padding {
    let raw = |text: &str| -> Vec<String> {
        let cells = line::cells(text).unwrap_or_default();
        cells.into_iter().map(|cell| text.get(cell).unwrap_or("").to_string()).collect()
    };
    let rooms: Vec<usize> = raw(dashes).iter().map(|cell| width(cell)).collect();
    let fills = |row: &str| raw(row).iter().zip(&rooms).all(|(cell, room)| width(cell) >= *room);
    let blanks = |row: &str| {
        raw(row)
            .iter()
            .any(|cell| !cell.trim().is_empty() && (cell.ends_with("  ") || cell.starts_with("  ")))
    };
    let filled = rows.iter().filter(|row| fills(row)).count();
    let shown = rows.iter().any(|row| blanks(row)) || blanks(head);
    if filled * 2 >= rows.len() && shown && fills(head) { Padding::Columns } else { Padding::None }
}

/// The cells of a line without the blanks around them.
fn cut(text: &str) -> Vec<&str> {
    let cells = line::cells(text).unwrap_or_default();
    cells.into_iter().map(|cell| text.get(cell).unwrap_or("").trim()).collect()
}

/// What a first column that counts (`1`, `R2`) holds next.
fn next_number(heads: &[String], rows: &[Vec<&str>]) -> Option<String> {
    let split = |cell: &str| {
        let stem = cell.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (stem, digits) = (cell.get(..stem)?.to_string(), cell.get(stem..)?.to_string());
        let value = digits.parse::<u64>().ok().filter(|_| stem.chars().count() <= 4)?;
        Some((stem, digits, value))
    };
    let cells: Option<Vec<_>> = rows.iter().map(|row| split(row.first()?)).collect();
    let cells = cells?;
    // A row may be gone from a column that is there to count; elsewhere numbers are numbers.
    let named = heads.first().is_some_and(|head| NUMBER_HEADS.contains(&head.as_str()));
    let grows = |pair: &[(String, String, u64)]| match pair {
        [a, b] => a.0 == b.0 && if named { a.2 < b.2 } else { a.2.checked_add(1) == Some(b.2) },
        _ => false,
    };
    let counts = cells.windows(2).all(grows) && (named || cells.first().is_some_and(|first| first.2 <= 1));
    let (stem, digits, value) = cells.last()?;
    let next = value.checked_add(1)?;
    (counts && (named || cells.len() > 1)).then(|| format!("{stem}{}", style::numeral(next, digits)))
}

/// The column of the rules: the one whose head says so; of two the last; of more the one with the longest cells.
fn rule_column(heads: &[String], rows: &[Vec<&str>], start: usize, count: usize) -> usize {
    let has = |list: &[&str], at: usize| heads.get(at).is_some_and(|head| list.contains(&head.as_str()));
    let last = count.saturating_sub(1);
    if let Some(named) = (start..count).rev().find(|at| has(RULE_HEADS, *at)) {
        return named;
    }
    let open: Vec<usize> = (start..count).filter(|at| !has(OTHER_HEADS, *at)).collect();
    match open.as_slice() {
        [] => last,
        [one] | [_, one] => *one,
        [_, _, ..] => {
            let length =
                |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).sum::<usize>();
            open.into_iter().rev().max_by_key(|at| length(*at)).unwrap_or(last)
        }
    }
}

/// A cell's new content with the blanks of the old one; in a table that is drawn out, as wide as its column where the text fits.
fn in_cell(old: &str, new: &str, padding: Padding, room: usize, align: Align) -> String {
    let new = new.replace("\\|", "|").replace('|', "\\|");
    let blank = old.trim().is_empty();
    let lead = old.len() - old.trim_start().len();
    let trail = if blank { lead.min(1) } else { (old.len() - old.trim_end().len()).min(1) };
    match (padding, align) {
        (Padding::Columns, Align::Right) => {
            let used = width(&new) + trail;
            let before = room.saturating_sub(used).max(lead.min(1));
            format!("{}{new}{}", " ".repeat(before), " ".repeat(trail))
        }
        (Padding::Columns, Align::Left) => {
            let lead = old.get(..if blank { lead.min(1) } else { lead }).unwrap_or("");
            let used = width(lead) + width(&new);
            format!("{lead}{new}{}", " ".repeat(room.saturating_sub(used).max(trail)))
        }
        (Padding::None, Align::Left | Align::Right) if new.is_empty() => {
            old.get(..lead.min(1)).unwrap_or("").to_string()
        }
        (Padding::None, Align::Left | Align::Right) => {
            let lead = old.get(..if blank { lead.min(1) } else { lead }).unwrap_or("");
            format!("{lead}{new}{}", " ".repeat(trail))
        }
    }
}

/// A row for a new rule below the rows of its table.
pub fn row(kb: &Document, rows: &[&Entry], text: &str) -> Option<String> {
    let table = Table::of_rows(kb, rows)?;
    let cells = table.filled(text);
    Some(table.drawn(&cells.iter().map(|cell| Some(cell.as_str())).collect::<Vec<_>>()))
}

/// The first row of a table that has only its head and its line of dashes.
pub fn first_row(head: &str, dashes: &str, text: &str) -> String {
    let padding = padding(head, dashes, &[]);
    let table = Table::new(head, dashes, head, Vec::new(), padding);
    let cells = table.filled(&style::capital(text));
    table.drawn(&cells.iter().map(|cell| Some(cell.as_str())).collect::<Vec<_>>())
}

/// The splice that puts a new rule into an old row: all cells when the text is a row, else the cell of the rule.
pub fn row_replaced(kb: &Document, old: &Entry, text: &str) -> Splice {
    let rows: Vec<&Entry> = kb.entries.iter().filter(|entry| entry.block == old.block).collect();
    let Some(table) = Table::of_rows(kb, &rows) else {
        return Splice { range: old.body.clone(), text: text.to_string() };
    };
    let model = kb.source.get(old.span.clone()).unwrap_or("");
    let cells = line::cells(model).unwrap_or_default();
    let held = cut(model);
    let table = Table { model, cells, ..table };
    let said: Vec<usize> =
        (0..held.len()).filter(|at| held.get(*at).is_some_and(|cell| !cell.is_empty())).collect();
    let given: Vec<&str> = text.split(" | ").collect();
    let cell = |at: usize| held.get(at).copied().unwrap_or("");
    let is_row = given.len() > 1
        && given.len() == said.len()
        && said.iter().zip(&given).any(|(at, given)| cell(*at).eq_ignore_ascii_case(given));
    let mut parts: Vec<Option<String>> = vec![None; held.len()];
    if is_row {
        for (at, given) in said.iter().zip(given).filter(|(at, given)| cell(**at) != *given) {
            if let Some(part) = parts.get_mut(*at) {
                *part = Some(given.to_string());
            }
        }
    } else {
        let widest = || said.iter().copied().max_by_key(|at| width(cell(*at)));
        let at = if cell(table.rule).is_empty() { widest().unwrap_or(0) } else { table.rule };
        let lead = label::lead(text).filter(|lead| {
            table.label.is_some_and(|at| cell(at).trim_matches(['*', '_']).eq_ignore_ascii_case(lead.name))
        });
        let value = lead.map_or(text, |lead| lead.value);
        if let Some(part) = parts.get_mut(at) {
            *part = Some(style::adapted(value, std::iter::once(cell(at))));
        }
    }
    let parts: Vec<Option<&str>> = parts.iter().map(Option::as_deref).collect();
    Splice { range: old.span.clone(), text: table.drawn(&parts) }
}
