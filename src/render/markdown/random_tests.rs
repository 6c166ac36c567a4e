//! Plans of any size and risk: every comment is within its budget, the first says verdict and totals first, and together they
//! name every risk. The summary of a job, which is one text, names or counts it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Budget, Forge, comments};
use crate::cases::{every, sample_of};
use crate::envelope::GuardedPlan;
use crate::guard::AwaitingAcknowledgement;
use crate::ident::{AgreementId, ClientSlug, LiveId};
use crate::live::Value;
use crate::mapping::Field;
use crate::plan::{
    AgreementHours, Blocked, Cause, Change, ChangeSeverity, FieldChange, GuardName, Reason, Risk,
    StateChange, Verb, Weakened,
};
use crate::render::alike;
use crate::render::encode::corpus::live_in_markdown;
use crate::render::link::Links;
use crate::render::plan::{phrases, sample, summary};
use crate::render::review::{Review, RiskyChange};
use crate::status::{State, StatusReason};

/// The same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound.max(1)
    }

    fn is_one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }
}

/// A plan of up to 20,000 changes, most of them small, of which any share is risky.
fn envelope(seed: u64) -> GuardedPlan {
    let mut dice = Dice(seed);
    let most = [0, 3, 30, 300, 3_000, 20_000][usize::try_from(dice.below(6)).expect("small")];
    let number = dice.below(most + 1);
    let risky_in = [1, 2, 10, 100, 5_000][usize::try_from(dice.below(5)).expect("small")];
    let long = if dice.is_one_in(3) { "-a-name-that-goes-on-for-long" } else { "" };
    let changes: Vec<Change> = (0..number).map(|index| change(index, risky_in, long, &mut dice)).collect();
    let proposed = sample::plan(changes);
    let mut plan = proposed.clone();
    plan.totals.unchanged = usize::try_from(dice.below(20_000)).expect("small");
    let mut held = Vec::new();
    if dice.is_one_in(2) {
        let guarded: Vec<&Change> =
            proposed.changes.iter().filter(|change| !change.weakened().is_empty()).collect();
        let ids: BTreeSet<&AgreementId> = guarded.iter().map(|change| &change.id).collect();
        plan.changes.retain(|change| !ids.contains(&change.id));
        let reason = Reason::Guarded(GuardName::Weakened);
        plan.blocked.extend(ids.iter().map(|id| Blocked { id: (*id).clone(), reason: reason.clone() }));
        let count = guarded.iter().map(|change| change.weakened().len()).sum();
        if count > 0 {
            held.push(AwaitingAcknowledgement {
                helpdesk: None,
                guard: GuardName::Weakened,
                count,
                limit: 0,
                acknowledged: None,
            });
        }
    }
    let most = [1, 5, 2_000][usize::try_from(dice.below(3)).expect("small")];
    for index in 0..dice.below(most) {
        let id = AgreementId::new(&format!("blocked-{index}")).expect("an id");
        plan.blocked.push(Blocked { id, reason: Reason::Unreadable("<b>@x</b> | `y`".to_owned()) });
    }
    GuardedPlan::new(&proposed, plan, held)
}

fn change(index: u64, risky_in: u64, long: &str, dice: &mut Dice) -> Change {
    let client = format!("client-{}{long}", dice.below(400));
    let set = if dice.is_one_in(3) { format!("set-{}/", index / 40) } else { String::new() };
    let verb = [Verb::Create, Verb::Update, Verb::Update][usize::try_from(dice.below(3)).expect("small")];
    let title = "ООО «Ромашка» | @x `y` #17 <b>";
    let mut change = sample::change(
        &format!("{set}a{index}{long}"),
        verb,
        title,
        State::Active,
        StatusReason::WithinPeriod,
    );
    change.client = ClientSlug::new(&client);
    let cause = [None, Some(Cause::Edit), Some(Cause::Date), Some(Cause::Drift)]
        [usize::try_from(dice.below(4)).expect("small")];
    let text = |number: u64| Value::Text(format!("значение {number} `x` @y"));
    let fields = (0..=dice.below(4)).map(|number| FieldChange {
        field: Field::Attribute(format!("a{number}").into()),
        before: text(dice.below(9)),
        after: text(10 + number),
        cause,
    });
    change.fields = fields.collect();
    if verb == Verb::Update && dice.is_one_in(risky_in) {
        let service =
            |number: u64| Weakened::Service(LiveId::new(&format!("slmService${number}")).expect("a live id"));
        change.risks = match dice.below(4) {
            0 => vec![Risk::Deactivates],
            1 => vec![Risk::Weakens((0..=dice.below(20)).map(service).collect())],
            2 => vec![Risk::Shortens],
            _ => vec![Risk::Deactivates, Risk::Weakens(vec![Weakened::Calendar(AgreementHours::default())])],
        };
        let state = StateChange { before: Some("active".to_owned()), after: "inactive".to_owned(), cause };
        change.state = change.deactivates().then_some(state);
    }
    change
}

