//! Pages in a real browser: the report, a client's page, a plan, the served pages, and the sandbox's portal before and after
//! an apply. All of them are inspected for accessibility.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::cases::{every, sample_of};
use crate::helpdesks::two_sandboxes;
use crate::missing::did_not_run;
use crate::repository::Repository;
use crate::server_process::ServerProcess;

/// The name of these tests in the message that they did not run.
const TESTED: &str = "pages in a browser";

/// The folder of the driver's library, below the repository.
const FOLDER: &str = "target/browser";

/// The path of Chromium on Debian.
const CHROMIUM: &str = "/usr/bin/chromium";

/// The browser that all tests share, by its address; it ends with this process, which holds its input open.
static SHARED: OnceLock<Result<(ChildStdin, String), String>> = OnceLock::new();

/// Pages in the shared browser with settings of their own, driven by a Node process.
struct Browser {
    process: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// The number of pages that were inspected.
    inspected: usize,
}

/// Starts Node with the driver and these arguments after the paths of its library and of the browser.
fn driver(arguments: &[&str]) -> Result<(Child, ChildStdin, BufReader<ChildStdout>), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut node = Command::new("node");
    node.arg(root.join("tests/it/browser.cjs")).arg(root.join(FOLDER)).arg(CHROMIUM).args(arguments);
    node.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = node.spawn().map_err(|error| format!("node cannot be started: {error}"))?;
    let (asks, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
    Ok((process, asks, BufReader::new(answers)))
}

/// Starts the browser and returns its address. The error names what is missing.
fn shared() -> Result<(ChildStdin, String), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    if !folder.join("node_modules/playwright-core").exists() {
        return Err(
            "the driver is missing: npm install --prefix target/browser playwright-core@1 axe-core@4"
                .to_owned(),
        );
    }
    if !folder.join("node_modules/axe-core/axe.min.js").exists() {
        return Err("the checker is missing: npm install --prefix target/browser axe-core@4".to_owned());
    }
    if !Path::new(CHROMIUM).exists() {
        return Err("the browser is missing: apt-get install chromium".to_owned());
    }
    let (_, input, mut output) = driver(&[])?;
    let mut address = String::new();
    output.read_line(&mut address).map_err(|error| error.to_string())?;
    Ok((input, address.trim().to_owned()))
}

impl Browser {
    /// Starts a driver of the shared browser. The error names what is missing.
    fn start() -> Result<Self, String> {
        let (_, address) = SHARED.get_or_init(shared).as_ref().map_err(Clone::clone)?;
        let (process, asks, answers) = driver(&[address])?;
        Ok(Self { asks: Some(asks), process, answers, inspected: 0 })
    }

