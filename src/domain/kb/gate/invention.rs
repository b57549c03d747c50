//! V3: a proposal says what the user said, in their words or in another language's words for them. It judges no form.

use std::collections::BTreeSet;

use crate::domain::kb::Polarity;
use crate::domain::kb::arguments::short;
use crate::domain::kb::facts::{Facts, Tables};
use crate::domain::kb::words::ratio;

/// Share of the meanings that must come from the user or from the line that goes.
const LEAST: f32 = 0.6;

/// Whether the words of `text` come from what was `said` or from the `line` that it replaces, and so does every number, version and path.
pub fn none_in(tables: &Tables, text: &str, said: &str, line: Option<&str>) -> Result<(), String> {
    let sources: Vec<Facts> =
        std::iter::once(said).chain(line).map(|source| Facts::of(tables, source)).collect();
    let stated = Facts::of(tables, text);
    let known_mark = |mark: &&String| {
        let spoken = std::iter::once(said).chain(line).any(|source| stands_in(source, mark));
        spoken || sources.iter().any(|source| source.marks.contains(*mark))
    };
    if let Some(mark) = stated.marks.iter().find(|mark| !known_mark(mark)) {
        return Err(format!("\"{}\" is not in the user's words; propose only what they said.", short(mark)));
    }
    let known: BTreeSet<&String> = sources.iter().flat_map(|source| &source.meanings).collect();
    let answered = answered(tables, &stated, &sources);
    let held =
        stated.meanings.iter().filter(|meaning| known.contains(meaning) || answered.contains(*meaning));
    if !stated.meanings.is_empty() && ratio(held.count(), stated.meanings.len()) < LEAST {
        return Err(format!(
            "Most of \"{}\" is not in the user's words; keep to their wording.",
            short(text)
        ));
    }
    Ok(())
}

/// Whether `text` asks for what the `quote` rules out, or rules out what nothing in it speaks against.
pub fn none_turned_round(tables: &Tables, text: &str, quote: &str) -> Result<(), String> {
    let (stated, said) = (Facts::of(tables, text), Facts::of(tables, quote));
    let forbids = |facts: &Facts| {
        let value = facts.values.iter().any(|value| value.stance == Polarity::Forbid);
        value || facts.polarity == Polarity::Forbid || !facts.ruled.is_empty() || !facts.dropped.is_empty()
    };
    let against = said.tokens.iter().any(|token| tables.words.is_revoking(&token.word));
    let made_ban = stated.polarity == Polarity::Forbid && !forbids(&said) && !against;
    let wanted: Vec<&String> =
        stated.meanings.iter().filter(|meaning| said.meanings.contains(*meaning)).collect();
    let made_wish = !forbids(&stated)
        && stated.marks.is_empty()
        && !wanted.is_empty()
        && wanted.iter().all(|meaning| said.ruled.contains(*meaning));
    if made_ban || made_wish {
        return Err(format!("\"{}\" says the opposite of the user's words.", short(text)));
    }
    Ok(())
}

/// The meanings of `stated` that name a decision which a source takes, too: `package manager` and `pnpm` where the user said pnpm.
fn answered(tables: &Tables, stated: &Facts, sources: &[Facts]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for ours in stated.values.iter().map(|stated| &stated.value) {
        let same = |theirs: &Facts| theirs.values.iter().any(|theirs| theirs.value.value == ours.value);
        if !sources.iter().any(same) {
            continue;
        }
        let here = stated.tokens.iter().filter(|token| ours.range.contains(&token.range.start));
        found.extend(here.map(|token| token.meaning.clone()));
        let names = tables.slots.slot(&ours.slot).map(|slot| slot.names.as_slice()).unwrap_or_default();
        found.extend(names.iter().flat_map(|name| tables.words.meanings(name)));
    }
    found
}

/// Whether a number, version or path stands in the text by itself: `5` is not in `15 s`, and `src/lib` is not `src/library`.
fn stands_in(text: &str, mark: &str) -> bool {
    let text = text.to_lowercase();
    let mark = mark.to_lowercase();
    let mark = mark.trim_matches('/');
    let number = !mark.is_empty() && mark.chars().all(|c| c.is_ascii_digit() || c == '.');
    let grows = |c: Option<char>| {
        c.is_some_and(|c| if number { c.is_ascii_digit() } else { c.is_alphanumeric() || c == '_' })
    };
    !mark.is_empty()
        && text.match_indices(mark).any(|(at, _)| {
            let mut before = text.get(..at).unwrap_or_default().chars().rev();
            let mut after = text.get(at + mark.len()..).unwrap_or_default().chars();
            let joined = |first: Option<char>, second: Option<char>| match first {
                Some('.' | ',' | '/' | '-') => grows(second),
                first => grows(first),
            };
            !joined(before.next(), before.next()) && !joined(after.next(), after.next())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_by_itself_or_not_at_all() {
        let check = |text: &str, mark: &str, expect: bool| {
            assert_eq!(stands_in(text, mark), expect, "{mark} in {text}");
        };
        check("15 seconds", "5", false);
        check("1.5 s", "5", false);
        check("v22 or later", "22", true);
        check("15min", "15", true);
        check("Node 22.", "22", true);
        check("tests in src/legacy/", "src/legacy", true);
        check("src/legacy/new.ts", "src/legacy", false);
        check("src/library", "src/lib", false);
    }
}
