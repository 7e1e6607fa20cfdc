"""The lists among the recordings: objects selected by them, and what they say of changes.

The vault is called as it was when it was recorded, and nothing is rewritten, so that `nextLink` has
to lead there as it stands: with port 443, its `$skiptoken` untouched.
"""

import urllib.parse

from replaying import read_body
from vaults import FITTING, passes

TOKEN = ("--token", "token-v2-01")
# What is sent for each object that a list names.
SECRET, CERTIFICATE = "secret-latest-01", "cert-secret-pem-03"
# Names of hosts have no underscore, which a sanitizer put there.
HOSTS = {"keyvault_name.vault.azure.net": "keyvaultname.vault.azure.net"}


def replay(site):
    pages = {entry["id"]: entry for entry in site.of("secret-list")}
    following = {"secret-list-04": ["secret-list-05"], "secret-list-11": ["secret-list-12", "secret-list-13"]}
    following["secret-list-12"] = following["secret-list-11"][1:]
    for entry in pages.values():
        select_secrets(site, [entry, *(pages[name] for name in following.get(entry["id"], []))])
    # Lists of versions have the same shape, and some are empty.
    for entry in site.of("secret-versions", "deleted-secret"):
        if "value" in read_body(entry):
            select_nothing(site, entry)
    for entry in site.of("certificate-list"):
        select_certificates(site, entry)
    with_empty_pages(site, pages["secret-list-04"], pages["secret-list-05"])
    leads_elsewhere(site, pages["secret-list-04"])
    for entry in site.of("challenge-401", "forbidden-403", "conflict-409", "bad-400-500", "secret-404", "certificate"):
        if not passes(entry):
            refuse_list(site, entry)
    unchanged(site, pages["secret-list-06"], site.of("secret-latest"))
    for entry in site.of("forbidden-403"):
        list_forbidden(site, entry)


def select_secrets(site, pages):
    """Every secret of the pages that belongs to no certificate, under each name's first letter."""
    entry, script = pages[0], [page["id"] for page in pages]
    own = [item for page in pages for item in items(page) if not item.get("managed")]
    names = [name_of(item) for item in own]
    with site.replay(*TOKEN, "--script", ",".join([*script, SECRET]), rewrite=False) as server:
        if not names:
            return expect_none(site, server, entry, len(pages))
        run = site.sync(server, selections("secret", {name[0].lower() for name in names}), host_of(entry))
        site.results.check(entry, run, {0})
        value = value_of(site, SECRET)
        wanted = {f"{name[0].lower()}-{name}": value for name in names}
        site.results.claim(entry, "each secret is a file", site.delivered() == wanted, run)
        asked = server.asked()
        site.results.claim(entry, "one list serves all", len(asked) == len(pages) + len(names), run)
        site.results.claim(entry, "links are followed as they stand", follows(asked, pages), run)


def expect_none(site, server, entry, pages):
    """All secrets belong to certificates: nothing is selected, which must be allowed."""
    host, kept = host_of(entry), {"rest": {"secret": "rest"}}
    initials = {name_of(item)[0].lower() for item in items(entry)} or {"x"}
    files = selections("secret", initials, allow_empty=True)
    run = site.sync(server, {**kept, **files}, host)
    site.results.check(entry, run, {0})
    site.results.claim(entry, "no secret of a certificate is selected", list(site.delivered()) == ["rest"], run)
    site.results.claim(entry, "all pages are read", len(server.asked()) == pages + 1, run)


def select_nothing(site, entry):
    """Where nothing fits, the set stays as it was."""
    with site.replay(*TOKEN, "--script", f"{entry['id']},{SECRET}", rewrite=False) as server:
        run = site.sync(server, selections("secret", {"no-such-prefix"}), host_of(entry))
        site.results.check(entry, run, {65})
        site.results.claim(entry, "an empty selection is refused", site.delivered() == {}, run)
        site.results.claim(entry, "and says how it is allowed", '"allow_empty"' in run.stderr, run)


def select_certificates(site, entry):
    """Each with its key and chain in one file."""
    names = [name_of(item) for item in items(entry)]
    script = f"{entry['id']},{CERTIFICATE}"
    with site.replay(*TOKEN, "--script", script, rewrite=False) as server:
        initials = {name[0].lower() for name in names}
        run = site.sync(server, selections("certificate", initials, part="bundle"), host_of(entry))
        site.results.check(entry, run, {0})
        wanted = {f"{name[0].lower()}-{name}": value_of(site, CERTIFICATE) for name in names}
        site.results.claim(entry, "each certificate is a file", site.delivered() == wanted, run)
        asked = server.asked()
        site.results.claim(entry, "the list is that of certificates", asked[0]["path"] == "/certificates", run)


