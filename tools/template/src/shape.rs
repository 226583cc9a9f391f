//! YAML with placeholders: what every function, queue or workflow has alike.

/// Returns the shape with its placeholders filled.
///
/// `<name>` alone on a line is replaced by any number of lines, which take its indentation. With none, the
/// line is dropped. Within a line it is replaced by a word.
pub(crate) fn fill(shape: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    for line in shape.lines() {
        let content = line.trim_start();
        let indentation = line.get(..line.len() - content.len()).unwrap_or_default();
        let alone = content.strip_prefix('<').and_then(|name| name.strip_suffix('>'));
        if let Some((_, lines)) = values.iter().find(|(name, _)| alone == Some(name)) {
            filled += &indented(lines, indentation);
        } else {
            let words = values
                .iter()
                .fold(line.to_owned(), |line, (name, word)| line.replace(&format!("<{name}>"), word));
            filled += &words;
            filled.push('\n');
        }
    }
    filled
}

/// Returns the lines, each that is not empty with an indentation.
pub(crate) fn indented(lines: &str, indentation: &str) -> String {
    let mut result = String::new();
    for line in lines.lines() {
        if !line.is_empty() {
            result += indentation;
        }
        result += line;
        result.push('\n');
    }
    result
}

/// Returns the lines below a key, or nothing when there are none.
pub(crate) fn below(key: &str, lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("{key}:\n{}", indented(lines, "  ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_alone_stands_for_lines_and_within_a_line_for_a_word() {
        let shape = "<Name>Function:\n  <properties>\n  Name: <name>\n";
        let filled =
            fill(shape, &[("Name", "Like"), ("name", "like"), ("properties", "A: 1\n\nB:\n  C: 2\n")]);
        assert_eq!(filled, "LikeFunction:\n  A: 1\n\n  B:\n    C: 2\n  Name: like\n");
        let empty = fill(shape, &[("Name", "Like"), ("name", "like"), ("properties", "")]);
        assert_eq!(empty, "LikeFunction:\n  Name: like\n");
    }

    #[test]
    fn no_lines_have_no_key() {
        assert_eq!(below("Policies", ""), "");
        assert_eq!(below("Policies", "- a\n"), "Policies:\n  - a\n");
    }
}
