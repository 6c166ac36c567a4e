//! The state of agreements day by day, the same on every helpdesk: one row a case, each with a client of its own.

use servanda::status::State::{self, Active, Expired, Planned, Suspended, Terminated};

/// The days on which a run takes place.
pub(crate) const DAYS: [&str; 14] = [
    "2027-01-01",
    "2027-01-15",
    "2027-02-01",
    "2027-03-01",
    "2027-03-15",
    "2027-04-01",
    "2027-05-31",
    "2027-06-01",
    "2027-07-01",
    "2027-08-31",
    "2027-09-01",
    "2027-10-15",
    "2027-12-31",
    "2028-01-01",
];

/// The state, and the services that are offered; `None` where the helpdesk has no such agreement.
type LiveRow = Option<(State, &'static [&'static str])>;

/// One case.
pub(crate) struct Row {
    /// The id of the agreement, and the client's slug unless the document names another row's.
    pub(crate) id: &'static str,
    /// The file from a day on, besides template and client; `None` where there is none.
    pub(crate) files: &'static [(&'static str, Option<&'static str>)],
    /// The live state from a day on, and the services that the portal offers.
    pub(crate) holds: &'static [(&'static str, LiveRow)],
}

const fn row(
    id: &'static str,
    files: &'static [(&'static str, Option<&'static str>)],
    holds: &'static [(&'static str, LiveRow)],
) -> Row {
    Row { id, files, holds }
}

const START: &str = "2027-01-01";
const BOTH: &[&str] = &["email", "vpn"];
const EMAIL: &[&str] = &["email"];
const NONE: &[&str] = &[];

