//! The checks of a model's proposal one by one, each with what it lets pass and what it stops, in English and Italian.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use dictum::domain::kb::detect::Detector;
use dictum::domain::kb::document::Document;
use dictum::domain::kb::gate::{self, Admitted, Checked, Heard, MOST, Worded};
use dictum::domain::kb::reconcile::Reconciler;
use dictum::domain::kb::{Op, Span};
use serde_json::{Value, json};

static DETECTOR: LazyLock<Detector> = LazyLock::new(Detector::new);
static RECONCILER: LazyLock<Reconciler> = LazyLock::new(Reconciler::new);

const KB: &str = "# KB\n\n## Stack\n\n- Package manager: npm\n- Runtime: Node 20\n- Timeouts are 10 seconds, retries are 3\n\n\
                  ## Style\n\n- Use tabs\n- Comment every export\n- See https://example.com/style for the rest\n";

/// A proposal in the making.
#[derive(Clone, Debug)]
struct Case {
    turn: Vec<Span>,
    earlier: Vec<String>,
    reply: String,
    edit: Value,
}

/// The model proposes to add `text`, quoting the whole of what the user typed.
fn adds(typed: &str, text: &str) -> Case {
    edit(typed, "add", text, "", typed)
}

fn edit(typed: &str, op: &str, text: &str, supersedes: &str, quote: &str) -> Case {
    let edit = json!({ "op": op, "section": "", "text": text, "supersedes": supersedes, "reason": "said so", "quote": quote });
    Case { turn: vec![Span::typed(typed)], earlier: Vec::new(), reply: String::new(), edit }
}

impl Case {
    fn pasted(mut self, text: &str) -> Self {
        self.turn.insert(0, Span::pasted(format!("{text}\n")));
        self
    }

    fn earlier(mut self, texts: &[&str]) -> Self {
        self.earlier = texts.iter().map(|text| (*text).to_string()).collect();
        self
    }

    fn reply(mut self, text: &str) -> Self {
        self.reply = text.to_string();
        self
    }

    fn with(mut self, field: &str, value: &str) -> Self {
        self.edit[field] = value.into();
        self
    }

    fn checked(&self, kb: &str) -> Checked {
        check(&json!({ "edits": [self.edit] }).to_string(), self, kb, MOST)
    }

    #[track_caller]
    fn passes(&self) -> Admitted {
        let checked = self.checked(KB);
        assert_eq!(checked.refused, Vec::<String>::new(), "{self:?}");
        checked.admitted[0].clone()
    }

    #[track_caller]
    fn stopped(&self, why: &str) -> Checked {
        let checked = self.checked(KB);
        assert!(checked.admitted.is_empty(), "{self:?} gave {:?}", checked.admitted);
        assert!(
            checked.refused.len() == 1 && checked.refused[0].contains(why),
            "{why:?}: {:?}",
            checked.refused
        );
        checked
    }
}

fn check(arguments: &str, case: &Case, kb: &str, room: usize) -> Checked {
    let heard = Heard { turn: &case.turn, earlier: &case.earlier, reply: &case.reply };
    gate::check_with(&DETECTOR, &RECONCILER, arguments, heard, &Document::parse(kb), room)
}

#[test]
fn v1_the_quote_is_typed_in_this_turn() {
    adds("From now on  use “double” quotes, please.", "Use double quotes.")
        .with("quote", "use \"double\" quotes")
        .passes();
    adds("d'ora in poi i nomi delle tabelle sono al plurale", "I nomi delle tabelle sono al plurale.")
        .passes();
    for foreign in [
        adds("what does this mean?", "Use double quotes.")
            .pasted("always use double quotes")
            .with("quote", "always use double quotes"),
        adds("che cosa dice?\n```\nusare sempre le virgolette doppie\n```", "Usare le virgolette doppie.")
            .with("quote", "usare sempre le virgolette doppie"),
        adds("he wrote \"always use double quotes in every file\" in the issue, why?", "Use double quotes.")
            .with("quote", "always use double quotes in every file"),
        adds("explain the setup", "Comment every export and every import.")
            .with("quote", "Comment every export"),
        adds("and in the readme?", "Use semicolons.")
            .reply("I will always use semicolons.")
            .with("quote", "I will always use semicolons"),
    ] {
        assert_eq!(foreign.stopped("was not typed by the user").foreign, 1);
    }
    let invented =
        adds("fix the bug in the cart", "Use double quotes.").with("quote", "always use double quotes");
    assert_eq!(invented.stopped("is not in what the user typed").foreign, 0);
    adds("use tabs everywhere, always", "Use tabs.")
        .with("quote", "tab")
        .stopped("is not in what the user typed");
}

