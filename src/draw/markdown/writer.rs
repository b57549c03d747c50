//! The events of the Markdown parser, turned into blocks on a page. It never parses by itself.

use super::code::{Code, Memo};
use super::inline::Inline;
use super::page::{Mark, Page};
use super::table::Table;
use super::{Ink, Piece};
use crate::base::text;
use crate::draw::flow::Flow;
use crate::draw::textmap::TextMap;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};
use ratatui::text::{Line, Span};

/// Everything that is open while events come in.
pub(super) struct Writer<'a, 'm> {
    ink: Ink<'a>,
    memo: &'m mut Memo,
    page: Page,
    inline: Inline,
    holders: Vec<Holder>,
    raw: Option<Raw>,
    table: Option<Table>,
    /// The code blocks of this drawing so far.
    code_blocks: usize,
    /// What is drawn, for what is before it.
    piece: Piece<'a>,
}

/// A block that holds blocks, and where its lines began.
struct Holder {
    kind: Kind,
    mark: Mark,
}

enum Kind {
    /// A list: the number of its next item, and whether blank lines separate its items.
    List {
        next: Option<u64>,
        loose: bool,
    },
    Item,
    Quote,
}

/// A block whose text is taken as it is.
struct Raw {
    kind: RawKind,
    text: String,
}

enum RawKind {
    Code { language: String },
    Html,
}

impl<'a, 'm> Writer<'a, 'm> {
    pub(super) fn new(ink: Ink<'a>, memo: &'m mut Memo, piece: Piece<'a>) -> Self {
        Self {
            ink,
            memo,
            page: Page::new(ink.width),
            inline: Inline::new(ink.theme.text),
            holders: Vec::new(),
            raw: None,
            table: None,
            code_blocks: 0,
            piece,
        }
    }

    /// A writer that also records what its lines say.
    pub(super) fn recording(ink: Ink<'a>, memo: &'m mut Memo, piece: Piece<'a>) -> Self {
        Self { page: Page::recording(ink.width), ..Self::new(ink, memo, piece) }
    }

    pub(super) fn finish_map(mut self) -> TextMap {
        self.paragraph();
        self.page.into_map()
    }

