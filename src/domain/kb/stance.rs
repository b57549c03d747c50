//! Whether a sentence wants a thing or rules it out, and where it applies. It knows no slots: it is asked about byte positions.

use std::collections::BTreeSet;
use std::ops::Range;

use regex::Regex;
use serde::Deserialize;

use super::facts::Part;
use super::section::{self, Language};
use super::{Polarity, words};

const DATA: &str = include_str!("../../../assets/kb/words.toml");

#[derive(Deserialize, Default)]
struct Data {
    stance: Phrases,
}

#[derive(Deserialize, Default)]
struct Phrases {
    against: String,
    gone: String,
    pivots: String,
    idioms: String,
    except: String,
    places: String,
    lifted: String,
    ends: String,
}

/// The phrases, compiled. Built once and passed along.
#[derive(Clone, Debug, Default)]
pub struct Stances {
    turns: Option<Regex>,
    idioms: Option<Regex>,
    except: Option<Regex>,
    places: Option<Regex>,
    paths: Option<Regex>,
    lifted: Option<Regex>,
    ends: Option<Regex>,
}

/// A sentence made ready for the questions that [`Stances`] answers.
#[derive(Clone, Debug)]
pub struct Heard<'a> {
    text: &'a str,
    folded: words::Folded,
    /// The folded text without the phrases that negate nothing.
    blanked: String,
}

/// What turns the stance inside a segment, in the order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Against,
    Gone,
    Pivot,
    Value(usize),
}

