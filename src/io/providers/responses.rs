//! OpenAI Responses: a request as JSON, and the events of its stream. It keeps nothing at the provider and never opens a connection.

use serde_json::{Map, Value, json};

use super::history::{self, Picture, Turn, opaque_at};
use super::wire::{self, Adapter, Progress, at, count, list, text};
use crate::domain::chat::ToolCall;
use crate::domain::exchange::{Anchor, ReplyEvent, Request, StopReason, Usage};

/// The request's body.
pub fn body(request: &Request) -> Value {
    let mut body = Map::new();
    body.insert("model".to_string(), json!(request.endpoint.model));
    if let Some(system) = wire::system_text(request) {
        body.insert("instructions".to_string(), json!(system));
    }
    let mut input = Vec::new();
    for turn in history::turns(request) {
        push_turn(&turn, &mut input);
    }
    body.insert("input".to_string(), Value::Array(input));
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            let schema = wire::schema(tool);
            // Strict schemas, the default, must name every key as required.
            json!({
                "type": "function", "name": tool.name, "description": tool.description,
                "parameters": schema, "strict": false,
            })
        });
        body.insert("tools".to_string(), Value::Array(tools.collect()));
    }
    body.insert("max_output_tokens".to_string(), json!(request.max_tokens));
    if reasons(&request.endpoint.model) {
        body.insert("reasoning".to_string(), json!({ "summary": "auto" }));
        body.insert("include".to_string(), json!(["reasoning.encrypted_content"]));
    }
    body.insert("store".to_string(), json!(false));
    body.insert("stream".to_string(), json!(true));
    Value::Object(body)
}

/// Whether a model reasons, by its name: `o3`, `gpt-5.1`, but not `gpt-5-chat-latest`. The others refuse the parameters for it.
fn reasons(model: &str) -> bool {
    let numbered = |rest: &str| rest.starts_with(|sign: char| sign.is_ascii_digit());
    let generation = |rest: &str| {
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        number.parse::<u32>().is_ok_and(|number| number >= 5)
    };
    let series = model.strip_prefix('o').is_some_and(numbered);
    series || (model.strip_prefix("gpt-").is_some_and(generation) && !model.contains("chat"))
}

fn push_turn(turn: &Turn, input: &mut Vec<Value>) {
    match turn {
        Turn::User { results, pictures, texts } => {
            input.extend(results.iter().map(|result| {
                json!({ "type": "function_call_output", "call_id": result.id, "output": result.text })
            }));
            if !texts.is_empty() {
                input.push(json!({ "role": "user", "content": content(pictures, &texts.join("\n\n")) }));
            }
        }
        Turn::Assistant { text, calls, opaque } => {
            // A piece of reasoning must have behind it what it led to.
            if !text.is_empty() || !calls.is_empty() {
                input.extend(opaque_at(opaque, Anchor::Text).cloned());
            }
            if !text.is_empty() {
                input.push(json!({ "role": "assistant", "content": text }));
            }
            for (number, call) in calls.iter().enumerate() {
                input.extend(opaque_at(opaque, Anchor::Call(number)).cloned());
                let arguments = wire::arguments(&call.arguments).to_string();
                input.push(json!({
                    "type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments,
                }));
            }
        }
    }
}

/// Text alone is sent as text.
fn content(pictures: &[Picture], text: &str) -> Value {
    if pictures.is_empty() {
        return json!(text);
    }
    let pictures =
        pictures.iter().map(|picture| json!({ "type": "input_image", "image_url": picture.address() }));
    Value::Array(pictures.chain([json!({ "type": "input_text", "text": text })]).collect())
}

/// One item of the output while it comes.
#[derive(Debug)]
struct Item {
    index: u64,
    /// Set for a call.
    call: Option<ToolCall>,
    /// Text came in pieces, so that the whole of it says nothing new.
    spoke: bool,
    /// It came whole.
    done: bool,
}

/// The stream's state.
#[derive(Debug, Default)]
pub struct Responses {
    started: bool,
    items: Vec<Item>,
    spoke: bool,
    refused: bool,
    /// The last frame with a number, since some gateways send one twice.
    last: Option<Value>,
    usage: Usage,
    stop: Option<StopReason>,
}

