//! Pages of comments and of replies.

use std::collections::HashSet;

use api::wire::{CommentPage, CommentView};
use api::{Caller, Problem};
use domain::comment::{Comment, Threaded};
use domain::cursor::List;
use domain::photo::Photo;
use domain::{CommentId, CommentPath, PhotoId};
use table::comment::{self, Liked, Ranked};
use table::sight::Viewer;
use table::{Page, photo};

use crate::CommentHandler;
use crate::own::{OWN, lay_over};
use crate::position::Position;

/// A comment with its place.
type Entry = (CommentPath, Threaded);

impl CommentHandler {
    /// Returns a page of the comments on a photo, newest first, after its pinned ones.
    pub(crate) async fn newest(
        &self,
        caller: &Caller,
        id: PhotoId,
        before: Option<CommentId>,
        count: usize,
    ) -> Result<CommentPage, Problem> {
        let (found, viewer, page, own, liked) = futures::try_join!(
            photo::get(&self.table, id),
            Viewer::get(&self.table, caller.user_id),
            comment::thread(&self.table, id, before, count),
            self.own(caller, id, before.is_none()),
            comment::liked(&self.table, caller.user_id, id),
        )?;
        let next = page.items.last().filter(|_| page.more).map(|(path, _)| path.comment);
        let mut entries = page.items;
        if before.is_none() {
            lay_over(&mut entries, caller.user_id, own, |path| next.is_none_or(|last| path.comment > last));
            entries.sort_unstable_by_key(|(path, _)| std::cmp::Reverse(*path));
        }
        let pins = pins(found.as_ref());
        entries.retain(|(path, _)| !pins.contains(path));
        let shown = async { if before.is_some() { Ok(Vec::new()) } else { self.in_order(&pins).await } };
        let paths = pins.iter().chain(entries.iter().map(|(path, _)| path)).copied().collect::<Vec<_>>();
        let (_, pinned, liked) =
            futures::try_join!(self.seen(&viewer, found), shown, self.whether_liked(caller, liked, &paths),)?;
        let comments = self.views(&viewer, pinned, entries, &liked).await?;
        Ok(CommentPage::new(comments, next.map(|last| List::Comments.cursor(&last))))
    }

    /// Returns a page of the comments on a photo: the pinned ones and what the caller has just written, then the top
    /// ones, then the others, newest first.
    pub(crate) async fn top(
        &self,
        caller: &Caller,
        id: PhotoId,
        position: Option<Position>,
        count: usize,
    ) -> Result<CommentPage, Problem> {
        let before = match position {
            Some(Position::Newest(last)) => Some(last),
            Some(Position::Top(_)) | None => None,
        };
        let (found, viewer, ranked, page, own, liked) = futures::try_join!(
            photo::get(&self.table, id),
            Viewer::get(&self.table, caller.user_id),
            comment::top(&self.table, id),
            comment::thread(&self.table, id, before, count),
            self.own(caller, id, position.is_none()),
            comment::liked(&self.table, caller.user_id, id),
        )?;
        let pins = pins(found.as_ref());
        let Chosen { top, newest, next } = choose(id, &ranked, page, position, count);
        let mut first = Vec::new();
        let newest_derived = newest.first().map(|(path, _)| *path);
        lay_over(&mut first, caller.user_id, own, |path| newest_derived.is_none_or(|derived| path > derived));
        first.retain(|(path, _)| !top.contains(path));
        first.sort_unstable_by_key(|(path, _)| std::cmp::Reverse(*path));
        let asked: Vec<CommentPath> = match position {
            None => pins.iter().chain(&top).copied().collect(),
            Some(_) => top.clone(),
        };
        let others = first.iter().chain(&newest).map(|(path, _)| path);
        let paths: Vec<CommentPath> = asked.iter().chain(others).copied().collect();
        let (_, read, liked) = futures::try_join!(
            self.seen(&viewer, found),
            self.in_order(&asked),
            self.whether_liked(caller, liked, &paths),
        )?;
        let (pinned, top): (Vec<Entry>, Vec<Entry>) =
            read.into_iter().partition(|(path, _)| position.is_none() && pins.contains(path));
        let mut entries: Vec<Entry> = first.into_iter().chain(top).chain(newest).collect();
        entries.retain(|(path, _)| !pins.contains(path));
        let comments = self.views(&viewer, pinned, entries, &liked).await?;
        Ok(CommentPage::new(comments, next.map(|next| List::TopComments.cursor(&next))))
    }

