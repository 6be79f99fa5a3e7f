# SPDX-License-Identifier: MIT
"""What the checks in Python share: they count, say what is wrong, and end with the sum."""
import os
import sys

NAME = os.path.basename(sys.argv[0]).removesuffix(".py")
COUNTS = {True: 0, False: 0}


def expect(good, what):
    COUNTS[bool(good)] += 1
    if not good:
        print(f"{NAME}: {what}")


def done():
    """Prints the sum as the last line; the exit status."""
    print(f"{NAME}: {COUNTS[True]} passed, {COUNTS[False]} failed")
    return int(COUNTS[False] != 0 or COUNTS[True] == 0)