impl Adapter for Responses {
    fn frame(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        if count(frame, &["sequence_number"]).is_some_and(|number| number > 0) {
            if self.last.as_ref() == Some(frame) {
                return;
            }
            self.last = Some(frame.clone());
        }
        let index = count(frame, &["output_index"]).unwrap_or_default();
        match text(frame, &["type"]) {
            "response.created" | "response.in_progress" | "response.queued" => {
                if let Some(response) = frame.get("response") {
                    self.start(response, out);
                }
            }
            "response.output_item.added" => self.add(index, frame.get("item")),
            "response.output_item.done" => self.finish(index, frame.get("item"), out),
            "response.output_text.delta" => self.say(index, text(frame, &["delta"]), out),
            "response.output_text.done" => self.say_whole(index, text(frame, &["text"]), out),
            "response.refusal.delta" => {
                self.refused = true;
                self.say(index, text(frame, &["delta"]), out);
            }
            // A blank line between two parts.
            "response.reasoning_summary_part.added"
                if count(frame, &["summary_index"]).is_some_and(|part| part > 0) =>
            {
                out.push(ReplyEvent::Thinking("\n\n".to_string()));
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.item(index).spoke = true;
                think(text(frame, &["delta"]), out);
            }
            "response.function_call_arguments.delta" => {
                self.call(index).arguments.push_str(text(frame, &["delta"]));
            }
            "response.function_call_arguments.done" => {
                let whole = text(frame, &["arguments"]);
                if !whole.is_empty() {
                    whole.clone_into(&mut self.call(index).arguments);
                }
            }
            "response.completed" | "response.incomplete" => {
                if let Some(response) = frame.get("response") {
                    self.end(response, out);
                }
            }
            // The parts of an item as they open and close, and what may be added later.
            _ => {}
        }
    }

    fn whole(&mut self, answer: &Value, out: &mut Vec<ReplyEvent>) {
        if answer.get("output").is_some() {
            self.end(answer, out);
        }
    }

    fn marker(&mut self) {
        // Here it decides nothing.
    }

    fn progress(&self) -> Progress {
        if self.stop.is_some() { Progress::Over } else { Progress::Open }
    }

    fn close(&mut self, out: &mut Vec<ReplyEvent>) -> Option<StopReason> {
        let reason = self.stop.take()?;
        let calls = std::mem::take(&mut self.items).into_iter().filter_map(|item| item.call).collect();
        let calls = wire::runnable(calls, &reason);
        let reason = if self.refused { StopReason::Refusal } else { reason };
        let reason = wire::settle(reason, &calls);
        out.extend(calls.into_iter().map(ReplyEvent::Call));
        Some(reason)
    }
}

impl Responses {
    fn start(&mut self, response: &Value, out: &mut Vec<ReplyEvent>) {
        let (id, model) = (text(response, &["id"]), text(response, &["model"]));
        if !self.started && !model.is_empty() {
            self.started = true;
            out.push(ReplyEvent::Start { id: id.to_string(), model: model.to_string() });
        }
    }

    /// The item at `index`, opened where there is none.
    fn item(&mut self, index: u64) -> &mut Item {
        let place = self.items.iter().position(|item| item.index == index).unwrap_or_else(|| {
            self.items.push(Item { index, call: None, spoke: false, done: false });
            self.items.len() - 1
        });
        &mut self.items[place]
    }

    fn call(&mut self, index: u64) -> &mut ToolCall {
        self.item(index).call.get_or_insert_with(|| ToolCall {
            id: String::new(),
            name: String::new(),
            arguments: String::new(),
        })
    }

    fn say(&mut self, index: u64, words: &str, out: &mut Vec<ReplyEvent>) {
        if !words.is_empty() {
            self.item(index).spoke = true;
            self.spoke = true;
            out.push(ReplyEvent::Text(words.to_string()));
        }
    }