    /// Sends a command to the driver and returns its result.
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
    fn focus(&mut self, at: &str) {
        self.ask("ask", json!({ "script": format!("document.querySelector('{at}').focus()") }));
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

    /// Asserts that the page has no critical and no serious violation of accessibility rules, in both colour schemes or, in a
    /// sample, in one of them by turns.
    #[track_caller]
    fn assert_accessible(&mut self, page: &str) {
        let schemes = ["dark", "light"].into_iter().cycle().skip(self.inspected);
        self.inspected += 1;
        let schemes: Vec<&str> = schemes.take(sample_of(1, 2)).collect();
        let found = self.ask("inspect", json!({ "schemes": schemes }));
        assert_eq!(found, json!([]), "{page}");
    }

    /// Asserts that nothing is wider than the window.
    #[track_caller]
    fn assert_fits(&mut self, page: &str) {
        let script = "document.documentElement.scrollWidth - innerWidth";
        assert!(self.ask("ask", json!({ "script": script })).as_i64().unwrap() <= 0, "{page} is too wide");
    }

    /// Asserts that the console is empty and that only addresses with this prefix were requested.
    #[track_caller]
    fn assert_quiet(&mut self, base: &str) {
        let heard = self.ask("heard", json!({}));
        assert_eq!(heard["complaints"], json!([]));
        for address in heard["addresses"].as_array().unwrap() {
            let address = address.as_str().unwrap();
            assert!(address.starts_with(base) || address == "data:,", "{address} was requested");
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // At the end of its input, the driver closes its pages and exits.
        drop(self.asks.take());
        if std::thread::panicking() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// Writes the report of the example in a language and returns its address.
fn report(repository: &Repository, language: &str) -> String {
    let name = format!("{language}.html");
    repository.expect(0, &["report", "--as-of", "2026-09-01", "--language", language, "--out", &name]);
    format!("file://{}", repository.root().join(name).display())
}

#[test]
fn the_report_has_search_filters_and_keys_in_both_languages_and_makes_no_request() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = Repository::example();
    let languages = [
        ("ru", "21 соглашение", "3 из 21 соглашения", "на 1\u{a0}сентября 2026\u{a0}г.", "29 дней"),
        ("en", "21 agreements", "3 of 21 agreements", "as of 1\u{a0}September 2026", "29 days"),
    ];
    for (language, all, some, day, left) in every(2, languages) {
        let page = report(&repository, language);
        browser.open(&page);
        assert_eq!(browser.text("#found"), all);
        assert!(browser.text("h1").contains(day), "{}", browser.text("h1"));
        search(&mut browser, some, all);
        filters(&mut browser);
        ending(&mut browser, left);
        coverage(&mut browser);
        details(&mut browser, &repository);
        links(&mut browser, &page);
        files(&mut browser, &repository, language);
        browser.press(&["?"]);
        assert!(browser.sees("#help"));
        browser.press(&["Escape"]);
        assert!(!browser.sees("#help"));
        browser.assert_quiet(&page);
    }
}

/// `/` focuses the search field, words filter, Escape clears, and a search without results says so.
fn search(browser: &mut Browser, some: &str, all: &str) {
    browser.press(&["/"]);
    browser.ask("type", json!({ "text": "ПОРТОВИК" }));
    assert_eq!(browser.text("#found"), some);
    assert_eq!(browser.count("#rows .lane"), 2, "three agreements in two lanes");
    browser.ask("type", json!({ "text": " no-one" }));
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

/// The view of ending agreements, the soonest first, with their successors.
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

/// Details contain the file, the origin of values, the coming notices and the command for the next step.
fn details(browser: &mut Browser, repository: &Repository) {
    browser.press(&["Escape", "2"]);
    browser.ask("click", json!({ "at": "#open" }));
    assert_eq!(
        browser.texts("#rows .ending .who").len(),
        1,
        "terminated agreements are not forgotten renewals"
    );
    let command = browser.text("#note code");
    assert_eq!(command, "servanda renew --ending-within 90d --as-of 2026-09-01");
    let arguments: Vec<&str> = command.split(' ').skip(1).chain(["--dry-run"]).collect();
    let written = repository.expect(0, &arguments).stdout.matches("\n+renews: ").count();
    let counted = browser.text("#note span");
    assert!(counted.contains(&format!(": {written} ")), "{written} are written, not {counted}");
    browser.press(&["ArrowDown", "Enter"]);
    assert_eq!(browser.text("#sheet .step code"), "servanda renew brueckner-2025");
    assert_eq!(browser.text("#sheet .file code"), "agreements/2025/brueckner-2025.yaml");
    browser.focus("#sheet summary");
    browser.press(&["Enter"]);
    assert!(browser.sees("#sheet .origins table"), "the keyboard opens it");
    let origins = browser.text("#sheet .origins");
    assert!(origins.contains("templates/") && origins.contains("period.first_day"), "{origins}");
    assert!(browser.count("#sheet .notices li") > 0);
    browser.assert_accessible("the details");
    browser.press(&["Escape", "Escape", "1"]);
}

/// View, filters, order and agreement are in the address, and an address with them shows them.
fn links(browser: &mut Browser, page: &str) {
    browser.ask("click", json!({ "at": "[role=tab][data-view=ending]" }));
    browser.ask("click", json!({ "at": "[data-sort=who]" }));
    browser.ask("click", json!({ "at": "[data-sort=who]" }));
    browser.ask("click", json!({ "at": "[data-within='60']" }));
    let sorted = browser.texts("#rows .ending .who");
    assert_eq!(sorted.len(), 4);
    assert_eq!(browser.count("[role=columnheader][aria-sort=descending]"), 1);
    browser.press(&["ArrowDown", "Enter"]);
    let url = browser.ask("url", json!({}));
    let fragment = url.as_str().unwrap().split_once('#').unwrap().1.to_owned();
    for part in ["view=ending", "within=60", "sort=-who", "agreement="] {
        assert!(fragment.contains(part), "{fragment}");
    }
    browser.ask("go", json!({ "url": "about:blank" }));
    browser.ask("go", json!({ "url": url }));
    assert_eq!(browser.texts("#rows .ending .who"), sorted);
    assert!(browser.sees("#sheet"));
    // An address may contain anything.
    for odd in [
        "view=__proto__&sort=constructor",
        "search=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E",
        "manager=none&state=x,suspended&within=-1",
    ] {
        browser.ask("go", json!({ "url": "about:blank" }));
        browser.ask("go", json!({ "url": format!("{page}#{odd}") }));
        assert!(browser.sees("#list") && !browser.sees("#sheet"), "{odd}");
    }
    assert_eq!(browser.texts("#rows .lane").len(), 1, "only the known status");
    browser.ask("go", json!({ "url": "about:blank" }));
    browser.ask("go", json!({ "url": page }));
}

/// The files of the page are those of the command, and contain what is shown.
fn files(browser: &mut Browser, repository: &Repository, language: &str) {
    let arguments =
        ["report", "--as-of", "2026-09-01", "--language", language, "--csv", "all.csv", "--ics", "all.ics"];
    repository.expect(0, &arguments);
    assert_eq!(browser.ask("download", json!({ "at": "#csv" })), repository.read("all.csv"));
    assert_eq!(browser.ask("download", json!({ "at": "#ics" })), repository.read("all.ics"));
    browser.ask("click", json!({ "at": "[data-state='2']" }));
    let few = browser.ask("download", json!({ "at": "#csv" }));
    assert_eq!(few.as_str().unwrap().lines().count(), 2, "{few}");
    browser.press(&["Escape"]);
}

#[test]
fn the_report_finds_agreements_by_the_name_of_their_helpdesk() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = two_sandboxes();
    browser.open(&report(&repository, "en"));
    browser.press(&["/"]);
    browser.ask("type", json!({ "text": "moscow" }));
    let found = browser.texts("#rows .lane .text");
    assert!(!found.is_empty() && found.iter().all(|text| text.contains("portovik")), "{found:?}");
    browser.press(&["ArrowDown", "Enter"]);
    assert!(browser.texts("#sheet dd").contains(&"moscow".to_owned()));
    browser.press(&["Escape", "Escape"]);
    repository.expect(0, &["report", "--as-of", "2026-09-01", "--csv", "all.csv"]);
    assert_eq!(browser.ask("download", json!({ "at": "#csv" })), repository.read("all.csv"));
}

#[test]
fn pages_fit_a_phone_and_are_accessible() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = Repository::example();
    let page = report(&repository, "ru");
    browser.ask("open", json!({ "url": page, "width": 320, "height": 640, "touch": true }));
    assert!(!browser.sees("#filters"), "a button opens the filters");
    assert!(!browser.sees("#help-button") && !browser.sees(".search kbd"), "no keys without a keyboard");
    browser.ask("click", json!({ "at": "#filters-button" }));
    for at in ["#manager", "#service", "#open", "[data-within='90']", "[data-state='4']", "#csv"] {
        let script = format!(
            "(() => {{ const box = document.querySelector(\"{at}\").getBoundingClientRect(); return box.left >= 0 && box.right <= 320; }})()"
        );
        assert_eq!(browser.ask("ask", json!({ "script": script })), true, "{at}");
    }
    browser.assert_accessible("the filters");
    browser.ask("click", json!({ "at": "#filters-button" }));
    assert_eq!(
        browser.ask("ask", json!({ "script": CROSSED })),
        json!([]),
        "texts below the line of the day"
    );
    for view in every(2, ["timeline", "ending", "coverage"]) {
        browser.ask("click", json!({ "at": format!("[role=tab][data-view={view}]") }));
        browser.assert_fits(view);
        browser.assert_accessible(view);
    }
    let folder = format!("file://{}", repository.root().display());
    repository.expect(0, &["report", "--as-of", "2026-09-01", "--clients", "pages"]);
    let plan = repository.run(&["plan", "--as-of", "2026-09-01", "--format", "html"]);
    repository.file("plan.html", &plan.stdout);
    repository.expect(0, &["notify", "--preview", "--as-of", "2026-09-29", "--write", "mails"]);
    for (name, element) in
        [("pages/portovik.html", "article"), ("plan.html", "article"), ("mails/index.html", "iframe")]
    {
        browser.ask("go", json!({ "url": format!("{folder}/{name}") }));
        assert!(browser.count(element) > 0, "{name}");
        browser.assert_fits(name);
        browser.assert_accessible(name);
    }
}

/// The texts of bars that stand below the line of the day where it crosses them, as an expression.
const CROSSED: &str = "(() => {
    const at = document.querySelector('.now').getBoundingClientRect().x + 1;
    document.querySelectorAll('.now').forEach((line) => { line.style.pointerEvents = 'auto'; });
    const texts = [...document.querySelectorAll('.segment .text')].map((text) => [text, text.getBoundingClientRect()]);
    const crossed = texts.filter(([, { left, right }]) => left < at && at < right);
    if (crossed.length === 0) return ['none is crossed'];
    const isBelow = ([text, { y, height }]) => document.elementFromPoint(at, y + height / 2) !== text;
    const end = document.querySelector('#list').getBoundingClientRect().bottom;
    return crossed.filter(([, { bottom }]) => bottom < end).filter(isBelow).map(([text]) => text.textContent);
})()";

