"""Microsoft's own libraries against the loopback cloud, in three national clouds.

Started by `run`, in a network namespace where the clouds' host names lead to loopback. All of the
libraries' checks stay on: TLS, authority validation, verification of the vault's challenge.
"""

import json
import logging
import os
import subprocess
import sys

import jwt
import msal
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.identity import CertificateCredential, ClientSecretCredential
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import blobs
import machine
import objects

CLOUDS = {"usgov": "127.0.0.1:443", "china": "127.0.0.2:443", "public": "127.0.0.3:443"}


def main(program, work):
    pfx = objects.make_pfx(work)
    clouds = [Cloud(program, name, address, work, pfx) for name, address in CLOUDS.items()]
    bundle = os.path.join(work, "bundle.pem")
    with open(bundle, "w", encoding="ascii") as file:
        file.writelines(cloud.read("ca.pem") for cloud in clouds)
    os.environ["REQUESTS_CA_BUNDLE"] = bundle
    os.environ["SSL_CERT_FILE"] = bundle

    # What the libraries say about expected refusals is no news.
    logging.disable(logging.CRITICAL)
    results = Results()
    for cloud in clouds:
        check_secret_credential(cloud, results)
        check_refusals(cloud, results)
        check_certificate_credential(cloud, results)
        check_msal(cloud, results)
        objects.check_objects(cloud, results)
        blobs.check_blobs(cloud, results)
    machine.check_machines({cloud.name: cloud for cloud in clouds}, results)
    for cloud in clouds:
        cloud.stop(results)
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed else 0


