//! The test images of Pillow: twenty years of files that broke a decoder, in every format there is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::child::{self, End};

/// Where `make pictures` puts them; the version is pinned in localstack/requirements-pictures.txt.
const FOLDER: &str = "../../target/pictures/pillow-13.0.0";

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The end of the job over each file, by its path below the folder.
fn ends() -> BTreeMap<String, End> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    assert!(folder.is_dir(), "the pictures are not there: `make pictures` fetches them");
    let files = files(&folder);
    let next = AtomicUsize::new(0);
    let ends = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let job = child::run(&fs::read(file).unwrap());
                    let name = file.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
                    println!("{name:<60}{job}");
                    ends.lock().unwrap().insert(name, job.end);
                }
            });
        }
    });
    ends.into_inner().unwrap()
}

#[test]
fn every_picture_ends_in_renditions_or_a_refusal() {
    let ends = ends();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, end) in &ends {
        match end {
            End::Picture(..) => *count.entry("picture").or_default() += 1,
            End::Refused(code) if code != "image_unprocessable" => *count.entry(code).or_default() += 1,
            _ => wrong.push(format!("{name}: {end:?}")),
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    // Enough of each that neither an empty folder nor a job that refuses everything passes.
    println!("{count:?}");
    assert!(count["picture"] >= 620, "{count:?}");
    assert!(count["image_unsupported"] >= 350, "{count:?}");
    assert!(count["image_corrupt"] >= 5, "{count:?}");

    let picture = |name: &str| match ends.get(name) {
        Some(End::Picture(width, height, hash)) => (*width, *height, *hash),
        other => panic!("{name}: {other:?}"),
    };
    let (_, _, upright) = picture("hopper.jpg");
    for orientation in 2..=8 {
        for format in ["jpg", "webp"] {
            let name = format!("hopper_orientation_{orientation}.{format}");
            let (_, _, turned) = picture(&name);
            assert!((turned ^ upright).count_ones() <= 6, "{name}: {turned:x} is not {upright:x}");
        }
    }
    assert_eq!(picture("orientation_rectangle.jpg").0, 1);
    assert_eq!(picture("orientation_rectangle.jpg").1, 2);
}
