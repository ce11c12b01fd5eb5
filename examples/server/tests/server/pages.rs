//! The pages as browsers get them.

use std::io::Read;

use chat_testing::fresh_dir;

use crate::support::http::{self, Reply};
use crate::support::node::Node;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn is_secure(reply: &Reply, of: &str) {
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{of}");
    }
    assert!(reply.header("permissions-policy").unwrap().contains("camera=()"), "{of}");
    assert!(reply.header("cache-control").is_some(), "{of}");
}

/// What a page refers to.
fn references(html: &str) -> Vec<String> {
    let behind = |attribute: &str| {
        let parts = html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
        parts.map(str::to_owned).collect::<Vec<_>>()
    };
    let all = [behind("src=\""), behind("href=\"")].concat();
    all.into_iter()
        .filter(|url| !url.starts_with(['#', '?']) && !url.starts_with("data:"))
        .collect()
}

#[tokio::test]
async fn both_pages_are_there_with_all_that_they_refer_to() {
    let node = Node::start(&[]).await;
    for path in ["/", "/random"] {
        let page = node.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("cache-control"), Some("no-cache"));
        is_secure(&page, path);
        let references = references(page.text());
        assert!(references.iter().any(|url| url.ends_with(".js")), "{references:?}");
        for url in references {
            let (file, _) = url.split_once(['#', '?']).unwrap_or((&url, ""));
            // Under a prefix of a proxy's, too.
            assert!(!file.starts_with('/') && !file.contains("://"), "{path} refers to {url}");
            let reply = node.get(&format!("/{}", file.trim_start_matches("./"))).await;
            assert!([200, 308].contains(&reply.status), "{path} refers to {url}: {}", reply.status);
        }
    }
}

#[tokio::test]
async fn every_file_is_there_with_its_type() {
    let node = Node::start(&[]).await;
    let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pages");
    let names = std::fs::read_dir(pages).unwrap().map(|file| file.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    let client = "chat-client.js".to_owned();
    let mut scripts = 0;
    for name in names.iter().chain([&client]) {
        let kind = match name.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml; charset=utf-8",
            _ => continue,
        };
        let reply = node.get(&format!("/assets/{name}")).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)), "{name}");
        is_secure(&reply, name);
        scripts += usize::from(name.ends_with(".js"));
    }
    assert!(scripts > 2);
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let node = Node::start(&[]).await;
    for path in ["/", "/assets/chat-client.js"] {
        let first = node.get(path).await;
        let tag = first.header("etag").unwrap().to_owned();
        let again = node.get_with(path, &[("if-none-match", &tag)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert_eq!(again.header("cache-control"), Some("no-cache"));
        is_secure(&again, path);
        let other = node.get_with(path, &[("if-none-match", "\"another\"")]).await;
        assert_eq!(other.status, 200);
    }
}

#[tokio::test]
async fn pages_are_sent_compressed_to_who_takes_it() {
    let node = Node::start(&[]).await;
    let path = "/assets/chat-client.js";
    let plain = node.get(path).await;
    assert_eq!(
        (plain.header("content-encoding"), plain.header("vary")),
        (None, Some("Accept-Encoding"))
    );
    let packed = node.get_with(path, &[("accept-encoding", "gzip, deflate, br")]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("vary"), Some("Accept-Encoding"));
    assert_ne!(packed.header("etag"), plain.header("etag"));
    assert!(packed.body.len() * 2 < plain.body.len());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    let refused = node.get_with(path, &[("accept-encoding", "gzip;q=0, identity")]).await;
    assert_eq!(refused.header("content-encoding"), None);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let node = Node::start(&[]).await;
    for path in ["/", "/random", "/assets/chat-client.js", "/api/rooms", "/healthz"] {
        let get = node.get(path).await;
        let head = http::request(node.address, "HEAD", path, &[]).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for name in ["content-length", "content-type", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_there() {
    let node = Node::start(&[]).await;
    for path in [
        "/nothing",
        "/index.html",
        "/assets/",
        "/assets/nothing.js",
        "/assets/index.html",
        "/assets/../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%00",
        "/assets/%ff",
        "/assets/.gitignore",
        "/api",
        "/ws/",
    ] {
        let reply = node.get(path).await;
        assert!([400, 404].contains(&reply.status), "{path}: {}", reply.status);
        is_secure(&reply, path);
    }
}

#[tokio::test]
async fn nothing_can_be_written() {
    let node = Node::start(&[]).await;
    for path in ["/", "/random", "/api/rooms", "/assets/chat-client.js", "/healthz", "/ws"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let reply = http::request(node.address, method, path, &[]).await;
            assert_eq!(reply.status, 405, "{method} {path}");
            assert!(reply.header("allow").unwrap().contains("GET"), "{method} {path}");
            is_secure(&reply, path);
        }
    }
}

#[tokio::test]
async fn a_slash_too_many_leads_back_under_any_prefix() {
    let node = Node::start(&[]).await;
    for (path, location) in [("/random/", "../random"), ("/api/rooms/", "../rooms")] {
        let reply = node.get(path).await;
        assert_eq!((reply.status, reply.header("location")), (308, Some(location)), "{path}");
    }
}

#[tokio::test]
async fn whoever_works_on_the_pages_sees_them_at_once() {
    let dir = fresh_dir();
    std::fs::write(dir.join("index.html"), "first").unwrap();
    let node = Node::start(&["--pages", dir.to_str().unwrap()]).await;
    assert_eq!(node.get("/").await.text(), "first");
    std::fs::write(dir.join("index.html"), "second").unwrap();
    std::fs::write(dir.join("new.js"), "1").unwrap();
    assert_eq!(node.get("/").await.text(), "second");
    assert_eq!(node.get("/assets/new.js").await.text(), "1");
    // What is not there is what is built in.
    assert_eq!(node.get("/random").await.status, 200);
    assert_eq!(node.get("/assets/chat-client.js").await.status, 200);
    std::fs::remove_dir_all(dir).unwrap();
}
