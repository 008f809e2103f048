// SPDX-License-Identifier: Apache-2.0
//! What is said on standard error may quote anything, and acts on no terminal.

use crate::support::keyproof;

/// Clears the screen, turns the text round, rings.
const HOSTILE: &str = "\u{1b}[2J\u{202e}x\u{7}";

#[test]
fn nothing_said_on_stderr_acts_on_a_terminal() {
    // JSON's escapes are YAML's.
    let name = serde_json::Value::from(HOSTILE);
    let plan = format!("keyproof: plan/v1\nname: {name}\n");
    let account = format!("AWS::AccountId={HOSTILE}");
    let runs = [
        keyproof(["plan", "validate", HOSTILE]),
        keyproof(["plan", "validate", "plan.yaml"]).file("plan.yaml", &plan),
        keyproof([
            "check",
            "--plan",
            "plan.yaml",
            "--template",
            HOSTILE,
            "--parameter",
            &account,
        ])
        .file("plan.yaml", include_str!("../../../../plans/orders.yaml")),
        keyproof(["report", "render", "report.json", "--format", "text"]).file(
            "report.json",
            &serde_json::json!({ "schema": HOSTILE }).to_string(),
        ),
        keyproof([HOSTILE]),
    ];
    for mut program in runs {
        let run = program.run();
        assert_eq!(run.code, Some(2), "{run:?}");
        let acts = |character: char| character != '\n' && keyproof_core::is_invisible(character);
        assert!(!run.stderr.contains(acts), "{run:?}");
        // The escape sequence, too, but where clap drops it.
        assert!(run.stderr.contains("\\u{202e}"), "{run:?}");
    }
}
