"""A fleet before one vault: each device by itself, in steps of a tenth of a second.

Devices do not know each other, so the vault's limit is all that connects them: a fleet on V equal
vaults is V times this with 1/V of the devices. Within a step the order counts only where the limit
falls into it; there it is drawn. Everything else that is random comes from one seeded generator
through `random()` alone, which gives the same numbers in each version of Python.

What is left out: lookup, TCP and TLS (they move a run by a second), the time that a vault needs
(the round trip stands for it), whole lost connections, clocks that are wrong.
"""

import random
from typing import NamedTuple, Tuple

STEP = 100
SECOND = 1000 // STEP
WINDOW = 10 * SECOND


class Rule(NamedTuple):
    """How a client repeats a request: the pause before attempt n + 1 is floor[n] and up to span[n]."""

    name: str
    floor: Tuple[int, ...]
    span: Tuple[int, ...]
    retry_after: int = 0

    @property
    def attempts(self):
        return len(self.span) + 1


class Vault(NamedTuple):
    """A vault's limit of transactions in ten seconds; how it counts them is not published.

    "window": the count begins anew every ten seconds. "bucket": it runs full again evenly.
    """

    limit: int = 4000
    meter: str = "window"
    down: Tuple[int, int] = (0, 0)


class Job(NamedTuple):
    """What each run asks for; times in milliseconds."""

    requests: int
    budget: int
    deadline: int
    round_trip: int = 200
    token_spare: int = 300_000
    token_lives: Tuple[int, int] = (3_600_000, 5_400_000)


