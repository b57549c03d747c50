//! What goes back to its maker with the history, and how a refused history is mended. It never reaches the network.

use dictum::domain::chat::{ToolCall, ToolResult};
use dictum::domain::exchange::{Message, Opaque, Outcome, Protocol, ReplyEvent, Request, StopReason};
use dictum::io::providers::{Http, anthropic, chat};
use serde_json::{Value, json};

use crate::server::{Part, Reply, Server};
use crate::{each, endpoint, fix_all, frames, patient, request, run};

/// A turn of thinking and a call, as the model gave it and the app keeps it.
async fn called(http: &Http, protocol: Protocol, server: &Server) -> Request {
    let parts = [
        Part::Thinking("hm"),
        Part::Call { id: "c1", name: "read", arguments: "{\"n\":1}" },
        Part::Call { id: "c2", name: "list", arguments: "{}" },
    ];
    server.enqueue(Reply::frames(&frames(protocol, &parts)));
    let mut request = request(endpoint(protocol, &server.url()));
    let (events, outcome) = run(http, request.clone()).await;
    assert_eq!(outcome, Outcome::Complete(StopReason::ToolUse), "{events:?}");
    let (mut calls, mut opaque): (Vec<ToolCall>, Vec<Opaque>) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            ReplyEvent::Call(call) => calls.push(call),
            ReplyEvent::Opaque(own) => opaque.push(own),
            _ => {}
        }
    }
    let results = calls.iter().map(|call| ToolResult {
        id: call.id.clone(),
        text: format!("of {}", call.name),
        failed: false,
    });
    let results = results.collect();
    request.messages.push(Message::Assistant { text: String::new(), calls, opaque });
    request.messages.push(Message::Results(results));
    request
}

/// What of a body the provider wants back, and where.
fn returned(protocol: Protocol, body: &Value) -> Value {
    match protocol {
        Protocol::Anthropic => body["messages"][1]["content"][0].clone(),
        Protocol::Chat => body["messages"][2]["reasoning_content"].clone(),
        Protocol::Responses => body["input"][1].clone(),
        Protocol::Gemini => body["contents"][1]["parts"][0]["thoughtSignature"].clone(),
        Protocol::Ollama | Protocol::Offline => Value::Null,
    }
}

#[tokio::test]
async fn what_is_opaque_goes_back_to_its_maker_unchanged() {
    for (protocol, server) in each() {
        let http = Http::new(patient());
        let request = called(&http, protocol, &server).await;
        run(&http, request).await;
        let expect = match protocol {
            Protocol::Anthropic => json!({ "type": "thinking", "thinking": "hm", "signature": "c2ln" }),
            Protocol::Chat => json!("hm"),
            Protocol::Responses => json!({
                "type": "reasoning", "id": "rs_1",
                "summary": [{ "type": "summary_text", "text": "hm" }],
                "encrypted_content": "c2VhbGVk",
            }),
            Protocol::Gemini => json!("c2ln"),
            Protocol::Ollama | Protocol::Offline => Value::Null,
        };
        assert_eq!(returned(protocol, &server.asked()[1].body), expect, "{protocol:?}");
    }
}

#[tokio::test]
async fn nobody_else_gets_what_is_opaque() {
    for (protocol, server) in each() {
        let http = Http::new(patient());
        let made = called(&http, protocol, &server).await;
        let mut other_model = made.clone();
        other_model.endpoint.model = "m-2".to_string();
        run(&http, other_model).await;
        for (other, elsewhere) in each() {
            let mut request = made.clone();
            request.endpoint = endpoint(other, &elsewhere.url());
            let (_, outcome) = run(&http, request).await;
            assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
            let body = elsewhere.asked()[0].body.to_string();
            assert!(
                body.contains("of read") && body.contains("of list"),
                "the results go everywhere: {body}"
            );
            for secret in ["c2ln", "c2VhbGVk", "\"hm\""] {
                assert!(!body.contains(secret), "{protocol:?} to {other:?}: {body}");
            }
        }
        let body = server.asked()[1].body.to_string();
        assert!(!["c2ln", "c2VhbGVk", "\"hm\""].iter().any(|secret| body.contains(secret)), "{body}");
    }
}

#[tokio::test]
async fn a29_a_refused_history_is_asked_again_without_its_thinking() {
    let refusals = [
        (Protocol::Anthropic, "messages.1.content.0: Invalid `signature` in `thinking` block"),
        (Protocol::Chat, "reasoning_content is not allowed in messages"),
        (Protocol::Responses, "The encrypted content gAAA could not be verified."),
        (Protocol::Gemini, "Corrupted thought signature."),
    ];
    for (protocol, message) in refusals {
        let server = Server::start();
        let http = Http::new(patient());
        let request = called(&http, protocol, &server).await;
        let refusal =
            json!({ "error": { "type": "invalid_request_error", "code": 400, "message": message } });
        server.enqueue(Reply::json(400, &refusal));
        let (events, outcome) = run(&http, request.clone()).await;
        assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn), "{protocol:?}");
        assert!(format!("{events:?}").contains("the earlier thinking was refused"), "{events:?}");
        run(&http, request).await;
        let sent: Vec<bool> = server.asked()[1..]
            .iter()
            .map(|asked| {
                let body = asked.body.to_string();
                body.contains("c2ln") || body.contains("c2VhbGVk") || body.contains("\"hm\"")
            })
            .collect();
        assert_eq!(sent, [true, false, false], "{protocol:?}: it is remembered");
    }
}

