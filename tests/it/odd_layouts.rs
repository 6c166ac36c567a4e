//! Edits of agreements in files with unusual but valid layouts: the new file has the wanted value, and every byte outside
//! the edited fields stays.
//!
//! A writer of this test makes the layouts and records the bytes of each field. The wanted value is calculated on JSON,
//! independently of `servanda::edit`.

use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Map, Value, json};
use servanda::agreement::Agreement;
use servanda::author::{self, ActivationStep, EditTarget, EffectiveFrom, Extension, RenewalOptions};
use servanda::calendar::{Instant, read_day};
use servanda::check;
use servanda::diagnostic::{Diagnostics, Sources};
use servanda::document::{Document, DocumentKind, read};
use servanda::template::Library;

use crate::random::Random;

/// The number of files for each change.
const FILES: usize = 200;

/// Writes a value in an arbitrary layout and records the bytes of each field.
struct Scribe {
    random: Random,
    text: String,
    newline: &'static str,
    /// The fields of the edited layer by name, each from the line break before it to the end of its last line.
    fields: Vec<(String, Range<usize>)>,
    /// The path of the edited layer.
    layer: Vec<String>,
}

impl Scribe {
    fn comment(&mut self) -> String {
        let words = ["# см. письмо", "# a: b, c: [", "# \"quoted", "#", "# - not a list", "# TODO: 2027?"];
        words[self.random.below(words.len())].to_owned()
    }

    fn blanks(&mut self) -> String {
        " ".repeat(1 + self.random.below(3))
    }

    fn trailer(&mut self) {
        if self.random.one_in(3) {
            let (blanks, comment) = (self.blanks(), self.comment());
            self.text += &(blanks + &comment);
        }
    }

    fn line(&mut self, column: usize) {
        for _ in 0..2 {
            if self.random.one_in(6) {
                let comment = if self.random.one_in(2) { self.comment() } else { String::new() };
                let indent = if comment.is_empty() { 0 } else { column };
                write!(self.text, "{}{}{comment}", self.newline, " ".repeat(indent)).unwrap();
            }
        }
        write!(self.text, "{}{}", self.newline, " ".repeat(column)).unwrap();
    }

    fn key(&mut self, key: &str) -> String {
        match self.random.below(8) {
            0 => format!("\"{key}\""),
            1 => format!("'{key}'"),
            _ => key.to_owned(),
        }
    }

    fn scalar(&mut self, value: &Value) -> String {
        let Value::String(text) = value else { return value.to_string() };
        match self.random.below(3) {
            0 => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            1 => format!("'{}'", text.replace('\'', "''")),
            _ if text.contains([',', '[', '{', '#', '"', ':']) || text.is_empty() => format!("'{text}'"),
            _ => text.clone(),
        }
    }

    fn flow(&mut self, value: &Value, column: usize) {
        let (open, close, members): (_, _, Vec<(Option<&String>, &Value)>) = match value {
            Value::Object(map) => ('{', '}', map.iter().map(|(key, value)| (Some(key), value)).collect()),
            Value::Array(list) => ('[', ']', list.iter().map(|value| (None, value)).collect()),
            _ => {
                let scalar = self.scalar(value);
                self.text += &scalar;
                return;
            }
        };
        self.text.push(open);
        let is_tall = self.random.one_in(4);
        let count = members.len();
        for (index, (key, value)) in members.into_iter().enumerate() {
            if is_tall {
                self.trailer();
                self.line(column + 3);
            } else if self.random.one_in(2) {
                self.text.push(' ');
            }
            if let Some(key) = key {
                let key = self.key(key);
                self.text += &(key + ": ");
            }
            self.flow(value, column + 3);
            if index + 1 < count || self.random.one_in(4) {
                self.text.push(',');
                self.text.push(' ');
            }
        }
        if is_tall && count > 0 {
            self.line(column + 1);
        } else if self.random.one_in(2) {
            self.text.push(' ');
        }
        self.text.push(close);
    }