class Fleet:
    """Devices, and what became of their runs. Times are steps; `first` is when a device had all,
    from the step `counts_from` on."""

    def __init__(self, devices, vault, rule, job, seconds, seed):
        self.devices, self.vault, self.rule, self.job = devices, vault, rule, job
        self.steps = seconds * SECOND
        self.random = random.Random(seed).random
        self.starts = [None] * self.steps
        self.asked = [0] * self.steps
        self.served = [0] * self.steps
        self.sign_ins = [0] * self.steps
        self.first = [-1] * devices
        self.counts_from = 0
        self.token_ends = [0] * devices
        self.completed = self.failed = self.begun = self.in_vain = 0
        self.longest = 0

    def keep_tokens(self):
        """As in the middle of a day: each has a token of some age."""
        draw, (low, high) = self.random, self.job.token_lives
        self.token_ends = [int((low + draw() * (high - low)) * draw()) // STEP for _ in range(self.devices)]

    def start(self, device, step):
        """A run of this device; what lies behind the end is left out."""
        if 0 <= step < self.steps:
            if self.starts[step] is None:
                self.starts[step] = []
            self.starts[step].append(device)

    def run(self, wanted=None):
        """Lets time pass. `wanted(device, step)` gives the requests of a run where they differ."""
        draw, steps, starts = self.random, self.steps, self.starts
        floor, span, retry_after, attempts = self.rule.floor, self.rule.span, self.rule.retry_after, self.rule.attempts
        budget, deadline, trip = self.job.budget, self.job.deadline // STEP, max(1, self.job.round_trip // STEP)
        limit, by_window, (down, up) = self.vault.limit, self.vault.meter == "window", self.vault.down
        asked, served, first, counts_from = self.asked, self.served, self.first, self.counts_from
        due = [None] * steps
        need = [self.job.requests] * self.devices
        done, tries, sent = [0] * self.devices, [0] * self.devices, [0] * self.devices
        began = [-1] * self.devices
        room, window = float(limit), -1
        for step in range(steps):
            if by_window and step // WINDOW != window:
                room, window = limit, step // WINDOW
            elif not by_window:
                room = min(float(limit), room + limit / WINDOW)
            batch, due[step] = due[step] or [], None
            for device in starts[step] or ():
                # A unit that still runs is not started again.
                if began[device] < 0:
                    began[device], done[device], tries[device] = step, 0, 0
                    sent[device] = self._sign_in(device, step)
                    if wanted:
                        need[device] = wanted(device, step)
                    self.begun += 1
                    batch.append(device)
            starts[step] = None
            if not batch:
                continue
            count = len(batch)
            asked[step] = count
            passed = 0 if down <= step < up else min(count, int(room))
            if 0 < passed < count:
                _choose(batch, passed, draw)
            room -= passed
            served[step] = passed
            for device in batch[:passed] if passed < count else batch:
                done[device] += 1
                sent[device] += 1
                if done[device] >= need[device]:
                    self.longest = max(self.longest, step - began[device])
                    began[device] = -1
                    self.completed += 1
                    if first[device] < 0 and step >= counts_from:
                        first[device] = step
                elif sent[device] >= budget:
                    self._fail(done[device], step - began[device])
                    began[device] = -1
                else:
                    tries[device] = 0
                    _put(due, step + trip, device, steps)
            for device in batch[passed:]:
                attempt = tries[device]
                sent[device] += 1
                if attempt + 1 < attempts and sent[device] < budget:
                    pause = (retry_after + floor[attempt] + int(draw() * (span[attempt] + 1))) // STEP
                    if step + trip + pause - began[device] < deadline:
                        tries[device] = attempt + 1
                        _put(due, step + trip + pause, device, steps)
                        continue
                self._fail(done[device], step - began[device])
                began[device] = -1
        return self

    def _sign_in(self, device, step):
        """Whether this run needs a token: 1 or 0 requests, which the authority gets."""
        if step < self.token_ends[device] - self.job.token_spare // STEP:
            return 0
        low, high = self.job.token_lives
        self.token_ends[device] = step + int(low + self.random() * (high - low)) // STEP
        self.sign_ins[step] += 1
        return 1

    def _fail(self, done, took):
        self.failed += 1
        self.in_vain += done
        self.longest = max(self.longest, took)

    def sums(self, counts, seconds):
        """Counts by intervals of so many seconds."""
        width = seconds * SECOND
        return [sum(counts[begin:begin + width]) for begin in range(0, self.steps, width)]

    def refused(self):
        """Requests that were not served, by step."""
        return [asked - served for asked, served in zip(self.asked, self.served)]

    def when(self, share):
        """Seconds until this share of the devices had everything, or nothing."""
        times = sorted(step for step in self.first if step >= 0)
        needed = max(1, -(-self.devices * share // 1))
        return times[int(needed) - 1] / SECOND if len(times) >= needed else None

    def share_at(self, seconds):
        """Share of the devices that had everything by then."""
        return sum(0 <= step <= seconds * SECOND for step in self.first) / self.devices


def calendar(fleet, timer, offsets, begin=0, after=None):
    """Starts the runs of a calendar timer whose hours began at `begin` seconds. `after` gives for
    each device the step of its last run, up to which the timer is not looked at."""
    interval, length = timer.interval * SECOND, timer.delay * SECOND
    for tick in range(begin * SECOND, fleet.steps, interval):
        for device in range(fleet.devices):
            if after is not None and tick <= after[device]:
                continue
            delay = offsets[device] if offsets is not None else int(fleet.random() * length)
            fleet.start(device, tick + delay)


def stable_offsets(fleet, timer):
    """One delay for each device, evenly drawn: what FixedRandomDelay= gives (see offset.py)."""
    length = timer.delay * SECOND
    return [int(fleet.random() * length) for _ in range(fleet.devices)]


def power_cut(fleet, timer, spread, begin):
    """All boot within `spread` seconds, run at once, catch up on the missed run after their delay,
    and then go by the calendar, whose next hour begins at `begin` seconds."""
    offsets = stable_offsets(fleet, timer)
    caught_up = []
    for device in range(fleet.devices):
        boot = int(fleet.random() * spread * SECOND)
        if timer.runs_at_boot:
            fleet.start(device, boot)
        caught_up.append(boot + offsets[device])
        fleet.start(device, caught_up[device])
    calendar(fleet, timer, offsets, begin, caught_up)


def _choose(batch, count, draw):
    """Puts `count` of them, any with equal chance, at the front."""
    total = len(batch)
    for place in range(count):
        other = place + int(draw() * (total - place))
        batch[place], batch[other] = batch[other], batch[place]


def _put(due, step, device, steps):
    if step < steps:
        if due[step] is None:
            due[step] = [device]
        else:
            due[step].append(device)
