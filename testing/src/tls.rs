//! A server that speaks TLS, with a certificate made for it.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::Server;

/// A server with a port for TLS, and who signed its certificate.
#[derive(Debug)]
pub struct Tls {
    /// It also listens without TLS, for the test itself.
    pub server: Server,
    /// The certificate of the authority, in PEM.
    pub ca: String,
    /// The server's own certificate, and its key, in PEM.
    pub own: (String, String),
}

/// An authority of one's own, its certificate, and a certificate for these names with its key; all in PEM.
fn certified(names: &[&str]) -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Otherwise both have the same name, and a certificate looks as if it had signed itself.
    params.distinguished_name.push(DnType::CommonName, "an authority");
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
        Self::with(names, "no")
    }

    /// Starts it; whoever comes must have a certificate of the same authority.
    pub fn strict() -> Self {
        Self::with(&["127.0.0.1"], "yes")
    }

    fn with(names: &[&str], asks: &str) -> Self {
        let (ca, own, key) = certified(names);
        let lines = format!(
            "tls-port {{second}}\n\
             tls-cert-file own.pem\n\
             tls-key-file key.pem\n\
             tls-ca-cert-file ca.pem\n\
             tls-auth-clients {asks}"
        );
        let files = [("ca.pem", ca.as_str()), ("own.pem", &own), ("key.pem", &key)];
        Self { server: Server::with_files(&lines, &files), ca, own: (own, key) }
    }

    /// Its address in a URL.
    pub fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.server.second())
    }
}
