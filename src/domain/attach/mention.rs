//! Which words of a message name something that is to go along: `@path`, `@folder/`, `@path:10-40`, `@"path with blanks"`. Only typed words
//! count. It never looks whether there is such a file.

use crate::domain::kb::{Origin, Span};

/// No message asks for more files than this; the rest of its words are words.
const MOST: usize = 50;

/// Signs behind a word that rarely belong to it.
const AFTER: &[char] = &['.', ',', ';', ':', '!', '?', ')', ']', '}', '>', '\'', '"', '`', '’', '”', '*'];

/// Endings of files that people speak of. With one of them, a name that leads nowhere is a slip and no plain word.
const ENDINGS: &[&str] = &[
    "astro",
    "bash",
    "bat",
    "c",
    "cc",
    "cfg",
    "cjs",
    "conf",
    "cpp",
    "cs",
    "css",
    "csv",
    "cts",
    "cxx",
    "dart",
    "diff",
    "ejs",
    "env",
    "ex",
    "exs",
    "fish",
    "gif",
    "go",
    "gql",
    "gradle",
    "graphql",
    "h",
    "hbs",
    "hcl",
    "hpp",
    "hs",
    "htm",
    "html",
    "ini",
    "ipynb",
    "java",
    "jpeg",
    "jpg",
    "js",
    "json",
    "json5",
    "jsonc",
    "jsonl",
    "jsx",
    "kt",
    "kts",
    "less",
    "lock",
    "log",
    "lua",
    "m",
    "markdown",
    "md",
    "mdc",
    "mdx",
    "mjs",
    "ml",
    "mts",
    "patch",
    "pdf",
    "php",
    "pl",
    "png",
    "prisma",
    "properties",
    "proto",
    "ps1",
    "pug",
    "py",
    "rb",
    "rs",
    "rst",
    "sass",
    "scala",
    "scss",
    "sh",
    "sol",
    "sql",
    "svelte",
    "svg",
    "swift",
    "tex",
    "tf",
    "toml",
    "ts",
    "tsv",
    "tsx",
    "txt",
    "vue",
    "webp",
    "xml",
    "yaml",
    "yml",
    "zig",
    "zsh",
];

/// A word with an `@` before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// As written, without `@` and quotation marks.
    pub written: String,
    pub form: Form,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Bare,
    /// In quotation marks, by which nothing but a path can be meant.
    Quoted,
}

/// Lines, counted from 1; without `last`, `first` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    pub first: usize,
    pub last: Option<usize>,
}

/// What a mention may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    pub path: String,
    pub lines: Option<Lines>,
}

impl Mention {
    /// Whether it is the address of a page.
    pub fn is_address(&self) -> bool {
        let word = self.written.to_ascii_lowercase();
        word.starts_with("https://") || word.starts_with("http://")
    }

    /// The paths that may be meant, likeliest first: with all signs, since `[id].ts` and `a:1` are names, too; without those behind it;
    /// and each without its lines.
    pub fn meanings(&self) -> Vec<Meaning> {
        let mut words = vec![self.written.as_str()];
        if self.form == Form::Bare {
            let mut rest = self.written.as_str();
            while let Some(less) = rest.strip_suffix(AFTER) {
                words.push(less);
                rest = less;
            }
        }
        let mut all: Vec<Meaning> = Vec::new();
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            let whole = Meaning { path: plain(word), lines: None };
            let part =
                with_lines(word).map(|(path, lines)| Meaning { path: plain(path), lines: Some(lines) });
            for meaning in std::iter::once(whole).chain(part) {
                if !meaning.path.is_empty() && !all.contains(&meaning) {
                    all.push(meaning);
                }
            }
        }
        all
    }

    /// The path that is surely meant, though there is nothing of that name; `None` for a word such as `@Injectable`, `@nestjs/core` or
    /// `@app.route`.
    pub fn missing(&self) -> Option<String> {
        let meanings = self.meanings();
        let meaning = meanings.iter().rev().find(|meaning| meaning.lines.is_some()).or(meanings.last())?;
        let path = meaning.path.as_str();
        // `@/` and `~/` stand for the sources' folder in many projects.
        if path.starts_with('/') || path.starts_with("~/") || path.contains('(') {
            return None;
        }
        let ends_well = path.rsplit_once('.').is_some_and(|(name, end)| {
            !name.is_empty() && ENDINGS.contains(&end.to_ascii_lowercase().as_str())
        });
        let folder = path.ends_with('/') && path.trim_end_matches('/').contains('/');
        let sure = self.form == Form::Quoted || self.written.starts_with("./") || path.starts_with("../");
        (sure || ends_well || folder).then(|| path.to_string())
    }
}

