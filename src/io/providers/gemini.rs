//! Gemini's own protocol: a request as JSON, and the frames of its stream. It never opens a connection and never puts a key into an
//! address.

use serde_json::{Map, Value, json};

use super::history::{self, Turn, opaque_at};
use super::wire::{self, Adapter, Progress, at, count, list, text};
use crate::domain::chat::ToolCall;
use crate::domain::exchange::{Anchor, ReplyEvent, Request, StopReason, Usage};

/// Stands in for the signature of a call that another model made; newer models refuse a call without one.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The request's body.
pub fn body(request: &Request) -> Value {
    let model = request.endpoint.model.as_str();
    let mut body = Map::new();
    let system: Vec<Value> = request
        .system
        .iter()
        .filter(|part| !part.text.trim().is_empty())
        .map(|part| json!({ "text": part.text }))
        .collect();
    if !system.is_empty() {
        body.insert("systemInstruction".to_string(), json!({ "parts": system }));
    }
    let mut contents = Vec::new();
    let mut made: Vec<ToolCall> = Vec::new();
    for turn in history::turns(request) {
        contents.push(content(&turn, &made, model));
        if let Turn::Assistant { calls, .. } = turn {
            made = calls;
        }
    }
    body.insert("contents".to_string(), Value::Array(contents));
    if !request.tools.is_empty() {
        let declared = request.tools.iter().map(|tool| {
            let schema = wire::schema(tool);
            json!({ "name": tool.name, "description": tool.description, "parametersJsonSchema": schema })
        });
        let declared: Vec<Value> = declared.collect();
        body.insert("tools".to_string(), json!([{ "functionDeclarations": declared }]));
    }
    let mut config = json!({ "maxOutputTokens": request.max_tokens });
    if thinks(model)
        && let Some(config) = config.as_object_mut()
    {
        config.insert("thinkingConfig".to_string(), json!({ "includeThoughts": true }));
    }
    body.insert("generationConfig".to_string(), config);
    Value::Object(body)
}

/// Whether a model thinks, by its name: all since 2.5.
fn thinks(model: &str) -> bool {
    model.contains("gemini")
        && !["gemini-1", "gemini-2.0", "gemini-pro", "image"].iter().any(|old| model.contains(old))
}

/// Whether a model wants signatures with its calls: all since 3.
fn wants_signatures(model: &str) -> bool {
    thinks(model) && !model.contains("gemini-2")
}

/// `made` are the calls of the turn before, whose names the results carry.
fn content(turn: &Turn, made: &[ToolCall], model: &str) -> Value {
    match turn {
        Turn::User { results, pictures, texts } => {
            let results = results.iter().map(|result| {
                let name = made.iter().find(|call| call.id == result.id).map_or("", |call| &call.name);
                let kind = if result.failed { "error" } else { "output" };
                let response = json!({ "id": result.id, "name": name, "response": { kind: result.text } });
                json!({ "functionResponse": response })
            });
            let pictures = pictures.iter().map(
                |picture| json!({ "inlineData": { "mimeType": picture.media.mime(), "data": &*picture.data } }),
            );
            let texts = texts.iter().map(|text| json!({ "text": text }));
            json!({ "role": "user", "parts": results.chain(pictures).chain(texts).collect::<Vec<_>>() })
        }
        Turn::Assistant { text, calls, opaque } => {
            let signature =
                |anchor| opaque_at(opaque, anchor).find_map(|own| own.as_str().map(str::to_string));
            let mut parts = Vec::new();
            if !text.is_empty() {
                parts.push(signed(json!({ "text": text }), signature(Anchor::Text)));
            }
            for (number, call) in calls.iter().enumerate() {
                let own = signature(Anchor::Call(number));
                let missing = own.is_none() && number == 0 && wants_signatures(model);
                let own = own.or_else(|| missing.then(|| NO_SIGNATURE.to_string()));
                let args = wire::arguments(&call.arguments);
                let made = json!({ "functionCall": { "id": call.id, "name": call.name, "args": args } });
                parts.push(signed(made, own));
            }
            json!({ "role": "model", "parts": parts })
        }
    }
}

fn signed(mut part: Value, signature: Option<String>) -> Value {
    if let (Some(signature), Some(fields)) = (signature, part.as_object_mut()) {
        fields.insert("thoughtSignature".to_string(), json!(signature));
    }
    part
}

