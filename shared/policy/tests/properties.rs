// SPDX-License-Identifier: Apache-2.0
//! What holds for every policy, tried on thousands of random ones.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use keyproof_policy::{
    Context, Document, Grammar, Outcome, Policies, Principal, Request, evaluate,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";
const FAR_KEY: &str = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// A whole situation as JSON, so that properties can change it before it is parsed.
#[derive(Clone, Debug)]
struct World {
    caller: &'static str,
    action: &'static str,
    resource: &'static str,
    context: Vec<(&'static str, &'static str)>,
    identity: Vec<Value>,
    resource_policy: Vec<Value>,
    boundary: Option<Vec<Value>>,
    session: Option<Vec<Value>>,
    scp: Option<Vec<Value>>,
}

fn document(statements: &[Value], grammar: Grammar) -> Document {
    let json = json!({"Version": "2012-10-17", "Statement": statements});
    Document::from_value(&json, grammar).unwrap()
}

impl World {
    fn request(&self) -> Request {
        let caller: Principal = self.caller.parse().unwrap();
        let context = self
            .context
            .iter()
            .fold(Context::new(), |all, (key, value)| all.with(key, *value));
        Request::new(caller, self.action, self.resource).with_context(context)
    }

    fn decide(&self) -> keyproof_policy::Decision {
        self.decide_request(&self.request())
    }

    fn decide_request(&self, request: &Request) -> keyproof_policy::Decision {
        let identity = [document(&self.identity, Grammar::Identity)];
        let resource = document(&self.resource_policy, Grammar::Resource);
        let list = |statements: &Option<Vec<Value>>, grammar| {
            statements
                .iter()
                .map(|statements| document(statements, grammar))
                .collect::<Vec<_>>()
        };
        let boundaries = list(&self.boundary, Grammar::Boundary);
        let session = list(&self.session, Grammar::Session);
        let scps: Vec<_> = self
            .scp
            .iter()
            .map(|level| vec![document(level, Grammar::Scp)])
            .collect();
        evaluate(
            request,
            &Policies {
                identity: &identity,
                resource: Some(&resource),
                boundaries: &boundaries,
                session: session.first(),
                scps: &scps,
                ..Policies::default()
            },
        )
    }

    fn allowed(&self) -> bool {
        self.decide().is_allowed()
    }

    /// Every list of statements.
    fn lists(&mut self) -> Vec<&mut Vec<Value>> {
        let mut lists = vec![&mut self.identity, &mut self.resource_policy];
        lists.extend(
            [&mut self.boundary, &mut self.session, &mut self.scp]
                .into_iter()
                .flatten(),
        );
        lists
    }
}

fn action() -> impl Strategy<Value = &'static str> {
    select(vec!["kms:Decrypt", "dynamodb:GetItem", "kms:Encrypt"])
}

fn condition() -> impl Strategy<Value = Value> {
    let operator = select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLikeIfExists",
        "StringNotLike",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringLike",
    ]);
    let value = select(vec![
        "red",
        "r*",
        "${aws:PrincipalTag/b}",
        "${aws:PrincipalTag/none, 'red'}",
        "*",
    ]);
    let key = select(vec![
        "aws:PrincipalTag/a",
        "aws:PrincipalTag/b",
        "aws:PrincipalTag/none",
    ]);
    prop_oneof![
        4 => (operator, key.clone(), value).prop_map(|(operator, key, value)| json!({operator: {key: value}})),
        1 => (key, any::<bool>()).prop_map(|(key, absent)| json!({"Null": {key: absent}})),
    ]
}

