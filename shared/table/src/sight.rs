//! Whether somebody may see something of somebody: the one place that every function asks.
//!
//! A [`Viewer`] is read beside what is asked for. It answers without a further read, except for what is private
//! and for viewers with very many blocks. What is hidden is to look like what is absent.

use std::collections::{HashMap, HashSet};
use std::future::ready;

use domain::UserId;
use domain::photo::Photo;
use domain::user::User;
use domain::visibility::{Circle, Followings, Pair};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{Error, Result, Table, circle, follow, pair};

/// Viewers whose sight of a private photo is read at once.
const VIEWERS_AT_ONCE: usize = 50;

/// Somebody who looks.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Who.
    pub id: UserId,
    circle: Circle,
}

impl Viewer {
    /// Reads what the view of `id` is filtered by. 0.5 RRU for each 4 KiB of their circle.
    pub async fn get(table: &Table, id: UserId) -> Result<Self> {
        Ok(Self { id, circle: circle::get(table, id).await? })
    }

    /// Returns whether a block hides `other` and the viewer from each other. Reads nothing, or 1 RRU for a
    /// circle that overflows.
    pub async fn is_hidden(&self, table: &Table, other: UserId) -> Result<bool> {
        match self.circle.hides(other) {
            Some(hidden) => Ok(hidden && other != self.id),
            None => Ok(!self.hidden_among(table, &[other]).await?.is_empty()),
        }
    }

    /// Returns whether the viewer mutes the photos of `other`, and so is told of nothing that they do. Reads as
    /// [`Self::is_hidden`].
    pub async fn mutes(&self, table: &Table, other: UserId) -> Result<bool> {
        let mutes = |by, pair: &Pair| by == self.id && pair.mutes_posts();
        let those = self.those_among(table, &[other], |other| self.circle.mutes_posts(other), mutes).await?;
        Ok(!those.is_empty())
    }

    /// Returns what was read of the user with this id, unless a block hides them. Reads as [`Self::is_hidden`],
    /// whether there is such a user or not, so that nobody can tell by the time.
    pub async fn found(&self, table: &Table, id: UserId, user: Option<User>) -> Result<Option<User>> {
        let hidden = self.is_hidden(table, id).await?;
        Ok(user.filter(|_| !hidden))
    }

    /// Returns which of `others` a block hides from the viewer. Reads nothing, or 1 RRU for each whom a circle
    /// that overflows does not name, in one round trip for each 50.
    pub async fn hidden_among(&self, table: &Table, others: &[UserId]) -> Result<HashSet<UserId>> {
        let blocks = |_, pair: &Pair| pair.block.is_some();
        self.those_among(table, others, |other| self.circle.hides(other), blocks).await
    }

