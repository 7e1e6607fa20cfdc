"""What happens all the time while certificates are rotated: clients shake hands with nginx, and
readers look at the files."""

import os
import socket
import ssl
import subprocess
import threading

from authority import NAME, certificates
from plant import PATIENCE


class Load:
    """Three clients and two readers, each a thread, until the end of a `with`."""

    def __init__(self, authority, pairs, files, port, linked):
        self.authority = authority
        self.pairs = pairs
        self.files = files
        self.port = port
        self.changed = threading.Condition()
        # Handshakes by the number of the leaf that was shown.
        self.shown = {}
        self.put = set()
        self.failures = []
        self.read = {"opened once": [0, 0], "by path": [0, 0]}
        self.over = False
        work = [self.newest_tls, self.older_tls, self.s_client, self.read_by_path]
        work += [self.read_opened_once] if linked else []
        self.threads = [threading.Thread(target=self.repeat, args=(one,)) for one in work]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join()

    def expect(self, leaf):
        """From now on this leaf may be shown."""
        self.put.add(leaf.number)

    def wait_for(self, leaf):
        """Whether a client is shown this leaf before long; not if anything failed before."""
        with self.changed:
            self.changed.wait_for(lambda: self.failures or leaf.number in self.shown, PATIENCE)
            return leaf.number in self.shown

    def repeat(self, work):
        while not self.over:
            try:
                work()
            except Exception as error:  # whatever it is, it is what a consumer would have met
                self.fail(f"{work.__name__}: {type(error).__name__}: {error}")

    def fail(self, problem):
        with self.changed:
            self.failures.append(problem)
            self.changed.notify_all()

    def newest_tls(self):
        self.shake_hands(ssl.TLSVersion.TLSv1_3)

    def older_tls(self):
        self.shake_hands(ssl.TLSVersion.TLSv1_2)

    def shake_hands(self, version):
        """A full handshake, in which the server proves that it has the key; verified up to the root."""
        context = ssl.create_default_context(cafile=self.authority.root)
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain:
            with context.wrap_socket(plain, server_hostname=NAME) as secured:
                self.note(secured.getpeercert(binary_form=True))

    def s_client(self):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", NAME]
            + ["-CAfile", self.authority.root, "-no-CApath", "-no-CAstore"]
            + ["-verify_hostname", NAME, "-verify_return_error"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        if done.returncode or "Verify return code: 0 (ok)" not in done.stdout:
            return self.fail(f"s_client: exit {done.returncode}\n{done.stderr}{done.stdout}")
        self.note(certificates(done.stdout)[0])

    def note(self, certificate):
        number = self.authority.numbers.get(certificate)
        if number not in self.put:
            return self.fail(f"a client was shown leaf {number}, which was not put into the vault")
        with self.changed:
            self.shown[number] = self.shown.get(number, 0) + 1
            self.changed.notify_all()

    def read_opened_once(self):
        """A pair by way of one version's directory: always whole."""
        try:
            current = os.open(os.path.join(self.files, ".keyferry/current"), os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return self.fail("there is no current version")
        try:
            chain, key = read("chain.pem", current), read("server.key", current)
        except FileNotFoundError:
            return None  # Two versions came since it was opened: it is opened again.
        finally:
            os.close(current)
        if not self.compare("opened once", chain, key):
            self.fail("two files of one version do not match")

    def read_by_path(self):
        """A pair as nginx reads it: may be one old and one new, but each is always there."""
        chain, key = (read(os.path.join(self.files, name)) for name in ("chain.pem", "server.key"))
        self.compare("by path", chain, key)

    def compare(self, how, chain, key):
        match = self.pairs.match(chain, key)
        self.read[how][0] += 1
        self.read[how][1] += not match
        return match


def read(name, directory=None):
    """Opens and reads at once."""
    file = os.open(name, os.O_RDONLY, dir_fd=directory)
    with os.fdopen(file, "rb") as opened:
        return opened.read()
