//! Reports findings as they are made: in words, and as requests to `sweep` that repair them.

use std::io::{self, Write};

use domain::{Relation, UserId};
use messages::repair::{Following, MOST, Repair};
use table::agreement::Agreement;
use table::counters::{Count, Counter};

use crate::Report;

pub(crate) struct Findings<'a> {
    words: &'a mut dyn Write,
    repairs: &'a mut dyn Write,
    /// The request that is being filled.
    repair: Repair,
    report: Report,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(words: &'a mut dyn Write, repairs: &'a mut dyn Write) -> Self {
        Self { words, repairs, repair: Repair::default(), report: Report::default() }
    }

    /// Reports that a counter differs from its edges.
    pub(crate) fn drifted(&mut self, counter: Counter, count: Count) -> io::Result<()> {
        let Count { stored, edges, version } = count;
        self.report.drifted += 1;
        writeln!(self.words, "{counter}: {stored} stored, {edges} edges")?;
        let recount = &mut self.repair.recount;
        match counter {
            Counter::Followers(user) | Counter::Photos(user) | Counter::Requests(user) => {
                // A repair recounts all counters of an owner together.
                if !recount.users.contains(&user) {
                    recount.users.push(user);
                }
            }
            Counter::Following(user_id) => recount.following.push(Following { user_id, edges, version }),
            Counter::Likes(photo) | Counter::Comments(photo) => {
                if !recount.photos.contains(&photo) {
                    recount.photos.push(photo);
                }
            }
            Counter::Replies(comment) | Counter::CommentLikes(comment) => {
                if !recount.comments.contains(&comment) {
                    recount.comments.push(comment);
                }
            }
        }
        self.hand_over(MOST)
    }

    /// Reports that an inbox counts another number of unread rows than it has.
    pub(crate) fn drifted_inbox(&mut self, user: UserId, stored: u64, rows: u64) -> io::Result<()> {
        self.report.drifted += 1;
        writeln!(self.words, "unread rows of user {user}: {stored} stored, {rows} rows")?;
        self.repair.recount.inboxes.push(user);
        self.hand_over(MOST)
    }

    /// Reports that the two sides of a relation differ.
    pub(crate) fn mismatched(&mut self, relation: Relation, agreement: Agreement) -> io::Result<()> {
        let how = match agreement {
            Agreement::Agreed => return Ok(()),
            Agreement::Underived => "not derived",
            Agreement::Orphaned => "derived from nothing",
        };
        self.report.mismatched += 1;
        writeln!(self.words, "{relation}: {how}")?;
        self.repair.resettle.push(relation);
        self.hand_over(MOST)
    }

    /// Reports that circles of two people, or edges of their bells, say something else than they say about each other.
    pub(crate) fn mismatched_circles(&mut self, (one, other): (UserId, UserId)) -> io::Result<()> {
        self.report.listed += 1;
        writeln!(
            self.words,
            "circles or bells of user {one} and user {other}: not what they say about each other"
        )?;
        self.repair.pairs.push((one, other));
        self.hand_over(MOST)
    }

    /// Reports that the packed followings of a user say something else of `other` than the edge.
    pub(crate) fn mismatched_followings(&mut self, user: UserId, other: UserId) -> io::Result<()> {
        self.report.listed += 1;
        writeln!(self.words, "packed followings of user {user}: wrong about user {other}")?;
        // Settling the follow brings them in line with it.
        let follow = Relation::Follow(user, other);
        if !self.repair.resettle.contains(&follow) {
            self.repair.resettle.push(follow);
        }
        self.hand_over(MOST)
    }

    /// Reports a counter that changed whenever its edges were counted.
    pub(crate) fn undecided(&mut self, counter: Counter) -> io::Result<()> {
        self.report.undecided += 1;
        writeln!(self.words, "{counter}: undecided, moved whenever its edges were counted")
    }

    /// Reports an inbox that changed whenever its unread rows were counted.
    pub(crate) fn undecided_inbox(&mut self, user: UserId) -> io::Result<()> {
        self.report.undecided += 1;
        writeln!(self.words, "unread rows of user {user}: undecided, moved whenever they were counted")
    }

    /// Ends the report after the last finding.
    pub(crate) fn finish(mut self) -> io::Result<Report> {
        self.hand_over(1)?;
        self.repairs.flush()?;
        Ok(self.report)
    }

    /// Writes the request out if it has grown to `size`.
    fn hand_over(&mut self, size: usize) -> io::Result<()> {
        if self.repair.len() < size {
            return Ok(());
        }
        serde_json::to_writer(&mut *self.repairs, &std::mem::take(&mut self.repair))?;
        writeln!(self.repairs)
    }
}

#[cfg(test)]
mod tests {
    use domain::{PhotoId, UserId};

    use super::*;

    #[test]
    fn requests_are_of_bounded_size_and_name_a_user_once() {
        let (mut words, mut repairs) = (Vec::new(), Vec::new());
        let mut findings = Findings::new(&mut words, &mut repairs);
        let count = Count { stored: 1, edges: 2, version: None };
        let user = UserId::try_from(1).unwrap();
        findings.drifted(Counter::Followers(user), count).unwrap();
        findings.drifted(Counter::Photos(user), count).unwrap();
        for number in 0..2 * MOST as u64 {
            let photo = PhotoId::try_from(number).unwrap();
            findings.drifted(Counter::Likes(photo), count).unwrap();
            findings.mismatched(Relation::Like(user, photo), Agreement::Agreed).unwrap();
        }
        findings.undecided(Counter::Following(user)).unwrap();
        let report = findings.finish().unwrap();
        assert_eq!((report.drifted, report.mismatched, report.undecided), (2 * MOST as u64 + 2, 0, 1));
        let repairs = String::from_utf8(repairs).unwrap();
        let sizes = repairs.lines().map(|line| serde_json::from_str::<Repair>(line).unwrap().len());
        assert_eq!(sizes.collect::<Vec<_>>(), [MOST, MOST, 1]);
    }

    #[test]
    fn nothing_found_is_no_request() {
        let (mut words, mut repairs) = (Vec::new(), Vec::new());
        assert_eq!(Findings::new(&mut words, &mut repairs).finish().unwrap(), Report::default());
        assert!(words.is_empty() && repairs.is_empty());
    }
}
