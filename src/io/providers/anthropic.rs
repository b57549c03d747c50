//! Anthropic Messages: a request as JSON, and the events of its stream. It never opens a connection.

use serde_json::{Map, Value, json};

use super::history::{self, Turn, opaque_at};
use super::wire::{self, Adapter, Progress, arguments, count, list, text};
use crate::domain::chat::ToolCall;
use crate::domain::exchange::{Anchor, ReplyEvent, Request, StopReason, SystemPart, Usage};

/// The parts of the system prompt behind which the provider may cache: they change least. With the end of the conversation these are
/// the four marks that a request may have.
const CACHED_PARTS: &[&str] = &["persona", "KB.md", "conduct"];

/// The request's body.
pub fn body(request: &Request) -> Value {
    let mut body = Map::new();
    body.insert("model".to_string(), json!(request.endpoint.model));
    body.insert("max_tokens".to_string(), json!(request.max_tokens));
    let system = system(&request.system);
    if !system.is_empty() {
        body.insert("system".to_string(), Value::Array(system));
    }
    let mut messages: Vec<Value> = history::turns_named(request, safe_id).iter().map(message).collect();
    // What is said so far is the beginning of the next request, and of the next round of tool calls.
    let content = messages.last_mut().and_then(|last| last.get_mut("content")?.as_array_mut());
    if let Some(last) = content.and_then(|content| content.last_mut()) {
        mark(last);
    }
    body.insert("messages".to_string(), Value::Array(messages));
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            let schema = wire::schema(tool);
            json!({ "name": tool.name, "description": tool.description, "input_schema": schema })
        });
        body.insert("tools".to_string(), Value::Array(tools.collect()));
    }
    if thinks_anyway(&request.endpoint.model) {
        body.insert("thinking".to_string(), json!({ "type": "adaptive", "display": "summarized" }));
    }
    body.insert("stream".to_string(), json!(true));
    Value::Object(body)
}

/// Whether a model thinks without being asked to, by its name: all since 5. Asked like this it lets its thinking be read, and thinks no
/// more than it would; models before that would begin to think, or refuse it.
fn thinks_anyway(model: &str) -> bool {
    let name = model.rsplit_once("claude-").map_or("", |(_, name)| name);
    let numbers = name.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    // A date has more figures.
    let version = numbers.filter(|part| part.len() <= 2).find_map(|part| part.parse::<u32>().ok());
    version.is_some_and(|version| version >= 5)
}

/// One text block for each part; empty blocks are refused, so they are left out.
fn system(parts: &[SystemPart]) -> Vec<Value> {
    let parts: Vec<&SystemPart> = parts.iter().filter(|part| !part.text.trim().is_empty()).collect();
    let marked = |at: usize, part: &SystemPart| {
        part.label.split(' ').next().is_some_and(|kind| CACHED_PARTS.contains(&kind))
            && parts.iter().skip(at + 1).all(|later| later.label != part.label)
    };
    let block = |(at, part): (usize, &&SystemPart)| {
        let mut block = json!({ "type": "text", "text": part.text });
        if marked(at, part) {
            mark(&mut block);
        }
        block
    };
    parts.iter().enumerate().map(block).collect()
}

fn mark(block: &mut Value) {
    if let Some(fields) = block.as_object_mut() {
        fields.insert("cache_control".to_string(), json!({ "type": "ephemeral" }));
    }
}

fn message(turn: &Turn) -> Value {
    match turn {
        Turn::User { results, pictures, texts } => {
            let results = results.iter().map(|result| {
                let mut block = json!({
                    "type": "tool_result", "tool_use_id": result.id, "content": result.text,
                });
                if result.failed
                    && let Some(fields) = block.as_object_mut()
                {
                    fields.insert("is_error".to_string(), json!(true));
                }
                block
            });
            let pictures = pictures.iter().map(|picture| {
                let source =
                    json!({ "type": "base64", "media_type": picture.media.mime(), "data": &*picture.data });
                json!({ "type": "image", "source": source })
            });
            let texts = texts.iter().map(|text| json!({ "type": "text", "text": text }));
            json!({ "role": "user", "content": results.chain(pictures).chain(texts).collect::<Vec<_>>() })
        }
        Turn::Assistant { text, calls, opaque } => {
            let thoughts = |anchor| opaque_at(opaque, anchor).cloned();
            let mut content: Vec<Value> = thoughts(Anchor::Text).collect();
            if !text.is_empty() {
                content.push(json!({ "type": "text", "text": text }));
            }
            for (at, call) in calls.iter().enumerate() {
                content.extend(thoughts(Anchor::Call(at)));
                let input = arguments(&call.arguments);
                content.push(json!({
                    "type": "tool_use", "id": call.id, "name": call.name, "input": input,
                }));
            }
            json!({ "role": "assistant", "content": content })
        }
    }
}

