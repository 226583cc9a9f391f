//! The measurements, as text.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use figures::float;

use crate::followees::Reading;
use crate::ladder::{PerFollower, Rung, per_active, per_inactive};
use crate::mix::{Outcome, Posts};
use crate::numbers::{Series, ratio, share};
use crate::rates::Rate;

/// The network that was loaded.
#[derive(Clone, Debug)]
pub struct Network {
    /// People.
    pub users: usize,
    /// Edges.
    pub edges: usize,
    /// The share of edges that go both ways.
    pub mutual: f64,
    /// The share of people who were active within a week.
    pub active: f64,
    /// The largest followings, largest first.
    pub largest: Vec<usize>,
    /// Followings above the threshold.
    pub celebrities: usize,
    /// An author with more followers than this is a celebrity.
    pub threshold: usize,
    /// Items in the table.
    pub items: usize,
    /// How long loading took.
    pub loaded: Duration,
}

/// All measurements.
#[derive(Clone, Debug)]
pub struct Report {
    /// The network.
    pub network: Network,
    /// The use of the network.
    pub mix: Outcome,
    /// Pages by the request rate of a process.
    pub rates: Vec<Rate>,
    /// Fan-out by followers.
    pub rungs: Vec<Rung>,
    /// Feed pages by followees.
    pub readings: Vec<Reading>,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.network(f)?;
        self.units(f)?;
        self.saved(f)?;
        self.pages(f)?;
        self.ladder(f)?;
        self.memory(f)
    }
}

impl Report {
    fn network(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let network = &self.network;
        let largest: Vec<String> = network.largest.iter().map(usize::to_string).collect();
        writeln!(
            f,
            "{} users, {} follows ({:.1} each, {:.0} % mutual), {:.0} % of the users active within a week.\n\
             Largest followings: {}. More than {} followers make a celebrity: {} of them.\n\
             {} items loaded in {:.0} s.\n",
            network.users,
            network.edges,
            ratio(network.edges, network.users),
            100.0 * network.mutual,
            100.0 * network.active,
            largest.join(", "),
            network.threshold,
            network.celebrities,
            network.items,
            network.loaded.as_secs_f64(),
        )
    }

    fn units(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = figures::table(1, &["capacity units", "unit", "times", "mean", "p50", "p95", "max"]);
        let mut row = |what: &str, unit: &str, series: &Series| {
            let [mean, p50, p95, max] =
                [series.mean(), series.quantile(0.5), series.quantile(0.95), series.max()]
                    .map(|value| format!("{value:.1}"));
            table.add_row([what.to_owned(), unit.to_owned(), series.len().to_string(), mean, p50, p95, max]);
        };
        let (feeds, timelines) = (&self.mix.feeds, &self.mix.timelines);
        row("home feed page", "RRU", &feeds.reads);
        row("home feed page: the day's first visit", "WRU", &feeds.writes);
        row("home feed page, on which the feed ends", "RRU", &self.mix.short_feeds.reads);
        row("timeline page", "RRU", &timelines.reads);
        for (who, posts) in [("post", &self.mix.posts), ("celebrity's post", &self.mix.celebrity_posts)] {
            row(&format!("{who}: request, renditions"), "WRU", &posts.created);
            row(&format!("{who}: derivation"), "WRU", &posts.derived);
            row(&format!("{who}: fan-out"), "WRU", &posts.pushed);
            row(&format!("{who}: in all"), "WRU", &posts.writes);
            row(&format!("{who}: in all"), "RRU", &posts.reads);
        }
        writeln!(f, "{table}\n")?;
        let mut table = figures::table(1, &["milliseconds", "mean", "p50", "p95", "max"]);
        for (what, series) in [("home feed page", &feeds.time), ("timeline page", &timelines.time)] {
            let figures = [series.mean(), series.quantile(0.5), series.quantile(0.95), series.max()];
            let figures = figures.map(|value| format!("{value:.1}"));
            table.add_row(std::iter::once(what.to_owned()).chain(figures));
        }
        writeln!(f, "{table}\n")
    }