    /// Writes the members of a map or list on lines of their own. The first begins at the current position.
    fn block(&mut self, value: &Value, column: usize, way: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (index, (key, value)) in map.iter().enumerate() {
                    let mut before = self.text.len();
                    if index > 0 {
                        self.line(column);
                    } else {
                        let line = self.text.trim_end_matches(' ');
                        before = line.strip_suffix(self.newline).unwrap_or(line).len();
                    }
                    let written = if self.random.one_in(12) && !value.is_object() && !value.is_array() {
                        format!("? {}{}{}:", self.key(key), self.newline, " ".repeat(column))
                    } else {
                        format!("{}:", self.key(key))
                    };
                    self.text += &written;
                    way.push(key.clone());
                    self.value(value, column, way);
                    way.pop();
                    self.trailer();
                    if *way == self.layer || *way == ["clients"] {
                        self.fields.push((key.clone(), before..self.text.len()));
                    }
                }
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    if index > 0 {
                        self.line(column);
                    }
                    self.text.push('-');
                    way.push(index.to_string());
                    if value.is_object() && self.random.one_in(2) {
                        self.text.push(' ');
                        self.block(value, column + 2, way);
                    } else {
                        self.text.push(' ');
                        self.flow(value, column + 2);
                    }
                    way.pop();
                    self.trailer();
                }
            }
            _ => self.flow(value, column),
        }
    }

    fn value(&mut self, value: &Value, column: usize, way: &mut Vec<String>) {
        let is_empty =
            value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        let is_on_the_way = self.layer.starts_with(way) && !self.layer.is_empty();
        match value {
            Value::Object(_) | Value::Array(_) if !is_empty && (is_on_the_way || self.random.one_in(2)) => {
                self.trailer();
                let step = 1 + self.random.below(4);
                let step = if value.is_array() && self.random.one_in(3) { 0 } else { step };
                self.line(column + step);
                self.block(value, column + step, way);
            }
            Value::String(text) if way.last().is_some_and(|key| key == "reason") && self.random.one_in(4) => {
                let style = if self.random.one_in(2) { ">-" } else { "|-" };
                write!(self.text, " {style}{}{}{text}", self.newline, " ".repeat(column + 2)).unwrap();
                // A comment behind would belong to the text.
                self.text += self.newline;
                self.text.truncate(self.text.len() - self.newline.len());
            }
            _ if !value.is_object() && !value.is_array() && self.random.one_in(8) => {
                self.trailer();
                self.line(column + 2);
                let scalar = self.scalar(value);
                self.text += &scalar;
            }
            _ => {
                let blanks = self.blanks();
                self.text += &blanks;
                self.flow(value, column);
            }
        }
    }
}

/// A text with a value in a random layout, and the bytes of the fields of a layer.
fn written(value: &Value, layer: &[&str], seed: u64) -> (String, Vec<(String, Range<usize>)>) {
    let mut random = Random(seed);
    let newline = if random.one_in(3) { "\r\n" } else { "\n" };
    let layer = layer.iter().map(|&key| key.to_owned()).collect();
    let mut scribe = Scribe { random, text: String::new(), newline, fields: Vec::new(), layer };
    if scribe.random.one_in(2) {
        scribe.text = format!("# Договор — как подписан{newline}");
    }
    if scribe.random.one_in(6) {
        write!(scribe.text, "---{newline}").unwrap();
    }
    if scribe.layer.is_empty() && scribe.random.one_in(8) {
        scribe.flow(value, 0);
    } else {
        scribe.block(value, 0, &mut Vec::new());
    }
    if !scribe.random.one_in(3) {
        let end = if scribe.random.one_in(4) { "# the end" } else { "" };
        write!(scribe.text, "{newline}{end}").unwrap();
    }
    (scribe.text, scribe.fields)
}

/// A random agreement, with or without each optional field.
fn agreement(random: &mut Random) -> Map<String, Value> {
    let mut period = json!({ "first_day": "2026-02-01" });
    match random.below(3) {
        0 => period["last_day"] = json!("2027-01-31"),
        1 => period["term"] = json!("1y"),
        _ => {}
    }
    let mut fields = json!({ "number": "ДО-2026/017", "manager": "i.petrova", "period": period });
    let mut some = |chances: usize, field: &str, value: Value| {
        if random.one_in(chances) {
            fields[field] = value;
        }
    };
    some(3, "formerly", json!(["old-name"]));
    some(
        2,
        "activation",
        json!([{ "status": "planned", "on": "2026-01-10", "reason": "подписан" }, { "on": "2026-02-10", "status": "active", "by": "и. п." }]),
    );
    some(
        2,
        "suspensions",
        json!([{ "from": "2026-04-01", "until": "2026-04-03", "reason": "переезд, № 5" }, { "from": "2026-06-01" }]),
    );
    some(2, "services", json!({ "vpn": { "calendar": "24x7" }, "email": false }));
    some(2, "labels", json!({ "segment": "медицина", "a": "it's", "b": "x: y" }));
    some(3, "allow", json!({ "W306": { "reason": "уходят", "until": "2027-03-01" } }));
    some(4, "attributes", json!({ "seats": 12, "vip": true }));
    let Value::Object(fields) = fields else { unreachable!() };
    fields
}

