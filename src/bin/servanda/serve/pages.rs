//! The pages for people: the report, a page for each client, and a plan. They are made when they are asked for, on
//! threads that answer no other requests, and kept for a while.

use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::SignedDuration;
use servanda::agreement::Agreement;
use servanda::calendar::Instant;
use servanda::entitlement::Register;
use servanda::live::digest;
use servanda::notice::Channel;
use servanda::render::encode;
use servanda::render::forecast::ForecastInput;
use servanda::render::report::{self as rendered, ReportInput, ReportNotices, ServedState};
use servanda::report::{Report, ReportFacts, report};

use crate::process::failure::Failure;
use crate::process::messages::log_warning;
use crate::workspace::load::Workspace;

/// Makes the page with the plan of a workspace at an instant.
pub(crate) type PlanPage = Box<dyn Fn(Workspace, Instant) -> Result<String, Failure> + Send + Sync>;

/// The time after which a kept page is made again, because statuses change with the time.
const KEPT: SignedDuration = SignedDuration::from_secs(60);

/// The time after which a page that cannot be made is tried again.
const FAILURE_KEPT: SignedDuration = SignedDuration::from_secs(5);

/// The policy of a plan, in addition to the one in the page: no script at all.
const PLAN_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A page with the tag that changes when its content does, and its content security policy.
#[derive(Clone)]
pub(super) struct RenderedPage {
    html: Bytes,
    tag: String,
    policy: String,
}

/// A page that was made, or `None` if it could not be made.
struct KeptPage {
    /// The state of the server that it was made by.
    state: String,
    at: Instant,
    page: Option<RenderedPage>,
}

impl KeptPage {
    /// The time for which it is kept.
    const fn time(&self) -> SignedDuration {
        if self.page.is_some() { KEPT } else { FAILURE_KEPT }
    }
}

/// The last page that was made.
#[derive(Default)]
pub(super) struct PageCache(Mutex<Option<KeptPage>>);

/// The pages that are worth keeping.
#[derive(Default)]
pub(super) struct PageCaches {
    pub(super) report: PageCache,
    pub(super) plan: PageCache,
}

impl PageCache {
    /// The kept page, if it was made by this state of the server and not long ago; else a new one. Requests that come
    /// meanwhile wait for it. `None` if it cannot be made, which is logged when it is tried, and kept for less long.
    pub(super) fn get(
        &self,
        state: &str,
        now: Instant,
        make: impl FnOnce() -> Result<RenderedPage, Failure>,
    ) -> Option<RenderedPage> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.as_ref()
            && known.state == state
            && known.at <= now
            && now.duration_since(known.at) < known.time()
        {
            return known.page.clone();
        }
        let made = make().inspect_err(|failure| {
            log_warning(&format!("no page: {}\n", encode::terminal(&failure.message)));
        });
        let page = made.ok();
        *kept = Some(KeptPage { state: state.to_owned(), at: now, page: page.clone() });
        page
    }
}

/// The values that pages are made from.
pub(super) struct PageInput<'a> {
    pub(super) register: &'a Register,
    pub(super) rest: &'a Workspace,
    pub(super) facts: &'a ReportFacts,
    pub(super) served: ServedState<'a>,
    pub(super) now: Instant,
}

impl PageInput<'_> {
    /// The report of all agreements.
    pub(super) fn report(&self) -> RenderedPage {
        let agreements = self.register.agreements();
        let notices = ReportNotices::of(
            &ForecastInput {
                agreements,
                catalog: self.register.catalog(),
                channels: &Channel::configured(&self.rest.settings),
                usual: self.rest.settings.notice_time,
                between: (self.now, self.now),
            },
            None,
        );
        let report = report(agreements, self.rest.settings.notice_time, self.now);
        let html = rendered::page(&self.input(&report, &notices));
        let policy = rendered::page_policy(true);
        RenderedPage::new(html, &self.tag(&report, &policy), policy)
    }

    /// The page of a client; `None` if the catalog does not have the client.
    pub(super) fn client(&self, slug: &str) -> Option<RenderedPage> {
        let (client, _) = self.register.catalog().clients.get_key_value(slug)?;
        let agreements = self.register.agreements().iter();
        let agreements: Vec<Agreement> =
            agreements.filter(|agreement| agreement.client == *client).cloned().collect();
        let report = report(&agreements, self.rest.settings.notice_time, self.now);
        let html = rendered::client_page(&self.input(&report, &ReportNotices::default()), client, None);
        let policy = rendered::client_policy();
        Some(RenderedPage::new(html, &self.tag(&report, &policy), policy))
    }

    fn input<'a>(&'a self, report: &'a Report<'a>, notices: &'a ReportNotices) -> ReportInput<'a> {
        let settings = &self.rest.settings;
        ReportInput {
            report,
            catalog: self.register.catalog(),
            zone: &settings.zone,
            language: settings.language,
            files: &self.rest.digest,
            left_out: &[],
            facts: self.facts,
            notices,
            renew: Some(""),
            served: Some(self.served),
        }
    }

    /// Identifies what a page shows: the files, the days, the states, whether newer files are rejected, and the program
    /// with its script and style, whose hashes are in the policy.
    fn tag(&self, report: &Report<'_>, policy: &str) -> String {
        let states: Vec<_> =
            report.entries.iter().map(|entry| (entry.status.state.as_str(), entry.today)).collect();
        let rejected = self.served.rejected.map(|(since, why)| (since.to_string(), why));
        let day = self.rest.settings.zone.day_of(self.now);
        let program = (env!("CARGO_PKG_VERSION"), policy, self.served.has_plan);
        digest(&(&self.rest.digest, day, states, rejected, program))
    }
}

impl RenderedPage {
    fn new(html: String, tag: &str, policy: String) -> Self {
        let tag = format!("W/\"{}\"", tag.get(..24).unwrap_or(tag));
        Self { html: Bytes::from(html), tag, policy }
    }

    /// The page with a plan.
    pub(super) fn plan(html: String) -> Self {
        let tag = digest(&html);
        Self::new(html, &tag, PLAN_POLICY.to_owned())
    }

    /// The response: not modified if the request names the tag, else the page, with headers that keep it from being framed,
    /// kept by a proxy, or read by other sites.
    pub(super) fn respond(self, request: &HeaderMap) -> Response {
        let is_known = request.get_all(header::IF_NONE_MATCH).iter().any(|known| {
            known.to_str().is_ok_and(|known| known.split(',').any(|known| known.trim() == self.tag))
        });
        let mut headers = HeaderMap::new();
        let policy = format!("{}; frame-ancestors 'none'", self.policy);
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "private, no-cache"),
            (header::ETAG, self.tag.as_str()),
            (header::CONTENT_SECURITY_POLICY, policy.as_str()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_str(value).expect("hashes and constants are ASCII"));
        }
        if is_known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (StatusCode::OK, headers, self.html).into_response()
    }
}

/// Runs on a thread that answers no requests.
pub(super) async fn off_the_threads<T: Send + 'static>(
    make: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(make).await.ok()
}
