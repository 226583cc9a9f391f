//! Figures as the tools print them.

use comfy_table::{CellAlignment, Table, presets};

/// A count as a fraction; counts here are far below what a double holds exactly.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub fn float(count: usize) -> f64 {
    count as f64
}

/// An empty Markdown table. Columns after the first `left` ones are aligned to the right, as figures are.
pub fn table(left: usize, header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(left) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_aligned_to_the_right() {
        let mut table = table(1, &["what", "RRU"]);
        table.add_row(["a page", "12.5"]).add_row(["x", "1"]);
        let text = table.trim_fmt();
        assert_eq!(text, "| what   |  RRU |\n|--------|------|\n| a page | 12.5 |\n| x      |    1 |");
    }
}
