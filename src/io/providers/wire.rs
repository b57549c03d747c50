//! What every protocol shares: the decoder around an adapter, the history put in order, JSON read leniently. It never opens a
//! connection and never takes a cut stream for a complete one.

use std::sync::Arc;

use serde_json::{Value, json};

use super::sse::{Framing, Item, Sse};
use super::trouble::{self, Address, Cause};
use crate::domain::attach::{self, Attachment, Content, Media};
use crate::domain::chat::{ToolCall, ToolResult};
use crate::domain::exchange::{Anchor, Message, Opaque, ReplyEvent, Request, StopReason, ToolSpec};

/// How far a reply has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Open,
    /// The model has ended its turn; a report of the usage may follow.
    Settled,
    /// Nothing more is to come.
    Over,
}

/// One protocol's understanding of its frames.
pub trait Adapter: Send {
    /// Takes one frame of the stream.
    fn frame(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>);
    /// Takes a whole answer from a server that does not stream.
    fn whole(&mut self, answer: &Value, out: &mut Vec<ReplyEvent>);
    /// Takes the marker `[DONE]`.
    fn marker(&mut self);
    /// How far the reply has come.
    fn progress(&self) -> Progress;
    /// The body is over: what was held back comes out. `None` means that the reply had not ended.
    fn close(&mut self, out: &mut Vec<ReplyEvent>) -> Option<StopReason>;
}

/// How a reply is marked that a piece may be missing from.
const PART_LOST: &str = "a part of the reply could not be read";

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Complete(StopReason),
    Truncated,
    Failed(Cause),
}

/// How much of an answer was given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    #[default]
    Nothing,
    Thinking,
    Answer,
}

/// Bytes of a body to reply events.
pub struct Decoder {
    sse: Sse,
    adapter: Box<dyn Adapter>,
    failed: Option<Cause>,
    frames: usize,
    shown: Shown,
    framing: Framing,
    /// A frame brought something.
    understood: bool,
    /// Data came that no one can read.
    garbled: bool,
    /// A frame of the stream was among it, so that a piece of the reply may be missing.
    lost: bool,
}

impl Decoder {
    /// A decoder for the protocol of `adapter`.
    pub fn new(adapter: Box<dyn Adapter>, framing: Framing) -> Self {
        Self {
            sse: Sse::new(framing),
            adapter,
            failed: None,
            frames: 0,
            shown: Shown::Nothing,
            framing,
            understood: false,
            garbled: false,
            lost: false,
        }
    }

