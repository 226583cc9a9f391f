//! What workflows are started with, and what their segments are given.

use domain::{PhotoId, UserId};
use serde::{Deserialize, Serialize};

use crate::HashRange;

/// Where an item of the table lies: the workflows write to an author's head without a function between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemKey {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

/// Input of `celebrity-fanout`: one photo to every active follower of a celebrity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CelebrityFanout {
    /// The photo.
    pub photo_id: PhotoId,
    /// Whose it is.
    pub author_id: UserId,
    /// How many follow them, about: what segments are planned from.
    pub followers: i64,
    /// The author's head.
    pub head: ItemKey,
}

/// Input of `celebrity-promotion` and `celebrity-demotion`: an author who crossed the threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CelebrityCrossing {
    /// Who.
    pub author_id: UserId,
    /// How many follow them, about.
    pub followers: i64,
    /// The author's head.
    pub head: ItemKey,
}

/// What is done for each active follower of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// A photo goes into their feed.
    Push {
        /// The photo.
        photo_id: PhotoId,
    },
    /// They pull the author's photos from now on.
    Enlist,
    /// They get the photos they pulled so far, and pull no more.
    Delist,
}

/// Input and output of `fanout-segment`: some of an author's followers, and how far the work on them is. What comes out
/// goes in again until it is done, so that no segment is too long for one invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// What to do.
    #[serde(flatten)]
    pub work: Work,
    /// Whose followers.
    pub author_id: UserId,
    /// Which of them.
    pub followers: HashRange,
    /// The last follower dealt with; none at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<UserId>,
    /// Active followers dealt with so far.
    #[serde(default)]
    pub reached: u64,
    /// Followers passed over so far, because they were not here lately.
    #[serde(default)]
    pub skipped: u64,
    /// Whether nobody is left.
    #[serde(default)]
    pub done: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_and_segments_look_like_this() {
        let (photo_id, author_id) = (PhotoId::try_from(1).unwrap(), UserId::try_from(2).unwrap());
        let head = ItemKey { pk: "p".into(), sk: "s".into() };
        let fanout = CelebrityFanout { photo_id, author_id, followers: 7, head: head.clone() };
        let crossing = CelebrityCrossing { author_id, followers: 7, head };
        let segments = [Work::Push { photo_id }, Work::Enlist, Work::Delist].map(|work| Segment {
            work,
            author_id,
            followers: HashRange { first: 0, last: 9 },
            after: matches!(work, Work::Delist).then_some(author_id),
            reached: 3,
            skipped: 4,
            done: false,
        });
        for segment in &segments {
            let json = serde_json::to_value(segment).unwrap();
            assert_eq!(&serde_json::from_value::<Segment>(json).unwrap(), segment);
        }
        insta::assert_json_snapshot!((fanout, crossing, segments));
    }

    #[test]
    fn a_segment_begins_with_little_and_ignores_what_is_not_its_own() {
        let json = r#"{"work":"push","photo_id":"1","author_id":"2","followers":{"first":0,"last":65535},"last_chance":true}"#;
        let segment: Segment = serde_json::from_str(json).unwrap();
        assert_eq!((segment.followers, segment.after, segment.done), (HashRange::ALL, None, false));
    }
}
