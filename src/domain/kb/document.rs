//! KB.md parsed without loss into entries with byte spans. It never changes a byte.

use std::ops::Range;

use super::line::{self, Dashes, ItemLine, Line, Shape};
use super::prose;

/// A heading and where its section ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Heading text without marks.
    pub heading: String,
    /// 1 to 6.
    pub level: usize,
    /// 1-based.
    pub line: usize,
    /// Byte range of the heading's lines, without the last line end.
    pub span: Range<usize>,
    pub style: HeadingStyle,
}

/// How a heading is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadingStyle {
    /// `## Testing`
    Atx,
    /// Underlined with `===` or `---`.
    Setext,
    /// A line of bold text that stands above a list.
    Bold,
}

/// What opens a list item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    Bullet(char),
    Number { value: u64, delimiter: char },
}

/// What an entry is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Item {
        marker: Marker,
        /// Bytes of the bullet or the digits.
        mark: Range<usize>,
        /// ` `, `x` or `X` when the item has a checkbox.
        checkbox: Option<char>,
        /// Columns of the indent.
        columns: usize,
    },
    /// A row of a table; its text is the cells that hold something, joined with ` | `.
    Row,
    /// A line `**Label:** value` or `Label: value` without a marker.
    Label,
    /// A sentence of running text.
    Sentence,
}

/// One directive of KB.md.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 1-based line where it starts.
    pub line: usize,
    /// Text without marker, checkbox and indent.
    pub text: String,
    /// Byte range of the whole entry in the source, with marker and continuation lines, without the last line end.
    pub span: Range<usize>,
    /// Index into `Document::sections` of the nearest heading above.
    pub section: Option<usize>,
    pub kind: Kind,
    /// Byte range of the text alone.
    pub body: Range<usize>,
    /// `span` with everything nested below the entry.
    pub extent: Range<usize>,
    /// Index into `Document::entries` of the item that this one is nested in.
    pub parent: Option<usize>,
    /// Entries with the same number belong to the same list, table or paragraph.
    pub block: usize,
}

/// A parsed KB.md.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub source: String,
    pub sections: Vec<Section>,
    pub entries: Vec<Entry>,
}

impl Document {
    /// Parses any text; there is no invalid KB.md. Takes time linear in its length.
    pub fn parse(source: &str) -> Self {
        let mut parser = Parser {
            source,
            lines: line::lines(source),
            comment_ends: source.rfind("-->"),
            ..Parser::default()
        };
        parser.run();
        Self { source: source.to_string(), sections: parser.sections, entries: parser.entries }
    }

    /// How many directives it holds.
    pub fn directives(&self) -> usize {
        self.entries.len()
    }

    /// The heading above an entry.
    pub fn heading_of(&self, entry: &Entry) -> Option<&str> {
        self.sections.get(entry.section?).map(|section| section.heading.as_str())
    }

    /// The 1-based line of the first merge-conflict marker. A lone row of `=` is a heading's underline and does not count.
    pub fn conflict_line(&self) -> Option<usize> {
        line::lines(&self.source)
            .iter()
            .position(|line| {
                let text = line.text(&self.source);
                ["<<<<<<<", ">>>>>>>", "|||||||"].iter().any(|mark| {
                    text.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
                })
            })
            .map(|at| at + 1)
    }
}

/// The scanner's state. Open list items wait on a stack; an item's extent is set when it closes.
#[derive(Default)]
struct Parser<'a> {
    source: &'a str,
    lines: Vec<Line>,
    /// Where the last `-->` stands: a comment opened after it never closes.
    comment_ends: Option<usize>,
    at: usize,
    sections: Vec<Section>,
    entries: Vec<Entry>,
    open: Vec<Open>,
    /// End of the last line that belongs to the open items.
    list_end: usize,
    /// Whether the line above continues the text of the innermost item.
    flow: Flow,
    blocks: usize,
}

