//! Mail: its headers and bodies, and the certainty of the result after each failure of a server.

mod connections;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use secrecy::SecretString;
use servanda::notice::Channel;
use servanda::notice::delivery::{Message, Reply};
use servanda::render::message::RenderedMessage;
use servanda::settings::MailPace;

use super::Smtp;
use super::server::SmtpServer;
use crate::notify::channel::{DeliveryChannel as _, Submit as _};

/// The phase in which a server fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Greeting,
    Ehlo,
    Mail,
    Rcpt,
    Data,
    Dot,
}

const PHASES: [Phase; 6] = [Phase::Greeting, Phase::Ehlo, Phase::Mail, Phase::Rcpt, Phase::Data, Phase::Dot];

/// The failure of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ServerFault {
    /// Answers this.
    Answers(&'static str),
    /// Ends the connection without an answer.
    Drops,
    /// Ends the connection in the middle of a line.
    Truncates,
    /// Answers a little later.
    Delays,
}

const FAULTS: [ServerFault; 11] = [
    ServerFault::Answers("421 4.3.2 going down"),
    ServerFault::Answers("450 4.2.1 busy"),
    ServerFault::Answers("451 4.3.0 local trouble"),
    ServerFault::Answers("452 4.2.2 over quota"),
    ServerFault::Answers("550 5.1.1 no such user"),
    ServerFault::Answers("552 5.3.4 too large"),
    ServerFault::Answers("554 5.7.1 spam"),
    ServerFault::Answers("what is this"),
    ServerFault::Drops,
    ServerFault::Truncates,
    ServerFault::Delays,
];

/// A server with one fault. Returns its address, and at the end the accepted text.
fn server(at: Phase, fault: ServerFault) -> (String, std::thread::JoinHandle<Option<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("smtp://{}", listener.local_addr().expect("an address"));
    let (sender, receiver) = std::sync::mpsc::channel();
    let handle = std::thread::Builder::new().spawn(move || {
        sender.send(()).expect("somebody waits");
        let (stream, _) = listener.accept().expect("a connection");
        talk(&stream, at, fault)
    });
    receiver.recv().expect("it listens");
    (address, handle.expect("a thread"))
}

/// Serves one connection. A text counts as accepted only after the final dot.
fn talk(stream: &TcpStream, at: Phase, fault: ServerFault) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut accepted = None;
    if !answer(stream, Phase::Greeting, at, fault, "220 here") {
        return None;
    }
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return accepted;
        }
        let (phase, usual) = match line.split_whitespace().next().unwrap_or_default() {
            "EHLO" => (Phase::Ehlo, "250-here\r\n250 8BITMIME"),
            "MAIL" => (Phase::Mail, "250 fine"),
            "RCPT" => (Phase::Rcpt, "250 fine"),
            "DATA" => (Phase::Data, "354 go on"),
            "QUIT" => {
                let _ = (&mut &*stream).write_all(b"221 bye\r\n");
                return accepted;
            }
            _ => (Phase::Greeting, "250 fine"),
        };
        if !answer(stream, phase, at, fault, usual) {
            return accepted;
        }
        let begins = phase == Phase::Data && (at != Phase::Data || fault == ServerFault::Delays);
        if begins {
            let mut text = String::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                if line == ".\r\n" {
                    break;
                }
                text.push_str(&line);
            }
            accepted = Some(text);
            if !answer(stream, Phase::Dot, at, fault, "250 queued") {
                return accepted;
            }
        }
    }
}

/// Answers one command, or applies the fault. Returns whether the connection stays open.
fn answer(mut stream: &TcpStream, phase: Phase, at: Phase, fault: ServerFault, usual: &str) -> bool {
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    if phase != at {
        return say(usual);
    }
    match fault {
        ServerFault::Answers(text) => say(text),
        ServerFault::Drops => false,
        ServerFault::Truncates => {
            let _ = stream.write_all(b"25");
            false
        }
        ServerFault::Delays => {
            std::thread::yield_now();
            say(usual)
        }
    }
}

fn message() -> Message {
    Message {
        name: "0123456789abcdef".to_owned(),
        channel: Channel::Mail,
        address: "Main.Office@client.example".to_owned(),
        notices: Vec::new(),
    }
}

fn rendered() -> RenderedMessage {
    RenderedMessage {
        subject: "Соглашение «Маяк» истекает через 7 дней".to_owned(),
        text: "Здравствуйте!\n.\nТочка на строке ничего не кончает.\n".to_owned(),
        html: "<p>Здравствуйте!</p>".to_owned(),
    }
}

