//! What every protocol shares: the decoder around an adapter, JSON read leniently. It never opens a connection and never takes a cut
//! stream for a complete one.

use serde_json::{Value, json};

use super::sse::{Framing, Item, Sse};
use super::trouble::{self, Address, Cause, Trouble};
use crate::domain::chat::ToolCall;
use crate::domain::exchange::{Anchor, Opaque, ReplyEvent, Request, StopReason, ToolSpec};

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
    /// What may be an error, in a frame that brought nothing; it is one where no other frame came.
    strange: Option<Trouble>,
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
            strange: None,
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
        let nothing = closed == Ending::Truncated && self.shown == Shown::Nothing;
        let unread = nothing && self.garbled;
        let ending = match (closed, self.strange.take().filter(|_| nothing && self.frames == 1)) {
            (_, Some(trouble)) => Ending::Failed(Cause::said(trouble)),
            (_, None) if unread => Ending::Failed(Cause::Address(Address::NotUnderstood)),
            (Ending::Complete(StopReason::EndTurn), None) if self.lost && self.shown == Shown::Answer => {
                Ending::Complete(StopReason::Other(PART_LOST.to_string()))
            }
            // A call that lost a piece is not to be run.
            (Ending::Complete(StopReason::ToolUse), None) if self.lost => Ending::Truncated,
            (closed, None) => closed,
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
            None => {
                let before = out.len();
                self.adapter.frame(frame, out);
                if out.len() == before && self.frames == 1 {
                    self.strange = trouble::in_strange(frame);
                }
            }
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
                    self.strange = trouble::in_strange(&value);
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

/// An opaque part as an adapter finds it; the conversation then says who made it.
pub fn opaque(anchor: Anchor, value: &Value) -> ReplyEvent {
    ReplyEvent::Opaque(Opaque { maker: String::new(), anchor, json: value.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_a_proxy_ran_together_are_taken_apart() {
        assert_eq!(objects(r#"{"a":"}{"}{"b":"\"}"}data: {"c":{}}"#).len(), 3);
        assert_eq!(objects("{\"a\":1}\n{\"b\":2}").len(), 2);
        assert!(objects("not json").is_empty());
        assert!(objects("{\"cut\":").is_empty());
    }
}
