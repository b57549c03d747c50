//! What a request holds, part by part, with bytes and an estimate of tokens. It counts what it is given and sends nothing.

use super::attach::{Content, text as attached_text};
use super::exchange::{Message, Request};
use crate::base::text;

/// A picture takes about so many tokens, whatever its bytes.
const PICTURE: u64 = 1_600;

/// Bytes of a token, about: English and code have some four.
const BYTES: u64 = 4;

/// Letters of a message that say which one it is.
const WORDS: usize = 60;

/// Where a part stands in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    System,
    Tools,
    History,
    /// The message that would be sent, and what goes along with it.
    Draft,
}

impl Group {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Tools => "Tools",
            Self::History => "Conversation",
            Self::Draft => "Draft",
        }
    }
}

/// One part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub group: Group,
    /// What it is, safe to show.
    pub label: String,
    pub bytes: u64,
    /// An estimate.
    pub tokens: u64,
}

impl Part {
    fn new(group: Group, label: impl Into<String>, bytes: usize) -> Self {
        Self { group, label: label.into(), bytes: bytes as u64, tokens: (bytes as u64).div_ceil(BYTES) }
    }
}

/// Whether the newest message of the request is said, or only a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newest {
    Said,
    Draft,
}

/// All parts in the order of the request.
pub fn parts(request: &Request, newest: Newest) -> Vec<Part> {
    let system = request
        .system
        .iter()
        .map(|part| Part::new(Group::System, text::one_line(&part.label), part.text.len()));
    let tools = request.tools.iter().map(|tool| {
        let bytes = tool.name.len() + tool.description.len() + tool.schema.len();
        Part::new(Group::Tools, text::one_line(&tool.name), bytes)
    });
    let mut parts: Vec<Part> = system.chain(tools).collect();
    let last = request.messages.iter().rposition(|message| matches!(message, Message::User { .. }));
    for (at, message) in request.messages.iter().enumerate() {
        let drafted = newest == Newest::Draft && last.is_some_and(|last| at + 1 >= last);
        // What goes along stands right before its message.
        let along = matches!(message, Message::Attached(_) | Message::User { .. });
        let group = if drafted && along { Group::Draft } else { Group::History };
        match message {
            Message::User { text } => {
                parts.push(Part::new(group, format!("you: {}", words(text)), text.len()))
            }
            Message::Attached(attached) => parts.extend(attached.iter().map(|one| {
                let written = attached_text(std::slice::from_ref(one)).map_or(0, |text| text.len());
                let mut part = Part::new(group, format!("+ {}", text::one_line(&one.label())), written);
                if let Content::Picture { data, .. } = &one.content {
                    part.bytes += data.len() as u64;
                    part.tokens += PICTURE;
                }
                part
            })),
            Message::Assistant { text, calls, opaque } => {
                let calls_bytes: usize =
                    calls.iter().map(|call| call.name.len() + call.arguments.len()).sum();
                let opaque: usize = opaque.iter().map(|opaque| opaque.json.len()).sum();
                let said =
                    if text.trim().is_empty() { "(a call of a tool)".to_string() } else { words(text) };
                parts.push(Part::new(group, format!("reply: {said}"), text.len() + calls_bytes + opaque));
            }
            Message::Results(results) => {
                let bytes = results.iter().map(|result| result.text.len()).sum();
                parts.push(Part::new(group, "results of tools", bytes));
            }
        }
    }
    parts
}

fn words(said: &str) -> String {
    let line = text::one_line(&said.chars().take(4 * WORDS).collect::<String>());
    if line.chars().count() <= WORDS {
        return line;
    }
    format!("{} …", line.chars().take(WORDS).collect::<String>().trim_end())
}

/// A number as people write it: `12,300`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::exchange::{Endpoint, SystemPart, ToolSpec};

    #[test]
    fn each_part_is_counted_once_and_the_draft_apart() {
        let user = |text: &str| Message::User { text: text.to_string() };
        let request = Request {
            endpoint: Endpoint::offline(),
            system: vec![SystemPart { label: "KB.md".into(), text: "x".repeat(400) }],
            messages: vec![
                user("why?"),
                Message::Assistant { text: "Because.".into(), calls: Vec::new(), opaque: Vec::new() },
                user("and now?\nreally"),
            ],
            tools: vec![ToolSpec { name: "read".into(), description: "Reads.".into(), schema: "{}".into() }],
            without_tools: None,
            max_tokens: 1,
        };
        let told = |newest| {
            let line =
                |part: &Part| format!("{:?} {} {} {}", part.group, part.label, part.bytes, part.tokens);
            parts(&request, newest).iter().map(line).collect::<Vec<_>>()
        };
        let expect = [
            "System KB.md 400 100",
            "Tools read 12 3",
            "History you: why? 4 1",
            "History reply: Because. 8 2",
            "Draft you: and now? really 15 4",
        ];
        assert_eq!(told(Newest::Draft), expect);
        assert!(told(Newest::Said)[4].starts_with("History you: and now?"));
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, expect) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), expect);
        }
    }
}
