"""The plant: the loopback cloud, keyferry on its device, and nginx. Each ends what it started."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 60


class Failure(Exception):
    """Something that must work did not."""


class Cloud:
    """tests/cloud, whose vault is filled by commands."""

    def __init__(self, program, directory):
        self.directory = directory
        self.process = subprocess.Popen(
            [program, "--national", "public", "--address", "127.0.0.1:0", "--directory", directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if not self.process.stdout.readline().startswith("ready "):
            self.process.kill()
            raise Failure(f"the cloud did not start: {self.process.stderr.read()}")
        with open(os.path.join(directory, "cloud.json"), encoding="utf-8") as file:
            self.facts = json.load(file)

    def put(self, name, leaf):
        """A new version of a certificate."""
        files = [leaf.pfx, leaf.pem] if leaf.pfx else [leaf.pem]
        self.process.stdin.write(" ".join(["certificate", VAULT, name, *files]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer.startswith("done "):
            raise Failure(f"the cloud did not take a certificate: {answer}")

    def stop(self):
        """Gives what the cloud found wrong with its guests."""
        return self.process.communicate(timeout=PATIENCE)[1]


class Device:
    """keyferry with one set: a chain and its key."""

    def __init__(self, program, work, cloud, group):
        self.program = program
        self.config = os.path.join(work, "config.json")
        self.files = os.path.join(work, "run/sets/server")
        vault = ".".join([VAULT, cloud.facts["vault_host"].split(".", 1)[1]])
        login, app = cloud.facts["login_host"], cloud.facts["secret_app"]
        self.secret = app["client_secret"]
        self.settings = {
            "cloud": "public",
            "identity": {
                "type": "client_secret",
                "tenant": cloud.facts["tenant"],
                "client_id": app["client_id"],
                "client_secret": {"env": "CLIENT_SECRET"},
            },
            "vault": VAULT,
            "runtime_directory": os.path.join(work, "run"),
            "state_directory": os.path.join(work, "state"),
            "network": {
                "ca_file": os.path.join(cloud.directory, "ca.pem"),
                "resolve": {host: cloud.facts["address"] for host in (login, vault)},
            },
        }
        self.set = {
            "files": {
                "chain.pem": {"certificate": "server", "part": "chain"},
                "server.key": {"certificate": "server", "part": "key"},
            },
        }
        if group:
            self.set["group"] = group

    def configure(self, **more):
        """Writes the configuration; `more` are keys of the set."""
        settings = {**self.settings, "sets": {"server": {**self.set, **more}}}
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(settings, file)
        os.chmod(self.config, 0o600)

    def start(self):
        return subprocess.Popen(
            [self.program, "sync", "--config", self.config],
            env={"PATH": "/usr/bin:/bin", "CLIENT_SECRET": self.secret},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def sync(self):
        """One run to its end; gives the seconds it took."""
        began = time.monotonic()
        process = self.start()
        said = process.communicate(timeout=PATIENCE)[0]
        if process.returncode:
            raise Failure(f"keyferry ended with {process.returncode}:\n{said}")
        return time.monotonic() - began

    def killed_sync(self, after):
        """One run that is killed when it has lasted so many seconds; gives whether it was."""
        process = self.start()
        try:
            process.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            process.kill()
            # Ends with the last one that may write there: a hook outlives its keyferry.
            process.communicate()
        if process.returncode not in (0, -signal.SIGKILL):
            raise Failure(f"keyferry ended with {process.returncode}")
        return process.returncode == -signal.SIGKILL

    def path(self, name):
        return os.path.join(self.files, name)


class Nginx:
    """An nginx of our own, below one directory, at a free port of loopback."""

    def __init__(self, program, work, files, user):
        self.directory = tempfile.mkdtemp(prefix="nginx-", dir=work)
        # So that the user who runs it can reach it.
        self.program = shutil.copy(program, os.path.join(self.directory, "nginx"))
        self.log = os.path.join(self.directory, "error.log")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        with open(os.path.join(self.directory, "nginx.conf"), "w", encoding="ascii") as file:
            file.write(CONFIGURATION.replace("FILES", files).replace("PORT", str(self.port)))
        identity = {}
        if user:
            shutil.chown(self.directory, user, user)
            identity = {"user": user, "group": user, "extra_groups": []}
        self.process = subprocess.Popen(self.command(), **identity)
        if not wait_for(self.listens) or self.process.poll() is not None:
            self.process.kill()
            raise Failure(f"nginx did not start: {self.said()}")

    def command(self, *words):
        home = ["-p", self.directory, "-c", "nginx.conf", "-e", "error.log"]
        return [self.program, *home, *words]

    def listens(self):
        """Or will never."""
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return self.process.poll() is not None
        return True

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        return self.process.wait(timeout=PATIENCE)

    def said(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def complaints(self):
        words = ("[alert]", "[crit]", "[emerg]", "[error]", "mismatch")
        return [line for line in self.said().splitlines() if any(word in line for word in words)]


def wait_for(condition):
    """Asks until it holds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


VAULT = "plant7-servers"
CONFIGURATION = """\
daemon off;
worker_processes 2;
pid nginx.pid;
error_log error.log notice;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:PORT ssl;
        ssl_certificate FILES/chain.pem;
        ssl_certificate_key FILES/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        return 204;
    }
}
"""
