//! The web pages: built into the program, compressed once at the start, and told apart by a tag, so that a browser that has
//! them already asks and is sent nothing.
//!
//! Names do not change with their content, so browsers ask each time; what they are told then is a few bytes. With `--pages` each file is
//! read anew for each request instead, uncompressed: for whoever works on the pages.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Name and content of each file, as `build.rs` found them.
static BUILT_IN: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));
/// The page at `/`, and the one at `/random`.
pub(crate) const LOBBY: &str = "index.html";
pub(crate) const RANDOM: &str = "random.html";
/// The client, which is not among the page files.
const CLIENT: &str = "chat-client.js";
/// Below this nothing is won by compressing.
const WORTHWHILE: usize = 512;

/// All files by their names.
pub(crate) struct Pages {
    files: HashMap<&'static str, File>,
    /// Where files are read from instead, where they are there.
    dir: Option<PathBuf>,
}

/// A file, ready to be sent.
struct File {
    kind: &'static str,
    plain: Bytes,
    gzip: Option<Bytes>,
    tag: String,
}

impl Pages {
    /// The pages that are built in; before them those of a directory, if there is one.
    pub(crate) fn new(dir: Option<PathBuf>) -> Self {
        let files = BUILT_IN.iter().map(|(name, content)| {
            (*name, File::new(name, Bytes::from_static(content)).compressed())
        });
        Self { files: files.collect(), dir }
    }

    /// The answer to a request for a file; none where there is no such file.
    pub(crate) fn get(&self, name: &str, headers: &HeaderMap) -> Option<Response> {
        if let Some(dir) = &self.dir
            && let Some(file) = read(dir, name)
        {
            return Some(file.answer(headers));
        }
        Some(self.files.get(name)?.answer(headers))
    }
}

/// A file of the directory, or the client from beside chat-ws. Small files, for one developer: read where we are.
fn read(dir: &Path, name: &str) -> Option<File> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.starts_with('.') || !name.chars().all(plain) {
        return None;
    }
    let path = dir.join(name);
    let content = match std::fs::read(&path) {
        Err(_) if name == CLIENT => {
            let client =
                concat!(env!("CARGO_MANIFEST_DIR"), "/../../chat-ws/client/chat-client.js");
            std::fs::read(client).ok()?
        }
        content => content.ok()?,
    };
    Some(File::new(name, content.into()))
}

impl File {
    fn new(name: &str, plain: Bytes) -> Self {
        let tag = tag(&plain);
        Self { kind: kind(name), plain, gzip: None, tag }
    }

    fn compressed(mut self) -> Self {
        if self.plain.len() >= WORTHWHILE && !self.kind.starts_with("image/png") {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // Into memory, which takes everything.
            let gzip = encoder.write_all(&self.plain).and_then(|()| encoder.finish());
            self.gzip = gzip.ok().filter(|gzip| gzip.len() < self.plain.len()).map(Bytes::from);
        }
        self
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(headers));
        let (body, end) = match gzip {
            Some(gzip) => (gzip, "-gzip"),
            None => (&self.plain, ""),
        };
        // Two encodings are two things to whoever caches them.
        let tag = format!("\"{}{end}\"", self.tag);
        let known = is_known(headers, &self.tag);
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            (StatusCode::OK, body.clone()).into_response()
        };
        let out = response.headers_mut();
        if known {
            out.remove(CONTENT_TYPE);
        } else {
            out.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
            if gzip.is_some() {
                out.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        out.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        out.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            out.insert(ETAG, tag);
        }
        response
    }
}

/// What tells two contents apart. The same for the same program, so that it does not matter which node is asked.
fn tag(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    format!("{:016x}{:x}", hasher.finish(), content.len())
}

/// Whether the client says that it has this already, in whichever encoding.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).any(|known| {
        let known = known.strip_prefix("W/").unwrap_or(known).trim_matches('"');
        known == "*" || known.strip_suffix("-gzip").unwrap_or(known) == tag
    })
}

/// Whether the client takes gzip: it names it, or everything, and not with a weight of nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let (mut named, mut any) = (None, false);
    for coding in lists.flat_map(|list| list.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |q| q.parse().unwrap_or(0.0));
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => named = Some(weight > 0.0),
            "*" => any = weight > 0.0,
            _ => {}
        }
    }
    named.unwrap_or(any)
}

/// The type by the end of the name. Text is UTF-8, all of it.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json; charset=utf-8",
        "png" => "image/png",
        "svg" => "image/svg+xml; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &axum::http::HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        let takes = |values: &[&'static str]| takes_gzip(&headers(&ACCEPT_ENCODING, values));
        assert!(takes(&["gzip, deflate, br"]));
        assert!(takes(&["br", "GZIP;q=0.5"]));
        assert!(takes(&["*"]));
        assert!(!takes(&[]));
        assert!(!takes(&["br;q=1.0, identity"]));
        assert!(!takes(&["gzip;q=0, *"]));
        assert!(!takes(&["gzip; q=0.0"]));
    }

    #[test]
    fn what_is_known_is_known_in_either_encoding() {
        let known = |value: &'static str| is_known(&headers(&IF_NONE_MATCH, &[value]), "abc");
        assert!(
            known("\"abc\"") && known("W/\"abc-gzip\"") && known("\"x\", \"abc\"") && known("*")
        );
        assert!(!known("\"abcd\"") && !known(""));
    }

    #[test]
    fn what_is_sent_compressed_is_the_same() {
        use std::io::Read;
        let text = "chat ".repeat(1_000);
        let file = File::new("a.txt", text.clone().into()).compressed();
        let gzip = file.gzip.unwrap();
        assert!(gzip.len() < 100);
        let mut read = String::new();
        flate2::read::GzDecoder::new(&gzip[..]).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
        assert!(File::new("a.txt", "short".into()).compressed().gzip.is_none());
    }

    #[test]
    fn nothing_but_the_directory_is_read() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(read(dir, "Cargo.toml").is_some());
        for name in ["../Cargo.toml", ".gitignore", "src/main.rs", "..", ""] {
            assert!(read(dir, name).is_none(), "{name}");
        }
    }
}
