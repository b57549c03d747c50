//! Ollama's own protocol: a request as JSON, and the lines of its reply. It never opens a connection, and never lets the server cut
//! the conversation silently.

use serde_json::{Map, Value, json};

use super::history::{self, Turn};
use super::think::Think;
use super::trouble::{Cause, Trouble};
use super::wire::{self, Adapter, Progress, at, count, list, text};
use super::{Ability, Facts};
use crate::domain::chat::ToolCall;
use crate::domain::exchange::{ReplyEvent, Request, StopReason, Usage};

/// The smallest window that is asked for, in tokens. Larger ones are twice as large each, so that the model is rarely loaded anew.
const SMALLEST_WINDOW: u64 = 16_384;
/// Bytes of a token, at the least for text that a tokenizer knows well, and at the most for one that fits it badly.
const BYTES_AT_LEAST: u64 = 3;
const BYTES_AT_MOST: u64 = 8;
/// The server's own choice unloads a model after five minutes, less than a reply may take to read.
const KEEP_ALIVE: &str = "30m";

/// What is asked about a model.
pub fn question(model: &str) -> Value {
    json!({ "model": model })
}

/// What the server told about a model.
pub fn facts(answer: &Value) -> Facts {
    let info = at(answer, &["model_info"]).and_then(Value::as_object);
    let context = info.and_then(|info| {
        let architecture = info.get("general.architecture").and_then(Value::as_str).unwrap_or_default();
        let exact = info.get(&format!("{architecture}.context_length"));
        exact
            .or_else(|| info.iter().find(|(key, _)| key.ends_with(".context_length")).map(|(_, value)| value))
    });
    let abilities = list(answer, &["capabilities"]);
    let ability = |name: &str| match abilities {
        // An older server lists none.
        [] => Ability::Unknown,
        known if known.iter().any(|known| known.as_str() == Some(name)) => Ability::Yes,
        _ => Ability::No,
    };
    Facts {
        context: context.and_then(Value::as_u64).filter(|context| *context > 0),
        window: None,
        tools: ability("tools"),
        thinking: ability("thinking"),
        pictures: ability("vision"),
    }
}

/// The window that the request needs, reply included, within what the model can hold. An error when the conversation cannot fit
/// whatever the tokenizer: the server would drop its beginning.
pub fn window(request: &Request, facts: &Facts) -> Result<u64, Cause> {
    let bytes = size(request);
    let most = facts.context.unwrap_or(u64::MAX);
    if bytes / BYTES_AT_MOST > most {
        return Err(Cause::Overflow(Trouble::default()));
    }
    let need = bytes / BYTES_AT_LEAST + u64::from(request.max_tokens);
    let window = need.max(SMALLEST_WINDOW).checked_next_power_of_two().unwrap_or(need);
    Ok(window.min(most))
}

/// The bytes of everything that the model reads.
fn size(request: &Request) -> u64 {
    let system = request.system.iter().map(|part| part.text.len());
    let tools = request.tools.iter().map(|tool| tool.name.len() + tool.description.len() + tool.schema.len());
    let turns = history::turns(request);
    let said = turns.iter().map(|turn| match turn {
        Turn::User { results, pictures, texts } => {
            // A picture takes some two thousand tokens, whatever its size.
            let results: usize = results.iter().map(|result| result.text.len()).sum();
            results + pictures.len() * 6_000 + texts.iter().map(String::len).sum::<usize>()
        }
        Turn::Assistant { text, calls, .. } => {
            text.len() + calls.iter().map(|call| call.name.len() + call.arguments.len()).sum::<usize>()
        }
    });
    system.chain(tools).chain(said).map(|bytes| bytes as u64).sum()
}

/// The request's body.
pub fn body(request: &Request, facts: &Facts) -> Value {
    let mut body = Map::new();
    body.insert("model".to_string(), json!(request.endpoint.model));
    let mut messages = Vec::new();
    if let Some(system) = wire::system_text(request) {
        messages.push(json!({ "role": "system", "content": system }));
    }
    let mut made: Vec<ToolCall> = Vec::new();
    for turn in history::turns(request) {
        push_turn(&turn, &made, &mut messages);
        if let Turn::Assistant { calls, .. } = turn {
            made = calls;
        }
    }
    body.insert("messages".to_string(), Value::Array(messages));
    if let Some(tools) = wire::function_tools(request) {
        body.insert("tools".to_string(), tools);
    }
    if facts.thinking == Ability::Yes {
        body.insert("think".to_string(), json!(true));
    }
    let mut options = json!({ "num_predict": request.max_tokens });
    if let (Some(window), Some(options)) = (facts.window, options.as_object_mut()) {
        options.insert("num_ctx".to_string(), json!(window));
    }
    body.insert("options".to_string(), options);
    // An error instead of a conversation without its beginning; older servers do not know the two.
    body.insert("truncate".to_string(), json!(false));
    body.insert("shift".to_string(), json!(false));
    body.insert("keep_alive".to_string(), json!(KEEP_ALIVE));
    body.insert("stream".to_string(), json!(true));
    Value::Object(body)
}