    /// Takes the next bytes, cut anywhere, and returns what they complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<ReplyEvent> {
        let mut items = Vec::new();
        self.sse.feed(bytes, &mut items);
        let mut out = Vec::new();
        for item in items {
            self.take(&item, &mut out);
        }
        self.note_shown(&out);
        out
    }

    /// How far the reply has come.
    pub fn progress(&self) -> Progress {
        if self.failed.is_some() { Progress::Over } else { self.adapter.progress() }
    }

    /// How much of the answer was given out so far.
    pub fn shown(&self) -> Shown {
        self.shown
    }

    /// The body is over. Returns what was held back, how it ended, and how much was given out in all.
    pub fn finish(mut self) -> (Vec<ReplyEvent>, Ending, Shown) {
        let mut items = Vec::new();
        let stray = std::mem::take(&mut self.sse).finish(&mut items);
        let mut out = Vec::new();
        for item in items {
            self.take(&item, &mut out);
        }
        if self.failed.is_none() {
            self.take_stray(&stray, &mut out);
        }
        let closed = match self.failed.take() {
            Some(cause) => Ending::Failed(cause),
            None => self.adapter.close(&mut out).map_or(Ending::Truncated, Ending::Complete),
        };
        self.note_shown(&out);
        // Any JSON answer is a line, too.
        self.garbled |= self.framing == Framing::Lines && self.frames > 0 && !self.understood;
        let unread = closed == Ending::Truncated && self.garbled && self.shown == Shown::Nothing;
        let ending = match closed {
            _ if unread => Ending::Failed(Cause::Address(Address::NotUnderstood)),
            Ending::Complete(StopReason::EndTurn) if self.lost && self.shown == Shown::Answer => {
                Ending::Complete(StopReason::Other(PART_LOST.to_string()))
            }
            // A call that lost a piece is not to be run.
            Ending::Complete(StopReason::ToolUse) if self.lost => Ending::Truncated,
            closed => closed,
        };
        (out, ending, self.shown)
    }

    fn note_shown(&mut self, events: &[ReplyEvent]) {
        self.understood |= !events.is_empty();
        for event in events {
            let shown = match event {
                ReplyEvent::Text(_) | ReplyEvent::Call(_) => Shown::Answer,
                ReplyEvent::Thinking(_) => Shown::Thinking,
                ReplyEvent::Start { .. }
                | ReplyEvent::Usage(_)
                | ReplyEvent::Opaque(_)
                | ReplyEvent::Context(_)
                | ReplyEvent::NoTools
                | ReplyEvent::Retry { .. } => Shown::Nothing,
            };
            self.shown = self.shown.max(shown);
        }
    }

    fn take(&mut self, item: &Item, out: &mut Vec<ReplyEvent>) {
        if self.failed.is_some() {
            return;
        }
        match item {
            Item::Data(data) if data.trim() == "[DONE]" => self.adapter.marker(),
            Item::Data(data) => {
                let frames = objects(data);
                self.garbled |= frames.is_empty();
                self.lost |= frames.is_empty() && data.contains('{');
                for frame in frames {
                    self.take_frame(&frame, out);
                }
            }
            Item::Error(text) => {
                let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
                self.failed = Some(Cause::said(trouble::read_value(&value)));
            }
            Item::Oversized => {
                self.garbled = true;
                self.lost = true;
            }
        }
    }

    fn take_frame(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        if self.failed.is_some() {
            return;
        }
        self.frames += 1;
        match trouble::in_frame(frame) {
            Some(trouble) => self.failed = Some(Cause::said(trouble)),
            None => self.adapter.frame(frame, out),
        }
    }

    /// A body, or the rest of one, that is no event stream: a whole answer, an error, newline-separated JSON, or a web page.
    fn take_stray(&mut self, stray: &str, out: &mut Vec<ReplyEvent>) {
        let text = stray.trim();
        if text.is_empty() {
            return;
        }
        if self.frames > 0 {
            // Behind a stream only an error is of interest, and only when the stream itself did not end well.
            if self.adapter.progress() == Progress::Open
                && let Some(trouble) = objects(text).iter().find_map(trouble::in_frame)
            {
                self.failed = Some(Cause::said(trouble));
            }
            return;
        }
        if text.starts_with('<') {
            self.failed = Some(Cause::Address(Address::WebPage(trouble::title(text))));
            return;
        }
        match serde_json::from_str::<Value>(text) {
            Ok(value) => match trouble::in_frame(value.get(0).unwrap_or(&value)) {
                Some(trouble) => self.failed = Some(Cause::said(trouble)),
                None => {
                    self.frames += 1;
                    self.adapter.whole(&value, out);
                    self.garbled = self.adapter.progress() == Progress::Open;
                }
            },
            Err(_) => {
                for frame in objects(text) {
                    self.take_frame(&frame, out);
                }
                self.garbled |= self.frames == 0;
            }
        }
    }
}

/// The JSON objects in `text`: one as a rule, several where a proxy lost the blank line between two frames.
pub fn objects(text: &str) -> Vec<Value> {
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return if value.is_object() { vec![value] } else { Vec::new() };
    }
    let mut found = Vec::new();
    let (mut depth, mut start, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for (at, sign) in text.char_indices() {
        if in_string {
            match sign {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match sign {
            '"' if depth > 0 => in_string = true,
            '{' => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    found.extend(text.get(start..=at).and_then(|part| serde_json::from_str(part).ok()));
                }
            }
            _ => {}
        }
    }
    found
}

