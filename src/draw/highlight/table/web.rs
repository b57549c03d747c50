//! Pages and their style: HTML and its kin, CSS. It holds no language of programs.

use crate::draw::highlight::language::{Feature, Language, Quote, Shape};

const MARKUP: Language = Language {
    shape: Shape::Markup,
    block_comments: &[("<!--", "-->")],
    quotes: &[Quote { lines: true, ..Quote::raw("\"") }, Quote { lines: true, ..Quote::raw("'") }],
    ..Language::PLAIN
};

pub(super) const ROWS: &[Language] = &[
    Language { names: "html htm xhtml", ..MARKUP },
    Language { names: "xml svg rss xsd xsl plist csproj", ..MARKUP },
    Language { names: "vue svelte astro hbs handlebars mustache", features: &[Feature::Braces], ..MARKUP },
    Language {
        names: "css scss less sass postcss",
        shape: Shape::Css,
        line_comments: &["//"],
        block_comments: &[("/*", "*/")],
        quotes: &[Quote::of("\""), Quote::of("'")],
        ..Language::PLAIN
    },
];
