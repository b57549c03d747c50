//! The small extra call: a model without tools, whose reply proposed nothing, is asked about what may be a rule. It shows nothing and
//! decides nothing; its answer goes through the same gate as any proposal.

use super::exchange::{Endpoint, Message, Request, SystemPart};
use super::kb::arguments::{self, Proposed};
use super::kb::document::{Document, Entry};
use super::kb::words::{Overlap, Words};
use super::kb::{Candidate, LineRef};
use crate::base::text;

/// The question, without the words and lines that it is about.
const QUESTION: &str = include_str!("../../assets/prompts/inquiry.md");

/// Bytes of a token, counted low: so a text of this many bytes is at most so many tokens.
const TOKEN: usize = 3;
/// Most tokens that are sent.
pub const MOST_TOKENS: usize = 600;
/// Most tokens of the answer.
const ANSWER: u32 = 600;
/// Most bytes of the user's words; the rest of the room is for lines of KB.md.
const WORDS: usize = 500;
/// Longest line of KB.md that is sent, in characters.
const LONGEST: usize = 160;

/// A question and what its line numbers stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    pub request: Request,
    lines: Vec<LineRef>,
}

impl Inquiry {
    /// Asks about these words; `None` when none of them fits. Of a long KB.md the lines that share most with them are sent.
    pub fn about(unsure: &[Candidate], kb: &Document, words: &Words, endpoint: &Endpoint) -> Option<Self> {
        let mut said = String::new();
        for candidate in unsure {
            let line = format!("- {}\n", text::one_line(&candidate.quote));
            if said.len() + line.len() <= WORDS {
                said.push_str(&line);
            }
        }
        if said.is_empty() {
            return None;
        }
        let room = (MOST_TOKENS * TOKEN).saturating_sub(QUESTION.len() + said.len() + 64);
        let lines = nearest(kb, words, &said, room);
        let list: String = lines.iter().enumerate().map(|(at, line)| numbered(at, &line.text)).collect();
        let list = if list.is_empty() { "(none)\n".to_string() } else { list };
        let request = Request {
            endpoint: endpoint.clone(),
            system: vec![SystemPart { label: "inquiry".to_string(), text: QUESTION.trim_end().to_string() }],
            messages: vec![Message::User { text: format!("Words of the user:\n{said}\nRules:\n{list}") }],
            tools: Vec::new(),
            without_tools: None,
            max_tokens: ANSWER,
        };
        Some(Self { request, lines })
    }

    /// The edits of an answer, each number in `supersedes` replaced by the line that it stands for.
    pub fn edits(&self, answer: &str) -> Vec<Result<Proposed, String>> {
        let resolved = |mut proposed: Proposed| {
            if let Some(line) = self.line(&proposed.supersedes) {
                proposed.supersedes.clone_from(&line.text);
            }
            proposed
        };
        arguments::read(answer).into_iter().map(|edit| edit.map(resolved)).collect()
    }

    fn line(&self, number: &str) -> Option<&LineRef> {
        let digits = number.trim().strip_prefix(['L', 'l'])?;
        let digits = digits.split(|c: char| !c.is_ascii_digit()).next()?;
        self.lines.get(digits.parse::<usize>().ok()?.checked_sub(1)?)
    }
}

fn numbered(at: usize, text: &str) -> String {
    format!("L{}: {text}\n", at + 1)
}

/// The lines of KB.md that go into so many bytes, those first that share most words with what was said, in the order of the file.
fn nearest(kb: &Document, words: &Words, said: &str, room: usize) -> Vec<LineRef> {
    let said = words.meanings(said);
    let short = |entry: &&Entry| entry.text.chars().count() <= LONGEST;
    let mut ranked: Vec<(usize, &Entry)> = kb
        .entries
        .iter()
        .filter(short)
        .map(|entry| (Overlap::of(&said, &words.meanings(&entry.text)).shared, entry))
        .collect();
    ranked.sort_by_key(|(shared, entry)| (std::cmp::Reverse(*shared), entry.line));
    let mut left = room;
    let mut kept: Vec<&Entry> = Vec::new();
    for (_, entry) in ranked {
        let size = numbered(999, &entry.text).len();
        if size > left {
            break;
        }
        left -= size;
        kept.push(entry);
    }
    kept.sort_by_key(|entry| entry.line);
    kept.into_iter().map(|entry| LineRef { line: entry.line, text: entry.text.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::exchange::Protocol;
    use crate::domain::kb::proposal::remembered;

    fn endpoint() -> Endpoint {
        Endpoint {
            protocol: Protocol::Chat,
            provider: "ollama".into(),
            base_url: "http://127.0.0.1:1/v1".into(),
            model: "m".into(),
            models: Vec::new(),
        }
    }

    fn about(quotes: &[&str], kb: &str) -> Option<Inquiry> {
        let unsure: Vec<Candidate> = quotes.iter().map(|quote| remembered(quote)).collect();
        Inquiry::about(&unsure, &Document::parse(kb), &Words::new(), &endpoint())
    }

    fn sent(inquiry: &Inquiry) -> String {
        let system: String = inquiry.request.system.iter().map(|part| part.text.as_str()).collect();
        match inquiry.request.messages.as_slice() {
            [Message::User { text }] => format!("{system}\n{text}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_question_stays_small_whatever_kb_md_and_the_words_are() {
        for line in ["- A rule about logs and nothing else.\n", "- 規則は短く書く、例外なし。\n", "- x\n"]
        {
            let kb = format!("# KB\n\n{}- Use tabs for indentation.\n", line.repeat(5_000));
            let long = "use spaces ".repeat(400);
            for quotes in [&["use spaces for indentation"][..], &["use spaces for indentation", &long]] {
                let inquiry = about(quotes, &kb).unwrap();
                assert!(sent(&inquiry).len() <= MOST_TOKENS * TOKEN, "{}", sent(&inquiry).len());
                assert!(sent(&inquiry).contains("Use tabs for indentation."), "the nearest line is there");
                assert!(inquiry.request.tools.is_empty());
            }
        }
        assert_eq!(about(&[&"y".repeat(5_000)], ""), None);
    }

    #[test]
    fn a_number_stands_for_its_line() {
        let inquiry = about(&["use pnpm"], "- Use npm.\n- Use tabs.\n").unwrap();
        assert!(sent(&inquiry).contains("L1: Use npm.\nL2: Use tabs.\n"), "{}", sent(&inquiry));
        let superseded = |id: &str| {
            let answer =
                format!("{{\"op\":\"replace\",\"text\":\"x\",\"supersedes\":\"{id}\",\"quote\":\"q\"}}");
            inquiry.edits(&answer).remove(0).unwrap().supersedes
        };
        assert_eq!(superseded("L1"), "Use npm.");
        assert_eq!(superseded("l2: Use tabs."), "Use tabs.");
        assert_eq!(superseded("L9"), "L9");
        assert_eq!(superseded(""), "");
        assert!(inquiry.edits("[]").iter().all(Result::is_err));
    }
}
