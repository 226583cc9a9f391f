//! What was measured, as text.

use std::fmt::{self, Display, Formatter};

use domain::media::{Encoding, Size};
use figures::float;

use crate::Column;
use crate::contestant::Contestant;
use crate::lambda::{MEMORIES, WAITING, Work, processors};
use crate::large::Large;
use crate::measure::{File, Measured, PROCESSORS};
use crate::numbers::median;
use crate::photograph::{Photograph, Tag};
use crate::worker::Took;

/// Everything that was measured.
#[derive(Clone, Debug)]
pub struct Report {
    photographs: Vec<Photograph>,
    columns: Vec<Column>,
    large: Vec<Large>,
    runs: usize,
}

/// Places of the files in an outcome.
const LARGE_JPEG: usize = 0;
const LARGE_WEBP: usize = 1;

impl Report {
    /// The report of these measurements.
    pub fn new(photographs: Vec<Photograph>, columns: Vec<Column>, large: Vec<Large>, runs: usize) -> Self {
        Self { photographs, columns, large, runs }
    }

    /// How many times as long as we someone takes, the median over the photographs: of processor time on one
    /// processor, of wall clock on two.
    pub fn ratio(&self, contestant: Contestant, processors: usize) -> f64 {
        let ours = self.times(Contestant::Ours, processors);
        let theirs = self.times(contestant, processors);
        median(theirs.iter().zip(ours).map(|(theirs, ours)| theirs / ours))
    }

    /// The largest photograph that is not progressive, as cameras write them: its name, and the most memory
    /// that our process held for it, in MB.
    pub fn memory(&self) -> Option<(&str, f64)> {
        let plain = self.photographs.iter().zip(&self.measured(Contestant::Ours)?.outcomes);
        let baseline = plain.filter(|(photograph, _)| !photograph.progressive);
        let largest = baseline.max_by(|(one, _), (other, _)| one.megapixels().total_cmp(&other.megapixels()));
        largest.map(|(photograph, outcome)| (photograph.name.as_str(), megabytes(outcome.peak)))
    }

    fn measured(&self, contestant: Contestant) -> Option<&Measured> {
        self.columns.iter().find(|(found, _)| *found == contestant).map(|(_, measured)| measured)
    }

    /// Milliseconds for each photograph that count.
    fn times(&self, contestant: Contestant, processors: usize) -> Vec<f64> {
        let time = |took: &Took| if processors == 1 { took.cpu } else { took.wall };
        let took = self.measured(contestant).map(|measured| measured.took(processors));
        took.unwrap_or_default().iter().map(time).collect()
    }

