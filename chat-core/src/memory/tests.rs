//! What concerns this store alone: races, and what is left behind. What every store must do is in the testkit.