impl Stances {
    /// Compiles the embedded phrases; a phrase list that does not compile is left out, and a test keeps that from happening.
    pub fn new() -> Self {
        let phrases = toml::from_str::<Data>(DATA).unwrap_or_default().stance;
        // Folded text is plain ASCII but for other alphabets, and ASCII classes compile many times faster.
        let flat = |list: &str| {
            let plain = list.replace('\n', "").replace("[^.;:!?]", r#"[ "-\-/-9<->@-~]"#);
            plain.replace("[^,.;]", r"[ -+\-/-:<-~]")
        };
        let whole = |list: &str| Regex::new(&format!(r"(?-u)\b(?:{})\b", flat(list))).ok();
        let turns = format!(
            r"(?-u)(?P<gone>\b(?:{})\b)|(?P<against>\b(?:{})\b)|(?P<pivot>\b(?:{})\b)",
            flat(&phrases.gone),
            flat(&phrases.against),
            flat(&phrases.pivots)
        );
        let place = format!(
            r"(?-u)\b(?:in|for|inside|within|under|per|nel|nella|nei|nelle|dentro|sotto|dans|pour|en|im|fur|em|para)\s+(?:(?:the|i|il|la|le|gli|our|los|las|les|den|die|as|os|all|tutti)\s+)?((?:[\w@.-]+\s+)?(?:{}))\b",
            flat(&phrases.places)
        );
        let path = r"(?-u)\b(?:in|for|inside|within|under|per|nel|nella|nei|nelle|dentro|sotto|su|dans|sous|en|im|unter|em|para)\s+['(]*([\w@.*-]*/[\w@./*-]*)";
        Self {
            turns: Regex::new(&turns).ok(),
            idioms: whole(&phrases.idioms),
            except: whole(&phrases.except),
            places: Regex::new(&place).ok(),
            paths: Regex::new(path).ok(),
            lifted: whole(&phrases.lifted),
            ends: whole(&phrases.ends),
        }
    }

    /// Makes a sentence ready.
    pub fn hear<'a>(&self, text: &'a str) -> Heard<'a> {
        let folded = words::fold(text);
        let blanked = self.without_idioms(&folded.text);
        Heard { text, folded, blanked }
    }

    /// For each byte range of `text`, whether the sentence wants what stands there.
    pub fn of(&self, heard: &Heard, ranges: &[Range<usize>]) -> Vec<Polarity> {
        let mut stances = vec![Polarity::Require; ranges.len()];
        for segment in segments(&heard.blanked) {
            let turns = self.turns_in(heard, segment, ranges);
            settle(&turns, &mut stances);
        }
        moves(heard.text, ranges, &mut stances);
        stances
    }

    /// The words that alone are ruled out in their segment ("airflow is out", "swap black for ruff"), as indexes into `tokens`.
    pub fn dropped(&self, heard: &Heard, tokens: &[words::Token]) -> Vec<usize> {
        let ranges: Vec<Range<usize>> = tokens.iter().map(|token| token.range.clone()).collect();
        let mut found = Vec::new();
        for segment in segments(&heard.blanked) {
            let inside = heard.folded.source(segment.clone());
            let turning = self.phrases(heard, segment.clone());
            let own: Vec<usize> = (0..ranges.len())
                .filter(|at| ranges.get(*at).is_some_and(|range| inside.contains(&range.start)))
                .filter(|at| {
                    !turning.iter().any(|phrase| ranges.get(*at).is_some_and(|r| phrase.contains(&r.start)))
                })
                .collect();
            let kept: Vec<Range<usize>> = own.iter().filter_map(|at| ranges.get(*at).cloned()).collect();
            let mut stances = vec![Polarity::Require; kept.len()];
            settle(&self.turns_in(heard, segment, &kept), &mut stances);
            let mut gone = own.iter().zip(&stances).filter(|(_, stance)| **stance == Polarity::Forbid);
            if let (Some((only, _)), None) = (gone.next(), gone.next()) {
                found.push(*only);
            }
        }
        let mut stances = vec![Polarity::Require; ranges.len()];
        moves(heard.text, &ranges, &mut stances);
        found.extend((0..ranges.len()).filter(|at| stances.get(*at) == Some(&Polarity::Forbid)));
        found
    }

    /// The bytes of the words that turn a stance, which name nothing themselves ("swap", "drop").
    fn phrases(&self, heard: &Heard, segment: Range<usize>) -> Vec<Range<usize>> {
        let part = heard.blanked.get(segment.clone()).unwrap_or("");
        let at = |found: regex::Match| {
            heard.folded.source(segment.start + found.start()..segment.start + found.end())
        };
        self.turns.as_ref().map(|turns| turns.find_iter(part).map(at).collect()).unwrap_or_default()
    }

    /// Whether a sentence as a whole asks for something or rules it out: its first part that says anything decides, unless that is
    /// but the condition of the next ("once it has started, no ...").
    pub fn polarity(&self, heard: &Heard, words: &words::Words) -> Polarity {
        let mut first = None;
        for segment in segments(&heard.blanked) {
            let part = heard.blanked.get(segment).unwrap_or("");
            let tokens = words.tokens(part);
            if tokens.is_empty() {
                continue;
            }
            let polarity = self.forbids(part, &tokens);
            if !conditions(part) {
                return polarity;
            }
            first = first.or(Some(polarity));
        }
        first.unwrap_or(Polarity::Require)
    }

    /// The parts that say anything, each with its own polarity.
    pub fn parts(&self, heard: &Heard, tokens: &[words::Token], words: &words::Words) -> Vec<Part> {
        segments(&heard.blanked)
            .into_iter()
            .filter_map(|segment| {
                let inside = heard.folded.source(segment.clone());
                let own = tokens.iter().filter(|token| inside.contains(&token.range.start));
                let meanings: BTreeSet<String> = own.map(|token| token.meaning.clone()).collect();
                let part = heard.blanked.get(segment)?;
                let polarity = self.forbids(part, &words.tokens(part));
                (!meanings.is_empty()).then_some(Part { polarity, meanings, end: inside.end })
            })
            .collect()
    }

    fn forbids(&self, part: &str, tokens: &[words::Token]) -> Polarity {
        let Some(turns) = &self.turns else { return Polarity::Require };
        for found in turns.captures_iter(part) {
            if found.name("gone").is_some() {
                return Polarity::Forbid;
            }
            let Some(against) = found.name("against") else { continue };
            let contrast = [
                "instead", "rather", "in place", "invece", "al posto", "anzi", "piutt", "en ", "au ", "plut",
            ]
            .iter()
            .chain(
                ["a la", "statt", "ansta", "em v", "ao in", "without", "senza", "sans", "ohne", "sem"].iter(),
            )
            .any(|word| against.as_str().starts_with(word));
            let before = part.get(..against.start()).unwrap_or("").trim_end();
            let said = tokens.iter().filter(|token| token.range.end <= against.start()).count();
            let bare = matches!(against.as_str(), "not" | "no" | "non" | "nicht" | "pas" | "nao");
            let after_verb = ["is", "are", "must", "should", "do", "does", "can", "will", "may", "be"]
                .iter()
                .any(|verb| before.ends_with(verb));
            let joined =
                [" and", " e", " ma", " but", " y", " et", " und"].iter().any(|word| before.ends_with(word));
            let contrast =
                contrast || (joined && said > 0) || (against.as_str() == "not" && said > 0 && !after_verb);
            if !contrast && (said <= 2 || !bare) {
                return Polarity::Forbid;
            }
        }
        Polarity::Require
    }

    /// Where an exception starts, as a byte of `text`.
    pub fn exception(&self, heard: &Heard) -> Option<usize> {
        let found = self.except.as_ref()?.find(&heard.folded.text)?;
        // Without a word behind it, nothing is excepted ("prices are tax excluded").
        let rest = heard.folded.text.get(found.end()..)?;
        rest.chars().any(char::is_alphanumeric).then_some(())?;
        Some(heard.folded.source(found.range()).start)
    }

    /// Whether the sentence says of a rule that it no longer holds.
    pub fn lifts(&self, heard: &Heard) -> bool {
        let text = heard.folded.text.as_str();
        let Some(lifted) = &self.lifted else { return false };
        lifted.find_iter(text).any(|found| {
            // "can go" lifts, "can go up to 300" does not.
            let rest = text.get(found.end()..).unwrap_or("").trim_start();
            !(found.as_str().ends_with(" go") && rest.starts_with(char::is_alphanumeric))
        })
    }

    /// Whether the sentence says that something ends that was so before.
    pub fn ends(&self, heard: &Heard) -> bool {
        self.ends.as_ref().is_some_and(|ends| ends.is_match(&heard.folded.text))
    }

    /// The place that a sentence is limited to (`packages/legacy`, `admin app`), folded; `None` when it holds for the whole project.
    pub fn place(&self, heard: &Heard, words: &words::Words) -> Option<String> {
        let folded = self.opening(heard, words);
        let path = self.paths.as_ref().and_then(|paths| {
            paths
                .captures_iter(&folded)
                .filter_map(|found| found.get(1))
                .map(|path| path.as_str().trim_end_matches(['.', '/', '*']).to_string())
                .find(|path| {
                    !matches!(path.as_str(), "" | "src" | "." | "app" | "lib") && !path.starts_with("/")
                })
        });
        path.or_else(|| {
            let found = self.places.as_ref()?.captures(&folded)?.get(1)?;
            // "library.bib" is a file and no library.
            let mut after = folded.get(found.end()..).unwrap_or("").chars();
            if after.next() == Some('.') && after.next().is_some_and(char::is_alphanumeric) {
                return None;
            }
            let found = found.as_str().to_string();
            let whole =
                ["this ", "every ", "any ", "each ", "new ", "all ", "whole ", "entire ", "questo ", "ogni "];
            (!whole.iter().any(|word| found.starts_with(word))).then_some(found)
        })
    }

    /// The folded text up to the end of the first segment that says anything: a place named later limits something else.
    fn opening(&self, heard: &Heard, words: &words::Words) -> String {
        let folded = &heard.folded.text;
        let says = |range: &Range<usize>| !words.tokens(folded.get(range.clone()).unwrap_or("")).is_empty();
        let end = segments(folded).into_iter().find(says).map_or(folded.len(), |range| range.end);
        folded.get(..end).unwrap_or("").to_string()
    }

    fn without_idioms(&self, folded: &str) -> String {
        let mut text = folded.to_string();
        // "sans" is a typeface and "no" the Portuguese "in the" where the language is not the one that negates with them.
        let foreign = match section::language_of(folded) {
            Language::French => &[][..],
            Language::Portuguese => &["no", "sans"][..],
            Language::English | Language::Italian | Language::Spanish | Language::German => {
                &["sans", "ne"][..]
            }
        };
        for word in foreign {
            blank(&mut text, word);
        }
        if let Some(idioms) = &self.idioms {
            for found in idioms.find_iter(folded) {
                text.replace_range(found.range(), &" ".repeat(found.len()));
            }
        }
        text
    }

    fn turns_in(&self, heard: &Heard, segment: Range<usize>, ranges: &[Range<usize>]) -> Vec<Turn> {
        let folded = &heard.folded;
        let part = heard.blanked.get(segment.clone()).unwrap_or("");
        let inside = folded.source(segment.clone());
        let mut turns: Vec<(usize, Turn)> = Vec::new();
        for (at, range) in ranges.iter().enumerate() {
            if inside.start <= range.start && range.start < inside.end {
                turns.push((range.start, Turn::Value(at)));
            }
        }
        let Some(regex) = &self.turns else { return Vec::new() };
        for found in regex.captures_iter(part) {
            let Some(whole) = found.get(0) else { continue };
            let at = folded.source(segment.start + whole.start()..segment.start + whole.end());
            // A word inside a value ("without" in a name) turns nothing.
            if ranges.iter().any(|range| range.start <= at.start && at.end <= range.end) {
                continue;
            }
            let turn = if found.name("gone").is_some() {
                Turn::Gone
            } else if found.name("against").is_some() {
                Turn::Against
            } else {
                Turn::Pivot
            };
            turns.push((at.start, turn));
        }
        turns.sort_by_key(|(at, _)| *at);
        preferences(part, &inside, ranges, &mut turns);
        turns.into_iter().map(|(_, turn)| turn).collect()
    }
}

