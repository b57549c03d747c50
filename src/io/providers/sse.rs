//! Server-sent events over bytes: lines first, text second, so that a chunk may end anywhere. It never reads a socket and never
//! gives up a stream for one bad line.

/// A line longer than this, or an event whose lines are together, is dropped with a note, so that memory stays bounded.
pub const LONGEST_LINE: usize = 16 * 1024 * 1024;
/// How much of a body that is no event stream is kept once frames were seen; before that a whole JSON answer may come, so
/// [`LONGEST_LINE`] holds.
const STRAY_AFTER_FRAMES: usize = 64 * 1024;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What a body is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The joined `data` of one event; never blank.
    Data(String),
    /// A field named `error`, which some servers write in place of `data`.
    Error(String),
    /// A line or an event over [`LONGEST_LINE`] was dropped.
    Oversized,
}

/// How the frames of a body are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    #[default]
    Events,
    /// One JSON object a line; events are understood, too, since a gateway may make them of it.
    Lines,
}

/// The decoder: feed it chunks, then finish it.
#[derive(Debug, Default)]
pub struct Sse {
    framing: Framing,
    line: Vec<u8>,
    /// The last byte was a CR that closed a line, so a LF belongs to it.
    skip_lf: bool,
    dropping: bool,
    first_line_done: bool,
    data: Option<String>,
    /// The event has become too long: what comes of it up to its end is dropped.
    skip_event: bool,
    stray: String,
    in_stray: bool,
    frames: usize,
}

impl Sse {
    /// A decoder for a body in this form.
    pub fn new(framing: Framing) -> Self {
        Self { framing, ..Self::default() }
    }

    /// Takes the next bytes and appends what they complete to `items`.
    pub fn feed(&mut self, bytes: &[u8], items: &mut Vec<Item>) {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if std::mem::take(&mut self.skip_lf) && *first == b'\n' {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.keep(rest, items);
                return;
            };
            let (head, tail) = rest.split_at(end);
            self.keep(head, items);
            self.skip_lf = tail.first() == Some(&b'\r');
            rest = tail.get(1..).unwrap_or_default();
            self.close_line(items);
        }
    }

    /// The body is over: an unterminated line counts, and a frame without its blank line is delivered. Returns the text that is no
    /// event stream at all: a JSON or HTML body.
    pub fn finish(mut self, items: &mut Vec<Item>) -> String {
        if !self.line.is_empty() {
            self.close_line(items);
        }
        self.dispatch(items);
        self.stray
    }

    fn keep(&mut self, bytes: &[u8], items: &mut Vec<Item>) {
        if self.dropping {
            return;
        }
        if self.line.len() + bytes.len() > LONGEST_LINE {
            self.dropping = true;
            self.line = Vec::new();
            items.push(Item::Oversized);
            return;
        }
        self.line.extend_from_slice(bytes);
    }

    fn close_line(&mut self, items: &mut Vec<Item>) {
        let bytes = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.dropping) {
            return;
        }
        let bytes = match bytes.strip_prefix(BOM) {
            Some(rest) if !self.first_line_done => rest,
            Some(_) | None => &bytes,
        };
        self.first_line_done = true;
        let line = String::from_utf8_lossy(bytes);
        self.take_line(&line, items);
    }

    fn take_line(&mut self, line: &str, items: &mut Vec<Item>) {
        if line.is_empty() {
            self.dispatch(items);
            return;
        }
        // An object that is written over several lines, such as an error, begins with less than one.
        let whole = |line: &str| !self.in_stray && line.trim_end().ends_with('}');
        if self.framing == Framing::Lines
            && line.trim_start().starts_with('{')
            && (self.frames > 0 || whole(line))
        {
            self.frames += 1;
            items.push(Item::Data(line.to_string()));
        } else if let Some(value) = field(line, "data") {
            self.in_stray = false;
            self.add_data(value, items);
        } else if let Some(value) = field(line, "error") {
            self.in_stray = false;
            self.dispatch(items);
            self.frames += 1;
            items.push(Item::Error(value.to_string()));
        } else if ["event", "id", "retry", ""].iter().any(|name| field(line, name).is_some()) {
            self.in_stray = false;
        } else if self.in_stray || line.trim_start().starts_with(['{', '[', '<']) {
            self.in_stray = true;
            self.keep_stray(line);
        }
    }

    /// One more line of an event.
    fn add_data(&mut self, value: &str, items: &mut Vec<Item>) {
        // An object behind an object is no part of it: a proxy lost the blank line between two events.
        let next = value.starts_with('{') || value.trim() == "[DONE]";
        if next && self.data.as_ref().is_some_and(|data| data.trim_end().ends_with('}')) {
            self.dispatch(items);
        }
        if self.skip_event {
            return;
        }
        let data = self.data.get_or_insert_default();
        if data.len() + value.len() >= LONGEST_LINE {
            self.data = None;
            self.skip_event = true;
            items.push(Item::Oversized);
            return;
        }
        if !data.is_empty() {
            data.push('\n');
        }
        data.push_str(value);
    }

    fn keep_stray(&mut self, line: &str) {
        let limit = if self.frames == 0 { LONGEST_LINE } else { STRAY_AFTER_FRAMES };
        if self.stray.len() + line.len() <= limit {
            self.stray.push_str(line);
            self.stray.push('\n');
        }
    }

    fn dispatch(&mut self, items: &mut Vec<Item>) {
        self.skip_event = false;
        if let Some(data) = self.data.take()
            && !data.trim().is_empty()
        {
            self.frames += 1;
            items.push(Item::Data(data));
        }
    }
}

