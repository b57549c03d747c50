//! What in a message is not the user's own statement: fences, quotations, logs, documents, foreign spans. It never judges a rule.

use std::ops::Range;

use regex::Regex;
use regex::bytes::RegexSet;

use super::clause::fold;
use super::{Origin, Span};

/// Typed text past this many bytes is not looked at; nobody types so much.
const CAP: usize = 256 * 1024;
/// A message that is one paste up to this long, in prose, may be the user's own prompt.
const OWN_PASTE: usize = 600;

/// Why a stretch of text is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    Fence,
    /// `>` lines.
    BlockQuote,
    /// A statement in quotation marks, inside a sentence.
    Quoted,
    /// A few words in quotation marks: a name or a title, not read as the user's words, but part of them.
    Named,
    Log,
    Chat,
    Code,
    Url,
    /// A Markdown document, an e-mail, or what follows "summarise this:".
    Document,
    /// Pasted, and not adopted.
    Pasted,
    /// From a file, a tool, a model or a slash command, or past the cap.
    Foreign,
}

impl Hidden {
    /// Whether it stands on lines of its own, and so ends the sentence before it.
    pub fn is_block(self) -> bool {
        match self {
            Self::Quoted | Self::Named | Self::Url => false,
            Self::Fence
            | Self::BlockQuote
            | Self::Log
            | Self::Chat
            | Self::Code
            | Self::Document
            | Self::Pasted
            | Self::Foreign => true,
        }
    }

    /// Whether typed words ("treat it as a rule") can make it the user's own.
    pub fn adoptable(self) -> bool {
        match self {
            Self::Fence | Self::BlockQuote | Self::Quoted | Self::Document | Self::Pasted => true,
            Self::Named | Self::Log | Self::Chat | Self::Code | Self::Url | Self::Foreign => false,
        }
    }
}

/// A hidden stretch of the joined message, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    pub range: Range<usize>,
    pub hidden: Hidden,
}

/// The words that the masker knows, folded, from `words.txt`.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// "summarise", "translate": the rest of the message is material.
    pub handles: Vec<String>,
    /// "says", "got", "output": the paragraph after the colon is material.
    pub reports: Vec<String>,
    /// "rule", "always": the lead-in states a rule, so what follows is the user's.
    pub rules: Vec<String>,
}

/// Line and quotation shapes, compiled once.
#[derive(Clone, Debug, Default)]
pub struct Masker {
    lines: RegexSet,
    quoted: Option<Regex>,
    url: Option<Regex>,
    signals: Signals,
}

