//! A conversation as it is kept: its number, its title, and what a list shows of it. It never opens a file and never reads a clock.

use std::fmt;

use super::chat::{Body, Presence};
use crate::base::text;

/// The number of a kept session. A number never comes back, also when its session is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub i64);

impl fmt::Display for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::str::FromStr for SessionId {
    type Err = String;

    /// Reads `42` and `#42`.
    fn from_str(words: &str) -> Result<Self, String> {
        let digits = words.trim().trim_start_matches('#');
        let number = digits.parse().ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| {
            format!("{:?} is no number of a session; `dictum session list` shows them", text::one_line(words))
        });
        number.map(Self)
    }
}

/// A session as a list shows it. Its words are safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub id: SessionId,
    /// The session that it branched off from.
    pub parent: Option<SessionId>,
    pub title: String,
    /// Messages of the user and replies.
    pub messages: u64,
    pub persona: String,
    pub model: String,
    /// The folder that it was held in.
    pub folder: String,
    /// When it began and when it changed last, in milliseconds since 1970.
    pub began: i64,
    pub changed: i64,
    /// Seconds since it changed last.
    pub age: u64,
    /// The newest words, or those that a search found; cut.
    pub words: String,
}

/// One entry as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// When it was written, in milliseconds since 1970; `None` where nobody knows.
    pub at: Option<i64>,
    /// The number of its row in the store; `None` where it does not come from there.
    pub row: Option<i64>,
    pub presence: Presence,
    pub body: Body,
}

impl Kept {
    /// An entry that takes part, and comes from no store.
    pub fn new(at: Option<i64>, body: Body) -> Self {
        Self { at, row: None, presence: Presence::Current, body }
    }
}

/// The longest title that is made from a message, in characters.
const TITLE: usize = 60;

/// A title from the first message: its first line with words, cut at a word.
pub fn title_of(message: &str) -> String {
    let line = message.lines().map(text::one_line).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let line = line.trim();
    if line.chars().count() <= TITLE {
        return line.to_string();
    }
    let cut: String = line.chars().take(TITLE).collect();
    // A word that is longer than half the title is cut itself.
    let whole = cut.rsplit_once(char::is_whitespace).map(|(head, _)| head.trim_end());
    let head = whole.filter(|head| head.chars().count() > TITLE / 2).unwrap_or(&cut);
    format!("{head} …")
}

/// How long ago something was, in words as short as a list needs.
pub fn ago(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..MINUTE => "just now".to_string(),
        MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        HOUR..DAY => format!("{} h ago", seconds / HOUR),
        _ => match seconds / DAY {
            1 => "yesterday".to_string(),
            days @ 2..60 => format!("{days} days ago"),
            days => format!("{} months ago", days / 30),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_first_line_with_words_cut_at_a_word() {
        assert_eq!(title_of("\n  \n  fix the build \nplease"), "fix the build");
        let long = "explain why the second migration fails on an empty database when it runs twice";
        assert_eq!(title_of(long), "explain why the second migration fails on an empty database …");
        assert_eq!(title_of(&"x".repeat(80)), format!("{} …", "x".repeat(60)));
        assert_eq!(title_of("red \u{1b}[31malert\u{1b}[0m"), "red alert");
        assert_eq!(title_of(""), "");
    }

    #[test]
    fn numbers_are_read_with_and_without_their_mark() {
        assert_eq!("42".parse(), Ok(SessionId(42)));
        assert_eq!(" #7 ".parse(), Ok(SessionId(7)));
        assert!("0".parse::<SessionId>().is_err());
        assert!("last".parse::<SessionId>().is_err_and(|why| why.contains("session list")));
    }

    #[test]
    fn ages_are_short() {
        let told = [0, 59, 60, 3_599, 7_200, 90_000, 200_000, 90 * 86_400].map(ago);
        let expect = [
            "just now",
            "just now",
            "1 min ago",
            "59 min ago",
            "2 h ago",
            "yesterday",
            "2 days ago",
            "3 months ago",
        ];
        assert_eq!(told, expect);
    }
}
