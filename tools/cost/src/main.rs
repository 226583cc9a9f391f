//! Prints the cost of a month. `cost --help` lists the options.

use std::io::Write;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use cost::{Model, World};

fn main() -> std::io::Result<()> {
    let refuse = |mistake| World::command().error(ErrorKind::ValueValidation, mistake).exit();
    let model = Model::new(World::parse()).unwrap_or_else(refuse);
    std::io::stdout().write_all(cost::report(&model).as_bytes())
}
