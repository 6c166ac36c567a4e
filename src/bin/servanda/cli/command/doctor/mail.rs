//! Checks the mail server, and that it takes the addresses in the files.

use servanda::catalog::Contact;
use servanda::check::non_ascii_part;
use servanda::render::doctor::DoctorCheck;

use crate::notify::channels::Channels;
use crate::workspace::load::Workspace;

/// Connects to the mail server, without sending.
pub(super) async fn check(workspace: &Workspace, channels: &Channels) -> DoctorCheck {
    let offer = match channels.check_mail().await {
        None => {
            let help = "write `mail:` in servanda.yaml to send notices by mail";
            return DoctorCheck::warning("mail", "no mail is sent", help);
        }
        Some(Err(why)) => {
            let help = "check `mail.url` and the variable that it names, and that this machine may reach the server; \
                        it is connected to directly, without a proxy";
            return DoctorCheck::failed("mail", why, Some(help.to_owned()));
        }
        Some(Ok(offer)) => offer,
    };
    let refused = if offer.smtp_utf8 { Vec::new() } else { needing_utf8(workspace) };
    if refused.is_empty() {
        return DoctorCheck::ok("mail", format!("{} accepts mail; none was sent", offer.place));
    }
    DoctorCheck::failed(
        "mail",
        format!("{} does not offer SMTPUTF8, and refuses mail of: {}", offer.place, refused.join(", ")),
        Some("write addresses whose name before the `@` is ASCII (`servanda explain W511`), or use another mail server".to_owned()),
    )
}

/// The places in the files whose addresses have a name that is not ASCII. The addresses themselves are not shown.
fn needing_utf8(workspace: &Workspace) -> Vec<String> {
    let needs = |address: &str| non_ascii_part(address).is_some();
    let contact = |contact: &Contact| matches!(contact, Contact::Email(address) if needs(address));
    let catalog = &workspace.catalog;
    let sender = workspace.settings.sender.iter().filter(|sender| needs(sender.address()));
    let mut places: Vec<String> = sender.map(|_| "`mail.from`".to_owned()).collect();
    for (slug, client) in &catalog.clients {
        let roles = client.contacts.iter().filter(|(_, written)| contact(written));
        places.extend(roles.map(|(role, _)| format!("contact `{role}` of {slug}")));
    }
    let managers = catalog.managers.iter().filter(|(_, entry)| entry.email.as_deref().is_some_and(needs));
    places.extend(managers.map(|(slug, _)| format!("manager {slug}")));
    for agreement in &workspace.agreements {
        let roles = agreement.contacts.iter().filter(|(_, written)| contact(written));
        places.extend(roles.map(|(role, _)| format!("contact `{role}` of {}", agreement.id)));
        let to = agreement.notices.events.values().flat_map(|rule| &rule.to);
        places.extend(to.filter(|address| needs(address)).map(|_| format!("`to:` in {}", agreement.id)));
    }
    places.dedup();
    places
}
