//! The smallest forge that a recipe can speak to: one pull request, its comments, and whose the token is.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A forge with one open pull request, of number 1.
pub(crate) struct Forge {
    pub(crate) url: String,
    comments: Arc<Mutex<Vec<String>>>,
}

impl Forge {
    /// Serves a forge whose pull request proposes this commit, until the test ends.
    pub(crate) fn serve(head: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let comments = Arc::new(Mutex::new(Vec::new()));
        let (kept, head) = (Arc::clone(&comments), head.to_owned());
        std::thread::Builder::new()
            .spawn(move || {
                for stream in listener.incoming() {
                    serve(stream.unwrap(), &kept, &head);
                }
            })
            .unwrap();
        Self { url, comments }
    }

    /// What stands on the pull request.
    pub(crate) fn comments(&self) -> Vec<String> {
        self.comments.lock().unwrap().clone()
    }
}

fn comment(index: usize, body: &str) -> Value {
    json!({ "id": index + 1, "body": body, "user": { "id": 5 }, "author": { "id": 5 } })
}

fn serve(mut stream: TcpStream, comments: &Mutex<Vec<String>>, head: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let answer = answer(method, path, &body, comments, head).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    stream.write_all(format!("{head}{answer}").as_bytes()).unwrap();
}

fn answer(method: &str, path: &str, body: &Value, comments: &Mutex<Vec<String>>, head: &str) -> Value {
    let pull_request = json!({ "id": 9, "number": 1, "iid": 1, "sha": head, "head": { "sha": head } });
    let mut comments = comments.lock().unwrap();
    let text = body["body"].as_str().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_later_page = query.split('&').any(|part| part.starts_with("page=") && part != "page=1");
    let last = path.rsplit('/').next().unwrap_or_default();
    match (method, last) {
        (_, "graphql") => json!({ "data": { "viewer": { "databaseId": 5 } } }),
        (_, "user") => json!({ "id": 5 }),
        ("GET", "pulls" | "merge_requests" | "comments" | "notes") if is_later_page => json!([]),
        (_, "pulls" | "merge_requests") => json!([pull_request]),
        ("POST", "comments" | "notes") => {
            comments.push(text.to_owned());
            comment(comments.len() - 1, text)
        }
        ("GET", "comments" | "notes") => {
            comments.iter().enumerate().map(|(index, body)| comment(index, body)).collect()
        }
        ("PATCH" | "PUT", number) => {
            let index = number.parse::<usize>().unwrap() - 1;
            text.clone_into(&mut comments[index]);
            comment(index, text)
        }
        _ => pull_request,
    }
}
