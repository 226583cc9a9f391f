//! A photo among its author's: the derived edge, the counter that counts it, and the author's head.

use domain::{PhotoId, UserId};
use serde::Serialize;

use crate::calls::stored;
use crate::edges::{Edge, Way, settle};
use crate::keys::Name;
use crate::{Result, Table, head};

/// Puts a photo into its author's timeline and counts it, or takes it out, then renews the head. Apart from the stream a photo
/// that is gone is not put in, and one that is there not taken out.
///
/// 4 WRU for the edge and the counter, 6 apart from the stream, 1 for the head, 2 RRU.
pub async fn derive(table: &Table, author: UserId, photo: PhotoId, listed: bool, way: Way) -> Result<()> {
    settle(table, vec![edge(author, photo, listed)?], way).await?;
    head::renew(table, author, photo, listed).await
}

fn edge(author: UserId, photo: PhotoId, listed: bool) -> Result<Edge> {
    let name = Name::Timeline(author, photo);
    let item = listed.then(|| stored(&name.key(), Listed {})).transpose()?;
    // Ready is the last state of a photo: from then on it is there, or it was deleted.
    Ok(Edge { name, item, witness: Name::Photo(photo), counters: vec![(Name::User(author), "photos")] })
}

#[derive(Serialize)]
struct Listed {}
