"""Checks of the simulation and of what is written of it: one line a check, the count at the end.

Tolerances are those of the distributions: four standard deviations where nothing else is said, so
that one seed in sixteen thousand would fail; the seeds are fixed.
"""

import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import closed  # noqa: E402
import document  # noqa: E402
import facts  # noqa: E402
import offset  # noqa: E402
import scenarios  # noqa: E402
from fleet import SECOND, STEP, WINDOW, Fleet, Job, Rule, Vault, calendar, power_cut, stable_offsets  # noqa: E402
from scenarios import CLIENT, LIMIT, SECRETS, SHIPPED, TIMER  # noqa: E402

BOUNDLESS = Vault(limit=10**9)
BIG = scenarios.FLEETS[-1]


def a_million_devices_take_less_than_a_minute():
    # First, so that nothing of it is computed yet.
    start = time.process_time()
    scenarios.cut(BIG, 300, seconds=1800)
    assert time.process_time() - start < 60


def binomial_counts_are_those_of_the_textbook():
    for total, chance in ((10, 0.3), (400, 1 / 84), (5, 1.0)):
        exact = [math.comb(total, count) * chance**count * (1 - chance) ** (total - count) for count in range(total + 1)]
        for count in range(total + 1):
            near(math.exp(closed.log_pmf(count, total, chance)), exact[count], 1e-12)
            near(closed.tail(count, total, chance), sum(exact[count + 1:]), 1e-12)
        for share in (0.5, 0.999):
            found = closed.quantile(share, total, chance)
            assert sum(exact[:found + 1]) >= share - 1e-12 > sum(exact[:found]) - 1e-12


