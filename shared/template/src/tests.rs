// SPDX-License-Identifier: Apache-2.0
//! Templates in, models out. A case of one function goes into `functions`, of one resource type into
//! `resources`, of a mistake into `mistakes`; a whole template goes into `fixtures`, with the
//! expected model beside it in `snapshots/`.

use crate::{Account, Options, load};

mod describe;
mod fixtures;
mod functions;
mod mistakes;
mod properties;
mod resources;
mod unknowns;

use describe::describe;

fn options() -> Options {
    Options::new("111122223333".parse().expect("an account id"), "us-east-1")
}

#[track_caller]
fn loaded(template: &str) -> Account {
    loaded_with(template, &options())
}

#[track_caller]
fn loaded_with(template: &str, options: &Options) -> Account {
    match load(template, options) {
        Ok(account) => account,
        Err(errors) => {
            let errors: Vec<String> = errors
                .iter()
                .map(|error| format!("{} {error}", error.place))
                .collect();
            panic!(
                "the template is refused:\n{}\n{template}",
                errors.join("\n")
            )
        }
    }
}

/// The errors of a template, each with its place.
#[track_caller]
fn refused(template: &str) -> Vec<String> {
    refused_with(template, &options())
}

#[track_caller]
fn refused_with(template: &str, options: &Options) -> Vec<String> {
    match load(template, options) {
        Ok(account) => panic!("the template is taken:\n{}\n{template}", describe(&account)),
        Err(errors) => errors
            .iter()
            .map(|error| format!("{} {error}", error.place))
            .collect(),
    }
}

fn notes(account: &Account) -> Vec<String> {
    account
        .notes
        .iter()
        .map(|note| format!("{} {:?}: {note}", note.place, note.kind))
        .collect()
}
