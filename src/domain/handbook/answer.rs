//! The answer without a model: quotations with file and line, in the language of the question. It never makes a sentence about the
//! project itself.

use super::words::{Tongue, content_words, stems, tongue, words};
use super::{Found, Handbook, Page, Passage, passages};

/// At most so many passages are quoted for a question.
const MOST_QUOTES: usize = 5;

/// A passage that scores less than this part of the best one is left out.
const LEAST_SHARE: f32 = 0.4;

/// A long passage is cut at so many lines or characters.
const MOST_LINES: usize = 12;
const MOST_CHARACTERS: usize = 900;

/// So many rules are listed when all are asked for.
const MOST_RULES: usize = 80;

/// So many file names are named when nothing was found.
const MOST_NAMES: usize = 6;

/// How much a page's words weigh: KB.md holds the rules, the persona is about everything.
const KB_WEIGHT: f32 = 1.6;
const PERSONA_WEIGHT: f32 = 0.8;

/// A question that asks for all rules holds one of these words (as stems) ...
const RULE_WORDS: &str = "rule rules regola regole convention conventions convenzione convenzioni directive directives direttiva direttive \
    guideline guidelines kb kb.md linee standards";

/// ... and besides only these.
const AROUND_RULES: &str = "list elenca elencami base knowledge md guida current attuali team repo repository codebase code codice follow \
    seguire segui rispettare respect work lavoro lavorare here qui exist esistono apply valgono set file";

const GREETINGS: &str = "hello hi hey yo ciao salve buongiorno buonasera buonanotte good morning evening afternoon greetings hola bonjour \
    hallo thanks thank grazie";

const AFTER_GREETINGS: &str =
    "there all everyone everybody team dictum a tutti again you world friend mondo molte very much so mille";

const WHO: &[&str] = &[
    "who are you",
    "what are you",
    "what can you do",
    "help",
    "chi sei",
    "cosa sei",
    "cosa sai fare",
    "cosa puoi fare",
    "aiuto",
];

/// A question about the project as a whole names it with one of these words and holds nothing else of meaning.
const PROJECT: &str = "project progetto repo repository codebase";
const AROUND_PROJECT: &str = "explain describe overview summary summarize summarise introduce purpose readme work works spiega spiegami \
    descrivi riassumi riassunto scopo panoramica funziona code codice start";

/// Everything an answer is made from.
struct Desk<'a> {
    tongue: Tongue,
    /// KB.md first when there is one, then the project's pages, then the persona.
    pages: Vec<Page>,
    kb: Option<&'a str>,
    persona_name: &'a str,
    persona_body: &'a str,
}

/// Answers in Markdown by quoting. `how_to_connect` is the sentence that tells how to get a model.
pub fn answer(
    question: &str,
    kb: Option<&str>,
    persona_name: &str,
    persona_body: &str,
    pages: &[Page],
    how_to_connect: &str,
) -> String {
    let page = |path: String, text: &str| Page { path, text: text.to_string() };
    let mut all: Vec<Page> = kb.map(|text| page("KB.md".to_string(), text)).into_iter().collect();
    all.extend(pages.iter().filter(|page| page.path != "KB.md").cloned());
    all.push(page(format!("persona {persona_name}"), persona_body));
    let desk = Desk { tongue: tongue(question), pages: all, kb, persona_name, persona_body };

    let head = desk.tongue.say(
        "**No model is connected**, so nothing here is thought up or carried out: dictum can only quote your own files.",
        "**Nessun modello è collegato**, quindi qui nulla è ragionato o eseguito: dictum può solo citare i tuoi file.",
    );
    let body = if is_greeting(question) {
        desk.greet()
    } else if asks_who(question) {
        desk.introduce()
    } else if asks_for_rules(question) && kb.is_some() {
        desk.list_rules()
    } else if asks_about_project(question)
        && let Some(quotes) = desk.quote_readme()
    {
        quotes
    } else {
        desk.quote(question)
    };
    format!("{head} {how_to_connect}\n\n{body}\n")
}

