//! The cost of a month, and the best celebrity threshold.
//!
//! - A [`World`] says how many people do what.
//! - [`units`] say what one act uses, as tests measure it, and [`prices`] what AWS charges for that.
//! - A [`Model`] multiplies them. It gives a [`Bill`] for each [`Strategy`] of getting photos into feeds,
//!   the cheapest threshold, and how long the last follower waits.
//! - [`report`] writes the results down.
//!
//! Everything here is a pure function of the world.

mod bill;
mod delivery;
mod edge;
mod followers;
mod format;
pub mod prices;
mod report;
mod stores;
mod sweep;
pub mod textbook;
pub mod units;
mod world;

pub use bill::{Bill, Line};
pub use delivery::{Delivery, Strategy};
pub use edge::Purge;
pub use followers::{Class, Followers};
pub use report::report;
pub use sweep::{NEVER, THRESHOLDS};
pub use world::{Mistake, World};

/// A world with its distribution of followers.
#[derive(Clone, Debug)]
pub struct Model {
    world: World,
    followers: Followers,
}

impl Model {
    /// Returns a model of `world`.
    ///
    /// # Errors
    /// The numbers contradict each other.
    pub fn new(world: World) -> Result<Self, Mistake> {
        world.check()?;
        let followers = Followers::of(&world);
        Ok(Self { world, followers })
    }

    /// Returns the world of the model.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Returns the distribution of followers.
    pub fn followers(&self) -> &Followers {
        &self.followers
    }
}
