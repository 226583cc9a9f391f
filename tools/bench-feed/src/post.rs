//! The way of a photo: created and finished, derived, fanned out.

use domain::{Clock, PhotoId, quota};
use messages::Event;
use messages::workflow::{CelebrityCrossing, CelebrityFanout};
use runtime::stream::Record;
use table::change::Change;
use table::guard::Quotas;
use table::original::Share;
use table::{Table, photo};
use testkit::sqs_event;

use crate::population::Person;
use crate::stage::{Spent, Stage};
use crate::{Result, items};

/// Records that one invocation of `derive` takes, as in its event source mapping.
const RECORDS: usize = 500;
/// Messages that one invocation of `fanout` takes, as in its event source mapping.
const MESSAGES: usize = 5;

/// A posted photo, and the usage of each part of its way.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The photo.
    pub photo: PhotoId,
    /// Its creation and the record of its renditions.
    pub created: Spent,
    /// `derive`: timeline, counter, head.
    pub derived: Spent,
    /// `fanout`, all its messages.
    pub pushed: Spent,
    /// Number of those messages.
    pub messages: usize,
    /// The workflow that does the rest, for a celebrity.
    pub workflow: Option<CelebrityFanout>,
}

impl Posted {
    /// Returns the usage of all parts of the way.
    pub fn total(&self) -> Spent {
        let mut total = self.created.clone();
        total.add(&self.derived);
        total.add(&self.pushed);
        total
    }
}

impl Stage {
    /// Lets `author` post a photo, and runs everything that follows. The steps
    /// of a workflow are left to the caller.
    ///
    /// # Errors
    /// A function failed.
    pub fn post(&self, author: &Person) -> Result<Posted> {
        let photo = PhotoId::generate(author.id, &self.clock, &self.random);
        let (stored, created) = self.invoke(create(&self.table, author, photo, &self.clock))?;
        stored?;
        self.wait(create(&self.mirrored, author, photo, &self.clock))?;
        let derived = self.derive(self.wait(self.mirror.records()))?;
        let (pushed, messages) = self.fan_out()?;
        let workflow = self.pushes.take::<CelebrityFanout>().into_iter().next().map(|(_, input)| input);
        if let Some((name, _)) = self.crossings.take::<CelebrityCrossing>().first() {
            return Err(format!("{name} crossed the threshold, which nobody here is to do").into());
        }
        Ok(Posted { photo, created, derived, pushed, messages, workflow })
    }

    /// Derives from those records that pass the mapping's filter.
    pub(crate) fn derive(&self, records: Vec<Record>) -> Result<Spent> {
        let mut spent = Spent::default();
        let records: Vec<Record> = records.into_iter().filter(tells).collect();
        for batch in records.chunks(RECORDS) {
            let work = runtime::stream::Handler::handle(&self.derive, batch.to_vec());
            let (derived, invocation) = self.invoke(work)?;
            derived?;
            if !self.out_of_order.take::<serde_json::Value>().is_empty() {
                return Err("something was too busy to be derived, with nobody else there".into());
            }
            spent.add(&invocation);
        }
        Ok(spent)
    }

    /// Works off the fan-out queue; returns the usage and the number of messages.
    fn fan_out(&self) -> Result<(Spent, usize)> {
        let ready = self.topic.take().into_iter().filter(|event| matches!(event, Event::PhotoReady { .. }));
        let (mut spent, mut messages, mut waiting) = (Spent::default(), 0, ready.collect::<Vec<Event>>());
        while !waiting.is_empty() {
            for batch in waiting.chunks(MESSAGES) {
                let work = runtime::sqs::answer(&self.fanout, sqs_event(batch));
                let (answer, invocation) = self.invoke(work)?;
                if !answer.batch_item_failures.is_empty() {
                    return Err("a message was not fanned out".into());
                }
                spent.add(&invocation);
            }
            messages += waiting.len();
            waiting = self.fanout_queue.take();
        }
        Ok((spent, messages))
    }
}

fn tells(record: &Record) -> bool {
    !matches!(Change::read(record.old.as_ref(), record.new.as_ref()), Ok(None))
}

/// Creates a photo and records its renditions, as `upload-presign` and `thumbnail` do.
async fn create(table: &Table, author: &Person, id: PhotoId, clock: &dyn Clock) -> Result<()> {
    let photo = items::created(id, author.id, author.name.as_str());
    let quotas = Quotas::new(table.clone(), 1);
    let taken = quotas.take(&quota::UPLOADS, author.id, &[1, 0], clock.now()).await?;
    taken.map_err(|_| "somebody posts more than the quota lets them")?;
    photo::create(table, &photo, None).await?;
    photo::finish_medium(table, &photo, 0, &items::rendered(id), Share::First).await?;
    Ok(())
}
