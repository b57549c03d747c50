//! What a language looks like, as one row of a table. It never reads code.

use super::scan::{Class, is_word};
use super::table;

/// One language.
///
/// A row says what differs from [`Language::PLAIN`]; adding a language is adding a row.
pub(super) struct Language {
    /// The name, and the other names that people write after a fence.
    pub names: &'static str,
    pub shape: Shape,
    pub line_comments: &'static [&'static str],
    pub block_comments: &'static [(&'static str, &'static str)],
    pub nested_comments: bool,
    /// The kinds of strings; of those that fit, the first one counts.
    pub quotes: &'static [Quote],
    pub keywords: Words,
    /// Keywords that may also be names: they count only before a name, a string or a bracket.
    pub soft_keywords: Words,
    /// Words that are values.
    pub literals: Words,
    pub types: Words,
    /// Keywords that the name of a function follows.
    pub before_function: Words,
    /// Keywords that the name of a type follows.
    pub before_type: Words,
    /// Keywords that a key may follow as if it stood first.
    pub modifiers: Words,
    /// Keywords that are functions where a bracket touches them.
    pub functions: Words,
    /// Keywords that are no keys before a colon.
    pub before_colon: Words,
    /// Keywords are written in any case.
    pub any_case: bool,
    pub capitals: Capitals,
    pub keys: Keys,
    /// Marks one of which follows a key.
    pub key_marks: &'static [&'static str],
    /// What else may stand in a name.
    pub name_marks: &'static str,
    /// Characters that make a variable of the name after them.
    pub sigils: &'static str,
    /// What `@name` is.
    pub at: Class,
    /// What `:name` is.
    pub colon: Class,
    pub hash: Hash,
    pub features: &'static [Feature],
}

/// How a language is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Code,
    Shell,
    /// Commands after a prompt, and what they print.
    Console,
    Docker,
    Make,
    Yaml,
    /// Names and values, one a line.
    Settings,
    Http,
    Diff,
    Markdown,
    Markup,
    Css,
    /// Everything is of one class, but variables.
    Flat(Class),
}

/// A kind of string.
pub(super) struct Quote {
    /// Letters one of which stands before the quote; empty when none does.
    pub prefix: &'static str,
    pub open: &'static str,
    pub close: &'static str,
    pub escape: Escape,
    /// May go on in the next line.
    pub lines: bool,
    /// What begins an expression in the string.
    pub inserts: &'static [&'static str],
    /// `$name` is a variable.
    pub variables: bool,
    /// Any number of `#` around the quotes.
    pub hashes: bool,
    /// Holds one character; otherwise the quote is that of a lifetime.
    pub single: bool,
}

/// How a string holds its own quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    Backslash,
    Doubled,
    Never,
}

/// What a name with a capital letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capitals {
    Nothing,
    /// A type, and a constant when it has no small letter.
    Types,
    /// The same, but a function when it is called.
    Methods,
}

/// Where a name before a mark is a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    Nowhere,
    /// At the beginning of a line or an entry, but not within round brackets, where a parameter would stand.
    Entries,
    /// At the beginning of a line or an entry.
    Arguments,
    /// Wherever the mark touches the name and a blank follows.
    Touching,
}

/// What `#` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Nothing,
    /// `#[name]`
    Attribute,
    /// `#name` at the beginning of a line
    Directive,
}

/// What few languages have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feature {
    /// `/pattern/flags` where a value may stand.
    Patterns,
    /// `<Tag />` where a value may stand.
    Jsx,
    /// `name<T>(`
    Generics,
    /// `name!(`
    Macros,
    /// `name = (a) =>`
    Arrows,
    /// `[section]` at the beginning of a line, and dates.
    Sections,
    /// The first word of a statement names something: `name Type`, `listen 80`.
    Statements,
    /// The first word of a line within braces is a key.
    Fields,
    /// `<<WORD`
    Heredocs,
    /// `{name}` in a text is an expression.
    Braces,
    /// Keywords are keywords after a dot too.
    DottedKeywords,
}

