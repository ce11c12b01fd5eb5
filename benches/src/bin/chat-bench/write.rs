//! Writing what came of it: the figures, the page, the plots, the table in the README.

use std::fs;
use std::io;
use std::path::Path;

use chat_benches::report::{Results, figures, page, plots, renewed};

/// The figures that are there.
pub(super) fn read(out: &Path) -> io::Result<Results> {
    let file = out.join("results.json");
    let named = |error: String| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", file.display()))
    };
    let text = fs::read(&file).map_err(|error| named(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| named(error.to_string()))
}

/// Everything into a directory, and a README if it is for one.
pub(super) fn write(results: &Results, out: &Path, readme: Option<&Path>) -> io::Result<()> {
    // First, so that nothing is half written where it has no place.
    let readme =
        readme.map(|file| Ok::<_, io::Error>((file, with_table(file, results)?))).transpose()?;
    let at = out.join("plots");
    fs::create_dir_all(&at)?;
    for old in fs::read_dir(&at)? {
        let old = old?.path();
        if old.extension().is_some_and(|end| end == "svg") {
            fs::remove_file(old)?;
        }
    }
    for plot in plots(results) {
        fs::write(at.join(plot.file), plot.svg)?;
    }
    fs::write(out.join("results.json"), format!("{}\n", serde_json::to_string_pretty(results)?))?;
    fs::write(out.join("RESULTS.md"), page(results))?;
    if let Some((file, text)) = readme {
        fs::write(file, text)?;
    }
    Ok(())
}

fn with_table(file: &Path, results: &Results) -> io::Result<String> {
    renewed(&fs::read_to_string(file)?, &figures(results)).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", file.display()))
    })
}
