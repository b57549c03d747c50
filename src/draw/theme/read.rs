//! Reads a theme file: what each part looks like, as words such as `#e2c08d on black bold`. It never fails: what is not understood has no style.

use ratatui::style::{Color, Modifier, Style};
use toml::{Table, Value};

use super::{Contrast, Palette, Syntax, THEMES, Theme, colour};

/// The theme that a file of the program describes.
pub fn theme(name: &'static str, source: &str) -> Theme {
    let table: Table = source.parse().unwrap_or_default();
    let word = |key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default();
    let of = |key: &str| {
        let words = table.get("styles").and_then(|styles| styles.get(key)).and_then(Value::as_str);
        words.and_then(style).unwrap_or_default()
    };
    Theme {
        name,
        other: THEMES.iter().map(|(known, _)| *known).find(|known| *known == word("other")),
        palette: match word("palette") {
            "dark" => Palette::Dark,
            "light" => Palette::Light,
            "ansi" => Palette::Ansi,
            _ => Palette::Plain,
        },
        contrast: if word("contrast") == "AAA" { Contrast::Aaa } else { Contrast::Aa },
        text: of("text"),
        dim: of("dim"),
        faint: of("faint"),
        strong: of("strong"),
        emphasis: of("emphasis"),
        strike: of("strike"),
        headings: [of("h1"), of("h2"), of("h3")],
        code: of("code"),
        block: of("block"),
        label: of("label"),
        link: of("link"),
        quote: of("quote"),
        marker: of("marker"),
        user: of("user"),
        accent: of("accent"),
        info: of("info"),
        good: of("good"),
        warning: of("warning"),
        error: of("error"),
        added: of("added"),
        removed: of("removed"),
        added_word: of("added_word"),
        removed_word: of("removed_word"),
        gutter: of("gutter"),
        selection: of("selection"),
        header: of("header"),
        hint_key: of("hint_key"),
        hint: of("hint"),
        syntax: Syntax {
            keyword: of("keyword"),
            string: of("string"),
            comment: of("comment"),
            number: of("number"),
            type_name: of("type_name"),
            function: of("function"),
            property: of("property"),
        },
    }
}

/// Reads `COLOUR on COLOUR bold underlined`, every part optional. `None` when a word is unknown.
fn style(words: &str) -> Option<Style> {
    let mut style = Style::new();
    let mut words = words.split_whitespace();
    while let Some(word) = words.next() {
        style = match word {
            "on" => style.bg(ink(words.next()?)?),
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "italic" => style.add_modifier(Modifier::ITALIC),
            "underlined" => style.add_modifier(Modifier::UNDERLINED),
            "reversed" => style.add_modifier(Modifier::REVERSED),
            "crossed" => style.add_modifier(Modifier::CROSSED_OUT),
            colour => style.fg(ink(colour)?),
        };
    }
    Some(style)
}

/// `#rrggbb`, or one of the terminal's own colours by name.
fn ink(word: &str) -> Option<Color> {
    if word.starts_with('#') {
        return colour::parse(word).map(|(r, g, b)| Color::Rgb(r, g, b));
    }
    let (_, colour) = ANSI.iter().find(|(name, _)| *name == word)?;
    Some(*colour)
}

const ANSI: &[(&str, Color)] = &[
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_file_says_how_every_part_looks() {
        let keys = |source: &str| -> Vec<String> {
            let table: Table = source.parse().expect("valid TOML");
            let styles = table.get("styles").and_then(Value::as_table).expect("[styles]");
            styles.keys().cloned().collect()
        };
        let (_, first) = THEMES.first().expect("a theme");
        assert_eq!(keys(first).len(), 37);
        for (name, source) in THEMES {
            assert_eq!(keys(source), keys(first), "{name}");
            let table: Table = source.parse().expect("valid TOML");
            for (key, words) in table.get("styles").and_then(Value::as_table).expect("[styles]") {
                assert!(words.as_str().and_then(style).is_some(), "{name}: {key} = {words}");
            }
            let palette = table.get("palette").and_then(Value::as_str).unwrap_or_default();
            assert!(["dark", "light", "ansi", "plain"].contains(&palette), "{name}: {palette}");
        }
    }

    #[test]
    fn words_become_styles() {
        let ink = |rgb: (u8, u8, u8)| Color::Rgb(rgb.0, rgb.1, rgb.2);
        let expect = Style::new().fg(ink((1, 2, 3))).bg(Color::Red).add_modifier(Modifier::BOLD);
        assert_eq!(style("#010203 on red bold"), Some(expect));
        assert_eq!(style(""), Some(Style::new()));
        assert_eq!(style("octarine"), None);
        assert_eq!(style("#12"), None);
        assert_eq!(style("red on"), None);
    }
}
