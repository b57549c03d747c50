//! Layer one: the edge-case table, how sentences are written, and what must never come out. Its figures are in tests/measure.rs.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use dictum::domain::kb::detect::{Detection, Detector};
use dictum::domain::kb::document::Document;
use dictum::domain::kb::{Band, Origin, Polarity, Span};
use proptest::prelude::*;

/// KB.md with one entry per line that is no heading, enough for what layer one asks of it.
fn kb(source: &str) -> Document {
    Document::parse(source)
}

fn typed(message: &str) -> Detection {
    Detector::new().detect(&[Span::typed(message)], &Document::default())
}

/// What a message must give.
#[derive(Clone, Copy, Debug)]
enum Want {
    /// No candidate of any band.
    Nothing,
    /// Nothing that is offered without the model.
    NotStrong,
    /// One strong candidate with this sentence.
    Says(&'static str),
    /// Strong candidates with these sentences, in this order.
    All(&'static [&'static str]),
    /// A strong candidate that only takes a rule back.
    Revokes,
}

fn check(detector: &Detector, row: &str, message: &str, want: Want) -> Result<(), String> {
    check_spans(detector, row, &[Span::typed(message)], "", want)
}

fn check_spans(
    detector: &Detector,
    row: &str,
    spans: &[Span],
    source: &str,
    want: Want,
) -> Result<(), String> {
    let document = kb(source);
    let found = detector.detect(spans, &document);
    let strong: Vec<&str> =
        found.candidates.iter().filter(|c| c.band == Band::Strong).map(|c| c.text.as_str()).collect();
    let right = match want {
        Want::Nothing => found.candidates.is_empty() && !found.durable,
        Want::NotStrong => strong.is_empty() && !found.durable,
        Want::Says(text) => strong == [text] && found.durable,
        Want::All(texts) => strong == texts && found.durable,
        Want::Revokes => found.candidates.iter().any(|c| c.revokes && c.text.is_empty()) && strong.len() == 1,
    };
    if right {
        return Ok(());
    }
    let clauses = detector.explain(spans, &document).join("\n    ");
    Err(format!("row {row}: {spans:?}\n  want {want:?}\n  got {:#?}\n    {clauses}", found.candidates))
}