/// Shapes of lines that a program wrote. The class of line i is `LINE_KINDS[i]`.
const LINES: &[(&str, Shape)] = &[
    (r"(?i-u)^\s*at\s+\S.*(:\d+|\))\s*$", Shape::Log),
    (r"(?-u)^\s*\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d", Shape::Log),
    (r"(?-u)^E\s{2,}\S", Shape::Log),
    (r"(?-u)^\s*([A-Za-z_][A-Za-z_.0-9]*)?(Error|Exception|Warning)(\s*\[[^\]]*\])?:\s", Shape::Log),
    (r"(?-u)^\s*[a-z_0-9]+(\.[A-Za-z_0-9]+)*\.[A-Z][A-Za-z_0-9]*:\s", Shape::Log),
    (r"(?i-u)^\s*(npm|yarn|pnpm|pip)\s+(WARN|ERR!|error|warning|notice)\b", Shape::Log),
    (r"(?i-u)^\s*(warning|error|info|debug|fatal|panic|trace|caused by)(\[[^\]]*\])?:\s", Shape::Log),
    (r"(?-u)^\s*[\[(]?(INFO|WARN|WARNING|ERROR|DEBUG|TRACE|FATAL|CRITICAL)[\])]?[\s:|]", Shape::Log),
    (r"(?-u)^(Traceback \(most|\s+File \x22|\(node:\d+\)|goroutine \d+)", Shape::Log),
    (r"(?-u)^\s*([A-Z][a-z]{2} [ \d]\d )?\d\d:\d\d:\d\d([.,]\d+)?\s", Shape::Log),
    (r"(?-u)^\s*[\[{].*\x22[^\x22]*\x22\s*:.*[\]},]\s*$", Shape::Log),
    (r"(?-u)(^\s*|\berror )TS\d{4,5}\b|^\s*\d+:\d+\s+(error|warning)\s|cost=\d", Shape::Log),
    (r"(?-u)^(\+\+\+ |--- \S|@@ |diff --git |index [0-9a-f]{7})", Shape::Log),
    (r"(?-u)^[+-]\s*\S.*[;{})(,]\s*$", Shape::Code),
    (r"(?-u)^\s*\[?\d{1,2}:\d\d(:\d\d)?( ?[AaPp][Mm])?\]?\s+[^\s:]{1,24}( [^\s:]{1,24})?:\s", Shape::Chat),
    (r"(?-u)^\s*<[^<>\s]{1,24}>\s+\S", Shape::Chat),
    (r"(?-u)^\s*(//|/\*|\*/|#!|<!--)", Shape::Code),
    (
        r"(?-u)^\s*(import|export|const|let|var|function|class|def|return|public|private|protected|async|fn|func)\s.*(;|\{|\):?)\s*$",
        Shape::Code,
    ),
    (r"(?-u)^\s*[\])}]+[;,)]*\s*$", Shape::Code),
    (r"(?-u)^\s*[$%]\s+\S|^\S+@\S+[:~][^ ]*[$#]\s|^\s*(PS )?[A-Z]:\\[^>]*>", Shape::Prompt),
    (r"(?i-u)^(from|to|subject|date|cc|da|a|oggetto|data):\s+\S*(@|[A-Z]|\d)", Shape::Header),
    (r"(?-u)^#{1,6}\s+\S", Shape::Heading),
    (r"(?-u)^-- ?$", Shape::Signature),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Log,
    Code,
    Chat,
    /// A shell prompt: its output follows up to the next blank line.
    Prompt,
    Header,
    Heading,
    Signature,
}

impl Masker {
    /// Compiles the shapes; the words come from the lexicon's table.
    pub fn new(signals: Signals) -> Self {
        let lines =
            RegexSet::new(LINES.iter().map(|(shape, _)| *shape)).unwrap_or_else(|_| RegexSet::empty());
        let quoted = Regex::new(
            r#""[^"\n]+"|“[^”\n]+[”"]|„[^“”\n]+[“”]|«[^»\n]+»|‘[^\n‘’]+’|(?:^|[\s(:])'[^\s'\n](?:[^'\n]|[a-z]'[a-z])+'(?:$|[\s.,;:!?)])"#,
        );
        let url = Regex::new(r"https?://[^\s<>()]+|www\.[^\s<>()]+");
        Self { lines, quoted: quoted.ok(), url: url.ok(), signals }
    }

    /// The hidden regions of the joined message, in order and without overlap.
    pub fn regions(&self, spans: &[Span]) -> Vec<Region> {
        let own_paste = own_paste(spans);
        let mut out = Vec::new();
        let (mut at, mut typed) = (0, 0);
        for span in spans {
            let range = at..at + span.text.len();
            at = range.end;
            match span.origin {
                Origin::Typed => {
                    let room = floor(&span.text, CAP.saturating_sub(typed));
                    typed += room;
                    let seen = span.text.get(..room).unwrap_or("");
                    self.typed(seen, range.start, &mut out);
                    if room < span.text.len() {
                        push(&mut out, range.start + room..range.end, Hidden::Foreign);
                    }
                }
                Origin::Pasted if own_paste => self.typed(&span.text, range.start, &mut out),
                Origin::Pasted => push(&mut out, range, Hidden::Pasted),
                Origin::FileMention | Origin::Tool | Origin::Model | Origin::SlashExpansion => {
                    push(&mut out, range, Hidden::Foreign);
                }
            }
        }
        out
    }

