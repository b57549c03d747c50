//! The frame of a sentence: what it speaks of, how it ties that to a value, and the value. It decides nothing and knows no slots.

use std::collections::BTreeSet;
use std::ops::Range;

use regex::Regex;

use super::words::{Token, Words, fold};

/// How subject and value hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// `Label: value`, or "value is our label".
    Label,
    /// "X are Y".
    Is,
    /// "X live in Y", "X go to Y".
    Place,
    /// "X at Y", "X before Y".
    Time,
    /// "X with Y", "X use Y".
    Means,
    /// "X as Y".
    Form,
}

/// One sentence cut at its tie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub tie: Tie,
    pub subject: BTreeSet<String>,
    pub value: BTreeSet<String>,
    /// Bytes of the value in the text, from its first to its last word.
    pub range: Range<usize>,
}

/// The words that tie, compiled. Built once and passed along.
#[derive(Clone, Debug, Default)]
pub struct Ties {
    is: Option<Regex>,
    hangs: Option<Regex>,
    turned: Option<Regex>,
    used: Option<Regex>,
}

impl Ties {
    /// Compiles the ties of all languages.
    pub fn new() -> Self {
        let is = r"(?-u)(?:\b(?:is|are|must be|should be|has to be|have to be|e|sono|es|son|est|sont|ist|sind|sao)\b|=)";
        let hangs = [
            r"\bat (?P<skip>most|least|all|once)\b",
            r"\b(?P<form>as|come|comme|como|als)\b",
            r"\b(?P<means>with|using|uses?|follows?|from|seguono|segue|suivent|sigue|siguen|folgen|von|aus|dal|dalla|dai|via|through|over|by|per|con|usano|usa|tramite|mediante|attraverso|avec|par|utilisent|utilise|usan|por|mit|durch|uber|verwenden|com|usam)\b",
            r"\b(?P<place>in|into|to|under|on|next to|beside|nel|nella|nei|nelle|su|sul|sulla|accanto|en|dans|sous|sur|im|auf|unter|em|no|na)\b",
            r"\b(?P<time>at|after|before|dopo|prima|apres|avant|nach|vor|ogni)\b",
        ]
        .join("|");
        let turned = r"^[^a-z0-9]*(.+?) (?:is|are|e|es|est|ist) (?:now )?(?:our|the|il nostro|la nostra|notre|nuestro|nuestra|unser|unsere|nosso|nossa) (.+)$";
        let used = r"^[^a-z0-9]*(?:please |we |always |only )*(?:use|usa|usiamo|usare|utilise|utiliser|utilisons|usar|usamos|verwende|nutze|usem|adopt|prefer) ([^ ]+(?: [^ ]+)?) (?:for|per|pour|para|fur) (?:the |all |our |i |le |gli |la |il |les |los |las |die |der |das |os |as )?([^ ]+(?: [^ ]+)?)[^a-z0-9]*$";
        let compiled = |pattern: &str| Regex::new(pattern).ok();
        let hangs = format!("(?-u){hangs}");
        Self { is: compiled(is), hangs: compiled(&hangs), turned: compiled(turned), used: compiled(used) }
    }

    /// The frame of a sentence; `None` when it has no tie, or when nothing stands on one side. `label` is the length of its label in
    /// bytes, 0 when it has none.
    pub fn frame(&self, text: &str, tokens: &[Token], words: &Words, label: usize) -> Option<Frame> {
        if label > 0 {
            let frame = cut(tokens, label, label, text.len(), Tie::Label)?;
            // A label's value is all that stands behind it, with the words that mean little.
            let rest = text.get(label..)?;
            let value = rest.trim_start_matches([':', '*', '_', '|', ' ']);
            let range = label + rest.len() - value.len()..label + rest.trim_end().len();
            return Some(Frame { range, ..frame });
        }
        let folded = fold(text);
        let end = segment_end(&folded.text, tokens, |at| folded.source(at..at).start);
        let part = folded.text.get(..end)?;
        if let Some(found) = self.used.as_ref()?.captures(part) {
            let (value, subject) =
                (folded.source(found.get(1)?.range()), folded.source(found.get(2)?.range()));
            return turned(tokens, &value, &subject, Tie::Means);
        }
        if opens_with_use(part, words) {
            return None;
        }
        if let Some(found) = self.turned.as_ref()?.captures(part) {
            let (value, subject) =
                (folded.source(found.get(1)?.range()), folded.source(found.get(2)?.range()));
            return turned(tokens, &value, &subject, Tie::Label);
        }
        let limit = folded.source(end..end).start;
        let at = |range: Range<usize>| folded.source(range);
        let is = self
            .is
            .as_ref()?
            .find_iter(part)
            .map(|found| at(found.range()))
            .find(|link| said(tokens, 0, link.start) > 0);
        let hang = self.hangs.as_ref()?.captures_iter(part).find_map(|found| {
            let ties =
                [("means", Tie::Means), ("place", Tie::Place), ("time", Tie::Time), ("form", Tie::Form)];
            let tie = ties.iter().find(|(name, _)| found.name(name).is_some()).map(|(_, tie)| *tie)?;
            let link = at(found.get(0)?.range());
            let behind =
                is.as_ref().is_none_or(|is| link.start >= is.end && said(tokens, is.end, link.start) <= 1);
            (behind && said(tokens, 0, link.start) > 0).then_some((link, tie))
        });
        match (hang, is) {
            (Some((link, tie)), _) => cut(tokens, link.start, link.end, limit, tie),
            (None, Some(link)) => cut(tokens, link.start, link.end, limit, Tie::Is),
            (None, None) => None,
        }
    }
}

