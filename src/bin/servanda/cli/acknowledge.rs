//! `--accept weakened=2`: the exact number by which a guard is acknowledged.

use servanda::guard::Acknowledged;
use servanda::plan::GuardName;

use crate::process::failure::Failure;

/// One acknowledgement as typed.
pub(crate) type Acceptance = (GuardName, usize);

/// Reads `weakened=2`.
pub(crate) fn parse(text: &str) -> Result<Acceptance, String> {
    let help =
        "write deactivations=N, weakened=N, orphans=N or vanished=N, with the number that the plan names";
    let (name, number) = text.split_once('=').ok_or(help)?;
    let guard = match name {
        "deactivations" => GuardName::Deactivations,
        "weakened" => GuardName::Weakened,
        "orphans" => GuardName::Orphans,
        "vanished" => GuardName::Vanished,
        _ => return Err(help.to_owned()),
    };
    number.parse().map(|number| (guard, number)).map_err(|_| help.to_owned())
}

/// All acknowledgements; the same guard twice with different numbers is a mistake.
pub(crate) fn all(typed: &[Acceptance]) -> Result<Acknowledged, Failure> {
    let mut all = Acknowledged::new();
    for (guard, number) in typed {
        if all.insert(*guard, *number).is_some_and(|earlier| earlier != *number) {
            return Err(Failure::usage("--accept names one guard with two numbers", "name each guard once"));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use servanda::plan::GuardName;

    use super::{all, parse};

    #[test]
    fn a_guard_is_acknowledged_by_its_exact_number() {
        assert_eq!(parse("weakened=2"), Ok((GuardName::Weakened, 2)));
        for bad in ["weakened", "weakened=", "weakened=-1", "all=2", "=2", "weakened=2.0"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(all(&[(GuardName::Weakened, 2), (GuardName::Weakened, 3)]).is_err());
    }
}
