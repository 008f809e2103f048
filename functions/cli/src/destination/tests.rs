// SPDX-License-Identifier: Apache-2.0
//! Pairs of formats and outputs.

use super::*;

fn pairs(formats: &[Format], outputs: &[&str]) -> Result<Vec<(Format, Option<PathBuf>)>, String> {
    let options = ReportOptions {
        format: formats.to_vec(),
        output: outputs.iter().map(PathBuf::from).collect(),
        previous: None,
    };
    let pairs = options.pairs().map_err(|error| error.to_string())?;
    Ok(pairs
        .into_iter()
        .map(|pair| (pair.format, pair.file))
        .collect())
}

#[test]
fn without_options_text_goes_to_standard_output() {
    assert_eq!(pairs(&[], &[]), Ok(vec![(Format::Text, None)]));
}

#[test]
fn one_format_goes_to_standard_output_and_one_output_gets_text() {
    assert_eq!(pairs(&[Format::Json], &[]), Ok(vec![(Format::Json, None)]));
    assert_eq!(
        pairs(&[], &["r.txt"]),
        Ok(vec![(Format::Text, Some("r.txt".into()))])
    );
}

#[test]
fn formats_and_outputs_pair_in_order() {
    assert_eq!(
        pairs(
            &[Format::Text, Format::Json, Format::Html],
            &["-", "r.json", "r.html"]
        ),
        Ok(vec![
            (Format::Text, None),
            (Format::Json, Some("r.json".into())),
            (Format::Html, Some("r.html".into())),
        ])
    );
}

#[test]
fn what_makes_no_pairs_is_refused() {
    let refused = |formats: usize, outputs: usize| {
        Err(format!(
            "{formats} `--format` and {outputs} `--output` are no pairs; give each format its own output, `-` for standard output"
        ))
    };
    assert_eq!(pairs(&[Format::Text, Format::Json], &[]), refused(2, 0));
    assert_eq!(pairs(&[Format::Text, Format::Json], &["a"]), refused(2, 1));
    assert_eq!(pairs(&[Format::Json], &["a", "b"]), refused(1, 2));
    assert_eq!(pairs(&[], &["a", "b"]), refused(0, 2));
}

#[test]
fn one_output_takes_one_format() {
    assert_eq!(
        pairs(&[Format::Text, Format::Json], &["r", "r"]),
        Err("`--output r` is given twice; each format needs an output of its own".to_owned())
    );
}