/// Without `./` before it; alone, it is the working folder.
fn plain(path: &str) -> String {
    path.strip_prefix("./").filter(|rest| !rest.is_empty()).unwrap_or(path).to_string()
}

/// `src/a.ts:10-40`, `:10`, and `#L10-L40` as in addresses of code.
fn with_lines(word: &str) -> Option<(&str, Lines)> {
    let (path, lines) = word.rsplit_once(":").or_else(|| word.rsplit_once("#L"))?;
    let number = |digits: &str| {
        let digits = digits.trim_start_matches('L');
        // There is no line 0, which is said where the file is read.
        digits.parse::<usize>().ok()
    };
    let lines = match lines.split_once('-') {
        None => Lines { first: number(lines)?, last: None },
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            Lines { first: first.min(last), last: Some(last.max(first)) }
        }
    };
    Some((path, lines)).filter(|(path, _)| !path.is_empty())
}

/// The mentions in what was typed of a message, each once. An `@` inside a word, as in an address of e-mail, begins none.
pub fn of(message: &[Span]) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    let mut before: Option<char> = None;
    for span in message {
        if span.origin == Origin::Typed {
            for mention in in_text(&span.text, before) {
                if found.len() < MOST && !found.contains(&mention) {
                    found.push(mention);
                }
            }
        }
        before = span.text.chars().next_back().or(before);
    }
    found
}

