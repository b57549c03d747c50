//! A scripted model server on loopback: answers are queued, requests are recorded, and any test may use it, also around the real
//! binary. It never reaches the network and never panics on what a client sends.
//!
//! Use it from a test crate with `#[path = "support/server.rs"] mod server;`.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The model that the server names.
pub const MODEL: &str = "mock-model";
/// What it answers when nothing is queued.
pub const DEFAULT_TEXT: &str = "Understood.";

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    pub path: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    /// `Null` when the body is no JSON.
    pub body: Value,
}

impl Recorded {
    /// The first header of that name, given in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Holds an answer back until the test lets it go on.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Lets every answer pass that waits here, or comes here later.
    pub fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_open(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// One step of an answer.
#[derive(Clone, Debug)]
enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// Say nothing until the test opens the gate.
    Gate(Gate),
    /// Say nothing until the client goes away or the server stops.
    Stall,
    /// Close in the middle of the body.
    Abort,
    /// Close so that the other side gets an error.
    Reset,
}

/// An answer: status, headers, and the body in pieces.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    steps: Vec<Step>,
    silent: bool,
    resets: bool,
}

impl Reply {
    /// An answer with this status and body.
    pub fn status(status: u16, content_type: &str, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_string(), content_type.to_string())],
            steps: vec![Step::Send(body.as_bytes().to_vec())],
            silent: false,
            resets: false,
        }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::status(status, "application/json", &body.to_string())
    }

    /// An event stream with this body, in one piece.
    pub fn stream(body: &str) -> Self {
        Self::status(200, "text/event-stream", body)
    }

    /// An event stream without a body so far; add pieces with [`Reply::then`].
    pub fn open() -> Self {
        Self {
            status: 200,
            headers: vec![("content-type".to_string(), "text/event-stream".to_string())],
            steps: Vec::new(),
            silent: false,
            resets: false,
        }
    }

    /// Takes the request and never answers.
    pub fn silent() -> Self {
        Self { silent: true, ..Self::open() }
    }

    /// A whole Anthropic stream: one delta for each text.
    pub fn anthropic(texts: &[&str]) -> Self {
        Self::frames(&anthropic_frames(&[Part::Text(texts)]))
    }

    /// A whole chat stream: one delta for each text.
    pub fn chat(texts: &[&str]) -> Self {
        Self::frames(&chat_frames(&[Part::Text(texts)]))
    }

    /// A whole stream of the Responses protocol: one delta for each text.
    pub fn responses(texts: &[&str]) -> Self {
        Self::frames(&responses_frames(&[Part::Text(texts)]))
    }

    /// A whole reply of Ollama's own protocol: one line for each text.
    pub fn ollama(texts: &[&str]) -> Self {
        Self::frames(&ollama_frames(&[Part::Text(texts)]))
    }

    /// A whole Gemini stream: one frame for each text.
    pub fn gemini(texts: &[&str]) -> Self {
        Self::frames(&gemini_frames(&[Part::Text(texts)]))
    }

    /// A whole Anthropic stream of any parts.
    pub fn anthropic_parts(parts: &[Part<'_>]) -> Self {
        Self::frames(&anthropic_frames(parts))
    }

    /// A whole chat stream of any parts.
    pub fn chat_parts(parts: &[Part<'_>]) -> Self {
        Self::frames(&chat_frames(parts))
    }

    /// An event stream, one piece for each frame.
    pub fn frames(frames: &[String]) -> Self {
        frames.iter().fold(Self::open(), |reply, frame| reply.then(frame))
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_string(), value.to_string()));
        self
    }

    /// Adds a piece of the body.
    pub fn then(mut self, piece: &str) -> Self {
        self.steps.push(Step::Send(piece.as_bytes().to_vec()));
        self
    }

    /// Adds a piece of the body that need not be text.
    pub fn then_bytes(mut self, piece: &[u8]) -> Self {
        self.steps.push(Step::Send(piece.to_vec()));
        self
    }

    /// Adds a pause.
    pub fn wait(mut self, time: Duration) -> Self {
        self.steps.push(Step::Wait(time));
        self
    }

    /// Stops before piece number `at` until the gate is opened.
    pub fn gated(mut self, at: usize, gate: &Gate) -> Self {
        self.steps.insert(at.min(self.steps.len()), Step::Gate(gate.clone()));
        self
    }

    /// Puts a pause between all pieces so far.
    pub fn paced(mut self, time: Duration) -> Self {
        let steps = std::mem::take(&mut self.steps);
        for step in steps {
            self.steps.extend([step, Step::Wait(time)]);
        }
        self
    }

    /// Puts a pause behind each so many pieces, as a network does that delivers them together.
    pub fn in_bursts(mut self, pieces: usize, time: Duration) -> Self {
        for (at, step) in std::mem::take(&mut self.steps).into_iter().enumerate() {
            self.steps.push(step);
            if at % pieces == pieces - 1 {
                self.steps.push(Step::Wait(time));
            }
        }
        self
    }

    /// From here on says nothing, with the connection open.
    pub fn stall(mut self) -> Self {
        self.steps.push(Step::Stall);
        self
    }

    /// Breaks the connection here, in the middle of the body.
    pub fn abort(mut self) -> Self {
        self.steps.push(Step::Abort);
        self
    }

    /// Resets the connection here, so that even what is on its way is lost.
    pub fn reset(mut self) -> Self {
        self.steps.push(Step::Reset);
        self
    }

    /// Resets the connection in place of any answer.
    pub fn no_answer() -> Self {
        Self { resets: true, ..Self::open() }
    }

    /// The same body, cut into pieces of `size` bytes.
    pub fn cut(mut self, size: usize) -> Self {
        let steps = std::mem::take(&mut self.steps);
        for step in steps {
            match step {
                Step::Send(bytes) => {
                    self.steps.extend(bytes.chunks(size.max(1)).map(|part| Step::Send(part.to_vec())))
                }
                Step::Wait(_) | Step::Gate(_) | Step::Stall | Step::Abort | Step::Reset => {
                    self.steps.push(step)
                }
            }
        }
        self
    }

    /// Keeps the first `count` pieces: a stream that ends too early.
    pub fn only(mut self, count: usize) -> Self {
        self.steps.truncate(count);
        self
    }
}

