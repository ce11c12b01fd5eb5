//! The scripts: put together from their files once, called by name.
//!
//! A file in `lua/` begins with `#!lua`, what it does, and three lines that are read here:
//!
//! ```text
//! -- USES: time room      files in lua/lib that come before it
//! -- KEYS: BOOK ROOM …    its keys, by the names in `keys`; each is a local of that name
//! -- PAIR: POOL …         further keys, for pair rooms; such a script is there twice, with `PAIR` true and false
//! -- ARGV: writer room …  its arguments, each a local of that name; `...` at the end for any number more
//! ```
//!
//! So neither a file nor its caller counts keys, and a name that does not exist is found by the first test. `${NAME}` in
//! a file stands for a number from the store's options.

use std::collections::HashMap;
use std::sync::Arc;

use redis::{Cmd, ToRedisArgs};

use crate::keys::{self, Key, Layout, Whose};
use chat_core::StoreOptions;

/// What scripts share.
const LIBRARY: &[(&str, &str)] = &[
    ("amnesty", include_str!("../lua/lib/amnesty.lua")),
    ("come", include_str!("../lua/lib/come.lua")),
    ("disperse", include_str!("../lua/lib/disperse.lua")),
    ("go", include_str!("../lua/lib/go.lua")),
    ("time", include_str!("../lua/lib/time.lua")),
    ("room", include_str!("../lua/lib/room.lua")),
    ("open", include_str!("../lua/lib/open.lua")),
    ("blocks", include_str!("../lua/lib/blocks.lua")),
    ("lapse", include_str!("../lua/lib/lapse.lua")),
    ("mail", include_str!("../lua/lib/mail.lua")),
    ("pair", include_str!("../lua/lib/pair.lua")),
    ("part", include_str!("../lua/lib/part.lua")),
    ("pool", include_str!("../lua/lib/pool.lua")),
    ("seek", include_str!("../lua/lib/seek.lua")),
    ("ticket", include_str!("../lua/lib/ticket.lua")),
];

macro_rules! scripts {
    ($($name:ident),+ $(,)?) => {
        /// All scripts of a store.
        #[derive(Debug)]
        pub(crate) struct Scripts {
            $(pub(crate) $name: Script,)+
        }

        impl Scripts {
            /// Puts all of them together.
            pub(crate) fn new(layout: &Layout, options: &StoreOptions, time: Time) -> Self {
                let numbers = numbers(layout, options, time);
                Self {
                    $($name: Script::new(
                        stringify!($name),
                        include_str!(concat!("../lua/", stringify!($name), ".lua")),
                        &numbers,
                    ),)+
                }
            }

            /// The text of each, in every form that it is called in.
            pub(crate) fn texts(&self) -> Vec<Arc<Text>> {
                let mut all = Vec::new();
                $(all.push(Arc::clone(&self.$name.plain));
                all.extend(self.$name.pair.as_ref().map(Arc::clone));)+
                all
            }
        }
    };
}

scripts! {
    allowed,
    append,
    attach,
    block,
    close,
    confirm,
    dead,
    detach,
    disconnect,
    drop_tickets,
    enter,
    enter_or_open,
    expel,
    forget_pool,
    incarnate,
    judge,
    kick,
    leave,
    lose,
    lose_place,
    next,
    open,
    peek,
    reap_pool,
    reap_room,
    rename,
    renew,
    signal,
    submit,
    withdraw,
}

/// Where scripts have the time from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Time {
    /// The server.
    #[default]
    Server,
    /// Nowhere: it stands still but for what is added to its correction. For tests.
    Still,
}

impl Time {
    /// Seconds and microseconds, in Lua.
    fn source(self) -> &'static str {
        match self {
            Self::Server => "redis.call('TIME')",
            Self::Still => "{ 1700000000, 0 }",
        }
    }
}

/// One operation's script.
#[derive(Debug)]
pub(crate) struct Script {
    name: &'static str,
    plain: Arc<Text>,
    /// The form for pair rooms, where it has one.
    pair: Option<Arc<Text>>,
}

/// A script as it is sent.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) code: String,
    pub(crate) sha: String,
    keys: Vec<Key>,
    args: usize,
    open_ended: bool,
}

/// One call of a script, to which arguments are added in the order of its `ARGV` line.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) text: Arc<Text>,
    pub(crate) shard: u16,
    pub(crate) cmd: Cmd,
    given: usize,
    name: &'static str,
}

impl Script {
    fn new(name: &'static str, source: &str, numbers: &HashMap<&'static str, String>) -> Self {
        let plain = Arc::new(Text::new(source, false, numbers));
        let pair = line(source, "PAIR").map(|_| Arc::new(Text::new(source, true, numbers)));
        Self { name, plain, pair }
    }

    /// A call in this shard, for this room and pool.
    pub(crate) fn call(&self, layout: &Layout, shard: u16, whose: Whose<'_>) -> Call {
        let is_pair = whose.room.is_some_and(chat_core::RoomId::is_pair);
        let text = self.pair.as_ref().filter(|_| is_pair).unwrap_or(&self.plain);
        let mut cmd = redis::cmd("EVALSHA");
        cmd.arg(text.sha.as_str()).arg(text.keys.len());
        for key in &text.keys {
            cmd.arg(layout.key(shard, *key, whose));
        }
        Call { text: Arc::clone(text), shard, cmd, given: 0, name: self.name }
    }
}

