#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first screen of the summary, 24 lines, names the cause: programs that fail or are slow for a known reason.

usage: answers.py --compendium FILE [--backend B] GROUP [TEST…]
"""
import sys

import clients
import deadlocks
import different  # (they find the harness)
import failing
import findings
import last_words
import locks
import reasons
import slow
import times

from harness import main

GROUPS = {
    "clients": clients.TESTS,
    "different": different.TESTS,
    "slow": slow.TESTS,
    "locks": locks.TESTS,
    "deadlocks": deadlocks.TESTS,
    "times": times.TESTS,
    "findings": findings.TESTS,
    "failing": failing.TESTS + reasons.TESTS,
    "last-words": last_words.TESTS,
}


if __name__ == "__main__":
    sys.exit(main(__doc__, GROUPS))
