//! Who may ask for what at an instant: agreements and an instant become the services that are given.
//!
//! Only an active agreement gives anything. Knows no clock (the instant is given) and no helpdesk.

use crate::agreement::Agreement;
use crate::calendar::Instant;
use crate::ident::ServiceSlug;
use crate::status::{State, state_at};

/// The services that an agreement gives at an instant: all that it covers while it is active, else none.
pub fn given(agreement: &Agreement, at: Instant) -> impl Iterator<Item = &ServiceSlug> {
    let is_active = state_at(agreement, at).0 == State::Active;
    agreement.services.keys().filter(move |_| is_active)
}

#[cfg(test)]
mod tests {
    use super::given;
    use crate::agreement::sample::agreement;
    use crate::calendar::read_instant;

    #[test]
    fn only_an_active_agreement_gives_its_services() {
        let agreement = agreement("a", "2026-01-01", "2026-12-31");
        for (at, expected) in [
            ("2025-12-31T23:59:59+03:00", 0),
            ("2026-01-01T00:00:00+03:00", 1),
            ("2026-12-31T23:59:59+03:00", 1),
            ("2027-01-01T00:00:00+03:00", 0),
        ] {
            let at = read_instant(at).expect("an instant");
            assert_eq!(given(&agreement, at).count(), expected, "{at}");
        }
    }
}