/// The table. The template covers email and vpn with targets for two priorities.
pub(crate) const ROWS: [Row; 40] = [
    row(
        "begins-and-ends",
        &[(START, Some("period: { first_day: 2027-02-01, last_day: 2027-05-31 }"))],
        &[
            (START, Some((Planned, NONE))),
            ("2027-02-01", Some((Active, BOTH))),
            ("2027-06-01", Some((Expired, NONE))),
        ],
    ),
    row(
        "open-ended",
        &[(START, Some("period: { first_day: 2026-05-01, open_ended: true }"))],
        &[(START, Some((Active, BOTH)))],
    ),
    row(
        "ends-with-the-year",
        &[(START, Some("period: { first_day: 2027-01-01, last_day: 2027-12-31 }"))],
        &[(START, Some((Active, BOTH))), ("2028-01-01", Some((Expired, NONE)))],
    ),
    row(
        "one-day",
        &[(START, Some("period: { first_day: 2027-03-15, last_day: 2027-03-15 }"))],
        &[
            (START, Some((Planned, NONE))),
            ("2027-03-15", Some((Active, BOTH))),
            ("2027-04-01", Some((Expired, NONE))),
        ],
    ),
    row(
        "over-before",
        &[(START, Some("period: { first_day: 2026-01-01, last_day: 2026-12-31 }"))],
        &[(START, None)],
    ),
    row(
        "not-this-year",
        &[(START, Some("period: { first_day: 2029-01-01, open_ended: true }"))],
        &[(START, Some((Planned, NONE)))],
    ),
    row(
        "by-term",
        &[(START, Some("period: { first_day: 2027-03-01, term: 3mo }"))],
        &[
            (START, Some((Planned, NONE))),
            ("2027-03-01", Some((Active, BOTH))),
            ("2027-06-01", Some((Expired, NONE))),
        ],
    ),
    row(
        "term-clamps",
        &[(START, Some("period: { first_day: 2026-08-31, term: 6mo }"))],
        &[(START, Some((Active, BOTH))), ("2027-03-01", Some((Expired, NONE)))],
    ),
    row(
        "terminated",
        &[(
            START,
            Some(
                "period: { first_day: 2027-01-01, last_day: 2027-12-31 }\ntermination: { last_day: 2027-03-14, reason: moved }",
            ),
        )],
        &[(START, Some((Active, BOTH))), ("2027-03-15", Some((Terminated, NONE)))],
    ),
    row(
        "terminated-by-an-edit",
        &[
            (START, Some("period: { first_day: 2027-01-01, last_day: 2027-12-31 }")),
            (
                "2027-06-01",
                Some(
                    "period: { first_day: 2027-01-01, last_day: 2027-12-31 }\ntermination: { last_day: 2027-05-31, reason: moved }",
                ),
            ),
        ],
        &[(START, Some((Active, BOTH))), ("2027-06-01", Some((Terminated, NONE)))],
    ),
    row(
        "terminated-on-the-last-day",
        &[(
            START,
            Some(
                "period: { first_day: 2027-01-01, last_day: 2027-08-31 }\ntermination: { last_day: 2027-08-31, reason: agreed }",
            ),
        )],
        &[(START, Some((Active, BOTH))), ("2027-09-01", Some((Expired, NONE)))],
    ),
    row(
        "suspended-for-a-month",
        &[(
            START,
            Some(
                "period: { first_day: 2027-01-01, open_ended: true }\nsuspensions: [{ from: 2027-03-01, until: 2027-03-31, reason: unpaid }]",
            ),
        )],
        &[
            (START, Some((Active, BOTH))),
            ("2027-03-01", Some((Suspended, NONE))),
            ("2027-04-01", Some((Active, BOTH))),
        ],
    ),
    row(
        "suspended-until-lifted",
        &[
            (
                START,
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nsuspensions: [{ from: 2027-03-15, reason: unpaid }]",
                ),
            ),
            (
                "2027-09-01",
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nsuspensions: [{ from: 2027-03-15, until: 2027-08-31, reason: unpaid }]",
                ),
            ),
        ],
        &[
            (START, Some((Active, BOTH))),
            ("2027-03-15", Some((Suspended, NONE))),
            ("2027-09-01", Some((Active, BOTH))),
        ],
    ),
    row(
        "suspended-to-its-end",
        &[(
            START,
            Some(
                "period: { first_day: 2027-01-01, last_day: 2027-05-31 }\nsuspensions: [{ from: 2027-05-31, reason: unpaid }]",
            ),
        )],
        &[
            (START, Some((Active, BOTH))),
            ("2027-05-31", Some((Suspended, NONE))),
            ("2027-06-01", Some((Expired, NONE))),
        ],
    ),
    row(
        "suspended-from-the-start",
        &[(
            START,
            Some(
                "period: { first_day: 2027-01-01, open_ended: true }\nsuspensions: [{ from: 2027-01-01, until: 2027-06-30, reason: not ready }]",
            ),
        )],
        &[(START, Some((Suspended, NONE))), ("2027-07-01", Some((Active, BOTH)))],
    ),
    row(
        "suspended-twice",
        &[(
            START,
            Some(
                "period: { first_day: 2027-01-01, open_ended: true }\nsuspensions: [{ from: 2027-02-01, until: 2027-02-28, reason: a }, { from: 2027-06-01, until: 2027-06-30, reason: b }]",
            ),
        )],
        &[
            (START, Some((Active, BOTH))),
            ("2027-02-01", Some((Suspended, NONE))),
            ("2027-03-01", Some((Active, BOTH))),
            ("2027-06-01", Some((Suspended, NONE))),
            ("2027-07-01", Some((Active, BOTH))),
        ],
    ),
    row(
        "by-hand",
        &[(
            START,
            Some(
                "period: { first_day: 2027-01-01, open_ended: true }\nactivation: [{ status: active, on: 2027-03-01, reason: done, by: petrova }, { status: suspended, on: 2027-06-01, reason: rest, by: petrova }, { status: active, on: 2027-07-01, reason: back, by: petrova }, { status: ended, on: 2027-09-01, reason: over, by: petrova }]",
            ),
        )],
        &[
            (START, Some((Planned, NONE))),
            ("2027-03-01", Some((Active, BOTH))),
            ("2027-06-01", Some((Suspended, NONE))),
            ("2027-07-01", Some((Active, BOTH))),
            ("2027-09-01", Some((Terminated, NONE))),
        ],
    ),
    row(
        "by-hand-one-day",
        &[
            (
                START,
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nactivation: [{ status: planned, on: 2027-01-01, reason: signed, by: petrova }]",
                ),
            ),
            (
                "2027-08-31",
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nactivation: [{ status: planned, on: 2027-01-01, reason: signed, by: petrova }, { status: active, on: 2027-08-31, reason: accepted, by: petrova }]",
                ),
            ),
        ],
        &[(START, Some((Planned, NONE))), ("2027-08-31", Some((Active, BOTH)))],
    ),
    row(
        "by-hand-within-bounds",
        &[(
            START,
            Some(
                "period: { first_day: 2027-06-01, last_day: 2027-08-31 }\nactivation: [{ status: active, on: 2027-02-01, reason: early, by: petrova }]",
            ),
        )],
        &[
            (START, Some((Planned, NONE))),
            ("2027-02-01", Some((Active, BOTH))),
            ("2027-09-01", Some((Expired, NONE))),
        ],
    ),
    row(
        "loses-a-service",
        &[
            (START, Some("period: { first_day: 2027-01-01, open_ended: true }")),
            (
                "2027-04-01",
                Some("period: { first_day: 2027-01-01, open_ended: true }\nservices: { vpn: false }"),
            ),
        ],
        &[(START, Some((Active, BOTH))), ("2027-04-01", Some((Active, EMAIL)))],
    ),
    row(
        "gains-a-service",
        &[
            (START, Some("period: { first_day: 2027-01-01, open_ended: true }\nservices: { vpn: false }")),
            ("2027-04-01", Some("period: { first_day: 2027-01-01, open_ended: true }")),
        ],
        &[(START, Some((Active, EMAIL))), ("2027-04-01", Some((Active, BOTH)))],
    ),
    row(
        "swaps-a-service",
        &[
            (START, Some("period: { first_day: 2027-01-01, open_ended: true }")),
            (
                "2027-05-31",
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nservices: { vpn: false, printing: true }",
                ),
            ),
        ],
        &[(START, Some((Active, BOTH))), ("2027-05-31", Some((Active, &["email", "printing"])))],
    ),
    row(
        "edited-while-planned",
        &[
            (START, Some("period: { first_day: 2027-06-01, open_ended: true }")),
            (
                "2027-03-01",
                Some(
                    "period: { first_day: 2027-06-01, open_ended: true }\nnumber: 7-B\nservices: { vpn: false }",
                ),
            ),
        ],
        &[(START, Some((Planned, NONE))), ("2027-06-01", Some((Active, EMAIL)))],
    ),
    row(
        "edited-while-suspended",
        &[
            (
                START,
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nsuspensions: [{ from: 2027-02-01, until: 2027-03-31, reason: unpaid }]",
                ),
            ),
            (
                "2027-03-01",
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nsuspensions: [{ from: 2027-02-01, until: 2027-03-31, reason: unpaid }]\nservices: { email: false, printing: true }",
                ),
            ),
        ],
        &[
            (START, Some((Active, BOTH))),
            ("2027-02-01", Some((Suspended, NONE))),
            ("2027-04-01", Some((Active, &["printing", "vpn"]))),
        ],
    ),
    row(
        "targets-tighten",
        &[
            (START, Some("period: { first_day: 2027-01-01, open_ended: true }")),
            (
                "2027-03-15",
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nsla: { targets: { critical: { response: 10m, resolution: 1h } } }",
                ),
            ),
        ],
        &[(START, Some((Active, BOTH)))],
    ),
    row(
        "targets-weaken",
        &[
            (START, Some("period: { first_day: 2027-01-01, open_ended: true }")),
            (
                "2027-03-15",
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nsla: { targets: { critical: { response: 2h, resolution: 24h } } }",
                ),
            ),
        ],
        &[(START, Some((Active, BOTH)))],
    ),
    row(
        "targets-of-one-service",
        &[
            (
                START,
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nservices: { vpn: { targets: { critical: { response: 5m, resolution: 30m } } } }",
                ),
            ),
            ("2027-06-01", Some("period: { first_day: 2027-01-01, open_ended: true }")),
        ],
        &[(START, Some((Active, BOTH)))],
    ),
    row(
        "a-target-less",
        &[
            (START, Some("period: { first_day: 2027-01-01, open_ended: true }")),
            (
                "2027-04-01",
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nsla: { targets: { normal: false } }",
                ),
            ),
        ],
        &[(START, Some((Active, BOTH)))],
    ),
    row(
        "no-targets",
        &[(
            START,
            Some(
                "period: { first_day: 2027-02-01, open_ended: true }\nsla: { targets: { normal: false, critical: false } }",
            ),
        )],
        &[(START, Some((Planned, NONE))), ("2027-02-01", Some((Active, BOTH)))],
    ),
    row(
        "renewed",
        &[(START, Some("period: { first_day: 2026-03-01, last_day: 2027-02-28 }"))],
        &[(START, Some((Active, BOTH))), ("2027-03-01", Some((Expired, NONE)))],
    ),
    row(
        "renewal",
        &[(
            "2027-01-15",
            Some("client: renewed\nrenews: renewed\nperiod: { first_day: 2027-03-01, last_day: 2028-02-29 }"),
        )],
        &[(START, None), ("2027-01-15", Some((Planned, NONE))), ("2027-03-01", Some((Active, BOTH)))],
    ),
    row(
        "rolls-on",
        &[(
            START,
            Some(
                "period: { first_day: 2026-06-01, last_day: 2027-05-31 }\nrenewal: { mode: auto, term: 1y }",
            ),
        )],
        &[(START, Some((Active, BOTH)))],
    ),
    row(
        "rolls-once",
        &[(
            START,
            Some(
                "period: { first_day: 2026-12-01, last_day: 2027-02-28 }\nrenewal: { mode: auto, term: 3mo, max_terms: 1 }",
            ),
        )],
        &[(START, Some((Active, BOTH))), ("2027-06-01", Some((Expired, NONE)))],
    ),
    row(
        "extended",
        &[
            (START, Some("period: { first_day: 2027-01-01, last_day: 2027-05-31 }")),
            ("2027-05-31", Some("period: { first_day: 2027-01-01, last_day: 2027-08-31 }")),
        ],
        &[(START, Some((Active, BOTH))), ("2027-09-01", Some((Expired, NONE)))],
    ),
    row(
        "extended-too-late",
        &[
            (START, Some("period: { first_day: 2027-01-01, last_day: 2027-05-31 }")),
            ("2027-07-01", Some("period: { first_day: 2027-01-01, last_day: 2027-12-31 }")),
        ],
        &[
            (START, Some((Active, BOTH))),
            ("2027-06-01", Some((Expired, NONE))),
            ("2027-07-01", Some((Active, BOTH))),
            ("2028-01-01", Some((Expired, NONE))),
        ],
    ),
    row(
        "shortened",
        &[
            (START, Some("period: { first_day: 2027-01-01, open_ended: true }")),
            ("2027-03-01", Some("period: { first_day: 2027-01-01, last_day: 2027-05-31 }")),
        ],
        &[(START, Some((Active, BOTH))), ("2027-06-01", Some((Expired, NONE)))],
    ),
    row(
        "put-off",
        &[
            (START, Some("period: { first_day: 2027-02-01, open_ended: true }")),
            ("2027-01-15", Some("period: { first_day: 2027-07-01, open_ended: true }")),
        ],
        &[(START, Some((Planned, NONE))), ("2027-07-01", Some((Active, BOTH)))],
    ),
    row(
        "other-words",
        &[
            (
                START,
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nnumber: \"O'Neil \\\\ 1\"\ntitle: \"Uptime & 'care' <b>\"",
                ),
            ),
            (
                "2027-02-01",
                Some(
                    "period: { first_day: 2027-01-01, open_ended: true }\nnumber: ДО-2027/1\ntitle: Поддержка «всё включено»\nmanager: sokolov",
                ),
            ),
            (
                "2027-03-01",
                Some("period: { first_day: 2027-01-01, open_ended: true }\ntitle: Поддержка «всё включено»"),
            ),
        ],
        &[(START, Some((Active, BOTH)))],
    ),
    row(
        "comes-later",
        &[("2027-06-01", Some("period: { first_day: 2027-04-01, last_day: 2027-10-14 }"))],
        &[(START, None), ("2027-06-01", Some((Active, BOTH))), ("2027-10-15", Some((Expired, NONE)))],
    ),
    row(
        "gone-from-the-files",
        &[(START, Some("period: { first_day: 2027-01-01, open_ended: true }")), ("2027-09-01", None)],
        &[(START, Some((Active, BOTH)))],
    ),
];

/// The expected state on a day: the entry of the newest day that has come.
pub(crate) fn on<T: Copy>(entries: &[(&str, T)], day: &str) -> Option<T> {
    entries.iter().rfind(|(from, _)| *from <= day).map(|(_, entry)| *entry)
}