fn statement(principals: bool) -> impl Strategy<Value = Value> {
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    let actions = select(vec![
        "*",
        "kms:*",
        "kms:Decrypt",
        "dynamodb:*",
        "dynamodb:Get*",
        "kms:?ncrypt",
    ]);
    let resources = select(vec![
        "*",
        "arn:aws:kms:*:*:key/*",
        "arn:aws:dynamodb:*",
        TABLE,
        KEY,
    ]);
    let principal = select(vec![
        json!("*"),
        json!({"AWS": "111122223333"}),
        json!({"AWS": "arn:aws:iam::111122223333:role/reader"}),
        json!({"AWS": "arn:aws:sts::111122223333:assumed-role/reader/s"}),
        json!({"AWS": "arn:aws:iam::111122223333:user/ann"}),
        json!({"Service": "lambda.amazonaws.com"}),
    ]);
    let shape = (any::<bool>(), any::<bool>(), any::<bool>());
    let parts = (
        effect,
        actions,
        resources,
        principal,
        proptest::option::of(condition()),
        shape,
    );
    parts.prop_map(
        move |(effect, action, resource, principal, condition, shape)| {
            let (not_action, not_resource, not_principal) = shape;
            let rarely = |flag: bool, second: bool| flag && second;
            let mut statement = json!({"Effect": effect});
            let name = if rarely(not_action, not_principal) {
                "NotAction"
            } else {
                "Action"
            };
            statement[name] = action.into();
            let name = if rarely(not_resource, not_action) {
                "NotResource"
            } else {
                "Resource"
            };
            statement[name] = resource.into();
            if principals {
                let name = if rarely(not_principal, not_resource) {
                    "NotPrincipal"
                } else {
                    "Principal"
                };
                statement[name] = principal;
            }
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn statements(principals: bool) -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(statement(principals), 0..5)
}

fn world() -> impl Strategy<Value = World> {
    let callers = select(vec![
        "arn:aws:sts::111122223333:assumed-role/reader/s",
        "arn:aws:iam::111122223333:user/ann",
        "arn:aws:iam::111122223333:role/reader",
        "arn:aws:iam::111122223333:root",
        "lambda.amazonaws.com",
    ]);
    let context = proptest::sample::subsequence(
        vec![
            ("aws:PrincipalTag/a", "red"),
            ("aws:PrincipalTag/b", "red"),
            ("aws:PrincipalTag/c", "x"),
        ],
        0..=3,
    );
    let request = (
        callers,
        action(),
        select(vec![KEY, TABLE, FAR_KEY]),
        context,
    );
    let optional = || proptest::option::weighted(0.3, statements(false));
    (
        request,
        statements(false),
        statements(true),
        optional(),
        optional(),
        optional(),
    )
        .prop_map(
            |(
                (caller, action, resource, context),
                identity,
                resource_policy,
                boundary,
                session,
                scp,
            )| World {
                caller,
                action,
                resource,
                context,
                identity,
                resource_policy,
                boundary,
                session,
                scp,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_deny_never_widens(world in world(), at in any::<prop::sample::Index>(), deny in statement(true)) {
        let mut more = world.clone();
        let mut lists = more.lists();
        let at = at.index(lists.len());
        let mut deny = deny;
        deny["Effect"] = "Deny".into();
        if at != 1 {
            let object = deny.as_object_mut().unwrap();
            object.remove("Principal");
            object.remove("NotPrincipal");
        }
        lists[at].push(deny);

        prop_assert!(world.allowed() || !more.allowed());
    }

    #[test]
    fn the_order_of_statements_never_matters(world in world()) {
        let mut turned = world.clone();
        turned.lists().into_iter().for_each(|list| list.reverse());

        let (one, other) = (world.decide(), turned.decide());

        prop_assert_eq!((one.outcome, one.explicit, one.by), (other.outcome, other.explicit, other.by));
        prop_assert_eq!(one.statements.len(), other.statements.len());
    }

    #[test]
    fn removing_a_condition_from_an_allow_never_narrows(world in world()) {
        let mut freer = world.clone();
        for list in freer.lists() {
            for statement in list.iter_mut().filter(|statement| statement["Effect"] == "Allow") {
                statement.as_object_mut().unwrap().remove("Condition");
            }
        }

        prop_assert!(!world.allowed() || freer.allowed());
    }

    #[test]
    fn a_session_policy_never_widens(world in world(), session in statements(false)) {
        let without = World { session: None, ..world.clone() };
        let with = World { session: Some(session), ..world };

        prop_assert!(without.allowed() || !with.allowed());
    }

    #[test]
    fn what_is_certain_does_not_hang_on_the_unknown_value(world in world()) {
        let mut request = world.request();
        request.context.set_unknown("aws:PrincipalTag/a");

        let unsure = world.decide_request(&request);

        let possible: Vec<Outcome> = [None, Some("red"), Some("other"), Some("")]
            .into_iter()
            .map(|value| {
                let mut known = request.clone();
                match value {
                    Some(value) => known.context.set("aws:PrincipalTag/a", value),
                    None => known.context.remove("aws:PrincipalTag/a"),
                }
                world.decide_request(&known).outcome
            })
            .collect();
        if unsure.is_certain() {
            prop_assert_eq!(possible, vec![unsure.outcome; 4]);
        } else {
            prop_assert_eq!(&unsure.unknown, &["aws:principaltag/a".to_owned()]);
            prop_assert_eq!(unsure.outcome, Outcome::Denied);
        }
    }

    #[test]
    fn an_allow_names_statements_that_are_there(world in world()) {
        let decision = world.decide();

        for statement in &decision.statements {
            let list = match statement.policy {
                keyproof_policy::PolicyType::IdentityPolicy => &world.identity,
                keyproof_policy::PolicyType::ResourcePolicy => &world.resource_policy,
                keyproof_policy::PolicyType::PermissionsBoundary => world.boundary.as_ref().unwrap(),
                keyproof_policy::PolicyType::SessionPolicy => world.session.as_ref().unwrap(),
                _ => world.scp.as_ref().unwrap(),
            };
            let effect = if decision.is_allowed() { "Allow" } else { "Deny" };
            prop_assert_eq!(&list[statement.index]["Effect"], effect);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        let _ = Document::parse(&text, Grammar::Resource);
        let _ = keyproof_policy::simulate::simulate_line(&text);
        let _ = text.parse::<Principal>();
    }
}
