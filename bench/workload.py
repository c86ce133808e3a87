# SPDX-License-Identifier: MIT
"""What is run under a tool."""

HEAVY = 10  # tools that stop the program at each call are given a tenth of the calls


class Workload:
    """command(share): the words to run for 1/share of the work; calls: how many it makes; counted: of these, the name
    of the one to look for in a tool's output and how many there are."""

    def __init__(self, name, what, command, calls=0, counted=None, prepare=None):
        self.name, self.what, self.command = name, what, command
        self.calls, self.counted, self.prepare = calls, counted, prepare

    def share(self, tool):
        return HEAVY if self.calls and tool.heavy else 1