#[test]
fn served_pages_follow_the_files_and_keep_their_view() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = Repository::example();
    repository.expect(0, &["snapshot", "--out", "live.json"]);
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--settle",
        "50",
        "--base-path",
        "/sla",
        "--snapshot",
        "live.json",
    ];
    let server = Served::start(&repository, &arguments);
    browser.open(&format!("{}/#search=severny", server.base));
    assert!(browser.count("#rows .lane") > 0);
    browser.ask("click", json!({ "at": "#rows .lane" }));
    let linked = "document.querySelector('#sheet a').href";
    let client = browser.ask("ask", json!({ "script": linked }));
    assert_eq!(client, format!("{}/clients/severny-veter", server.base));
    let elsewhere = browser.text("#sheet .quiet code");
    assert_eq!(elsewhere, "servanda report", "the page says that sent notices are shown elsewhere");
    repository.edit("agreements/2026/severny-veter-2026.yaml", "manager: i.petrova", "manager: a.sokolov");
    // The page asks when the window gets the focus, and by itself every few seconds.
    let changed = "(dispatchEvent(new Event('focus')), document.querySelector('#sheet dl')?.textContent.includes('Соколов'))";
    browser.ask("until", json!({ "script": changed }));
    assert!(browser.ask("url", json!({})).as_str().unwrap().contains("search=severny"));
    browser.focus("#sheet a");
    browser.press(&["Enter"]);
    browser.ask(
        "until",
        json!({ "script": "document.querySelector('h1').textContent.includes('Северный ветер')" }),
    );
    browser.assert_accessible("a served page of a client");
    browser.ask("go", json!({ "url": format!("{}/plan", server.base) }));
    assert!(browser.count("article") > 0, "the plan of a snapshot before the first apply");
    browser.assert_quiet(&server.base);
}

