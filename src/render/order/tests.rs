//! Every order and every gap.

use crate::config::CertificatePart;
use crate::error::CertificateProblem;
use crate::render::workshop::{value, Order, Workshop, ANONYMOUS, AUTHORITY, LEAF};
use crate::render::Chain;

/// The common names of what is delivered as `chain`, and the warnings.
fn read(workshop: &Workshop, names: &[&str]) -> (String, String) {
    let chain = Chain::read(&value(&workshop.text(names))).unwrap();
    let made = chain.part(CertificatePart::Chain).unwrap();
    let mut order = Vec::new();
    for one in made
        .expose_str()
        .unwrap()
        .split_inclusive("-----END CERTIFICATE-----\n")
    {
        workshop.put("delivered.pem", one.as_bytes());
        let subject = workshop.openssl("x509 -in delivered.pem -noout -subject -nameopt multiline");
        order.push(subject.split("= ").nth(1).unwrap().trim().to_owned());
    }
    (order.join(" "), chain.warnings().join("; "))
}

fn problem(workshop: &Workshop, names: &[&str]) -> CertificateProblem {
    Chain::read(&value(&workshop.text(names))).unwrap_err()
}

/// An authority by the name of `subject`.
fn authority<'a>(name: &'a str, subject: &'a str, issuer: Option<&'a str>) -> Order<'a> {
    Order {
        name,
        subject,
        issuer,
        days: 30,
        extensions: AUTHORITY,
    }
}

/// A leaf of that issuer.
fn leaf<'a>(name: &'a str, issuer: &'a str, days: u32) -> Order<'a> {
    Order {
        name,
        subject: name,
        issuer: Some(issuer),
        days,
        extensions: LEAF,
    }
}

fn permutations(items: &[&'static str]) -> Vec<Vec<&'static str>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(place);
        for mut permutation in permutations(&rest) {
            permutation.push(item);
            all.push(permutation);
        }
    }
    all
}

#[test]
fn every_order_gives_the_same_chain() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    let sorted = ["leaf.key", "leaf.pem", "lower.pem", "upper.pem", "root.pem"];
    let bundle = |names: &[&str]| {
        let chain = Chain::read(&value(&workshop.text(names))).unwrap();
        assert_eq!(chain.warnings(), [""; 0], "{names:?}");
        let made = chain.part(CertificatePart::Bundle).unwrap();
        made.expose_str().unwrap().to_owned()
    };
    let all = permutations(&sorted);
    assert_eq!(all.len(), 120);
    for names in all {
        assert_eq!(bundle(&names), workshop.text(&sorted), "{names:?}");
    }
    // Without key, the leaf is found by elimination.
    for names in permutations(&["leaf.pem", "lower.pem", "upper.pem"]) {
        let order = "leaf lower upper".to_owned();
        assert_eq!(read(&workshop, &names), (order, String::new()), "{names:?}");
    }
}

#[test]
fn a_gap_is_told_and_what_it_cuts_off_is_dropped() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    let gap = |above: &str, issuer: &str| {
        format!("has a gap above CN={above}: its issuer, CN={issuer}, is not there")
    };
    let stranger = |name: &str| format!("holds a stranger, CN={name}, which is dropped");
    let told = |parts: &[String]| parts.join("; ");
    for (names, order, warnings) in [
        // A root that is missing is usual.
        (
            &["leaf", "lower", "upper"][..],
            "leaf lower upper",
            told(&[]),
        ),
        (&["leaf", "lower"], "leaf lower", told(&[])),
        (&["leaf"], "leaf", told(&[gap("leaf", "lower")])),
        (
            &["upper", "leaf"],
            "leaf",
            told(&[gap("leaf", "lower"), stranger("upper")]),
        ),
        (
            &["root", "leaf", "lower"],
            "leaf lower",
            told(&[gap("lower", "upper"), stranger("root")]),
        ),
    ] {
        let files: Vec<String> = names.iter().map(|name| format!("{name}.pem")).collect();
        let mut files: Vec<&str> = files.iter().map(String::as_str).collect();
        files.push("leaf.key");
        assert_eq!(
            read(&workshop, &files),
            (order.to_owned(), warnings),
            "{names:?}"
        );
    }
}

#[test]
fn a_stranger_is_dropped_and_a_twin_is_no_stranger() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    workshop.make(authority("other", "other", None));
    let names = [
        "leaf.pem",
        "leaf.key",
        "lower.pem",
        "leaf.pem",
        "leaf.key",
        "lower.pem",
    ];
    assert_eq!(
        read(&workshop, &names),
        ("leaf lower".to_owned(), String::new())
    );
    let names = [
        "other.pem",
        "leaf.key",
        "root.pem",
        "leaf.pem",
        "lower.pem",
        "upper.pem",
    ];
    let (order, warnings) = read(&workshop, &names);
    assert_eq!(order, "leaf lower upper root");
    assert_eq!(warnings, "holds a stranger, CN=other, which is dropped");
}

