"""The delay that systemd gives a timer with FixedRandomDelay=true.

SipHash-2-4, under a key of systemd's own, of the machine's id, whether the manager is the system's
(one byte), its user id (four bytes, in the machine's order) and the unit's name; modulo
RandomizedDelaySec= in microseconds (systemd, src/core/timer.c, since version 247). So it is as
evenly spread as machine ids are different, and an image with a machine id baked in has one delay
for all.
"""

import struct

KEY = bytes.fromhex("510adb76295142c28035eae68e3a37bd")
MASK = (1 << 64) - 1


def delay(machine_id, unit, delay_seconds):
    """Microseconds of delay for a unit of the system's manager, which runs as root."""
    message = bytes.fromhex(machine_id) + b"\x01" + struct.pack("<I", 0) + unit.encode()
    return siphash24(KEY, message) % (delay_seconds * 1_000_000)


def siphash24(key, message):
    """Aumasson and Bernstein, "SipHash: a fast short-input PRF"."""
    low, high = struct.unpack("<QQ", key)
    state = [low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D, low ^ 0x6C7967656E657261, high ^ 0x7465646279746573]
    whole = len(message) // 8 * 8
    words = list(struct.unpack(f"<{whole // 8}Q", message[:whole]))
    words.append(int.from_bytes(message[whole:], "little") | (len(message) & 0xFF) << 56)
    for word in words:
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _rounds(state, count):
    one, two, three, four = state
    for _ in range(count):
        one = (one + two) & MASK
        two = _turn(two, 13) ^ one
        one = _turn(one, 32)
        three = (three + four) & MASK
        four = _turn(four, 16) ^ three
        one = (one + four) & MASK
        four = _turn(four, 21) ^ one
        three = (three + two) & MASK
        two = _turn(two, 17) ^ three
        three = _turn(three, 32)
    state[:] = [one, two, three, four]


def _turn(word, bits):
    return ((word << bits) | (word >> (64 - bits))) & MASK