/// "from X to Y", "X → Y": X is left behind.
fn moves(text: &str, ranges: &[Range<usize>], stances: &mut [Polarity]) {
    const FROM: &[&str] = &["from", "da", "dal", "dalla", "von", "desde", "de", "do"];
    const TO: &[&str] = &["to", "a", "ad", "al", "alla", "zu", "auf", "nach", "à", "vers", "para"];
    let before = |range: &Range<usize>| {
        let head = text.get(..range.start).unwrap_or("").trim_end();
        head.rsplit(char::is_whitespace).next().unwrap_or("").to_lowercase()
    };
    for (at, range) in ranges.iter().enumerate() {
        let after = text.get(range.end..).unwrap_or("").trim_start();
        let mut later = ranges.iter().filter(|other| other.start > range.end);
        let arrow = ["->", "→", "=>", "⇒"].iter().any(|arrow| after.starts_with(arrow));
        let left = FROM.contains(&before(range).as_str())
            && later.clone().any(|to| TO.contains(&before(to).as_str()));
        if (left || (arrow && later.next().is_some()))
            && let Some(stance) = stances.get_mut(at)
        {
            *stance = Polarity::Forbid;
        }
    }
}

/// Whether a part is only the condition of the one behind it.
fn conditions(part: &str) -> bool {
    const OPENERS: &[&str] = &[
        "once",
        "when",
        "whenever",
        "if",
        "after",
        "before",
        "while",
        "during",
        "for",
        "quando",
        "se",
        "dopo",
        "prima",
        "una volta",
        "appena",
        "quand",
        "si",
        "apres",
        "avant",
        "lorsque",
        "cuando",
        "despues",
        "antes",
        "wenn",
        "sobald",
        "nach",
        "vor",
        "depois",
    ];
    let part = part.trim_start();
    OPENERS.iter().any(|word| part.strip_prefix(word).is_some_and(|rest| rest.starts_with(' ')))
}

