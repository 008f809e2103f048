// SPDX-License-Identifier: Apache-2.0
//! `keyproof check` and `keyproof coverage`: a plan against templates, without a call.

use serde_json::Value;

use crate::support::{keyproof, root};

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// Runs a command on the repository's plan and a template, as files of the working directory.
fn run(words: &[&'static str], plan: &str, template: &str) -> crate::support::Run {
    let (command, more) = words.split_first().unwrap();
    let words = [
        *command,
        "--plan",
        "plan.yaml",
        "--template",
        "template.yaml",
    ];
    keyproof(words.into_iter().chain(more.iter().copied()))
        .file("plan.yaml", plan)
        .file("template.yaml", template)
        .run()
}

/// The repository's template with everybody among the key's users.
fn widened() -> String {
    let users = "              AWS: !GetAtt ReaderRole.Arn\n            Action:\n              - kms:Decrypt";
    let template = read("template.yaml");
    assert_eq!(template.matches(users).count(), 1, "the key's users");
    let everybody = "              AWS: \"*\"\n            Action:\n              - kms:Decrypt";
    template.replace(users, everybody)
}

fn line(text: &str, part: &str) -> usize {
    1 + text.lines().position(|line| line.contains(part)).unwrap()
}

#[test]
fn the_repositorys_template_passes_before_it_is_deployed() {
    let run = run(
        &["check", "--format", "json"],
        &read("plans/orders.yaml"),
        &read("template.yaml"),
    );

    run.exits(0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["run"]["trigger"], "check");
    assert_eq!(report["environment"]["endpoint"], Value::Null);
    assert_eq!(report["summary"]["planned"], report["summary"]["pass"]);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_wider_key_policy_fails_on_its_line() {
    let template = widened();

    let run = run(
        &["check", "--format", "json"],
        &read("plans/orders.yaml"),
        &template,
    );

    run.exits(1);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = report["probes"].as_array().unwrap();
    let exposed = rows.iter().find(|row| row["finding"] == "exposed").unwrap();
    assert_eq!(exposed["principal"], "outsider");
    assert_eq!(exposed["cause"]["policy"], "resource_policy");
    assert_eq!(exposed["cause"]["statement"], "AllowKeyUsers");
    assert_eq!(exposed["cause"]["file"], "template.yaml");
    assert_eq!(
        exposed["cause"]["line"],
        line(&template, "Sid: AllowKeyUsers")
    );
}

#[test]
fn code_scanning_gets_the_templates_line() {
    let template = widened();

    let run = run(
        &["check", "--format", "sarif"],
        &read("plans/orders.yaml"),
        &template,
    );

    run.exits(1);
    let sarif: Value = serde_json::from_str(&run.stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    let physical = &result["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "template.yaml");
    assert_eq!(
        physical["region"]["startLine"],
        line(&template, "Sid: AllowKeyUsers")
    );
}

#[test]
fn a_template_that_is_wrong_is_not_evaluated() {
    let run = run(
        &["check"],
        &read("plans/orders.yaml"),
        "Resources: { Key: { Type: AWS::KMS::Key, Propertys: {} } }\n",
    );

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.starts_with("template.yaml:1:"), "{}", run.stderr);
}

#[test]
fn a_runner_must_be_somebody() {
    let run = run(
        &["check", "--runner", "me"],
        &read("plans/orders.yaml"),
        &read("template.yaml"),
    );

    run.exits(2);
    assert!(
        run.stderr.contains("the ARN of a role or user"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_repositorys_plan_notices_every_broken_variant() {
    let run = run(
        &["coverage", "--format", "json"],
        &read("plans/orders.yaml"),
        &read("template.yaml"),
    );

    run.exits(0);
    let coverage: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(coverage["schema"], "keyproof.coverage/v1");
    assert_eq!(coverage["survivors"], Value::Array(Vec::new()));
    assert_eq!(coverage["killed"], coverage["mutants"]);
    assert!(
        coverage["mutants"].as_u64().unwrap() >= 50,
        "{}",
        coverage["mutants"]
    );
}

#[test]
fn a_plan_with_a_gap_is_fixed() {
    let whole = read("plans/orders.yaml");
    // Nobody asks any more what the reader may do with the key itself.
    let (before, rest) = whole
        .split_once("  # Through DynamoDB the reader may use the key")
        .unwrap();
    let control = "  - principal: reader\n    on: control";
    let (_, after) = rest.split_once(control).unwrap();
    let gap = format!("{before}{control}{after}");

    let mut program = keyproof([
        "coverage",
        "--fix",
        "--plan",
        "plan.yaml",
        "--template",
        "template.yaml",
    ])
    .file("plan.yaml", &gap)
    .file("template.yaml", &read("template.yaml"));
    let found = program.run();
    found.exits(1);
    let fixed = program.read("plan.yaml");

    assert!(found.stdout.contains("go unnoticed"), "{}", found.stdout);
    assert!(found.stdout.contains("\"kms:Decrypt\""), "{}", found.stdout);
    assert!(
        found.stderr.contains("added to `plan.yaml`"),
        "{}",
        found.stderr
    );
    let again = run(&["coverage"], &fixed, &read("template.yaml"));
    again.exits(0);
}

/// The YAML blocks of docs/check.md that are a pipeline's.
fn pipelines() -> Vec<String> {
    let document = std::fs::read_to_string(root().join("docs/check.md")).unwrap();
    let blocks = document.split("```yaml\n").skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Every text in a document.
fn texts(node: &keyproof_document::Node) -> Vec<String> {
    match &node.value {
        keyproof_document::Value::String(text) => vec![text.clone()],
        keyproof_document::Value::Sequence(items) => items.iter().flat_map(texts).collect(),
        keyproof_document::Value::Mapping(entries) => {
            entries.iter().flat_map(|(_, node)| texts(node)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn the_pipelines_of_the_documentation_are_yaml_whose_commands_run() {
    let pipelines = pipelines();
    assert_eq!(pipelines.len(), 2);
    for pipeline in pipelines {
        let reading = keyproof_document::read(&pipeline);
        assert_eq!(reading.errors, [], "{pipeline}");
        let commands: Vec<String> = texts(&reading.node.unwrap())
            .into_iter()
            .filter(|text| text.starts_with("keyproof "))
            .collect();
        assert_eq!(commands.len(), 2, "{commands:?}");
        // Coverage of the whole deployment takes too long for a debug build.
        for command in commands
            .iter()
            .filter(|command| command.starts_with("keyproof check "))
        {
            let words = command.split_whitespace().skip(1);
            let mut program = keyproof(words);
            let folder = program.directory.path().to_owned();
            std::fs::create_dir(folder.join("plans")).unwrap();
            for file in ["template.yaml", "plans/orders.yaml"] {
                std::fs::copy(root().join(file), folder.join(file)).unwrap();
            }
            program.run().exits(0);
            for file in ["keyproof.sarif", "keyproof.md", "keyproof.xml"] {
                if command.contains(file) {
                    assert!(folder.join(file).is_file(), "{command}");
                }
            }
        }
    }
}
