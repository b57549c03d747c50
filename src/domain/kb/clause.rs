//! Words, sentences and clauses of a message, each with its place in the typed bytes. It never judges what a clause means.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::cues::{Lexicon, Word};
use super::mask::{Hidden, Region};

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    /// Inline code, a path, a camelCase name: opaque, and often the object of a rule.
    Code,
    Number,
    Mark,
    /// A line end.
    Break,
    /// Something that is not the user's own statement: a quotation, a log, a fence.
    Masked(Hidden),
}

/// One token: its typed bytes and its folded form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub range: Range<usize>,
    pub norm: String,
    pub kind: Kind,
    /// Which word classes of the lexicon it belongs to, one bit each.
    pub classes: u64,
    /// Its number in the lexicon; 0 when unknown.
    pub word: u32,
    /// The languages that it speaks for, one bit each.
    pub votes: u8,
}

/// Why a sentence ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Stop,
    Question,
    Colon,
    Line,
}

/// A sentence: a range of tokens, how it ended, and the line that it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    pub tokens: Range<usize>,
    pub end: End,
    /// The sentence is an item of a typed list.
    pub item: Item,
    /// Blank-line separated paragraph number.
    pub paragraph: usize,
}

/// Whether a sentence opened with a list marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Prose,
    Listed,
}

/// Lower-cases, drops accents and invisible characters. `è` alone stays apart from `e`, since one means "is" and the other "and".
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        let lower = word.to_ascii_lowercase();
        let drawn = lower.as_bytes().windows(3).any(|three| matches!(three, [a, b, c] if a == b && b == c));
        return if drawn { squeeze(&lower) } else { lower };
    }
    let lower: String = word
        .nfkc()
        .flat_map(char::to_lowercase)
        .filter_map(|c| if invisible(c) { None } else { Some(straight(c)) })
        .collect();
    if matches!(lower.as_str(), "è" | "é" | "e'") {
        return "è".to_string();
    }
    squeeze(&lower.nfd().filter(|c| !is_combining_mark(*c)).collect::<String>().replace('ß', "ss"))
}

/// Shortens a letter repeated three times or more to two ("noooo" to "noo").
fn squeeze(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let (mut last, mut run) = ('\0', 0usize);
    for c in word.chars() {
        run = if c == last { run + 1 } else { 1 };
        last = c;
        if run < 3 || !c.is_alphabetic() {
            out.push(c);
        }
    }
    out
}

