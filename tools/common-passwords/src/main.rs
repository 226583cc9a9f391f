//! Reads the list of passwords from standard input and writes their filter to standard output.

use std::error::Error;
use std::io::{Read, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let mut list = Vec::new();
    std::io::stdin().read_to_end(&mut list)?;
    Ok(std::io::stdout().write_all(&common_passwords::filter_of_list(&list)?)?)
}
