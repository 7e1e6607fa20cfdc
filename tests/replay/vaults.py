"""Replies of vaults to the question for one object, of whatever kind; and the values of secrets."""

from replaying import read_body

# By status: a reply that is no reply of this question may always be told as unusable (65).
FITTING = {200: {0, 65}, 204: {65}, 400: {65, 77}, 401: {77, 65}, 403: {77}, 404: {66, 65}, 409: {65}}
PASSING = {69}
# Those of a good secret; of a certificate's secret and of a key of a vault.
SECRETS = ("secret-latest", "secret-version", "cert-secret-pem", "cert-secret-pfx")
KEYS = ("key", "mhsm")
# Replies of endpoints that the program does not ask: token endpoints have their own turn.
NOT_OF_VAULTS = {"arc", "arm", "device", "imds", "instance", "openid", "service", "token"}
TOKEN = ("--token", "token-v2-01")


def replay(site):
    entries = [entry for entry in site.entries if entry["category"].split("-")[0] not in NOT_OF_VAULTS]
    with site.replay(*TOKEN) as server:
        for entry in entries:
            site.results.check(entry, ask(site, server, entry, "secret"), fitting(entry, SECRETS))
        # Repeated, which takes its time, whatever was asked for.
        entries = [entry for entry in entries if not passes(entry)]
        for entry in entries:
            site.results.check(entry, ask(site, server, entry, "key"), fitting(entry, KEYS))
            run = ask(site, server, entry, "certificate", part="bundle")
            site.results.check(entry, run, fitting(entry, ("cert-secret-pem",)))
    with site.replay(*TOKEN, rewrite=False) as server:
        for entry in site.of(*SECRETS):
            replay_value(site, server, entry)


def replay_value(site, server, entry):
    """Byte for byte, as the latest version and by its id; another id is another version."""
    body = read_body(entry)
    value, version = body["value"].encode(), body["id"].rsplit("/", 1)[1]
    for more in ({}, {"version": version}):
        run = ask(site, server, entry, "secret", **more)
        site.results.check(entry, run, {0})
        site.results.claim(entry, "the value is delivered as it is", site.delivered() == {"file": value}, run)
    run = ask(site, server, entry, "secret", version=version[::-1])
    site.results.check(entry, run, {65})
    site.results.claim(entry, "the wrong version is named", f"sent version {version}" in run.stderr, run)


def ask(site, server, entry, kind, **more):
    """A first sync of one file, for which the answer is the entry."""
    return site.sync(server, {"file": {kind: f"replay-{entry['id']}", **more}})


def passes(entry):
    return entry["status"] in (408, 429) or entry["status"] >= 500


def fitting(entry, good):
    """The exit codes that fit, where categories in `good` are what was asked for."""
    if passes(entry):
        return PASSING
    if entry["category"] in good and entry["status"] == 200:
        return {0}
    return FITTING[entry["status"]]
