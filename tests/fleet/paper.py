"""What stands in docs/fleet.md between marks, and the plots beside it."""

import closed
import facts
import scenarios
from fleet import SECOND
from plots import Axis, Plot, Series, svg
from scenarios import CLIENT, CROWDS, FLEETS, LIMIT, RULES, SECRETS, TIMER

BIG = FLEETS[-1]
QUARTER = TIMER.interval


def blocks():
    """Texts by the names of their marks."""
    return {
        "facts": _facts(),
        "timers": _timers(),
        "room": _room(),
        "vaults": _vaults(),
        "power cut": _power_cut(),
        "rules": _rules(),
        "outage": _outage(),
        "requests": _requests(),
        "rotation": _rotation(),
        "sign-ins": _sign_ins(),
    }


def pictures():
    """SVG texts by file name."""
    plots = {
        "timers.svg": _plot_timers(),
        "power-cut.svg": _plot_power_cut(),
        "storm.svg": _plot_storm(),
        "outage.svg": _plot_outage(),
        "list.svg": _plot_list(),
        "vaults.svg": _plot_vaults(),
    }
    return {name: svg(plot) for name, plot in plots.items()}


def _facts():
    pauses = ", ".join(f"{pause // 1000}" for pause in CLIENT.pauses)
    longest = sum(CLIENT.pauses) / 1000
    return _table(
        ("what", "value", "from"),
        "-:-",
        [
            ("the timer elapses every", _minutes(TIMER.interval), f"`OnCalendar=` of `{facts.TIMER}`"),
            ("delay of each device, evenly drawn up to", _minutes(TIMER.delay), "`RandomizedDelaySec=`"),
            ("the delay stays", "yes" if TIMER.fixed_delay else "no", "`FixedRandomDelay=`"),
            ("a missed run is made up for after boot and delay", "yes" if TIMER.persistent else "no", "`Persistent=`"),
            ("a run at boot, without delay", "yes" if TIMER.runs_at_boot else "no", "`Wants=`"),
            ("attempts of a request", CLIENT.attempts, "`src/retry.rs`"),
            ("pauses between them, evenly drawn up to", f"{pauses} s", "`src/retry.rs`"),
            ("so a throttled request is given up after", f"{longest / 2:g} s in the mean, {longest:g} s at most", ""),
            ("time of a whole run", f"{CLIENT.deadline // 60000} min", "`network.deadline`"),
            (f"requests that a run of {SECRETS} secrets may send", CLIENT.budget(SECRETS), "`src/config/budget.rs`"),
            ("objects of one page of a list", CLIENT.page, "`src/vault/list.rs`"),
            ("each object is fetched, whatever lists say, after", f"{CLIENT.full_check_seconds // 3600} h", "`src/sync/survey.rs`"),
            ("a token is used until before its end", f"{CLIENT.token_spare_seconds // 60} min", "`src/identity/token.rs`"),
        ],
    )


ALL_AT_ONCE = (400, 500)


def _timers():
    rows = []
    for kind, name in (
        ("fixed", "all at once (cron, no delay)"),
        ("drawn", f"delay of {_minutes(TIMER.delay)}, drawn each time"),
        ("stable", f"delay of {_minutes(TIMER.delay)} that stays: the shipped timer"),
    ):
        for devices in sorted((*ALL_AT_ONCE, *FLEETS)) if kind == "fixed" else FLEETS:
            rows.append((name, _count(devices), *_load(scenarios.timers(kind, devices))))
            name = ""
    room = scenarios.room(SECRETS)
    vaults, _ = scenarios.vaults(BIG, SECRETS)
    name = f"the same, {_count(BIG)} on {vaults} vaults, each"
    rows.append((name, _count(room), *_load(scenarios.timers("stable", room))))
    return _table(("timer", "devices", "requests in 1 s", "in 10 s", "answered 429", "runs that got all"), "-:::::", rows)


def _load(fleet):
    asked = sum(fleet.asked)
    return (
        _count(max(fleet.sums(fleet.asked, 1))),
        _count(max(fleet.sums(fleet.asked, 10))),
        _percent(sum(fleet.refused()) / asked),
        _percent(fleet.completed / fleet.begun),
    )