    fn typed(&self, text: &str, base: usize, out: &mut Vec<Region>) {
        let mut blocks = Blocks::new(self.headings(text), speakers(text));
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let range = start..start + line.len();
            start = range.end;
            let bare = line.trim_end_matches(['\n', '\r']);
            let bare_end = range.start + bare.len();
            match blocks.line(bare, self) {
                Some(hidden) => push(out, base + range.start..base + bare_end, hidden),
                None => self.inline(bare, base + range.start, out),
            }
        }
    }

    /// Quotations and addresses inside a line.
    fn inline(&self, line: &str, base: usize, out: &mut Vec<Region>) {
        let mut found: Vec<(Range<usize>, Hidden)> = Vec::new();
        if let Some(url) = self.url.as_ref().filter(|_| line.contains("http") || line.contains("www.")) {
            found.extend(url.find_iter(line).map(|m| (m.range(), Hidden::Url)));
        }
        if let Some(quoted) = self.quoted.as_ref().filter(|_| line.contains(['"', '\'', '“', '„', '«', '‘']))
        {
            for m in quoted.find_iter(line) {
                let Some(inner) = line.get(m.range()) else { continue };
                let skipped = inner.len() - inner.trim_start_matches([' ', '\t', '(', ':']).len();
                let kept = inner.trim_end_matches(|c: char| {
                    c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')')
                });
                let range = m.start() + skipped..m.start() + kept.len();
                let words = folded(line.get(range.clone()).unwrap_or(""));
                if range.start < range.end && words.len() >= 2 {
                    found.push((range, if self.statement(&words) { Hidden::Quoted } else { Hidden::Named }));
                }
            }
        }
        found.sort_by_key(|(range, _)| range.start);
        for (range, hidden) in found {
            push(out, base + range.start..base + range.end, hidden);
        }
    }

    /// Whether a quotation is a statement and not just a name: four words, or two with a word of rule among them.
    fn statement(&self, words: &[String]) -> bool {
        words.len() >= 4 || words.iter().any(|word| self.signals.rules.contains(word))
    }

    fn headings(&self, text: &str) -> usize {
        text.lines().filter(|line| line.starts_with('#') && self.shape(line) == Some(Shape::Heading)).count()
    }

    fn shape(&self, line: &str) -> Option<Shape> {
        self.lines.matches(line.as_bytes()).iter().next().and_then(|i| LINES.get(i)).map(|(_, shape)| *shape)
    }
}

/// The state of a walk over typed lines.
struct Blocks {
    headings: usize,
    /// Names that speak more than once ("Bob: no way"), and those who answer them.
    speakers: Vec<String>,
    fence: Option<char>,
    /// Blank lines end it.
    paragraph: Option<Hidden>,
    /// Nothing ends it.
    rest: Option<Hidden>,
    headers: usize,
    before: Before,
    lead: Lead,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Blank,
    Text,
    Indented,
}

/// What the last typed line announced with its colon.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Nothing,
    Report,
}

impl Blocks {
    fn new(headings: usize, speakers: Vec<String>) -> Self {
        Self {
            headings,
            speakers,
            fence: None,
            paragraph: None,
            rest: None,
            headers: 0,
            before: Before::Blank,
            lead: Lead::Nothing,
        }
    }

    /// Why the line is hidden, if it is.
    fn line(&mut self, line: &str, masker: &Masker) -> Option<Hidden> {
        let trimmed = line.trim_start();
        if let Some(mark) = self.fence {
            if fence(trimmed) == Some(mark) {
                self.fence = None;
            }
            return Some(Hidden::Fence);
        }
        if let Some(mark) = fence(trimmed) {
            self.fence = Some(mark);
            self.lead = Lead::Nothing;
            return Some(Hidden::Fence);
        }
        if trimmed.is_empty() {
            self.paragraph = None;
            self.before = Before::Blank;
            return None;
        }
        let hidden = self.text_line(line, trimmed, masker);
        self.before =
            if hidden == Some(Hidden::Code) && indented(line) { Before::Indented } else { Before::Text };
        hidden
    }

