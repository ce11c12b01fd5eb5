//! What the system knows of the process, under the names that every exporter uses. On Linux only: elsewhere there is no `/proc`,
//! and these are left out.

use std::fs;

use super::text::Text;

/// Ticks of a second in `/proc`: the same on every Linux, whatever its own clock.
const TICKS: f64 = 100.0;

/// Writes what is known.
pub(super) fn render(text: &mut Text) {
    if let Some((seconds, resident)) =
        fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(stat)
    {
        text.family("process_cpu_seconds_total", super::text::Kind::Counter, "CPU time used");
        text.sample("process_cpu_seconds_total", "", seconds);
        let bytes = resident * page();
        text.gauge("process_resident_memory_bytes", "Memory in use", bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is what lists them.
        let open = open.count().saturating_sub(1);
        text.gauge("process_open_fds", "Files and sockets open", open as f64);
    }
    if let Some(most) = crate::files::most() {
        text.gauge("process_max_fds", "Files and sockets that may be open", most as f64);
    }
}

/// CPU seconds and resident pages. The name in brackets may hold anything, so fields are counted from behind it.
fn stat(text: &str) -> Option<(f64, f64)> {
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(((number(11)? + number(12)?) / TICKS, number(21)?))
}

#[cfg(unix)]
fn page() -> f64 {
    rustix::param::page_size() as f64
}

#[cfg(not(unix))]
fn page() -> f64 {
    4096.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_moves_no_field() {
        let fields: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        let line = format!("7 (a) b)) {}", fields.join(" "));
        assert_eq!(stat(&line), Some((0.23, 21.0)));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_knows_its_memory() {
        let mut text = Text::default();
        render(&mut text);
        let text = text.finish();
        let line = text.lines().find(|l| l.starts_with("process_resident_memory_bytes ")).unwrap();
        let bytes: f64 = line.split(' ').nth(1).unwrap().parse().unwrap();
        assert!((1e6..1e10).contains(&bytes), "{bytes}");
        assert!(text.contains("process_max_fds "), "{text}");
    }
}
