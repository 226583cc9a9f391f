//! What is to be pushed to somebody's devices.

use domain::device::DeviceId;
use domain::inbox::RowId;
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::Grouped;

/// What somebody's devices are to show: all of them or one.
///
/// [`crate::Event::NotificationTold`] and [`crate::Event::QuietEnded`] read as one for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// Whose inbox.
    pub recipient_id: UserId,
    /// What there is to be said.
    #[serde(flatten)]
    pub occasion: Occasion,
    /// The one device that it is for: its push service asked to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
}

/// Why something is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Occasion {
    /// A row was told.
    Told {
        /// The row.
        row: RowId,
        /// The number of the telling.
        state: u64,
        /// When the row was told.
        told_at: Timestamp,
    },
    /// Quiet hours have ended in which something was told.
    QuietEnded {
        /// When, to the minute.
        ended_at: Timestamp,
    },
}

impl Occasion {
    /// Returns when it came.
    pub fn at(self) -> Timestamp {
        match self {
            Self::Told { told_at, .. } => told_at,
            Self::QuietEnded { ended_at } => ended_at,
        }
    }
}

impl Grouped for Push {
    fn group(&self) -> String {
        self.recipient_id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use domain::inbox::Subject;
    use serde_json::json;

    use super::*;
    use crate::Event;

    #[test]
    fn the_event_is_for_all_devices_and_what_is_sent_again_for_one() {
        let (recipient_id, row) =
            (UserId::try_from(2).unwrap(), RowId { opened: Timestamp(5), subject: Subject::Follow });
        let event = Event::NotificationTold { recipient_id, row, state: 3, told_at: Timestamp(6) };
        let mut push: Push = serde_json::from_value(serde_json::to_value(&event).unwrap()).unwrap();
        let occasion = Occasion::Told { row, state: 3, told_at: Timestamp(6) };
        assert_eq!(push, Push { recipient_id, occasion, device: None });
        assert_eq!(push.group(), crate::Grouped::group(&event));
        push.device = DeviceId::parse(&"0f".repeat(32));
        let again = serde_json::to_value(&push).unwrap();
        assert_eq!(
            again,
            json!({ "recipient_id": "2", "row": "0000000000005-follow", "state": 3, "told_at": 6, "device": "0f".repeat(32) })
        );
        assert_eq!(serde_json::from_value::<Push>(again).unwrap(), push);
        let event = Event::QuietEnded { recipient_id, ended_at: Timestamp(60_000) };
        let push: Push = serde_json::from_value(serde_json::to_value(&event).unwrap()).unwrap();
        let occasion = Occasion::QuietEnded { ended_at: Timestamp(60_000) };
        assert_eq!(push, Push { recipient_id, occasion, device: None });
    }

    #[test]
    fn another_event_is_none() {
        let other = json!({ "type": "picture.removed", "user_id": "2" });
        assert!(serde_json::from_value::<Push>(other).is_err());
    }
}
