//! The colours of the screen: which theme suits the terminal. It never draws.

use crate::draw::theme::{Palette, Theme};

/// The theme of the settings; by itself 24-bit colours where the terminal says it has them, and none under `NO_COLOR`.
pub fn theme(setting: &str) -> Theme {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // COLORFGBG ends in the background's number; 7 and 15 are the light ones (rxvt).
    let light = set("COLORFGBG").is_some_and(|value| matches!(value.rsplit(';').next(), Some("7" | "15")));
    let ground = if light { Palette::Light } else { Palette::Dark };
    match Theme::named(setting) {
        Some(theme) if follows_background(setting) => return theme.on(ground),
        Some(theme) => return theme,
        None => {}
    }
    if set("NO_COLOR").is_some() {
        return Theme::plain();
    }
    let colours = set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
    let term = set("TERM").unwrap_or_default();
    let known = ["kitty", "alacritty", "ghostty", "wezterm", "foot", "direct", "iterm"];
    if term == "dumb" {
        Theme::plain()
    } else if colours || cfg!(windows) || known.iter().any(|name| term.contains(name)) {
        Theme::dark().on(ground)
    } else {
        Theme::ansi()
    }
}

/// Whether the setting leaves it to the background which of two themes is taken.
pub fn follows_background(setting: &str) -> bool {
    matches!(setting, "auto" | "contrast")
}