fn all(results: impl IntoIterator<Item = Result<(), String>>) {
    let wrong: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// The edge cases of the design that layer one decides, in English and Italian.
const EDGES: &[(&str, &str, Want)] = &[
    ("1", "use tabs in this script", Want::Nothing),
    ("1", "usa i tab in questo script", Want::Nothing),
    ("2", "use pnpm.", Want::NotStrong),
    ("2", "usa pnpm.", Want::NotStrong),
    ("4", "for this service only, use http", Want::NotStrong),
    ("5", "just this once, skip the lint step", Want::Nothing),
    ("5", "solo per stavolta salta il lint", Want::Nothing),
    ("6", "the build always fails on windows", Want::Nothing),
    ("6", "la build fallisce sempre su windows", Want::Nothing),
    ("7", "the promise never resolves", Want::Nothing),
    ("7", "la promise non si risolve mai", Want::NotStrong),
    ("8", "add the login page, and from now on every page has a test", Want::Says("Every page has a test.")),
    ("8", "aggiungi il login, e d'ora in poi ogni pagina ha un test", Want::Says("Ogni pagina ha un test.")),
    ("12", "look\n```\nfrom now on always use tabs\nnever stop", Want::Nothing),
    ("13", "from now on use `pnpm`", Want::Says("Use `pnpm`.")),
    ("13", "d'ora in poi usa `pnpm`", Want::Says("Usa `pnpm`.")),
    ("14", "// always use the singleton\nconst a = b();\nwhat is this?", Want::Nothing),
    ("15", "> always squash your commits\n\nwhat do you think?", Want::Nothing),
    ("15", "> fate sempre squash dei commit\n\nche ne pensi?", Want::Nothing),
    (
        "16",
        "> Always squash your commits.\n\ndo as she says from now on",
        Want::Says("Always squash your commits."),
    ),
    ("17", "should we always validate?", Want::Nothing),
    ("17", "dovremmo validare sempre?", Want::Nothing),
    ("19", "can you use pnpm? we dropped npm", Want::NotStrong),
    ("20", "why do you keep adding lodash? we don't use it", Want::Says("Do not use lodash.")),
    ("21", "I always forget the syntax", Want::Nothing),
    ("21", "dimentico sempre la sintassi", Want::Nothing),
    ("22", "no worries, always a pleasure", Want::Nothing),
    ("22", "mai dire mai", Want::Nothing),
    ("22", "sempre bello lavorare con te", Want::Nothing),
    ("23", "don't forget to update the changelog", Want::NotStrong),
    (
        "23",
        "don't forget to update the changelog on every PR, always",
        Want::Says("Do not forget to update the changelog on every PR."),
    ),
    ("24", "don't commit yet", Want::Nothing),
    ("24", "non committare ancora", Want::Nothing),
    ("25", "never commit without asking me", Want::Says("Never commit without asking me.")),
    ("25", "non committare mai senza chiedermelo", Want::Says("Non committare mai senza chiedermelo.")),
    ("26", "always answer in English", Want::Says("Always answer in English.")),
    (
        "26",
        "rispondi in inglese anche se scrivo in italiano",
        Want::Says("Rispondi in inglese anche se scrivo in italiano."),
    ),
    ("27", "sure, from now on we deploy without tests 🙄", Want::Nothing),
    ("27", "sì certo, da oggi si va in produzione senza test 😂", Want::Nothing),
    ("28", "from now on tabs… no wait, forget it", Want::Nothing),
    ("28", "d'ora in poi tab... anzi no", Want::Nothing),
    ("30", "next sprint we move to pnpm", Want::Nothing),
    ("30", "il prossimo sprint passiamo a pnpm", Want::Nothing),
    ("32", "we used to use mongo", Want::Nothing),
    ("32", "una volta usavamo mongo", Want::Nothing),
    (
        "33",
        "if the payload is over 1 MB always stream it",
        Want::Says("If the payload is over 1 MB always stream it."),
    ),
    ("34", "when you add a table, add created_at", Want::Says("When you add a table, add created_at.")),
    (
        "34",
        "quando aggiungi una tabella, aggiungi created_at",
        Want::Says("Quando aggiungi una tabella, aggiungi created_at."),
    ),
    ("35", "when you're done, run the tests", Want::Nothing),
    ("35", "quando hai finito lancia i test", Want::Nothing),
    ("36", "make the job run every day", Want::Nothing),
    ("36", "fai girare il job ogni giorno", Want::Nothing),
    ("37", "the total must never be negative, fix computeTotal", Want::NotStrong),
    (
        "37",
        "business rule: the total must never be negative",
        Want::Says("The total must never be negative."),
    ),
    ("38", "write in the README that tests must always pass", Want::Nothing),
    ("38", "scrivi nel README che i test devono sempre passare", Want::Nothing),
    ("38", "draft a mail: from Monday everybody must use the VPN", Want::Nothing),
    ("39", "add an eslint rule that forbids default exports", Want::Nothing),
    ("43", "drop rule 3", Want::Revokes),
    ("43", "togli la regola 3", Want::Revokes),
    (
        "47",
        "use vitest not jest, except in packages/old, as a rule",
        Want::Says("Use vitest not jest, except in packages/old."),
    ),
    ("56", "from now on use the key sk-ant-REDACTED", Want::Nothing),
    ("57", "always use tabs\nalways use tabs\nalways use tabs", Want::Says("Always use tabs.")),
    ("59", "i test con vitest from now on, ok?", Want::Says("I test con vitest.")),
    ("60", "from now on use tabs", Want::Says("Use tabs.")),
    ("61", "fix the header from now on we use rem for font sizes", Want::Says("Use rem for font sizes.")),
    ("62", "remember when we wrote everything in perl?", Want::Nothing),
    ("62", "remember that dates are stored in UTC", Want::Says("Dates are stored in UTC.")),
    ("62", "ti ricordi quando usavamo perl?", Want::Nothing),
    ("62", "ricordati che le date sono in UTC", Want::Says("Le date sono in UTC.")),
    ("63", "from\u{200b} now on use ta\u{200b}bs", Want::Says("Use ta\u{200b}bs.")),
];

#[test]
fn the_edge_cases_of_the_design() {
    let detector = Detector::new();
    all(EDGES.iter().map(|(row, message, want)| check(&detector, row, message, *want)));
}

#[test]
fn sentences_are_written_by_deletion() {
    let detector = Detector::new();
    let cases: &[(&str, Want)] = &[
        ("from now on use npm", Want::Says("Use npm.")),
        (
            "ok new rule: every http service is Fastify going forward, Express is banned",
            Want::Says("Every http service is Fastify, Express is banned."),
        ),
        ("we use pnpm in this repo btw, not npm", Want::Says("Use pnpm, not npm.")),
        (
            "lodash is out. use native methods or es-toolkit",
            Want::Says("Use native methods or es-toolkit, not lodash."),
        ),
        ("jest is gone, vitest from here on", Want::Says("Use vitest, not jest.")),
        ("stop using moment, this project is on dayjs", Want::Says("Do not use moment, use dayjs.")),
        ("always install with pnpm", Want::Says("Always install with pnpm.")),
        (
            "d'ora in avanti: commit in inglese, branch con il numero del ticket, niente merge commit",
            Want::All(&["Commit in inglese.", "Branch con il numero del ticket.", "Niente merge commit."]),
        ),
        (
            "Rules for this codebase:\n- no barrel files\n- async/await only, no .then chains\nnow scaffold the products module",
            Want::All(&["No barrel files.", "async/await only, no .then chains."]),
        ),
        (
            "i commenti nel codice li vogliamo in inglese, aggiorna la KB",
            Want::Says("I commenti nel codice li vogliamo in inglese."),
        ),
        (
            "going forward, PR descriptions include a 'How to test' section",
            Want::Says("PR descriptions include a 'How to test' section."),
        ),
    ];
    all(cases.iter().map(|(message, want)| check(&detector, "text", message, *want)));
}

#[test]
fn a06_a_few_words_that_name_a_task_are_no_rule() {
    let detector = Detector::new();
    let tasks = [
        "unit tests for the user service",
        "with comments",
        "npm run lint",
        "npm run dev",
        "npm ci",
        "stop",
        "hello you",
        "git push",
        "as json",
        "code review",
        "same result",
        "more detail",
        "in typescript",
        "and with types",
        "sql for monthly revenue",
        "pros and cons",
        "better names",
        "summary",
        "error handling",
        "@src/a.ts explain",
    ];
    let kb = Document::parse("# KB\n\n- Dates are in UTC\n");
    let heard = |message: &&&str| detector.detect(&[Span::typed(**message)], &kb).durable;
    assert_eq!(
        tasks.iter().filter(heard).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "needs the model's agreement"
    );
    let rules = [
        ("tabs, not spaces", Want::Says("Tabs, not spaces.")),
        ("no default exports", Want::Says("No default exports.")),
        ("UTC everywhere", Want::Says("UTC everywhere.")),
        ("camelCase for JSON keys", Want::Says("camelCase for JSON keys.")),
    ];
    all(rules.iter().map(|(message, want)| check(&detector, "a06", message, *want)));
}

#[test]
fn a06_only_new_durable_user_made_directives() {
    let detector = Detector::new();
    let one = |text: &str, origin| [Span { text: text.to_string(), origin }];
    all([
        check(&detector, "a06", "from now on use tabs", Want::Says("Use tabs.")),
        check(&detector, "a06", "for this one use tabs", Want::Nothing),
        check(&detector, "a06", "do we use tabs?", Want::Nothing),
        check(
            &detector,
            "a06",
            "look at this log:\n\n2024-05-01 10:00:01 WARN always use tabs\n",
            Want::Nothing,
        ),
        check(&detector, "a06", "what is this?\n```\n[hint] from now on always use tabs\n```", Want::Nothing),
        check_spans(
            &detector,
            "a06",
            &one("I will always use tabs from now on", Origin::Model),
            "",
            Want::Nothing,
        ),
        check_spans(&detector, "a06", &one("from now on use tabs", Origin::Tool), "", Want::Nothing),
        check_spans(&detector, "a06", &one("from now on use tabs", Origin::FileMention), "", Want::Nothing),
        check_spans(
            &detector,
            "a06",
            &[Span::typed("ok")],
            "- assistant: add \"use tabs\" to KB\n",
            Want::Nothing,
        ),
    ]);
}

#[test]
fn a07_what_kb_already_says_is_still_found() {
    let found =
        Detector::new().detect(&[Span::typed("always install with pnpm")], &kb("- Use pnpm for installs\n"));
    assert!(found.durable);
    assert_eq!(found.candidates.len(), 1);
}

#[test]
fn pasted_words_count_only_when_adopted() {
    let detector = Detector::new();
    let rule = || Span::pasted("Every module exposes exactly one index.ts.\n");
    let log = Span::pasted(format!("{}\nalways use tabs\n", "at run (a.js:1:2)\n".repeat(200)));
    all([
        check_spans(&detector, "paste", &[Span::typed("look at this\n"), rule()], "", Want::Nothing),
        check_spans(
            &detector,
            "paste",
            &[Span::typed("treat this as a project rule:\n"), rule()],
            "",
            Want::Says("Every module exposes exactly one index.ts."),
        ),
        check_spans(
            &detector,
            "paste",
            &[rule(), Span::typed("mettilo come regola")],
            "",
            Want::Says("Every module exposes exactly one index.ts."),
        ),
        check_spans(
            &detector,
            "9 and 10",
            &[log, Span::typed("\nfrom now on never log tokens")],
            "",
            Want::Says("Never log tokens."),
        ),
    ]);
}

#[test]
fn masked_text_keeps_its_length_and_the_users_words() {
    let detector = Detector::new();
    let spans = [
        Span::typed("from now on tabs. the doc says \"always use four spaces here\"\n```\nx\n```\n"),
        Span::pasted("never è"),
    ];
    let joined: String = spans.iter().map(|s| s.text.as_str()).collect();
    let seen = detector.typed_unmasked(&spans);
    assert_eq!(seen.len(), joined.len());
    assert!(seen.contains("from now on tabs"));
    assert!(!seen.contains("four spaces") && !seen.contains("```") && !seen.contains("never"));
}

#[test]
fn vetoes_say_why() {
    let detector = Detector::new();
    assert_eq!(detector.vetoed("from now on use tabs"), None);
    assert!(detector.vetoed("for now use tabs").unwrap().contains("while"));
    assert!(detector.vetoed("should we always use tabs?").unwrap().contains("question"));
    assert!(detector.vetoed("remember the key AKIAIOSFODNN7EXAMPLE").unwrap().contains("secret"));
    let spans = [Span::typed("should we always use tabs here?")];
    assert!(detector.vetoed_in(&spans, &(10..25)).is_some());
}

#[test]
fn polarity_is_that_of_the_whole_rule() {
    let cases = [
        ("never force push", Polarity::Forbid),
        ("don't use emojis in commit messages", Polarity::Forbid),
        ("no barrel files in this repo", Polarity::Forbid),
        ("niente classi nel progetto, regola fissa", Polarity::Forbid),
        ("from now on use pnpm, not npm", Polarity::Require),
        ("no, in this project we use tabs", Polarity::Require),
        ("remember: don't forget that dates are in UTC", Polarity::Require),
    ];
    for (message, polarity) in cases {
        let found = typed(message);
        assert_eq!(found.candidates.first().map(|c| c.polarity), Some(polarity), "{message}: {found:?}");
    }
}

#[test]
fn quotes_are_the_users_bytes() {
    let message = "fix the bug. d'ora in poi niente «any» nel codice, è una regola";
    for candidate in typed(message).candidates {
        assert_eq!(message.get(candidate.range.clone()), Some(candidate.quote.as_str()));
    }
}

#[test]
fn secrets_never_come_out() {
    let secrets = [
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "Pippo123!",
        "postgres://app:hunter2@db/prod",
    ];
    for secret in secrets {
        for frame in [
            "from now on the password is {}",
            "la password è {}, ricordatela, d'ora in poi",
            "add to KB: the api key is {}",
            "always connect with {}",
        ] {
            let message = frame.replace("{}", secret);
            let out = format!("{:?}", typed(&message));
            let shaped = secret.len() > 12 || message.contains("password");
            assert!(!shaped || !out.contains(secret), "{message}: {out}");
        }
    }
}

#[test]
fn sentences_keep_what_the_user_named() {
    let detector = Detector::new();
    let (mut kept, mut asked) = (0.0f32, 0.0f32);
    for set in ["dev", "own", "blind", "unseen"] {
        let path = format!("{}/tests/data/directives_{set}.jsonl", env!("CARGO_MANIFEST_DIR"));
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let document = kb(case["kb"].as_str().unwrap());
            let found = detector.detect(&[Span::typed(case["message"].as_str().unwrap())], &document);
            let said: String =
                found.candidates.iter().map(|c| c.text.to_lowercase()).collect::<Vec<_>>().join(" ");
            for directive in case["expect"]["directives"].as_array().unwrap() {
                let musts = directive["must"].as_array().unwrap();
                if musts.is_empty() || !found.durable {
                    continue;
                }
                let holds = |must: &serde_json::Value| {
                    must.as_str().unwrap().to_lowercase().split('|').any(|word| said.contains(word))
                };
                asked += 1.0;
                if musts.iter().all(holds) {
                    kept += 1.0;
                } else {
                    println!("{} {musts:?} not in {said:?}", case["id"]);
                }
            }
        }
    }
    println!("## named words kept in {kept} of {asked}");
    assert!(kept / asked >= 0.97);
}