class Cloud:
    """One national cloud, as a process of its own."""

    def __init__(self, program, name, address, work, pfx):
        self.name = name
        self.directory = os.path.join(work, name)
        options = ["--national", name, "--address", address, "--directory", self.directory]
        options += ["--pfx", pfx]
        self.process = subprocess.Popen(
            [program, *options, *machine.OPTIONS[name]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if not self.process.stdout.readline().startswith("ready"):
            sys.exit(f"the {name} cloud did not start: {self.process.stderr.read()}")
        self.facts = json.loads(self.read("cloud.json"))
        self.authority = f"https://{self.facts['login_host']}"
        self.tenant = self.facts["tenant"]

    def read(self, file):
        with open(os.path.join(self.directory, file), encoding="utf-8") as opened:
            return opened.read()

    def secret_credential(self, tenant=None, client_id=None, secret=None):
        app = self.facts["secret_app"]
        return ClientSecretCredential(
            tenant or self.tenant,
            client_id or app["client_id"],
            secret or app["client_secret"],
            authority=self.authority,
        )

    def certificate_credential(self, app, **options):
        return CertificateCredential(
            self.tenant,
            self.facts[app]["client_id"],
            certificate_path=os.path.join(self.directory, "device.pem"),
            authority=self.authority,
            **options,
        )

    def client(self, credential, host="vault_host"):
        return SecretClient(f"https://{self.facts[host]}", credential, retry_total=0)

    def stop(self, results):
        _, errors = self.process.communicate(timeout=60)
        results.check(self, "no request was unexpected", lambda: errors == "" or errors)


class Results:
    """Counts checks and prints one line for each."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, cloud, claim, test):
        """`test` gives True, or anything else to be shown."""
        try:
            outcome = test()
        except Exception as error:  # whatever it is, it is this check's result
            outcome = f"{type(error).__name__}: {error}"
        if outcome is True:
            self.passed += 1
            print(f"ok      {cloud.name}: {claim}")
        else:
            self.failed += 1
            print(f"FAILED  {cloud.name}: {claim}: {outcome}")

    def refused(self, cloud, claim, kind, text, action):
        """`action` has to fail with this kind of error and this text in it."""

        def test():
            try:
                outcome = action()
            except kind as error:
                described = f"{error} {getattr(error, 'response', None) and error.response.text()}"
                return text in described or described
            return f"accepted: {outcome}"

        self.check(cloud, claim, test)


def check_secret_credential(cloud, results):
    client = cloud.client(cloud.secret_credential())
    older = cloud.facts["older_version"]

    def properties():
        broker = client.get_secret("broker").properties
        return (
            broker.content_type == "application/json"
            and broker.tags == {"line": "7"}
            and broker.expires_on.year == 2100
            and broker.enabled
            and broker.recoverable_days == 90
            or vars(broker)
        )

    results.check(
        cloud,
        "the latest version",
        lambda: client.get_secret("mqtt-password").value == "correct horse battery staple",
    )
    results.check(
        cloud,
        "a version by its id",
        lambda: client.get_secret("mqtt-password", older).value == "a newer password",
    )
    results.check(
        cloud,
        "many lines of unicode",
        lambda: client.get_secret("greeting").value.startswith("Grüße aus Werk 7\n第二行\n\t"),
    )
    results.check(cloud, "content type, tags, dates", properties)
    results.check(
        cloud,
        "a list in two pages",
        lambda: [len(list(page)) for page in client.list_properties_of_secrets().by_page()]
        == [25, 9],
    )
    results.check(
        cloud,
        "pages of ten",
        lambda: len({item.name for item in client.list_properties_of_secrets(max_page_size=10)})
        == 34,
    )
    results.check(
        cloud,
        "a list of versions",
        lambda: older
        in [item.version for item in client.list_properties_of_secret_versions("mqtt-password")],
    )


def check_refusals(cloud, results):
    client = cloud.client(cloud.secret_credential())
    stranger = "11111111-2222-4333-8444-555555555555"
    results.refused(
        cloud,
        "a missing secret",
        ResourceNotFoundError,
        "SecretNotFound",
        lambda: client.get_secret("no-such-secret"),
    )
    results.refused(
        cloud,
        "a disabled secret",
        HttpResponseError,
        "SecretDisabled",
        lambda: client.get_secret("retired"),
    )
    results.refused(
        cloud,
        "a vault without a role",
        HttpResponseError,
        "ForbiddenByRbac",
        lambda: cloud.client(cloud.secret_credential(), "forbidden_vault_host").get_secret("a"),
    )
    # Of an unknown tenant MSAL says only that its discovery failed.
    credentials = [
        ("a wrong client secret", "AADSTS7000215", {"secret": "wrong"}),
        ("an unknown application", "AADSTS700016", {"client_id": stranger}),
        ("an unknown tenant", "authority configuration", {"tenant": stranger}),
    ]
    scope = challenge_scope(cloud)
    for claim, code, changes in credentials:
        results.refused(
            cloud,
            claim,
            ClientAuthenticationError,
            code,
            lambda changes=changes: cloud.secret_credential(**changes).get_token(scope),
        )


def check_certificate_credential(cloud, results):
    cases = [
        ("a certificate", "certificate_app", {}),
        ("a certificate with its chain", "certificate_app", {"send_certificate_chain": True}),
        ("a trusted subject", "subject_app", {"send_certificate_chain": True}),
    ]
    for claim, app, options in cases:
        client = cloud.client(cloud.certificate_credential(app, **options))
        results.check(cloud, claim, lambda: client.get_secret("sensor-01").value == "key of sensor 1")
    results.refused(
        cloud,
        "a trusted subject without its chain",
        ClientAuthenticationError,
        "AADSTS700027",
        lambda: cloud.certificate_credential("subject_app").get_token(challenge_scope(cloud)),
    )


def check_msal(cloud, results):
    pem = cloud.read("device.pem")
    certificate = x509.load_pem_x509_certificate(pem.encode())
    public = certificate.public_bytes(Encoding.PEM).decode()
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex()
    cases = [
        ("PS256", {"private_key": pem, "public_certificate": public}),
        ("RS256", {"private_key": pem, "thumbprint": thumbprint}),
        (
            "RS256",
            {"private_key": pem, "thumbprint": thumbprint, "public_certificate": public},
        ),
    ]
    for algorithm, credential in cases:
        claim = f"msal, {algorithm} with {', '.join(credential)}"
        results.check(cloud, claim, lambda: check_token(cloud, credential, algorithm))


def check_token(cloud, credential, algorithm):
    """Signs in with msal and verifies the access token against the published keys."""
    client_id = cloud.facts["certificate_app"]["client_id"]
    app = msal.ConfidentialClientApplication(
        client_id,
        authority=f"{cloud.authority}/{cloud.tenant}",
        client_credential=credential,
    )
    reply = app.acquire_token_for_client([challenge_scope(cloud)])
    if "access_token" not in reply:
        return reply
    header = jwt.get_unverified_header(app.client.client_assertion())
    if header["alg"] != algorithm:
        return header
    keys = app.http_client.get(f"{cloud.authority}/{cloud.tenant}/discovery/v2.0/keys").text
    claims = jwt.decode(
        reply["access_token"],
        jwt.PyJWKSet.from_json(keys).keys[0].key,
        algorithms=["RS256"],
        audience=challenge_scope(cloud).removesuffix("/.default"),
        issuer=f"https://sts.windows.net/{cloud.tenant}/",
    )
    return claims["appid"] == client_id and claims["idtyp"] == "app" or claims


def challenge_scope(cloud):
    return "https://" + cloud.facts["vault_host"].split(".", 1)[1] + "/.default"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
