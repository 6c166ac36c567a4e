//! Compares this machine's clock with the helpdesk's. Statuses, notices and the lock depend on the date.

use servanda::calendar::Instant;
use servanda::ident::AgreementId;

use crate::helpdesk::Reader as _;
use crate::helpdesk::connect::Connection;
use crate::process::context::CLOCK_TOLERANCE;
use crate::process::failure::{Exit, Failure};
use crate::workspace::load::Workspace;

/// The warning about a helpdesk that sends no readable date.
pub(crate) const NOT_REPORTED: &str = "warning: the helpdesk reports no readable time, so that a wrong clock of this machine would not be noticed; synchronise it by NTP";

/// Refuses a clock that differs from the helpdesk's. Returns whether they were compared: a helpdesk may send no date.
///
/// If no response has had a date yet, the helpdesk is asked for an agreement that does not exist. A rehearsal is not compared.
pub(crate) async fn compare_clocks(
    workspace: &Workspace,
    connection: &Connection,
    ours: Instant,
) -> Result<bool, Failure> {
    if workspace.settings.helpdesk.rehearsal {
        return Ok(true);
    }
    if connection.server_clock().is_none() {
        let none = AgreementId::new("clock").expect("an id");
        let answer = connection.reader().find(&none).await;
        // An error with a date is an answer as well; what follows reports it.
        if connection.server_clock().is_none() {
            answer?;
        }
    }
    let Some(theirs) = connection.server_clock() else {
        return Ok(false);
    };
    if theirs.duration_since(ours).abs() <= CLOCK_TOLERANCE {
        return Ok(true);
    }
    let message = format!("this machine's clock is at {ours}, and the helpdesk's at {theirs}");
    Err(Failure::new(Exit::Refused, "clock-skew", message)
        .help("set this machine's clock; a wrong date would activate or end agreements, and send notices"))
}