impl Language {
    /// Nothing but words and brackets.
    pub(super) const PLAIN: Self = Self {
        names: "",
        shape: Shape::Code,
        line_comments: &[],
        block_comments: &[],
        nested_comments: false,
        quotes: &[],
        keywords: Words::NONE,
        soft_keywords: Words::NONE,
        literals: Words::NONE,
        types: Words::NONE,
        before_function: Words::NONE,
        before_type: Words::NONE,
        modifiers: Words::NONE,
        functions: Words::NONE,
        before_colon: Words::NONE,
        any_case: false,
        capitals: Capitals::Nothing,
        keys: Keys::Nowhere,
        key_marks: &[":"],
        name_marks: "",
        sigils: "",
        at: Class::Plain,
        colon: Class::Plain,
        hash: Hash::Nothing,
        features: &[],
    };

    /// The language of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        if name.is_empty() {
            return None;
        }
        let known = |row: &&Language| row.names.split(' ').any(|known| known.eq_ignore_ascii_case(name));
        table::TABLES.iter().flat_map(|rows| rows.iter()).find(known)
    }

    /// The language of this name, or that in which everything is plain.
    pub(super) fn named_or_flat(name: &str) -> &'static Self {
        Self::named(name).unwrap_or(table::FLAT)
    }

    pub(super) fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// Whether `c` may stand in a name.
    pub(super) fn in_name(&self, c: char) -> bool {
        is_word(c) || self.name_marks.contains(c)
    }

    /// Whether `word` is one of `words`, in the case that the language asks for.
    pub(super) fn holds(&self, words: &Words, word: &str) -> bool {
        words.contain(word, self.any_case)
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.names)
    }
}

impl Quote {
    /// A string of one line with backslashes.
    pub(super) const fn of(quote: &'static str) -> Self {
        Self {
            prefix: "",
            open: quote,
            close: quote,
            escape: Escape::Backslash,
            lines: false,
            inserts: &[],
            variables: false,
            hashes: false,
            single: false,
        }
    }

    /// A string of many lines with backslashes.
    pub(super) const fn long(quote: &'static str) -> Self {
        Self { lines: true, ..Self::of(quote) }
    }

    /// A string in which nothing is escaped.
    pub(super) const fn raw(quote: &'static str) -> Self {
        Self { escape: Escape::Never, ..Self::of(quote) }
    }

    /// A string that holds its quote twice to hold it once.
    pub(super) const fn doubled(quote: &'static str) -> Self {
        Self { escape: Escape::Doubled, ..Self::of(quote) }
    }

    pub(super) const fn between(self, close: &'static str) -> Self {
        Self { close, ..self }
    }

    pub(super) const fn after(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    pub(super) const fn with(self, inserts: &'static [&'static str]) -> Self {
        Self { inserts, ..self }
    }

    /// With `$name` in it.
    pub(super) const fn with_variables(self) -> Self {
        Self { variables: true, ..self }
    }
}

/// A list of words, in the order of their first letters, so that a look-up reads few of them.
pub(super) struct Words {
    text: &'static str,
    /// Where the words of each letter begin; those that begin with no letter come first.
    starts: [u16; SLOTS + 1],
}

const SLOTS: usize = 27;

impl Words {
    pub(super) const NONE: Self = Self::of("");

    /// The words of `text`. It runs when dictum is built, and fails then when they are out of order.
    pub(super) const fn of(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = [0; SLOTS + 1];
        let (mut at, mut slot) = (0, 0);
        while at < bytes.len() {
            if at == 0 || bytes[at - 1] == b' ' {
                let next = Self::slot(bytes[at]);
                assert!(next >= slot, "words are in the order of their first letters");
                while slot < next {
                    slot += 1;
                    starts[slot] = at as u16;
                }
            }
            at += 1;
        }
        while slot < SLOTS {
            slot += 1;
            starts[slot] = bytes.len() as u16;
        }
        Self { text, starts }
    }

    const fn slot(first: u8) -> usize {
        let letter = first.to_ascii_lowercase();
        if letter.is_ascii_lowercase() { (letter - b'a') as usize + 1 } else { 0 }
    }

    pub(super) fn contain(&self, word: &str, any_case: bool) -> bool {
        let Some(first) = word.bytes().next() else { return false };
        let slot = Self::slot(first);
        let bound = |index: usize| self.starts.get(index).map_or(0, |start| usize::from(*start));
        let words = self.text.get(bound(slot)..bound(slot + 1)).unwrap_or_default();
        words.split(' ').any(|known| known == word || any_case && known.eq_ignore_ascii_case(word))
    }
}
