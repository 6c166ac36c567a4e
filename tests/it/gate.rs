//! Proxies before several servers, which share one gate: it counts requests, leaves one of them unanswered, and looks after
//! each write.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// A request that gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    /// The number of the request.
    pub(crate) at: usize,
    /// Whether the server performs it.
    pub(crate) is_done: bool,
}

struct Inner {
    silence: Option<Silence>,
    /// Whether each request so far was a write.
    requests: Vec<bool>,
    /// What is called after each write, before it is answered.
    look: Option<Box<dyn FnMut() + Send>>,
    fell_silent: Sender<()>,
}

/// The gate before all servers.
pub(crate) struct Gate {
    inner: Arc<Mutex<Inner>>,
    silent: Receiver<()>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let (fell_silent, silent) = channel();
        let inner = Inner { silence: None, requests: Vec::new(), look: None, fell_silent };
        Self { inner: Arc::new(Mutex::new(inner)), silent }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Counts anew, and leaves this request unanswered.
    pub(crate) fn begin(&self, silence: Option<Silence>) {
        let mut inner = self.inner();
        (inner.silence, inner.requests) = (silence, Vec::new());
    }

    /// Whether each request since the beginning was a write.
    pub(crate) fn requests(&self) -> Vec<bool> {
        self.inner().requests.clone()
    }

    /// Looks after each write from now on.
    pub(crate) fn after_each_write(&self, look: impl FnMut() + Send + 'static) {
        self.inner().look = Some(Box::new(look));
    }

    /// Waits until a request is left unanswered.
    pub(crate) fn fell_silent(&self) {
        self.silent.recv_timeout(Duration::from_mins(1)).expect("a request without an answer");
    }

    /// Opens a way through the gate to the server at this address, and gives its own address.
    pub(crate) fn open(&self, url: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let rest = url.trim_start_matches("http://");
        let (target, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (target, open) = (target.to_owned(), format!("http://{}/{path}", listener.local_addr().unwrap()));
        let inner = Arc::clone(&self.inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (target, inner) = (target.clone(), Arc::clone(&inner));
                std::thread::spawn(move || pass(stream, &target, &inner));
            }
        });
        open
    }
}

impl Drop for Gate {
    /// What is called after a write may hold the servers, which then would run as long as the threads of the gate.
    fn drop(&mut self) {
        if let Ok(mut inner) = self.inner.lock() {
            inner.look = None;
        }
    }
}

/// Passes one request on, unless it is to stay without an answer.
fn pass(mut stream: TcpStream, target: &str, gate: &Mutex<Inner>) {
    let request = message(&mut stream);
    if request.is_empty() {
        return;
    }
    let is_write = is_write(&request);
    let silence = {
        let mut gate = gate.lock().unwrap();
        gate.requests.push(is_write);
        let at = gate.requests.len();
        gate.silence.filter(|silence| silence.at == at)
    };
    // A server that is gone has no response, and a client that was killed reads none.
    let response = if silence.is_none_or(|silence| silence.is_done) {
        forward(target, &request)
    } else {
        Ok(Vec::new())
    };
    let mut gate = gate.lock().unwrap();
    if is_write && let Some(look) = &mut gate.look {
        look();
    }
    if silence.is_some() {
        gate.fell_silent.send(()).unwrap();
        drop(gate);
        // Until the client is killed.
        let _ = stream.read(&mut [0; 1]);
    } else {
        drop(gate);
        let _ = response.and_then(|response| stream.write_all(&response));
    }
}

/// A whole message: its head, and as much as it says.
fn message(stream: &mut TcpStream) -> Vec<u8> {
    let (mut bytes, mut block) = (Vec::new(), [0; 8192]);
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let whole = head.len() + 4 + length.map_or(0, |length| length.trim().parse::<usize>().unwrap());
            if bytes.len() >= whole {
                return bytes;
            }
        }
        match stream.read(&mut block) {
            Ok(length) if length > 0 => bytes.extend(&block[..length]),
            _ => return Vec::new(),
        }
    }
}

/// Passes a request on, and gives the whole response.
pub(crate) fn forward(target: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let end = request.windows(2).position(|pair| pair == b"\r\n").expect("a first line");
    let mut stream = TcpStream::connect(target)?;
    stream.write_all(&request[..end])?;
    stream.write_all(b"\r\nConnection: close")?;
    stream.write_all(&request[end..])?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    Ok(response)
}

/// Whether a request changes something: the paths of ITSM 365 and of adapters, and the operations of iTop.
fn is_write(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let line = text.lines().next().unwrap_or_default();
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    ["/create", "/edit", "/delete", "/v1/step"].iter().any(|write| line.contains(write))
        || ["core%2Fcreate", "core%2Fupdate", "core%2Fdelete"].iter().any(|write| body.contains(write))
}
