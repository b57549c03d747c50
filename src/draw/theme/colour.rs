//! Colours as numbers: names, contrast, and the nearest legible relative. It never decides where a colour is used.

use ratatui::style::Color;

/// Red, green and blue.
pub type Rgb = (u8, u8, u8);

/// The darkest and the lightest background that dark terminal themes commonly have.
pub const DARK_GROUNDS: [Rgb; 2] = [(0, 0, 0), (0x2e, 0x34, 0x40)];

/// The lightest and the darkest background that light terminal themes commonly have.
pub const LIGHT_GROUNDS: [Rgb; 2] = [(0xff, 0xff, 0xff), (0xf2, 0xec, 0xdc)];

/// The colour names found in persona files.
const NAMES: &[(&str, u32)] = &[
    ("red", 0xe5_4b4b),
    ("blue", 0x4a_7fe5),
    ("green", 0x4c_af50),
    ("yellow", 0xe0_c341),
    ("purple", 0x9b_59d0),
    ("orange", 0xe8_8b3a),
    ("pink", 0xe8_79b0),
    ("cyan", 0x3f_bcd1),
    ("magenta", 0xd0_4fc4),
    ("gold", 0xd4_a72c),
    ("teal", 0x2a_9d8f),
    ("indigo", 0x5c_5fd6),
    ("gray", 0x8f_96a3),
    ("grey", 0x8f_96a3),
    ("violet", 0x8f_5fe8),
    ("lime", 0x9a_cd32),
    ("brown", 0xa0_6a42),
    ("black", 0x30_3540),
    ("white", 0xe6_e8ec),
    ("navy", 0x2f_4b9c),
    ("olive", 0x8a_8a2e),
    ("maroon", 0xa0_3a4a),
    ("amber", 0xf0_a830),
    ("emerald", 0x10_b981),
    ("rose", 0xf0_5f7f),
    ("sky", 0x4f_b0e8),
    ("slate", 0x70_7f94),
    ("crimson", 0xdc_2f4f),
    ("turquoise", 0x40_d0c0),
    ("coral", 0xf0_7f5f),
    ("silver", 0xb8_bec8),
];

/// The colour that a name, `#rgb` or `#rrggbb` stands for.
pub fn parse(text: &str) -> Option<Rgb> {
    let text = text.trim().to_ascii_lowercase();
    let Some(digits) = text.strip_prefix('#') else {
        return NAMES.iter().find(|(name, _)| *name == text).map(|(_, rgb)| split(*rgb));
    };
    let number = u32::from_str_radix(digits, 16).ok()?;
    match digits.len() {
        6 => Some(split(number)),
        3 => Some(split(
            (number >> 8 & 0xf) * 0x11_0000 + (number >> 4 & 0xf) * 0x1100 + (number & 0xf) * 0x11,
        )),
        _ => None,
    }
}

fn split(rgb: u32) -> Rgb {
    let byte = |shift: u32| u8::try_from(rgb >> shift & 0xff).unwrap_or(u8::MAX);
    (byte(16), byte(8), byte(0))
}

/// The colour itself, or the nearest mixture with white or black that has at least this contrast on all `grounds`.
pub fn legible(colour: Rgb, grounds: &[Rgb], least: f64) -> Color {
    let light = grounds.iter().all(|ground| luminance(*ground) > 0.2);
    let target = if light { (0, 0, 0) } else { (0xff, 0xff, 0xff) };
    let (r, g, b) = (0..=20)
        .map(|step| mix(colour, target, f64::from(step) / 20.0))
        .find(|mixed| grounds.iter().all(|ground| contrast(*mixed, *ground) >= least))
        .unwrap_or(target);
    Color::Rgb(r, g, b)
}

/// The contrast of two colours, from 1 to 21 (WCAG 2.2).
pub fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The relative luminance, from 0 to 1 (WCAG 2.2).
fn luminance((r, g, b): Rgb) -> f64 {
    let linear = |byte: u8| {
        let value = f64::from(byte) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn mix(from: Rgb, to: Rgb, share: f64) -> Rgb {
    // Both ends are bytes, so the mixture rounds to one.
    let blend =
        |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * share).round() as u8;
    (blend(from.0, to.0), blend(from.1, to.1), blend(from.2, to.2))
}

/// The one of the six coloured ANSI inks that has the nearest hue; the terminal's own text colour for greys.
pub fn nearest_ansi((r, g, b): Rgb) -> Color {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let spread = high - low;
    if spread < 48 {
        return Color::Reset;
    }
    let hue = if high == r {
        (60 * (g - b) / spread).rem_euclid(360)
    } else if high == g {
        60 * (b - r) / spread + 120
    } else {
        60 * (r - g) / spread + 240
    };
    match hue {
        20..75 => Color::Yellow,
        75..160 => Color::Green,
        160..200 => Color::Cyan,
        200..255 => Color::Blue,
        255..340 => Color::Magenta,
        _ => Color::Red,
    }
}
