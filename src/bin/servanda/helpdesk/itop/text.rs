//! Text attributes that several fields share: ownership key and number in a description, title and ownership
//! key in a name.
//!
//! Of a text of several lines only the lines of fields are written; every other byte was written by people and is kept.
//! Pure functions.

use std::collections::BTreeMap;

use servanda::ident::AgreementId;
use servanda::live::Value;
use servanda::mapping::{Field, Mapping};

/// The attribute of every contract in which people write several lines.
const DESCRIPTION: &str = "description";

/// The way an attribute is used.
enum Usage<'a> {
    /// It contains one field and nothing else.
    Whole,
    /// It contains the title, followed by the ownership key in brackets.
    TitleAndKey,
    /// Each field has a line of its own; other lines were written by people.
    Lines(Vec<&'a Field>),
}

/// Reads and writes the text attributes of a mapping.
pub(super) struct SharedTexts<'a>(pub(super) &'a Mapping);

impl<'a> SharedTexts<'a> {
    fn usage(&self, code: &str) -> Usage<'a> {
        let sharing = self.0.attributes.iter().filter(|(field, own)| field.is_text() && *own == code);
        let fields: Vec<&Field> = sharing.map(|(field, _)| field).collect();
        match (self.0.key.attribute == code, &fields[..]) {
            (true, [Field::Title]) => Usage::TitleAndKey,
            (false, [_]) if code != DESCRIPTION => Usage::Whole,
            _ => Usage::Lines(fields),
        }
    }

    /// The agreement whose ownership key the key attribute contains.
    pub(super) fn mark(&self, text: &str) -> Option<AgreementId> {
        match self.usage(&self.0.key.attribute) {
            Usage::TitleAndKey => self.0.managed_by_key(&split(text, &self.0.key.prefix)?.1),
            Usage::Whole | Usage::Lines(_) => {
                text.lines().find_map(|line| self.0.managed_by_key(line.trim()))
            }
        }
    }

    /// The text in the key attribute that prevents an adoption: an attribute for the key alone may have a single line.
    pub(super) fn taken<'t>(&self, text: &'t str) -> Option<&'t str> {
        let code = &self.0.key.attribute;
        let is_alone =
            code != DESCRIPTION && matches!(self.usage(code), Usage::Lines(fields) if fields.is_empty());
        Some(text.trim()).filter(|text| is_alone && !text.is_empty())
    }

    /// The text of the key attribute without its ownership key.
    pub(super) fn without_key(&self, text: &str) -> String {
        match self.usage(&self.0.key.attribute) {
            Usage::TitleAndKey => split(text, &self.0.key.prefix).map_or(text.to_owned(), |(title, _)| title),
            Usage::Whole | Usage::Lines(_) => {
                let mut lines = Lines::of(text);
                while lines.set(|line| self.0.managed_by_key(line.trim()).is_some(), None) {}
                lines.text()
            }
        }
    }

    /// Extracts a field from a text.
    pub(super) fn read(&self, field: &Field, code: &str, text: &str) -> String {
        match self.usage(code) {
            Usage::Whole => text.to_owned(),
            Usage::TitleAndKey => split(text, &self.0.key.prefix).map_or(text.to_owned(), |(title, _)| title),
            Usage::Lines(_) => {
                let label = label(field);
                text.lines().find_map(|line| line.strip_prefix(&label)).unwrap_or_default().to_owned()
            }
        }
    }

    /// The text of an attribute with these fields and this ownership key written into it.
    pub(super) fn write(
        &self,
        code: &str,
        before: &str,
        fields: &BTreeMap<Field, Value>,
        mark: Option<&AgreementId>,
    ) -> Result<String, String> {
        let mark = mark.filter(|_| self.0.key.attribute == code).map(|id| self.0.ownership_key(id));
        match self.usage(code) {
            Usage::Whole => {
                let field =
                    self.0.attributes.iter().find(|(field, own)| *own == code && fields.contains_key(field));
                field.map_or_else(|| Ok(before.to_owned()), |(field, _)| plain(&fields[field]))
            }
            Usage::TitleAndKey => {
                let (old_title, old_mark) =
                    split(before, &self.0.key.prefix).unwrap_or_else(|| (before.to_owned(), String::new()));
                let title = fields.get(&Field::Title).map_or(Ok(old_title), one_line)?;
                let mark = mark.unwrap_or(old_mark);
                Ok(if mark.is_empty() { title } else { format!("{title} [{mark}]") })
            }
            Usage::Lines(sharing) => {
                let mut lines = Lines::of(before);
                for (field, value) in sharing.iter().filter_map(|field| Some((*field, fields.get(*field)?))) {
                    let (label, value) = (label(field), one_line(value)?);
                    let line = Some(format!("{label}{value}")).filter(|_| !value.is_empty());
                    lines.set(|line| line.starts_with(&label), line);
                }
                if let Some(mark) = mark {
                    lines.set(|line| self.0.managed_by_key(line.trim()).is_some(), Some(mark));
                }
                Ok(lines.text())
            }
        }
    }
}