/// The stream's state.
#[derive(Debug, Default)]
pub struct Contents {
    started: bool,
    calls: Vec<ToolCall>,
    usage: Usage,
    finish: Option<String>,
    blocked: bool,
}

impl Adapter for Contents {
    fn frame(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        let (id, model) = (text(frame, &["responseId"]), text(frame, &["modelVersion"]));
        if !self.started && !model.is_empty() {
            self.started = true;
            out.push(ReplyEvent::Start { id: id.to_string(), model: model.to_string() });
        }
        // Only one candidate is asked for.
        if let Some(candidate) = list(frame, &["candidates"]).first() {
            for part in list(candidate, &["content", "parts"]) {
                self.part(part, out);
            }
            let finish = text(candidate, &["finishReason"]);
            if !finish.is_empty() {
                self.finish = Some(finish.to_string());
            }
        }
        self.blocked |= !text(frame, &["promptFeedback", "blockReason"]).is_empty();
        self.report(frame, out);
    }

    /// A whole answer; asked without events, the server makes a list of all frames.
    fn whole(&mut self, answer: &Value, out: &mut Vec<ReplyEvent>) {
        match answer {
            Value::Array(frames) => frames.iter().for_each(|frame| self.frame(frame, out)),
            frame => self.frame(frame, out),
        }
    }

    fn marker(&mut self) {
        // Here it decides nothing.
    }

    fn progress(&self) -> Progress {
        // A frame with the usage may follow.
        if self.finish.is_some() || self.blocked { Progress::Settled } else { Progress::Open }
    }

    fn close(&mut self, out: &mut Vec<ReplyEvent>) -> Option<StopReason> {
        let reason = match self.finish.as_deref() {
            _ if self.blocked => StopReason::Refusal,
            None => return None,
            Some("STOP" | "FINISH_REASON_UNSPECIFIED") => StopReason::EndTurn,
            Some("MAX_TOKENS") => StopReason::MaxTokens,
            Some("SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE") => {
                StopReason::Refusal
            }
            Some(other) => StopReason::Other(other.to_string()),
        };
        let calls = wire::runnable(std::mem::take(&mut self.calls), &reason);
        let reason = wire::settle(reason, &calls);
        out.extend(calls.into_iter().map(ReplyEvent::Call));
        Some(reason)
    }
}

impl Contents {
    fn part(&mut self, part: &Value, out: &mut Vec<ReplyEvent>) {
        let words = text(part, &["text"]);
        let thought = part.get("thought").and_then(Value::as_bool) == Some(true);
        if !words.is_empty() {
            let event = if thought { ReplyEvent::Thinking } else { ReplyEvent::Text };
            out.push(event(words.to_string()));
        }
        let call = at(part, &["functionCall"]);
        let signature = text(part, &["thoughtSignature"]);
        if !signature.is_empty() {
            // Of its own call, else of the text: a frame may bring the signature of an answer alone.
            let anchor = if call.is_some() { Anchor::Call(self.calls.len()) } else { Anchor::Text };
            out.push(wire::opaque(anchor, &json!(signature)));
        }
        if let Some(call) = call {
            let id = match text(call, &["id"]) {
                "" => format!("call_{}", self.calls.len() + 1),
                id => id.to_string(),
            };
            let arguments = at(call, &["args"]).map(Value::to_string).unwrap_or_default();
            self.calls.push(ToolCall { id, name: text(call, &["name"]).to_string(), arguments });
        }
    }

    /// The input holds what was read from the cache; thinking is paid for as output.
    fn report(&mut self, frame: &Value, out: &mut Vec<ReplyEvent>) {
        let Some(usage) = at(frame, &["usageMetadata"]) else { return };
        let thoughts = count(usage, &["thoughtsTokenCount"]);
        let said = count(usage, &["candidatesTokenCount"]);
        let output = said.or(thoughts).map(|_| said.unwrap_or_default() + thoughts.unwrap_or_default());
        let used = count(usage, &["toolUsePromptTokenCount"]).unwrap_or_default();
        let input = count(usage, &["promptTokenCount"]).map(|input| input + used);
        let before = self.usage;
        let cached = count(usage, &["cachedContentTokenCount"]);
        self.usage.merge(Usage { input, output, cached, written: None });
        if self.usage != before {
            out.push(ReplyEvent::Usage(self.usage));
        }
    }
}