/// One file, its path in a repository, and the agreement that is changed.
struct Case {
    text: String,
    fields: Vec<(String, Range<usize>)>,
    meant: Value,
    id: &'static str,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed ^ 0xabcd);
        let own = agreement(&mut random);
        let is_set = random.one_in(3);
        let (meant, layer, id): (Value, &[&str], _) = if is_set {
            let clients = json!({ "maly": true, "veter": own, "bolshoy": { "number": "2" } });
            let set = json!({ "extends": "support", "period": { "first_day": "2026-02-01" }, "labels": { "x": "y" }, "clients": clients });
            (set, &["clients", "veter"], "odd-2026/veter")
        } else {
            let mut whole = Map::from_iter([
                ("extends".to_owned(), json!("support")),
                ("client".to_owned(), json!("veter")),
            ]);
            whole.extend(own);
            (Value::Object(whole), &[], "odd-2026")
        };
        let (text, fields) = written(&meant, layer, seed);
        Self { text, fields, meant, id }
    }

    /// The value of the agreement's own layer.
    fn layer<'value>(&self, value: &'value mut Value) -> &'value mut Value {
        if self.id.contains('/') { &mut value["clients"]["veter"] } else { value }
    }
}

const TEMPLATE: &str = "period: { term: 1y }\nservices: { vpn: true, email: true }\n";
const CATALOG: &str = "clients: { veter: { title: Ветер }, maly: { title: М }, bolshoy: { title: Б } }\nservices: { vpn: { title: VPN }, email: { title: Почта } }\nmanagers: { i.petrova: { title: И }, a.b: { title: А } }\ncalendars: { 24x7: { title: 24x7 } }\n";

fn noon() -> Instant {
    "2026-05-05T12:00:00Z".parse().unwrap()
}