    fn text_line(&mut self, line: &str, trimmed: &str, masker: &Masker) -> Option<Hidden> {
        if trimmed.starts_with('>') {
            self.lead = Lead::Nothing;
            return Some(Hidden::BlockQuote);
        }
        if let Some(hidden) = self.rest.or(self.paragraph) {
            return Some(hidden);
        }
        if self.lead == Lead::Report {
            self.lead = Lead::Nothing;
            self.paragraph = Some(Hidden::Document);
            return self.paragraph;
        }
        if indented(line) && self.before != Before::Text && !listed(trimmed) {
            return Some(Hidden::Code);
        }
        if speaker(line).is_some_and(|name| self.speakers.iter().any(|known| known == name)) {
            return Some(Hidden::Chat);
        }
        let shape = masker.shape(line);
        self.headers = if shape == Some(Shape::Header) { self.headers + 1 } else { 0 };
        match shape {
            Some(Shape::Log) => Some(Hidden::Log),
            Some(Shape::Chat) => Some(Hidden::Chat),
            Some(Shape::Code) => Some(Hidden::Code),
            Some(Shape::Prompt) => {
                self.paragraph = Some(Hidden::Log);
                self.paragraph
            }
            Some(Shape::Header) if self.headers >= 2 => self.until_end(),
            Some(Shape::Heading) if self.headings >= 2 => self.until_end(),
            Some(Shape::Signature) => self.until_end(),
            Some(Shape::Header | Shape::Heading) | None => {
                self.announce(line, masker);
                None
            }
        }
    }

    fn until_end(&mut self) -> Option<Hidden> {
        self.rest = Some(Hidden::Document);
        self.rest
    }

    /// Looks for a lead-in that makes what follows material: "summarise this:", "the docs say:".
    fn announce(&mut self, line: &str, masker: &Masker) {
        let end = line.trim_end();
        let words = folded(end);
        let holds = |list: &[String]| words.iter().any(|word| list.contains(word));
        let handles = words.iter().take(4).any(|word| masker.signals.handles.contains(word));
        if handles && (end.ends_with(':') || self.headings > 0) {
            self.rest = Some(Hidden::Document);
        } else if end.ends_with(':') && holds(&masker.signals.reports) && !holds(&masker.signals.rules) {
            self.lead = Lead::Report;
        }
    }
}

fn push(out: &mut Vec<Region>, range: Range<usize>, hidden: Hidden) {
    if range.is_empty() {
        return;
    }
    let start = out.last().map_or(range.start, |last| range.start.max(last.range.end));
    // Neighbouring lines of one block are one region, so that adoption takes the whole block.
    let joins =
        |last: &Region| last.hidden == hidden && hidden.is_block() && range.start <= last.range.end + 2;
    if let Some(last) = out.last_mut().filter(|last| joins(last)) {
        last.range.end = range.end.max(last.range.end);
        return;
    }
    if start < range.end {
        out.push(Region { range: start..range.end, hidden });
    }
}

/// The one-word label before a colon at the start of a line.
fn speaker(line: &str) -> Option<&str> {
    let (name, rest) = line.trim_start().split_once(": ")?;
    let plain = !name.is_empty()
        && name.len() <= 24
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    (plain && !rest.trim().is_empty()).then_some(name)
}

/// The labels of a conversation: at least three labelled lines, and one label twice.
fn speakers(text: &str) -> Vec<String> {
    let mut labels: Vec<&str> = text.lines().filter_map(speaker).collect();
    let lines = labels.len();
    labels.sort_unstable();
    labels.dedup();
    if lines > 2 && labels.len() < lines && labels.len() > 1 {
        labels.into_iter().map(str::to_string).collect()
    } else {
        Vec::new()
    }
}

fn fence(trimmed: &str) -> Option<char> {
    ['`', '~'].into_iter().find(|mark| trimmed.chars().take_while(|c| c == mark).count() >= 3)
}

fn indented(line: &str) -> bool {
    line.starts_with("    ") || line.starts_with('\t')
}

fn listed(trimmed: &str) -> bool {
    trimmed.starts_with(['-', '*', '•', '+']) || trimmed.starts_with(|c: char| c.is_ascii_digit())
}

fn folded(line: &str) -> Vec<String> {
    line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(fold).collect()
}

/// Whether the whole message is one short paste that reads like prose of the user's own: one line, as several are a document or a log.
pub fn own_paste(spans: &[Span]) -> bool {
    let mut full = spans.iter().filter(|span| !span.text.trim().is_empty());
    let (Some(only), None) = (full.next(), full.next()) else { return false };
    let letters = only.text.chars().filter(|c| c.is_alphabetic() || *c == ' ').count();
    only.origin == Origin::Pasted
        && only.text.len() <= OWN_PASTE
        && !only.text.trim().contains('\n')
        && letters * 10 >= only.text.chars().count() * 8
}

/// The largest char boundary up to `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
