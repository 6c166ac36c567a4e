//! Drives the protocol of [`servanda::notice::delivery`] over the ledger and the channels.

use std::collections::{BTreeMap, BTreeSet};

use servanda::agreement::whole;
use servanda::calendar::Instant;
use servanda::catalog::Contact;
use servanda::envelope::GuardedPlan;
use servanda::ident::{AgreementId, LiveId};
use servanda::notice::confirmed::{confirmations, objects};
use servanda::notice::delivery::{Delivery, DeliveryReport, Effect, Message, Reply, may_submit, messages};
use servanda::notice::due::past_events;
use servanda::notice::past::{Unrecorded, unrecorded};
use servanda::notice::{Channel, Confirmation, DueInput, DueNotices, NoticeRecords, due};
use servanda::plan::Cause;
use servanda::render::message::{MessageContext, MessageTemplates, RenderedMessage};
use servanda::render::preview::PreviewedMessage;
use servanda::selection::AgreementSelection;
use servanda::settings::Language;

use crate::helpdesk::connect::Connection;
use crate::helpdesk::{NoSharedCreations, Reader as _};
use crate::ledger::{LedgerError, LedgerRecords, LedgerSecret};
use crate::notify::channel::Submit as _;
use crate::notify::channels::{Channels, PreparedMessage, RunChannels};
use crate::notify::helpdesk_comment::{LiveObjects, NoticeConnections};
use crate::notify::limits::{check_recipient, limit_messages};
use crate::notify::run_clock::RunClock;
use crate::notify::trust::LedgerTrust;
use crate::process::context::clock;
use crate::process::failure::{Exit, Failure};
use crate::process::messages::log_warning;
use crate::process::shutdown::Stop;
use crate::workspace::load::Workspace;
use servanda::planner::Sides;

/// Sends the notices of one run.
pub(crate) struct Dispatcher<'a> {
    pub(super) workspace: &'a Workspace,
    channels: &'a Channels,
    templates: MessageTemplates,
    secret: LedgerSecret,
    clock: RunClock,
    helpdesk: HelpdeskState,
    /// The acknowledged number of messages above the limit.
    acknowledged: Option<usize>,
    /// The agreements whose notices are sent.
    selection: AgreementSelection,
}

/// The state of the helpdesk as far as notices need it.
#[derive(Default)]
struct HelpdeskState {
    confirmations: BTreeMap<AgreementId, Confirmation>,
    /// The live objects of the agreements, by their current and former ids.
    objects: LiveObjects,
    addresses: BTreeMap<LiveId, String>,
    /// The agreements that the plan changes for another cause than the date.
    edited: BTreeSet<AgreementId>,
}

/// The result of [`Dispatcher::run`].
#[derive(Default)]
pub(crate) struct DispatchResult {
    /// The results of the notices.
    pub(crate) report: DeliveryReport,
    /// The number of messages above the limit, which await acknowledgement.
    pub(crate) awaiting_acknowledgement: Option<usize>,
}

impl DispatchResult {
    /// The exit code of the notices.
    pub(crate) fn exit(&self) -> Exit {
        let Self { report, awaiting_acknowledgement } = self;
        if awaiting_acknowledgement.is_some() {
            Exit::Refused
        } else if !report.in_doubt.is_empty() {
            Exit::InDoubt
        } else if report.ended.is_some() || !report.refused.is_empty() || !report.deferred.is_empty() {
            Exit::Partial
        } else {
            Exit::Fine
        }
    }
}

/// The people in the helpdesk whose addresses notices may need.
pub(crate) fn people(workspace: &Workspace) -> BTreeSet<LiveId> {
    let catalog = &workspace.catalog;
    let own = workspace.agreements.iter().flat_map(|agreement| agreement.contacts.values());
    let contacts = catalog.clients.values().flat_map(|client| client.contacts.values()).chain(own);
    let contacts = contacts.filter_map(|contact| match contact {
        Contact::Person(person) => Some(person.clone()),
        Contact::Email(_) => None,
    });
    let managers = catalog.managers.values().filter(|entry| entry.email.is_none());
    contacts.chain(managers.filter_map(|entry| entry.helpdesk.clone())).collect()
}

