//! The paths of a project, and which of them a few typed letters mean. It never reads a disk.

use std::cmp::Reverse;
use std::ops::Range;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::base::text;

/// Paths that are kept; a project with more has some that are not found.
pub const MOST: usize = 50_000;

/// Paths that are compared letter by letter; of more, the ones with the plainest likeness are.
const POOL: usize = 400;

/// Paths that are given, best first.
const GIVEN: usize = 100;

/// Paths relative to the project's folder, with `/` between their parts; those of folders end with one. They lie in one piece, so that a
/// list of this length is dropped at once.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    text: String,
    lower: String,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    whole: Range<usize>,
    lower: Range<usize>,
    /// Where the last part begins in `lower`.
    name: usize,
    signs: u64,
}

impl Paths {
    /// Paths in the order in which they are offered: the outer ones first, folders before files. One that holds what may not be shown is
    /// left out: it could not be written into a message.
    pub fn new(paths: Vec<String>) -> Self {
        let mut sorted: Vec<(usize, bool, String, String)> = paths
            .into_iter()
            .filter(|path| is_plain(path))
            .map(|path| {
                let inner = path.trim_end_matches('/');
                (inner.matches('/').count(), inner.len() == path.len(), path.to_lowercase(), path)
            })
            .collect();
        sorted.sort_unstable();
        sorted.truncate(MOST);
        let mut all = Self::default();
        for (_, _, lower, path) in &sorted {
            let (from, lower_from) = (all.text.len(), all.lower.len());
            all.text.push_str(path);
            all.lower.push_str(lower);
            let inner = lower.trim_end_matches('/');
            let name = lower_from + inner.rfind('/').map_or(0, |at| at + 1);
            all.entries.push(Entry {
                whole: from..all.text.len(),
                lower: lower_from..all.lower.len(),
                name,
                signs: signs(lower),
            });
        }
        all
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The path at a place.
    pub fn get(&self, place: usize) -> Option<&str> {
        self.text.get(self.entries.get(place)?.whole.clone())
    }

    /// How a path is like what was typed, 0 for the plainest likeness; `None` when letters are missing. A rank from `most` on
    /// is of no interest and is given as `LOOSE`.
    fn likeness(&self, entry: &Entry, typed: &Typed<'_>, most: usize) -> Option<usize> {
        if entry.signs & typed.signs != typed.signs {
            return None;
        }
        let path = self.lower.get(entry.lower.clone())?;
        if !typed.is_in_order_in(path) {
            return None;
        }
        let name = self.lower.get(entry.name..entry.lower.end)?;
        let bytes = typed.letters.as_bytes();
        let tries: [&dyn Fn() -> bool; LOOSE] = [
            &|| (if typed.has_folder { path } else { name }).as_bytes().starts_with(bytes),
            &|| !typed.has_folder && holds(name.as_bytes(), bytes),
            &|| !typed.has_folder && typed.is_in_order_in(name),
            &|| holds(path.as_bytes(), bytes),
        ];
        Some(tries.iter().take(most).position(|is_like| is_like()).unwrap_or(LOOSE))
    }
}

/// The rank of a path that has all letters, but scattered.
const LOOSE: usize = 4;

/// What was typed, in small letters.
struct Typed<'a> {
    letters: &'a str,
    signs: u64,
    has_folder: bool,
}

impl<'a> Typed<'a> {
    fn new(letters: &'a str) -> Self {
        Self { letters, signs: signs(letters), has_folder: letters.contains('/') }
    }

    fn is_in_order_in(&self, text: &str) -> bool {
        if !self.letters.is_ascii() {
            let mut rest = text;
            return self.letters.chars().all(|letter| match rest.split_once(letter) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            });
        }
        let mut wanted = self.letters.bytes();
        let Some(mut next) = wanted.next() else { return true };
        for byte in text.bytes() {
            if byte == next {
                match wanted.next() {
                    Some(after) => next = after,
                    None => return true,
                }
            }
        }
        false
    }
}

/// Whether a piece stands in a text. The standard library prepares each search, which costs more than these short ones.
fn holds(text: &[u8], piece: &[u8]) -> bool {
    let Some((first, rest)) = piece.split_first() else { return true };
    let mut left = text;
    while let Some((byte, after)) = left.split_first() {
        if byte == first && after.starts_with(rest) {
            return true;
        }
        left = after;
    }
    false
}

/// Whether a path is the same in a message and on the screen.
fn is_plain(path: &str) -> bool {
    !path.is_empty() && !path.contains(['\n', '\t']) && text::sanitise(path) == path
}

/// Which letters and signs a text holds, a bit each; rare ones share one.
fn signs(text: &str) -> u64 {
    let bit = |byte: u8| match byte {
        b'a'..=b'z' => byte - b'a',
        b'0'..=b'9' => 26 + (byte - b'0'),
        b'/' => 36,
        b'.' => 37,
        b'-' => 38,
        b'_' => 39,
        _ => 40 + byte % 24,
    };
    text.bytes().fold(0, |all, byte| all | (1 << bit(byte)))
}

