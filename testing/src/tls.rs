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

/// An authority of one's own, its certificate, and a certificate for these names with its key; all in PEM.
fn certified(names: &[&str]) -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let own = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    (authority.pem(), own.pem(), key.serialize_pem())
}

impl Tls {
    /// Starts it, with a certificate for this machine.
    pub fn start() -> Self {
        Self::named(&["localhost", "127.0.0.1"])
    }

    /// Starts it, with a certificate for these names.
    pub fn named(names: &[&str]) -> Self {
        let (ca, own, key) = certified(names);
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
