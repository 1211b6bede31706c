//! What the envelope promises: only the right key at the right place opens, rotation loses
//! nothing, the file is private, and nothing that can be printed shows a secret.

use std::os::unix::fs::PermissionsExt as _;

use marquis_envelope::{DataKey, EnvelopeError, Keyring, KeyringError, Place};
use marquis_kernel::Secret;
use proptest::prelude::*;
use uuid::Uuid;

fn keyring() -> Keyring {
    Keyring::parse(Keyring::generate().expose()).expect("valid")
}

fn rotated(old: &str) -> String {
    let next = Keyring::generate();
    format!("{old}# the second\n2:{}", next.expose().strip_prefix("1:").expect("one version"))
}

const OWNER: Uuid = Uuid::from_u128(7);
const PLACE: Place<'static> = Place::new("users.people", "email", OWNER);

proptest! {
    #[test]
    fn what_is_sealed_opens_and_nothing_else_does(
        plain in proptest::collection::vec(any::<u8>(), 0..300),
        flip in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let key = DataKey::generate();
        let sealed = key.seal(&PLACE, &plain);
        prop_assert_eq!(sealed.len(), plain.len() + 29);
        let opened = key.open(&PLACE, &sealed).expect("opens");
        prop_assert_eq!(opened.as_slice(), plain.as_slice());
        if plain.len() >= 8 {
            prop_assert!(!sealed.windows(plain.len()).any(|part| part == plain));
        }

        let mut changed = sealed.clone();
        let at = flip.index(changed.len());
        changed[at] ^= 1 << bit;
        prop_assert!(key.open(&PLACE, &changed).is_err());
        prop_assert!(key.open(&PLACE, &sealed[..at]).is_err());
        prop_assert_eq!(
            DataKey::generate().open(&PLACE, &sealed).unwrap_err(),
            EnvelopeError::DoesNotOpen
        );
        for elsewhere in [
            Place { table: "users.peoplee", column: "mail", ..PLACE },
            Place { column: "display_name", ..PLACE },
            Place { row: Uuid::from_u128(8), ..PLACE },
        ] {
            prop_assert_eq!(key.open(&elsewhere, &sealed).unwrap_err(), EnvelopeError::DoesNotOpen);
        }
    }

    #[test]
    fn wrapped_keys_survive_rotation_and_refuse_changes(
        flip in any::<prop::sample::Index>(), bit in 0_u8..8, owner in any::<u128>(),
    ) {
        let owner = Uuid::from_u128(owner);
        let first = Keyring::generate();
        let old = Keyring::parse(first.expose()).expect("valid");
        let both = Keyring::parse(&rotated(first.expose())).expect("valid");
        let (key, wrapped) = old.new_data_key(owner);
        let sealed = key.seal(&PLACE, b"private");

        prop_assert_eq!(old.rewrap(&wrapped, owner).expect("opens"), None);
        let again = both.rewrap(&wrapped, owner).expect("opens").expect("was old");
        prop_assert_eq!(both.rewrap(&again, owner).expect("opens"), None);
        prop_assert_eq!(old.unwrap(&again, owner).unwrap_err(), EnvelopeError::UnknownVersion(2));
        for wrapped in [&wrapped, &again] {
            let key = both.unwrap(wrapped, owner).expect("opens");
            let opened = key.open(&PLACE, &sealed).expect("opens");
            prop_assert_eq!(opened.as_slice(), b"private");
            let mut changed = wrapped.clone();
            let at = flip.index(changed.len());
            changed[at] ^= 1 << bit;
            prop_assert!(both.unwrap(&changed, owner).is_err());
            prop_assert!(both.unwrap(&wrapped[..at], owner).is_err());
            let other = Uuid::from_u128(owner.as_u128().wrapping_add(1));
            prop_assert!(both.unwrap(wrapped, other).is_err());
        }
    }

    #[test]
    fn blind_indexes_agree_only_for_equal_values_of_one_field(
        one in "[a-z]{1,12}@[a-z]{1,8}", other in "[a-z]{1,12}@[a-z]{1,8}",
    ) {
        let first = Keyring::generate();
        let old = Keyring::parse(first.expose()).expect("valid");
        let both = Keyring::parse(&rotated(first.expose())).expect("valid");
        let index = old.blind_index("email", &one);
        prop_assert_eq!(index, old.blind_index("email", &one));
        prop_assert_eq!(index == old.blind_index("email", &other), one == other);
        prop_assert_ne!(index.digest, old.blind_index("emai", &format!("l{one}")).digest);
        prop_assert_ne!(index.digest, keyring().blind_index("email", &one).digest);
        // An index of before the rotation is still found.
        let known = both.blind_indexes("email", &one);
        prop_assert_eq!(known.len(), 2);
        prop_assert_eq!(known[0], both.blind_index("email", &one));
        prop_assert_eq!(known[1], index);
    }
}

