//! AVIF pictures in layers, each better than the one before.

use image::DynamicImage;

use crate::containers::{assert_shows, large, quarters};
use crate::make::{Heif, QUARTERS};
use crate::show::{assert_near, fixture, process};

/// The picture of the first layer: the quarters in reverse order.
fn first_layer() -> DynamicImage {
    quarters().rotate180()
}

fn with(tile: &[u8], name: [u8; 4], body: &[u8]) -> Vec<u8> {
    Heif { tile, first: vec![(name, body.to_vec())], ..Heif::default() }.write()
}

#[test]
fn of_layers_the_last_and_best_is_shown() {
    // In the second file the first layer has half the sides, in the third both have.
    for name in ["layers.avif", "layers-halved.avif", "layers-all-halved.avif"] {
        assert_shows(&fixture(name), &quarters());
    }
}

#[test]
fn a_layer_that_is_selected_is_shown() {
    // One of half the sides is enlarged.
    assert_shows(&with(&fixture("layers-halved.avif"), *b"lsel", &[0, 0]), &first_layer());
    let tile = fixture("layers.avif");
    assert_shows(&with(&tile, *b"lsel", &[0, 0]), &first_layer());
    assert_shows(&with(&tile, *b"lsel", &[0, 1]), &quarters());
    assert_shows(&with(&tile, *b"lsel", &[0xFF, 0xFF]), &quarters());
}

#[test]
fn an_operating_point_says_how_many_layers_there_are() {
    let tile = fixture("layers.avif");
    assert_shows(&with(&tile, *b"a1op", &[0]), &quarters());
    assert_shows(&with(&tile, *b"a1op", &[1]), &first_layer());
}

#[test]
fn tiles_may_be_in_layers() {
    let tile = fixture("layers-halved.avif");
    let shown =
        large(&process(&Heif { tile: &tile, grid: Some(((2, 2), (192, 128))), ..Heif::default() }.write()));
    for (at, colour) in [(20, 12), (76, 12), (20, 50), (76, 50)].into_iter().zip(QUARTERS) {
        assert_near(shown.pixel(at.0, at.1), colour, 16);
        assert_near(shown.pixel(at.0 + 96, at.1 + 64), colour, 16);
    }
}