/// A part of a model's reply.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// Text, one delta for each.
    Text(&'a [&'a str]),
    Thinking(&'a str),
    /// A tool call with its arguments as JSON text.
    Call {
        id: &'a str,
        name: &'a str,
        arguments: &'a str,
    },
}

/// The frames of an Anthropic stream, each with its blank line.
pub fn anthropic_frames(parts: &[Part<'_>]) -> Vec<String> {
    let frame = |value: Value| format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap());
    let usage = json!({ "input_tokens": 12, "output_tokens": 1 });
    let message = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "content": [], "stop_reason": null, "usage": usage });
    let mut frames = vec![frame(json!({ "type": "message_start", "message": message }))];
    for (index, part) in parts.iter().enumerate() {
        let (block, deltas) = match part {
            Part::Text(texts) => {
                let deltas = texts.iter().map(|text| json!({ "type": "text_delta", "text": text })).collect();
                (json!({ "type": "text", "text": "" }), deltas)
            }
            Part::Thinking(text) => (
                json!({ "type": "thinking", "thinking": "", "signature": "" }),
                vec![
                    json!({ "type": "thinking_delta", "thinking": text }),
                    json!({ "type": "signature_delta", "signature": "c2ln" }),
                ],
            ),
            Part::Call { id, name, arguments } => (
                json!({ "type": "tool_use", "id": id, "name": name, "input": {} }),
                halves(arguments)
                    .iter()
                    .map(|half| json!({ "type": "input_json_delta", "partial_json": half }))
                    .collect(),
            ),
        };
        frames.push(frame(json!({ "type": "content_block_start", "index": index, "content_block": block })));
        let deltas: Vec<Value> = deltas;
        frames.extend(
            deltas
                .into_iter()
                .map(|delta| frame(json!({ "type": "content_block_delta", "index": index, "delta": delta }))),
        );
        frames.push(frame(json!({ "type": "content_block_stop", "index": index })));
    }
    let calls = parts.iter().any(|part| matches!(part, Part::Call { .. }));
    let reason = if calls { "tool_use" } else { "end_turn" };
    let delta = json!({ "stop_reason": reason, "stop_sequence": null });
    frames.push(frame(json!({ "type": "message_delta", "delta": delta, "usage": { "output_tokens": 34 } })));
    frames.push(frame(json!({ "type": "message_stop" })));
    frames
}

