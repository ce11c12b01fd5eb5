//! TLS by rustls: whom to trust, and who one is. The provider of cryptography is named here, so that nothing depends on
//! what else is in the process.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::error::ConnectError;

/// What was given for TLS, in PEM.
#[derive(Clone, Default)]
pub(crate) struct Files {
    /// Those who may sign the servers' certificates; none for those whom the system trusts.
    pub(crate) ca: Option<Vec<u8>>,
    /// One's own certificate, and its key.
    pub(crate) cert: Option<Vec<u8>>,
    pub(crate) key: Option<Vec<u8>>,
}

impl Files {
    pub(crate) fn is_empty(&self) -> bool {
        self.ca.is_none() && self.cert.is_none() && self.key.is_none()
    }
}

/// The content of a file.
pub(crate) fn file(what: &'static str, path: &str) -> Result<Vec<u8>, ConnectError> {
    std::fs::read(path).map_err(|error| unusable(what, error))
}

fn unusable(
    what: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> ConnectError {
    ConnectError::Tls { what, source: source.into() }
}

fn certificates(
    what: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(what, error))?;
    if all.is_empty() { Err(unusable(what, "it has no certificate")) } else { Ok(all) }
}

impl Files {
    /// How connections are made.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, ConnectError> {
        let mut roots = RootCertStore::empty();
        match &self.ca {
            Some(pem) => {
                for certificate in certificates("ca", pem)? {
                    roots.add(certificate).map_err(|error| unusable("ca", error))?;
                }
            }
            None => {
                let mut system = rustls_native_certs::load_native_certs();
                let (added, _) = roots.add_parsable_certificates(system.certs);
                if added == 0 {
                    let error = system.errors.pop().map(Into::into);
                    let error = error.unwrap_or_else(|| "the system trusts nobody".into());
                    return Err(ConnectError::Tls {
                        what: "the system's certificates",
                        source: error,
                    });
                }
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("the provider", error))?
            .with_root_certificates(roots);
        let config = match (&self.cert, &self.key) {
            (None, None) => config.with_no_client_auth(),
            (Some(cert), Some(key)) => {
                let key =
                    PrivateKeyDer::from_pem_slice(key).map_err(|error| unusable("key", error))?;
                config
                    .with_client_auth_cert(certificates("cert", cert)?, key)
                    .map_err(|error| unusable("cert", error))?
            }
            (Some(_), None) => return Err(unusable("cert", "it comes without a key")),
            (None, Some(_)) => return Err(unusable("key", "it comes without a cert")),
        };
        Ok(Arc::new(config))
    }
}
