//! Finding servers and models, and the way to local ones. It never touches the ports of a real server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dictum::domain::exchange::{Endpoint, Outcome, Protocol, StopReason};
use dictum::io::providers::Http;
use dictum::io::providers::discover::{Door, discover_at};
use serde_json::json;

use crate::server::{Reply, Server};
use crate::tls::{self, AUTHORITY, SELF_SIGNED, SIGNED, Signed};
use crate::{endpoint, failure, patient, quick, request, run, text_of};

/// Set in the processes that a test starts from this test binary, for what is read from the environment at the start.
const INNER: &str = "DICTUM_TEST_INNER";

fn door(provider: &str, url: &str) -> Door {
    Door { provider: provider.to_string(), protocol: Protocol::Chat, base_url: format!("{url}/v1") }
}

/// An address where nothing listens.
fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}")
}

#[tokio::test]
async fn the_first_server_with_a_model_for_chat_is_found() {
    let (embedding, chat) = (Server::start(), Server::start());
    embedding.set_models(&["nomic-embed-text", "bge-m3"]);
    chat.set_models(&["text-embedding-3", "qwen3-coder:30b", "llama3"]);
    let doors =
        [door("ollama", &embedding.url()), door("lmstudio", &nobody()), door("llamacpp", &chat.url())];
    let found = discover_at(&Http::new(patient()), &doors, Duration::from_secs(20)).await;
    let expect = Endpoint {
        protocol: Protocol::Chat,
        provider: "llamacpp".to_string(),
        base_url: format!("{}/v1", chat.url()),
        model: "qwen3-coder:30b".to_string(),
        models: vec!["qwen3-coder:30b".to_string(), "llama3".to_string()],
    };
    assert_eq!(found, Some(expect));
    assert!(
        chat.requests().iter().all(|request| request.header("authorization").is_none()),
        "no key goes to a found server"
    );
}

