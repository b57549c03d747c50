//! Bytes to events: recorded streams, whole and cut everywhere. It never opens a socket.

use std::fs;
use std::path::Path;

use dictum::domain::exchange::{PROTOCOLS, Protocol, ReplyEvent};
use dictum::io::providers::Provider;
use dictum::io::providers::wire::{Ending, Progress};
use proptest::prelude::*;

use crate::frames;
use crate::server::Part;

fn load(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streams").join(name)).unwrap()
}

fn decode<'a>(protocol: Protocol, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<ReplyEvent>, Ending) {
    let mut decoder = Provider::of(protocol).unwrap().decoder();
    let mut events: Vec<ReplyEvent> = chunks.into_iter().flat_map(|chunk| decoder.feed(chunk)).collect();
    let (rest, ending, _) = decoder.finish();
    events.extend(rest);
    (events, ending)
}

/// Events and ending in short lines.
fn lines((events, ending): &(Vec<ReplyEvent>, Ending)) -> Vec<String> {
    let mut lines: Vec<String> = events
        .iter()
        .map(|event| match event {
            ReplyEvent::Start { id, model } => format!("start {id} {model}"),
            ReplyEvent::Text(text) => format!("text {text}"),
            ReplyEvent::Thinking(text) => format!("think {text}"),
            ReplyEvent::Call(call) => format!("call {} {} {}", call.id, call.name, call.arguments),
            ReplyEvent::Usage(usage) => {
                let show = |count: Option<u64>| count.map_or("-".to_string(), |count| count.to_string());
                format!("usage {} {} {}", show(usage.input), show(usage.output), show(usage.cached))
            }
            ReplyEvent::Opaque(opaque) => format!("opaque {:?} {}", opaque.anchor, opaque.json),
            ReplyEvent::NoTools => "no tools".to_string(),
            ReplyEvent::Context(tokens) => format!("context {tokens}"),
            ReplyEvent::Retry { .. } => "retry".to_string(),
        })
        .collect();
    lines.push(match ending {
        Ending::Complete(reason) => format!("= {reason:?}"),
        Ending::Truncated => "= truncated".to_string(),
        Ending::Failed(cause) => format!("= failed {cause:?}"),
    });
    lines
}

/// Decodes `body` whole, in two pieces cut at every byte, and byte by byte: always the same. With the other kind of line ends, it is cut
/// around them.
fn check(protocol: Protocol, body: &[u8], expect: &[&str]) {
    check_cuts(protocol, body, 0..=body.len(), expect);
    if !body.contains(&b'\r') {
        let text = String::from_utf8(body.to_vec()).unwrap().replace('\n', "\r\n");
        let ends: Vec<usize> = text.match_indices("\r\n").flat_map(|(at, _)| at..=at + 2).collect();
        check_cuts(protocol, text.as_bytes(), ends, expect);
    }
}

fn check_cuts(protocol: Protocol, body: &[u8], cuts: impl IntoIterator<Item = usize>, expect: &[&str]) {
    let whole = decode(protocol, [body]);
    assert_eq!(lines(&whole), expect);
    for cut in cuts {
        let (head, tail) = body.split_at(cut);
        assert_eq!(lines(&decode(protocol, [head, tail])), expect, "cut at {cut}");
    }
    assert_eq!(lines(&decode(protocol, body.chunks(1))), expect, "byte by byte");
    assert!(!expect.iter().any(|line| line.contains('\u{fffd}')));
}

#[test]
fn a28_an_anthropic_stream_survives_every_cut() {
    check(
        Protocol::Anthropic,
        &load("anthropic/mixed.sse"),
        &[
            "start msg_7 claude-sonnet-4-5",
            "usage 330 1 300",
            "think Erst prüfen 🤔",
            "opaque Text {\"type\":\"thinking\",\"thinking\":\"Erst prüfen 🤔\",\"signature\":\"c2lnbmVk\"}",
            "text 你好，",
            "text 👩‍💻 é naïve ﷽",
            "usage 330 42 300",
            "call toolu_1 read {\"path\":\"日本.md\"}",
            "call toolu_2 list ",
            "= ToolUse",
        ],
    );
}