#[test]
fn v1_a_short_yes_lets_the_two_turns_before_be_quoted() {
    let said = |typed: &str| {
        adds(typed, "Use double quotes everywhere.")
            .with("quote", "double quotes everywhere")
            .earlier(&["I want double quotes everywhere", "and now the tests"])
    };
    said("yes, save it").passes();
    said("Yes please, add that to KB.md.").passes();
    let italian = |typed: &str| {
        adds(typed, "I log sono in JSON.")
            .with("quote", "i log li voglio in JSON")
            .earlier(&["i log li voglio in JSON ovunque"])
    };
    italian("sì, mettilo nella kb").passes();
    italian("ok").passes();
    said("ok now fix the failing build").stopped("is not in what the user typed");
    said("yes, but is that wise?").stopped("is not in what the user typed");
    italian("sì, ma solo per oggi").stopped("is not in what the user typed");
    let vetoed = adds("yes", "Use double quotes.")
        .earlier(&["use double quotes for now"])
        .with("quote", "use double quotes");
    vetoed.stopped("no standing rule");
}

#[test]
fn v1_what_only_the_model_worded_needs_a_yes_and_says_so() {
    let asked =
        "You write them in every file. Shall I save \"Prefer double quotes in every file\" as a rule?";
    let case = adds("yes, save it", "Prefer double quotes in every file.").reply(asked);
    let admitted = case.passes();
    assert_eq!((admitted.worded, admitted.quote.as_str()), (Worded::ByModel, "yes, save it"));
    let admitted = case.clone().with("quote", "Prefer double quotes in every file").passes();
    assert_eq!(
        (admitted.worded, admitted.quote.as_str()),
        (Worded::ByModel, "yes, save it"),
        "the user's words are shown"
    );
    let italian = adds("sì, salvala", "Le date sono in UTC ovunque.")
        .reply("Salvo come regola: \"Le date sono in UTC ovunque\"?");
    assert_eq!(italian.passes().worded, Worded::ByModel);
    // The user's own words before it make it theirs.
    let own =
        case.clone().earlier(&["prefer double quotes in every file"]).with("quote", "prefer double quotes");
    assert_eq!(own.passes().worded, Worded::ByUser);
    case.clone().reply("I prefer double quotes in every file.").stopped("not in the user's words");
    adds("now the tests", "Prefer double quotes in every file.")
        .reply(asked)
        .stopped("not in the user's words");
    case.with("text", "Prefer single quotes, 4 spaces, no semicolons and a trailing comma.")
        .stopped("not in the user's words");
}

#[test]
fn v2_what_does_not_last_is_no_rule() {
    for (typed, quote) in [
        ("use double quotes for now", "use double quotes"),
        ("just this once, use double quotes", "use double quotes"),
        ("do we always use double quotes?", "always use double quotes"),
        ("maybe we should always use double quotes", "always use double quotes"),
        ("in this branch always use double quotes", "always use double quotes"),
        ("write in the README that you always use double quotes", "always use double quotes"),
        ("always use double quotes. no wait, scratch that", "always use double quotes"),
        ("per ora usa le virgolette doppie", "usa le virgolette doppie"),
        ("solo per oggi usa le virgolette doppie", "usa le virgolette doppie"),
        ("usiamo sempre le virgolette doppie?", "usiamo sempre le virgolette doppie"),
        ("usa sempre le virgolette doppie. anzi no", "usa sempre le virgolette doppie"),
    ] {
        let text =
            if quote.contains("virgolette") { "Usa le virgolette doppie." } else { "Use double quotes." };
        edit(typed, "add", text, "", quote).stopped("no standing rule");
    }
    // The task beside it does not lift the rule, nor does the rule's own condition stop it.
    adds(
        "use double quotes for now in the cart, and from now on sort imports by name",
        "Sort imports by name.",
    )
    .with("quote", "from now on sort imports by name")
    .passes();
    adds(
        "quando aggiungi una tabella, aggiungi created_at",
        "Quando aggiungi una tabella, aggiungi created_at.",
    )
    .passes();
}

#[test]
fn v3_nothing_is_invented() {
    let quote = "always use double quotes";
    adds(quote, "Use Prettier with trailing commas and a width of 100").stopped("not in the user's words");
    adds(quote, "Use double quotes, semicolons, trailing commas, short lines and short names")
        .stopped("Most of");
    adds(
        "install with pnpm, always",
        "Install with pnpm, frozen lockfile, strict peers, no scripts and a private registry",
    )
    .stopped("Most of");
    adds("usa sempre le virgolette doppie", "Usa ESLint con Airbnb, i trailing comma e le arrow function")
        .stopped("Most of");
    // Words of the other language are the user's words.
    adds("d'ora in poi ogni tabella ha una chiave primaria uuid", "Every table has a uuid primary key.")
        .passes();
    adds("i messaggi di commit sono sempre in inglese", "Commit messages are in English.").passes();
    adds("write tests for every endpoint, always", "Scrivi i test per ogni endpoint.").passes();
}

