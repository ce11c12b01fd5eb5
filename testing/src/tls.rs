//! A server that speaks TLS, with a certificate made for it.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::Server;

/// A server with a port for TLS, and who signed its certificate.
#[derive(Debug)]
pub struct Tls {
    /// It also listens without TLS, for the test itself.
    pub server: Server,
    /// The certificate of the authority, in PEM.
    pub ca: String,
}

/// An authority of one's own, its certificate, and a certificate for this machine with its key; all in PEM.
fn certified() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let own = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    (authority.pem(), own.pem(), key.serialize_pem())
}

impl Tls {
    /// Starts it.
    pub fn start() -> Self {
        let (ca, own, key) = certified();
        let lines = "tls-port {second}\n\
             tls-cert-file own.pem\n\
             tls-key-file key.pem\n\
             tls-ca-cert-file ca.pem\n\
             tls-auth-clients no";
        let server =
            Server::with_files(lines, &[("ca.pem", &ca), ("own.pem", &own), ("key.pem", &key)]);
        Self { server, ca }
    }

    /// Its address in a URL.
    pub fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.server.second())
    }
}
