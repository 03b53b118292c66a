//! Files and functions that fit into a head.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::tree::File;

/// A file stays below this many lines.
const FILE_LINES_LIMIT: usize = 400;
/// A function has at most this many lines, from its `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Complains about a file that is too long.
pub(crate) fn file_length(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines < FILE_LINES_LIMIT {
        return Vec::new();
    }
    vec![format!("{lines} lines; below {FILE_LINES_LIMIT} it can be read at one sitting")]
}

/// Complains about every function that is too long.
pub(crate) fn function_length(file: &File) -> Vec<String> {
    let parsed = match syn::parse_file(&file.text) {
        Ok(parsed) => parsed,
        Err(error) => return vec![format!("does not parse: {error}")],
    };
    let mut functions = Functions(Vec::new());
    functions.visit_file(&parsed);
    let long = functions.0.into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES_MAX);
    long.map(|(name, lines)| format!("`{name}` has {lines} lines; at most {FUNCTION_LINES_MAX}"))
        .collect()
}

/// Names and lengths of the functions visited.
struct Functions(Vec<(String, usize)>);

impl Functions {
    fn note(&mut self, signature: &syn::Signature, end: Span) {
        let lines = end.end().line - signature.fn_token.span().start().line + 1;
        self.0.push((signature.ident.to_string(), lines));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.note(&item.sig, item.block.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.note(&item.sig, item.block.span());
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.note(&item.sig, item.span());
        visit::visit_trait_item_fn(self, item);
    }
}

#[test]
fn a_long_file_is_seen() {
    assert!(file_length(&File::new("a.rs", &"\n".repeat(399))).is_empty());
    assert_eq!(file_length(&File::new("a.rs", &"\n".repeat(400))).len(), 1);
}

#[test]
fn a_long_function_is_seen_wherever_it_stands() {
    let body = "    step();\n";
    let long = format!("fn long() {{\n{}}}\n", body.repeat(69));
    let fits = format!("fn fits() {{\n{}}}\n", body.repeat(68));
    let inside = format!("impl A {{\n{long}}}\ntrait B {{\n{long}}}\nmod m {{\n{long}{fits}}}\n");
    assert_eq!(function_length(&File::new("a.rs", &format!("{fits}{long}"))).len(), 1);
    assert_eq!(function_length(&File::new("a.rs", &inside)).len(), 3);
}
