//! Every way to fail is provoked through the program: which test does it for which.
//!
//! The tables are held against the enums in `src/error/`: a new variant without a test, or
//! a test that was renamed, fails here.

use std::fs;
use std::path::Path;

use crate::provoked::{self, BLOBS, CERTIFICATES, CONTENTS, SELECTIONS};

/// The variants of `Error` and the test that provokes each.
const ERRORS: [(&str, &str); 38] = [
    ("Blob", provoked::BLOB),
    ("Certificate", provoked::CERTIFICATE),
    (
        "ClaimedDirectory",
        "files::a_directory_of_another_set_is_refused",
    ),
    (
        "CloudChanged",
        "cloud_changes::a_changed_login_host_is_refused_until_an_operator_accepts_it",
    ),
    (
        "CloudUnknown",
        "clouds::a_cloud_that_was_never_asked_is_told_and_nothing_is_sent",
    ),
    (
        "Config",
        "checks::what_stops_the_run_is_told_with_line_and_column",
    ),
    ("Content", provoked::TEXT),
    (
        "Credential",
        "credentials::a_wrong_credential_is_refused_before_any_request",
    ),
    ("Deadline", "network::the_deadline_ends_a_run"),
    ("Disk", "disk::a_full_disk_keeps_last_good_and_is_74"),
    (
        "Early",
        "missing::a_secret_that_is_not_valid_yet_keeps_the_live_version",
    ),
    (
        "ForeignFile",
        "files::a_foreign_file_is_named_and_left_alone",
    ),
    (
        "Hook",
        "hooks::a_failing_hook_is_pending_and_tried_first_without_fetching",
    ),
    ("Internal", EXCUSED),
    (
        "Locked",
        "quiet_runs::a_second_run_waits_for_the_lock_and_names_its_holder",
    ),
    (
        "ManagedIdentity",
        "managed_identity::an_identity_that_is_not_assigned_is_told_with_its_next_step",
    ),
    (
        "Missing",
        "missing::what_was_never_there_fails_the_set_or_is_left_out",
    ),
    (
        "MissingOnce",
        "missing::what_was_delivered_is_missed_only_after_two_runs",
    ),
    (
        "Network",
        "network::a_closed_port_is_a_matter_of_the_network",
    ),
    (
        "NewerFormat",
        "files::state_of_a_later_release_is_left_untouched",
    ),
    (
        "NoRoots",
        "tls::a_device_without_a_bundle_is_told_to_install_one",
    ),
    (
        "NoSystemd",
        "hooks::units_without_systemd_are_told_by_check_and_by_the_hook",
    ),
    (
        "NothingOnDisk",
        "quiet_runs::offline_needs_no_network_and_heals",
    ),
    ("Person", END_OF_SIGN_IN),
    (
        "Proxy",
        "proxies::wrong_credentials_are_told_apart_from_a_forbidden_host",
    ),
    (
        "Refused",
        "refusals::each_denial_has_its_own_sentence_and_next_step",
    ),
    ("Reply", "network::what_does_not_pass_is_told_at_once"),
    (
        "RequestsSpent",
        "network::what_missed_out_on_the_budget_goes_first_next_time",
    ),
    ("Selection", provoked::SELECTION),
    (
        "ServerBusy",
        "network::a_long_retry_after_is_not_waited_for",
    ),
    (
        "SignInRefused",
        "sign_in_refusals::an_unregistered_certificate_is_told",
    ),
    (
        "Tls",
        "tls::a_server_that_is_not_the_one_meant_is_told_by_its_certificate",
    ),
    ("TokenRefused", "token::what_refuses_a_token_says_why"),
    (
        "UnfitImage",
        "images::everything_that_is_wrong_in_an_image_is_told_at_once",
    ),
    (
        "UnsafeDirectory",
        "files::a_directory_that_others_can_change_is_refused_with_its_rule",
    ),
    ("Usage", "command_line::a_wrong_command_line_is_64_and_told"),
    (
        "WouldNeedChown",
        "disk::an_owner_that_this_user_cannot_give_is_refused_before_any_request",
    ),
    (
        "WrongClock",
        "doctor_device::a_device_in_1970_is_told_and_goes_on",
    ),
];