/// The frames of a chat stream, each with its blank line, up to `[DONE]`.
pub fn chat_frames(parts: &[Part<'_>]) -> Vec<String> {
    let frame = |delta: Value, reason: Value| {
        let choices = json!([{ "index": 0, "delta": delta, "finish_reason": reason }]);
        let value = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL, "choices": choices });
        format!("data: {value}\n\n")
    };
    let mut frames = vec![frame(json!({ "role": "assistant", "content": "" }), Value::Null)];
    let mut calls = 0;
    for part in parts {
        match part {
            Part::Text(texts) => {
                frames.extend(texts.iter().map(|text| frame(json!({ "content": text }), Value::Null)))
            }
            Part::Thinking(text) => frames.push(frame(json!({ "reasoning_content": text }), Value::Null)),
            Part::Call { id, name, arguments } => {
                let first = json!({ "index": calls, "id": id, "type": "function", "function": { "name": name, "arguments": "" } });
                frames.push(frame(json!({ "tool_calls": [first] }), Value::Null));
                for half in halves(arguments) {
                    let fragment = json!({ "index": calls, "function": { "arguments": half } });
                    frames.push(frame(json!({ "tool_calls": [fragment] }), Value::Null));
                }
                calls += 1;
            }
        }
    }
    frames.push(frame(json!({}), json!(if calls > 0 { "tool_calls" } else { "stop" })));
    let usage = json!({ "prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46 });
    let last = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL, "choices": [], "usage": usage });
    frames.push(format!("data: {last}\n\n"));
    frames.push("data: [DONE]\n\n".to_string());
    frames
}

