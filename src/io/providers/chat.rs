//! OpenAI-compatible chat completions and the dialects of its servers: a request as JSON, and the events of its stream. It never
//! opens a connection.

use serde_json::{Map, Value, json};

use super::history::{self, Picture, Turn, opaque_at};
use super::think::Think;
use super::wire::{self, Adapter, Progress, at, count, list, text};
use crate::domain::chat::ToolCall;
use crate::domain::exchange::{Anchor, ReplyEvent, Request, StopReason, Usage};

/// The host that knows `max_completion_tokens`; all others take the older name.
const OPENAI_HOST: &str = "api.openai.com";
/// The host that takes only tool ids of nine letters and digits.
const MISTRAL_HOST: &str = "api.mistral.ai";
/// The host that wants the thinking of every reply back.
const DEEPSEEK_HOST: &str = "api.deepseek.com";

/// The request's body.
pub fn body(request: &Request) -> Value {
    let on = |host: &str| host_of(&request.endpoint.base_url) == host;
    let id = if on(MISTRAL_HOST) { short_id } else { |id: &str| id.to_string() };
    let thoughts = if on(DEEPSEEK_HOST) { Thoughts::OfAll } else { Thoughts::OfCalls };
    let mut body = Map::new();
    body.insert("model".to_string(), json!(request.endpoint.model));
    let mut messages = Vec::new();
    if let Some(system) = wire::system_text(request) {
        messages.push(json!({ "role": "system", "content": system }));
    }
    for turn in history::turns_named(request, id) {
        push_turn(&turn, thoughts, &mut messages);
    }
    body.insert("messages".to_string(), Value::Array(messages));
    if let Some(tools) = wire::function_tools(request) {
        body.insert("tools".to_string(), tools);
    }
    let limit = if on(OPENAI_HOST) { "max_completion_tokens" } else { "max_tokens" };
    body.insert(limit.to_string(), json!(request.max_tokens));
    body.insert("stream".to_string(), json!(true));
    body.insert("stream_options".to_string(), json!({ "include_usage": true }));
    Value::Object(body)
}

/// Which replies are sent back with their thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thoughts {
    OfCalls,
    OfAll,
}

fn push_turn(turn: &Turn, thoughts: Thoughts, messages: &mut Vec<Value>) {
    match turn {
        Turn::User { results, pictures, texts } => {
            messages.extend(
                results.iter().map(
                    |result| json!({ "role": "tool", "tool_call_id": result.id, "content": result.text }),
                ),
            );
            if !texts.is_empty() {
                messages.push(json!({ "role": "user", "content": content(pictures, &texts.join("\n\n")) }));
            }
        }
        Turn::Assistant { text, calls, opaque } => {
            let content = if text.is_empty() { Value::Null } else { json!(text) };
            let mut message = json!({ "role": "assistant", "content": content });
            let calls = calls.iter().enumerate().map(|(at, call)| {
                let arguments = wire::arguments(&call.arguments).to_string();
                let function = json!({ "name": call.name, "arguments": arguments });
                let mut made = json!({ "id": call.id, "type": "function", "function": function });
                opaque_at(opaque, Anchor::Call(at)).for_each(|own| add_fields(&mut made, own));
                made
            });
            let calls: Vec<Value> = calls.collect();
            // Most servers have no use for the thinking of a reply that is over; DeepSeek's wants that of every reply.
            if !calls.is_empty() || thoughts == Thoughts::OfAll {
                opaque_at(opaque, Anchor::Text).for_each(|own| add_fields(&mut message, own));
            }
            // A reply of another model has none that it could read, and its absence is refused.
            if thoughts == Thoughts::OfAll && message.get("reasoning_content").is_none() {
                add_fields(&mut message, &json!({ "reasoning_content": "" }));
            }
            if !calls.is_empty() {
                add_fields(&mut message, &json!({ "tool_calls": calls }));
            }
            messages.push(message);
        }
    }
}

/// Text alone is sent as text, which every server takes.
fn content(pictures: &[Picture], text: &str) -> Value {
    if pictures.is_empty() {
        return json!(text);
    }
    let pictures = pictures
        .iter()
        .map(|picture| json!({ "type": "image_url", "image_url": { "url": picture.address() } }));
    Value::Array(pictures.chain([json!({ "type": "text", "text": text })]).collect())
}

fn add_fields(object: &mut Value, more: &Value) {
    if let (Some(fields), Some(more)) = (object.as_object_mut(), more.as_object()) {
        fields.extend(more.clone());
    }
}

/// The host in an address, without port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':', '?']).next().unwrap_or_default()
}

/// Nine letters and digits that stand for `id`, the same each time.
fn short_id(id: &str) -> String {
    const SIGNS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    if id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return id.to_string();
    }
    // FNV-1a: spread evenly, and not dependent on a library's choice of hash.
    let mut hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut short = String::new();
    for _ in 0..9 {
        let sign = SIGNS.get((hash % 36) as usize).copied().unwrap_or(b'0');
        short.push(char::from(sign));
        hash /= 36;
    }
    short
}

