//! Several machines: runners that share one database for their ledger, and servers that answer side by side.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Output;

use serde_json::{Value, json};

use crate::missing::did_not_run;
use crate::outputs::faults;
use crate::postgres::Server;
use crate::processes::{KEY, Served, point};
use crate::repository::{Repository, copy};
use crate::server_process::ServerProcess;

const LEDGER: &str = "notices: { comment: private }
ledger: { at: { env: LEDGER_URL }, secret: { env: SERVANDA_LEDGER_SECRET } }
";

#[test]
fn three_runners_on_one_database_send_everything_once() {
    let server = match Server::start() {
        Ok(server) => server,
        Err(why) => return did_not_run("runners on one database", &why),
    };
    let address = server.database("ledger");
    let machines = [Repository::example(), Repository::example(), Repository::example()];
    let served = Served::accepting(&machines[0], KEY, &json!([]));
    for machine in &machines {
        point(machine, &served.url, LEDGER);
    }
    let run = |repository: &Repository, day: &str, more: &[&str]| -> Output {
        let arguments = [&["run", "--format", "json", "--wait-lock", "2m", "--as-of", day], more].concat();
        let mut program = repository.program(&arguments);
        program
            .env("KEY", KEY)
            .env("LEDGER_URL", &address)
            .env("SERVANDA_LEDGER_SECRET", "a long random text");
        program.output().unwrap()
    };
    let begun = run(&machines[0], "2026-09-01", &["--init-ledger"]);
    assert!(begun.status.success(), "{begun:?}");
    let runs: Vec<Output> = std::thread::scope(|scope| {
        let runs = machines.each_ref().map(|machine| scope.spawn(|| run(machine, "2026-09-21", &[])));
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let mut sent = Vec::new();
    for run in &runs {
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let report: Value = serde_json::from_slice(&run.stdout).unwrap();
        let keys = report["notices"]["sent"].as_array().unwrap().iter().map(ToString::to_string);
        sent.extend(keys);
    }
    let different: BTreeSet<&String> = sent.iter().collect();
    assert!(!sent.is_empty() && different.len() == sent.len(), "{sent:?}");
}

/// A server of `servanda serve`.
struct Replica(ServerProcess);

impl Replica {
    fn of(repository: &Repository) -> Self {
        let mut program = repository.program(&["serve", "--listen", "127.0.0.1:0", "--revision", "HEAD"]);
        Self(ServerProcess::start(&mut program).unwrap())
    }

    /// The digest of the files that an answer is made from, and the answer.
    fn answer(&self, path: &str) -> (String, Value) {
        let address = self.0.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let digest = head.lines().find_map(|line| line.strip_prefix("servanda-workspace: ")).unwrap();
        (digest.to_owned(), serde_json::from_str(body).unwrap())
    }
}

#[test]
fn three_servers_answer_alike_and_name_their_state() {
    let newest = Repository::example();
    let older = newest.commit();
    newest.edit("agreements/2026/portovik-2026.yaml", "region: baltic", "region: north");
    newest.edit("agreements/2026/severny-veter-2026.yaml", "  email: false", "  email: true");
    newest.commit();
    let clones = [Repository::empty(), Repository::empty()];
    for clone in &clones {
        copy(newest.root(), &clone.root().to_owned());
    }
    clones[1].check_out(&older);
    let replicas = [&newest, &clones[0], &clones[1]].map(Replica::of);
    let ask = |client: &str| {
        let path =
            format!("/v1/entitlement?client={client}&service=email&priority=high&at=2026-09-01T10:00:00Z");
        replicas.each_ref().map(|replica| replica.answer(&path))
    };
    let [first, second, behind] = ask("portovik");
    assert_eq!(first, second);
    assert_ne!(first.0, behind.0, "the digest names the state");
    assert_eq!(first.1, behind.1, "this agreement means the same in both");
    let [first, second, behind] = ask("severny-veter");
    assert_eq!(first, second);
    assert_ne!(first.1["verdict"], behind.1["verdict"]);
    assert_eq!(faults("entitlement", &first.1), [""; 0]);
    let offered = replicas[0].answer("/v1/services?client=severny-veter&at=2026-09-01T10:00:00Z").1;
    assert_eq!(offered["services"].as_array().map(Vec::len), Some(3), "{offered}");
    assert_eq!(faults("services", &offered), [""; 0]);
}
