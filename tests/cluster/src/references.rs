//! What rows of the routing tables name in each other.

use crate::Database;

/// A column that names a row of another table.
pub struct Reference {
    /// Its table.
    pub child: &'static str,
    /// Its name.
    pub column: &'static str,
    /// The table of the row that it names.
    pub parent: &'static str,
    /// Whether rows go with the row that they name; else that row stays.
    pub cascades: bool,
    /// Columns of a row, and their values: ? is the name, # makes it different from rows of other references.
    pub row: (&'static str, &'static str),
}

const fn goes(
    child: &'static str,
    column: &'static str,
    parent: &'static str,
    columns: &'static str,
    values: &'static str,
) -> Reference {
    Reference { child, column, parent, cascades: true, row: (columns, values) }
}

const fn stays(
    child: &'static str,
    column: &'static str,
    parent: &'static str,
    columns: &'static str,
    values: &'static str,
) -> Reference {
    Reference { child, column, parent, cascades: false, row: (columns, values) }
}

/// All of them: what were foreign keys before dumps had to be restored in any order.
pub const REFERENCES: [Reference; 31] = [
    goes("schedule_hours", "schedule", "schedules", "schedule, weekday, opens, closes", "?|1|09:00|17:00"),
    goes("holidays", "schedule", "schedules", "schedule, day, name", "?|2030-01-01|holiday"),
    stays("reps", "manager_id", "reps", "id, manager_id", "child#|?"),
    stays("reps", "schedule", "schedules", "id, schedule", "child#|?"),
    stays("reps", "backup_id", "reps", "id, backup_id", "child#|?"),
    goes("absences", "rep_id", "reps", "rep_id, during", "?|[2030-01-01,2031-01-01)"),
    stays("absences", "backup_id", "reps", "rep_id, during, backup_id", "base|[2030-01-01,2031-01-01)|?"),
    stays("queues", "manager_id", "reps", "name, manager_id", "child#|?"),
    stays("queues", "auto_assign_pool", "pools", "name, auto_assign_pool", "child#|?"),
    stays("territories", "manager_id", "reps", "name, manager_id", "child#|?"),
    stays("territories", "fallback_queue", "queues", "name, fallback_queue", "child#|?"),
    stays("pools", "fallback_queue", "queues", "name, fallback_queue", "child#|?"),
    goes("pool_members", "pool", "pools", "pool, rep_id", "?|base"),
    stays("pool_members", "rep_id", "reps", "pool, rep_id", "base|?"),
    stays("segments", "territory", "territories", "name, territory", "child#|?"),
    stays("segments", "fallback_queue", "queues", "name, fallback_queue", "child#|?"),
    goes("tiers", "segment", "segments", "segment, name, action", "?|child|nurture"),
    stays("tiers", "pool", "pools", "segment, name, score, pool", "base|child#|[0,10)|?"),
    stays("tiers", "queue", "queues", "segment, name, score, action, queue", "base|child#|[10,20)|queue|?"),
    goes("escalation_steps", "policy", "sla_policies", "policy, step, action", "?|1|remind"),
    stays("recycle_rules", "queue", "queues", "reason, kind, queue", "child#|fit|?"),
    stays("accounts", "owner_id", "reps", "id, owner_id", "child#|?"),
    stays("accounts", "csm_id", "reps", "id, csm_id", "child#|?"),
    stays("accounts", "parent_id", "accounts", "id, parent_id", "child#|?"),
    goes("account_domains", "account_id", "accounts", "domain, account_id", "child#.com|?"),
    goes("contacts", "account_id", "accounts", "email, account_id", "ann@child#.com|?"),
    stays("domain_rules", "queue", "queues", "domain, kind, queue", "child#.com|partner|?"),
    goes(
        "alarm_thresholds",
        "territory",
        "territories",
        "name, measure, territory, \"limit\"",
        "child#|territory_load|?|1",
    ),
    goes("alarm_thresholds", "rep_id", "reps", "name, measure, rep_id, \"limit\"", "child#|missed_slas|?|1"),
    goes(
        "alarm_thresholds",
        "segment",
        "segments",
        "name, measure, segment, \"limit\"",
        "child#|score_band|?|1",
    ),
    goes("alarm_thresholds", "pool", "pools", "name, measure, pool, \"limit\"", "child#|empty_pool|?|1"),
];

impl Reference {
    /// Table and column.
    pub fn name(&self) -> String {
        format!("{}.{}", self.child, self.column)
    }

    /// The column that holds the name.
    pub fn key(&self) -> &'static str {
        if matches!(self.parent, "reps" | "accounts") {
            "id"
        } else {
            "name"
        }
    }

    /// The row that is named.
    pub fn parent_row(&self, name: &str) -> String {
        let (columns, more) = match self.parent {
            "reps" | "accounts" => ("id", ""),
            "segments" => ("name, fallback_queue", ", 'base'"),
            "sla_policies" => ("name, respond_within", ", '1 hour'"),
            _ => ("name", ""),
        };
        format!("INSERT INTO leadroute.{} ({columns}) VALUES ('{name}'{more})", self.parent)
    }

    /// The values of a row that names it.
    pub fn values(&self, name: &str, number: usize) -> Vec<String> {
        self.row
            .1
            .split('|')
            .map(|value| value.replace('?', name).replace('#', &number.to_string()))
            .collect()
    }

    /// A row that names it.
    pub fn child_row(&self, name: &str, number: usize) -> String {
        let values = self.values(name, number).join("', '");
        format!("INSERT INTO leadroute.{} ({}) VALUES ('{values}')", self.child, self.row.0)
    }

    /// Deletes the row that is named.
    pub fn delete(&self, name: &str) -> String {
        format!("DELETE FROM leadroute.{} WHERE {} = '{name}'", self.parent, self.key())
    }

    /// Gives it another name.
    pub fn rename(&self, name: &str, to: &str) -> String {
        format!("UPDATE leadroute.{} SET {1} = '{to}' WHERE {1} = '{name}'", self.parent, self.key())
    }

    /// Counts the rows that name it.
    pub fn children(&self, name: &str) -> String {
        format!("SELECT count(*) FROM leadroute.{} WHERE {} = '{name}'", self.child, self.column)
    }
}

/// A database with a row in each table that others name.
pub fn company() -> Database {
    let database = Database::empty();
    let sql = "INSERT INTO leadroute.schedules VALUES ('base'); INSERT INTO leadroute.reps (id) VALUES ('base');
               INSERT INTO leadroute.queues (name) VALUES ('base'); INSERT INTO leadroute.pools (name) VALUES ('base');
               INSERT INTO leadroute.territories (name) VALUES ('base'); INSERT INTO leadroute.accounts (id) VALUES ('base');
               INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('base', 'base');
               INSERT INTO leadroute.sla_policies (name, respond_within) VALUES ('base', '1 hour')";
    database.connect().batch_execute(sql).unwrap();
    database
}