impl<'a> Dispatcher<'a> {
    /// A dispatcher for an instant, which does not know the state of the helpdesk yet.
    pub(crate) fn new(
        workspace: &'a Workspace,
        channels: &'a Channels,
        as_of: Instant,
    ) -> Result<Self, Failure> {
        let templates = MessageTemplates::new(&workspace.texts).map_err(|error| {
            Failure::new(Exit::Invalid, "template-invalid", error.to_string())
                .help("fix the template, or delete it to use the built-in one")
        })?;
        Ok(Self {
            workspace,
            channels,
            templates,
            secret: LedgerSecret::of(workspace)?,
            clock: RunClock { as_of, started: clock() },
            helpdesk: HelpdeskState::default(),
            acknowledged: None,
            selection: AgreementSelection::default(),
        })
    }

    /// Restricts the notices to these agreements. Those of all others stay due.
    #[must_use]
    pub(crate) fn restricted_to(mut self, selection: &AgreementSelection) -> Self {
        self.selection = selection.clone();
        self
    }

    /// The notices that are due for the selected agreements.
    fn due(&self, records: &NoticeRecords) -> DueNotices {
        let mut due = self.with_input(|input| due(input, records));
        if !self.selection.is_everything() {
            let scope = self.selection.scope(&self.workspace.agreements, self.clock.as_of);
            due.retain(|key| scope.contains(&key.agreement));
        }
        due
    }

    /// The additions about the selected agreements that the ledger does not have yet.
    fn unrecorded(&self, records: &NoticeRecords) -> Unrecorded {
        let mut found = self.with_input(|input| unrecorded(input, records));
        if !self.selection.is_everything() {
            let scope = self.selection.scope(&self.workspace.agreements, self.clock.as_of);
            found.moved.retain(|moved| scope.contains(&moved.key.agreement));
            found.past.by_agreement.retain(|id, _| scope.contains(id));
        }
        found
    }

    /// Sets the acknowledged number of messages above the limit.
    #[must_use]
    pub(crate) const fn with_acknowledged(mut self, messages: Option<usize>) -> Self {
        self.acknowledged = messages;
        self
    }

    /// Takes the causes of changes from the plan of a helpdesk, and the confirmed state from it as it was last read. Of
    /// several helpdesks, `workspace` is that of one, in which its agreements live.
    #[must_use]
    pub(crate) fn with_live_state(
        mut self,
        workspace: &Workspace,
        plan: &GuardedPlan,
        seen: Option<&(GuardedPlan, Sides)>,
    ) -> Self {
        let edited =
            plan.all_changes().filter(|change| change.causes().any(|cause| cause != Some(Cause::Date)));
        self.helpdesk.edited.extend(edited.map(|change| change.id.clone()));
        if let Some((latest, sides)) = seen {
            self.helpdesk.confirmations.extend(confirmations(
                &sides.desired,
                &sides.live,
                latest.all_changes(),
            ));
            let name = &workspace.settings.helpdesk.name;
            let agreements = workspace.agreements.iter();
            let here: BTreeSet<&AgreementId> =
                agreements.flat_map(|agreement| agreement.formerly.iter().chain([&agreement.id])).collect();
            let found = objects(&sides.live, &workspace.agreements).into_iter();
            // An agreement that moved away still has its object here.
            let found = found.filter(|(id, _)| name.is_none() || here.contains(id));
            self.helpdesk.objects.extend(found.map(|(id, object)| (id, (name.clone(), object))));
        }
        self
    }

