//! Taking connections, and serving HTTP on them.
//!
//! Bounded against those who only hold connections open: so many at once, fewer from one address; a request's head has to come within
//! some seconds; and no connection is used for plain HTTP longer than a minute, however slowly somebody reads. When all places
//! are taken, new connections wait in the system's queue until one is free. A connection that becomes a WebSocket
//! leaves all of this: those are bounded by chat-ws.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower_service::Service;

use crate::failure::Failure;

/// Connections of plain HTTP at once, where the system allows many times as many open files.
const PLACES: usize = 4_096;
/// Of these, so many for one address. Browsers open six; many people may be behind one address.
const OF_ONE: usize = 256;
/// How long the head of a request may take, and how long a connection may be idle between two.
const HEAD: Duration = Duration::from_secs(10);
/// How long one connection is used for plain HTTP.
const LIFE: Duration = Duration::from_secs(60);
/// How long a request that is being answered may still take then.
const LINGER: Duration = Duration::from_secs(5);
/// Bytes of a request's head, and how many headers it may have.
const HEAD_BYTES: usize = 32 * 1024;
const HEADERS: usize = 64;
/// How many the system keeps that nobody has taken yet.
const BACKLOG: u32 = 4_096;

/// How many connections of plain HTTP there may be at once.
pub(crate) fn places() -> usize {
    let files = crate::files::most().and_then(|most| usize::try_from(most).ok());
    files.map_or(PLACES, |files| PLACES.min(files / 8)).max(16)
}

/// Listens. `flag` is what is said where that cannot be.
pub(crate) async fn bind(flag: &str, address: &str) -> Result<TcpListener, Failure> {
    let cannot = |error: io::Error| Failure::cannot(format!("{flag} {address}: {error}"));
    let mut last = None;
    for address in tokio::net::lookup_host(address).await.map_err(cannot)? {
        match listen(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(cannot(last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that was just stopped leaves connections behind that hold its port for a while. (On Windows this
    // would let two servers listen at once.)
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The places for connections, and who has how many of them.
pub(crate) struct Doors {
    places: Arc<Semaphore>,
    all: usize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    /// Behind these are many.
    proxies: Vec<IpNet>,
}

impl Doors {
    /// So many places; what comes through these proxies is not counted by address.
    pub(crate) fn new(all: usize, proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(all)),
            all,
            by_address: Mutex::default(),
            proxies,
        })
    }

    /// A place for one from this address, unless it has too many.
    fn admit(self: &Arc<Self>, permit: OwnedSemaphorePermit, address: IpAddr) -> Option<Place> {
        let uncounted =
            address.is_loopback() || self.proxies.iter().any(|net| net.contains(&address));
        let counted = (!uncounted).then(|| whole(address));
        if let Some(address) = counted {
            let mut by_address = self.by_address.lock();
            let count = by_address.entry(address).or_default();
            if *count >= OF_ONE {
                return None;
            }
            *count += 1;
        }
        Some(Place { doors: Arc::clone(self), counted, _permit: permit })
    }
}

/// Who has an IPv6 address has all that begin like it.
fn whole(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// One connection's place, given back when it is dropped.
struct Place {
    doors: Arc<Doors>,
    counted: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.counted else { return };
        let mut by_address = self.doors.by_address.lock();
        if let Some(count) = by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&address);
            }
        }
    }
}

/// Serves until `stop` says so, and then until what was being answered is.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    doors: Arc<Doors>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let permit = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            permit = Arc::clone(&doors.places).acquire_owned() => permit,
        };
        // It is never closed.
        let Ok(permit) = permit else { break };
        let taken = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            taken = listener.accept() => taken,
        };
        match taken {
            Ok((stream, peer)) => {
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                if let Some(place) = doors.admit(permit, peer.ip()) {
                    tokio::spawn(connection(stream, peer, app.clone(), place, stop.clone()));
                } else {
                    metrics::counter!("chat_http_refused_total").increment(1);
                }
            }
            Err(error) => pause_if_lasting(&error).await,
        }
    }
    drop(listener);
    let all = timeout(LINGER, doors.places.acquire_many(doors.all as u32));
    if all.await.is_err() {
        tracing::warn!("connections were left open");
    }
}

/// A client that has gone before it was taken is nobody's business; a lack of files lasts a while.
async fn pause_if_lasting(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "no connection could be taken");
    sleep(Duration::from_millis(200)).await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    _place: Place,
    mut stop: watch::Receiver<bool>,
) {
    // Answers and messages are small, and whoever waits for them waits.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().call(request)
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS);
    let served = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut served = pin!(served);
    tokio::select! {
        // Gone, or a WebSocket now.
        _ = served.as_mut() => return,
        () = sleep(LIFE) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = timeout(LINGER, served).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_so_many_and_gets_them_back() {
        let doors = Doors::new(PLACES, vec!["10.0.0.0/8".parse().unwrap()]);
        let admit = |address: &str| {
            let permit = Arc::clone(&doors.places).try_acquire_owned().unwrap();
            doors.admit(permit, address.parse().unwrap())
        };
        let mut held: Vec<_> = (0..OF_ONE).map(|_| admit("192.0.2.1").unwrap()).collect();
        assert!(admit("192.0.2.1").is_none());
        held.push(admit("192.0.2.2").unwrap());
        held.push(admit("127.0.0.1").unwrap());
        held.extend((0..OF_ONE * 2).map(|_| admit("10.1.2.3").unwrap()));
        held.remove(0);
        held.push(admit("192.0.2.1").unwrap());
        drop(held);
        assert!(doors.by_address.lock().is_empty());
        assert_eq!(doors.places.available_permits(), doors.all);
    }

    #[test]
    fn neighbours_in_ipv6_are_one() {
        let whole = |text: &str| whole(text.parse().unwrap());
        assert_eq!(whole("2001:db8:1:2::5"), whole("2001:db8:1:2:ffff::9"));
        assert_ne!(whole("2001:db8:1:2::5"), whole("2001:db8:1:3::5"));
        assert_ne!(whole("192.0.2.1"), whole("192.0.2.2"));
    }
}
