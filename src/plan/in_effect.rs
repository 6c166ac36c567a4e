//! The target in effect for a service: its own or the one for all services, with the hours that it is counted on.

use crate::ident::LiveId;
use crate::live::{LiveTarget, TargetKey, Targets};

/// The target in effect for a key. `hours` is the calendar of the agreement, for targets without their own.
pub fn in_effect(targets: &Targets, key: &TargetKey, hours: Option<&LiveId>) -> Option<LiveTarget> {
    let general = TargetKey { service: None, priority: key.priority.clone() };
    let target = targets.get(key).or_else(|| targets.get(&general))?;
    Some(LiveTarget { calendar: target.calendar.clone().or_else(|| hours.cloned()), ..target.clone() })
}
