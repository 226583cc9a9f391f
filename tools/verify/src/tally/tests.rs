use std::collections::{BTreeMap, BTreeSet};

use domain::visibility::{Bell, Circle, Followings, Mute};
use domain::{CommentId, Timestamp};
use proptest::prelude::*;

use super::*;

const PEOPLE: u64 = 5;
const PHOTOS: u64 = 4;
const COMMENTS: u64 = 2;
/// Counters of all people and photos.
const COUNTERS: usize = 28;

fn user(number: u64) -> UserId {
    UserId::try_from(number).unwrap()
}

fn photo(number: u64) -> PhotoId {
    PhotoId::try_from(number).unwrap()
}

fn path(of: u64, comment: u64, reply: Option<u64>) -> CommentPath {
    let id = |number| CommentId::try_from(number).unwrap();
    CommentPath { photo: photo(of), comment: id(comment), reply: reply.map(id) }
}

fn relation() -> impl Strategy<Value = Relation> {
    let (one, other, what) = (0..PEOPLE, 0..PEOPLE, 0..PHOTOS);
    prop_oneof![
        (one.clone(), other.clone()).prop_map(|(one, other)| Relation::Follow(user(one), user(other))),
        (one.clone(), other).prop_map(|(one, other)| Relation::Request(user(one), user(other))),
        (one.clone(), what.clone()).prop_map(|(one, what)| Relation::Like(user(one), photo(what))),
        (one.clone(), what.clone(), 0..COMMENTS, prop::option::of(0..COMMENTS))
            .prop_map(|(one, what, comment, reply)| Relation::Comment(user(one), path(what, comment, reply))),
        (one.clone(), what.clone(), 0..COMMENTS)
            .prop_map(|(one, what, comment)| Relation::CommentLike(user(one), path(what, comment, None))),
        (one, what).prop_map(|(one, what)| Relation::Timeline(user(one), photo(what))),
    ]
}

fn edges() -> impl Strategy<Value = BTreeSet<Relation>> {
    prop::collection::btree_set(relation(), 0..25)
}

/// Returns every possible counter.
fn counters() -> Vec<Counter> {
    let users = (0..PEOPLE).map(user);
    let users = users.flat_map(|id| Counter::OF_USER.map(|of| of(id)));
    users.chain((0..PHOTOS).map(photo).flat_map(|id| [Counter::Likes(id), Counter::Comments(id)])).collect()
}

fn counts(counter: Counter, relation: Relation) -> bool {
    match (counter, relation) {
        (Counter::Followers(counted), Relation::Follow(_, end))
        | (Counter::Following(counted), Relation::Follow(end, _))
        | (Counter::Requests(counted), Relation::Request(_, end))
        | (Counter::Photos(counted), Relation::Timeline(end, _)) => counted == end,
        (Counter::Likes(counted), Relation::Like(_, end)) => counted == end,
        (Counter::Comments(counted), Relation::Comment(_, path)) => counted == path.photo,
        (Counter::Replies(counted), Relation::Comment(_, path)) => path.parent() == Some(counted),
        (Counter::CommentLikes(counted), Relation::CommentLike(_, path)) => counted == path,
        _ => false,
    }
}

/// Returns the items of a table in which every counter is off by what `off` says
/// for it, as a scan shows them.
fn table(said: &BTreeSet<Relation>, derived: &BTreeSet<Relation>, off: &[i64]) -> Vec<Seen> {
    let stored: HashMap<Counter, i64> = counters()
        .into_iter()
        .zip(off)
        .map(|(counter, off)| {
            let edges = derived.iter().filter(|relation| counts(counter, **relation)).count();
            (counter, i64::try_from(edges).unwrap() + off)
        })
        .collect();
    let people = (0..PEOPLE)
        .map(user)
        .map(|id| Seen::User { id, counters: Counter::OF_USER.map(|of| stored[&of(id)]) });
    let pictures = (0..PHOTOS).map(photo).map(|id| Seen::Photo {
        id,
        counters: Counter::OF_PHOTO.map(|of| stored[&of(id)]),
        // A photo item names its author, so it has one author at most.
        listed_by: said.iter().find_map(|relation| match relation {
            Relation::Timeline(author, listed) if *listed == id => Some(*author),
            _ => None,
        }),
    });
    let packed = (0..PEOPLE).map(user).map(|id| {
        let followees = said.iter().filter_map(|relation| match *relation {
            Relation::Follow(follower, followee) if follower == id => Some(followee),
            _ => None,
        });
        Seen::Followings(id, Followings { newest: followees.collect(), whole: true })
    });
    let packed: Vec<Seen> = packed.collect();
    let said = said.iter().filter(|relation| !matches!(relation, Relation::Timeline(..)));
    let said = said.map(|relation| Seen::Said(*relation));
    people
        .chain(pictures)
        .chain(packed)
        .chain(said)
        .chain(derived.iter().map(|relation| match *relation {
            Relation::Comment(by, path) => Seen::Comment {
                path,
                counters: Counter::OF_COMMENT.map(|of| {
                    let edges = derived.iter().filter(|relation| counts(of(path), **relation)).count();
                    i64::try_from(edges).unwrap()
                }),
                by,
            },
            other => Seen::Derived(other),
        }))
        .collect()
}

