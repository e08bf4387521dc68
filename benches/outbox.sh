# Rows of run.sh about notifications, which reads this file.

# The example listener takes and acknowledges everything, in both cases; only with notify on it is woken.
notify() {
    company 60
    rm -f "$work"/notify.*
    (cd "$ROOT" && cargo build --quiet --release -p leadroute-webhook)
    for _ in $(seq "$rounds"); do
        for setting in on off; do
            PGDATABASE=bench WEBHOOK_URL=- WEBHOOK_SECRET=none BATCH=1000 NAP_SECONDS=1 \
                "$TARGET/release/leadroute-webhook" >/dev/null 2>&1 & listener=$!
            PGOPTIONS="-c leadroute.notify=$setting" tps leadroute leadroute 16 >> "$work/notify.$setting"
            kill "$listener"
            wait "$listener"
            sql -c "SELECT format('notify $setting: %s written, %s acknowledged', count(*), count(acked_at)) FROM leadroute.notifications" >&2
        done
        tps leadroute leadroute 16 >> "$work/notify.nobody"
    done
    row "16 clients with a listener, notify on to off" "$work/notify.on" "$work/notify.off" 0.8 least
    row "the same to no listener at all (for comparison)" "$work/notify.on" "$work/notify.nobody" 0.8 least
}

# What must be known when the server starts.
restart_with() {
    sql -c "ALTER SYSTEM SET $1"
    "$ROOT/dev/cluster.sh" stop bench
    "$ROOT/dev/cluster.sh" start bench
}

# Milliseconds from commit to arrival, half and 99 of 100 of the posts in file $1; those of the first second are not counted.
arrivals() {
    sql -c 'CREATE TEMP TABLE posts (line text)' -c "\\copy posts FROM '$1' (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')" -f - <<'SQL'
SELECT array_to_string(percentile_cont('{0.5,0.99}'::float8[]) WITHIN GROUP (ORDER BY
           split_part(p.line, ' ', 1)::float8 / 1000 - extract(epoch FROM pg_xact_commit_timestamp(d.xmin))::float8 * 1000), ' ')
  FROM posts p JOIN leadroute.decisions d ON d.id = (substr(p.line, strpos(p.line, ' ') + 1)::jsonb ->> 'decision_id')::bigint
 WHERE d.decided_at > (SELECT min(decided_at) + interval '1 second' FROM leadroute.decisions);
SQL
}

# From the commit of an insert to the arrival of the webhook's POST, at 500 leads a second. Both clocks are that of the machine.
webhook() {
    local address=127.0.0.1:8099 half most
    company 60
    (cd "$ROOT" && cargo build --quiet --release -p leadroute-webhook --bin leadroute-webhook --example receiver)
    restart_with 'track_commit_timestamp = on'
    : > "$work/posts"
    # they end with this script, however that ends
    trap 'kill ${receiver:-} ${listener:-} 2> /dev/null || true; rm -rf "$work"; "$ROOT/dev/cluster.sh" stop bench' EXIT
    "$TARGET/release/examples/receiver" $address >> "$work/posts" & receiver=$!
    PGDATABASE=bench WEBHOOK_URL=http://$address/leads WEBHOOK_SECRET=none "$TARGET/release/leadroute-webhook" > /dev/null 2>&1 & listener=$!
    rm -f "$work"/webhook.*
    for _ in $(seq "$rounds"); do
        reset leadroute
        : > "$work/posts"
        pgbench -n -M prepared -c 8 -j 1 -R 500 -T $((seconds + 2)) -D accounts="$accounts" -D segments=60 -D tenants=0 \
            -f "$here/insert_leadroute.sql" "$db" > "$work/out" 2>&1 || { cat "$work/out" >&2; die "pgbench failed"; }
        for _ in $(seq 100); do
            [ "$(sql -c 'SELECT count(*) FROM leadroute.notifications WHERE acked_at IS NULL')" != 0 ] || break
            sleep 0.2
        done
        [ "$(sql -c 'SELECT count(*) FROM leadroute.notifications WHERE acked_at IS NULL')" = 0 ] || die "the listener does not keep up"
        read -r half most <<< "$(arrivals "$work/posts")"
        echo "$half" >> "$work/webhook.p50"
        echo "$most" >> "$work/webhook.p99"
    done
    kill "$listener" "$receiver"
    wait "$listener" "$receiver" 2> /dev/null || true
    receiver='' listener=''
    restart_with 'track_commit_timestamp = off'
    sed 's/.*/50/' "$work/webhook.p99" > "$work/webhook.limit"
    row "commit to POST at 500 leads a second, p50 (ms)" "$work/webhook.p50" "$work/webhook.limit" 1 most
    row "the same, p99 (ms)" "$work/webhook.p99" "$work/webhook.limit" 1 most
}