/// The variants of `CredentialProblem`.
const CREDENTIALS: [(&str, &str); 20] = [
    ("BadCertificate", WRONG_CREDENTIAL),
    ("BadKey", WRONG_CREDENTIAL),
    ("EllipticKey", WRONG_CREDENTIAL),
    ("Empty", WRONG_CREDENTIAL),
    ("EncryptedKey", WRONG_CREDENTIAL),
    (
        "Incomplete",
        "environment::what_is_lacking_or_wrong_is_named_before_any_request",
    ),
    ("KeyOfAnotherCertificate", WRONG_CREDENTIAL),
    ("KeySize", "credentials::a_small_rsa_key_is_refused"),
    (
        "Missing",
        "credentials::a_missing_credential_is_66_and_a_directory_is_none",
    ),
    ("NoCertificate", WRONG_CREDENTIAL),
    ("NoKey", WRONG_CREDENTIAL),
    ("NoToken", WRONG_TOKEN),
    (
        "NotAFile",
        "credentials::a_missing_credential_is_66_and_a_directory_is_none",
    ),
    (
        "OtherAuthority",
        "environment::an_authority_of_another_cloud_is_refused_before_any_request",
    ),
    (
        "OtherOwner",
        "credentials::a_credential_of_another_user_or_out_of_reach_is_refused",
    ),
    ("ReadableByOthers", WRONG_CREDENTIAL),
    ("TokenAlgorithm", WRONG_TOKEN),
    ("TokenExpired", WRONG_TOKEN),
    ("TooLong", WRONG_CREDENTIAL),
    (
        "Unreadable",
        "credentials::a_credential_of_another_user_or_out_of_reach_is_refused",
    ),
];

/// The variants of `ManagedIdentityProblem`.
const MANAGED_IDENTITIES: [(&str, &str); 12] = [
    (
        "Challenge",
        "arc::a_challenge_that_breaks_a_rule_is_not_answered",
    ),
    (
        "KeyUnreadable",
        "arc::a_key_that_this_user_cannot_read_says_which_group_to_join",
    ),
    (
        "LeftOut",
        "managed_identity::a_local_sign_decides_without_a_request_to_anybody_else",
    ),
    (
        "NoEndpoint",
        "managed_identity::what_is_not_azures_endpoint_is_told_at_once",
    ),
    (
        "NotAssigned",
        "managed_identity::an_identity_that_is_not_assigned_is_told_with_its_next_step",
    ),
    (
        "NotEchoed",
        "arc::an_old_agent_of_arc_does_not_pass_for_the_chosen_identity",
    ),
    (
        "OtherAudience",
        "managed_identity::a_token_for_another_audience_is_not_used",
    ),
    (
        "Refused",
        "managed_identity::any_other_refusal_and_a_reply_without_a_token_are_told",
    ),
    (
        "SeveralAssigned",
        "managed_identity::several_identities_without_a_choice_are_told",
    ),
    (
        "Unusable",
        "managed_identity::any_other_refusal_and_a_reply_without_a_token_are_told",
    ),
    (
        "Variable",
        "managed_identity::variables_that_are_missing_or_lead_off_the_machine_are_told_before_any_request",
    ),
    (
        "WrongSelector",
        "managed_identity::azure_ml_may_name_the_identity_that_it_means",
    ),
];

/// The variants of `PersonProblem`.
const PERSONS: [(&str, &str); 4] = [
    (
        "Absent",
        "device_code::a_run_without_the_person_says_so_before_any_request",
    ),
    ("CodeUnknown", END_OF_SIGN_IN),
    ("Declined", END_OF_SIGN_IN),
    ("Expired", END_OF_SIGN_IN),
];

/// The variants of `RefusalCause`.
const REFUSALS: [(&str, &str); 11] = [
    (
        "ChallengeMismatch",
        "refusals::a_hostile_challenge_gets_no_second_request",
    ),
    ("Connection", DENIAL),
    (
        "Disabled",
        "refusals::a_disabled_version_keeps_the_live_one",
    ),
    ("Firewall", DENIAL),
    (
        "InvalidAudience",
        "refusals::an_invalid_audience_says_that_the_cloud_is_wrong",
    ),
    (
        "InvalidIssuer",
        "refusals::a_vault_of_another_tenant_is_named",
    ),
    (
        "Other",
        "refusals::a_refusal_without_a_code_is_told_with_its_status",
    ),
    ("Policy", DENIAL),
    ("Role", DENIAL),
    (
        "TokenExpired",
        "refusals::a_fresh_token_that_the_vault_calls_expired_is_a_matter_of_clocks",
    ),
    (
        "UnknownSigningKey",
        "refusals::an_unknown_signing_key_is_a_matter_of_the_cloud",
    ),
];

/// The variants of `TlsProblem`: why a server's certificate or handshake is not accepted.
const TLS_PROBLEMS: [(&str, &str); 6] = [
    (
        "Expired",
        "tls::a_server_that_is_not_the_one_meant_is_told_by_its_certificate",
    ),
    (
        "Incompatible",
        "tls::what_answers_without_fitting_tls_is_told",
    ),
    (
        "NameMismatch",
        "tls::a_server_that_is_not_the_one_meant_is_told_by_its_certificate",
    ),
    (
        "NotYetValid",
        "tls::a_server_that_is_not_the_one_meant_is_told_by_its_certificate",
    ),
    ("Other", "tls::what_answers_without_fitting_tls_is_told"),
    (
        "UnknownIssuer",
        "tls::a_server_that_is_not_the_one_meant_is_told_by_its_certificate",
    ),
];

