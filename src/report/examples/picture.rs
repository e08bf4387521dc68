//! Where leads went, as a picture of its own, from the data of a report: that of README is made of the sample company by
//! `psql -At -c "SELECT data FROM leadroute.report(now() - interval '60 days', now())" | cargo run -p leadroute-report --example picture > docs/flow.svg`.

use leadroute_report::{data::Report, page::STYLE, sankey::sankey};
use std::io::Read;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut json = String::new();
    std::io::stdin().read_to_string(&mut json)?;
    let report: Report = serde_json::from_str(&json)?;
    let drawing = sankey(&report.flows).ok_or("no lead came in this period")?;
    let (width, height) = (drawing.width, drawing.height);
    println!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sankey\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, sans-serif\"><title>Where leads went</title><style>{STYLE}</style>\
         <rect width=\"{width}\" height=\"{height}\" style=\"fill: var(--paper)\"/>{}</svg>",
        drawing.shapes
    );
    Ok(())
}
