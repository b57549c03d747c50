//! Languages that are compiled: C and its kin, the languages of the JVM and of .NET, Rust, Go, Swift. It holds no rows of scripts.

use crate::draw::highlight::language::{Capitals, Feature, Hash, Keys, Language, Quote, Words};
use crate::draw::highlight::scan::Class;

const CHARACTER: Quote = Quote { single: true, ..Quote::of("'") };
const LONG: Quote = Quote::long("\"\"\"");

/// What most languages with braces have in common.
const BRACES: Language = Language {
    line_comments: &["//"],
    block_comments: &[("/*", "*/")],
    quotes: &[Quote::of("\""), CHARACTER],
    literals: Words::of("false null true"),
    capitals: Capitals::Types,
    keys: Keys::Entries,
    before_colon: Words::of("case default private protected public"),
    ..Language::PLAIN
};

pub(super) const ROWS: &[Language] = &[
    Language {
        names: "rust rs",
        nested_comments: true,
        quotes: &[
            Quote { hashes: true, lines: true, ..Quote::raw("\"") }.after("r br cr"),
            Quote::long("\"").after("b c"),
            Quote { single: true, ..Quote::of("'") }.after("b"),
            Quote::long("\""),
            CHARACTER,
        ],
        keywords: Words::of(
            "as async await break const continue crate dyn else enum extern fn for if impl in let loop macro_rules match \
             mod move mut pub ref return self static struct super trait type unsafe use where while yield",
        ),
        soft_keywords: Words::of("union"),
        literals: Words::of("false true"),
        types: Words::of("bool char f32 f64 i128 i16 i32 i64 i8 isize str u128 u16 u32 u64 u8 usize"),
        before_function: Words::of("fn"),
        before_type: Words::of("enum struct trait type union"),
        modifiers: Words::of("mut pub ref"),
        hash: Hash::Attribute,
        features: &[Feature::Generics, Feature::Macros, Feature::DottedKeywords],
        ..BRACES
    },
    Language {
        names: "go golang",
        quotes: &[Quote::of("\""), Quote { lines: true, ..Quote::raw("`") }, CHARACTER],
        keywords: Words::of(
            "break case chan const continue default defer else fallthrough for func go goto if import interface map package \
             range return select struct switch type var",
        ),
        literals: Words::of("false iota nil true"),
        types: Words::of(
            "any bool byte comparable complex128 complex64 error float32 float64 int int16 int32 int64 int8 rune string \
             uint uint16 uint32 uint64 uint8 uintptr",
        ),
        before_function: Words::of("func"),
        before_type: Words::of("type"),
        capitals: Capitals::Methods,
        ..BRACES
    },
    Language {
        names: "java",
        quotes: &[LONG, Quote::of("\""), CHARACTER],
        keywords: Words::of(
            "abstract assert break case catch class continue default do else enum extends final finally for goto if \
             implements import instanceof interface native new package private protected public return static strictfp \
             super switch synchronized this throw throws transient try volatile while",
        ),
        soft_keywords: Words::of("exports module non-sealed permits record requires sealed var when yield"),
        types: Words::of("boolean byte char double float int long short void"),
        before_type: Words::of("class enum extends implements interface new record throws"),
        at: Class::Function,
        features: &[Feature::Generics],
        ..BRACES
    },
    Language {
        names: "kotlin kt kts",
        nested_comments: true,
        quotes: &[
            Quote { lines: true, ..Quote::raw("\"\"\"") }.with(&["${"]).with_variables(),
            Quote::of("\"").with(&["${"]).with_variables(),
            CHARACTER,
        ],
        keywords: Words::of(
            "as break by class continue do else for fun if import in interface is object package return super suspend this \
             throw try typealias typeof val var when while",
        ),
        soft_keywords: Words::of(
            "abstract actual annotation catch companion const constructor crossinline data enum expect external final \
             finally infix init inline inner internal lateinit noinline open operator out override private protected public \
             reified sealed tailrec value vararg where",
        ),
        before_function: Words::of("fun"),
        before_type: Words::of("class interface object typealias"),
        at: Class::Function,
        features: &[Feature::Generics],
        ..BRACES
    },
    Language {
        names: "swift",
        nested_comments: true,
        quotes: &[LONG.with(&["\\("]), Quote::of("\"").with(&["\\("])],
        keywords: Words::of(
            "actor as associatedtype async await break case catch class continue convenience default defer deinit do else \
             enum extension fallthrough fileprivate final for func guard if import in indirect init inout internal is \
             lazy let mutating nonisolated open operator override private protocol public repeat required rethrows return \
             self some static struct subscript super switch throw throws try typealias unowned var weak where while",
        ),
        soft_keywords: Words::of("any get set"),
        literals: Words::of("false nil true"),
        before_function: Words::of("func"),
        before_type: Words::of("actor associatedtype class enum extension protocol struct typealias"),
        modifiers: Words::of("private public static"),
        at: Class::Function,
        hash: Hash::Directive,
        features: &[Feature::Generics],
        ..BRACES
    },
    Language {
        names: "c h",
        keywords: Words::of(
            "_Alignas _Atomic _Generic _Noreturn _Static_assert auto break case const continue default do else enum extern for goto \
             if inline register restrict return sizeof static struct switch typedef union volatile while",
        ),
        literals: Words::of("false NULL nullptr true"),
        types: Words::of(
            "bool char double FILE float int int16_t int32_t int64_t int8_t long off_t ptrdiff_t short signed size_t ssize_t \
             time_t uint16_t uint32_t uint64_t uint8_t uintptr_t unsigned va_list void wchar_t",
        ),
        before_type: Words::of("enum struct union"),
        hash: Hash::Directive,
        keys: Keys::Nowhere,
        ..BRACES
    },
    Language {
        names: "cpp c++ cc cxx hpp hxx arduino cuda",
        quotes: &[
            Quote { lines: true, ..Quote::raw("\"(") }.between(")\"").after("r lr ur u8r"),
            Quote::of("\"").after("l u u8"),
            Quote::of("\""),
            CHARACTER,
        ],
        keywords: Words::of(
            "alignas alignof and auto break case catch class concept const consteval constexpr constinit const_cast \
             continue co_await co_return co_yield decltype default delete do dynamic_cast else enum explicit export extern \
             final for friend goto if inline mutable namespace new noexcept not operator or override private protected public \
             register reinterpret_cast requires return sizeof static static_assert static_cast struct switch template this \
             thread_local throw try typedef typeid typename union using virtual volatile while",
        ),
        literals: Words::of("false NULL nullptr true"),
        types: Words::of(
            "bool char char16_t char32_t char8_t double float int int16_t int32_t int64_t int8_t long short signed size_t \
             string string_view uint16_t uint32_t uint64_t uint8_t unique_ptr unordered_map unsigned vector void wchar_t",
        ),
        before_type: Words::of("class concept enum namespace struct typename union"),
        hash: Hash::Directive,
        keys: Keys::Nowhere,
        features: &[Feature::Generics],
        ..BRACES
    },
    Language {
        names: "cs csharp c# dotnet",
        quotes: &[
            Quote::long("$\"\"\"").between("\"\"\"").with(&["{"]),
            LONG,
            Quote::of("$\"").between("\"").with(&["{"]),
            Quote { lines: true, ..Quote::doubled("$@\"") }.between("\"").with(&["{"]),
            Quote { lines: true, ..Quote::doubled("@\"") }.between("\""),
            Quote::of("\""),
            CHARACTER,
        ],
        keywords: Words::of(
            "abstract as async await base break case catch checked class const continue default delegate do else enum event \
             explicit extern finally fixed for foreach goto if implicit in interface internal is lock namespace new \
             operator out override params private protected public readonly ref return sealed sizeof stackalloc static \
             struct switch this throw try typeof unchecked unsafe using virtual volatile while",
        ),
        soft_keywords: Words::of(
            "and file from get global init into join let not on or orderby partial record required select set value var \
             when where with yield",
        ),
        types: Words::of(
            "bool byte char decimal double dynamic float int long nint object sbyte short string uint ulong ushort void",
        ),
        before_type: Words::of("class enum interface namespace new record struct"),
        capitals: Capitals::Methods,
        hash: Hash::Directive,
        features: &[Feature::Generics],
        ..BRACES
    },
    Language {
        names: "php php8",
        line_comments: &["//", "# "],
        quotes: &[Quote::long("\"").with(&["{$"]).with_variables(), Quote::long("'")],
        keywords: Words::of(
            "abstract and array as break callable case catch class clone const continue declare default do echo else elseif \
             empty enddeclare endfor endforeach endif endswitch endwhile enum extends final finally fn for foreach function \
             global goto if implements include include_once instanceof insteadof interface isset list match namespace new \
             or print private protected public readonly require require_once return static switch throw trait try unset \
             use var while xor yield",
        ),
        literals: Words::of("false FALSE null NULL parent self true TRUE"),
        types: Words::of("bool float int iterable mixed never object string void"),
        before_function: Words::of("function"),
        before_type: Words::of("class enum extends implements interface namespace new trait"),
        keys: Keys::Arguments,
        key_marks: &["=>"],
        sigils: "$",
        hash: Hash::Attribute,
        features: &[Feature::Heredocs],
        ..BRACES
    },
];
