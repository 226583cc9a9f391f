//! What is wrong with the textbook estimate of a photo network, line by line.
//!
//! The well-known interview exercise "design Instagram" comes with a capacity estimate and a monthly bill. Each
//! correction follows from the estimate's own assumptions: 500 M daily people, 200 M photos, 7.5 G likes and 5 G
//! pages a day, 150 followers each, ten years of storage, 2.3 MB a photo. Lines that are right are not listed.

/// A line of the estimate, and what its own assumptions give.
#[derive(Clone, Copy, Debug)]
pub struct Correction {
    /// Which line.
    pub line: &'static str,
    /// What it counts.
    pub unit: &'static str,
    /// What it says.
    pub said: f64,
    /// What is right.
    pub right: f64,
    /// What went wrong.
    pub why: &'static str,
}

impl Correction {
    /// How many times what it says is right; none where it says nothing.
    pub fn factor(&self) -> Option<f64> {
        (self.said > 0.0).then(|| self.right / self.said)
    }
}

const fn line(
    line: &'static str,
    unit: &'static str,
    said: f64,
    right: f64,
    why: &'static str,
) -> Correction {
    Correction { line, unit, said, right, why }
}

/// Thousands of dollars in a month.
const BILL: &str = "$1,000";

/// Every wrong line: first the quantities, then the bill.
pub const CORRECTIONS: [Correction; 19] = [
    line(
        "photos, overview",
        "M a day",
        100.0,
        200.0,
        "its estimate: 500 M x 20 % x 2; 100 M are the uploads",
    ),
    line("likes, overview", "G a day", 4.5, 7.5, "its estimate: 500 M x 15"),
    line(
        "reads",
        "K /s",
        145.0,
        57.9,
        "58 K feeds + 87 K likes, which are writes; its profile views are nowhere estimated",
    ),
    line("writes", "K /s", 90.0, 436.0, "left out: fan-out, 200 M photos x 150 followers = 347 K entries /s"),
    line("a photo", "MB", 2.3, 2.44, "left out: WebP variants, 0.7 x 260 KB; 2.26 is rounded up to 2.3"),
    line("metadata of ten years", "PB", 1.46, 4.2, "left out: likes, at the 100 bytes it gives a feed entry"),
    line("cached feeds", "TB", 0.1, 4.5, "to answer 90 % of requests takes 450 M people's feeds, not 10 M"),
    line("cache nodes", "nodes", 100.0, 1_577.0, "a node for $10.80 a day has about 26 GB, not 410 GB"),
    line("Cassandra nodes", "nodes", 100.0, 6_296.0, "three copies of 4.2 PB at the usual 2 TB a node"),
    line(
        "S3 in the bill",
        "PB",
        1.68,
        1_679.0,
        "petabytes for exabytes, 1,000 times less than its own estimate",
    ),
    line("egress in the bill", "PB", 1.0, 600.0, "its own 232 GB/s are 20 PB a day, 600 times as much"),
    line("S3 storage", BILL, 38.64, 35_300.0, "1,679 PB; $38.64 M at its flat $0.023, less by AWS's tiers"),
    line("CDN transfer", BILL, 85.0, 12_000.0, "600 PB, at $0.020 a GB for that volume and not its $0.085"),
    line("CDN requests", BILL, 0.0, 3_000.0, "left out: 100 G pictures a day"),
    line("EC2", BILL, 43.2, 54.0, "300 x $6 a day x 24; a month has 30 days (an m5.2xlarge is $9)"),
    line("Cassandra", BILL, 108.0, 6_800.0, "the nodes above, $36 a day each"),
    line("ElastiCache", BILL, 32.4, 511.0, "the nodes above, $10.80 a day each"),
    line(
        "total",
        BILL,
        359.8,
        57_700.0,
        "with RDS, Kafka and $18,000 of unexplained data transfer as they are",
    ),
    line(
        "saved by Glacier",
        BILL,
        9.66,
        22_900.0,
        "it takes a quarter of S3; nine tenths of originals are older than a year",
    ),
];

/// What its bill leaves out altogether.
pub const LEFT_OUT: &str = "the graph database with 150 G edges at both ends, the machines that resize 2,300 photos \
    a second, push notifications, S3 and origin requests, logs, and two of its three regions";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::{EGRESS, GLACIER, STANDARD, VIEW};

    fn right(line: &str) -> f64 {
        CORRECTIONS.iter().find(|found| found.line == line).unwrap().right
    }

    /// Whether two numbers agree in the three digits that the table shows.
    fn close(found: f64, expected: f64) -> bool {
        (found / expected - 1.0).abs() < 0.005
    }

    #[test]
    fn quantities_follow_from_the_assumptions() {
        let (photos, likes, pages, days) = (200e6, 7.5e9, 5e9, 3_650.0);
        assert!(close(right("reads"), pages / 86_400e3));
        assert!(close(right("writes"), (photos + likes + photos * 150.0) / 86_400e3));
        assert!(close(right("a photo"), 2.0 + 0.26 * 1.7));
        let metadata = (photos * 2_000.0 + likes * 100.0) * days / 1e15;
        assert!(close(right("metadata of ten years"), metadata));
        assert!(close(right("cached feeds"), 0.9 * 500e6 * 100.0 * 100.0 / 1e12));
        assert!(close(right("cache nodes"), 41e12 / 26e9));
        assert!(close(right("Cassandra nodes"), metadata * 3.0 / 2e-3));
        assert!(close(right("S3 in the bill"), photos * days * 2.3e6 / 1e15));
        assert!(close(right("egress in the bill"), pages * 20.0 * 200e3 * 30.0 / 1e15));
    }

    #[test]
    fn dollars_follow_from_the_quantities_and_the_prices() {
        let stored = right("S3 in the bill") * 1e6;
        assert!(close(right("S3 storage"), STANDARD.of(stored) / 1e3));
        assert!(close(right("CDN transfer"), EGRESS.of(right("egress in the bill") * 1e6) / 1e3));
        assert!(close(right("CDN requests"), VIEW.of(5e9 * 20.0 * 30.0) / 1e3));
        assert!(close(right("Cassandra"), right("Cassandra nodes") * 36.0 * 30.0 / 1e3));
        assert!(close(right("ElastiCache"), right("cache nodes") * 10.8 * 30.0 / 1e3));
        let old = 200e6 * 3_650.0 * 0.9 * 2e6 / 1e9;
        let saved = STANDARD.of(stored) - STANDARD.of(stored - old) - GLACIER.of(old);
        assert!(close(right("saved by Glacier"), saved / 1e3));
    }

    #[test]
    fn totals_are_the_sums_of_their_lines() {
        let bill = CORRECTIONS.iter().filter(|line| line.unit == BILL);
        let lines = bill.take_while(|line| line.line != "total");
        let (said, sum) =
            lines.fold((52.56, 52.56), |(said, sum), line| (said + line.said, sum + line.right));
        assert!((said - 359.8).abs() < 1e-9, "{said}");
        assert!(close(right("total"), sum), "{sum}");
    }

    #[test]
    fn every_line_is_wrong() {
        for line in CORRECTIONS {
            assert!(line.factor().is_none_or(|factor| (factor - 1.0).abs() > 0.05), "{line:?}");
        }
    }
}