    /// The whole text of an item, which is news only where no piece of it came.
    fn say_whole(&mut self, index: u64, words: &str, out: &mut Vec<ReplyEvent>) {
        if !self.item(index).spoke {
            self.say(index, words, out);
        }
    }

    /// An item begins.
    fn add(&mut self, index: u64, item: Option<&Value>) {
        let Some(item) = item else { return };
        if text(item, &["type"]) == "function_call" {
            let call = self.call(index);
            text(item, &["call_id"]).clone_into(&mut call.id);
            text(item, &["name"]).clone_into(&mut call.name);
        }
    }

    /// An item as it is in the end: what it says counts before what came in pieces.
    fn finish(&mut self, index: u64, item: Option<&Value>, out: &mut Vec<ReplyEvent>) {
        let Some(item) = item else { return };
        if std::mem::replace(&mut self.item(index).done, true) {
            return;
        }
        match text(item, &["type"]) {
            "message" => {
                let mut whole = String::new();
                for part in list(item, &["content"]) {
                    self.refused |= text(part, &["type"]) == "refusal";
                    whole.push_str(text(part, &["text"]));
                    whole.push_str(text(part, &["refusal"]));
                }
                self.say_whole(index, &whole, out);
            }
            "reasoning" => self.finish_reasoning(index, item, out),
            "function_call" => {
                let call = self.call(index);
                for (field, name) in [(&mut call.id, "call_id"), (&mut call.name, "name")] {
                    if !text(item, &[name]).is_empty() {
                        text(item, &[name]).clone_into(field);
                    }
                }
                if !text(item, &["arguments"]).is_empty() {
                    text(item, &["arguments"]).clone_into(&mut call.arguments);
                }
            }
            _ => {}
        }
    }

    /// Reasoning goes back with the history, if it came in the form for that: nothing of it is kept at the provider.
    fn finish_reasoning(&mut self, index: u64, item: &Value, out: &mut Vec<ReplyEvent>) {
        if !self.item(index).spoke {
            let parts: Vec<&str> =
                list(item, &["summary"]).iter().map(|part| text(part, &["text"])).collect();
            think(&parts.join("\n\n"), out);
        }
        if text(item, &["encrypted_content"]).is_empty() {
            return;
        }
        let calls = self.items.iter().filter(|item| item.call.is_some()).count();
        let anchor = if self.spoke || calls > 0 { Anchor::Call(calls) } else { Anchor::Text };
        let mut kept = json!({ "type": "reasoning" });
        if let Some(fields) = kept.as_object_mut() {
            for name in ["id", "summary", "encrypted_content"] {
                fields.extend(at(item, &[name]).map(|value| (name.to_string(), value.clone())));
            }
        }
        out.push(wire::opaque(anchor, &kept));
    }

    /// The response as a whole, at its end or from a server that does not stream.
    fn end(&mut self, response: &Value, out: &mut Vec<ReplyEvent>) {
        self.start(response, out);
        for (index, item) in (0..).zip(list(response, &["output"])) {
            self.finish(index, Some(item), out);
        }
        self.report(response, out);
        self.stop = Some(match text(response, &["incomplete_details", "reason"]) {
            "" => StopReason::EndTurn,
            "max_output_tokens" => StopReason::MaxTokens,
            "content_filter" => StopReason::Refusal,
            other => StopReason::Other(other.to_string()),
        });
    }

    fn report(&mut self, response: &Value, out: &mut Vec<ReplyEvent>) {
        let Some(usage) = at(response, &["usage"]) else { return };
        let details = |name| count(usage, &["input_tokens_details", name]);
        let before = self.usage;
        self.usage.merge(Usage {
            input: count(usage, &["input_tokens"]),
            output: count(usage, &["output_tokens"]),
            cached: details("cached_tokens"),
            written: details("cache_write_tokens"),
        });
        if self.usage != before {
            out.push(ReplyEvent::Usage(self.usage));
        }
    }
}

fn think(words: &str, out: &mut Vec<ReplyEvent>) {
    if !words.is_empty() {
        out.push(ReplyEvent::Thinking(words.to_string()));
    }
}
