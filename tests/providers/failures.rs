//! What goes wrong around a single answer: other tries, missing servers and keys, stops. The answers themselves are in the table of
//! faults. It never waits longer than the shortened limits.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use dictum::domain::chat::{ToolCall, ToolResult};
use dictum::domain::exchange::{Message, Outcome, Protocol, ReplyEvent, StopReason};
use dictum::io::providers::{Http, Keys, ask};
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;

use crate::server::{Part, Reply, Server};
use crate::{
    KEY, each, endpoint, failure, frames, keys, patient, quick, reply, reply_until, request, run, text_of,
};

fn error(status: u16, kind: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({ "type": "error", "error": { "type": kind, "message": message, "code": null } }),
    )
}

#[tokio::test]
async fn a27_thinking_alone_is_no_answer_and_is_not_repeated() {
    let parts = [Part::Thinking("hm")];
    for (protocol, server) in each() {
        let frames = frames(protocol, &parts);
        let http = Http::new(quick());
        server.enqueue(Reply::frames(&frames));
        let (events, outcome) = run(&http, request(endpoint(protocol, &server.url()))).await;
        assert!(events.contains(&ReplyEvent::Thinking("hm".to_string())), "{events:?}");
        assert!(failure(outcome).what.contains("thought but gave no answer"));
        let thought = frames.iter().position(|frame| frame.contains("hm")).unwrap();
        server.enqueue(Reply::frames(&frames).only(thought + 1).abort());
        let (_, outcome) = run(&http, request(endpoint(protocol, &server.url()))).await;
        assert_eq!(outcome, Outcome::Truncated);
        assert_eq!(server.asked().len(), 2);
    }
}

#[tokio::test]
async fn silence_or_a_thought_after_tool_results_is_an_answer() {
    for (protocol, server) in each() {
        let mut request = request(endpoint(protocol, &server.url()));
        let call = ToolCall { id: "c".to_string(), name: "read".to_string(), arguments: String::new() };
        request.messages.push(Message::Assistant {
            text: String::new(),
            calls: vec![call],
            opaque: Vec::new(),
        });
        let result = ToolResult { id: "c".to_string(), text: "done".to_string(), failed: false };
        request.messages.push(Message::Results(vec![result]));
        for parts in [&[][..], &[Part::Thinking("hm")]] {
            server.enqueue(Reply::frames(&frames(protocol, parts)));
            let (_, outcome) = run(&Http::new(quick()), request.clone()).await;
            assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn), "{protocol:?}");
        }
    }
}

#[tokio::test]
async fn a27_a_compressed_answer_is_told_and_not_asked_for_again() {
    for (protocol, server) in each() {
        let http = Http::new(patient());
        server.enqueue(Reply::stream("").then_bytes(&[0x1f, 0x8b, 8, 0]).header("content-encoding", "gzip"));
        let (_, outcome) = run(&http, request(endpoint(protocol, &server.url()))).await;
        let told = failure(outcome);
        assert!(told.what.contains("compressed with gzip"), "{told:?}");
        server.enqueue(
            Reply::status(400, "application/json", "")
                .then_bytes(&[0x1f, 0x8b])
                .header("content-encoding", "br"),
        );
        let (_, outcome) = run(&http, request(endpoint(protocol, &server.url()))).await;
        let told = failure(outcome);
        assert!(told.what.contains("(400 at") && told.what.contains("compressed with br"), "{told:?}");
        assert_eq!(server.asked().len(), 2, "{protocol:?}");
        server.enqueue(reply(protocol, &["plain"]).header("content-encoding", "identity"));
        let (events, _) = run(&http, request(endpoint(protocol, &server.url()))).await;
        assert_eq!(text_of(&events), "plain");
    }
}

#[tokio::test]
async fn a27_another_try_succeeds_and_is_announced() {
    let busy = || error(429, "rate_limit_error", "slow down").header("retry-after-ms", "7");
    for (protocol, server) in each() {
        server.enqueue(busy());
        server.enqueue(Reply::open().abort());
        let (events, outcome) = run(&Http::new(quick()), request(endpoint(protocol, &server.url()))).await;
        assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
        assert_eq!(text_of(&events), crate::server::DEFAULT_TEXT);
        let retry = ReplyEvent::Retry { attempt: 1, seconds: 1, cause: "rate limit (429)".to_string() };
        let told = events.iter().find(|event| !matches!(event, ReplyEvent::Context(_)));
        assert_eq!(told, Some(&retry));
        assert_eq!(server.asked().len(), 3);
    }
}

