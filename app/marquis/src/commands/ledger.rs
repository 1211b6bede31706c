//! `marquis payments`: look after the books.

use marquis_config::Config;
use marquis_payments::Payments;

use crate::cli::PaymentsCommand;
use crate::databases::{Cluster, Databases};
use crate::exit::{Code, Context as _, Failure, say};
use crate::node::Node;
use crate::services::{self, Verifier};

/// Runs one `payments` subcommand.
pub async fn run(config: Config, command: PaymentsCommand) -> Result<(), Failure> {
    let node = Node::commanding(config);
    let databases =
        Databases::open(&node, Cluster::OursOrRunning, &[marquis_payments::NAME]).await?;
    let outcome = async {
        let verifier = Verifier::configured(&node)?.shared();
        let payments = services::payments(&node, databases.of(marquis_payments::NAME)?, verifier)?;
        match command {
            PaymentsCommand::VerifyLedger => verify_ledger(&payments).await,
        }
    }
    .await;
    databases.close().await;
    outcome
}

async fn verify_ledger(payments: &Payments) -> Result<(), Failure> {
    let report = payments
        .verify_ledger(&mut |discrepancy| say(format_args!("  {discrepancy}")))
        .await
        .or_fail(Code::Unavailable, "the books could not be read to the end")?;
    say(format_args!(
        "{} payments and {} ledger entries read, {} discrepancies.",
        report.payments, report.entries, report.discrepancies
    ));
    if report.is_clean() {
        say("The ledger balances.");
        return Ok(());
    }
    Err(Failure::new(Code::No, "the ledger does not agree with the payments"))
}
