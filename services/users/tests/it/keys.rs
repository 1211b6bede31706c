//! Renewing keys: nothing is lost, nobody waits, and the old keys can go.

use std::sync::Arc;

use marquis_envelope::Keyring;
use marquis_users::Renewal;
use serde_json::json;

use crate::harness::App;

#[tokio::test]
async fn old_keys_can_be_thrown_away_after_a_renewal() {
    let first = Keyring::generate().expose().to_owned();
    let second = Keyring::generate().expose().replacen("1:", "2:", 1);
    let ring = |text: &str| Arc::new(Keyring::parse(text).expect("valid"));
    let app = App::start_with(ring(&first)).await;
    let alice = app.known("alice").await;
    for index in 0..30 {
        app.known(&format!("person{index:02}")).await;
    }
    app.patch(&alice, "/users/me", &json!({"displayName": "Liddell"})).await.expect(200);

    let both = app.restarted_with(ring(&format!("{first}{second}")));
    let (alice, carol) = (
        both.named(alice.id, &[marquis_contracts::identity::Role::User]),
        both.known("carol").await,
    );
    // Meanwhile everything is found, whichever version it was made with.
    assert_eq!(both.get(&alice, "/users/me").await.expect(200)["displayName"], "Liddell");
    for email in ["alice@example.org", "person07@example.org", "carol@example.org"] {
        assert_eq!(both.names(&carol, &format!("search={email}")).await.1, 1, "{email}");
    }
    let renewed = both.users.renew_keys(false).await.expect("renews");
    assert_eq!(renewed, Renewal { keys: 31, indexes: 0 });
    assert_eq!(both.names(&carol, "search=alice@example.org").await.1, 1);
    let renewed = both.users.renew_keys(true).await.expect("renews");
    assert_eq!(renewed, Renewal { keys: 0, indexes: 31 });
    assert_eq!(both.users.renew_keys(true).await.expect("renews"), Renewal { keys: 0, indexes: 0 });

    let new = both.restarted_with(ring(&second));
    let alice = new.named(alice.id, &[marquis_contracts::identity::Role::User]);
    let own = new.get(&alice, "/users/me").await.expect(200);
    assert_eq!(
        (&own["email"], &own["displayName"]),
        (&json!("alice@example.org"), &json!("Liddell"))
    );
    assert_eq!(new.names(&alice, "search=person29@example.org").await.1, 1);
}