    fn machine(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}, {} photographs, the fastest of {} runs.",
            processor(),
            self.photographs.len(),
            self.runs
        )?;
        for (contestant, measured) in &self.columns {
            writeln!(f, "{}: {}.", contestant.name(), measured.versions)?;
        }
        writeln!(f)
    }

    fn summary(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = figures::table(
            1,
            &[
                "median photograph",
                "ms, 1 CPU",
                "ms, 2 CPUs",
                "1080 JPEG, B",
                "SS2",
                "1080 WebP, B",
                "SS2",
                "all six, B",
                "MB at most",
                "MB idle",
            ],
        );
        for (contestant, measured) in &self.columns {
            let one = |index, of: fn(&File) -> f64| measured.median_file(index, of);
            let peaks = measured.outcomes.iter().map(|outcome| megabytes(outcome.peak));
            table.add_row([
                contestant.name().to_owned(),
                format!("{:.0}", median(self.times(*contestant, 1))),
                format!("{:.0}", median(self.times(*contestant, 2))),
                format!("{:.0}", one(LARGE_JPEG, bytes)),
                format!("{:.1}", one(LARGE_JPEG, score)),
                format!("{:.0}", one(LARGE_WEBP, bytes)),
                format!("{:.1}", one(LARGE_WEBP, score)),
                format!("{:.0}", median(measured.outcomes.iter().map(|outcome| total(&outcome.files)))),
                format!("{:.0}", median(peaks)),
                format!("{:.0}", megabytes(measured.idle)),
            ]);
        }
        writeln!(f, "{table}\n")
    }

    fn sizes(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let files: Vec<String> = Size::ALL
            .iter()
            .flat_map(|size| {
                Encoding::ALL.map(|encoding| format!("{} {}", size.side(), encoding.extension()))
            })
            .collect();
        let mut header = vec!["median bytes, SS2"];
        header.extend(files.iter().map(String::as_str));
        let mut table = figures::table(1, &header);
        for (contestant, measured) in &self.columns {
            let cell = |index| {
                let (bytes, score) = (measured.median_file(index, bytes), measured.median_file(index, score));
                format!("{bytes:.0}, {score:.1}")
            };
            table.add_row(std::iter::once(contestant.name().to_owned()).chain((0..files.len()).map(cell)));
        }
        writeln!(f, "{table}\n")
    }

    /// A table with a line for each photograph and a column for each contestant.
    fn each(
        &self,
        f: &mut Formatter<'_>,
        title: &str,
        cell: impl Fn(&Measured, usize) -> Option<String>,
    ) -> fmt::Result {
        let mut header = vec![title];
        header.extend(self.columns.iter().map(|(contestant, _)| contestant.name()));
        let mut table = figures::table(1, &header);
        for (index, photograph) in self.photographs.iter().enumerate() {
            let cells = self.columns.iter().map(|(_, measured)| cell(measured, index).unwrap_or_default());
            table.add_row(std::iter::once(photograph.name.clone()).chain(cells));
        }
        writeln!(f, "{table}\n")
    }

    fn photographs(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = figures::table(1, &["photograph", "pixels", "MP", "kB", "kind"]);
        for photograph in &self.photographs {
            let kind = if photograph.progressive { "progressive" } else { "baseline" };
            let tag = match photograph.tag {
                Tag::Plain => "",
                Tag::Turned => ", EXIF orientation 6",
                Tag::DisplayP3 => ", Display P3",
            };
            table.add_row([
                photograph.name.clone(),
                format!("{}x{}", photograph.width, photograph.height),
                format!("{:.1}", photograph.megapixels()),
                (photograph.bytes / 1000).to_string(),
                format!("{kind}{tag}"),
            ]);
        }
        writeln!(f, "{table}\n")
    }

    /// The largest pictures, which our process alone was asked for.
    fn large(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = figures::table(1, &["largest picture", "MB of the file", "ms, 1 CPU", "MB at most"]);
        for large in &self.large {
            table.add_row([
                large.kind.to_owned(),
                format!("{:.1}", float(usize::try_from(large.bytes).unwrap_or(usize::MAX)) / 1e6),
                format!("{:.0}", large.took.cpu),
                format!("{:.0}", megabytes(large.peak)),
            ]);
        }
        writeln!(f, "{table}\n")
    }

    fn lambda(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(measured) = self.measured(Contestant::Ours) else { return Ok(()) };
        let alone = || measured.took(1).iter().map(|took| took.cpu);
        let work = Work {
            alone: median(alone()),
            both: median(measured.took(2).iter().map(|took| took.cpu)),
            beside: median(measured.took(2).iter().map(|took| took.wall)),
        };
        let slowest = Work { alone: alone().fold(0.0, f64::max), ..work };
        writeln!(
            f,
            "A picture on Lambda, if a processor there is as fast as here, {WAITING:.0} ms of waiting for S3 and the table included:\n"
        )?;
        let mut table = figures::table(
            1,
            &[
                "MB",
                "processors",
                "ms, 1 thread",
                "$ a million",
                "ms, 2 threads",
                "$ a million",
                "slowest, ms, 1 thread",
            ],
        );
        for memory in MEMORIES {
            let (one, two) = (work.on_one(memory), work.on_two(memory));
            table.add_row([
                format!("{memory:.0}"),
                format!("{:.2}", processors(memory)),
                format!("{:.0}", one.ms),
                format!("{:.2}", one.dollars),
                format!("{:.0}", two.ms),
                format!("{:.2}", two.dollars),
                format!("{:.0}", slowest.on_one(memory).ms),
            ]);
        }
        writeln!(f, "{table}\n")
    }

    fn ratios(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some((name, memory)) = self.memory() else { return Ok(()) };
        writeln!(
            f,
            "Each one's time by ours, the median over the photographs: of processor time on one processor, and of wall clock on\n\
             two (-2t). rss_mb is the most memory our process held for {name}, the largest baseline photograph, in MB.\n"
        )?;
        for processors in PROCESSORS {
            let suffix = if processors == 1 { String::new() } else { format!("-{processors}t") };
            for contestant in Contestant::ALL.iter().filter(|contestant| **contestant != Contestant::Ours) {
                let ratio = self.ratio(*contestant, processors);
                writeln!(f, "ratio {}{suffix} {ratio:.2}", contestant.name())?;
            }
        }
        writeln!(f, "rss_mb {memory:.1}")
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let file = |measured: &Measured, photograph: usize, index: usize| {
            measured.outcomes.get(photograph)?.files.get(index).copied()
        };
        let ms = |processors: usize, time: fn(&Took) -> f64| {
            move |measured: &Measured, index: usize| {
                measured.took(processors).get(index).map(|took| format!("{:.0}", time(took)))
            }
        };
        self.machine(f)?;
        self.summary(f)?;
        self.sizes(f)?;
        self.photographs(f)?;
        self.each(f, "processor ms, 1 CPU", ms(1, |took| took.cpu))?;
        self.each(f, "wall ms, 2 CPUs", ms(2, |took| took.wall))?;
        self.each(f, "all six, B", |measured, index| {
            Some(format!("{:.0}", total(&measured.outcomes.get(index)?.files)))
        })?;
        self.each(f, "SS2 at 1080, JPEG/WebP", |measured, index| {
            let (jpeg, webp) = (file(measured, index, LARGE_JPEG)?, file(measured, index, LARGE_WEBP)?);
            Some(format!("{:.1}/{:.1}", jpeg.score, webp.score))
        })?;
        self.each(f, "MB at most", |measured, index| {
            Some(format!("{:.0}", megabytes(measured.outcomes.get(index)?.peak)))
        })?;
        self.large(f)?;
        self.lambda(f)?;
        self.ratios(f)
    }
}

