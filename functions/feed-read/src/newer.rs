//! Whether a feed has anything newer than a photo.

use std::cmp::Reverse;

use api::Problem;
use api::wire::{Actor, NewerPhotos};
use domain::feed::Entry;
use domain::{PhotoId, Timestamp, UserId};
use table::sight::Viewer;
use table::{Result, feed, followings, photo};

use crate::FeedReadHandler;

/// Authors who are named.
const ACTORS: usize = 3;
/// Entries that are read. They are one unit of capacity with the reader's state.
const ENTRIES: usize = 20;

/// An author with a newer photo.
struct Author {
    id: UserId,
    name: String,
    newest: PhotoId,
    /// Whether it has to be known that the reader follows them.
    private: bool,
}

impl FeedReadHandler {
    /// Returns whether the reader's feed has photos newer than `than`, and who posted them.
    ///
    /// One query beside the reader's circle, and 1 RRU where nothing is newer. Then, beside each other, the newest
    /// photo of each of up to three authors, heads of celebrities that are not cached (0.5 RRU each), and whom the
    /// reader follows (0.5 RRU).
    ///
    /// Nothing is written. A reader who leaves a page open, which asks by itself, is not here because of that.
    /// Nothing is pushed to a reader who was away, so they are told to look.
    ///
    /// Not counted: photos of somebody followed since `than`, which a feed shows and nobody posted just now;
    /// and what a push has lost, which comes with the next snapshot.
    pub(crate) async fn newer(&self, reader: UserId, than: PhotoId) -> Result<NewerPhotos, Problem> {
        let now = self.clock.now();
        let (table, viewer) = (&self.table, Viewer::get(&self.table, reader));
        let ((state, page), viewer) =
            futures::try_join!(feed::newer(table, reader, than, ENTRIES, now), viewer)?;
        let Some(state) = state.filter(|state| !state.has_no_feed(now)) else {
            return Ok(NewerPhotos { newer: true, actors: Vec::new() });
        };
        let authors: Vec<UserId> = page.items.iter().map(|entry| entry.author).collect();
        let left_out = viewer.left_out(table, &[&authors[..], &state.celebrities].concat()).await?;
        let is_shown = |author: &UserId| !state.unfollowed.contains(author) && !left_out.contains(author);
        let entries: Vec<Entry> = page.items.into_iter().filter(|entry| is_shown(&entry.author)).collect();
        let celebrities: Vec<UserId> = state.celebrities.iter().copied().filter(is_shown).collect();
        if entries.is_empty() && celebrities.is_empty() {
            return Ok(NewerPhotos { newer: page.more, actors: Vec::new() });
        }
        let newest = newest_of_authors(&entries);
        let (mut pushed, mut pulled, followings) = futures::try_join!(
            self.still_listed(&newest),
            self.newer_of_celebrities(&celebrities, than, now),
            followings::get(table, reader),
        )?;
        // An unpushed photo is known by its id alone, so it counts as private.
        let authors = pushed.iter().chain(&pulled).map(|author| (author.id, author.private));
        let seen = viewer.seen_among(table, &followings, authors).await?;
        pushed.retain(|author| seen.contains(&author.id));
        pulled.retain(|author| seen.contains(&author.id));
        // Entries of deleted photos go within seconds. While the newest are gone, older ones are not looked
        // at: it may be wrong that there is something, and is never wrong that there is nothing.
        let is_unknown = page.more || entries.len() > newest.len();
        let newer = !pushed.is_empty() || !pulled.is_empty() || is_unknown;
        let mut authors = pulled;
        authors.extend(pushed);
        authors.sort_by_key(|author| Reverse(author.newest));
        let mut actors: Vec<Actor> = Vec::with_capacity(ACTORS);
        for author in authors {
            if actors.len() < ACTORS && actors.iter().all(|actor| actor.user_id != author.id) {
                actors.push(Actor::new(author.id, author.name, &self.cdn_url));
            }
        }
        Ok(NewerPhotos { newer, actors })
    }

    /// Returns the authors of those entries whose photo is still there.
    async fn still_listed(&self, entries: &[Entry]) -> Result<Vec<Author>> {
        let ids: Vec<PhotoId> = entries.iter().map(|entry| entry.photo).collect();
        let photos = photo::get_all(&self.table, &ids).await?;
        let listed = photos.into_values().filter(domain::photo::Photo::is_listed);
        Ok(listed
            .map(|photo| {
                let private = !photo.audience.is_everyone();
                Author { id: photo.author, name: photo.author_name, newest: photo.id, private }
            })
            .collect())
    }

    /// Returns the celebrities who have posted photos that are not pushed yet, and are newer.
    async fn newer_of_celebrities(
        &self,
        celebrities: &[UserId],
        than: PhotoId,
        now: Timestamp,
    ) -> Result<Vec<Author>> {
        if celebrities.is_empty() {
            return Ok(Vec::new());
        }
        let (sources, mut names) = futures::try_join!(
            self.celebrities.unpushed(&self.table, celebrities, now),
            self.names.of(&self.table, celebrities)
        )?;
        let newer = sources.into_iter().filter_map(|source| {
            let newest = *source.photos.first().filter(|photo| **photo > than)?;
            // A celebrity without a name has just closed their account.
            let name = names.remove(&source.author)?;
            Some(Author { id: source.author, name, newest, private: true })
        });
        Ok(newer.collect())
    }
}

/// Returns the newest entry of each of the first few authors.
fn newest_of_authors(entries: &[Entry]) -> Vec<Entry> {
    let mut newest: Vec<Entry> = Vec::with_capacity(ACTORS);
    for entry in entries {
        if newest.len() < ACTORS && newest.iter().all(|known| known.author != entry.author) {
            newest.push(*entry);
        }
    }
    newest
}
