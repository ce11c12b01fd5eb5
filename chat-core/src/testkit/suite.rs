//! Running cases, as tests and by program.

use std::sync::Arc;
use std::time::Duration;

use super::cases::{Case, all};
use super::stand::Stand;

/// In tokio's time; much more than any case takes on a store that works.
const LONGEST: Duration = Duration::from_secs(300);

/// The case of this name: `area::name`.
#[must_use]
pub fn case(name: &str) -> Option<Case> {
    all().into_iter().find(|case| format!("{case:?}") == name)
}

/// Plays the case of this name on a store of this stand.
///
/// # Panics
/// Where the claim does not hold, or there is no such case.
pub async fn run(stand: &dyn Stand, name: &str) {
    let case = case(name).unwrap_or_else(|| panic!("there is no case {name}"));
    case.play(stand).await;
}

/// Plays these cases one after another, each in a task of its own, and gives those whose claim does not hold: they
/// panicked, or came to no end.
pub async fn failures(stand: &Arc<dyn Stand>, cases: &[Case]) -> Vec<Case> {
    let mut failed = Vec::new();
    for case in cases {
        let (stand, playing) = (Arc::clone(stand), *case);
        let task = tokio::spawn(async move { playing.play(&*stand).await });
        let stop = task.abort_handle();
        if !matches!(tokio::time::timeout(LONGEST, task).await, Ok(Ok(()))) {
            stop.abort();
            failed.push(*case);
        }
    }
    failed
}

/// Makes a module of tests, one for each case of the suite, for the stores of a [`Stand`].
///
/// The second argument is an expression that gives a stand; it is evaluated in every test. Behind it, what is put into
/// `#[tokio::test(…)]` may be given, for the cases and for the races: by default the cases run on one thread and the
/// races on four. The crate that calls it needs tokio with `macros` and `rt-multi-thread`.
///
/// ```
/// use chat_core::testkit::MemoryStand;
///
/// chat_core::store_suite!(memory, MemoryStand, cases(start_paused = true));
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_suite {
    ($module:ident, $stand:expr) => {
        $crate::store_suite!($module, $stand, cases());
    };
    ($module:ident, $stand:expr, cases($($case:tt)*)) => {
        $crate::store_suite!(
            $module, $stand, cases($($case)*), races(flavor = "multi_thread", worker_threads = 4)
        );
    };
    ($module:ident, $stand:expr, cases($($case:tt)*), races($($race:tt)*)) => {
        mod $module {
            use super::*;
            use $crate::__store_suite_tests;
            $crate::__store_cases!(__store_suite_tests [$stand] [$($case)*] [$($race)*]);
        }
    };
}

/// Makes the tests of [`store_suite!`] from the list of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_suite_tests {
    (
        [$stand:expr] $case:tt $race:tt
        cases { $( $area:ident { $($name:ident)* } )* }
        races { $( $race_area:ident { $($race_name:ident)* } )* }
    ) => {
        $( $crate::__store_suite_area!([$stand] $case $area { $($name)* }); )*
        $( $crate::__store_suite_area!([$stand] $race $race_area { $($race_name)* }); )*
    };
}

/// Makes the tests of one area.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_suite_area {
    ([$stand:expr] $attributes:tt $area:ident { $($name:ident)* }) => {
        mod $area {
            use super::*;
            $( $crate::__store_suite_test!([$stand] $attributes $area $name); )*
        }
    };
}

/// Makes one test.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_suite_test {
    ([$stand:expr] [$($attribute:tt)*] $area:ident $name:ident) => {
        #[tokio::test($($attribute)*)]
        async fn $name() {
            let name = concat!(stringify!($area), "::", stringify!($name));
            $crate::testkit::run(&$stand, name).await;
        }
    };
}
