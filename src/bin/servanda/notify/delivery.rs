//! Notices that are due go out: the protocol of the core, driven over the ledger and the channels that there are.
//!
//! Before any of it the ledger has to be one that can be trusted: begun, whole, and hidden with the same secret.
//! An empty one knows of nothing that was sent, so that it is no leave to send it all again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use servanda::agreement::Agreement;
use servanda::calendar::Instant;
use servanda::envelope::GuardedPlan;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{LiveAgreement, Observed};
use servanda::mapping::Deactivation;
use servanda::notice::delivery::{Delivery, Effect, Message, Reply, Report, may_submit, messages};
use servanda::notice::due::beginning;
use servanda::notice::{Address, Channel, Due, Fact, Memory, Setting, due};
use servanda::plan::Cause;
use servanda::render::message::{Letter, Texts};
use servanda::settings::{LedgerPlace, LedgerWitness};
use sha2::Sha256;

use crate::helpdesk::connect::Connection;
use crate::helpdesk::{Reader, Writer};
use crate::ledger::records::Begun;
use crate::ledger::{AnyLedger, ChecksumError, Checksummed, LedgerError, Records};
use crate::notify::channels::{Channels, Prepared};
use crate::notify::helpdesk_comment::HelpdeskComment;
use crate::process::context::{Context, clock};
use crate::process::failure::{Exit, Failure, print_message};
use crate::process::shutdown::Stop;
use crate::workspace::files;
use crate::workspace::load::Workspace;
use servanda::planner::Sides;

/// The memory that notices need.
pub(crate) type Memories = Records<Checksummed<AnyLedger>>;

/// How many messages a run may send that no date alone made due, unless their number is acknowledged: this many,
/// or this share of the agreements.
const BRAKE: usize = 50;
const BRAKE_PERCENT: usize = 20;
/// How long a message that is being submitted may go on once somebody asked to stop.
const GRACE: Duration = Duration::from_secs(3);
/// What addresses are hidden with in a file that nobody else reads.
const OWN_SECRET: &str = "servanda";

/// Everything that notices of one run are made of.
pub(crate) struct Dispatcher<'a> {
    workspace: &'a Workspace,
    channels: &'a Channels,
    texts: Texts,
    secret: SecretString,
    at: Instant,
    /// What the machine's clock said at that instant.
    began: Instant,
    facts: BTreeMap<AgreementId, Fact>,
    edited: BTreeSet<AgreementId>,
    addresses: BTreeMap<LiveId, String>,
    /// The agreements in the helpdesk, by every name that they have had.
    objects: BTreeMap<AgreementId, LiveId>,
    /// The number of messages that somebody acknowledged.
    acknowledged: Option<usize>,
}

/// The people of the helpdesk who may have to be told.
pub(crate) fn people(workspace: &Workspace) -> BTreeSet<LiveId> {
    let catalog = &workspace.catalog;
    let own = workspace.agreements.iter().flat_map(|agreement| agreement.contacts.values());
    let contacts = catalog.clients.values().flat_map(|client| client.contacts.values()).chain(own);
    let contacts = contacts.filter_map(|contact| match contact {
        servanda::catalog::Contact::Person(person) => Some(person.clone()),
        servanda::catalog::Contact::Email(_) => None,
    });
    let managers = catalog.managers.values().filter(|entry| entry.email.is_none());
    contacts.chain(managers.filter_map(|entry| entry.helpdesk.clone())).collect()
}

/// How the notices of a run ended.
#[derive(Default)]
pub(crate) struct Delivered {
    /// What became of each.
    pub(crate) report: Report,
    /// How many messages wait for their number to be acknowledged.
    pub(crate) braked: Option<usize>,
}

impl Delivered {
    /// The exit code that the notices of a run mean.
    pub(crate) fn exit(&self) -> Exit {
        let Self { report, braked } = self;
        if braked.is_some() {
            Exit::Refused
        } else if !report.held.is_empty() {
            Exit::InDoubt
        } else if report.ended.is_some() || !report.refused.is_empty() || !report.waiting.is_empty() {
            Exit::Partial
        } else {
            Exit::Fine
        }
    }
}

