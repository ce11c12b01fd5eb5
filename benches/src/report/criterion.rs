//! What criterion leaves behind: for each bench `new/benchmark.json`, which names it, and beside that
//! `new/estimates.json`.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Measured;

/// One of criterion's figures: nanoseconds of an iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// The file in `benches/benches/`.
    pub bench: String,
    /// Criterion's name for it.
    pub id: String,
    /// The median, and its confidence interval.
    #[serde(flatten)]
    pub ns: Measured,
}

#[derive(Deserialize)]
struct Named {
    full_id: String,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: Interval,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

/// All that is below a directory, by name. Without the directory that is nothing.
///
/// # Errors
/// Where something cannot be read, or is not criterion's.
pub fn timed(below: &Path, bench: &str) -> io::Result<Vec<Timed>> {
    let mut all = Vec::new();
    look(below, bench, &mut all)?;
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

fn look(at: &Path, bench: &str, all: &mut Vec<Timed>) -> io::Result<()> {
    let entries = match fs::read_dir(at) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        // Beside `new` there may be `base`, the same of the run before.
        let named = path.join("benchmark.json");
        if path.ends_with("new") && named.is_file() {
            let id = read::<Named>(&named)?.full_id;
            let median = read::<Estimates>(&path.join("estimates.json"))?.median;
            let Interval { lower_bound: min, upper_bound: max } = median.confidence_interval;
            let ns = Measured { median: median.point_estimate, min, max }.rounded();
            all.push(Timed { bench: bench.to_owned(), id, ns });
        } else {
            look(&path, bench, all)?;
        }
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> io::Result<T> {
    serde_json::from_slice(&fs::read(file)?).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", file.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Criterion itself writes what is read here.
    #[test]
    fn what_criterion_writes_is_read() {
        let home = std::env::temp_dir().join(format!("chat-bench-{}", std::process::id()));
        // Twice, so that there is a `base` beside the `new`.
        for _ in 0..2 {
            let mut criterion = criterion::Criterion::default()
                .output_directory(&home)
                .sample_size(10)
                .warm_up_time(std::time::Duration::from_millis(1))
                .measurement_time(std::time::Duration::from_millis(10))
                .without_plots();
            let mut group = criterion.benchmark_group("a group: of/two");
            group.bench_function("named", |b| b.iter(|| std::hint::black_box(7)));
            group.finish();
            criterion.bench_function("alone", |b| b.iter(|| std::hint::black_box(7)));
        }
        let all = timed(&home, "file").unwrap();
        fs::remove_dir_all(&home).unwrap();

        let names: Vec<_> = all.iter().map(|timed| timed.id.as_str()).collect();
        assert_eq!(names, ["a group: of/two/named", "alone"]);
        for Timed { ns, bench, .. } in &all {
            assert!(0.0 < ns.min && ns.min <= ns.median && ns.median <= ns.max, "{ns:?}");
            assert_eq!(bench, "file");
        }
    }

    #[test]
    fn nothing_is_no_fault_and_nonsense_is() {
        assert_eq!(timed(Path::new("/nowhere/at/all"), "x").unwrap(), []);
        let home = std::env::temp_dir().join(format!("chat-bench-bad-{}", std::process::id()));
        fs::create_dir_all(home.join("x/new")).unwrap();
        fs::write(home.join("x/new/benchmark.json"), "{}").unwrap();
        let told = timed(&home, "x");
        fs::remove_dir_all(&home).unwrap();
        assert_eq!(told.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
