//! The part of the README that is written by a program: between two markers, which stay.

use super::results::{Kind, Results};
use super::short::short_table;

/// Where it begins.
const BEGIN: &str = "<!-- figures -->";
/// Where it ends.
const END: &str = "<!-- /figures -->";

/// A README without them, or with them twice or in the wrong order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{BEGIN}` and `{END}` have to be in it, once each and in this order")]
pub struct NoMarkers;

/// What stands there: the short table, and when it was taken.
#[must_use]
pub fn figures(results: &Results) -> String {
    let day = &results.day;
    let how = match results.kind {
        Kind::Whole => "medians, and between what they lie",
        Kind::Quick => "**a quick look, and no claim**",
    };
    let machine = "on the machine that [RESULTS](benches/RESULTS.md#machine-and-versions) names";
    format!("Of {day}, {machine}: {how}.\n\n{}", short_table(results))
}

/// The README with something new between its markers, and everything else as it was.
///
/// # Errors
/// Without the markers there is no place for it.
pub fn renewed(readme: &str, figures: &str) -> Result<String, NoMarkers> {
    let (before, rest) = readme.split_once(BEGIN).ok_or(NoMarkers)?;
    let (old, after) = rest.split_once(END).ok_or(NoMarkers)?;
    if old.contains(BEGIN) || [BEGIN, END].iter().any(|marker| after.contains(marker)) {
        return Err(NoMarkers);
    }
    Ok(format!("{before}{BEGIN}\n{}\n{END}{after}", figures.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let readme = "# A\n\n<!-- figures -->\nold\n<!-- /figures -->\n\nend\n";
        let new = renewed(readme, "\n| new |\n").unwrap();
        assert_eq!(new, "# A\n\n<!-- figures -->\n| new |\n<!-- /figures -->\n\nend\n");
        assert_eq!(renewed(&new, "| new |").unwrap(), new);
    }

    #[test]
    fn a_quick_look_is_called_one() {
        let whole = crate::report::page::tests::sample();
        assert!(
            figures(&whole).starts_with("Of 2026-11-21, ") && !figures(&whole).contains("quick")
        );
        let quick = Results { kind: Kind::Quick, ..whole };
        assert!(figures(&quick).contains("**a quick look, and no claim**"));
    }

    #[test]
    fn without_its_place_nothing_is_written() {
        let twice = "<!-- figures --><!-- /figures --><!-- figures --><!-- /figures -->";
        for readme in ["", "<!-- figures -->", "<!-- /figures --><!-- figures -->", twice] {
            assert_eq!(renewed(readme, "new"), Err(NoMarkers), "{readme}");
        }
    }
}