#[test]
fn the_report_is_a_table_without_scripts_and_complete_on_paper() {
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
    assert!(browser.count("#rows .row") > seen, "all rows are printed, not only the visible ones");
    assert_eq!(
        browser.count("#list #legend"),
        1,
        "the legend is a part of the table, which repeats it on every page"
    );
    browser.ask("ask", json!({ "script": "dispatchEvent(new Event('afterprint'))" }));
    assert_eq!(browser.count("#rows .row"), seen);
    assert_eq!(browser.count("footer #legend"), 1);
    assert!(browser.ask("print", json!({})).as_u64().unwrap() > 10_000);
    browser.assert_quiet(&page);
}

/// A server of a repository.
struct Served {
    _process: ServerProcess,
    base: String,
}

impl Served {
    /// The sandbox.
    fn sandbox(repository: &Repository) -> Self {
        Self::start(repository, &["sandbox", "serve"])
    }

    fn start(repository: &Repository, arguments: &[&str]) -> Self {
        let process = ServerProcess::start(&mut repository.program(arguments)).unwrap();
        let base = process.url.trim_end_matches("/sd").to_owned();
        Self { _process: process, base }
    }

    /// What is sent for a page, with its head.
    fn page(&self, path: &str) -> String {
        let host = self.base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut sent = String::new();
        stream.read_to_string(&mut sent).unwrap();
        sent
    }
}

