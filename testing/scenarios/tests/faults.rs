//! People do all that the API lets them, while the processes that derive from it die at their writes and what they
//! were given comes again, late and twice. In the end `verify` finds nothing, and every feed is right.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::time::Duration;

use api::Caller;
use domain::{Clock, CommentPath, PhotoId};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use scenarios::{Network, WITH_PUSH};
use table::{comment, follow, privacy, request};
use verify::{Options, Outputs};

/// Too few for a celebrity.
const PEOPLE: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Act {
    /// Follows a public account, and asks to follow a private one.
    Follow(usize, usize),
    /// Takes a follow or a request back.
    Unfollow(usize, usize),
    Answer(usize, usize, bool),
    Block(usize, usize),
    Unblock(usize, usize),
    RemoveFollower(usize, usize),
    Switch(usize, bool),
    Post(usize),
    Delete(usize),
    Like(usize, usize),
    Unlike(usize, usize),
    Comment(usize, usize),
    Reply(usize, usize),
    Uncomment(usize),
    /// The author of the photo removes a comment.
    RemoveComment(usize),
    LikeComment(usize, usize),
    UnlikeComment(usize, usize),
    /// A step, in a process that dies at a write or at none.
    Step(usize, Option<usize>),
    /// Everything in transit will arrive twice.
    Repeat,
}

fn act() -> impl Strategy<Value = Act> {
    let two = || (0..PEOPLE, 1..PEOPLE).prop_map(|(who, step)| (who, (who + step) % PEOPLE));
    let (who, which) = (|| 0..PEOPLE, || 0_usize..1000);
    prop_oneof![
        6 => two().prop_map(|(who, whom)| Act::Follow(who, whom)),
        2 => two().prop_map(|(who, whom)| Act::Unfollow(who, whom)),
        4 => (two(), prop::bool::weighted(0.7)).prop_map(|((who, whom), accept)| Act::Answer(who, whom, accept)),
        2 => two().prop_map(|(who, whom)| Act::Block(who, whom)),
        2 => two().prop_map(|(who, whom)| Act::Unblock(who, whom)),
        1 => two().prop_map(|(who, whom)| Act::RemoveFollower(who, whom)),
        2 => (who(), any::<bool>()).prop_map(|(who, private)| Act::Switch(who, private)),
        3 => who().prop_map(Act::Post),
        1 => which().prop_map(Act::Delete),
        2 => (who(), which()).prop_map(|(who, photo)| Act::Like(who, photo)),
        1 => (who(), which()).prop_map(|(who, photo)| Act::Unlike(who, photo)),
        3 => (who(), which()).prop_map(|(who, photo)| Act::Comment(who, photo)),
        3 => (who(), which()).prop_map(|(who, comment)| Act::Reply(who, comment)),
        1 => which().prop_map(Act::Uncomment),
        1 => which().prop_map(Act::RemoveComment),
        3 => (who(), which()).prop_map(|(who, comment)| Act::LikeComment(who, comment)),
        1 => (who(), which()).prop_map(|(who, comment)| Act::UnlikeComment(who, comment)),
        30 => (which(), prop::option::of(1_usize..8)).prop_map(|(choice, dies)| Act::Step(choice, dies)),
        1 => Just(Act::Repeat),
    ]
}

/// A comment or reply, whoever wrote it, on which photo of whom.
#[derive(Clone, Copy)]
struct Written {
    path: CommentPath,
    writer: usize,
    author: usize,
}

struct Story {
    network: Network,
    people: Vec<Caller>,
    /// The photos that were posted, and their authors.
    posted: Vec<(usize, PhotoId)>,
    written: Vec<Written>,
}

impl Story {
    async fn begin() -> Self {
        let network = Network::new(WITH_PUSH).await;
        let people = network.world.people("person", PEOPLE).await;
        for reader in &people {
            network.world.activate(reader).await;
        }
        Self { network, people, posted: Vec::new(), written: Vec::new() }
    }

    /// Returns one of the photos that were posted, of which some are deleted.
    fn photo(&self, choice: usize) -> Option<(usize, PhotoId)> {
        self.posted.get(choice.checked_rem(self.posted.len())?).copied()
    }

    fn comment(&self, choice: usize) -> Option<Written> {
        self.written.get(choice.checked_rem(self.written.len())?).copied()
    }

    async fn perform(&mut self, act: Act) {
        if let Act::Step(choice, dies) = act {
            match dies {
                Some(n) => self.network.step_dying_at(choice, n).await,
                None => _ = self.network.step(choice).await,
            }
            return;
        }
        if let Act::Repeat = act {
            return self.network.repeat().await;
        }
        if let Some(news) = self.write(act).await {
            self.written.push(news);
        }
    }