    /// Assumes that the helpdesk has the desired state and an address for each person. For previews.
    #[must_use]
    pub(crate) fn assuming_desired_state(mut self) -> Self {
        let agreements = self.workspace.agreements.iter();
        self.helpdesk.confirmations =
            agreements.map(|agreement| (agreement.id.clone(), Confirmation::AsDesired)).collect();
        let people = people(self.workspace).into_iter();
        self.helpdesk.addresses =
            people.map(|person| (person.clone(), format!("{person}@helpdesk"))).collect();
        self
    }

    /// The messages that would be sent now.
    /// Without `languages`, each message is in its own.
    pub(crate) fn preview(
        &self,
        records: &NoticeRecords,
        languages: &[Language],
    ) -> Result<Vec<PreviewedMessage>, Failure> {
        let mut records = records.clone();
        self.unrecorded(&records).add_to(&mut records);
        let due = self.due(&records);
        let languages: Vec<Option<Language>> = match languages {
            [] => vec![None],
            languages => languages.iter().copied().map(Some).collect(),
        };
        let messages = messages(&due, self.channels.max_notices());
        let each =
            messages.iter().flat_map(|message| languages.iter().map(move |language| (message, *language)));
        let rendered = each.map(|(message, language)| {
            let rendered = self.render_in(message, language);
            let rendered = rendered.map_err(|why| Failure::new(Exit::Invalid, "template-invalid", why))?;
            Ok(PreviewedMessage { message: message.clone(), rendered, language })
        });
        rendered.collect()
    }

    /// Checks the witness of the ledger in the helpdesk.
    pub(crate) async fn check_witness(
        &self,
        records: &LedgerRecords,
        connection: &Connection,
    ) -> Result<(), Failure> {
        LedgerTrust::new(self.workspace, records, &self.secret).check_witness(&connection.reader()).await
    }

    /// Checks that the ledger can be trusted.
    pub(crate) async fn verify(&self, records: &LedgerRecords) -> Result<(), Failure> {
        LedgerTrust::new(self.workspace, records, &self.secret).verify().await
    }

    /// Runs the whole job: initialises the ledger if requested, checks that it can be trusted, sends what is due, and
    /// notes the run.
    pub(crate) async fn run(
        mut self,
        is_first: bool,
        records: Option<&LedgerRecords>,
        connections: &NoticeConnections<'_>,
        run: &str,
        stop: &Stop,
    ) -> Result<DispatchResult, Failure> {
        let Some(records) = records else {
            let message = "no notices are sent: the ledger is unavailable";
            return Err(Failure::new(Exit::Refused, "ledger-unavailable", message));
        };
        let trust = LedgerTrust::new(self.workspace, records, &self.secret);
        match connections.witness {
            Some(connection) if is_first => _ = trust.read_witness(&connection.reader()).await?,
            Some(_) => {}
            None => trust.refuse_without_witness()?,
        }
        if is_first {
            trust.initialize(self.clock.as_of, &self.with_input(past_events)).await?;
        }
        trust.verify().await?;
        if let Some(connection) = connections.witness.filter(|_| !is_first) {
            trust.check_witness(&connection.reader()).await?;
        }
        self.add_unrecorded(records).await?;
        self.helpdesk.addresses = self.addresses(connections.people).await;
        let channels = self.channels.connect(connections, &self.helpdesk.objects, run);
        let mut result = self.drive(records, &channels, run, stop).await;
        self.channels.close().await;
        let trust = LedgerTrust::new(self.workspace, records, &self.secret);
        if let Some(connection) = connections.witness
            && let Err(why) = trust.note_run(&connection.writer(run, &NoSharedCreations), run).await
        {
            result.report.ended.get_or_insert(why);
        }
        Ok(result)
    }

    /// Reads the addresses of people; without them, notices to these people are deferred.
    async fn addresses(&self, connection: Option<&Connection>) -> BTreeMap<LiveId, String> {
        let Some(connection) = connection else {
            return BTreeMap::new();
        };
        let addresses = connection.reader().addresses(&people(self.workspace)).await;
        addresses.unwrap_or_else(|error| {
            log_warning(&format!("the addresses of people in the helpdesk cannot be read: {error}\n"));
            BTreeMap::new()
        })
    }