/// The paths that what is typed so far may mean. The next letter looks through these alone.
#[derive(Clone, Debug, Default)]
pub struct Search {
    typed: String,
    fitting: Vec<usize>,
    best: Vec<usize>,
}

impl Search {
    /// Looks through all paths.
    pub fn new(paths: &Paths, typed: &str) -> Self {
        let mut search = Self { fitting: (0..paths.len()).collect(), ..Self::default() };
        search.narrow(paths, typed);
        search
    }

    /// What was typed is now this.
    pub fn retype(&mut self, paths: &Paths, typed: &str) {
        if typed.to_lowercase().starts_with(&self.typed) {
            self.narrow(paths, typed);
        } else {
            *self = Self::new(paths, typed);
        }
    }

    /// Places of the best paths, best first.
    pub fn best(&self) -> &[usize] {
        &self.best
    }

    fn narrow(&mut self, paths: &Paths, typed: &str) {
        self.typed = typed.to_lowercase();
        if typed.is_empty() {
            self.best = self.fitting.iter().copied().take(GIVEN).collect();
            return;
        }
        let letters = Typed::new(&self.typed);
        let mut alike: [Vec<usize>; LOOSE + 1] = Default::default();
        // Once the pool is full of better ones, how a path is like it need not be known.
        let mut most = LOOSE;
        self.fitting.retain(|place| {
            let entry = paths.entries.get(*place);
            let likeness = entry.and_then(|entry| paths.likeness(entry, &letters, most));
            if let Some(same) = likeness.and_then(|likeness| alike.get_mut(likeness)) {
                same.push(*place);
                let better: usize = alike.iter().take(most).map(Vec::len).sum();
                if better >= POOL {
                    most = most.saturating_sub(1);
                }
            }
            likeness.is_some()
        });
        let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
        let atom = Atom::new(typed, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy, false);
        let mut buffer = Vec::new();
        let pool = alike
            .iter()
            .enumerate()
            .flat_map(|(likeness, places)| places.iter().map(move |place| (likeness, *place)));
        let mut scored: Vec<(usize, Reverse<u16>, usize)> = pool
            .take(POOL)
            .map(|(likeness, place)| {
                let path = paths.get(place).unwrap_or_default();
                // What a folder holds stays in its order.
                let score = if typed.ends_with('/') {
                    0
                } else {
                    atom.score(Utf32Str::new(path, &mut buffer), &mut matcher).unwrap_or(0)
                };
                (likeness, Reverse(score), place)
            })
            .collect();
        scored.sort_unstable();
        // A folder that is written already is no choice any more.
        let others = scored
            .into_iter()
            .map(|(_, _, place)| place)
            .filter(|place| !typed.ends_with('/') || paths.get(*place) != Some(typed));
        self.best = others.take(GIVEN).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(all: &[&str]) -> Paths {
        Paths::new(all.iter().map(|path| path.to_string()).collect())
    }

    fn found<'a>(paths: &'a Paths, typed: &str) -> Vec<&'a str> {
        let search = Search::new(paths, typed);
        search.best().iter().filter_map(|place| paths.get(*place)).collect()
    }

    #[test]
    fn names_go_before_folders_and_scattered_letters() {
        let paths =
            paths(&["src/order/list.ts", "src/orders.ts", "docs/reorder.md", "orbit/deck/era.md", "x.md"]);
        assert_eq!(
            found(&paths, "order"),
            ["src/orders.ts", "docs/reorder.md", "src/order/list.ts", "orbit/deck/era.md"]
        );
        assert_eq!(found(&paths, "ORDERS.T"), ["src/orders.ts", "src/order/list.ts"]);
        assert_eq!(found(&paths, "src/o"), ["src/orders.ts", "src/order/list.ts"]);
    }

    #[test]
    fn without_letters_the_outer_ones_come_first_and_folders_before_files() {
        let paths = paths(&["src/a.ts", "z.md", "src/", "B.md", "src/lib/"]);
        assert_eq!(found(&paths, ""), ["src/", "B.md", "z.md", "src/lib/", "src/a.ts"]);
        assert_eq!(found(&paths, "src/"), ["src/lib/", "src/a.ts"]);
    }

    #[test]
    fn a_letter_more_or_less_gives_what_a_fresh_search_gives() {
        let paths = paths(&["src/app.ts", "src/api/", "src/api/pay.ts", "README.md", "über/ÄÖ.md"]);
        let mut search = Search::new(&paths, "");
        for typed in ["a", "ap", "app", "ap", "a", "", "Ä", "äö", "", "src/", "src/api/", "src/api/x", "s"]
        {
            search.retype(&paths, typed);
            assert_eq!(search.best(), Search::new(&paths, typed).best(), "{typed}");
        }
        assert_eq!(found(&paths, "äö"), ["über/ÄÖ.md"]);
    }

    #[test]
    fn what_may_not_be_shown_is_left_out() {
        let paths = paths(&["a\u{1b}[31m.md", "b\nc.md", "d\u{202e}e.md", "", "f g.md"]);
        assert_eq!(found(&paths, ""), ["f g.md"]);
    }
}
