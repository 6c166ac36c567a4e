//! The columns of a table, by the names that people give them.

use crate::ident::nearest;

/// The columns that a table may have, beside `service.<name>`, `label.<name>` and `attribute.<name>`, with their other
/// names.
const COLUMNS: [(&str, &[&str]); 12] = [
    ("client", &["клиент", "заказчик", "контрагент", "организация", "компания"]),
    ("client_title", &["название клиента", "наименование клиента", "полное наименование"]),
    ("client_email", &["почта клиента", "e-mail клиента", "email клиента", "адрес клиента"]),
    ("id", &["ид", "идентификатор"]),
    ("number", &["номер", "номер договора", "№", "№ договора", "договор"]),
    ("manager", &["менеджер", "ответственный", "куратор"]),
    ("provider", &["исполнитель", "поставщик"]),
    ("title", &["название", "наименование"]),
    ("first_day", &["первый день", "дата начала", "начало", "действует с"]),
    ("last_day", &["последний день", "дата окончания", "окончание", "действует по"]),
    ("term", &["срок"]),
    ("open_ended", &["бессрочный", "бессрочно", "бессрочное"]),
];

/// The kinds of columns that name something, with their Russian names.
const NAMED: [(&str, &str); 3] = [("service", "услуга"), ("label", "метка"), ("attribute", "атрибут")];

/// The standard name of a column: case, spaces and language do not matter. `None` for an unknown one.
pub(super) fn standard(written: &str) -> Option<String> {
    if let Some((kind, name)) = written.split_once(['.', ':'])
        && let Some((kind, _)) =
            NAMED.iter().find(|(english, russian)| is_same(kind, english) || is_same(kind, russian))
    {
        let name = name.trim();
        return (!name.is_empty()).then(|| format!("{kind}.{name}"));
    }
    let known = COLUMNS
        .iter()
        .find(|(name, others)| is_same(written, name) || others.iter().any(|other| is_same(written, other)));
    known.map(|(name, _)| (*name).to_owned())
}

fn is_same(written: &str, known: &str) -> bool {
    let plain = |name: &str| name.trim().to_lowercase().replace(['_', ' ', '-', '\u{a0}'], "");
    plain(written) == plain(known)
}

/// The advice for an unknown column.
pub(super) fn advice(written: &str) -> String {
    let lower = written.to_lowercase();
    let known = COLUMNS.iter().flat_map(|(name, others)| others.iter().chain([name]).copied());
    match nearest(&lower, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the columns are {}, service.<slug>, label.<name> and attribute.<name>", names()),
    }
}

/// The standard names, for a message.
pub(super) fn names() -> String {
    COLUMNS.map(|(name, _)| name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::{advice, standard};

    #[test]
    fn columns_are_known_in_any_case_and_in_russian() {
        for (written, name) in [
            ("client", "client"),
            ("Client", "client"),
            ("First day", "first_day"),
            ("Клиент", "client"),
            ("№ договора", "number"),
            ("Дата\u{a0}начала", "first_day"),
            ("E-mail клиента", "client_email"),
            ("service.vpn", "service.vpn"),
            ("Услуга: Почта", "service.Почта"),
            ("Label.Note", "label.Note"),
        ] {
            assert_eq!(standard(written).as_deref(), Some(name), "{written}");
        }
        for written in ["", "kunde", "service.", "wage.a"] {
            assert_eq!(standard(written), None, "{written}");
        }
        assert_eq!(advice("Клент"), "did you mean `клиент`?");
    }
}
