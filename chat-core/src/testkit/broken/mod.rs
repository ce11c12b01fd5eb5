//! Broken.
