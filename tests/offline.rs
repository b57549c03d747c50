//! The provider without a model: what it quotes, what it says when there is nothing, and that it makes nothing up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test that cannot go on says so by panicking.

use dictum::domain::exchange::{
    Endpoint, Message, Outcome, Protocol, ReplyEvent, Request, StopReason, SystemPart,
};
use dictum::domain::handbook::{Page, answer};
use dictum::io::providers::offline;
use std::fs;
use std::path::Path;

const KB: &str = "\
# Knowledge base

## Tooling
- Use pnpm for installs, never npm.
- Node 22; the version is in `.nvmrc`.
- Lint with Biome before each commit.

## Testing
- Tests run with Vitest and stand beside the code.
- Cover every new endpoint with one integration test.

## Data
- PostgreSQL 16 through Drizzle; no raw SQL outside `packages/db`.
- Amounts are integers in cents.

## Style
- TypeScript strict; no default exports.
- Comments and commit messages in English.
- Dates travel as ISO 8601 strings in UTC.
";

const README: &str = "\
# Billing

Billing turns orders into invoices and sends them by e-mail.

## Start

Run the service with:

```sh
pnpm dev
```

It listens on port 4010.
";

const DEPLOY: &str = "\
# Deployment

The image is built by GitHub Actions and rolled out to Fly.io each Tuesday.
";

const PERSONA: &str = "You are a backend engineer for Node.js services.\n\nPrefer small diffs.\n";

const CONNECT: &str = "Set `ANTHROPIC_API_KEY`.";

fn pages() -> Vec<Page> {
    vec![
        Page { path: "README.md".to_string(), text: README.to_string() },
        Page { path: "docs/deploy.md".to_string(), text: DEPLOY.to_string() },
    ]
}

fn ask(question: &str) -> String {
    answer(question, Some(KB), "backend", PERSONA, &pages(), CONNECT)
}

/// The first source that the answer quotes.
fn first_source(answer: &str) -> Option<&str> {
    answer.lines().find_map(|line| line.strip_prefix('`')?.split('`').next())
}

/// The first source is this one.
#[track_caller]
fn check(question: &str, source: &str) {
    let text = ask(question);
    assert_eq!(first_source(&text), Some(source), "{question}\n{text}");
}

#[test]
fn questions_find_their_line() {
    check("which package manager do we use?", "KB.md:4");
    check("should I use npm or yarn here?", "KB.md:4");
    check("what Node version?", "KB.md:5");
    check("how do we run tests?", "KB.md:9");
    check("do we use jest?", "KB.md:9");
    check("which database and ORM do we use?", "KB.md:13");
    check("how are prices stored?", "KB.md:14");
    check("in which format are dates sent?", "KB.md:19");
    check("are default exports allowed?", "KB.md:17");
    check("what linter do we use?", "KB.md:6");
    check("which port does the service listen on?", "README.md:13");
    check("how is it deployed?", "docs/deploy.md:3");
    check("what does billing do?", "README.md:3");
    check("small diffs or large ones?", "persona backend:3");
}

#[test]
fn italian_questions_find_the_same_lines() {
    check("che gestore di pacchetti usiamo?", "KB.md:4");
    check("quale versione di node?", "KB.md:5");
    check("con cosa facciamo i test?", "KB.md:9");
    check("che database usiamo?", "KB.md:13");
    check("in che lingua scriviamo i commenti?", "KB.md:18");
    check("come sono salvati i prezzi?", "KB.md:14");
    check("su quale porta ascolta il servizio?", "README.md:13");
    assert!(ask("che database usiamo?").contains("Nessun modello è collegato"));
}

const REGOLE: &str = "\
# Regole del progetto

## Strumenti

1. I pacchetti si installano con yarn 4.
2. Si usa Fastify per le API HTTP.
3. Il formatter è Prettier, larghezza 100.
4. I log passano da pino, mai console.log.

## Database

- MySQL 8 con Knex.
- Le migrazioni non si modificano dopo il rilascio.

## Git

- Rami: `feat/…`, `fix/…`.
- Messaggi di commit in italiano, all'imperativo.
- Ogni PR ha bisogno di due revisioni.

## Sicurezza

- Le password si cifrano con argon2id.
- I token JWT durano 15 minuti.

| Variabile | Uso |
|---|---|
| `DATABASE_URL` | connessione a MySQL |
| `PORT` | porta di ascolto, 8080 |
";

const MAGAZZINO: &str = "\
# Magazzino