#[derive(Clone, Copy)]
struct Open {
    entry: usize,
    columns: usize,
    content: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Flow {
    #[default]
    Closed,
    Open,
}

impl Parser<'_> {
    fn run(&mut self) {
        self.skip_front_matter();
        while let Some(line) = self.lines.get(self.at).copied() {
            let text = line.text(self.source);
            match line::shape(text, line.start) {
                Shape::Blank => {
                    self.flow = Flow::Closed;
                    self.at += 1;
                }
                Shape::Fence { mark, length } => self.fence(line, mark, length),
                Shape::Heading { level, text } => self.atx(line, level, text),
                Shape::Item(item) => self.item(line, item),
                Shape::Comment => self.comment(line),
                Shape::Break { .. } | Shape::DoubleUnderline | Shape::Aside => self.aside(line),
                Shape::Text => self.text(line),
            }
        }
        self.close_to(0);
    }

    /// `---` or `+++` on the first line, when a like line closes it.
    fn skip_front_matter(&mut self) {
        let mark = self.lines.first().map(|line| line.text(self.source).trim_end());
        let Some(mark) = mark.filter(|mark| matches!(*mark, "---" | "+++")) else { return };
        let close = self.lines.iter().skip(1).position(|line| line.text(self.source).trim_end() == mark);
        if let Some(close) = close {
            self.at = close + 2;
        }
    }

    fn fence(&mut self, line: Line, mark: char, length: usize) {
        self.nest_or_close(line);
        let rest = self.lines.iter().skip(self.at + 1);
        let close = rest.take_while(|line| !line::closes(line.text(self.source), mark, length)).count();
        self.at = (self.at + close + 2).min(self.lines.len());
        self.extend_list_to(self.at);
    }

    fn comment(&mut self, line: Line) {
        self.nest_or_close(line);
        self.skip_comment(line.start);
    }

    /// Moves behind the line where the comment that opens at or after byte `from` ends.
    fn skip_comment(&mut self, from: usize) {
        let close = self.comment_ends.filter(|end| *end >= from);
        self.at = match close.and_then(|_| self.source.get(from..)?.find("-->")) {
            Some(offset) => self.lines.partition_point(|line| line.next <= from + offset).max(self.at) + 1,
            None => self.lines.len(),
        };
        self.at = self.at.min(self.lines.len());
        self.extend_list_to(self.at);
    }

    fn aside(&mut self, line: Line) {
        self.nest_or_close(line);
        self.at += 1;
        self.extend_list_to(self.at);
    }

    /// A line that is no item: it stays inside the open items that it is indented below, and ends the others.
    fn nest_or_close(&mut self, line: Line) {
        let (columns, _) = line::indent(line.text(self.source));
        let keep = self.open.iter().take_while(|open| columns > open.columns).count();
        self.close_to(keep);
        self.flow = Flow::Closed;
    }

    fn extend_list_to(&mut self, next_line: usize) {
        if !self.open.is_empty()
            && let Some(line) = next_line.checked_sub(1).and_then(|at| self.lines.get(at))
        {
            self.list_end = line.end;
        }
    }

    /// Closes open items until `keep` are left.
    fn close_to(&mut self, keep: usize) {
        while self.open.len() > keep {
            let Some(open) = self.open.pop() else { return };
            if let Some(entry) = self.entries.get_mut(open.entry) {
                entry.extent.end = entry.span.end.max(self.list_end);
            }
        }
    }

    fn atx(&mut self, line: Line, level: usize, text: Range<usize>) {
        self.close_to(0);
        let heading = self.source.get(text).unwrap_or("").to_string();
        let span = line.start..line.end;
        self.heading(Section { heading, level, line: self.at + 1, span, style: HeadingStyle::Atx });
        self.at += 1;
    }

    fn heading(&mut self, section: Section) {
        self.flow = Flow::Closed;
        self.sections.push(section);
    }

