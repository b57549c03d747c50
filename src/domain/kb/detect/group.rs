//! Splits a sentence into pieces and finds where each one really begins, after its lead-ins. It gives no weight to anything.

use std::ops::Range;

use crate::domain::kb::clause::{Kind, Sentence, Token};
use crate::domain::kb::cues::{Hit, Lexicon};

/// The class bits that the code needs, looked up once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bits {
    pub univ: u64,
    pub pushy: u64,
    pub modal: u64,
    pub modalneg: u64,
    pub copula: u64,
    pub place: u64,
    pub habit: u64,
    pub always: u64,
    pub never: u64,
    pub only: u64,
    pub we: u64,
    pub me: u64,
    pub pron: u64,
    pub defsg: u64,
    pub defpl: u64,
    pub demo: u64,
    pub poss1: u64,
    pub our: u64,
    pub indef: u64,
    pub prep: u64,
    pub task: u64,
    pub rulev: u64,
    pub infinitive: u64,
    pub enduser: u64,
    pub problem: u64,
    pub status: u64,
    pub qword: u64,
    pub invert: u64,
    pub coord: u64,
    pub contrary: u64,
    pub subord: u64,
    pub cond: u64,
    pub style: u64,
    pub lang: u64,
    pub kb: u64,
    pub filler: u64,
    pub project: u64,
    pub thing: u64,
    pub qstrong: u64,
    pub tag: u64,
    pub waynoun: u64,
    pub uiplace: u64,
}

impl Bits {
    /// Looks every class up by its name.
    pub fn new(lexicon: &Lexicon) -> Self {
        let bit = |name: &str| lexicon.class(name);
        Self {
            univ: bit("univ"),
            pushy: bit("pushy"),
            modal: bit("modal"),
            modalneg: bit("modalneg"),
            copula: bit("copula"),
            place: bit("place"),
            habit: bit("habit"),
            always: bit("always"),
            never: bit("never"),
            only: bit("only"),
            we: bit("we"),
            me: bit("me"),
            pron: bit("pron"),
            defsg: bit("defsg"),
            defpl: bit("defpl"),
            demo: bit("demo"),
            poss1: bit("poss1"),
            our: bit("our"),
            indef: bit("indef"),
            prep: bit("prep"),
            task: bit("task"),
            rulev: bit("rulev"),
            infinitive: bit("infinitive"),
            enduser: bit("enduser"),
            problem: bit("problem"),
            status: bit("status"),
            qword: bit("qword"),
            invert: bit("invert"),
            coord: bit("coord"),
            contrary: bit("contrary"),
            subord: bit("subord"),
            cond: bit("cond"),
            style: bit("style"),
            lang: bit("lang"),
            kb: bit("kb"),
            filler: bit("filler"),
            project: bit("project"),
            thing: bit("thing"),
            qstrong: bit("qstrong"),
            tag: bit("tag"),
            waynoun: bit("waynoun"),
            uiplace: bit("uiplace"),
        }
    }
}

/// A stretch of a sentence between commas, colons and clause-opening conjunctions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Tokens of the message.
    pub tokens: Range<usize>,
    /// The first token that carries the clause, after "ok", "from now on", "please"; equals the end when nothing is left.
    pub head: usize,
    /// Where its lead-ins and their marks begin, up to the head.
    leads: Vec<usize>,
    /// The mark or word that opened it.
    pub opened: Opened,
}

impl Piece {
    /// A piece without lead-ins.
    pub fn plain(tokens: Range<usize>, opened: Opened) -> Self {
        Self { head: tokens.start, leads: Vec::new(), tokens, opened }
    }
}

/// How a piece is joined to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    Sentence,
    Comma,
    Colon,
    /// "and", "e": a further clause.
    Coordinator,
    /// "but", "ma".
    Contrary,
    Bracket,
}

/// Cuts a sentence into pieces with their heads.
pub fn pieces(
    tokens: &[Token],
    sentence: &Sentence,
    langs: u8,
    lexicon: &Lexicon,
    bits: &Bits,
) -> Vec<Piece> {
    let mut cuts: Vec<(usize, Opened)> = vec![(sentence.tokens.start, Opened::Sentence)];
    let mut depth = 0usize;
    for i in sentence.tokens.clone() {
        let Some(token) = tokens.get(i) else { break };
        if token.kind == Kind::Mark {
            match token.norm.as_str() {
                "," => cuts.push((i + 1, Opened::Comma)),
                ":" => cuts.push((i + 1, Opened::Colon)),
                "-" if i > sentence.tokens.start => cuts.push((i + 1, Opened::Comma)),
                "(" => {
                    depth += 1;
                    cuts.push((i + 1, Opened::Bracket));
                }
                ")" if depth > 0 => {
                    depth -= 1;
                    cuts.push((i + 1, Opened::Comma));
                }
                _ => {}
            }
        } else if let Some(opened) = conjunction(tokens, &cuts, i, bits) {
            cuts.push((i, opened));
        } else if spoken(tokens, &cuts, i, langs, lexicon, bits) {
            cuts.push((i, Opened::Coordinator));
        }
    }
    let ends: Vec<usize> = cuts.iter().skip(1).map(|(at, _)| *at).chain([sentence.tokens.end]).collect();
    cuts.iter()
        .zip(ends)
        .map(|((start, opened), end)| (*start..end, *opened))
        .filter(|(range, _)| range.clone().any(|i| tokens.get(i).is_some_and(|t| t.kind != Kind::Mark)))
        .map(|(range, opened)| {
            let (head, leads) = head(tokens, &range, langs, lexicon);
            Piece { tokens: range, head, leads, opened }
        })
        .collect()
}

