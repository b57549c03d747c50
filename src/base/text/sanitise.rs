//! Untrusted text made harmless: no control bytes, no escape sequences, nothing invisible. It never measures or lays out.
//!
//! The cleaning works line by line: for text without escape characters, `sanitise(a + b)` equals `sanitise(a) + sanitise(b)`
//! whenever `a` ends in a newline. The streaming renderer builds on this.

use unicode_width::UnicodeWidthChar;

/// Marks on one base character beyond this number are shown by their code: one cell is not a hiding place.
/// The figure is the limit of Unicode's stream-safe text format (UAX 15).
const MAX_MARKS: usize = 30;

/// The flags whose tag characters are known; any other use of tag characters is hidden text.
const TAGGED_FLAGS: [&str; 3] = [
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// `text` without escape sequences and control characters, with line ends as `\n`, and with bidirectional, zero-width and tag
/// characters spelled out as `‹U+202E›`. Tabs and newlines stay. Doing it twice changes nothing more.
pub fn sanitise(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, 0x20..0x7f | b'\n' | b'\t')) {
        return text.to_string();
    }
    let mut out = Cleaner { out: String::with_capacity(text.len()), last: '\n', before: '\n', marks: 0 };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '\u{1b}' => skip_escape(rest),
            '\u{9b}' => skip_control_sequence(after(rest, c)),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(after(rest, c)),
            '\r' => {
                out.push('\n');
                let rest = after(rest, c);
                rest.strip_prefix('\n').unwrap_or(rest)
            }
            '\n' | '\t' => {
                out.push(c);
                after(rest, c)
            }
            c if c.is_control() => after(rest, c),
            c => out.take(c, after(rest, c)),
        };
    }
    out.out
}

/// `text` sanitised, on one line: each run of white space becomes one space.
pub fn one_line(text: &str) -> String {
    let clean = sanitise(text);
    let mut out = String::with_capacity(clean.len());
    for word in clean.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The cleaned text so far, with what the next decision depends on.
struct Cleaner {
    out: String,
    /// The last character put out, and the one before it.
    last: char,
    before: char,
    /// How many characters without a width stand at the end.
    marks: usize,
}

impl Cleaner {
    fn push(&mut self, c: char) {
        self.out.push(c);
        (self.before, self.last) = (self.last, c);
        self.marks = if c.width() == Some(0) { self.marks + 1 } else { 0 };
    }

    /// Puts out a character that is no control, or its code; gives back what is left after it.
    fn take<'a>(&mut self, c: char, rest: &'a str) -> &'a str {
        if c == '\u{1f3f4}'
            && let Some(tags) = TAGGED_FLAGS.iter().find(|tags| rest.starts_with(**tags))
        {
            self.push(c);
            self.out.push_str(tags);
            (self.before, self.last, self.marks) = ('\u{e007f}', '\u{e007f}', 0);
            return rest.get(tags.len()..).unwrap_or_default();
        }
        if self.shows(c, rest.chars().next()) {
            self.push(c);
        } else {
            self.spell(c);
        }
        rest
    }

    /// Whether `c` may stand as it is, seen from its neighbours.
    fn shows(&self, c: char, next: Option<char>) -> bool {
        match c {
            // A joiner has a purpose between two pictures, and inside scripts whose letters join.
            '\u{200d}' => {
                (self.ends_in_picture() && next.is_some_and(is_picture))
                    || (joins(self.last) && next.is_none_or(joins))
            }
            '\u{200c}' => joins(self.last) && next.is_some_and(joins),
            // A variation selector changes the one character before it; a second one in a row carries hidden data.
            '\u{fe00}'..='\u{fe0f}' => {
                !is_selector(self.last) && !self.last.is_whitespace() && self.marks < MAX_MARKS
            }
            '\u{e0100}'..='\u{e01ef}' => is_ideograph(self.last),
            c if is_hidden(c) => false,
            c if c.width() == Some(0) => self.marks < MAX_MARKS,
            _ => true,
        }
    }

    fn ends_in_picture(&self) -> bool {
        let base = if is_selector(self.last) || is_skin(self.last) { self.before } else { self.last };
        is_picture(self.last) || is_picture(base) || self.last == '\u{20e3}'
    }

    fn spell(&mut self, c: char) {
        self.out.push_str(&spelled(c));
        // As after a line end: nothing may attach itself to the code.
        (self.before, self.last, self.marks) = ('\n', '\n', 0);
    }
}

/// Characters that show nothing, or that change how their neighbours show.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Blocks that hold emoji; a skin tone counts, it only ever follows one.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

fn is_skin(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Arabic, Syriac, the scripts of India and South-East Asia, Mongolian: there a joiner is spelling, not a trick.
fn joins(c: char) -> bool {
    !is_hidden(c)
        && matches!(c, '\u{620}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

fn after(text: &str, c: char) -> &str {
    text.get(c.len_utf8()..).unwrap_or_default()
}

/// Skips the sequence that begins with the escape character at the start of `text`.
fn skip_escape(text: &str) -> &str {
    let rest = after(text, '\u{1b}');
    match rest.chars().next() {
        Some('[') => skip_control_sequence(after(rest, '[')),
        // Device control, start of string, operating system command, privacy message, application command, and the
        // title string of screen and tmux.
        Some(c @ ('P' | 'X' | ']' | '^' | '_' | 'k')) => skip_string(after(rest, c)),
        Some(' '..='/') => {
            let rest = rest.trim_start_matches(|c| matches!(c, ' '..='/'));
            match rest.chars().next() {
                Some(c @ '0'..='~') => after(rest, c),
                _ => rest,
            }
        }
        Some(c @ '0'..='~') => after(rest, c),
        _ => rest,
    }
}

/// Skips parameters, intermediates and the final byte; stops before anything that cannot belong to the sequence.
fn skip_control_sequence(text: &str) -> &str {
    let rest = text.trim_start_matches(|c| matches!(c, '0'..='?'));
    let rest = rest.trim_start_matches(|c| matches!(c, ' '..='/'));
    match rest.chars().next() {
        Some(c @ '@'..='~') => after(rest, c),
        _ => rest,
    }
}

/// Skips a string up to its terminator. A string that nothing terminates ends with its line, so that a stray introducer
/// cannot hide the rest of a text. No introducer is passed over, which keeps the whole scan linear.
fn skip_string(text: &str) -> &str {
    let mut newline = None;
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        match c {
            '\u{7}' | '\u{9c}' => return after(rest, c),
            '\u{1b}' if rest.starts_with("\u{1b}\\") => return rest.get(2..).unwrap_or_default(),
            '\u{18}' | '\u{1a}' | '\u{1b}' | '\u{90}' | '\u{98}' | '\u{9b}' | '\u{9d}'..='\u{9f}' => {
                return newline.unwrap_or(rest);
            }
            '\n' | '\r' if newline.is_none() => newline = Some(rest),
            _ => {}
        }
    }
    newline.unwrap_or_default()
}

/// What begins the spelling of a character that nobody would see.
const SPELLED: &str = "‹U+";

/// A character that nobody would see, spelled out.
pub fn spelled(c: char) -> String {
    format!("{SPELLED}{:04X}›", u32::from(c))
}

/// Whether a text that was cleaned has characters spelled out in it.
pub fn has_spelled(clean: &str) -> bool {
    clean.contains(SPELLED)
}