/// The seconds of the countdown after an answer 429 with this `Retry-After`.
async fn countdown(value: &str) -> u32 {
    let server = Server::start();
    server.fix("/completions", error(429, "rate_limit_error", "slow down").header("retry-after", value));
    let (sender, mut receiver) = unbounded_channel();
    let (http, keys) = (Http::new(patient()), keys());
    tokio::select! {
        outcome = ask(&http, &keys, request(endpoint(Protocol::Chat, &server.url())), sender) => panic!("{outcome:?}"),
        event = receiver.recv() => match event {
            Some(ReplyEvent::Retry { seconds, .. }) => seconds,
            other => panic!("{other:?}"),
        },
    }
}

#[tokio::test]
async fn a27_retry_after_is_honoured_as_seconds_and_as_date() {
    assert_eq!(countdown("7").await, 7);
    let at = jiff::Timestamp::now() + Duration::from_secs(100);
    let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let seconds = countdown(&date).await;
    assert!((80..=100).contains(&seconds), "{date}: {seconds}");
}

#[tokio::test]
async fn a27_a_server_that_is_not_there_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let begun = Instant::now();
    let (events, outcome) = run(&Http::new(patient()), request(endpoint(Protocol::Chat, &url))).await;
    let failure = failure(outcome);
    assert!(failure.what.contains(&format!("{url}/v1/chat/completions")), "{failure:?}");
    assert!(failure.next.starts_with("Is the server running?"), "{failure:?}");
    assert!(events.is_empty(), "a local server is not waited for: {events:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a27_a_plain_server_behind_https_is_told() {
    let server = Server::start();
    let url = server.url().replace("http://", "https://");
    let (_, outcome) = run(&Http::new(quick()), request(endpoint(Protocol::Chat, &url))).await;
    let failure = failure(outcome);
    assert!(failure.what.contains("broke before the reply came"), "{failure:?}");
    assert!(!failure.what.contains(KEY));
}

