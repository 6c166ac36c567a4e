//! Connections that are used for one mail after another: no mail is lost or doubled by that, for any behaviour of the server.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use servanda::notice::delivery::Reply;

use super::{send_to, smtp};
use crate::cases::sample_of;

/// The behaviour of a server, besides taking mails on any number of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Plain,
    /// Offers SMTPUTF8.
    Utf8,
    /// Ends each connection with 421 at the command after a mail.
    EndsWith421,
    /// Ends each connection without a word after a mail.
    EndsSilently,
    /// Takes one connection at a time, and answers 421 to others.
    OneAtATime,
    /// Answers 421 to every connection.
    Busy,
    /// Repeats the response to each text.
    Repeats,
    /// Takes the second text, and ends the connection without a response.
    LosesTheSecond,
    /// Answers 421 to the second text.
    RefusesTheSecond,
    /// Refuses recipients called `unknown`.
    KnowsFew,
}

/// The connections, commands and texts that a server has seen.
#[derive(Default)]
struct Log {
    connections: usize,
    open: usize,
    most_open: usize,
    /// The commands with sender or recipient.
    commands: Vec<String>,
    /// The texts that were taken.
    texts: Vec<String>,
}

struct Server {
    address: String,
    log: Arc<Mutex<Log>>,
}

impl Server {
    fn start(habit: Habit) -> Self {
        Self::at("127.0.0.1:0", habit).expect("a port")
    }

    fn at(place: &str, habit: Habit) -> io::Result<Self> {
        let listener = TcpListener::bind(place)?;
        let address = format!("smtp://{}", listener.local_addr()?);
        let log = Arc::<Mutex<Log>>::default();
        let shared = Arc::clone(&log);
        std::thread::Builder::new().spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&shared);
                let serve = move || {
                    let is_alone = enter(&log);
                    let is_busy = habit == Habit::Busy || (habit == Habit::OneAtATime && !is_alone);
                    // The client may end the connection at any time.
                    let _ = if is_busy { say(&stream, "421 too many") } else { talk(&stream, habit, &log) };
                    lock(&log).open -= 1;
                };
                std::thread::Builder::new().spawn(serve).expect("a thread");
            }
        })?;
        Ok(Self { address, log })
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// The number of connections, and of texts that were taken.
    fn counts(&self) -> (usize, usize) {
        let log = self.log();
        (log.connections, log.texts.len())
    }
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().expect("no test panics here")
}

/// Counts a connection. Returns whether it is the only one.
fn enter(log: &Mutex<Log>) -> bool {
    let mut log = lock(log);
    log.connections += 1;
    log.open += 1;
    log.most_open = log.most_open.max(log.open);
    log.open == 1
}

fn say(mut stream: &TcpStream, text: &str) -> io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes())
}

fn talk(stream: &TcpStream, habit: Habit, log: &Mutex<Log>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut mails = 0;
    say(stream, "220 here")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if mails > 0 && habit == Habit::EndsWith421 {
            return say(stream, "421 idle for too long");
        }
        let line = line.trim_end().to_owned();
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" if habit == Habit::Utf8 => say(stream, "250-here\r\n250-8BITMIME\r\n250 SMTPUTF8")?,
            "EHLO" => say(stream, "250-here\r\n250 8BITMIME")?,
            "MAIL" | "RCPT" => {
                let is_refused = habit == Habit::KnowsFew && line.contains("<unknown");
                lock(log).commands.push(line);
                say(stream, if is_refused { "550 no such user" } else { "250 fine" })?;
            }
            "DATA" => {
                say(stream, "354 go on")?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    if reader.read_line(&mut text)? == 0 {
                        return Ok(());
                    }
                }
                let number = {
                    let mut log = lock(log);
                    if habit != Habit::RefusesTheSecond || log.texts.len() != 1 {
                        log.texts.push(text);
                    }
                    log.texts.len()
                };
                mails += 1;
                match habit {
                    Habit::LosesTheSecond if number == 2 => return Ok(()),
                    Habit::RefusesTheSecond if mails == 2 => return say(stream, "421 going down"),
                    Habit::Repeats => say(stream, "250 queued\r\n250 queued")?,
                    Habit::EndsSilently => return say(stream, "250 queued"),
                    _ => say(stream, "250 queued")?,
                }
            }
            "QUIT" => return say(stream, "221 bye"),
            _ => say(stream, "250 fine")?,
        }
    }
}

