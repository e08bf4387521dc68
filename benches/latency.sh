# Rows of run.sh about how long one insert takes, which reads this file.

# Microseconds of an insert (by script $5) with $3 and $4 segments (or accounts, with $2) beside each other, in two databases.
latency_row() {
    local what=$1 of=$2 script=${5:-leadroute} n round counted=$seconds
    for n in "$3" "$4"; do
        db=bench_$n
        if [ "$of" = segments ]; then company "$n"; else accounts=$n company 60; fi
        [ "$script" != names ] || sql -c "INSERT INTO leadroute.account_matching (name, enabled) VALUES ('all', true)" -c 'VACUUM ANALYZE leadroute.account_names'
    done
    rm -f "$work"/latency.*
    # the first round is long, and for the caches, which much of something fills slowly
    for round in 0 $(seq "$rounds"); do
        [ "$round" != 1 ] || rm "$work"/latency.*
        seconds=$((round == 0 ? 20 : counted))
        for n in "$3" "$4"; do
            db=bench_$n
            if [ "$of" = segments ]; then segments=$n tps "$script" leadroute 1; else accounts=$n tps "$script" leadroute 1; fi |
                awk '{ print 1e6 / $1 }' >> "$work/latency.$n"
        done
    done
    db=bench
    dropdb "bench_$3"
    dropdb "bench_$4"
    row "$what" "$work/latency.$4" "$work/latency.$3" 1.3 most
}

latency() {
    latency_row "latency, 100,000 segments to 10 (us)" segments 10 100000
    latency_row "latency, 5,000,000 accounts to 1,000 (us)" accounts 1000 5000000
}

# The same for leads whose account is found by nothing but the name of the company; BENCH_ACCOUNTS for a smaller machine.
names() {
    local most=${BENCH_ACCOUNTS:-5000000}
    latency_row "accounts by name, $most to 1,000 (us)" accounts 1000 "$most" names
}

# What criteria cost a lead that comes without a score.
criteria() {
    local n
    company 60
    rm -f "$work"/criteria.*
    for _ in $(seq "$rounds"); do
        for n in 200 0; do sql -v criteria="$n" -f "$here/criteria.sql" >> "$work/criteria.$n"; done
    done
    paste "$work/criteria.200" "$work/criteria.0" | awk '{ print $1 - $2 }' > "$work/criteria.more"
    sed 's/.*/100/' "$work/criteria.more" > "$work/criteria.limit"
    row "200 score criteria, us of CPU a lead, to 100" "$work/criteria.more" "$work/criteria.limit" 1.0 most
}

# A lead of a random tenant, each with a pool and a tier of its own.
tenants() {
    local n
    for n in 1 10000; do db=tenants_$n tenants=$n company 60; done
    rm -f "$work"/tenants.*
    for _ in $(seq "$rounds"); do
        for n in 1 10000; do
            db=tenants_$n tenants=$n tps tenants leadroute 1 | awk '{ print 1e6 / $1 }' >> "$work/tenants.$n"
        done
    done
    dropdb tenants_1
    dropdb tenants_10000
    row "latency, 10,000 tenants to one (us)" "$work/tenants.10000" "$work/tenants.1" 1.1 most
}
