//! The sections on the threshold: its cost, and how long the last follower waits.

use crate::format::{count, dollars, percent, seconds, table, threshold};
use crate::units::HEAD_SECONDS;
use crate::{Model, Strategy, THRESHOLDS, World};

pub(super) fn section(model: &Model) -> String {
    let active = model.world().active();
    let rows = THRESHOLDS.map(|number| {
        let feed = |strategy| dollars(model.bill(strategy, number).feed());
        let above = model.followers().above(number);
        let (asked, missed) = (model.pulls(number), model.cached_pulls(number));
        let exists = number <= model.world().largest_following();
        let wait = if exists { seconds(model.seconds(number, active)) } else { "-".to_owned() };
        vec![
            threshold(number),
            count(above.clone().map(|class| class.accounts).sum()),
            count(above.map(|class| class.posts).sum()),
            if asked > 0.0 { percent(1.0 - missed / asked) } else { "-".to_owned() },
            feed(Strategy::Hybrid),
            feed(Strategy::Built),
            feed(Strategy::BuiltPull),
            wait,
        ]
    });
    let head = [
        "threshold",
        "celebrities",
        "their posts a day",
        "heads found in cache",
        "textbook hybrid",
        "as built",
        "celebrities pulled only",
        "last active follower waits",
    ];
    let cheapest = [Strategy::Hybrid, Strategy::Built, Strategy::BuiltPull].map(|strategy| {
        let (at, least) = model.cheapest(strategy);
        vec![strategy.name().to_owned(), threshold(at), dollars(least)]
    });
    format!(
        "\
## The threshold

What feeds cost in a month, and how long a photo of an account just below the threshold takes to its last active
follower. The table is assumed to have {spare} write units a second to spare for it, and {reads} read units.
Above the threshold a photo shows within {HEAD_SECONDS:.0} s, by pull.

{sweep}
The cheapest:

{cheapest}
{flat}
The same for other worlds, at {at} followers:

{others}
**Latency.** A push is done before a cached head is out of date ({HEAD_SECONDS:.0} s) up to {all} followers when
all of them are active, and up to {now} at this share of active ones. The largest account's photo takes
{largest}.
",
        spare = count(model.world().spare_writes),
        reads = count(model.world().spare_reads),
        sweep = table(1, &head, rows),
        cheapest = table(1, &["strategy", "cheapest threshold", "feeds"], cheapest),
        flat = flat(model),
        at = count(model.world().threshold),
        others = others(model),
        all = count(model.fast_enough(1.0)),
        now = count(model.fast_enough(active)),
        largest = seconds(model.seconds(model.world().largest_following(), active)),
    )
}

/// Returns how little the threshold changes the bill.
fn flat(model: &Model) -> String {
    let total = model.bill(Strategy::Built, model.world().threshold).total();
    let spread = |strategy| {
        let (least, most) = model.range(strategy, 3e4, 1e7);
        format!("{} of feeds, {} of the bill", percent(most / least - 1.0), percent((most - least) / total))
    };
    let now = |strategy| model.bill(strategy, model.world().threshold).feed();
    format!(
        "\
**Cost.** Between 30 K and 10 M followers the threshold changes

- celebrities pulled only: {pull};
- as built: {built}.

As built a higher threshold is always cheaper. A celebrity's photos are pushed all the same, and every page reads
the heads of the celebrities that its reader follows: that is the price of showing a photo at once. Pushing
celebrities' photos costs {push} a month at {threshold}. It buys that a reader who scrolls finds them in the
feed, without reading celebrities' timelines.
",
        pull = spread(Strategy::BuiltPull),
        built = spread(Strategy::Built),
        push = dollars(now(Strategy::Built) - now(Strategy::BuiltPull)),
        threshold = count(model.world().threshold),
    )
}

/// Returns how the threshold matters in worlds that differ in one assumption.
fn others(model: &Model) -> String {
    let world = model.world();
    let worlds = [
        ("as above".to_owned(), world.clone()),
        ("posting does not grow with followers".to_owned(), World { growth: 0.0, ..world.clone() }),
        ("it grows with the power 0.4".to_owned(), World { growth: 0.4, ..world.clone() }),
        ("a heavier tail, 1.2".to_owned(), World { tail: 1.2, ..world.clone() }),
        ("a lighter tail, 1.6".to_owned(), World { tail: 1.6, ..world.clone() }),
        ("a fifth of the pages".to_owned(), World { pages: world.pages / 5.0, ..world.clone() }),
        ("three times the pages".to_owned(), World { pages: world.pages * 3.0, ..world.clone() }),
        (
            "two accounts in three unused".to_owned(),
            World { accounts: Some(world.monthly() * 3.0), ..world.clone() },
        ),
    ];
    let rows = worlds.into_iter().filter_map(|(what, world)| {
        let model = Model::new(world).ok()?;
        let at = model.world().threshold;
        let more = |strategy| {
            let bill = model.bill(strategy, at);
            percent((bill.feed() - model.cheapest(strategy).1) / bill.total())
        };
        let (cheapest, _) = model.cheapest(Strategy::BuiltPull);
        Some(vec![what, threshold(cheapest), more(Strategy::BuiltPull), more(Strategy::Built)])
    });
    let head = [
        "world",
        "cheapest, celebrities pulled only",
        "above the cheapest, of the bill",
        "as built, above the cheapest, of the bill",
    ];
    table(1, &head, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NEVER;

    #[test]
    fn a_threshold_that_nobody_reaches_has_no_celebrities() {
        let model = Model::new(World::TEXTBOOK).unwrap();
        let text = section(&model);
        let never = text.lines().find(|line| line.starts_with(&format!("| {}", threshold(NEVER)))).unwrap();
        assert_eq!(never.split('|').map(str::trim).nth(2), Some("0"), "{never}");
    }
}