/// The text at `path` below `value`; empty when there is none. Null counts as absent.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or_default()
}

/// The count at `path` below `value`.
pub fn count(value: &Value, path: &[&str]) -> Option<u64> {
    at(value, path).and_then(Value::as_u64)
}

/// What lies at `path` below `value`, unless it is null.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(key)).filter(|value| !value.is_null())
}

/// The list at `path` below `value`; empty when there is none.
pub fn list<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    at(value, path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The system prompt in one text; `None` where there is none.
pub fn system_text(request: &Request) -> Option<String> {
    let parts = request.system.iter().map(|part| part.text.as_str()).filter(|text| !text.trim().is_empty());
    let parts: Vec<&str> = parts.collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// The schema of a tool's arguments; of one that cannot be read no more than that it is an object.
pub fn schema(tool: &ToolSpec) -> Value {
    serde_json::from_str(&tool.schema).unwrap_or_else(|_| json!({ "type": "object" }))
}

/// The tools as chat completions take them, and those who took that over; `None` where there is none.
pub fn function_tools(request: &Request) -> Option<Value> {
    let tools = request.tools.iter().map(|tool| {
        let function =
            json!({ "name": tool.name, "description": tool.description, "parameters": schema(tool) });
        json!({ "type": "function", "function": function })
    });
    (!request.tools.is_empty()).then(|| Value::Array(tools.collect()))
}

/// A call's arguments as an object; no text means no arguments, and text that is no object cannot be sent back.
pub fn arguments(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Value::Object(object),
        Ok(_) | Err(_) => Value::Object(serde_json::Map::new()),
    }
}

/// Which of the calls can be run. A call without a name cannot; when the model hit its token limit, neither can one whose
/// arguments are not whole.
pub fn runnable(calls: Vec<ToolCall>, reason: &StopReason) -> Vec<ToolCall> {
    let cut = *reason == StopReason::MaxTokens;
    let whole = |call: &ToolCall| serde_json::from_str::<Value>(&call.arguments).is_ok_and(|v| v.is_object());
    calls.into_iter().filter(|call| !call.name.is_empty() && (!cut || whole(call))).collect()
}

/// Whether tools were called is decided by the calls, never by the reason that the server gives.
pub fn settle(reason: StopReason, calls: &[ToolCall]) -> StopReason {
    match reason {
        StopReason::Refusal => StopReason::Refusal,
        StopReason::EndTurn | StopReason::ToolUse if calls.is_empty() => StopReason::EndTurn,
        StopReason::MaxTokens | StopReason::Other(_) if calls.is_empty() => reason,
        StopReason::EndTurn | StopReason::ToolUse | StopReason::MaxTokens | StopReason::Other(_) => {
            StopReason::ToolUse
        }
    }
}

/// A picture that the user showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub media: Media,
    /// In base64.
    pub data: Arc<str>,
}

impl Picture {
    /// As an address that holds it whole.
    pub fn address(&self) -> String {
        format!("data:{};base64,{}", self.media.mime(), self.data)
    }
}

/// The history as every protocol wants it: turns alternate, the user begins, each call has its result right behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Results of the calls before it, then what the user showed and wrote.
    User { results: Vec<ToolResult>, pictures: Vec<Picture>, texts: Vec<String> },
    Assistant {
        text: String,
        calls: Vec<ToolCall>,
        /// What the one who is asked made itself and wants back.
        opaque: Vec<(Anchor, Value)>,
    },
}

/// The opaque parts of a turn that stand at `anchor`.
pub fn opaque_at(opaque: &[(Anchor, Value)], anchor: Anchor) -> impl Iterator<Item = &Value> {
    opaque.iter().filter(move |(at, _)| *at == anchor).map(|(_, value)| value)
}

