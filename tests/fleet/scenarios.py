"""What is simulated: fleets of 10, 10 000 and 1 000 000 devices before vaults of 4 000 transactions
in ten seconds. Each scenario is computed once; tables, plots and checks share it.
"""

from functools import lru_cache

import closed
import facts
from fleet import SECOND, Fleet, Job, Rule, Vault, calendar, power_cut, stable_offsets

SECRETS = 10
LIMIT = Vault().limit
PER_SECOND = LIMIT // 10
SUBSCRIPTION = 5
FLEETS = (10, 10_000, 1_000_000)
SEED = 20240229

TIMER = facts.shipped_timer()
CLIENT = facts.client()
SHIPPED = Rule("keyferry", (0,) * len(CLIENT.pauses), CLIENT.pauses)
RULES = (
    SHIPPED,
    SHIPPED._replace(name="keyferry, and the vault says `Retry-After: 10`", retry_after=10_000),
    Rule("Key Vault's guidance: pauses of 1, 2, 4, 8, 16 s", (1000, 2000, 4000, 8000, 16000), (0,) * 5),
    Rule("the same with jitter from zero on", (0,) * 5, (1000, 2000, 4000, 8000, 16000)),
    Rule("three pauses of 10 to 20 s", (10_000,) * 3, (10_000,) * 3),
    Rule("none: the first 429 ends the run", (), ()),
)
# Devices of one vault, and the seconds within which they boot.
CROWDS = tuple((devices, spread) for devices in (1_000, 10_000, 27_000) for spread in (60, 300, 900))


def job(secrets=SECRETS, by_list=False):
    """A run that fetches so many secrets of one vault."""
    return Job(secrets, CLIENT.budget(secrets, by_list), CLIENT.deadline, token_spare=1000 * CLIENT.token_spare_seconds)


def simulated(devices, seconds, vault=Vault(), rule=SHIPPED, secrets=SECRETS, seed=SEED):
    """A fleet of the shipped client, still without any run."""
    return Fleet(devices, vault, rule, job(secrets), seconds, seed)


@lru_cache(maxsize=None)
def timers(kind, devices):
    """One interval: all at once ("fixed"), a delay drawn each time, one that stays ("stable")."""
    fleet = simulated(devices, TIMER.interval, seed=SEED + ("drawn", "fixed", "stable").index(kind))
    fleet.keep_tokens()
    if kind == "fixed":
        calendar(fleet, TIMER._replace(delay=0), [0] * devices)
    elif kind == "drawn":
        calendar(fleet, TIMER, None)
    else:
        calendar(fleet, TIMER, stable_offsets(fleet, TIMER))
    return fleet.run()


@lru_cache(maxsize=None)
def cut(devices, spread, rule=SHIPPED, meter="window", secrets=SECRETS, seconds=3600):
    """Power comes back; half an interval later the calendar's next hour begins."""
    fleet = simulated(devices, seconds, Vault(meter=meter), rule, secrets)
    power_cut(fleet, TIMER, spread, TIMER.interval // 2)
    return fleet.run()


@lru_cache(maxsize=None)
def crowd(rule, meter):
    """10 000 devices in one second, and nothing after it."""
    fleet = simulated(10_000, TIMER.interval, Vault(meter=meter), rule)
    calendar(fleet, TIMER._replace(delay=0), [0] * fleet.devices)
    return fleet.run()


# Seconds of an hour without the vault, before it is moved into the middle of an interval.
OUTAGE = (1800, 5400)


@lru_cache(maxsize=None)
def outage(devices):
    """An hour of 503 from a vault, that begins and ends in the middle of an interval; with both."""
    begin, end = (at + TIMER.interval // 2 for at in OUTAGE)
    fleet = simulated(devices, 9000, Vault(down=(begin * SECOND, end * SECOND)))
    fleet.keep_tokens()
    calendar(fleet, TIMER, stable_offsets(fleet, TIMER))
    # Before it all is well: what counts is the first whole run after its end.
    fleet.counts_from = end * SECOND
    return fleet.run(), begin, end


@lru_cache(maxsize=None)
def listed(check, devices, seconds=27 * 3600):
    """A day after a start of all within five minutes, by `change_check`. The vault holds these ten
    secrets and few more, so that its list is one page."""
    fleet = Fleet(devices, Vault(), SHIPPED, job(SECRETS, check == "list"), seconds, SEED)
    power_cut(fleet, TIMER, 300, TIMER.interval // 2)
    fetched = [None] * devices
    pages = -(-SECRETS // CLIENT.page)

    def wanted(device, step):
        """A list while each object was fetched within a day, else each object."""
        known = fetched[device]
        if check == "list" and known is not None and step - known < CLIENT.full_check_seconds * SECOND:
            return pages
        # What a run sees is dated by its end.
        fetched[device] = step + (SECRETS - 1) * fleet.job.round_trip * SECOND // 1000
        return SECRETS

    return fleet.run(wanted)


@lru_cache(maxsize=None)
def rotation(kind, devices):
    """Seconds from a secret's new version until each device has it, in order; it comes in the
    middle of an interval."""
    at = TIMER.interval + TIMER.interval // 2
    fleet = simulated(devices, at + 3 * TIMER.interval)
    fleet.keep_tokens()
    if kind == "drawn":
        calendar(fleet, TIMER, None)
    else:
        calendar(fleet, TIMER, stable_offsets(fleet, TIMER))
    fleet.starts[:at * SECOND] = [None] * (at * SECOND)
    fleet.run()
    return sorted(step / SECOND - at for step in fleet.first)


@lru_cache(maxsize=None)
def sign_ins(devices, seconds=12 * 3600):
    """Runs of a single request, by which the authority sees the same as by ten."""
    fleet = simulated(devices, seconds, secrets=1)
    fleet.keep_tokens()
    calendar(fleet, TIMER, stable_offsets(fleet, TIMER))
    return fleet.run()


def runs_a_token():
    """How many runs one token serves in the mean, when it lives evenly between two times."""
    low, high = (life - 1000 * CLIENT.token_spare_seconds for life in Job(1, 1, 1).token_lives)
    step, total, runs = 1000 * TIMER.interval, 0.0, 0
    # The run number k signs in anew when the life that is left of the first token is over by then.
    while runs * step < high:
        total += min(1.0, (high - max(low, runs * step)) / (high - low))
        runs += 1
    return total


def slots(interval=TIMER.interval):
    """Windows of ten seconds in the delay that goes with an interval: the shipped share of it."""
    return interval * TIMER.delay // TIMER.interval // 10


def room(secrets, interval=TIMER.interval):
    """How many devices of so many requests a run one vault takes without a 429, 999 times in 1000."""
    return closed.most_devices(LIMIT, secrets, slots(interval))


def vaults(devices, secrets, interval=TIMER.interval):
    """How many vaults a fleet needs, and subscriptions for them in one region."""
    count = -(-devices // room(secrets, interval))
    return count, -(-count // SUBSCRIPTION)
