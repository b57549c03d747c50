//! The quantities that a sentence states ("at most 60 lines", "10s", "at 18:00"), in a form that can be compared. It decides nothing.

use std::collections::BTreeSet;
use std::ops::Range;

use super::words::{Token, Words, fold};

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A span of time; the amount is in milliseconds.
    Time,
    /// A time of day; the amount is in minutes.
    Clock,
    /// Anything else, told apart by the words around it.
    Count,
}

/// One quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    pub kind: Kind,
    /// The number in one writing, whatever the sentence's.
    pub amount: String,
    /// Meanings that may name what is counted: the words right behind the number, or those right before it.
    pub near: BTreeSet<String>,
    /// Bytes of the number.
    pub number: Range<usize>,
    /// Bytes of the unit's word; empty where there is none or where it is written in one with the number.
    pub unit: Range<usize>,
}

impl Measure {
    /// Whether both count the same thing, so that two amounts exclude each other.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self.kind, other.kind) {
            (Kind::Time, Kind::Time) | (Kind::Clock, Kind::Clock) => true,
            (Kind::Count, Kind::Count) => self.near.iter().any(|name| other.near.contains(name)),
            (Kind::Time | Kind::Clock | Kind::Count, _) => false,
        }
    }

    /// Whether its unit belongs to a family of units, so that the number alone says nothing.
    pub fn is_scaled(&self) -> bool {
        self.near
            .iter()
            .any(|name| ["hertz", "byte", "metre", "gram", "volt", "watt"].contains(&name.as_str()))
    }

    /// Bytes from the number to the unit.
    pub fn whole(&self) -> Range<usize> {
        self.number.start..self.number.end.max(self.unit.end)
    }
}

/// All quantities of a sentence, in order.
pub fn measures(text: &str, tokens: &[Token], words: &Words) -> Vec<Measure> {
    let mut found = clocks(text);
    for (at, token) in tokens.iter().enumerate() {
        let taken = found.iter().any(|measure| measure.number.contains(&token.range.start));
        if taken {
            continue;
        }
        let number = joined(token, words).or_else(|| counted(text, tokens, at));
        found.extend(number.or_else(|| single(text, token)).or_else(|| sole(text, token)));
    }
    found.sort_by_key(|measure| measure.number.start);
    found
}

/// Milliseconds in a unit of time, by its meaning.
fn time(meaning: &str) -> Option<f64> {
    let seconds = match meaning {
        "ms" | "millisecond" | "milliseconds" | "millisecondi" => 0.001,
        "microsecond" | "microseconds" | "microsecondi" | "us" => 0.000_001,
        "second" | "s" => 1.0,
        "minute" => 60.0,
        "hour" | "h" => 3600.0,
        "day" | "d" => 86_400.0,
        "week" => 604_800.0,
        "month" => 2_592_000.0,
        "year" => 31_536_000.0,
        _ => return None,
    };
    Some(seconds * 1000.0)
}

/// The family of a unit and how many of the family's smallest it holds.
fn family(unit: &str) -> Option<(&'static str, f64)> {
    Some(match unit {
        "hz" => ("hertz", 1.0),
        "khz" => ("hertz", 1e3),
        "mhz" => ("hertz", 1e6),
        "ghz" => ("hertz", 1e9),
        "byte" | "bytes" => ("byte", 1.0),
        "kb" | "kib" => ("byte", 1e3),
        "mb" | "mib" => ("byte", 1e6),
        "gb" | "gib" => ("byte", 1e9),
        "tb" | "tib" => ("byte", 1e12),
        "mm" => ("metre", 1.0),
        "cm" => ("metre", 10.0),
        "metre" | "metres" | "meter" | "meters" | "metri" | "metros" => ("metre", 1e3),
        "km" => ("metre", 1e6),
        "mg" => ("gram", 1e-3),
        "kg" => ("gram", 1e3),
        "mv" => ("volt", 1e-3),
        "kv" => ("volt", 1e3),
        "mw" => ("watt", 1e-3),
        "kw" => ("watt", 1e3),
        _ => return None,
    })
}

fn number(word: &str) -> Option<f64> {
    let digits = word.starts_with(|c: char| c.is_ascii_digit());
    digits.then(|| word.replace(',', ".").parse().ok()).flatten()
}

