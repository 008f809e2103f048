// SPDX-License-Identifier: Apache-2.0
//! Plans: pushed, pulled, listed, removed, started.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keyproof_plan::Plan;
use keyproof_state::{
    Key, Noun, ORIGINS, PLANS, PlanHead, PlanOrigin, PlanVersion, Reference, references,
};
use serde_json::Value;

use super::{Store, TRIES, reference_key};
use crate::{Condition, Query, StoreError, Table, Update, Updated, Write, Written};

/// The most probes of a stored plan: what is known of each of them is read at every commit, from one
/// partition, which gives 12 MB a second at the most.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>
const MOST_PROBES: usize = 100_000;
/// The largest plan, in bytes.
const LARGEST_PLAN: usize = 40_000_000;
/// The largest plan that is kept in its version's item. An item takes 400 KB in all.
const LARGEST_TEXT: usize = 350_000;

/// How often a plan is to run by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Every {
    /// As often as before; never, where it is new.
    #[default]
    AsBefore,
    /// Every so many minutes.
    Minutes(u32),
    /// Only when something asks for it.
    Never,
}

impl Every {
    /// The interval that follows this one.
    const fn after(self, before: Option<u32>) -> Option<u32> {
        match self {
            Self::AsBefore => before,
            Self::Minutes(minutes) => Some(minutes),
            Self::Never => None,
        }
    }
}

/// What came of starting a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// The plan's head as of the start; its `next_seq` is the run's `seq`.
    Now(Box<PlanHead>),
    /// The plan was removed.
    Removed,
    /// No such plan was ever pushed.
    Unknown,
}

/// What a push did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The plan's head now.
    pub head: PlanHead,
    /// Whether it made a new version.
    pub new_version: bool,
}

/// What is pushed.
struct Push<'p> {
    plan: &'p Plan,
    text: &'p str,
    every: Every,
    by: Option<&'p str>,
    now: Timestamp,
    /// In how many items the text is kept, once it is.
    parts: Option<usize>,
}

impl<'p> Push<'p> {
    fn new(
        plan: &'p Plan,
        text: &'p str,
        every: Every,
        by: Option<&'p str>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        check_size(plan, text)?;
        Ok(Self {
            plan,
            text,
            every,
            by,
            now,
            parts: None,
        })
    }
}