impl Call {
    /// The next argument.
    pub(crate) fn arg(mut self, arg: impl ToRedisArgs) -> Self {
        self.cmd.arg(arg);
        self.given += 1;
        self
    }

    /// The command, with all its arguments.
    pub(crate) fn cmd(&self) -> &Cmd {
        debug_assert!(
            self.given == self.text.args || (self.text.open_ended && self.given >= self.text.args),
            "{} was given {} arguments and takes {}",
            self.name,
            self.given,
            self.text.args,
        );
        &self.cmd
    }

    /// The same, taken out.
    pub(crate) fn into_cmd(self) -> Cmd {
        let _ = self.cmd();
        self.cmd
    }
}

impl Text {
    fn new(source: &str, pair: bool, numbers: &HashMap<&'static str, String>) -> Self {
        let words = |name| line(source, name).unwrap_or_default().split_whitespace();
        let mut keys: Vec<&str> = words("KEYS").collect();
        if pair {
            keys.extend(words("PAIR"));
        }
        let mut args: Vec<&str> = words("ARGV").collect();
        let open_ended = args.last() == Some(&"...");
        args.retain(|arg| *arg != "...");
        let mut libraries: Vec<&str> = words("USES").collect();
        if pair {
            // Before what calls it.
            let at = libraries.iter().position(|name| *name == "room").unwrap_or(libraries.len());
            libraries.insert(at, "pair");
        }
        let (shebang, body) = source.split_once('\n').unwrap_or((source, ""));
        let mut code = format!("{shebang}\n");
        let mut locals = |names: &[&str], of: &str| {
            if !names.is_empty() {
                let values: Vec<_> = (1..=names.len()).map(|at| format!("{of}[{at}]")).collect();
                code.push_str(&format!("local {} = {}\n", names.join(", "), values.join(", ")));
            }
        };
        locals(&keys, "KEYS");
        locals(&args, "ARGV");
        code.push_str(&format!("local PAIR = {pair}\n"));
        for name in libraries {
            let library = LIBRARY.iter().find(|(known, _)| *known == name);
            let (_, library) = library.unwrap_or_else(|| panic!("there is no library {name}"));
            code.push_str(library);
        }
        code.push_str(body);
        let code = without_comments(&fill(&code, numbers));
        let kind = |name: &&str| {
            keys::named(name).unwrap_or_else(|| panic!("no kind of key is named {name}"))
        };
        let keys = keys.iter().map(kind).collect();
        let sha = redis::Script::new(&code).get_hash().to_owned();
        Self { code, sha, keys, args: args.len(), open_ended }
    }
}

/// What stands behind a name in a script's first lines.
fn line<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    source.lines().find_map(|line| line.strip_prefix("-- ")?.strip_prefix(name)?.strip_prefix(':'))
}

fn fill(code: &str, numbers: &HashMap<&'static str, String>) -> String {
    let mut filled = String::with_capacity(code.len());
    let mut rest = code;
    while let Some((before, behind)) = rest.split_once("${") {
        let (name, behind) = behind.split_once('}').unwrap_or((behind, ""));
        let Some(number) = numbers.get(name) else { panic!("nothing is known of {name}") };
        filled.push_str(before);
        filled.push_str(number);
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// Comments are for readers of the files. They begin a line, so that nothing has to be known of Lua to find them.
fn without_comments(code: &str) -> String {
    let kept = code.lines().filter(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with("--")
    });
    kept.fold(String::with_capacity(code.len()), |mut all, line| {
        all.push_str(line);
        all.push('\n');
        all
    })
}

/// How much one step of reaping takes at once: no more than Lua has a place for, at 1 or 2 arguments each.
pub(crate) fn reap_batch(options: &StoreOptions) -> usize {
    options.reap_batch.clamp(1, 1_000)
}

/// The options, as scripts name them; times in ms.
fn numbers(layout: &Layout, options: &StoreOptions, time: Time) -> HashMap<&'static str, String> {
    let ms = |time: std::time::Duration| time.as_millis().to_string();
    let rules = &options.matching;
    HashMap::from([
        ("TIME", time.source().to_owned()),
        ("CHANNELS", layout.channels().to_owned()),
        ("LEASE", ms(options.lease)),
        ("VISITORS_WINDOW", ms(options.visitors_window)),
        ("VISITORS_STEP", ms(options.visitors_step)),
        ("VISITORS_KEPT", options.visitors_kept.to_string()),
        ("CLOSED_KEPT", ms(options.closed_kept)),
        ("KEYS_KEPT", options.keys_kept.as_millis().max(1).to_string()),
        ("KEYS_HALF", (options.keys / 2).max(1).to_string()),
        ("NOTICES", options.notices.to_string()),
        ("MAIL_MAX", options.mail.max(1).to_string()),
        ("REAP_BATCH", reap_batch(options).to_string()),
        ("WIDEN", ms(rules.widen)),
        ("SOFT", ms(rules.soft)),
        ("CONFIRM", ms(rules.confirm)),
        ("PLACE_KEPT", ms(rules.place_kept)),
        ("PARTNERS_KEPT", ms(rules.partners_kept)),
        ("BLOCK_KEPT", ms(rules.block_kept)),
        ("BLOCKS_OF_USER", rules.blocks.max(1).to_string()),
        ("BLOCKS_IN_POOL", rules.blocks_in_pool.max(1).to_string()),
        ("SCAN", rules.scan.clamp(1, 1_000).to_string()),
        ("WAITING_MAX", rules.waiting.to_string()),
    ])
}