fn straight(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{00b4}' | '`' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => c,
    }
}

/// Characters that a reader cannot see: zero width, bidi controls, tags.
pub fn invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{00ad}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Cuts `text` into tokens. Masked regions become one token each, so that clauses keep their shape.
pub fn tokens(text: &str, hidden: &[Region], lexicon: &Lexicon) -> Vec<Token> {
    let mut cutter = Cutter { text, lexicon, out: Vec::new() };
    let mut at = 0;
    for region in hidden {
        if region.range.start > at {
            cutter.stretch(at..region.range.start);
        }
        if region.range.end > at {
            cutter.push(region.range.clone(), String::new(), Kind::Masked(region.hidden));
            at = region.range.end;
        }
    }
    cutter.stretch(at..text.len());
    cutter.out
}

struct Cutter<'a> {
    text: &'a str,
    lexicon: &'a Lexicon,
    out: Vec<Token>,
}

impl Cutter<'_> {
    fn push(&mut self, range: Range<usize>, norm: String, kind: Kind) {
        let known = match kind {
            Kind::Word | Kind::Mark | Kind::Code | Kind::Number => self.lexicon.look(&norm),
            Kind::Break | Kind::Masked(_) => Word::default(),
        };
        self.out.push(Token {
            range,
            norm,
            kind,
            classes: known.classes,
            word: known.id,
            votes: known.votes,
        });
    }

    fn stretch(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            let Some(rest) = self.text.get(at..range.end) else { return };
            let Some(c) = rest.chars().next() else { return };
            let size = c.len_utf8();
            if c == '\n' {
                self.push(at..at + size, "\n".into(), Kind::Break);
                at += size;
            } else if c.is_whitespace() || invisible(c) || c.is_control() {
                at += size;
            } else if let Some(length) = opaque(rest, c) {
                self.push(at..at + length, fold(rest.get(..length).unwrap_or("")), Kind::Code);
                at += length;
            } else {
                let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
                self.run(at, at + length);
                at += length;
            }
        }
    }

    /// One run without blanks: leading marks, a body, trailing marks.
    fn run(&mut self, start: usize, end: usize) {
        let Some(run) = self.text.get(start..end) else { return };
        if run.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return self.piece(start..end, fold(run));
        }
        let lead = run.len() - run.trim_start_matches(|c| opens(c, run)).len();
        let body = run.get(lead..).unwrap_or("");
        let kept = body.trim_end_matches(closes);
        let kept = abbreviated(body, balanced(body, kept));
        self.marks(start, run.get(..lead).unwrap_or(""));
        self.body(start + lead, kept);
        self.marks(start + lead + kept.len(), body.get(kept.len()..).unwrap_or(""));
    }

    fn marks(&mut self, start: usize, marks: &str) {
        for (i, c) in marks.char_indices() {
            let c = straight(c);
            let norm = if c == '…' { '.' } else { c };
            let at = start + i;
            let size = marks.get(i..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
            let repeated = self
                .out
                .last()
                .is_some_and(|t| t.kind == Kind::Mark && t.range.end == at && t.norm.chars().eq([norm]));
            if !repeated {
                self.push(at..at + size, norm.to_string(), Kind::Mark);
            }
        }
    }

    fn body(&mut self, start: usize, body: &str) {
        if body.is_empty() {
            return;
        }
        if let Some(cut) = glued(body) {
            self.body(start, body.get(..cut).unwrap_or(""));
            let width = body.get(cut..).and_then(|r| r.chars().next()).map_or(1, char::len_utf8);
            self.marks(start + cut, body.get(cut..cut + width).unwrap_or(""));
            let rest = body.get(cut + width..).unwrap_or("").trim_start_matches('.');
            return self.run(start + body.len() - rest.len(), start + body.len());
        }
        let range = start..start + body.len();
        match shape(body) {
            Shape::Number => self.push(range, fold(body), Kind::Number),
            Shape::Code => self.push(range, fold(body), Kind::Code),
            Shape::Symbol => self.push(range, fold(body), Kind::Mark),
            Shape::Word => self.word(range, body),
        }
    }

    /// A word, with its contraction or elision taken apart and its chat spelling written out.
    fn word(&mut self, range: Range<usize>, body: &str) {
        let pieces = split_apostrophe(&fold(body));
        let mark = body.char_indices().find(|(_, c)| straight(*c) == '\'').filter(|_| pieces.len() > 1);
        for (at, piece) in pieces.into_iter().enumerate() {
            let place = match mark {
                Some((i, _)) if at == 0 => range.start..range.start + i,
                Some((i, c)) => range.start + i + c.len_utf8()..range.end,
                None => range.clone(),
            };
            self.piece(place, piece);
        }
    }

    /// A folded word without an apostrophe.
    fn piece(&mut self, place: Range<usize>, piece: String) {
        match self.lexicon.spelling(&piece) {
            Some(words) => {
                for word in words.split(' ') {
                    self.push(place.clone(), word.to_string(), Kind::Word);
                }
            }
            None => self.push(place, self.lexicon.corrected(piece), Kind::Word),
        }
    }
}

enum Shape {
    Word,
    Code,
    Number,
    Symbol,
}

fn shape(body: &str) -> Shape {
    let mut letters = 0usize;
    let mut digits = 0usize;
    let mut code = body.starts_with("--");
    let mut last_lower = false;
    for c in body.chars() {
        if c.is_alphabetic() || is_combining_mark(c) || invisible(c) {
            code |= last_lower && c.is_uppercase();
            letters += 1;
        } else if c.is_numeric() {
            digits += 1;
        } else {
            code |= !matches!(straight(c), '\'' | '-' | '.' | ',' | '%' | '+' | '&');
        }
        last_lower = c.is_lowercase();
    }
    let dotted = body.trim_end_matches('.').contains('.')
        && !matches!(body, "e.g" | "i.e" | "e.g." | "i.e." | "p.s" | "P.S");
    if letters + digits == 0 {
        Shape::Symbol
    } else if letters == 0 && !code {
        Shape::Number
    } else if code || (digits > 0 && letters > 0) || dotted {
        Shape::Code
    } else {
        Shape::Word
    }
}

/// A backticked name or a balanced brace group on one line is one token. Gives its length.
fn opaque(rest: &str, first: char) -> Option<usize> {
    if !matches!(first, '`' | '{') {
        return None;
    }
    let line = rest.lines().next().unwrap_or(rest);
    match first {
        '`' => line.get(1..)?.find('`').map(|i| i + 2),
        '{' => {
            let mut depth = 0usize;
            for (i, c) in line.char_indices().take(160) {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth == 0 {
                    return Some(i + 1);
                }
            }
            None
        }
        _ => None,
    }
}