/// The agreements whose services a client's page offers, as the page is sent.
fn offered(sandbox: &Served, unit: &str) -> BTreeSet<String> {
    let page = sandbox.page(&format!("/portal/{unit}"));
    assert!(page.starts_with("HTTP/1.1 200"), "{unit}: {page}");
    let offers = page.split("data-agreement=\"").skip(1);
    offers.map(|offer| offer.split('"').next().unwrap().to_owned()).collect()
}

/// Sends a manipulated form for an agreement that is not offered, and returns the status of the response.
fn forge(browser: &mut Browser, sandbox: &Served, unit: &str, agreement: &str) -> Value {
    // Every page with a form contains the token.
    browser.ask("go", json!({ "url": format!("{}/portal/ou$7020", sandbox.base) }));
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

/// Requests the first offered service of a client by the form, and returns the number of the request.
fn request(browser: &mut Browser, sandbox: &Served, unit: &str) -> String {
    browser.ask("go", json!({ "url": format!("{}/portal/{unit}", sandbox.base) }));
    browser.ask("click", json!({ "at": "summary" }));
    browser.ask("fill", json!({ "at": "[name=subject]", "text": "Не печатает <b>совсем</b>" }));
    assert_eq!(browser.ask("send", json!({ "at": "details button" })), 200);
    assert!(browser.text(".requests tr >> nth=0").contains("Не печатает <b>совсем</b>"));
    browser.text(".made b")
}

/// The changes of a plan for a day.
fn planned_changes(repository: &Repository, day: &str) -> Value {
    repository.json(0, &["plan", "--as-of", day, "--format", "json"])["plan"]["changes"].take()
}

#[test]
fn the_portal_accepts_requests_only_for_active_agreements_and_an_apply_changes_it_as_planned() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", "2026-09-01"]);
    let sandbox = Served::sandbox(&repository);
    browser.open(&format!("{}/", sandbox.base));
    assert_eq!(browser.count("tbody tr"), 20, "the operator's list contains all");
    browser.assert_accessible("the operator's list");
    // The next apply starts planned agreements, ends active ones, and resumes suspended ones.
    let planned = planned_changes(&repository, "2026-11-01");
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
        browser.ask("go", json!({ "url": format!("{}/portal", sandbox.base) }));
        browser.assert_accessible("the list of clients");
        let script =
            "[...document.querySelectorAll('.clients a')].map((link) => link.getAttribute('href').slice(8))";
        serde_json::from_value(browser.ask("ask", json!({ "script": script }))).unwrap()
    };
    let everywhere =
        || -> BTreeSet<String> { units.iter().flat_map(|unit| offered(&sandbox, unit)).collect() };
    let before = everywhere();
    assert!(begun.iter().all(|object| !before.contains(object)), "planned and suspended ones offer nothing");
    assert!(ended.iter().all(|object| before.contains(object)));
    let refused = |browser: &mut Browser, objects: &[String], units: [&str; 3]| {
        let each = objects.iter().flat_map(|object| units.map(|unit| (object, unit)));
        for (object, unit) in every(4, each) {
            assert_eq!(forge(browser, &sandbox, unit, object), 409, "{object} for {unit}");
        }
    };
    refused(&mut browser, &begun, ["ou$7002", "ou$7060", "ou$7070"]);
    assert!(!request(&mut browser, &sandbox, "ou$7020").is_empty());
    browser.assert_accessible("the portal");
    repository.expect(0, &["apply", "--yes", "--as-of", "2026-11-01"]);
    let after = everywhere();
    assert!(begun.iter().all(|object| after.contains(object)), "started agreements are offered");
    assert!(ended.iter().all(|object| !after.contains(object)), "ended agreements are not offered");
    refused(&mut browser, &ended, ["ou$7030", "ou$7050", "ou$7102"]);
    assert!(!request(&mut browser, &sandbox, "ou$7070").is_empty(), "a resumed agreement");
    let state = format!("{}/agreements/{}", sandbox.base, begun[0]);
    browser.ask("go", json!({ "url": state }));
    assert!(browser.text(".history").contains("active"), "the history shows the apply");
    browser.assert_accessible("the operator's page of an agreement");
    // The browser reports each refused form; these are the only allowed messages.
    let heard = browser.ask("heard", json!({}));
    for complaint in heard["complaints"].as_array().unwrap() {
        assert!(complaint.as_str().unwrap().contains("409"), "{complaint}");
    }
    for address in heard["addresses"].as_array().unwrap() {
        let address = address.as_str().unwrap();
        assert!(address.starts_with(&sandbox.base) || address == "data:,", "{address} was requested");
    }
}