#[test]
fn a28_a_chat_stream_with_think_tags_survives_every_cut() {
    check(
        Protocol::Chat,
        &load("chat/think_and_tools.sse"),
        &[
            "start chatcmpl-9 local-model",
            "think Überlegen 🤔\n",
            "think noch",
            "text 你好，",
            "text 👩‍💻 日本",
            "usage 90 12 64",
            "call call_a read {\"path\":\"é.md\"}",
            "call call_b list {}",
            "= ToolUse",
        ],
    );
    let start = "start chatcmpl-9 local-model";
    check(Protocol::Chat, &load("chat/lone_cr.sse"), &[start, "text 你", "text 好", "= EndTurn"]);
}

#[test]
fn a28_a_responses_stream_survives_every_cut() {
    let check = |name: &str, expect: &[&str]| check(Protocol::Responses, &load(name), expect);
    let start = "start resp_7 gpt-5.1-2025-11-13";
    check(
        "responses/mixed.sse",
        &[
            start,
            "think Erst prüfen ",
            "think 🤔",
            "think \n\n",
            "think dann tun",
            "opaque Text {\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Erst prüfen 🤔\"},\
             {\"type\":\"summary_text\",\"text\":\"dann tun\"}],\"encrypted_content\":\"c2VhbGVk\"}",
            "text 你好，",
            "text 👩‍💻 é naïve ﷽",
            "opaque Call(1) {\"type\":\"reasoning\",\"id\":\"rs_2\",\"summary\":[],\"encrypted_content\":\"c2VhbGVkMg==\"}",
            "usage 330 42 300",
            "call call_1 read {\"path\":\"日本.md\"}",
            "call call_2 list {}",
            "= ToolUse",
        ],
    );
    check("responses/incomplete.sse", &[start, "usage 9 5 -", "= MaxTokens"]);
    check("responses/refusal.sse", &[start, "text I cannot", "text  do that.", "= Refusal"]);
    check(
        "responses/whole_items.sse",
        &["start resp_7 local-model", "think hm", "text 日本", "call c1 read {\"n\":1}", "= ToolUse"],
    );
}

#[test]
fn a28_lines_of_ollama_survive_every_cut() {
    let check = |name: &str, expect: &[&str]| check(Protocol::Ollama, &load(name), expect);
    let start = "start  qwen3:8b";
    check(
        "ollama/tools.ndjson",
        &[
            start,
            "think Erst prüfen ",
            "think 🤔",
            "text 你好，",
            "text 👩‍💻 é naïve ﷽",
            "usage 330 42 -",
            "call call_a read {\"path\":\"日本.md\",\"n\":1}",
            "call call_2 list {}",
            "call call_3 list ",
            "= ToolUse",
        ],
    );
    check("ollama/think_tags.ndjson", &[start, "think hm", "text 日本", "usage - 7 -", "= MaxTokens"]);
    check("ollama/no_newline.ndjson", &[start, "text a", "text b", "= EndTurn"]);
}

#[test]
fn a28_a_gemini_stream_survives_every_cut() {
    let check = |name: &str, expect: &[&str]| check(Protocol::Gemini, &load(name), expect);
    let start = "start r7 gemini-3-pro-preview";
    check(
        "gemini/mixed.sse",
        &[
            start,
            "think Erst prüfen 🤔",
            "usage 330 20 300",
            "text 你好，",
            "usage 330 23 300",
            "text 👩‍💻 é naïve ﷽",
            "opaque Text \"c2lnLXRleHQ=\"",
            "opaque Call(0) \"c2lnLWNhbGw=\"",
            "usage 330 42 300",
            "call call_1 read {\"path\":\"日本.md\"}",
            "call g2 list {}",
            "= ToolUse",
        ],
    );
    check("gemini/usage_last.sse", &[start, "text 日本", "usage 330 2 300", "= MaxTokens"]);
    check("gemini/blocked.sse", &[start, "usage 5 - -", "= Refusal"]);
    check("gemini/list.json", &[start, "text 日", "text 本", "usage 330 2 300", "= EndTurn"]);
}

