use servanda::ident::AgreementId;
use servanda::live::Digest;
use servanda::plan::{AppliedAgreement, LastApplied};

use super::{Saved, Snapshot, lines};
use crate::workspace::files;

fn snapshot(as_of: &str) -> Snapshot {
    let applied = AppliedAgreement {
        as_of: as_of.parse().expect("an instant"),
        until: None,
        state: Digest::of(&"0"),
        fields: std::collections::BTreeMap::new(),
    };
    let id = AgreementId::new("a").expect("an id");
    let state = LastApplied { agreements: [(id, applied)].into(), ..LastApplied::default() };
    let mut snapshot = Snapshot { last_applied: Some(state), ..Snapshot::default() };
    snapshot.live.unmanaged = 3;
    snapshot
}

#[test]
fn a_snapshot_is_read_as_it_was_written_compressed_or_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let snapshot = snapshot("2026-09-01T06:00:00Z");
    for name in ["live.json", "live.json.gz"] {
        let path = folder.path().join(name);
        assert_eq!(snapshot.save(&path).expect("saved"), Saved::Written);
        assert_eq!(Snapshot::read(&path).expect("read"), snapshot);
        let bytes = files::read_bytes(&path).expect("the file");
        assert_eq!(bytes.starts_with(&[0x1f, 0x8b]), name.ends_with("gz"));
    }
}

#[test]
fn a_file_with_the_same_state_is_left_alone_for_a_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("live.json.gz");
    let save = |as_of| snapshot(as_of).save(&path).expect("saved");
    assert_eq!(save("2026-09-01T06:00:00Z"), Saved::Written);
    let bytes = files::read_bytes(&path).expect("the file");
    assert_eq!(save("2026-09-01T06:00:00Z"), Saved::Unchanged);
    assert_eq!(save("2026-09-02T05:59:59Z"), Saved::Unchanged);
    assert_eq!(files::read_bytes(&path).expect("the file"), bytes);
    assert_eq!(save("2026-09-02T06:00:00Z"), Saved::Written);
    assert_eq!(save("2026-09-01T06:00:00Z"), Saved::Written, "an earlier state is another one");
    let mut other = snapshot("2026-09-01T06:00:00Z");
    other.live.unmanaged = 4;
    assert_eq!(other.save(&path).expect("saved"), Saved::Written);
}

#[test]
fn what_is_cut_off_or_of_another_format_is_refused() {
    let text = String::from_utf8(snapshot("2026-09-01T06:00:00Z").text()).expect("text");
    let refused = |text: &str| lines::read(text.as_bytes(), 1000).expect_err("refused").code;
    let cut = text.strip_suffix("\"end\"\n").expect("an end");
    assert_eq!(refused(cut), "snapshot-invalid");
    assert_eq!(refused(""), "snapshot-invalid");
    assert_eq!(refused("{}\n"), "snapshot-invalid");
    assert_eq!(refused("\"end\"\n"), "snapshot-invalid");
    assert_eq!(refused(&text.replacen("\"format\":1", "\"format\":2", 1)), "snapshot-format");
    assert_eq!(refused(&format!("{text}{{}}\n")), "snapshot-invalid", "something follows its end");
    let short = lines::read(text.as_bytes(), 20).expect_err("a line is longer");
    assert_eq!(short.code, "snapshot-invalid");
}

#[test]
fn a_damaged_file_is_refused_and_written_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (plain, path) = (folder.path().join("live.json"), folder.path().join("live.json.gz"));
    let snapshot = snapshot("2026-09-01T06:00:00Z");
    snapshot.save(&path).expect("saved");
    let mut bytes = files::read_bytes(&path).expect("the file");
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    files::write_whole(&path, &bytes).expect("written");
    assert!(Snapshot::read(&path).is_err());
    assert_eq!(snapshot.save(&path).expect("saved"), Saved::Written);
    snapshot.save(&plain).expect("saved");
    files::write_whole(&path, &files::read_bytes(&plain).expect("the file")).expect("written");
    assert_eq!(snapshot.save(&path).expect("saved"), Saved::Written, "it was not compressed");
}
