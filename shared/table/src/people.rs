//! Users by the name or id that a client sends, and pages of users as a viewer sees them.

use std::future::Future;

use domain::UserId;
use domain::account::UserName;
use domain::user::User;

use crate::{Page, Result, Table, follow, user};

/// Rounds of refilling a page from which deleted accounts are missing. After them, a short page with a
/// position is better than a slow one.
const ROUNDS: usize = 8;

/// Returns the user that `text` names. `@name` is read from the table (0.5 RRU); an id is not checked.
pub async fn named(table: &Table, text: &str) -> Result<Option<UserId>> {
    match text.strip_prefix('@') {
        Some(name) => by_name(table, name).await,
        None => Ok(text.parse().ok()),
    }
}

/// Returns the user who has a user name, in any case. 0.5 RRU; nothing is read for a text that is no name.
pub async fn by_name(table: &Table, name: &str) -> Result<Option<UserId>> {
    match UserName::parse(name) {
        Ok(name) => user::by_name(table, &name.folded()).await,
        Err(_) => Ok(None),
    }
}

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user.
    pub user: User,
    /// Whether the viewer of the list follows them.
    pub followed: bool,
}

/// A page of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// The users, in the list's order.
    pub users: Vec<Person>,
    /// The user after whom the list continues; none at its end.
    pub next: Option<UserId>,
}

/// Reads up to `count` users of a list after `after`, and whom of them `viewer` follows.
///
/// `ids` reads the list, given after whom and how many. Deleted accounts are skipped, and the page is
/// refilled. 0.5 RRU for each account and 0.5 for each edge, which are read side by side, and the cost of the
/// list.
pub async fn page<F>(
    table: &Table,
    viewer: UserId,
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
        let (mut found, followed) = futures::try_join!(
            user::get_all(table, &page.items),
            follow::followed_among(table, viewer, &page.items),
        )?;
        for id in page.items {
            if users.len() == count {
                return Ok(People { users, next: last });
            }
            let user = found.remove(&id);
            users.extend(user.map(|user| Person { user, followed: followed.contains(&id) }));
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
