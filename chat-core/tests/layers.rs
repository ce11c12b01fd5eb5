//! Who knows whom inside chat-core, read off its source.
//!
//! The layers are drawn in ARCHITECTURE.md; a lower one never names a higher one. The compiler does not mind, since
//! all of it is one crate, so this does. Comments may point upwards, and so may tests (everything from the first
//! `#[cfg(test)]` of a file on): neither is in the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The words that everything else is said with, and that know nothing but one another.
const VOCABULARY: &[&str] = &[
    "body", "entry", "error", "id", "limits", "list", "room", "text", "time", "user", "why",
    "words",
];

/// Each layer, and what it never names. A module that does not exist is no fault.
fn layers() -> Vec<(&'static str, &'static [&'static str])> {
    let above_the_words: &[&str] =
        &["event", "store", "matching", "memory", "hub", "engine", "session", "hooks"];
    let mut layers: Vec<(&str, &[&str])> =
        VOCABULARY.iter().map(|module| (*module, above_the_words)).collect();
    // What a session is told holds snapshots, as stores give them.
    layers.push(("event", &["matching", "memory", "hub", "engine", "session", "hooks"]));
    layers.push(("store", &["event", "memory", "hub", "engine", "session", "hooks"]));
    layers.push(("matching", &["memory", "hub", "engine", "session", "hooks"]));
    layers.push(("memory", &["hub", "engine", "session", "hooks"]));
    layers.push(("hub", &["memory", "matching", "engine", "session"]));
    layers
}

/// A file of `src`.
struct Source {
    path: PathBuf,
    /// Where it is in the tree of modules: `memory/presence.rs` is `["memory", "presence"]`.
    module: Vec<String>,
    /// Without comments and tests.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let path_in_src = path.strip_prefix(&root).expect("it is in src").to_owned();
                let module = module_of(&path_in_src);
                if module.last().is_some_and(|name| name == "tests") {
                    continue;
                }
                let code = program(&fs::read_to_string(&path).expect("a source file is UTF-8"));
                found.push(Source { path: path_in_src, module, code });
            }
        }
    }
    assert!(found.len() > 10, "the source was not found: {} files", found.len());
    found
}

fn module_of(path: &Path) -> Vec<String> {
    let mut module: Vec<String> = path
        .with_extension("")
        .components()
        .map(|c| c.as_os_str().to_string_lossy().into_owned())
        .collect();
    if module.last().is_some_and(|name| name == "mod" || name == "lib") {
        module.pop();
    }
    module
}

/// What of a file is in the program: no comments, no tests. Somewhat crude (a `//` within a string ends its line),
/// which can hide something only from somebody who wants it hidden.
fn program(text: &str) -> String {
    let mut code = String::new();
    for line in text.lines() {
        if line.starts_with("#[cfg(test)]") {
            break;
        }
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

/// The first names of all paths that start at the crate's root: `hub` for `crate::hub::Tail` and for
/// `use crate::{hub::Tail, …}`, and for as many `super::` as lead up there from this module.
fn names_at_root(code: &str, module: &[String]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        names.extend(first_names(&code[at + "crate::".len()..]));
    }
    let up = "super::".repeat(module.len());
    if !up.is_empty() {
        for (at, _) in code.match_indices(&up) {
            names.extend(first_names(code[at..].trim_start_matches("super::")));
        }
    }
    names
}

/// The name at the beginning of `rest`, or those of a group in braces.
fn first_names(rest: &str) -> Vec<String> {
    let identifier = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![identifier(rest)];
    };
    let mut names = vec![identifier(group)];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(identifier(&group[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// What lib.rs gives out under a name of its own (`pub use engine::Engine`), by module: `crate::Engine` names the
/// engine as well as `crate::engine::Engine` does.
fn given_out(lib: &str) -> BTreeMap<String, String> {
    let mut module_of = BTreeMap::new();
    for statement in lib.split(';') {
        let Some((_, path)) = statement.split_once("pub use ") else { continue };
        let path = path.trim().trim_start_matches("crate::").trim_start_matches("self::");
        let Some((module, rest)) = path.split_once("::") else { continue };
        for name in rest.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
            if !name.is_empty() {
                module_of.insert(name.to_owned(), module.to_owned());
            }
        }
        assert!(
            !rest.contains('*') || VOCABULARY.contains(&module),
            "lib.rs gives out all of {module}: by name, please, so that it can be seen who uses what"
        );
    }
    module_of
}

#[test]
fn no_layer_names_a_higher_one() {
    let sources = sources();
    let lib = sources.iter().find(|s| s.module.is_empty()).expect("there is a lib.rs");
    let given_out = given_out(&lib.code);
    let mut wrong = Vec::new();
    for (layer, never) in layers() {
        for source in sources.iter().filter(|s| s.module.first().is_some_and(|m| m == layer)) {
            for name in names_at_root(&source.code, &source.module) {
                let module = given_out.get(&name).unwrap_or(&name);
                if module != layer && never.contains(&module.as_str()) {
                    wrong.push(format!("{}: {layer} names {name}", source.path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "a lower layer names a higher one:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_clock_asks_for_the_time() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.module == ["time"] {
            continue;
        }
        let waits_in_tokio_time = source.code.contains("tokio::time");
        let from_std = source.code.contains("std::time::Instant")
            || source.code.contains("SystemTime")
            || source.code.contains("UNIX_EPOCH")
            || (source.code.contains("Instant::now") && !waits_in_tokio_time);
        if from_std {
            wrong.push(source.path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "time is a parameter, see time.rs; but these ask: {wrong:?}");
}

#[test]
fn all_ways_of_naming_a_module_are_seen() {
    let at = |code: &str, module: &[&str]| {
        let module: Vec<String> = module.iter().map(|m| (*m).to_owned()).collect();
        names_at_root(&program(code), &module).into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(at("use crate::engine::Engine;", &["store"]), "engine");
    assert_eq!(at("fn f(e: &crate::Engine) {}", &["store"]), "Engine");
    assert_eq!(at("use crate::{id::{A, B},\n    hub, Engine};", &["store"]), "Engine hub id");
    assert_eq!(at("use super::engine::Engine;", &["store"]), "engine");
    assert_eq!(at("use super::super::engine::Engine;", &["store", "room"]), "engine");
    assert_eq!(at("use super::engine::Engine;", &["store", "room"]), "");
    assert_eq!(at("/// See [`crate::Engine`].\nfn f() {}", &["store"]), "");
    assert_eq!(at("#[cfg(test)]\nmod tests { use crate::engine; }", &["store"]), "");
    let names = given_out("pub use engine::{Builder, Engine};\npub use time::Clock;");
    assert_eq!(names.get("Engine").map(String::as_str), Some("engine"));
    assert_eq!(names.get("Clock").map(String::as_str), Some("time"));
}