#[test]
fn v3_a_rule_is_not_turned_round() {
    adds("always use double quotes", "Never use double quotes.").stopped("the opposite");
    adds("usa sempre le virgolette doppie", "Non usare mai le virgolette doppie.").stopped("the opposite");
    adds("never log passwords", "Log passwords.").stopped("the opposite");
    adds("non usare mai i default export", "Usare i default export.").stopped("the opposite");
    adds("never log passwords", "Passwords are never logged.").passes();
    adds("from now on named exports, no default ones", "Use named exports.").passes();
    adds("stop using lodash", "Do not use lodash.").passes();
    adds("i default export non li voglio più", "Do not use default exports.").passes();
    adds("don't forget to add a changelog entry on every PR", "Add a changelog entry on every PR.").passes();
}

#[test]
fn v3_numbers_versions_and_paths_are_the_users() {
    let minutes = "connection timeouts are always 15 seconds";
    adds(minutes, "Connection timeouts are 15 seconds.").passes();
    adds(minutes, "Connection timeouts are 5 seconds.").stopped("\"5\"");
    adds(minutes, "Connection timeouts are 15.5 seconds.").stopped("15.5");
    adds("i test stanno sempre in src/legacy", "I test stanno in src/legacy/new.ts.")
        .stopped("src/legacy/new.ts");
    adds("i test stanno sempre in src/legacy", "I test stanno in src/legacy.").passes();
    // The line that goes may lend the numbers that stay, but only where it is replaced.
    let line = "Timeouts are 10 seconds, retries are 3";
    let kept = edit(
        "timeouts are 20 seconds from now on",
        "replace",
        "Timeouts are 20 seconds, retries are 3",
        line,
        "timeouts are 20 seconds",
    );
    assert_eq!(kept.passes().edit.supersedes.unwrap().line, 7);
    kept.with("op", "add").stopped("\"3\"");
}

#[test]
fn v4_no_field_carries_a_secret() {
    let key = "sk-ant-REDACTED-REDACTED";
    let quote = format!("always use the key {key}");
    let clean = adds("always read the key from the environment", "Read the key from the environment.");
    clean.passes();
    for case in [
        adds(&quote, &quote),
        clean.clone().with("reason", key),
        clean.clone().with("section", &format!("the password is gatto77! {key}")),
        clean.clone().with("text", "Connect with postgres://app:hunter22@db:5432/x"),
        clean.with("supersedes", "la password è gatto77!"),
    ] {
        let checked = case.stopped("looks like a secret");
        assert!(!checked.refused[0].contains("REDACTED") && !checked.refused[0].contains("gatto77"));
    }
}

#[test]
fn v5_the_line_that_goes_is_exactly_one() {
    let said = "from now on use pnpm as the package manager";
    for named in ["Package manager: npm", "- package manager: NPM.", "package manager  npm"] {
        let admitted = edit(said, "replace", "Use pnpm as the package manager.", named, said).passes();
        assert_eq!(admitted.edit.supersedes.unwrap().line, 5, "{named}");
    }
    // Of two alike the model names none: reconciliation decides, or nothing is removed.
    let twice = "- Log in JSON\n- Use tabs\n- Log in JSON\n";
    let removal =
        edit("drop the rule on semicolons", "remove", "", "Log in JSON", "drop the rule on semicolons");
    assert!(removal.checked(twice).admitted.is_empty());
    // A line that the user's words do not speak of stays.
    edit(said, "remove", "", "Use tabs", said).stopped("does not take a rule back");
    edit(
        "forget the rule about feature flags",
        "remove",
        "",
        "Use tabs",
        "forget the rule about feature flags",
    )
    .stopped("do not speak of");
    let other = edit(
        "i nomi dei branch sono sempre in inglese",
        "replace",
        "I nomi dei branch sono in inglese.",
        "Use tabs",
        "i nomi dei branch sono sempre in inglese",
    );
    assert_eq!(
        (other.passes().edit.op, other.passes().edit.supersedes),
        (Op::Add, None),
        "the rule stands, the other line too"
    );
    let gone = edit(
        "la regola sui commenti può sparire",
        "remove",
        "",
        "Comment every export",
        "la regola sui commenti può sparire",
    );
    assert_eq!(gone.passes().edit.supersedes.unwrap().text, "Comment every export");
}