/// "10s", "20ms", "8px", "15%".
fn joined(token: &Token, words: &Words) -> Option<Measure> {
    let at = token.word.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (digits, unit) = (token.word.get(..at)?, token.word.get(at..)?);
    let short = unit.len() <= 4 && unit.chars().all(|c| c.is_alphabetic() || c == '%');
    let amount = number(digits).filter(|_| short)?;
    if matches!(unit, "am" | "pm") {
        let hours = if unit == "pm" && amount < 12.0 { amount + 12.0 } else { amount };
        return Some(measure(Kind::Clock, hours * 60.0, "", &token.range));
    }
    let unit = if unit == "%" { "percent".to_string() } else { words.meaning(unit) };
    Some(match time(&unit) {
        Some(one) => measure(Kind::Time, amount * one, &unit, &token.range),
        None => match family(&unit) {
            Some((family, one)) => measure(Kind::Count, amount * one, family, &token.range),
            None => measure(Kind::Count, amount, &unit, &token.range),
        },
    })
}

/// "60 lines", "two people", "zoom level 16".
fn counted(text: &str, tokens: &[Token], at: usize) -> Option<Measure> {
    let token = tokens.get(at)?;
    let amount = number(&token.meaning).or_else(|| number(&token.word))?;
    let touches = |left: &Token, right: &Token| {
        text.get(left.range.end..right.range.start)
            .is_some_and(|gap| gap.chars().all(|c| c == ' ' || c == '-' || c == '*' || c == '`'))
    };
    let behind = text.get(token.range.end..).unwrap_or("").trim_start();
    let mut near = BTreeSet::new();
    let mut unit = token.range.end..token.range.end;
    if let Some((one, length)) = letter(behind) {
        let open = token.range.end + text.get(token.range.end..).map_or(0, |rest| rest.len() - behind.len());
        return Some(Measure {
            unit: open..open + length,
            ..measure(Kind::Time, amount * one, "", &token.range)
        });
    }
    let before = fold(text.get(..token.range.start)?.trim_end()).text;
    let told = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    let closes = behind.is_empty() || behind.starts_with([',', '.', ';', ')', '!']);
    if matches!(told, "at" | "alle" | "las" | "ore") && amount <= 24.0 && closes {
        return Some(measure(Kind::Clock, amount * 60.0, "", &token.range));
    }
    if behind.starts_with('%')
        || ["percent", "per cent", "por ciento", "pour cent", "per cento", "prozent"]
            .iter()
            .any(|word| behind.starts_with(word))
    {
        near.insert("percent".to_string());
    } else if let Some(next) = tokens.get(at + 1).filter(|next| touches(token, next)) {
        unit = next.range.clone();
        if let Some(one) = time(&next.meaning) {
            return Some(Measure { unit, ..measure(Kind::Time, amount * one, &next.meaning, &token.range) });
        }
        if let Some((family, one)) = family(&next.word) {
            return Some(Measure { unit, ..measure(Kind::Count, amount * one, family, &token.range) });
        }
        near.insert(next.meaning.clone());
        if let Some(second) = tokens.get(at + 2).filter(|second| touches(next, second)) {
            near.insert(second.meaning.clone());
        }
    } else {
        // Nothing is counted behind it, so the words before it name it.
        let before = tokens.get(at.saturating_sub(2)..at).unwrap_or(&[]);
        near.extend(before.iter().map(|token| token.meaning.clone()));
    }
    Some(Measure { near, unit, ..measure(Kind::Count, amount, "", &token.range) })
}

/// A unit of time in one letter behind a number: "30 s".
fn letter(behind: &str) -> Option<(f64, usize)> {
    let mut chars = behind.chars();
    let first = chars.next()?;
    let alone = chars.next().is_none_or(|next| !next.is_alphanumeric() && next != '\'' && next != '.');
    let unit = match first {
        's' | 'h' | 'd' if alone => first.to_string(),
        _ => return None,
    };
    Some((time(&unit)?, 1))
}

/// "a week", "one year", "every hour": one of a unit of time.
fn single(text: &str, token: &Token) -> Option<Measure> {
    let hour = match token.meaning.as_str() {
        "noon" => 12.0,
        "midnight" => 24.0,
        _ => 0.0,
    };
    if hour > 0.0 {
        return Some(measure(Kind::Clock, hour * 60.0, "", &token.range));
    }
    const ONE: &[&str] =
        &["a", "an", "one", "un", "una", "uno", "une", "ein", "eine", "einen", "einer", "um", "uma", "1"];
    let one = time(&token.meaning)?;
    let before = fold(text.get(..token.range.start)?.trim_end()).text;
    let halves = ["half an", "half a", "mezz", "mezza", "media", "demi", "demie", "halbe", "halben", "meia"];
    if halves.iter().any(|half| before.trim_end_matches(['\'', '-']).ends_with(half)) {
        return Some(Measure {
            unit: token.range.clone(),
            ..measure(Kind::Time, one / 2.0, &token.meaning, &token.range)
        });
    }
    let last = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    ONE.contains(&last).then(|| Measure {
        unit: token.range.clone(),
        ..measure(Kind::Time, one, &token.meaning, &token.range)
    })
}