impl<'a> Dispatcher<'a> {
    /// Notices as of an instant. Nothing is known of the helpdesk yet.
    pub(crate) fn new(
        workspace: &'a Workspace,
        channels: &'a Channels,
        at: Instant,
    ) -> Result<Self, Failure> {
        let own = files::read_notices(&workspace.root)?;
        let texts = Texts::new(workspace.settings.language, &own).map_err(|bad| {
            Failure::new(Exit::Invalid, "notify-invalid", bad.to_string())
                .help("mend the file, or take it away to get ours")
        })?;
        Ok(Self {
            workspace,
            channels,
            texts,
            secret: secret(workspace)?,
            at,
            began: clock(),
            facts: BTreeMap::new(),
            edited: BTreeSet::new(),
            addresses: BTreeMap::new(),
            objects: BTreeMap::new(),
            acknowledged: None,
        })
    }

    /// The number of messages that may go out although no date made them due.
    #[must_use]
    pub(crate) const fn acknowledging(mut self, messages: Option<usize>) -> Self {
        self.acknowledged = messages;
        self
    }

    /// What the helpdesk holds, as it was seen last, and what the plan says that people wrote.
    #[must_use]
    pub(crate) fn knowing(mut self, made: &GuardedPlan, seen: Option<&(GuardedPlan, Sides)>) -> Self {
        let edits = made.plan.changes.iter().chain(&made.guarded_changes).filter(|change| {
            let causes = change.fields.iter().map(|field| field.cause);
            causes.chain(change.state.iter().map(|state| state.cause)).any(|cause| cause != Some(Cause::Date))
        });
        self.edited = edits.map(|change| change.id.clone()).collect();
        if let Some((_, sides)) = seen {
            let by_state = self.workspace.settings.helpdesk.mapping.deactivate == Deactivation::State;
            self.facts = facts(sides, by_state);
            self.objects = objects(sides, &self.workspace.agreements);
        }
        self
    }

    /// Takes it for granted that the helpdesk holds everything as it should. For a look ahead.
    #[must_use]
    pub(crate) fn supposing(mut self) -> Self {
        self.facts =
            self.workspace.agreements.iter().map(|agreement| (agreement.id.clone(), Fact::AsTold)).collect();
        self.addresses = people(self.workspace)
            .into_iter()
            .map(|person| (person.clone(), format!("{person}@helpdesk")))
            .collect();
        self
    }

    /// Now, by the clock of the instant that the run is about: a rehearsal remembers its own time.
    fn now(&self) -> Instant {
        self.at.checked_add(clock().duration_since(self.began)).unwrap_or(self.at)
    }

