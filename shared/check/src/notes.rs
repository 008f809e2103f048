// SPDX-License-Identifier: Apache-2.0
//! What the verdicts rest on: what the templates leave out, and what was assumed.

use keyproof_plan::TableKey;
use keyproof_template::NoteKind;
use keyproof_verdict::{Answer, NoteRow};

use crate::Runner;
use crate::observe::Observer;

pub(crate) fn of(observer: &Observer<'_>) -> Vec<NoteRow> {
    let mut notes = assumed(observer);
    for part in observer.estate.parts() {
        for note in &part.account.notes {
            let kind = match note.kind {
                NoteKind::LeftOut => "left_out",
                NoteKind::Unseen => "unseen",
                NoteKind::Unknown => "unknown",
            };
            let text = match &note.logical_id {
                Some(id) if !note.text.contains(&format!("`{id}`")) => {
                    format!("{id}: {}", note.text)
                }
                Some(_) | None => note.text.clone(),
            };
            notes.push(NoteRow {
                kind: kind.to_owned(),
                text,
                file: part.file.clone(),
                line: Some(note.place.line),
            });
        }
    }
    notes
}

/// Keys get their ids at deployment, so that a plan's ARN is none of the templates' unless somebody
/// says which key it is.
fn unknown_keys(observer: &Observer<'_>, note: &mut impl FnMut(String)) {
    let account = observer.estate.account();
    for (name, table) in &observer.plan.tables {
        let TableKey::Key(arn) = &table.key else {
            continue;
        };
        if observer.estate.key(arn.as_str()).is_none() && arn.account() == account.account.as_str()
        {
            note(format!(
                "the key `{arn}` of `{name}` is none of the templates'; if it is one of them, say which \
                 with `--key-id LOGICAL_ID={}`, or name it by an alias in the plan",
                arn.path_and_name()
            ));
        }
    }
}

fn assumed(observer: &Observer<'_>) -> Vec<NoteRow> {
    let mut notes = Vec::new();
    let mut note = |text: String| {
        notes.push(NoteRow {
            kind: "assumed".to_owned(),
            text,
            file: None,
            line: None,
        });
    };
    unknown_keys(observer, &mut note);
    let runner = observer
        .runner
        .as_ref()
        .map_or("somebody", |runner| runner.principal.arn());
    if observer.circumstances.runner == Runner::Anybody {
        note("every role was taken as assumed, whatever its trust policy says".to_owned());
    }
    for (name, principal) in &observer.plan.principals {
        let Some(opened) = observer.opened(name) else {
            continue;
        };
        if let Answer::Allowed(_) = opened.seen.observation.answer {
            continue;
        }
        let role = &principal.role;
        if observer.estate.role(role.as_str()).is_none() {
            note(format!(
                "the role `{role}` of `{name}` is not in the templates"
            ));
            continue;
        }
        match observer.circumstances.runner {
            Runner::Administrator => note(format!(
                "the runner was taken for an administrator of the account whom no policy names, and \
                 may not assume `{role}`; say who runs the plan with `--runner ARN`, or take every \
                 role as assumed with `--runner anybody`"
            )),
            Runner::Arn(_) => note(format!("`{runner}` may not assume `{role}`")),
            Runner::Anybody => {}
        }
    }
    notes
}
