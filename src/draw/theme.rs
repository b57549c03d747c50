//! The colours of every part, one file of `assets/themes` for each kind of terminal. It never asks the terminal.
//!
//! Body text keeps the terminal's own colour. Every other text colour reaches a contrast of 4.5:1 on the backgrounds that
//! terminals of its kind use (WCAG 2.2, level AA), 7:1 (level AAA) in the themes of high contrast; only borders and rules may be fainter. Where colour tells something, a
//! letter, a mark or a modifier tells it too.

mod colour;
mod read;

use crate::domain::chat::Level;
use ratatui::style::{Color, Style};

/// What a theme may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// 24-bit colours on a dark background.
    Dark,
    /// 24-bit colours on a light background.
    Light,
    /// The sixteen colours that the user gave the terminal.
    Ansi,
    /// No colour: bold, dim, underline and reverse alone.
    #[default]
    Plain,
}

/// The contrast that all text of a theme reaches (WCAG 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Contrast {
    #[default]
    Aa,
    Aaa,
}

impl Contrast {
    fn least(self) -> f64 {
        match self {
            Self::Aa => 4.5,
            Self::Aaa => 7.0,
        }
    }
}

/// How each part looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// As the setting `theme` names it.
    pub name: &'static str,
    /// The theme to take where the background is of the other kind.
    other: Option<&'static str>,
    pub palette: Palette,
    contrast: Contrast,
    pub text: Style,
    /// Text of lesser weight: times, counts, sources.
    pub dim: Style,
    /// Borders and rules; not for text.
    pub faint: Style,
    pub strong: Style,
    pub emphasis: Style,
    pub strike: Style,
    /// Headings of level 1, 2, and 3 and deeper.
    pub headings: [Style; 3],
    /// Code within a line.
    pub code: Style,
    /// Lines of a code block that no highlighter touched.
    pub block: Style,
    /// The name of a code block's language.
    pub label: Style,
    pub link: Style,
    pub quote: Style,
    /// Bullets, numbers and quote bars.
    pub marker: Style,
    /// The user's own words.
    pub user: Style,
    /// Whatever has the focus.
    pub accent: Style,
    pub info: Style,
    pub good: Style,
    pub warning: Style,
    pub error: Style,
    pub added: Style,
    pub removed: Style,
    /// The words of a changed line that changed.
    pub added_word: Style,
    pub removed_word: Style,
    /// Line numbers and what a diff leaves out.
    pub gutter: Style,
    pub selection: Style,
    /// The bar at the top.
    pub header: Style,
    /// A key in a hint, and what it does.
    pub hint_key: Style,
    pub hint: Style,
    pub syntax: Syntax,
}

/// How the parts of source code look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Syntax {
    pub keyword: Style,
    pub string: Style,
    pub comment: Style,
    pub number: Style,
    pub type_name: Style,
    pub function: Style,
    /// Names of keys, attributes and properties.
    pub property: Style,
}

/// Every theme, its name and its file. One row adds one.
pub const THEMES: &[(&str, &str)] = &[
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("contrast", include_str!("../../assets/themes/contrast.toml")),
    ("contrast-light", include_str!("../../assets/themes/contrast-light.toml")),
    ("ansi", include_str!("../../assets/themes/ansi.toml")),
    ("plain", include_str!("../../assets/themes/plain.toml")),
];

impl Theme {
    /// The theme of this name.
    pub fn named(name: &str) -> Option<Self> {
        let (name, source) = THEMES.iter().find(|(known, _)| *known == name)?;
        Some(read::theme(name, source))
    }

    /// For dark backgrounds.
    pub fn dark() -> Self {
        Self::named("dark").unwrap_or_default()
    }

    /// For light backgrounds.
    pub fn light() -> Self {
        Self::named("light").unwrap_or_default()
    }

    /// For terminals of sixteen colours, and for users who want their own palette.
    pub fn ansi() -> Self {
        Self::named("ansi").unwrap_or_default()
    }

    /// For `NO_COLOR`: bold, dim, underline and reverse alone.
    pub fn plain() -> Self {
        Self::named("plain").unwrap_or_default()
    }

