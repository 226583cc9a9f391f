//! What is to be pushed to somebody's devices.

use domain::device::DeviceId;
use domain::inbox::RowId;
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::Grouped;

/// A telling of a row, for all devices of its recipient or for one of them.
///
/// [`crate::Event::NotificationTold`] reads as one for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// Whose inbox.
    pub recipient_id: UserId,
    /// The row.
    pub row: RowId,
    /// The number of the telling.
    pub state: u64,
    /// When the row was told.
    pub told_at: Timestamp,
    /// The one device that it is for: its push service asked to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
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
        assert_eq!(push, Push { recipient_id, row, state: 3, told_at: Timestamp(6), device: None });
        assert_eq!(push.group(), crate::Grouped::group(&event));
        push.device = DeviceId::parse(&"0f".repeat(32));
        let again = serde_json::to_value(&push).unwrap();
        assert_eq!(
            again,
            json!({ "recipient_id": "2", "row": "0000000000005-follow", "state": 3, "told_at": 6, "device": "0f".repeat(32) })
        );
        assert_eq!(serde_json::from_value::<Push>(again).unwrap(), push);
    }

    #[test]
    fn another_event_is_none() {
        let other = json!({ "type": "picture.removed", "user_id": "2" });
        assert!(serde_json::from_value::<Push>(other).is_err());
    }
}
