//! TCP connections that a fault can end in the middle of a response or before it.
//!
//! All bytes pass unchanged until the connection is cut. Of HTTP, only the empty line after the headers is parsed.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A TCP listener whose connections can be cut.
pub(super) struct CuttableListener(pub(crate) TcpListener);

/// A TCP connection that can be cut.
pub(super) struct CuttableStream {
    stream: TcpStream,
    cutter: ConnectionCutter,
}

/// Cuts one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionCutter(Arc<Mutex<Allowance>>);

/// The way much the server may still send.
#[derive(Clone, Copy, Debug, Default)]
enum Allowance {
    /// Everything.
    #[default]
    All,
    /// The next headers, and this many bytes after them.
    Body(usize),
    /// This many bytes.
    Bytes(usize),
}

impl ConnectionCutter {
    /// Ends the connection before another byte is sent.
    pub(super) fn cut_now(&self) {
        self.set(Allowance::Bytes(0));
    }

    /// Ends the connection after the headers of the next response and some bytes of its body are sent.
    pub(super) fn cut_body_after(&self, bytes: usize) {
        self.set(Allowance::Body(bytes));
    }

    fn set(&self, allowance: Allowance) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = allowance;
    }

    fn allowance(&self) -> Allowance {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small responses must not be delayed; without it they are only slower.
        drop(stream.set_nodelay(true));
        let cutter = ConnectionCutter::default();
        (CuttableStream { stream, cutter }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for ConnectionCutter {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().cutter.clone()
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let rest = match self.cutter.allowance() {
            Allowance::All => return Pin::new(&mut self.stream).poll_write(context, bytes),
            Allowance::Bytes(rest) => rest,
            Allowance::Body(body) => match headers_end(bytes) {
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
            self.cutter.set(Allowance::Bytes(rest - written));
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

fn headers_end(bytes: &[u8]) -> Option<usize> {
    let blank = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    blank.map(|at| at + 4)
}
