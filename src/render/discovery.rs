//! The discovered mapping as YAML to paste into servanda.yaml, with the evidence for each line as a comment above it.

use crate::discovery::{DiscoveredMapping, Evidence, MappingLine, UnreadableClass, ValueShape};
use crate::mapping::Field;
use crate::render::encode;
use crate::render::vocabulary::preview;

/// The indentation of one level.
const INDENT: usize = 2;

/// Renders the YAML. Classes that cannot be read come first, since they may explain what is missing.
pub fn yaml(proposal: &DiscoveredMapping) -> String {
    let mut lines = Vec::new();
    for UnreadableClass { class, error, needed } in &proposal.unread {
        let consequence =
            if *needed { "" } else { "; plans work without it, but do not show who made manual changes" };
        let comment = format!("# cannot read `{}`: {}{consequence}", preview(class), preview(error));
        lines.push(encode::terminal(&comment).into_owned());
    }
    for field in &proposal.missing {
        let need = if *field == Field::Title { "; the helpdesk creates no agreement without it" } else { "" };
        lines.push(format!(
            "# no attribute found for `{field}`{need}: add it under `attributes` if there is one"
        ));
    }
    lines.push("helpdesk:".to_owned());
    let mut open: Vec<&str> = Vec::new();
    for MappingLine { path, value, evidence } in &proposal.lines {
        let Some((key, above)) = path.split_last() else {
            continue;
        };
        let common = open.iter().zip(above).take_while(|(one, other)| one == other).count();
        open.truncate(common);
        for key in &above[common..] {
            open.push(key);
            let indent = INDENT * open.len();
            lines.push(format!("{:indent$}{key}:", ""));
        }
        let indent = INDENT * path.len();
        if let Some(words) = evidence_in_words(key, evidence) {
            lines.push(format!("{:indent$}# {}", "", encode::terminal(&words)));
        }
        let value = value.as_str().map_or_else(|| value.to_string().into(), encode::yaml);
        lines.push(format!("{:indent$}{key}: {value}", ""));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The evidence for a line in words; `None` for configured values.
fn evidence_in_words(key: &str, evidence: &Evidence) -> Option<String> {
    let of = |held: usize, of: usize| format!("{held} of {of}");
    Some(match evidence {
        Evidence::Given => return None,
        Evidence::Typed { held, of: all } => format!("{} sampled objects", of(*held, *all)),
        Evidence::Holds { shape, held, of: all, usual_name, outliers } => {
            let known = if *usual_name { "" } else { "; found by its values only, please check" };
            let odd = outliers_in_words(outliers);
            format!("{} contain {}{odd}{known}", of(*held, *all), shape_in_words(shape))
        }
        Evidence::Empty { of } => format!("well-known name; empty in all {of}"),
        Evidence::Free { taken: 0, of } => format!("empty or an ownership key in all {of}"),
        Evidence::Free { taken, of: all } => format!(
            "{} contain other text, so these cannot be adopted; use another attribute if there is one",
            of(*taken, *all)
        ),
        Evidence::Spans { whole, of: all } => {
            format!("{} periods are whole months if it is read this way", of(*whole, *all))
        }
        Evidence::Times { time, held, of } if held == of => format!("always {}, in all {of}", preview(time)),
        Evidence::Times { time, held, of: all } => format!("{}, in {}", preview(time), of(*held, *all)),
        Evidence::Named { seen, of: all } => format!("{} in this state", of(*seen, *all)),
        Evidence::Dated { fits, of: all } => {
            format!("the periods of {} in this state fit; please check", of(*fits, *all))
        }
        Evidence::Linked { held, of: all } => format!(
            "{} units have links to agreements; writing them here is known to work, and whether writing them on the agreement works cannot be read",
            of(*held, *all)
        ),
        Evidence::Understood { value } => format!("a search for {} found the object", preview(value)),
        Evidence::Clock { newest, minutes } => clock(newest, *minutes),
        Evidence::Shared { held, of: all } => {
            format!("{} contain other text, which is kept beside the ownership key", of(*held, *all))
        }
        Evidence::OwnLine => "no attribute of that name; stored as a line of this one".to_owned(),
        Evidence::Provides { title, held, of: all, contracts, known } => {
            let objects = if *contracts { "contracts" } else { "services" };
            let unknown =
                if *known { "" } else { "; not yet in catalog.yaml, `servanda catalog pull` adds it" };
            format!("{} is the provider of {} {objects}{unknown}", preview(title), of(*held, *all))
        }
        Evidence::StillOffered { held, of: all } => format!(
            "the portal shows every service of a contract: {} inactive contracts still have services",
            of(*held, *all)
        ),
        Evidence::Rated { of: 0, .. } => "no SLT yet; 1 is the highest priority".to_owned(),
        Evidence::Rated { held, of: all } => format!("{} SLTs have this priority", of(*held, *all)),
        Evidence::Unreadable { class } => {
            format!("targets need read access to `{}`", preview(class))
        }
        Evidence::Default => format!("default; no evidence for the {}", key.replace('_', " ")),
        Evidence::NoObjects => {
            "no object to sample: create one by hand with all its attributes, and run this again".to_owned()
        }
    })
}

fn clock(newest: &str, minutes: i64) -> String {
    let newest = preview(newest);
    if minutes > 0 {
        let ahead = minutes / 60;
        return format!(
            "the time zone of this repository; the newest time, {newest}, is ahead of UTC, so the zone is at least UTC+{ahead}"
        );
    }
    format!("the time zone of this repository; the newest time, {newest}, fits every zone")
}

/// The first objects whose value is of another kind.
fn outliers_in_words(outliers: &[String]) -> String {
    const SHOWN: usize = 3;

    let shown: Vec<String> = outliers.iter().take(SHOWN).map(|id| preview(id)).collect();
    match outliers.len() {
        0 => String::new(),
        count if count > SHOWN => format!("; not {} and {} more", shown.join(", "), count - SHOWN),
        _ => format!("; not {}", shown.join(", ")),
    }
}

fn shape_in_words(shape: &ValueShape) -> String {
    match shape {
        ValueShape::Text => "text".to_owned(),
        ValueShape::Day(None) => "a day".to_owned(),
        ValueShape::Day(Some(time)) => format!("a day, always {}", preview(time)),
        ValueShape::Reference(class) => format!("a reference to `{class}`"),
        ValueShape::Set(class) => format!("references to `{class}`"),
        ValueShape::Interval => "a duration".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::yaml;
    use crate::discovery::{DiscoveredMapping, Evidence, MappingLine, UnreadableClass};
    use crate::mapping::Field;
    use crate::render::encode::corpus::{HOSTILE, is_clean};

    #[test]
    fn lines_are_nested_and_have_their_evidence() {
        let line = |path: &[&'static str], value: &str, evidence| MappingLine {
            path: path.to_vec(),
            value: value.into(),
            evidence,
        };
        let proposal = DiscoveredMapping {
            lines: vec![
                line(&["kind"], "itsm365", Evidence::Given),
                line(&["agreement", "class"], "agreement$agreement", Evidence::Typed { held: 39, of: 40 }),
                line(
                    &["agreement", "key", "attribute"],
                    "inventoryNumber",
                    Evidence::Free { taken: 0, of: 39 },
                ),
                line(&["dates", "form"], "date", Evidence::Default),
                MappingLine {
                    path: vec!["sla_rules", "priorities", "high"],
                    value: 2.into(),
                    evidence: Evidence::Rated { held: 3, of: 9 },
                },
            ],
            unread: vec![UnreadableClass {
                class: "employee".to_owned(),
                error: "403".to_owned(),
                needed: true,
            }],
            missing: vec![Field::Title],
        };
        insta::assert_snapshot!(yaml(&proposal), @r"
        # cannot read `employee`: 403
        # no attribute found for `title`; the helpdesk creates no agreement without it: add it under `attributes` if there is one
        helpdesk:
          kind: itsm365
          agreement:
            # 39 of 40 sampled objects
            class: agreement$agreement
            key:
              # empty or an ownership key in all 39
              attribute: inventoryNumber
          dates:
            # default; no evidence for the form
            form: date
          sla_rules:
            priorities:
              # 3 of 9 SLTs have this priority
              high: 2
        ");
    }

    #[test]
    fn nothing_hostile_leaves_its_line() {
        for text in HOSTILE {
            let evidence = Evidence::Times { time: (*text).to_owned(), held: 1, of: 1 };
            let lines = vec![MappingLine { path: vec!["class"], value: (*text).into(), evidence }];
            let unread =
                vec![UnreadableClass { class: (*text).to_owned(), error: (*text).to_owned(), needed: true }];
            let written = yaml(&DiscoveredMapping { lines, unread, missing: Vec::new() });
            assert!(is_clean(&written), "{written}");
            assert_eq!(written.lines().count(), 4, "{written}");
        }
    }
}
