-- One row for each lead: who has it, who had it first, how fast it was answered, and what became of it.
with first_decision as (
    select distinct on (lead_id) lead_id, layer, owner_id, queue
    from {{ source('leadroute', 'decisions') }}
    order by lead_id, id
),

first_answer as (
    select lead_id, min(time_to_response) as time_to_response
    from {{ source('leadroute', 'speed_to_lead') }}
    group by lead_id
)

select
    leads.id as lead_id,
    leads.created_at,
    leads.tenant,
    leads.source,
    leads.campaign,
    leads.territory,
    leads.segment,
    leads.tier,
    leads.score,
    first_decision.layer as decided_by,
    first_decision.owner_id as first_owner_id,
    leads.owner_id,
    leads.status,
    first_answer.time_to_response,
    leads.status = 'converted' as is_converted,
    leads.closed_at,
    leads.amount
from {{ source('leadroute', 'leads') }} as leads
left join first_decision on first_decision.lead_id = leads.id
left join first_answer on first_answer.lead_id = leads.id
where leads.duplicate_of is null