/// Blanks a word of the folded text wherever it stands alone.
fn blank(text: &mut String, word: &str) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(word)).map(|at| from + at) {
        let end = at + word.len();
        let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(end..).and_then(|rest| rest.chars().next());
        if !joins(before) && !joins(after) {
            text.replace_range(at..end, &" ".repeat(word.len()));
        }
        from = end;
    }
}

/// "prefer X over Y", "preferisco X a Y": after the word of choice, Y is ruled out.
fn preferences(part: &str, inside: &Range<usize>, ranges: &[Range<usize>], turns: &mut Vec<(usize, Turn)>) {
    let choice = ["prefer", "favo", "choos", "pick"].iter().filter_map(|word| part.find(word)).min();
    let Some(choice) = choice else { return };
    let gaps = [" over ", " a ", " al ", " alla ", " alle ", " ai ", " agli ", " to ", " aux ", " to the "];
    let after = part.get(choice..).unwrap_or("");
    let Some(gap) = gaps.iter().filter_map(|word| after.find(word)).min() else { return };
    // The folded text is as long as its source up to accents, which is near enough to tell the two sides of the gap.
    let gap = inside.start + choice + gap;
    let ruled = ranges.iter().filter(|range| inside.contains(&range.start)).find(|range| range.start > gap);
    let chosen = ranges.iter().any(|range| {
        inside.contains(&range.start) && range.start < gap && range.start > inside.start + choice
    });
    if let (Some(ruled), true) = (ruled, chosen) {
        turns.push((ruled.start, Turn::Against));
        turns.sort_by_key(|(at, turn)| (*at, matches!(turn, Turn::Value(_))));
    }
}

/// Walks the turns of one segment and sets the stance of its values.
fn settle(turns: &[Turn], stances: &mut [Polarity]) {
    let mut set = |at: Option<usize>| {
        if let Some(stance) = at.and_then(|at| stances.get_mut(at)) {
            *stance = Polarity::Forbid;
        }
    };
    let mut against = false;
    let mut ruled = 0;
    let mut last = None;
    let mut dangling = false;
    for turn in turns {
        match turn {
            Turn::Against => {
                (against, ruled, dangling) = (true, 0, true);
            }
            Turn::Gone => {
                set(last);
                (against, dangling) = (false, false);
            }
            Turn::Pivot => {
                if against && ruled > 0 {
                    against = false;
                }
            }
            Turn::Value(at) => {
                if against {
                    set(Some(*at));
                    ruled += 1;
                    dangling = false;
                }
                last = Some(*at);
            }
        }
    }
    if dangling {
        // "npm we do not use": nothing follows the negation, so it speaks of what stands before.
        set(last);
    }
}

