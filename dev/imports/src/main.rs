//! Checks that imports run one way: `leadroute-imports src/db/mod.rs src/engine/lib.rs`.
//!
//! Two rules, for each tree of modules. No file imports one that imports it back, be it by a detour. And the root names its
//! modules in a numbered list in its documentation, from above to below: none imports one that stands above it.
//! Code that is compiled for tests only does not count.

mod circles;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use tree::Module;

/// Which module imports which others, by name below the root.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Numbered lines of the root's documentation: place in the list by name of the module.
fn order(source: &str) -> BTreeMap<String, usize> {
    let numbered = source.lines().filter_map(|line| {
        let (number, rest) = line.strip_prefix("//! ")?.split_once(". ")?;
        Some((number.parse().ok()?, rest.split_once(':').map_or(rest, |(names, _)| names)))
    });
    let named = |(number, names): (usize, &str)| {
        let names: Vec<String> = names.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        names.into_iter().map(move |name| (name, number))
    };
    numbered.flat_map(named).collect()
}

/// Arrows that run upwards, and modules that the list does not name.
fn upwards(imports: &Imports, order: &BTreeMap<String, usize>) -> Vec<String> {
    let wing = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
    let mut wrong = BTreeSet::new();
    for (from, targets) in imports {
        for to in targets {
            match (order.get(&wing(from)), order.get(&wing(to))) {
                (Some(mine), Some(theirs)) if theirs < mine => {
                    wrong.insert(format!("{from} imports {to}, which stands above it"));
                }
                (Some(_), Some(_)) => {}
                (None, _) => {
                    wrong.insert(format!("the list of the root does not name {}", wing(from)));
                }
                (_, None) => {
                    wrong.insert(format!("the list of the root does not name {}", wing(to)));
                }
            }
        }
    }
    wrong.into_iter().collect()
}

/// What is wrong with one tree.
fn check(root: &Path) -> Result<Vec<String>, String> {
    let source = std::fs::read_to_string(root).map_err(|error| format!("{}: {error}", root.display()))?;
    let modules: Vec<Module> = tree::read(root)?;
    let imports = tree::imports(&modules);
    let mut wrong = upwards(&imports, &order(&source));
    let circles = circles::find(&imports);
    wrong.extend(circles.into_iter().map(|circle| format!("these import each other: {}", circle.join(", "))));
    let arrows: usize = imports.values().map(BTreeSet::len).sum();
    println!("{}: {} files, {arrows} imports", root.display(), modules.len());
    Ok(wrong)
}

fn main() -> ExitCode {
    let mut is_fine = true;
    for root in std::env::args().skip(1) {
        match check(Path::new(&root)) {
            Ok(wrong) => {
                is_fine &= wrong.is_empty();
                wrong.iter().for_each(|line| eprintln!("{root}: {line}"));
            }
            Err(error) => {
                is_fine = false;
                eprintln!("{error}");
            }
        }
    }
    ExitCode::from(u8::from(!is_fine))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(arrows: &[(&str, &str)]) -> Imports {
        let mut imports = Imports::new();
        for (from, to) in arrows {
            imports.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        imports
    }

    #[test]
    fn the_list_of_the_root_is_the_order() {
        let order = order("//! Text.\n//!\n//! 1. [`a`]: above\n//! 2. [`b`] and [`c`]: below `x`\n\nmod a;");
        assert_eq!(
            order.into_iter().collect::<Vec<_>>(),
            [("a".into(), 1), ("b".into(), 2), ("c".into(), 2)]
        );
    }

    #[test]
    fn an_import_upwards_is_found() {
        let order = order("//! 1. [`a`]: above\n//! 2. [`b`]: below");
        assert_eq!(upwards(&imports(&[("a::x", "b::y")]), &order), Vec::<String>::new());
        assert_eq!(
            upwards(&imports(&[("b::y", "a::x")]), &order),
            ["b::y imports a::x, which stands above it"]
        );
        assert_eq!(upwards(&imports(&[("a", "c::z")]), &order), ["the list of the root does not name c"]);
    }

    #[test]
    fn circles_are_found_by_a_detour_too() {
        let found = circles::find(&imports(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e")]));
        assert_eq!(found, [["a", "b", "c"]]);
        assert_eq!(circles::find(&imports(&[("a", "b"), ("a", "c"), ("b", "c")])), Vec::<Vec<String>>::new());
    }

    #[test]
    fn every_way_of_naming_a_module_counts() {
        let source = "
            use crate::root::a::b::{self, C};
            pub use super::sibling::D;
            use crate::root::layers;
            fn f() { let _: super::other::E = crate::root::a::g(); vec![super::within::H]; layers::first::ask(); }
            #[cfg(test)] mod tests { use super::super::only_tested::X; }";
        let file = syn::parse_file(source).unwrap();
        let named = tree::named(&file);
        let paths: Vec<String> = named.iter().map(|path| path.join("::")).collect();
        for path in [
            "crate::root::a::b",
            "super::sibling::D",
            "super::other::E",
            "crate::root::a::g",
            "super::within::H",
        ] {
            assert!(paths.iter().any(|found| found.starts_with(path)), "{path} in {paths:?}");
        }
        assert!(!paths.iter().any(|found| found.contains("only_tested")), "{paths:?}");
    }
}