impl Measured {
    /// The times with so many processors.
    fn took(&self, processors: usize) -> &[Took] {
        let index = PROCESSORS.iter().position(|count| *count == processors);
        index.and_then(|index| self.times.get(index)).map_or(&[], Vec::as_slice)
    }

    fn median_file(&self, index: usize, of: fn(&File) -> f64) -> f64 {
        median(self.outcomes.iter().filter_map(|outcome| outcome.files.get(index)).map(of))
    }
}

fn bytes(file: &File) -> f64 {
    float(file.bytes)
}

fn score(file: &File) -> f64 {
    file.score
}

fn total(files: &[File]) -> f64 {
    files.iter().map(bytes).sum()
}

/// KiB, as the kernel counts, in MB.
fn megabytes(kib: u64) -> f64 {
    float(usize::try_from(kib).unwrap_or(usize::MAX)) * 1024.0 / 1e6
}

/// What the kernel calls the machine's processor.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| "An unnamed processor".to_owned(), |(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Outcome;

    fn photograph(name: &str, side: u32, progressive: bool) -> Photograph {
        Photograph {
            name: name.to_owned(),
            path: name.into(),
            bytes: 1,
            width: side,
            height: side,
            progressive,
            tag: Tag::Plain,
        }
    }

    fn column(contestant: Contestant, factor: f64) -> Column {
        let took = |ms: f64| Took { wall: 3.0 * ms * factor, cpu: ms * factor };
        let outcome = |peak| Outcome { peak, files: vec![File { bytes: 10, score: 80.0 }; 6] };
        let times = [vec![took(100.0), took(200.0), took(300.0)], vec![took(60.0), took(120.0), took(180.0)]];
        let outcomes = vec![outcome(10_000), outcome(20_000), outcome(90_000)];
        (contestant, Measured { versions: "1".to_owned(), idle: 5, times, outcomes })
    }

    fn report() -> Report {
        let photographs =
            vec![photograph("a", 3_000, false), photograph("b", 4_000, false), photograph("c", 5_000, true)];
        let columns = Contestant::ALL
            .map(|contestant| column(contestant, if contestant == Contestant::Ours { 1.0 } else { 2.5 }));
        let took = Took { wall: 1_500.0, cpu: 1_400.0 };
        let large = Large { kind: "a gigapixel", bytes: 7_654_321, took, peak: 100_000 };
        Report::new(photographs, columns.to_vec(), vec![large], 1)
    }

    #[test]
    fn the_largest_pictures_have_a_table() {
        let text = report().to_string();
        let row = text.lines().find(|line| line.contains("a gigapixel")).unwrap();
        let cells: Vec<&str> = row.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells, ["a gigapixel", "7.7", "1400", "102"]);
    }

    #[test]
    fn the_last_lines_are_for_programs() {
        let text = report().to_string();
        let last: Vec<&str> = text.lines().rev().take(11).collect();
        assert_eq!(last[0], "rss_mb 20.5", "of b, the largest that is not progressive");
        assert_eq!(last[10], "ratio sharp-usual 2.50");
        assert_eq!(last[1], "ratio pillow-2t 2.50");
    }
}