/// The parts of a sentence between commas, stops, colons and brackets.
pub fn parts(text: &str) -> Vec<&str> {
    segments(text).into_iter().filter_map(|range| text.get(range)).map(str::trim).collect()
}

/// Byte ranges of folded text between commas, stops, colons and brackets.
fn segments(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = 0;
    let bytes = text.as_bytes();
    for (at, byte) in text.bytes().enumerate() {
        let blank_next = bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace);
        let cut = match byte {
            b',' | b';' | b'(' | b')' | b'\n' => true,
            b':' | b'.' | b'!' | b'?' => blank_next,
            b'-' => blank_next && at > 0 && bytes.get(at - 1) == Some(&b' '),
            _ => false,
        };
        if cut {
            found.push(open..at);
            open = at + 1;
        }
    }
    found.push(open..text.len());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kb::slots::Slots;
    use crate::domain::kb::words::Words;

    /// Values in the text with `+` for wanted and `-` for ruled out.
    fn check(text: &str, expect: &str) {
        let values = Slots::new().values(text);
        let ranges: Vec<_> = values.iter().map(|value| value.range.clone()).collect();
        let all = Stances::new();
        let stances = all.of(&all.hear(text), &ranges);
        let found: Vec<_> = values
            .iter()
            .zip(stances)
            .map(|(value, stance)| match stance {
                Polarity::Require => format!("+{}", value.value),
                Polarity::Forbid => format!("-{}", value.value),
            })
            .collect();
        assert_eq!(found.join(" "), expect, "{text}");
    }

    #[test]
    fn a_value_is_wanted_or_ruled_out() {
        check("use pnpm, not npm", "+pnpm -npm");
        check("npm non lo usiamo più", "-npm");
        check("da adesso in poi solo pnpm, npm non lo usiamo più", "+pnpm -npm");
        check("stop using axios, this project is on undici", "-axios +undici");
        check("jest is gone, vitest from here on", "-Jest +Vitest");
        check("drizzle replaces prisma", "+Drizzle -Prisma");
        check("replace prisma with drizzle", "-Prisma +Drizzle");
        check("passiamo da npm a pnpm", "-npm +pnpm");
        check("prefer axios over undici", "+axios -undici");
        check("preferire le CTE alle sottoquery", "+CTEs -subqueries");
        check("the labels are set in DejaVu Sans, use pnpm", "+DejaVu Sans +pnpm");
        check("mocha → vitest", "-Mocha +Vitest");
        check("use vitest instead of jest", "+Vitest -Jest");
        check("instead of npm use pnpm", "-npm +pnpm");
        check("Log with pino, never with console.log", "+pino -console.log");
        check("don't forget to validate with zod", "+zod");
        check("n'utilise jamais mocha, on a vitest", "-Mocha +Vitest");
        check("every http service is Fastify going forward, Express is banned", "+Fastify -Express");
        check("ab sofort nur noch ESM, kein CommonJS mehr", "+ESM -CommonJS");
    }

    #[test]
    fn a_sentence_asks_or_forbids() {
        let (stances, words) = (Stances::new(), Words::new());
        let check =
            |text: &str, expect| assert_eq!(stances.polarity(&stances.hear(text), &words), expect, "{text}");
        check("Log with pino, never with console.log", Polarity::Require);
        check("never ever run migrations on boot; they're run by hand", Polarity::Forbid);
        check("dont add a comment on every line, ever", Polarity::Forbid);
        check("no, le variabili vanno in camelCase", Polarity::Require);
        check("Services never import the db client", Polarity::Forbid);
        check("console.log is not allowed in src/", Polarity::Forbid);
        check("use pnpm not npm", Polarity::Require);
    }

    #[test]
    fn a_place_narrows_a_rule() {
        let (stances, words) = (Stances::new(), Words::new());
        assert_eq!(
            stances.place(&stances.hear("in packages/legacy keep commonjs"), &words).as_deref(),
            Some("packages/legacy")
        );
        assert_eq!(stances.place(&stances.hear("we use pnpm in this repo"), &words), None);
        assert_eq!(stances.place(&stances.hear("console.log is not allowed in src/"), &words), None);
        assert_eq!(
            stances.place(&stances.hear("use tabs in the admin app"), &words).as_deref(),
            Some("admin app")
        );
    }
}