    /// Asks the core, with all that is known.
    fn ask<T>(&self, question: impl FnOnce(&Setting<'_>) -> T) -> T {
        let settings = &self.workspace.settings;
        let hours = i64::from(settings.late_after.days) * 24;
        question(&Setting {
            agreements: &self.workspace.agreements,
            catalog: &self.workspace.catalog,
            usual: settings.notice_time,
            late_after: jiff::SignedDuration::from_hours(hours),
            channels: &self.channels.names(),
            at: self.at,
            fact: &|id| self.facts.get(id).copied().unwrap_or(Fact::Unconfirmed),
            is_edited: &|id| self.edited.contains(id),
            address: &|person| self.addresses.get(person).cloned(),
            hide: &|address| hide(&self.secret, address),
        })
    }

    /// What would go out, message by message, and in what words.
    pub(crate) fn preview(&self, memory: &Memory) -> Result<Vec<(Message, Letter)>, Failure> {
        let due = self.ask(|setting| due(setting, memory));
        let written = messages(&due, self.channels.limits()).into_iter().map(|message| {
            let letter =
                self.write(&message).map_err(|why| Failure::new(Exit::Invalid, "notify-invalid", why))?;
            Ok((message, letter))
        });
        written.collect()
    }

    fn write(&self, message: &Message) -> Result<Letter, String> {
        let agreements: BTreeMap<&str, &Agreement> =
            self.workspace.agreements.iter().map(|agreement| (agreement.id.as_str(), agreement)).collect();
        let sender = self.channels.sender();
        let letter = self.texts.write(message, &agreements, &self.workspace.catalog, sender, self.at);
        let mut letter = letter.map_err(|bad| bad.to_string())?;
        if let Some(form) = self.channels.chat().filter(|_| message.channel == Channel::Webhook) {
            let text = self.texts.write_chat(form, message, &agreements, &self.workspace.catalog, self.at);
            letter.text = text.map_err(|bad| bad.to_string())?;
        }
        Ok(letter)
    }

    /// Everything in its order: begin the memory where that is asked for, trust it, send what is due, note the run.
    pub(crate) async fn published(
        mut self,
        is_first: bool,
        book: Option<&Memories>,
        connection: &Connection,
        run: &str,
        stop: &Stop,
    ) -> Result<Delivered, Failure> {
        let Some(book) = book else {
            return Err(Failure::new(
                Exit::Refused,
                "notify-refused",
                "no notice is sent, since the ledger cannot be had",
            ));
        };
        let reader = connection.reader();
        if is_first {
            self.begin(book).await?;
        }
        self.trust(book).await?;
        self.call_witness(book, &reader, is_first).await?;
        self.addresses = reader.addresses(&people(self.workspace)).await.unwrap_or_else(|error| {
            print_message(&format!("nobody can be told whose address the helpdesk holds: {error}\n"));
            BTreeMap::new()
        });
        let desk = HelpdeskComment { connection, way: self.channels.desk(), objects: &self.objects, run };
        let mut delivered = self.deliver(book, &desk, run, stop).await?;
        if let Err(why) = self.note(book, &connection.writer(run), run).await {
            delivered.report.ended.get_or_insert(why);
        }
        Ok(delivered)
    }

    /// Begins the memory: all that is past by now is never told.
    async fn begin(&self, book: &Memories) -> Result<(), Failure> {
        let begun = Begun { at: self.at, secret: self.fingerprint() };
        book.begin(&begun, &self.ask(beginning)).await?;
        Ok(book.ledger().recompute_checksum().await?)
    }

    /// Refuses a memory that may have forgotten what was sent.
    pub(crate) async fn trust(&self, book: &Memories) -> Result<(), Failure> {
        let refuse = |what: &str, help: &str| {
            Err(Failure::new(Exit::Refused, "notify-refused", format!("no notice is sent: {what}"))
                .help(help))
        };
        let anew = "put back the ledger that it was, or begin it anew with `--init-ledger`: what is past by then is not told";
        match book.ledger().verify().await? {
            Ok(()) => {}
            Err(ChecksumError::Mismatch) => {
                return refuse("entries of the ledger are gone or were changed by hand", anew);
            }
            Err(ChecksumError::Missing) => return refuse("the ledger's seal is gone", anew),
        }
        match book.begun().await? {
            None => refuse(
                "the ledger has no beginning for this helpdesk, so that nobody knows what was told before",
                "on the first run say `--init-ledger`: what is past by then is not told. If it is not the first run, look whether the settings name the ledger that they did",
            ),
            Some(begun) if begun.secret != self.fingerprint() => refuse(
                "the ledger was begun with another secret, so that it is somebody else's",
                "give it the secret that it was begun with; `ledger.secret` names its variable. Where that is lost, `--init-ledger` begins anew with this one: what is past by then is not told",
            ),
            Some(_) => Ok(()),
        }
    }

    /// Refuses a memory that is older than what the helpdesk noted of it, and notes this run. Without a witness
    /// nobody can see that.
    async fn call_witness(
        &self,
        book: &Memories,
        reader: &impl Reader,
        is_begun_anew: bool,
    ) -> Result<(), Failure> {
        let Some(LedgerWitness { object, attribute }) = &self.workspace.settings.ledger.witness else {
            return Ok(());
        };
        let noted = reader.note(object, attribute).await?;
        if is_begun_anew || noted.is_empty() || book.witnessed().await?.contains(&noted) {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Refused, "notify-refused",
            format!("no notice is sent: the helpdesk has noted the run {noted}, and the ledger knows nothing of it"),
        )
        .help("it was put back to an older state, or is another one: put back the latest, or begin it anew with `--init-ledger`"))
    }