#[tokio::test]
async fn without_a_server_the_search_ends_within_its_limit() {
    let (silent, other) = (Server::start(), Server::start());
    silent.fix("/models", Reply::silent());
    other.fix("/models", Reply::json(200, &json!({ "data": [{ "id": "a row of some other service" }] })));
    let doors = [door("ollama", &silent.url()), door("lmstudio", &other.url()), door("llamacpp", &nobody())];
    let begun = Instant::now();
    assert_eq!(discover_at(&Http::new(patient()), &doors, Duration::from_millis(300)).await, None);
    assert!(
        begun.elapsed() < Duration::from_millis(1500),
        "300 ms with a generous factor: {:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_server_without_a_model_set_is_asked_once() {
    let server = Server::start();
    server.set_models(&["embed-small", "coder-7b"]);
    let http = Http::new(patient());
    let mut request = request(endpoint(Protocol::Chat, &server.url()));
    request.endpoint.model.clear();
    for _ in 0..2 {
        assert_eq!(run(&http, request.clone()).await.1, Outcome::Complete(StopReason::EndTurn));
    }
    let paths: Vec<String> = server.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/v1/models", "/v1/chat/completions", "/v1/chat/completions"]);
    assert!(server.asked().iter().all(|asked| asked.body["model"] == "coder-7b"));
}

#[tokio::test]
async fn a_server_that_names_no_model_says_how_to_set_one() {
    let server = Server::start();
    server.fix("/models", Reply::json(404, &json!({ "detail": "Not Found" })));
    let mut request = request(endpoint(Protocol::Chat, &server.url()));
    request.endpoint.model.clear();
    let told = failure(run(&Http::new(quick()), request.clone()).await.1);
    assert!(told.what.contains("/v1/models") && told.next.contains("--model"), "{told:?}");
    server.set_models(&["only-embed"]);
    let told = failure(run(&Http::new(quick()), request.clone()).await.1);
    assert!(told.what.contains("No model is set"), "{told:?}");
    request.endpoint.base_url = nobody();
    let told = failure(run(&Http::new(quick()), request).await.1);
    assert!(told.next.contains("Is the server running?"), "{told:?}");
}

/// Runs the test `name` of this binary in a process of its own; returns what it printed.
fn inner(name: &str, env: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--nocapture"])
        .env(INNER, "1")
        .env_remove("SSL_CERT_DIR")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    let output = command.envs(env.iter().copied()).output().unwrap();
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    told
}

#[test]
fn a_proxy_does_not_catch_local_addresses() {
    let proxy = Server::start();
    inner("finding::inner_local_question", &[("HTTP_PROXY", &proxy.url()), ("http_proxy", &proxy.url())]);
    let caught: Vec<String> = proxy.requests().iter().map(|request| request.path.clone()).collect();
    assert!(
        caught.iter().any(|path| path.contains("example.invalid")),
        "the proxy is in use at all: {caught:?}"
    );
    assert!(!caught.iter().any(|path| path.contains("127.0.0.1")), "{caught:?}");
}

#[tokio::test]
async fn inner_local_question() {
    if std::env::var_os(INNER).is_none() {
        return;
    }
    let server = Server::start();
    let http = Http::new(patient());
    let (_, outcome) = run(&http, request(endpoint(Protocol::Chat, &server.url()))).await;
    assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
    assert_eq!(server.asked().len(), 1);
    // A name that is never resolved: only the proxy can answer for it.
    let (_, outcome) = run(&http, request(endpoint(Protocol::Chat, "http://example.invalid"))).await;
    assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
}

#[test]
fn a27_a_proxy_that_refuses_is_named() {
    let proxy = Server::start();
    for _ in 0..2 {
        proxy.enqueue(Reply::status(407, "text/plain", "").header("proxy-authenticate", "Basic"));
    }
    inner("finding::inner_refused_by_proxy", &[("HTTPS_PROXY", &proxy.url()), ("HTTP_PROXY", &proxy.url())]);
}

#[tokio::test]
async fn inner_refused_by_proxy() {
    if std::env::var_os(INNER).is_none() {
        return;
    }
    for address in ["https://example.invalid", "http://example.invalid"] {
        let (events, outcome) = run(&Http::new(quick()), request(endpoint(Protocol::Chat, address))).await;
        let failure = failure(outcome);
        assert!(failure.what.starts_with("The proxy does not let the connection to "), "{failure:?}");
        assert!(failure.next.contains("HTTPS_PROXY") && events.is_empty(), "{failure:?} {events:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a27_without_certificates_plain_addresses_still_work() {
    let nowhere = "/nonexistent/certificates";
    inner("finding::inner_without_roots", &[("SSL_CERT_FILE", nowhere), ("SSL_CERT_DIR", nowhere)]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_variable_that_names_no_certificates_is_told() {
    let no_pem = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    inner("finding::inner_misled", &[("SSL_CERT_FILE", no_pem)]);
}

#[tokio::test]
async fn inner_misled() {
    if std::env::var_os(INNER).is_none() {
        return;
    }
    let (_, outcome) =
        run(&Http::new(patient()), request(endpoint(Protocol::Chat, "https://example.invalid"))).await;
    let failure = failure(outcome);
    let named = failure.what.contains("SSL_CERT_FILE names ")
        && failure.what.contains("Cargo.toml, which holds no certificate in PEM form");
    assert!(named && failure.next.starts_with("Unset it"), "{failure:?}");
}

#[tokio::test]
async fn inner_without_roots() {
    if std::env::var_os(INNER).is_none() {
        return;
    }
    let server = Server::start();
    let http = Http::new(patient());
    let (_, outcome) = run(&http, request(endpoint(Protocol::Chat, &server.url()))).await;
    assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
    let (_, outcome) = run(&http, request(endpoint(Protocol::Chat, "https://example.invalid"))).await;
    let failure = failure(outcome);
    assert!(
        failure.what.contains("SSL_CERT_FILE names /nonexistent/certificates, which is not there"),
        "{failure:?}"
    );
}

/// A server over TLS that writes `answer` to each request and then breaks the connection without the end that TLS wants. Returns its
/// address, and a counter of the requests.
fn secure(signed: Signed, answer: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let config = tls::config(signed);
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            // Who does not trust the certificate ends the handshake, which is an error here.
            if tls::request(&mut tls).is_empty() {
                continue;
            }
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = tls.write_all(answer.as_bytes()).and_then(|()| tls.flush());
            // What was sent has time to arrive.
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    (url, asked)
}

/// A whole answer, with its length.
const OVER_TLS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 80\r\n\r\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}  \n\n";
/// Answers that TLS breaks off.
const CUT_EARLY: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 900\r\n\r\n: wait\n\n";
const CUT_LATE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 900\r\n\r\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\ndata: {\"choi";

#[tokio::test]
async fn a27_an_unknown_authority_is_named_as_such() {
    let http = Http::new(patient());
    for server in [SELF_SIGNED, SIGNED] {
        let (url, asked) = secure(server, OVER_TLS);
        let (events, outcome) = run(&http, request(endpoint(Protocol::Chat, &url))).await;
        let failure = failure(outcome);
        assert!(failure.what.contains("authority that this machine does not know"), "{failure:?}");
        assert!(failure.next.contains("SSL_CERT_FILE") && failure.next.contains("ca_file"), "{failure:?}");
        assert!(events.is_empty(), "it is not tried again: {events:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 0, "nothing is sent to it");
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted() {
    let (url, _) = secure(SIGNED, OVER_TLS);
    let http = Http::new(patient()).trusting(Some(Path::new(AUTHORITY)));
    let (events, outcome) = run(&http, request(endpoint(Protocol::Chat, &url))).await;
    assert_eq!((text_of(&events).as_str(), outcome), ("hi", Outcome::Complete(StopReason::EndTurn)));
    // It is trusted for what it signed, and for nothing else.
    let (url, _) = secure(SELF_SIGNED, OVER_TLS);
    let (_, outcome) = run(&http, request(endpoint(Protocol::Chat, &url))).await;
    assert!(failure(outcome).what.contains("authority"));
}

#[tokio::test]
async fn a_file_of_authorities_that_is_none_is_named() {
    let not_there = Path::new("/nonexistent/authority.pem");
    let no_pem = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    for (file, why) in [(not_there, "No such file"), (no_pem, "no certificate in PEM form")] {
        let http = Http::new(patient()).trusting(Some(file));
        let (_, outcome) = run(&http, request(endpoint(Protocol::Chat, "https://example.invalid"))).await;
        let failure = failure(outcome);
        let named = failure.what.contains(why) && failure.what.contains(&file.display().to_string());
        assert!(named && failure.next.contains("ca_file"), "{failure:?}");
        // A plain address on this machine needs none.
        let server = Server::start();
        let (_, outcome) = run(&http, request(endpoint(Protocol::Chat, &server.url()))).await;
        assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_bundle_in_ssl_cert_file_is_trusted() {
    inner("finding::inner_with_bundle", &[("SSL_CERT_FILE", AUTHORITY)]);
}

#[tokio::test]
async fn inner_with_bundle() {
    if std::env::var_os(INNER).is_none() {
        return;
    }
    let (url, _) = secure(SIGNED, OVER_TLS);
    let (events, outcome) = run(&Http::new(patient()), request(endpoint(Protocol::Chat, &url))).await;
    assert_eq!((text_of(&events).as_str(), outcome), ("hi", Outcome::Complete(StopReason::EndTurn)));
}

#[tokio::test]
async fn a27_a_connection_that_tls_did_not_end_is_cut() {
    let http = Http::new(patient()).trusting(Some(Path::new(AUTHORITY)));
    let (url, asked) = secure(SIGNED, CUT_LATE);
    let (events, outcome) = run(&http, request(endpoint(Protocol::Chat, &url))).await;
    assert_eq!((text_of(&events).as_str(), outcome), ("half", Outcome::Truncated));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let (url, asked) = secure(SIGNED, CUT_EARLY);
    let (_, outcome) = run(&http, request(endpoint(Protocol::Chat, &url))).await;
    let told = failure(outcome);
    assert_eq!(
        told.what,
        "The connection to openai broke before the reply came: it was cut off without the end that TLS wants."
    );
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    // Cut in the handshake.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(&[22, 3, 3, 0, 90, 2]);
        }
    });
    let (_, outcome) = run(&http, request(endpoint(Protocol::Chat, &url))).await;
    assert!(failure(outcome).what.starts_with("The connection to openai broke before the reply came"));
}

#[tokio::test]
async fn a27_a_host_that_does_not_exist_is_named() {
    let http = Http::new(patient());
    let (_, outcome) =
        run(&http, request(endpoint(Protocol::Chat, "http://no-such-host.localdomain.invalid:1"))).await;
    let failure = failure(outcome);
    assert!(failure.what.contains("no-such-host") && !failure.what.contains("error sending"), "{failure:?}");
}
