// SPDX-License-Identifier: Apache-2.0
//! The run behind a record, read when somebody asks for it and then kept.

use std::future::Future;
use std::pin::Pin;

use keyproof_core::shell_word;
use keyproof_report::visible;
use keyproof_state::{Key, RunItem, digest};
use keyproof_verdict::Report;
use serde::Serialize;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::{Record, SinkError};

/// A run's item and its report.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeRun {
    /// The item.
    pub item: RunItem,
    /// The report, whose digest is the item's.
    pub report: Report,
    /// Its bytes.
    pub text: String,
}

/// A read of a run or of a report.
pub type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T, SinkError>> + 'a>>;

/// Reads committed runs and reports.
pub trait ReadRun {
    /// The committed run.
    fn run<'a>(&'a self, plan: &'a str, commit: u64) -> Reading<'a, RunItem>;

    /// The report that is kept in the report bucket under this key.
    fn report<'a>(&'a self, key: &'a str) -> Reading<'a, String>;
}

/// The run behind a record.
pub struct Run<'a> {
    record: &'a Record,
    port: &'a dyn ReadRun,
    whole: OnceCell<WholeRun>,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Run")
            .field("record", &self.record.mark())
            .finish_non_exhaustive()
    }
}

impl<'a> Run<'a> {
    /// The run behind `record`, to be read through `port`.
    pub fn new(record: &'a Record, port: &'a dyn ReadRun) -> Self {
        Self {
            record,
            port,
            whole: OnceCell::new(),
        }
    }

    /// The run, read by the first who asks.
    ///
    /// # Errors
    ///
    /// Where it can't be read, or its report isn't the one that was committed.
    pub async fn whole(&self) -> Result<&WholeRun, SinkError> {
        self.whole.get_or_try_init(|| self.read()).await
    }

    async fn read(&self) -> Result<WholeRun, SinkError> {
        let item = match self.record {
            Record::Run(item) => (**item).clone(),
            Record::Change(change) => self.port.run(&change.plan, change.commit).await?,
        };
        let text = match (&item.report, &item.report_key) {
            (Some(text), _) => text.clone(),
            (None, Some(key)) => self.port.report(key).await?,
            (None, None) => {
                return Err(SinkError::NoReport(
                    "the run's item neither holds it nor says where it is".to_owned(),
                ));
            }
        };
        let found = digest(text.as_bytes());
        if found != item.report_digest {
            return Err(SinkError::NoReport(format!(
                "its digest is {found}, and {} was committed",
                item.report_digest
            )));
        }
        let report =
            Report::from_json(&text).map_err(|error| SinkError::NoReport(error.to_string()))?;
        Ok(WholeRun { item, report, text })
    }
}

/// Where reports are kept: for messages that say where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The state table's name.
    pub table: String,
    /// The bucket of reports that are too large for the table.
    pub bucket: Option<String>,
    /// The Region of both.
    pub region: String,
}

/// Where one report is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "in", rename_all = "lowercase")]
pub enum Location {
    /// In the attribute `report` of an item of the state table.
    Table {
        /// The table's name.
        table: String,
        /// The item's partition key.
        pk: String,
        /// Its sort key.
        sk: String,
    },
    /// An object of the report bucket.
    Bucket {
        /// The bucket's name.
        bucket: String,
        /// The object's key.
        key: String,
    },
}

impl Archive {
    /// Where the report of a run is.
    #[must_use]
    pub fn location(&self, run: &RunItem) -> Location {
        if let (None, Some(key), Some(bucket)) = (&run.report, &run.report_key, &self.bucket) {
            return Location::Bucket {
                bucket: bucket.clone(),
                key: key.clone(),
            };
        }
        let Key { pk, sk } = Key::run(&run.plan, run.commit);
        Location::Table {
            table: self.table.clone(),
            pk,
            sk,
        }
    }

    /// The command that prints a report: for somebody to copy into a shell, which takes nothing in it for
    /// anything but a word.
    #[must_use]
    pub fn command(&self, location: &Location) -> String {
        let region = word(&self.region);
        match location {
            Location::Bucket { bucket, key } => {
                let object = word(&format!("s3://{bucket}/{key}"));
                format!("aws s3 cp --region {region} {object} -")
            }
            Location::Table { table, pk, sk } => {
                let key = json!({"pk": {"S": pk}, "sk": {"S": sk}}).to_string();
                let (table, key) = (word(table), word(&key));
                format!(
                    "aws dynamodb get-item --region {region} --table-name {table} --key {key} \
                     --query Item.report.S --output text"
                )
            }
        }
    }
}

/// A text as one word of a shell's command line, which acts on no terminal either.
fn word(text: &str) -> String {
    shell_word(&visible(text)).into_owned()
}