    /// Notes this run outside of the ledger.
    async fn note(&self, book: &Memories, writer: &impl Writer, run: &str) -> Result<(), String> {
        let Some(LedgerWitness { object, attribute }) = &self.workspace.settings.ledger.witness else {
            return Ok(());
        };
        book.witness(run).await.map_err(|error| error.to_string())?;
        let noted = writer.write_note(object, attribute, run).await;
        noted.map_err(|error| format!("the run is not noted in the helpdesk: {error}"))
    }

    fn fingerprint(&self) -> String {
        hide(&self.secret, "the secret of this ledger")
    }

    /// Sends what is due.
    pub(crate) async fn deliver(
        &self,
        book: &Memories,
        desk: &HelpdeskComment<'_>,
        run: &str,
        stop: &Stop,
    ) -> Result<Delivered, Failure> {
        let mut delivered = Delivered::default();
        if self.channels.names().is_empty() {
            return Ok(delivered);
        }
        let mut delivery = Delivery::new(run, self.channels.memorable()).at_most(self.channels.limits());
        let mut prepared: Option<(Instant, Prepared)> = None;
        let mut reply = Reply::Go;
        loop {
            if stop.is_asked() {
                delivery.stop();
            }
            reply = match delivery.next(reply, self.now()) {
                Effect::End => break,
                Effect::Look => self.look(book, &mut delivered.braked).await,
                Effect::Write(changes) => match book.change(&changes).await {
                    Ok(()) => Reply::Written,
                    Err(LedgerError::Conflict(_)) => Reply::Moved,
                    Err(LedgerError::Failed(why)) => Reply::LedgerFailed(why),
                },
                Effect::Prepare(message) => match self.prepare(desk, &message).await {
                    Ok(ready) => {
                        prepared = Some((clock(), ready));
                        Reply::Ready
                    }
                    Err(why) => Reply::Refused(why),
                },
                Effect::Submit(message) => {
                    // What is submitted once more is prepared once more.
                    let ready = match prepared.take() {
                        Some((since, _)) if !may_submit(since, clock()) => {
                            Err("the run stood still for so long that others may be at it".to_owned())
                        }
                        Some((_, ready)) => Ok(ready),
                        None => self.prepare(desk, &message).await,
                    };
                    match ready {
                        Ok(ready) => submit(ready, desk, &message, stop).await,
                        Err(why) => Reply::Refused(why),
                    }
                }
                Effect::Abandon(_) => {
                    prepared = None;
                    Reply::Go
                }
                Effect::Ask(message) => desk.ask(&message).await,
            };
        }
        delivered.report = delivery.report().clone();
        Ok(delivered)
    }

    async fn prepare(&self, desk: &HelpdeskComment<'_>, message: &Message) -> Result<Prepared, String> {
        let letter = self.write(message)?;
        if message.channel == Channel::Helpdesk {
            return desk.prepare(message).map(|()| Prepared::Desk(Box::new(letter)));
        }
        self.refuse_strangers(message)?;
        self.channels.prepare(message, letter).await
    }

    /// Mail goes to nobody whom the settings do not name.
    fn refuse_strangers(&self, message: &Message) -> Result<(), String> {
        let Some(allowed) = &self.workspace.settings.mail else {
            return Ok(());
        };
        let is_known = |notice: &servanda::notice::Notice| {
            !matches!(notice.recipient.identity, servanda::notice::Identity::Address(_))
        };
        let by_catalog = allowed.catalog && message.notices.iter().all(is_known);
        let has_address = matches!(
            message.notices.first().map(|notice| &notice.recipient.address),
            Some(Address::Known(_))
        );
        if !has_address || by_catalog || allowed.covers(&message.address) {
            return Ok(());
        }
        Err("the settings do not let mail go there; see `mail: allow:`".to_owned())
    }

