//! The report that `docs/cost.md` holds.

mod appendix;
mod threshold;

use crate::format::{count, dollars, percent, seconds, table};
use crate::textbook::{self, Correction};
use crate::{Model, Purge, Strategy, World, prices};

/// Returns everything about a world, as Markdown.
pub fn report(model: &Model) -> String {
    let parts = [
        introduction(),
        world(model),
        bills(model),
        threshold::section(model),
        absent(model),
        sizes(model),
        edge(model),
        estimate(),
        appendix::units(),
        appendix::work(),
        appendix::prices(),
        appendix::left_out(),
    ];
    parts.join("\n")
}

fn introduction() -> String {
    let as_of = prices::AS_OF;
    format!(
        "\
# What a month costs

Written by `make -s cost > docs/cost.md`; a test compares. `make cost ARGS='--dau 1e6 --threshold 3e4'`
calculates another world, and `make cost ARGS=--help` lists the options.

- Capacity units are those that the tests measure.
- Prices are the list prices of us-east-1 in {as_of}, without free allowances, reservations or agreements.
- Times of functions, sizes of items and everything in \"the world\" are assumptions.
- A month has {month:.0} days.
",
        month = crate::world::MONTH,
    )
}

fn world(model: &Model) -> String {
    let World {
        dau, posts, media, likes, comments, threads, follows, pages, views, growth, tail, years, ..
    } = model.world();
    let world = model.world();
    let above = |least: f64| model.followers().above(least).map(|class| class.accounts).sum::<f64>();
    let rows = [
        ("daily people", count(*dau)),
        ("monthly people; accounts", format!("{}; {}", count(world.monthly()), count(world.accounts()))),
        ("share of accounts, and of followers, here within 7 days", percent(world.active())),
        ("posts a day; pictures in each", format!("{}; {media}", count(dau * posts))),
        ("likes a day", count(dau * likes)),
        ("bells of an author, mean over posts", format!("{}", world.bells)),
        ("comments a day; pages of them", format!("{}; {}", count(dau * comments), count(dau * threads))),
        ("new follows a day", count(dau * follows)),
        (
            "tellings a day, each to one device; share of apps",
            format!("{}; {}", count(world.tellings_a_day()), percent(world.apps)),
        ),
        ("feed pages a day; pictures fetched for each", format!("{}; {views}", count(dau * pages))),
        ("followers, mean; exponent of the tail", format!("{}; {tail}", count(world.followers))),
        ("followers of the largest account", count(world.largest_following())),
        (
            "accounts with more than 10 K, 1 M, 100 M followers",
            format!("{}, {}, {}", count(above(1e4)), count(above(1e6)), count(above(1e8))),
        ),
        ("posting grows with followers to the power of", growth.to_string()),
        ("readers back after more than a week, a day", count(world.returns_a_day())),
        ("processes that read feeds", count(world.readers())),
        ("years of photos kept", years.to_string()),
    ];
    let rows = rows.into_iter().map(|(what, value)| vec![what.to_owned(), value]);
    format!("## The world\n\n{}", table(1, &["what", "value"], rows))
}

fn bills(model: &Model) -> String {
    let bills = Strategy::ALL.map(|strategy| model.bill(strategy, model.world().threshold));
    let [first, ..] = &bills;
    let row = |name: &str, of: &dyn Fn(&crate::Bill) -> f64| {
        std::iter::once(name.to_owned()).chain(bills.iter().map(|bill| dollars(of(bill)))).collect::<Vec<_>>()
    };
    let lines =
        first.lines.iter().enumerate().map(|(place, line)| {
            row(line.what, &|bill| bill.lines.get(place).map_or(0.0, |line| line.dollars))
        });
    let sums = [row("**feeds**", &crate::Bill::feed), row("**total**", &crate::Bill::total)];
    let head: Vec<&str> =
        std::iter::once("dollars a month").chain(Strategy::ALL.map(Strategy::name)).collect();
    let share = |strategy| {
        let bill = model.bill(strategy, model.world().threshold);
        percent(bill.feed() / bill.total())
    };
    let counts = model.world().pages_a_day() * model.world().followers * crate::units::HEAD.reads;
    format!(
        "\
## The bill

At a threshold of {threshold} followers. \"As built\" is this stack. \"Celebrities pulled only\" is this stack with
`CelebrityPush` switched off.

{bill}
Feeds are {built} of the bill as built, and {pull} with pulls alone. The table lets the textbook
hybrid know for free who is a celebrity. As its code is written, every page reads the follower counts of
everyone followed, which costs {counts} a month more.
",
        threshold = count(model.world().threshold),
        bill = table(1, &head, lines.chain(sums)),
        built = share(Strategy::Built),
        pull = share(Strategy::PullAll),
        counts = dollars(prices::READ.of(crate::world::MONTH * counts)),
    )
}

