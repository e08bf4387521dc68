SELECT leadroute.transfer_lead({id}, 'ann')
SELECT leadroute.transfer_lead({id}, 'bob', 'holiday')
UPDATE leadroute.leads SET owner_id = 'cyd' WHERE id = {id}
SELECT leadroute.reroute_lead({id}, 'again')
SELECT leadroute.record_event({id}, 'demo_request')
SELECT leadroute.escalate_overdue(1000, 'infinity')
UPDATE leadroute.leads SET owner_id = NULL, queue = 'desk', status = 'queued' WHERE id = {id}
SELECT leadroute.claim_lead({id}, 'ann')
UPDATE leadroute.leads SET owner_id = 'dan', queue = NULL, status = 'assigned' WHERE id = {id}
SELECT leadroute.record_response({id}, 'bob', 'phone')
UPDATE leadroute.leads SET status = 'converted' WHERE id = {id}
