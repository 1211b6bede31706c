//! The books: what the database refuses, and what the check finds.

use serde_json::json;

use crate::harness::{App, TableClient, text};

#[tokio::test]
async fn the_database_refuses_what_does_not_balance() {
    let app = App::start().await;
    let alice = app.alice();
    app.captured(&alice, 1_000).await;
    let tables = app.tables().await;
    let journal = "INSERT INTO ledger_transactions (id, payment_id, refund_id, occurred_at)
        SELECT '01900000-0000-7000-8000-000000000001', payment_id, id, now() FROM refunds;";
    app.refund(&app.finance(), &only_payment(&app, &alice).await, None, &json!({"amount": 5}))
        .await
        .expect(201);
    // A second posting of one refund.
    assert!(tables.run(journal).await.expect_err("refused").contains("ledger_one_posting"));
    for (entries, message) in [
        ("", "fewer than two"),
        ("('a', 5, 'EUR')", "fewer than two"),
        ("('a', 5, 'EUR'), ('b', -4, 'EUR')", "sum to zero"),
        ("('a', 5, 'EUR'), ('b', -5, 'USD')", "sum to zero"),
        ("('a', 9223372036854775807, 'EUR'), ('b', 9223372036854775807, 'EUR')", "sum to zero"),
        ("('a', 0, 'EUR'), ('b', 0, 'EUR')", "ledger_entries_amount_check"),
    ] {
        let statement = with_entries(entries);
        let refused = tables.run(&statement).await.expect_err("refused");
        assert!(refused.contains(message), "{entries}: {refused}");
        tables.run("ROLLBACK").await.expect("rolls back");
    }
    let balanced = with_entries("('a', 5, 'EUR'), ('b', -2, 'EUR'), ('c', -3, 'EUR')");
    tables.run(&balanced).await.expect("balances");
    // Adding to what was written before is refused at commit as well.
    let late = "INSERT INTO ledger_entries (transaction_id, position, account, amount, currency)
        SELECT id, 99, 'a', 1, 'EUR' FROM ledger_transactions LIMIT 1";
    assert!(tables.run(late).await.expect_err("refused").contains("sum to zero"));
}

#[tokio::test]
async fn what_is_written_stays() {
    let app = App::start().await;
    let alice = app.alice();
    let reference = app.captured(&alice, 1_000).await;
    app.refund(&app.finance(), &reference, None, &json!({"amount": 5})).await.expect(201);
    let tables = app.tables().await;
    for table in ["ledger_entries", "ledger_transactions", "refunds", "payment_transitions"] {
        for statement in [
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
            match table {
                "ledger_entries" => "UPDATE ledger_entries SET amount = 1".to_owned(),
                _ => format!("UPDATE {table} SET payment_id = payment_id"),
            },
        ] {
            let refused = tables.run(&statement).await.expect_err(&statement);
            assert!(refused.contains("append-only"), "{statement}: {refused}");
        }
    }
    app.assert_books_agree().await;
}

