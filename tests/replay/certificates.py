"""The certificates among the recordings: all parts of those in PEM, the containers of the others."""

import base64
import ssl
import subprocess

from replaying import read_body

TOKEN = ("--token", "token-v2-01")
PARTS = ("cert", "chain", "key", "bundle")
NOT_CONVERTED = "came as PKCS#12, which this vault does not convert to PEM"


def replay(site):
    for entry in site.of("cert-secret-pem"):
        replay_pem(site, entry)
    for entry in site.of("cert-secret-pfx"):
        replay_pfx(site, entry)
        replay_unconverted(site, entry)


def replay_pem(site, entry):
    """One request gives all parts; each is what openssl reads in the recorded text."""
    files = {part: source(entry, part) for part in PARTS}
    with site.replay(*TOKEN, rewrite=False) as server:
        run = site.sync(server, files)
        site.results.check(entry, run, {0})
        site.results.claim(entry, "all parts come with one request", len(server.asked()) == 1, run)
        recorded, found = read_body(entry)["value"].encode(), site.delivered()
        site.results.claim(entry, "all parts are delivered", sorted(found) == sorted(PARTS), run)
        certificate, key = openssl(recorded, "x509", "-outform", "DER"), key_of(recorded)
        site.results.claim(entry, "openssl reads the recording", certificate and key)
        for part in ("cert", "chain"):
            same = found.get(part) == ssl.DER_cert_to_PEM_cert(certificate).encode()
            site.results.claim(entry, f"{part} is the certificate, byte for byte", same)
        pem = found.get("key", b"")
        site.results.claim(entry, "openssl reads the same key", key_of(pem) == key)
        same = section(pem, b"PRIVATE KEY") == section(recorded, b"PRIVATE KEY")
        site.results.claim(entry, "key is PKCS#8, byte for byte", same)
        site.results.claim(entry, "openssl checks the key", openssl(pem, "pkey", "-check", "-noout") == b"Key is valid\n")
        site.results.claim(entry, "key and certificate are a pair", are_a_pair(found.get("bundle", b"")))
        both = pem + found.get("chain", b"")
        site.results.claim(entry, "bundle is key and chain", found.get("bundle") == both)
        # By the clock that the reply shows, as by then.
        site.results.claim(entry, "it is not called expired", "expire" not in run.stderr, run)
        for part, sentence in (("ca", "holds no certificate above its leaf"), ("pfx", "came as PEM")):
            run = site.sync(server, {"file": source(entry, part)})
            site.results.check(entry, run, {65})
            site.results.claim(entry, f"{part} is refused with a sentence", sentence in run.stderr, run)


def replay_pfx(site, entry):
    """The container is delivered as it is, opens without a password and holds a pair."""
    with site.replay(*TOKEN, rewrite=False) as server:
        run = site.sync(server, {"file": source(entry, "pfx")})
        site.results.check(entry, run, {0})
        container = base64.b64decode(read_body(entry)["value"])
        site.results.claim(entry, "the container is delivered", site.delivered() == {"file": container}, run)
        opened = open_container(site.path("file"))
        site.results.claim(entry, "openssl opens it and finds a pair", are_a_pair(opened))


def replay_unconverted(site, entry):
    """A service that sends the container again, one that does not know how, one that errs."""
    files = {part: {"certificate": "gateway", "part": part} for part in PARTS}
    for replies, sentence in (
        ([entry["id"]], NOT_CONVERTED),
        ([entry["id"], "bad-400-500-02"], NOT_CONVERTED),
        ([entry["id"], "cert-secret-pem-03"], "sent version "),
    ):
        with site.replay(*TOKEN, "--script", ",".join(replies), rewrite=False) as server:
            run = site.sync(server, files)
            site.results.check(entry, run, {65})
            site.results.claim(entry, "what went wrong is told", sentence in run.stderr, run)
            next_step = '"part": "pfx"' in run.stderr and "application/x-pem-file" in run.stderr
            site.results.claim(entry, "and the next step", next_step or sentence != NOT_CONVERTED, run)
            site.results.claim(entry, "nothing is delivered", site.delivered() == {}, run)
            asked = server.asked()
            wanted = [request["query"].get("outContentType") for request in asked]
            once = wanted == [None, "application/x-pem-file"]
            site.results.claim(entry, "the vault is asked once to convert", once, run)
            version = read_body(entry)["id"].rsplit("/", 1)[1]
            site.results.claim(entry, "and for that version", asked[-1]["path"].endswith(f"/{version}"), run)


def source(entry, part):
    return {"certificate": f"replay-{entry['id']}", "part": part}


def key_of(pem):
    return openssl(pem, "pkey", "-outform", "DER")


def section(pem, label):
    """The first of this label, as DER."""
    begin, end = (b"-----%s %s-----" % (word, label) for word in (b"BEGIN", b"END"))
    return base64.b64decode(pem.partition(begin)[2].partition(end)[0])


def are_a_pair(pem):
    """Whether the first certificate is that of the key."""
    public = openssl(pem, "pkey", "-pubout")
    return public is not None and public == openssl(pem, "x509", "-noout", "-pubkey")


def open_container(path):
    """What is in it as PEM; those of before 2021 need what OpenSSL 3 calls legacy."""
    words = ["openssl", "pkcs12", "-in", path, "-passin", "pass:", "-nodes"]
    for more in ([], ["-legacy"]):
        done = subprocess.run([*words, *more], capture_output=True)
        if done.returncode == 0:
            return done.stdout
    return b""


def openssl(text, *words):
    """What openssl makes of a text; None if it does not take it."""
    done = subprocess.run(["openssl", *words], input=text, capture_output=True)
    return done.stdout if done.returncode == 0 else None
