//! Tells the complaints of git apart: a race with another run, a rule of the server, a lock of another process.

/// The reason in the line of a rejected ref: `!\t<from>:<to>\t[remote rejected] (pre-receive hook declined)`. Anything else
/// is a failure of the push.
pub(super) fn rejection(printed: &str) -> Option<&str> {
    printed.lines().find(|line| line.starts_with('!')).and_then(|line| line.rsplit('\t').next())
}

/// Whether a ref was rejected because another run has moved it. Git itself finds that out before the server does, unless
/// both pushes arrive at the same time. Any other reason is a rule or a hook of the server.
pub(super) fn is_conflict(reason: &str) -> bool {
    const RACES: [&str; 5] =
        ["lock", "failed to update ref", "incorrect old value", "already exists", "does not exist"];
    !reason.starts_with("[remote") || RACES.iter().any(|race| reason.contains(race))
}

/// The reason of a refused push, with what the server says about it.
pub(super) fn refusal(reason: &str, errors: &str) -> String {
    let said = errors.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim);
    let said: Vec<&str> = said.filter(|line| !line.is_empty()).collect();
    let said = if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) };
    format!(
        "the server refused the push, {reason}{said}; allow this job to push to the branch, or exempt it from the rule"
    )
}

/// Whether git failed only because another process held a lock of its repository.
pub(super) fn is_contended(errors: &str) -> bool {
    errors.contains("cannot lock ref") || (errors.contains(".lock'") && errors.contains("File exists"))
}
