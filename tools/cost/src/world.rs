//! The input of a bill: how many people do what.

use clap::Parser;

/// Days in a month, and seconds in a day.
pub(crate) const MONTH: f64 = 30.0;
pub(crate) const DAY_SECONDS: f64 = 86_400.0;
/// Bytes in a GB. AWS counts in powers of two; the estimates this is compared with count in powers of ten.
/// The difference is 7 % on storage and egress.
pub(crate) const GB: f64 = 1e9;
pub(crate) const KB: f64 = 1e3;

/// How many people do what. Defaults: the textbook exercise's scale.
#[derive(Clone, Debug, Parser)]
#[command(name = "cost", about = "What a month costs, and where the celebrity threshold should be", version)]
pub struct World {
    /// People who come on a day
    #[arg(long, default_value_t = World::TEXTBOOK.dau, value_parser = positive)]
    pub dau: f64,
    /// People who come within a month; twice the daily ones if left out
    #[arg(long, value_parser = positive)]
    pub mau: Option<f64>,
    /// Share of the monthly people who came within seven days
    #[arg(long, default_value_t = World::TEXTBOOK.weekly, value_parser = share)]
    pub weekly: f64,
    /// Accounts; those beyond the monthly people are unused, but still follow
    #[arg(long, value_parser = positive)]
    pub accounts: Option<f64>,
    /// Posts by each of the daily people in a day
    #[arg(long, default_value_t = World::TEXTBOOK.posts, value_parser = positive)]
    pub posts: f64,
    /// Pictures in a post
    #[arg(long, default_value_t = World::TEXTBOOK.media, value_parser = positive)]
    pub media: f64,
    /// Share of posts that are deleted sooner or later
    #[arg(long, default_value_t = World::TEXTBOOK.deleted, value_parser = share)]
    pub deleted: f64,
    /// Likes by each of the daily people in a day
    #[arg(long, default_value_t = World::TEXTBOOK.likes, value_parser = positive)]
    pub likes: f64,
    /// Likes of one photo that one batch of the stream brings, and so share one change of the counter
    #[arg(long, default_value_t = World::TEXTBOOK.likes_a_batch, value_parser = positive)]
    pub likes_a_batch: f64,
    /// Share of notifications that their row gathers; the others tell it
    #[arg(long, default_value_t = World::TEXTBOOK.gathered, value_parser = share)]
    pub gathered: f64,
    /// Comments and replies by each of the daily people in a day
    #[arg(long, default_value_t = World::TEXTBOOK.comments, value_parser = positive)]
    pub comments: f64,
    /// Pages of comments that each of the daily people opens in a day
    #[arg(long, default_value_t = World::TEXTBOOK.threads, value_parser = positive)]
    pub threads: f64,
    /// New follows by each of the daily people in a day
    #[arg(long, default_value_t = World::TEXTBOOK.follows, value_parser = positive)]
    pub follows: f64,
    /// Access tokens that each of the daily people needs in a day; one lasts 15 minutes
    #[arg(long, default_value_t = World::TEXTBOOK.tokens, value_parser = positive)]
    pub tokens: f64,
    /// Mails that each of the daily people gets in a day: proofs of addresses, and links for new passwords
    #[arg(long, default_value_t = World::TEXTBOOK.mails, value_parser = positive)]
    pub mails: f64,
    /// Minutes in which each of the daily people has a socket open in a day
    #[arg(long, default_value_t = World::TEXTBOOK.socket_minutes, value_parser = positive)]
    pub socket_minutes: f64,
    /// Messages that come to the sockets of each of the daily people in a day
    #[arg(long, default_value_t = World::TEXTBOOK.hints, value_parser = positive)]
    pub hints: f64,
    /// Photos that each of the daily people opens and watches in a day
    #[arg(long, default_value_t = World::TEXTBOOK.watches, value_parser = positive)]
    pub watches: f64,
    /// Share of likes that come while one other client watches the photo
    #[arg(long, default_value_t = World::TEXTBOOK.watched_likes, value_parser = share)]
    pub watched_likes: f64,
    /// Tellings of rows that each of the daily people gets in a day, each on one device
    #[arg(long, default_value_t = World::TEXTBOOK.tellings, value_parser = positive)]
    pub tellings: f64,
    /// Share of tellings whose device is an app, and not a browser
    #[arg(long, default_value_t = World::TEXTBOOK.apps, value_parser = share)]
    pub apps: f64,
    /// Feed pages of 20 that each of the daily people opens in a day
    #[arg(long, default_value_t = World::TEXTBOOK.pages, value_parser = positive)]
    pub pages: f64,
    /// Pictures of a page that are fetched, in the large size
    #[arg(long, default_value_t = World::TEXTBOOK.views, value_parser = positive)]
    pub views: f64,
    /// Followers of an account, on average; as many are followed
    #[arg(long, default_value_t = World::TEXTBOOK.followers, value_parser = positive)]
    pub followers: f64,
    /// Exponent of the tail: the share of accounts with more than x followers falls like x^-tail
    #[arg(long, default_value_t = World::TEXTBOOK.tail, value_parser = positive)]
    pub tail: f64,
    /// Share of all accounts that follow the largest one
    #[arg(long, default_value_t = World::TEXTBOOK.largest, value_parser = share)]
    pub largest: f64,
    /// How posting grows with followers: an account with ten times the followers posts
    /// 10^growth times as often
    #[arg(long, default_value_t = World::TEXTBOOK.growth)]
    pub growth: f64,
    /// Followers above which an account is a celebrity
    #[arg(long, default_value_t = World::TEXTBOOK.threshold, value_parser = positive)]
    pub threshold: f64,
    /// Write units a second that the table can spare for one photo
    #[arg(long, default_value_t = World::TEXTBOOK.spare_writes, value_parser = positive)]
    pub spare_writes: f64,
    /// Read units a second that the table can spare for one photo
    #[arg(long, default_value_t = World::TEXTBOOK.spare_reads, value_parser = positive)]
    pub spare_reads: f64,
    /// Processes that read feeds side by side, each with its own cache;
    /// as many as the pages keep busy if left out
    #[arg(long, value_parser = positive)]
    pub instances: Option<f64>,
    /// Years that photos have been kept
    #[arg(long, default_value_t = World::TEXTBOOK.years, value_parser = positive)]
    pub years: f64,
    /// KB of an original
    #[arg(long, default_value_t = World::TEXTBOOK.original_kb, value_parser = positive)]
    pub original_kb: f64,
    /// KB of the large JPEG
    #[arg(long, default_value_t = World::TEXTBOOK.large_kb, value_parser = positive)]
    pub large_kb: f64,
    /// KB of the medium JPEG
    #[arg(long, default_value_t = World::TEXTBOOK.medium_kb, value_parser = positive)]
    pub medium_kb: f64,
    /// KB of the small JPEG
    #[arg(long, default_value_t = World::TEXTBOOK.small_kb, value_parser = positive)]
    pub small_kb: f64,
    /// Size of a WebP in parts of its JPEG
    #[arg(long, default_value_t = World::TEXTBOOK.webp, value_parser = share)]
    pub webp: f64,
    /// Share of views that get WebP
    #[arg(long, default_value_t = World::TEXTBOOK.webp_views, value_parser = share)]
    pub webp_views: f64,
    /// Share of views that the edge has to fetch from S3
    #[arg(long, default_value_t = World::TEXTBOOK.edge_misses, value_parser = share)]
    pub edge_misses: f64,
    /// Seconds that a cache of the CDN serves a picture without asking S3
    #[arg(long, default_value_t = World::TEXTBOOK.edge_life, value_parser = positive)]
    pub edge_life: f64,
    /// Regional caches of the CDN, each of which asks S3 for itself
    #[arg(long, default_value_t = World::TEXTBOOK.regional_caches, value_parser = positive)]
    pub regional_caches: f64,
    /// Days after a post over which its views are spread
    #[arg(long, default_value_t = World::TEXTBOOK.view_days, value_parser = positive)]
    pub view_days: f64,
}