    /// Records what was live before it was managed, and moves the records of renamed agreements.
    async fn add_unrecorded(&self, records: &LedgerRecords) -> Result<(), Failure> {
        let known = records.memory().await?;
        let Unrecorded { past, moved } = self.unrecorded(&known);
        if !moved.is_empty() {
            records.change(&moved).await?;
        }
        if !past.by_agreement.is_empty() {
            records.add_past(&past).await?;
        }
        Ok(())
    }

    /// Delivers what is due, in as many parts at the same time as the mail server may have connections.
    async fn drive(
        &self,
        records: &LedgerRecords,
        channels: &RunChannels<'_>,
        run: &str,
        stop: &Stop,
    ) -> DispatchResult {
        if channels.is_empty() {
            return DispatchResult::default();
        }
        let mut above_limit = None;
        let first = self.read_due(records, (0, 1), &mut above_limit).await;
        let parts = match &first {
            Reply::Due(due, _) => self.channels.parts(due),
            _ => 1,
        };
        let parts = (0..parts).map(|number| {
            let first = match &first {
                Reply::Due(due, records) => Reply::Due(due.clone().part(number, parts), records.clone()),
                other => other.clone(),
            };
            self.drive_part(records, channels, run, stop, (number, parts), first)
        });
        let mut result =
            DispatchResult { awaiting_acknowledgement: above_limit, ..DispatchResult::default() };
        for part in futures_util::future::join_all(parts).await {
            result.report.add(part.report);
            result.awaiting_acknowledgement =
                part.awaiting_acknowledgement.or(result.awaiting_acknowledgement);
        }
        result
    }

