//! Loads a population into the table as the functions would have left it. It has edges from both
//! sides, exact counters, timelines and heads, and the feeds of active readers.
//! Active followers pull from their celebrities.
//!
//! Accounts have no passwords and no claims, because nobody logs in here.

use std::sync::mpsc::sync_channel;

use domain::feed::{DeliveryMode, Entry, PULLED_LEN};
use progress::Progress;
use serde_dynamo::Item;
use testkit::Engine;

use crate::graph::Node;
use crate::population::{Person, Population};
use crate::{Result, items};

/// Items imported at once: one transaction of the engine.
const CHUNK: usize = 20_000;

/// Loads `population`; returns the number of items. Items are imported while others are being created.
///
/// # Errors
/// An item cannot be serialized.
pub fn load(engine: &Engine, population: &Population) -> Result<usize> {
    let (chunks, arriving) = sync_channel::<Vec<Item>>(1);
    std::thread::scope(|scope| {
        let importing = scope.spawn(move || {
            arriving.into_iter().fold(0, |loaded, chunk| {
                let length = chunk.len();
                engine.import(chunk);
                loaded + length
            })
        });
        let progress = Progress::new("loading people", population.people.len());
        let mut chunk = Vec::with_capacity(CHUNK);
        for (node, person) in population.people.iter().enumerate() {
            account(population, node, person, &mut chunk)?;
            edges(population, node, person, &mut chunk)?;
            photos(population, node, person, &mut chunk)?;
            feed(population, node, person, &mut chunk)?;
            if chunk.len() >= CHUNK {
                chunks.send(std::mem::take(&mut chunk))?;
            }
            progress.step("accounts, edges, photos, feeds");
        }
        chunks.send(chunk)?;
        drop(chunks);
        Ok(importing.join().map_err(|_| "the import ended early")?)
    })
}

fn account(population: &Population, node: Node, person: &Person, items: &mut Vec<Item>) -> Result<()> {
    let (followers, following) = (population.graph.followers(node), population.graph.following(node));
    items.push(items::user(person, followers.len(), following.len())?);
    if let Some(active_on) = person.active_on {
        // A reader who was away when an author became a celebrity learns of it on their return.
        let pulls = |followee: &Node| person.is_active(population.now) && population.is_celebrity(*followee);
        let celebrities = following.iter().copied().filter(pulls);
        let ids = celebrities.map(|celebrity| Ok(population.person(celebrity)?.id));
        let celebrities = ids.take(PULLED_LEN).collect::<Result<_>>()?;
        items.push(items::reader(person.id, active_on, population.now, celebrities)?);
    }
    Ok(())
}

fn edges(population: &Population, node: Node, person: &Person, items: &mut Vec<Item>) -> Result<()> {
    let at = population.now.plus_days(-60);
    let following = population.graph.following(node);
    let followees: Vec<_> =
        following.iter().map(|followee| Ok(population.person(*followee)?.id)).collect::<Result<_>>()?;
    for followee in &followees {
        items.extend(items::follow(person, *followee, at)?);
    }
    if !followees.is_empty() {
        items.push(items::followings(person.id, &followees)?);
    }
    Ok(())
}

fn photos(population: &Population, node: Node, person: &Person, items: &mut Vec<Item>) -> Result<()> {
    for photo in &person.photos {
        items.extend(items::photo(person, *photo)?);
    }
    let mode = if population.is_celebrity(node) { DeliveryMode::Celebrity } else { DeliveryMode::Ordinary };
    // A celebrity without photos has deleted those that they were promoted with.
    if !person.photos.is_empty() || mode != DeliveryMode::Ordinary {
        items.push(items::head(person, mode)?);
    }
    Ok(())
}

fn feed(population: &Population, node: Node, person: &Person, items: &mut Vec<Item>) -> Result<()> {
    if !person.is_active(population.now) {
        return Ok(());
    }
    for followee in population.graph.following(node) {
        let author = population.person(*followee)?;
        for photo in &author.photos {
            items.push(items::entry(person.id, Entry { photo: *photo, author: author.id })?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
