//! People by what a client calls them, and pages of people.

use std::future::Future;

use domain::UserId;
use domain::account::UserName;
use domain::user::User;

use crate::user;
use crate::{Page, Result, Table};

/// Rounds of refilling a page whose people turned out to be gone; then a short page with a position is better than a
/// slow one.
const ROUNDS: usize = 8;

/// Whom `text` means: `@name` is looked up (0.5 RRU), an id is taken at its word.
pub async fn named(table: &Table, text: &str) -> Result<Option<UserId>> {
    match text.strip_prefix('@') {
        Some(name) => match UserName::parse(name) {
            Ok(name) => user::by_name(table, &name.folded()).await,
            Err(_) => Ok(None),
        },
        None => Ok(text.parse().ok()),
    }
}

/// A page of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// Who, in the list's order.
    pub users: Vec<User>,
    /// After whom the list goes on; none at its end.
    pub next: Option<UserId>,
}

/// Up to `count` people of a list after `after`. `ids` reads the list: after whom, and how many. Accounts that are gone
/// are skipped and others take their place. 0.5 RRU each, beside what the list costs.
pub async fn page<F>(
    table: &Table,
    count: usize,
    after: Option<UserId>,
    ids: impl Fn(Option<UserId>, usize) -> F,
) -> Result<People>
where
    F: Future<Output = Result<Page<UserId>>>,
{
    let mut users = Vec::with_capacity(count);
    let mut last = after;
    for _ in 0..ROUNDS {
        let page = ids(last, count).await?;
        let mut found = user::get_all(table, &page.items).await?;
        for id in page.items {
            if users.len() == count {
                return Ok(People { users, next: last });
            }
            users.extend(found.remove(&id));
            last = Some(id);
        }
        if !page.more {
            return Ok(People { users, next: None });
        }
        if users.len() == count {
            break;
        }
    }
    Ok(People { users, next: last })
}
