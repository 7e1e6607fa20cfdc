"""The replaying server, the program before it, and what is checked of every run."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOGIN, VAULTS = "login.microsoftonline.com", "vault.azure.net"
VAULT = f"factory7-edge.{VAULTS}"
RECORDINGS = "recordings.jsonl"
ARM = "management.local.azurestack.external"


class Results:
    """Counts checks; says which failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, entry, run, codes):
        """Whatever `entry` holds, the run ended well, and keeps what the entry keeps secret."""
        said = run.stdout + run.stderr
        problems = [] if run.returncode in codes else [f"exit {run.returncode}"]
        problems += ["a panic" for word in ("panicked", "RUST_BACKTRACE") if word in said]
        problems += [f"{name} is printed" for name, text in secrets(entry) if text in said]
        self.note(entry, problems, said)

    def claim(self, entry, claim, good, run=None):
        """Something that holds after the run."""
        self.note(entry, [] if good else [f"not so: {claim}"], run.stderr if run else "")

    def note(self, entry, problems, said):
        if problems:
            self.failed += 1
            print(f"FAILED  {entry['id']}: {', '.join(problems)}\n{said}")
        else:
            self.passed += 1


def secrets(entry):
    """What no output may hold: long enough not to be there by chance."""
    body = read_body(entry)
    for name in ("value", "access_token", "refresh_token", "id_token"):
        text = body.get(name)
        if isinstance(text, str):
            # Each line of a PEM alone, too.
            yield from ((name, line) for line in text.split("\n") if len(line) >= 8 and "-----" not in line)


def read_body(entry):
    """The object in an entry's body; empty if there is none."""
    try:
        body = json.loads(entry.get("body") or "")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


class Site:
    """The program on its device, and what every replay needs."""

    def __init__(self, program, recordings, work):
        self.program = program
        self.recordings = recordings
        self.work = work
        self.device = os.path.join(work, "device")
        self.results = Results()
        self.entries = load(os.path.join(recordings, RECORDINGS))

    def of(self, *categories):
        return [entry for entry in self.entries if entry["category"] in categories]

    def replay(self, *options, rewrite=True, made=()):
        """The server with a certificate; recorded hosts become the caller's unless told otherwise."""
        files = ["--cert", os.path.join(self.work, "ca.pem"), "--key", os.path.join(self.work, "key.pem")]
        return Replay(self, [*files, *(["--rewrite"] if rewrite else []), *options], made)

    def replay_plain(self, *options):
        """The server of a machine's endpoint."""
        return Replay(self, ["--plain", *options], ())

    def config(self, server, files, host=VAULT, **more):
        """A device with one set of these files; `more` are keys of the set."""
        return {
            "cloud": "public",
            "identity": {
                "type": "client_secret",
                "tenant": "contoso.onmicrosoft.com",
                "client_id": "4f4a1d1b-2a3c-4c5d-8e9f-0a1b2c3d4e5f",
                "client_secret": {"env": "CLIENT_SECRET"},
            },
            "vault": f"https://{host}",
            "sets": {"replay": {"files": files, **more}},
            "runtime_directory": os.path.join(self.device, "run"),
            "state_directory": os.path.join(self.device, "state"),
            "network": {
                "ca_file": os.path.join(self.work, "ca.pem"),
                "resolve": {name: f"127.0.0.1:{server.port}" for name in (LOGIN, host)},
            },
        }

    def sync(self, server, files, host=VAULT, **more):
        """A first sync of these files."""
        return self.run(self.config(server, files, host, **more))

    def run(self, config, variables=None, words=("sync",), anew=True):
        """One run, on a device without a past if it is `anew`."""
        if anew:
            shutil.rmtree(self.device, ignore_errors=True)
            os.mkdir(self.device, 0o755)
        path = os.path.join(self.device, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        os.chmod(path, 0o644)
        return subprocess.run(
            [self.program, *words, "--log", "debug", "--config", path],
            env={"PATH": "/usr/bin:/bin", "CLIENT_SECRET": "correct horse", **(variables or {})},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def path(self, name):
        return os.path.join(self.device, "run/sets/replay", name)

    def delivered(self):
        """The files of the set, by name."""
        directory, found = self.path(""), {}
        for name in os.listdir(directory) if os.path.isdir(directory) else []:
            if not name.startswith("."):
                with open(self.path(name), "rb") as file:
                    found[name] = file.read()
        return found


class Replay:
    """The replaying server, until the end of a `with`. `made` are entries besides the recorded."""

    def __init__(self, site, options, made):
        directory = tempfile.mkdtemp(prefix="server-", dir=site.work)
        self.log, beside = (os.path.join(directory, name) for name in ("log", "made.jsonl"))
        with open(beside, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in made)
        recordings = [os.path.join(site.recordings, RECORDINGS), beside]
        server = os.path.join(site.recordings, "replay.py")
        self.command = [sys.executable, server, "--port", "0", "--log", self.log, *options, *recordings]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def asked(self):
        """What was asked for, but for tokens."""
        with open(self.log, encoding="utf-8") as file:
            requests = [json.loads(line) for line in file]
        return [request for request in requests if request["method"] == "GET"]


def make_certificate(work):
    """One for all hosts, its own authority."""
    names = f"subjectAltName=DNS:{LOGIN},DNS:*.{VAULTS},DNS:{ARM}"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-subj", "/CN=replay", "-addext", "basicConstraints=critical,CA:FALSE", "-addext", names]
        + ["-keyout", os.path.join(work, "key.pem"), "-out", os.path.join(work, "ca.pem")],
        check=True,
        capture_output=True,
    )
    os.chmod(os.path.join(work, "ca.pem"), 0o644)


def build():
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--bin", "keyferry"], cwd=ROOT, check=True)
    return os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "debug/keyferry")


def load(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]
