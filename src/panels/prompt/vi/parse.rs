//! The keys of a vi command, as far as they were typed, to the command. It knows nothing of the draft.

use super::letters::Size;
use super::motion::{Find, Motion, Stop, Way};
use super::object::{Object, Scope};

/// What keys mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// More keys must come.
    More,
    Wrong,
    Done(Command, Option<usize>),
}

/// A whole command; its count stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Move(Motion),
    Operate(Operator, Target),
    /// In visual mode: the operator takes what is selected.
    OperateSelected(Operator),
    /// In visual mode: the object is selected.
    Select(Object, Scope),
    Replace(char),
    ToggleCase,
    Join,
    Put(Way),
    Undo,
    Repeat,
    Insert(Place),
    Visual(Selecting),
    OtherEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Delete,
    Change,
    Yank,
}

/// What an operator is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Motion(Motion),
    Object(Object, Scope),
    /// Whole lines from this one on.
    Lines,
}

/// Where text is inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    After,
    LineText,
    LineEnd,
    LineBelow,
    LineAbove,
}

/// What visual mode selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selecting {
    Letters,
    Lines,
}

/// A count beyond this is taken for it, so that no slip of a finger holds the screen up.
const MOST: usize = 9_999;

/// Reads the keys; `visual` is what is being selected, if anything is.
pub(super) fn parse(keys: &[char], visual: Option<Selecting>) -> Parsed {
    let (count, rest) = counted(keys);
    let Some((first, after)) = rest.split_first() else { return Parsed::More };
    match visual {
        Some(selecting) => in_visual(*first, after, selecting, count),
        None => in_normal(*first, after, count),
    }
}

/// The count at the beginning, and the keys after it. A `0` alone is a motion.
fn counted(keys: &[char]) -> (Option<usize>, &[char]) {
    if keys.first() == Some(&'0') {
        return (None, keys);
    }
    let digits = keys.iter().take_while(|key| key.is_ascii_digit()).count();
    let (number, rest) = keys.split_at(digits);
    let count = number
        .iter()
        .filter_map(|key| key.to_digit(10))
        .fold(0usize, |count, digit| (count * 10 + usize::try_from(digit).unwrap_or(0)).min(MOST));
    ((digits > 0).then_some(count), rest)
}

fn in_normal(first: char, after: &[char], count: Option<usize>) -> Parsed {
    use Operator::{Change, Delete, Yank};
    let done = |command| Parsed::Done(command, count);
    let short = |operator, target| done(Command::Operate(operator, target));
    match first {
        'd' => operated(Delete, first, after, count),
        'c' => operated(Change, first, after, count),
        'y' => operated(Yank, first, after, count),
        'x' => short(Delete, Target::Motion(Motion::Right)),
        'X' => short(Delete, Target::Motion(Motion::Left)),
        's' => short(Change, Target::Motion(Motion::Right)),
        'D' => short(Delete, Target::Motion(Motion::LineEnd)),
        'C' => short(Change, Target::Motion(Motion::LineEnd)),
        'S' => short(Change, Target::Lines),
        'Y' => short(Yank, Target::Lines),
        'i' => done(Command::Insert(Place::Before)),
        'a' => done(Command::Insert(Place::After)),
        'I' => done(Command::Insert(Place::LineText)),
        'A' => done(Command::Insert(Place::LineEnd)),
        'o' => done(Command::Insert(Place::LineBelow)),
        'O' => done(Command::Insert(Place::LineAbove)),
        'u' => done(Command::Undo),
        '.' => done(Command::Repeat),
        _ => shared(first, after, count),
    }
}

fn in_visual(first: char, after: &[char], selecting: Selecting, count: Option<usize>) -> Parsed {
    let done = |command| Parsed::Done(command, count);
    match first {
        'd' | 'x' | 'X' | 'D' => done(Command::OperateSelected(Operator::Delete)),
        'c' | 's' | 'C' | 'S' => done(Command::OperateSelected(Operator::Change)),
        'y' | 'Y' => done(Command::OperateSelected(Operator::Yank)),
        'o' => done(Command::OtherEnd),
        'i' | 'a' if selecting == Selecting::Letters => match after.first() {
            None => Parsed::More,
            Some(key) => {
                object(*key).map_or(Parsed::Wrong, |object| done(Command::Select(object, scope(first))))
            }
        },
        _ => shared(first, after, count),
    }
}

