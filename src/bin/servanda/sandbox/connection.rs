//! Connections that can be cut on purpose, in the middle of an answer or before it.
//!
//! A thin cover over TCP: all bytes pass unchanged until a hand on the scissors says otherwise. Knows no HTTP
//! but the empty line that ends the headers.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Listens as TCP does, and hands out connections that can be cut.
pub(crate) struct Wires(pub(crate) TcpListener);

/// One connection.
pub(crate) struct Wire {
    stream: TcpStream,
    scissors: Scissors,
}

/// A hand on one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scissors(Arc<Mutex<Rest>>);

/// What may still pass.
#[derive(Clone, Copy, Debug, Default)]
enum Rest {
    /// Everything.
    #[default]
    All,
    /// The headers to come, and this many bytes after them.
    Body(usize),
    /// This many bytes.
    Bytes(usize),
}

impl Scissors {
    /// Ends the connection before another byte is sent.
    pub(crate) fn cut_now(&self) {
        self.set(Rest::Bytes(0));
    }

    /// Ends the connection once the headers of the next answer and some bytes of its body are sent.
    pub(crate) fn cut_body_after(&self, bytes: usize) {
        self.set(Rest::Body(bytes));
    }

    fn set(&self, rest: Rest) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rest;
    }

    fn rest(&self) -> Rest {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Wires {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers must not wait for one another; a failure costs speed alone.
        drop(stream.set_nodelay(true));
        let scissors = Scissors::default();
        (Wire { stream, scissors }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Wires>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Self {
        stream.io().scissors.clone()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let rest = match self.scissors.rest() {
            Rest::All => return Pin::new(&mut self.stream).poll_write(context, bytes),
            Rest::Bytes(rest) => rest,
            Rest::Body(body) => match end_of_headers(bytes) {
                Some(end) => end + body,
                None => return Pin::new(&mut self.stream).poll_write(context, bytes),
            },
        };
        if rest == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let part = &bytes[..bytes.len().min(rest)];
        let written = Pin::new(&mut self.stream).poll_write(context, part);
        if let Poll::Ready(Ok(written)) = &written {
            self.scissors.set(Rest::Bytes(rest - written));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn end_of_headers(bytes: &[u8]) -> Option<usize> {
    let blank = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    blank.map(|at| at + 4)
}
