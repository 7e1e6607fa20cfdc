"""The keys among the recordings, as PEM and as JSON Web Key, read by openssl and by Python."""

import base64
import json

from certificates import openssl
from replaying import read_body

# What RFC 7638 hashes of a key.
MEMBERS = {"EC": ["crv", "kty", "x", "y"], "RSA": ["e", "kty", "n"]}
CURVES = {"P-256": b"prime256v1", "P-384": b"secp384r1", "P-521": b"secp521r1"}


def replay(site):
    entries = [entry for entry in site.of("key", "mhsm") if "key" in read_body(entry)]
    for entry in entries:
        with site.replay("--token", "token-v2-01", rewrite=False) as server:
            replay_key(site, server, entry)


def replay_key(site, server, entry):
    key = read_body(entry)["key"]
    name, version = f"replay-{entry['id']}", key["kid"].rsplit("/", 1)[1]
    files = {
        "default": {"key": name},
        "pem": {"key": name, "part": "pem"},
        "jwk": {"key": name, "part": "jwk"},
    }
    run = site.sync(server, files)
    site.results.check(entry, run, {0})
    site.results.claim(entry, "both parts come with one request", len(server.asked()) == 1, run)
    found = site.delivered()
    site.results.claim(entry, "all files are delivered", sorted(found) == sorted(files), run)
    site.results.claim(entry, "pem is the default", found.get("default") == found.get("pem"))
    site.results.claim(entry, "jwk is the public part", is_public_part(found.get("jwk", b"{}"), key))
    site.results.claim(entry, "openssl reads the key out of pem", is_read(found.get("pem", b""), key))
    pinned = {part: {**source, "version": version} for part, source in files.items()}
    run = site.sync(server, pinned)
    site.results.check(entry, run, {0})
    site.results.claim(entry, "a version is the same", site.delivered() == found, run)
    run = site.sync(server, {"file": {"key": name, "version": version[::-1]}})
    site.results.check(entry, run, {65})


def is_public_part(text, key):
    kind = key["kty"].replace("-HSM", "")
    recorded = {**key, "kty": kind}
    wanted = [(member, recorded[member]) for member in MEMBERS[kind]]
    # As pairs: the order counts, too.
    return json.loads(text, object_pairs_hook=list) == wanted and text.endswith(b"}\n")


def is_read(pem, key):
    """Whether openssl finds the recorded numbers in it."""
    if "n" in key:
        modulus = openssl(pem, "rsa", "-pubin", "-noout", "-modulus") or b""
        exponent = b"Exponent: %d " % int.from_bytes(number(key["e"]), "big")
        text = openssl(pem, "pkey", "-pubin", "-noout", "-text") or b""
        return modulus.strip() == b"Modulus=" + number(key["n"]).hex().upper().encode() and exponent in text
    der = openssl(pem, "pkey", "-pubin", "-pubcheck", "-outform", "DER") or b""
    text = openssl(pem, "ec", "-pubin", "-noout", "-text") or b""
    return der.endswith(b"\x04" + number(key["x"]) + number(key["y"])) and CURVES[key["crv"]] in text


def number(text):
    return base64.urlsafe_b64decode(text + "==")