fn opens(c: char, run: &str) -> bool {
    match straight(c) {
        '(' | '"' | '\'' | '[' | '«' | '¿' | '¡' | '*' | ',' | ';' | ':' | '?' | '!' => true,
        '…' => true,
        '.' => run.chars().all(|c| c == '.') || run.starts_with(".."),
        _ => false,
    }
}

fn closes(c: char) -> bool {
    matches!(straight(c), '.' | ',' | ';' | ':' | '!' | '?' | ')' | '"' | '\'' | ']' | '»' | '*' | '…')
}

/// Keeps a closing bracket that belongs to the body (`parse()`, `NUMERIC(12,2)`, `__x__[0]`).
fn balanced<'a>(body: &'a str, kept: &'a str) -> &'a str {
    for (open, close) in [('(', ')'), ('[', ']')] {
        let unclosed = kept.contains(open) && !kept.contains(close);
        let tail = body.get(kept.len()..).unwrap_or("");
        if let Some(i) = tail.find(close).filter(|_| unclosed) {
            return body.get(..kept.len() + i + close.len_utf8()).unwrap_or(kept);
        }
    }
    kept
}

/// Keeps the point of an abbreviation, which ends no sentence.
fn abbreviated<'a>(body: &'a str, kept: &'a str) -> &'a str {
    let short = [
        "e.g", "i.e", "es", "ad.es", "ecc", "etc", "vs", "p.es", "z.b", "p.ex", "approx", "incl", "min",
        "max", "nr",
    ];
    let dotted = body.get(kept.len()..).is_some_and(|tail| tail.starts_with('.'));
    let known = short.iter().any(|known| known.eq_ignore_ascii_case(kept));
    if dotted && known && (kept.contains('.') || body.len() > kept.len() + 1) {
        return body.get(..kept.len() + 1).unwrap_or(kept);
    }
    kept
}

/// Where two words are stuck together by a mark without a blank ("tabs...wait", "npm,yarn").
fn glued(body: &str) -> Option<usize> {
    if body.contains(['(', '[', '{', '<', '/', '@']) {
        return None;
    }
    if let Some(i) = body.find("...").filter(|i| *i > 0) {
        return Some(i);
    }
    let next_letter = |i: usize, w: usize| {
        body.get(i + w..).and_then(|r| r.chars().next()).is_some_and(char::is_alphabetic)
    };
    body.char_indices()
        .find(|(i, c)| {
            let joins = matches!(c, ',' | ';' | '?' | '!' | '…') || (matches!(c, '—' | '–') && *i > 0);
            joins && *i > 0 && next_letter(*i, c.len_utf8())
        })
        .map(|(i, _)| i)
}

/// Takes "we're" to "we" and "are", "don't" to "dont", "d'ora" to "d" and "ora".
fn split_apostrophe(word: &str) -> Vec<String> {
    let Some((head, tail)) = word.split_once('\'') else { return vec![word.to_string()] };
    if (head.ends_with('n') && tail == "t") || (head == "let" && tail == "s") {
        return vec![format!("{head}{tail}")];
    }
    if tail.is_empty() {
        return vec![(if head == "e" { "è" } else { head }).to_string()];
    }
    if head.is_empty() {
        return vec![tail.to_string()];
    }
    let grown = match tail {
        "re" => "are",
        "ve" => "have",
        "ll" => "will",
        "d" => "would",
        "m" => "am",
        "s" => "'s",
        other => other,
    };
    vec![head.to_string(), grown.to_string()]
}

