//! API v2 of Octave, as <https://docs.octavehq.com> describes it: agents that qualify and enrich people and companies,
//! and write sequences, at once or with a callback.

use crate::requests::{Said, Ticket};
use crate::settings::{Agent, Provider};
use serde_json::{json, Map, Value};

/// The path below the URL of the provider.
pub fn path(settings: &Provider) -> &'static str {
    if settings.asynchronous {
        return "/api/v2/async/agent/run";
    }
    match settings.agent {
        Some(Agent::QualifyPerson) | None => "/api/v2/agents/qualify-person/run",
        Some(Agent::QualifyCompany) => "/api/v2/agents/qualify-company/run",
        Some(Agent::EnrichPerson) => "/api/v2/agents/enrich-person/run",
        Some(Agent::EnrichCompany) => "/api/v2/agents/enrich-company/run",
        Some(Agent::Sequence) => "/api/v2/agents/sequence/run",
    }
}

/// What an agent is asked: who it is, and for a sequence how to work the lead.
pub fn body(settings: &Provider, lead: &Value, callback: Option<&str>) -> Value {
    let of_company = [("companyDomain", "company_domain"), ("companyName", "company")];
    let of_person = [("email", "email"), ("firstName", "first_name"), ("jobTitle", "title")];
    let is_company = matches!(settings.agent, Some(Agent::QualifyCompany | Agent::EnrichCompany));
    let keys = of_company.iter().chain(if is_company { &[] } else { of_person.as_slice() });
    let mut body: Map<String, Value> = keys
        .filter_map(|(theirs, ours)| {
            let value = lead.get(*ours).filter(|value| !value.is_null())?;
            Some(((*theirs).to_owned(), value.clone()))
        })
        .collect();
    let known: Map<String, Value> =
        ["event", "source", "product", "country", "playbook", "playbook_description"]
            .iter()
            .filter_map(|key| {
                Some(((*key).to_owned(), lead.get(*key).filter(|value| !value.is_null())?.clone()))
            })
            .collect();
    let context = if settings.agent == Some(Agent::Sequence) {
        json!({"all": Value::Object(known).to_string()})
    } else {
        json!({"lead": known})
    };
    body.insert("runtimeContext".to_owned(), context);
    body.insert("agentOId".to_owned(), json!(settings.agent_id));
    if let Some(url) = callback {
        body.insert("callbackUrl".to_owned(), json!(url));
    }
    Value::Object(body)
}

/// What an agent has found, in the answer to a call, or in a callback around it.
pub fn answer(settings: &Provider, ticket: &Ticket, body: &Value) -> Result<Said, String> {
    if body.get("status").and_then(Value::as_str) == Some("failed")
        || body.get("error").is_some_and(|e| !e.is_null())
    {
        return Err(format!(
            "the run has failed: {}",
            text(body, "error").or(text(body, "message")).unwrap_or("no reason")
        ));
    }
    let run =
        ["result", "output"].iter().find_map(|key| body.get(*key).filter(|v| v.is_object())).unwrap_or(body);
    let found = run.get("found").and_then(Value::as_bool).unwrap_or(true);
    let data = run.get("data").filter(|data| data.is_object()).unwrap_or(run);
    match (ticket.kind.as_str(), settings.agent) {
        ("qualify", _) if !found => Ok(Said::Score(None, json!([{"reason": text(run, "message")}]))),
        ("enrich", _) if !found => Ok(Said::Fields(Map::new())),
        ("qualify", Some(Agent::QualifyPerson | Agent::QualifyCompany)) => score(data),
        ("enrich", Some(Agent::EnrichPerson)) => person(data),
        ("enrich", Some(Agent::EnrichCompany)) => {
            let company = data.get("company").filter(|c| c.is_object()).ok_or("has no company")?;
            Ok(Said::Fields(fields_of_company(company)))
        }
        ("sequence", Some(Agent::Sequence)) => {
            let emails = data.get("emails").unwrap_or(data);
            Ok(Said::Fields(Map::from_iter([("octave_sequence".to_owned(), emails.clone())])))
        }
        (kind, _) => Err(format!("its agent is none for {kind}")),
    }
}

/// The score, its rationale, and each question with answer and confidence.
fn score(data: &Value) -> Result<Said, String> {
    let score = match data.get("score") {
        Some(Value::Number(score)) => Some(score.clone()),
        Some(Value::Null) => None,
        _ => return Err("has no score".to_owned()),
    };
    let mut reasons = vec![json!({"reason": text(data, "rationale")})];
    for part in ["product", "persona", "segment", "playbook"] {
        let Some(of) = data.get(part).filter(|of| of.is_object()) else {
            continue;
        };
        let qualification = of.get("qualification").unwrap_or(&Value::Null);
        reasons.push(json!({"about": part, "name": of.get("name"), "score": qualification.get("score"),
            "reason": qualification.get("rationale")}));
        for answer in qualification.get("answers").and_then(Value::as_array).into_iter().flatten() {
            reasons.push(
                json!({"about": part, "question": answer.get("question"), "answer": answer.get("answer"),
                "reason": answer.get("rationale"), "confidence": answer.get("confidence")}),
            );
        }
    }
    Ok(Said::Score(score, Value::Array(reasons)))
}

fn person(data: &Value) -> Result<Said, String> {
    let person = data.get("person").filter(|p| p.is_object()).ok_or("has no person")?;
    let mut fields = person.get("company").map(fields_of_company).unwrap_or_default();
    take(
        &mut fields,
        person,
        &[
            ("first_name", "/firstName"),
            ("last_name", "/lastName"),
            ("title", "/title"),
            ("linkedin_profile", "/profileUrl"),
        ],
    );
    Ok(Said::Fields(fields))
}

fn fields_of_company(company: &Value) -> Map<String, Value> {
    let mut fields = Map::new();
    take(
        &mut fields,
        company,
        &[
            ("company", "/name"),
            ("website", "/website"),
            ("industry", "/industry"),
            ("employees", "/employeeCount"),
            ("country", "/location/countryCode"),
            ("country", "/countryCode"),
            ("region", "/location/region"),
            ("city", "/location/locality"),
            ("postal_code", "/location/postalCode"),
        ],
    );
    fields
}

/// The first value that is there counts.
fn take(fields: &mut Map<String, Value>, from: &Value, pairs: &[(&str, &str)]) {
    for (ours, theirs) in pairs {
        let value = from.pointer(theirs).filter(|value| !value.is_null() && *value != &json!(""));
        if let (Some(value), false) = (value, fields.contains_key(*ours)) {
            fields.insert((*ours).to_owned(), value.clone());
        }
    }
}

fn text<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    of.get(key).and_then(Value::as_str)
}