    /// Performs what writes a comment, which it returns, or what one does about people.
    async fn write(&mut self, act: Act) -> Option<Written> {
        let (world, people) = (&self.network.world, &self.people);
        match act {
            Act::Comment(writer, choice) => {
                let (author, photo) = self.photo(choice)?;
                let path = world.comment(&people[writer], &people[author], photo, None).await;
                return Some(Written { path, writer, author });
            }
            Act::Reply(writer, choice) => {
                let Written { path, author, .. } = self.comment(choice)?;
                let path = world.comment(&people[writer], &people[author], path.photo, Some(path)).await;
                return Some(Written { path, writer, author });
            }
            Act::Uncomment(choice) => {
                let Written { path, writer, .. } = self.comment(choice)?;
                world.uncomment(&people[writer], path).await;
            }
            Act::RemoveComment(choice) => {
                let Written { path, writer, author } = self.comment(choice)?;
                let (author, writer) = (people[author].user_id, people[writer].user_id);
                comment::remove_as_author(&world.table, author, path, writer, world.clock.now())
                    .await
                    .unwrap();
            }
            Act::LikeComment(who, choice) => {
                let Written { path, writer, author } = self.comment(choice)?;
                world.like_comment(&people[who], &people[author], &people[writer], path).await;
            }
            Act::UnlikeComment(who, choice) => {
                let path = self.comment(choice)?.path;
                comment::unlike(&world.table, people[who].user_id, path).await.unwrap();
            }
            Act::Post(who) => {
                let photo = world.post(&people[who]).await;
                self.posted.push((who, photo));
            }
            Act::Delete(choice) => {
                let (author, photo) = self.photo(choice)?;
                world.delete(&people[author], photo).await;
                self.posted.retain(|(_, posted)| *posted != photo);
            }
            Act::Like(who, choice) => {
                let (author, photo) = self.photo(choice)?;
                world.like(&people[who], &people[author], photo).await;
            }
            Act::Unlike(who, choice) => _ = world.unlike(&people[who], self.photo(choice)?.1).await,
            other => self.meet(other).await,
        }
        None
    }

    /// Performs what one does about somebody else, or about one's account.
    async fn meet(&self, act: Act) {
        let (world, people) = (&self.network.world, &self.people);
        match act {
            Act::Follow(who, whom) => {
                let (who, whom) = (&people[who], &people[whom]);
                let account = privacy::get_latest(&world.table, whom.user_id).await.unwrap().unwrap();
                if account.private {
                    world.ask(who, whom).await;
                } else {
                    world.follow(who, whom).await;
                }
            }
            Act::Unfollow(who, whom) => {
                let (who, whom) = (people[who].user_id, people[whom].user_id);
                request::withdraw(&world.table, who, whom).await.unwrap();
            }
            Act::Answer(who, whom, accept) => _ = world.answer(&people[who], &people[whom], accept).await,
            Act::Block(who, whom) => _ = world.block(&people[who], &people[whom]).await,
            Act::Unblock(who, whom) => _ = world.unblock(&people[who], &people[whom]).await,
            Act::RemoveFollower(who, whom) => _ = world.remove_follower(&people[who], &people[whom]).await,
            Act::Switch(who, private) => world.switch(&people[who], private).await,
            other => panic!("{other:?}"),
        }
    }

    /// Asserts that counters, edges, circles and packed followings are right, and that everybody sees exactly the
    /// photos of those whom they follow.
    async fn end(&mut self) {
        self.network.settle().await;
        let (mut findings, mut repairs, mut progress) = (Vec::new(), Vec::new(), Vec::new());
        let outputs = Outputs { findings: &mut findings, repairs: &mut repairs, progress: &mut progress };
        let options = Options { patience: Duration::ZERO, ..Options::default() };
        let engine = &self.network.world.engine;
        let (client, now) = (engine.client(), self.network.world.clock.now());
        let report = verify::verify(&client, engine.table_name(), &options, now, outputs).await.unwrap();
        assert_eq!(report.exit_code(), 0, "{}", String::from_utf8_lossy(&findings));
        // No page shows a photo as it was cached.
        self.network.world.clock.advance(Duration::from_secs(10));
        for (place, reader) in self.people.iter().enumerate() {
            let mut wanted = Vec::new();
            for (author, photo) in self.posted.iter().filter(|(author, _)| *author != place) {
                let author = self.people[*author].user_id;
                if follow::exists_latest(&self.network.world.table, reader.user_id, author).await.unwrap() {
                    wanted.push(*photo);
                }
            }
            wanted.sort_unstable_by(|one, other| other.cmp(one));
            assert_eq!(self.network.scroll(reader).await, wanted, "{}", reader.username);
        }
    }
}

/// Returns a configuration with fixed seeds, so that a failure is seen again.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        max_shrink_iters: 100,
        ..ProptestConfig::with_cases(12)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_dies_counts_edges_lists_and_feeds_are_right_in_the_end(
        acts in proptest::collection::vec(act(), 60..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut story = Story::begin().await;
            for act in acts {
                story.perform(act).await;
            }
            story.end().await;
        });
    }
}
