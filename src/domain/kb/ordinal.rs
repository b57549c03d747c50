//! Rules named by their number or place: "rule 3", "the last point", "line 12". It reads no meaning.

use super::document::{Document, Entry, Kind, Marker};
use super::words::fold;

/// "rule 3", "la terza regola", "the last point": an index into the entries.
pub fn named(kb: &Document, quote: &str) -> Option<usize> {
    let folded = fold(quote).text;
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let noun = |word: &&str| {
        matches!(
            *word,
            "rule"
                | "regola"
                | "point"
                | "punto"
                | "item"
                | "number"
                | "numero"
                | "entry"
                | "voce"
                | "regla"
                | "regle"
                | "regel"
                | "regra"
                | "line"
                | "riga"
                | "bullet"
        )
    };
    let at = words.iter().position(noun)?;
    let line = matches!(words.get(at).copied(), Some("line" | "riga"));
    let after = words.get(at + 1..).unwrap_or(&[]);
    let digits = after.iter().take(2).find_map(|word| word.parse::<usize>().ok());
    let spelled = at.checked_sub(1).and_then(|before| words.get(before)).and_then(|word| ordinal_word(word));
    if line {
        return kb.entries.iter().position(|entry| Some(entry.line) == digits);
    }
    let after_noun = after.first().and_then(|word| ordinal_word(word));
    match (digits, spelled.or(after_noun)) {
        (Some(number), _) | (None, Some(Place::Number(number))) => numbered(kb, number, &words),
        (None, Some(Place::Last)) => kb.entries.len().checked_sub(1),
        (None, None) => None,
    }
}

/// The item with that number, in the section that the words name if several have it; else the entry at that place.
fn numbered(kb: &Document, number: usize, words: &[&str]) -> Option<usize> {
    let carries = |entry: &Entry| match &entry.kind {
        Kind::Item { marker: Marker::Number { value, .. }, .. } => {
            entry.parent.is_none() && usize::try_from(*value) == Ok(number)
        }
        Kind::Item { .. } | Kind::Row | Kind::Label | Kind::Sentence => false,
    };
    let sequential = kb.entries.iter().filter(|entry| carries(entry)).count();
    if sequential == 0 {
        return number.checked_sub(1).filter(|at| *at < kb.entries.len());
    }
    let in_named_section = |entry: &Entry| {
        kb.heading_of(entry).is_some_and(|heading| {
            let heading = fold(heading).text;
            words.iter().any(|word| word.len() > 3 && heading.contains(word))
        })
    };
    let mut all = kb.entries.iter().enumerate().filter(|(_, entry)| carries(entry));
    let named = all.clone().find(|(_, entry)| in_named_section(entry));
    named.or_else(|| all.next()).map(|(at, _)| at)
}

/// What an ordinal word points at.
#[derive(Clone, Copy)]
enum Place {
    Number(usize),
    Last,
}

fn ordinal_word(word: &str) -> Option<Place> {
    const ORDINALS: &[&str] = &[
        "first prima primo primera premiere erste primeira one",
        "second seconda secondo segunda deuxieme zweite two due",
        "third terza terzo tercera troisieme dritte terceira three tre",
        "fourth quarta quarto cuarta quatrieme vierte four quattro",
        "fifth quinta quinto cinquieme funfte five cinque",
    ];
    if matches!(word, "last" | "ultima" | "ultimo" | "derniere" | "letzte") {
        return Some(Place::Last);
    }
    ORDINALS
        .iter()
        .position(|forms| forms.split(' ').any(|form| form == word))
        .map(|at| Place::Number(at + 1))
}
