//! The installations that tests share. They end with the test binary.

use marquis_tests::database::EmptyDatabase;
use marquis_tests::{Installation, Settings, Split};
use tokio::sync::OnceCell;

/// Secret of webhooks in the scheme Standard Webhooks: `whsec_` and these bytes in base64.
pub const WEBHOOK_KEY: &[u8] = b"an end-to-end webhook key";
/// Secret of webhooks in Stripe's scheme.
pub const STRIPE_SECRET: &str = "an-end-to-end-stripe-secret";

/// One process.
pub async fn up() -> &'static Installation {
    static UP: OnceCell<Installation> = OnceCell::const_new();
    UP.get_or_init(|| async {
        let toml = format!(
            "[payments.webhooks]\nsecrets = [\"{}\"]\nstripe_secrets = [\"{STRIPE_SECRET}\"]\n\
             [gateway.limits]\nheader_timeout = \"2s\"\nbody_timeout = \"2s\"\n",
            webhook_secret()
        );
        Installation::start_with(Settings { toml, ..Settings::default() }).await
    })
    .await
}

/// One process without its firewall: what the services themselves make of bad input.
pub async fn unguarded() -> &'static Installation {
    static UNGUARDED: OnceCell<Installation> = OnceCell::const_new();
    UNGUARDED
        .get_or_init(|| async {
            let toml = "[gateway.waf]\nengine = \"off\"\n\
                        [gateway.limits]\nheader_timeout = \"2s\"\nbody_timeout = \"2s\"\n";
            Installation::start_with(Settings { toml: toml.to_owned(), ..Settings::default() })
                .await
        })
        .await
}

/// Several processes on two databases.
pub async fn split() -> &'static Split {
    static SPLIT: OnceCell<(Split, [EmptyDatabase; 2])> = OnceCell::const_new();
    let (split, _) = SPLIT
        .get_or_init(|| async {
            let databases =
                [EmptyDatabase::create("auth").await, EmptyDatabase::create("payments").await];
            (Split::start(&databases[0].url(), &databases[1].url()).await, databases)
        })
        .await;
    split
}

/// [`WEBHOOK_KEY`] as it is written in a configuration.
pub fn webhook_secret() -> String {
    use base64::Engine as _;
    format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(WEBHOOK_KEY))
}
