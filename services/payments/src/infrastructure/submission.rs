//! The job that hands a new payment to the provider.

use async_trait::async_trait;
use marquis_database::jobs::{Handler, Job, JobError, NewJob};
use marquis_kernel::Clock;
use serde_json::json;

use crate::application::submit_payment::{JOB, SubmitPayment};
use crate::domain::PaymentReference;

/// A job that submits a payment.
pub(super) fn job(reference: PaymentReference, clock: &dyn Clock) -> NewJob {
    NewJob::new(clock, JOB, json!({"reference": reference.to_string()}))
}

/// Runs [`SubmitPayment`] for each job.
#[derive(Debug)]
pub struct SubmissionHandler(pub SubmitPayment);

#[async_trait]
impl Handler for SubmissionHandler {
    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let reference = job.payload["reference"].as_str().and_then(|text| text.parse().ok());
        match reference {
            Some(reference) => Ok(self.0.run(reference).await?),
            None => Err(JobError::GiveUp("the job names no payment".into())),
        }
    }
}
