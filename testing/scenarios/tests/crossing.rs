//! An author crosses the threshold in both directions while photos keep being posted and people come and go.
//! Everything in transit arrives late, twice, and in any order.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;

use api::Caller;
use domain::PhotoId;
use domain::feed::DeliveryMode;
use proptest::prelude::*;
use scenarios::{Network, THRESHOLD, WITH_PUSH, WITHOUT_PUSH};

/// Followers who stay all the time. Alone they are too few for a celebrity.
const FAITHFUL: usize = 3;
/// Followers who come and go.
const FICKLE: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Act {
    /// The star posts.
    Post,
    /// Somebody else posts, whom all follow.
    OtherPost,
    /// The star deletes the newest photo but one.
    Delete,
    /// One of the fickle followers follows or unfollows the star.
    Turn(usize),
    /// All fickle followers follow, or none does.
    All(bool),
    /// A message or step in transit arrives.
    Step(usize),
    /// Everything in transit will arrive twice.
    Repeat,
    /// One of the faithful followers reads the feed.
    Look(usize),
    /// Nobody is active for eight days.
    Absence,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Post),
        1 => Just(Act::OtherPost),
        1 => Just(Act::Delete),
        2 => (0..FICKLE).prop_map(Act::Turn),
        1 => any::<bool>().prop_map(Act::All),
        20 => (0_usize..1000).prop_map(Act::Step),
        1 => Just(Act::Repeat),
        4 => (0..FAITHFUL).prop_map(Act::Look),
    ]
}

struct Story {
    network: Network,
    star: Caller,
    other: Caller,
    faithful: Vec<Caller>,
    fickle: Vec<Caller>,
    following: Vec<bool>,
    posted: Vec<PhotoId>,
    by_star: Vec<PhotoId>,
    /// The photos that each faithful follower has seen.
    seen: Vec<BTreeSet<PhotoId>>,
}

impl Story {
    async fn begin(push: bool) -> Self {
        let network = Network::new(push).await;
        let world = &network.world;
        let (star, other) = (world.person("star").await, world.person("other").await);
        let (faithful, fickle) =
            (world.people("faithful", FAITHFUL).await, world.people("fickle", FICKLE).await);
        for reader in faithful.iter().chain(&fickle) {
            world.follow(reader, &other).await;
            world.activate(reader).await;
        }
        for reader in &faithful {
            world.follow(reader, &star).await;
        }
        let mut story = Self {
            network,
            star,
            other,
            faithful,
            fickle,
            following: vec![false; FICKLE],
            posted: Vec::new(),
            by_star: Vec::new(),
            seen: vec![BTreeSet::new(); FAITHFUL],
        };
        story.network.settle().await;
        story
    }

    async fn perform(&mut self, act: Act) {
        match act {
            Act::Post => {
                let photo = self.network.world.post(&self.star).await;
                self.posted.push(photo);
                self.by_star.push(photo);
            }
            Act::OtherPost => {
                let photo = self.network.world.post(&self.other).await;
                self.posted.push(photo);
            }
            Act::Delete => self.delete().await,
            Act::Turn(who) => self.turn(who, !self.following[who]).await,
            Act::All(follow) => {
                for who in 0..FICKLE {
                    self.turn(who, follow).await;
                }
            }
            Act::Step(choice) => {
                self.network.step(choice).await;
            }
            Act::Repeat => self.network.repeat().await,
            Act::Look(who) => self.look(who).await,
            Act::Absence => self.network.world.clock.advance_days(8),
        }
    }

    async fn turn(&mut self, who: usize, follow: bool) {
        if follow {
            self.network.world.follow(&self.fickle[who], &self.star).await;
        } else {
            self.network.world.unfollow(&self.fickle[who], &self.star).await;
        }
        self.following[who] = follow;
    }

    async fn delete(&mut self) {
        let Some(place) = self.by_star.len().checked_sub(2) else { return };
        let photo = self.by_star.remove(place);
        self.posted.retain(|posted| *posted != photo);
        for seen in &mut self.seen {
            seen.remove(&photo);
        }
        self.network.world.delete(&self.star, photo).await;
    }

