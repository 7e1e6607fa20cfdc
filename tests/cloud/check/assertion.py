"""keyferry's client assertions, verified by an independent implementation (PyJWT).

Started by `run`. A small TLS server plays the login host, keeps what the program sends and
refuses it; what counts is the assertion. Keys and certificates are made here, by OpenSSL.
"""

import base64
import datetime
import hashlib
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import uuid
from urllib.parse import parse_qs

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LOGIN = "login.microsoftonline.us"
TENANT = str(uuid.uuid4())
CLIENT = str(uuid.uuid4())
PKCS1, PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8
CASES = [
    ("2048 bit, PKCS#8", 2048, PKCS8, False),
    ("3072 bit, PKCS#1", 3072, PKCS1, False),
    ("4096 bit, PKCS#8", 4096, PKCS8, False),
    ("2048 bit with send_chain", 2048, PKCS8, True),
]


def main(program, work):
    work = os.path.join(work, "assertion")
    os.mkdir(work, 0o755)
    server = LoginHost(work)
    failed, seen = 0, set()
    for claim, bits, form, chain in CASES:
        problems = check(program, work, server, bits, form, chain, seen)
        failed += bool(problems)
        print(f"{'FAILED ' if problems else 'ok     '} assertion: {claim} {'; '.join(problems)}")
    server.stop()
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


def check(program, work, server, bits, form, chain, seen):
    """Lets the program sign in once; gives what is wrong with its assertion."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    certificate = self_signed("gw-0042", key)
    write(work, "device.pem", pem(key, form) + certificate.public_bytes(Encoding.PEM), 0o600)
    configure(work, server.port, chain)
    before = int(time.time())
    run = subprocess.run(
        [program, "sync", "--config", os.path.join(work, "config.json")],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    problems = [] if run.returncode == 77 else [f"exit {run.returncode}: {run.stderr}"]
    forms = server.take()
    if len(forms) != 1:
        return problems + [f"{len(forms)} token requests"]
    assertion = forms[0].get("client_assertion", "")
    if assertion in run.stdout + run.stderr:
        problems.append("the assertion is in the output")
    return problems + form_problems(forms[0]) + token_problems(assertion, certificate, chain, before, seen)


def form_problems(form):
    wanted = {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "scope": "https://vault.usgovcloudapi.net/.default",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    wrong = [f"{name} is {form.get(name)}" for name in wanted if form.get(name) != wanted[name]]
    extra = sorted(set(form) - set(wanted) - {"client_assertion"})
    return wrong + ([f"unknown fields {extra}"] if extra else [])


def token_problems(assertion, certificate, chain, before, seen):
    """Signature by the certificate's key, audience, times and members, by PyJWT."""
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(
            assertion,
            certificate.public_key(),
            algorithms=["PS256"],
            audience=f"https://{LOGIN}/{TENANT}/oauth2/v2.0/token",
            issuer=CLIENT,
            subject=CLIENT,
            options={"require": ["aud", "iss", "sub", "jti", "nbf", "exp"]},
        )
    except jwt.PyJWTError as error:
        return [f"{type(error).__name__}: {error}"]
    der = certificate.public_bytes(Encoding.DER)
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    members = {"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint}
    if chain:
        members["x5c"] = [base64.b64encode(der).decode()]
    problems = [] if header == members else [f"header {header}"]
    if claims["jti"] in seen:
        problems.append("a jti came twice")
    seen.add(claims["jti"])
    if not before - 900 <= claims["nbf"] <= before - 60:
        problems.append(f"nbf is {before - claims['nbf']} s back")
    if not before < claims["exp"] <= claims["nbf"] + 1200:
        problems.append(f"exp is {claims['exp'] - before} s ahead")
    return problems


class LoginHost:
    """A TLS server that keeps forms and answers each with a refusal."""

    def __init__(self, work):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = self_signed(LOGIN, key)
        public = certificate.public_bytes(Encoding.PEM)
        write(work, "ca.pem", public, 0o644)
        write(work, "server.pem", pem(key, PKCS8) + public, 0o600)
        forms = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if self.path == f"/{TENANT}/oauth2/v2.0/token":
                    forms.append({name: value[0] for name, value in parse_qs(body).items()})
                reply = json.dumps(
                    {
                        "error": "unauthorized_client",
                        "error_description": "AADSTS700016: Application was not found.",
                        "error_codes": [700016],
                    }
                ).encode()
                self.send_response(400)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        self.forms = forms
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(work, "server.pem"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        taken = list(self.forms)
        self.forms.clear()
        return taken

    def stop(self):
        self.server.shutdown()


def configure(work, port, chain):
    config = {
        "cloud": "usgov",
        "identity": {
            "type": "certificate",
            "tenant": TENANT,
            "client_id": CLIENT,
            "certificate": os.path.join(work, "device.pem"),
            "send_chain": chain,
        },
        "vault": "factory7-edge",
        "sets": {"mqtt": {"files": {"password": {"secret": "mqtt-password"}}}},
        "runtime_directory": os.path.join(work, "run"),
        "state_directory": os.path.join(work, "state"),
        "network": {
            "ca_file": os.path.join(work, "ca.pem"),
            "resolve": {LOGIN: f"127.0.0.1:{port}"},
        },
    }
    write(work, "config.json", json.dumps(config).encode(), 0o644)


def self_signed(name, key):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=90))
    return builder.add_extension(names, critical=False).sign(key, hashes.SHA256())


def pem(key, form):
    return key.private_bytes(Encoding.PEM, form, NoEncryption())


def write(work, name, content, mode):
    path = os.path.join(work, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    os.chmod(path, mode)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