    /// Returns whom of `others` the viewer's feed and notifications leave out: hidden and muted people. Reads as
    /// [`Self::hidden_among`].
    pub async fn left_out(&self, table: &Table, others: &[UserId]) -> Result<HashSet<UserId>> {
        let known = |other| match (self.circle.hides(other), self.circle.mutes_posts(other)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        let blocks_or_mutes = |by, pair: &Pair| pair.block.is_some() || (by == self.id && pair.mutes_posts());
        self.those_among(table, others, known, blocks_or_mutes).await
    }

    /// Returns those of `others` of whom the circle knows it; and of whom it does not know, those whose pair with
    /// the viewer says it, given who says it.
    async fn those_among(
        &self,
        table: &Table,
        others: &[UserId],
        known: impl Fn(UserId) -> Option<bool>,
        said: impl Fn(UserId, &Pair) -> bool,
    ) -> Result<HashSet<UserId>> {
        let mut those = HashSet::new();
        let mut unknown = Vec::new();
        for other in others.iter().filter(|other| **other != self.id) {
            match known(*other) {
                Some(true) => drop(those.insert(*other)),
                Some(false) => {}
                None => unknown.push(*other),
            }
        }
        let pairs = pair::between(table, self.id, &unknown).await?.into_iter();
        let saying = pairs.filter(|((by, _), pair)| said(*by, pair));
        those.extend(saying.map(|((by, about), _)| if by == self.id { about } else { by }));
        Ok(those)
    }

    /// Returns whether the viewer may see a photo that was asked for by its id, `None` where there is none.
    ///
    /// Reads nothing for a public photo. For a private one the follow and what its author says of the viewer are
    /// read, strongly consistent and side by side (2 RRU): who was removed a moment ago does not see it. The same
    /// is read for what is hidden and for what is absent, so that both take as long.
    pub async fn sees_photo(&self, table: &Table, photo: Option<&Photo>) -> Result<bool> {
        let author = photo.map_or(self.id, |photo| photo.author);
        let listed = photo.is_some_and(Photo::is_listed);
        let public = photo.is_some_and(|photo| photo.audience.is_everyone());
        if photo.is_some() && author == self.id
            || listed && public && self.circle.hides(author) == Some(false)
        {
            return Ok(true);
        }
        let (hidden, admitted) =
            futures::try_join!(self.is_hidden(table, author), self.is_admitted(table, author))?;
        Ok(listed && !hidden && (public || admitted))
    }

    /// Returns whether the viewer may see the photos and the lists of a user whose profile they see. Reads as
    /// [`Self::sees_photo`].
    pub async fn sees_inside(&self, table: &Table, user: &User) -> Result<bool> {
        if user.id == self.id {
            return Ok(true);
        }
        if self.is_hidden(table, user.id).await? {
            return Ok(false);
        }
        Ok(!user.private || self.is_admitted(table, user.id).await?)
    }

    /// Returns whether the viewer follows `author` and was not sent away, strongly consistent. 2 RRU.
    pub async fn is_admitted(&self, table: &Table, author: UserId) -> Result<bool> {
        is_admitted(table, self.id, author).await
    }

    /// Returns whose photos of a list the viewer may see: neither hidden nor private without being followed.
    ///
    /// `authors` says of each photo's author whether that photo is private. Of an author with several, one that is
    /// private decides. Reads nothing, or 0.5 RRU for each private author whom `followings` does not name although
    /// it was cut, and as [`Self::hidden_among`].
    pub async fn seen_among(
        &self,
        table: &Table,
        followings: &Followings,
        authors: impl IntoIterator<Item = (UserId, bool)>,
    ) -> Result<HashSet<UserId>> {
        let mut audiences: HashMap<UserId, bool> = HashMap::new();
        for (author, private) in authors {
            *audiences.entry(author).or_default() |= private;
        }
        let authors: Vec<UserId> = audiences.keys().copied().collect();
        let unsure = audiences.iter().filter(|(author, private)| {
            **private && **author != self.id && followings.holds(**author).is_none()
        });
        let unsure: Vec<UserId> = unsure.map(|(author, _)| *author).collect();
        let (hidden, followed) = futures::try_join!(
            self.hidden_among(table, &authors),
            follow::followed_among(table, self.id, &unsure),
        )?;
        let sees = |author: &UserId, private: bool| {
            let follows = || followings.holds(*author).unwrap_or_else(|| followed.contains(author));
            *author == self.id || (!hidden.contains(author) && (!private || follows()))
        };
        Ok(audiences
            .iter()
            .filter(|(author, private)| sees(author, **private))
            .map(|(author, _)| *author)
            .collect())
    }
}

async fn is_admitted(table: &Table, viewer: UserId, author: UserId) -> Result<bool> {
    let (edge, said) = futures::try_join!(
        follow::get_latest(table, viewer, author),
        pair::get_latest(table, author, viewer),
    )?;
    Ok(edge.is_some_and(|edge| said.admits(edge.at)))
}

/// Returns which of `viewers` may see a photo, as each of them would by [`Viewer::sees_photo`].
///
/// A block hides both from each other, so the circle of the author answers for all: 0.5 RRU, and as
/// [`Viewer::hidden_among`]. For a private photo 2 RRU for each viewer more.
pub async fn viewers_of(table: &Table, photo: &Photo, viewers: &[UserId]) -> Result<HashSet<UserId>> {
    let author = Viewer::get(table, photo.author).await?;
    let hidden = author.hidden_among(table, viewers).await?;
    let sees = |viewer: UserId| async move {
        let public = photo.audience.is_everyone();
        Ok::<_, Error>((public || is_admitted(table, viewer, photo.author).await?).then_some(viewer))
    };
    let own = viewers.contains(&author.id).then_some(author.id);
    let others = viewers.iter().copied().filter(|viewer| *viewer != author.id && !hidden.contains(viewer));
    let others: HashSet<UserId> = others.filter(|_| photo.is_listed()).collect();
    let seeing = stream::iter(others).map(sees).buffer_unordered(VIEWERS_AT_ONCE);
    Ok(seeing
        .try_filter_map(|sees| ready(Ok(sees)))
        .try_collect::<HashSet<_>>()
        .await?
        .into_iter()
        .chain(own)
        .collect())
}
