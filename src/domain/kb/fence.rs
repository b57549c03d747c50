//! Takes the `kb` block, in which a model without tools proposes edits, out of a reply while it streams. It shows nothing of it, not
//! even while its first line is still coming, and reads nothing in it.

/// The info string of the block.
const INFO: &str = "kb";

/// Where the text stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    /// In a fence of another kind, made of so many of these marks: what looks like a block in it is an example.
    Code(char, usize),
    Hidden(char, usize),
}

/// Whether a block was ended by the model, or only by the end of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Closed,
    Open,
}

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub text: String,
    pub end: End,
}

/// The splitter: a reply in, what is to be seen out; the blocks are kept.
#[derive(Clone, Debug, Default)]
pub struct Fence {
    stage: Stage,
    /// The line that is not complete yet.
    line: String,
    /// Bytes of it that were given out.
    shown: usize,
    blocks: Vec<Block>,
}

impl Fence {
    /// Takes the next text and gives out what is to be seen of it by now.
    pub fn feed(&mut self, text: &str) -> String {
        let mut seen = String::new();
        for piece in text.split_inclusive('\n') {
            self.line.push_str(piece);
            if piece.ends_with('\n') {
                self.end_line(&mut seen);
            } else if self.may_be_seen() {
                self.show(&mut seen);
            }
        }
        seen
    }

    /// No more text comes: gives out what was held back.
    pub fn finish(&mut self) -> String {
        let mut seen = String::new();
        if !self.line.is_empty() {
            self.end_line(&mut seen);
        }
        seen
    }

    /// The blocks so far.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Whether the unfinished line shows that no block begins with it.
    fn may_be_seen(&self) -> bool {
        match self.stage {
            Stage::Open => !may_open(&self.line),
            Stage::Code(..) => true,
            Stage::Hidden(..) => false,
        }
    }

    fn show(&mut self, seen: &mut String) {
        seen.push_str(self.line.get(self.shown..).unwrap_or_default());
        self.shown = self.line.len();
    }

    fn end_line(&mut self, seen: &mut String) {
        match self.stage {
            Stage::Open => match opened(&self.line) {
                Some(opened) => self.open(opened, seen),
                None => self.show(seen),
            },
            Stage::Code(mark, length) => {
                self.show(seen);
                if closes(&self.line, mark, length) {
                    self.stage = Stage::Open;
                }
            }
            Stage::Hidden(mark, length) => match self.blocks.last_mut() {
                Some(block) if !closes(&self.line, mark, length) => block.text.push_str(&self.line),
                Some(block) => {
                    block.end = End::Closed;
                    self.stage = Stage::Open;
                }
                None => {}
            },
        }
        self.line.clear();
        self.shown = 0;
    }

    /// A line opened a fence.
    fn open(&mut self, opened: Opened, seen: &mut String) {
        let Some(first) = opened.block else {
            self.show(seen);
            self.stage = Stage::Code(opened.mark, opened.length);
            return;
        };
        let marks: String = std::iter::repeat_n(opened.mark, opened.length).collect();
        // The whole block may stand on the line.
        let whole = first.trim_end().strip_suffix(&marks).map(str::to_string);
        let end = if whole.is_some() { End::Closed } else { End::Open };
        self.stage = if whole.is_some() { Stage::Open } else { Stage::Hidden(opened.mark, opened.length) };
        let text = whole.unwrap_or(first);
        let text = if text.trim().is_empty() { String::new() } else { text };
        self.blocks.push(Block { text, end });
    }
}

/// A line that opens a fence.
struct Opened {
    mark: char,
    length: usize,
    /// What stands behind the info string of a block; `None` for any other fence.
    block: Option<String>,
}

/// The fence marks at the beginning of a line: which, how many, and the rest.
fn marks(line: &str) -> Option<(char, usize, &str)> {
    let start = line.trim_start_matches([' ', '\t']);
    let mark = start.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = start.trim_start_matches(mark);
    Some((mark, start.len() - rest.len(), rest))
}

