//! `servanda renew`: the next document of agreements that end, made of the bytes of the old ones.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::agreement::Agreement;
use servanda::author::{self, EditRefused, EditTarget, NextPeriod, RenewalOptions};
use servanda::calendar::{Day, Lead, Term};
use servanda::document::Document;
use servanda::edit::EditedText;
use servanda::ident::file_of;
use servanda::render::encode;

use crate::cli::Global;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, say};
use crate::workspace::change_set::{EditSession, Origin, ProposedFile, WriteOptions};

const AFTER_HELP: &str = "\
Examples:
  servanda renew severny-veter-2026                        the next year, from the day after the last
  servanda renew severny-veter-2026 --number ДО-2027/003   under a new number
  servanda renew vostok-log-2026 --term 6mo                for another length of time
  servanda renew dental-2026                               all of a set that end, as one new set
  servanda renew --ending-within 60d                       all that end within 60 days
  servanda renew --ending-within 60d --as-of 2026-12-01 --dry-run

The new file is the old one with only what must be different changed: its days, `renews:`, and the number where one is
given. What happened to the old one alone is left behind: its termination, its list of activations, suspensions, former
names, what it adopted, what it was allowed.

Exit codes: 0 written, 1 not possible, 3 the files would be invalid and nothing was written.";

/// So many agreements that are passed over are named; of more, only the number.
const NAMED: usize = 10;

/// Write the agreement that follows on from one that ends
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The agreements; of a set, all that end
    #[arg(value_name = "ID", required_unless_present = "ending_within", conflicts_with = "ending_within")]
    ids: Vec<String>,
    /// All whose last day comes within so many days, and that nothing follows
    #[arg(long, value_name = "DAYS", value_parser = value_parsers::lead)]
    ending_within: Option<Lead>,
    /// Count from another day (YYYY-MM-DD) than today
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// How long the next period runs: 1y, 6mo, 90d; without it, as long as the last
    #[arg(long, value_parser = value_parsers::term)]
    term: Option<Term>,
    /// The number of the next contract; without it the number stays, since a chain may share one
    #[arg(long)]
    number: Option<String>,
    #[command(flatten)]
    writing: WriteOptions,
}

/// Renews.
pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::survey(arguments.as_of.as_deref(), global, context)?;
    let chosen = match arguments.ending_within {
        Some(lead) => ending(&session, lead, arguments.term),
        None => named(&session, &arguments.ids, arguments.term)?,
    };
    if chosen.is_empty() {
        say("Nothing is to be renewed.\n");
        return Ok(Exit::Fine);
    }
    if arguments.number.is_some() && chosen.len() > 1 {
        return Err(Failure::usage(
            "one number cannot belong to several agreements",
            "renew them one by one, or leave `--number` out",
        ));
    }
    let proposals = proposals(&session, &chosen, arguments)?;
    session.conclude(proposals, &arguments.writing, context)
}

/// An agreement that is to be renewed, and the days of the next one.
type Chosen<'a> = (EditTarget<'a>, NextPeriod);

/// The agreements of these names.
fn named<'a>(
    session: &'a EditSession,
    ids: &[String],
    term: Option<Term>,
) -> Result<Vec<Chosen<'a>>, Failure> {
    let successors = successors(session);
    let mut chosen: Vec<Chosen<'a>> = Vec::new();
    for id in ids {
        let of_set = of_set(session, id);
        if of_set.is_empty() {
            let subject = session.subject(id)?;
            if let Some(successor) = successors.get(id.as_str()) {
                return Err(Failure::new(
                    Exit::Failure,
                    "cli-failure",
                    format!("`{id}` is renewed by `{successor}` already"),
                )
                .help(format!("renew that one: `servanda renew {successor}`")));
            }
            chosen.push((subject, author::next_period(&subject, term, session.as_of.instant)?));
        } else {
            let open =
                of_set.iter().filter(|subject| !successors.contains_key(subject.agreement.id.as_str()));
            let ending =
                open.filter_map(|subject| match author::next_period(subject, term, session.as_of.instant) {
                    Ok(next) => Some((*subject, next)),
                    Err(because) => {
                        say(&format!("note: {}\n", encode::terminal(&because.message)));
                        None
                    }
                });
            chosen.extend(ending);
        }
    }
    chosen.sort_by_key(|(subject, _)| &subject.agreement.id);
    chosen.dedup_by_key(|(subject, _)| &subject.agreement.id);
    Ok(chosen)
}

