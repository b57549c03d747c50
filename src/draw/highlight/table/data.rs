//! Data, settings and what tools are told: YAML, TOML, Dockerfiles, shells, patches. It holds no language of programs.

use crate::draw::highlight::language::{Capitals, Feature, Keys, Language, Quote, Shape, Words};
use crate::draw::highlight::scan::Class;

pub(super) const FLAT: Language = Language { names: "", shape: Shape::Flat(Class::Plain), ..Language::PLAIN };

const VALUES: Words = Words::of("~ false no none null off on true yes");

/// A shell's strings, variables and words.
const SHELL: Language = Language {
    shape: Shape::Shell,
    line_comments: &["#"],
    quotes: &[
        Quote::long("\"").with(&["$("]).with_variables(),
        Quote::long("$'").between("'"),
        Quote { lines: true, ..Quote::raw("'") },
    ],
    keywords: Words::of(
        "[ [[ alias break case continue declare do done elif else esac exit export fi for function if in local readonly \
         return select set shift source then trap typeset unset until while",
    ),
    // Commands that run the command after them.
    functions: Words::of("builtin command env eval exec nice nohup npx sudo time xargs"),
    sigils: "$",
    features: &[Feature::Heredocs],
    ..Language::PLAIN
};

pub(super) const ROWS: &[Language] = &[
    Language { names: "sh bash zsh shell ksh fish shellscript terminal curl bashrc zshrc", ..SHELL },
    Language {
        names: "console shellsession shell-session sh-session bash-session",
        shape: Shape::Console,
        ..SHELL
    },
    Language {
        names: "dockerfile docker containerfile",
        shape: Shape::Docker,
        keywords: Words::of(
            "[ [[ add arg case cmd copy do done elif else entrypoint env esac export expose fi for from healthcheck if \
             label local maintainer onbuild run set shell stopsignal then until user volume while workdir",
        ),
        any_case: true,
        ..SHELL
    },
    Language {
        names: "makefile make mk gnumakefile",
        shape: Shape::Make,
        literals: Words::of(
            "define else endef endif export ifdef ifeq ifndef ifneq include override unexport vpath",
        ),
        ..SHELL
    },
    Language {
        names: "yaml yml",
        shape: Shape::Yaml,
        quotes: &[
            Quote::long("\"").with_variables(),
            Quote { lines: true, ..Quote::doubled("'") }.with_variables(),
        ],
        literals: VALUES,
        any_case: true,
        sigils: "$",
        ..Language::PLAIN
    },
    Language {
        names: "toml",
        line_comments: &["#"],
        quotes: &[
            Quote::long("\"\"\""),
            Quote { lines: true, ..Quote::raw("'''") },
            Quote::of("\""),
            Quote::raw("'"),
        ],
        literals: Words::of("false inf nan true"),
        keys: Keys::Entries,
        key_marks: &["="],
        name_marks: "-.",
        features: &[Feature::Sections],
        ..Language::PLAIN
    },
    Language {
        names: "ini env dotenv properties conf cfg editorconfig gitconfig npmrc systemd",
        shape: Shape::Settings,
        literals: VALUES,
        any_case: true,
        sigils: "$",
        ..Language::PLAIN
    },
    Language { names: "http https rest", shape: Shape::Http, sigils: "$", ..Language::PLAIN },
    Language { names: "diff patch udiff", shape: Shape::Diff, ..Language::PLAIN },
    Language { names: "md markdown mdx", shape: Shape::Markdown, ..Language::PLAIN },
    Language {
        names: "nginx nginxconf",
        line_comments: &["#"],
        quotes: &[Quote::of("\"").with_variables(), Quote::of("'").with_variables()],
        literals: Words::of("off on"),
        name_marks: "-",
        sigils: "$",
        features: &[Feature::Statements],
        ..Language::PLAIN
    },
    Language {
        names: "hcl terraform tf tfvars",
        line_comments: &["#", "//"],
        block_comments: &[("/*", "*/")],
        quotes: &[Quote::of("\"").with(&["${", "%{"])],
        keywords: Words::of("for if in"),
        literals: Words::of("false null true"),
        types: Words::of("any bool list map number object set string tuple"),
        keys: Keys::Arguments,
        key_marks: &["="],
        name_marks: "-",
        features: &[Feature::Statements, Feature::Heredocs],
        ..Language::PLAIN
    },
    Language {
        names: "proto protobuf proto3",
        line_comments: &["//"],
        block_comments: &[("/*", "*/")],
        quotes: &[Quote::of("\""), Quote::of("'")],
        keywords: Words::of(
            "enum extend extensions import map message oneof option optional package public repeated required reserved \
             returns rpc service stream syntax to",
        ),
        literals: Words::of("false true"),
        types: Words::of(
            "bool bytes double fixed32 fixed64 float int32 int64 sfixed32 sfixed64 sint32 sint64 string uint32 uint64",
        ),
        before_function: Words::of("rpc"),
        before_type: Words::of("enum message oneof service"),
        capitals: Capitals::Types,
        ..Language::PLAIN
    },
    // What heredocs and blocks of YAML hold.
    Language { names: "<<", shape: Shape::Flat(Class::Text), sigils: "$", ..Language::PLAIN },
    Language { names: "<<'", shape: Shape::Flat(Class::Text), ..Language::PLAIN },
    Language { names: "|", shape: Shape::Flat(Class::Text), sigils: "$", ..Language::PLAIN },
];
