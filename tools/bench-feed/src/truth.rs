//! The content that pages should show, computed from everything that was ever posted.

use domain::{Clock, PhotoId};

use crate::Result;
use crate::graph::Node;
use crate::population::Population;

/// Photos on a page.
const PAGE: usize = 20;
/// How long a process may use a cached head of a celebrity.
const FRESH_MS: i64 = 3_000;

/// All photos of everybody.
pub(crate) struct Truth<'a> {
    population: &'a Population,
    /// Photos by author, oldest first.
    photos: Vec<Vec<PhotoId>>,
}

impl<'a> Truth<'a> {
    pub(crate) fn new(population: &'a Population) -> Self {
        Self { population, photos: population.people.iter().map(|person| person.photos.clone()).collect() }
    }

    /// Records that a user posted.
    pub(crate) fn posted(&mut self, author: Node, photo: PhotoId) {
        if let Some(photos) = self.photos.get_mut(author) {
            photos.push(photo);
        }
    }

    fn newest(&self, author: Node) -> impl Iterator<Item = PhotoId> {
        self.photos.get(author).into_iter().flatten().rev().copied()
    }

    /// Checks that a reader's first page is the newest photos of everyone they follow. Only a celebrity's
    /// photo of the last seconds may be missing. Returns whether there are more photos than the page shows.
    pub(crate) fn check_feed(&self, reader: Node, page: &[PhotoId], clock: &dyn Clock) -> Result<bool> {
        let now = clock.now();
        let mut due: Vec<PhotoId> = Vec::new();
        for author in self.population.graph.following(reader) {
            let pulled = self.population.is_celebrity(*author);
            let excused =
                |photo: &PhotoId| pulled && now.0 - photo.created_at().0 <= FRESH_MS && !page.contains(photo);
            due.extend(self.newest(*author).take(PAGE + 1).filter(|photo| !excused(photo)));
        }
        due.sort_unstable_by(|a, b| b.cmp(a));
        let more = due.len() > PAGE;
        due.truncate(PAGE);
        same("a feed", page, &due)?;
        Ok(more)
    }

    /// Checks that an author's first page is their newest photos.
    pub(crate) fn check_timeline(&self, author: Node, page: &[PhotoId]) -> Result<()> {
        let due: Vec<PhotoId> = self.newest(author).take(PAGE).collect();
        same("a timeline", page, &due)
    }
}

fn same(what: &str, shown: &[PhotoId], due: &[PhotoId]) -> Result<()> {
    if shown == due {
        return Ok(());
    }
    let missing = due.iter().filter(|photo| !shown.contains(photo)).count();
    let wrong = shown.iter().filter(|photo| !due.contains(photo)).count();
    Err(format!("{what} of {} photos lacks {missing} and has {wrong} that are not due", shown.len()).into())
}

#[cfg(test)]
mod tests {
    use testkit::ManualClock;

    use super::*;
    use crate::graph::{Graph, Shape};
    use crate::population::Habits;

    #[test]
    fn a_page_is_the_newest_and_celebrities_may_lag_by_seconds() {
        let shape = Shape { users: 50, celebrity: 40, following: 5.0, ..Shape::default() };
        let clock = ManualClock::new();
        let habits = Habits { active: 1.0, posting: 1.0 };
        let population =
            Population::new(Graph::generate(&shape).unwrap(), &habits, 30, clock.now(), 1).unwrap();
        let reader = population.graph.followers(0)[0];
        let mut truth = Truth::new(&population);
        let mut due: Vec<PhotoId> =
            population.graph.following(reader).iter().flat_map(|author| truth.newest(*author)).collect();
        due.sort_unstable_by(|a, b| b.cmp(a));
        due.truncate(PAGE);
        truth.check_feed(reader, &due, &clock).unwrap();
        truth.check_feed(reader, &due[1..], &clock).unwrap_err();

        let new = PhotoId::floor(clock.now());
        truth.posted(0, new);
        truth.check_feed(reader, &due, &clock).unwrap();
        clock.advance(std::time::Duration::from_secs(4));
        truth.check_feed(reader, &due, &clock).unwrap_err();
        due.insert(0, new);
        due.truncate(PAGE);
        truth.check_feed(reader, &due, &clock).unwrap();
    }
}
