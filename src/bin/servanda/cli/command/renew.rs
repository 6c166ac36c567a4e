//! `servanda renew`: writes the successors of agreements that end, as edited copies of their files.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};
use servanda::agreement::Agreement;
use servanda::author::{self, EditRefused, EditTarget, Ending, NextPeriod, RenewalOptions};
use servanda::calendar::{Lead, Term};
use servanda::check::CheckedRepository;
use servanda::document::Document;
use servanda::edit::EditedText;
use servanda::ident::file_of;
use servanda::render::encode;
use servanda::selection::{AgreementSelection, NamedSide};

use crate::cli::options::{SelectionOptions, WriteOptions};
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::inform;
use crate::workspace::change_set::{EditSession, Origin, ProposedFile};
use crate::workspace::helpdesks::refuse_unknown;

const AFTER_HELP: &str = "\
Examples:
  servanda renew severny-veter-2026      for a period of the same length
  servanda renew severny-veter-2026 --number ДО-2027/003
                                         under a new number
  servanda renew vostok-log-2026 --term 6mo
                                         for another length of time
  servanda renew dental-2026             the agreements of a set, as a new set
  servanda renew --ending-within 60d     all that end within 60 days
  servanda renew --ending-within 60d --client severny-veter
  servanda renew --ending-within 60d --as-of 2026-12-01 --dry-run

The new file is a copy of the old one with new days, `renews:` and, if given, a new number. It omits what belongs to the \
old agreement only: termination, activations, suspensions, `formerly`, `adopts` and `allow`.

Exit codes: 0 written, 1 refused, 3 the files would be invalid, and nothing was written.";

/// The number of skipped agreements up to which each is shown; of more, only the number is.
const SHOWN: usize = 10;

/// Write the successor of an agreement that ends
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The agreements; of a set, those that end
    #[arg(
        value_name = "ID",
        required_unless_present = "ending_within",
        conflicts_with_all = SelectionOptions::IDS
    )]
    ids: Vec<String>,
    #[command(flatten)]
    selection: SelectionOptions,
    /// Count from another day (YYYY-MM-DD) than today
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// The length of the next period: 1y, 6mo, 90d; without it, that of the last one
    #[arg(long, value_parser = value_parsers::term)]
    term: Option<Term>,
    /// The number of the next contract; without it, the number stays
    #[arg(long)]
    number: Option<String>,
    #[command(flatten)]
    write: WriteOptions,
}

/// Writes the successors.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let session = EditSession::open(arguments.as_of.as_deref(), context)?;
    let CheckedRepository { settings, catalog, agreements, .. } = &session.checked;
    let side = NamedSide { catalog, agreements: Some(agreements) };
    refuse_unknown(settings, &[side], false, &arguments.selection.selection())?;
    let chosen = match arguments.selection.ending_within {
        Some(lead) => ending(&session, lead, arguments),
        None => named(&session, &arguments.ids, arguments.term)?,
    };
    if chosen.is_empty() {
        inform("Nothing is to be renewed.\n");
        return Ok(Exit::Fine);
    }
    if arguments.number.is_some() && chosen.len() > 1 {
        return Err(Failure::usage(
            "`--number` cannot be used for several agreements",
            "renew them one by one, or omit `--number`",
        ));
    }
    let proposals = proposals(&session, &chosen, arguments)?;
    session.commit(proposals, arguments.write.mode(), context)
}

/// An agreement to renew, and the period of its successor.
type Chosen<'a> = (EditTarget<'a>, NextPeriod);

/// The agreements of these ids.
fn named<'a>(
    session: &'a EditSession,
    ids: &[String],
    term: Option<Term>,
) -> Result<Vec<Chosen<'a>>, Failure> {
    let successors = author::successors(&session.checked.agreements);
    let mut chosen: Vec<Chosen<'a>> = Vec::new();
    for id in ids {
        let of_set = of_set(session, id);
        if of_set.is_empty() {
            let subject = session.subject(id)?;
            if let Some(successor) = successors.get(id.as_str()) {
                let message = format!("`{id}` is renewed by `{successor}` already");
                return Err(Failure::new(Exit::Failure, "already-renewed", message)
                    .help(format!("renew that one: `servanda renew {successor}`")));
            }
            chosen.push((subject, author::next_period(subject.agreement, term, session.as_of.instant)?));
        } else {
            let open =
                of_set.iter().filter(|subject| !successors.contains_key(subject.agreement.id.as_str()));
            let renewable = open.filter_map(|subject| {
                match author::next_period(subject.agreement, term, session.as_of.instant) {
                    Ok(next) => Some((*subject, next)),
                    Err(refused) => {
                        inform(&format!("note: {}\n", encode::terminal(&refused.message)));
                        None
                    }
                }
            });
            chosen.extend(renewable);
        }
    }
    chosen.sort_by_key(|(subject, _)| &subject.agreement.id);
    chosen.dedup_by_key(|(subject, _)| &subject.agreement.id);
    Ok(chosen)
}

/// The agreements of the set of this id; empty if there is none.
fn of_set<'a>(session: &'a EditSession, id: &str) -> Vec<EditTarget<'a>> {
    let within = format!("{id}/");
    let ids = session.checked.agreements.iter().map(|agreement| agreement.id.as_str());
    ids.filter(|known| known.starts_with(&within)).filter_map(|known| session.subject(known).ok()).collect()
}

/// The agreements that end soon and have no successor. Notes why others are skipped.
fn ending<'a>(session: &'a EditSession, lead: Lead, arguments: &Arguments) -> Vec<Chosen<'a>> {
    let documents: BTreeMap<&str, &Document> =
        session.loaded.agreements.iter().map(|document| (&*document.id, document)).collect();
    let (term, at) = (arguments.term, session.as_of.instant);
    // The end is decided below, by the rule of renewals.
    let selection = AgreementSelection { ending_within: None, ..arguments.selection.selection() };
    let subject = |agreement: &'a Agreement| {
        if !selection.selects(agreement, at) {
            return None;
        }
        let document = *documents.get(file_of(agreement.id.as_str()))?;
        Some(EditTarget { agreement, document, text: session.loaded.sources.text(document.file) })
    };
    let is_meant_to_end =
        |subject: &EditTarget<'_>| author::is_meant_to_end(subject.document, &subject.agreement.id);
    let agreements = &session.checked.agreements;
    let Ending { renewable, skipped } =
        author::ending_within(agreements, subject, is_meant_to_end, lead, term, at);
    for reason in skipped.iter().take(SHOWN) {
        inform(&format!("note: not renewed: {}\n", encode::terminal(&reason.message)));
    }
    if skipped.len() > SHOWN {
        inform(&format!("note: {} more are not renewed\n", skipped.len() - SHOWN));
    }
    renewable
}

/// Proposes a new file for each old one.
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
