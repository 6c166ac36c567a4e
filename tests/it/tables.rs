//! Tables of clients as a clerk saves them in a spreadsheet.

use crate::repository::{Repository, Run};

/// Saves a table in an encoding, and makes agreements of it.
fn new(repository: &Repository, code: i32, bytes: &[u8]) -> Run {
    std::fs::write(repository.root().join("clients.csv"), bytes).unwrap();
    let new = ["new", "--template", "support-standard", "--csv", "clients.csv"];
    repository.expect(code, &new)
}

const TABLE: &str = "Клиент;Название клиента;Почта клиента;Менеджер;Номер договора;Дата начала;;\r\n\
    АО «Портовик»;;;Ирина Петрова;№ 7/2028;01.02.2028;;\r\n\
    ;ООО «Новая волна»;it@volna.example;i.petrova;№ 8/2028;01.02.2028;;\r\n";

#[test]
fn a_table_of_excel_becomes_agreements_and_clients() {
    let (windows_1251, _, _) = encoding_rs::WINDOWS_1251.encode(TABLE);
    let utf_8 = format!("\u{feff}{TABLE}").into_bytes();
    for (bytes, note) in [(windows_1251.into_owned(), "read as windows-1251"), (utf_8, "")] {
        let repository = Repository::example();
        let run = new(&repository, 0, &bytes);
        assert!(run.stderr.contains(note) && run.stderr.contains("3 files written"), "{}", run.stderr);
        let written = repository.read("agreements/2028/portovik-2028.yaml");
        for line in ["client: portovik\n", "number: № 7/2028\n", "period: { first_day: 2028-02-01 }\n"] {
            assert!(written.contains(line), "{line}: {written}");
        }
        assert!(repository.read("agreements/2028/novaya-volna-2028.yaml").contains("client: novaya-volna\n"));
        let catalog = repository.read("catalog.yaml");
        assert!(catalog.contains("ООО «Новая волна»") && catalog.contains("it@volna.example"), "{catalog}");
    }
}

#[test]
fn a_table_with_errors_writes_nothing_and_a_workbook_is_named() {
    let repository = Repository::example();
    let before = repository.read("catalog.yaml");
    let text =
        "\u{feff}client;client_title;first_day;manager\r\nacne;;30.02.2028;no-one\r\n;New;1.2.2028;\r\n";
    let run = new(&repository, 3, text.as_bytes());
    assert!(
        run.stderr.contains("3 errors in this row") && run.stderr.contains("clients.csv:2:1"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("1 error in 1 file") && !run.stderr.contains('\u{fffd}'), "{}", run.stderr);
    assert_eq!(repository.read("catalog.yaml"), before);
    let run = new(&repository, 3, b"PK\x03\x04\x14\0\x08\0");
    assert!(
        run.stderr.contains("error[table-unreadable]") && run.stderr.contains("CSV UTF-8"),
        "{}",
        run.stderr
    );
}