/// Splits a text into title and ownership key. What people wrote behind the key belongs to the title.
fn split(text: &str, prefix: &str) -> Option<(String, String)> {
    let (title, rest) = text.rsplit_once(&format!("[{prefix}"))?;
    let (id, behind) = rest.split_once(']')?;
    let title = [title.trim_end(), behind.trim_end()].concat();
    Some((title, format!("{prefix}{id}")))
}

/// The label of a field's line: `number: `.
fn label(field: &Field) -> String {
    match field {
        Field::Attribute(name) => format!("{name}: "),
        other => format!("{other}: "),
    }
}

/// The lines of a text, each with its line ending.
struct Lines {
    lines: Vec<String>,
    /// The line ending of the text.
    ending: &'static str,
}

impl Lines {
    fn of(text: &str) -> Self {
        let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { lines: text.split_inclusive('\n').map(str::to_owned).collect(), ending }
    }

    /// Replaces or removes the first line that matches, and returns whether there was one. A new line is inserted before
    /// all others.
    fn set(&mut self, matches: impl Fn(&str) -> bool, line: Option<String>) -> bool {
        let bare = |line: &String| line.trim_end_matches(['\n', '\r']).len();
        let found = self.lines.iter().position(|own| matches(&own[..bare(own)]));
        match (found, line) {
            (Some(at), Some(line)) => {
                let end = bare(&self.lines[at]);
                self.lines[at].replace_range(..end, &line);
            }
            (Some(at), None) => drop(self.lines.remove(at)),
            (None, Some(line)) => {
                let ending = if self.lines.is_empty() { "" } else { self.ending };
                self.lines.insert(0, line + ending);
            }
            (None, None) => {}
        }
        found.is_some()
    }

    fn text(self) -> String {
        self.lines.concat()
    }
}

