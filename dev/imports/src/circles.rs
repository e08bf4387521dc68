//! Circles: modules of which each reaches the others (strongly connected components, by R. Tarjan, *Depth-first search and
//! linear graph algorithms*, SIAM J. Comput. 1 (1972) 146–160).

use crate::Imports;
use std::collections::BTreeMap;

#[derive(Default)]
struct Search<'a> {
    index: BTreeMap<&'a str, usize>,
    low: BTreeMap<&'a str, usize>,
    open: Vec<&'a str>,
    circles: Vec<Vec<String>>,
}

/// All circles, each in the order of names.
pub fn find(imports: &Imports) -> Vec<Vec<String>> {
    let mut search = Search::default();
    for module in imports.keys() {
        if !search.index.contains_key(&**module) {
            search.visit(module, imports);
        }
    }
    search.circles.sort();
    search.circles
}

impl<'a> Search<'a> {
    fn visit(&mut self, module: &'a str, imports: &'a Imports) {
        let number = self.index.len();
        self.index.insert(module, number);
        self.low.insert(module, number);
        self.open.push(module);
        for target in imports.get(module).into_iter().flatten() {
            let reached = match self.index.get(&**target) {
                None => {
                    self.visit(target, imports);
                    self.low.get(&**target).copied()
                }
                Some(number) => self.open.contains(&&**target).then_some(*number),
            };
            let low = self.low.entry(module).or_insert(number);
            *low = (*low).min(reached.unwrap_or(*low));
        }
        if self.low.get(module) == Some(&number) {
            self.close(module);
        }
    }

    fn close(&mut self, module: &str) {
        let place = self.open.iter().position(|open| *open == module).unwrap_or_default();
        let mut circle: Vec<String> = self.open.drain(place..).map(str::to_owned).collect();
        if circle.len() > 1 {
            circle.sort();
            self.circles.push(circle);
        }
    }
}