impl<T: Table> Store<T> {
    /// A plan's head, whether it was removed or not; `None` where it was never pushed.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn head(&self, plan: &str) -> Result<Option<PlanHead>, StoreError> {
        self.noun(&Key::head(plan)).await
    }

    /// A version of a plan.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn version(
        &self,
        plan: &str,
        version: u64,
    ) -> Result<Option<PlanVersion>, StoreError> {
        let found: Option<PlanVersion> = self.noun(&Key::version(plan, version)).await?;
        let Some(mut found) = found else {
            return Ok(None);
        };
        if found.text_parts == 0 {
            return Ok(Some(found));
        }
        let parts = text_parts(plan, &found.digest);
        for part in self.table.query(&parts).await? {
            let text = part.get("text").and_then(Value::as_str);
            found.text.push_str(text.unwrap_or_default());
        }
        Ok(Some(found))
    }

    /// The names of the plans, those that were removed left out.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn plans(&self) -> Result<Vec<String>, StoreError> {
        let items = self.table.query(&Query::partition(PLANS)).await?;
        let name =
            |item: &keyproof_state::Item| item.get("sk").and_then(Value::as_str).map(str::to_owned);
        Ok(items.iter().filter_map(name).collect())
    }

    /// Stores a plan: a new version where its bytes are not those of the version in force. The
    /// interval is set in either case. `text` is the document that `plan` was read from. The same
    /// again writes nothing, unless the time before was cut off.
    ///
    /// # Errors
    ///
    /// Where the plan is too large, or the table can't be written to.
    pub async fn push(
        &self,
        plan: &Plan,
        text: &str,
        every: Every,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<Pushed, StoreError> {
        let mut push = Push::new(plan, text, every, by, now)?;
        for _ in 0..TRIES {
            let before = self.head(&plan.name).await?;
            if let Some(pushed) = self.push_once(&mut push, before.as_ref()).await? {
                return Ok(pushed);
            }
        }
        Err(StoreError::Contended {
            plan: plan.name.clone(),
        })
    }

    /// The same over the head that was looked at, and over no other: `None`, and nothing pushed, where
    /// another version came into force meanwhile.
    ///
    /// # Errors
    ///
    /// Where the plan is too large, or the table can't be written to.
    pub async fn push_over(
        &self,
        before: Option<&PlanHead>,
        plan: &Plan,
        text: &str,
        every: Every,
        by: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Pushed>, StoreError> {
        let mut push = Push::new(plan, text, every, by, now)?;
        self.push_once(&mut push, before).await
    }

    async fn push_once(
        &self,
        push: &mut Push<'_>,
        before: Option<&PlanHead>,
    ) -> Result<Option<Pushed>, StoreError> {
        let Push { plan, text, .. } = *push;
        let new_version =
            before.is_none_or(|head| head.digest != plan.digest || head.removed_at.is_some());
        let writes = match before {
            Some(head) if !new_version => {
                let mut update = update_head(head, push.every, push.now);
                if head.planned != Some(plan.planned()) {
                    // A version before this one pushed it.
                    update.set.push(("planned", plan.planned().into()));
                }
                let changes = !update.set.is_empty() || !update.remove.is_empty();
                changes
                    .then_some(Write::Update(update))
                    .into_iter()
                    .collect()
            }
            before => {
                let parts = match push.parts {
                    Some(parts) => parts,
                    None => *push.parts.insert(self.put_text(plan, text).await?),
                };
                push_writes(plan, (text, parts), push.every, push.by, push.now, before)?
            }
        };
        let nothing = writes.is_empty();
        if !nothing && self.table.write(&writes).await? != Written::Done {
            return Ok(None);
        }
        let Some(head) = self.head(&plan.name).await? else {
            return Ok(None);
        };
        if nothing && head.digest != plan.digest {
            return Ok(None);
        }
        let head = self.lead_to(plan, head).await?;
        Ok(Some(Pushed { head, new_version }))
    }

    /// Of which inventory each plan comes, by the plan's name, as far as the stack itself expands them.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn origins(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let items = self.table.query(&Query::partition(ORIGINS)).await?;
        let mut origins = BTreeMap::new();
        for item in items {
            let PlanOrigin { plan, inventory } = PlanOrigin::from_item(item)?;
            origins.insert(plan, inventory);
        }
        Ok(origins)
    }

    /// Notes of which inventory a plan comes.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn note_origin(&self, plan: &str, inventory: &str) -> Result<(), StoreError> {
        let (plan, inventory) = (plan.to_owned(), inventory.to_owned());
        self.put(&PlanOrigin { plan, inventory }).await
    }

    /// Lets everything that a plan mentions lead to it, where it does not yet, and notes that it
    /// does. What an older version alone mentioned stays: a run too many. The head as it is then.
    async fn lead_to(&self, plan: &Plan, head: PlanHead) -> Result<PlanHead, StoreError> {
        if head.referred.as_ref() == Some(&plan.digest) {
            return Ok(head);
        }
        self.refer(&plan.name, references(plan)).await?;
        let mut update = Update::of(Key::head(&plan.name));
        update.set.push(("referred", plan.digest.as_str().into()));
        update.conditions = vec![Condition::Equals("version", head.version.into())];
        Ok(match self.table.update(&update).await? {
            Updated::Done(item) => PlanHead::from_item(item)?,
            // Somebody pushed another version meanwhile, and notes what that one mentions.
            Updated::Refused(_) => head,
        })
    }

    /// Keeps a text that is too large for one item in as many as it takes, and tells how many; 0
    /// where it fits into one. They are named by the text's digest: the same again changes nothing,
    /// and no version shares them with another text.
    async fn put_text(&self, plan: &Plan, text: &str) -> Result<usize, StoreError> {
        if text.len() <= LARGEST_TEXT {
            return Ok(0);
        }
        let (mut rest, mut parts) = (text, 0);
        while !rest.is_empty() {
            let (part, after) = rest.split_at(rest.floor_char_boundary(LARGEST_TEXT));
            rest = after;
            parts += 1;
            let Key { pk, sk } = Key::text_part(&plan.name, &plan.digest, parts);
            let item = [("pk", pk), ("sk", sk), ("text", part.to_owned())];
            let item = item.map(|(name, value)| (name.to_owned(), Value::from(value)));
            self.table
                .write(&[Write::put(item.into_iter().collect())])
                .await?;
        }
        Ok(parts)
    }

    /// Removes a plan: it is listed no more and never runs again. Its versions and its history stay
    /// until they expire. The head as it was, where there was one in force.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn remove(&self, plan: &str, now: Timestamp) -> Result<Option<PlanHead>, StoreError> {
        let Some(head) = self.head(plan).await? else {
            return Ok(None);
        };
        let mut update = Update::of(Key::head(plan));
        update.set.push(("removed_at", now.to_string().into()));
        update.remove.push("interval_minutes");
        update.conditions = vec![Condition::Present, Condition::Lacks("removed_at")];
        let unlist = Write::Delete {
            key: Key::listed(plan),
            conditions: Vec::new(),
        };
        let written = self.table.write(&[Write::Update(update), unlist]).await?;
        if written != Written::Done {
            return Ok(None);
        }
        if let Some(version) = self.version(plan, head.version).await?
            && let Ok(parsed) = Plan::parse(&version.text)
        {
            let delete = |reference: Reference| {
                let key = reference_key(&reference, plan);
                let conditions = Vec::new();
                Write::Delete { key, conditions }
            };
            self.write_all(plan, references(&parsed).into_iter().map(delete))
                .await?;
            // Who pushed it again meanwhile may have lost references to this.
            let mut update = Update::of(Key::head(plan));
            update.remove.push("referred");
            update.conditions.push(Condition::Present);
            self.table.update(&update).await?;
        }
        Ok(Some(head))
    }

    /// Starts a run of a plan: counts its runs up, and tells the head as of that moment. The
    /// counter is the run's `seq`, so that runs are ordered as they began, and a run with a greater
    /// `seq` never has an older version of the plan.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn start(&self, plan: &str) -> Result<Started, StoreError> {
        let mut update = Update::of(Key::head(plan));
        update.count_up = Some("next_seq");
        update.conditions = vec![Condition::Present, Condition::Lacks("removed_at")];
        Ok(match self.table.update(&update).await? {
            Updated::Done(item) => Started::Now(Box::new(PlanHead::from_item(item)?)),
            Updated::Refused(Some(_)) => Started::Removed,
            Updated::Refused(None) => Started::Unknown,
        })
    }

    /// Notes that a re-verification is pending at this moment, which covers earlier ones.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn note_recheck(
        &self,
        plan: &str,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut update = Update::of(Key::head(plan));
        let (at, now) = (whole_seconds(at), whole_seconds(now));
        update.set.push(("recheck_at", at.to_string().into()));
        update
            .set_if_absent
            .push(("recheck_since", now.to_string().into()));
        update.conditions = vec![
            Condition::Present,
            Condition::LacksOrBelow("recheck_at", at.to_string().into()),
        ];
        // Where a later one is pending already, nothing is left to note.
        self.table.update(&update).await?;
        Ok(())
    }

    /// Notes that the re-verification pending at this moment is carried out, unless a later one has
    /// been asked for.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn settle_recheck(&self, plan: &str, at: Timestamp) -> Result<(), StoreError> {
        let mut update = Update::of(Key::head(plan));
        update.remove = vec!["recheck_at", "recheck_since"];
        let at = whole_seconds(at).to_string();
        update.conditions = vec![Condition::Equals("recheck_at", at.into())];
        self.table.update(&update).await?;
        Ok(())
    }
}

