//! From keys to actions, and from actions to the words that name their keys, as the user's settings change both. It never acts.

use std::collections::{HashMap, HashSet};

use crossterm::event::{KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action, Context, Row};
use super::chord::Chord;
use crate::base::near::nearest;
use crate::domain::settings::keys::{Override, Overrides};

pub use super::chord::label;

/// What the terminal tells of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keyboard {
    /// As terminals always did: Shift+Enter is Enter, Ctrl+I is Tab.
    #[default]
    Legacy,
    /// Every key with its modifiers: the kitty protocol, or Windows.
    Full,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meaning {
    action: Action,
    /// Which of the action's keys it is, from 1.
    nth: usize,
}

/// Which key does what, and which keys to name in hints.
#[derive(Clone, Debug)]
pub struct Keymap {
    rows: HashMap<(Context, Chord), Meaning>,
    keys: HashMap<(Context, Action), Vec<Chord>>,
    /// What the terminal was found to report.
    pub keyboard: Keyboard,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::build(ACTIONS, &Overrides::default()).0
    }
}

/// A row with its keys in force.
struct Bound {
    row: &'static Row,
    keys: Vec<Chord>,
    origin: Origin,
}

/// Who gave a row its keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Default,
    User,
}

impl Bound {
    fn has_by_default(&self, chord: Chord) -> bool {
        self.row.keys.iter().any(|key| Chord::parse(key) == Some(chord))
    }
}

impl Keymap {
    /// The keys of a table, with what the user's settings say otherwise. Each warning names file and action; the rest counts.
    ///
    /// A key that the user gave to an action is taken from the actions that have it by default.
    pub fn build(table: &'static [Row], overrides: &Overrides) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let mut bound: Vec<Bound> = table
            .iter()
            .map(|row| {
                let keys = row.keys.iter().filter_map(|key| Chord::parse(key)).collect();
                Bound { row, keys, origin: Origin::Default }
            })
            .collect();
        for given in &overrides.rows {
            let mut warn = |cause: String| {
                warnings.push(format!("{}: keys.{}: {cause}.", overrides.file, given.id));
            };
            match bound.iter_mut().find(|bound| bound.row.id == given.id) {
                Some(bound) => {
                    bound.keys = chords(bound.row, given, &mut warn);
                    bound.origin = Origin::User;
                }
                None => warn(unknown(&given.id, table)),
            }
        }
        for (id, cause) in settle(&mut bound) {
            warnings.push(format!("{}: keys.{id}: {cause}.", overrides.file));
        }
        (Self::of(&bound), warnings)
    }

    fn of(bound: &[Bound]) -> Self {
        let mut map = Self { rows: HashMap::new(), keys: HashMap::new(), keyboard: Keyboard::Legacy };
        for Bound { row, keys, .. } in bound {
            for (at, chord) in keys.iter().enumerate() {
                let meaning = Meaning { action: row.action, nth: at + 1 };
                map.rows.entry((row.context, *chord)).or_insert(meaning);
            }
            map.keys.insert((row.context, row.action), keys.clone());
        }
        // A terminal of the old kind sends another chord for some of them, which means the same unless it means something itself.
        for Bound { row, keys, .. } in bound {
            for (at, chord) in keys.iter().enumerate() {
                if let Some(sent) = chord.in_legacy() {
                    let meaning = Meaning { action: row.action, nth: at + 1 };
                    map.rows.entry((row.context, sent)).or_insert(meaning);
                }
            }
        }
        map
    }

    /// The action of a key where the focus is; the focused part's own meaning goes before the general one.
    pub fn action(&self, context: Context, key: KeyEvent) -> Option<Action> {
        self.meaning(context, key).map(|meaning| meaning.action)
    }

    /// Which of its action's keys a key is, from 1: the second key that chooses is the one that chooses the second thing.
    pub fn nth(&self, context: Context, key: KeyEvent) -> Option<usize> {
        self.meaning(context, key).map(|meaning| meaning.nth)
    }

    fn meaning(&self, context: Context, key: KeyEvent) -> Option<Meaning> {
        // These belong to the desktop; without them the key would be another one: Super+A is no `a`.
        if key.modifiers.intersects(KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META) {
            return None;
        }
        let chord = Chord::of(key);
        self.rows.get(&(context, chord)).or_else(|| self.rows.get(&(Context::Everywhere, chord))).copied()
    }

    /// Learns from a key what the terminal reports.
    pub fn learn(&mut self, key: KeyEvent) {
        // Signs that are typed with AltGr come as Ctrl+Alt also from terminals of the old kind.
        let altgr = key.modifiers.contains(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if !altgr && Chord::of(key).needs_full_keyboard() {
            self.keyboard = Keyboard::Full;
        }
    }

    /// The keys of an action that work in this terminal, as people write them.
    pub fn labels(&self, context: Context, action: Action) -> impl Iterator<Item = String> + '_ {
        let keys = self.keys.get(&(context, action)).map(Vec::as_slice).unwrap_or_default();
        let works = |chord: &&Chord| self.keyboard == Keyboard::Full || !chord.needs_full_keyboard();
        keys.iter().filter(works).map(|chord| chord.label())
    }

    /// The first key of an action that works in this terminal, for hints; empty when it has none.
    pub fn hint(&self, context: Context, action: Action) -> String {
        self.labels(context, action).next().unwrap_or_default()
    }

