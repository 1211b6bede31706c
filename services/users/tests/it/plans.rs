//! The directory reads indexes, however many people there are.

use std::collections::BTreeMap;

use marquis_config::DatabaseServer;
use marquis_database::Database;
use marquis_kernel::Secret;
use marquis_telemetry::metrics::Metrics;
use marquis_testkit::PostgresServer;
use marquis_users::{MIGRATIONS, NAME};

use crate::harness::{App, keyring};

const DIRECTORY: &str = include_str!("../../queries/directory.sql");
const PEOPLE: &str = include_str!("../../queries/people.sql");

const SCHEMA: &str = include_str!("../../migrations/001_initial_schema.sql");

/// The statements of a file by name.
fn statements(file: &str) -> BTreeMap<&str, String> {
    let mut found = BTreeMap::new();
    for part in file.split("--! ").skip(1) {
        let (head, body) = part.split_once('\n').expect("a body");
        let name = head.split_whitespace().next().expect("a name");
        let sql: Vec<&str> = body.lines().filter(|line| !line.starts_with("--")).collect();
        found.insert(name, sql.join("\n").trim().trim_end_matches(';').to_owned());
    }
    found
}

/// The statement with values in place of its parameters, as it is planned for each search.
fn with(sql: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(&format!(":{name}"), value))
}

/// Puts people into the tables.
const GENERATE: &str = include_str!("../people.sql");

#[tokio::test]
async fn no_list_reads_a_whole_table() {
    let app = App::start().await;
    let tables = app.tables().await;
    for statement in GENERATE.replace(":people", "100000").split_inclusive(';') {
        tables.batch_execute(statement).await.expect(statement);
    }
    let list = statements(DIRECTORY);
    assert_eq!(list.len(), 10, "{:?}", list.keys());
    let mut plans = Vec::new();
    let page = [("ceiling", "200"), ("limit", "20"), ("offset", "0")];
    for name in ["list_everybody", "list_online", "list_offline"] {
        plans.push((name.to_owned(), with(&list[name], &page)));
    }
    let texts = [
        "anna",
        "an",
        "a",
        "anderson",
        "son",
        "nosuchname",
        "77",
        "777",
        "7777",
        "a.b",
        "na_s",
        "sofia-kim99",
        "evans1",
        "fischer99999",
        "rosa",
        "xu",
        "-xu",
        "zzz",
    ];
    for whose in ["everybody", "online", "offline"] {
        for text in texts {
            let beyond = format!("'{text}\u{10ffff}'");
            let pattern = format!("'%{}%'", text.replace('_', "\\_"));
            let quoted = format!("'{text}'");
            let values = [("text", quoted.as_str()), ("beyond", &beyond), ("pattern", &pattern)];
            for name in [format!("begin_{whose}"), format!("parts_{whose}")] {
                if name.starts_with("begin") || text.len() >= 3 {
                    let sql = with(&with(&list[name.as_str()], &values), &page);
                    plans.push((format!("{name} {text}"), sql));
                }
            }
        }
    }
    let indexes = [("indexes", "ARRAY[sha256('a'), sha256('b')]")];
    plans.push(("people_with_email".to_owned(), with(&list["people_with_email"], &indexes)));
    let ids = [("ids", "ARRAY(SELECT id FROM people ORDER BY username_key LIMIT 20)")];
    plans.push(("people_by_ids".to_owned(), with(&statements(PEOPLE)["people_by_ids"], &ids)));

    for (name, sql) in plans {
        let explained = tables.query(&format!("EXPLAIN (ANALYZE, BUFFERS) {sql}"), &[]).await;
        let rows = explained.unwrap_or_else(|error| panic!("{name}: {error:?}\n{sql}"));
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        for table in ["people", "presence"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name}\n{plan}");
        }
        assert!(plan.contains("Index") || plan.contains("Never Executed"), "{name}\n{plan}");
    }

    // What the plans are for: the answers are right, with and without the index of parts.
    let viewer = app.known("viewer").await;
    let count = async |what: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM people WHERE {what}");
        tables.query_one(&sql, &[]).await.expect("a number").get(0)
    };
    for text in ["7777", "fischer93", "son99", "sofia-kim", "_xu1"] {
        let escaped = text.replace('_', "\\_");
        let expected = count(&format!("username_key LIKE '%{escaped}%'")).await;
        assert!((1..200).contains(&expected), "{text} {expected}");
        assert_eq!(app.names(&viewer, &format!("search={text}")).await.1, expected, "{text}");
    }
    let (names, total) = app.names(&viewer, "search=anna&limit=100").await;
    assert_eq!((names.len(), total), (100, 1_000));
    assert_eq!(app.names(&viewer, "search=ander").await.1, 200);
    let (_, total) = app.names(&viewer, "").await;
    assert!((99_000..102_000).contains(&total), "an estimate: {total}");
    assert_eq!(app.names(&viewer, "isOnline=true").await.1, 1_000);
    assert_eq!(app.names(&viewer, "isOnline=false").await.1, 1_000);
    tables.batch_execute("DROP INDEX people_by_part_of_name").await.expect("dropped");
    let expected = count("username_key LIKE '%fischer93%'").await;
    assert_eq!(app.names(&viewer, "search=fischer93").await.1, expected);
}

/// Whoever may create in the database gets the index of parts: no superuser is needed. Whoever
/// may not (and had the tables made otherwise) gets a directory that answers the same.
#[tokio::test]
async fn an_ordinary_role_can_set_up_the_directory() {
    let server = PostgresServer::start().await;
    let admin = server.database(NAME);
    let client = admin.client().await.expect("a connection");
    for statement in [
        "CREATE ROLE owner LOGIN PASSWORD 'owner'",
        "CREATE ROLE guest LOGIN PASSWORD 'guest'",
        "CREATE DATABASE owned OWNER owner",
        "CREATE DATABASE lent",
    ] {
        client.batch_execute(statement).await.expect(statement);
    }
    for (database, role, has_index) in [("owned", "owner", true), ("lent", "guest", false)] {
        let base = server.url();
        let (base, _) = base.expose().rsplit_once('/').expect("a database");
        let (_, host) = base.rsplit_once('@').or_else(|| base.split_once("//")).expect("a host");
        if !has_index {
            let url = Secret::new(format!("{base}/{database}"));
            let lender = connect(url);
            let lent = "CREATE SCHEMA users AUTHORIZATION guest";
            lender.client().await.expect("a connection").batch_execute(lent).await.expect("lent");
        }
        let own = connect(Secret::new(format!("postgres://{role}:{role}@{host}/{database}")));
        let client = own.client().await.expect("a connection");
        if has_index {
            own.migrate(MIGRATIONS).await.expect("migrates");
        } else {
            client.batch_execute(SCHEMA).await.expect("migrates");
        }
        let index = "SELECT to_regclass('people_by_part_of_name') IS NOT NULL";
        assert_eq!(client.query_one(index, &[]).await.expect("a row").get::<_, bool>(0), has_index);
        let app = App::on(own, keyring());
        let alice = app.known("alice").await;
        assert_eq!(app.names(&alice, "search=LIC").await, (vec!["alice".to_owned()], 1));
    }
}

fn connect(url: Secret) -> Database {
    Database::connect(&DatabaseServer::with_url(url), NAME, Metrics::new()).expect("settings")
}
