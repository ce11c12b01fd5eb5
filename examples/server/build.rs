//! Puts the page files, and the client that they use, into the program: `pages.rs` in the output directory lists them.
//!
//! The files are copied first, so that one which comes or goes while the compiler runs fails nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The client is chat-ws's; the pages import it from beside themselves.
const CLIENT: &str = "../../chat-ws/client/chat-client.js";

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let (pages, client) = (here.join("pages"), here.join(CLIENT));
    for watched in [&pages, &client] {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    let mut files: Vec<PathBuf> = fs::read_dir(&pages)
        .map(|dir| dir.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    files.push(client);
    files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));

    let copies = out.join("pages");
    let _ = fs::remove_dir_all(&copies);
    fs::create_dir_all(&copies).expect("the output directory can be written");
    let mut list = "&[\n".to_owned();
    for file in files {
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
        let copy = copies.join(name);
        if is_page(name) && file.is_file() && fs::copy(&file, &copy).is_ok() {
            writeln!(list, "    ({name:?}, include_bytes!({:?})),", portable(&copy))
                .expect("a string takes everything");
        }
    }
    list.push_str("]\n");
    fs::write(out.join("pages.rs"), list).expect("the output directory can be written");
}

/// Editors leave files behind; what is served has a plain name and a kind that browsers are told of.
fn is_page(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let kinds = ["css", "html", "ico", "js", "json", "png", "svg", "txt", "webmanifest", "woff2"];
    let kind = name.rsplit_once('.').map(|(_, kind)| kind);
    !name.starts_with('.') && name.chars().all(plain) && kind.is_some_and(|k| kinds.contains(&k))
}

fn portable(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
