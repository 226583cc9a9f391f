//! The parts of a Rust file that run in production.

/// Returns whether a file holds tests or serves them alone.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.starts_with("testing/")
        || path.contains("/tests/")
        || path.contains("/benches/")
        || path.ends_with("tests.rs")
}

/// Returns the numbered lines of a file that are neither comments nor in a `#[cfg(test)] mod ... { ... }`.
pub(crate) fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut lines = text.lines().enumerate();
    std::iter::from_fn(move || {
        let (index, line) = lines.next()?;
        if line == "#[cfg(test)]" {
            let item = lines.next().map_or("", |(_, item)| item);
            // rustfmt closes a module in the column where it was opened.
            if item.ends_with('{') {
                lines.find(|(_, line)| *line == "}");
            }
            return Some((index + 1, ""));
        }
        Some((index + 1, line))
    })
    .filter(|(_, line)| !line.is_empty() && !line.trim_start().starts_with("//"))
}

/// Returns the field names of a function's settings, upper-cased as in the environment.
///
/// The settings are declared as `runtime::config! { pub struct Config { ... } }`.
pub(crate) fn config_variables(text: &str) -> Vec<String> {
    let mut lines = product_lines(text).map(|(_, line)| line.trim());
    if !lines.any(|line| line.contains("config! {")) {
        return Vec::new();
    }
    lines
        .skip_while(|line| !line.contains("struct Config"))
        .skip(1)
        .take_while(|line| !line.starts_with('}'))
        .filter_map(|line| line.strip_prefix("pub ")?.split_once(':'))
        .map(|(name, _)| name.trim().to_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_test_modules_are_not_product_code() {
        let module = "#[cfg(test)]\npub(crate) mod capture {\n    fn c() {}\n}\n";
        let text = format!("//! Head.\nfn a() {{}}\n    // why\n{module}fn b() {{}}\n{module}");
        assert_eq!(product_lines(&text).collect::<Vec<_>>(), [(2, "fn a() {}"), (8, "fn b() {}")]);
    }

    #[test]
    fn a_test_only_line_does_not_hide_what_follows() {
        let text = "#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert_eq!(product_lines(text).collect::<Vec<_>>(), [(3, "fn a() {}")]);
    }

    #[test]
    fn config_fields_are_read_from_the_macro() {
        let text = "runtime::config! {\n    /// Settings.\n    pub struct Config {\n        /// Table.\n        pub table_name: String,\n        pub topic_arn: String,\n    }\n}\npub struct Other {\n    pub x: u8,\n}\n";
        assert_eq!(config_variables(text), ["TABLE_NAME", "TOPIC_ARN"]);
        assert!(config_variables("pub struct Other {\n    pub x: u8,\n}\n").is_empty());
    }
}