fn plain(value: &Value) -> Result<String, String> {
    match value {
        Value::Nothing => Ok(String::new()),
        Value::Text(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        _ => Err("the value is not a text".to_owned()),
    }
}

fn one_line(value: &Value) -> Result<String, String> {
    let text = plain(value)?;
    if text.contains(['\n', '\r']) {
        return Err("a text of several lines cannot share an attribute with other fields; map it to an attribute of its own in servanda.yaml".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use servanda::ident::AgreementId;
    use servanda::live::Value;
    use servanda::mapping::{Field, Mapping, OwnershipAttribute};

    use super::SharedTexts;

    fn mapping(key: &str) -> Mapping {
        let key = OwnershipAttribute { attribute: key.to_owned(), prefix: "sv:".to_owned() };
        let extra = Field::Attribute("cost_centre".into());
        let attributes = [
            (Field::Title, "name"),
            (Field::Number, "description"),
            (extra, "description"),
            (Field::Attribute("own".into()), "own"),
        ];
        let attributes = attributes.map(|(field, code)| (field, code.to_owned())).into();
        Mapping { key, attributes, ..Mapping::default() }
    }

    fn id(text: &str) -> AgreementId {
        AgreementId::new(text).expect("an id")
    }

    #[test]
    fn lines_of_people_are_kept() {
        let mapping = mapping("description");
        let texts = SharedTexts(&mapping);
        let number = [(Field::Number, Value::text("ДО-2026/017"))].into();
        let first = texts
            .write("description", "Signed in Perm.\r\nBy post.", &number, Some(&id("a/b")))
            .expect("written");
        assert_eq!(first, "sv:a/b\r\nnumber: ДО-2026/017\r\nSigned in Perm.\r\nBy post.");
        let other = [(Field::Number, Value::Nothing)].into();
        let second = texts.write("description", &first, &other, Some(&id("c"))).expect("written");
        assert_eq!(second, "sv:c\r\nSigned in Perm.\r\nBy post.");
        assert_eq!(texts.mark(&second), Some(id("c")));
        assert!(
            texts.write("description", "", &[(Field::Number, Value::text("a\nb"))].into(), None).is_err()
        );
    }

    /// Wherever the ownership key is, the number is one line of the description, and the other bytes are people's.
    #[test]
    fn a_description_is_kept_byte_for_byte_with_any_key_attribute() {
        let before = "Signed in Perm.\r\nnumber: 5\r\nnumber: of seats 40\n\n  call first \n";
        for key in ["description", "name", "cost_unit"] {
            let mut mapping = mapping(key);
            mapping.attributes.retain(|field, _| matches!(field, Field::Title | Field::Number));
            let texts = SharedTexts(&mapping);
            assert_eq!(texts.read(&Field::Number, "description", before), "5", "{key}");
            let number = [(Field::Number, Value::text("6"))].into();
            let written = texts.write("description", before, &number, Some(&id("a"))).expect("written");
            let own = if key == "description" { "sv:a\r\n" } else { "" };
            assert_eq!(written, own.to_owned() + &before.replace("number: 5", "number: 6"), "{key}");
            let nothing = [(Field::Number, Value::Nothing)].into();
            let removed = texts.write("description", &written, &nothing, None).expect("written");
            assert_eq!(removed, own.to_owned() + &before.replace("number: 5\r\n", ""), "{key}");
            if key == "description" {
                assert_eq!(texts.without_key(&written), before.replace("number: 5", "number: 6"));
            }
        }
    }

    #[test]
    fn an_attribute_for_the_key_alone_is_not_taken_from_people() {
        for (key, is_taken) in [("cost_unit", true), ("name", false), ("description", false)] {
            let mapping = mapping(key);
            assert_eq!(SharedTexts(&mapping).taken(" CC-17 ").is_some(), is_taken, "{key}");
            assert_eq!(SharedTexts(&mapping).taken(" "), None);
        }
    }

    #[test]
    fn text_behind_the_key_of_a_name_belongs_to_the_title() {
        let mapping = mapping("name");
        let texts = SharedTexts(&mapping);
        assert_eq!(texts.mark("Поддержка [sv:a] VIP"), Some(id("a")));
        assert_eq!(texts.read(&Field::Title, "name", "Поддержка [sv:a] VIP"), "Поддержка VIP");
    }

    #[test]
    fn a_name_may_contain_the_ownership_key() {
        let mapping = mapping("name");
        let texts = SharedTexts(&mapping);
        let title = [(Field::Title, Value::text("Поддержка [24x7]"))].into();
        let written = texts.write("name", "old [sv:a]", &title, None).expect("written");
        assert_eq!(written, "Поддержка [24x7] [sv:a]");
        assert_eq!(texts.read(&Field::Title, "name", &written), "Поддержка [24x7]");
        assert_eq!(texts.mark(&written), Some(id("a")));
        assert_eq!(texts.mark("Поддержка [24x7]"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn written_fields_are_read_back(before in "([ -~а-я]{0,9}\n){0,4}", number in "[ -~а-я]{0,20}", centre in "[ -~а-я]{0,20}") {
            let mapping = mapping("description");
            let texts = SharedTexts(&mapping);
            let centre_field = Field::Attribute("cost_centre".into());
            let fields = [(Field::Number, Value::text(&number)), (centre_field.clone(), Value::text(&centre))].into();
            let written = texts.write("description", &before, &fields, Some(&id("x"))).expect("written");
            for (field, value) in &fields {
                prop_assert_eq!(&Value::text(&texts.read(field, "description", &written)), value);
            }
            prop_assert_eq!(texts.mark(&written), Some(id("x")));
            prop_assert_eq!(&texts.write("description", &written, &fields, Some(&id("x"))).expect("written"), &written);
        }
    }
}