#[test]
fn dialects_of_compatible_servers_are_read() {
    let start = "start chatcmpl-9 local-model";
    let check = |name: &str, expect: &[&str]| check(Protocol::Chat, &load(name), expect);
    check(
        "chat/mistral.sse",
        &[start, "think hm", "text Bonjour", "text  à tous", "usage 3 4 -", "= EndTurn"],
    );
    check("chat/one_index.sse", &[start, "call a1 read {\"n\":1}", "call a2 read {\"n\":2}", "= ToolUse"]);
    check("chat/other_ids.sse", &[start, "call A read {\"n\":1}", "call C list {\"m\":2}", "= ToolUse"]);
    check(
        "chat/no_index.sse",
        &[
            start,
            "text ok",
            "opaque Call(0) {\"extra_content\":{\"google\":{\"thought_signature\":\"c2ln\"}}}",
            "call g1 read {\"n\":1}",
            "call call_2 list ",
            "= ToolUse",
        ],
    );
    check("chat/joined.sse", &[start, "text a}{", "text b", "text c", "= EndTurn"]);
    check("chat/azure.sse", &[start, "text hi", "= MaxTokens"]);
}

#[test]
fn counts_that_a_later_frame_leaves_out_hold() {
    let start = "data: {\"type\":\"message_start\",\"message\":{\"id\":\"a\",\"model\":\"m\",\"usage\":{\"input_tokens\":10,\
                 \"cache_read_input_tokens\":50000,\"cache_creation_input_tokens\":200,\"output_tokens\":1}}}\n\n";
    let delta = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"},\"usage\":{\"input_tokens\":10,\
                 \"output_tokens\":7}}\n\n";
    check(
        Protocol::Anthropic,
        format!("{start}{delta}").as_bytes(),
        &["start a m", "usage 50210 1 50000", "usage 50210 7 50000", "= MaxTokens"],
    );
}

#[test]
fn a_call_that_was_cut_short_is_not_run() {
    let start = ["start msg_7 claude-sonnet-4-5", "usage 330 1 300"];
    check(
        Protocol::Anthropic,
        &load("anthropic/cut_call.sse"),
        &[start[0], start[1], "usage 330 9 300", "= MaxTokens"],
    );
    check(
        Protocol::Anthropic,
        &load("anthropic/refusal.sse"),
        &[start[0], start[1], "usage 330 0 300", "= Refusal"],
    );
}