    fn saved(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = figures::table(1, &["pushes", "written", "saved: reader inactive", "saved"]);
        for (who, posts) in [("posts", &self.mix.posts), ("celebrities' posts", &self.mix.celebrity_posts)] {
            let Posts { entries, skipped, .. } = posts;
            table.add_row([
                who.to_owned(),
                entries.to_string(),
                skipped.to_string(),
                format!("{:.0} %", 100.0 * share(*skipped, entries + skipped)),
            ]);
        }
        writeln!(f, "{table}\n")?;
        let mut table =
            figures::table(1, &["requests a second", "pages", "mean RRU", "celebrities' heads at hand"]);
        for rate in &self.rates {
            table.add_row([
                rate.per_second.to_string(),
                rate.reads.len().to_string(),
                format!("{:.1}", rate.reads.mean()),
                format!("{:.1} %", 100.0 * rate.hit_rate()),
            ]);
        }
        writeln!(f, "{table}\n")
    }

    fn pages(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = figures::table(1, &["home feed page", "pages", "mean RRU", "p95 RRU", "max RRU"]);
        let buckets = ["fewer than 10 followees", "10 to 99 followees", "100 followees and more"];
        for (bucket, series) in buckets.iter().zip(&self.mix.feeds_by_followees) {
            table.add_row([
                (*bucket).to_owned(),
                series.len().to_string(),
                format!("{:.1}", series.mean()),
                format!("{:.1}", series.quantile(0.95)),
                format!("{:.1}", series.max()),
            ]);
        }
        writeln!(f, "{table}\n")?;
        let mut table = figures::table(
            1,
            &["followees", "RRU, nothing cached", "calls", "KiB at most", "RRU, photos cached", "calls"],
        );
        for Reading { followees, cold, warm } in &self.readings {
            table.add_row([
                followees.to_string(),
                format!("{:.1}", cold.spent.reads),
                cold.spent.calls.to_string(),
                kib(cold.spent.memory),
                format!("{:.1}", warm.spent.reads),
                warm.spent.calls.to_string(),
            ]);
        }
        writeln!(f, "{table}\n")
    }

    fn ladder(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = figures::table(
            1,
            &[
                "followers",
                "active",
                "by",
                "invocations",
                "WRU",
                "RRU",
                "RRU / follower",
                "ms",
                "µs / active",
                "KiB at most",
            ],
        );
        for rung in &self.rungs {
            let micros = rung.spent.time.as_secs_f64() * 1e6;
            let each =
                if rung.active == 0 { "-".to_owned() } else { format!("{:.0}", micros / float(rung.active)) };
            table.add_row([
                rung.followers.to_string(),
                rung.active.to_string(),
                (if rung.celebrity { "workflow" } else { "queue" }).to_owned(),
                rung.invocations.to_string(),
                format!("{:.0}", rung.spent.writes),
                format!("{:.1}", rung.spent.reads),
                format!("{:.3}", rung.spent.reads / float(rung.followers)),
                format!("{:.1}", micros / 1e3),
                each,
                kib(rung.spent.memory),
            ]);
        }
        writeln!(f, "{table}\n")?;
        for (who, PerFollower { writes, reads, time }) in
            [("active", per_active(&self.rungs)), ("inactive", per_inactive(&self.rungs))]
        {
            writeln!(f, "With x {who} followers and no others, least squares:")?;
            writeln!(f, "  write units   {writes}")?;
            writeln!(f, "  read units    {reads}")?;
            writeln!(f, "  microseconds  {time}")?;
        }
        writeln!(f)
    }

    fn memory(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut table = figures::table(1, &["most memory held by one invocation", "KiB"]);
        let posts = [&self.mix.posts, &self.mix.celebrity_posts];
        let most = |place: usize| posts.iter().filter_map(|posts| posts.memory.get(place)).max().copied();
        let rows = [
            ("feed-read, a page", Some(self.mix.feeds.total.memory.max(self.mix.short_feeds.total.memory))),
            ("profile, a page of photos", Some(self.mix.timelines.total.memory)),
            ("derive, a photo", most(0)),
            ("fanout, a batch of messages", most(1)),
            ("fanout-segment, a segment", most(2)),
        ];
        for (what, bytes) in rows {
            table.add_row([what.to_owned(), kib(bytes.unwrap_or(0))]);
        }
        writeln!(f, "{table}")
    }
}

fn kib(bytes: u64) -> String {
    bytes.div_ceil(1024).to_string()
}
