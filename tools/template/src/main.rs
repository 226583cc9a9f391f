//! Writes `template.yaml` in the current folder, which is the repository's root.

use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let template = template::assemble(Path::new("."))?;
    Ok(fs::write("template.yaml", template)?)
}