def with_empty_pages(site, first, last):
    """Pages without entries before and behind a recorded one, as most of the recorded ones were."""
    empty = {**first, "id": "made-empty-page"}
    link = read_body(first)["nextLink"]
    empty["body"] = '{"value":[],"nextLink":"%s"}' % link
    names = [name_of(item) for page in (first, last) for item in items(page) if not item.get("managed")]
    script = [*[empty["id"]] * 3, first["id"], *[empty["id"]] * 2, last["id"], SECRET]
    with site.replay(*TOKEN, "--script", ",".join(script), rewrite=False, made=[empty]) as server:
        files = selections("secret", {name[0].lower() for name in names})
        run = site.sync(server, files, host_of(first))
        site.results.check(first, run, {0})
        whole = sorted(site.delivered()) == sorted(f"{name[0].lower()}-{name}" for name in names)
        site.results.claim(first, "empty pages end nothing", whole, run)


def leads_elsewhere(site, entry):
    """The same list at a vault of another name: the recorded link leads away from it."""
    with site.replay(*TOKEN, "--script", f"{entry['id']},{SECRET}", rewrite=False) as server:
        run = site.sync(server, selections("secret", {"g"}))
        site.results.check(entry, run, {65})
        site.results.claim(entry, "the token goes nowhere else", len(server.asked()) == 1, run)
        site.results.claim(entry, "which is told", "with a next page elsewhere" in run.stderr, run)


def refuse_list(site, entry):
    """A reply that is no list, in a list's place."""
    with site.replay(*TOKEN, "--script", entry["id"], rewrite=False) as server:
        run = site.sync(server, selections("secret", {"a"}))
        # One without entries is an empty list.
        codes = {65} if entry["status"] == 200 else FITTING[entry["status"]]
        site.results.check(entry, run, codes)
        site.results.claim(entry, "nothing is delivered", site.delivered() == {}, run)


def unchanged(site, listed, secrets):
    """A recorded secret and the list of that minute: it need not be fetched again, another must."""
    changes = {name_of(item): item["attributes"]["updated"] for item in items(listed)}
    known = ((entry, read_body(entry)) for entry in secrets)
    entry, body = next(pair for pair in known if is_listed(pair[1], changes))
    same, other = name_of(body, 2), "GetPropertiesOfSecret"
    files = {"same": {"secret": same}, "other": {"secret": other}}
    host = host_of(listed)
    with site.replay(*TOKEN, "--script", entry["id"], rewrite=False) as server:
        run = site.run(site.config(server, files, host, change_check="list"))
        site.results.check(entry, run, {0})
        site.results.claim(entry, "first everything is fetched", len(server.asked()) == 2, run)
    for _ in range(2):
        with site.replay(*TOKEN, "--script", f"{listed['id']},{entry['id']}", rewrite=False) as server:
            run = site.run(site.config(server, files, host, change_check="list"), anew=False)
            site.results.check(listed, run, {0})
            paths = [request["path"] for request in server.asked()]
            once = paths == ["/secrets", f"/secrets/{other}"]
            site.results.claim(listed, "then what the list shows as changed", once, run)


def list_forbidden(site, entry):
    """A vault that forbids the list gives each object all the same; its firewall nothing at all."""
    files = {name: {"secret": name} for name in ("first", "second")}
    with site.replay(*TOKEN, "--script", "secret-latest-10", rewrite=False) as server:
        site.run(site.config(server, files, change_check="list"))
    with site.replay(*TOKEN, "--script", f"{entry['id']},secret-latest-10", rewrite=False) as server:
        run = site.run(site.config(server, files, change_check="list"), anew=False)
        firewall = "ForbiddenByFirewall" in entry["body"]
        told = "change_check fetches every object instead" in run.stderr
        site.results.claim(entry, "it is told where it is done", told != firewall, run)
        code, requests = (77, 1) if firewall else (0, 3)
        site.results.check(entry, run, {code})
        site.results.claim(entry, "each is fetched that can be", len(server.asked()) == requests, run)


def selections(kind, prefixes, allow_empty=False, **more):
    """One for each prefix, whose files begin with it."""
    chosen = {"type": kind, **({"allow_empty": True} if allow_empty else {})}
    return {
        f"{prefix}-${{name}}": {"select": {**chosen, "prefix": prefix}, "max_objects": 100, **more}
        for prefix in prefixes
    }


def follows(asked, pages):
    """Whether each page after the first was asked for with the query of the link before."""
    links = [read_body(page)["nextLink"] for page in pages[:-1]]
    queries = [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query)) for link in links]
    return [request["query"] for request in asked[1 : len(pages)]] == queries


def is_listed(body, changes):
    return changes.get(name_of(body, 2)) == body["attributes"]["updated"]


def items(entry):
    return read_body(entry)["value"]


def name_of(item, place=-1):
    """From its id, `https://HOST/secrets/NAME`, which may go on with a version."""
    return urllib.parse.urlsplit(item["id"]).path.split("/")[place]


def host_of(entry):
    """That of the link or of the first object, since sanitizers changed the URLs."""
    body = read_body(entry)
    url = body["nextLink"] or (body["value"][0]["id"] if body["value"] else entry["url"])
    host = urllib.parse.urlsplit(url).hostname
    return HOSTS.get(host, host)


def value_of(site, name):
    return read_body(next(entry for entry in site.entries if entry["id"] == name))["value"].encode()
