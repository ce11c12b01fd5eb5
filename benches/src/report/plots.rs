//! Which plots there are: one of the ratios to the limit, one for each case beside the peers, one for each thing that grows.

use super::Results;
use super::growth::{self, Growth};
use super::plot::{Lines, Marks, Row, Series};

/// A plot with the name of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plot {
    /// In `plots/`.
    pub file: String,
    /// What is in it.
    pub svg: String,
}

/// All plots of which there are figures.
#[must_use]
pub fn plots(results: &Results) -> Vec<Plot> {
    let mut all: Vec<Plot> = ratios(results).into_iter().collect();
    let cases = results.beside.iter().flat_map(|beside| &beside.rows);
    // Two marks are no picture.
    for case in cases.filter(|case| !case.is_of_redis()) {
        let row = |program: &super::Peer| Row {
            label: program.title.clone(),
            measured: case.of(&program.name),
            ours: program.is_ours(),
        };
        let programs = results.beside.iter().flat_map(|beside| &beside.programs);
        let marks = Marks {
            title: case.case.clone(),
            axis: along(&case.figure).to_owned(),
            unit: case.unit.clone(),
            rows: programs.map(row).collect(),
        };
        all.push(Plot { file: peers_file(&case.case), svg: marks.svg() });
    }
    all.extend(growth::ALL.iter().filter_map(|growth| lines(growth, results)));
    all
}

/// The file of a case beside the peers.
pub(super) fn peers_file(case: &str) -> String {
    let words = case.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    format!("peers-{}.svg", words.join("-"))
}

/// The file of something that grows, if it has a plot: one point is no line.
pub(super) fn growth_file(growth: &Growth, results: &Results) -> Option<String> {
    let enough = growth.lines(results).iter().any(|line| line.points.len() > 1);
    enough.then(|| format!("{}.svg", growth.file))
}

pub(super) const RATIOS: &str = "beside-limit.svg";

fn ratios(results: &Results) -> Option<Plot> {
    let rows = results.compared.iter().flat_map(|compared| &compared.rows);
    // Of CPU alone, as the axis says.
    let rows = rows.filter(|row| row.figure.starts_with("cpu_"));
    let rows: Vec<Row> = rows
        .filter_map(|row| {
            let measured = row.ratio.filter(|ratio| ratio.is_there())?;
            Some(Row { label: row.case.clone(), measured: Some(measured), ours: true })
        })
        .collect();
    let marks = Marks {
        title: "CPU of chat-server as a ratio to the limit".to_owned(),
        axis: "times the limit's CPU for the same work".to_owned(),
        unit: "×".to_owned(),
        rows,
    };
    (!marks.rows.is_empty()).then(|| Plot { file: RATIOS.to_owned(), svg: marks.svg() })
}

/// What a figure's name means to people.
fn along(figure: &str) -> &str {
    match figure {
        "cpu_us_per_delivery" => "CPU of the server for each delivery",
        "cpu_us_per_join" => "CPU of the server for each join",
        "cpu_us_per_connection" => "CPU of the server for each connection",
        "latency_p50_us" => "half of the deliveries took no longer",
        "latency_p99_us" => "99 of 100 deliveries took no longer",
        "bytes_per_connection" => "memory of the server for each connection",
        other => other,
    }
}

fn lines(growth: &Growth, results: &Results) -> Option<Plot> {
    let file = growth_file(growth, results)?;
    let found = growth.lines(results);
    let unit = found.first()?.points.first()?.1.unit.to_owned();
    let series = found.iter().map(|line| Series {
        label: line.label.to_owned(),
        points: line.points.iter().map(|(at, found)| (*at, found.measured)).collect(),
    });
    let (title, size) = (growth.title.to_owned(), growth.size.to_owned());
    let svg = Lines { title, size, unit, series: series.collect() }.svg();
    Some(Plot { file, svg })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::tests::sample;

    #[test]
    fn there_is_a_plot_of_each_kind_and_the_same_each_time() {
        let results = sample();
        let all = plots(&results);
        let files: Vec<&str> = all.iter().map(|plot| plot.file.as_str()).collect();
        let wanted = [
            "beside-limit.svg",
            "peers-a-delivery-one-room-of-500-closed-loop.svg",
            "peers-memory-of-an-idle-connection.svg",
            "delivery-by-members.svg",
            "append-by-members.svg",
        ];
        assert_eq!(files, wanted);
        assert_eq!(plots(&results), all);
        assert!(all.iter().all(|plot| !plot.svg.contains("NaN") && !plot.svg.contains("inf")));
    }

    #[test]
    fn a_peer_that_could_not_be_measured_has_a_gap() {
        let all = plots(&sample());
        let memory = all.iter().find(|plot| plot.file.contains("memory")).unwrap();
        assert!(memory.svg.contains("Socket.IO: not measured"), "{}", memory.svg);
    }
}