/// Numbers that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// Daily people are among those of seven days, and monthly people have an account.
    #[error("more people in a day than in a week (--mau times --weekly), or more in a month than accounts")]
    Activity,
    /// The mean is a tenth of the largest at most. Nearer to it, hardly any distribution is left.
    #[error("the largest account has too few followers for this mean")]
    Followers,
    /// Posting neither falls with followers nor grows faster than they do.
    #[error("--growth is below 0 or above 1")]
    Growth,
}

impl World {
    /// The scale of the textbook exercise; what the exercise does not say is assumed.
    pub const TEXTBOOK: Self = Self {
        dau: 500e6,
        mau: None,
        weekly: 0.7,
        accounts: None,
        posts: 0.2,
        media: 2.0,
        deleted: 0.01,
        likes: 15.0,
        likes_a_batch: 1.0,
        gathered: 0.5,
        comments: 1.0,
        threads: 3.0,
        follows: 0.5,
        tokens: 5.0,
        // Two a year.
        mails: 0.0055,
        socket_minutes: 30.0,
        hints: 5.0,
        watches: 5.0,
        watched_likes: 0.05,
        tellings: 8.0,
        apps: 0.7,
        pages: 10.0,
        views: 20.0,
        followers: 150.0,
        tail: 1.3,
        largest: 0.4,
        growth: 0.2,
        threshold: 100_000.0,
        spare_writes: 40_000.0,
        spare_reads: 40_000.0,
        instances: None,
        years: 10.0,
        original_kb: 2_000.0,
        large_kb: 200.0,
        medium_kb: 50.0,
        small_kb: 10.0,
        webp: 0.85,
        webp_views: 0.95,
        edge_misses: 0.2,
        edge_life: 30.0,
        regional_caches: 13.0,
        view_days: 1.0,
    };