    /// Whether there is a theme for each kind of background, this one and another.
    pub fn follows_background(&self) -> bool {
        self.other.is_some()
    }

    /// The theme of the same kind for a background of this palette; itself where it suits.
    pub fn on(&self, palette: Palette) -> Self {
        match self.other.and_then(Self::named) {
            Some(other) if other.palette == palette => other,
            Some(_) | None => self.clone(),
        }
    }

    /// The theme with a persona's colour as its accent; its own accent where the file names none that is known.
    pub fn with_accent(&self, color: &str) -> Self {
        let mut theme = Self::named(self.name).unwrap_or_default();
        match theme.persona(color) {
            Color::Reset => {}
            accent => {
                let tinted = [&mut theme.accent, &mut theme.user, &mut theme.marker, &mut theme.hint_key];
                for style in tinted {
                    *style = style.fg(accent);
                }
            }
        }
        theme
    }

    /// A legible colour for a persona, from the name or the `#rrggbb` of its file; text colour when it is neither.
    pub fn persona(&self, color: &str) -> Color {
        match self.palette {
            Palette::Dark => self.legible(color, &colour::DARK_GROUNDS),
            Palette::Light => self.legible(color, &colour::LIGHT_GROUNDS),
            Palette::Ansi => colour::parse(color).map_or(Color::Reset, colour::nearest_ansi),
            Palette::Plain => Color::Reset,
        }
    }

    /// How a notice of this level looks.
    pub fn level(&self, level: Level) -> Style {
        match level {
            Level::Info => self.info,
            Level::Good => self.good,
            Level::Warning => self.warning,
            Level::Error => self.error,
        }
    }

    /// How a heading of this level looks; levels count from 1.
    pub fn heading(&self, level: usize) -> Style {
        let [first, second, third] = self.headings;
        match level {
            0 | 1 => first,
            2 => second,
            _ => third,
        }
    }

