//! Plans for the tests of what renders them.

use crate::calendar::read_instant;
use crate::ident::{AgreementId, ClientSlug, LiveId};
use crate::plan::{AgreementHours, Change, FORMAT, Header, Phase, Plan, Totals, Verb};
use crate::status::{State, StatusReason};

fn live(text: &str) -> LiveId {
    LiveId::new(text).expect("a live id")
}

/// A change of nothing yet.
pub(crate) fn change(name: &str, verb: Verb, title: &str, status: State, because: StatusReason) -> Change {
    Change {
        id: AgreementId::new(name).expect("an id"),
        verb,
        client: ClientSlug::new("severny-veter"),
        title: title.to_owned(),
        object: (verb != Verb::Create).then(|| live("agreement$605301")),
        status: Some(status),
        because: Some(because),
        state: None,
        fields: Vec::new(),
        hours: AgreementHours::default(),
        ownership_key: None,
        phase: Phase::Gain,
        after: Vec::new(),
        elsewhere: None,
        risks: Vec::new(),
        before: None,
        steps: Vec::new(),
    }
}

/// A plan as of 2026-09-01 with these changes.
pub(crate) fn plan(changes: Vec<Change>) -> Plan {
    let names = [
        ("slmService$605005", "Электронная почта"),
        ("slmService$605006", "Удалённый доступ (VPN)"),
        ("slmService$605007", "Рабочие места"),
        ("employee$12", "Ирина Петрова"),
        ("priority$1", "critical"),
        ("priority$2", "normal"),
        ("servicetime$37002", "24x7"),
    ];
    Plan {
        format: FORMAT,
        header: Header {
            as_of: read_instant("2026-09-01T12:00:00+03:00").expect("an instant"),
            zone: "Europe/Moscow".to_owned(),
            zone_data: "2026f".to_owned(),
            version: "0.1.0".to_owned(),
            commit: Some("abc1234def5678".to_owned()),
            files: "9f2c".to_owned(),
            helpdesk: "https://acme.itsm365.com/sd".to_owned(),
            key_prefix: "servanda:".to_owned(),
            language: crate::settings::Language::English,
            selection: crate::selection::AgreementSelection::default(),
        },
        changes,
        drift: Vec::new(),
        blocked: Vec::new(),
        notes: Vec::new(),
        totals: Totals { unchanged: 12, ..Totals::default() },
        names: names.map(|(id, name)| (live(id), name.to_owned())).into(),
        clients: [(ClientSlug::new("severny-veter").expect("a slug"), "Северный ветер".to_owned())].into(),
    }
}
