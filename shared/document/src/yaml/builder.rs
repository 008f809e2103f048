// SPDX-License-Identifier: Apache-2.0
//! Events in, tree out, within the limits.

use std::collections::HashMap;

use saphyr_parser::{ScalarStyle, Tag};

use super::tag;
use crate::{DocumentError, DocumentProblem, Key, Limits, MAX_DEPTH, Node, Place, Reading, Value};

type Outcome = Result<(), DocumentError>;

/// The tree as far as it has grown.
#[derive(Default)]
pub(super) struct Builder {
    limits: Limits,
    documents: usize,
    open: Vec<Frame>,
    root: Option<Node>,
    // By the parser's id: `None` while the anchored node is still open.
    anchors: HashMap<usize, Option<Anchored>>,
    /// The size of the tree so far.
    size: Size,
    /// The size of the copies that anchors keep.
    kept: Size,
    errors: Vec<DocumentError>,
}

/// A mapping or a sequence whose end has not come.
struct Frame {
    node: Node,
    anchor: usize,
    /// The size of the whole document when the node opened.
    before: Size,
    /// The deepest nesting below this node.
    height: usize,
    /// For a mapping: the key whose value comes next.
    key: Option<Pending>,
    /// For a mapping: the keys so far.
    seen: HashMap<String, Place>,
}

/// A key that waits for its value.
struct Pending {
    key: Key,
    /// Whether the entry is wrong already and its value is read and dropped.
    dropped: bool,
}

struct Anchored {
    node: Node,
    size: Size,
    height: usize,
}

/// What a tree costs in memory.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.bytes += other.bytes;
    }
}

impl Builder {
    pub(super) fn within(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    pub(super) fn finish(mut self, fatal: Option<DocumentError>) -> Reading {
        if let Some(error) = fatal {
            self.errors.push(error);
            return Reading {
                node: None,
                errors: self.errors,
            };
        }
        if self.root.is_none() {
            self.errors.push(DocumentProblem::Empty.at(Place::START));
        }
        Reading {
            node: self.root,
            errors: self.errors,
        }
    }

    pub(super) fn document(&mut self, place: Place) -> Outcome {
        self.documents += 1;
        if self.documents > 1 {
            return Err(DocumentProblem::SecondDocument.at(place));
        }
        Ok(())
    }

    pub(super) fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        place: Place,
    ) -> Outcome {
        let size = Size {
            nodes: 1,
            bytes: text.len(),
        };
        self.grow(size, place)?;
        let plain = style == ScalarStyle::Plain;
        if self.wants_key() {
            self.key(text, plain, tag, place);
            let node = Node {
                place,
                tag: None,
                value: Value::String(text.to_owned()),
            };
            return self.anchor(anchor, &node, size, 0, place);
        }
        let (tag, value) = tag::scalar(text, plain, tag).unwrap_or_else(|(problem, value)| {
            self.errors.push(problem.at(place));
            (None, value)
        });
        let node = Node { place, tag, value };
        self.anchor(anchor, &node, size, 0, place)?;
        self.put(node, 0);
        Ok(())
    }

    pub(super) fn alias(&mut self, anchor: usize, place: Place) -> Outcome {
        let Some(Some(anchored)) = self.anchors.get(&anchor) else {
            return Err(DocumentProblem::RecursiveAlias.at(place));
        };
        let (size, height) = (anchored.size, anchored.height);
        // INVARIANT (bounded expansion): the budget is asked before the copy is made.
        if self.open.len() + height > MAX_DEPTH {
            return Err(DocumentProblem::TooDeep { limit: MAX_DEPTH }.at(place));
        }
        self.grow(size, place)?;
        let Some(Some(anchored)) = self.anchors.get(&anchor) else {
            return Ok(());
        };
        let node = anchored.node.clone();
        if self.wants_key() {
            let Some(text) = node.as_text() else {
                return Err(DocumentProblem::ComplexKey.at(place));
            };
            self.key(&text, false, None, place);
            return Ok(());
        }
        self.put(node, height);
        Ok(())
    }

    pub(super) fn open_sequence(&mut self, anchor: usize, tag: Option<&Tag>, at: Place) -> Outcome {
        let tag = self.checked(tag::collection(tag, "seq", "a sequence"), at);
        self.open(
            anchor,
            Node {
                place: at,
                tag,
                value: Value::Sequence(Vec::new()),
            },
        )
    }