    /// Performs the effects of the protocol for one part until it ends. `first` is the reply to the first reading.
    async fn drive_part(
        &self,
        records: &LedgerRecords,
        channels: &RunChannels<'_>,
        run: &str,
        stop: &Stop,
        part: (usize, usize),
        first: Reply,
    ) -> DispatchResult {
        let mut result = DispatchResult::default();
        let mut first = Some(first);
        let mut delivery = Delivery::new(run, channels.guarantees()).max_notices(self.channels.max_notices());
        let mut prepared: Option<(Instant, PreparedMessage<'_>)> = None;
        let mut reply = Reply::Continue;
        loop {
            if stop.is_asked() {
                delivery.stop();
            }
            reply = match delivery.next(reply, self.clock.now()) {
                Effect::End => break,
                Effect::ReadDue => match first.take() {
                    Some(first) => first,
                    None => self.read_due(records, part, &mut result.awaiting_acknowledgement).await,
                },
                Effect::Write(changes) => match records.change(&changes).await {
                    Ok(()) => Reply::Written,
                    Err(LedgerError::Conflict(_)) => Reply::Conflict,
                    Err(LedgerError::Failed(why)) => Reply::LedgerFailed(why),
                },
                Effect::Prepare(message) if !admitted(channels, &message, stop).await => {
                    Reply::Refused("the run was asked to stop".to_owned())
                }
                Effect::Prepare(message) => match self.prepare(channels, &message).await {
                    Ok(ready) => {
                        prepared = Some((clock(), ready));
                        Reply::Prepared
                    }
                    Err(why) => Reply::Refused(why),
                },
                Effect::Submit(message) => {
                    let ready = match prepared.take() {
                        Some((since, _)) if !may_submit(since, clock()) => {
                            Err("the prepared message expired, since this host was suspended".to_owned())
                        }
                        Some((_, ready)) => Ok(ready),
                        // A further attempt needs a message of its own.
                        None => self.prepare(channels, &message).await,
                    };
                    match ready {
                        Ok(ready) => submit(ready, stop).await,
                        Err(why) => Reply::Refused(why),
                    }
                }
                Effect::Abandon(_) => {
                    prepared = None;
                    Reply::Continue
                }
                Effect::Query(message) => channels.query(&message).await,
            };
        }
        result.report = delivery.report().clone();
        result
    }

    /// Reads the ledger and decides what is due in a part. Sets the number of messages above the limit.
    async fn read_due(
        &self,
        records: &LedgerRecords,
        (number, parts): (usize, usize),
        above_limit: &mut Option<usize>,
    ) -> Reply {
        let records = match records.memory().await {
            Ok(records) => records,
            Err(error) => return Reply::LedgerFailed(error.to_string()),
        };
        let mut due = self.due(&records);
        let agreements = self.workspace.agreements.len();
        *above_limit = limit_messages(&mut due, self.channels.max_notices(), agreements, self.acknowledged);
        Reply::Due(due.part(number, parts), records.records)
    }

    async fn prepare<'c>(
        &self,
        channels: &'c RunChannels<'_>,
        message: &Message,
    ) -> Result<PreparedMessage<'c>, String> {
        let rendered = self.render(message)?;
        check_recipient(message, self.workspace.settings.mail.as_ref())?;
        channels.prepare(message, &rendered).await
    }

    fn render(&self, message: &Message) -> Result<RenderedMessage, String> {
        self.render_in(message, None)
    }

    /// Renders a message, in a language of its own unless one is given.
    fn render_in(&self, message: &Message, only: Option<Language>) -> Result<RenderedMessage, String> {
        let agreements = self.workspace.agreements.iter();
        let context = MessageContext {
            agreements: agreements.map(|agreement| (agreement.id.as_str(), agreement)).collect(),
            everywhere: whole(&self.workspace.agreements, &self.workspace.everywhere),
            catalog: &self.workspace.catalog,
            paths: &self.workspace.paths,
            sender: self.channels.sender(),
            language: self.workspace.settings.language,
            only,
            at: self.clock.as_of,
            address: &|person| self.helpdesk.addresses.get(person).cloned(),
        };
        let rendered = self.templates.render(message, &context);
        let mut rendered = rendered.map_err(|error| error.to_string())?;
        if let Some(form) = self.channels.chat().filter(|_| message.channel == Channel::Webhook) {
            let text = self.templates.render_chat(form, message, &context);
            rendered.text = text.map_err(|error| error.to_string())?;
        }
        Ok(rendered)
    }

    /// Passes everything that is known to a function of the core.
    fn with_input<T>(&self, function: impl FnOnce(&DueInput<'_>) -> T) -> T {
        let settings = &self.workspace.settings;
        let confirmations = &self.helpdesk.confirmations;
        function(&DueInput {
            agreements: &self.workspace.agreements,
            everywhere: &self.workspace.everywhere,
            catalog: &self.workspace.catalog,
            usual: settings.notice_time,
            late_after: settings.late_time(),
            channels: &Channel::configured(settings),
            at: self.clock.as_of,
            confirmation: &|id| confirmations.get(id).copied().unwrap_or(Confirmation::Unconfirmed),
            is_edited: &|id| self.helpdesk.edited.contains(id),
            address: &|person| self.helpdesk.addresses.get(person).cloned(),
            hide: &|address| self.secret.hide(address),
        })
    }
}

/// Waits until the channel may send another message. Returns whether that was before a request to stop.
async fn admitted(channels: &RunChannels<'_>, message: &Message, stop: &Stop) -> bool {
    tokio::select! {
        () = channels.admit(message) => true,
        () = stop.wait() => false,
    }
}

/// Submits a message. The result is unknown if it takes too long after a request to stop.
async fn submit(prepared: PreparedMessage<'_>, stop: &Stop) -> Reply {
    tokio::select! {
        reply = prepared.submit() => reply,
        () = stop.wait_out() => Reply::Unknown("the run was asked to stop".to_owned()),
    }
}
