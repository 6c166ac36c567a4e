//! The interface of all channels. A message is prepared up to the step that cannot be undone, and then submitted.

use servanda::notice::delivery::{DeliveryGuarantee, Message, Reply};
use servanda::render::message::RenderedMessage;

/// A channel that delivers messages.
pub(crate) trait DeliveryChannel {
    /// A message that is ready to be submitted.
    type Prepared: Submit;

    /// The guarantee for a message that may already have been sent.
    fn guarantee(&self) -> DeliveryGuarantee;

    /// Prepares a message. An error means that nothing was sent, and says why.
    fn prepare(
        &self,
        message: &Message,
        rendered: &RenderedMessage,
    ) -> impl Future<Output = Result<Self::Prepared, String>>;

    /// Queries the channel for a message. Only [`DeliveryGuarantee::Queryable`] channels can answer.
    fn query(&self, _: &Message) -> impl Future<Output = Reply> {
        std::future::ready(Reply::Unknown("the channel cannot be queried".to_owned()))
    }
}

/// A prepared message.
pub(crate) trait Submit {
    /// Submits the message, which cannot be undone.
    fn submit(self) -> impl Future<Output = Reply>;
}
