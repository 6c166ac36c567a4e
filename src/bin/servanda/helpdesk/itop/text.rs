//! Text attributes that several fields share: ownership key and number in a description, title and ownership
//! key in a name.
//!
//! Other text in the attribute is kept. Pure functions.

use std::collections::BTreeMap;

use servanda::ident::AgreementId;
use servanda::live::Value;
use servanda::mapping::{Field, Mapping};

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
    /// Whether the field is a text, or a part of one.
    pub(super) const fn is_text(field: &Field) -> bool {
        matches!(field, Field::Title | Field::Number | Field::Attribute(_))
    }

    fn usage(&self, code: &str) -> Usage<'a> {
        let sharing = self.0.attributes.iter().filter(|(field, own)| Self::is_text(field) && *own == code);
        let fields: Vec<&Field> = sharing.map(|(field, _)| field).collect();
        match (self.0.key.attribute == code, &fields[..]) {
            (false, [_]) => Usage::Whole,
            (true, [Field::Title]) => Usage::TitleAndKey,
            _ => Usage::Lines(fields),
        }
    }

    /// The agreement whose ownership key the key attribute contains.
    pub(super) fn mark(&self, text: &str) -> Option<AgreementId> {
        match self.usage(&self.0.key.attribute) {
            Usage::TitleAndKey => self.0.managed_by_key(split(text, &self.0.key.prefix)?.1),
            Usage::Whole | Usage::Lines(_) => {
                text.lines().find_map(|line| self.0.managed_by_key(line.trim()))
            }
        }
    }

    /// The text of the key attribute without its ownership key.
    pub(super) fn without_key(&self, text: &str) -> String {
        match self.usage(&self.0.key.attribute) {
            Usage::TitleAndKey => split(text, &self.0.key.prefix).map_or(text, |(title, _)| title).to_owned(),
            Usage::Whole | Usage::Lines(_) => {
                let others = text.lines().filter(|line| self.0.managed_by_key(line.trim()).is_none());
                others.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// Extracts a field from a text.
    pub(super) fn read<'t>(&self, field: &Field, code: &str, text: &'t str) -> &'t str {
        match self.usage(code) {
            Usage::Whole => text,
            Usage::TitleAndKey => split(text, &self.0.key.prefix).map_or(text, |(title, _)| title),
            Usage::Lines(_) => {
                let label = label(field);
                text.lines().find_map(|line| line.strip_prefix(&label)).unwrap_or_default()
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
                let (old_title, old_mark) = split(before, &self.0.key.prefix).unwrap_or((before, ""));
                let title = fields.get(&Field::Title).map_or_else(|| Ok(old_title.to_owned()), one_line)?;
                let mark = mark.as_deref().unwrap_or(old_mark);
                Ok(if mark.is_empty() { title } else { format!("{title} [{mark}]") })
            }
            Usage::Lines(sharing) => {
                let old_lines = before.split('\n').map(|line| line.trim_end_matches('\r').to_owned());
                let mut lines: Vec<String> = if before.is_empty() { Vec::new() } else { old_lines.collect() };
                for (field, value) in sharing.iter().filter_map(|field| Some((*field, fields.get(*field)?))) {
                    let (label, value) = (label(field), one_line(value)?);
                    let line = Some(format!("{label}{value}")).filter(|_| !value.is_empty());
                    set_line(&mut lines, |line| line.starts_with(&label), line);
                }
                if let Some(mark) = mark {
                    set_line(&mut lines, |line| self.0.managed_by_key(line.trim()).is_some(), Some(mark));
                }
                Ok(lines.join("\n"))
            }
        }
    }
}

/// Splits a text into title and ownership key.
fn split<'t>(text: &'t str, prefix: &str) -> Option<(&'t str, &'t str)> {
    let (title, mark) = text.trim_end().strip_suffix(']')?.rsplit_once('[')?;
    mark.starts_with(prefix).then_some((title.trim_end(), mark))
}

/// The label of a field's line: `number: `.
fn label(field: &Field) -> String {
    match field {
        Field::Attribute(name) => format!("{name}: "),
        other => format!("{other}: "),
    }
}

/// Replaces or removes the line that matches; a new line is inserted before all others.
fn set_line(lines: &mut Vec<String>, matches: impl Fn(&str) -> bool, line: Option<String>) {
    let at = lines.iter().position(|line| matches(line));
    lines.retain(|line| !matches(line));
    if let Some(line) = line {
        lines.insert(at.unwrap_or_default(), line);
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
        assert_eq!(first, "sv:a/b\nnumber: ДО-2026/017\nSigned in Perm.\nBy post.");
        let other = [(Field::Number, Value::Nothing)].into();
        let second = texts.write("description", &first, &other, Some(&id("c"))).expect("written");
        assert_eq!(second, "sv:c\nSigned in Perm.\nBy post.");
        assert_eq!(texts.mark(&second), Some(id("c")));
        assert!(
            texts.write("description", "", &[(Field::Number, Value::text("a\nb"))].into(), None).is_err()
        );
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
                prop_assert_eq!(&Value::text(texts.read(field, "description", &written)), value);
            }
            prop_assert_eq!(texts.mark(&written), Some(id("x")));
            prop_assert_eq!(&texts.write("description", &written, &fields, Some(&id("x"))).expect("written"), &written);
        }
    }
}