/// The value of `line` when it is the field `name`; one blank after the colon is not part of it. The empty name is a comment.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(name)?;
    match rest.strip_prefix(':') {
        Some(value) => Some(value.strip_prefix(' ').unwrap_or(value)),
        // The standard lets a field stand alone, with an empty value.
        None => (rest.is_empty() && !name.is_empty()).then_some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(chunks: &[&[u8]]) -> (Vec<Item>, String) {
        let mut sse = Sse::default();
        let mut items = Vec::new();
        for chunk in chunks {
            sse.feed(chunk, &mut items);
        }
        let stray = sse.finish(&mut items);
        (items, stray)
    }

    fn check(body: &str, expect: &[&str]) {
        let whole = run(&[body.as_bytes()]);
        let texts: Vec<String> = whole
            .0
            .iter()
            .map(|item| match item {
                Item::Data(text) => text.clone(),
                Item::Error(text) => format!("error {text}"),
                Item::Oversized => "oversized".to_string(),
            })
            .collect();
        assert_eq!(texts, expect, "{body:?}");
        for cut in 0..=body.len() {
            let (head, tail) = body.as_bytes().split_at(cut);
            assert_eq!(run(&[head, tail]), whole, "{body:?} cut at {cut}");
        }
        let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        assert_eq!(run(&bytes), whole, "{body:?} byte by byte");
    }

    #[test]
    fn every_line_end_ends_a_line_wherever_the_chunk_is_cut() {
        check("data: a\n\ndata: b\n\n", &["a", "b"]);
        check("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]);
        check("data: a\r\rdata: b\r\r", &["a", "b"]);
        check("data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", &["a\nb", "c"]);
        check("data: 你好\r\n\r\ndata: 👩‍💻\n\r\n", &["你好", "👩‍💻"]);
    }

    #[test]
    fn real_servers_are_read_though_they_break_the_standard() {
        check("\u{feff}data: a\n\n", &["a"]);
        check("data:a\ndata:  b\n\n", &["a\n b"]);
        check(": ping\n:\nevent: x\nid: 3\nretry: 5\ndata: a\n\n", &["a"]);
        check("data: a\n\ndata: [DONE]", &["a", "[DONE]"]);
        check("data: a\n", &["a"]);
        check("error: {\"message\":\"full\"}\n\n", &["error {\"message\":\"full\"}"]);
        check("event: ping\ndata\n\ndata: \n\nnonsense\nfoo: bar\n\ndata: a\n\n", &["a"]);
    }

    #[test]
    fn a_body_that_is_no_event_stream_is_kept() {
        let (items, stray) = run(&[b"{\n  \"error\": {\n  \"message\": \"no\"\n}}\n"]);
        assert!(items.is_empty());
        assert_eq!(stray, "{\n  \"error\": {\n  \"message\": \"no\"\n}}\n");
        let (items, stray) = run(&[b"<html>\n<title>x</title>", b"\n"]);
        assert!(items.is_empty());
        assert!(stray.contains("<title>x</title>"));
    }

    #[test]
    fn an_event_without_end_is_dropped_and_the_stream_goes_on() {
        let mut sse = Sse::default();
        let mut items = Vec::new();
        let line = [b"data: ".as_slice(), &[b'x'; 60_000], b"\n"].concat();
        for _ in 0..1_000 {
            sse.feed(&line, &mut items);
            assert!(sse.data.as_ref().is_none_or(|data| data.len() <= LONGEST_LINE));
        }
        sse.feed(b"\ndata: a\n\n", &mut items);
        assert_eq!(items, [Item::Oversized, Item::Data("a".to_string())]);
    }

    #[test]
    fn events_are_told_apart_where_a_proxy_lost_the_blank_lines() {
        let mut sse = Sse::default();
        let mut items = Vec::new();
        sse.feed(b"data: {\"a\":1}\ndata: {\"b\":\ndata: 2}\n", &mut items);
        assert_eq!(items, [Item::Data("{\"a\":1}".to_string())], "as soon as the next one begins");
        sse.feed(b"data: [DONE]\n", &mut items);
        assert_eq!(items[1..], [Item::Data("{\"b\":\n2}".to_string())]);
    }

    #[test]
    fn a_line_without_end_is_dropped_and_the_stream_goes_on() {
        let huge = vec![b'x'; LONGEST_LINE + 1];
        let (items, _) = run(&[b"data: ", &huge, &huge, b"\n\ndata: a\n\n"]);
        assert_eq!(items, [Item::Oversized, Item::Data("a".to_string())]);
    }
}