/// What means the same in normal and visual mode.
fn shared(first: char, after: &[char], count: Option<usize>) -> Parsed {
    let done = |command| Parsed::Done(command, count);
    match first {
        'v' => done(Command::Visual(Selecting::Letters)),
        'V' => done(Command::Visual(Selecting::Lines)),
        '~' => done(Command::ToggleCase),
        'J' => done(Command::Join),
        'p' => done(Command::Put(Way::On)),
        'P' => done(Command::Put(Way::Back)),
        'r' => after.first().map_or(Parsed::More, |letter| done(Command::Replace(*letter))),
        _ => match motion(first, after) {
            Found::More => Parsed::More,
            Found::None => Parsed::Wrong,
            Found::Motion(motion) => done(Command::Move(motion)),
        },
    }
}

/// The keys after an operator.
fn operated(operator: Operator, key: char, after: &[char], before: Option<usize>) -> Parsed {
    let (count, rest) = counted(after);
    let count = match (before, count) {
        (None, None) => None,
        (first, second) => Some((first.unwrap_or(1) * second.unwrap_or(1)).min(MOST)),
    };
    let done = |target| Parsed::Done(Command::Operate(operator, target), count);
    let Some((first, after)) = rest.split_first() else { return Parsed::More };
    match (*first, after.first()) {
        (same, _) if same == key => done(Target::Lines),
        ('i' | 'a', None) => Parsed::More,
        ('i' | 'a', Some(sign)) => {
            object(*sign).map_or(Parsed::Wrong, |object| done(Target::Object(object, scope(*first))))
        }
        _ => match motion(*first, after) {
            Found::More => Parsed::More,
            Found::None => Parsed::Wrong,
            Found::Motion(motion) => done(Target::Motion(motion)),
        },
    }
}

enum Found {
    More,
    None,
    Motion(Motion),
}

fn motion(first: char, after: &[char]) -> Found {
    let find = |way, stop| match after.first() {
        None => Found::More,
        Some(letter) => Found::Motion(Motion::Find(Find { letter: *letter, way, stop })),
    };
    Found::Motion(match first {
        'h' => Motion::Left,
        'l' | ' ' => Motion::Right,
        'k' => Motion::Up,
        'j' => Motion::Down,
        'w' => Motion::Word(Size::Small),
        'W' => Motion::Word(Size::Big),
        'b' => Motion::Back(Size::Small),
        'B' => Motion::Back(Size::Big),
        'e' => Motion::End(Size::Small),
        'E' => Motion::End(Size::Big),
        '0' => Motion::LineStart,
        '^' => Motion::LineText,
        '$' => Motion::LineEnd,
        'G' => Motion::Bottom,
        'g' => match after.first() {
            None => return Found::More,
            Some('g') => Motion::Top,
            Some(_) => return Found::None,
        },
        'f' => return find(Way::On, Stop::At),
        't' => return find(Way::On, Stop::Beside),
        'F' => return find(Way::Back, Stop::At),
        'T' => return find(Way::Back, Stop::Beside),
        ';' => Motion::Again(Way::On),
        ',' => Motion::Again(Way::Back),
        _ => return Found::None,
    })
}

fn scope(key: char) -> Scope {
    if key == 'i' { Scope::Inner } else { Scope::Around }
}

fn object(key: char) -> Option<Object> {
    Some(match key {
        'w' => Object::Word(Size::Small),
        'W' => Object::Word(Size::Big),
        '"' | '\'' | '`' => Object::Quoted(key),
        '(' | ')' | 'b' => Object::Bracketed('(', ')'),
        '[' | ']' => Object::Bracketed('[', ']'),
        '{' | '}' | 'B' => Object::Bracketed('{', '}'),
        '<' | '>' => Object::Bracketed('<', '>'),
        _ => return None,
    })
}
