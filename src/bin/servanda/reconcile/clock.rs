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
/// If the helpdesk was not asked for anything yet, it is asked for an agreement that does not exist. A rehearsal is not
/// compared.
pub(crate) async fn compare_clocks(
    workspace: &Workspace,
    connection: &Connection,
    ours: Instant,
) -> Result<bool, Failure> {
    if workspace.settings.helpdesk.rehearsal {
        return Ok(true);
    }
    let reader = connection.reader();
    if reader.requests() == 0 {
        let none = AgreementId::new("clock").expect("an id");
        let answer = reader.find(&none).await;
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

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use servanda::mapping::Mapping;
    use servanda::settings::Pace;

    use super::compare_clocks;
    use crate::helpdesk::connect::Connection;
    use crate::helpdesk::itsm365::Itsm365Transport;
    use crate::http::client::Endpoint;
    use crate::http::client::tests::listener;
    use crate::process::context::clock;
    use crate::reconcile::tests::fixture::{workspace_as, write};

    #[tokio::test]
    async fn a_helpdesk_without_a_date_is_asked_once() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n";
        let (address, heard) = listener(format!("{answer}connection: close\r\n\r\n[]")).await;
        let key = SecretString::from("a-key-of-a-test");
        let (url, pace) = (format!("http://{address}"), Pace::SANDBOX);
        let transport = Itsm365Transport::new(&Endpoint::at(&url), key, &pace).expect("a transport");
        let connection = Connection::by(transport, Mapping::default(), pace);
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "servanda.yaml", "timezone: Europe/Moscow\n");
        let mut workspace = workspace_as(folder.path(), "2026-09-01T09:00:00Z", false);
        workspace.settings.helpdesk.rehearsal = false;
        for _ in 0..3 {
            let compared = compare_clocks(&workspace, &connection, clock()).await;
            assert!(!compared.expect("it answers"), "there is no date to compare with");
        }
        let asked = heard.lock().expect("no test panics here").len();
        assert_eq!(asked, 1);
    }
}
