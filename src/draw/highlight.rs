//! Source code to coloured spans, line by line, by a table of languages. It never fails: what it does not know stays plain.

mod code;
mod css;
mod http;
mod language;
mod lexer;
mod lines;
mod markdown;
mod markup;
mod quotes;
mod scan;
mod shell;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod yaml;

use crate::base::text;
use crate::draw::theme::Theme;
use language::Language;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;
use scan::Class;
use state::State;

/// Lines and bytes of one block that are coloured; what comes after them is plain, so that no block can stall the screen.
pub const MAX_LINES: usize = 1_000;
pub const MAX_BYTES: usize = 64 * 1024;

/// A line longer than this is generated code: it and what follows it are plain.
const MAX_LINE: usize = 2_000;

/// The languages. It is a table that was made when dictum was built: making one costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Highlighter;

/// The state between two lines of one block.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// `None` when the block is plain from here on.
    state: Option<State>,
    lines: usize,
    bytes: usize,
}

impl Highlighter {
    /// The highlighter.
    pub fn new() -> Self {
        Self
    }

    /// Whether there is a row for this language.
    pub fn knows(&self, language: &str) -> bool {
        Language::named(language).is_some()
    }

    /// The language that the text after a fence names: `ts`, `ts title="a"`, `ts:src/a.ts` and `src/a.ts` are all `ts`.
    pub fn language_of<'a>(&self, info: &'a str) -> &'a str {
        let word = info.split([' ', ',', '{', ':', ';']).next().unwrap_or_default().trim_start_matches('.');
        let ending = word.rsplit(['.', '/']).next().unwrap_or_default();
        if self.knows(word) { word } else { ending }
    }

    /// The spans of each line of a block; tabs are expanded. The text is taken as sanitised.
    pub fn lines<'a>(
        &self,
        language: &str,
        source_lines: impl IntoIterator<Item = &'a str>,
        theme: &Theme,
    ) -> Vec<Vec<Span<'static>>> {
        let mut session = self.begin(language);
        source_lines.into_iter().map(|line| self.line(&mut session, line, theme)).collect()
    }

    /// Begins a block.
    pub fn begin(&self, language: &str) -> Session {
        Session { state: Language::named(language).map(State::new), lines: 0, bytes: 0 }
    }

    /// The state after these lines of a block.
    pub fn after<'a>(&self, language: &str, lines: impl IntoIterator<Item = &'a str>) -> Session {
        let mut session = self.begin(language);
        for line in lines {
            if session.read(line).is_none() {
                break;
            }
        }
        session
    }

    /// The spans of the next line of a block.
    pub fn line(&self, session: &mut Session, line: &str, theme: &Theme) -> Vec<Span<'static>> {
        match session.read(line) {
            Some(pieces) => spans(line, &pieces, theme),
            None => vec![Span::styled(text::expand_tabs(line, 0), theme.block)],
        }
    }
}

impl Session {
    /// Reads the next line; `None` where it is plain, as what follows it.
    fn read(&mut self, line: &str) -> Option<Vec<(usize, Class)>> {
        self.lines += 1;
        self.bytes += line.len() + 1;
        if self.lines > MAX_LINES || self.bytes > MAX_BYTES || line.len() > MAX_LINE {
            self.state = None;
        }
        self.state.as_mut().map(|state| lexer::line(state, line))
    }
}

/// The pieces of a line in their colours. No cluster is cut, whatever the pieces are.
fn spans(line: &str, pieces: &[(usize, Class)], theme: &Theme) -> Vec<Span<'static>> {
    let mut painted = Pieces { spans: Vec::new(), column: 0 };
    let mut clusters = text::clusters(line);
    let ascii = line.is_ascii();
    let mut start = 0;
    for (end, class) in pieces {
        let mut end = *end;
        if !ascii {
            let mut reached = start;
            while reached < end {
                reached = clusters.next().map_or(line.len(), |(at, cluster, _)| at + cluster.len());
            }
            end = reached;
        }
        painted.push(line.get(start..end).unwrap_or_default(), style(*class, theme));
        start = end.max(start);
    }
    painted.push(line.get(start..).unwrap_or_default(), theme.block);
    painted.spans
}

fn style(class: Class, theme: &Theme) -> Style {
    let syntax = &theme.syntax;
    match class {
        Class::Plain => theme.block,
        Class::Keyword => syntax.keyword,
        Class::Text => syntax.string,
        Class::Comment => syntax.comment,
        Class::Number => syntax.number,
        Class::Type => syntax.type_name,
        Class::Function => syntax.function,
        Class::Property => syntax.property,
        Class::Heading => syntax.function.add_modifier(Modifier::BOLD),
        Class::Added => theme.added,
        Class::Removed => theme.removed,
        Class::Strong => theme.strong,
        Class::Emphasis => theme.emphasis,
    }
}

/// The spans of a line so far.
struct Pieces {
    spans: Vec<Span<'static>>,
    column: usize,
}

impl Pieces {
    fn push(&mut self, piece: &str, style: Style) {
        if piece.is_empty() {
            return;
        }
        let expanded = text::expand_tabs(piece, self.column);
        self.column += text::width(&expanded);
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(&expanded),
            _ => self.spans.push(Span::styled(expanded, style)),
        }
    }
}
