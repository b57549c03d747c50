//! Ollama's own protocol: the window that is asked for, so that nothing is cut silently, and what is known of a model before it is asked.

use dictum::domain::exchange::{FailureKind, Message, Outcome, Protocol, ReplyEvent, StopReason, ToolSpec};
use dictum::io::providers::Http;
use serde_json::{Value, json};

use crate::server::{Reply, Server, shown};
use crate::{endpoint, failure, patient, request, run};

/// Asks with a message of so many bytes; returns the body that was sent last.
async fn asked_with(http: &Http, server: &Server, bytes: usize) -> Value {
    let mut request = request(endpoint(Protocol::Ollama, &server.url()));
    request.messages = vec![Message::User { text: "word ".repeat(bytes / 5) }];
    let (_, outcome) = run(http, request).await;
    assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
    server.asked().last().unwrap().body.clone()
}

#[tokio::test]
async fn the_window_grows_with_the_conversation_and_never_shrinks() {
    let server = Server::start();
    server.fix("/api/show", Reply::json(200, &shown(100_000, &["completion", "tools"])));
    let http = Http::new(patient());
    let mut windows = Vec::new();
    for bytes in [10, 60_000, 150_000, 10, 700_000] {
        let body = asked_with(&http, &server, bytes).await;
        windows.push(body["options"]["num_ctx"].as_u64().unwrap());
        assert_eq!((&body["truncate"], &body["shift"]), (&json!(false), &json!(false)), "{body}");
        assert_eq!(body["options"]["num_predict"], json!(1000));
    }
    assert_eq!(windows, [16_384, 32_768, 65_536, 65_536, 100_000]);
    let shows = server.requests().iter().filter(|request| request.path == "/api/show").count();
    assert_eq!(shows, 1, "the model is asked about once");
}

#[tokio::test]
async fn a29_a_conversation_that_cannot_fit_is_not_sent() {
    let server = Server::start();
    server.fix("/api/show", Reply::json(200, &shown(8192, &["completion"])));
    let mut request = request(endpoint(Protocol::Ollama, &server.url()));
    request.messages = vec![Message::User { text: "x".repeat(100_000) }];
    let (events, outcome) = run(&Http::new(patient()), request).await;
    let failure = failure(outcome);
    assert_eq!(failure.kind, FailureKind::Overflow, "{failure:?}");
    assert!(server.asked().is_empty() && events.is_empty(), "{events:?}");
}

#[tokio::test]
async fn a_model_is_asked_by_what_it_can_do() {
    let tool = ToolSpec { name: "read".into(), description: "Reads.".into(), schema: "{}".into() };
    for (capabilities, tools, thinks) in [
        (&["completion", "tools", "thinking"][..], true, true),
        (&["completion", "tools"], true, false),
        (&["completion"], false, false),
        // An older server says nothing, so it is tried.
        (&[], true, false),
    ] {
        let server = Server::start();
        server.fix("/api/show", Reply::json(200, &shown(32_768, capabilities)));
        let mut request = request(endpoint(Protocol::Ollama, &server.url()));
        request.tools = vec![tool.clone()];
        let (events, outcome) = run(&Http::new(patient()), request).await;
        assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
        let body = &server.asked()[0].body;
        assert_eq!(body.get("tools").is_some(), tools, "{capabilities:?}");
        assert_eq!(body.get("think").is_some(), thinks, "{capabilities:?}");
        assert_eq!(events.contains(&ReplyEvent::NoTools), !tools, "{capabilities:?}");
    }
}

#[tokio::test]
async fn a_server_that_tells_nothing_about_its_model_is_asked_all_the_same() {
    for answer in [Reply::status(404, "text/plain", "404 page not found"), Reply::json(200, &json!({}))] {
        let server = Server::start();
        server.fix("/api/show", answer);
        let body = asked_with(&Http::new(patient()), &server, 10).await;
        assert_eq!(body["options"]["num_ctx"], json!(16_384));
    }
}

#[tokio::test]
async fn a_model_that_does_not_think_after_all_is_asked_without() {
    let server = Server::start();
    server.fix("/api/show", Reply::json(200, &shown(32_768, &["completion", "thinking"])));
    server.enqueue(Reply::json(400, &json!({ "error": "\"m-1\" does not support thinking" })));
    let http = Http::new(patient());
    let body = asked_with(&http, &server, 10).await;
    assert_eq!(body.get("think"), None);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn the_first_model_of_the_list_is_taken_where_none_is_set() {
    let server = Server::start();
    server.set_models(&["nomic-embed-text:latest", "qwen3:8b"]);
    let mut request = request(endpoint(Protocol::Ollama, &server.url()));
    request.endpoint.model.clear();
    let (_, outcome) = run(&Http::new(patient()), request).await;
    assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
    assert_eq!(server.asked()[0].body["model"], json!("qwen3:8b"));
}
