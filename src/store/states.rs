//! The names of states of deliveries, as both stores keep them.

use super::DeliveryState;

impl DeliveryState {
    /// As it is kept.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
        }
    }

    /// The state of this name; what has none of the others is owed.
    pub(super) fn named(word: &str) -> Self {
        match word {
            "delivered" => Self::Delivered,
            "refused" => Self::Refused,
            "superseded" => Self::Superseded,
            _ => Self::Owed,
        }
    }
}
