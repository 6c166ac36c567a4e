//! Pages in a browser as people use them: the report, and the helpdesk's portal before and after an apply.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::missing::did_not_run;
use crate::repository::Repository;

/// What does not run where a program of others is missing.
const TESTED: &str = "pages in a browser";

/// Where Debian's Chromium lies.
const CHROMIUM: &str = "/usr/bin/chromium";

/// A browser in a process of its own.
struct Browser {
    process: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Browser {
    /// Starts it; an error says what is missing.
    fn start() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = root.join("target/browser");
        if !folder.join("node_modules/playwright-core").exists() {
            return Err(
                "the driver is missing: npm install --prefix target/browser playwright-core@1".to_owned()
            );
        }
        if !Path::new(CHROMIUM).exists() {
            return Err("the browser is missing: apt-get install chromium".to_owned());
        }
        let mut node = Command::new("node");
        node.arg(root.join("tests/it/browser.cjs")).arg(folder).arg(CHROMIUM);
        node.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = node.spawn().map_err(|error| format!("node cannot be started: {error}"))?;
        let answers = BufReader::new(process.stdout.take().unwrap());
        Ok(Self { asks: process.stdin.take(), process, answers })
    }

    /// Has something done or asked.
    #[track_caller]
    fn ask(&mut self, what: &str, mut how: Value) -> Value {
        how["what"] = json!(what);
        writeln!(self.asks.as_mut().unwrap(), "{how}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let mut answer: Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{what}: no answer"));
        assert!(answer["wrong"].is_null(), "{how}: {}", answer["wrong"]);
        answer["is"].take()
    }

    #[track_caller]
    fn open(&mut self, url: &str) {
        self.ask("open", json!({ "url": url }));
    }

    #[track_caller]
    fn press(&mut self, keys: &[&str]) {
        self.ask("press", json!({ "keys": keys }));
    }

    #[track_caller]
    fn texts(&mut self, at: &str) -> Vec<String> {
        serde_json::from_value(self.ask("texts", json!({ "at": at }))).unwrap()
    }

    #[track_caller]
    fn text(&mut self, at: &str) -> String {
        self.texts(at).concat()
    }

    #[track_caller]
    fn count(&mut self, at: &str) -> u64 {
        self.ask("count", json!({ "at": at })).as_u64().unwrap()
    }

    #[track_caller]
    fn sees(&mut self, at: &str) -> bool {
        self.ask("sees", json!({ "at": at })) == json!(true)
    }

    /// Nothing was complained about, and no address was asked for but those that begin so.
    #[track_caller]
    fn assert_quiet(&mut self, base: &str) {
        let heard = self.ask("heard", json!({}));
        assert_eq!(heard["complaints"], json!([]));
        for address in heard["addresses"].as_array().unwrap() {
            let address = address.as_str().unwrap();
            assert!(address.starts_with(base) || address == "data:,", "{address} was asked for");
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // At the end of what it is asked the driver closes the browser, takes its folder away, and ends.
        drop(self.asks.take());
        if std::thread::panicking() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// The report of the example in a language, and its address.
fn report(repository: &Repository, language: &str) -> String {
    let name = format!("{language}.html");
    repository.expect(0, &["report", "--as-of", "2026-09-01", "--language", language, "--out", &name]);
    format!("file://{}", repository.root().join(name).display())
}

#[test]
fn the_report_answers_search_filters_and_keys_in_both_languages_and_asks_nobody() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = Repository::example();
    for (language, all, some, day, left) in [
        ("ru", "21 соглашение", "3 из 21 соглашения", "на 1\u{a0}сентября 2026\u{a0}г.", "29 дней"),
        ("en", "21 agreements", "3 of 21 agreements", "as of 1\u{a0}September 2026", "29 days"),
    ] {
        let page = report(&repository, language);
        browser.open(&page);
        assert_eq!(browser.text("#found"), all);
        assert!(browser.text("h1").contains(day), "{}", browser.text("h1"));
        search(&mut browser, some, all);
        filters(&mut browser);
        ending(&mut browser, left);
        coverage(&mut browser);
        browser.press(&["?"]);
        assert!(browser.sees("#help"));
        browser.press(&["Escape"]);
        assert!(!browser.sees("#help"));
        browser.assert_quiet(&page);
    }
}

/// `/` leads to the field, words narrow down, Escape clears, and what nobody is called says so.
fn search(browser: &mut Browser, some: &str, all: &str) {
    browser.press(&["/"]);
    browser.ask("type", json!({ "text": "ПОРТОВИК" }));
    assert_eq!(browser.text("#found"), some);
    assert_eq!(browser.count("#rows .lane"), 2, "three agreements in two lanes");
    browser.ask("type", json!({ "text": " nobody" }));
    assert!(browser.sees("#empty"));
    browser.press(&["Escape"]);
    assert_eq!(browser.text("#found"), all);
    assert!(!browser.sees("#empty"));
}

fn filters(browser: &mut Browser) {
    browser.ask("click", json!({ "at": "[data-state='2']" }));
    assert_eq!(browser.text("#rows .lane .text"), "gimnaziya-5-2026");
    browser.press(&["ArrowDown", "Enter"]);
    assert!(browser.text("#sheet code").contains("gimnaziya-5-2026"));
    assert!(browser.text("#sheet").contains("каникулы и ремонт серверной"), "the reason of its rest");
    browser.press(&["Escape"]);
    assert!(!browser.sees("#sheet"));
    browser.press(&["Escape"]);
    browser.ask("click", json!({ "at": "[data-within='30']" }));
    assert_eq!(browser.count("#rows .lane"), 2);
    browser.ask("click", json!({ "at": "#clear" }));
}

/// What ends, the soonest first, with what follows.
fn ending(browser: &mut Browser, left: &str) {
    browser.press(&["Escape", "2"]);
    let rows = browser.texts("#rows .ending");
    assert_eq!(rows.len(), 5);
    assert!(rows[0].contains(left), "{}", rows[0]);
    browser.press(&["ArrowDown", "ArrowDown", "Enter"]);
    assert!(browser.text("#sheet code").contains("dental-2026/dent-profi"));
    browser.press(&["Escape"]);
    let next = browser.texts("#rows .ending .next");
    assert!(next.iter().any(|text| text.contains("vostok-log-2026")), "{next:?}");
}

fn coverage(browser: &mut Browser) {
    browser.press(&["3", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"]);
    assert!(browser.sees("#sheet"), "the agreement behind a cell");
    browser.press(&["Escape", "1"]);
}

#[test]
fn the_report_without_scripts_is_a_table_and_on_paper_it_is_whole() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = Repository::example();
    let page = report(&repository, "ru");
    browser.ask("open", json!({ "url": page, "scripts": false }));
    assert_eq!(browser.count("noscript ~ #app:not([hidden])"), 0);
    assert_eq!(browser.count("main.plain tbody tr"), 21);
    browser.ask("open", json!({ "url": page, "height": 400 }));
    let seen = browser.count("#rows .row");
    browser.ask("ask", json!({ "script": "dispatchEvent(new Event('beforeprint'))" }));
    assert!(browser.count("#rows .row") > seen, "all rows are printed, not only those in sight");
    browser.ask("ask", json!({ "script": "dispatchEvent(new Event('afterprint'))" }));
    assert_eq!(browser.count("#rows .row"), seen);
    assert!(browser.ask("print", json!({})).as_u64().unwrap() > 10_000);
    browser.assert_quiet(&page);
}

/// The helpdesk of a repository, being served.
struct Desk {
    process: Child,
    base: String,
}

impl Desk {
    fn serve(repository: &Repository) -> Self {
        let mut program = repository.program(&["sandbox", "serve"]);
        let mut process = program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base = line.trim().trim_end_matches("/sd").to_owned();
        Self { process, base }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // A process that is already gone is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The agreements that a page of a client offers something of.
fn offered(browser: &mut Browser, desk: &Desk, unit: &str) -> Vec<String> {
    browser.ask("go", json!({ "url": format!("{}/portal/{unit}", desk.base) }));
    let script = "[...new Set([...document.querySelectorAll('[data-agreement]')].map((offer) => offer.dataset.agreement))].sort()";
    serde_json::from_value(browser.ask("ask", json!({ "script": script }))).unwrap()
}

/// Sends the form of a page turned into one that never stood there, for an agreement that is not offered. Gives the
/// status of what came back.
fn forge(browser: &mut Browser, desk: &Desk, unit: &str, agreement: &str) -> Value {
    // Any client with something to ask for has a token on the page.
    browser.ask("go", json!({ "url": format!("{}/portal/ou$7020", desk.base) }));
    let script = format!(
        "(() => {{
            const form = document.querySelector('form');
            form.parentElement.open = true;
            form.action = '/portal/{unit}/requests';
            form.elements.agreement.value = '{agreement}';
            form.elements.subject.value = 'x';
        }})()"
    );
    browser.ask("ask", json!({ "script": script }));
    browser.ask("send", json!({ "at": "details button" }))
}

/// Asks for the first thing that a client is offered, as a person does; gives the number of the request.
fn request(browser: &mut Browser, desk: &Desk, unit: &str) -> String {
    browser.ask("go", json!({ "url": format!("{}/portal/{unit}", desk.base) }));
    browser.ask("click", json!({ "at": "summary" }));
    browser.ask("fill", json!({ "at": "[name=subject]", "text": "Не печатает <b>совсем</b>" }));
    assert_eq!(browser.ask("send", json!({ "at": "details button" })), 200);
    assert!(browser.text(".requests tr >> nth=0").contains("Не печатает <b>совсем</b>"));
    browser.text(".made b")
}

/// The live object of an agreement, as a plan knows it.
fn objects(repository: &Repository, day: &str) -> Value {
    repository.json(0, &["plan", "--as-of", day, "--format", "json"])["plan"]["changes"].take()
}

#[test]
fn the_portal_takes_requests_for_active_agreements_alone_and_an_apply_changes_it_as_the_plan_said() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = Repository::example();
    repository.expect(0, &["apply", "--yes", "--as-of", "2026-09-01"]);
    let desk = Desk::serve(&repository);
    browser.open(&format!("{}/", desk.base));
    assert_eq!(browser.count("tbody tr"), 20, "the operator sees them all");
    // What the next apply will do: begin one that is planned, end one that is active, wake one that rests.
    let planned = objects(&repository, "2026-11-01");
    let (mut begun, mut ended) = (Vec::new(), Vec::new());
    for change in planned.as_array().unwrap() {
        let object = change["object"].as_str().map(str::to_owned);
        match (&change["state"]["before"], &change["state"]["after"], object) {
            (_, after, Some(object)) if after == "active" => begun.push(object),
            (before, _, Some(object)) if before == "active" => ended.push(object),
            _ => {}
        }
    }
    assert!(begun.len() >= 3 && ended.len() >= 3, "{begun:?} {ended:?}");
    let units: Vec<String> = {
        browser.ask("go", json!({ "url": format!("{}/portal", desk.base) }));
        let script =
            "[...document.querySelectorAll('.clients a')].map((link) => link.getAttribute('href').slice(8))";
        serde_json::from_value(browser.ask("ask", json!({ "script": script }))).unwrap()
    };
    let everywhere = |browser: &mut Browser| -> Vec<String> {
        units.iter().flat_map(|unit| offered(browser, &desk, unit)).collect()
    };
    let before = everywhere(&mut browser);
    assert!(begun.iter().all(|object| !before.contains(object)), "planned and suspended ones offer nothing");
    assert!(ended.iter().all(|object| before.contains(object)));
    for object in &begun {
        for unit in ["ou$7002", "ou$7060", "ou$7070"] {
            assert_eq!(forge(&mut browser, &desk, unit, object), 409, "{object} for {unit}");
        }
    }
    assert!(!request(&mut browser, &desk, "ou$7020").is_empty());
    repository.expect(0, &["apply", "--yes", "--as-of", "2026-11-01"]);
    let after = everywhere(&mut browser);
    assert!(begun.iter().all(|object| after.contains(object)), "what began is offered");
    assert!(ended.iter().all(|object| !after.contains(object)), "what ended is not");
    for object in &ended {
        for unit in ["ou$7030", "ou$7050", "ou$7102"] {
            assert_eq!(forge(&mut browser, &desk, unit, object), 409, "{object} for {unit}");
        }
    }
    assert!(!request(&mut browser, &desk, "ou$7070").is_empty(), "a school that is awake again");
    let state = format!("{}/agreements/{}", desk.base, begun[0]);
    browser.ask("go", json!({ "url": state }));
    assert!(browser.text(".history").contains("действует"), "the history says what the apply did");
    // A refused form is an answer that a browser tells of, and no fault of the page.
    let heard = browser.ask("heard", json!({}));
    for complaint in heard["complaints"].as_array().unwrap() {
        assert!(complaint.as_str().unwrap().contains("409"), "{complaint}");
    }
    for address in heard["addresses"].as_array().unwrap() {
        let address = address.as_str().unwrap();
        assert!(address.starts_with(&desk.base) || address == "data:,", "{address} was asked for");
    }
}

#[test]
fn a_page_of_somebody_else_can_neither_ask_nor_look() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = Repository::example();
    repository.expect(0, &["apply", "--yes", "--as-of", "2026-09-01"]);
    let desk = Desk::serve(&repository);
    let foreign = format!(
        "<form method=post action='{}/portal/ou$7020/requests'><input name=token value=x><input name=agreement value='agreement$1'>
         <input name=service value='slmService$605001'><input name=subject value=x><button>x</button></form>",
        desk.base
    );
    repository.file("foreign.html", &foreign);
    browser.open(&format!("file://{}", repository.root().join("foreign.html").display()));
    browser.ask("send", json!({ "at": "button" }));
    assert!(browser.text("body").contains("the Origin header is not the origin of this sandbox"));
    let port = desk.base.rsplit(':').next().unwrap();
    let read = |browser: &mut Browser, url: &str| {
        let script = format!("fetch('{url}').then((answer) => answer.text(), () => 'kept from it')");
        browser.ask("ask", json!({ "script": script }))
    };
    browser.open(&format!("file://{}", repository.root().join("foreign.html").display()));
    assert_eq!(read(&mut browser, &format!("http://127.0.0.1:{port}/portal/ou$7020")), "kept from it");
}
