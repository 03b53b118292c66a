//! Files that nothing compiles.

use std::collections::BTreeSet;

use syn::{Attribute, Expr, Item, Lit, Meta};

use crate::tree::{File, Tree};

/// Complains about every Rust file that no `mod` leads to.
pub(crate) fn unreached(tree: &Tree) -> Vec<String> {
    let mut reached = BTreeSet::new();
    for file in tree.files.iter().filter(|file| is_root(tree, &file.path)) {
        follow(tree, file, folder_of(&file.path), &mut reached);
    }
    let lost = tree.files.iter().filter(|file| file.is_rust() && !reached.contains(&file.path));
    lost.map(|file| format!("{}: no `mod` leads to it, so nothing compiles it", file.path))
        .collect()
}

/// Whether cargo itself finds a file: the root of a library, a program, a test or a build script.
fn is_root(tree: &Tree, path: &str) -> bool {
    let Some(inside) = inside_its_crate(tree, path) else {
        return false;
    };
    match inside.split('/').collect::<Vec<_>>().as_slice() {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["src", "bin", file] | ["tests" | "benches" | "examples", file] => file.ends_with(".rs"),
        // The fuzz targets are a workspace of their own.
        ["fuzz_targets", file] => file.ends_with(".rs"),
        ["src", "bin", _, "main.rs"] | ["tests" | "benches" | "examples", _, "main.rs"] => true,
        _ => false,
    }
}

/// A path from the folder of the crate that it belongs to; crates may lie inside one another.
fn inside_its_crate<'p>(tree: &Tree, path: &'p str) -> Option<&'p str> {
    let mut slashes = path.rmatch_indices('/').map(|(at, _)| at);
    let folder = slashes.find(|at| {
        let manifest = format!("{}/Cargo.toml", &path[..*at]);
        tree.files.iter().any(|file| file.path == manifest)
    })?;
    Some(&path[folder + 1..])
}

/// Marks a file and all that its `mod` items lead to; `below` is the folder of its modules.
fn follow(tree: &Tree, file: &File, below: String, reached: &mut BTreeSet<String>) {
    if !reached.insert(file.path.clone()) {
        return;
    }
    // A file that does not parse is reported by the compiler.
    let Ok(parsed) = syn::parse_file(&file.text) else {
        return;
    };
    follow_items(tree, &parsed.items, &folder_of(&file.path), &below, reached);
}

fn follow_items(
    tree: &Tree,
    items: &[Item],
    beside: &str,
    below: &str,
    reached: &mut BTreeSet<String>,
) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        if let Some((_, inner)) = &module.content {
            let folder = format!("{below}/{name}");
            follow_items(tree, inner, &folder, &folder, reached);
            continue;
        }
        let places = match path_attribute(&module.attrs) {
            // Files named by hand stand beside the file, and so do their modules.
            Some(path) => {
                vec![(format!("{beside}/{path}"), folder_of(&format!("{beside}/{path}")))]
            }
            None => vec![
                (format!("{below}/{name}.rs"), format!("{below}/{name}")),
                (format!("{below}/{name}/mod.rs"), format!("{below}/{name}")),
            ],
        };
        for (place, modules) in places {
            let place = without_dots(&place);
            if let Some(found) = tree.files.iter().find(|file| file.path == place) {
                follow(tree, found, without_dots(&modules), reached);
            }
        }
    }
}

/// The path in `#[path = ".."]`.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let Expr::Lit(literal) = &pair.value else {
            return None;
        };
        let Lit::Str(text) = &literal.lit else {
            return None;
        };
        pair.path.is_ident("path").then(|| text.value())
    })
}

fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned())
}

/// Takes `..` out of a path.
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

#[test]
fn a_file_without_a_mod_is_seen() {
    let tree = Tree {
        files: vec![
            File::new("a/Cargo.toml", ""),
            File::new("a/inner/Cargo.toml", ""),
            File::new("a/inner/src/lib.rs", "mod part;"),
            File::new("a/inner/src/part.rs", ""),
            File::new("a/src/lib.rs", "mod seat; mod line; #[cfg(test)] mod inner { mod deep; }"),
            File::new("a/src/seat.rs", "#[cfg(test)] #[path = \"seat_tests.rs\"] mod tests;"),
            File::new("a/src/seat_tests.rs", ""),
            File::new("a/src/line/mod.rs", "mod place;"),
            File::new("a/src/line/place.rs", ""),
            File::new("a/src/inner/deep.rs", ""),
            File::new("a/src/bin/b/main.rs", "mod verb;"),
            File::new("a/src/bin/b/verb.rs", ""),
            File::new("a/src/old.rs", ""),
            File::new("a/src/line/old.rs", ""),
        ],
    };
    let lost = unreached(&tree);
    assert_eq!(lost.len(), 2, "{lost:?}");
    assert!(
        lost[0].starts_with("a/src/old.rs") && lost[1].starts_with("a/src/line/old.rs"),
        "{lost:?}"
    );
}