/// `made` are the calls of the turn before, whose names the results carry.
fn push_turn(turn: &Turn, made: &[ToolCall], messages: &mut Vec<Value>) {
    match turn {
        Turn::User { results, pictures, texts } => {
            messages.extend(results.iter().map(|result| {
                let name = made.iter().find(|call| call.id == result.id).map_or("", |call| &call.name);
                json!({
                    "role": "tool", "tool_name": name, "tool_call_id": result.id, "content": result.text,
                })
            }));
            if !texts.is_empty() {
                let mut message = json!({ "role": "user", "content": texts.join("\n\n") });
                if !pictures.is_empty()
                    && let Some(fields) = message.as_object_mut()
                {
                    let data = pictures.iter().map(|picture| json!(&*picture.data));
                    fields.insert("images".to_string(), Value::Array(data.collect()));
                }
                messages.push(message);
            }
        }
        Turn::Assistant { text, calls, .. } => {
            let mut message = json!({ "role": "assistant", "content": text });
            if !calls.is_empty()
                && let Some(fields) = message.as_object_mut()
            {
                let calls = calls.iter().map(|call| {
                    let arguments = wire::arguments(&call.arguments);
                    json!({ "id": call.id, "function": { "name": call.name, "arguments": arguments } })
                });
                fields.insert("tool_calls".to_string(), Value::Array(calls.collect()));
            }
            messages.push(message);
        }
    }
}

/// The reply's state.
#[derive(Debug, Default)]
pub struct Lines {
    started: bool,
    calls: Vec<ToolCall>,
    think: Think,
    usage: Usage,
    done: Option<String>,
}

impl Adapter for Lines {
    fn frame(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        let model = text(frame, &["model"]);
        if !self.started && !model.is_empty() {
            self.started = true;
            out.push(ReplyEvent::Start { id: String::new(), model: model.to_string() });
        }
        let thinking = text(frame, &["message", "thinking"]);
        if !thinking.is_empty() {
            self.think.server_thinks();
            out.push(ReplyEvent::Thinking(thinking.to_string()));
        }
        self.think.feed(text(frame, &["message", "content"]), out);
        for call in list(frame, &["message", "tool_calls"]) {
            self.call(call);
        }
        if frame.get("done").and_then(Value::as_bool) == Some(true) {
            self.done = Some(text(frame, &["done_reason"]).to_string());
            self.report(frame, out);
        }
    }

    fn whole(&mut self, answer: &Value, out: &mut Vec<ReplyEvent>) {
        self.frame(answer, out);
    }

    fn marker(&mut self) {
        // Here it decides nothing.
    }

    fn progress(&self) -> Progress {
        if self.done.is_some() { Progress::Over } else { Progress::Open }
    }

    fn close(&mut self, out: &mut Vec<ReplyEvent>) -> Option<StopReason> {
        self.think.finish(out);
        let reason = match self.done.as_deref()? {
            "length" => StopReason::MaxTokens,
            "stop" | "" | "load" | "unload" => StopReason::EndTurn,
            other => StopReason::Other(other.to_string()),
        };
        let calls = wire::runnable(std::mem::take(&mut self.calls), &reason);
        let reason = wire::settle(reason, &calls);
        out.extend(calls.into_iter().map(ReplyEvent::Call));
        Some(reason)
    }
}

impl Lines {
    /// A call, which comes whole. Older servers give it no id.
    fn call(&mut self, call: &Value) {
        let arguments = match at(call, &["function", "arguments"]) {
            Some(Value::String(text)) => text.clone(),
            Some(arguments) => arguments.to_string(),
            None => String::new(),
        };
        let id = match text(call, &["id"]) {
            "" => format!("call_{}", self.calls.len() + 1),
            id => id.to_string(),
        };
        self.calls.push(ToolCall { id, name: text(call, &["function", "name"]).to_string(), arguments });
    }

    fn report(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        let (input, output) = (count(frame, &["prompt_eval_count"]), count(frame, &["eval_count"]));
        self.usage.merge(Usage { input, output, ..Usage::default() });
        if self.usage != Usage::default() {
            out.push(ReplyEvent::Usage(self.usage));
        }
    }
}
