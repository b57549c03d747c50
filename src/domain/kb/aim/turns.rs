//! Words that turn what a sentence wants: may, only, any more, still. It tells that they stand there, and not what they turn.

use super::signs::Sign;
use crate::domain::kb::words::fold;

const TURNS: &str = include_str!("../../../../assets/kb/turns.txt");

/// The turns in the order of their rows, as signs of the directive, of the line, and of only one of the two.
pub const NAMES: [&str; 8] = ["may", "need-not", "change", "still", "only", "any", "none", "reason"];
pub const OLD: [&str; 8] =
    ["may-old", "need-not-old", "change-old", "still-old", "only-old", "any-old", "none-old", "reason-old"];
pub const ONE: [&str; 8] =
    ["may-one", "need-not-one", "change-one", "still-one", "only-one", "any-one", "none-one", "reason-one"];

/// The phrases of each turn, each as words with a space on both sides.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    phrases: [Vec<String>; NAMES.len()],
}

impl Turns {
    /// Reads the embedded rows: `turn: phrase, phrase`; several rows may speak of one turn.
    pub fn new() -> Self {
        let mut turns = Self::default();
        for (name, phrases) in
            TURNS.lines().filter(|row| !row.starts_with('#')).filter_map(|row| row.split_once(':'))
        {
            let at = NAMES.iter().position(|known| *known == name);
            let Some(list) = at.and_then(|at| turns.phrases.get_mut(at)) else { continue };
            list.extend(phrases.split(',').map(|phrase| format!(" {} ", phrase.trim())));
        }
        turns
    }

    /// How many different phrases of each turn stand in the text.
    pub fn of(&self, text: &str) -> Vec<Sign> {
        let mut plain = String::from(" ");
        for word in fold(text)
            .text
            .split(|c: char| !(c.is_alphanumeric() || c == '\''))
            .filter(|word| !word.is_empty())
        {
            plain.push_str(word);
            plain.push(' ');
        }
        let told = |list: &Vec<String>| list.iter().filter(|phrase| plain.contains(phrase.as_str())).count();
        NAMES
            .iter()
            .zip(&self.phrases)
            .map(|(name, list)| (*name, f32::from(u8::try_from(told(list)).unwrap_or(u8::MAX))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<&'static str> {
        Turns::new().of(text).into_iter().filter(|(_, value)| *value > 0.0).map(|(name, _)| name).collect()
    }

    #[test]
    fn turns_are_heard_as_whole_words() {
        assert_eq!(told("you may merge your own branch now"), ["may", "change"]);
        assert_eq!(told("maybe the nowhere man"), [""; 0]);
    }

    #[test]
    fn every_row_names_a_turn() {
        let rows = TURNS.lines().filter(|row| !row.starts_with('#') && !row.is_empty());
        for row in rows {
            let name = row.split_once(':').map(|(name, _)| name).unwrap_or(row);
            assert!(NAMES.contains(&name), "{row}");
        }
    }
}