[![build](https://example.org/badge.svg)](https://example.org)
<img src=\"logo.png\">

Servizio che tiene il conto delle scorte.

## Getting started

Copy `.env.example` to `.env`, then run `yarn dev`.

## Contributing

Open an issue before large changes. Use English in code reviews.

## License

MIT
";

#[test]
fn rules_in_italian_answer_both_languages() {
    let pages = [Page { path: "README.md".to_string(), text: MAGAZZINO.to_string() }];
    for (question, source) in [
        ("which package manager?", "KB.md:5"),
        ("come si installano le dipendenze?", "KB.md:5"),
        ("what web framework do we use", "KB.md:6"),
        ("che formatter usiamo?", "KB.md:7"),
        ("how should I log errors?", "KB.md:8"),
        ("posso usare console.log?", "KB.md:8"),
        ("which ORM or query builder", "KB.md:12"),
        ("what database", "KB.md:12"),
        ("can I edit a migration?", "KB.md:13"),
        ("come si chiamano i rami?", "KB.md:17"),
        ("how do I name a branch", "KB.md:17"),
        ("in che lingua scrivo i messaggi di commit?", "KB.md:18"),
        ("commit message style", "KB.md:18"),
        ("how many reviews does a PR need?", "KB.md:19"),
        ("password hashing", "KB.md:23"),
        ("quanto dura un token?", "KB.md:24"),
        ("which port", "KB.md:29"),
        ("how do I start the app?", "README.md:10"),
        ("what is the license", "README.md:18"),
        ("a cosa serve questo progetto?", "README.md:6"),
        ("regole su git", "KB.md:17"),
        ("explain this repo", "README.md:6"),
        ("what does this project do?", "README.md:6"),
    ] {
        let text = answer(question, Some(REGOLE), "plain", "You are plain.", &pages, CONNECT);
        assert_eq!(first_source(&text), Some(source), "{question}\n{text}");
    }
}

#[test]
fn all_rules_are_listed_with_their_lines() {
    for question in [
        "what are our rules?",
        "What are the project conventions",
        "list all the rules in KB.md",
        "quali sono le nostre regole?",
        "mostrami le regole del progetto",
        "quali convenzioni dobbiamo seguire?",
    ] {
        let text = ask(question);
        for (number, line) in KB.lines().enumerate().filter(|(_, line)| line.starts_with("- ")) {
            assert!(text.contains(&format!("`KB.md:{}`", number + 1)), "{question}\n{text}");
            assert!(
                text.contains(&format!("> {line}\n")) || text.ends_with(&format!("> {line}\n")),
                "{text}"
            );
        }
        assert!(text.contains("**Testing**"), "{text}");
    }
}

#[test]
fn it_says_plainly_that_there_is_no_model_and_how_to_get_one() {
    for question in [
        "hello",
        "which database?",
        "what are our rules?",
        "zzz",
        "who are you?",
        "",
        "add paging to GET /orders",
    ] {
        let text = ask(question);
        assert!(text.starts_with("**No model is connected**"), "{question}\n{text}");
        assert!(text.contains(CONNECT), "{question}\n{text}");
    }
    for name in ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "Ollama"] {
        assert!(offline::HOW_TO_CONNECT.contains(name));
    }
}

#[test]
fn a_greeting_is_greeted_and_a_name_is_given() {
    for (question, expect) in [
        ("hello", "Hello. The voice in use is `backend`."),
        ("Hi there!", "Hello."),
        ("ciao a tutti", "Ciao. La voce in uso è `backend`."),
        ("who are you?", "> You are a backend engineer for Node.js services."),
        ("ciao, chi sei?", "le sue istruzioni"),
    ] {
        let text = ask(question);
        assert!(text.contains(expect), "{question}\n{text}");
    }
    assert!(!ask("hello, which database do we use?").contains("Hello. The voice"), "that is a question");
}

#[test]
fn nothing_found_says_so_and_where_it_looked() {
    let text = ask("what is our stance on quantum entanglement?");
    for part in
        ["Nothing was found", "`quantum`", "KB.md", "2 Markdown files", "`README.md`", "persona `backend`"]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(text.contains("sections on: Tooling, Testing, Data, Style"), "{text}");
    assert_eq!(first_source(&text), None);

    let text = answer("which database?", None, "plain", "", &[], CONNECT);
    assert!(text.contains("no KB.md") && text.contains("no other Markdown file"), "{text}");
    let text = answer("quali sono le regole?", None, "plain", "", &[], CONNECT);
    assert!(text.contains("nessun KB.md"), "{text}");
    let text = answer("what are our rules?", Some(""), "plain", "", &[], CONNECT);
    assert!(text.contains("holds nothing yet"), "{text}");
}

#[test]
fn every_quoted_line_is_in_its_file_at_its_line() {
    for question in [
        "which package manager?",
        "how do I start the service?",
        "tests",
        "commit messages language",
        "rules",
    ] {
        let text = ask(question);
        let mut source: Option<(String, usize)> = None;
        let mut quoted = 0;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('`').and_then(|rest| rest.split('`').next()) {
                let (path, number) = name.rsplit_once(':').unwrap();
                source = Some((path.to_string(), number.parse().unwrap()));
            } else if let Some(quote) = line.strip_prefix('>') {
                let (path, number) = source.as_mut().expect("a quotation has its source above");
                let file = match path.as_str() {
                    "KB.md" => KB,
                    "README.md" => README,
                    "docs/deploy.md" => DEPLOY,
                    _ => PERSONA,
                };
                assert_eq!(file.lines().nth(*number - 1).unwrap().trim(), quote.trim(), "{text}");
                *number += 1;
                quoted += 1;
            }
        }
        assert!(quoted > 0, "{question}\n{text}");
    }
}