async fn send(address: &str) -> Result<Reply, String> {
    send_to(&smtp(address, 4), "Main.Office@client.example").await
}

/// A server at this address, with a rate that makes no mail wait.
fn smtp(address: &str, connections: usize) -> Smtp {
    let pace = MailPace { connections, per_minute: 60_000_000 };
    Smtp::new(&SecretString::from(address), "Service desk <sd@acme.example>", pace).expect("an address")
}

/// Sends one mail. An error means that it did not come as far as its text.
async fn send_to(smtp: &Smtp, to: &str) -> Result<Reply, String> {
    match smtp.prepare(&Message { address: to.to_owned(), ..message() }, &rendered()).await {
        Ok(prepared) => Ok(prepared.submit().await),
        Err(why) => Err(why),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_is_certain_after_every_fault_of_a_server() {
    for at in PHASES {
        for fault in FAULTS {
            let (address, server) = server(at, fault);
            let sent = send(&address).await;
            let accepted = server.join().expect("it ends").is_some();
            let case = format!("{at:?} {fault:?}: {sent:?}");
            match (at, fault, &sent) {
                (_, ServerFault::Delays, Ok(Reply::Sent(_))) => assert!(accepted, "{case}"),
                // Before the text, nothing was sent.
                (Phase::Greeting | Phase::Ehlo | Phase::Mail | Phase::Rcpt | Phase::Data, _, Err(_)) => {
                    assert!(!accepted, "{case}");
                }
                (Phase::Dot, ServerFault::Answers(text), Ok(Reply::Refused(_)))
                    if text.starts_with(['4', '5']) => {}
                (
                    Phase::Dot,
                    ServerFault::Answers("what is this") | ServerFault::Drops | ServerFault::Truncates,
                    Ok(Reply::Unknown(_)),
                ) => {}
                _ => panic!("{case}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_before_the_dot_leaves_the_result_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("smtp://{}", listener.local_addr().expect("an address"));
    let server = std::thread::Builder::new().spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(&stream);
        (&mut &stream).write_all(b"220 here\r\n").expect("said");
        for reply in ["250 here", "250 fine", "250 fine", "354 go on"] {
            reader.read_line(&mut String::new()).expect("a command");
            (&mut &stream).write_all(format!("{reply}\r\n").as_bytes()).expect("said");
        }
        reader.read_line(&mut String::new()).expect("a line of the text");
    });
    let sent = send(&address).await;
    server.expect("a thread").join().expect("it ends");
    assert!(matches!(sent, Ok(Reply::Unknown(_))), "{sent:?}");
}

#[tokio::test]
async fn an_unreachable_server_accepted_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let sent = send(&format!("smtp://127.0.0.1:{port}")).await;
    assert!(sent.is_err(), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_has_its_id_both_bodies_and_suppresses_automatic_replies() {
    let (address, server) = server(Phase::Dot, ServerFault::Answers("250 queued"));
    assert_eq!(send(&address).await, Ok(Reply::Sent("0123456789abcdef".to_owned())));
    let mail = server.join().expect("it ends").expect("it took the mail");
    for line in [
        "Message-ID: <0123456789abcdef@acme.example>",
        "Auto-Submitted: auto-generated",
        "From: \"Service desk\" <sd@acme.example>",
        "To: Main.Office@client.example",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(mail.lines().any(|found| found == line), "no `{line}` in\n{mail}");
    }
    assert!(mail.is_ascii(), "other characters are encoded");
}

#[test]
fn the_address_of_a_server_is_parsed_and_never_shown() {
    let new = |address: &str| SmtpServer::read(&SecretString::from(address));
    for (fine, place) in [
        ("smtps://user:p%40ss@mail.acme.example", "mail.acme.example:465"),
        ("smtp://localhost:1025", "localhost:1025"),
        ("smtp://mail.acme.example", "mail.acme.example:587"),
        ("smtp://[::1]:2526", "[::1]:2526"),
        ("smtps://почта.рф", "xn--80a1acny.xn--p1ai:465"),
    ] {
        assert_eq!(new(fine).map(|server| server.place()), Ok(place.to_owned()));
    }
    for bad in ["http://mail.acme.example", "mail.acme.example", "smtp://", "smtps://user:secret@"] {
        let why = new(bad).err().expect("it is refused");
        assert!(!why.contains("secret"), "{why}");
    }
    let from = |from: &str| Smtp::new(&SecretString::from("smtp://localhost"), from, MailPace::default());
    assert!(from("no-address").is_err());
}