    fn item(&mut self, line: Line, item: ItemLine) {
        let keep = self
            .open
            .iter()
            .take_while(|open| item.columns >= open.content || item.columns >= open.columns + 2)
            .count();
        let sibling = self.open.get(keep).map(|open| open.entry);
        self.close_to(keep);
        let parent = self.open.last().map(|open| open.entry);
        let block = self.block_of(sibling, item.marker);
        self.list_end = line.end;
        let number = self.at + 1;
        self.at += 1;
        let body = self.without_comment(item.text.clone());
        let text = self.source.get(body.clone()).unwrap_or("").to_string();
        let ItemLine { marker, mark, checkbox, columns, content, .. } = item;
        self.open.push(Open { entry: self.entries.len(), columns, content });
        self.flow = Flow::Open;
        let span = line.start..line.end;
        self.entries.push(Entry {
            line: number,
            text,
            extent: span.clone(),
            span,
            section: self.sections.len().checked_sub(1),
            kind: Kind::Item { marker, mark, checkbox, columns },
            body,
            parent,
            block,
        });
    }

    /// The list of the item's elder sibling when both are marked alike, otherwise a new one.
    fn block_of(&mut self, sibling: Option<usize>, marker: Marker) -> usize {
        let elder = sibling.and_then(|at| self.entries.get(at)).and_then(|entry| match &entry.kind {
            Kind::Item { marker, .. } => Some((*marker, entry.block)),
            Kind::Row | Kind::Label | Kind::Sentence => None,
        });
        match (elder, marker) {
            (Some((Marker::Bullet(a), block)), Marker::Bullet(b)) if a == b => block,
            (Some((Marker::Number { delimiter: a, .. }, block)), Marker::Number { delimiter: b, .. })
                if a == b =>
            {
                block
            }
            (_, Marker::Bullet(_) | Marker::Number { .. }) => self.next_block(),
        }
    }

    fn next_block(&mut self) -> usize {
        self.blocks += 1;
        self.blocks
    }

    /// Cuts trailing comments off a text range; one that stays open moves the scanner behind its end.
    fn without_comment(&mut self, text: Range<usize>) -> Range<usize> {
        let Some(raw) = self.source.get(text.clone()) else { return text };
        let Some(open) = raw.rfind("<!--") else { return text };
        let after = raw.get(open..).unwrap_or("");
        let kept = raw.get(..open).unwrap_or("").trim_end();
        if after.trim_end().ends_with("-->") {
            return self.without_comment(text.start..text.start + kept.len());
        }
        let from = text.start + open;
        if !after.contains("-->") && self.comment_ends.is_some_and(|end| end > from) {
            self.skip_comment(from);
            return text.start..text.start + kept.len();
        }
        text
    }

    fn text(&mut self, line: Line) {
        if self.flow == Flow::Open
            && let Some(open) = self.open.last().copied()
        {
            return self.continuation(line, open);
        }
        let (columns, _) = line::indent(line.text(self.source));
        let keep = self.open.iter().take_while(|open| columns > open.columns).count();
        self.close_to(keep);
        if keep > 0 || columns >= 4 {
            // An indented paragraph belongs to its item; without one it is a block of code.
            self.at += 1;
            self.extend_list_to(self.at);
            return;
        }
        let next = self.lines.get(self.at + 1).copied();
        if next.is_some_and(|next| line::is_delimiter_row(next.text(self.source)))
            && line.text(self.source).contains('|')
        {
            return self.table();
        }
        self.paragraph();
    }

    fn continuation(&mut self, line: Line, open: Open) {
        self.list_end = line.end;
        self.at += 1;
        let trimmed = line.text(self.source).trim();
        let start = line.start + line.text(self.source).find(trimmed).unwrap_or(0);
        let body = self.without_comment(start..start + trimmed.len());
        let more = self.source.get(body.clone()).unwrap_or("");
        if let Some(entry) = self.entries.get_mut(open.entry) {
            entry.span.end = line.end;
            entry.body.end = body.end;
            if !entry.text.is_empty() {
                entry.text.push(' ');
            }
            entry.text.push_str(more);
        }
    }

