//! Plots as SVG, written by hand: marks with ranges, and lines over a size, on logarithmic axes.
//!
//! Each is readable on light and on dark pages, has a title and a description for those who do not see it, and is the same
//! bytes for the same figures.

mod axis;
mod lines;
mod marks;
mod paper;

pub(super) use lines::{Lines, Series};
pub(super) use marks::{Marks, Row};
#[cfg(test)]
pub(super) use {lines::NAME, paper::LETTER};
