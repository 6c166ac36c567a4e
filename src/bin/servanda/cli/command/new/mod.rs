//! `servanda new`: writes agreements for one client or many, from a template or from an existing agreement. A file contains
//! only the values that differ from what it extends.

pub(crate) mod arguments;
mod build;

use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::EditSession;

use arguments::Arguments;

/// Writes the new agreements.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let mut session = EditSession::open(None, context)?;
    let proposals = build::proposals(&mut session, arguments, context)?;
    session.commit(proposals, arguments.write.mode(), context)
}
