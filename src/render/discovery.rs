//! A proposed mapping as YAML to paste into servanda.yaml: above each line, as a comment, what speaks for it.

use crate::discovery::{DiscoveredMapping, Evidence, MappingLine, UnreadableClass, ValueShape};
use crate::render::encode;
use crate::render::vocabulary::{count, preview};

/// How far a key stands to the right of the one that it belongs to.
const INDENT: usize = 2;

/// The YAML. What the key may not read comes first, since more might be told with it.
pub fn yaml(proposal: &DiscoveredMapping) -> String {
    let mut lines = Vec::new();
    for UnreadableClass { class, said, needed } in &proposal.unread {
        let what_of_it = if *needed { "" } else { "; plans go on, and do not tell who changed what by hand" };
        let said = format!("# The key may not read `{}`: {}{what_of_it}", preview(class), preview(said));
        lines.push(encode::terminal(&said).into_owned());
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
        if let Some(why) = why(key, evidence) {
            lines.push(format!("{:indent$}# {}", "", encode::terminal(&why)));
        }
        let value = value.as_str().map_or_else(|| value.to_string().into(), encode::yaml);
        lines.push(format!("{:indent$}{key}: {value}", ""));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What speaks for a line; nothing where it was known before.
fn why(key: &str, evidence: &Evidence) -> Option<String> {
    let of = |held: usize, of: usize| format!("{held} of {of}");
    Some(match evidence {
        Evidence::Given => return None,
        Evidence::Typed { held, of: all } => format!("{} that were looked at", of(*held, *all)),
        Evidence::Holds { shape, held, of: all, usual_name } => {
            let known = if *usual_name { "" } else { "; told by its values alone, so look twice" };
            format!("{} hold {}{known}", of(*held, *all), what(shape))
        }
        Evidence::Empty { of } => format!("it has the usual name, and is empty in all of {of}"),
        Evidence::Free { taken: 0, of } => format!("empty or ours in all of {of}"),
        Evidence::Free { taken, of: all } => format!(
            "{} hold a text of somebody else; these cannot be adopted, so name another attribute if there is one",
            of(*taken, *all)
        ),
        Evidence::Spans { whole, of: all } => {
            format!("read so, {} spans are whole months", of(*whole, *all))
        }
        Evidence::Times { time, of } => format!("always {}, in {of}", preview(time)),
        Evidence::Named { seen, of: all } => format!("{} in this state", of(*seen, *all)),
        Evidence::Dated { fits, of: all } => {
            format!("the days of {} in this state say so; look twice", of(*fits, *all))
        }
        Evidence::Linked { held, of: all } => format!(
            "{} units list their agreements; writes are known to be taken here, and reading cannot tell whether the agreement takes them",
            of(*held, *all)
        ),
        Evidence::Understood { asked } => format!("asked for {}, it was understood", preview(asked)),
        Evidence::Clock { newest, minutes } => clock(newest, *minutes),
        Evidence::Shared { held, of: all } => {
            format!("{} hold words of others, which stay beside our line", of(*held, *all))
        }
        Evidence::OwnLine => "no attribute is called so: it has a line of its own in this one".to_owned(),
        Evidence::Provides { title, held, of: all, contracts, known } => {
            let what = if *contracts { "contracts" } else { "services" };
            let unknown = if *known {
                ""
            } else {
                "; catalog.yaml has no such provider yet, and `servanda catalog pull` writes it"
            };
            format!("{} stands behind {} {what}{unknown}", preview(title), of(*held, *all))
        }
        Evidence::StillOffered { held, of: all } => format!(
            "the portal offers what there are rows for: {} that are not active still have theirs",
            of(*held, *all)
        ),
        Evidence::Rated { of: 0, .. } => "there is no SLT yet; 1 is the highest".to_owned(),
        Evidence::Rated { held, of: all } => format!("{} SLTs are about it", of(*held, *all)),
        Evidence::Unreadable { class } => {
            format!("without reading `{}` no targets can be held", preview(class))
        }
        Evidence::Usual => format!("nothing seen tells the {}: this is usual", key.replace('_', " ")),
        Evidence::NothingToSee => {
            "there was nothing to look at: make one by hand with all its attributes, and look again"
                .to_owned()
        }
    })
}

fn clock(newest: &str, minutes: i64) -> String {
    let newest = preview(newest);
    if minutes > 0 {
        let ahead = count(usize::try_from(minutes / 60).unwrap_or_default(), "hour", "hours");
        return format!(
            "that of this repository. The newest time is {newest}, ahead of UTC: the zone is at least {ahead} ahead"
        );
    }
    format!("that of this repository. The newest time is {newest}, which no zone contradicts")
}

fn what(shape: &ValueShape) -> String {
    match shape {
        ValueShape::Text => "a text".to_owned(),
        ValueShape::Day(None) => "a day".to_owned(),
        ValueShape::Day(Some(time)) => format!("a day, always {}", preview(time)),
        ValueShape::Reference(class) => format!("one `{class}`"),
        ValueShape::Set(class) => format!("a set of `{class}`"),
        ValueShape::Interval => "a length of time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::yaml;
    use crate::discovery::{DiscoveredMapping, Evidence, MappingLine, UnreadableClass};
    use crate::render::encode::corpus::{HOSTILE, is_clean};

    #[test]
    fn lines_are_nested_and_each_says_why() {
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
                line(&["dates", "form"], "date", Evidence::Usual),
                MappingLine {
                    path: vec!["sla_rules", "priorities", "high"],
                    value: 2.into(),
                    evidence: Evidence::Rated { held: 3, of: 9 },
                },
            ],
            unread: vec![UnreadableClass {
                class: "employee".to_owned(),
                said: "403".to_owned(),
                needed: true,
            }],
        };
        insta::assert_snapshot!(yaml(&proposal), @r"
        # The key may not read `employee`: 403
        helpdesk:
          kind: itsm365
          agreement:
            # 39 of 40 that were looked at
            class: agreement$agreement
            key:
              # empty or ours in all of 39
              attribute: inventoryNumber
          dates:
            # nothing seen tells the form: this is usual
            form: date
          sla_rules:
            priorities:
              # 3 of 9 SLTs are about it
              high: 2
        ");
    }

    #[test]
    fn nothing_hostile_leaves_its_line() {
        for text in HOSTILE {
            let evidence = Evidence::Times { time: (*text).to_owned(), of: 1 };
            let lines = vec![MappingLine { path: vec!["class"], value: (*text).into(), evidence }];
            let unread =
                vec![UnreadableClass { class: (*text).to_owned(), said: (*text).to_owned(), needed: true }];
            let written = yaml(&DiscoveredMapping { lines, unread });
            assert!(is_clean(&written), "{written}");
            assert_eq!(written.lines().count(), 4, "{written}");
        }
    }
}