/// An opaque part as an adapter finds it; the conversation then says who made it.
pub fn opaque(anchor: Anchor, value: &Value) -> ReplyEvent {
    ReplyEvent::Opaque(Opaque { maker: String::new(), anchor, json: value.to_string() })
}

/// Puts the history in order. Blank texts are dropped, neighbours of one side merged, a call without result gets one that says so,
/// and a result without its call is left out: providers refuse all of these.
/// What is opaque goes to its maker alone.
pub fn turns(request: &Request) -> Vec<Turn> {
    ordered(&request.messages, &request.endpoint.maker())
}

fn ordered(messages: &[Message], maker: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for message in messages {
        match message {
            Message::User { text } if text.trim().is_empty() => {}
            Message::User { text } => match user_turn(&mut turns) {
                Some(Turn::User { texts, .. }) => texts.push(text.clone()),
                Some(Turn::Assistant { .. }) | None => {}
            },
            Message::Attached(attached) => add_attached(&mut turns, attached),
            Message::Results(answers) => add_results(&mut turns, answers),
            Message::Assistant { text, calls, opaque } => {
                let own = opaque.iter().filter(|opaque| opaque.maker == maker);
                let own = own.filter_map(|own| Some((own.anchor, serde_json::from_str(&own.json).ok()?)));
                add_assistant(&mut turns, text, calls, own.collect());
            }
        }
    }
    if open_calls(&turns).is_some() {
        user_turn(&mut turns);
    }
    turns
}

/// The user turn at the end, opened where there is none: the calls before it are answered as cancelled until their results come.
fn user_turn(turns: &mut Vec<Turn>) -> Option<&mut Turn> {
    if !matches!(turns.last(), Some(Turn::User { .. })) {
        let results = open_calls(turns).unwrap_or_default().iter().map(|call| ToolResult {
            id: call.id.clone(),
            text: "The call was cancelled before it had a result.".to_string(),
            failed: true,
        });
        let turn = Turn::User { results: results.collect(), pictures: Vec::new(), texts: Vec::new() };
        turns.push(turn);
    }
    turns.last_mut()
}

/// What goes along with the message behind it stands before it.
fn add_attached(turns: &mut Vec<Turn>, attached: &[Attachment]) {
    let Some(text) = attach::text(attached) else { return };
    if let Some(Turn::User { pictures, texts, .. }) = user_turn(turns) {
        texts.push(text);
        pictures.extend(attached.iter().filter_map(|attached| match &attached.content {
            Content::Picture { media, data } => Some(Picture { media: *media, data: Arc::clone(data) }),
            Content::Text(_) | Content::Gone => None,
        }));
    }
}

/// The calls of the last turn, when they wait for their results.
fn open_calls(turns: &[Turn]) -> Option<&[ToolCall]> {
    match turns.last() {
        Some(Turn::Assistant { calls, .. }) if !calls.is_empty() => Some(calls),
        Some(Turn::Assistant { .. } | Turn::User { .. }) | None => None,
    }
}

fn add_results(turns: &mut Vec<Turn>, answers: &[ToolResult]) {
    if open_calls(turns).is_none() && !matches!(turns.last(), Some(Turn::User { .. })) {
        return;
    }
    if let Some(Turn::User { results, .. }) = user_turn(turns) {
        for answer in answers {
            if let Some(result) = results.iter_mut().find(|result| result.id == answer.id) {
                *result = answer.clone();
            }
        }
    }
}