    pub(super) fn finish(mut self) -> Vec<Line<'static>> {
        self.paragraph();
        self.page.into_lines()
    }

    pub(super) fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(content) | Event::Html(content) => self.text(&content),
            Event::InlineHtml(tag) => self.inline_html(&tag),
            Event::Code(content) => self.inline.code(&content, self.ink.theme),
            Event::SoftBreak => self.inline.text(" "),
            Event::HardBreak => self.inline.text("\n"),
            Event::Rule => self.rule(),
            Event::TaskListMarker(done) => {
                let mark = if done { "[x] " } else { "[ ] " };
                self.inline.styled(mark, self.ink.theme.marker);
            }
            // These belong to extensions that the parser is not asked for.
            Event::InlineMath(content) | Event::DisplayMath(content) | Event::FootnoteReference(content) => {
                self.inline.text(&content);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let theme = self.ink.theme;
        match tag {
            Tag::Paragraph => {
                self.mark_loose();
                self.begin_block();
            }
            Tag::Heading { level, .. } => {
                self.begin_block();
                self.inline.open(theme.heading(depth(level)));
            }
            Tag::BlockQuote(_) => {
                self.hold(Kind::Quote);
                self.page.bar(Span::styled("▎ ", theme.marker));
                self.inline.open(theme.quote);
            }
            Tag::CodeBlock(kind) => {
                self.begin_block();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => text::one_line(&info),
                    CodeBlockKind::Indented => String::new(),
                };
                self.raw = Some(Raw { kind: RawKind::Code { language }, text: String::new() });
            }
            Tag::HtmlBlock => {
                self.begin_block();
                self.raw = Some(Raw { kind: RawKind::Html, text: String::new() });
            }
            Tag::List(next) => self.hold(Kind::List { next, loose: false }),
            Tag::Item => self.item(),
            Tag::Table(alignments) => {
                self.begin_block();
                self.table = Some(Table::new(alignments));
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.row();
                    let style = table.cell_style(theme);
                    self.inline.open(style);
                }
            }
            Tag::Emphasis => self.inline.open(theme.emphasis),
            Tag::Strong => self.inline.open(theme.strong),
            Tag::Strikethrough => self.inline.open_strike(theme),
            Tag::Link { dest_url, .. } => self.inline.open_link(&dest_url, theme.link),
            Tag::Image { dest_url, .. } => {
                self.inline.styled("image: ", theme.dim);
                self.inline.open_link(&dest_url, theme.link);
            }
            Tag::TableCell
            | Tag::Superscript
            | Tag::Subscript
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.paragraph(),
            TagEnd::Heading(_) => {
                self.inline.close();
                self.paragraph();
            }
            TagEnd::BlockQuote(_) => {
                self.release();
                self.inline.close();
            }
            TagEnd::List(_) | TagEnd::Item => self.release(),
            TagEnd::CodeBlock | TagEnd::HtmlBlock => self.end_raw(),
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    table.write(&mut self.page, self.ink.theme);
                }
            }
            TagEnd::Strikethrough => self.inline.close_strike(self.ink.theme),
            TagEnd::TableHead | TagEnd::TableRow | TagEnd::Emphasis | TagEnd::Strong => {
                self.inline.close();
            }
            TagEnd::TableCell => {
                let cell = self.inline.take();
                if let Some(table) = &mut self.table {
                    table.cell(cell);
                }
            }
            TagEnd::Link | TagEnd::Image => self.inline.close_link(self.ink.theme.dim),
            TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    fn text(&mut self, content: &str) {
        match &mut self.raw {
            Some(raw) => raw.text.push_str(content),
            None => self.inline.text(content),
        }
    }

    /// Tags are shown as they were written; only a line break does what it says.
    fn inline_html(&mut self, tag: &str) {
        let name = tag.trim_matches(['<', '>', '/', ' ']);
        if name.eq_ignore_ascii_case("br") {
            self.inline.text("\n");
        } else {
            self.inline.styled(tag, self.ink.theme.dim);
        }
    }

    /// Writes the paragraph that was read, if there is one. Text of a tight list item has no paragraph around it.
    fn paragraph(&mut self) {
        if !self.inline.is_empty() {
            let flow = self.inline.take();
            self.page.flow(&flow);
        }
    }

    /// Ends loose text and asks for the blank line that separates the block to come from the one before.
    fn begin_block(&mut self) {
        self.paragraph();
        let separate = match self.holders.last() {
            None => true,
            Some(Holder { kind: Kind::Quote, mark }) => self.page.grew_since(*mark),
            Some(Holder { kind: Kind::Item, mark }) => self.in_loose_list() && self.page.grew_since(*mark),
            Some(Holder { kind: Kind::List { loose, .. }, mark }) => *loose && self.page.grew_since(*mark),
        };
        if separate {
            self.page.gap();
        }
    }

    fn hold(&mut self, kind: Kind) {
        self.begin_block();
        self.holders.push(Holder { kind, mark: self.page.mark() });
    }

    fn release(&mut self) {
        self.paragraph();
        if let Some(holder) = self.holders.pop() {
            self.page.close(holder.mark);
        }
    }

    /// The list whose item is open at the end of `holders`.
    fn in_loose_list(&self) -> bool {
        let list = self.holders.iter().rev().nth(1);
        matches!(list, Some(Holder { kind: Kind::List { loose: true, .. }, .. }))
    }

    /// A paragraph directly in an item tells that the list is loose: in a tight one, text has none.
    fn mark_loose(&mut self) {
        let mut holders = self.holders.iter_mut().rev();
        if let (Some(Holder { kind: Kind::Item, .. }), Some(Holder { kind: Kind::List { loose, .. }, .. })) =
            (holders.next(), holders.next())
        {
            *loose = true;
        }
    }

    fn item(&mut self) {
        let bullet = match self.holders.last_mut() {
            Some(Holder { kind: Kind::List { next: Some(number), .. }, .. }) => {
                let bullet = format!("{number}. ");
                *number = number.saturating_add(1);
                bullet
            }
            Some(_) | None => "• ".to_string(),
        };
        self.hold(Kind::Item);
        self.page.bullet(Span::styled(bullet, self.ink.theme.marker));
    }

    fn rule(&mut self) {
        self.begin_block();
        self.page.settle();
        let rule = "─".repeat(self.page.room());
        self.page.ornament(&Flow::of(&rule, self.ink.theme.faint));
    }

    fn end_raw(&mut self) {
        match self.raw.take() {
            Some(Raw { kind: RawKind::Code { language }, text }) => self.code(&language, &text),
            Some(Raw { kind: RawKind::Html, text }) => {
                let flow = Flow::of(text::sanitise(&text).trim_end_matches('\n'), self.ink.theme.dim);
                self.page.flow(&flow);
            }
            None => {}
        }
    }

    /// A label, and under it the code with nothing before or around it that a copy would catch. Code that goes on with a fence has had
    /// its label.
    fn code(&mut self, info: &str, code: &str) {
        let theme = self.ink.theme;
        let before = if self.code_blocks == 0 { self.piece.before } else { "" };
        let goes_on = self.code_blocks == 0 && !self.piece.opener.is_empty();
        if !goes_on {
            self.label(info);
        }
        let clean = text::sanitise(code);
        match self.ink.highlighter {
            Some(highlighter) => {
                let code = Code { language: highlighter.language_of(info), before, text: &clean };
                for spans in self.memo.paint(self.code_blocks, code, theme, highlighter) {
                    self.code_line(spans);
                }
            }
            None => {
                for line in clean.lines() {
                    self.code_line(vec![Span::styled(line.to_string(), theme.block)]);
                }
            }
        }
        self.code_blocks += 1;
    }

    fn label(&mut self, info: &str) {
        let number = self.piece.code_before + self.code_blocks + 1;
        let end = format!(" · {number} ──");
        let name = if info.is_empty() { "code" } else { info };
        // The number is what a copy asks for, so the name gives way.
        let room = self.page.room().saturating_sub(text::width(&end) + 3);
        let label = format!("── {}{end}", text::truncate(name, room));
        self.page.ornament(&Flow::of(&text::truncate(&label, self.page.room()), self.ink.theme.label));
    }

    fn code_line(&mut self, spans: Vec<Span<'static>>) {
        let printable = |span: &Span<'_>| span.content.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let cells: usize = spans.iter().map(|span| span.content.len()).sum();
        if cells <= self.page.room() && spans.iter().all(printable) {
            self.page.line(spans);
        } else {
            let mut flow = Flow::default();
            flow.extend(&spans);
            self.page.flow(&flow);
        }
    }
}

fn depth(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
