//! The pages of the helpdesk for a browser: the operator's list and the portal of a client.

mod operator;
mod requester;
mod routes;

pub(super) use self::routes::router;