/// `before` is the letter that stands before the text.
fn in_text(text: &str, mut before: Option<char>) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((at, letter)) = rest.char_indices().next() {
        let after = rest.get(at + letter.len_utf8()..).unwrap_or_default();
        rest = after;
        let begins = before.is_none_or(|letter| letter.is_whitespace() || "([{<\"'`,;:".contains(letter));
        before = Some(letter);
        if letter != '@' || !begins {
            continue;
        }
        let quoted = after.strip_prefix('"').and_then(|inner| inner.split_once('"'));
        let quoted = quoted.filter(|(inner, _)| !inner.is_empty() && !inner.contains('\n'));
        let (mention, left) = match quoted {
            Some((inner, left)) => (Mention { written: inner.to_string(), form: Form::Quoted }, left),
            None => {
                // Behind a comma the next one begins; a name with `,@` in it takes quotation marks.
                let next = |sign: &str| after.find(sign).unwrap_or(after.len());
                let end =
                    after.find(char::is_whitespace).unwrap_or(after.len()).min(next(",@")).min(next(";@"));
                let (word, left) = after.split_at_checked(end).unwrap_or((after, ""));
                (Mention { written: word.to_string(), form: Form::Bare }, left)
            }
        };
        // Lines may stand behind the quotation marks.
        let (mention, left) = match (mention.form, left.strip_prefix(':')) {
            (Form::Quoted, Some(lines)) => {
                let end = lines.find(|letter: char| !letter.is_ascii_digit() && letter != '-');
                let (digits, left) =
                    lines.split_at_checked(end.unwrap_or(lines.len())).unwrap_or((lines, ""));
                if digits.is_empty() {
                    (mention, lines)
                } else {
                    (Mention { written: format!("{}:{digits}", mention.written), ..mention }, left)
                }
            }
            (Form::Bare | Form::Quoted, _) => (mention, left),
        };
        if !mention.written.is_empty() {
            found.push(mention);
            before = Some('@');
            rest = left;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        of(&[Span::typed(text)]).into_iter().map(|mention| mention.written).collect()
    }

    fn missing(text: &str) -> Vec<String> {
        of(&[Span::typed(text)]).iter().filter_map(Mention::missing).collect()
    }

    #[test]
    fn an_at_sign_at_the_start_of_a_word_mentions() {
        assert_eq!(words("see @src/a.ts and (@b.md), not me@example.org"), ["src/a.ts", "b.md),"]);
        assert_eq!(words("@\"my notes/a b.md\":3-9 now"), ["my notes/a b.md:3-9"]);
        assert_eq!(words("@ @@ a@b"), ["@"]);
        assert_eq!(words("@a @a"), ["a"]);
        assert_eq!(words("@a.txt:2,@b.mk;@c (@d,@\"e f\")"), ["a.txt:2", "b.mk", "c", "d", "e f"]);
        assert_eq!(words("@https://example.org/x?y"), ["https://example.org/x?y"]);
    }

    #[test]
    fn what_was_pasted_mentions_nothing() {
        let message = [Span::typed("why?\n"), Span::pasted("@src/a.ts\n"), Span::typed("@b.md")];
        assert_eq!(of(&message).len(), 1);
        let glued = [Span::pasted("me"), Span::typed("@b.md")];
        assert_eq!(of(&glued), []);
    }

    #[test]
    fn lines_and_signs_behind_it_may_belong_to_the_name() {
        let meanings = |word: &str| {
            let all = of(&[Span::typed(word)])[0].meanings();
            let shown = all.iter().map(|meaning| match meaning.lines {
                None => meaning.path.clone(),
                Some(Lines { first, last }) => format!("{} {first}..{last:?}", meaning.path),
            });
            shown.collect::<Vec<_>>()
        };
        assert_eq!(meanings("@a.ts:10-40"), ["a.ts:10-40", "a.ts 10..Some(40)"]);
        assert_eq!(meanings("@./a.ts:10,"), ["a.ts:10,", "a.ts:10", "a.ts 10..None"]);
        assert_eq!(meanings("@a.ts#L3-L7"), ["a.ts#L3-L7", "a.ts 3..Some(7)"]);
        assert_eq!(meanings("@a.ts:40-10"), ["a.ts:40-10", "a.ts 10..Some(40)"]);
        assert_eq!(meanings("@app/[id].tsx)."), ["app/[id].tsx).", "app/[id].tsx)", "app/[id].tsx"]);
        assert_eq!(meanings("@a:0"), ["a:0", "a 0..None"]);
        assert_eq!(meanings("@./"), ["./"]);
    }

    #[test]
    fn decorators_scopes_aliases_and_names_of_people_are_no_slips() {
        for plain in [
            "@Injectable() classes",
            "use @nestjs/core and @types/node",
            "@angular/common/http",
            "@app.route(\"/x\") and @pytest.mark.skip",
            "ask @john.doe",
            "import x from '@/components/Button.tsx'",
            "@media (max-width: 1px) { a.css }",
            "@param name",
            "@socket.io/redis-adapter",
        ] {
            assert_eq!(missing(plain), Vec::<String>::new(), "{plain}");
        }
        assert_eq!(missing("@src/ap.ts, @./Makefile @\"my file\""), ["src/ap.ts", "Makefile", "my file"]);
        assert_eq!(missing("@../other/a.md:3 and @src/lib/"), ["../other/a.md", "src/lib/"]);
    }

    #[test]
    fn any_text_is_read_without_harm() {
        for text in [
            "@",
            "@\"",
            "@\"\"",
            "@\"a",
            "@\"a\":",
            "@\"a\":-",
            "@:",
            "@:1",
            "é@ü",
            "@é:1-",
            "@\n",
            "@a:99999999999999999999",
        ] {
            for mention in of(&[Span::typed(text)]) {
                let _ = (mention.meanings(), mention.missing());
            }
        }
    }
}
