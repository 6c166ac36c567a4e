//! stub
use servanda::agreement::Agreement;
use servanda::ident::{AgreementId, LiveId};
use servanda::live::{Live, LiveAgreement, Observed};
use servanda::outcome::Altered;
use servanda::plan::Step;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub(crate) struct ReadError;
impl ReadError { pub(crate) fn is_credentials(&self) -> bool { false } }
impl From<ReadError> for crate::failure::Failure { fn from(e: ReadError) -> Self { Self::new(crate::failure::Exit::Failure, e.to_string()) } }
pub(crate) enum WriteError { Refused(String), Credentials(String), Ambiguous(String), NotSent(String) }
pub(crate) struct Done { pub(crate) object: LiveId, pub(crate) altered: Vec<Altered> }
#[derive(Default)]
pub(crate) struct Wanted { pub(crate) adopts: std::collections::BTreeSet<LiveId> }
impl Wanted { pub(crate) fn of(agreements: &[Agreement]) -> Self { Self { adopts: agreements.iter().filter_map(|a| a.adopts.clone()).collect() } } }
pub(crate) trait Reader: Sync {
    fn survey(&self, wanted: &Wanted) -> impl Future<Output = Result<Live, ReadError>> + Send;
    fn find(&self, id: &AgreementId) -> impl Future<Output = Result<Observed<LiveAgreement>, ReadError>> + Send;
    fn get(&self, object: &LiveId) -> impl Future<Output = Result<Observed<LiveAgreement>, ReadError>> + Send;
    fn safe_name(&self) -> String;
    fn requests(&self) -> u64;
}
pub(crate) trait Writer: Sync {
    fn perform(&self, id: &AgreementId, object: Option<&LiveId>, step: &Step) -> impl Future<Output = Result<Done, WriteError>> + Send;
}
pub(crate) struct FakeReader;
impl Reader for FakeReader {
    async fn survey(&self, _: &Wanted) -> Result<Live, ReadError> { Err(ReadError) }
    async fn find(&self, _: &AgreementId) -> Result<Observed<LiveAgreement>, ReadError> { Err(ReadError) }
    async fn get(&self, _: &LiveId) -> Result<Observed<LiveAgreement>, ReadError> { Err(ReadError) }
    fn safe_name(&self) -> String { String::new() }
    fn requests(&self) -> u64 { 0 }
}
impl Writer for FakeReader {
    async fn perform(&self, _: &AgreementId, _: Option<&LiveId>, _: &Step) -> Result<Done, WriteError> { Err(WriteError::NotSent(String::new())) }
}
