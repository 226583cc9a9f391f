use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Returns shapes that have a graph: most users have far fewer followers than the maximum.
fn shapes() -> impl Strategy<Value = Shape> {
    (50_usize..300, 0.3_f64..0.9, 0.0_f64..1.0, 1.1_f64..3.0, any::<u64>()).prop_map(
        |(users, share, more, tail, seed)| {
            let celebrity = crate::numbers::whole(figures::float(users) * share);
            let following = share + 0.5 + more * 0.1 * figures::float(celebrity);
            Shape { users, following, celebrity, tail, seed, ..Shape::default() }
        },
    )
}

proptest! {
    #[test]
    fn both_sides_have_the_same_edges(shape in shapes()) {
        let graph = Graph::generate(&shape).unwrap();
        let mut edges = BTreeSet::new();
        for node in 0..graph.users() {
            for follower in graph.followers(node) {
                prop_assert!(*follower != node, "nobody follows themselves");
                prop_assert!(*follower < shape.users);
                prop_assert!(edges.insert((*follower, node)), "nobody follows twice");
            }
        }
        prop_assert_eq!(graph.users(), shape.users);
        prop_assert_eq!(graph.edges(), edges.len());
        let other_side: BTreeSet<(Node, Node)> = (0..graph.users())
            .flat_map(|node| graph.following(node).iter().map(move |followee| (node, *followee)))
            .collect();
        prop_assert_eq!(edges, other_side);
        prop_assert_eq!(graph.followers(0).len(), shape.celebrity);
        prop_assert!((1..shape.users).all(|node| graph.followers(node).len() <= shape.celebrity.max(1)));
    }

    #[test]
    fn the_same_seed_gives_the_same_graph(shape in shapes()) {
        let graph = Graph::generate(&shape).unwrap();
        prop_assert_eq!(&graph, &Graph::generate(&shape).unwrap());
        let other = Graph::generate(&Shape { seed: shape.seed.wrapping_add(1), ..shape }).unwrap();
        prop_assert!(graph != other);
    }
}

/// Returns the share of a user's pairs of followees in which one follows the other.
fn clustering(graph: &Graph) -> f64 {
    let (mut closed, mut pairs) = (0, 0);
    for node in 0..graph.users() {
        let following = graph.following(node);
        for first in following {
            for second in following.iter().filter(|second| *second != first) {
                pairs += 1;
                closed += usize::from(graph.following(*first).binary_search(second).is_ok());
            }
        }
    }
    crate::numbers::ratio(closed, pairs)
}

#[test]
fn some_follow_back_and_friends_of_friends_meet() {
    let shape = Shape { users: 5_000, celebrity: 500, ..Shape::default() };
    let graph = Graph::generate(&shape).unwrap();
    let chance = Graph::generate(&Shape { reciprocity: 0.0, closure: 0.0, ..shape }).unwrap();
    assert!((0.1..0.5).contains(&graph.mutual()), "{} of the edges are mutual", graph.mutual());
    assert!(graph.mutual() > 3.0 * chance.mutual());
    assert!(clustering(&graph) > 1.2 * clustering(&chance), "{} {}", clustering(&graph), clustering(&chance));
    let mean = crate::numbers::ratio(graph.edges(), graph.users());
    assert!((mean / 20.0 - 1.0).abs() < 0.02, "{mean} followed on average");
}
