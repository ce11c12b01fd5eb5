//! Figures as people read them: three digits, and a unit that keeps them short.

use super::Measured;

/// What stands where nothing was measured.
pub(super) const NONE: &str = "–";

/// A value with its unit.
pub(super) fn amount(value: f64, unit: &str) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let (whole, unit) = fitting(value, unit);
    with_unit(&number(value / whole), unit)
}

/// The middle one with its unit, and between what the others lay.
pub(super) fn amounts(measured: Measured, unit: &str) -> String {
    let Measured { median, min, max } = measured;
    if !measured.is_there() {
        return NONE.to_owned();
    }
    let (whole, _) = fitting(median, unit);
    let [least, most] = [min, max].map(|value| number(value / whole));
    let middle = amount(median, unit);
    if least == most { middle } else { format!("{middle} ({least} to {most})") }
}

/// A number alone.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let size = value.abs();
    if size.fract() == 0.0 && size < 1e6 {
        return grouped(&format!("{value:.0}"));
    }
    match size {
        1_000.0.. => {
            let zeros = 10_f64.powf(size.log10().floor() - 2.0);
            grouped(&format!("{:.0}", (value / zeros).round() * zeros))
        }
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        0.1.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn with_unit(number: &str, unit: &str) -> String {
    match unit {
        "" => number.to_owned(),
        "/s" => format!("{number}/s"),
        unit => format!("{number} {unit}"),
    }
}

/// A larger unit of the same kind, so that the number stays below a thousand, and what to divide by.
pub(super) fn fitting(value: f64, unit: &str) -> (f64, &'static str) {
    const TIMES: [&str; 4] = ["ns", "µs", "ms", "s"];
    const BYTES: [&str; 4] = ["bytes", "kB", "MB", "GB"];
    for units in [TIMES, BYTES] {
        let Some(first) = units.iter().position(|name| *name == unit) else { continue };
        let (mut at, mut whole) = (first, 1.0);
        while value.abs() / whole >= 999.5 && at + 1 < units.len() {
            (at, whole) = (at + 1, whole * 1e3);
        }
        return (whole, units[at]);
    }
    let others = ["/s", "×", "× less", "%"];
    (1.0, others.into_iter().find(|other| *other == unit).unwrap_or(""))
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_keep_numbers_short() {
        for (value, unit, wanted) in [
            (85.2, "ns", "85.2 ns"),
            (15_234.0, "ns", "15.2 µs"),
            (1_612.0, "ms", "1.61 s"),
            (60.0, "µs", "60 µs"),
            (999.7, "ns", "1.00 µs"),
            (866.0, "bytes", "866 bytes"),
            (5_899.0, "bytes", "5.90 kB"),
            (1.2e9, "bytes", "1.20 GB"),
            (2e9, "bytes", "2 GB"),
            (615_384.6, "/s", "615,000/s"),
            (16.0, "", "16"),
            (0.0123, "s", "0.012 s"),
            (f64::NAN, "ns", NONE),
        ] {
            assert_eq!(amount(value, unit), wanted);
        }
    }

    #[test]
    fn a_range_is_in_the_unit_of_its_middle() {
        let spread = Measured { median: 1_200.0, min: 900.0, max: 1_512.0 };
        assert_eq!(amounts(spread, "ns"), "1.20 µs (0.90 to 1.51)");
        assert_eq!(amounts(Measured::once(3.0), "µs"), "3 µs");
        assert_eq!(amounts(Measured::once(f64::NAN), "µs"), NONE);
    }
}