/// A tool call while its fragments come.
#[derive(Debug)]
struct Slot {
    index: Option<u64>,
    call: ToolCall,
    /// What Gemini's servers want back with the call.
    extra: Option<Value>,
}

/// The stream's state.
#[derive(Debug, Default)]
pub struct Completions {
    started: bool,
    slots: Vec<Slot>,
    think: Think,
    /// `reasoning_content`, which DeepSeek's servers want back when tools were called.
    reasoning: String,
    /// `reasoning_details`, which OpenRouter's want back then.
    details: Vec<Value>,
    usage: Usage,
    finish: Option<String>,
    marked: bool,
    answered: bool,
    refused: bool,
}

impl Adapter for Completions {
    fn frame(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        self.start(frame, out);
        // Only one choice is asked for; a frame may have none, and then brings the usage or a filter's report.
        let choice =
            list(frame, &["choices"]).iter().find(|choice| count(choice, &["index"]).unwrap_or(0) == 0);
        if let Some(choice) = choice {
            if let Some(delta) = at(choice, &["delta"]).or_else(|| at(choice, &["message"])) {
                self.delta(delta, out);
            }
            let finish = text(choice, &["finish_reason"]);
            if !finish.is_empty() {
                self.finish = Some(finish.to_string());
            }
        }
        self.report(at(frame, &["usage"]).or_else(|| at(frame, &["x_groq", "usage"])), out);
    }

    fn whole(&mut self, answer: &Value, out: &mut Vec<ReplyEvent>) {
        self.frame(answer, out);
        // A whole answer has ended, whether or not the server says why.
        self.marked = !list(answer, &["choices"]).is_empty();
    }

    fn marker(&mut self) {
        self.marked = true;
    }

    fn progress(&self) -> Progress {
        match (self.marked, &self.finish) {
            (true, _) => Progress::Over,
            (false, Some(_)) => Progress::Settled,
            (false, None) => Progress::Open,
        }
    }

    fn close(&mut self, out: &mut Vec<ReplyEvent>) -> Option<StopReason> {
        self.think.finish(out);
        self.keep_opaque(out);
        let calls = self.calls();
        let reason = match self.finish.as_deref() {
            _ if self.refused => StopReason::Refusal,
            Some("stop") => StopReason::EndTurn,
            Some("length" | "model_length") => StopReason::MaxTokens,
            Some("tool_calls" | "function_call") => StopReason::ToolUse,
            Some("content_filter") => StopReason::Refusal,
            Some(other) => StopReason::Other(other.to_string()),
            // The marker alone ends a reply only when there is one, and no call can be half of itself.
            None => {
                let whole = calls.iter().all(|call| is_object(&call.arguments));
                let there = self.answered || !calls.is_empty();
                if !(self.marked && whole && there) {
                    return None;
                }
                StopReason::EndTurn
            }
        };
        let calls = wire::runnable(calls, &reason);
        let reason = wire::settle(reason, &calls);
        out.extend(calls.into_iter().map(ReplyEvent::Call));
        Some(reason)
    }
}

impl Completions {
    fn start(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        let (id, model) = (text(frame, &["id"]), text(frame, &["model"]));
        if !self.started && !model.is_empty() {
            self.started = true;
            out.push(ReplyEvent::Start { id: id.to_string(), model: model.to_string() });
        }
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<ReplyEvent>) {
        self.reasoning.push_str(text(delta, &["reasoning_content"]));
        self.details.extend_from_slice(list(delta, &["reasoning_details"]));
        let reasoning = [text(delta, &["reasoning_content"]), text(delta, &["reasoning"])]
            .into_iter()
            .find(|text| !text.is_empty());
        match reasoning {
            Some(reasoning) => self.thought(reasoning, out),
            None => {
                for detail in list(delta, &["reasoning_details"]) {
                    self.thought(text(detail, &["text"]), out);
                    self.thought(text(detail, &["summary"]), out);
                }
            }
        }
        self.said(text(delta, &["content"]), out);
        for part in list(delta, &["content"]) {
            match text(part, &["type"]) {
                "text" => self.said(text(part, &["text"]), out),
                "thinking" => {
                    for part in list(part, &["thinking"]) {
                        self.thought(text(part, &["text"]), out);
                    }
                }
                _ => {}
            }
        }
        let refusal = text(delta, &["refusal"]);
        if !refusal.is_empty() {
            self.refused = true;
            self.said(refusal, out);
        }
        for fragment in list(delta, &["tool_calls"]) {
            self.fragment(fragment);
        }
    }

    fn said(&mut self, text: &str, out: &mut Vec<ReplyEvent>) {
        self.answered |= !text.is_empty();
        self.think.feed(text, out);
    }

    fn thought(&mut self, text: &str, out: &mut Vec<ReplyEvent>) {
        if !text.is_empty() {
            self.think.server_thinks();
            out.push(ReplyEvent::Thinking(text.to_string()));
        }
    }

