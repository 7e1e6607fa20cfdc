"""Replies of authorities, machines and metadata; a good one is followed by a good secret."""

from replaying import ARM, LOGIN, VAULTS

FILES = {"file": {"secret": "replay-secret-latest-01"}}


def replay(site):
    for entry in site.entries:
        kind = entry["category"]
        if kind.startswith("token-"):
            replay_token(site, entry)
            replay_ad_fs(site, entry)
        elif kind in ("imds", "arc", "service-fabric"):
            replay_machine(site, entry)
        elif kind == "arm-metadata":
            replay_metadata(site, entry)
        elif kind == "openid-configuration":
            replay_tenant(site, entry)
    replay_device_code(site, site.of("device-code")[0])


def replay_token(site, entry):
    """An entry in answer to the sign-in."""
    with site.replay("--token", entry["id"]) as server:
        codes = {0, 65} if entry["status"] == 200 else {77, 65}
        site.results.check(entry, site.sync(server, FILES), codes)


def replay_ad_fs(site, entry):
    """The same at AD FS, in a cloud of one's own."""
    with site.replay("--script", "secret-latest-01", "--token", entry["id"]) as server:
        config = site.config(server, {"file": {"secret": "secret"}})
        config["cloud"] = {"authority": f"https://{LOGIN}/adfs", "vault_suffix": VAULTS, "name": "stamp"}
        config["identity"]["tenant"] = "adfs"
        codes = {0, 65} if entry["status"] == 200 else {77, 65}
        site.results.check(entry, site.run(config), codes)


def replay_machine(site, entry):
    """A reply of a machine's endpoint, in the places of all of them."""
    with site.replay() as server, site.replay_plain("--fresh-expiry", "--script", entry["id"]) as plain:
        origin = f"http://127.0.0.1:{plain.port}"
        url = f"{origin}/metadata/identity/oauth2/token"
        for source, variables in (
            ("imds", {"AZURE_POD_IDENTITY_AUTHORITY_HOST": origin}),
            ("arc", {"IDENTITY_ENDPOINT": url, "IMDS_ENDPOINT": origin}),
            ("app_service", {"IDENTITY_ENDPOINT": url, "IDENTITY_HEADER": "correct-horse"}),
            ("azure_ml", {"MSI_ENDPOINT": url, "MSI_SECRET": "correct-horse"}),
        ):
            config = site.config(server, FILES)
            config["identity"] = {"type": "managed_identity", "source": source}
            run = site.run(config, variables)
            site.results.check(entry, run, {0, 65} if entry["status"] == 200 else {65, 77})


def replay_metadata(site, entry):
    """A cloud's metadata; then a sign-in and a secret there, where that cloud has vaults."""
    with site.replay("--script", entry["id"]) as metadata, site.replay("--token", "token-v2-01") as server:
        config = site.config(server, FILES)
        config["cloud"] = {"resource_manager": f"https://{ARM}", "name": "stamp", "vault_suffix": VAULTS}
        config["network"]["resolve"][ARM] = f"127.0.0.1:{metadata.port}"
        site.results.check(entry, site.run(config), {0, 65, 69, 77, 78})


def replay_tenant(site, entry):
    """A tenant's discovery document, read by the doctor, who finds the clock of then wrong."""
    script = f"{entry['id']},secret-latest-01"
    with site.replay("--script", script, "--token", "token-v2-01") as server:
        config = site.config(server, {"file": {"secret": "secret"}})
        site.results.check(entry, site.run(config, {}, ["check", "--online"]), {69})


def replay_device_code(site, entry):
    """A device code, and the token for it at the first poll."""
    with site.replay() as server:
        config = site.config(server, FILES)
        del config["identity"]["client_secret"]
        config["identity"]["type"] = "device_code"
        site.results.check(entry, site.run(config, {}, ["sync", "--sign-in"]), {0})
