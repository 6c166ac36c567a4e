//! The tests that need more than one module: the laws of the source tree, and the program as people use it.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests read files, start the program, and may panic"
)]

mod adapters;
mod authoring;
mod bad_input;
mod browser;
mod canaries;
mod canary;
#[path = "../cases.rs"]
mod cases;
mod catalogs;
mod children;
mod checkouts;
mod clock_skew;
mod clocks;
mod doctor;
mod documents;
mod drift;
mod echoes;
mod exits;
mod explain;
mod forge;
mod four_helpdesks;
mod gate;
mod git;
mod help;
mod helpdesk;
mod helpdesk_notices;
mod helpdesk_catalogs;
mod helpdesk_commands;
mod helpdesks;
mod hostile;
mod import;
mod layers;
mod left_out;
mod ledgers;
mod locks;
mod mail;
mod main_job;
mod missing;
mod notice_texts;
mod notices;
mod odd_layouts;
mod offline;
mod outputs;
mod pages;
mod postgres;
mod processes;
mod proxies;
mod pull_requests;
mod python;
mod random;
mod recipes;
mod releases;
mod remaining;
mod renewals;
mod reports;
mod repairs;
mod replicas;
mod repository;
mod saved_plans;
mod schemas;
mod selection;
mod server_process;
mod settings_file;
mod silence;
mod small_itop;
mod steered;
mod tables;
mod terminal;
mod tidy;
mod two_years;
mod year;