/// The frames of a stream of the Responses protocol, each with its blank line.
pub fn responses_frames(parts: &[Part<'_>]) -> Vec<String> {
    let mut frames: Vec<String> = Vec::new();
    let mut push = |mut value: Value| {
        value["sequence_number"] = json!(frames.len());
        frames.push(format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap()));
    };
    let response = |status: &str| json!({ "id": "resp_1", "object": "response", "model": MODEL, "status": status, "error": null });
    push(json!({ "type": "response.created", "response": response("in_progress") }));
    for (index, part) in parts.iter().enumerate() {
        let open = |item: Value| json!({ "type": "response.output_item.added", "output_index": index, "item": item });
        let done =
            |item: Value| json!({ "type": "response.output_item.done", "output_index": index, "item": item });
        match part {
            Part::Text(texts) => {
                push(open(json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": [] })));
                for text in *texts {
                    push(
                        json!({ "type": "response.output_text.delta", "item_id": "msg_1", "output_index": index, "content_index": 0, "delta": text }),
                    );
                }
                let content = json!([{ "type": "output_text", "text": texts.concat(), "annotations": [] }]);
                push(done(
                    json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": content }),
                ));
            }
            Part::Thinking(text) => {
                push(open(json!({ "type": "reasoning", "id": "rs_1", "summary": [] })));
                push(
                    json!({ "type": "response.reasoning_summary_part.added", "item_id": "rs_1", "output_index": index, "summary_index": 0 }),
                );
                push(
                    json!({ "type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": index, "summary_index": 0, "delta": text }),
                );
                let summary = json!([{ "type": "summary_text", "text": text }]);
                push(done(
                    json!({ "type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "c2VhbGVk" }),
                ));
            }
            Part::Call { id, name, arguments } => {
                let item = |arguments: &str| json!({ "type": "function_call", "id": format!("fc_{index}"), "call_id": id, "name": name, "arguments": arguments });
                push(open(item("")));
                for half in halves(arguments) {
                    push(
                        json!({ "type": "response.function_call_arguments.delta", "output_index": index, "delta": half }),
                    );
                }
                push(done(item(arguments)));
            }
        }
    }
    let usage = json!({ "input_tokens": 12, "input_tokens_details": { "cached_tokens": 0 }, "output_tokens": 34, "total_tokens": 46 });
    let mut whole = response("completed");
    whole["usage"] = usage;
    push(json!({ "type": "response.completed", "response": whole }));
    frames
}

/// The lines of a reply of Ollama's own protocol.
pub fn ollama_frames(parts: &[Part<'_>]) -> Vec<String> {
    let line = |message: Value| {
        let value = json!({ "model": MODEL, "created_at": "2026-11-27T10:00:00Z", "message": message, "done": false });
        format!("{value}\n")
    };
    let mut lines = Vec::new();
    for part in parts {
        match part {
            Part::Text(texts) => {
                lines.extend(texts.iter().map(|text| line(json!({ "role": "assistant", "content": text }))))
            }
            Part::Thinking(text) => {
                lines.push(line(json!({ "role": "assistant", "content": "", "thinking": text })))
            }
            Part::Call { id, name, arguments } => {
                let arguments: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
                let call = json!({ "id": id, "function": { "name": name, "arguments": arguments } });
                lines.push(line(json!({ "role": "assistant", "content": "", "tool_calls": [call] })));
            }
        }
    }
    let last = json!({ "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop", "total_duration": 5, "prompt_eval_count": 12, "eval_count": 34 });
    lines.push(format!("{last}\n"));
    lines
}

/// The frames of a Gemini stream, each with its blank line.
pub fn gemini_frames(parts: &[Part<'_>]) -> Vec<String> {
    let frame = |candidate: Value| {
        let value = json!({ "candidates": [candidate], "modelVersion": MODEL, "responseId": "r1" });
        format!("data: {value}\r\n\r\n")
    };
    let content = |part: Value| frame(json!({ "content": { "role": "model", "parts": [part] }, "index": 0 }));
    let mut frames = Vec::new();
    for part in parts {
        match part {
            Part::Text(texts) => frames.extend(texts.iter().map(|text| content(json!({ "text": text })))),
            Part::Thinking(text) => frames.push(content(json!({ "text": text, "thought": true }))),
            Part::Call { id, name, arguments } => {
                let args: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
                let call = json!({ "id": id, "name": name, "args": args });
                frames.push(content(json!({ "functionCall": call, "thoughtSignature": "c2ln" })));
            }
        }
    }
    frames.push(frame(json!({ "content": { "role": "model", "parts": [{ "text": "" }] }, "finishReason": "STOP", "index": 0 })));
    let usage = json!({ "promptTokenCount": 12, "candidatesTokenCount": 30, "thoughtsTokenCount": 4, "totalTokenCount": 46 });
    let last = json!({ "usageMetadata": usage, "modelVersion": MODEL, "responseId": "r1" });
    frames.push(format!("data: {last}\r\n\r\n"));
    frames
}

fn halves(text: &str) -> [&str; 2] {
    let middle = text.char_indices().map(|(at, _)| at).nth(text.chars().count() / 2).unwrap_or(0);
    let (head, tail) = text.split_at(middle);
    [head, tail]
}

#[derive(Default)]
struct Shared {
    queue: Mutex<VecDeque<Reply>>,
    fixed: Mutex<Vec<(String, Reply)>>,
    requests: Mutex<Vec<Recorded>>,
    /// Connections that the client closed in the middle of an answer.
    dropped: Mutex<usize>,
    changed: Condvar,
    stopped: AtomicBool,
}

/// The server; it stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1, with threads of its own.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let inner = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if inner.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let inner = Arc::clone(&inner);
                thread::spawn(move || serve(&stream, &inner));
            }
        });
        Self { address, shared }
    }

    /// The address without a path: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Queues the answer to the next POST that has no fixed answer.
    pub fn enqueue(&self, reply: Reply) {
        self.shared.queue.lock().unwrap().push_back(reply);
    }

    /// Answers every request whose path ends so with `reply`, instead of the default.
    pub fn fix(&self, path_end: &str, reply: Reply) {
        let mut fixed = self.shared.fixed.lock().unwrap();
        fixed.retain(|(end, _)| end != path_end);
        fixed.push((path_end.to_string(), reply));
    }

    /// The models that `/models` lists, in place of [`MODEL`].
    pub fn set_models(&self, models: &[&str]) {
        self.fix("/models", Reply::json(200, &model_list(models)));
        self.fix("/api/tags", Reply::json(200, &tag_list(models)));
    }

    /// All requests so far, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The questions put to the model so far: the POSTs, without those that ask about it.
    pub fn asked(&self) -> Vec<Recorded> {
        let put = |request: &Recorded| request.method == "POST" && !request.path.ends_with("/api/show");
        self.requests().into_iter().filter(put).collect()
    }

    /// Waits until there are `count` requests and returns them; panics with what came when they do not come in time.
    pub fn wait_for_requests(&self, count: usize, limit: Duration) -> Vec<Recorded> {
        let requests = self.shared.requests.lock().unwrap();
        let (requests, late) = self
            .shared
            .changed
            .wait_timeout_while(requests, limit, |requests| requests.len() < count)
            .unwrap();
        assert!(!late.timed_out(), "{count} requests expected, {} came: {requests:#?}", requests.len());
        requests.clone()
    }

    /// Waits until the client has closed a connection in the middle of an answer; false when it did not in time.
    pub fn wait_for_drop(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        loop {
            if *self.shared.dropped.lock().unwrap() > 0 {
                return true;
            }
            if Instant::now() > end {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees that it is to stop.
        let _ = TcpStream::connect(self.address);
    }
}

/// The answer to `GET /models`.
pub fn model_list(models: &[&str]) -> Value {
    let data: Vec<Value> =
        models.iter().map(|id| json!({ "id": id, "object": "model", "owned_by": "mock" })).collect();
    json!({ "object": "list", "data": data })
}

/// The answer to `GET /api/tags`.
pub fn tag_list(models: &[&str]) -> Value {
    let models: Vec<Value> =
        models.iter().map(|name| json!({ "name": name, "model": name, "size": 1, "digest": "d" })).collect();
    json!({ "models": models })
}

/// The answer to `POST /api/show`.
pub fn shown(context: u64, capabilities: &[&str]) -> Value {
    let info = json!({ "general.architecture": "mock", "mock.context_length": context });
    json!({ "model_info": info, "capabilities": capabilities })
}

/// Serves one connection until the client or an answer ends it.
fn serve(stream: &TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let reply = choose(&request, shared);
        shared.requests.lock().unwrap().push(request);
        shared.changed.notify_all();
        if answer(stream, &reply, shared).is_err() {
            *shared.dropped.lock().unwrap() += 1;
            return;
        }
        if reply.silent
            || reply.steps.iter().any(|step| matches!(step, Step::Abort | Step::Reset | Step::Stall))
        {
            return;
        }
    }
}

fn choose(request: &Recorded, shared: &Shared) -> Reply {
    let path = request.path.split('?').next().unwrap_or_default();
    let fixed = shared
        .fixed
        .lock()
        .unwrap()
        .iter()
        .find(|(end, _)| path.ends_with(end))
        .map(|(_, reply)| reply.clone());
    if let Some(reply) = fixed {
        return reply;
    }
    if request.method == "GET" {
        return match path {
            _ if path.ends_with("/models") => Reply::json(200, &model_list(&[MODEL])),
            _ if path.ends_with("/api/tags") => Reply::json(200, &tag_list(&[MODEL])),
            _ => Reply::json(404, &json!({ "error": { "message": "no such page" } })),
        };
    }
    if path.ends_with("/api/show") {
        return Reply::json(200, &shown(131_072, &["completion", "tools"]));
    }
    let queued = shared.queue.lock().unwrap().pop_front();
    queued.unwrap_or_else(|| match path {
        _ if path.ends_with("/messages") => Reply::anthropic(&[DEFAULT_TEXT]),
        _ if path.ends_with("/responses") => Reply::responses(&[DEFAULT_TEXT]),
        _ if path.ends_with("/api/chat") => Reply::ollama(&[DEFAULT_TEXT]),
        _ if path.ends_with(":streamGenerateContent") => Reply::gemini(&[DEFAULT_TEXT]),
        _ => Reply::chat(&[DEFAULT_TEXT]),
    })
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<Recorded> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace().map(str::to_string);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_string()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Recorded { method, path, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

/// Writes an answer in chunks; an error when the client is gone.
fn answer(mut stream: &TcpStream, reply: &Reply, shared: &Shared) -> std::io::Result<()> {
    if reply.resets {
        return reset(stream);
    }
    if reply.silent {
        return hold(stream, Duration::MAX, shared, || false);
    }
    let mut head = format!("HTTP/1.1 {} Scripted\r\ntransfer-encoding: chunked\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    for step in &reply.steps {
        match step {
            Step::Send(bytes) if bytes.is_empty() => {}
            Step::Send(bytes) => {
                let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
                chunk.extend_from_slice(bytes);
                chunk.extend_from_slice(b"\r\n");
                stream.write_all(&chunk)?;
                stream.flush()?;
            }
            Step::Wait(time) => hold(stream, *time, shared, || false)?,
            Step::Gate(gate) => hold(stream, Duration::MAX, shared, || gate.is_open())?,
            Step::Stall => return hold(stream, Duration::MAX, shared, || false),
            Step::Abort => return Ok(()),
            Step::Reset => return reset(stream),
        }
    }
    stream.write_all(b"0\r\n\r\n")
}

/// Makes the close that follows a reset. What was sent before it has time to arrive.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    thread::sleep(Duration::from_millis(150));
    let copy = stream.try_clone()?;
    copy.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    #[allow(deprecated, reason = "it blocks only with a time above zero")]
    tokio::net::TcpStream::from_std(copy)?.set_linger(Some(Duration::ZERO))?;
    Err(std::io::ErrorKind::ConnectionReset.into())
}

/// Waits for the time or the condition, and notices meanwhile when the client closes the connection.
fn hold(stream: &TcpStream, time: Duration, shared: &Shared, done: impl Fn() -> bool) -> std::io::Result<()> {
    let begun = Instant::now();
    let mut byte = [0];
    while begun.elapsed() < time && !done() && !shared.stopped.load(Ordering::SeqCst) {
        let slice =
            Duration::from_millis(20).min(time.saturating_sub(begun.elapsed())).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(slice))?;
        // Peeking leaves the next request in place.
        match stream.peek(&mut byte) {
            Ok(0) => return Err(std::io::ErrorKind::ConnectionAborted.into()),
            Ok(_) => thread::sleep(slice),
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    stream.set_read_timeout(None)
}
