// SPDX-License-Identifier: Apache-2.0
//! Calls that can be broken, and the plan that makes them.

use keyproof_plan::Plan;

/// A call of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The column it stands in.
    pub(crate) service: &'static str,
    /// The operation on the wire.
    pub(crate) operation: &'static str,
    /// The plan's word for it; empty where no probe makes it.
    pub(crate) action: &'static str,
    /// Whose call it is; of `AssumeRole`, whose session.
    pub(crate) principal: &'static str,
}

const fn both(service: &'static str, operation: &'static str, action: &'static str) -> [Place; 2] {
    [
        Place {
            service,
            operation,
            action,
            principal: "reader",
        },
        Place {
            service,
            operation,
            action,
            principal: "outsider",
        },
    ]
}

const fn runner(service: &'static str, operation: &'static str) -> Place {
    Place {
        service,
        operation,
        action: "",
        principal: "runner",
    }
}

const DYNAMODB: &str = "DynamoDB";
const KMS: &str = "KMS";
const STS: &str = "STS";

/// Every call of every service that a run makes.
pub(crate) const PLACES: &[Place] = {
    const NESTED: [[Place; 2]; 21] = [
        both(STS, "AssumeRole", "sts:AssumeRole"),
        both(DYNAMODB, "GetItem", "dynamodb:GetItem"),
        both(DYNAMODB, "Query", "dynamodb:Query"),
        both(DYNAMODB, "Scan", "dynamodb:Scan"),
        both(DYNAMODB, "BatchGetItem", "dynamodb:BatchGetItem"),
        both(DYNAMODB, "ExecuteStatement", "dynamodb:PartiQLSelect"),
        both(DYNAMODB, "TransactGetItems", "dynamodb:TransactGetItems"),
        both(DYNAMODB, "PutItem", "dynamodb:PutItem"),
        both(DYNAMODB, "UpdateItem", "dynamodb:UpdateItem"),
        both(DYNAMODB, "DeleteItem", "dynamodb:DeleteItem"),
        both(KMS, "Decrypt", "kms:Decrypt"),
        both(KMS, "Encrypt", "kms:Encrypt"),
        both(KMS, "GenerateDataKey", "kms:GenerateDataKey"),
        both(
            KMS,
            "GenerateDataKeyWithoutPlaintext",
            "kms:GenerateDataKeyWithoutPlaintext",
        ),
        both(KMS, "ReEncrypt", "kms:ReEncrypt"),
        both(KMS, "CreateGrant", "kms:CreateGrant"),
        both(KMS, "RevokeGrant", "kms:RevokeGrant"),
        both(KMS, "RetireGrant", "kms:RetireGrant"),
        both(KMS, "DescribeKey", "kms:DescribeKey"),
        both(KMS, "GetKeyPolicy", "kms:GetKeyPolicy"),
        both(KMS, "ListGrants", "kms:ListGrants"),
    ];
    const RUNNERS: [Place; 3] = [
        runner(STS, "GetCallerIdentity"),
        runner(DYNAMODB, "DescribeTable"),
        runner(KMS, "DescribeKey"),
    ];
    const ALL: [Place; 45] = {
        let mut all = [RUNNERS[0]; 45];
        let mut n = 0;
        while n < 42 {
            all[n] = NESTED[n / 2][n % 2];
            n += 1;
        }
        while n < 45 {
            all[n] = RUNNERS[n - 42];
            n += 1;
        }
        all
    };
    &ALL
};

impl Place {
    /// The name of its column.
    pub(crate) fn column(&self) -> String {
        match (self.operation, self.principal) {
            ("DescribeKey", "runner") => "DescribeKey, looking".to_owned(),
            (operation, _) => operation.to_owned(),
        }
    }

    /// A plan that makes this call, for both principals where it is a probe's, and that has a
    /// witness.
    pub(crate) fn plan(&self) -> Plan {
        let mut expectations = Vec::new();
        let reads = [
            "GetItem",
            "Query",
            "Scan",
            "BatchGetItem",
            "ExecuteStatement",
            "TransactGetItems",
        ]
        .contains(&self.operation);
        let mut actions = if reads {
            vec![]
        } else {
            vec!["dynamodb:GetItem"]
        };
        match (self.action, self.operation) {
            ("sts:AssumeRole", _) => {
                for principal in ["reader", "outsider"] {
                    expectations.push(format!(
                        "  - {{ principal: {principal}, actions: [sts:AssumeRole], decision: allowed }}\n"
                    ));
                }
            }
            // What the look at the key decides.
            ("", "DescribeKey") => actions.extend(["kms:Decrypt", "kms:CreateGrant"]),
            ("", _) => {}
            (action, _) => actions.push(action),
        }
        for action in actions {
            // That KMS looked for a grant proves nothing about who is let in.
            if !["kms:RevokeGrant", "kms:RetireGrant"].contains(&action) {
                expectations.push(format!(
                    "  - {{ principal: reader, on: orders, actions: [\"{action}\"], decision: allowed }}\n"
                ));
            }
            expectations.push(format!(
                "  - {{ principal: outsider, on: orders, actions: [\"{action}\"], decision: denied, by: kms }}\n"
            ));
        }
        plan(&expectations.concat())
    }

    /// Whether a run of the plan makes the call at all.
    pub(crate) fn is_made(&self) -> bool {
        !(self.principal == "reader" && ["RevokeGrant", "RetireGrant"].contains(&self.operation))
    }

    /// Whether the row is of the call that was broken.
    pub(crate) fn touches(&self, row: &str) -> bool {
        match (self.operation, self.principal) {
            ("AssumeRole", principal) => row.starts_with(&format!("{principal}/")),
            ("GetCallerIdentity", _) => false,
            ("DescribeTable", _) => row == "orders/encryption",
            // The grant calls take no alias, and nobody else can tell what is behind it.
            ("DescribeKey", "runner") => {
                row == "orders/encryption" || row.contains("/kms:CreateGrant/")
            }
            (_, principal) => row == format!("{principal}/{}/orders", self.action),
        }
    }
}

/// A plan of `orders`, whose key is known by its alias.
pub(crate) fn plan(expectations: &str) -> Plan {
    let text = format!(
        r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders:
    table: orders
    key: alias/orders
    canary:
      key: {{ pk: {{ S: keyproof#canary }} }}
      attributes: {{ proof: {{ S: c0ffee-canary-content }} }}
principals:
  reader: {{ role: "arn:aws:iam::111122223333:role/keyproof/reader" }}
  outsider: {{ role: "arn:aws:iam::111122223333:role/keyproof/outsider" }}
expectations:
{expectations}"#
    );
    Plan::parse(&text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"))
}