/// Whether a conjunction at `i` opens a clause of its own.
fn conjunction(tokens: &[Token], cuts: &[(usize, Opened)], i: usize, bits: &Bits) -> Option<Opened> {
    let token = tokens.get(i)?;
    let (start, _) = cuts.last()?;
    if token.kind != Kind::Word || token.classes & (bits.coord | bits.contrary) == 0 {
        return None;
    }
    let first = tokens.get(*start).map_or(0, |t| t.classes);
    let next = tokens.get(i + 1).filter(|t| t.kind == Kind::Word)?;
    if token.classes & bits.contrary != 0 {
        return (i > *start).then_some(Opened::Contrary);
    }
    let opens = bits.pron | bits.we | bits.always | bits.never | bits.filler | bits.univ;
    let verbs = bits.task | bits.rulev;
    let named = matches!(
        next.norm.as_str(),
        "dont"
            | "do"
            | "lets"
            | "in"
            | "non"
            | "generally"
            | "from"
            | "as"
            | "no"
            | "for"
            | "when"
            | "quando"
    );
    let verb_after_verb =
        next.classes & verbs != 0 && first & (verbs | bits.filler | bits.pron | bits.we) != 0;
    // At the start of a piece the conjunction only colours it; the cut is already there.
    if i == *start {
        return None;
    }
    (next.classes & opens != 0 && next.classes & bits.demo == 0 || named || verb_after_verb)
        .then_some(Opened::Coordinator)
}

/// Speech without commas: a durable cue in the middle of an order opens a clause when a subject or a verb follows it ("fix the header
/// from now on we use rem").
fn spoken(
    tokens: &[Token],
    cuts: &[(usize, Opened)],
    i: usize,
    langs: u8,
    lexicon: &Lexicon,
    bits: &Bits,
) -> bool {
    let Some((start, _)) = cuts.last() else { return false };
    let ordered = tokens.get(*start).is_some_and(|t| t.classes & bits.task != 0);
    if !ordered || i < start + 2 {
        return false;
    }
    let Some(hit) = lexicon.leads_at(tokens, i, langs).filter(|hit| hit.tokens.len() > 1) else {
        return false;
    };
    let durable = lexicon.features.get(hit.feature).is_some_and(|feature| feature.name == "durable");
    let opens = bits.we | bits.pron | bits.task | bits.rulev | bits.always | bits.never | bits.univ;
    durable && tokens.get(hit.tokens.end).is_some_and(|next| next.classes & opens != 0)
}

/// Skips marks, fillers and cue phrases that open the piece. Gives where that ends, and all positions on the way.
fn head(tokens: &[Token], range: &Range<usize>, langs: u8, lexicon: &Lexicon) -> (usize, Vec<usize>) {
    let window = tokens.get(..range.end).unwrap_or(tokens);
    let mut at = range.start;
    let mut leads = Vec::new();
    while at < range.end {
        leads.push(at);
        if tokens.get(at).is_some_and(|t| t.kind == Kind::Mark && t.norm != "(") {
            at += 1;
            continue;
        }
        match lexicon.leads_at(window, at, langs) {
            Some(hit) if hit.tokens.end > at => at = hit.tokens.end.min(range.end),
            Some(_) | None => break,
        }
    }
    (at, leads)
}

/// The heads of all pieces and of what lies between lead-ins, as marks on token positions.
pub fn heads(pieces: &[Piece], tokens: &[Token]) -> Vec<usize> {
    let mut found = Vec::new();
    for piece in pieces {
        found.extend(&piece.leads);
        // Behind an opening bracket the clause begins as well.
        let marks = (piece.head..piece.tokens.end)
            .take_while(|at| tokens.get(*at).is_some_and(|token| token.kind == Kind::Mark));
        found.extend(marks.map(|at| at + 1).filter(|at| *at < piece.tokens.end));
        found.push(piece.head);
    }
    found
}

/// The hits that lie in a token range.
pub fn within<'a>(hits: &'a [Hit], range: &'a Range<usize>) -> impl Iterator<Item = &'a Hit> {
    hits.iter().filter(move |hit| hit.tokens.start >= range.start && hit.tokens.start < range.end)
}
