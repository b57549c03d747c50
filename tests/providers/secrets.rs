//! A key that a reply quotes, or an error echoes, is heard nowhere, however the stream cuts it.

use dictum::domain::exchange::{Endpoint, Outcome, PROTOCOLS, ReplyEvent, StopReason};
use dictum::domain::roster::Found;
use dictum::domain::settings::endpoints::shown;
use dictum::io::providers::{Http, look};

use crate::server::{Part, Reply, Server};
use crate::{KEY, endpoint, failure, fix_all, frames, keys, patient, quick, request, run, text_of};

#[tokio::test]
async fn a_quoted_key_is_left_out_wherever_the_reply_is_cut() {
    let said = format!("Your key is {KEY}, sk- is how it begins, and sk-very-secret-01 is a part of none.");
    let expect = said.replace(KEY, "[key]");
    for (_, protocol) in PROTOCOLS {
        let server = Server::start();
        let http = Http::new(patient());
        for cut in (0..=said.len()).step_by(3) {
            let (head, tail) = said.split_at(cut);
            let texts: Vec<&str> = [head, tail].into_iter().filter(|text| !text.is_empty()).collect();
            let parts = [Part::Text(&texts)];
            fix_all(&server, &Reply::frames(&frames(*protocol, &parts)));
            let (events, outcome) = run(&http, request(endpoint(*protocol, &server.url()))).await;
            assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn), "{protocol:?} {cut}");
            assert_eq!(text_of(&events), expect, "{protocol:?} {cut}");
            assert!(!format!("{events:?}").contains(KEY), "{protocol:?} {cut}");
        }
    }
}

#[tokio::test]
async fn letter_by_letter_nothing_is_lost_and_no_key_let_out() {
    let said = format!("{KEY}{KEY} sk-very-secret-sk-very-secret-0123456789 end sk-very");
    let letters: Vec<String> = said.chars().map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    let server = Server::start();
    let protocol = PROTOCOLS[0].1;
    fix_all(&server, &Reply::frames(&frames(protocol, &[Part::Text(&letters)])));
    let (events, _) = run(&Http::new(patient()), request(endpoint(protocol, &server.url()))).await;
    assert_eq!(text_of(&events), said.replace(KEY, "[key]"));
    assert!(events.iter().all(|event| !matches!(event, ReplyEvent::Text(text) if text.is_empty())));
}

#[tokio::test]
async fn a_key_in_the_query_of_an_address_is_sent_and_not_shown() {
    const QUERY: &str = "api-version=2&key=AIzaSyD-abcdefghijklmnop";
    for (_, protocol) in PROTOCOLS {
        let server = Server::start();
        let at = |url: &str| {
            let plain = endpoint(*protocol, url);
            Endpoint { base_url: format!("{}?{QUERY}", plain.base_url), ..plain }
        };
        fix_all(&server, &Reply::status(404, "text/plain", ""));
        let (_, outcome) = run(&Http::new(quick()), request(at(&server.url()))).await;
        let failure = failure(outcome);
        assert!(failure.what.contains("api-version=2&key=[key]"), "{failure:?}");
        assert!(!format!("{failure:?}").contains("AIza"), "{failure:?}");
        assert!(server.asked().iter().all(|asked| asked.path.contains(QUERY)), "{:?}", server.asked());
        let nobody = at("http://127.0.0.1:1");
        let found = look(&Http::new(quick()), &keys(), &nobody, quick().connect).await;
        assert!(matches!(&found, Found::Fails { what, .. } if !what.contains("AIza")), "{found:?}");
    }
}

#[test]
fn an_address_is_shown_without_what_may_be_a_key() {
    for (url, expect) in [
        ("https://h/v1", "https://h/v1"),
        ("https://h/v1?api-version=2024-10-21", "https://h/v1?api-version=2024-10-21"),
        (
            "https://h/v1?key=secret&api-version=1&token=a=b",
            "https://h/v1?key=[key]&api-version=1&token=[key]",
        ),
        ("https://h/v1?a=&b", "https://h/v1?a=&b"),
    ] {
        assert_eq!(shown(url), expect);
    }
}
