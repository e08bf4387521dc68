//! What is stored of any trace tells all of it.

use super::properties::{leads, setups, REPS};
use super::*;
use crate::decision::stored::{full, Stored, Trace};
use crate::lead::{Given, Holder};
use crate::testkit::{rules, Setup};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{json, Value};

/// What a row of an app says, or who has a lead that is routed again.
fn given() -> impl Strategy<Value = Given> {
    let owner = prop::option::weighted(0.2, select(&["ann", "bob", "stranger"][..]));
    let status =
        prop::option::weighted(0.2, select(&[Status::Working, Status::Nurture, Status::Converted][..]));
    let holder = prop::option::weighted(0.2, (select(&REPS[..]), any::<bool>()));
    let rest = (prop::option::weighted(0.1, Just("desk".to_owned())), prop::bool::weighted(0.2));
    (owner, status, holder, rest).prop_map(|(owner, status, holder, (queue, adopted))| Given {
        owner: owner.map(|rep: &str| (rep.to_owned(), (rep != "stranger").then(|| rep.to_owned()))),
        queue,
        status,
        adopted,
        holder: holder.map(|(rep, must_answer)| Holder {
            rep: rep.to_owned(),
            pool: Some("hunters".into()),
            must_answer,
        }),
        ..Given::default()
    })
}

/// Criteria, and accounts that are found by name.
fn with_more(setup: &mut Setup, criteria: bool, names: bool) {
    let matching = json!({"name": "all", "enabled": true, "threshold": 0.8, "margin": 0.05, "max_candidates": 3, "review_queue": "which"});
    let criterion = json!({"name": "demo", "points": 40, "condition": "$.true"});
    let more = rules(json!({"score_criteria": [criterion], "account_matching": [matching]}));
    if criteria {
        setup.rules.criteria = more.criteria;
    }
    if names {
        setup.rules.account_matching = more.account_matching;
        setup.lookups.names.insert("Acme".into(), "acme".into());
    }
}

proptest! {
    #[test]
    fn a_stored_trace_tells_every_step(
        mut setup in setups(), lead in leads(), given in given(), company in prop::option::of(select(&["Acme", "Zzz"][..])),
        (criteria, names, anonymous, gone) in any::<(bool, bool, bool, bool)>(),
    ) {
        with_more(&mut setup, criteria, names);
        let lead = Lead { given, company: company.map(str::to_owned), ..lead };
        let lead = if anonymous { Lead { email: None, website: None, ..lead } } else { lead };
        let mut decision = setup.route(lead);
        if gone {
            to_catch_all(&mut decision, &setup.rules);
        }
        let trace = decision.trace;
        let stored = serde_json::to_string(&Stored(&trace)).unwrap();
        let before = serde_json::to_string(&trace).unwrap();
        prop_assert!(stored.len() <= before.len());
        for form in [&stored, &before] {
            let Trace(read) = serde_json::from_str(form).unwrap();
            prop_assert_eq!(&read, &trace, "{}", form);
        }
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let full_trace = full(value(&stored));
        prop_assert_eq!(&full_trace, &full(value(&before)));
        prop_assert_eq!(&full(full_trace.clone()), &full_trace);
        let layers = |trace: &Value| -> Vec<Value> { trace.as_array().unwrap().iter().map(|step| step["layer"].clone()).collect() };
        prop_assert_eq!(layers(&full_trace), layers(&value(&before)));
    }
}
