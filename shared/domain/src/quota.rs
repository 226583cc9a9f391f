//! Quotas: how often an account or an address may do a thing. This is the one table of them.
//!
//! A quota counts within a window of fixed length. Each owner's windows begin at a moment of their own, so
//! that they do not all begin at once. Around the change of windows up to twice a limit is admitted within
//! one length. In exchange a use is one write, which needs no read before it.

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::id::UserId;

/// Whose uses a quota counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// An account's.
    Account,
    /// The viewer's address: an IPv4 address, or the /64 of an IPv6 address.
    Address,
    /// An e-mail address, by its digest.
    Mailbox,
}

impl Per {
    /// Returns its name in the table of quotas.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address => "address",
            Self::Mailbox => "e-mail address",
        }
    }
}

/// A number that a quota limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its name. It is also the stored attribute.
    pub name: &'static str,
    /// The most within a window.
    pub limit: i64,
}

/// A quota. All its measures have the same owner and window, so that one write counts them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Its name. It is part of the stored key.
    pub name: &'static str,
    /// Whose uses are counted together.
    pub per: Per,
    /// The length of a window.
    pub seconds: i64,
    /// What is limited.
    pub measures: &'static [Measure],
    /// The code of the refusal. Empty for a quota that refuses no request: a mail is not sent.
    pub code: &'static str,
    /// The refusal for people.
    pub detail: &'static str,
    /// The metric that counts refusals.
    pub metric: &'static str,
}

/// The measure of password checks that were not proven right. A right password takes its use back.
pub const WRONG_PASSWORDS: &str = "wrong_passwords";

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const GIB: i64 = 1024 * 1024 * 1024;

const fn measure(name: &'static str, limit: i64) -> Measure {
    Measure { name, limit }
}

/// Registrations from one address.
pub const REGISTRATIONS: Quota = Quota {
    name: "registrations",
    per: Per::Address,
    seconds: HOUR,
    measures: &[measure("registrations", 20)],
    code: "too_many_registrations",
    detail: "There were too many registrations from this address.",
    metric: "quota_registrations_refused",
};

/// Logins from one address, to any accounts.
pub const LOGINS_FROM_ADDRESS: Quota = Quota {
    name: "logins-from-address",
    per: Per::Address,
    seconds: 10 * MINUTE,
    measures: &[measure("logins", 200), measure(WRONG_PASSWORDS, 50)],
    code: "too_many_attempts",
    detail: "There were too many attempts to log in from this address.",
    metric: "quota_logins_from_address_refused",
};

/// Logins to one account, by its name or by its e-mail address, from anywhere, and changes of its password.
pub const LOGINS: Quota = Quota {
    name: "logins",
    per: Per::Account,
    seconds: 10 * MINUTE,
    measures: &[measure("logins", 50), measure(WRONG_PASSWORDS, 10)],
    code: "too_many_attempts",
    detail: "There were too many attempts to log in to this account.",
    metric: "quota_logins_refused",
};

/// Uses of mailed links from one address, of any accounts.
pub const LINKS_FROM_ADDRESS: Quota = Quota {
    name: "links-from-address",
    per: Per::Address,
    seconds: HOUR,
    measures: &[measure("links", 60)],
    code: "too_many_attempts",
    detail: "There were too many attempts to use a link from this address.",
    metric: "quota_links_from_address_refused",
};

/// Requests of a link that resets a password, from one address, for any accounts.
pub const RESETS_FROM_ADDRESS: Quota = Quota {
    name: "resets-from-address",
    per: Per::Address,
    seconds: HOUR,
    measures: &[measure("resets", 20)],
    code: "too_many_resets",
    detail: "There were too many requests of a new password from this address.",
    metric: "quota_resets_from_address_refused",
};

/// Requests of another link that proves one's address.
pub const PROOFS: Quota = Quota {
    name: "proofs",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("proofs", 5)],
    code: "too_many_proofs",
    detail: "The proof can be sent at most 5 times in an hour.",
    metric: "quota_proofs_refused",
};

/// Mails with a link that resets a password. Who asks for more is answered as ever.
pub const RESET_MAILS: Quota = Quota {
    name: "reset-mails",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("mails", 3)],
    code: "",
    detail: "",
    metric: "quota_reset_mails_refused",
};

/// Mails that tell of a changed password. Its own, so that whoever asks for links cannot have the notice left out. None
/// is refused; the rest is not sent.
pub const CHANGE_MAILS: Quota = Quota {
    name: "change-mails",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("mails", 5)],
    code: "",
    detail: "",
    metric: "quota_change_mails_refused",
};

