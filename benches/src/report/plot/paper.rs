//! What a plot is written on: lines, dots and words, with places rounded to a tenth.

use std::fmt::Write as _;

/// The width of all plots.
pub(super) const WIDTH: f64 = 860.0;

/// About how wide a letter is at the size that is used.
pub(in crate::report) const LETTER: f64 = 7.0;

/// Colours that are told apart by most eyes; on a dark page lighter ones.
const STYLE: &str = "
  svg { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif }
  .page { fill: #ffffff } text { fill: #24292f; paint-order: stroke; stroke: #ffffff; stroke-width: 4px } .head { font-size: 16px; font-weight: 600 } .faint { fill: #59636e }
  .grid { stroke: #d8dee4 } .range { stroke: #24292f; stroke-width: 1.5 } .plain { fill: #9aa4ae } .ours { fill: #0072b2 }
  .line { fill: none; stroke-width: 2 }
  .c0 { stroke: #0072b2 } .c1 { stroke: #c05000 } .c2 { stroke: #007a5a } .c3 { stroke: #a3458a }
  .d0 { fill: #0072b2 } .d1 { fill: #c05000 } .d2 { fill: #007a5a } .d3 { fill: #a3458a }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3; stroke: #0d1117 } .faint { fill: #9198a1 }
    .grid { stroke: #30363d } .range { stroke: #e6edf3 } .plain { fill: #6e7781 } .ours { fill: #58a6e0 }
    .c0 { stroke: #58a6e0 } .c1 { stroke: #f0883e } .c2 { stroke: #3fb68b } .c3 { stroke: #d88bc4 }
    .d0 { fill: #58a6e0 } .d1 { fill: #f0883e } .d2 { fill: #3fb68b } .d3 { fill: #d88bc4 }
  }
";

/// A sheet.
#[derive(Debug)]
pub(super) struct Paper(String);

/// Where a text is held.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held {
    Left,
    Middle,
    Right,
}

impl Paper {
    /// An empty sheet with a title, which is read aloud too, and what else is read aloud.
    pub(super) fn new(height: f64, title: &str, description: &str) -> Self {
        let shown = shortened(title);
        let (title, description) = (escaped(title), escaped(description));
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"title desc\">\n"
        );
        let _ = writeln!(text, "<title id=\"title\">{title}</title>");
        let _ = writeln!(text, "<desc id=\"desc\">{description}</desc>");
        let _ = writeln!(text, "<style>{STYLE}</style>");
        let _ = writeln!(text, "<rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>");
        let mut paper = Self(text);
        paper.words(16.0, 28.0, "head", Held::Left, &shown);
        paper
    }

    pub(super) fn words(&mut self, x: f64, y: f64, class: &str, held: Held, words: &str) {
        let anchor = match held {
            Held::Left => "start",
            Held::Middle => "middle",
            Held::Right => "end",
        };
        let _ = writeln!(
            self.0,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{}</text>",
            escaped(words)
        );
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.0,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.0, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" "));
    }

    pub(super) fn dot(&mut self, class: &str, (x, y): (f64, f64)) {
        let _ =
            writeln!(self.0, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
    }

    /// A dot that is to be seen beside lines.
    pub(super) fn mark(&mut self, class: &str, (x, y): (f64, f64)) {
        let _ = writeln!(self.0, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\"/>");
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

/// As long as a title may be above a plot; all of it is in `<title>`.
fn shortened(title: &str) -> String {
    const MOST: usize = 96;
    if title.chars().count() <= MOST {
        return title.to_owned();
    }
    let short: String = title.chars().take(MOST - 1).collect();
    format!("{short}…")
}

/// Fit for XML, between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no place for them, not even escaped.
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_ends_the_picture() {
        let mut paper = Paper::new(10.0, "a < b & \"c\"", "</desc><script>\u{0}");
        paper.words(1.0, 2.0, "faint", Held::Middle, "</svg>");
        let text = paper.finish();
        assert!(text.contains("a &lt; b &amp; &quot;c&quot;") && text.contains("&lt;/svg&gt;"));
        assert!(!text.contains("<script>") && !text.contains('\u{0}'));
        assert_eq!(text.matches("</svg>").count(), 1);
    }
}