#[test]
fn a_foreign_page_can_neither_send_requests_nor_read_the_portal() {
    let mut browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => return did_not_run(TESTED, &why),
    };
    let repository = Repository::example_after(&["apply", "--yes", "--as-of", "2026-09-01"]);
    let sandbox = Served::sandbox(&repository);
    let foreign = format!(
        "<form method=post action='{}/portal/ou$7020/requests'><input name=token value=x><input name=agreement value='agreement$1'>
         <input name=service value='slmService$605001'><input name=subject value=x><button>x</button></form>",
        sandbox.base
    );
    repository.file("foreign.html", &foreign);
    browser.open(&format!("file://{}", repository.root().join("foreign.html").display()));
    browser.ask("send", json!({ "at": "button" }));
    assert!(browser.text("body").contains("Sec-Fetch-Site"));
    let port = sandbox.base.rsplit(':').next().unwrap();
    let read = |browser: &mut Browser, url: &str| {
        let script = format!("fetch('{url}').then((answer) => answer.text(), () => 'blocked')");
        browser.ask("ask", json!({ "script": script }))
    };
    browser.open(&format!("file://{}", repository.root().join("foreign.html").display()));
    assert_eq!(read(&mut browser, &format!("http://127.0.0.1:{port}/portal/ou$7020")), "blocked");
}
