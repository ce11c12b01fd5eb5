//! What is committed of the figures: the page, its plots and the README's table say what `results.json` says, and nothing
//! else. Where that is broken, `chat-bench --again` mends it.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};

use chat_benches::report::{Results, figures, page, plots, renewed};

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn results() -> Results {
    serde_json::from_str(&text("results.json")).expect("figures")
}

#[test]
fn the_page_is_what_was_measured() {
    assert!(text("RESULTS.md") == page(&results()), "RESULTS.md was not written from results.json");
}

#[test]
fn the_plots_are_those_of_the_page() {
    let plots = plots(&results());
    for plot in &plots {
        let there = text(&format!("plots/{}", plot.file));
        assert!(there == plot.svg, "{} was not drawn from results.json", plot.file);
    }
    let there = fs::read_dir(at("plots")).expect("plots").count();
    assert_eq!(there, plots.len(), "a plot that nothing shows");
}

#[test]
fn the_table_in_the_readme_is_of_the_same_figures() {
    let readme = text("../README.md");
    let wanted = renewed(&readme, &figures(&results())).expect("a place for it");
    assert!(readme == wanted, "the README's table was not written from results.json");
}

#[test]
fn commands_are_for_any_checkout() {
    for file in ["RESULTS.md", "results.json"] {
        for (at, _) in text(file).match_indices("release/chat-") {
            assert!(
                text(file)[..at].ends_with("target/") && !text(file)[..at].ends_with("/target/"),
                "{file}, at {at}"
            );
        }
    }
}

#[test]
fn links_of_the_page_and_of_what_stands_beside_it_lead_somewhere() {
    for file in ["RESULTS.md", "README.md"] {
        for link in text(file).split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap_or_default();
            if !link.is_empty() && !link.starts_with("http") {
                assert!(at(link).exists(), "{file} links to {link}");
            }
        }
    }
}