    /// Checks that the numbers fit each other.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), Mistake> {
        if self.dau > self.monthly() * self.weekly || self.monthly() > self.accounts() {
            return Err(Mistake::Activity);
        }
        if self.followers * 10.0 > self.largest_following() {
            return Err(Mistake::Followers);
        }
        if !(0.0..=1.0).contains(&self.growth) {
            return Err(Mistake::Growth);
        }
        Ok(())
    }

    /// Returns the people who come within a month.
    pub fn monthly(&self) -> f64 {
        self.mau.unwrap_or(self.dau * 2.0)
    }

    /// Returns the number of accounts.
    pub fn accounts(&self) -> f64 {
        self.accounts.unwrap_or(self.monthly())
    }

    /// Returns the share of accounts, and so of anybody's followers, who came within seven days.
    pub fn active(&self) -> f64 {
        self.monthly() * self.weekly / self.accounts()
    }

    /// Returns the followers of the largest account.
    pub fn largest_following(&self) -> f64 {
        self.accounts() * self.largest
    }

    /// Returns the posts of everybody in a day.
    pub fn posts_a_day(&self) -> f64 {
        self.dau * self.posts
    }

    /// Returns the likes of everybody in a day.
    pub fn likes_a_day(&self) -> f64 {
        self.dau * self.likes
    }

    /// Returns the comments and replies of everybody in a day.
    pub fn comments_a_day(&self) -> f64 {
        self.dau * self.comments
    }

    /// Returns the pages of comments that everybody opens in a day.
    pub fn threads_a_day(&self) -> f64 {
        self.dau * self.threads
    }

    /// Returns the new follows of everybody in a day.
    pub fn follows_a_day(&self) -> f64 {
        self.dau * self.follows
    }

    /// Returns the feed pages of everybody in a day.
    pub fn pages_a_day(&self) -> f64 {
        self.dau * self.pages
    }

    /// Returns the access tokens of everybody in a day.
    pub fn tokens_a_day(&self) -> f64 {
        self.dau * self.tokens
    }

    /// Returns the mails to everybody in a day.
    pub fn mails_a_day(&self) -> f64 {
        self.dau * self.mails
    }

    /// Returns the minutes of everybody's sockets in a day.
    pub fn socket_minutes_a_day(&self) -> f64 {
        self.dau * self.socket_minutes
    }

    /// Returns how many photos are watched in a day.
    pub fn watches_a_day(&self) -> f64 {
        self.dau * self.watches
    }

    /// Returns how many likes a watcher hears of in a day.
    pub fn watched_likes_a_day(&self) -> f64 {
        self.likes_a_day() * self.watched_likes
    }

    /// Returns how many rows are told in a day.
    pub fn tellings_a_day(&self) -> f64 {
        self.dau * self.tellings
    }

    /// Returns the readers who return in a day after more than a week. People who come within the month but
    /// not within the week do so about once a month.
    pub fn returns_a_day(&self) -> f64 {
        self.monthly() * (1.0 - self.weekly) / MONTH
    }

    /// Returns the processes that read feeds side by side.
    pub fn readers(&self) -> f64 {
        let busy = self.pages_a_day() / DAY_SECONDS * crate::units::FEED_READ.seconds();
        self.instances.unwrap_or(busy).max(1.0)
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.replace('_', "").parse().map_err(|_| "not a number".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    number(text).and_then(|found| {
        if found > 0.0 && found.is_finite() { Ok(found) } else { Err("not above 0".to_owned()) }
    })
}

fn share(text: &str) -> Result<f64, String> {
    number(text).and_then(|found| {
        if (0.0..=1.0).contains(&found) { Ok(found) } else { Err("not between 0 and 1".to_owned()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_it_is_the_textbook_world() {
        let parsed = World::try_parse_from(["cost"]).unwrap();
        assert_eq!(format!("{parsed:?}"), format!("{:?}", World::TEXTBOOK));
        parsed.check().unwrap();
    }

    #[test]
    fn numbers_are_read_and_checked() {
        let world = World::try_parse_from(["cost", "--dau", "1_000_000", "--mau=3e6"]).unwrap();
        assert_eq!((world.dau, world.monthly(), world.accounts()), (1e6, 3e6, 3e6));
        for bad in ["--dau=0", "--dau=x", "--dau=inf", "--weekly=1.1", "--webp=-0.1"] {
            assert!(World::try_parse_from(["cost", bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let world = World::TEXTBOOK;
        assert_eq!(World { mau: Some(600e6), ..world.clone() }.check(), Err(Mistake::Activity));
        assert_eq!(World { weekly: 0.4, ..world.clone() }.check(), Err(Mistake::Activity));
        assert_eq!(World { accounts: Some(900e6), ..world.clone() }.check(), Err(Mistake::Activity));
        assert_eq!(World { dau: 1000.0, ..world.clone() }.check(), Err(Mistake::Followers));
        assert_eq!(World { growth: 1.5, ..world }.check(), Err(Mistake::Growth));
    }
}