/// Mails about registrations: proofs, and notices to whoever has the address. Nobody floods a mailbox by
/// registering.
pub const PROOF_MAILS: Quota = Quota {
    name: "proof-mails",
    per: Per::Mailbox,
    seconds: HOUR,
    measures: &[measure("mails", 6)],
    code: "",
    detail: "",
    metric: "quota_proof_mails_refused",
};

/// Drafts of photos, and the bytes that they announce.
pub const UPLOADS: Quota = Quota {
    name: "uploads",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("photos", 100), measure("bytes", 5 * GIB)],
    code: "upload_limit_reached",
    detail: "At most 100 photos and 5 GiB can be uploaded in an hour.",
    metric: "quota_uploads_refused",
};

/// Uploads of a profile picture.
pub const PICTURES: Quota = Quota {
    name: "pictures",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("pictures", 30)],
    code: "too_many_pictures",
    detail: "The profile picture can be changed 30 times in an hour.",
    metric: "quota_pictures_refused",
};

/// Follows.
pub const FOLLOWS: Quota = Quota {
    name: "follows",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("follows", 300)],
    code: "too_many_follows",
    detail: "At most 300 people can be followed in an hour.",
    metric: "quota_follows_refused",
};

/// Likes of photos and of comments.
pub const LIKES: Quota = Quota {
    name: "likes",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("likes", 1_000)],
    code: "too_many_likes",
    detail: "At most 1,000 photos and comments can be liked in an hour.",
    metric: "quota_likes_refused",
};

/// Saved photos, and what is put into collections.
pub const SAVES: Quota = Quota {
    name: "saves",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("saves", 1_000)],
    code: "too_many_saves",
    detail: "At most 1,000 photos can be saved in an hour.",
    metric: "quota_saves_refused",
};

/// Collections that are made or renamed.
pub const COLLECTIONS: Quota = Quota {
    name: "collections",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("collections", 60)],
    code: "too_many_collections",
    detail: "At most 60 collections can be made or renamed in an hour.",
    metric: "quota_collections_refused",
};

/// Comments and replies.
pub const COMMENTS: Quota = Quota {
    name: "comments",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("comments", 300)],
    code: "too_many_comments",
    detail: "At most 300 comments can be written in an hour.",
    metric: "quota_comments_refused",
};

/// Deletions of photos.
pub const DELETIONS: Quota = Quota {
    name: "deletions",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("deletions", 200)],
    code: "too_many_deletions",
    detail: "At most 200 photos can be deleted in an hour.",
    metric: "quota_deletions_refused",
};

/// Switches of an account between private and public. Each writes every photo of it.
pub const PRIVACY: Quota = Quota {
    name: "privacy",
    per: Per::Account,
    seconds: DAY,
    measures: &[measure("switches", 2)],
    code: "too_many_switches",
    detail: "An account can be made private or public twice a day.",
    metric: "quota_privacy_refused",
};

/// Blocks.
pub const BLOCKS: Quota = Quota {
    name: "blocks",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("blocks", 300)],
    code: "too_many_blocks",
    detail: "At most 300 people can be blocked in an hour.",
    metric: "quota_blocks_refused",
};

/// Mutes.
pub const MUTES: Quota = Quota {
    name: "mutes",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("mutes", 300)],
    code: "too_many_mutes",
    detail: "At most 300 people can be muted in an hour.",
    metric: "quota_mutes_refused",
};

/// Additions to the close friends.
pub const CLOSE_FRIENDS: Quota = Quota {
    name: "close-friends",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("close_friends", 300)],
    code: "too_many_close_friends",
    detail: "At most 300 people can be added to the close friends in an hour.",
    metric: "quota_close_friends_refused",
};

/// Removals of followers.
pub const REMOVALS: Quota = Quota {
    name: "removals",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("removals", 300)],
    code: "too_many_removals",
    detail: "At most 300 followers can be removed in an hour.",
    metric: "quota_removals_refused",
};

/// Answers to follow requests.
pub const ANSWERS: Quota = Quota {
    name: "answers",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("answers", 1_000)],
    code: "too_many_answers",
    detail: "At most 1,000 requests can be answered in an hour.",
    metric: "quota_answers_refused",
};

/// Registrations of devices. A browser registers its own each time its page is opened.
pub const DEVICES: Quota = Quota {
    name: "devices",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("devices", 200)],
    code: "too_many_devices",
    detail: "Devices can be registered at most 200 times in an hour.",
    metric: "quota_devices_refused",
};

