//! Keeps what is told to the `metrics` facade.
//!
//! Small on purpose: counters and gauges are one atomic number each, histograms have fixed bounds, so that nothing has to be
//! emptied now and then, and reading changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, Key, KeyName, Metadata, SharedString, Unit};
use parking_lot::RwLock;

use super::histogram::Histogram;
use super::text::{self, Kind, Text};

/// Series of all families together.
const MOST: usize = 2_000;

/// Hands the facade what it counts with.
pub(super) struct Recorder(pub(super) Arc<Registry>);

/// All series.
#[derive(Default)]
pub(super) struct Registry {
    series: RwLock<HashMap<Key, Series>>,
    help: RwLock<BTreeMap<String, SharedString>>,
    /// How often something was not kept because there are too many series.
    refused: AtomicU64,
}

#[derive(Clone)]
enum Series {
    Counter(Arc<AtomicU64>),
    Gauge(Arc<AtomicU64>),
    Histogram(Arc<Histogram>),
}

impl Series {
    fn kind(&self) -> Kind {
        match self {
            Self::Counter(_) => Kind::Counter,
            Self::Gauge(_) => Kind::Gauge,
            Self::Histogram(_) => Kind::Histogram,
        }
    }
}

impl Registry {
    /// The series of this key, made if there is none yet and there may be one more.
    fn of(&self, key: &Key, make: impl FnOnce() -> Series) -> Option<Series> {
        if let Some(series) = self.series.read().get(key) {
            return Some(series.clone());
        }
        let mut all = self.series.write();
        if all.len() >= MOST && !all.contains_key(key) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(all.entry(key.clone()).or_insert_with(make).clone())
    }

    fn describe(&self, name: &KeyName, help: SharedString) {
        let mut all = self.help.write();
        if all.len() < MOST {
            all.insert(text::name(name.as_str()), help);
        }
    }

    /// Writes all families, by name, and within them by labels: so that two readings can be compared.
    pub(super) fn render(&self, text: &mut Text) {
        let mut families = BTreeMap::<String, BTreeMap<String, Series>>::new();
        for (key, series) in self.series.read().iter() {
            let labels = text::labels(key.labels().map(|label| (label.key(), label.value())));
            families.entry(text::name(key.name())).or_default().insert(labels, series.clone());
        }
        let help = self.help.read();
        for (name, family) in families {
            let Some(kind) = family.values().next().map(Series::kind) else { continue };
            text.family(&name, kind, help.get(&name).map_or("", |help| help));
            for (labels, series) in family {
                match series {
                    Series::Counter(value) => {
                        text.sample(&name, &labels, value.load(Ordering::Relaxed));
                    }
                    Series::Gauge(bits) => {
                        let value = f64::from_bits(bits.load(Ordering::Relaxed));
                        text.sample(&name, &labels, value);
                    }
                    Series::Histogram(histogram) => histogram.render(&name, &labels, text),
                }
            }
        }
        let refused = self.refused.load(Ordering::Relaxed);
        text.counter("chat_metrics_refused_total", "Numbers not kept: too many series", refused);
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.0.describe(&name, help);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.0.describe(&name, help);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.0.describe(&name, help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.0.of(key, || Series::Counter(Arc::default())) {
            Some(Series::Counter(value)) => Counter::from_arc(value),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.0.of(key, || Series::Gauge(Arc::default())) {
            Some(Series::Gauge(bits)) => Gauge::from_arc(bits),
            _ => Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        match self.0.of(key, || Series::Histogram(Arc::new(Histogram::named(key.name())))) {
            Some(Series::Histogram(histogram)) => metrics::Histogram::from_arc(histogram),
            _ => metrics::Histogram::noop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use metrics::{Label, Level, Recorder as _};

    use super::*;

    const META: Metadata<'static> = Metadata::new("", Level::INFO, None);

    fn shown(registry: &Registry) -> String {
        let mut text = Text::default();
        registry.render(&mut text);
        text.finish()
    }

    #[test]
    fn what_is_told_is_shown() {
        let registry = Arc::<Registry>::default();
        let recorder = Recorder(Arc::clone(&registry));
        recorder.describe_counter("said".into(), None, "Things said".into());
        let kim = Key::from_parts("said", vec![Label::new("by", "kim")]);
        recorder.register_counter(&kim, &META).increment(2);
        recorder.register_counter(&kim, &META).increment(1);
        let here = recorder.register_gauge(&Key::from_name("here"), &META);
        here.increment(5.0);
        here.decrement(2.5);
        recorder.register_histogram(&Key::from_name("took_seconds"), &META).record(0.2);
        let shown = shown(&registry);
        for line in [
            "# HELP said Things said",
            "# TYPE said counter",
            r#"said{by="kim"} 3"#,
            "here 2.5",
            r#"took_seconds_bucket{le="0.1"} 0"#,
            r#"took_seconds_bucket{le="0.25"} 1"#,
            "took_seconds_count 1",
        ] {
            assert!(shown.lines().any(|there| there == line), "{line}: {shown}");
        }
    }

    #[test]
    fn there_are_only_so_many_series() {
        let registry = Arc::<Registry>::default();
        let recorder = Recorder(Arc::clone(&registry));
        for n in 0..MOST + 10 {
            let key = Key::from_parts("x", vec![Label::new("n", n.to_string())]);
            recorder.register_counter(&key, &META).increment(1);
        }
        assert_eq!(registry.series.read().len(), MOST);
        assert!(shown(&registry).contains("chat_metrics_refused_total 10"));
    }
}
