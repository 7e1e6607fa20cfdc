"""What the product does, read from the product: the shipped timer, the rules of repeating, the
numbers of requests. Nothing of it is written down a second time here; where the source no longer
says it in the form that the model knows, that is an error which names the file.
"""

import os
import re
from typing import NamedTuple, Tuple

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIMER = "packaging/root/usr/lib/systemd/system/keyferry.timer"
SERVICE = "packaging/root/usr/lib/systemd/system/keyferry.service"


class Stale(Exception):
    """Product or paper are not what the model was made for."""


class Timer(NamedTuple):
    """A timer as systemd runs it; times in seconds."""

    interval: int
    delay: int
    fixed_delay: bool
    persistent: bool
    accuracy: float
    runs_at_boot: bool


class Client(NamedTuple):
    """How keyferry asks and repeats; times in milliseconds, but for names that say seconds."""

    attempts: int
    pauses: Tuple[int, ...]
    deadline: int
    spare_requests: int
    requests_a_secret: int
    requests_a_list: int
    page: int
    full_check_seconds: int
    token_spare_seconds: int

    def budget(self, secrets, by_list=False):
        """How many requests a run may send for so many secrets of one vault."""
        listed = self.requests_a_list if by_list else 0
        return self.spare_requests + secrets * self.requests_a_secret + listed


def shipped_timer():
    """The timer of the package."""
    timer, service = _unit(TIMER), _unit(SERVICE)
    if service.get("Service", {}).get("Restart", ["no"])[-1] != "no":
        raise Stale(f"{SERVICE}: the model knows no Restart=; a failed run waits for the timer")
    section = timer.get("Timer", {})
    calendars = section.get("OnCalendar", [])
    others = sorted(set(section) & {"OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec"})
    if len(calendars) != 1 or others:
        raise Stale(f"{TIMER}: the model knows one OnCalendar= and no other trigger; found {calendars + others}")
    wanted = " ".join(timer.get("Unit", {}).get("Wants", []))
    return Timer(
        interval=_interval(calendars[0]),
        delay=int(span(section.get("RandomizedDelaySec", ["0"])[-1])),
        fixed_delay=_truth(section.get("FixedRandomDelay", ["no"])[-1]),
        persistent=_truth(section.get("Persistent", ["no"])[-1]),
        accuracy=span(section.get("AccuracySec", ["1min"])[-1]),
        runs_at_boot="keyferry.service" in wanted.split(),
    )


def client():
    """The rules of the source."""
    attempts = _number("src/retry.rs", r"pub const ATTEMPTS: u32 = (\d+);")
    first = _number("src/retry.rs", r"let cap = (\d[\d_]*)_u64 << doublings;")
    doublings = _number("src/retry.rs", r"const LAST_DOUBLING: u32 = (\d+);")
    _says("src/retry.rs", r"random\.checked_rem\(cap\.saturating_add\(1\)\)", "full jitter from zero on")
    _says("src/retry.rs", r"\(attempt < ATTEMPTS && pause < left\)\.then_some\(pause\)", "when there is no next attempt")
    _says("src/error/class.rs", r"Self::ServerBusy \{ status: 429, \.\. \} => true", "a 429 that stays gives the vault up")
    _says("src/sync/mod.rs", r"if !fetch\.users\.iter\(\)\.any\(needed\)", "a failed set fetches no more")
    _says("src/sync/survey.rs", r"want\.whole \|\| want\.names\.len\(\) > 1", "no list for a single object")
    return Client(
        attempts=attempts,
        pauses=tuple(first << min(number, doublings) for number in range(attempts - 1)),
        deadline=1000 * _number("src/config/network.rs", r"deadline: Duration::from_secs\((\d+)\)"),
        spare_requests=_number("src/config/budget.rs", r"let mut requests: u32 = (\d+);"),
        requests_a_secret=_number("src/config/budget.rs", r"ObjectKind::Key \| ObjectKind::Secret => (\d+),"),
        requests_a_list=_number("src/config/budget.rs", r"const LIST: u32 = (\d+);"),
        page=_number("src/vault/list.rs", r"\{API_VERSION\}&maxresults=(\d+)\""),
        full_check_seconds=_number("src/sync/survey.rs", r"const FULL_CHECK: .* = std::time::Duration::from_secs\(([\d_]+)\);"),
        token_spare_seconds=_number("src/identity/token.rs", r"const SPARE: i64 = (\d+);"),
    )


def measured_requests(objects, check, run):
    """What docs/performance.md, which the bench holds, says of requests with a kept token."""
    row = rf"\| {re.escape(objects)} \| `{check}` \| {re.escape(run)} \| (\d+) \|"
    return _number("docs/performance.md", row)


def span(text):
    """Seconds of a time span as systemd writes it."""
    units = {"us": 1e-6, "ms": 1e-3, "": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hr": 3600, "hour": 3600, "d": 86400}
    parts = re.findall(r"([\d.]+)\s*([a-z]*)", text.strip())
    if not parts or any(unit not in units for _, unit in parts) or re.sub(r"[\d.]+\s*[a-z]*\s*", "", text.strip()):
        raise Stale(f"{TIMER}: {text!r} is no time span that the model reads")
    return sum(float(number) * units[unit] for number, unit in parts)


def read(path):
    """A file of the tree."""
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def _interval(calendar):
    """Seconds between the elapses of a calendar expression that counts minutes of the hour."""
    if calendar == "hourly":
        return 3600
    found = re.fullmatch(r"(?:\*-\*-\* )?\*:0{1,2}/(\d+)(?::00)?", calendar)
    if not found or 60 % int(found[1]):
        raise Stale(f"{TIMER}: the model does not read OnCalendar={calendar}")
    return 60 * int(found[1])


def _unit(path):
    """Sections of a unit file, each key with all of its values."""
    sections, section = {}, {}
    for line in read(path).replace("\\\n", " ").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif "=" in line and line[0] not in "#;":
            key, value = (part.strip() for part in line.split("=", 1))
            section.setdefault(key, []).append(value)
    return sections


def _truth(text):
    return text.lower() in ("1", "yes", "true", "on")


def _number(path, pattern):
    return int(_says(path, pattern, "a number that the model takes from there")[1].replace("_", ""))


def _says(path, pattern, what):
    found = re.findall(pattern, read(path))
    if len(found) != 1:
        raise Stale(f"{path} does not say once {pattern!r} ({what}): look whether tests/fleet still models what it does")
    return re.search(pattern, read(path))
