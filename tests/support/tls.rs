//! TLS before the scripted server, with certificates made for these tests. It ends no connection as TLS wants it, so whatever the server
//! breaks off is cut off here.
#![allow(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// A certificate with its key.
pub type Signed = (&'static [u8], &'static [u8]);

/// Signed by nobody but itself.
pub const SELF_SIGNED: Signed =
    (include_bytes!("self_signed.cert.der"), include_bytes!("self_signed.key.der"));
/// Signed by the authority of [`AUTHORITY`].
pub const SIGNED: Signed = (include_bytes!("signed.cert.der"), include_bytes!("signed.key.der"));
pub const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/authority.pem");

/// What a server with this certificate needs.
pub fn config((certificate, key): Signed) -> Arc<rustls::ServerConfig> {
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.to_vec()).into();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certificate.to_vec().into()], key).unwrap())
}

/// Reads one request, head and body; empty when the other side went away.
pub fn request(stream: &mut impl Read) -> Vec<u8> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let length = String::from_utf8_lossy(&head)
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    let _ = stream.read_exact(&mut body);
    [head, body].concat()
}

/// The address of a front that speaks TLS and passes each request on to the plain server at `url`.
pub fn front(url: &str) -> String {
    let behind = url.trim_start_matches("http://").to_string();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let config = config(SIGNED);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, behind) = (Arc::clone(&config), behind.clone());
            std::thread::spawn(move || pass(stream, config, &behind));
        }
    });
    url
}

fn pass(mut stream: TcpStream, config: Arc<rustls::ServerConfig>, behind: &str) {
    let mut connection = rustls::ServerConnection::new(config).unwrap();
    let mut tls = rustls::Stream::new(&mut connection, &mut stream);
    let asked = request(&mut tls);
    let Ok(mut server) = TcpStream::connect(behind) else { return };
    if asked.is_empty() || server.write_all(&asked).is_err() {
        return;
    }
    // No other request comes on this connection, so the server ends it behind its answer.
    let _ = server.shutdown(Shutdown::Write);
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = server.read(&mut piece) {
        if tls.write_all(&piece[..count]).and_then(|()| tls.flush()).is_err() {
            return;
        }
    }
    // What was sent has time to arrive.
    std::thread::sleep(Duration::from_millis(50));
}