SETTINGS = (
    (50, QUARTER),
    (20, QUARTER),
    (SECRETS, QUARTER),
    (1, QUARTER),
    (20, 3600),
    (SECRETS, 3600),
    (1, 3600),
    (SECRETS, 4 * 3600),
)


def _room():
    rows = []
    for requests, interval in SETTINGS:
        room = scenarios.room(requests, interval)
        mean = room * requests / scenarios.slots(interval)
        rows.append((requests, _minutes(interval), _minutes(interval * TIMER.delay // TIMER.interval), _count(room), _percent(mean / LIMIT)))
    intervals = sorted({interval for _, interval in SETTINGS})
    z = ", ".join(f"{closed.sigmas(scenarios.slots(interval)):.2f} for {_minutes(interval)}" for interval in intervals)
    text = _table(("requests a run", "interval", "delay", "devices a vault", "of its limit used in the mean"), ":::::", rows)
    return f"with L = {_count(LIMIT)}, W = delay / 10 s and z = {z}. By the binomial counts themselves:\n\n{text}"


def _vaults():
    rows = []
    for requests, interval in SETTINGS:
        row = [requests, _minutes(interval)]
        for devices in (*FLEETS[:2], 100_000, BIG):
            vaults, subscriptions = scenarios.vaults(devices, requests, interval)
            row.append(f"{vaults}" if subscriptions == 1 else f"{vaults} in {subscriptions}")
        rows.append(tuple(row))
    heads = [f"{_count(devices)} devices" for devices in (*FLEETS[:2], 100_000, BIG)]
    return _table(("requests a run", "interval", *heads), "::" + ":" * len(heads), rows)


def _power_cut():
    rows = []
    cases = [(scenarios.cut(devices, spread), devices, spread, SECRETS) for devices, spread in CROWDS]
    cases.append((_big_cut(), BIG, 300, SECRETS))
    cases.append((scenarios.cut(100_000, 300, secrets=1), 100_000, 300, 1))
    for fleet, devices, spread, secrets in cases:
        at_once = fleet.share_at(spread + 60)
        until = [fleet.when(share) for share in (0.5, 0.99, 1)]
        rows.append((
            _count(devices),
            secrets,
            _minutes(spread),
            _percent(at_once),
            *(f"{time / 60:.1f} min" if time is not None else f"not in {_minutes(fleet.steps // SECOND)}" for time in until),
            _percent(sum(fleet.refused()) / sum(fleet.asked)),
            _count(max(fleet.sums(fleet.sign_ins, 1))),
        ))
    heads = ("devices of a vault", "requests a run", "boot within", "have all a minute after it", "half of them", "99 %", "all", "answered 429", "sign-ins in 1 s")
    return _table(heads, ":" * len(heads), rows)


def _big_cut():
    return scenarios.cut(BIG, 300, seconds=1800)


def _rules():
    rows = []
    for rule in RULES:
        row = [rule.name]
        for meter in ("window", "bucket"):
            crowd = scenarios.crowd(rule, meter)
            row.append(_percent(crowd.completed / crowd.begun))
        for meter in ("window", "bucket"):
            fleet = scenarios.cut(10_000, 60, rule, meter)
            row.append(_percent(fleet.share_at(180)))
            row.append(f"{fleet.when(0.99) / 60:.1f} min")
        rows.append(tuple(row))
    heads = ("pauses of a throttled request", "at once: got all, window", "bucket", "boot in 1 min: after 3 min, window", "99 %", "the same, bucket", "99 %")
    return _table(heads, "-" + ":" * (len(heads) - 1), rows)


OUT = 20_000


def _outage():
    fleet, begin, end = scenarios.outage(OUT)
    asked = fleet.sums(fleet.asked, 10)
    rows = [
        (name, _count(max(part)), _count(sum(part) / len(part)))
        for name, part in (
            ("before", asked[:begin // 10]),
            ("during", asked[begin // 10:end // 10]),
            ("the first interval after", asked[end // 10:(end + QUARTER) // 10]),
            ("later", asked[(end + QUARTER) // 10:]),
        )
    ]
    back = [fleet.when(share) - end for share in (0.5, 0.99, 1)]
    text = _table(("vault", "most requests in 10 s", "mean"), "-::", rows)
    return text + "\nAfter its end half of the devices are current within {:.1f} min, 99 % within {:.1f} min, all within {:.1f} min.\n".format(*(seconds / 60 for seconds in back))


def _requests():
    full, runs = 86_400 // TIMER.interval + 1, 86_400 // TIMER.interval
    rows = []
    for name, objects, check, row in (
        ("`get`", "10", "get", "unchanged, or one changed"),
        ("`list`, the vault holds these ten or up to 15 more", "10", "list", "unchanged"),
        ("`list`, and one of the ten is new", "10", "list", "one changed"),
        ("`list`, three of four pages come empty", "10", "list", None),
        ("`list`, they are the last of 1,000 objects", "10, the last of 1,000", "list", "unchanged"),
    ):
        if row is None:
            requests = _empty_pages()
        else:
            requests = facts.measured_requests(objects, check, row)
        mean = requests if check == "get" else ((full - 1) * requests + SECRETS) / full
        rows.append((name, requests, _count(mean * runs)))
    return _table(("`change_check`", "requests a run", "a day and device"), "-::", rows)


def _empty_pages():
    """The bench names these cases by the setting, not by the run."""
    text = facts.read("docs/performance.md")
    row = "| 10 | `list`, 3 of 4 pages empty | unchanged | "
    if text.count(row) != 1:
        raise facts.Stale(f"docs/performance.md has no row {row!r}")
    return int(text.split(row)[1].split(" |")[0])


ROTATED = 10_000


def _rotation():
    minutes = (1, 5, 10, 15, 20, 30)
    rows = []
    for kind, name in (("stable", "delay that stays"), ("drawn", "delay drawn each time")):
        times = scenarios.rotation(kind, ROTATED)
        rows.append((name, *(_percent(sum(time <= 60 * minute for time in times) / len(times)) for minute in minutes), f"{times[-1] / 60:.1f} min"))
    return _table(("", *(f"{minute} min" for minute in minutes), "all"), "-" + ":" * (len(minutes) + 1), rows)


def _sign_ins():
    runs = scenarios.runs_a_token()
    rows = []
    for devices in FLEETS:
        steady = devices / runs / TIMER.interval
        rows.append((_count(devices), f"{steady:.3g}", *(_count(devices / spread) if devices >= spread else f"{devices / spread:.2g}" for spread in (60, 300, 900))))
    text = _table(("devices", "any day", "booting within 1 min", "within 5 min", "within 15 min"), ":::::", rows)
    return f"Sign-ins in a second, in the mean (one token serves {runs:.2f} runs):\n\n{text}"


def _plot_timers():
    devices, length = FLEETS[1], TIMER.delay // 10
    series = []
    for kind, name in (("fixed", "all at once"), ("drawn", "delay drawn each time"), ("stable", "delay that stays (shipped)")):
        fleet = scenarios.timers(kind, devices)
        points = [(place / 6, count or None) for place, count in enumerate(fleet.sums(fleet.asked, 10)[:length])]
        series.append(Series(name, tuple(points)))
    return Plot(
        f"{_count(devices)} devices, {SECRETS} secrets each, one vault: requests in 10 s",
        Axis("minutes since the timer elapsed", 0, 15, _marks(range(0, 16, 3))),
        Axis("requests in 10 s", 100, 100_000, _marks((100, 1000, 10_000, 100_000)), True),
        tuple(series),
        (LIMIT, f"limit: {_count(LIMIT)} in 10 s"),
    )


def _plot_power_cut():
    cases = [
        (scenarios.cut(10_000, 900), "10 000 in 15 min"),
        (scenarios.cut(10_000, 300), "10 000 in 5 min"),
        (scenarios.cut(10_000, 60), "10 000 in 1 min"),
        (scenarios.cut(27_000, 300), "27 000 in 5 min"),
        (_big_cut(), "1 000 000 in 5 min"),
    ]
    series = [Series(name, tuple(_shares(fleet, 40))) for fleet, name in cases]
    return Plot(
        f"Power comes back, one vault: devices that have all {SECRETS} secrets",
        Axis("minutes since power came back", 0, 40, _marks(range(0, 41, 5))),
        Axis("share of the devices, %", 0, 100, _marks(range(0, 101, 20))),
        tuple(series),
    )


def _shares(fleet, minutes):
    """Percent that had everything, by tenths of minutes."""
    have = [0] * (fleet.steps + 1)
    for step in fleet.first:
        if step >= 0:
            have[step] += 1
    total, points = 0, []
    for step, count in enumerate(have):
        if step % (6 * SECOND) == 0 and step <= minutes * 60 * SECOND:
            points.append((step / SECOND / 60, 100 * total / fleet.devices))
        total += count
    return points


def _plot_storm():
    series = []
    for rule, name in ((RULES[0], "keyferry"), (RULES[2], "1, 2, 4, 8, 16 s without jitter"), (RULES[4], "10 to 20 s")):
        fleet = scenarios.crowd(rule, "window")
        counts = fleet.sums(fleet.asked, 1)[:61]
        series.append(Series(name, tuple((second, max(count, 1)) for second, count in enumerate(counts))))
    return Plot(
        "10 000 devices in one second: requests in 1 s, by the pauses of the client",
        Axis("seconds", 0, 60, _marks(range(0, 61, 10))),
        Axis("requests in 1 s", 1, 100_000, ((1, "none"), *_marks((10, 100, 1000, 10_000, 100_000))), True),
        tuple(series),
        (LIMIT // 10, f"{LIMIT // 10} in 1 s: a tenth of the limit"),
    )


def _plot_outage():
    fleet, _, _ = scenarios.outage(OUT)
    asked, served = fleet.sums(fleet.asked, 60), fleet.sums(fleet.served, 60)
    series = (
        Series("asked", tuple((minute, count / 6) for minute, count in enumerate(asked))),
        Series("served", tuple((minute, count / 6) for minute, count in enumerate(served))),
    )
    return Plot(
        f"An hour without the vault, {_count(OUT)} devices, the shipped timer",
        Axis("minutes", 0, 150, _marks(range(0, 151, 15))),
        Axis("requests in 10 s, mean of a minute", 0, 4500, _marks(range(0, 4001, 1000))),
        series,
        (LIMIT, f"limit: {_count(LIMIT)} in 10 s"),
    )


LISTING = 5_000


def _plot_list():
    series = []
    for check in ("get", "list"):
        fleet = scenarios.listed(check, LISTING)
        counts = fleet.sums(fleet.asked, 10)
        length = QUARTER // 10
        most = [max(counts[begin:begin + length]) for begin in range(0, len(counts), length)]
        series.append(Series(f'change_check "{check}"', tuple((quarter / 4, count) for quarter, count in enumerate(most))))
    return Plot(
        f"{_count(LISTING)} devices with 10 secrets start within 5 min, and a day passes",
        Axis("hours since the start", 0, 27, _marks(range(0, 28, 3))),
        Axis("most requests in 10 s of a quarter", 10, 10_000, _marks((10, 100, 1000, 10_000)), True),
        tuple(series),
        (LIMIT, f"limit: {_count(LIMIT)} in 10 s"),
    )


def _plot_vaults():
    series = []
    for requests, interval in ((50, QUARTER), (SECRETS, QUARTER), (SECRETS, 3600), (1, QUARTER), (1, 3600)):
        name = f"{requests} a run, {_minutes(interval)}"
        room = scenarios.room(requests, interval)
        points = []
        for step in range(301):
            devices = 10 ** (3 + step / 100)
            points.append((devices, -(-devices // room)))
        series.append(Series(name, tuple(points)))
    return Plot(
        "Vaults that a fleet needs, by requests a run and interval",
        Axis("devices", 1000, 1_000_000, _marks((1000, 10_000, 100_000, 1_000_000)), True),
        Axis("vaults", 1, 300, _marks((1, 3, 10, 30, 100, 300)), True),
        tuple(series),
        (5, "one subscription and region: 5 vaults"),
    )


def _table(heads, align, rows):
    """Markdown; `align` has a letter for each column."""
    lines = [f"| {' | '.join(heads)} |", "|" + "|".join("--:" if side == ":" else "---" for side in align) + "|"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _marks(values):
    return tuple((value, _count(value)) for value in values)


def _count(number):
    return f"{round(number):,}".replace(",", " ")


def _percent(share):
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    return f"{100 * share:.1f} %" if 0.001 <= share <= 0.999 else ("< 0.1 %" if share < 0.5 else "> 99.9 %")


def _minutes(seconds):
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min"
