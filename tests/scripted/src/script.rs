// SPDX-License-Identifier: Apache-2.0
//! Scripts: the exceptions to "everybody is served".

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::{Request, World};

/// What an endpoint does.
#[derive(Debug, Default)]
pub struct Script {
    /// How long the service thinks about each call.
    pub latency: Duration,
    /// What exists.
    pub world: World,
    /// The exceptions; the first that fits answers.
    pub rules: Vec<Rule>,
    /// Don't keep requests: for benchmarks.
    pub forgetful: bool,
}

impl Script {
    /// A script for this world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self {
            world,
            ..Self::default()
        }
    }

    /// Adds a rule, after those that are there.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The reply that the rules give this request, if any does.
    pub(crate) fn reply(&self, request: &Request) -> Option<&Reply> {
        self.rules
            .iter()
            .find(|rule| rule.takes(request))
            .map(|rule| &rule.reply)
    }
}

/// One exception: which calls it is about, how often, and the reply.
#[derive(Debug)]
pub struct Rule {
    caller: Option<String>,
    operation: Option<String>,
    resource: Option<String>,
    left: AtomicUsize,
    reply: Reply,
}

impl Rule {
    /// Answers every call so, unless narrowed down.
    #[must_use]
    pub fn new(reply: Reply) -> Self {
        let left = AtomicUsize::new(usize::MAX);
        Self {
            caller: None,
            operation: None,
            resource: None,
            left,
            reply,
        }
    }

    /// Only calls of this role, by its name; `runner` for the operator.
    #[must_use]
    pub fn by(mut self, caller: &str) -> Self {
        self.caller = Some(caller.to_owned());
        self
    }

    /// Only calls of this operation, such as `GetItem`.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only calls on this table (its name), key (its ARN or alias) or role (its name).
    #[must_use]
    pub fn of(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    /// Only the first few calls that fit.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        self.left.store(times, Ordering::Relaxed);
        self
    }

    fn takes(&self, request: &Request) -> bool {
        let fits = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        fits(&self.caller, &request.caller)
            && fits(&self.operation, &request.operation)
            && fits(&self.resource, &request.resource)
            && self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
    }
}

/// Who refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The called service itself, before anybody else is asked.
    Service,
    /// KMS, through DynamoDB.
    KmsThroughDynamoDb,
}

/// What is replied.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Refused with AWS's sentence and this reason (see [`crate::implicitly`] and
    /// [`crate::explicitly`]; may be empty).
    Deny(Layer, String),
    /// Refused by KMS through DynamoDB with the sentence of old, which names nobody.
    DenyOld,
    /// Refused with AWS's sentence about another caller.
    DenyOther {
        /// Who refuses.
        layer: Layer,
        /// The ARN in the sentence.
        user: String,
    },
    /// The table's key is disabled: through DynamoDB or directly, as the call goes.
    KeyDisabled,
    /// The table's key waits to be deleted.
    KeyPendingDeletion,
    /// The read is authorised, and no item is there.
    NoItem,
    /// The read is authorised, and brings this item.
    Item(Value),
    /// An error of the service, in the service's form.
    Error {
        /// The HTTP status.
        status: u16,
        /// The code.
        code: String,
        /// The message.
        message: String,
    },
    /// A denial inside of a 200, as a statement's error.
    DenyInside,
    /// A batch that leaves its key unprocessed.
    Unprocessed,
    /// `AssumeRole` brings a session of this role (name).
    OtherSession(String),
    /// `AssumeRole` brings a session that ends after so many seconds: then its calls are refused for that.
    ShortSession(u32),
    /// `AssumeRole` brings a session of this role (name), and its reply doesn't say whose it is.
    UnnamedSession(String),
    /// This, whole, as it is.
    Raw {
        /// The HTTP status.
        status: u16,
        /// The content type.
        content_type: &'static str,
        /// The body.
        body: Vec<u8>,
    },
    /// A redirection to another host.
    Redirect,
    /// The head, and part of the body, and the connection closes.
    CutShort,
    /// The head of a reply without end, sent until the caller goes away.
    Endless,
    /// The connection closes without a reply.
    Close,
    /// Nothing, ever.
    Hang,
}

impl Reply {
    /// An error of the service.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Error {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// A throttle, with the code that DynamoDB, KMS and STS each know.
    #[must_use]
    pub fn throttled() -> Self {
        Self::error(400, "ThrottlingException", "Rate exceeded")
    }

    /// Expired credentials.
    #[must_use]
    pub fn expired() -> Self {
        Self::error(
            400,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        )
    }

    /// Trouble in the service.
    #[must_use]
    pub fn server_error() -> Self {
        Self::error(500, "InternalServerError", "Internal server error")
    }

    /// A page of a proxy.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let body = "<!DOCTYPE html><html><body>Access denied by your proxy</body></html>";
        Self::Raw {
            status,
            content_type: "text/html",
            body: body.into(),
        }
    }

    /// A success with this body.
    #[must_use]
    pub fn body(body: &str) -> Self {
        Self::Raw {
            status: 200,
            content_type: "application/x-amz-json-1.0",
            body: body.into(),
        }
    }
}