#[test]
fn long_messages_take_bounded_time() {
    let detector = Detector::new();
    let sentence = "we looked at the cart again and the total is off by one cent, but only for some orders in the export. ";
    let four = [Span::typed(sentence.repeat(40))];
    let paste =
        [Span::pasted("at run (a.js:1:2) never always\n".repeat(6000)), Span::typed("from now on use tabs")];
    let as_typed = [Span::typed("at run (a.js:1:2) never always\n".repeat(6000))];
    for (name, spans, limit) in [
        ("4 KB typed", &four[..], 200),
        ("190 KB pasted", &paste[..], 400),
        ("190 KB log typed", &as_typed[..], 8000),
    ] {
        let start = Instant::now();
        detector.detect(spans, &Document::default());
        let took = start.elapsed();
        println!("## {name}: {took:?}");
        // The limits are for a debug build on a busy machine; the budget of a release build is far below.
        assert!(took < Duration::from_millis(limit), "{name} took {took:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_read_without_panic(texts in proptest::collection::vec(".{0,80}", 1..5), origins in proptest::collection::vec(0..3, 5)) {
        let detector = shared();
        let origin = |i: usize| [Origin::Typed, Origin::Pasted, Origin::Model][origins[i % 5] as usize];
        let spans: Vec<Span> = texts.iter().enumerate().map(|(i, t)| Span { text: t.clone(), origin: origin(i) }).collect();
        probe(&detector, &spans);
    }

    #[test]
    fn any_mix_of_marks_and_cues_is_read_without_panic(parts in proptest::collection::vec(0..30usize, 0..30)) {
        const PARTS: [&str; 30] = ["from now on", "'", "\"", "```", "\n", "> ", "- ", "è", "d'", "'s", "…", "...", "«", "use", "{", "}", "(", ")", ":", "?", "𝒳", "\u{200b}", "\t", "    ", "http://", "n't", "İ", "ǅ", "1.", "e.g."];
        let detector = shared();
        let text: String = parts.iter().map(|i| PARTS[*i]).collect::<Vec<_>>().join(if parts.len() % 2 == 0 { "" } else { " " });
        probe(&detector, &[Span::typed(text)]);
    }
}

thread_local! {
    static DETECTOR: std::rc::Rc<Detector> = std::rc::Rc::new(Detector::new());
}

fn shared() -> std::rc::Rc<Detector> {
    DETECTOR.with(Clone::clone)
}

/// Everything public, on one message; what comes out is made of the message's bytes.
fn probe(detector: &Detector, spans: &[Span]) {
    let joined: String = spans.iter().map(|span| span.text.as_str()).collect();
    let found = detector.detect(spans, &Document::default());
    for candidate in &found.candidates {
        assert_eq!(joined.get(candidate.range.clone()), Some(candidate.quote.as_str()));
    }
    assert_eq!(detector.typed_unmasked(spans).len(), joined.len());
    detector.vetoed(&joined);
    detector.vetoed_in(spans, &(0..joined.len()));
}

#[test]
fn a_ban_said_as_a_wish_takes_no_rule_back_and_a_named_rule_still_goes() {
    let detector = Detector::new();
    let kb = kb("# KB\n\n- Prefer const over let.\n- Every bug fix comes with a regression test.\n");
    let revokes = |message: &str| {
        detector.detect(&[Span::typed(message)], &kb).candidates.iter().any(|candidate| candidate.revokes)
    };
    assert!(!revokes("I don't want let anymore"));
    assert!(!revokes("I don't want let anymore, use const"));
    assert!(revokes("drop the regression test rule"));
}

#[test]
fn a_password_that_looks_like_the_end_of_a_sentence_is_no_rule() {
    let detector = Detector::new();
    let message = "from now on, use the password hunter2!X for the db";
    assert_eq!(detector.detect(&[Span::typed(message)], &kb("")).candidates, []);
}

#[test]
fn a_paste_of_several_lines_is_no_prompt_of_the_users_own() {
    let detector = Detector::new();
    let pasted = "From now on all services must use gRPC.\nAlways use yarn.";
    assert_eq!(detector.detect(&[Span::pasted(pasted)], &kb("")).candidates, []);
}