fn opened(line: &str) -> Option<Opened> {
    let (mark, length, rest) = marks(line)?;
    let info = rest.trim_start_matches([' ', '\t']);
    let head = info.get(..INFO.len()).filter(|head| head.eq_ignore_ascii_case(INFO));
    let after = head.and_then(|_| info.get(INFO.len()..));
    let block = after.filter(|after| !after.starts_with(is_name)).map(str::to_string);
    // In a line of text, backticks open and close code.
    let is_code = length >= 3 && (block.is_some() || mark == '~' || !info.contains('`'));
    is_code.then_some(Opened { mark, length, block })
}

/// Whether the beginning of a line may still become the first line of a block.
fn may_open(line: &str) -> bool {
    let Some((_, length, rest)) = marks(line) else { return line.trim_matches([' ', '\t']).is_empty() };
    let info = rest.trim_start_matches([' ', '\t']).to_ascii_lowercase();
    match info.strip_prefix(INFO) {
        Some(after) => length >= 3 && !after.starts_with(is_name),
        None => INFO.starts_with(&info) && (length >= 3 || rest.is_empty()),
    }
}

/// Whether a letter makes another word of the info string.
fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '#')
}

fn closes(line: &str, mark: char, length: usize) -> bool {
    let line = line.trim();
    line.chars().count() >= length && line.chars().all(|c| c == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is seen and what is kept of `text`, fed in two pieces at every cut and letter by letter; nothing hidden may ever be seen.
    fn check(text: &str, seen: &str, blocks: &[&str]) {
        let cuts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let mut ways: Vec<Vec<&str>> = cuts.map(|at| vec![&text[..at], &text[at..]]).collect();
        ways.push(text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect());
        for way in ways {
            let mut fence = Fence::default();
            let mut shown = String::new();
            for piece in &way {
                shown.push_str(&fence.feed(piece));
                assert!(seen.starts_with(&shown), "{shown:?} is no beginning of {seen:?}: {way:?}");
            }
            shown.push_str(&fence.finish());
            let kept: Vec<&str> = fence.blocks().iter().map(|block| block.text.as_str()).collect();
            assert_eq!((shown.as_str(), kept.as_slice()), (seen, blocks), "{way:?}");
        }
    }

    #[test]
    fn a_block_is_hidden_at_every_cut() {
        check("Done.\n\n```kb\n{\"a\": 1}\n```\n", "Done.\n\n", &["{\"a\": 1}\n"]);
        check("```kb\r\n{}\r\n```\r\nDone è.", "Done è.", &["{}\r\n"]);
        check("a\n  ~~~~ KB json\n{}\n~~~\n~~~~\nb", "a\nb", &[" json\n{}\n~~~\n"]);
        check("a\n```kb\n{}\n```\nb\n```kb\n[]\n```", "a\nb\n", &["{}\n", "[]\n"]);
        check("cut\n```kb\n{\"a\"", "cut\n", &["{\"a\""]);
        check("cut\n```kb", "cut\n", &[""]);
        check("a\n```kb {\"x\":1}```\nb", "a\nb", &[" {\"x\":1}"]);
        check("a\n```kb {\"x\":1}\n```\nb", "a\nb", &[" {\"x\":1}\n"]);
    }

    #[test]
    fn everything_else_is_seen_byte_for_byte() {
        for text in [
            "plain\n  text\n",
            "```sh\nnpm ci\n```\n",
            "```kbd\nCtrl\n```\n",
            "```kb-edit\nx\n```\n",
            "`kb` and ``kb`` and ```kb inside\n",
            "the end ``",
            "~~struck~~ out\n",
            "```` md\n```kb\n{}\n```\n````\nafter\n",
            "```\n```kb is code here\n```\n",
            "   \n\t\n",
            "",
        ] {
            check(text, text, &[]);
        }
    }

    #[test]
    fn a_block_tells_whether_it_was_ended() {
        let mut fence = Fence::default();
        fence.feed("```kb\n{}\n```\n```kb\n{}");
        fence.finish();
        let ends: Vec<End> = fence.blocks().iter().map(|block| block.end).collect();
        assert_eq!(ends, [End::Closed, End::Open]);
    }
}