    /// Asserts that nothing shows twice or out of order, and that what was seen once is seen again.
    async fn look(&mut self, who: usize) {
        // Deleted photos may show for the seconds that photos are cached.
        self.network.world.clock.advance(std::time::Duration::from_secs(5));
        let shown = self.network.scroll(&self.faithful[who]).await;
        assert!(shown.is_sorted_by(|a, b| a > b), "{shown:?}");
        let shown: BTreeSet<PhotoId> = shown.into_iter().collect();
        let lost: Vec<_> = self.seen[who].difference(&shown).collect();
        assert!(lost.is_empty(), "{lost:?} of {shown:?} lost to {who}");
        self.seen[who] = shown;
    }

    /// Asserts that everybody sees exactly the photos of those they follow, once everything has arrived.
    async fn end(&mut self) {
        self.network.settle().await;
        self.network.world.clock.advance(std::time::Duration::from_secs(5));
        for _ in 0..2 {
            for who in 0..FAITHFUL {
                let shown = self.network.scroll(&self.faithful[who]).await;
                assert_eq!(shown, newest_first(&self.posted), "faithful {who}");
            }
            for who in 0..FICKLE {
                let shown = self.network.scroll(&self.fickle[who]).await;
                let followed = |photo: &&PhotoId| self.following[who] || !self.by_star.contains(photo);
                let expected: Vec<PhotoId> = self.posted.iter().filter(followed).copied().collect();
                assert_eq!(shown, newest_first(&expected), "fickle {who}");
            }
            // Readers who were away have asked for a rebuild.
            self.network.settle().await;
        }
    }
}

fn newest_first(photos: &[PhotoId]) -> Vec<PhotoId> {
    let mut photos = photos.to_vec();
    photos.sort_unstable_by(|a, b| b.cmp(a));
    photos
}

#[tokio::test]
async fn when_an_author_crosses_up_and_down_then_all_see_every_photo_once() {
    for push in [WITH_PUSH, WITHOUT_PUSH] {
        let mut story = Story::begin(push).await;
        assert!(i64::try_from(FAITHFUL + FICKLE).unwrap() > THRESHOLD);
        story.perform(Act::Post).await;
        story.network.settle().await;
        assert_eq!(story.network.mode(&story.star).await, DeliveryMode::Ordinary);
        for (follow, under_way, then) in [
            (true, DeliveryMode::Promoting, DeliveryMode::Celebrity),
            (false, DeliveryMode::Demoting, DeliveryMode::Ordinary),
        ] {
            story.perform(Act::All(follow)).await;
            story.network.settle().await;
            let mut modes = Vec::new();
            // The star posts and a reader reads between any two steps.
            while modes.last() != Some(&then) {
                for act in [Act::Post, Act::Look(0), Act::OtherPost, Act::Look(1)] {
                    story.perform(act).await;
                }
                story.network.step(0).await;
                modes.push(story.network.mode(&story.star).await);
                assert!(modes.len() < 200, "{modes:?}");
            }
            assert!(modes.contains(&under_way), "{modes:?}");
            for act in [Act::Post, Act::Look(2), Act::Post] {
                story.perform(act).await;
            }
            story.end().await;
            assert_eq!(story.network.mode(&story.star).await, then);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_of_events_nobody_misses_a_photo(
        acts in proptest::collection::vec(act(), 20..120),
        absence in proptest::option::of(0_usize..120),
        famous in any::<bool>(),
        push in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut story = Story::begin(push).await;
            if famous {
                for act in [Act::OtherPost, Act::All(true), Act::Post] {
                    story.perform(act).await;
                    story.network.settle().await;
                }
                assert_eq!(story.network.mode(&story.star).await, DeliveryMode::Celebrity);
            }
            for (place, act) in acts.iter().enumerate() {
                if absence == Some(place) {
                    story.perform(Act::Absence).await;
                }
                story.perform(*act).await;
            }
            story.end().await;
        });
    }
}
