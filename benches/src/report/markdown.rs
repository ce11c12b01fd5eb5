//! Tables and words in Markdown, whatever is in them.

use std::fmt::Write as _;

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    columns: usize,
    text: String,
}

impl Table {
    pub(super) fn new(columns: &[&str]) -> Self {
        let mut table = Self { columns: columns.len(), text: String::new() };
        table.row(columns);
        table.row(&vec!["---"; columns.len()]);
        table
    }

    /// A row. Cells are Markdown; what is not written for it comes through [`plain`] or [`code`].
    pub(super) fn row<C: AsRef<str>>(&mut self, cells: &[C]) {
        debug_assert_eq!(cells.len(), self.columns, "a cell for each column");
        for cell in cells {
            let _ = write!(self.text, "| {} ", cell.as_ref());
        }
        self.text.push_str("|\n");
    }

    /// The table; nothing, if it has no rows.
    pub(super) fn text(self) -> String {
        if self.text.lines().count() > 2 { self.text } else { String::new() }
    }
}

/// Words that mean nothing but themselves.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '\n' | '\r' => plain.push(' '),
            '|' | '*' | '[' | ']' | '\\' => {
                plain.push('\\');
                plain.push(letter);
            }
            letter => plain.push(letter),
        }
    }
    plain
}

/// Something to type, in a cell.
pub(super) fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    // In a cell even code must not hold a bare `|`.
    let text = text.replace('|', "\\|").replace('\n', " ");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_in_their_cell() {
        assert_eq!(
            plain("a|b *c* <d> [e] `f` & g_h\ni"),
            r"a\|b \*c\* &lt;d&gt; \[e\] `f` &amp; g_h i"
        );
        assert_eq!(code("x -- '(a|b)'"), r"`x -- '(a\|b)'`");
        assert_eq!(code("a `b`"), "`` a `b` ``");
        assert_eq!(code(""), "");
    }

    #[test]
    fn a_table_without_rows_is_none() {
        let mut table = Table::new(&["", "one"]);
        assert_eq!(Table::new(&["", "one"]).text(), "");
        table.row(&["a", "b"]);
        assert_eq!(table.text(), "|  | one |\n| --- | --- |\n| a | b |\n");
    }
}