/// Corrupts the data as only a superuser can and sees each corruption found.
#[tokio::test]
async fn the_check_finds_every_corruption() {
    let app = App::start().await;
    let (alice, finance) = (app.alice(), app.finance());
    let reference = app.captured(&alice, 1_000).await;
    app.refund(&finance, &reference, None, &json!({"amount": 400})).await.expect(201);
    app.captured(&alice, 77).await;
    app.pay(&alice, 5).await;
    app.assert_books_agree().await;
    let report = app.payments.verify_ledger(&mut |_| {}).await.expect("readable");
    assert_eq!((report.payments, report.entries), (3, 6));

    let tables = app.tables().await;
    tables.run("SET session_replication_role = replica").await.expect("a superuser");
    for table in TABLES {
        let copy = format!("CREATE TABLE copy_of_{table} AS TABLE {table}");
        tables.run(&copy).await.expect("copies");
    }
    for (corruption, finding) in [
        (
            "UPDATE ledger_entries SET amount = amount + 1 WHERE amount = 1000",
            "all entries in EUR sum to 1",
        ),
        (
            "UPDATE ledger_entries SET amount = amount + 1 WHERE amount = 1000",
            "journal transaction",
        ),
        (
            "UPDATE ledger_entries SET amount = amount * 2 WHERE abs(amount) = 1000",
            "captured amount should be 1000 and is 2000",
        ),
        ("UPDATE ledger_entries SET currency = 'USD' WHERE abs(amount) = 1000", "another currency"),
        (
            "UPDATE ledger_entries SET account = 'user:nobody:balance' WHERE amount = -1000",
            "captured amount should be 1000 and is 0",
        ),
        ("DELETE FROM ledger_entries WHERE amount = 400", "journal transaction"),
        ("DELETE FROM ledger_transactions WHERE refund_id IS NOT NULL", "is gone"),
        (
            "DELETE FROM ledger_entries; DELETE FROM ledger_transactions",
            "captured amount should be 77 and is 0",
        ),
        (
            "UPDATE payments SET status = 'failed' WHERE status = 'succeeded'",
            "the number of captures should be 0 and is 1",
        ),
        (
            "UPDATE payments SET status = 'failed' WHERE status = 'succeeded'",
            "history ends in succeeded",
        ),
        (
            "UPDATE payments SET status = 'succeeded' WHERE status = 'pending'",
            "captured amount should be 5 and is 0",
        ),
        (
            "UPDATE payments SET amount = 999 WHERE amount = 1000",
            "captured amount should be 999 and is 1000",
        ),
        (
            "UPDATE payments SET refunded = 399 WHERE amount = 1000",
            "sum of the refunds should be 399 and is 400",
        ),
        ("UPDATE refunds SET amount = 401", "sum of the refunds should be 400 and is 401"),
        ("DELETE FROM refunds", "sum of the refunds should be 400 and is 0"),
        ("DELETE FROM payments WHERE amount = 77", "the payment does not"),
        (
            "DELETE FROM payment_transitions WHERE to_status = 'partially_refunded'",
            "history ends in succeeded",
        ),
        (
            "UPDATE ledger_entries SET amount = 9223372036854775807",
            "all entries in EUR sum to 55340232221128654842",
        ),
    ] {
        tables.run(corruption).await.expect(corruption);
        let mut found = Vec::new();
        let report = app
            .payments
            .verify_ledger(&mut |discrepancy| found.push(discrepancy.to_string()))
            .await
            .expect("readable");
        assert!(!report.is_clean());
        assert_eq!(report.discrepancies, found.len() as u64);
        assert!(found.iter().any(|line| line.contains(finding)), "{corruption}: {found:#?}");
        restore(&tables).await;
        app.assert_books_agree().await;
    }
}

const TABLES: [&str; 5] =
    ["payments", "payment_transitions", "refunds", "ledger_transactions", "ledger_entries"];

/// Puts back what a corruption changed.
async fn restore(tables: &impl TableClient) {
    for table in TABLES {
        let statement = format!(
            "DELETE FROM {table};
             INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM copy_of_{table};"
        );
        tables.run(&statement).await.expect("restores");
    }
}

async fn only_payment(app: &App, person: &crate::harness::Person) -> String {
    let list = app.get(person, "/payments").await.expect(200);
    text(&list["data"][0]["reference"])
}

fn with_entries(entries: &str) -> String {
    let insert = if entries.is_empty() {
        String::new()
    } else {
        format!(
            "INSERT INTO ledger_entries (account, amount, currency, transaction_id, position)
             SELECT account, amount::bigint, currency, '01900000-0000-7000-8000-000000000002',
                 row_number() OVER ()
             FROM (VALUES {entries}) AS entry (account, amount, currency);"
        )
    };
    // A refund of its own, so that the posting itself is allowed.
    format!(
        "BEGIN;
         INSERT INTO refunds (id, payment_id, amount, created_at)
         SELECT '01900000-0000-7000-8000-000000000003', id, 1, now() FROM payments LIMIT 1;
         INSERT INTO ledger_transactions (id, payment_id, refund_id, occurred_at)
         SELECT '01900000-0000-7000-8000-000000000002', payment_id, id, now()
         FROM refunds WHERE id = '01900000-0000-7000-8000-000000000003';
         {insert}
         COMMIT;"
    )
}
