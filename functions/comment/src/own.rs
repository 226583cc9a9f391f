//! What the reader wrote themselves, laid over a page that is derived a moment later.

use std::collections::HashSet;

use domain::comment::{Comment, Threaded};
use domain::{CommentPath, UserId};
use table::Page;

/// Newest comments of one's own that are read beside a page.
pub(crate) const OWN: usize = 20;

/// Brings `found`, which covers what `covers` says, into the state that the reader left: their comments that are
/// not in the thread yet are added, and those that they took back are left out.
///
/// `own` are the newest that they wrote, newest first. `found` keeps no order.
pub(crate) fn lay_over(
    found: &mut Vec<(CommentPath, Threaded)>,
    reader: UserId,
    own: Page<(CommentPath, Comment)>,
    covers: impl Fn(CommentPath) -> bool,
) {
    let written: HashSet<CommentPath> = own.items.iter().map(|(path, _)| *path).collect();
    let oldest = own.items.last().filter(|_| own.more).map(|(path, _)| *path);
    let is_known = |path: CommentPath| oldest.is_none_or(|oldest| path >= oldest);
    found.retain(|(path, comment)| comment.by != reader || written.contains(path) || !is_known(*path));
    let there: HashSet<CommentPath> = found.iter().map(|(path, _)| *path).collect();
    let missing = own.items.into_iter().filter(|(path, _)| !there.contains(path) && covers(*path));
    found.extend(missing.map(|(path, comment)| (path, Threaded::new(reader, &comment))));
}

#[cfg(test)]
mod tests {
    use domain::text::CommentText;
    use domain::{CommentId, PhotoId};

    use super::*;

    fn path(number: u64) -> CommentPath {
        CommentPath::new(PhotoId::try_from(1).unwrap(), CommentId::try_from(number).unwrap())
    }

    fn user(number: u64) -> UserId {
        UserId::try_from(number).unwrap()
    }

    fn comment() -> Comment {
        Comment {
            author: user(9),
            username: "ann".to_owned(),
            text: CommentText::parse("x").unwrap().unwrap(),
            mentions: Vec::new(),
            answers: None,
            told: Vec::new(),
        }
    }

    /// Lays what user 1 wrote over a page of comments, given with their writers.
    fn laid(page: &[(u64, u64)], own: &[u64], more: bool, covered_from: u64) -> Vec<u64> {
        let threaded = |&(number, by): &(u64, u64)| (path(number), Threaded::new(user(by), &comment()));
        let mut found: Vec<_> = page.iter().map(threaded).collect();
        let own = Page { items: own.iter().map(|number| (path(*number), comment())).collect(), more };
        lay_over(&mut found, user(1), own, |covered| covered >= path(covered_from));
        let mut numbers: Vec<u64> = found.iter().map(|(path, _)| path.id().get()).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn what_is_not_derived_yet_is_added_where_the_page_covers_it() {
        assert_eq!(laid(&[(7, 2), (5, 1)], &[9, 5, 3], false, 5), [5, 7, 9]);
        assert_eq!(laid(&[(7, 2)], &[9, 5, 3], false, 0), [3, 5, 7, 9]);
        assert_eq!(laid(&[], &[], false, 0), Vec::<u64>::new());
    }

    #[test]
    fn what_was_taken_back_is_left_out_as_far_as_is_known() {
        assert_eq!(laid(&[(7, 1), (5, 1), (4, 2)], &[7], false, 0), [4, 7]);
        // There are more of one's own below the oldest that was read.
        assert_eq!(laid(&[(8, 1), (7, 1), (5, 1)], &[7], true, 0), [5, 7]);
    }
}
