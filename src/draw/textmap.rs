//! From the cells of drawn lines back to the text that they show, for what is marked and copied. It draws nothing.
//!
//! A map is made for a part of the conversation when something in it is marked, by drawing the part once more with a record of what
//! each line says. Bars, labels and indentations say nothing, so no copy holds them; where a line was only broken to the width, the
//! text goes on; tabs are tabs. The cells of a table's row are parted by tabs: that is what spreadsheets, `cut` and `column` take,
//! and it holds for a part of a row too. Nothing of that depends on the width, unless a table becomes a list.

use std::ops::Range;

use crate::base::text::{self, TAB};
use crate::draw::flow::{Flow, Row as FlowRow};
use unicode_segmentation::UnicodeSegmentation;

/// The text of drawn lines, and where each line shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMap {
    text: String,
    rows: Vec<Row>,
}

/// One drawn line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    /// Where the line stands in the text when it shows nothing of it.
    at: usize,
    /// From left to right.
    pieces: Vec<Piece>,
}

/// Text in cells next to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The cell of its beginning in the line.
    pub cell: usize,
    /// The column of its beginning in the unbroken line, for tabs.
    pub column: usize,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

/// A visible character: its bytes in the text, its cell in the line, and how many cells it takes.
type Shown = (Range<usize>, usize, usize);

impl TextMap {
    /// The text; every unbroken line of it ends in `\n`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many drawn lines there are.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// The bytes of the character at a cell of a drawn line. Before, between and behind text it is the empty range at the nearest end.
    pub fn at(&self, line: usize, cell: usize) -> Range<usize> {
        let Some(row) = self.rows.get(line) else { return self.text.len()..self.text.len() };
        let mut nearest = row.pieces.first().map_or(row.at, |piece| piece.range.start);
        for piece in row.pieces.iter().take_while(|piece| piece.cell <= cell) {
            if let Some((range, ..)) =
                self.shown(piece).find(|(_, at, cells)| (*at..at + cells).contains(&cell))
            {
                return range;
            }
            nearest = piece.range.end;
        }
        nearest..nearest
    }

    /// The cells of a drawn line that show a part of the text, as first cell and count. No character is shown in part.
    pub fn cells(&self, line: usize, marked: &Range<usize>) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (range, cell, cells) in
            self.rows.get(line).into_iter().flat_map(|row| &row.pieces).flat_map(|piece| self.shown(piece))
        {
            if cells == 0 || range.start < marked.start || range.end > marked.end {
                continue;
            }
            match runs.last_mut().filter(|(start, count)| start + count == cell) {
                Some((_, count)) => *count += cells,
                None => runs.push((cell, cells)),
            }
        }
        runs
    }

    fn shown(&self, piece: &Piece) -> impl Iterator<Item = Shown> {
        let (mut cell, mut column, start) = (piece.cell, piece.column, piece.range.start);
        text::clusters(self.part(&piece.range)).map(move |(at, cluster, cells)| {
            let cells = if cluster == "\t" { TAB - column % TAB } else { cells };
            let shown = (start + at..start + at + cluster.len(), cell, cells);
            cell += cells;
            column += cells;
            shown
        })
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// The unbroken line around a range, without its end.
    pub fn line_of(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.part(&(0..range.start)).rfind('\n').map_or(0, |end| end + 1);
        let rest = self.part(&(range.end..self.text.len()));
        start..range.end + rest.find('\n').unwrap_or(rest.len())
    }

    /// The word around a character: a run of letters and of the signs that hold names, paths and addresses together, or a word as
    /// Unicode tells them where letters are not put apart by spaces.
    pub fn word_of(&self, range: &Range<usize>) -> Range<usize> {
        if range.is_empty() {
            return range.clone();
        }
        let line = self.line_of(range);
        let mut found = range.clone();
        let mut run: Option<Range<usize>> = None;
        for (at, word) in self.part(&line).split_word_bound_indices() {
            let bounds = line.start + at..line.start + at + word.len();
            let joined = joins(word);
            run = match run {
                Some(run) if joined => Some(run.start..bounds.end),
                _ => joined.then(|| bounds.clone()),
            };
            let whole = run.clone().unwrap_or(bounds);
            if whole.start <= range.start && range.end <= whole.end {
                found = whole;
            } else if whole.start >= range.end {
                break;
            }
        }
        self.trimmed(found, range)
    }

    /// A word without the full stop, colon or bracket that ends its sentence, unless that is what was pointed at.
    fn trimmed(&self, word: Range<usize>, pointed: &Range<usize>) -> Range<usize> {
        let kept = self.part(&word).trim_end_matches(['.', ',', ':', ';', '?', '!']).len();
        if word.start + kept >= pointed.end.max(word.start + 1) {
            word.start..word.start + kept
        } else {
            word
        }
    }

    /// A line of decoration.
    pub(crate) fn ornament(&mut self) {
        self.begin();
    }

    /// A blank line.
    pub(crate) fn blank(&mut self) {
        self.begin();
        self.pass("\n");
    }

    /// Text broken to a width, behind so many cells in its first line and in the others.
    pub(crate) fn flow(&mut self, flow: &Flow, (first, others): (usize, usize), width: usize) {
        let mut lead = first;
        for row in flow.rows(width, width) {
            self.begin();
            self.row(lead, &row);
            lead = others;
        }
    }

    /// Begins a line.
    pub(crate) fn begin(&mut self) {
        self.rows.push(Row { at: self.text.len(), pieces: Vec::new() });
    }

    /// Adds a line of a flow to the line that was begun.
    pub(crate) fn row(&mut self, cell: usize, row: &FlowRow) {
        self.show(cell, row.column, &row.shown);
        self.pass(&row.passed);
    }

    /// Adds text at a cell to the line that was begun.
    pub(crate) fn show(&mut self, cell: usize, column: usize, shown: &str) {
        let start = self.text.len();
        self.text.push_str(shown);
        self.point(Piece { cell, column, range: start..self.text.len() });
    }

    /// Lets the line that was begun show text that is there already, or will be.
    pub(crate) fn point(&mut self, piece: Piece) {
        if let Some(row) = self.rows.last_mut() {
            row.pieces.push(piece);
        }
    }

    /// Adds text that takes no cells: what a line break ate, or the end of a line.
    pub(crate) fn pass(&mut self, passed: &str) {
        self.text.push_str(passed);
    }

    /// The map with all text so many cells further right.
    pub(crate) fn indented(mut self, cells: usize) -> Self {
        self.rows.iter_mut().flat_map(|row| &mut row.pieces).for_each(|piece| piece.cell += cells);
        self
    }

    /// The map with a blank line before it.
    pub(crate) fn after_blank(mut self) -> Self {
        self.text.insert(0, '\n');
        for row in &mut self.rows {
            row.at += 1;
            for piece in &mut row.pieces {
                piece.range = piece.range.start + 1..piece.range.end + 1;
            }
        }
        self.rows.insert(0, Row::default());
        self
    }
}

/// Whether a piece of text between two word boundaries belongs to a longer word with its neighbours.
fn joins(word: &str) -> bool {
    word.chars().all(|letter| {
        letter.is_ascii_alphanumeric()
            || "_-./~:@%+#=&?$\\".contains(letter)
            || (letter.is_alphanumeric() && text::width(letter.encode_utf8(&mut [0; 4])) == 1)
    })
}