/// The agreements of a set, where there is one of this name.
fn of_set<'a>(session: &'a EditSession, id: &str) -> Vec<EditTarget<'a>> {
    let within = format!("{id}/");
    let ids = session.checked.agreements.iter().map(|agreement| agreement.id.as_str());
    ids.filter(|known| known.starts_with(&within)).filter_map(|known| session.subject(known).ok()).collect()
}

/// The agreements that are renewed, each with the one that renews it.
fn successors(session: &EditSession) -> BTreeMap<&str, &str> {
    let renewing = session.checked.agreements.iter();
    renewing
        .filter_map(|agreement| Some((agreement.renews.as_ref()?.as_str(), agreement.id.as_str())))
        .collect()
}

/// All that end within so many days and that nothing follows. What is passed over for a reason is told.
fn ending(session: &EditSession, lead: Lead, term: Option<Term>) -> Vec<Chosen<'_>> {
    let successors = successors(session);
    let documents: BTreeMap<&str, &Document> =
        session.loaded.agreements.iter().map(|document| (&*document.id, document)).collect();
    let mut by_client: BTreeMap<&str, Vec<&Agreement>> = BTreeMap::new();
    for agreement in &session.checked.agreements {
        by_client.entry(agreement.client.as_str()).or_default().push(agreement);
    }
    let mut passed_over = Vec::new();
    let mut chosen = Vec::new();
    for agreement in &session.checked.agreements {
        let id = agreement.id.as_str();
        let Some(document) = documents.get(file_of(id)) else { continue };
        let subject = EditTarget { agreement, document, text: session.loaded.sources.text(document.file) };
        let today = agreement.zone.day_of(session.as_of.instant);
        let soon = |day: Day| today <= day && today.until(day).is_ok_and(|days| days.get_days() <= lead.days);
        if successors.contains_key(id) || !author::ends_on(&subject).is_some_and(soon) {
            continue;
        }
        match author::next_period(&subject, term, session.as_of.instant) {
            Err(EditRefused { message, .. }) => passed_over.push(message),
            Ok(_) if author::is_meant_to_end(&subject) => {
                passed_over.push(format!("`{id}` is to end: its `allow: W306` says so"));
            }
            Ok(next) => match by_client[agreement.client.as_str()]
                .iter()
                .find(|other| author::covers(other, agreement, next))
            {
                Some(other) => passed_over.push(format!(
                    "`{id}` is followed by `{}`, which does not name it under `renews`",
                    other.id
                )),
                None => chosen.push((subject, next)),
            },
        }
    }
    for message in passed_over.iter().take(NAMED) {
        say(&format!("note: not renewed: {}\n", encode::terminal(message)));
    }
    if passed_over.len() > NAMED {
        say(&format!("note: and {} more are not renewed\n", passed_over.len() - NAMED));
    }
    chosen
}

/// One new file for each old one.
fn proposals(
    session: &EditSession,
    chosen: &[Chosen<'_>],
    arguments: &Arguments,
) -> Result<Vec<ProposedFile>, Failure> {
    let terms = RenewalOptions { term: arguments.term, number: arguments.number.as_deref() };
    let files: Vec<&[Chosen<'_>]> =
        chosen.chunk_by(|one, other| one.0.document.file == other.0.document.file).collect();
    let mut taken: BTreeSet<String> =
        session.loaded.agreements.iter().map(|document| document.id.to_string()).collect();
    let former = session.checked.agreements.iter().flat_map(|agreement| &agreement.formerly);
    taken.extend(former.map(|id| id.as_str().to_owned()));
    let mut paths = Vec::with_capacity(files.len());
    for of_file in &files {
        let (subject, next) = &of_file[0];
        let id = author::next_id(&subject.document.id, next.first_day, |id| taken.contains(id));
        paths.push(author::next_path(&session.path_of(subject), &id));
        taken.insert(id);
    }
    let texts: Result<Vec<EditedText>, EditRefused> =
        files.par_iter().map(|of_file| author::renewal_text(of_file, terms)).collect();
    let proposals = texts?.into_iter().zip(paths).zip(files).map(|((written, path), of_file)| ProposedFile {
        path,
        from: Origin::Copy(session.path_of(&of_file[0].0)),
        text: written.text,
        root: Some(written.root),
    });
    Ok(proposals.collect())
}
