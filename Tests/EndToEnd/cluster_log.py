"""What callers, their bot and all servers of a cluster have written down, laid side by side: what is against the rules."""

import collections
import json
import pathlib


def calls_of(herd, file):
    """What became of each call, as the client wrote it down."""
    herd.tell("write", file=str(file))
    return [json.loads(line) for line in pathlib.Path(file).read_text().splitlines()]


class Judge:
    """Each entry and each frame reached one bot, once and in order; never two bots in one call; nobody heard of another's call;
    each RPC has one status. `faults`: what is against that, in words."""

    def __init__(self, calls, streams):
        self.faults, self.cut, self.frames, self.entries, self.calls, self.unowned = [], 0, 0, 0, len(calls), 0
        told = collections.defaultdict(list)
        for stream in streams:
            if "org" in stream:  # else: it was cancelled before its first word
                told[stream["org"], stream["conversation"]].append(stream)
        for call in calls:
            self.call = call
            self.read(sorted(told.pop((call["org"], call["conversation"]), []), key=lambda stream: stream["epoch"]))
        if told:
            self.faults.append(f"bots were told of calls that nobody made: {list(told)[:3]}")

    @property
    def said(self):
        return (f"laid side by side: {self.calls} calls, {self.entries} entries and {self.frames} frames told to bots; {self.cut} RPCs "
                f"of which a server that died took a rest along; {self.unowned} streams begun without Redis' word in vain; "
                f"{len(self.faults)} against the rules")

    def fault(self, text):
        self.faults.append(f"call {self.call['number']} of {self.call['org'][:8]}: {text}")

    def read(self, streams):
        self.one_at_a_time(streams)
        heard = [int(said.rsplit(" ", 1)[1]) for what, _, _, said in self.call["answered"] if what.isdigit()]
        if heard != sorted(heard):
            self.fault(f"the caller heard a bot that had lost the call: epochs {heard}")
        events = [event for stream in streams for event in stream["told"]]
        digits = [event[2] for event in events if event[0] == "digits"]
        if digits != sorted(set(digits)):
            self.fault(f"an entry came twice or out of order: {digits}")
        if missing := {what for what, *_ in self.call["answered"] if what.isdigit()} - set(digits):
            self.fault(f"answered, and no bot was told: {missing}")
        self.entries += len(digits)
        self.audio([event[2:6] for event in events if event[0] == "audio"], streams)

    def one_at_a_time(self, streams):
        """Bots in the order of their epochs: none is told anything once the next has been."""
        if any(stream["damaged"] for stream in streams):
            self.fault("a bot was told of frames that are damaged")
        # What was begun while Redis was late, and given back without a word.
        self.unowned += sum(not stream["told"] for stream in streams)
        spoken = [stream for stream in streams if stream["told"]]
        for one, other in zip(spoken, spoken[1:]):
            last, first = one["told"][-1], other["told"][0]
            if one["epoch"] == other["epoch"]:
                self.fault(f"two bots of one epoch, {one['epoch']}")
            elif (last[6] if last[0] == "audio" else last[1]) > first[1]:
                self.fault(f"two bots at a time: epochs {one['epoch']} and {other['epoch']}")

    def audio(self, runs, streams):
        """Every frame of an RPC that had its status, once and in order; of one that had none, a beginning."""
        place, got = (0, -1), collections.Counter()
        for number, rpc, first, last in runs:
            if number != self.call["number"]:
                self.fault(f"audio of call {number}")
            if (rpc, first) <= place:
                self.fault(f"audio came twice or out of order: RPC {rpc}, frame {first} after {place}")
            if first != got[rpc]:
                self.fault(f"RPC {rpc}: frames {got[rpc]} to {first - 1} are missing")
            place, got[rpc] = (rpc, last), last + 1
        self.frames += sum(got.values())
        for what, _, _, said in self.call["answered"]:
            if what.startswith("audio") and got[rpc := int(what.split()[1])] != said:
                # A server that dies takes along what it had accepted and not yet handed on.
                if len(streams) > 1 and got[rpc] < said:
                    self.cut += 1
                else:
                    self.fault(f"of {said} frames of RPC {rpc} a bot was told {got[rpc]}")


def status_faults(servers):
    """RPCs, by their tracking ids, of which servers say that they had more than one status."""
    given = collections.Counter()
    for server in servers:
        with server.log_file.open(errors="replace") as log:
            for line in log:
                if '"rpc ended"' in line and line.endswith("}\n"):
                    told = json.loads(line)["metadata"]
                    # One that is relayed ends at both servers, and where the second was asked in vain not with OK there.
                    if "relayed_to" in told or told["status"] == "OK":
                        given[told.get("trackingid"), "relayed_to" in told] += 1
    return [f"{number} statuses: {tracking}" for (tracking, _), number in given.items()
            if number > 1 and tracking]
