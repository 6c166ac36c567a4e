//! The pages of the sandbox for a browser: the operator's list and the client's portal.

mod operator;
mod requester;
mod routes;

pub(super) use self::routes::router;