/// The number before a word, as in `and 17 more`.
fn number_before(text: &str, word: &str) -> Option<usize> {
    let (before, _) = text.split_once(word)?;
    before.rsplit(' ').next()?.parse().ok()
}

/// The ids of a list in which those of one set stand in braces.
fn listed(list: &str) -> Vec<String> {
    let mut set = None;
    let mut ids = Vec::new();
    for word in list.split(' ') {
        let word = match word.split_once("/{") {
            Some((name, first)) => {
                set = Some(name);
                first
            }
            None => word,
        };
        let entry = word.trim_end_matches('}');
        if !entry.is_empty() {
            ids.push(set.map_or_else(|| entry.to_owned(), |set| format!("{set}/{entry}")));
        }
        if word.ends_with('}') {
            set = None;
        }
    }
    ids
}

/// The risks that a text names: the rows of its table, and by class those of its lists, with what the list says of the
/// number of all of the class and of what it leaves to others.
#[derive(Default)]
struct Named {
    rows: Vec<String>,
    /// The number of risks that a row counts.
    counted: usize,
    in_lists: BTreeMap<String, Vec<String>>,
    left: BTreeMap<String, usize>,
}

fn named(texts: &[String]) -> Named {
    let mut named = Named::default();
    for (index, text) in texts.iter().enumerate() {
        let section = match index {
            0 => text.split_once("#### Risks (").map_or("", |(_, rest)| rest),
            _ => text,
        };
        for line in section.split("\n#### ").next().unwrap_or_default().lines() {
            let is_group = |line: &str| line.starts_with(|first: char| first.is_ascii_digit());
            if let Some(row) = line.strip_prefix("| **").filter(|row| is_group(row)) {
                named.counted += number_before(row, " agreements").expect("a number");
            } else if line.starts_with("| ") && !line.starts_with("| agreement") {
                named.rows.push(line.to_owned());
            } else if let Some((word, rest)) =
                line.strip_prefix("- **").and_then(|line| line.split_once("** ("))
            {
                let (number, _) = rest.split_once([')', ',']).expect("a number");
                let ids = named.in_lists.entry(format!("{word} {number}")).or_default();
                ids.extend(listed(line.split('`').nth(1).unwrap_or_default()));
                let left = number_before(line, " more").or_else(|| number_before(line, " are in"));
                named.left.insert(format!("{word} {number}"), left.unwrap_or(0));
            }
        }
    }
    named
}

/// A comment with everything in it has each risk beside its change, or in a group that counts it.
fn assert_whole(review: &Review<'_>, text: &str) {
    let groups = review.sections.iter().flat_map(|section| alike::split_section(section, review.words()).0);
    let grouped: BTreeSet<&AgreementId> =
        groups.flat_map(|group| group.changes.into_iter().map(|change| &change.id)).collect();
    for RiskyChange { change, .. } in &review.risky {
        let is_named = text.contains(&format!("`{}`", change.id));
        assert!(is_named || grouped.contains(&change.id), "{}", change.id);
    }
    assert!(!text.contains("`servanda show` displays"), "something is omitted");
}