fn add_assistant(turns: &mut Vec<Turn>, text: &str, calls: &[ToolCall], own: Vec<(Anchor, Value)>) {
    let blank = text.trim().is_empty();
    if blank && calls.is_empty() {
        return;
    }
    if open_calls(turns).is_some() {
        user_turn(turns);
    }
    match turns.last_mut() {
        // A history that was trimmed may begin with a reply; providers want the user first.
        None => {}
        // The turn before has no calls, so the numbers of these hold.
        Some(Turn::Assistant { text: before, calls: made, opaque }) => {
            if !blank {
                if !before.is_empty() {
                    before.push_str("\n\n");
                }
                before.push_str(text);
            }
            made.extend_from_slice(calls);
            opaque.extend(own);
        }
        Some(Turn::User { .. }) => {
            let text = if blank { String::new() } else { text.to_string() };
            turns.push(Turn::Assistant { text, calls: calls.to_vec(), opaque: own });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Message {
        Message::User { text: text.to_string() }
    }

    fn said(text: &str, ids: &[&str]) -> Message {
        let calls = ids.iter().map(|id| ToolCall {
            id: (*id).to_string(),
            name: "read".to_string(),
            arguments: String::new(),
        });
        Message::Assistant { text: text.to_string(), calls: calls.collect(), opaque: Vec::new() }
    }

    fn results(ids: &[&str]) -> Message {
        let made = ids.iter().map(|id| ToolResult {
            id: (*id).to_string(),
            text: format!("of {id}"),
            failed: false,
        });
        Message::Results(made.collect())
    }

    /// One line for each turn: `user[a=ok b=failed] text|text` or `assistant[a b] text`.
    fn check(messages: &[Message], expect: &[&str]) {
        let lines: Vec<String> = ordered(messages, "")
            .iter()
            .map(|turn| match turn {
                Turn::User { results, texts, .. } => {
                    let results: Vec<String> = results
                        .iter()
                        .map(|result| {
                            format!("{}={}", result.id, if result.failed { "failed" } else { "ok" })
                        })
                        .collect();
                    format!("user[{}] {}", results.join(" "), texts.join("|"))
                }
                Turn::Assistant { text, calls, .. } => {
                    let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
                    format!("assistant[{}] {text}", ids.join(" "))
                }
            })
            .collect();
        assert_eq!(lines, expect);
    }

    #[test]
    fn turns_alternate_and_the_user_begins() {
        check(&[user("a"), user(" "), user("b")], &["user[] a|b"]);
        check(&[said("x", &[]), user("a")], &["user[] a"]);
        check(&[results(&["z"]), user("a"), said("", &[]), user("b")], &["user[] a|b"]);
        check(
            &[user("a"), said("x", &[]), said("y", &[]), user("b")],
            &["user[] a", "assistant[] x\n\ny", "user[] b"],
        );
    }

    #[test]
    fn every_call_has_exactly_one_result_behind_it() {
        let calls = "assistant[1 2] ";
        check(&[user("a"), said("", &["1", "2"])], &["user[] a", calls, "user[1=failed 2=failed] "]);
        check(
            &[user("a"), said("", &["1", "2"]), results(&["2"]), user("b")],
            &["user[] a", calls, "user[1=failed 2=ok] b"],
        );
        check(
            &[user("a"), said("", &["1", "2"]), results(&["1"]), results(&["2", "9"]), said("x", &[])],
            &["user[] a", calls, "user[1=ok 2=ok] ", "assistant[] x"],
        );
        check(
            &[user("a"), said("", &["1", "2"]), user("stop"), said("x", &["3"]), said("y", &[])],
            &[
                "user[] a",
                calls,
                "user[1=failed 2=failed] stop",
                "assistant[3] x",
                "user[3=failed] ",
                "assistant[] y",
            ],
        );
    }

    #[test]
    fn frames_that_a_proxy_ran_together_are_taken_apart() {
        assert_eq!(objects(r#"{"a":"}{"}{"b":"\"}"}data: {"c":{}}"#).len(), 3);
        assert_eq!(objects("{\"a\":1}\n{\"b\":2}").len(), 2);
        assert!(objects("not json").is_empty());
        assert!(objects("{\"cut\":").is_empty());
    }
}
