//! The environment: where the database is, and numbers.

/// What a variable holds; none where it is empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A number from 1 on.
pub fn number<T: std::str::FromStr + PartialOrd + From<u8>>(name: &str, default: T) -> Result<T, String> {
    let Some(value) = variable(name) else {
        return Ok(default);
    };
    let number = value.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or_else(|| format!("{name} must be a number from 1 on, not {value:?}"))
}

/// Where the database is: `DATABASE_URL`, or the variables that psql knows.
pub fn database() -> Result<postgres::Config, String> {
    if let Some(url) = variable("DATABASE_URL") {
        return url.parse().map_err(|error| format!("DATABASE_URL: {error}"));
    }
    let mut config = postgres::Config::new();
    config.host(&variable("PGHOST").unwrap_or_else(|| "localhost".to_owned()));
    config.port(number("PGPORT", 5432)?);
    let user = variable("PGUSER").or_else(|| variable("USER")).ok_or("PGUSER is not set")?;
    config.dbname(&variable("PGDATABASE").unwrap_or_else(|| user.clone()));
    config.user(&user);
    if let Some(password) = variable("PGPASSWORD") {
        config.password(password);
    }
    Ok(config)
}