def the_largest_of_slots_is_that_of_all_ways_to_fill_them():
    # Three slots, four devices: 81 ways. The closed form is a bound, near where it matters.
    ways = [max(sum(way // 3**device % 3 == slot for device in range(4)) for slot in range(3)) for way in range(81)]
    below = sum(peak <= 3 for peak in ways) / 81
    above = closed.tail(3, 4, 1 / 3)
    assert 1 - 3 * above <= below + 1e-12 and below <= math.exp(closed.log_below(3, 4, 3)) + 1e-12


def without_delay_all_ask_in_one_second():
    fleet = Fleet(10_000, BOUNDLESS, SHIPPED, job(1), TIMER.interval, 1)
    calendar(fleet, TIMER._replace(delay=0), [0] * fleet.devices)
    seconds = fleet.run().sums(fleet.asked, 1)
    assert seconds[0] == fleet.devices and not any(seconds[1:])


def stable_delays_peak_as_binomial_counts_do():
    devices, fleets, slots = 10_000, 200, TIMER.delay // 10
    mean, variance = closed.peak_moments(devices, slots)
    peaks, counts = [], []
    for seed in range(fleets):
        counts_of = starts(devices, seed)
        assert len(counts_of) == slots
        peaks.append(max(counts_of))
        counts += counts_of
    near(sum(peaks) / fleets, mean, 4 * math.sqrt(variance / fleets))
    near(sum(counts) / len(counts), devices / slots, 1e-9)
    most = closed.quantile(0.999, devices, 1 / slots)
    share = closed.tail(most, devices, 1 / slots)
    near(sum(count > most for count in counts) / len(counts), share, 4 * math.sqrt(share / len(counts)))


def drawn_delays_peak_as_binomial_counts_do():
    devices, slots, peaks = 10_000, TIMER.delay // 10, []
    fleet = Fleet(devices, BOUNDLESS, SHIPPED, job(1), 40 * TIMER.interval, 3)
    calendar(fleet, TIMER, None)
    counts = fleet.run().sums(fleet.asked, 10)
    for begin in range(0, len(counts), TIMER.interval // 10):
        part = counts[begin:begin + TIMER.interval // 10]
        assert sum(part) == devices
        peaks.append(max(part))
    mean, variance = closed.peak_moments(devices, slots)
    near(sum(peaks) / len(peaks), mean, 4 * math.sqrt(variance / len(peaks)))


def a_vault_has_room_for_as_many_as_the_closed_form_says():
    room = scenarios.room(SECRETS)
    fleet = scenarios.timers("stable", room)
    assert not any(fleet.refused()) and fleet.completed == room
    more, fleets = room * 11 // 10, 100
    fits = math.exp(closed.log_below(LIMIT // SECRETS, more, TIMER.delay // 10))
    found = sum(max(starts(more, seed)) <= LIMIT // SECRETS for seed in range(fleets)) / fleets
    near(found, fits, 4 * math.sqrt(max(fits, 1 / fleets) / fleets))


def the_rule_of_thumb_is_within_five_percent():
    for secrets in (1, 10, 20, 50):
        for interval in (TIMER.interval, 3600, 4 * 3600):
            thumb = closed.rule_of_thumb(LIMIT, secrets, scenarios.slots(interval))
            near(thumb / scenarios.room(secrets, interval), 1, 0.05)


def a_run_that_is_always_refused_ends_as_the_source_says():
    devices = 10_000
    fleet = Fleet(devices, Vault(down=(0, 10**9)), SHIPPED, job(SECRETS), TIMER.interval, 4)
    calendar(fleet, TIMER, stable_offsets(fleet, TIMER))
    fleet.run()
    assert sum(fleet.asked) == CLIENT.attempts * devices and fleet.failed == devices and fleet.completed == 0
    most = sum(CLIENT.pauses) + (CLIENT.attempts - 1) * fleet.job.round_trip
    assert most - 1000 < fleet.longest * STEP <= most, fleet.longest


def pauses_are_even_from_nothing_to_their_cap():
    devices, trip = 20_000, Job(1, 1, 1).round_trip
    fleet = Fleet(devices, Vault(down=(0, 10**9)), SHIPPED, job(SECRETS), 60, 5)
    for device in range(devices):
        fleet.start(device, 0)
    fleet.run()
    # The times of all attempts, the first at zero; each lies half a step early in the mean.
    attempts = SHIPPED.attempts
    mean = sum(step * STEP * count for step, count in enumerate(fleet.asked)) / devices
    pauses = [pause / 2 - STEP / 2 + trip for pause in CLIENT.pauses]
    wanted = sum(pause * (attempts - place - 1) for place, pause in enumerate(pauses))
    variance = sum((pause * (attempts - place - 1)) ** 2 / 12 for place, pause in enumerate(CLIENT.pauses))
    near(mean, wanted, 4 * math.sqrt(variance / devices) + 1)


def a_vault_serves_its_limit_and_not_one_more():
    for fleet in (scenarios.crowd(SHIPPED, "window"), scenarios.cut(10_000, 60), scenarios.timers("stable", BIG)):
        assert max(fleet.sums(fleet.served, 10)) == LIMIT
    bucket = scenarios.cut(10_000, 60, SHIPPED, "bucket")
    total = 0
    for step, served in enumerate(bucket.served):
        total += served
        assert total <= LIMIT + LIMIT * (step + 1) // WINDOW


def what_is_served_is_delivered_or_in_vain():
    for rule in scenarios.RULES:
        for meter in ("window", "bucket"):
            fleet = scenarios.crowd(rule, meter)
            assert fleet.begun == fleet.completed + fleet.failed == fleet.devices
            assert sum(fleet.served) == fleet.completed * SECRETS + fleet.in_vain


def who_is_served_is_drawn_evenly():
    # 1,000 devices, room for 250 each time: how often each is served is binomial.
    times, devices = 100, 1000
    lucky = [0] * devices
    for seed in range(times):
        fleet = Fleet(devices, Vault(limit=250), Rule("once", (), ()), job(1), 1, seed)
        for device in range(devices):
            fleet.start(device, 0)
        fleet.run()
        for device, first in enumerate(fleet.first):
            lucky[device] += first >= 0
    assert sum(lucky) == 250 * times
    spread = sum((count - times / 4) ** 2 / (times / 4 * 3 / 4) for count in lucky)
    near(spread, devices, 4 * math.sqrt(2 * devices))


def a_run_keeps_to_its_requests_and_to_its_time():
    short = Fleet(50, BOUNDLESS, SHIPPED, job(SECRETS)._replace(budget=6), 60, 7)
    late = Fleet(50, Vault(down=(0, 10**9)), SHIPPED._replace(retry_after=200_000), job(SECRETS), 900, 8)
    for fleet in (short, late):
        for device in range(fleet.devices):
            fleet.start(device, 0)
        fleet.run()
    # A sign-in is one of the six; a second wait of 200 s would end after five minutes.
    assert sum(short.served) == 5 * 50 and short.failed == 50
    assert sum(late.asked) == 2 * 50 and late.longest * STEP < CLIENT.deadline


def after_a_power_cut_each_device_runs_at_boot_and_once_more_before_its_hour():
    devices, spread = 5000, 300
    fleet = Fleet(devices, BOUNDLESS, SHIPPED, job(SECRETS), 3600, 9)
    power_cut(fleet, TIMER, spread, TIMER.interval // 2)
    planned = [[] for _ in range(devices)]
    for step, batch in enumerate(fleet.starts):
        for device in batch or ():
            planned[device].append(step)
    ticks = range(TIMER.interval // 2 * SECOND, fleet.steps, TIMER.interval * SECOND)
    for boot, missed, *others in planned:
        assert boot < spread * SECOND and 0 <= missed - boot < TIMER.delay * SECOND
        after = [tick + missed - boot for tick in ticks if tick > missed]
        assert others == [step for step in after if step < fleet.steps]
    fleet.run()
    assert fleet.when(1) < spread + 3 and not any(fleet.refused())
    # All sign in at boot, and nobody again within the shortest life of a token.
    early = (Job(1, 1, 1).token_lives[0] // 1000 - CLIENT.token_spare_seconds) * SECOND
    assert sum(fleet.sign_ins[:early]) == devices == sum(fleet.sign_ins[:spread * SECOND])


def a_rotation_arrives_as_the_offsets_lie():
    # Two sided bound of Dvoretzky, Kiefer and Wolfowitz at one in a million.
    times = scenarios.rotation("stable", 10_000)
    run, middle = 1.8, TIMER.interval / 2
    bound = math.sqrt(math.log(2e6) / (2 * len(times)))
    for place, seconds in enumerate(times):
        waited = seconds - run
        first = min(max(waited, 0), TIMER.delay - middle)
        second = min(max(waited - middle, 0), middle)
        near(place / len(times), (first + second) / TIMER.delay, bound)


def after_an_outage_each_device_comes_at_its_time():
    fleet, begin, end = scenarios.outage(20_000)
    runs = sum(fleet.asked[begin * SECOND + 100:end * SECOND - 100])
    near(runs / (CLIENT.attempts * 20_000), (end - begin) / TIMER.interval, 0.05)
    assert fleet.when(1) - end < TIMER.interval + 10
    # No request is refused for the limit, only for the outage.
    refused = fleet.refused()
    assert not any(refused[:begin * SECOND]) and not any(refused[end * SECOND:])


def sign_ins_are_as_seldom_as_tokens_live_long():
    devices = 10_000
    fleet = scenarios.sign_ins(devices)
    late = fleet.sign_ins[fleet.steps // 2:]
    wanted = devices * (len(late) / SECOND / TIMER.interval) / scenarios.runs_a_token()
    near(sum(late), wanted, 4 * math.sqrt(wanted))


def a_list_is_asked_for_but_for_once_a_day():
    get, listed = (scenarios.listed(check, 5000) for check in ("get", "list"))
    pages = facts.measured_requests("10", "list", "unchanged")
    assert pages == -(-SECRETS // CLIENT.page), "the bench counts other pages"
    assert facts.measured_requests("10", "get", "unchanged, or one changed") == SECRETS
    quarter = TIMER.interval * SECOND
    get, listed = ([sum(fleet.asked[begin:begin + quarter]) for begin in range(0, fleet.steps, quarter)] for fleet in (get, listed))
    assert listed[4] == 5000 * pages and get[4] == 5000 * SECRETS
    day = range(CLIENT.full_check_seconds // TIMER.interval, len(listed))
    assert 0.7 * 5000 * SECRETS < max(listed[place] for place in day) <= 5000 * SECRETS


def the_delay_is_the_one_of_systemd():
    # The reference vector of SipHash-2-4, and what systemd 252 showed for this machine id:
    # NextElapseUSecRealtime of both units, after the quarter of an hour.
    assert offset.siphash24(bytes(range(16)), bytes(range(15))) == 0xA129CA6149BE45E5
    machine = "0123456789abcdef0123456789abcdef"
    for unit, shown in (("keyferry.timer", 655), ("keyferry@line.timer", 122)):
        assert offset.delay(machine, unit, 840) // 1_000_000 == shown


def delays_of_machines_are_even():
    draw, slots, machines = random.Random(10), TIMER.delay // 10, 20_000
    counts = [0] * slots
    for _ in range(machines):
        machine = f"{draw.getrandbits(128):032x}"
        counts[offset.delay(machine, "keyferry.timer", TIMER.delay) // 10_000_000] += 1
    square = sum((count - machines / slots) ** 2 / (machines / slots) for count in counts)
    near(square, slots - 1, 4 * math.sqrt(2 * (slots - 1)))


def the_shipped_timer_is_the_one_of_this_page():
    assert TIMER.fixed_delay and TIMER.persistent and TIMER.runs_at_boot, TIMER
    assert TIMER.delay + TIMER.accuracy <= TIMER.interval, "a late run would miss the next elapse"
    assert TIMER.delay % 10 == 0 and TIMER.interval % 20 == 0, "windows of 10 s fill both"
    for unit in ("keyferry.timer", "keyferry@.timer"):
        lines = facts.read(facts.TIMER.replace("keyferry.timer", unit)).split("[Timer]")[1].split("[")[0]
        assert lines == facts.read(facts.TIMER).split("[Timer]")[1].split("[")[0], "instances go another way"


def another_timer_or_source_is_refused():
    for broken in (lambda: facts._interval("daily"), lambda: facts.span("14 fortnights"), lambda: facts._number("src/retry.rs", "no such line")):
        try:
            broken()
        except facts.Stale:
            continue
        raise AssertionError("it was taken")


def numbers_in_sentences_are_those_of_the_tables():
    text = " ".join(facts.read(document.PAPER).split())
    room, thousand = scenarios.room(SECRETS), lambda count: f"{count // 1000} 000"
    longest = (TIMER.interval + TIMER.delay) // 60
    for sentence in (
        f"**One vault takes {thousand(room)} devices** with ten secrets",
        f"one request: {thousand(scenarios.room(1))} devices a vault",
        f"up to {thousand(room)} devices with ten secrets, {thousand(scenarios.room(50))} with fifty",
        f"a device then waits up to {longest} minutes between two runs",
        f"({sum(CLIENT.pauses) // 1000} s against 10 s)",
        f"gives up after {('one', 'two', 'three', 'four', 'five', 'six')[CLIENT.attempts - 1]} requests instead of ten",
    ):
        assert sentence in text, f"the page does not say: {sentence}"
    crowd = scenarios.timers("fixed", 10_000)
    assert crowd.completed == 0 and crowd.longest < 8 * SECOND
    assert scenarios.timers("fixed", 400).failed == 0 and scenarios.timers("fixed", 500).completed == 0
    # The slowest of "two or three" intervals, and "99 of 100 in the same quarter of an hour".
    assert scenarios.cut(27_000, 300).when(1) < 3 * TIMER.interval
    assert all(scenarios.cut(10_000, 60, rule, meter).when(0.99) < TIMER.interval for rule in scenarios.RULES for meter in ("window", "bucket"))


def the_page_and_its_plots_are_what_the_simulation_gives():
    made = document.made(document.committed())
    wrong = [path for path, text in made.items() if not os.path.exists(os.path.join(facts.TOP, path)) or facts.read(path) != text]
    assert not wrong, f"run tests/fleet/simulate and read the difference: {', '.join(wrong)}"
    known = {os.path.basename(path) for path in made if path.endswith(".svg")}
    assert known == set(os.listdir(os.path.join(facts.TOP, document.PLOTS)))
    for name in known:
        assert f"](fleet/{name})" in document.committed(), f"{name} is not shown"


def the_configurations_of_the_page_are_good():
    texts = dict(re.findall(r"`([^`\n]+\.json)`:\n```json\n(.*?)```", document.committed(), re.DOTALL))
    assert len(texts) == document.committed().count("```json\n") == 4
    with tempfile.TemporaryDirectory() as top:
        home = os.path.join(top, "keyferry")
        for path, text in texts.items():
            json.loads(text)
            if path.startswith("/etc/keyferry/"):
                text = text.replace("/etc/keyferry/", home + "/").replace("/var/lib/gateway", top)
                put(os.path.join(home, path[len("/etc/keyferry/"):]), text)
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=gw-0042", "-days", "90", "-keyout", "-"],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        put(os.path.join(home, "device.pem"), made.stdout.decode(), 0o600)
        put(os.path.join(home, "company-ca.pem"), made.stdout.decode().split("-----END PRIVATE KEY-----\n")[1])
        run = subprocess.run([os.environ["KEYFERRY_TEST_BINARY"], "check", "--config", home], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert run.returncode == 0 and "error" not in run.stderr and "warning" not in run.stderr, run.stderr
    shown = json.loads(run.stdout)
    assert set(shown["sets"]) == {"gateway"} and shown["vault"] == "factory7-edge-03" and shown["device_id"] == "gw-0042"
    # Three files, one object, one request: so the budget counts, too.
    assert shown["network"]["max_requests"] == CLIENT.budget(1)


def the_other_interval_keeps_to_the_rule():
    found = re.search(r"```ini\n\[Timer\]\nOnCalendar=\nOnCalendar=(\w+)\nRandomizedDelaySec=(\w+)\n```", document.committed())
    interval, delay = facts._interval(found[1]), facts.span(found[2])
    assert delay + TIMER.accuracy <= interval
    near(delay / interval, TIMER.delay / TIMER.interval, 1e-9)


def starts(devices, seed):
    """How many devices start in each ten seconds of the delay."""
    fleet = Fleet(devices, BOUNDLESS, SHIPPED, job(1), 1, 1000 + seed)
    counts = [0] * (TIMER.delay // 10)
    for at in stable_offsets(fleet, TIMER):
        counts[at // WINDOW] += 1
    return counts


def job(secrets):
    return scenarios.job(secrets)


def put(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def near(found, wanted, tolerance):
    assert abs(found - wanted) <= tolerance, f"{found} is not {wanted} within {tolerance}"


def main():
    checks = [value for value in globals().values() if callable(value) and value.__module__ == __name__ and value.__name__ not in OURS]
    failed = 0
    for check in checks:
        start = time.process_time()
        try:
            check()
            verdict = "ok    "
        except Exception:
            verdict = "FAILED"
            failed += 1
            traceback.print_exc()
        print(f"{verdict} {check.__name__.replace('_', ' ')} ({time.process_time() - start:.1f} s)", flush=True)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


OURS = {"starts", "job", "put", "near", "main", "calendar", "power_cut", "stable_offsets"}

if __name__ == "__main__":
    sys.exit(main())
