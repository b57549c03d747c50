//! Languages of scripts: Python, Ruby, Lua, Elixir. It holds no shell and no JavaScript.

use crate::draw::highlight::language::{Capitals, Feature, Keys, Language, Quote, Words};
use crate::draw::highlight::scan::Class;

const FORMATTED: &str = "f fr rf t tr rt";
const PREFIXED: &str = "b br r rb u";

pub(super) const ROWS: &[Language] = &[
    Language {
        names: "python py python3 pyi py3 pycon",
        line_comments: &["#"],
        quotes: &[
            Quote::long("\"\"\"").with(&["{"]).after(FORMATTED),
            Quote::long("'''").with(&["{"]).after(FORMATTED),
            Quote::of("\"").with(&["{"]).after(FORMATTED),
            Quote::of("'").with(&["{"]).after(FORMATTED),
            Quote::long("\"\"\"").after(PREFIXED),
            Quote::long("'''").after(PREFIXED),
            Quote::of("\"").after(PREFIXED),
            Quote::of("'").after(PREFIXED),
            Quote::long("\"\"\""),
            Quote::long("'''"),
            Quote::of("\""),
            Quote::of("'"),
        ],
        keywords: Words::of(
            "and as assert async await break class continue def del elif else except finally for from global if import in is \
             lambda nonlocal not or pass raise return try while with yield",
        ),
        soft_keywords: Words::of("case match type"),
        literals: Words::of("cls False None self True"),
        types: Words::of("bool bytearray bytes complex dict float frozenset int list object set str tuple"),
        before_function: Words::of("def"),
        before_type: Words::of("class type"),
        before_colon: Words::of("else except finally try"),
        capitals: Capitals::Types,
        keys: Keys::Entries,
        at: Class::Function,
        ..Language::PLAIN
    },
    Language {
        names: "ruby rb rake gemfile",
        line_comments: &["#"],
        block_comments: &[("=begin", "=end")],
        quotes: &[Quote::long("\"").with(&["#{"]), Quote::long("'"), Quote::of("`").with(&["#{"])],
        keywords: Words::of(
            "alias and attr_accessor attr_reader attr_writer begin break case class def defined? do else elsif end ensure \
             extend for if in include loop module next not or private protected public raise redo require require_relative \
             rescue retry return super then undef unless until when while yield",
        ),
        literals: Words::of("false nil self true"),
        before_function: Words::of("def"),
        before_type: Words::of("class module"),
        capitals: Capitals::Types,
        keys: Keys::Touching,
        name_marks: "?!",
        sigils: "$@",
        at: Class::Property,
        colon: Class::Number,
        features: &[Feature::Patterns, Feature::Heredocs],
        ..Language::PLAIN
    },
    Language {
        names: "lua luau",
        line_comments: &["--"],
        block_comments: &[("--[[", "]]")],
        quotes: &[Quote { lines: true, ..Quote::raw("[[") }.between("]]"), Quote::of("\""), Quote::of("'")],
        keywords: Words::of(
            "and break do else elseif end for function goto if in local not or repeat return then until while",
        ),
        literals: Words::of("false nil self true"),
        before_function: Words::of("function"),
        ..Language::PLAIN
    },
    Language {
        names: "elixir ex exs iex",
        line_comments: &["#"],
        quotes: &[
            Quote::long("\"\"\"").with(&["#{"]),
            Quote::long("\"").with(&["#{"]),
            Quote::of("'").with(&["#{"]),
        ],
        keywords: Words::of(
            "after alias and case catch cond def defdelegate defexception defguard defimpl defmacro defmodule defp \
             defprotocol defstruct do else end fn for if import in not or quote raise receive require rescue try unless \
             unquote use when with",
        ),
        literals: Words::of("false nil true"),
        before_function: Words::of("def defmacro defp"),
        before_type: Words::of("defimpl defmodule defprotocol"),
        capitals: Capitals::Types,
        keys: Keys::Touching,
        name_marks: "?!",
        at: Class::Property,
        colon: Class::Number,
        ..Language::PLAIN
    },
];