    async fn look(&self, book: &Memories, braked: &mut Option<usize>) -> Reply {
        let memory = match book.memory().await {
            Ok(memory) => memory,
            Err(error) => return Reply::LedgerFailed(error.to_string()),
        };
        let mut due = self.ask(|setting| due(setting, &memory));
        *braked = self.brake(&mut due);
        Reply::Looked(due, memory.records)
    }

    /// Holds back what people wrote where it would make more messages than anybody expects. What the date did
    /// goes on, and nothing is lost.
    fn brake(&self, due: &mut Due) -> Option<usize> {
        let limit = BRAKE.max(self.workspace.agreements.len() * BRAKE_PERCENT / 100);
        let is_written = |message: &&Message| message.notices.iter().any(|notice| !notice.by_date);
        let written = messages(due, self.channels.limits()).iter().filter(is_written).count();
        if written <= limit || self.acknowledged == Some(written) {
            return None;
        }
        due.send.retain(|notice| notice.by_date);
        Some(written)
    }
}

/// Submits, and gives up waiting soon after somebody asked to stop: then nobody knows.
async fn submit(ready: Prepared, desk: &HelpdeskComment<'_>, message: &Message, stop: &Stop) -> Reply {
    let stopped = async {
        stop.wait().await;
        tokio::time::sleep(GRACE).await;
    };
    let submitted = async {
        match ready {
            Prepared::Desk(letter) => desk.submit(message, &letter).await,
            ready => ready.submit().await,
        }
    };
    tokio::select! {
        reply = submitted => reply,
        () = stopped => Reply::Unknown("the run was asked to stop".to_owned()),
    }
}

/// What is confirmed of each agreement. Where the state alone makes it useful or not, the state alone counts.
fn facts(sides: &Sides, by_state: bool) -> BTreeMap<AgreementId, Fact> {
    let desired = sides.desired.agreements.iter().map(|(id, wish)| {
        let holds = |found: &LiveAgreement| {
            let same = found.archived == wish.archived && found.record.state == wish.record.state;
            same && (by_state || found.record == wish.record)
        };
        let fact = match sides.live.agreements.get(id) {
            Some(Observed::Present(found)) if holds(found) => Fact::AsTold,
            Some(Observed::Absent) | None => Fact::Absent,
            Some(Observed::Present(_) | Observed::Unknown(_)) => Fact::Unconfirmed,
        };
        (id.clone(), fact)
    });
    desired.collect()
}

/// The objects of agreements by all the names of these.
fn objects(sides: &Sides, agreements: &[Agreement]) -> BTreeMap<AgreementId, LiveId> {
    let present = sides.live.agreements.iter().filter_map(|(id, observed)| match observed {
        Observed::Present(found) => Some((id.clone(), found.object.clone())),
        Observed::Absent | Observed::Unknown(_) => None,
    });
    let mut objects: BTreeMap<AgreementId, LiveId> = present.collect();
    for agreement in agreements {
        if let Some(object) = objects.get(&agreement.id).cloned() {
            objects.extend(agreement.formerly.iter().map(|name| (name.clone(), object.clone())));
        }
    }
    objects
}

fn secret(workspace: &Workspace) -> Result<SecretString, Failure> {
    let ledger = &workspace.settings.ledger;
    match (&ledger.secret_variable, &ledger.place) {
        (Some(name), _) => Context::secret(name).ok_or_else(|| {
            Failure::new(Exit::Failure, "notify-failure", format!("the variable {name} holds nothing"))
                .help("put the ledger's secret into it; servanda.yaml names it under `ledger.secret`")
        }),
        (None, LedgerPlace::File(_)) => Ok(SecretString::from(OWN_SECRET)),
        (None, LedgerPlace::Git { .. } | LedgerPlace::Postgres(_) | LedgerPlace::Variable(_)) => {
            Err(Failure::new(Exit::Failure, "notify-failure", "the ledger has no secret")
                .help("write `secret: { env: SERVANDA_LEDGER_SECRET }` under `ledger:`"))
        }
    }
}

/// What cannot be turned back into the address without the secret.
fn hide(secret: &SecretString, text: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().take(12).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
