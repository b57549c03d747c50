//! What a request holds, part by part, with bytes and an estimate of tokens. It counts what it is given and sends nothing.

use super::attach::{Content, text as attached_text};
use super::exchange::{Message, Request};
use super::usage::{PICTURE, tokens_of};
use crate::base::text;

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
    fn new<'a>(group: Group, label: impl Into<String>, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts: Vec<&str> = texts.into_iter().collect();
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        Self { group, label: label.into(), bytes: bytes as u64, tokens: tokens_of(texts) }
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
        .map(|part| Part::new(Group::System, text::one_line(&part.label), [part.text.as_str()]));
    let tools = request.tools.iter().map(|tool| {
        let texts = [&tool.name, &tool.description, &tool.schema];
        Part::new(Group::Tools, text::one_line(&tool.name), texts.map(String::as_str))
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
                parts.push(Part::new(group, format!("you: {}", words(text)), [text.as_str()]))
            }
            Message::Attached(attached) => parts.extend(attached.iter().map(|one| {
                let written = attached_text(std::slice::from_ref(one)).unwrap_or_default();
                let label = format!("+ {}", text::one_line(&one.label()));
                let mut part = Part::new(group, label, [written.as_str()]);
                if let Content::Picture { data, .. } = &one.content {
                    part.bytes += data.len() as u64;
                    part.tokens += PICTURE;
                }
                part
            })),
            Message::Assistant { text, calls, opaque } => {
                let called = calls.iter().flat_map(|call| [call.name.as_str(), call.arguments.as_str()]);
                let opaque = opaque.iter().map(|opaque| opaque.json.as_str());
                let said =
                    if text.trim().is_empty() { "(a call of a tool)".to_string() } else { words(text) };
                let texts = [text.as_str()].into_iter().chain(called).chain(opaque);
                parts.push(Part::new(group, format!("reply: {said}"), texts));
            }
            Message::Results(results) => {
                let texts = results.iter().map(|result| result.text.as_str());
                parts.push(Part::new(group, "results of tools", texts));
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
}