/// Groups tokens into sentences.
pub fn sentences(text: &str, tokens: &[Token]) -> Vec<Sentence> {
    let mut out = Vec::new();
    let mut open = Open { start: 0, item: Item::Prose, paragraph: 0, breaks: 1 };
    for (i, token) in tokens.iter().enumerate() {
        let end = match token.kind {
            Kind::Break => Some(End::Line),
            Kind::Masked(hidden) if hidden.is_block() => Some(End::Line),
            Kind::Mark => match token.norm.as_str() {
                "." | "!" | ";" => Some(End::Stop),
                "?" => Some(End::Question),
                ":" if tokens.get(i + 1).is_none_or(|t| ends_line(t.kind)) => Some(End::Colon),
                _ => None,
            },
            Kind::Word | Kind::Code | Kind::Number | Kind::Masked(_) => None,
        };
        let marker = i == open.start && open.breaks > 0 && list_marker(tokens, i);
        if marker {
            open.item = Item::Listed;
            open.start = i + 1;
            continue;
        }
        if let Some(end) = end {
            if ends_line(token.kind) && wrapped(text, tokens, open.start, i) {
                continue;
            }
            // A colon stays in its sentence: it tells a lead-in ("new rule:") from a mention of rules.
            open.close(&mut out, if end == End::Colon { i + 1 } else { i }, end);
            open.start = i + 1;
        }
        open.line_state(token.kind);
    }
    open.close(&mut out, tokens.len(), End::Line);
    out
}

struct Open {
    start: usize,
    item: Item,
    paragraph: usize,
    breaks: usize,
}

impl Open {
    fn close(&mut self, out: &mut Vec<Sentence>, at: usize, end: End) {
        if at > self.start {
            out.push(Sentence { tokens: self.start..at, end, item: self.item, paragraph: self.paragraph });
        } else if let (End::Question, Some(last)) = (end, out.last_mut()) {
            last.end = End::Question;
        }
    }

    fn line_state(&mut self, kind: Kind) {
        if ends_line(kind) {
            self.breaks += 1;
            self.item = Item::Prose;
            if self.breaks == 2 {
                self.paragraph += 1;
            }
        } else {
            self.breaks = 0;
        }
    }
}

fn ends_line(kind: Kind) -> bool {
    match kind {
        Kind::Break => true,
        Kind::Masked(hidden) => hidden.is_block(),
        Kind::Word | Kind::Code | Kind::Number | Kind::Mark => false,
    }
}

/// `-`, `*`, `•` or `1.` at the start of a line.
fn list_marker(tokens: &[Token], i: usize) -> bool {
    let Some(token) = tokens.get(i) else { return false };
    match token.kind {
        Kind::Mark => matches!(token.norm.as_str(), "-" | "*" | "•" | "+"),
        Kind::Number => tokens.get(i + 1).is_some_and(|t| {
            t.kind == Kind::Mark && matches!(t.norm.as_str(), "." | ")") && t.range.start == token.range.end
        }),
        Kind::Word | Kind::Code | Kind::Break | Kind::Masked(_) => false,
    }
}

/// A line end inside hard-wrapped prose: the line is long and the next one goes on in lower case.
fn wrapped(text: &str, tokens: &[Token], start: usize, at: usize) -> bool {
    let Some(token) = tokens.get(at).filter(|t| t.kind == Kind::Break) else { return false };
    let before = tokens.get(..at).unwrap_or(&[]);
    let line = before.iter().rev().take_while(|t| t.kind != Kind::Break).last();
    let long = line.is_some_and(|first| token.range.start.saturating_sub(first.range.start) >= 60);
    let goes_on =
        tokens.get(at + 1).filter(|t| matches!(t.kind, Kind::Word | Kind::Code)).is_some_and(|next| {
            text.get(next.range.clone())
                .and_then(|word| word.chars().next())
                .is_some_and(|c| !c.is_uppercase())
        });
    long && goes_on && at > start
}
