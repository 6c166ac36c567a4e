//! Proxies of the environment: the helpdesk is reached through them, and their logins are redacted.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::doctor::line_of;
use crate::missing::did_not_run;
use crate::processes::{KEY, point};
use crate::repository::{Repository, Run};

/// A host that only the proxy knows.
const HOST: &str = "helpdesk.acme.example";
const PASSWORD: &str = "hunter2-of-the-proxy";
/// The login in Base64, as it is sent to the proxy.
const LOGIN: &str = "bWU6aHVudGVyMi1vZi10aGUtcHJveHk=";

/// The answer of a proxy to a request for a tunnel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Connects to the server of the test, for any host.
    Connects,
    /// Repeats the login in its refusal.
    Refuses,
}

/// A proxy that speaks HTTP and SOCKS 5. Returns its port, and what each connection asked for.
fn proxy(server: u16, answer: Answer) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, asked) = channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let heard = heard.clone();
            std::thread::spawn(move || {
                let client = client.unwrap();
                let mut reader = BufReader::new(client.try_clone().unwrap());
                let is_socks = reader.fill_buf().unwrap().first() == Some(&5);
                let head = if is_socks { socks_head(&client, &mut reader) } else { http_head(&mut reader) };
                // A connection that is only tried.
                if head.is_empty() {
                    return;
                }
                // The test may be over.
                let _ = heard.send(head);
                let mut client = client;
                if answer == Answer::Refuses {
                    let _ = write!(client, "HTTP/1.1 407 {LOGIN}\r\nContent-Length: 0\r\n\r\n");
                    return;
                }
                let accepted: &[u8] =
                    if is_socks { &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0] } else { b"HTTP/1.1 200 OK\r\n\r\n" };
                client.write_all(accepted).unwrap();
                let mut behind = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let mut back = (behind.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut back.0, &mut back.1);
                    let _ = back.1.shutdown(std::net::Shutdown::Write);
                });
                let _ = std::io::copy(&mut reader, &mut behind);
                let _ = behind.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    (port, asked)
}

fn http_head(reader: &mut impl BufRead) -> String {
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap_or_default() > 2 {}
    head
}

/// The host and the port of a request of SOCKS 5 with a name, in the form of `CONNECT`.
fn socks_head(mut client: &TcpStream, reader: &mut impl Read) -> String {
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        reader.read_exact(&mut bytes).unwrap();
        bytes
    };
    let methods = take(2)[1];
    take(methods.into());
    client.write_all(&[5, 0]).unwrap();
    let length = take(5)[4];
    let host = String::from_utf8(take(length.into())).unwrap();
    let port = take(2);
    format!("SOCKS {host}:{}", u16::from_be_bytes([port[0], port[1]]))
}

/// An empty helpdesk behind TLS, with a certificate in `certificate.pem` of the repository.
fn helpdesk(repository: &Repository) -> Result<u16, String> {
    let names = format!("subjectAltName=DNS:{HOST}");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=helpdesk", "-newkey", "ec"]);
    openssl.args([
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ]);
    openssl.args(["-addext", &names, "-keyout", "key.pem", "-out", "certificate.pem"]);
    let made =
        openssl.current_dir(repository.root()).output().map_err(|error| format!("openssl: {error}"))?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into_owned());
    }
    let config = tls(repository.root());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut reader = BufReader::new(&mut stream);
            let head = http_head(&mut reader).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length = length.map_or(0, |length| length.trim().parse().unwrap());
            std::io::copy(&mut reader.take(length), &mut std::io::sink()).unwrap();
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
            // The client may have closed the connection.
            let _ = stream.write_all(answer.as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    Ok(port)
}

fn tls(folder: &Path) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
}

/// A repository whose helpdesk answers at a name that only a proxy resolves, and the port behind it.
fn behind_a_proxy() -> Option<(Repository, u16)> {
    let repository = Repository::example();
    let port = match helpdesk(&repository) {
        Ok(port) => port,
        Err(why) => {
            did_not_run("proxies before a helpdesk", &why);
            return None;
        }
    };
    point(&repository, &format!("https://{HOST}:8443/sd"), "  ca_file: certificate.pem\n");
    Some((repository, port))
}