#[tokio::test]
async fn a27_without_a_key_nothing_is_sent_to_a_hosted_provider() {
    for (protocol, base, variable) in [
        (Protocol::Anthropic, "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
        (Protocol::Chat, "https://api.openai.com/v1", "OPENAI_API_KEY"),
        (Protocol::Responses, "https://api.openai.com/v1", "OPENAI_API_KEY"),
        (Protocol::Gemini, "https://generativelanguage.googleapis.com/v1beta", "GEMINI_API_KEY"),
    ] {
        let mut request = request(endpoint(protocol, ""));
        request.endpoint.base_url = base.to_string();
        let (sender, _receiver) = unbounded_channel();
        let failure = failure(ask(&Http::new(quick()), &Keys::default(), request, sender).await);
        assert!(failure.what.starts_with("There is no key"), "{failure:?}");
        assert!(failure.next.contains(variable), "{failure:?}");
    }
    let server = Server::start();
    let (sender, _receiver) = unbounded_channel();
    let local = request(endpoint(Protocol::Chat, &server.url()));
    let outcome = ask(&Http::new(patient()), &Keys::default(), local, sender).await;
    assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn), "a local server needs no key");
    assert_eq!(server.asked()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_key_with_a_line_break_is_told_and_not_shown() {
    let keys = Keys::default();
    keys.insert("openai", "sk-broken\nsecond");
    let server = Server::start();
    let (sender, _receiver) = unbounded_channel();
    let failure = failure(
        ask(&Http::new(quick()), &keys, request(endpoint(Protocol::Chat, &server.url())), sender).await,
    );
    assert!(
        failure.next.contains("line breaks") && !format!("{failure:?}{keys:?}").contains("sk-broken"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a26_slowness_does_not_end_a_reply() {
    for (protocol, server) in each() {
        // Twelve pauses of a sixth of the limit: longer than it in all, never too long at once.
        let comment = Reply::open().then(": loading\n\n").paced(Duration::from_millis(100));
        let slow =
            (0..11).fold(comment, |reply, _| reply.then(": loading\n\n").wait(Duration::from_millis(100)));
        server.enqueue(slow.then(&frames(protocol, &[Part::Text(&["abc"])]).concat()));
        let (events, outcome) = run(&Http::new(quick()), request(endpoint(protocol, &server.url()))).await;
        assert_eq!((text_of(&events).as_str(), outcome), ("abc", Outcome::Complete(StopReason::EndTurn)));
    }
}

// Two threads: one waits for the server, the other lets the client's own task close the socket.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a26_dropping_the_question_closes_the_connection() {
    for (protocol, server) in each() {
        server.enqueue(reply_until(protocol, &[Part::Text(&["a-word"])], "a-word").stall());
        let (sender, mut receiver) = unbounded_channel();
        let (http, keys) = (Http::new(patient()), keys());
        let asking = ask(&http, &keys, request(endpoint(protocol, &server.url())), sender);
        let until_text = async {
            while let Some(event) = receiver.recv().await {
                if event == ReplyEvent::Text("a-word".to_string()) {
                    return;
                }
            }
        };
        tokio::select! {
            outcome = asking => panic!("{outcome:?}"),
            () = until_text => {}
        }
        assert!(server.wait_for_drop(Duration::from_secs(5)), "{protocol:?}");
    }
}

#[tokio::test]
async fn a_stream_left_open_after_its_end_does_not_hold_the_reply() {
    for (protocol, server) in each() {
        server.enqueue(reply(protocol, &["done"]).stall());
        let (events, outcome) = run(&Http::new(patient()), request(endpoint(protocol, &server.url()))).await;
        assert_eq!((text_of(&events).as_str(), outcome), ("done", Outcome::Complete(StopReason::EndTurn)));
        assert!(
            events.iter().any(|event| matches!(event, ReplyEvent::Usage(usage) if usage.output == Some(34)))
        );
    }
}

#[tokio::test]
async fn a_model_that_is_being_loaded_is_waited_for() {
    let server = Server::start();
    for _ in 0..6 {
        server.enqueue(Reply::json(
            503,
            &json!({ "error": { "message": "Loading model", "type": "unavailable_error", "code": 503 } }),
        ));
    }
    let (events, outcome) =
        run(&Http::new(patient()), request(endpoint(Protocol::Chat, &server.url()))).await;
    assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn), "{events:?}");
    assert_eq!(server.asked().len(), 7, "more often than a failing server is tried");
}

#[tokio::test]
async fn a28_text_survives_the_socket_in_any_pieces() {
    let said = ["你好，", "👩‍💻 日本", " é\n"];
    for (protocol, server) in each() {
        let whole = reply(protocol, &said);
        let http = Http::new(patient());
        for size in [1, 2, 3, 7, 64] {
            server.enqueue(whole.clone().cut(size));
            let (events, outcome) = run(&http, request(endpoint(protocol, &server.url()))).await;
            assert_eq!((text_of(&events), outcome), (said.concat(), Outcome::Complete(StopReason::EndTurn)));
        }
    }
}

#[tokio::test]
async fn a_reply_that_does_not_fit_behind_the_prompt_is_asked_to_be_shorter() {
    let refusal = |asked: u64, prompt: u64| {
        let message = format!(
            "'max_tokens' or 'max_completion_tokens' is too large: {asked}. This model's maximum context length is 8192 tokens and your \
             request has {prompt} input tokens ({asked} > 8192 - {prompt}). None"
        );
        Reply::json(
            400,
            &json!({ "error": { "message": message, "type": "BadRequestError", "param": null, "code": 400 } }),
        )
    };
    let server = Server::start();
    let http = Http::new(quick());
    let ask = || {
        let mut request = request(endpoint(Protocol::Chat, &server.url()));
        request.max_tokens = 8_192;
        request
    };
    server.enqueue(refusal(8_192, 1_500));
    server.enqueue(reply(Protocol::Chat, &["Hello."]));
    let (events, outcome) = run(&http, ask()).await;
    assert_eq!((text_of(&events).as_str(), outcome), ("Hello.", Outcome::Complete(StopReason::EndTurn)));
    assert!(events.contains(&ReplyEvent::Context(8_192)), "{events:?}");
    let limits: Vec<_> = server.asked().iter().map(|asked| asked.body["max_tokens"].as_u64()).collect();
    assert_eq!(limits, [Some(8_192), Some(6_692)]);
    // No reply worth the name fits: less of the conversation has to be sent.
    server.enqueue(refusal(8_192, 8_100));
    let (_, outcome) = run(&http, ask()).await;
    assert!(failure(outcome).what.contains("longer than"));
    assert_eq!(server.asked().len(), 3);
}