/// The parts of a text.
fn text_parts(plan: &str, digest: &str) -> Query {
    let first = Key::text_part(plan, digest, 0).sk;
    let prefix = first.trim_end_matches(|last: char| last.is_ascii_digit());
    Query::prefix(Key::plan(plan), prefix)
}

/// Moments are compared as texts, which sort as they should without fractions only.
fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// An update of the head, on condition that nobody pushed in between.
fn update_head(head: &PlanHead, every: Every, now: Timestamp) -> Update {
    let mut update = Update::of(Key::head(&head.plan));
    if head.removed_at.is_some() || every.after(head.interval_minutes) != head.interval_minutes {
        update.set.push(("scheduled_at", now.to_string().into()));
    }
    match every {
        Every::AsBefore => {}
        Every::Minutes(minutes) => update.set.push(("interval_minutes", minutes.into())),
        Every::Never => update.remove.push("interval_minutes"),
    }
    update.conditions = vec![Condition::Equals("version", head.version.into())];
    update
}

/// The writes that bring a new version into force.
fn push_writes(
    plan: &Plan,
    (text, text_parts): (&str, usize),
    every: Every,
    by: Option<&str>,
    now: Timestamp,
    before: Option<&PlanHead>,
) -> Result<Vec<Write>, StoreError> {
    let version = PlanVersion {
        plan: plan.name.clone(),
        version: before.map_or(0, |head| head.version) + 1,
        digest: plan.digest.clone(),
        text: if text_parts == 0 {
            text.to_owned()
        } else {
            String::new()
        },
        text_parts,
        pushed_at: now,
        pushed_by: by.map(str::to_owned),
        pushed_with: Some(env!("CARGO_PKG_VERSION").to_owned()),
    };
    let head = match before {
        None => Write::insert(
            PlanHead {
                plan: plan.name.clone(),
                version: version.version,
                digest: version.digest.clone(),
                planned: Some(plan.planned()),
                interval_minutes: every.after(None),
                scheduled_at: Some(now),
                pushed_at: now,
                pushed_by: version.pushed_by.clone(),
                next_seq: 0,
                removed_at: None,
                recheck_at: None,
                recheck_since: None,
                referred: None,
            }
            .to_item()?,
        ),
        // Attribute by attribute: the counter of runs moves at the same time.
        Some(before) => {
            let mut update = update_head(before, every, now);
            update.set.extend([
                ("version", version.version.into()),
                ("digest", version.digest.clone().into()),
                ("planned", plan.planned().into()),
                ("pushed_at", now.to_string().into()),
            ]);
            match by {
                Some(by) => update.set.push(("pushed_by", by.into())),
                None => update.remove.push("pushed_by"),
            }
            update.remove.push("removed_at");
            Write::Update(update)
        }
    };
    let mut listed = keyproof_state::Item::new();
    let Key { pk, sk } = Key::listed(&plan.name);
    listed.insert("pk".to_owned(), pk.into());
    listed.insert("sk".to_owned(), sk.into());
    Ok(vec![
        head,
        Write::insert(version.to_item()?),
        Write::put(listed),
    ])
}

fn check_size(plan: &Plan, text: &str) -> Result<(), StoreError> {
    let probes = plan.planned();
    if probes > MOST_PROBES {
        return Err(StoreError::Invalid(format!(
            "the plan `{}` has {probes} probes, and a stored plan may have {MOST_PROBES}; divide it \
             into several, by table for instance",
            plan.name
        )));
    }
    if text.len() > LARGEST_PLAN {
        return Err(StoreError::Invalid(format!(
            "the plan `{}` is {} bytes long, and a stored plan may be {LARGEST_PLAN}; divide it into \
             several, by table for instance",
            plan.name,
            text.len()
        )));
    }
    Ok(())
}
