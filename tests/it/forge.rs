//! The smallest forge that a recipe can speak to: pull requests, their comments, and whose the token is.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A forge with open pull requests.
pub(crate) struct Forge {
    pub(crate) url: String,
    comments: Arc<Mutex<Vec<Comment>>>,
}

/// The number of a pull request, and the text of a comment on it.
type Comment = (u64, String);

impl Forge {
    /// Serves a forge whose pull request 1 proposes this commit, until the test ends.
    pub(crate) fn serve(head: &str) -> Self {
        Self::with(&[(1, head)])
    }

    /// Serves a forge with these pull requests, each by its number and commit, one on each page of their list.
    pub(crate) fn with(pull_requests: &[(u64, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let comments = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&comments);
        let all: Vec<(u64, String)> =
            pull_requests.iter().map(|(number, head)| (*number, (*head).to_owned())).collect();
        std::thread::Builder::new()
            .spawn(move || {
                for stream in listener.incoming() {
                    serve(stream.unwrap(), &kept, &all);
                }
            })
            .unwrap();
        Self { url, comments }
    }

    /// The comments on pull request 1.
    pub(crate) fn comments(&self) -> Vec<String> {
        self.comments_on(1)
    }

    /// The comments on a pull request.
    pub(crate) fn comments_on(&self, number: u64) -> Vec<String> {
        let comments = self.comments.lock().unwrap();
        comments.iter().filter(|(on, _)| *on == number).map(|(_, text)| text.clone()).collect()
    }
}

fn comment(index: usize, body: &str) -> Value {
    json!({ "id": index + 1, "body": body, "user": { "id": 5 }, "author": { "id": 5 } })
}

fn serve(mut stream: TcpStream, comments: &Mutex<Vec<Comment>>, all: &[(u64, String)]) {
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
    let answer = answer(method, path, &body, comments, all).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    stream.write_all(format!("{head}{answer}").as_bytes()).unwrap();
}

fn answer(
    method: &str,
    path: &str,
    body: &Value,
    comments: &Mutex<Vec<Comment>>,
    all: &[(u64, String)],
) -> Value {
    let pull_request = |(number, head): &(u64, String)| {
        json!({ "id": number, "number": number, "iid": number, "sha": head,
                "head": { "sha": head }, "base": { "ref": "main" } })
    };
    let mut comments = comments.lock().unwrap();
    let text = body["body"].as_str().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let page = query.split('&').find_map(|part| part.strip_prefix("page="));
    let page: usize = page.map_or(1, |page| page.parse().unwrap());
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or_default();
    // `/issues/1/comments`, `/merge_requests/1/notes`
    let number: u64 = parts.next().and_then(|number| number.parse().ok()).unwrap_or(1);
    match (method, last) {
        (_, "graphql") => json!({ "data": { "viewer": { "databaseId": 5 } } }),
        (_, "user") => json!({ "id": 5 }),
        ("GET", "comments" | "notes") if page > 1 => json!([]),
        (_, "pulls" | "merge_requests") => all.iter().skip(page - 1).take(1).map(pull_request).collect(),
        ("POST", "comments" | "notes") => {
            comments.push((number, text.to_owned()));
            comment(comments.len() - 1, text)
        }
        ("GET", "comments" | "notes") => {
            let on = comments.iter().enumerate().filter(|(_, (on, _))| *on == number);
            on.map(|(index, (_, body))| comment(index, body)).collect()
        }
        ("PATCH" | "PUT", id) => {
            let index = id.parse::<usize>().unwrap() - 1;
            text.clone_into(&mut comments[index].1);
            comment(index, text)
        }
        (_, number) => {
            let found =
                all.iter().find(|(known, _)| number.parse().is_ok_and(|number: u64| number == *known));
            pull_request(found.unwrap_or(&all[0]))
        }
    }
}