/// "use X in Y" limits X to Y and ties nothing.
fn opens_with_use(part: &str, words: &Words) -> bool {
    let first = part.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or("");
    matches!(
        first,
        "use"
            | "using"
            | "usa"
            | "usare"
            | "utilise"
            | "usar"
            | "verwende"
            | "in"
            | "for"
            | "per"
            | "when"
            | "quando"
    ) && words.is_stop(first)
}

/// Folded bytes up to the end of the first segment that says anything.
fn segment_end(folded: &str, tokens: &[Token], source: impl Fn(usize) -> usize) -> usize {
    let first = tokens.first().map_or(0, |token| token.range.start);
    folded
        .char_indices()
        .filter(|(_, c)| matches!(c, ',' | ';' | '\n' | '('))
        .map(|(at, _)| at)
        .find(|at| source(*at) > first)
        .unwrap_or(folded.len())
}

fn said(tokens: &[Token], from: usize, to: usize) -> usize {
    tokens.iter().filter(|token| token.range.start >= from && token.range.end <= to).count()
}

fn cut(tokens: &[Token], subject_end: usize, value_start: usize, limit: usize, tie: Tie) -> Option<Frame> {
    let subject = tokens
        .iter()
        .filter(|token| token.range.end <= subject_end)
        .map(|token| token.meaning.clone())
        .collect();
    let value: Vec<&Token> =
        tokens.iter().filter(|token| token.range.start >= value_start && token.range.end <= limit).collect();
    let range = value.first()?.range.start..value.last()?.range.end;
    Some(Frame { tie, subject, value: value.iter().map(|token| token.meaning.clone()).collect(), range })
}

fn turned(tokens: &[Token], value: &Range<usize>, subject: &Range<usize>, tie: Tie) -> Option<Frame> {
    let inside = |range: &Range<usize>| {
        let range = range.clone();
        tokens.iter().filter(move |token| range.start <= token.range.start && token.range.end <= range.end)
    };
    let range = inside(value).next()?.range.start..inside(value).next_back()?.range.end;
    let meanings = |range: &Range<usize>| inside(range).map(|token| token.meaning.clone()).collect();
    Some(Frame { tie, subject: meanings(subject), value: meanings(value), range })
}

/// The sort of a name; two values of one frame exclude each other only when they are of one sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Path,
    Word,
}

/// The sort of name that words look like; `None` when they look like none, or open with a plain word or a number.
pub fn sort(text: &str, range: &Range<usize>) -> Option<Sort> {
    let written = text.get(range.clone()).unwrap_or("");
    let mut words = written.split_whitespace();
    let first = words.next()?;
    let path = |word: &str| word.contains('/') || super::facts::is_path(&word.to_lowercase());
    let amount = first.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
    let plain = words.next().is_some() && first.chars().all(char::is_lowercase);
    let kind = if written.split_whitespace().any(path) { Sort::Path } else { Sort::Word };
    (is_name(text, range) && !amount && !plain).then_some(kind)
}

/// Whether words look like a name: a capital inside the text, a digit, a dot or a slash.
pub fn is_name(text: &str, range: &Range<usize>) -> bool {
    let written = text.get(range.clone()).unwrap_or("");
    let capitals = written.chars().filter(|c| c.is_uppercase()).count();
    let marked = written.chars().any(|c| c.is_ascii_digit() || matches!(c, '.' | '/' | '_'));
    marked || capitals > 1 || (capitals == 1 && range.start > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(Tie, &str, &str)>) {
        let words = Words::new();
        let label = crate::domain::kb::prose::label(text).map_or(0, |(label, _)| label.len());
        let frame = Ties::new().frame(text, &words.tokens(text), &words, label);
        let found = frame.map(|frame| (frame.tie, frame.subject.len(), text[frame.range].to_string()));
        let expect =
            expect.map(|(tie, subject, value)| (tie, words.tokens(subject).len(), value.to_string()));
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn a_sentence_is_cut_at_its_tie() {
        check("Engine: Unity 2022", Some((Tie::Label, "engine", "Unity 2022")));
        check("Alerts go to PagerDuty.", Some((Tie::Place, "alerts", "PagerDuty")));
        check("Tickets are tracked in Jira", Some((Tie::Place, "tickets tracked", "Jira")));
        check("Textures are PNG, always", Some((Tie::Is, "textures", "PNG")));
        check("we compile with clang", Some((Tie::Means, "compile", "clang")));
        check("JAX is our framework now", Some((Tie::Label, "framework", "JAX")));
        check(
            "timestamps in payloads are ISO strings",
            Some((Tie::Is, "timestamps payloads", "ISO strings")),
        );
        check("use zod in handlers", None);
        check("be kind", None);
    }
}
