//! Something in between that loses answers, or keeps what it sees, or answers from what was kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::double::read_form;

/// Which answer is lost: the first to an operation on a class, such as `core/create SLT`, and whether it gets
/// there.
#[derive(Clone, Debug)]
pub(crate) struct Loss {
    pub(crate) call: String,
    pub(crate) arrives: bool,
}

/// A request that was sent and not performed yet.
type Held = (Value, String);

/// The state at the end of the lifecycle.
enum End {
    /// A helpdesk.
    There(String),
    /// The recorded answers to each request, in their order.
    Kept(Mutex<BTreeMap<String, VecDeque<Value>>>),
}

/// The road to a helpdesk.
pub(crate) struct Road {
    end: End,
    losses: Mutex<Vec<Loss>>,
    /// The number of writes that pass before one is held, and all after it are lost; `None` to hold none.
    holds_after: Mutex<Option<usize>>,
    held: Mutex<Vec<Held>>,
    passed: Mutex<Vec<(Value, Value)>>,
    client: reqwest::Client,
}

impl Road {
    /// A road to this address.
    pub(crate) fn to(url: &str) -> Self {
        Self::ending(End::There(format!("{url}/webservices/rest.php")))
    }

    /// A road that ends at what was kept.
    pub(crate) fn of_kept(pairs: Vec<(Value, Value)>) -> Self {
        let mut kept: BTreeMap<String, VecDeque<Value>> = BTreeMap::new();
        for (request, answer) in pairs {
            kept.entry(request.to_string()).or_default().push_back(answer);
        }
        Self::ending(End::Kept(Mutex::new(kept)))
    }

    fn ending(end: End) -> Self {
        let client = crate::http::client::test_client();
        let (losses, holds_after, held, passed) = Default::default();
        Self { end, losses, holds_after, held, passed, client }
    }

    /// Answers that get lost from now on.
    pub(crate) fn lose(&self, losses: Vec<Loss>) {
        *held(&self.losses) = losses;
    }

    /// Holds the write after this many, as if its sender was killed while the helpdesk is about to perform it.
    pub(crate) fn hold_after(&self, writes: usize) {
        *held(&self.holds_after) = Some(writes);
    }

    /// Performs what was held, and holds nothing any more. Returns whether anything was.
    pub(crate) async fn deliver(&self) -> bool {
        *held(&self.holds_after) = None;
        let waiting = std::mem::take(&mut *held(&self.held));
        for (request, body) in &waiting {
            self.ask(request, body.clone()).await;
        }
        !waiting.is_empty()
    }

    /// Whether the request is held.
    fn holds(&self, request: &Value, body: &str) -> bool {
        let mut left = held(&self.holds_after);
        let is_write = request["operation"] != "core/get";
        match &mut *left {
            Some(0) if is_write => held(&self.held).push((request.clone(), body.to_owned())),
            Some(left) if is_write => {
                *left -= 1;
                return false;
            }
            _ => return false,
        }
        *left = None;
        true
    }

    /// The way many of them were not lost yet.
    pub(crate) fn left_to_lose(&self) -> usize {
        held(&self.losses).len()
    }

    /// Requests and answers that went by, without the login.
    pub(crate) fn passed(&self) -> Vec<(Value, Value)> {
        held(&self.passed).clone()
    }

    /// Opens it; it stays open until the test's runtime ends.
    pub(crate) async fn open(self: &Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let road = Arc::clone(self);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let road = Arc::clone(&road);
                tokio::spawn(async move { road.carry(stream).await });
            }
        });
        url
    }

    async fn carry(&self, mut stream: TcpStream) -> Option<()> {
        let body = read_request(&mut stream).await?;
        let request: Value = serde_json::from_str(read_form(&body).get("json_data")?).ok()?;
        let call = format!("{} {}", request["operation"].as_str()?, request["class"].as_str()?);
        if self.holds(&request, &body) {
            return None;
        }
        let lost = {
            let mut losses = held(&self.losses);
            let at = losses.iter().position(|loss| loss.call == call);
            at.map(|at| losses.remove(at))
        };
        if lost.as_ref().is_some_and(|loss| !loss.arrives) {
            return None;
        }
        let answer = self.ask(&request, body).await?;
        held(&self.passed).push((request, answer.clone()));
        if lost.is_some() {
            return None;
        }
        let text = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            text.len()
        );
        stream.write_all(format!("{head}{text}").as_bytes()).await.ok()
    }

    #[expect(clippy::disallowed_methods, reason = "a test that passes on what the helpdesk answers")]
    async fn ask(&self, request: &Value, body: String) -> Option<Value> {
        match &self.end {
            End::There(url) => {
                let post = self
                    .client
                    .post(url)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(body);
                post.send().await.ok()?.json().await.ok()
            }
            // The recorded answers were complete, so what a query asks for besides them is nothing.
            End::Kept(_)
                if request["key"].as_str().is_some_and(|query| query.contains(" AND id NOT IN (")) =>
            {
                Some(json!({ "code": 0, "message": "Found: 0", "objects": null }))
            }
            End::Kept(kept) => {
                let kept = &mut *held(kept);
                let answer = kept.get_mut(&request.to_string()).and_then(VecDeque::pop_front);
                Some(answer.unwrap_or_else(
                    || json!({ "code": 100, "message": format!("never asked before: {request}") }),
                ))
            }
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body of a request.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 8192];
        let length = stream.read(&mut chunk).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&chunk[..length]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let wanted = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok())?;
        if bytes.len() >= end + 4 + wanted {
            return String::from_utf8(bytes[end + 4..end + 4 + wanted].to_vec()).ok();
        }
    }
}