fn tallied(items: impl IntoIterator<Item = Seen>) -> Tally {
    let mut tally = Tally::default();
    items.into_iter().for_each(|seen| tally.add(seen));
    tally
}

/// Keeps at most one author for each photo, and one writer for each comment.
fn by_one_author(said: BTreeSet<Relation>) -> BTreeSet<Relation> {
    let (mut listed, mut written) = (BTreeSet::new(), BTreeSet::new());
    said.into_iter()
        .filter(|relation| !matches!(relation, Relation::Timeline(_, id) if !listed.insert(*id)))
        .filter(|relation| !matches!(relation, Relation::Comment(_, path) if !written.insert(*path)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_consistent_table_has_no_suspects_in_any_order(edges in edges(), seed: u64) {
        let edges = by_one_author(edges);
        let mut items = table(&edges, &edges, &[0; COUNTERS]);
        shuffle(&mut items, seed);
        let tally = tallied(items);
        prop_assert_eq!(tally.suspects(), []);
        let comments = edges.iter().filter(|relation| matches!(relation, Relation::Comment(..))).count() as u64;
        prop_assert_eq!(tally.counters(), 4 * PEOPLE + 2 * PHOTOS + 2 * comments);
    }

    #[test]
    fn every_difference_makes_both_ends_suspects(
        said in edges(),
        derived in edges(),
        off in prop::collection::vec(prop_oneof![4 => Just(0_i64), 1 => -3_i64..=3], COUNTERS),
        seed: u64,
    ) {
        let said = by_one_author(said);
        let derived = by_one_author(derived);
        let mut items = table(&said, &derived, &off);
        shuffle(&mut items, seed);
        let mut expected: BTreeSet<Suspect> = counters()
            .into_iter()
            .zip(&off)
            .filter(|(_, off)| **off != 0)
            .map(|(counter, _)| Suspect::Counter(counter))
            .collect();
        for differs in said.symmetric_difference(&derived) {
            expected.extend(match *differs {
                Relation::Follow(one, other) => [Side::Follows(one), Side::Followers(other)],
                Relation::Request(one, other) => [Side::Requests(one), Side::Requested(other)],
                Relation::Like(user, photo) => [Side::Likes(user), Side::Likers(photo)],
                Relation::Comment(user, path) if path.reply.is_some() => {
                    [Side::Comments(user), Side::Replies(path.photo)]
                }
                Relation::Comment(user, path) => [Side::Comments(user), Side::Thread(path.photo)],
                Relation::CommentLike(user, path) => [Side::CommentLikes(user), Side::CommentLikers(path)],
                Relation::Timeline(author, photo) => [Side::Timeline(author), Side::Photo(photo)],
            }.map(Suspect::Side));
        }
        // The likes of a comment that is not in its thread are found from their actors' side alone.
        expected.retain(|suspect| match suspect {
            Suspect::Side(Side::CommentLikers(path)) => {
                derived.iter().any(|relation| matches!(relation, Relation::Comment(_, there) if there == path))
            }
            _ => true,
        });
        prop_assert_eq!(tallied(items).suspects(), expected.into_iter().collect::<Vec<_>>());
    }
}

/// Returns what some of a few people say about each other, and their circles.
fn pairs(said: &BTreeMap<(u64, u64), (bool, bool, bool)>) -> (Vec<Seen>, BTreeMap<UserId, Circle>) {
    let (mut items, mut circles) = (Vec::new(), BTreeMap::<UserId, Circle>::new());
    for (&(by, about), &(block, posts, stories)) in said.iter().filter(|((by, about), _)| by != about) {
        let (by, about) = (user(by), user(about));
        let said = Pair {
            block: block.then_some(Timestamp(1)),
            mute: Some(Mute { posts, stories }).filter(|mute| mute.is_any()),
            ..Pair::default()
        };
        for (viewer, other, said, heard) in
            [(by, about, &said, &Pair::default()), (about, by, &Pair::default(), &said)]
        {
            for tie in Tie::ALL.into_iter().filter(|tie| tie.is_between(said, heard)) {
                list(circles.entry(viewer).or_default(), tie).insert(other);
            }
        }
        items.push(Seen::Pair { by, about, said });
    }
    (items, circles)
}

fn list(circle: &mut Circle, tie: Tie) -> &mut BTreeSet<UserId> {
    match tie {
        Tie::Blocks => &mut circle.blocks,
        Tie::BlockedBy => &mut circle.blocked_by,
        Tie::MutesPosts => &mut circle.mutes_posts,
        Tie::MutesStories => &mut circle.mutes_stories,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn circles_are_suspects_where_they_differ_from_pairs(
        said in prop::collection::btree_map((0..PEOPLE, 0..PEOPLE), any::<(bool, bool, bool)>(), 0..15),
        (viewer, step, tie) in (0..PEOPLE, 1..PEOPLE, 0..Tie::ALL.len()),
        seed: u64,
    ) {
        let (pairs, mut circles) = pairs(&said);
        let tallied = |circles: &BTreeMap<UserId, Circle>| {
            let circles = circles.iter().map(|(viewer, circle)| Seen::Circle(*viewer, circle.clone()));
            let mut items: Vec<Seen> = pairs.iter().cloned().chain(circles).collect();
            shuffle(&mut items, seed);
            tallied(items).suspects()
        };
        prop_assert_eq!(tallied(&circles), []);
        // One entry too few or too many, in any list.
        let (viewer, other, tie) = (user(viewer), user((viewer + step) % PEOPLE), Tie::ALL[tie]);
        let list = list(circles.entry(viewer).or_default(), tie);
        if !list.remove(&other) {
            list.insert(other);
        }
        let mut suspects = BTreeSet::from([Suspect::Circle(viewer)]);
        if tie == Tie::BlockedBy {
            suspects.insert(Suspect::Circle(other));
        }
        prop_assert_eq!(tallied(&circles), suspects.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn packed_followings_are_suspects_where_they_differ_from_edges(
        followed in prop::collection::btree_set(1..PEOPLE, 0..4),
        packed in prop::collection::btree_set(1..PEOPLE, 0..4),
    ) {
        let newest = packed.iter().copied().map(user).collect();
        let edges = followed.iter().map(|other| Seen::Said(Relation::Follow(user(0), user(*other))));
        let all = edges.chain([Seen::Followings(user(0), Followings { newest, whole: true })]);
        let suspects = tallied(all).suspects();
        prop_assert_eq!(suspects.contains(&Suspect::Followings(user(0))), followed != packed);
    }
}

/// Shuffles items into an order that the seed decides.
fn shuffle(items: &mut [Seen], seed: u64) {
    items.sort_by_cached_key(|seen| {
        let mut hasher = std::hash::DefaultHasher::new();
        std::hash::Hash::hash(&(seed, format!("{seen:?}")), &mut hasher);
        std::hash::Hasher::finish(&hasher)
    });
}

#[test]
fn edges_of_a_deleted_photo_are_suspects_of_their_actors_only() {
    let like = Relation::Like(user(1), photo(1));
    assert_eq!(tallied([Seen::Said(like)]).suspects(), [Suspect::Side(Side::Likes(user(1)))]);
    assert_eq!(tallied([Seen::Said(like)]).counters(), 0);
}

#[test]
fn a_tally_takes_the_documented_memory() {
    assert_eq!(size_of::<(UserId, OfUser)>(), 112);
    assert_eq!(size_of::<(UserId, Lists)>(), 24);
    assert_eq!(size_of::<(PhotoId, OfPhoto)>(), 64);
    assert_eq!(size_of::<(CommentPath, OfComment)>(), 64);
}

#[test]
fn a_bell_without_its_edge_is_suspected_of_both_and_so_is_an_edge_without_its_bell() {
    let bell = |off_at| Some(Bell { follow: Timestamp(1), off_at });
    let said = |off_at| Pair { bell: bell(off_at), ..Pair::default() };
    let said = |off_at| Seen::Pair { by: user(1), about: user(2), said: said(off_at) };
    let both = [1, 2].map(|of| Suspect::Circle(user(of)));
    let edge = Seen::Bell(user(1), user(2));
    assert_eq!(tallied([said(None)]).suspects(), both);
    assert_eq!(tallied([edge.clone(), said(Some(Timestamp(2)))]).suspects(), both);
    assert_eq!(tallied([edge, said(None)]).suspects(), []);
    assert_eq!(tallied([said(Some(Timestamp(2)))]).suspects(), []);
}

#[test]
fn who_is_beyond_a_circle_counts_as_in_it() {
    let said = BTreeMap::from([((1, 2), (true, false, false))]);
    let (mut items, circles) = pairs(&said);
    items.push(Seen::Circle(user(1), circles[&user(1)].clone()));
    assert_eq!(tallied(items.clone()).suspects(), [1, 2].map(|of| Suspect::Circle(user(of))));
    items.push(Seen::Beyond(user(2), Tie::BlockedBy, user(1)));
    assert_eq!(tallied(items).suspects(), []);
}
