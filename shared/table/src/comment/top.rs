//! The top comments of a photo: a list of its most liked and answered ones, kept when likes and replies are
//! derived.

use std::collections::{BTreeSet, HashMap};

use domain::comment::Threaded;
use domain::{CommentId, CommentPath, PhotoId};
use serde::{Deserialize, Serialize};

use crate::calls::{back_off, number, stored};
use crate::comment::get_all;
use crate::error::done;
use crate::keys::{ItemKey, PK};
use crate::{Result, Table, packed};

/// Comments in the list.
const LEN: usize = 100;
/// Times that a renewal is tried while others renew the same list. What it misses, the next one may find.
const RACES: u32 = 3;

/// A comment with its score. Higher scores come first, and newer comments of the same score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ranked {
    /// Its likes and replies when it took its place.
    pub score: u64,
    /// The comment.
    pub comment: CommentId,
}

/// The list as it is stored: 16 bytes for each comment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    #[serde(with = "packed")]
    comments: Vec<CommentId>,
    #[serde(with = "packed")]
    scores: Vec<u64>,
    /// Counts the changes, so that a write on top of an older state is refused.
    version: u64,
}

impl Stored {
    fn ranked(&self) -> Vec<Ranked> {
        let pairs = self.comments.iter().zip(&self.scores);
        pairs.map(|(comment, score)| Ranked { score: *score, comment: *comment }).collect()
    }
}

/// Reads the top comments of a photo, best first, eventually consistent. 0.5 RRU. They may be gone by now.
pub async fn top(table: &Table, photo: PhotoId) -> Result<Vec<Ranked>> {
    let stored: Option<Stored> = table.get(&ItemKey::TopComments(photo)).await?;
    Ok(stored.map(|stored| stored.ranked()).unwrap_or_default())
}

/// Gives comments whose likes or replies changed their places in the list.
///
/// 1 RRU and 0.5 for each of them; 2 WRU at most if the order changes, or a score by a tenth. The list is a help
/// for readers: a renewal that loses every race against others is left to the next one, so that it never holds
/// up what is derived.
pub(crate) async fn renew_top(table: &Table, photo: PhotoId, changed: &BTreeSet<CommentId>) -> Result<()> {
    let key = ItemKey::TopComments(photo);
    for race in 0..RACES {
        let paths = changed.iter().map(|comment| CommentPath::new(photo, *comment));
        let (before, now) = futures::try_join!(table.get_latest::<Stored>(&key), get_all(table, paths))?;
        let kept = before.as_ref().map(Stored::ranked).unwrap_or_default();
        let renewed = renewed(&kept, photo, changed, &now);
        if is_near(&kept, &renewed) || put(table, &key, before.as_ref(), &renewed).await? {
            return Ok(());
        }
        back_off(race).await;
    }
    Ok(())
}

fn order(ranked: &[Ranked]) -> impl Iterator<Item = CommentId> {
    ranked.iter().map(|ranked| ranked.comment)
}

/// Returns whether the order is the same, and no score is further off than a tenth: few likes matter where there
/// are few, and a comment that is liked a thousand times a minute is not written a thousand times.
fn is_near(kept: &[Ranked], renewed: &[Ranked]) -> bool {
    order(kept).eq(order(renewed))
        && kept
            .iter()
            .zip(renewed)
            .all(|(kept, renewed)| kept.score.abs_diff(renewed.score) <= kept.score / 10)
}

/// Returns the list once the changed comments are as they are `now`. Those without likes and replies are in none.
fn renewed(
    kept: &[Ranked],
    photo: PhotoId,
    changed: &BTreeSet<CommentId>,
    now: &HashMap<CommentPath, Threaded>,
) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> =
        kept.iter().filter(|ranked| !changed.contains(&ranked.comment)).copied().collect();
    ranked.extend(changed.iter().filter_map(|comment| {
        let Threaded { likes, replies, .. } = now.get(&CommentPath::new(photo, *comment))?;
        let score = u64::try_from(likes.saturating_add(*replies)).ok().filter(|score| *score > 0)?;
        Some(Ranked { score, comment: *comment })
    }));
    ranked.sort_unstable_by(|one, other| other.cmp(one));
    ranked.truncate(LEN);
    ranked
}

/// Stores the list if it is still as it was read, and returns whether it was.
async fn put(table: &Table, key: &ItemKey, before: Option<&Stored>, ranked: &[Ranked]) -> Result<bool> {
    let version = before.map_or(0, |before| before.version);
    let after = Stored {
        comments: order(ranked).collect(),
        scores: ranked.iter().map(|ranked| ranked.score).collect(),
        version: version + 1,
    };
    let mut request = table.client.put_item().table_name(&*table.name).set_item(Some(stored(key, after)?));
    request = match before {
        None => request.condition_expression(format!("attribute_not_exists({PK})")),
        Some(_) => request
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(version)),
    };
    done("PutItem", request.send().await)
}

#[cfg(test)]
mod tests {
    use domain::UserId;
    use domain::text::CommentText;

    use super::*;

    fn comment(number: u64) -> CommentId {
        CommentId::try_from(number).unwrap()
    }

    fn renewed_to(kept: &[(u64, u64)], now: &[(u64, i64, i64)]) -> Vec<(u64, u64)> {
        let photo = PhotoId::try_from(1).unwrap();
        let kept: Vec<Ranked> =
            kept.iter().map(|(id, score)| Ranked { score: *score, comment: comment(*id) }).collect();
        let changed = now.iter().map(|(id, ..)| comment(*id)).collect();
        // A comment with fewer likes than none is gone.
        let there = now.iter().filter(|(_, likes, _)| *likes >= 0).map(|(id, likes, replies)| {
            let threaded = Threaded {
                by: UserId::try_from(1).unwrap(),
                username: "ann".to_owned(),
                text: CommentText::parse("x").unwrap().unwrap(),
                mentions: Vec::new(),
                likes: *likes,
                replies: *replies,
            };
            (CommentPath::new(photo, comment(*id)), threaded)
        });
        let list = renewed(&kept, photo, &changed, &there.collect());
        list.into_iter().map(|ranked| (ranked.comment.get(), ranked.score)).collect()
    }

    #[test]
    fn likes_and_replies_rank_and_the_newer_of_equals_is_first() {
        assert_eq!(renewed_to(&[], &[(1, 2, 0), (2, 1, 1), (3, 0, 0)]), [(2, 2), (1, 2)]);
        assert_eq!(renewed_to(&[(1, 5), (2, 3)], &[(2, 6, 0)]), [(2, 6), (1, 5)]);
        assert_eq!(renewed_to(&[(1, 5), (2, 3)], &[(1, -1, 0), (2, 0, 0)]), []);
    }

    #[test]
    fn a_list_is_near_when_few_of_many_likes_came() {
        let ranked = |score| [Ranked { score, comment: comment(1) }];
        assert!(is_near(&ranked(100), &ranked(110)) && is_near(&ranked(100), &ranked(90)));
        assert!(!is_near(&ranked(100), &ranked(111)) && !is_near(&ranked(1), &ranked(2)));
        assert!(
            !is_near(&ranked(1), &[])
                && !is_near(&ranked(100), &[Ranked { score: 100, comment: comment(2) }])
        );
    }

    #[test]
    fn the_list_has_a_hundred_comments() {
        let kept: Vec<(u64, u64)> = (0..100).map(|id| (id, 1_000 - id)).collect();
        let list = renewed_to(&kept, &[(500, 2_000, 0), (501, 1, 0)]);
        assert_eq!((list.len(), list[0], list[99]), (100, (500, 2_000), (98, 902)));
    }
}