/// Ids of another provider may hold signs, or a length, that are refused here.
fn safe_id(id: &str) -> String {
    let safe = |sign: char| if sign.is_ascii_alphanumeric() || sign == '-' { sign } else { '_' };
    id.chars().map(safe).take(64).collect()
}

/// A tool call while its arguments come.
#[derive(Debug)]
struct Open {
    index: u64,
    call: ToolCall,
}

/// A block of thinking while it comes.
#[derive(Debug)]
struct Thought {
    index: u64,
    text: String,
    signature: String,
}

/// The stream's state.
#[derive(Debug, Default)]
pub struct Messages {
    started: bool,
    spoke: bool,
    open: Vec<Open>,
    thought: Option<Thought>,
    /// As the provider counts: what was read from a cache or written to it is no part of the input.
    counted: Usage,
    stop: Option<String>,
    over: bool,
}

impl Adapter for Messages {
    fn frame(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        match text(frame, &["type"]) {
            "message_start" => {
                if let Some(message) = frame.get("message") {
                    self.start(message, out);
                    self.report(message, out);
                }
            }
            "content_block_start" => {
                if let Some(block) = frame.get("content_block") {
                    self.block(count(frame, &["index"]).unwrap_or_default(), block, out);
                }
            }
            "content_block_delta" => self.delta(frame, out),
            "content_block_stop" => self.end_thought(out),
            "message_delta" => {
                let stop = text(frame, &["delta", "stop_reason"]);
                if !stop.is_empty() {
                    self.stop = Some(stop.to_string());
                }
                self.report(frame, out);
            }
            "message_stop" => self.over = true,
            // `ping`, and what may be added later.
            _ => {}
        }
    }

    fn whole(&mut self, answer: &Value, out: &mut Vec<ReplyEvent>) {
        self.start(answer, out);
        for (index, block) in (0..).zip(list(answer, &["content"])) {
            self.block(index, block, out);
            self.end_thought(out);
        }
        self.report(answer, out);
        let stop = text(answer, &["stop_reason"]);
        self.stop = (!stop.is_empty()).then(|| stop.to_string());
        self.over = !list(answer, &["content"]).is_empty() || self.stop.is_some();
    }

    fn marker(&mut self) {
        // Gateways that speak both protocols may send it; here it decides nothing.
    }

    fn progress(&self) -> Progress {
        match (self.over, &self.stop) {
            (true, _) => Progress::Over,
            (false, Some(_)) => Progress::Settled,
            (false, None) => Progress::Open,
        }
    }

    fn close(&mut self, out: &mut Vec<ReplyEvent>) -> Option<StopReason> {
        if !self.over && self.stop.is_none() {
            return None;
        }
        let reason = match self.stop.as_deref() {
            Some("end_turn" | "stop_sequence") | None => StopReason::EndTurn,
            Some("max_tokens" | "model_context_window_exceeded") => StopReason::MaxTokens,
            Some("tool_use") => StopReason::ToolUse,
            Some("refusal") => StopReason::Refusal,
            Some(other) => StopReason::Other(other.to_string()),
        };
        let calls = std::mem::take(&mut self.open).into_iter().map(|open| open.call).collect();
        let calls = wire::runnable(calls, &reason);
        let reason = wire::settle(reason, &calls);
        out.extend(calls.into_iter().map(ReplyEvent::Call));
        Some(reason)
    }
}

impl Messages {
    fn start(&mut self, message: &Value, out: &mut Vec<ReplyEvent>) {
        let (id, model) = (text(message, &["id"]), text(message, &["model"]));
        if !self.started && !model.is_empty() {
            self.started = true;
            out.push(ReplyEvent::Start { id: id.to_string(), model: model.to_string() });
        }
    }

