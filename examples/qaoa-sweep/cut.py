#!/usr/bin/env python3
"""Read a sweep's results from stdin and print the mean cut of the ring at each point, best first.

    dewar results last --format json | python3 cut.py
"""

import json
import sys

EDGES = ((0, 1), (1, 2), (2, 3), (3, 0))


def cut(bits):
    """How many edges have their ends on two sides; bit 0 is the rightmost character."""
    side = bits[::-1]
    return sum(side[a] != side[b] for a, b in EDGES)


def mean_cut(counts):
    return sum(cut(bits) * n for bits, n in counts.items()) / sum(counts.values())


points = json.load(sys.stdin)["results"]["points"]
for point in sorted(points, key=lambda point: -mean_cut(point["counts"])):
    values = "  ".join(f"{name} {value}" for name, value in sorted(point["parameters"].items()))
    print(f"{mean_cut(point['counts']):.3f} of {len(EDGES)} edges  {values}")
