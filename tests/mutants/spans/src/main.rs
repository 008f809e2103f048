// SPDX-License-Identifier: Apache-2.0
//! Where a Rust file's operators, arms and guards stand: `spans FILE`, JSON on stdout.
//!
//! A place is `[line, column]`, both from 1, columns in characters: as cargo-mutants counts.

use proc_macro2::{LineColumn, Span};
use serde_json::{Value, json};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

#[derive(Default)]
struct Places(Vec<Value>);

/// Whether an expression is, or chains, a `let`.
#[derive(Default)]
struct Lets(bool);

impl<'ast> Visit<'ast> for Lets {
    fn visit_expr_let(&mut self, _: &'ast syn::ExprLet) {
        self.0 = true;
    }

    // A `let` in there is a chain of its own.
    fn visit_block(&mut self, _: &'ast syn::Block) {}
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_if(&mut self, _: &'ast syn::ExprIf) {}
}

fn place(at: LineColumn) -> Value {
    json!([at.line, at.column + 1])
}

fn span(of: Span) -> Value {
    json!([place(of.start()), place(of.end())])
}

impl<'ast> Visit<'ast> for Places {
    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        let mut lets = Lets::default();
        lets.visit_expr(&node.left);
        lets.visit_expr(&node.right);
        self.0.push(json!({
            "is": "binary", "span": span(node.span()), "operator": span(node.op.span()),
            "left": span(node.left.span()), "right": span(node.right.span()), "chains": lets.0,
        }));
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        self.0.push(json!({
            "is": "unary", "span": span(node.span()), "operator": span(node.op.span()),
            "right": span(node.expr.span()),
        }));
        visit::visit_expr_unary(self, node);
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        let guard = node.guard.as_ref().map(|(_, guard)| span(guard.span()));
        self.0.push(json!({
            "is": "arm", "span": span(node.span()), "pattern": span(node.pat.span()), "guard": guard,
        }));
        visit::visit_arm(self, node);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("spans FILE")?;
    let file = syn::parse_file(&std::fs::read_to_string(path)?)?;
    let mut places = Places::default();
    places.visit_file(&file);
    println!("{}", Value::Array(places.0));
    Ok(())
}