/// What is said to a message from which KB.md edits wait for review: a statement needs no quotations.
pub fn acknowledge(message: &str, waiting: &[String], how_to_connect: &str) -> String {
    let tongue = tongue(message);
    let head = tongue.say(
        "From your words, this waits for your review; nothing is written before you accept it (/review):",
        "Dalle tue parole, questo attende la tua revisione; nulla viene scritto prima che tu accetti (/review):",
    );
    let model = tongue.say(
        "**No model is connected**, so the task itself is not carried out.",
        "**Nessun modello è collegato**, quindi il lavoro richiesto non viene svolto.",
    );
    let list: Vec<String> = waiting.iter().map(|edit| format!("- {}", plain(edit))).collect();
    format!("{head}\n\n{}\n\n{model} {how_to_connect}\n", list.join("\n"))
}

/// Whether an answer to this message is given in Italian.
pub fn is_italian(message: &str) -> bool {
    tongue(message) == Tongue::Italian
}

impl Tongue {
    fn say(self, english: &str, italian: &str) -> String {
        match self {
            Self::English => english.to_string(),
            Self::Italian => italian.to_string(),
        }
    }
}

fn is_greeting(question: &str) -> bool {
    let words = words(question);
    let first = words.first().is_none_or(|word| listed(GREETINGS, word));
    first && words.iter().skip(1).all(|word| listed(GREETINGS, word) || listed(AFTER_GREETINGS, word))
}

fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

fn asks_who(question: &str) -> bool {
    let asked = words(question).join(" ");
    WHO.iter().any(|known| asked == *known || asked.strip_suffix(known).is_some_and(is_polite))
}

fn is_polite(before: &str) -> bool {
    before.split_whitespace().all(|word| listed(GREETINGS, word) || listed("and e so but ma", word))
}

fn asks_for_rules(question: &str) -> bool {
    let (rule, around) = (stems(RULE_WORDS), stems(AROUND_RULES));
    let asked: Vec<String> =
        content_words(question).iter().flat_map(|word| stems(word).into_iter().next()).collect();
    asked.iter().any(|word| rule.contains(word))
        && asked.iter().all(|word| rule.contains(word) || around.contains(word))
}

fn asks_about_project(question: &str) -> bool {
    words(question).iter().any(|word| listed(PROJECT, word))
        && content_words(question).iter().all(|word| listed(PROJECT, word) || listed(AROUND_PROJECT, word))
}