    /// A sentence part that begins with the action's key, ` · F9 gives the mouse back`; empty when the action has none.
    pub fn told(&self, before: &str, context: Context, action: Action, words: &str) -> String {
        match self.hint(context, action) {
            key if key.is_empty() => String::new(),
            key => format!("{before}{key} {words}"),
        }
    }
}

/// The keys that an override gives to a row; what is none is said and left out.
fn chords(row: &Row, given: &Override, warn: &mut impl FnMut(String)) -> Vec<Chord> {
    let mut chords: Vec<Chord> = Vec::new();
    for word in &given.keys {
        match Chord::parse(word) {
            None => warn(format!(
                "{word:?} is no key that can be told from others; keys are written like \"ctrl+b\", \"alt+enter\", \"pageup\" or \"f5\""
            )),
            Some(chord) if chord.types() && types_text(row.context) => {
                warn(format!("{word:?} types a letter there, so it cannot do anything else"));
            }
            Some(chord) if chords.contains(&chord) => {}
            Some(chord) => chords.push(chord),
        }
    }
    chords
}

/// Whether letters are typed where a row holds.
fn types_text(context: Context) -> bool {
    match context {
        Context::Everywhere | Context::Prompt | Context::Menu => true,
        Context::Review
        | Context::Reading
        | Context::Marked
        | Context::Pager
        | Context::Compare
        | Context::Trust => false,
    }
}

fn unknown(id: &str, table: &'static [Row]) -> String {
    match nearest(id, table.iter().map(|row| row.id)) {
        Some(name) => format!("there is no such action, perhaps \"{name}\" is meant"),
        None => "there is no such action; the help lists what there is, assets/settings.toml the names"
            .to_string(),
    }
}

/// Decides who has a key that two rows claim, and tells of each claim that the defaults do not hold.
fn settle(bound: &mut [Bound]) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    let mut lost: HashSet<(usize, Chord)> = HashSet::new();
    for (at, first) in bound.iter().enumerate() {
        for (later, second) in bound.iter().enumerate().skip(at + 1) {
            for chord in first.keys.iter().filter(|chord| second.keys.contains(chord)) {
                let gone = lost.contains(&(at, *chord)) || lost.contains(&(later, *chord));
                if gone || (first.has_by_default(*chord) && second.has_by_default(*chord)) {
                    continue;
                }
                let (mine, other) = ((at, first), (later, second));
                match claim(first, second) {
                    Claim::None => {}
                    Claim::Taken(by) => {
                        let (winner, (place, loser)) =
                            if by == Side::First { (mine, other) } else { (other, mine) };
                        let cause = match loser.origin {
                            Origin::User => {
                                format!("{} is set for {} too, which has it", chord.word(), winner.1.row.id)
                            }
                            Origin::Default => format!(
                                "{} no longer does {}; {}",
                                chord.word(),
                                loser.row.id,
                                silence(loser, *chord)
                            ),
                        };
                        let told = if loser.origin == Origin::User { loser } else { winner.1 };
                        said.push((told.row.id, cause));
                        lost.insert((place, *chord));
                    }
                    Claim::Shadowed(by) => {
                        let (above, below) =
                            if by == Side::First { (first, second) } else { (second, first) };
                        let place = above.row.context.title();
                        let cause = format!(
                            "{} does this where “{place}” has the focus, and {} elsewhere only",
                            chord.word(),
                            below.row.id
                        );
                        said.push((above.row.id, cause));
                    }
                }
            }
        }
    }
    for (at, row) in bound.iter_mut().enumerate() {
        row.keys.retain(|chord| !lost.contains(&(at, *chord)));
    }
    said
}

/// One of two rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    First,
    Second,
}

/// What comes of two rows that have one key.
enum Claim {
    /// They hold in different places.
    None,
    /// The side that has it from now on; the other one loses it.
    Taken(Side),
    /// The side that has it where it holds; the other one has it elsewhere.
    Shadowed(Side),
}

fn claim(first: &Bound, second: &Bound) -> Claim {
    use Context::Everywhere;
    use Origin::{Default, User};
    match (first.row.context, second.row.context, first.origin, second.origin) {
        // What the user gave goes before what is by itself; of two that were given, the first in the table.
        (one, other, Default, User) if one == other => Claim::Taken(Side::Second),
        (one, other, _, _) if one == other => Claim::Taken(Side::First),
        (Everywhere, _, User, Default) => Claim::Taken(Side::First),
        (_, Everywhere, Default, User) => Claim::Taken(Side::Second),
        (Everywhere, ..) => Claim::Shadowed(Side::Second),
        (_, Everywhere, ..) => Claim::Shadowed(Side::First),
        (
            Context::Prompt
            | Context::Reading
            | Context::Marked
            | Context::Review
            | Context::Menu
            | Context::Pager
            | Context::Compare
            | Context::Trust,
            ..,
        ) => Claim::None,
    }
}

/// What to write so that nothing is said: the other row's keys without this one.
fn silence(row: &Bound, chord: Chord) -> String {
    let keys: Vec<String> =
        row.keys.iter().filter(|key| **key != chord).map(|key| format!("\"{}\"", key.word())).collect();
    format!("\"{}\" = [{}] says that it is meant", row.row.id, keys.join(", "))
}

#[cfg(test)]
mod tests;
