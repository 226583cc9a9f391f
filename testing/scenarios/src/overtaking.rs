//! One piece of work overtaken by another, at every place where that can happen.

use table::Table;

use crate::{Functions, Network};

/// Plays a scene once for each request that `slow` makes, and once more.
/// Returns the number of those requests.
///
/// Each time, `slow` is stopped before another of its requests, `quick` runs from beginning to end,
/// and `slow` resumes. The last time, `slow` is not stopped. After each run the network settles,
/// and `check` asserts the result.
///
/// `slow` has functions of its own, over the client that stops.
pub async fn at_every_place<S>(
    scene: impl AsyncFn() -> (Network, S),
    slow: impl AsyncFn(&Functions, &S),
    quick: impl AsyncFn(&mut Network, &S),
    check: impl AsyncFn(&Network, &S, usize),
) -> usize {
    for place in 0.. {
        let (mut network, people) = Box::pin(scene()).await;
        let (client, hold) = network.world.engine.held_client("", place);
        let table = Table::new(client, network.world.engine.table_name());
        let functions = network.functions_over(&table);
        let mut work = Box::pin(slow(&functions, &people));
        let stopped = tokio::select! {
            biased;
            () = hold.reached() => true,
            () = &mut work => false,
        };
        Box::pin(quick(&mut network, &people)).await;
        if stopped {
            hold.release();
            work.await;
        }
        network.settle().await;
        Box::pin(check(&network, &people, place)).await;
        if !stopped {
            return place;
        }
    }
    unreachable!("the places never end")
}
