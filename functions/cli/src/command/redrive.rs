// SPDX-License-Identifier: Apache-2.0
//! `keyproof redrive`: what was given up, back to work.

mod letters;

use std::io::Write;

use jiff::Timestamp;
use keyproof_report::visible;
use keyproof_state::Key;
use keyproof_store::DynamoTable;
use keyproof_store::Store;
use keyproof_store::Table;

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::stack::{self, Stack};

use letters::{Letter, Queue, Reading};

/// Put what the deployed service gave up back to work, once its cause is mended
///
/// Runs that were never carried out are put back into the run queue. What was not published is told by
/// the service's own sweep, every five minutes: here it is checked that it was, and the letter taken
/// away. A message that is no request of keyproof's is left where it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    stack: stack::Options,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// What became of the letters.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    left: usize,
}

/// Goes through each dead-letter queue.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    crate::block_on(async {
        let stack = arguments.stack.connect(Stack::REGION).await?;
        stack.expect_to_be_understood().await?;
        let parts = stack.parts().await?;
        let client = aws_sdk_sqs::Client::new(&stack.config);
        let runs = Queue::new(&client, &parts.queue_url);
        let mut tally = Tally::default();
        for (name, url) in &parts.dead_letter_queues {
            let letters = Queue::new(&client, url);
            let all = letters.receive_all().await?;
            for letter in &all {
                let decided = decide(name, letter, &stack.store).await?;
                let line = format!("{name}: {}: {}", letter.summary(), decided.sentence());
                let line = visible(&line);
                writeln!(io.stdout, "{line}").map_err(CliError::stdout)?;
                match decided {
                    Decision::SendBack if !arguments.dry_run => runs.send(letter.body()).await?,
                    Decision::SendBack | Decision::Told | Decision::Leave(_) => {}
                }
                if let Decision::Leave(_) = decided {
                    tally.left += 1;
                } else {
                    tally.done += 1;
                    if !arguments.dry_run {
                        letters.delete(letter).await?;
                        continue;
                    }
                }
                letters.give_back(letter).await?;
            }
        }
        let verb = if arguments.dry_run {
            "would be"
        } else {
            "were"
        };
        let line = match (tally.done, tally.left) {
            (0, 0) => "no dead letters".to_owned(),
            (done, left) => format!("{done} {verb} put back or cleared, {left} left"),
        };
        writeln!(io.stdout, "{line}").map_err(CliError::stdout)?;
        Ok(Outcome::Pass)
    })?
}

/// What is to be done with a letter.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// Into the run queue again.
    SendBack,
    /// What it was about has been told since.
    Told,
    /// Nothing, and why.
    Leave(String),
}

impl Decision {
    fn sentence(&self) -> String {
        match self {
            Self::SendBack => "back into the run queue".to_owned(),
            Self::Told => "published since; cleared".to_owned(),
            Self::Leave(why) => format!("left: {why}"),
        }
    }
}

async fn decide(
    queue: &str,
    letter: &Letter,
    store: &Store<DynamoTable>,
) -> Result<Decision, CliError> {
    Ok(match letter.reading() {
        Reading::Run => Decision::SendBack,
        Reading::Sweep => Decision::Told,
        Reading::Batch { last } => untold(store, last)
            .await?
            .map_or(Decision::Told, Decision::Leave),
        Reading::Other if queue == "other" => {
            Decision::Leave("an invocation that its caller must make again".to_owned())
        }
        Reading::Other => Decision::Leave("it is no request of keyproof's".to_owned()),
    })
}

/// Which commits of before a time have not been told yet.
async fn untold(store: &Store<DynamoTable>, until: Timestamp) -> Result<Option<String>, CliError> {
    let mut waiting = Vec::new();
    for plan in store.plans().await? {
        // How far the sweep has come: everything up to there has been told.
        let swept = store
            .table()
            .get(&Key::published(&plan, "SWEPT", "HEAD"))
            .await;
        let swept = swept.map_err(keyproof_store::StoreError::from)?;
        let swept = swept
            .and_then(|item| item.get("commit")?.as_u64())
            .unwrap_or_default();
        let mut before = None;
        let last = loop {
            let page = store.runs(&plan, before, 25).await?;
            match page.iter().find(|run| run.finished_at <= until) {
                Some(run) => break run.commit,
                None => match page.last() {
                    Some(run) => before = Some(run.commit),
                    None => break 0,
                },
            }
        };
        if last > swept {
            waiting.push(format!("`{plan}` is told up to commit {swept} of {last}"));
        }
    }
    Ok((!waiting.is_empty()).then(|| {
        format!(
            "the sweep has not come so far yet: {}; the publish function's log says what holds it up",
            waiting.join(", ")
        )
    }))
}
