"""A small authority of certificates: a root, one below it, and leaves for one name. All of it is
made by openssl."""

import concurrent.futures
import hashlib
import os
import ssl
import subprocess

NAME = "broker.plant7.example"


class Authority:
    """Its files lie in one directory: root.pem, middle.pem, and for each leaf what a vault holds."""

    def __init__(self, directory, leaves):
        self.directory = directory
        os.mkdir(directory, 0o700)
        self.write("names", f"basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:{NAME}\n")
        self.write("above", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
        self.key("root", "ec")
        self.openssl("req", "-x509", "-days", "90", "-subj", "/CN=Plant 7 Root", "-key", "root.key", "-out", "root.pem")
        self.key("middle", "ec")
        self.sign("middle", "/CN=Plant 7 Servers", "root", "above", 1)
        self.root = self.path("root.pem")
        self.middle = certificates(self.read("middle.pem"))[0]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            self.leaves = list(pool.map(self.leaf, range(leaves)))
        self.numbers = {leaf.certificate: leaf.number for leaf in self.leaves}

    def leaf(self, number):
        """One of RSA, the next on an elliptic curve; every third is kept as PFX."""
        name = f"leaf-{number}"
        self.key(name, ("rsa", "ec")[number % 2])
        self.sign(name, "/CN=broker", "middle", "names", 100 + number)
        pem, pfx = self.path(f"{name}.vault.pem"), None
        if number % 3 == 2:
            pfx = self.path(f"{name}.pfx")
            self.openssl(
                *["pkcs12", "-export", "-inkey", f"{name}.key", "-in", f"{name}.pem"],
                *["-certfile", "middle.pem", "-passout", "pass:", "-out", pfx],
            )
            # The service's conversion, by somebody else.
            self.openssl("pkcs12", "-in", pfx, "-passin", "pass:", "-nodes", "-out", pem)
        else:
            # Some come with the root.
            above = self.read("middle.pem") + (self.read("root.pem") if number % 5 == 0 else "")
            self.write(os.path.basename(pem), self.read(f"{name}.key") + self.read(f"{name}.pem") + above)
        return Leaf(number, pem, pfx, certificates(self.read(f"{name}.pem"))[0])

    def key(self, name, kind):
        kinds = {"ec": ["EC", "ec_paramgen_curve:P-256"], "rsa": ["RSA", "rsa_keygen_bits:2048"]}
        algorithm, option = kinds[kind]
        self.openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", f"{name}.key")

    def sign(self, name, subject, issuer, extensions, serial):
        self.openssl("req", "-new", "-subj", subject, "-key", f"{name}.key", "-out", f"{name}.csr")
        self.openssl(
            *["x509", "-req", "-days", "90", "-in", f"{name}.csr", "-out", f"{name}.pem"],
            *["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"],
            *["-set_serial", str(serial), "-extfile", extensions],
        )

    def verifies(self, chain):
        """Whether openssl finds the way from the first certificate of the file to the root."""
        words = ["openssl", "verify", "-CAfile", self.root, "-untrusted", chain, "-purpose", "sslserver"]
        return subprocess.run([*words, "-verify_hostname", NAME, chain], capture_output=True).returncode == 0

    def openssl(self, *words):
        done = subprocess.run(["openssl", *words], cwd=self.directory, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"openssl {words[0]}: {done.stderr}")

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)


class Leaf:
    """A leaf by its number, with the files that go into the vault."""

    def __init__(self, number, pem, pfx, certificate):
        self.number = number
        self.pem = pem
        self.pfx = pfx
        self.certificate = certificate


class Pairs:
    """Says whether a key is that of a chain's first certificate: openssl reads each text once."""

    def __init__(self):
        self.known = {}

    def match(self, chain, key):
        return self.public(chain, ["x509", "-noout", "-pubkey"]) == self.public(key, ["pkey", "-pubout"])

    def public(self, text, words):
        digest = hashlib.sha256(text).digest()
        if digest not in self.known:
            done = subprocess.run(["openssl", *words], input=text, capture_output=True)
            # What cannot be read is the partner of nothing.
            self.known[digest] = done.stdout if done.returncode == 0 else object()
        return self.known[digest]


def certificates(pem):
    """Those of a PEM text, as DER."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    bodies = [part.split(end)[0] for part in pem.split(begin)[1:]]
    return [ssl.PEM_cert_to_DER_cert(begin + body + end) for body in bodies]