    /// Returns a page of the replies to a comment, oldest first.
    pub(crate) async fn replies(
        &self,
        caller: &Caller,
        path: CommentPath,
        after: Option<CommentId>,
        count: usize,
    ) -> Result<CommentPage, Problem> {
        let top = path.top();
        let (found, viewer, answered, page, own, liked) = futures::try_join!(
            photo::get(&self.table, path.photo),
            Viewer::get(&self.table, caller.user_id),
            comment::get(&self.table, top),
            comment::replies(&self.table, top, after, count),
            comment::newest_replies_written_latest(&self.table, caller.user_id, top, OWN),
            comment::liked(&self.table, caller.user_id, path.photo),
        )?;
        let next = page.items.last().filter(|_| page.more).map(|(path, _)| path.id());
        let mut entries = page.items;
        let covers = |reply: CommentPath| {
            after.is_none_or(|after| reply.id() > after) && next.is_none_or(|last| reply.id() < last)
        };
        lay_over(&mut entries, caller.user_id, own, covers);
        entries.sort_unstable_by_key(|(path, _)| *path);
        let paths: Vec<CommentPath> = entries.iter().map(|(path, _)| *path).collect();
        let (_, liked) = futures::try_join!(
            self.found(&viewer, found, answered),
            self.whether_liked(caller, liked, &paths),
        )?;
        let comments = self.views(&viewer, Vec::new(), entries, &liked).await?;
        Ok(CommentPage::new(comments, next.map(|last| List::Replies.cursor(&last))))
    }

    /// Reads the caller's own newest comments, for the first page.
    async fn own(
        &self,
        caller: &Caller,
        id: PhotoId,
        is_first: bool,
    ) -> table::Result<Page<(CommentPath, Comment)>> {
        if is_first {
            comment::newest_written_latest(&self.table, caller.user_id, id, OWN).await
        } else {
            Ok(Page { items: Vec::new(), more: true })
        }
    }

    /// Reads comments, and returns those that exist in the given order.
    async fn in_order(&self, paths: &[CommentPath]) -> Result<Vec<Entry>, Problem> {
        let mut found = comment::get_all(&self.table, paths.iter().copied()).await?;
        Ok(paths.iter().filter_map(|path| Some((*path, found.remove(path)?))).collect())
    }

    async fn whether_liked(
        &self,
        caller: &Caller,
        liked: Liked,
        paths: &[CommentPath],
    ) -> Result<Liked, Problem> {
        Ok(liked.complete(&self.table, caller.user_id, paths).await?)
    }

    /// Shows comments, without those of people whom a block hides from the viewer.
    async fn views(
        &self,
        viewer: &Viewer,
        pinned: Vec<Entry>,
        others: Vec<Entry>,
        liked: &Liked,
    ) -> Result<Vec<CommentView>, Problem> {
        let writers: HashSet<_> = pinned.iter().chain(&others).map(|(_, comment)| comment.by).collect();
        let writers: Vec<_> = writers.into_iter().collect();
        let hidden = viewer.hidden_among(&self.table, &writers).await?;
        let view = |(path, comment): &Entry, pinned| {
            let shown = !hidden.contains(&comment.by);
            shown.then(|| self.view(*path, comment, liked.holds(*path), pinned))
        };
        let pinned = pinned.iter().filter_map(|entry| view(entry, true));
        Ok(pinned.chain(others.iter().filter_map(|entry| view(entry, false))).collect())
    }
}

/// Returns the pinned comments of a photo.
fn pins(photo: Option<&Photo>) -> Vec<CommentPath> {
    let pins =
        photo.into_iter().flat_map(|photo| photo.pins.iter().map(|pin| CommentPath::new(photo.id, *pin)));
    pins.collect()
}

/// The comments of a page in the order of the top ones.
struct Chosen {
    /// Top comments, which are to be read.
    top: Vec<CommentPath>,
    /// Comments that are not among the top ones, newest first.
    newest: Vec<Entry>,
    next: Option<Position>,
}

/// Chooses `count` comments after `position`, out of the list of top comments and a page of the newest.
fn choose(
    photo: PhotoId,
    ranked: &[Ranked],
    page: Page<Entry>,
    position: Option<Position>,
    count: usize,
) -> Chosen {
    let listed: HashSet<CommentId> = ranked.iter().map(|ranked| ranked.comment).collect();
    let below: Vec<Ranked> = match position {
        None => ranked.to_vec(),
        Some(Position::Top(last)) => ranked.iter().filter(|ranked| **ranked < last).copied().collect(),
        Some(Position::Newest(_)) => Vec::new(),
    };
    let top: Vec<Ranked> = below.iter().take(count).copied().collect();
    let last_read = page.items.last().map(|(path, _)| path.comment);
    let mut newest: Vec<Entry> =
        page.items.into_iter().filter(|(path, _)| !listed.contains(&path.comment)).collect();
    let is_cut = newest.len() > count - top.len();
    newest.truncate(count - top.len());
    let next = match (newest.last(), top.last()) {
        _ if below.len() > top.len() => top.last().copied().map(Position::Top),
        (Some((path, _)), _) if is_cut => Some(Position::Newest(path.comment)),
        (None, Some(last)) if is_cut => Some(Position::Top(*last)),
        _ if page.more => last_read.map(Position::Newest),
        _ => None,
    };
    let top = top.into_iter().map(|ranked| CommentPath::new(photo, ranked.comment)).collect();
    Chosen { top, newest, next }
}
