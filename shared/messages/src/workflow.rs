//! The input of workflows and of their segments.

use domain::{PhotoId, UserId};
use serde::{Deserialize, Serialize};

use crate::HashRange;

/// The key of an item of the table. The workflows write to an author's head without a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemKey {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

/// The input of `celebrity-fanout`, which pushes one photo to every active follower of a celebrity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CelebrityFanout {
    /// The photo.
    pub photo_id: PhotoId,
    /// Whose it is.
    pub author_id: UserId,
    /// How many follow them, approximately. The segments are planned from it.
    pub followers: i64,
    /// The author's head.
    pub head: ItemKey,
}

/// The input of `celebrity-promotion` and `celebrity-demotion`, which an author crossing
/// the threshold starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CelebrityCrossing {
    /// The author.
    pub author_id: UserId,
    /// How many follow them, approximately.
    pub followers: i64,
    /// The author's head.
    pub head: ItemKey,
}

/// The work that is done for each active follower of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// A photo is pushed into their feed.
    Push {
        /// The photo.
        photo_id: PhotoId,
    },
    /// They pull the author's photos from now on.
    Enlist,
    /// The photos that they pulled so far are pushed, and they no longer pull.
    Delist,
}

/// The input and output of `fanout-segment`: some of an author's followers, and the
/// progress of the work on them.
///
/// The output is the input of the next invocation until the work is done.
/// So no segment is too long for one invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The work to do.
    #[serde(flatten)]
    pub work: Work,
    /// The author whose followers they are.
    pub author_id: UserId,
    /// The range of followers.
    pub followers: HashRange,
    /// The last follower done; none at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<UserId>,
    /// The number of active followers done so far.
    #[serde(default)]
    pub reached: u64,
    /// The number of dormant followers skipped so far.
    #[serde(default)]
    pub skipped: u64,
    /// Whether no follower is left.
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
    fn progress_has_defaults_and_unknown_fields_are_ignored() {
        let json = r#"{"work":"push","photo_id":"1","author_id":"2","followers":{"first":0,"last":65535},"last_chance":true}"#;
        let segment: Segment = serde_json::from_str(json).unwrap();
        assert_eq!((segment.followers, segment.after, segment.done), (HashRange::ALL, None, false));
    }
}
