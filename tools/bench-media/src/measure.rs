//! The contestants take turns.

use crate::contestant::{Contestant, Place, Process};
use crate::photograph::Photograph;
use crate::quality::Reference;
use crate::worker::{Took, file_name};
use crate::{Column, Result};

use domain::media::{Encoding, Size};
use progress::Progress;

/// With how many processors.
pub const PROCESSORS: [usize; 2] = [1, 2];

/// What was measured of one contestant.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// What it works with.
    pub versions: String,
    /// Most memory that its process held before it had anything to do, in KiB.
    pub idle: u64,
    /// What the job took for each photograph, on one processor and on two: the least of the runs.
    pub times: [Vec<Took>; PROCESSORS.len()],
    /// What came out for each photograph.
    pub outcomes: Vec<Outcome>,
}

/// What came out for one photograph.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Most memory that a process held that did this job alone, with two processors, in KiB.
    pub peak: u64,
    /// The files: large, medium and small, JPEG before WebP.
    pub files: Vec<File>,
}

/// One file.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its size in bytes.
    pub bytes: usize,
    /// Its nearness to the photograph, SSIMULACRA 2.
    pub score: f64,
}

/// Measures everyone on every photograph, with so many counted runs of each.
pub fn all(place: &Place, photographs: &[Photograph], runs: usize) -> Result<Vec<Column>> {
    let mut columns: Vec<Column> =
        Contestant::ALL.iter().map(|contestant| (*contestant, Measured::default())).collect();
    let progress = Progress::new("memory, bytes, scores", photographs.len() * columns.len());
    for photograph in photographs {
        let mut reference = Reference::of(photograph)?;
        for (contestant, measured) in &mut columns {
            outcome(*contestant, measured, place, photograph, &mut reference)?;
            progress.step(&format!("{} of {}", photograph.name, contestant.name()));
        }
    }
    drop(progress);
    for (index, processors) in PROCESSORS.into_iter().enumerate() {
        let times = times(place, photographs, runs, processors)?;
        for ((_, measured), times) in columns.iter_mut().zip(times) {
            if let Some(place) = measured.times.get_mut(index) {
                *place = times;
            }
        }
    }
    Ok(columns)
}

/// A process that does nothing but this job: what it held, and how good its files are.
fn outcome(
    contestant: Contestant,
    measured: &mut Measured,
    place: &Place,
    photograph: &Photograph,
    reference: &mut Reference,
) -> Result<()> {
    let folder = crate::emptied(place.fetched.join("out").join(contestant.name()).join(&photograph.name))?;
    let mut process = Process::start(contestant, place, PROCESSORS.into_iter().max().unwrap_or(1))?;
    measured.versions.clone_from(&process.versions);
    measured.idle = measured.idle.max(process.peak()?);
    process.work(&photograph.path, Some(&folder))?;
    let peak = process.peak()?;
    let mut files = Vec::new();
    for size in Size::ALL {
        for encoding in Encoding::ALL {
            let file = folder.join(file_name(size, encoding));
            let bytes = usize::try_from(std::fs::metadata(&file)?.len())?;
            files.push(File { bytes, score: reference.score(&file)? });
        }
    }
    measured.outcomes.push(Outcome { peak, files });
    Ok(())
}

/// The least times of each contestant, in their order, for each photograph. They take turns run by run, so that what else goes on
/// on the machine meets them alike; the first run of each is not counted.
fn times(
    place: &Place,
    photographs: &[Photograph],
    runs: usize,
    processors: usize,
) -> Result<Vec<Vec<Took>>> {
    let mut processes = Vec::new();
    for contestant in Contestant::ALL {
        processes.push((Process::start(contestant, place, processors)?, Vec::new()));
    }
    let progress = Progress::new(&format!("times on {processors}"), photographs.len() * (runs + 1));
    for photograph in photographs {
        for (process, times) in &mut processes {
            process.work(&photograph.path, None)?;
            times.push(Took { wall: f64::INFINITY, cpu: f64::INFINITY });
        }
        progress.step(&photograph.name);
        for _ in 0..runs {
            for (process, times) in &mut processes {
                let took = process.work(&photograph.path, None)?;
                if let Some(least) = times.last_mut() {
                    *least = Took { wall: least.wall.min(took.wall), cpu: least.cpu.min(took.cpu) };
                }
            }
            progress.step(&photograph.name);
        }
    }
    Ok(processes.into_iter().map(|(_, times)| times).collect())
}
