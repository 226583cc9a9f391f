//! The work of `gather`, split.

use serde::{Deserialize, Serialize};

use crate::Grouped;

/// The rows of inboxes that are due in a minute, in one of its shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueRows {
    /// The minute, in minutes since the epoch.
    pub minute: i64,
    /// The shard.
    pub shard: u8,
}

impl Grouped for DueRows {
    fn group(&self) -> String {
        self.shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_looks_like_this() {
        let rows = DueRows { minute: 29_922_480, shard: 7 };
        let json = serde_json::to_string(&rows).unwrap();
        assert_eq!(json, r#"{"minute":29922480,"shard":7}"#);
        assert_eq!((serde_json::from_str::<DueRows>(&json).unwrap(), rows.group()), (rows, "7".to_owned()));
    }
}