fn is_sent(sent: &Result<Reply, String>) -> bool {
    matches!(sent, Ok(Reply::Sent(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_mails() {
    let server = Server::start(Habit::Plain);
    let smtp = smtp(&server.address, 4);
    for number in 0..20 {
        assert!(is_sent(&send_to(&smtp, &format!("to-{number}@client.example")).await));
    }
    assert_eq!(server.counts(), (1, 20));
    smtp.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_from_eight_at_once_take_four_connections() {
    let server = Server::start(Habit::Plain);
    let smtp = smtp(&server.address, 4);
    let smtp = &smtp;
    let of_each = sample_of(10, 50);
    let parts = (0..8).map(|part| async move {
        for number in 0..of_each {
            assert!(is_sent(&send_to(smtp, &format!("to-{part}-{number}@client.example")).await));
        }
    });
    futures_util::future::join_all(parts).await;
    let log = server.log();
    assert_eq!((log.connections, log.most_open, log.texts.len()), (4, 4, 8 * of_each));
    let recipients: std::collections::BTreeSet<&String> =
        log.commands.iter().filter(|command| command.starts_with("RCPT")).collect();
    assert_eq!(recipients.len(), 8 * of_each, "each recipient got one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ended_meanwhile_is_replaced() {
    for habit in [Habit::EndsWith421, Habit::EndsSilently] {
        let server = Server::start(habit);
        let smtp = smtp(&server.address, 1);
        for number in 0..5 {
            let sent = send_to(&smtp, &format!("to-{number}@client.example")).await;
            assert!(is_sent(&sent), "{habit:?} {number}: {sent:?}");
        }
        assert_eq!(server.counts(), (5, 5), "{habit:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_ends_the_connection_and_touches_no_other_mail() {
    let server = Server::start(Habit::LosesTheSecond);
    let smtp = smtp(&server.address, 1);
    assert!(is_sent(&send_to(&smtp, "first@client.example").await));
    let lost = send_to(&smtp, "second@client.example").await;
    assert!(matches!(lost, Ok(Reply::Unknown(_))), "{lost:?}");
    assert!(is_sent(&send_to(&smtp, "third@client.example").await));
    assert_eq!(server.counts(), (2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_answered_with_421_was_refused_and_is_not_sent_again() {
    let server = Server::start(Habit::RefusesTheSecond);
    let smtp = smtp(&server.address, 1);
    assert!(is_sent(&send_to(&smtp, "first@client.example").await));
    let refused = send_to(&smtp, "second@client.example").await;
    assert!(matches!(refused, Ok(Reply::Refused(_))), "{refused:?}");
    assert_eq!(server.counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_to_one_mail_is_never_read_as_that_to_another() {
    let server = Server::start(Habit::Repeats);
    let smtp = smtp(&server.address, 1);
    for number in 0..4 {
        assert!(is_sent(&send_to(&smtp, &format!("to-{number}@client.example")).await));
    }
    assert_eq!(server.log().texts.len(), 4, "each was taken once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_fewer_connections_gets_fewer() {
    let server = Server::start(Habit::OneAtATime);
    let smtp = smtp(&server.address, 4);
    let addresses: Vec<String> = (0..12).map(|number| format!("to-{number}@client.example")).collect();
    let sent = futures_util::future::join_all(addresses.iter().map(|to| send_to(&smtp, to))).await;
    assert!(sent.iter().all(is_sent), "{sent:?}");
    assert_eq!(server.log().texts.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_connection_gets_no_mail() {
    let server = Server::start(Habit::Busy);
    let smtp = smtp(&server.address, 4);
    let sent = send_to(&smtp, "to@client.example").await;
    assert!(sent.as_ref().is_err_and(|why| why.contains("too many")), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_recipient_costs_no_connection() {
    let server = Server::start(Habit::KnowsFew);
    let smtp = smtp(&server.address, 1);
    for (to, is_taken) in [("a", true), ("unknown", false), ("unknown", false), ("b", true)] {
        assert_eq!(is_sent(&send_to(&smtp, &format!("{to}@client.example")).await), is_taken, "{to}");
    }
    assert_eq!(server.counts(), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_sent_in_punycode() {
    let server = Server::start(Habit::Plain);
    assert!(is_sent(&send_to(&smtp(&server.address, 1), "main@клиника.рф").await));
    let log = server.log();
    assert_eq!(log.commands[1], "RCPT TO:<main@xn--80apagcdp.xn--p1ai>");
    assert!(log.texts[0].contains("\r\nTo: main@xn--80apagcdp.xn--p1ai\r\n"), "{}", log.texts[0]);
    assert!(log.texts[0].is_ascii());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_ascii_needs_a_server_that_offers_it() {
    let server = Server::start(Habit::Plain);
    let smtp_without = smtp(&server.address, 1);
    let refused = send_to(&smtp_without, "главврач@клиника.рф").await;
    assert!(refused.as_ref().is_err_and(|why| why.contains("SMTPUTF8")), "{refused:?}");
    assert!(is_sent(&send_to(&smtp_without, "other@client.example").await), "others go on");
    assert_eq!(server.counts(), (1, 1));

    let server = Server::start(Habit::Utf8);
    assert!(is_sent(&send_to(&smtp(&server.address, 1), "главврач@клиника.рф").await));
    let log = server.log();
    assert_eq!(log.commands[0], "MAIL FROM:<sd@acme.example> SMTPUTF8 BODY=8BITMIME");
    assert_eq!(log.commands[1], "RCPT TO:<главврач@xn--80apagcdp.xn--p1ai>");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reached_at_an_address_of_ipv6() {
    // A machine may have no IPv6.
    let Ok(server) = Server::at("[::1]:0", Habit::Plain) else { return };
    assert!(server.address.starts_with("smtp://[::1]:"));
    assert!(is_sent(&send_to(&smtp(&server.address, 1), "to@client.example").await));
}
