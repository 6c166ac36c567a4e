//! Mail: what it is made of, and what is certain after each way a server can behave.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use secrecy::SecretString;
use servanda::notice::Channel;
use servanda::notice::delivery::{Message, Reply};
use servanda::render::message::Letter;

use super::Smtp;

/// Where a server stops being friendly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Greeting,
    Ehlo,
    Mail,
    Rcpt,
    Data,
    Dot,
}

const PLACES: [At; 6] = [At::Greeting, At::Ehlo, At::Mail, At::Rcpt, At::Data, At::Dot];

/// What it does there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// Answers this.
    Says(&'static str),
    /// Ends the connection without an answer.
    Drops,
    /// Ends it in the middle of a line.
    Stammers,
    /// Answers a little later.
    Dawdles,
}

const WAYS: [Does; 11] = [
    Does::Says("421 4.3.2 going down"),
    Does::Says("450 4.2.1 busy"),
    Does::Says("451 4.3.0 local trouble"),
    Does::Says("452 4.2.2 over quota"),
    Does::Says("550 5.1.1 nobody of that name"),
    Does::Says("552 5.3.4 too large"),
    Does::Says("554 5.7.1 spam"),
    Does::Says("what is this"),
    Does::Drops,
    Does::Stammers,
    Does::Dawdles,
];

/// A server that is friendly but for one thing. Gives its address, and in the end the text that it took.
fn server(at: At, does: Does) -> (String, std::thread::JoinHandle<Option<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("smtp://{}", listener.local_addr().expect("an address"));
    let (sender, receiver) = std::sync::mpsc::channel();
    let handle = std::thread::Builder::new().spawn(move || {
        sender.send(()).expect("somebody waits");
        let (stream, _) = listener.accept().expect("a connection");
        talk(&stream, at, does)
    });
    receiver.recv().expect("it listens");
    (address, handle.expect("a thread"))
}

/// One connection. What was taken counts only if the dot was seen.
fn talk(stream: &TcpStream, at: At, does: Does) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut taken = None;
    if !answer(stream, At::Greeting, at, does, "220 here") {
        return None;
    }
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return taken;
        }
        let (place, usual) = match line.split_whitespace().next().unwrap_or_default() {
            "EHLO" => (At::Ehlo, "250-here\r\n250 8BITMIME"),
            "MAIL" => (At::Mail, "250 fine"),
            "RCPT" => (At::Rcpt, "250 fine"),
            "DATA" => (At::Data, "354 go on"),
            "QUIT" => {
                let _ = (&mut &*stream).write_all(b"221 bye\r\n");
                return taken;
            }
            _ => (At::Greeting, "250 fine"),
        };
        if !answer(stream, place, at, does, usual) {
            return taken;
        }
        let begins = place == At::Data && (at != At::Data || does == Does::Dawdles);
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
            taken = Some(text);
            if !answer(stream, At::Dot, at, does, "250 queued") {
                return taken;
            }
        }
    }
}

/// Answers one command, unless this is where it does something else. Whether the connection goes on.
fn answer(mut stream: &TcpStream, place: At, at: At, does: Does, usual: &str) -> bool {
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    if place != at {
        return say(usual);
    }
    match does {
        Does::Says(text) => say(text),
        Does::Drops => false,
        Does::Stammers => {
            let _ = stream.write_all(b"25");
            false
        }
        Does::Dawdles => {
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

fn letter() -> Letter {
    Letter {
        subject: "Соглашение «Маяк» истекает через 7 дней".to_owned(),
        text: "Здравствуйте!\n.\nТочка на строке ничего не кончает.\n".to_owned(),
        html: "<p>Здравствуйте!</p>".to_owned(),
    }
}

async fn send(address: &str) -> Result<Reply, String> {
    let smtp = Smtp::new(&SecretString::from(address), "Service desk <sd@acme.example>").expect("an address");
    match smtp.prepare(&message(), &letter()).await {
        Ok(prepared) => Ok(prepared.submit().await),
        Err(why) => Err(why),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_each_way_a_server_can_behave_it_is_known_what_is_certain() {
    for at in PLACES {
        for does in WAYS {
            let (address, server) = server(at, does);
            let sent = send(&address).await;
            let taken = server.join().expect("it ends").is_some();
            let case = format!("{at:?} {does:?}: {sent:?}");
            match (at, does, &sent) {
                (_, Does::Dawdles, Ok(Reply::Sent(_))) => assert!(taken, "{case}"),
                // Before the text nothing was sent, whatever happened.
                (At::Greeting | At::Ehlo | At::Mail | At::Rcpt | At::Data, _, Err(_)) => {
                    assert!(!taken, "{case}");
                }
                (At::Dot, Does::Says(text), Ok(Reply::Refused(_))) if text.starts_with(['4', '5']) => {}
                (
                    At::Dot,
                    Does::Says("what is this") | Does::Drops | Does::Stammers,
                    Ok(Reply::Unknown(_)),
                ) => {}
                _ => panic!("{case}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_before_the_dot_leaves_it_unknown_and_never_sent_twice() {
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
async fn a_server_that_is_not_there_took_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let sent = send(&format!("smtp://127.0.0.1:{port}")).await;
    assert!(sent.is_err(), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_bears_its_name_both_texts_and_answers_no_holiday() {
    let (address, server) = server(At::Dot, Does::Says("250 queued"));
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
    assert!(mail.is_ascii(), "what is not ASCII is encoded");
}

#[test]
fn an_address_of_a_server_is_read_and_never_shown() {
    let new = |address: &str| Smtp::new(&SecretString::from(address), "Desk <sd@acme.example>").err();
    for fine in ["smtps://user:p%40ss@mail.acme.example", "smtp://localhost:1025", "smtp://mail.acme.example"]
    {
        assert!(new(fine).is_none(), "{fine}");
    }
    for bad in ["http://mail.acme.example", "mail.acme.example", "smtp://", "smtps://user:secret@"] {
        let failure = new(bad).expect("it is refused");
        assert!(!failure.message.contains("secret"), "{}", failure.message);
    }
    assert!(Smtp::new(&SecretString::from("smtp://localhost"), "nobody").is_err());
}