    /// One fragment of a tool call, put where it belongs by one rule for all servers.
    fn fragment(&mut self, fragment: &Value) {
        let (id, name) = (text(fragment, &["id"]), text(fragment, &["function", "name"]));
        let index = count(fragment, &["index"]);
        let at_slot = match self.find_slot(index, id, name) {
            Some(found) => found,
            None => {
                let call = ToolCall { id: String::new(), name: String::new(), arguments: String::new() };
                self.slots.push(Slot { index, call, extra: None });
                self.slots.len() - 1
            }
        };
        let Some(Slot { call, extra, .. }) = self.slots.get_mut(at_slot) else { return };
        if let Some(given) = at(fragment, &["extra_content"]) {
            *extra = Some(given.clone());
        }
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        // A name comes once; some servers repeat it, and none that does so has arguments before the name is whole.
        if call.arguments.is_empty() && call.name != name {
            call.name.push_str(name);
        }
        match at(fragment, &["function", "arguments"]) {
            // A server that sends everything so far once more has said nothing new.
            Some(Value::String(text)) if *text == call.arguments && is_object(text) && !text.is_empty() => {}
            Some(Value::String(text)) => call.arguments.push_str(text),
            Some(whole @ Value::Object(_)) => call.arguments = whole.to_string(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => {}
        }
    }

    /// The slot that a fragment continues; `None` opens a new one.
    fn find_slot(&self, index: Option<u64>, id: &str, name: &str) -> Option<usize> {
        if !id.is_empty()
            && let Some(found) = self.slots.iter().rposition(|slot| slot.call.id == id)
        {
            return Some(found);
        }
        if index.is_some() {
            let found = self.slots.iter().rposition(|slot| slot.index == index)?;
            let call = &self.slots.get(found)?.call;
            // Only what brings a name of its own begins a call; some servers give each fragment another id.
            let begins = !id.is_empty() && !name.is_empty();
            let used = begins && !(call.id.is_empty() && call.name.is_empty());
            return (!used).then_some(found);
        }
        if !id.is_empty() || !name.is_empty() {
            return None;
        }
        self.slots.len().checked_sub(1)
    }

    fn keep_opaque(&self, out: &mut Vec<ReplyEvent>) {
        if !self.details.is_empty() {
            out.push(wire::opaque(Anchor::Text, &json!({ "reasoning_details": joined(&self.details) })));
        } else if !self.reasoning.is_empty() {
            out.push(wire::opaque(Anchor::Text, &json!({ "reasoning_content": self.reasoning })));
        }
        for (at, slot) in self.slots.iter().enumerate() {
            if let Some(extra) = &slot.extra {
                out.push(wire::opaque(Anchor::Call(at), &json!({ "extra_content": extra })));
            }
        }
    }

    fn calls(&mut self) -> Vec<ToolCall> {
        let named = |(at, slot): (usize, Slot)| {
            let mut call = slot.call;
            if call.id.is_empty() {
                call.id = format!("call_{}", at + 1);
            }
            call
        };
        std::mem::take(&mut self.slots).into_iter().enumerate().map(named).collect()
    }

    fn report(&mut self, usage: Option<&Value>, out: &mut Vec<ReplyEvent>) {
        let Some(usage) = usage else { return };
        let cached = count(usage, &["prompt_tokens_details", "cached_tokens"]);
        let cached = cached.or_else(|| count(usage, &["prompt_cache_hit_tokens"]));
        let written = count(usage, &["prompt_tokens_details", "cache_write_tokens"]);
        let (input, output) = (count(usage, &["prompt_tokens"]), count(usage, &["completion_tokens"]));
        let before = self.usage;
        self.usage.merge(Usage { input, output, cached, written });
        if self.usage != before {
            out.push(ReplyEvent::Usage(self.usage));
        }
    }
}

/// The details that came in pieces, whole again: pieces of one `index` and `type` belong together, texts behind each other.
fn joined(pieces: &[Value]) -> Vec<Value> {
    let mut whole: Vec<Value> = Vec::new();
    for piece in pieces {
        let same = |known: &&mut Value| known["index"] == piece["index"] && known["type"] == piece["type"];
        let known = if piece["index"].is_null() { None } else { whole.iter_mut().find(same) };
        let (Some(known), Some(fields)) = (known.and_then(Value::as_object_mut), piece.as_object()) else {
            whole.push(piece.clone());
            continue;
        };
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            match (known.get_mut(name), value) {
                (Some(Value::String(text)), Value::String(more))
                    if ["text", "summary", "data"].contains(&name.as_str()) =>
                {
                    text.push_str(more);
                }
                _ => {
                    known.insert(name.clone(), value.clone());
                }
            }
        }
    }
    whole
}

/// Whether a call's arguments are whole; none at all are whole, too.
fn is_object(text: &str) -> bool {
    text.is_empty() || serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}
