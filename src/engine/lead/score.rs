//! Points of a score, exact to the hundredth: what the reasons say adds up to what is stored.

use crate::Micros;
use serde::Serializer;

/// Points to the nearest hundredth.
pub fn rounded(points: f64) -> f64 {
    // adding 0 makes -0 a 0
    (points * 100.0).round() / 100.0 + 0.0
}

/// What points are worth after some time: half of them after each half-life. Nothing is worth more than when it was new.
#[allow(clippy::cast_precision_loss)]
pub fn aged(points: f64, age: Micros, half_life: Micros) -> f64 {
    let halves = age.max(0) as f64 / half_life.max(1) as f64;
    rounded(points * (-halves).exp2())
}

/// The sum of rounded points.
pub fn total(points: impl IntoIterator<Item = f64>) -> f64 {
    points.into_iter().fold(0.0, |sum, points| rounded(sum + points))
}

/// Writes points as people do: `60`, not `60.0`.
pub fn plain<S: Serializer>(points: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    // points are no more than a million for each criterion
    #[allow(clippy::cast_possible_truncation)]
    match points.fract() == 0.0 && points.abs() < 1e15 {
        true => serializer.serialize_i64(*points as i64),
        false => serializer.serialize_f64(*points),
    }
}

/// A score as a letter, for criteria that add up to about 100.
pub fn grade(score: f64) -> &'static str {
    match score {
        score if score >= 75.0 => "A",
        score if score >= 50.0 => "B",
        score if score >= 25.0 => "C",
        _ => "D",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::DAY;

    #[test]
    fn points_halve_with_every_half_life() {
        for (age, points) in
            [(0, 40.0), (30 * DAY, 20.0), (60 * DAY, 10.0), (15 * DAY, 28.28), (i64::MAX, 0.0)]
        {
            assert_eq!(aged(40.0, age, 30 * DAY), points, "{age}");
            assert_eq!(aged(-40.0, age, 30 * DAY), rounded(-points), "{age}");
        }
        assert_eq!(aged(40.0, -DAY, DAY), 40.0);
    }

    #[test]
    fn sums_are_exact_to_the_hundredth_in_any_order() {
        let points = [0.1, 0.2, 0.7, -1.0, 1e6, 0.01, -1e6];
        assert_eq!(total(points), 0.01);
        assert_eq!(total(points.into_iter().rev()), 0.01);
        assert_eq!(total(std::iter::repeat_n(0.1, 1000)), 100.0);
        assert!(total([]).is_sign_positive());
    }

    #[test]
    fn grades_begin_at_quarters_of_100() {
        let graded = [-5.0, 24.99, 25.0, 49.99, 50.0, 74.99, 75.0, 500.0].map(grade);
        assert_eq!(graded, ["D", "D", "C", "C", "B", "B", "A", "A"]);
    }
}
