//! The rules as scenarios, and as random schedules that are compared with a naive model.

mod check;
mod naive;
mod scenarios;
mod schedule;
mod setup;
