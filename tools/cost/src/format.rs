//! Formats of numbers and tables.

/// Three significant digits and a letter.
fn short(number: f64, letters: &[(f64, &str)]) -> String {
    // The sum of nothing is -0.
    let number = number + 0.0;
    let fits = letters.iter().find(|(size, _)| number.abs() >= *size * 0.9995);
    let (size, letter) = fits.copied().unwrap_or((1.0, ""));
    let scaled = number / size;
    let decimals = match scaled.abs() {
        scaled if scaled >= 99.95 || scaled == 0.0 => 0,
        scaled if scaled >= 9.995 => 1,
        _ => 2,
    };
    format!("{scaled:.decimals$}{letter}")
}

/// Formats 1,234,567 as `1.23 M`.
pub(crate) fn count(number: f64) -> String {
    short(number, &[(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " K")])
}

/// Formats 1,234,567 as `$1.23 M`.
pub(crate) fn dollars(number: f64) -> String {
    format!("${}", short(number, &[(1e9, " G"), (1e6, " M"), (1e3, " K")]))
}

/// Formats a threshold, or `never` where nobody reaches it.
pub(crate) fn threshold(number: f64) -> String {
    if number.is_finite() { count(number) } else { "never".to_owned() }
}

/// Formats seconds in the unit that people would use.
pub(crate) fn seconds(number: f64) -> String {
    match number {
        number if number >= 5_400.0 => format!("{} h", short(number / 3_600.0, &[])),
        number if number >= 90.0 => format!("{} min", short(number / 60.0, &[])),
        number => format!("{} s", short(number, &[])),
    }
}

/// Formats a share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", short(share * 100.0, &[]))
}

/// Formats a Markdown table; columns but the first `left` ones are aligned to the right.
pub(crate) fn table(left: usize, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = figures::table(left, head);
    table.add_rows(rows);
    table.trim_fmt() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let cases = [
            (-0.0, "0"),
            (2.5, "2.50"),
            (9.999, "10.0"),
            (999.4, "999"),
            (999.9, "1.00 K"),
            (1_234_567.0, "1.23 M"),
        ];
        for (number, text) in cases {
            assert_eq!(count(number), text);
        }
        assert_eq!(dollars(12.34e6), "$12.3 M");
        assert_eq!((seconds(2.5), seconds(7_200.0)), ("2.50 s".to_owned(), "2.00 h".to_owned()));
        assert_eq!((threshold(f64::INFINITY), percent(0.125)), ("never".to_owned(), "12.5 %".to_owned()));
    }
}
