"""What can be said without a simulation: binomial counts and their largest of many.

Devices start evenly spread over a delay; how many start in one slot of it is binomial. Slots share
one fleet, so their counts hang together negatively: the chance that none of W slots has more than m
lies between 1 - W t and (1 - t)**W, where t is the chance that one has. Where the largest slot
matters, W t is small and both are the same; the second is used here.
"""

import math
import statistics


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


def peak_moments(total, slots):
    """Mean and variance of the largest slot."""
    count = first = total // slots
    mean, square = float(first), float(first * first)
    while True:
        above = -math.expm1(log_below(count, total, slots))
        if above < 1e-12:
            return mean, square - mean * mean
        mean += above
        square += (2 * count + 1) * above
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


def sigmas(slots, share=0.999):
    """The z of the rule of thumb: as far out as one slot may be, so that all keep to it."""
    return statistics.NormalDist().inv_cdf(share ** (1 / slots))


def rule_of_thumb(limit, requests, slots):
    """The same by the normal distribution: W (sqrt(L/R + z²/4) - z/2)²."""
    z = sigmas(slots)
    return slots * (math.sqrt(limit / requests + z * z / 4) - z / 2) ** 2
