# SPDX-License-Identifier: BSD-3-Clause
"""Who was heard: the share of a recording's power at given frequencies (Goertzel); and a tone to be heard."""

import array
import math
import wave


def shares(path, frequencies, skip_s=0.5, length_s=2.0):
    """{frequency: share of the power, 0..1} over a stretch of a 16 bit mono WAV file (skip_s
    below 0: so long before its end), and the seconds that were recorded. An empty or silent recording has
    shares of 0."""
    with wave.open(str(path)) as w:
        rate = w.getframerate()
        samples = array.array("h", w.readframes(w.getnframes()))
    seconds = len(samples) / rate
    if skip_s < 0:
        skip_s = max(0, seconds + skip_s)
    return of(samples[int(skip_s * rate):][:int(length_s * rate)], rate, frequencies), seconds


def of(a, rate, frequencies):
    """The same of samples."""
    power = sum(x * x for x in a)
    out = {}
    for f in frequencies:
        c = 2 * math.cos(2 * math.pi * f / rate)
        s1 = s2 = 0.0
        for x in a:
            s1, s2 = x + c * s1 - s2, s1
        peak = s1 * s1 + s2 * s2 - c * s1 * s2
        out[f] = round(2 * peak / len(a) / power, 3) if a and power > len(a) else 0.0
    return out


def write(path, frequency, seconds, rate=8000):
    """A 16 bit mono WAV file with a tone."""
    turn = 2 * math.pi * frequency / rate
    with wave.open(str(path), "wb") as w:
        w.setparams((1, 2, rate, 0, "NONE", ""))
        w.writeframes(array.array("h", (int(12000 * math.sin(turn * i)) for i in range(seconds * rate))).tobytes())