/// Changes of the settings of notifications.
pub const SETTINGS: Quota = Quota {
    name: "settings",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("settings", 300)],
    code: "too_many_settings",
    detail: "The settings of notifications can be changed at most 300 times in an hour.",
    metric: "quota_settings_refused",
};

/// Photos that open clients watch.
pub const WATCHES: Quota = Quota {
    name: "watches",
    per: Per::Account,
    seconds: HOUR,
    measures: &[measure("watches", 2_000)],
    code: "too_many_watches",
    detail: "At most 2,000 photos can be watched in an hour.",
    metric: "quota_watches_refused",
};

/// Every quota, in the order of the table.
pub const ALL: [Quota; 26] = [
    REGISTRATIONS,
    LOGINS_FROM_ADDRESS,
    LOGINS,
    LINKS_FROM_ADDRESS,
    RESETS_FROM_ADDRESS,
    PROOFS,
    RESET_MAILS,
    CHANGE_MAILS,
    PROOF_MAILS,
    UPLOADS,
    PICTURES,
    FOLLOWS,
    LIKES,
    SAVES,
    COLLECTIONS,
    COMMENTS,
    DELETIONS,
    PRIVACY,
    BLOCKS,
    MUTES,
    CLOSE_FRIENDS,
    REMOVALS,
    ANSWERS,
    DEVICES,
    SETTINGS,
    WATCHES,
];

/// Most people whom one account follows. It bounds what a feed costs, so it does not scale.
///
/// The count that it is compared with lags behind by what is still being derived. That is bounded by the
/// quota of follows.
pub const FOLLOWEES: i64 = 7_500;

/// A use that a quota does not admit now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The quota.
    pub quota: Quota,
    /// Seconds until the next window, at least 1.
    pub seconds: i64,
}

/// A window of a quota for one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its number. Later windows have higher ones.
    pub number: i64,
    /// Its end, in seconds since the epoch, exclusive.
    pub end: i64,
}

impl Quota {
    /// Returns the window of `owner` that `now` is in.
    pub fn window(&self, owner: UserId, now: Timestamp) -> Window {
        let length = u64::try_from(self.seconds).unwrap_or(1).max(1);
        let offset = i64::try_from(owner.get() % length).unwrap_or(0);
        let number = (now.seconds() + offset).div_euclid(self.seconds);
        Window { number, end: (number + 1) * self.seconds - offset }
    }

    /// Returns the seconds from `now` until the next window of `owner`, at least 1.
    pub fn wait(&self, owner: UserId, now: Timestamp) -> i64 {
        (self.window(owner, now).end - now.seconds()).max(1)
    }
}

/// Returns the id under which uses are counted of an owner who has no account: an address, or a name that
/// nobody has.
///
/// It is a digest of 63 bits, so that it practically never equals a real id.
pub fn stand_in(text: &str) -> UserId {
    let digest = Sha256::digest(text.as_bytes());
    let number = digest.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    UserId::try_from(number >> 1).unwrap_or_else(|_| UserId::floor(Timestamp(0)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_codes_and_metrics_tell_quotas_apart() {
        let names: HashSet<&str> = ALL.iter().map(|quota| quota.name).collect();
        let metrics: HashSet<&str> = ALL.iter().map(|quota| quota.metric).collect();
        assert_eq!((names.len(), metrics.len()), (ALL.len(), ALL.len()));
    }

    #[test]
    fn owners_begin_their_windows_at_different_moments() {
        let now = Timestamp(1_795_348_800_000);
        let ends: HashSet<i64> =
            (0..100).map(|id| UPLOADS.window(UserId::try_from(id).unwrap(), now).end).collect();
        assert_eq!(ends.len(), 100);
    }

    proptest! {
        #[test]
        fn a_window_holds_its_moment_and_the_next_one_begins_at_its_end(
            owner in 0..=i64::MAX as u64,
            now in 0_i64..4_000_000_000_000,
        ) {
            let (owner, now) = (UserId::try_from(owner).unwrap(), Timestamp(now));
            for quota in ALL {
                let window = quota.window(owner, now);
                prop_assert!(window.end > now.seconds() && window.end - now.seconds() <= quota.seconds);
                let wait = quota.wait(owner, now);
                prop_assert_eq!(now.seconds() + wait, window.end);
                let next = quota.window(owner, now.plus_ms(wait * 1000));
                prop_assert_eq!(next.number, window.number + 1);
            }
        }
    }
}