#[test]
fn a_key_decides_which_pair_is_meant() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make(authority("root", "root", None));
    workshop.make(leaf("one", "root", 30));
    workshop.make(leaf("two", "root", 30));
    let dropped = "holds a private key of no certificate in it, which is dropped";
    for names in permutations(&["one.key", "two.key", "one.pem", "root.pem"]) {
        let wanted = ("one root".to_owned(), dropped.to_owned());
        assert_eq!(read(&workshop, &names), wanted, "{names:?}");
    }
    let both = ["one.key", "two.key", "one.pem", "two.pem", "root.pem"];
    assert_eq!(problem(&workshop, &both), CertificateProblem::SeveralKeys);
    let none = ["one.key", "two.pem", "root.pem"];
    assert_eq!(
        problem(&workshop, &none),
        CertificateProblem::KeyOfAnotherCertificate
    );
    let many = ["two.pem", "one.pem", "root.pem"];
    assert_eq!(problem(&workshop, &many), CertificateProblem::SeveralLeaves);
}

#[test]
fn of_certificates_of_one_key_the_issued_and_then_the_longest_is_the_leaf() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make(authority("root", "root", None));
    workshop.make(leaf("old", "root", 10));
    // A renewal that kept the key, and the certificate that signed itself before the merge.
    for name in ["new", "own"] {
        workshop.put(&format!("{name}.key"), &workshop.bytes("old.key"));
    }
    workshop.make(leaf("new", "root", 20));
    workshop.make(authority("own", "own", None));
    for names in permutations(&["old.key", "old.pem", "new.pem", "own.pem", "root.pem"]) {
        assert_eq!(read(&workshop, &names).0, "new root", "{names:?}");
    }
    let (order, warnings) = read(&workshop, &["own.pem", "old.key"]);
    assert_eq!((order.as_str(), warnings.as_str()), ("own", ""));
}

#[test]
fn of_issuers_of_one_name_the_key_identifier_decides_then_the_longest() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make(authority("first", "authority", None));
    workshop.make(Order {
        days: 90,
        ..authority("second", "authority", None)
    });
    workshop.make(leaf("leaf", "first", 5));
    for names in permutations(&["leaf.key", "leaf.pem", "first.pem", "second.pem"]) {
        let chain = Chain::read(&value(&workshop.text(&names))).unwrap();
        let above = chain.part(CertificatePart::Ca).unwrap();
        assert_eq!(above.expose(), workshop.bytes("first.pem"), "{names:?}");
        assert_eq!(chain.warnings().len(), 1);
    }
    // Only the one that is not its issuer: another key's identifier, so it is a gap.
    let (order, warnings) = read(&workshop, &["leaf.key", "leaf.pem", "second.pem"]);
    assert_eq!(order, "leaf");
    assert!(warnings.starts_with("has a gap above CN=leaf: its issuer, CN=authority"));

    workshop.make(Order {
        extensions: ANONYMOUS,
        ..leaf("anonymous", "first", 5)
    });
    for names in permutations(&["anonymous.key", "anonymous.pem", "first.pem", "second.pem"]) {
        let chain = Chain::read(&value(&workshop.text(&names))).unwrap();
        let above = chain.part(CertificatePart::Ca).unwrap();
        assert_eq!(above.expose(), workshop.bytes("second.pem"), "{names:?}");
    }
}

#[test]
fn authorities_that_vouch_for_each_other_make_no_endless_chain() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make(authority("east", "east", None));
    workshop.make(authority("west", "west", None));
    for (name, subject, issuer) in [("east-west", "east", "west"), ("west-east", "west", "east")] {
        workshop.put(
            &format!("{name}.key"),
            &workshop.bytes(&format!("{subject}.key")),
        );
        workshop.make(authority(name, subject, Some(issuer)));
    }
    workshop.make(leaf("leaf", "east", 5));
    for names in permutations(&["leaf.key", "leaf.pem", "east-west.pem", "west-east.pem"]) {
        let wanted = ("leaf east west".to_owned(), String::new());
        assert_eq!(read(&workshop, &names), wanted, "{names:?}");
    }
    let cycle = ["east-west.pem", "west-east.pem"];
    assert_eq!(
        problem(&workshop, &cycle),
        CertificateProblem::SeveralLeaves
    );
}

#[test]
fn a_root_with_a_new_key_is_followed_to_the_old_one() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make(authority("old", "root", None));
    // The new key, signed with the old one, under the same name (RFC 4210, 4.4).
    workshop.make(authority("new-with-old", "root", Some("old")));
    workshop.make(leaf("leaf", "new-with-old", 5));
    let (order, warnings) = read(
        &workshop,
        &["leaf.key", "old.pem", "new-with-old.pem", "leaf.pem"],
    );
    assert_eq!((order.as_str(), warnings.as_str()), ("leaf root root", ""));
}