    /// A block as it begins, or a whole one.
    fn block(&mut self, index: u64, block: &Value, out: &mut Vec<ReplyEvent>) {
        match text(block, &["type"]) {
            "text" => self.say(text(block, &["text"]), out),
            "thinking" => {
                let (text, signature) = (text(block, &["thinking"]), text(block, &["signature"]));
                push_text(text, ReplyEvent::Thinking, out);
                self.thought =
                    Some(Thought { index, text: text.to_string(), signature: signature.to_string() });
            }
            // It comes whole.
            "redacted_thinking" => out.push(wire::opaque(self.here(), block)),
            "tool_use" => self.call(index, block),
            _ => {}
        }
    }

    fn call(&mut self, index: u64, block: &Value) {
        let input = block.get("input").filter(|input| input.as_object().is_some_and(|map| !map.is_empty()));
        let input = input.map(Value::to_string).unwrap_or_default();
        let call = self.slot(index);
        // A frame that comes twice opens nothing anew.
        if call.name.is_empty() {
            text(block, &["id"]).clone_into(&mut call.id);
            text(block, &["name"]).clone_into(&mut call.name);
            call.arguments.insert_str(0, &input);
        }
    }

    /// The call of the block `index`, opened where there is none.
    fn slot(&mut self, index: u64) -> &mut ToolCall {
        let at = self.open.iter().position(|open| open.index == index).unwrap_or_else(|| {
            let call = ToolCall { id: String::new(), name: String::new(), arguments: String::new() };
            self.open.push(Open { index, call });
            self.open.len() - 1
        });
        &mut self.open[at].call
    }

    fn say(&mut self, text: &str, out: &mut Vec<ReplyEvent>) {
        self.spoke |= !text.is_empty();
        push_text(text, ReplyEvent::Text, out);
    }

    /// Where a block stands that comes now.
    fn here(&self) -> Anchor {
        if self.spoke || !self.open.is_empty() { Anchor::Call(self.open.len()) } else { Anchor::Text }
    }

    /// Thinking without a signature is nothing that the provider takes back.
    fn end_thought(&mut self, out: &mut Vec<ReplyEvent>) {
        let Some(Thought { text, signature, .. }) = self.thought.take() else { return };
        if !signature.is_empty() {
            let block = json!({ "type": "thinking", "thinking": text, "signature": signature });
            out.push(wire::opaque(self.here(), &block));
        }
    }

    fn delta(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        let Some(delta) = frame.get("delta") else { return };
        let index = count(frame, &["index"]).unwrap_or_default();
        let thought = self.thought.as_mut().filter(|thought| thought.index == index);
        match text(delta, &["type"]) {
            "text_delta" => self.say(text(delta, &["text"]), out),
            "thinking_delta" => {
                let more = text(delta, &["thinking"]);
                if let Some(thought) = thought {
                    thought.text.push_str(more);
                }
                push_text(more, ReplyEvent::Thinking, out);
            }
            "signature_delta" => {
                if let Some(thought) = thought {
                    text(delta, &["signature"]).clone_into(&mut thought.signature);
                }
            }
            "input_json_delta" => self.slot(index).arguments.push_str(text(delta, &["partial_json"])),
            _ => {}
        }
    }

    /// Counts are cumulative. All input is what was new, what was written to the cache, and what was read from it.
    fn report(&mut self, holder: &Value, out: &mut Vec<ReplyEvent>) {
        let Some(usage) = wire::at(holder, &["usage"]) else { return };
        // A later frame may repeat some of the counts and leave out others, which then hold.
        let before = self.counted;
        self.counted.merge(Usage {
            input: count(usage, &["input_tokens"]),
            output: count(usage, &["output_tokens"]),
            cached: count(usage, &["cache_read_input_tokens"]),
            written: count(usage, &["cache_creation_input_tokens"]),
        });
        let Usage { input, cached, written, .. } = self.counted;
        let beside = [cached, written].into_iter().flatten().fold(0, u64::saturating_add);
        if self.counted != before {
            let input = input.map(|input| input.saturating_add(beside));
            out.push(ReplyEvent::Usage(Usage { input, ..self.counted }));
        }
    }
}

fn push_text(text: &str, event: fn(String) -> ReplyEvent, out: &mut Vec<ReplyEvent>) {
    if !text.is_empty() {
        out.push(event(text.to_string()));
    }
}
