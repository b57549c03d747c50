//! `dictum kb log` and `blame`: what the journal tells of KB.md. It never writes.

use serde_json::Value;

use super::Form;
use crate::base::text;
use crate::domain::kb::document::Document;
use crate::domain::kb::journal::{How, Journal, Record};
use crate::domain::kb::{LineRef, Op, find};

/// The last `most` records, newest last.
pub fn log(journal: &Journal, most: Option<usize>, form: Form) -> String {
    let skip = most.map_or(0, |most| journal.records.len().saturating_sub(most));
    let records = journal.records.iter().skip(skip);
    match form {
        Form::Text if journal.records.is_empty() => {
            "The journal tells of no change of this KB.md by dictum.\n".to_string()
        }
        Form::Text => records.map(told).collect(),
        Form::Json => {
            let rows = records.filter_map(|record| serde_json::to_value(record).ok()).collect();
            format!("{:#}\n", Value::Array(rows))
        }
    }
}

/// Which records made the line what it is, newest first; `None` where no directive stands.
pub fn blame(journal: &Journal, kb: &Document, line: usize) -> Option<String> {
    let mut answer = String::new();
    for entry in find::on_line(kb, line) {
        answer.push_str(&format!("line {}: {}\n", entry.line, text::one_line(&entry.text)));
        let records = journal.blame(&LineRef { line: entry.line, text: entry.text.clone() });
        match records.split_first() {
            None => answer.push_str("not written by dictum: it was there before, or was written by hand\n"),
            Some((last, earlier)) => {
                answer.push_str(&told(last));
                for record in earlier {
                    answer.push_str(&format!("before that, {}", told(record)));
                }
            }
        }
    }
    (!answer.is_empty()).then_some(answer)
}

/// What is told on standard error of lines that are no records.
pub fn skipped(journal: &Journal) -> Option<String> {
    match journal.skipped {
        0 => None,
        1 => Some("1 line of the journal is no record of dictum's and was skipped".to_string()),
        lines => Some(format!("{lines} lines of the journal are no records of dictum's and were skipped")),
    }
}

/// A record in two lines: what happened when, and on whose words.
fn told(record: &Record) -> String {
    let when = record.when.get(..16).map_or_else(|| record.when.clone(), |minute| minute.replace('T', " "));
    let undo = if record.how == How::Undo { "undo: " } else { "" };
    let line = record.line.map(|line| format!(" line {line}")).unwrap_or_default();
    let what = match record.op {
        Op::Add => gist(&record.text),
        Op::Remove => gist(&record.old),
        Op::Replace => format!("{} \u{2192} {}", gist(&record.old), gist(&record.text)),
    };
    let quote = match record.quote.as_str() {
        "" => String::new(),
        quote => format!("\u{201c}{quote}\u{201d}, "),
    };
    format!(
        "{when}  {undo}{}{line}: {what}\n    {quote}{}, session {}, {}\n",
        record.op.word(),
        record.how.word(),
        record.session,
        record.who
    )
}

/// The first of the rules, and how many there are besides.
fn gist(rules: &str) -> String {
    let first = rules.lines().next().unwrap_or_default();
    match rules.lines().count() {
        0 | 1 => first.to_string(),
        2 => format!("{first} (and one more)"),
        count => format!("{first} (and {} more)", count - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two records: a rule that was added, and its replacement.
    fn journal() -> Journal {
        let lines = [
            r#"{"when":"2025-06-01T12:03:04+02:00","session":"1a2b3c4d","who":"anna","how":"told","op":"add","line":3,"section":"KB","text":"Use npm.","old":"","quote":"from now on use npm","before":"00000000","after":"11111111"}"#,
            r#"{"when":"2025-06-02T09:00:00+02:00","session":"5e6f7a8b","who":"anna","how":"cli","op":"replace","line":3,"section":"KB","text":"Use pnpm.","old":"Use npm.","quote":"","before":"11111111","after":"22222222"}"#,
            "{\"torn",
        ];
        Journal::parse(lines.join("\n").as_bytes())
    }

    const FIRST: &str = "2025-06-01 12:03  add line 3: Use npm.\n    \u{201c}from now on use npm\u{201d}, told, session 1a2b3c4d, anna\n";
    const SECOND: &str =
        "2025-06-02 09:00  replace line 3: Use npm. \u{2192} Use pnpm.\n    cli, session 5e6f7a8b, anna\n";

    #[test]
    fn the_newest_record_comes_last() {
        assert_eq!(log(&journal(), None, Form::Text), format!("{FIRST}{SECOND}"));
        assert_eq!(log(&journal(), Some(1), Form::Text), SECOND);
        assert_eq!(log(&journal(), Some(9), Form::Text), format!("{FIRST}{SECOND}"));
        assert_eq!(skipped(&journal()).unwrap().split(' ').next(), Some("1"));
        assert!(log(&Journal::default(), None, Form::Text).contains("no change"));
        let rows: Value = serde_json::from_str(&log(&journal(), Some(1), Form::Json)).unwrap();
        assert_eq!((&rows[0]["op"], &rows[0]["old"]), (&Value::from("replace"), &Value::from("Use npm.")));
        assert_eq!(log(&Journal::default(), None, Form::Json), "[]\n");
    }

    #[test]
    fn blame_tells_the_line_and_its_records() {
        let kb = Document::parse("# KB\n\n- Use pnpm.\n- By hand.\n");
        let told = blame(&journal(), &kb, 3).unwrap();
        assert_eq!(told, format!("line 3: Use pnpm.\n{SECOND}before that, {FIRST}"));
        let told = blame(&journal(), &kb, 4).unwrap();
        assert!(told.starts_with("line 4: By hand.\nnot written by dictum"), "{told}");
        assert_eq!(blame(&journal(), &kb, 1), None);
    }
}