/// The texts name every risk once, and in its class, or count those that are alike; where `may_count`, others are counted
/// too.
fn assert_all_risks(review: &Review<'_>, texts: &[String], may_count: bool) {
    if review.risky.is_empty() {
        return;
    }
    if !texts[0].contains(&format!("#### Risks ({})", review.risky.len())) {
        assert_eq!(texts.len(), 1);
        return assert_whole(review, &texts[0]);
    }
    let named = named(texts);
    if named.rows.len() + named.counted > 0 {
        let expected: BTreeSet<&str> = review.risky.iter().map(|risky| risky.change.id.as_str()).collect();
        let ids: BTreeSet<&str> = named
            .rows
            .iter()
            .map(|row| row.split('`').find(|part| expected.contains(part)).expect("a row has its id"))
            .collect();
        assert_eq!(ids.len() + named.counted, expected.len());
        return;
    }
    let mut classes: BTreeMap<ChangeSeverity, (&str, Vec<&str>)> = BTreeMap::new();
    for risky in &review.risky {
        let severity = risky.change.severity();
        let risk =
            risky.change.risks.iter().find(|risk| ChangeSeverity::of(risk) == severity).expect("it is risky");
        let class = classes.entry(severity).or_insert((phrases::risk_name(risk, review.words()), Vec::new()));
        class.1.push(risky.change.id.as_str());
    }
    assert_eq!(named.in_lists.len(), classes.len());
    for (word, mut ids) in classes.into_values() {
        ids.sort_unstable();
        let class = format!("{word} {}", ids.len());
        let (listed, left) = (&named.in_lists[&class], named.left[&class]);
        assert!(may_count || left == 0, "{class}: {left} are not named");
        assert_eq!(*listed, ids[..ids.len() - left], "{class}");
    }
}

fn check(seed: u64) {
    let envelope = envelope(seed);
    let review = Review::of(&envelope);
    let forges = Forge::ALL.into_iter().map(Budget::comment);
    let least = Budget::comment(Forge::GitHub).halved();
    for budget in forges.chain([Budget::summary(), least]) {
        let texts = comments(&envelope, budget, &Links::default());
        for text in &texts {
            assert!(text.len() <= budget.most(), "seed {seed}: {} bytes for {budget:?}", text.len());
        }
        assert!(texts.len() <= budget.texts, "seed {seed}: {} texts for {budget:?}", texts.len());
        let first = texts[0].as_bytes().get(..200).unwrap_or(texts[0].as_bytes());
        let first = String::from_utf8_lossy(first);
        assert!(first.contains(&summary::verdict(&review)), "seed {seed}: {first}");
        assert!(first.contains(&summary::totals(&review)), "seed {seed}: {first}");
        assert_all_risks(&review, &texts, budget == Budget::summary());
        // Of the texts that go on, one is as good as all.
        for text in texts.iter().take(2).filter(|text| text.len() <= 100_000) {
            let live = live_in_markdown(text);
            assert!(live.is_empty(), "seed {seed}: {live:?}");
        }
    }
}

#[test]
fn every_plan_fits_and_leaves_no_risk_out() {
    // `SERVANDA_FULL=1 cargo test --lib every_plan_fits` checks ten thousand.
    (0..sample_of(12, 10_000)).for_each(check);
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let plan = |seed| comments(&envelope(seed), Budget::comment(Forge::GitHub), &Links::default());
    for seed in 0..5 {
        assert_eq!(plan(seed), plan(seed));
    }
}

/// The worst there can be: twenty thousand risks, whose ids are as long as ids may be and have nothing in common.
#[test]
fn twenty_thousand_risks_of_the_longest_ids_are_all_named() {
    let risky = |index: usize| {
        let stem = format!("{index:05}{}", "x".repeat(95));
        let mut change = sample::change(
            &format!("{stem}/{stem}"),
            Verb::Update,
            "A",
            State::Active,
            StatusReason::WithinPeriod,
        );
        // No two are alike.
        let service = LiveId::new(&format!("slmService${index}")).expect("a live id");
        change.risks = vec![Risk::Weakens(vec![Weakened::Service(service)])];
        if index.is_multiple_of(2) {
            change.risks.insert(0, Risk::Deactivates);
        }
        change
    };
    let plan = sample::plan((0..20_000).map(risky).collect());
    let envelope = GuardedPlan::new(&plan.clone(), plan, Vec::new());
    let review = Review::of(&envelope);
    for budget in every(3, Forge::ALL).map(Budget::comment) {
        let texts = comments(&envelope, budget, &Links::default());
        assert!(texts.iter().all(|text| text.len() <= budget.most()));
        assert_all_risks(&review, &texts, false);
    }
}
