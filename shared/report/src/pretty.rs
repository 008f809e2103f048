// SPDX-License-Identifier: Apache-2.0
//! A JSON document in lines that people can read, with the lines of some of its parts known.

use serde_json::Value;

/// A list of plain values that fits on this many characters stays on one line.
const WIDTH: usize = 84;

/// Lists with more plain values than this have several of them on a line.
const MANY: usize = 8;

/// One line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The line, indented by two spaces a level.
    pub(crate) text: String,
    /// Which of the pointers asked for points at this line's part.
    pub(crate) pointed: Option<usize>,
}

/// The document in lines; `pointers` are JSON pointers (RFC 6901) to the parts that matter.
pub(crate) fn lines(document: &Value, pointers: &[&str]) -> Vec<Line> {
    let mut writer = Writer {
        pointers,
        path: String::new(),
        lines: Vec::new(),
    };
    writer.value(document, 0, "", "", None);
    writer.lines
}

struct Writer<'a> {
    pointers: &'a [&'a str],
    path: String,
    lines: Vec<Line>,
}

impl Writer<'_> {
    fn value(
        &mut self,
        value: &Value,
        depth: usize,
        head: &str,
        tail: &str,
        within: Option<usize>,
    ) {
        let here = self.pointers.iter().position(|one| *one == self.path);
        let within = here.or(within);
        let (open, close, children): (_, _, Vec<(String, String, &Value)>) = match value {
            Value::Object(fields) if !fields.is_empty() => {
                let children = fields.iter().map(|(name, inner)| {
                    let step = name.replace('~', "~0").replace('/', "~1");
                    (step, format!("{}: ", Value::from(name.as_str())), inner)
                });
                ('{', '}', children.collect())
            }
            Value::Array(items) if !fits(value, depth, head) => {
                let children = items.iter().enumerate();
                let children = children.map(|(at, inner)| (at.to_string(), String::new(), inner));
                ('[', ']', children.collect())
            }
            other => return self.push(depth, &format!("{head}{}{tail}", compact(other)), within),
        };
        self.push(depth, &format!("{head}{open}"), within);
        if let Some(packed) = packed(value, depth) {
            for line in packed {
                self.push(depth + 1, &line, within);
            }
            return self.push(depth, &format!("{close}{tail}"), within);
        }
        let last = children.len().saturating_sub(1);
        let length = self.path.len();
        for (at, (step, head, inner)) in children.into_iter().enumerate() {
            self.path.push('/');
            self.path.push_str(&step);
            let tail = if at == last { "" } else { "," };
            self.value(inner, depth + 1, &head, tail, within);
            self.path.truncate(length);
        }
        self.push(depth, &format!("{close}{tail}"), within);
    }

    fn push(&mut self, depth: usize, text: &str, pointed: Option<usize>) {
        self.lines.push(Line {
            text: format!("{}{text}", "  ".repeat(depth)),
            pointed,
        });
    }
}

/// Whether a list is short and flat enough for one line.
fn fits(value: &Value, depth: usize, head: &str) -> bool {
    let Value::Array(items) = value else {
        return true;
    };
    let flat = !items.iter().any(|item| item.is_array() || item.is_object());
    flat && depth * 2 + head.chars().count() + compact(value).chars().count() <= WIDTH
}

/// A long list of plain values, as many on a line as fit.
fn packed(value: &Value, depth: usize) -> Option<Vec<String>> {
    let items = value.as_array().filter(|items| items.len() > MANY)?;
    let flat = !items.iter().any(|item| item.is_array() || item.is_object());
    let mut lines: Vec<String> = Vec::new();
    for (at, item) in items.iter().enumerate().take_while(|_| flat) {
        let tail = if at + 1 == items.len() { "" } else { "," };
        let item = format!("{item}{tail}");
        match lines.last_mut() {
            Some(line) if depth * 2 + line.chars().count() + item.chars().count() < WIDTH => {
                line.push(' ');
                line.push_str(&item);
            }
            Some(_) | None => lines.push(item),
        }
    }
    flat.then_some(lines)
}

/// On one line, with a space after each comma.
fn compact(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(compact).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lines;

    #[test]
    fn a_part_is_found_by_its_pointer_and_the_document_reads_back() {
        let document = json!({
            "Version": "2012-10-17",
            "Statement": [
                { "Sid": "A/B~C", "Action": ["kms:Decrypt", "kms:DescribeKey"], "Condition": {} },
                { "Sid": "Second", "Principal": { "AWS": ["arn:aws:iam::111122223333:role/one-with-a-long-name", "arn:aws:iam::111122223333:role/two"] } },
            ],
        });

        let told = lines(&document, &["/Statement/1", "/Statement/0/Sid"]);

        let text: Vec<&str> = told.iter().map(|line| &*line.text).collect();
        let expected = [
            "{",
            "  \"Version\": \"2012-10-17\",",
            "  \"Statement\": [",
            "    {",
            "      \"Sid\": \"A/B~C\",",
            "      \"Action\": [\"kms:Decrypt\", \"kms:DescribeKey\"],",
            "      \"Condition\": {}",
            "    },",
            "    {",
            "      \"Sid\": \"Second\",",
            "      \"Principal\": {",
            "        \"AWS\": [",
            "          \"arn:aws:iam::111122223333:role/one-with-a-long-name\",",
            "          \"arn:aws:iam::111122223333:role/two\"",
            "        ]",
            "      }",
            "    }",
            "  ]",
            "}",
        ];
        assert_eq!(text, expected);
        let pointed: Vec<usize> = (0..told.len())
            .filter(|at| told[*at].pointed == Some(0))
            .collect();
        assert_eq!(pointed, (8..17).collect::<Vec<_>>());
        assert_eq!(told[4].pointed, Some(1));
        let read: serde_json::Value = serde_json::from_str(&text.join("\n")).unwrap();
        assert_eq!(read, document);
    }
}
