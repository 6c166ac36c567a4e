//! The lines of a snapshot: the format first, then each part of the state on a line of its own, then an end.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::bufread::GzDecoder;
use serde::{Deserialize, Serialize};
use servanda::bridge::Description;
use servanda::calendar::Instant;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Directory, Live, LiveAgreement, Observed, SharedParts};
use servanda::plan::{AppliedAgreement, HistoryEvent, LastApplied};
use sha2::{Digest as _, Sha256};

/// The version of the format. A reader refuses any other.
const FORMAT: u32 = 1;
/// The largest text of a snapshot, in bytes: four times that of 100,000 agreements.
const LIMIT: u64 = 1024 * 1024 * 1024;
/// The longest line, in bytes: the directory of a helpdesk with some hundred thousand objects.
pub(super) const LINE_LIMIT: u64 = 64 * 1024 * 1024;
/// The first bytes of a compressed file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The state of a helpdesk at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The live state.
    pub(crate) live: Live,
    /// The last-applied state.
    pub(crate) last_applied: Option<LastApplied>,
    /// The history of agreements that changed since the last apply.
    pub(crate) history: Vec<HistoryEvent>,
    /// The description of an adapter, since a plan depends on what it stores.
    pub(crate) adapter: Option<Description>,
}

/// The reason why a file is no snapshot of this format.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) why: String,
}

/// A line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Snapshot { format: u32 },
    Directory(Cow<'a, Directory>),
    Unmanaged(usize),
    SameOwnershipKey(Cow<'a, AgreementId>, Cow<'a, [LiveId]>),
    Agreement(Cow<'a, AgreementId>, Cow<'a, Observed<LiveAgreement>>),
    Adoptable(Cow<'a, LiveId>, Cow<'a, Observed<LiveAgreement>>),
    LastApplied { format: u32, commit: Option<Cow<'a, str>> },
    Applied(Cow<'a, AgreementId>, Cow<'a, AppliedAgreement>),
    Event(Cow<'a, HistoryEvent>),
    Adapter(Cow<'a, Description>),
    End,
}

/// Writes all lines.
pub(super) fn write(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    each_line(snapshot, |line| {
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    })
}

/// The digest of the state without the instants of the last apply.
pub(super) fn digest_but_for_instants(snapshot: &Snapshot) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let hash = |line: Line<'_>| -> io::Result<()> {
        let line = match line {
            Line::Applied(id, applied) => {
                let applied = AppliedAgreement { as_of: Instant::UNIX_EPOCH, ..applied.into_owned() };
                Line::Applied(id, Cow::Owned(applied))
            }
            line => line,
        };
        hasher.update(serde_json::to_vec(&line)?);
        Ok(())
    };
    each_line(snapshot, hash).expect("a snapshot is JSON");
    hasher.finalize().into()
}

fn each_line(snapshot: &Snapshot, mut take: impl FnMut(Line<'_>) -> io::Result<()>) -> io::Result<()> {
    let Snapshot { live, last_applied, history, adapter } = snapshot;
    take(Line::Snapshot { format: FORMAT })?;
    take(Line::Directory(Cow::Borrowed(&live.directory)))?;
    take(Line::Unmanaged(live.unmanaged))?;
    for (id, objects) in &live.same_ownership_key {
        take(Line::SameOwnershipKey(Cow::Borrowed(id), Cow::Borrowed(objects)))?;
    }
    for (id, observed) in &live.agreements {
        take(Line::Agreement(Cow::Borrowed(id), Cow::Borrowed(observed)))?;
    }
    for (object, observed) in &live.adoptable {
        take(Line::Adoptable(Cow::Borrowed(object), Cow::Borrowed(observed)))?;
    }
    if let Some(LastApplied { format, commit, agreements }) = last_applied {
        take(Line::LastApplied { format: *format, commit: commit.as_deref().map(Cow::Borrowed) })?;
        for (id, applied) in agreements {
            take(Line::Applied(Cow::Borrowed(id), Cow::Borrowed(applied)))?;
        }
    }
    for event in history {
        take(Line::Event(Cow::Borrowed(event)))?;
    }
    if let Some(adapter) = adapter {
        take(Line::Adapter(Cow::Borrowed(adapter)))?;
    }
    take(Line::End)
}

/// Reads a file, compressed or not.
pub(super) fn read(bytes: &[u8], line_limit: u64) -> Result<Snapshot, Refused> {
    if is_compressed(bytes) {
        read_lines(BufReader::with_capacity(1 << 16, GzDecoder::new(bytes).take(LIMIT)), line_limit)
    } else {
        read_lines(bytes, line_limit)
    }
}

/// Whether these are the bytes of a compressed file.
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP)
}

fn read_lines(mut text: impl BufRead, line_limit: u64) -> Result<Snapshot, Refused> {
    let invalid = |why: String| Refused { code: "snapshot-invalid", why };
    let (mut snapshot, shared) = (Snapshot::default(), SharedParts::default());
    let (mut buffer, mut number) = (Vec::new(), 0);
    loop {
        buffer.clear();
        number += 1;
        let read = text.by_ref().take(line_limit).read_until(b'\n', &mut buffer);
        read.map_err(|error| invalid(error.to_string()))?;
        if buffer.last() != Some(&b'\n') {
            return Err(invalid("it is not complete".to_owned()));
        }
        let line: Line<'_> =
            serde_json::from_slice(&buffer).map_err(|error| invalid(format!("line {number}: {error}")))?;
        match line {
            Line::Snapshot { format } if format != FORMAT => {
                let why = format!("its format is {format}, and this version of Servanda reads {FORMAT}");
                return Err(Refused { code: "snapshot-format", why });
            }
            Line::Snapshot { .. } if number == 1 => {}
            // Reading to the end also compares the checksum of a compressed file.
            Line::End if number > 1 => match text.fill_buf() {
                Ok([]) => return Ok(snapshot),
                Ok(_) => return Err(invalid("something follows its end".to_owned())),
                Err(error) => return Err(invalid(error.to_string())),
            },
            line if number > 1 => {
                snapshot.add(line, &shared).map_err(|why| invalid(format!("line {number}: {why}")))?;
            }
            _ => return Err(invalid("it does not begin with its format".to_owned())),
        }
    }
}

impl Snapshot {
    fn add(&mut self, line: Line<'_>, shared: &SharedParts) -> Result<(), &'static str> {
        let live = &mut self.live;
        match line {
            Line::Directory(directory) => live.directory = directory.into_owned(),
            Line::Unmanaged(count) => live.unmanaged = count,
            Line::SameOwnershipKey(id, objects) => {
                live.same_ownership_key.insert(id.into_owned(), objects.into_owned());
            }
            Line::Agreement(id, observed) => {
                let mut observed = observed.into_owned();
                shared.hold_once(&mut observed);
                live.agreements.insert(id.into_owned(), observed);
            }
            Line::Adoptable(object, observed) => {
                live.adoptable.insert(object.into_owned(), observed.into_owned());
            }
            Line::LastApplied { format, commit } => {
                let commit = commit.map(Cow::into_owned);
                self.last_applied = Some(LastApplied { format, commit, ..LastApplied::default() });
            }
            Line::Applied(id, applied) => {
                let state = self.last_applied.as_mut().ok_or("an agreement of no last apply")?;
                state.agreements.insert(id.into_owned(), applied.into_owned());
            }
            Line::Event(event) => self.history.push(event.into_owned()),
            Line::Adapter(adapter) => self.adapter = Some(adapter.into_owned()),
            Line::Snapshot { .. } | Line::End => return Err("a second beginning"),
        }
        Ok(())
    }
}
