"""The token endpoints of machines against Microsoft's own libraries: IMDS, Arc, App Service, ML.

Called by `microsoft.py`. Each library finds the endpoints by the addresses, environment variables
and key files that it knows; no check of theirs is turned off.
"""

import contextlib
import os

import jwt
import msal
import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

# What each cloud's machine has, as options of the loopback cloud. The Arc agent's usual directory
# is the only one that the libraries read; `run` lays an empty one over it.
TOKENS = "/var/opt/azcmagent/tokens"
OPTIONS = {
    "usgov": [
        *("--imds", "169.254.169.254:80"),
        *("--app-service", "127.0.0.1:0"),
        *("--arc", f"127.0.0.1:40343:{TOKENS}", "--arc-agent", "other-case"),
    ],
    "china": [
        *("--azure-ml", "127.0.0.1:0"),
        *("--arc", f"127.0.0.1:40342:{TOKENS}"),
    ],
    "public": [
        *("--imds", "169.254.169.253:80", "--imds-first", "404,410,429"),
        *("--arc", f"127.0.0.1:40344:{TOKENS}", "--arc-agent", "old"),
    ],
}
ALL_IDS = ["client_id", "object_id", "resource_id"]


def check_machines(clouds, results):
    usgov, china, public = (clouds[name] for name in OPTIONS)
    check_retries(public, results)
    check_old_agent(public, results)
    for cloud, kind, ids in [
        (usgov, "imds", ALL_IDS),
        (usgov, "app-service", ALL_IDS),
        (usgov, "arc", ALL_IDS),
        (china, "arc", ALL_IDS),
        (china, "azure-ml", ["client_id"]),
    ]:
        with environment(cloud, kind):
            check_identities(cloud, kind, ids, results)
    check_refusals(usgov, results)
    for cloud, kind in [(usgov, "imds"), (china, "arc")]:
        with environment(cloud, kind):
            check_tokens_alike(cloud, kind, results)


def check_identities(cloud, kind, ids, results):
    """Each identity by each id, with both libraries."""
    own, user = cloud.facts["machine"][kind]["identities"]
    cases = [("the system-assigned identity", own, {})]
    cases += [(f"a user-assigned identity by {id}", user, {id: user[id]}) for id in ids]
    for claim, identity, chosen in cases:
        results.check(
            cloud,
            f"{kind}: {claim} reads a secret (azure-identity)",
            lambda chosen=chosen: reads_secret(cloud, credential(chosen)),
        )
        results.check(
            cloud,
            f"{kind}: {claim} is the token's (msal)",
            lambda chosen=chosen, identity=identity: is_token_of(
                cloud, ask_msal(cloud, chosen), identity
            ),
        )


def check_retries(cloud, results):
    """404, 410 and 429 come first: azure-identity tries again, as it does in the field."""
    with environment(cloud, "imds"):
        results.check(
            cloud,
            "imds: 404, 410 and 429 are survived (azure-identity)",
            lambda: reads_secret(cloud, credential({})),
        )


def check_old_agent(cloud, results):
    own, user = cloud.facts["machine"]["arc"]["identities"]
    chosen = {"client_id": user["client_id"]}
    with environment(cloud, "arc"):
        results.check(
            cloud,
            "arc: an old agent's system-assigned identity (msal)",
            lambda: is_token_of(cloud, ask_msal(cloud, {}), own),
        )
        for library, kind, action in [
            ("msal", msal.ManagedIdentityError, lambda: ask_msal(cloud, chosen)),
            (
                "azure-identity",
                ClientAuthenticationError,
                lambda: credential(chosen).get_token(resource(cloud)),
            ),
        ]:
            claim = f"arc: an old agent cannot choose, and {library} notices"
            results.refused(cloud, claim, kind, "did not confirm", action)


def check_refusals(cloud, results):
    stranger = "11111111-2222-4333-8444-555555555555"
    with environment(cloud, "imds"):
        results.refused(
            cloud,
            "imds: an identity that was not assigned",
            CredentialUnavailableError,
            "Identity not found",
            lambda: credential({"client_id": stranger}).get_token(resource(cloud)),
        )
        results.refused(
            cloud,
            "imds: a resource of another cloud",
            CredentialUnavailableError,
            "AADSTS500011",
            lambda: credential({}).get_token("https://vault.azure.cn"),
        )
    with environment(cloud, "app-service"):
        results.refused(
            cloud,
            "app-service: an identity that was not assigned",
            CredentialUnavailableError,
            "No User Assigned",
            lambda: credential({"client_id": stranger}).get_token(resource(cloud)),
        )


def check_tokens_alike(cloud, kind, results):
    """A vault takes a token of the login host and one of a machine alike."""
    app = cloud.facts["secret_app"]
    confidential = msal.ConfidentialClientApplication(
        app["client_id"],
        authority=f"{cloud.authority}/{cloud.tenant}",
        client_credential=app["client_secret"],
    )
    tokens = {
        "the login host": confidential.acquire_token_for_client([f"{resource(cloud)}/.default"]),
        kind: ask_msal(cloud, {}),
    }
    headers, members = [], []
    for origin, reply in tokens.items():
        results.check(
            cloud,
            f"a vault accepts a token of {origin}",
            lambda reply=reply: reads_secret(cloud, Fixed(reply)),
        )
        headers.append(jwt.get_unverified_header(reply["access_token"]))
        members.append(sorted(claims(reply)))
    results.check(
        cloud,
        f"tokens of the login host and of {kind} are of one kind",
        lambda: headers[0] == headers[1] and members[0] == members[1] or (headers, members),
    )


@contextlib.contextmanager
def environment(cloud, kind):
    """The variables of a machine, and of no other."""
    endpoint = cloud.facts["machine"][kind]
    variables = dict(endpoint["environment"])
    if kind == "imds" and endpoint["origin"] != "http://169.254.169.254":
        variables["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = endpoint["origin"]
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def credential(chosen):
    client_id = chosen.get("client_id")
    others = {name: id for name, id in chosen.items() if name != "client_id"}
    return ManagedIdentityCredential(client_id=client_id, identity_config=others or None)


def ask_msal(cloud, chosen):
    identity = (
        msal.UserAssignedManagedIdentity(**chosen) if chosen else msal.SystemAssignedManagedIdentity()
    )
    with requests.Session() as session:
        client = msal.ManagedIdentityClient(identity, http_client=session)
        return client.acquire_token_for_client(resource=resource(cloud))


def reads_secret(cloud, credential):
    client = SecretClient(f"https://{cloud.facts['vault_host']}", credential, retry_total=0)
    return client.get_secret("sensor-01").value == "key of sensor 1"


def is_token_of(cloud, reply, identity):
    if "access_token" not in reply:
        return reply
    found = claims(reply)
    wanted = {
        "appid": identity["client_id"],
        "oid": identity["object_id"],
        "aud": resource(cloud),
        "tid": cloud.tenant,
    }
    return wanted.items() <= found.items() or found


def claims(reply):
    return jwt.decode(reply["access_token"], options={"verify_signature": False})


def resource(cloud):
    return "https://" + cloud.facts["vault_host"].split(".", 1)[1]


class Fixed:
    """A credential that holds one token."""

    def __init__(self, reply):
        self.token = AccessToken(reply["access_token"], 2**31)

    def get_token(self, *_scopes, **_options):
        return self.token