    pub(super) fn open_mapping(&mut self, anchor: usize, tag: Option<&Tag>, at: Place) -> Outcome {
        let tag = self.checked(tag::collection(tag, "map", "a mapping"), at);
        self.open(
            anchor,
            Node {
                place: at,
                tag,
                value: Value::Mapping(Vec::new()),
            },
        )
    }

    fn checked(
        &mut self,
        tag: Result<Option<String>, DocumentProblem>,
        place: Place,
    ) -> Option<String> {
        tag.unwrap_or_else(|problem| {
            self.errors.push(problem.at(place));
            None
        })
    }

    fn open(&mut self, anchor: usize, node: Node) -> Outcome {
        if self.wants_key() {
            return Err(DocumentProblem::ComplexKey.at(node.place));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(DocumentProblem::TooDeep { limit: MAX_DEPTH }.at(node.place));
        }
        let before = self.size;
        self.grow(Size { nodes: 1, bytes: 0 }, node.place)?;
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        let (key, seen) = (None, HashMap::new());
        self.open.push(Frame {
            node,
            anchor,
            before,
            height: 1,
            key,
            seen,
        });
        Ok(())
    }

    pub(super) fn close(&mut self, place: Place) -> Outcome {
        let Some(frame) = self.open.pop() else {
            let message = "not valid YAML: a mapping or sequence ends that never began".to_owned();
            return Err(DocumentProblem::Syntax { message }.at(place));
        };
        let size = Size {
            nodes: self.size.nodes - frame.before.nodes,
            bytes: self.size.bytes - frame.before.bytes,
        };
        self.anchor(frame.anchor, &frame.node, size, frame.height, place)?;
        self.put(frame.node, frame.height);
        Ok(())
    }

    /// Keeps a copy of an anchored node. The copies are part of the budget: anchors inside anchors
    /// would otherwise hold a multiple of what the file holds.
    fn anchor(
        &mut self,
        anchor: usize,
        node: &Node,
        size: Size,
        height: usize,
        place: Place,
    ) -> Outcome {
        if anchor == 0 {
            return Ok(());
        }
        self.kept.add(size);
        self.within_budget(place)?;
        self.anchors.insert(
            anchor,
            Some(Anchored {
                node: node.clone(),
                size,
                height,
            }),
        );
        Ok(())
    }

    fn grow(&mut self, by: Size, place: Place) -> Outcome {
        self.size.add(by);
        self.within_budget(place)
    }

    fn within_budget(&self, place: Place) -> Outcome {
        let Limits { bytes, nodes } = self.limits;
        if self.size.nodes + self.kept.nodes > nodes {
            return Err(DocumentProblem::TooManyNodes { limit: nodes }.at(place));
        }
        if self.size.bytes + self.kept.bytes > bytes {
            return Err(DocumentProblem::TooLarge { limit: bytes }.at(place));
        }
        Ok(())
    }

    /// Whether the next node is the key of a mapping's entry.
    fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|frame| {
            matches!(frame.node.value, Value::Mapping(_)) && frame.key.is_none()
        })
    }

    fn key(&mut self, text: &str, plain: bool, tag: Option<&Tag>, place: Place) {
        let Some(frame) = self.open.last_mut() else {
            return;
        };
        let problem = if let Some(problem) = tag::key(tag) {
            Some(problem)
        } else if plain && tag.is_none() && text.is_empty() {
            Some(DocumentProblem::EmptyKey)
        } else if plain && text == "<<" {
            Some(DocumentProblem::MergeKey)
        } else {
            let first = frame.seen.get(text).copied();
            first.map(|first| DocumentProblem::DuplicateKey {
                key: text.to_owned(),
                first,
            })
        };
        let dropped = problem.is_some();
        match problem {
            Some(problem) => self.errors.push(problem.at(place)),
            None => {
                frame.seen.insert(text.to_owned(), place);
            }
        }
        frame.key = Some(Pending {
            key: Key {
                place,
                text: text.to_owned(),
            },
            dropped,
        });
    }

    /// Puts a finished node where it belongs.
    fn put(&mut self, node: Node, height: usize) {
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        frame.height = frame.height.max(height + 1);
        match &mut frame.node.value {
            Value::Sequence(items) => items.push(node),
            Value::Mapping(entries) => {
                if let Some(Pending {
                    key,
                    dropped: false,
                }) = frame.key.take()
                {
                    entries.push((key, node));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