/// Runs `doctor` with these variables, and returns status and message of a check.
fn doctor(repository: &Repository, variables: &[(&str, &str)], check: &str) -> (String, String, Run) {
    let mut program = repository.program(&["doctor", "--format", "json", "-vv"]);
    let run = Run::of(program.env("KEY", KEY).envs(variables.iter().copied()));
    let found: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let line = line_of(&found, check);
    let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"), run)
}

#[test]
fn the_helpdesk_is_reached_through_the_proxy_of_any_variable() {
    let Some((repository, server)) = behind_a_proxy() else { return };
    // A name that leads to this machine and is not `localhost`, as the name of a proxy in a private network.
    for (variable, scheme) in [
        ("HTTPS_PROXY", "http://"),
        ("https_proxy", ""),
        ("ALL_PROXY", "socks5h://"),
        ("all_proxy", "http://"),
    ] {
        let (port, asked) = proxy(server, Answer::Connects);
        let login = if scheme == "socks5h://" { String::new() } else { format!("me:{PASSWORD}@") };
        let address = format!("{scheme}{login}127.1:{port}");
        let (status, message, run) = doctor(&repository, &[(variable, &address)], "helpdesk");
        assert_eq!(status, "ok", "{variable}={address}: {message}\n{}", run.stderr);
        let asked: Vec<String> = asked.try_iter().collect();
        assert!(!asked.is_empty(), "{variable}");
        for head in asked {
            assert!(head.contains(&format!("{HOST}:8443")), "{head}");
            assert!(login.is_empty() || head.contains(LOGIN), "{head}");
        }
        let (status, message, _) = doctor(&repository, &[(variable, &address)], "proxy");
        assert_eq!(status, "ok");
        assert!(message.contains(HOST) && message.contains(&format!("127.1:{port}")), "{message}");
    }
}

#[test]
fn the_login_of_a_proxy_is_redacted() {
    let Some((repository, server)) = behind_a_proxy() else { return };
    let (port, asked) = proxy(server, Answer::Refuses);
    let address = format!("http://me:{PASSWORD}@127.1:{port}");
    let (status, message, run) = doctor(&repository, &[("HTTPS_PROXY", &address)], "helpdesk");
    assert_eq!(status, "failed");
    assert!(message.contains("could not be reached"), "{message}");
    assert!(asked.try_iter().all(|head| head.contains(LOGIN)), "the proxy got it");
    for secret in [PASSWORD, LOGIN] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{}{}", run.stdout, run.stderr);
    }
}

#[test]
fn doctor_explains_proxies_that_are_unreachable_unusable_or_passed_by() {
    let Some((repository, server)) = behind_a_proxy() else { return };
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (port, asked) = proxy(server, Answer::Connects);
    let works = format!("http://127.1:{port}");
    let unreachable = format!("http://127.1:{unused}");
    let cases = [
        (vec![("HTTPS_PROXY", unreachable.as_str())], "failed", "cannot be reached"),
        (vec![("https_proxy", "ftp://me:secret-of-mine@proxy:1")], "warning", "https_proxy"),
        (vec![("HTTPS_PROXY", works.as_str()), ("NO_PROXY", ".acme.example")], "ok", "directly"),
    ];
    // At the same time, since each tries a helpdesk that it does not reach a few times.
    std::thread::scope(|scope| {
        for (variables, expected, part) in cases {
            let repository = &repository;
            scope.spawn(move || {
                let (status, message, run) = doctor(repository, &variables, "proxy");
                assert_eq!(status, expected, "{variables:?}: {message}");
                assert!(message.contains(part), "{message}");
                assert!(!run.stdout.contains("secret-of-mine") && !run.stderr.contains("secret-of-mine"));
            });
        }
    });
    assert_eq!(asked.try_iter().count(), 0, "NO_PROXY leads past the proxy");
}

#[test]
fn this_machine_is_reached_without_a_proxy() {
    let repository = Repository::example();
    let served = crate::processes::Served::accepting(&repository, KEY, &serde_json::json!([]));
    point(&repository, &served.url, "");
    let (port, asked) = proxy(0, Answer::Refuses);
    let address = format!("http://127.0.0.1:{port}");
    let variables = [("HTTP_PROXY", &*address), ("HTTPS_PROXY", &*address), ("ALL_PROXY", &*address)];
    let (status, message, _) = doctor(&repository, &variables, "helpdesk");
    assert_eq!(status, "ok", "{message}");
    assert_eq!(asked.try_iter().count(), 0);
}