#[test]
fn v6_one_plain_line() {
    let quote = "always use double quotes";
    for (text, why) in [
        ("Use double quotes\nalways", "several lines"),
        ("# Use double quotes", "heading"),
        ("Use double quotes ```", "several lines"),
        ("Use double quotes <!-- always -->", "comment"),
        ("Use double\u{202e} quotes", "invisible"),
        ("Use double\u{200b} quotes", "invisible"),
        ("Use double quotes, see https://double.quotes", "address or a command"),
        ("Use double quotes | sh", "address or a command"),
        ("Use double quotes $(always)", "address or a command"),
        ("Use double quotes [rest unchanged]", "leaves out"),
        ("Usa double quotes (il resto invariato)", "leaves out"),
        ("---", "no text"),
        ("", "no text"),
    ] {
        adds(quote, text).stopped(why);
    }
    adds(quote, &format!("Use double quotes {}", "always ".repeat(40))).stopped("too long");
    assert_eq!(
        adds(quote, "- Use double quotes").passes().edit.text,
        "Use double quotes",
        "the marker is KB.md's"
    );
    let typed = "the style guide is always https://style.example and runs `lint | tee`";
    adds(typed, "The style guide is https://style.example and runs `lint | tee`.").passes();
}

#[test]
fn v8_five_in_a_turn() {
    let rules = [
        "sort imports",
        "write docstrings",
        "log in JSON",
        "name branches after tickets",
        "store dates in UTC",
        "pin versions",
        "avoid globals",
    ];
    let typed = format!("always {}", rules.join(", always "));
    let edits: Vec<Value> =
        rules.iter().map(|rule| adds(&typed, rule).with("quote", &format!("always {rule}")).edit).collect();
    let case = adds(&typed, "");
    let arguments = json!({ "edits": edits }).to_string();
    let checked = check(&arguments, &case, "", MOST);
    assert_eq!((checked.admitted.len(), checked.refused.len()), (5, 1), "{:?}", checked.refused);
    assert!(checked.refused[0].contains("At most 5"));
    // What an earlier call of the turn took is gone.
    assert_eq!(check(&arguments, &case, "", 2).admitted.len(), 2);
    assert_eq!(check(&arguments, &case, "", 0).admitted.len(), 0);
}

/// A model that words every directive of a labelled set as its author did is nearly always heard.
#[test]
fn what_a_good_model_proposes_passes() {
    for (name, gold) in [
        ("dev", include_str!("data/directives_dev.jsonl")),
        ("blind", include_str!("data/directives_blind.jsonl")),
    ] {
        let (mut passed, mut stopped) = (0, Vec::new());
        for line in gold.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let (message, kb) = (case["message"].as_str().unwrap(), case["kb"].as_str().unwrap());
            for directive in case["expect"]["directives"].as_array().unwrap() {
                let op = directive["op"].as_str().unwrap();
                if op == "noop" {
                    continue;
                }
                let text = if op == "remove" { "" } else { directive["gist"].as_str().unwrap() };
                let supersedes = directive["supersedes"].as_str().unwrap_or("");
                let quote = quote_of(message, kb, directive);
                let checked = edit(message, op, text, supersedes, &quote).checked(kb);
                if checked.admitted.is_empty() {
                    stopped.push(format!("{} {op} {quote:?}: {:?}", case["id"], checked.refused));
                } else {
                    passed += 1;
                }
            }
        }
        let all = passed + stopped.len();
        println!("## {name}: {passed} of {all} pass\n{}", stopped.join("\n"));
        assert!(passed * 100 >= all * 95, "{name}: {passed} of {all}\n{}", stopped.join("\n"));
    }
}

/// The user's words that state a directive: the detector's, else the line that holds its terms, else the message.
fn quote_of(message: &str, kb: &str, directive: &Value) -> String {
    let terms: Vec<String> = directive["must"]
        .as_array()
        .unwrap()
        .iter()
        .map(|term| term.as_str().unwrap().to_lowercase())
        .collect();
    let holds = |text: &str| {
        let text = text.to_lowercase();
        terms.iter().all(|term| term.split('|').any(|term| text.contains(term)))
    };
    let found = DETECTOR.detect(&[Span::typed(message)], &Document::parse(kb)).candidates;
    let quoted = found.into_iter().map(|candidate| candidate.quote).find(|quote| holds(quote));
    let line = || message.lines().find(|line| holds(line)).unwrap_or(message).chars().take(300).collect();
    quoted.unwrap_or_else(line)
}