#[tokio::test]
async fn a29_a_history_that_stays_refused_is_told_and_asked_no_more() {
    for (protocol, server) in each() {
        let http = Http::new(patient());
        let request = called(&http, protocol, &server).await;
        let refusal = json!({ "error": { "code": 400, "message": "Corrupted thought signature" } });
        fix_all(&server, &Reply::json(400, &refusal));
        let (_, outcome) = run(&http, request).await;
        assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
        assert!(server.asked().len() <= 3, "{protocol:?}: {}", server.asked().len());
    }
}

#[tokio::test]
async fn a_call_of_another_model_gets_a_stand_in_for_its_signature_where_it_must_have_one() {
    let chat = Server::start();
    let http = Http::new(patient());
    let made = called(&http, Protocol::Chat, &chat).await;
    for (model, expect) in [
        ("gemini-3-pro-preview", json!("skip_thought_signature_validator")),
        ("gemini-2.5-flash", Value::Null),
        ("gemma-3-27b-it", Value::Null),
    ] {
        let server = Server::start();
        let mut request = made.clone();
        request.endpoint = endpoint(Protocol::Gemini, &server.url());
        request.endpoint.model = model.to_string();
        run(&http, request).await;
        let body = &server.asked()[0].body;
        let parts = &body["contents"][1]["parts"];
        assert_eq!(parts[0]["thoughtSignature"], expect, "{model}: {body:#}");
        assert_eq!(parts[1]["thoughtSignature"], Value::Null, "the first of a step alone: {model}");
    }
}

/// A history from another model has no thinking for the replies; these servers want the field all the same.
#[tokio::test]
async fn replies_from_elsewhere_carry_empty_thinking_where_it_must_be_passed_back() {
    let said =
        |text: &str| Message::Assistant { text: text.to_string(), calls: Vec::new(), opaque: Vec::new() };
    let thoughts = |body: &Value| -> Vec<Value> {
        let messages = body["messages"].as_array().unwrap().iter();
        let replies = messages.filter(|message| message["role"] == "assistant");
        replies.map(|reply| reply.get("reasoning_content").cloned().unwrap_or_default()).collect()
    };
    let server = Server::start();
    let mut request = request(endpoint(Protocol::Chat, &server.url()));
    let question = request.messages[0].clone();
    request.messages.extend([said("one"), question.clone(), said("two"), question]);
    let mut deepseek = request.clone();
    deepseek.endpoint.base_url = "https://api.deepseek.com".to_string();
    assert_eq!(thoughts(&chat::body(&deepseek)), [json!(""), json!("")]);
    assert_eq!(thoughts(&chat::body(&request)), [Value::Null, Value::Null]);
    // Behind a gateway the refusal tells.
    let missed = "The `reasoning_content` in the thinking mode must be passed back to the API.";
    server.enqueue(Reply::json(
        400,
        &json!({ "error": { "message": missed, "type": "invalid_request_error" } }),
    ));
    let http = Http::new(patient());
    for _ in 0..2 {
        let (_, outcome) = run(&http, request.clone()).await;
        assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
    }
    let sent: Vec<Vec<Value>> = server.asked().iter().map(|asked| thoughts(&asked.body)).collect();
    let (none, empty) = (vec![Value::Null; 2], vec![json!(""); 2]);
    assert_eq!(sent, [none, empty.clone(), empty], "it is remembered");
}

/// Servers without ids of their own give the same one in each reply; Anthropic refuses an id that comes twice.
#[test]
fn ids_are_unique_over_a_conversation_from_elsewhere() {
    let call =
        |id: &str| ToolCall { id: id.to_string(), name: "read".to_string(), arguments: "{}".to_string() };
    let mut request = request(endpoint(Protocol::Anthropic, "http://127.0.0.1:9"));
    for id in ["call_1", "call_1", "a.b", "a_b"] {
        let said = Message::Assistant { text: String::new(), calls: vec![call(id)], opaque: Vec::new() };
        let result = ToolResult { id: id.to_string(), text: format!("of {id}"), failed: false };
        request.messages.extend([said, Message::Results(vec![result])]);
    }
    let body = anthropic::body(&request);
    let of = |kind: &str, field: &str| -> Vec<String> {
        let blocks = body["messages"].as_array().unwrap().iter();
        let blocks = blocks.flat_map(|message| message["content"].as_array().unwrap());
        let ids = blocks
            .filter(|block| block["type"] == kind)
            .map(|block| block[field].as_str().unwrap().to_string());
        ids.collect()
    };
    assert_eq!(of("tool_use", "id"), ["call_1", "2-call_1", "a_b", "2-a_b"]);
    assert_eq!(of("tool_result", "tool_use_id"), of("tool_use", "id"));
    assert_eq!(of("tool_result", "content"), ["of call_1", "of call_1", "of a.b", "of a_b"]);
}