    fn table(&mut self) {
        let block = self.next_block();
        self.at += 2;
        while let Some(line) = self.lines.get(self.at).copied() {
            let text = line.text(self.source);
            let Some(cells) = line::cells(text).filter(|_| !text.trim().is_empty()) else { break };
            let said = cells.iter().map(|cell| text.get(cell.clone()).unwrap_or("").trim());
            let joined: Vec<&str> = said.filter(|cell| !cell.is_empty()).collect();
            let open = line.start + cells.first().map_or(0, |cell| cell.start);
            let close = line.start + cells.last().map_or(0, |cell| cell.end);
            self.at += 1;
            if joined.is_empty() {
                continue;
            }
            self.push_plain(Kind::Row, self.at, joined.join(" | "), line.start..line.end, open..close, block);
        }
    }

    fn push_plain(
        &mut self,
        kind: Kind,
        line: usize,
        text: String,
        span: Range<usize>,
        body: Range<usize>,
        block: usize,
    ) {
        let section = self.sections.len().checked_sub(1);
        self.entries.push(Entry {
            line,
            text,
            extent: span.clone(),
            span,
            section,
            kind,
            body,
            parent: None,
            block,
        });
    }

    /// Running text from here on: a Setext heading, a bold heading, label lines, or sentences.
    fn paragraph(&mut self) {
        let first = self.at;
        let mut underline = None;
        while let Some(line) = self.lines.get(self.at) {
            match line::shape(line.text(self.source), line.start) {
                Shape::DoubleUnderline if self.at > first => underline = Some(1),
                Shape::Break { dashes: Dashes::Solid } if self.at > first => underline = Some(2),
                Shape::Text => {
                    self.at += 1;
                    continue;
                }
                Shape::Blank
                | Shape::Fence { .. }
                | Shape::Heading { .. }
                | Shape::DoubleUnderline
                | Shape::Break { .. }
                | Shape::Item(_)
                | Shape::Comment
                | Shape::Aside => {}
            }
            break;
        }
        let lines: Vec<Line> = self.lines.get(first..self.at).unwrap_or(&[]).to_vec();
        match underline {
            Some(level) => self.setext(first, &lines, level),
            None => self.plain(first, &lines),
        }
    }

    fn setext(&mut self, first: usize, lines: &[Line], level: usize) {
        let words: Vec<&str> = lines.iter().map(|line| line.text(self.source).trim()).collect();
        let start = lines.first().map_or(0, |line| line.start);
        let end = self.lines.get(self.at).map_or(start, |line| line.end);
        self.at += 1;
        let heading = words.join(" ");
        self.heading(Section {
            heading,
            level,
            line: first + 1,
            span: start..end,
            style: HeadingStyle::Setext,
        });
    }

    fn plain(&mut self, first: usize, lines: &[Line]) {
        let (Some(head), Some(tail)) = (lines.first(), lines.last()) else {
            self.at += 1;
            return;
        };
        if let [line] = lines
            && let Some(heading) = prose::bold_heading(line.text(self.source))
        {
            let span = line.start..line.end;
            let heading = heading.to_string();
            self.heading(Section { heading, level: 6, line: first + 1, span, style: HeadingStyle::Bold });
            return;
        }
        let block = self.next_block();
        if lines.iter().all(|line| prose::label(line.text(self.source)).is_some()) {
            for (offset, line) in lines.iter().enumerate() {
                let text = line.text(self.source);
                let start = line.start + (text.len() - text.trim_start().len());
                let body = start..start + text.trim().len();
                self.push_plain(
                    Kind::Label,
                    first + offset + 1,
                    text.trim().to_string(),
                    line.start..line.end,
                    body,
                    block,
                );
            }
            return;
        }
        for range in prose::sentences(self.source, head.start..tail.end) {
            let line = first + lines.partition_point(|line| line.next <= range.start) + 1;
            let text = self.source.get(range.clone()).unwrap_or("");
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            self.push_plain(Kind::Sentence, line, text, range.clone(), range, block);
        }
    }
}
