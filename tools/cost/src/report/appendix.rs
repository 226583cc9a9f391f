//! The tables that the figures are computed from.

use crate::format::{count, percent, table};
use crate::units::{self, Work};
use crate::{prices, units::Unit};

pub(super) fn units() -> String {
    let held = |unit: &Unit| match unit.test {
        Some(test) => format!("`{test}` in {}", unit.file),
        None => format!("no test; stated in {}", unit.file),
    };
    let rows = units::ALL
        .map(|unit| vec![unit.what.to_owned(), unit.writes.to_string(), unit.reads.to_string(), held(&unit)]);
    format!("## Capacity units\n\n{}", table(4, &["one", "WRU", "RRU", "held by"], rows))
}

pub(super) fn work() -> String {
    let row = |Work { what, memory, ms, batch }: Work| {
        vec![what.to_owned(), memory.to_string(), ms.to_string(), batch.to_string()]
    };
    let rows = units::WORK.map(row);
    format!(
        "## Work of functions\n\nMemory is the template's. Times and batches are assumed: nobody measured them on AWS.\n\n{}",
        table(1, &["one", "MB", "ms", "batch"], rows)
    )
}

pub(super) fn prices() -> String {
    let rows = prices::ALL.map(|price| {
        let then =
            price.then.iter().map(|(beyond, dollars)| format!("; {dollars} beyond {}", count(*beyond)));
        let dollars: String = std::iter::once(price.first.to_string()).chain(then).collect();
        let (unit, source) = (price.unit.to_owned(), price.source.to_owned());
        vec![price.what.to_owned(), unit, dollars, source, price.checked.to_owned()]
    });
    format!(
        "## Prices\n\nDollars, us-east-1, {}. The last column says how far a price could be confirmed.\n\n{}",
        prices::AS_OF,
        table(5, &["what", "unit", "dollars", "source", "confirmed by"], rows)
    )
}

pub(super) fn left_out() -> String {
    format!(
        "\
## Left out

- Registrations, profiles, inboxes and other people's pages; unlikes and unfollows.
- Likes of comments, mentions and requests to follow, and that people are notified of them.
- Retries, throttling and cold starts; promotions and demotions.
- Custom metrics and alarms; support and taxes.

Of what processes cache between pages, only celebrities' heads are counted. Photos are read anew on every page, so
feed reads are at most what is printed here. Readers, celebrities and hours differ in nothing but the number of
followers. {} of requests are traced, as X-Ray does by default. Quotas are not money: at this size those of the
table would have to be raised.
",
        percent(units::TRACED)
    )
}