/// The variants of `Phase`: how far a conversation came.
const PHASES: [(&str, &str); 5] = [
    (
        "Connect",
        "network::a_closed_port_is_a_matter_of_the_network",
    ),
    ("Dns", "network::a_name_without_an_address_is_told_as_dns"),
    (
        "Exchange",
        "network::a_reply_that_drips_is_given_up_at_the_timeout",
    ),
    ("Proxy", "proxies::a_proxy_that_fails_or_hangs_may_pass"),
    ("Tls", "tls::a_handshake_that_is_cut_is_told"),
];

/// The exit codes.
const EXIT_CODES: [(&str, &str); 11] = [
    (
        "0",
        "main_job::delivers_secrets_and_touches_nothing_when_nothing_changed",
    ),
    ("64", "command_line::a_wrong_command_line_is_64_and_told"),
    ("65", "network::what_does_not_pass_is_told_at_once"),
    (
        "66",
        "missing::what_was_never_there_fails_the_set_or_is_left_out",
    ),
    (
        "69",
        "staleness::an_outage_within_max_stale_is_75_and_past_it_69",
    ),
    ("70", EXCUSED),
    ("73", "files::a_foreign_file_is_named_and_left_alone"),
    ("74", "disk::a_full_disk_keeps_last_good_and_is_74"),
    (
        "75",
        "staleness::an_outage_within_max_stale_is_75_and_past_it_69",
    ),
    (
        "77",
        "refusals::each_denial_has_its_own_sentence_and_next_step",
    ),
    (
        "78",
        "checks::what_stops_the_run_is_told_with_line_and_column",
    ),
];

#[test]
fn every_way_to_fail_is_provoked() {
    for (file, name, table) in [
        ("mod", "Error", &ERRORS[..]),
        ("blob", "BlobProblem", &BLOBS),
        ("certificate", "CertificateProblem", &CERTIFICATES),
        ("content", "ContentProblem", &CONTENTS),
        ("credential", "CredentialProblem", &CREDENTIALS),
        ("managed", "ManagedIdentityProblem", &MANAGED_IDENTITIES),
        ("network", "Phase", &PHASES),
        ("person", "PersonProblem", &PERSONS),
        ("refusal", "RefusalCause", &REFUSALS),
        ("selection", "SelectionProblem", &SELECTIONS),
        ("network", "TlsProblem", &TLS_PROBLEMS),
    ] {
        let listed: Vec<&str> = table.iter().map(|(variant, _)| *variant).collect();
        let mut variants = variants(file, name);
        variants.sort();
        assert_eq!(variants, listed, "{name} and its table");
    }
}

#[test]
fn the_tests_of_the_tables_are_there() {
    let tables = [
        &ERRORS[..],
        &BLOBS,
        &CERTIFICATES,
        &CONTENTS,
        &CREDENTIALS,
        &MANAGED_IDENTITIES,
        &PERSONS,
        &PHASES,
        &REFUSALS,
        &SELECTIONS,
        &TLS_PROBLEMS,
        &EXIT_CODES,
    ];
    for (what, test) in tables
        .into_iter()
        .flatten()
        .filter(|(_, test)| *test != EXCUSED)
    {
        let (module, function) = test.split_once("::").unwrap();
        let text = read(&format!("tests/behaviour/{module}.rs"));
        let declared = format!("#[test]\nfn {function}() {{");
        assert!(text.contains(&declared), "{what}: there is no {test}");
    }
}

/// The names of the variants of an enum in `src/error/`, as they stand in the text.
fn variants(file: &str, name: &str) -> Vec<String> {
    let text = read(&format!("src/error/{file}.rs"));
    let (_, body) = text.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let variant = |line: &str| {
        let word = line
            .strip_prefix("    ")
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))?;
        Some(word.split([' ', '(', ',', '{']).next().unwrap().to_owned())
    };
    body.lines().filter_map(variant).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A bug of ours told instead of a panic: if a test could provoke one, it would be mended.
pub const EXCUSED: &str = "excused";
const DENIAL: &str = "refusals::each_denial_has_its_own_sentence_and_next_step";
const WRONG_CREDENTIAL: &str = "credentials::a_wrong_credential_is_refused_before_any_request";
const END_OF_SIGN_IN: &str =
    "device_code::each_end_of_a_sign_in_has_its_own_sentence_and_next_step";
const WRONG_TOKEN: &str = "federated::a_token_that_would_be_refused_never_leaves_the_device";