#[test]
fn nothing_that_prints_shows_a_key_or_a_plaintext() {
    let text = Keyring::generate();
    let secret = text.expose().trim().strip_prefix("1:").expect("version 1").to_owned();
    let ring = Keyring::parse(text.expose()).expect("valid");
    let (key, wrapped) = ring.new_data_key(OWNER);
    let sealed = key.seal(&PLACE, b"alice@example.org");
    let wrong = Place { column: "phone", ..PLACE };
    let error = key.open(&wrong, &sealed).expect_err("another place");
    for shown in [
        format!("{ring:?}"),
        format!("{key:?}"),
        format!("{error:?} {error}"),
        format!("{:?}", Keyring::parse(&format!("1:{secret}!")).expect_err("not base64")),
        format!("{:?}", Keyring::parse(&secret).expect_err("no version")),
    ] {
        assert!(!shown.contains(&secret) && !shown.contains("alice"), "{shown}");
    }
    assert_eq!(wrapped.len(), 65);
    assert_eq!(key.open_text(&PLACE, &sealed).expect("opens"), "alice@example.org");
    let bytes = key.seal(&PLACE, &[0xff, 0xfe]);
    assert_eq!(key.open_text(&PLACE, &bytes), Err(EnvelopeError::NotText));
}

#[test]
fn keyrings_that_cannot_be_right_are_refused_by_line() {
    let good = Keyring::generate();
    let good = good.expose().trim();
    for (text, line) in [
        (format!("\n{good}\n{good}"), 3),
        (good.replace("1:", "0:"), 1),
        (good.replace("1:", "one:"), 1),
        (good.replace(':', " "), 1),
        (good[..30].to_owned(), 1),
        (format!("{good}A"), 1),
    ] {
        match Keyring::parse(&text) {
            Err(KeyringError::Line { line: found, .. }) => assert_eq!(found, line),
            other => panic!("{other:?}"),
        }
    }
    for empty in ["", "\n\n", "# nothing"] {
        assert!(matches!(Keyring::parse(empty), Err(KeyringError::Empty)));
    }
}

#[test]
fn the_file_is_made_once_kept_private_and_grows_by_versions() {
    let directory = tempfile::tempdir().expect("directory");
    let data = directory.path().join("data");
    let unset = Secret::default();
    let rings: Vec<Keyring> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| Keyring::open(&data, &Secret::default()))).collect();
        threads.into_iter().map(|one| one.join().expect("thread").expect("opens")).collect()
    });
    let (_, wrapped) = rings[0].new_data_key(OWNER);
    assert!(rings.iter().all(|ring| ring.unwrap(&wrapped, OWNER).is_ok()));
    let file = data.join("secrets/personal_data_keys");
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("exists").permissions().mode() & 0o777
    };
    assert_eq!((mode(&file), mode(&data.join("secrets"))), (0o600, 0o700));

    let grown = Keyring::add_version(&data).expect("grows");
    assert_eq!((rings[0].current_version(), grown.current_version()), (1, 2));
    let reopened = Keyring::open(&data, &unset).expect("opens");
    assert_eq!(reopened.current_version(), 2);
    let rewrapped = reopened.rewrap(&wrapped, OWNER).expect("opens").expect("was old");
    assert!(grown.unwrap(&rewrapped, OWNER).is_ok());
    assert_eq!(mode(&file), 0o600);
    assert_eq!(std::fs::read_dir(data.join("secrets")).expect("directory").count(), 1);

    // A configured keyring wins, and an emptied file is not quietly replaced.
    let configured = Keyring::open(&data, &Keyring::generate()).expect("opens");
    assert!(configured.unwrap(&wrapped, OWNER).is_err());
    std::fs::write(&file, "").expect("file");
    assert!(matches!(Keyring::open(&data, &unset), Err(KeyringError::Empty)));
}

#[test]
fn a_shared_master_key_makes_the_first_version() {
    let master = Secret::new("a master key of an installation, long enough");
    let derived = Keyring::of_master_key(&master, &Secret::default()).expect("a keyring");
    assert_eq!(derived.current_version(), 1);
    let (_, wrapped) = derived.new_data_key(OWNER);

    // Every node derives the same, and another installation does not.
    let elsewhere = Keyring::of_master_key(&master, &Secret::default()).expect("a keyring");
    assert!(elsewhere.unwrap(&wrapped, OWNER).is_ok());
    let other = Secret::new("a master key of another installation, as long");
    let foreign = Keyring::of_master_key(&other, &Secret::default()).expect("a keyring");
    assert!(foreign.unwrap(&wrapped, OWNER).is_err());

    // A later version is added by configuring it.
    let second = Keyring::generate().expose().replacen("1:", "2:", 1);
    let rotated = Keyring::of_master_key(&master, &Secret::new(second)).expect("a keyring");
    assert_eq!(rotated.current_version(), 2);
    assert!(rotated.rewrap(&wrapped, OWNER).expect("opens").is_some());
}