/// Returns the section on what it saves to know who is active.
fn absent(model: &Model) -> String {
    let rows = [1.0, 1.5, 2.0, 3.0, 5.0].into_iter().filter_map(|accounts| {
        let accounts = Some(model.world().monthly() * accounts);
        let model = Model::new(World { accounts, ..model.world().clone() }).ok()?;
        let feed = |strategy| dollars(model.bill(strategy, model.world().threshold).feed());
        let strategies = [Strategy::PushAll, Strategy::Hybrid, Strategy::Built, Strategy::BuiltPull];
        let what = [count(model.world().accounts()), percent(model.world().active())];
        Some(what.into_iter().chain(strategies.map(feed)).collect())
    });
    let head = [
        "accounts",
        "active followers",
        "push-all",
        "textbook hybrid",
        "as built",
        "celebrities pulled only",
    ];
    format!(
        "\
## Followers who are not there

What feeds cost in a month when there are also accounts that nobody uses any more, among followers as everywhere.
A push to active followers alone costs a read for each follower, a write a day for each reader, and a rebuilt
feed for each reader who returns. It saves the writes to all the others.

{}",
        table(0, &head, rows)
    )
}

fn sizes(model: &Model) -> String {
    let rows = [1e5, 1e6, 1e7, 1e8, 5e8].into_iter().filter_map(|dau| {
        let world = World { dau, mau: None, instances: None, ..model.world().clone() };
        let bill = Model::new(world).ok()?.bill(Strategy::Built, model.world().threshold);
        let each = bill.total() / dau * 1_000.0;
        Some(vec![count(dau), dollars(bill.feed()), dollars(bill.total()), dollars(each)])
    });
    format!(
        "## Other sizes\n\nAs built, everything else as above, accounts twice the daily people.\n\n{}",
        table(0, &["daily people", "feeds", "total", "for 1,000 daily people"], rows)
    )
}

fn edge(model: &Model) -> String {
    let world = model.world();
    let row = |what: &str, purge, dead: &str, bound: &str| {
        vec![what.to_owned(), dollars(model.purges(purge)), dead.to_owned(), bound.to_owned()]
    };
    let rows = [
        row("an exact path for each rendition", Purge::Paths, "5 s, mostly", "3,000 paths in progress"),
        row("a wildcard for each photo", Purge::OneOfAPhoto, "5 s, mostly", "15 wildcards in progress"),
        row("a cache tag for each photo", Purge::OneOfAPhoto, "5 s, mostly", "3,000 tags in progress"),
        row(
            "a deny list, read for each view",
            Purge::DenyList,
            "seconds",
            "a store of 5 MB, with one writer at a time",
        ),
        row(
            "as built: a short life and revalidation",
            Purge::ShortLife,
            &format!("at most {:.0} s", 2.0 * world.edge_life),
            "none",
        ),
    ];
    let asked = |life: f64| {
        let share = model.asked_of_s3(life) / (world.pages_a_day() * world.views);
        vec![seconds(life), percent(share)]
    };
    format!(
        "\
## Deleted photos at the edge

What it costs in a month that the address of a deleted photo is dead at the edge of the CDN
([0029](adr/0029-addresses-of-pictures.md)).

{ways}
With a short life S3 is asked more often than without. Its answer is mostly that nothing has changed, and has no
body. The views of a photo are taken to be spread over {caches} regional caches, and over {days} x 24 hours. An object may come to
an edge from a regional cache, so its life counts twice.

{lives}",
        ways = table(1, &["way", "dollars a month", "dead after", "bound by"], rows),
        caches = world.regional_caches,
        days = world.view_days,
        lives = table(0, &["life", "views for which S3 is asked"], [30.0, 60.0, 300.0, 3_600.0].map(asked)),
    )
}

fn estimate() -> String {
    let rows = textbook::CORRECTIONS.map(|correction| {
        let factor = correction.factor().map_or("-".to_owned(), |factor| format!("{factor:.2}x"));
        let Correction { line, unit, said, right, why } = correction;
        vec![line.to_owned(), unit.to_owned(), said.to_string(), right.to_string(), factor, why.to_owned()]
    });
    format!(
        "\
## The textbook estimate

The well-known interview exercise \"design Instagram\" comes with an estimate for 500 M daily people and a bill
of $359,800 a month. The table names what is wrong with it, from the estimate's own assumptions and for its own
design.

{}
Left out altogether: {}.
",
        table(6, &["line", "unit", "said", "right", "factor", "why"], rows),
        textbook::LEFT_OUT,
    )
}