#[test]
fn a27_an_error_inside_a_good_status_is_an_error() {
    let failed = |protocol, body: &[u8]| match decode(protocol, [body]).1 {
        Ending::Failed(cause) => format!("{cause:?}"),
        other => panic!("{other:?}"),
    };
    for (name, status, message) in [
        ("anthropic/overloaded.sse", 529, "Overloaded"),
        ("chat/error_in_stream.sse", 502, "Upstream gave up. Try later."),
        ("chat/error_field.sse", 500, "the slot is gone"),
        ("responses/failed.sse", 429, "wait: Some(5.289s)"),
        ("responses/error.sse", 500, "The server had an error."),
        ("gemini/malformed.sse", 500, "a call that cannot be read"),
        ("gemini/quota.sse", 429, "PerDay"),
    ] {
        let protocol = Protocol::named(name.split('/').next().unwrap()).unwrap();
        let cause = failed(protocol, &load(name));
        assert!(cause.contains(&format!("Some({status})")) && cause.contains(message), "{cause}");
    }
    assert!(failed(Protocol::Ollama, &load("ollama/error.ndjson")).contains("CUDA error"));
    assert!(failed(Protocol::Gemini, &load("gemini/quota.sse")).contains("wait: Some(34s)"));
    for body in [
        r#"{"error":{"message":"no such slot","code":500}}"#,
        "[{\n  \"error\": {\"message\": \"no such slot\", \"code\": 500}\n}]",
        "data: {\"error\":\"no such slot\"}\n\ndata: [DONE]\n\n",
        "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"no such slot\"}}\n",
        "event: error\ndata: {\"error\":{\"message\":\"litellm: {\\\"error\\\":{\\\"message\\\":\\\"no such slot\\\"}}\"}}\n\n",
    ] {
        let cause = failed(Protocol::Chat, body.as_bytes());
        assert!(cause.contains("message: \"no such slot\""), "{body}: {cause}");
    }
    // Some say nowhere that it is one.
    for (body, message) in [
        (r#"{"detail":"Model is not loaded"}"#, "message: \"Model is not loaded\""),
        (r#"{"message":"quota used up","code":"429"}"#, "status: Some(429)"),
        (r#"{"errors":[{"message":"Authentication error"}]}"#, "message: \"Authentication error\""),
        (r#"{"error":["bad","worse"]}"#, "message: \"bad; worse\""),
        ("data: {\"detail\":\"Model is not loaded\"}\n\n", "message: \"Model is not loaded\""),
        ("{\n  \"detail\": \"Model is not loaded\"\n}\n", "message: \"Model is not loaded\""),
    ] {
        for (_, protocol) in PROTOCOLS {
            let cause = failed(*protocol, body.as_bytes());
            assert!(cause.starts_with("Said") && cause.contains(message), "{protocol:?} {body}: {cause}");
        }
    }
    // Beside others it may be a note on how things stand.
    let notes = "data: {\"message\":\"queued\"}\n\ndata: {\"message\":\"soon\"}\n\n";
    assert_eq!(decode(Protocol::Chat, [notes.as_bytes()]).1, Ending::Truncated);
    let page = failed(Protocol::Chat, b"<!doctype html>\n<html><head><title>Sign in\n now</title>");
    assert_eq!(page, "Address(WebPage(\"Sign in now\"))");
    assert_eq!(failed(Protocol::Chat, b"{\"status\":\"ok\"}"), "Address(NotUnderstood)");
}

#[test]
fn a_server_that_does_not_stream_is_understood() {
    check(
        Protocol::Chat,
        "{\n \"id\": \"c\",\n \"model\": \"m\",\n \"choices\": [{\"message\": {\"content\": \"你好\", \"tool_calls\": null},\n\"finish_reason\": \"stop\"}],\n \"usage\": {\"prompt_tokens\": 1, \"completion_tokens\": 2}}".as_bytes(),
        &["start c m", "text 你好", "usage 1 2 -", "= EndTurn"],
    );
    check(
        Protocol::Anthropic,
        br#"{"id":"a","type":"message","model":"m","content":[{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"read","input":{"n":1}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}}"#,
        &["start a m", "text hi", "usage 1 2 -", "call t read {\"n\":1}", "= ToolUse"],
    );
}

#[test]
fn a_stream_that_ends_early_is_never_complete() {
    let text: &[&str] = &["half ", "an answer"];
    let parts = [Part::Text(text), Part::Call { id: "c1", name: "read", arguments: "{\"n\":1}" }];
    for (protocol, last) in [
        (Protocol::Anthropic, "message_delta"),
        (Protocol::Chat, "\"finish_reason\":\"tool_calls\""),
        (Protocol::Responses, "response.completed"),
        (Protocol::Ollama, "\"done\":true"),
        (Protocol::Gemini, "finishReason"),
    ] {
        let frames = frames(protocol, &parts);
        let end = frames.iter().position(|frame| frame.contains(last)).unwrap();
        for count in 0..frames.len() {
            let body = frames[..count].concat();
            let (events, ending) = decode(protocol, [body.as_bytes()]);
            assert_eq!(
                ending == Ending::Truncated,
                count <= end,
                "{protocol:?} after {count} frames: {ending:?}"
            );
            let called = events.iter().any(|event| matches!(event, ReplyEvent::Call(_)));
            assert_eq!(called, count > end, "a call of a stream that did not end must not run");
        }
    }
    // The marker alone is no end of a call that is half of itself.
    let mut frames = frames(Protocol::Chat, &parts);
    frames.retain(|frame| {
        !frame.contains("tool_calls\"}]") && !frame.contains("n\\\":1}") && !frame.contains(":1}\"")
    });
    let (_, ending) = decode(Protocol::Chat, [frames.concat().as_bytes()]);
    assert_eq!(ending, Ending::Truncated);
}

#[test]
fn a_call_that_may_lack_a_piece_is_not_run() {
    let parts = [Part::Call { id: "c1", name: "read", arguments: "{\"n\":1}" }];
    for (_, protocol) in PROTOCOLS {
        let mut frames = frames(*protocol, &parts);
        let broken = if *protocol == Protocol::Ollama { "{\"a\":\n" } else { "data: {\"a\":\n\n" };
        frames.insert(1, broken.to_string());
        let (_, ending) = decode(*protocol, [frames.concat().as_bytes()]);
        assert_eq!(ending, Ending::Truncated, "{protocol:?}");
    }
}

#[test]
fn progress_tells_when_reading_may_stop() {
    use Progress::{Open, Over, Settled};
    let expected: [(Protocol, &[Progress]); 5] = [
        (Protocol::Anthropic, &[Open, Settled, Over]),
        (Protocol::Chat, &[Open, Settled, Over]),
        (Protocol::Responses, &[Open, Over]),
        (Protocol::Ollama, &[Open, Over]),
        (Protocol::Gemini, &[Open, Settled]),
    ];
    for (protocol, expect) in expected {
        let frames = frames(protocol, &[Part::Text(&["a"])]);
        let mut decoder = Provider::of(protocol).unwrap().decoder();
        let mut seen = Vec::new();
        for frame in &frames {
            decoder.feed(frame.as_bytes());
            seen.push(decoder.progress());
        }
        seen.dedup();
        assert_eq!(seen, expect, "{protocol:?}");
    }
}

proptest! {
    #[test]
    fn any_cuts_give_the_same_events(cuts in prop::collection::vec(1_usize..90, 1..80)) {
        for (protocol, name) in [
            (Protocol::Anthropic, "anthropic/mixed.sse"),
            (Protocol::Chat, "chat/think_and_tools.sse"),
            (Protocol::Responses, "responses/mixed.sse"),
            (Protocol::Ollama, "ollama/tools.ndjson"),
            (Protocol::Gemini, "gemini/mixed.sse"),
        ] {
            let body = load(name);
            let mut rest = body.as_slice();
            let mut chunks = Vec::new();
            for cut in &cuts {
                let (head, tail) = rest.split_at((*cut).min(rest.len()));
                chunks.push(head);
                rest = tail;
            }
            chunks.push(rest);
            prop_assert_eq!(lines(&decode(protocol, chunks)), lines(&decode(protocol, [body.as_slice()])));
        }
    }

    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..400), tail in ".{0,80}") {
        for (_, protocol) in PROTOCOLS {
            let protocol = *protocol;
            let _ = decode(protocol, [body.as_slice(), tail.as_bytes()]);
            let framed = format!("data: {{\"choices\":[{{\"delta\":{tail:?}}}]}}\n\ndata: {tail}\n\n");
            let _ = decode(protocol, [framed.as_bytes()]);
        }
    }
}
