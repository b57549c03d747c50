//! Numbers as people read them: tokens and dollars in few letters. It rounds, so it is for showing only.

/// Tokens: `850`, `12k`, `1.05M`.
pub fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..10_000 if count % 1_000 >= 100 => format!("{}.{}k", count / 1_000, count % 1_000 / 100),
        1_000..1_000_000 => format!("{}k", count / 1_000),
        _ => {
            let hundredths = count / 10_000;
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            format!("{}M", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// A whole number with its thousands apart: `12,345`.
pub fn whole(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Dollars: two places, more for small sums: `$12.30`, `$0.0042`, `$3`.
pub fn dollars(sum: f64) -> String {
    match sum {
        _ if sum >= 0.995 || sum == 0.0 => {
            let text = format!("{sum:.2}");
            format!("${}", text.strip_suffix(".00").unwrap_or(&text))
        }
        _ if sum >= 0.1 => format!("${sum:.2}"),
        _ if sum >= 0.01 => format!("${sum:.3}"),
        _ if sum >= 0.000_1 => format!("${sum:.4}"),
        _ => "under $0.0001".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_right() {
        let told = [0, 999, 1_000, 1_234, 1_050, 12_345, 200_000, 1_000_000, 1_047_576, 1_050_000].map(short);
        assert_eq!(told, ["0", "999", "1k", "1.2k", "1k", "12k", "200k", "1M", "1.04M", "1.05M"]);
        assert_eq!([7, 1_234, 1_000_000].map(whole), ["7", "1,234", "1,000,000"]);
        for (number, expect) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(whole(number), expect);
        }
        let sums = [0.0, 3.0, 12.3, 0.25, 0.0123, 0.0042, 0.000_01].map(dollars);
        assert_eq!(sums, ["$0", "$3", "$12.30", "$0.25", "$0.012", "$0.0042", "under $0.0001"]);
    }
}