/// Checks the agreement of a case; false where the layout is not valid.
fn checked(case: &Case, then: impl FnOnce(&EditTarget<'_>)) -> bool {
    let mut sources = Sources::default();
    let file = sources.add("agreements/odd-2026.yaml", case.text.as_str());
    let template = sources.add("templates/support.yaml", TEMPLATE);
    let catalog = sources.add("catalog.yaml", CATALOG);
    let (document, faults) = read(&sources, file, DocumentKind::Agreement);
    if !faults.is_empty() || document.tree().to_json() != case.meant {
        return false;
    }
    let templates = [read(&sources, template, DocumentKind::Template).0];
    let (library, _) = Library::new(&templates);
    let (resolved, _) = library.resolve(&document);
    let catalog = read(&sources, catalog, DocumentKind::Catalog).0;
    let estate = check::CheckInput {
        basis: check::Basis::read(None, Some(&catalog), &[]),
        agreements: &resolved,
        unread: std::collections::BTreeSet::new(),
        diagnostics: Diagnostics::default(),
        judged: Vec::new(),
    };
    let checked = check::check(estate, &sources, noon());
    let agreement: &Agreement = checked
        .agreements
        .iter()
        .find(|agreement| agreement.id.as_str() == case.id)
        .unwrap_or_else(|| panic!("{:?}\n{}", checked.diagnostics, case.text));
    let document: &Document = &document;
    then(&EditTarget { agreement, document, text: &case.text });
    true
}

fn tree(text: &str) -> Option<Value> {
    let mut sources = Sources::default();
    let file = sources.add("agreements/odd-2026.yaml", text);
    let (document, faults) = read(&sources, file, DocumentKind::Agreement);
    faults.is_empty().then(|| document.tree().to_json())
}

/// A field with the rest of its last line, which may have a comment.
fn to_line_end(text: &str, place: &Range<usize>) -> Range<usize> {
    let rest = &text[place.end..];
    place.start..place.end + rest.find(['\r', '\n']).unwrap_or(rest.len())
}

/// Whether `new` differs from `old` only in these ranges, and in at most `insertions` insertions elsewhere.
fn keeps(old: &str, places: &[Range<usize>], mut insertions: usize, new: &str) -> bool {
    let mut places = places.to_vec();
    places.sort_by_key(|place| place.start);
    let mut pieces = Vec::new();
    let mut done = 0;
    for place in places {
        pieces.push(&old[done..place.start.max(done)]);
        done = place.end.max(done);
    }
    pieces.push(&old[done..]);
    let last = pieces.len() - 1;
    let mut rest = new;
    let mut may_skip = false;
    for (index, piece) in pieces.into_iter().enumerate() {
        let mut piece = piece;
        loop {
            let found = match (index == last, may_skip) {
                // The last piece must end the text.
                (true, true) => rest.ends_with(piece).then(|| rest.len() - piece.len()),
                (true, false) => (rest == piece).then_some(0),
                (false, true) => rest.find(piece),
                (false, false) => rest.starts_with(piece).then_some(0),
            };
            if let Some(at) = found {
                rest = &rest[at + piece.len()..];
                break;
            }
            if insertions == 0 || may_skip {
                return false;
            }
            insertions -= 1;
            let same: usize = rest
                .chars()
                .zip(piece.chars())
                .take_while(|(new, old)| new == old)
                .map(|(character, _)| character.len_utf8())
                .sum();
            (rest, piece, may_skip) = (&rest[same..], &piece[same..], true);
        }
        may_skip = true;
    }
    true
}

#[test]
fn the_comparison_of_bytes_is_strict() {
    let old = "a: 1 # x\nb: 2\nc: 3\n";
    let one = |start: usize, end: usize| std::iter::once(start..end).collect::<Vec<_>>();
    assert!(keeps(old, &[], 0, old));
    assert!(keeps(old, &one(3, 4), 0, "a: 9 # x\nb: 2\nc: 3\n"));
    assert!(!keeps(old, &one(3, 4), 0, "a: 9 # y\nb: 2\nc: 3\n"));
    assert!(keeps(old, &[], 1, "a: 1 # x\nb: 2\nbb: 7\nc: 3\n"));
    assert!(!keeps(old, &[], 1, "a: 1 # x\nz: 2\nb: 2\nq: 1\nc: 3\n"));
    assert!(!keeps(old, &[], 1, "a: 1 # x\nc: 3\n"));
    assert!(!keeps(old, &one(9, 14), 0, "a: 1 # x\nc: 3"));
}

/// Makes a change in many files and compares each with the wanted value. `change` gives the new text, or nothing if the
/// change does not apply; `mean` changes the tree; `fields` are the edited ones.
fn on_odd_layouts(
    change: impl Fn(&EditTarget<'_>) -> Option<String>,
    mean: impl Fn(&mut Value, &Case),
    fields: &[&str],
    insertions: usize,
) {
    let (mut made, mut illegal) = (0, 0);
    for seed in 0.. {
        if made == FILES {
            break;
        }
        assert!(illegal <= made / 2 + 20, "most layouts are not legal: {illegal} beside {made}");
        assert!(seed < 20_000, "only {made} agreements were fit for this change");
        let case = Case::new(seed);
        let is_legal = checked(&case, |subject| {
            let Some(edited) = change(subject) else { return };
            let mut meant = case.meant.clone();
            mean(&mut meant, &case);
            assert_eq!(tree(&edited), Some(meant), "seed {seed}\n{}\n=== became\n{edited}", case.text);
            let whole = (case.fields.is_empty() && !fields.is_empty()).then_some(0..case.text.len());
            let touched = case.fields.iter().filter(|(name, _)| fields.contains(&name.as_str()));
            let places: Vec<Range<usize>> =
                touched.map(|(_, place)| to_line_end(&case.text, place)).chain(whole).collect();
            assert!(
                keeps(&case.text, &places, insertions, &edited),
                "seed {seed}\n{}\n=== became\n{edited}",
                case.text
            );
            if case.text.contains("\r\n") {
                assert_eq!(edited.matches('\n').count(), edited.matches("\r\n").count(), "{edited:?}");
            }
            // Where the last lines go, a blank one before them may become the end.
            let has_end = |text: &str| text.ends_with('\n');
            assert!(has_end(&edited) || !has_end(&case.text), "{edited:?}");
            assert!(!has_end(&edited) || has_end(&case.text) || !fields.is_empty(), "{edited:?}");
            made += 1;
        });
        illegal += usize::from(!is_legal);
    }
}

fn push(list: &mut Value, entry: Value) {
    match list {
        Value::Array(list) => list.push(entry),
        other => *other = json!([entry]),
    }
}

#[test]
fn extend_moves_the_last_day() {
    on_odd_layouts(
        |subject| {
            let to = Extension::To(read_day("2027-06-30").unwrap());
            Some(author::extend(subject, to, noon()).unwrap().text)
        },
        |meant, case| {
            let period = &mut case.layer(meant)["period"];
            if period.is_null() {
                *period = json!({});
            }
            period.as_object_mut().unwrap().remove("term");
            period["last_day"] = json!("2027-06-30");
        },
        &["period"],
        0,
    );
}

#[test]
fn terminate_ends_it() {
    let on = EffectiveFrom::Day(read_day("2026-09-30").unwrap());
    on_odd_layouts(
        |subject| Some(author::terminate(subject, on, Some("письмо: № 5 #1")).unwrap().text),
        |meant, case| {
            case.layer(meant)["termination"] =
                json!({ "last_day": "2026-09-30", "reason": "письмо: № 5 #1" });
        },
        &[],
        1,
    );
}

#[test]
fn suspend_adds_a_suspension() {
    let (from, until) = (read_day("2026-05-10").unwrap(), read_day("2026-05-12").ok());
    on_odd_layouts(
        |subject| Some(author::suspend(subject, from, until, None).unwrap().text),
        |meant, case| {
            let rest = json!({ "from": "2026-05-10", "until": "2026-05-12" });
            push(&mut case.layer(meant)["suspensions"], rest);
        },
        &[],
        1,
    );
}

#[test]
fn resume_ends_the_suspension() {
    on_odd_layouts(
        |subject| author::resume(subject, read_day("2026-07-01").unwrap()).ok().map(|edited| edited.text),
        |meant, case| case.layer(meant)["suspensions"][1]["until"] = json!("2026-06-30"),
        &[],
        1,
    );
}

#[test]
fn activate_and_deactivate_write_the_log() {
    let step = |day| ActivationStep {
        on: EffectiveFrom::Day(read_day(day).unwrap()),
        reason: Some("да"),
        by: Some("i.petrova"),
    };
    let written =
        |status: &str, day: &str| json!({ "status": status, "on": day, "reason": "да", "by": "i.petrova" });
    on_odd_layouts(
        |subject| author::activate(subject, step("2026-01-20")).ok().map(|edited| edited.text),
        |meant, case| push(&mut case.layer(meant)["activation"], written("active", "2026-01-20")),
        &[],
        1,
    );
    on_odd_layouts(
        |subject| author::deactivate(subject, step("2026-05-20"), false).ok().map(|edited| edited.text),
        |meant, case| {
            let log = &mut case.layer(meant)["activation"];
            if log.is_null() {
                *log = json!([{ "status": "active", "on": "2026-02-01" }]);
            }
            push(log, written("suspended", "2026-05-20"));
        },
        &[],
        1,
    );
}

#[test]
fn renew_copies_all_but_what_happened() {
    on_odd_layouts(
        |subject| {
            let next = author::next_period(subject.agreement, None, noon()).unwrap();
            Some(author::renewal_text(&[(*subject, next)], RenewalOptions::default()).unwrap().text)
        },
        |meant, case| {
            if case.id.contains('/') {
                let clients = meant["clients"].as_object_mut().unwrap();
                clients.retain(|client, _| client == "veter");
            }
            let layer = case.layer(meant);
            for field in ["activation", "suspensions", "formerly", "allow"] {
                layer.as_object_mut().unwrap().remove(field);
            }
            layer["renews"] = json!(case.id);
            // Both the first day and the last are the agreement's own, where it has them.
            let period = &mut layer["period"];
            period["first_day"] = json!("2027-02-01");
            if let Some(last_day) = period.get_mut("last_day") {
                *last_day = json!("2028-01-31");
            }
        },
        &["period", "activation", "suspensions", "formerly", "allow", "maly", "bolshoy"],
        1,
    );
}
