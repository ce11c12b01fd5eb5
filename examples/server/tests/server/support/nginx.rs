//! A real nginx, with the configuration of `examples/deploy/nginx.conf`: only names, ports and places are other ones.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_testing::{free_port, fresh_dir, is_free};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::client::Client;
use super::http::{self, Reply};
use super::process::Process;

const CONF: &str = include_str!("../../../../deploy/nginx.conf");
/// Below the ports that systems give to whoever asks for any, and above those of the tests' redis-servers.
const PORTS: std::ops::Range<u16> = 30_000..32_700;
const STARTING: Duration = Duration::from_secs(60);

/// An nginx before two nodes.
pub struct Nginx {
    process: Process,
    pub plain: SocketAddr,
    pub tls: SocketAddr,
    roots: Arc<RootCertStore>,
}

/// Debian keeps it where not everybody looks.
fn program() -> String {
    let there =
        |path: &&str| Command::new(path).arg("-v").output().is_ok_and(|o| o.status.success());
    let found = ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"].into_iter().find(there);
    found.expect("these tests need nginx: `apt-get install nginx-light`, or ci/nginx.sh").to_owned()
}

/// An authority, and what it has signed for this machine: certificate and key, in PEM.
fn certified() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "an authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let own = own.signed_by(&key, &authority).unwrap();
    (authority.pem(), own.pem(), key.serialize_pem())
}

/// The configuration, with each of these replaced where it stands; each has to be there.
fn configured(dir: &Path, nodes: [SocketAddr; 2], plain: SocketAddr, tls: SocketAddr) -> String {
    let dir = dir.display();
    let mut conf = CONF.to_owned();
    for (theirs, ours) in [
        ("/run/nginx.pid", format!("{dir}/nginx.pid")),
        ("/var/log/nginx/", format!("{dir}/")),
        ("/etc/nginx/tls/", format!("{dir}/")),
        ("server chat1:8000", format!("server {}", nodes[0])),
        ("server chat2:8000", format!("server {}", nodes[1])),
        ("listen 80;", format!("listen {plain};")),
        ("listen 443 ssl", format!("listen {tls} ssl")),
        // What the test's machine allows and has.
        ("worker_rlimit_nofile 65536;", String::new()),
        ("worker_connections 32768;", "worker_connections 512;".to_owned()),
        (
            "http {\n",
            format!(
                "http {{\nclient_body_temp_path {dir}/body;\nproxy_temp_path {dir}/proxy;\n\
                 fastcgi_temp_path {dir}/fastcgi;\nuwsgi_temp_path {dir}/uwsgi;\nscgi_temp_path {dir}/scgi;\n"
            ),
        ),
    ] {
        assert!(conf.contains(theirs), "{theirs} is not in nginx.conf any more");
        conf = conf.replace(theirs, &ours);
    }
    conf
}

impl Nginx {
    /// Starts one before these nodes.
    pub async fn start(nodes: [SocketAddr; 2]) -> Self {
        let (authority, own, key) = certified();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let roots = Arc::new(roots);
        // Somebody else may take a port in the meantime: then others.
        for _ in 0..10 {
            let dir = fresh_dir();
            let [plain, tls] =
                [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port(PORTS, is_free))));
            let conf = configured(&dir, nodes, plain, tls);
            let files = [("nginx.conf", &conf), ("fullchain.pem", &own), ("privkey.pem", &key)];
            for (name, content) in files {
                std::fs::write(dir.join(name), content).unwrap();
            }
            let at = dir.display().to_string();
            let conf = format!("{at}/nginx.conf");
            // One process, so that none is left when it is killed.
            let program =
                [&program(), "-p", &at, "-c", &conf, "-g", "daemon off; master_process off;"];
            let program: Vec<String> = program.iter().map(|word| (*word).to_owned()).collect();
            let process = Process::start_in(dir, &program, &[]);
            let until = Instant::now() + STARTING;
            while !process.has_ended() {
                if TcpStream::connect(tls).await.is_ok() && TcpStream::connect(plain).await.is_ok()
                {
                    return Self { process, plain, tls, roots };
                }
                assert!(Instant::now() < until, "nginx does not start: {}", process.err());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let said = process.err();
            assert!(said.contains("in use"), "nginx does not start: {said}");
        }
        panic!("nginx found no ports");
    }

    /// Its own host and port, as a browser names it.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.tls.port())
    }

    /// What it has complained about.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.process.dir.join("error.log")).unwrap_or_default()
    }

    async fn stream(&self) -> TlsStream<TcpStream> {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(self.tls).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }

    /// Asks for a page, over TLS.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        http::request_on(self.stream().await, &self.host(), "GET", path, headers).await
    }

    /// Connects, over TLS, as a page from here does.
    pub async fn open(&self, headers: &[(&str, &str)]) -> Result<Client, u16> {
        let url = format!("wss://{}/chat/ws", self.host());
        let own = format!("https://{}", self.host());
        let headers = [&[("origin", own.as_str())], headers].concat();
        Client::open_on(Box::new(self.stream().await), &url, &headers).await
    }
}
