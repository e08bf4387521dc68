//! The page of a report without a database: `cargo run -p leadroute-report --example page < src/report/sample.json > page.html`.

use std::io::Read;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut json = String::new();
    std::io::stdin().read_to_string(&mut json)?;
    print!("{}", leadroute_report::page::page(&json)?);
    Ok(())
}