/// "a single reviewer", "un solo revisore", "one approval": one of anything, where the sentence says so on purpose.
fn sole(text: &str, token: &Token) -> Option<Measure> {
    const SOLE: &[&str] = &[
        "one", "single", "solo", "sola", "seul", "seule", "unico", "unica", "unique", "einziger", "einzige",
        "einen", "unica", "uno",
    ];
    let before = fold(text.get(..token.range.start)?.trim_end()).text;
    let last = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    const ARTICLES: &[&str] = &["a", "an", "un", "una", "une", "ein", "eine", "um", "uma"];
    const ENOUGH: &[&str] = &[
        "enough",
        "suffices",
        "basta",
        "suffit",
        "reicht",
        "genugt",
        "suficiente",
        "sufficiente",
        "chega",
        "sufficient",
    ];
    let enough = ARTICLES.contains(&last) && {
        let whole = fold(text).text;
        whole.split(|c: char| !c.is_alphanumeric()).any(|word| ENOUGH.contains(&word))
    };
    let said = SOLE.contains(&last) || enough;
    said.then(|| Measure {
        unit: token.range.clone(),
        ..measure(Kind::Count, 1.0, &token.meaning, &token.range)
    })
}

/// "18:00", "5:30".
fn clocks(text: &str) -> Vec<Measure> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut found = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b':' || !digit(at + 1) || !digit(at + 2) || digit(at + 3) || at == 0 || !digit(at - 1) {
            continue;
        }
        let start = if at > 1 && digit(at - 2) { at - 2 } else { at - 1 };
        if start > 0 && digit(start - 1) {
            continue;
        }
        let part = |range: Range<usize>| text.get(range).and_then(|digits| digits.parse::<f64>().ok());
        if let (Some(hours), Some(minutes)) = (part(start..at), part(at + 1..at + 3)) {
            found.push(measure(Kind::Clock, hours * 60.0 + minutes, "", &(start..at + 3)));
        }
    }
    found
}

fn measure(kind: Kind, amount: f64, unit: &str, range: &Range<usize>) -> Measure {
    let near = if unit.is_empty() { BTreeSet::new() } else { BTreeSet::from([unit.to_string()]) };
    Measure { kind, amount: format!("{amount}"), near, number: range.clone(), unit: range.end..range.end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(Kind, &str)]) {
        let words = Words::new();
        let found: Vec<_> = measures(text, &words.tokens(text), &words)
            .into_iter()
            .map(|measure| (measure.kind, measure.amount))
            .collect();
        let expect: Vec<_> = expect.iter().map(|(kind, amount)| (*kind, amount.to_string())).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn quantities_are_read_in_any_writing() {
        check("Timeouts are 5 seconds", &[(Kind::Time, "5000")]);
        check("timeouts are 5s", &[(Kind::Time, "5000")]);
        check("le bozze si tengono dieci anni", &[(Kind::Time, "315360000000")]);
        check("deleted after a week", &[(Kind::Time, "604800000")]);
        check("filed before 18:00", &[(Kind::Clock, "1080")]);
        check("at most 60 lines, not 80", &[(Kind::Count, "60"), (Kind::Count, "80")]);
    }

    #[test]
    fn what_is_counted_tells_quantities_apart() {
        let words = Words::new();
        let one = |text: &str| measures(text, &words.tokens(text), &words).remove(0);
        assert!(one("zoom level 16").is_like(&one("zoom 18")));
        assert!(one("5 results are enough").is_like(&one("the 10 nearest results")));
        assert!(one("15% battery").is_like(&one("below 20 %")));
        assert!(!one("60 lines").is_like(&one("60 columns")));
        assert!(one("1 kHz").is_like(&one("at 400 Hz")) && one("1 kHz").amount == "1000");
        assert!(!one("3 days").is_like(&one("3 people")));
    }
}