#[test]
fn long_passages_are_cut_and_say_so() {
    let code = format!("```js\n{}```\n", "const pineapple = 1;\n".repeat(50));
    let text = answer("pineapple", Some(&code), "plain", "", &[], CONNECT);
    assert!(text.contains("> … (cut)"), "{text}");
    assert_eq!(text.matches("> ```").count(), 2, "the fence is closed: {text}");
    let wide = format!("- {} pineapple", "🍍".repeat(5_000));
    let text = answer("pineapple", Some(&wide), "plain", "", &[], CONNECT);
    assert!(text.chars().count() < 2_500, "{}", text.chars().count());
}

#[test]
fn any_text_makes_an_answer() {
    use proptest::prelude::*;
    proptest!(|(question in "\\PC{0,80}", kb in "([\\-#`>|~*a-z0-9 \\t\\n\u{e9}\u{1f34d}<!=]){0,300}")| {
        let text = answer(&question, Some(&kb), "plain", &kb, &[], CONNECT);
        prop_assert!(text.starts_with("**N"));
    });
}

fn request(question: &str, system: Vec<SystemPart>) -> Request {
    Request {
        endpoint: Endpoint {
            protocol: Protocol::Offline,
            provider: "offline".to_string(),
            base_url: String::new(),
            model: "offline".to_string(),
            models: Vec::new(),
        },
        system,
        messages: vec![
            Message::User { text: "an earlier question".to_string() },
            Message::Assistant {
                text: "an earlier answer".to_string(),
                calls: Vec::new(),
                opaque: Vec::new(),
            },
            Message::User { text: question.to_string() },
        ],
        tools: Vec::new(),
        without_tools: None,
        max_tokens: 1_000,
    }
}

fn labelled(label: &str, text: &str) -> SystemPart {
    SystemPart { label: label.to_string(), text: text.to_string() }
}

/// Asks the provider; tells the outcome, the joined text, and how many pieces it came in.
fn stream(request: &Request, project: &Path) -> (Outcome, String, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let outcome = runtime.block_on(offline::ask(request, project, sender));
    let (mut text, mut pieces) = (String::new(), 0);
    assert!(matches!(events.try_recv(), Ok(ReplyEvent::Start { .. })), "a start comes first");
    while let Ok(event) = events.try_recv() {
        let ReplyEvent::Text(piece) = event else { panic!("text only, but {event:?}") };
        text.push_str(&piece);
        pieces += 1;
    }
    (outcome, text, pieces)
}

#[test]
fn the_provider_reads_the_project_and_streams() {
    let project = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("KB.md", KB);
    write("README.md", README);
    write("docs/deploy.md", DEPLOY);
    write("node_modules/pg/README.md", "The database is somebody else's.\n");
    write("ignored/notes.md", "The database is a secret.\n");
    write(".gitignore", "ignored/\n");
    write("huge.md", &"The database is huge.\n".repeat(20_000));

    let system = vec![labelled("persona", PERSONA), labelled("KB.md", "Rules of the project:\n\n- stale")];
    let (outcome, text, pieces) = stream(&request("which database do we use?", system), project.path());
    assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
    assert_eq!(first_source(&text), Some("KB.md:13"), "{text}");
    assert!(text.contains("2 Markdown files (`README.md`, `docs/deploy.md`)"), "{text}");
    assert!(pieces > 10, "{pieces} pieces");
}

#[test]
fn the_provider_answers_in_an_empty_folder_and_in_none() {
    let empty = tempfile::tempdir().unwrap();
    for folder in [empty.path(), Path::new("/no/such/folder")] {
        let (outcome, text, _) = stream(&request("which database?", Vec::new()), folder);
        assert_eq!(outcome, Outcome::Complete(StopReason::EndTurn));
        assert!(text.contains("no KB.md") && text.contains("no other Markdown file"), "{text}");
        // What the request holds stands in for a file that is not here.
        let told = vec![labelled("KB.md", "- The database is PostgreSQL.\n")];
        let (_, text, _) = stream(&request("which database?", told), folder);
        assert!(text.contains("> - The database is PostgreSQL."), "{text}");
    }
}

#[test]
fn a_reader_that_left_ends_the_answer() {
    let project = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    drop(events);
    let outcome = runtime.block_on(offline::ask(&request("hello", Vec::new()), project.path(), sender));
    assert_eq!(outcome, Outcome::Cancelled);
}