impl Desk<'_> {
    /// How the project's readme begins.
    fn quote_readme(&self) -> Option<String> {
        let readme = self.pages.iter().find(|page| page.path.to_lowercase().starts_with("readme"))?;
        let quotes: Vec<String> = passages(&readme.text)
            .iter()
            .filter(|passage| !is_decoration(passage))
            .take(3)
            .map(|passage| self.cite(&readme.path, passage))
            .collect();
        let begins = self.tongue.say("The readme begins:", "Il readme comincia così:");
        (!quotes.is_empty()).then(|| format!("{begins}\n\n{}\n\n{}", quotes.join("\n\n"), self.looked_in()))
    }

    fn greet(&self) -> String {
        let persona = self.persona_name;
        let hello = self.tongue.say(
            &format!("Hello. The voice in use is `{}`.", code(persona)),
            &format!("Ciao. La voce in uso è `{}`.", code(persona)),
        );
        let ask = self.tongue.say(
            "Ask about a rule or a topic, and the lines that speak of it are quoted with file and line.",
            "Chiedi di una regola o di un argomento: le righe che ne parlano vengono citate con file e riga.",
        );
        format!("{hello} {ask}\n\n{}", self.looked_in())
    }

    fn introduce(&self) -> String {
        let intro = self.tongue.say(
            &format!(
                "Without a model the voice `{}` cannot speak; its instructions begin:",
                code(self.persona_name)
            ),
            &format!(
                "Senza un modello la voce `{}` non può parlare; le sue istruzioni cominciano così:",
                code(self.persona_name)
            ),
        );
        let path = format!("persona {}", self.persona_name);
        let quotes: Vec<String> =
            passages(self.persona_body).iter().take(2).map(|passage| self.cite(&path, passage)).collect();
        let works = self.tongue.say(
            "What works without one: rules in your words are still noticed and offered for KB.md, personas can be switched, \
             and questions are answered with quotations.",
            "Che cosa funziona senza: le regole nelle tue parole vengono notate e proposte per KB.md, le voci si cambiano, \
             e le domande ricevono citazioni.",
        );
        format!("{intro}\n\n{}\n\n{works}\n\n{}", quotes.join("\n\n"), self.looked_in())
    }

    fn list_rules(&self) -> String {
        let all = passages(self.kb.unwrap_or_default());
        if all.is_empty() {
            return self
                .tongue
                .say("KB.md is there, but holds nothing yet.", "KB.md c'è, ma non contiene ancora nulla.");
        }
        let mut out = self.tongue.say("All that KB.md says:", "Tutto ciò che dice KB.md:");
        let mut heading = String::new();
        for passage in all.iter().take(MOST_RULES) {
            if passage.heading != heading {
                heading.clone_from(&passage.heading);
                out.push_str(&format!("\n\n**{}**", plain(&heading)));
            }
            out.push_str(&format!("\n\n{}", self.cite("KB.md", passage)));
        }
        let left = all.len().saturating_sub(MOST_RULES);
        if left > 0 {
            let more =
                self.tongue.say(&format!("… and {left} more passages."), &format!("… e altri {left} passi."));
            out.push_str(&format!("\n\n{more}"));
        }
        out
    }

    fn quote(&self, question: &str) -> String {
        let best = self.best(question);
        if best.is_empty() {
            return self.nothing(question);
        }
        let mut out = self.tongue.say(
            "These passages share the most words with your question:",
            "Questi passi hanno più parole in comune con la tua domanda:",
        );
        for found in &best {
            let path = self.pages.get(found.page).map_or("", |page| page.path.as_str());
            out.push_str(&format!("\n\n{}", self.cite(path, &found.passage)));
        }
        format!("{out}\n\n{}", self.looked_in())
    }

    fn best(&self, question: &str) -> Vec<Found> {
        let last = self.pages.len().saturating_sub(1);
        let weigh = |page: usize| match page {
            0 if self.kb.is_some() => KB_WEIGHT,
            page if page == last => PERSONA_WEIGHT,
            _ => 1.0,
        };
        let found = Handbook::new(&self.pages).search(question, weigh);
        let least = found.first().map_or(0.0, |best| best.score * LEAST_SHARE);
        let mut best: Vec<Found> = Vec::new();
        for found in found {
            let known = best.iter().any(|known| known.passage.text == found.passage.text);
            if found.score >= least && !known && best.len() < MOST_QUOTES {
                best.push(found);
            }
        }
        best
    }

    fn nothing(&self, question: &str) -> String {
        let words = content_words(question);
        let asked: Vec<String> = words.iter().take(8).map(|word| format!("`{}`", code(word))).collect();
        let nothing = if asked.is_empty() {
            self.tongue.say(
                "There is no word in the message to look for.",
                "Nel messaggio non c'è una parola da cercare.",
            )
        } else {
            let asked = asked.join(", ");
            self.tongue.say(
                &format!("Nothing was found that speaks of {asked}."),
                &format!("Non si è trovato nulla che parli di {asked}."),
            )
        };
        let mut out = format!("{nothing} {}", self.looked_in());
        let topics = self.topics();
        if !topics.is_empty() {
            let topics = topics.join(", ");
            let line = self.tongue.say(
                &format!("KB.md has sections on: {topics}."),
                &format!("KB.md ha sezioni su: {topics}."),
            );
            out.push_str(&format!("\n\n{line}"));
        }
        out
    }

    fn topics(&self) -> Vec<String> {
        let mut topics: Vec<String> = Vec::new();
        for passage in passages(self.kb.unwrap_or_default()) {
            let topic = plain(&passage.heading);
            if !topic.is_empty() && !topics.contains(&topic) && topics.len() < 12 {
                topics.push(topic);
            }
        }
        topics
    }

    /// Where was looked, as one sentence.
    fn looked_in(&self) -> String {
        let kb = match self.kb {
            Some(_) => "KB.md".to_string(),
            None => {
                self.tongue.say("no KB.md (there is none to read)", "nessun KB.md (non ce n'è uno leggibile)")
            }
        };
        let files: Vec<&Page> =
            self.pages.iter().skip(usize::from(self.kb.is_some())).rev().skip(1).rev().collect();
        let mut names: Vec<String> =
            files.iter().take(MOST_NAMES).map(|page| format!("`{}`", code(&page.path))).collect();
        if files.len() > MOST_NAMES {
            names.push("…".to_string());
        }
        let names = names.join(", ");
        let count = files.len();
        let persona = code(self.persona_name);
        let pages = match (count, self.tongue) {
            (0, Tongue::English) => "no other Markdown file".to_string(),
            (0, Tongue::Italian) => "nessun altro file Markdown".to_string(),
            (1, Tongue::English) => format!("1 Markdown file ({names})"),
            (1, Tongue::Italian) => format!("1 file Markdown ({names})"),
            (_, Tongue::English) => format!("{count} Markdown files ({names})"),
            (_, Tongue::Italian) => format!("{count} file Markdown ({names})"),
        };
        self.tongue.say(
            &format!("Looked in {kb}, {pages}, and the persona `{persona}`."),
            &format!("Si è guardato in: {kb}, {pages}, e la voce `{persona}`."),
        )
    }

    /// A passage as a quotation under its source.
    fn cite(&self, path: &str, passage: &Passage) -> String {
        let mut source = format!("`{}:{}`", code(path), passage.line);
        if !passage.heading.is_empty() {
            source.push_str(&format!(" ({})", plain(&passage.heading)));
        }
        let mut lines: Vec<String> = Vec::new();
        let mut room = MOST_CHARACTERS;
        for line in passage.text.lines().take(MOST_LINES) {
            let part: String = line.chars().take(room).collect();
            room -= part.chars().count();
            lines.push(part);
            if room == 0 {
                break;
            }
        }
        let whole = lines.join("\n") == passage.text;
        let opened = lines
            .first()
            .map(|line| line.trim())
            .filter(|line| line.starts_with("```") || line.starts_with("~~~"));
        if let Some(fence) = opened
            && !whole
        {
            let mark: String = fence.chars().take_while(|letter| matches!(letter, '`' | '~')).collect();
            lines.push(mark);
        }
        if !whole {
            lines.push(self.tongue.say("… (cut)", "… (tagliato)"));
        }
        let quoted: Vec<String> =
            lines.iter().map(|line| format!("> {line}").trim_end().to_string()).collect();
        format!("{source}\n{}", quoted.join("\n"))
    }
}

/// Text for a code span: one line, no backtick.
fn code(text: &str) -> String {
    text.chars().map(|letter| if letter == '`' || letter.is_control() { '\'' } else { letter }).collect()
}

/// Badges, images and layout, with which readmes like to begin.
fn is_decoration(passage: &Passage) -> bool {
    passage.text.lines().all(|line| ["<", "[![", "!["].iter().any(|mark| line.trim_start().starts_with(mark)))
}

/// A heading without the marks that would style it here.
fn plain(heading: &str) -> String {
    heading
        .chars()
        .filter(|letter| !matches!(letter, '`' | '*' | '[' | ']') && !letter.is_control())
        .collect()
}
