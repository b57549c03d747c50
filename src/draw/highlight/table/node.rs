//! What a Node.js project is written in: JavaScript, TypeScript, and the languages of its schemas and queries.

use crate::draw::highlight::language::{Capitals, Feature, Hash, Keys, Language, Quote, Words};
use crate::draw::highlight::scan::Class;

const JS_QUOTES: &[Quote] = &[Quote::of("\""), Quote::of("'"), Quote::long("`").with(&["${"])];

/// JavaScript without tags; the rows of its kin differ in few fields.
const SCRIPT: Language = Language {
    line_comments: &["//"],
    block_comments: &[("/*", "*/")],
    quotes: JS_QUOTES,
    keywords: Words::of(
        "async await break case catch class const continue debugger default delete do else export extends finally for \
         function if import in instanceof let new return switch throw try typeof var void while with yield",
    ),
    soft_keywords: Words::of("as from get of set static using"),
    literals: Words::of("arguments false globalThis Infinity NaN null super this true undefined"),
    types: Words::of("BigInt JSON URL"),
    before_function: Words::of("function"),
    before_type: Words::of("class"),
    modifiers: Words::of("async static"),
    before_colon: Words::of("default"),
    capitals: Capitals::Types,
    keys: Keys::Entries,
    name_marks: "$",
    at: Class::Function,
    hash: Hash::Nothing,
    features: &[Feature::Patterns, Feature::Arrows, Feature::Jsx],
    ..Language::PLAIN
};

const TYPED: Language = Language {
    keywords: Words::of(
        "asserts async await break case catch class const continue debugger default delete do else enum export extends \
         finally for function if implements import in infer instanceof interface keyof let new private protected public \
         readonly return satisfies switch throw try typeof var void while with yield",
    ),
    soft_keywords: Words::of(
        "abstract accessor as declare from get global is module namespace of override set static type unique using",
    ),
    types: Words::of(
        "any BigInt bigint boolean JSON never number object string symbol unknown URL URLSearchParams",
    ),
    before_type: Words::of("class enum implements interface type"),
    modifiers: Words::of("abstract accessor declare override private protected public readonly static"),
    before_colon: Words::of("default"),
    features: &[Feature::Patterns, Feature::Arrows, Feature::Generics],
    ..SCRIPT
};

pub(super) const ROWS: &[Language] = &[
    Language { names: "ts typescript mts cts", ..TYPED },
    Language {
        names: "tsx",
        features: &[Feature::Patterns, Feature::Arrows, Feature::Generics, Feature::Jsx],
        ..TYPED
    },
    Language { names: "js javascript jsx mjs cjs node nodejs", ..SCRIPT },
    Language {
        names: "json jsonc json5 jsonl ndjson geojson webmanifest code-workspace",
        line_comments: &["//"],
        block_comments: &[("/*", "*/")],
        quotes: &[Quote::of("\""), Quote::of("'")],
        literals: Words::of("false Infinity NaN null true undefined"),
        keys: Keys::Arguments,
        name_marks: "$",
        ..Language::PLAIN
    },
    Language {
        names: "sql postgres postgresql pgsql psql mysql sqlite plpgsql mariadb tsql",
        line_comments: &["--"],
        block_comments: &[("/*", "*/")],
        quotes: &[
            Quote { lines: true, ..Quote::doubled("'") },
            Quote { lines: true, ..Quote::of("'") }.after("e"),
            Quote::doubled("\""),
            Quote::raw("`"),
        ],
        keywords: Words::of(
            "add after all alter always analyze and any as asc autoincrement auto_increment before begin between by \
             cascade case check cluster collate column comment commit concurrently conflict constraint create cross \
             current_date current_time current_timestamp cursor database declare default deferrable delete desc distinct \
             do domain drop each else elsif end enum escape except exclude execute exists explain extension fetch \
             filter first following for foreign from full function generated grant group having identity if ilike \
             immutable in index inner insert instead intersect into is isnull join key language last lateral left like \
             limit local lock loop materialized merge natural next no not nothing notnull null nulls of offset on only or \
             order outer over partition perform policy preceding primary privileges procedure raise range recursive \
             references refresh release rename replace restrict return returning returns revoke right role rollback \
             row rows savepoint schema select sequence session set share show similar stable start stored table tablespace \
             temp temporary then to transaction trigger truncate type unbounded union unique unlogged update using \
             vacuum values view volatile when where while window with within without",
        ),
        literals: Words::of("false true unknown"),
        types: Words::of(
            "bigint bigserial binary bit blob bool boolean bytea char character cidr citext date datetime decimal double \
             float geometry inet int int2 int4 int8 integer interval json jsonb longtext mediumtext money nchar numeric \
             nvarchar precision real serial smallint smallserial text time timestamp timestamptz timetz tinyint tsquery \
             tsvector uuid varbinary varchar varying vector xml zone",
        ),
        before_function: Words::of("function procedure"),
        before_type: Words::of("domain table type view"),
        functions: Words::of("filter first if last left replace right row truncate"),
        any_case: true,
        sigils: "$:@",
        ..Language::PLAIN
    },
    Language {
        names: "graphql gql graphqls",
        line_comments: &["#"],
        quotes: &[Quote::long("\"\"\""), Quote::of("\"")],
        soft_keywords: Words::of(
            "directive enum extend fragment implements input interface mutation on query repeatable scalar schema \
             subscription type union",
        ),
        literals: Words::of("false null true"),
        types: Words::of("Boolean Float ID Int String"),
        before_function: Words::of("fragment mutation query subscription"),
        before_type: Words::of("enum implements input interface on scalar type union"),
        capitals: Capitals::Types,
        keys: Keys::Arguments,
        sigils: "$",
        at: Class::Function,
        ..Language::PLAIN
    },
    Language {
        names: "prisma",
        line_comments: &["//"],
        block_comments: &[("/*", "*/")],
        quotes: &[Quote::of("\"")],
        soft_keywords: Words::of("datasource enum generator model type view"),
        literals: Words::of("false null true"),
        types: Words::of("BigInt Boolean Bytes DateTime Decimal Float Int Json String Unsupported"),
        before_type: Words::of("datasource enum generator model type view"),
        capitals: Capitals::Types,
        keys: Keys::Arguments,
        at: Class::Function,
        features: &[Feature::Fields],
        ..Language::PLAIN
    },
];
