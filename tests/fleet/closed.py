"""What can be said without a simulation: binomial counts and their largest of many.

Devices start evenly spread over a delay; how many start in one slot of it is binomial, and the
largest count of W slots is at most m with a chance of at least F(m)**W (counts of slots that share
one fleet hang together negatively), and hardly more.
"""

import math


def log_pmf(count, total, chance):
    """log P(X = count) of a binomial number."""
    if chance >= 1:
        return 0.0 if count == total else -math.inf
    if chance <= 0:
        return 0.0 if count == 0 else -math.inf
    choose = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
    return choose + count * math.log(chance) + (total - count) * math.log1p(-chance)


def tail(count, total, chance):
    """P(X > count), summed from its largest term on."""
    if count >= total:
        return 0.0
    mean = total * chance
    if count < mean:
        return 1.0 - sum(math.exp(log_pmf(number, total, chance)) for number in range(count + 1))
    term, summed = math.exp(log_pmf(count + 1, total, chance)), 0.0
    for number in range(count + 1, total + 1):
        summed += term
        if term < summed * 1e-17 or number == total:
            break
        term *= (total - number) / (number + 1) * chance / (1 - chance)
    return summed


def quantile(share, total, chance):
    """The smallest m with P(X <= m) >= share."""
    low, high = -1, total
    while high - low > 1:
        middle = (low + high) // 2
        if 1 - tail(middle, total, chance) >= share:
            high = middle
        else:
            low = middle
    return high


def log_below(count, total, slots):
    """log of the chance that no slot has more than `count`."""
    above = tail(count, total, 1 / slots)
    return slots * math.log1p(-above) if above < 1 else -math.inf


def peak_quantile(share, total, slots):
    """The smallest m that the largest slot keeps to with this chance."""
    low, high = -1, total
    while high - low > 1:
        middle = (low + high) // 2
        if log_below(middle, total, slots) >= math.log(share):
            high = middle
        else:
            low = middle
    return high


def expected_peak(total, slots):
    """Mean of the largest slot."""
    count = summed = total // slots
    while True:
        above = -math.expm1(log_below(count, total, slots))
        if above < 1e-9:
            return float(summed)
        summed += above
        count += 1


def most_devices(limit, requests, slots, share=0.999):
    """How many devices keep to `limit` transactions in each of `slots` windows with this chance."""
    fits = limit // requests
    low, high = 0, (fits + 1) * slots
    while high - low > 1:
        middle = (low + high) // 2
        if log_below(fits, middle, slots) >= math.log(share):
            low = middle
        else:
            high = middle
    return low


def rule_of_thumb(limit, requests, slots, sigmas):
    """The same by the normal distribution: W (sqrt(L/R + z²/4) - z/2)²."""
    return slots * (math.sqrt(limit / requests + sigmas * sigmas / 4) - sigmas / 2) ** 2
