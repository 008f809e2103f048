// SPDX-License-Identifier: Apache-2.0
//! What `Ref` and `Fn::GetAtt` return, by resource type.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>

/// A resource type whose names and ARNs can be told.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) type_name: &'static str,
    /// The property that names the resource; a generated name stands in where it isn't given.
    pub(crate) name_property: Option<&'static str>,
    /// The longest name that the service takes.
    pub(crate) longest: usize,
    /// What `Ref` returns. Patterns hold `{partition}`, `{region}`, `{account}`, `{suffix}`,
    /// `{path}` and `{name}`; a `*` is an unknown part.
    pub(crate) reference: &'static str,
    /// What `Fn::GetAtt` returns, by attribute.
    pub(crate) attributes: &'static [(&'static str, &'static str)],
    /// Whether these are all attributes that there are.
    pub(crate) complete: bool,
}

/// What `Ref` and `Fn::GetAtt` return for a type, where it is known.
pub(crate) fn kind(type_name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.type_name == type_name)
}

const ROLE: &str = "arn:{partition}:iam::{account}:role{path}{name}";
const USER: &str = "arn:{partition}:iam::{account}:user{path}{name}";
const GROUP: &str = "arn:{partition}:iam::{account}:group{path}{name}";
const POLICY: &str = "arn:{partition}:iam::{account}:policy{path}{name}";
const PROFILE: &str = "arn:{partition}:iam::{account}:instance-profile{path}{name}";
const KEY: &str = "arn:{partition}:kms:{region}:{account}:key/{name}";
const TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{name}";
const STREAM: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{name}/stream/*";
const FUNCTION: &str = "arn:{partition}:lambda:{region}:{account}:function:{name}";
const MACHINE: &str = "arn:{partition}:states:{region}:{account}:stateMachine:{name}";
const BUCKET: &str = "arn:{partition}:s3:::{name}";
const QUEUE: &str = "arn:{partition}:sqs:{region}:{account}:{name}";
const QUEUE_URL: &str = "https://sqs.{region}.{suffix}/{account}/{name}";
const TOPIC: &str = "arn:{partition}:sns:{region}:{account}:{name}";
const LOG_GROUP: &str = "arn:{partition}:logs:{region}:{account}:log-group:{name}:*";
const BUS: &str = "arn:{partition}:events:{region}:{account}:event-bus/{name}";
const DATA_STREAM: &str = "arn:{partition}:kinesis:{region}:{account}:stream/{name}";
const SECRET: &str = "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-*";
const REPOSITORY: &str = "arn:{partition}:ecr:{region}:{account}:repository/{name}";

const fn iam(
    type_name: &'static str,
    name_property: &'static str,
    longest: usize,
    attributes: &'static [(&'static str, &'static str)],
) -> Kind {
    Kind {
        type_name,
        name_property: Some(name_property),
        longest,
        reference: "{name}",
        attributes,
        complete: true,
    }
}

const fn other(
    type_name: &'static str,
    name_property: &'static str,
    reference: &'static str,
    attributes: &'static [(&'static str, &'static str)],
) -> Kind {
    Kind {
        type_name,
        name_property: Some(name_property),
        longest: 63,
        reference,
        attributes,
        complete: false,
    }
}

static KINDS: [Kind; 29] = [
    iam(
        "AWS::IAM::Role",
        "RoleName",
        64,
        &[("Arn", ROLE), ("RoleId", "*")],
    ),
    iam("AWS::IAM::User", "UserName", 64, &[("Arn", USER)]),
    iam("AWS::IAM::Group", "GroupName", 128, &[("Arn", GROUP)]),
    iam(
        "AWS::IAM::InstanceProfile",
        "InstanceProfileName",
        128,
        &[("Arn", PROFILE)],
    ),
    Kind {
        type_name: "AWS::IAM::ManagedPolicy",
        name_property: Some("ManagedPolicyName"),
        longest: 128,
        reference: POLICY,
        attributes: &[
            ("PolicyArn", POLICY),
            ("PolicyId", "*"),
            ("DefaultVersionId", "*"),
            ("AttachmentCount", "*"),
            ("CreateDate", "*"),
            ("IsAttachable", "*"),
            ("PermissionsBoundaryUsageCount", "*"),
            ("UpdateDate", "*"),
        ],
        complete: true,
    },
    Kind {
        type_name: "AWS::KMS::Key",
        name_property: None,
        longest: 0,
        reference: "{name}",
        attributes: &[("Arn", KEY), ("KeyId", "{name}")],
        complete: true,
    },
    Kind {
        type_name: "AWS::KMS::ReplicaKey",
        name_property: None,
        longest: 0,
        reference: "{name}",
        attributes: &[("Arn", KEY), ("KeyId", "{name}")],
        complete: true,
    },
    Kind {
        type_name: "AWS::KMS::Alias",
        name_property: Some("AliasName"),
        longest: 256,
        reference: "{name}",
        attributes: &[],
        complete: true,
    },
    Kind {
        type_name: "AWS::DynamoDB::Table",
        name_property: Some("TableName"),
        longest: 255,
        reference: "{name}",
        attributes: &[("Arn", TABLE), ("StreamArn", STREAM)],
        complete: true,
    },
    Kind {
        type_name: "AWS::DynamoDB::GlobalTable",
        name_property: Some("TableName"),
        longest: 255,
        reference: "{name}",
        attributes: &[("Arn", TABLE), ("StreamArn", STREAM), ("TableId", "*")],
        complete: true,
    },
    Kind {
        type_name: "AWS::Serverless::SimpleTable",
        name_property: Some("TableName"),
        longest: 255,
        reference: "{name}",
        attributes: &[("Arn", TABLE), ("StreamArn", STREAM)],
        complete: true,
    },
    other(
        "AWS::Serverless::Function",
        "FunctionName",
        "{name}",
        &[("Arn", FUNCTION)],
    ),
    other(
        "AWS::Lambda::Function",
        "FunctionName",
        "{name}",
        &[("Arn", FUNCTION)],
    ),
    other(
        "AWS::Serverless::StateMachine",
        "Name",
        MACHINE,
        &[("Arn", MACHINE), ("Name", "{name}")],
    ),
    other(
        "AWS::StepFunctions::StateMachine",
        "StateMachineName",
        MACHINE,
        &[("Arn", MACHINE), ("Name", "{name}")],
    ),
    other(
        "AWS::S3::Bucket",
        "BucketName",
        "{name}",
        &[("Arn", BUCKET)],
    ),
    other(
        "AWS::SQS::Queue",
        "QueueName",
        QUEUE_URL,
        &[
            ("Arn", QUEUE),
            ("QueueName", "{name}"),
            ("QueueUrl", QUEUE_URL),
        ],
    ),
    other(
        "AWS::SNS::Topic",
        "TopicName",
        TOPIC,
        &[("TopicArn", TOPIC), ("TopicName", "{name}")],
    ),
    other(
        "AWS::Logs::LogGroup",
        "LogGroupName",
        "{name}",
        &[("Arn", LOG_GROUP)],
    ),
    other(
        "AWS::Events::EventBus",
        "Name",
        "{name}",
        &[("Arn", BUS), ("Name", "{name}")],
    ),
    other(
        "AWS::Kinesis::Stream",
        "Name",
        "{name}",
        &[("Arn", DATA_STREAM)],
    ),
    other(
        "AWS::SecretsManager::Secret",
        "Name",
        SECRET,
        &[("Id", SECRET)],
    ),
    other(
        "AWS::ECR::Repository",
        "RepositoryName",
        "{name}",
        &[("Arn", REPOSITORY)],
    ),
    other("AWS::SSM::Parameter", "Name", "{name}", &[]),
    other(
        "AWS::Scheduler::ScheduleGroup",
        "Name",
        "{name}",
        &[(
            "Arn",
            "arn:{partition}:scheduler:{region}:{account}:schedule-group/{name}",
        )],
    ),
    other(
        "AWS::Lambda::LayerVersion",
        "LayerName",
        "arn:{partition}:lambda:{region}:{account}:layer:{name}:*",
        &[],
    ),
    other(
        "AWS::Events::Rule",
        "Name",
        "{name}",
        &[(
            "Arn",
            "arn:{partition}:events:{region}:{account}:rule/{name}",
        )],
    ),
    other(
        "AWS::CodeBuild::Project",
        "Name",
        "{name}",
        &[(
            "Arn",
            "arn:{partition}:codebuild:{region}:{account}:project/{name}",
        )],
    ),
    other(
        "AWS::CloudWatch::Alarm",
        "AlarmName",
        "{name}",
        &[(
            "Arn",
            "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}",
        )],
    ),
];