    fn legible(&self, color: &str, grounds: &[colour::Rgb]) -> Color {
        let least = self.contrast.least();
        colour::parse(color).map_or(Color::Reset, |rgb| colour::legible(rgb, grounds, least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every style that may carry text, by name.
    fn text_styles(theme: &Theme) -> Vec<(&'static str, Style)> {
        let [h1, h2, h3] = theme.headings;
        let Syntax { keyword, string, comment, number, type_name, function, property } = theme.syntax.clone();
        vec![
            ("text", theme.text),
            ("dim", theme.dim),
            ("strong", theme.strong),
            ("emphasis", theme.emphasis),
            ("strike", theme.strike),
            ("h1", h1),
            ("h2", h2),
            ("h3", h3),
            ("code", theme.code),
            ("block", theme.block),
            ("label", theme.label),
            ("link", theme.link),
            ("quote", theme.quote),
            ("marker", theme.marker),
            ("user", theme.user),
            ("accent", theme.accent),
            ("info", theme.info),
            ("good", theme.good),
            ("warning", theme.warning),
            ("error", theme.error),
            ("added", theme.added),
            ("removed", theme.removed),
            ("added_word", theme.added_word),
            ("removed_word", theme.removed_word),
            ("gutter", theme.gutter),
            ("selection", theme.selection),
            ("header", theme.header),
            ("hint_key", theme.hint_key),
            ("hint", theme.hint),
            ("keyword", keyword),
            ("string", string),
            ("comment", comment),
            ("number", number),
            ("type_name", type_name),
            ("function", function),
            ("property", property),
        ]
    }

    fn contrast_of(style: Style, ground: (u8, u8, u8)) -> f64 {
        let ground = match style.bg {
            Some(Color::Rgb(r, g, b)) => (r, g, b),
            _ => ground,
        };
        match style.fg {
            Some(Color::Rgb(r, g, b)) => colour::contrast((r, g, b), ground),
            // The terminal's own colour on the terminal's own background.
            _ => 21.0,
        }
    }

    /// The backgrounds that a theme is made for.
    fn grounds(theme: &Theme) -> &'static [colour::Rgb] {
        match theme.palette {
            Palette::Dark => &colour::DARK_GROUNDS,
            Palette::Light => &colour::LIGHT_GROUNDS,
            Palette::Ansi | Palette::Plain => &[],
        }
    }

    #[test]
    fn a25_all_text_of_every_theme_reaches_its_contrast() {
        let mut checked = 0;
        for (name, _) in THEMES {
            let theme = Theme::named(name).expect("a theme in the table");
            let least = theme.contrast.least();
            assert_eq!(least > 5.0, name.starts_with("contrast"));
            // The theme's own accent, and those of personas.
            for color in ["", "red", "blue", "yellow", "#101010", "#ffffff"] {
                let theme = theme.with_accent(color);
                for (part, style) in text_styles(&theme) {
                    for ground in grounds(&theme) {
                        let contrast = contrast_of(style, *ground);
                        assert!(
                            contrast >= least,
                            "{name}: {part} has {contrast:.2} on {ground:02x?} ({color})"
                        );
                        checked += 1;
                    }
                }
            }
        }
        assert!(checked > 1_000, "{checked}");
    }

    #[test]
    fn the_accent_is_the_personas_colour_and_nothing_else_changes() {
        let dark = Theme::dark();
        let tinted = dark.with_accent("orange");
        let orange = dark.persona("orange");
        for style in [tinted.accent, tinted.user, tinted.marker, tinted.hint_key] {
            assert_eq!(style.fg, Some(orange));
        }
        assert_ne!(tinted, dark);
        let back = Theme {
            accent: dark.accent,
            user: dark.user,
            marker: dark.marker,
            hint_key: dark.hint_key,
            ..tinted.clone()
        };
        assert_eq!(back, dark);
        assert_eq!(tinted.with_accent("no colour at all"), dark, "the theme's own accent comes back");
        assert_eq!(Theme::plain().with_accent("orange"), Theme::plain());
        assert_eq!(Theme::ansi().with_accent("#ff0000").accent.fg, Some(Color::Red));
    }

    #[test]
    fn a_theme_follows_the_background_within_its_kind() {
        let name = |name: &str, palette| Theme::named(name).expect("a theme").on(palette).name;
        assert_eq!(name("dark", Palette::Light), "light");
        assert_eq!(name("dark", Palette::Dark), "dark");
        assert_eq!(name("contrast", Palette::Light), "contrast-light");
        assert_eq!(name("contrast-light", Palette::Dark), "contrast");
        assert_eq!(name("ansi", Palette::Light), "ansi");
        assert_eq!(Theme::named("octarine"), None);
    }

    #[test]
    fn a25_the_plain_theme_has_no_colour() {
        for (name, style) in text_styles(&Theme::plain()) {
            assert_eq!((style.fg, style.bg), (None, None), "{name}");
        }
        assert_eq!(Theme::plain().persona("red"), Color::Reset);
    }

    #[test]
    fn every_persona_colour_is_legible_and_its_own() {
        let names = "red blue green yellow purple orange pink cyan magenta gold teal indigo gray grey violet lime \
                     brown black white navy olive maroon amber emerald rose sky slate crimson turquoise";
        for (theme, grounds) in
            [(Theme::dark(), colour::DARK_GROUNDS), (Theme::light(), colour::LIGHT_GROUNDS)]
        {
            for name in
                names.split_whitespace().chain(["#ff0000", "#10B981", "#000", "#ffffff", "#00f", " Red "])
            {
                let Color::Rgb(r, g, b) = theme.persona(name) else { panic!("{name} is unknown") };
                for ground in grounds {
                    assert!(colour::contrast((r, g, b), ground) >= 4.5, "{name} on {ground:02x?}");
                }
            }
        }
        let dark = Theme::dark();
        assert_ne!(dark.persona("red"), dark.persona("blue"));
        assert_eq!(Theme::ansi().persona("#ff0000"), Color::Red);
        assert_eq!(Theme::ansi().persona("purple"), Color::Magenta);
        for unknown in ["", "octarine", "#12", "#gggggg", "#漢字", "\u{1b}[31m"] {
            assert_eq!(dark.persona(unknown), Color::Reset, "{unknown:?}");
        }
    }
}
