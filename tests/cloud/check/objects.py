"""Certificates, keys and lists of vaults, read with Microsoft's own libraries.

Called by `microsoft.py`. What the cloud says of a certificate is compared with the certificate.
"""

import base64
import datetime
import os

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.secrets import ContentType, SecretClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

CERTIFICATES = 30


def make_pfx(work):
    """A PFX without a password and the same as PEM, as the option of the cloud."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pfx = pkcs12.serialize_key_and_certificates(None, key, certificate, None, plain)
    encoding, layout = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(encoding, layout, plain) + certificate.public_bytes(encoding)
    paths = []
    for file, content in [("gateway.pfx", pfx), ("gateway.pem", pem)]:
        path = os.path.join(work, file)
        with open(path, "wb") as opened:
            opened.write(content)
        paths.append(path)
    return ":".join(paths)


def check_objects(cloud, results):
    credential = cloud.secret_credential()
    url = f"https://{cloud.facts['objects_vault_host']}"
    certificates = CertificateClient(url, credential, retry_total=0)
    keys = KeyClient(url, credential, retry_total=0)
    secrets = SecretClient(url, credential, retry_total=0)
    check_certificate(cloud, certificates, secrets, results)
    check_conversion(cloud, certificates, secrets, results)
    check_keys(cloud, keys, results)
    check_lists(cloud, certificates, keys, secrets, results)
    check_refusals(cloud, credential, certificates, keys, results)
    check_older_vault(cloud, credential, results)


def check_certificate(cloud, certificates, secrets, results):
    pem = cloud.facts["objects"]["broker_pem"].encode()
    leaf = x509.load_pem_x509_certificate(pem)

    def described():
        found = certificates.get_certificate("broker")
        properties = found.properties
        return (
            x509.load_der_x509_certificate(bytes(found.cer)) == leaf
            and properties.x509_thumbprint == leaf.fingerprint(hashes.SHA1())
            and properties.tags == {"line": "7"}
            and properties.expires_on.year == 2100
            and properties.not_before == leaf.not_valid_before_utc
            and found.policy.content_type == "application/x-pem-file"
            and found.policy.subject == "CN=broker"
            and found.policy.key_size == 2048
            or vars(properties)
        )

    def secret_of_a_version():
        found = certificates.get_certificate("broker")
        _, _, _, _, name, version = found.secret_id.split("/")
        secret = secrets.get_secret(name, version)
        return (
            secret.value.encode() == pem
            and secret.properties.key_id == found.key_id
            and secret.properties.content_type == "application/x-pem-file"
            and certificates.get_certificate_version(name, version).id == found.id
            or vars(secret.properties)
        )

    def older_version():
        older = cloud.facts["objects"]["older_version"]
        found = certificates.get_certificate_version("broker", older)
        listed = certificates.list_properties_of_certificate_versions("broker")
        return (
            found.properties.expires_on == leaf.not_valid_after_utc
            and {item.version for item in listed} > {older}
            or vars(found.properties)
        )

    results.check(cloud, "a certificate and what is told about it", described)
    results.check(cloud, "a certificate's secret by its id", secret_of_a_version)
    results.check(cloud, "an older version of a certificate", older_version)


def check_conversion(cloud, certificates, secrets, results):
    def pfx():
        value = base64.b64decode(secrets.get_secret("gateway").value)
        key, certificate, _ = pkcs12.load_key_and_certificates(value, None)
        cer = bytes(certificates.get_certificate("gateway").cer)
        return key is not None and certificate == x509.load_der_x509_certificate(cer)

    def converted():
        secret = secrets.get_secret("gateway", out_content_type=ContentType.PEM)
        key = serialization.load_pem_private_key(secret.value.encode(), None)
        certificate = x509.load_pem_x509_certificate(secret.value.encode())
        return (
            secret.properties.content_type == "application/x-pem-file"
            and key.public_key() == certificate.public_key()
            or vars(secret.properties)
        )

    results.check(cloud, "a PFX", pfx)
    results.check(cloud, "a PFX converted by the vault", converted)
    results.refused(
        cloud,
        "a PEM that cannot be converted",
        HttpResponseError,
        "BadParameter",
        lambda: secrets.get_secret("broker", out_content_type=ContentType.PEM),
    )


def check_keys(cloud, keys, results):
    expected = bytes.fromhex(cloud.facts["objects"]["signing_key"])

    def elliptic():
        found = keys.get_key("signing")
        x, y = (int.from_bytes(number, "big") for number in (found.key.x, found.key.y))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP384R1()).public_key()
        layout = serialization.PublicFormat.SubjectPublicKeyInfo
        return (
            found.key.crv == "P-384"
            and found.key_type == "EC"
            and public.public_bytes(serialization.Encoding.DER, layout) == expected
            or vars(found.key)
        )

    def of_a_certificate():
        found = keys.get_key("broker")
        pem = cloud.facts["objects"]["broker_pem"].encode()
        public = x509.load_pem_x509_certificate(pem).public_key().public_numbers()
        numbers = [int.from_bytes(number, "big") for number in (found.key.n, found.key.e)]
        return found.properties.managed and numbers == [public.n, public.e] or vars(found.key)

    results.check(cloud, "an elliptic key", elliptic)
    results.check(cloud, "the key of a certificate", of_a_certificate)
    results.check(
        cloud, "a key in an HSM", lambda: keys.get_key("signing-hsm").key_type == "EC-HSM"
    )


def check_lists(cloud, certificates, keys, secrets, results):
    def names(items):
        return sorted(item.name for item in items)

    certified = ["broker", "gateway", *(f"sensor-{number:02}" for number in range(1, 29))]
    results.check(
        cloud,
        "a list of certificates with empty pages",
        lambda: [
            len(list(page))
            for page in certificates.list_properties_of_certificates(max_page_size=20).by_page()
        ]
        == [0, 20, 0, 10],
    )
    results.check(
        cloud,
        "certificates by name",
        lambda: names(certificates.list_properties_of_certificates()) == certified,
    )
    results.check(
        cloud,
        "keys by name",
        lambda: names(keys.list_properties_of_keys()) == [*certified, "signing", "signing-hsm"],
    )
    results.check(
        cloud,
        "secrets by name, all of certificates",
        lambda: names(
            item
            for item in secrets.list_properties_of_secrets(max_page_size=7)
            if item.content_type in ("application/x-pem-file", "application/x-pkcs12")
        )
        == certified,
    )


def check_refusals(cloud, credential, certificates, keys, results):
    forbidden = f"https://{cloud.facts['forbidden_vault_host']}"
    cases = [
        ("a missing certificate", ResourceNotFoundError, "CertificateNotFound",
         lambda: certificates.get_certificate("no-such-object")),
        ("a missing key", ResourceNotFoundError, "KeyNotFound",
         lambda: keys.get_key("no-such-object")),
        ("a certificate without a role", HttpResponseError, "certificates/read",
         lambda: CertificateClient(forbidden, credential, retry_total=0).get_certificate("a")),
        ("a key without a role", HttpResponseError, "keys/read",
         lambda: KeyClient(forbidden, credential, retry_total=0).get_key("a")),
    ]
    for claim, kind, text, action in cases:
        results.refused(cloud, claim, kind, text, action)


def check_older_vault(cloud, credential, results):
    """Links with a port in them, and no api-version after 7.4."""
    url = f"https://{cloud.facts['older_vault_host']}"
    older = SecretClient(url, credential, api_version="7.4", retry_total=0)
    results.check(
        cloud,
        "a list whose links name the port",
        lambda: len(list(older.list_properties_of_secrets(max_page_size=11))) == 30,
    )
    results.refused(
        cloud,
        "an api-version that an older vault does not know",
        HttpResponseError,
        "latest supported version (7.4)",
        lambda: SecretClient(url, credential, retry_total=0).get_secret("sensor-01"),
    )
