//! The colours of the screen: which theme suits the terminal. It never draws.

use crate::base::near::nearest;
use crate::base::text;
use crate::draw::theme::{Palette, THEMES, Theme};

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

/// What is wrong with a setting that names no theme: the screen goes on with the colours that suit the terminal.
pub fn unknown(setting: &str) -> Option<String> {
    let names: Vec<&str> = std::iter::once("auto").chain(THEMES.iter().map(|(name, _)| *name)).collect();
    if names.contains(&setting) {
        return None;
    }
    let near = nearest(setting, names.iter().copied());
    let hint = near.map_or_else(
        || format!("there are {}", names.join(", ")),
        |near| format!("did you mean \"{near}\"?"),
    );
    Some(format!("There is no theme \"{}\"; {hint}", text::one_line(&text::sanitise(setting))))
}

/// Whether the setting leaves it to the background which of two themes is taken.
pub fn follows_background(setting: &str) -> bool {
    matches!(setting, "auto" | "contrast")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_theme_is_told_with_the_one_that_is_meant() {
        assert_eq!(unknown("auto"), None);
        assert_eq!(unknown("contrast-light"), None);
        assert_eq!(unknown("drak").as_deref(), Some("There is no theme \"drak\"; did you mean \"dark\"?"));
        let far = unknown("solarised\u{1b}[31m").unwrap_or_default();
        assert!(far.contains("there are auto, dark, light") && !far.contains('\u{1b}'), "{far}");
    }
}
