//! Everything that can be wrong with what a vault holds, and the test that provokes it: tables
//! of `coverage`.

use crate::coverage::EXCUSED;

/// The variants of `BlobProblem`.
pub const BLOBS: [(&str, &str); 7] = [
    ("Archived", BLOB),
    (
        "BadMd5",
        "blobs::a_blob_with_wrong_bytes_is_refused_and_does_not_come_again",
    ),
    (
        "Changed",
        "blobs::a_blob_that_changes_while_it_comes_keeps_last_good_until_the_next_run",
    ),
    ("OldService", BLOB),
    (
        "OtherSha256",
        "blobs::another_digest_than_pinned_is_refused_until_the_pin_is_changed",
    ),
    ("Rehydrating", BLOB),
    (
        "TooLarge",
        "blobs::a_large_blob_is_refused_before_a_byte_of_it",
    ),
];

/// The variants of `CertificateProblem`.
pub const CERTIFICATES: [(&str, &str); 16] = [
    ("BadCertificate", CERTIFICATE),
    ("BadKey", CERTIFICATE),
    ("BadPublicKey", KEY),
    ("EncryptedKey", CERTIFICATE),
    ("FlattenedPem", CERTIFICATE),
    ("KeyAlgorithm", CERTIFICATE),
    ("KeyKind", KEY),
    (
        "KeyOfAnotherCertificate",
        "certificates::a_key_of_another_certificate_keeps_last_good",
    ),
    ("KeyWithoutPublicPart", CERTIFICATE),
    ("NoCertificate", CERTIFICATE),
    ("NoIssuer", CERTIFICATE),
    (
        "NoKey",
        "certificates::what_is_not_exportable_is_delivered_but_for_the_key",
    ),
    ("Pem", CERTIFICATE),
    (
        "Pkcs12",
        "certificate_versions::a_vault_that_does_not_convert_says_what_can_be_done",
    ),
    ("SeveralKeys", CERTIFICATE),
    ("SeveralLeaves", CERTIFICATE),
];

/// The variants of `ContentProblem`.
pub const CONTENTS: [(&str, &str); 12] = [
    ("Absent", TEXT),
    ("BadEncoding", TEXT),
    ("BadJson", TEXT),
    ("NoText", TEXT),
    ("NoValue", EXCUSED),
    ("Null", TEXT),
    ("TooLong", COMPOSITION),
    ("Twice", TEXT),
    ("UnknownTag", TEXT),
    ("Unsayable", VARIABLE),
    ("ValueNoText", COMPOSITION),
    ("VariableTooLong", VARIABLE),
];

/// The variants of `SelectionProblem`.
pub const SELECTIONS: [(&str, &str); 4] = [
    (
        "Empty",
        "select_changes::a_selection_that_shrinks_to_nothing_is_refused_unless_it_may",
    ),
    ("SameFile", SELECTION),
    ("TooMany", SELECTION),
    ("UnfitName", SELECTION),
];

pub const BLOB: &str = "blobs::what_the_account_refuses_is_told_with_its_next_step";
pub const CERTIFICATE: &str =
    "certificate_problems::what_cannot_be_delivered_of_a_certificate_is_told_with_what_to_do";
pub const SELECTION: &str = "select::what_makes_a_selection_unusable_is_told_and_keeps_last_good";
pub const TEXT: &str =
    "texts::what_cannot_be_made_of_a_value_is_told_with_its_place_and_keeps_last_good";
const COMPOSITION: &str = "compose::what_cannot_be_put_together_keeps_last_good";
const KEY: &str = "keys::what_has_no_public_part_for_others_is_refused_by_its_kind";
const VARIABLE: &str = "env_files::what_cannot_be_said_fails_the_set_and_keeps_last_good";
