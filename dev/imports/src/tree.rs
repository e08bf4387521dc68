//! The modules of a tree, and which others each of them names.

use crate::Imports;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// A module in a file of its own.
pub struct Module {
    /// Names from the root down; empty for the root.
    name: Vec<String>,
    file: syn::File,
}

/// Reads the root and every module below it.
pub fn read(root: &Path) -> Result<Vec<Module>, String> {
    let mut modules = Vec::new();
    add(root.to_owned(), Vec::new(), &mut modules)?;
    Ok(modules)
}

fn add(path: PathBuf, name: Vec<String>, modules: &mut Vec<Module>) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let source = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
    let file = syn::parse_file(&source).map_err(|error| failed(&error))?;
    let is_folder = path.file_name().is_some_and(|name| name == "mod.rs" || name == "lib.rs");
    let below = if is_folder { path.with_file_name("") } else { path.with_extension("") };
    let children: Vec<String> = file.items.iter().filter_map(child).collect();
    modules.push(Module { name: name.clone(), file });
    for child in children {
        let (plain, folder) = (below.join(format!("{child}.rs")), below.join(&child).join("mod.rs"));
        let mut name = name.clone();
        name.push(child);
        add(if plain.exists() { plain } else { folder }, name, modules)?;
    }
    Ok(())
}

fn child(item: &syn::Item) -> Option<String> {
    match item {
        syn::Item::Mod(module) if module.content.is_none() && !is_for_tests(&module.attrs) => {
            Some(module.ident.to_string())
        }
        _ => None,
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(is_test)
}

/// Which module imports which.
pub fn imports(modules: &[Module]) -> Imports {
    // `crate::db::pg` and `pg` are the same module of the tree whose root is `db`
    let known: BTreeMap<Vec<String>, String> =
        modules.iter().map(|module| (module.name.clone(), module.name.join("::"))).collect();
    let mut imports = Imports::new();
    for module in modules {
        let here = module.name.join("::");
        let targets: BTreeSet<String> = named(&module.file)
            .iter()
            .filter_map(|path| resolve(path, &module.name, &known))
            .filter(|target| *target != here && !target.is_empty())
            .collect();
        imports.entry(here).or_default().extend(targets);
    }
    imports.remove("");
    imports
}

/// The module that a path leads to.
fn resolve(path: &[String], here: &[String], known: &BTreeMap<Vec<String>, String>) -> Option<String> {
    let first = path.first()?.as_str();
    let ups = path.iter().take_while(|part| *part == "super").count();
    let candidates: Vec<Vec<String>> = match first {
        "crate" => (1..=2).filter_map(|skip| path.get(skip..).map(<[String]>::to_vec)).collect(),
        "self" => vec![[here, path.get(1..)?].concat()],
        "super" => vec![[here.get(..here.len().checked_sub(ups)?)?, path.get(ups..)?].concat()],
        // a child of this module
        _ => vec![[here, path].concat()],
    };
    let longest = |full: &Vec<String>| {
        let least = if first == "crate" || first == "super" { 1 } else { here.len() + 1 };
        (least..=full.len()).rev().find_map(|count| known.get(full.get(..count)?).cloned())
    };
    candidates.iter().find_map(longest)
}

/// Every path that a file names, outside of what is compiled for tests only.
pub fn named(file: &syn::File) -> Vec<Vec<String>> {
    let mut names = Names::default();
    names.visit_file(file);
    let Names { mut paths, imported } = names;
    for path in &mut paths {
        if let Some(whole) = path.first().and_then(|first| imported.get(first)).filter(|whole| *whole != path)
        {
            *path = whole.iter().chain(path.get(1..).unwrap_or_default()).cloned().collect();
        }
    }
    paths
}

#[derive(Default)]
struct Names {
    paths: Vec<Vec<String>>,
    /// What a `use` makes known by a name.
    imported: BTreeMap<String, Vec<String>>,
}

impl Names {
    fn add_use(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_use(&path.tree, &with(&path.ident)),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.add_use(item, before)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.import(before.last().cloned().unwrap_or_default(), before.to_vec());
            }
            syn::UseTree::Name(name) => self.import(name.ident.to_string(), with(&name.ident)),
            syn::UseTree::Rename(name) => self.import(name.rename.to_string(), with(&name.ident)),
            syn::UseTree::Glob(_) => self.paths.push(before.to_vec()),
        }
    }

    fn import(&mut self, name: String, path: Vec<String>) {
        self.paths.push(path.clone());
        self.imported.insert(name, path);
    }

    /// What a macro gets is not parsed: names with `::` between them are a path.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if colons == 2 || path.is_empty() => path.push(name.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => {
                    self.add_tokens(group.stream());
                    self.paths.push(std::mem::take(&mut path));
                }
                TokenTree::Ident(name) => {
                    self.paths.push(std::mem::replace(&mut path, vec![name.to_string()]))
                }
                _ => self.paths.push(std::mem::take(&mut path)),
            }
            colons = 0;
        }
        self.paths.push(path);
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let for_tests = matches!(item, syn::Item::Mod(module) if is_for_tests(&module.attrs));
        if !for_tests {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_use(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.add_tokens(call.tokens.clone());
    }
}
