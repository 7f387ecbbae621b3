"""The fault suite: calls with random faults, played at the real server, and what each caller hears of it.

Callers cancel, half-close early, lose their connection, overlap RPCs, repeat SESSION_START, press keys while they speak, fall
silent or walk away; bots are broken in each way, break in the middle of a call, and are killed; the issuer exchanges its keys
and is down at times; the disk of the recordings is full; the network is slow. See `Scripts/faults --help`.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

import fault_kinds
import relays
from fault_calls import LATE
from fault_world import LOST, VANISHED, World, play

MOST_FILES = 24  # descriptors more than before the calls
MOST_MEMORY = 64 << 20  # bytes more than before the calls
IN_NAMESPACE = "FAULTS_IN_A_NAMESPACE"
# Calls for each word over a prompt that may be said again, and for each whose half-close the machine may keep too long.
CALLS_FOR_A_WORD, CALLS_FOR_ONE_LATE = 200, 100


def planned(options):
    """The calls in their order: (how, number, kind, agent, seed)."""
    kinds = []
    for kind, (how, share, agents) in reversed(fault_kinds.KINDS.items()):
        if options.short and kind == "vanishes":  # which takes a minute to be noticed
            continue
        whole = kind == "no fault"  # which has what the others leave
        count = options.calls - len(kinds) if whole else max(1, round(options.calls * share / 200))
        kinds += [(how, kind, agents[n % len(agents)]) for n in range(count)]
    chance = random.Random(options.seed)
    chance.shuffle(kinds)
    return [(how, n, kind, agent, options.seed) for n, (how, kind, agent) in enumerate(kinds)]


def left_behind(world, before, plan):
    """What is wrong with the server after the calls, and figures of it."""
    vanished, kept = (sum(one[2] == kind for one in plan) for kind in ("vanishes", "a full disk"))
    wrong = []
    if world.gateway.process.poll() is not None:
        return [f"the server died with {world.gateway.process.returncode}:\n{world.gateway.log[-3000:]}"], {}
    limit = max(world.idle, VANISHED + LOST if vanished else 0) + 15
    began = time.monotonic()
    while world.state()["live"] and time.monotonic() < began + limit:
        time.sleep(0.25)
    emptied = time.monotonic() - began
    for last in world.last:
        last()
    for channel in world.channels:
        channel.close()
    while time.monotonic() < began + limit + 10:
        after = world.state()
        if after["files"] <= before["files"] + MOST_FILES and after["memory"] <= before["memory"] + MOST_MEMORY:
            break
        time.sleep(0.5)
    started, ended = (world.metric(f"patchbay_conversations_{what}_total") for what in ("started", "ended"))
    if after["live"]:
        wrong.append(f"{after['live']:.0f} conversations are live {limit} s after the last call")
    if started != ended:
        wrong.append(f"{started:.0f} conversations began and {ended:.0f} ended")
    if after["files"] > before["files"] + MOST_FILES:
        wrong.append(f"{after['files']:.0f} open files, {before['files']:.0f} before: {world.open_files()}")
    if after["memory"] > before["memory"] + MOST_MEMORY:
        wrong.append(f"{after['memory'] >> 20} MB of memory, {before['memory'] >> 20} before")
    if world.gateway.get("/readyz")[0] != 200:
        wrong.append(f"it is not ready: {world.gateway.get('/readyz')[1]}")
    wrong += [f"in its log: {line}" for line in world.log_faults()]
    recordings = {state: world.metric(f'patchbay_recordings_total{{state="{state}"}}') for state in ("complete", "incomplete")}
    if kept >= 4 and not world.disk.why_not and not recordings["incomplete"]:
        wrong.append(f"the disk was full, and no recording is marked: {recordings}")
    figures = {"recordings": recordings, "started": started, "emptied": emptied, "before": before, "after": after}
    try:
        world.gateway.stop()
    except AssertionError as failure:
        wrong.append(str(failure))
    return wrong, figures


def table(results):
    rows = collections.defaultdict(collections.Counter)
    for result in results:
        rows[result["kind"]][result["outcome"]] += 1
    lines = ["| fault | calls | answered | expected failures | wrong |", "| --- | ---: | ---: | ---: | ---: |"]
    total = collections.Counter()
    for kind in fault_kinds.KINDS:
        if kind in rows:
            total += rows[kind]
            lines.append(row(kind, rows[kind]))
    return "\n".join([*lines, row("all", total)])


def row(name, counts):
    wrong = f"**{counts['wrong']}**" if counts["wrong"] else 0
    return f"| {name} | {counts.total()} | {counts['answered']} | {counts['expected']} | {wrong} |"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="Scripts/faults", description=__doc__)
    parser.add_argument("--calls", type=int, help="how many (2,000)")
    parser.add_argument("--seed", type=int, help="of all that is random (a new one)")
    parser.add_argument("--way", choices=("bare", "edge"), default="bare", help="through the shipped HAProxy file, or not")
    parser.add_argument("--short", action="store_true", help="150 calls in half a minute")
    parser.add_argument("--at-once", type=int, help="calls at a time (32)")
    parser.add_argument("--only", default="", help="kinds whose name has this in it")
    parser.add_argument("--json", type=pathlib.Path, help="a file for each call's result")
    parser.add_argument("--log", type=pathlib.Path, help="a file for the server's log")
    options = parser.parse_args(arguments)
    options.calls = options.calls or (150 if options.short else 2000)
    options.at_once = options.at_once or 32
    options.seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what it has started ends with it
    return suite(options)


def suite(options):
    why_no_netem = relays.why_no_namespace()
    if not why_no_netem:
        if IN_NAMESPACE not in os.environ:
            again = ["unshare", "--net", sys.executable, *sys.orig_argv[1:]]
            os.execvpe("unshare", again, os.environ | {IN_NAMESPACE: "1"})
        why_no_netem = relays.lossy_network()
    print(f"seed {options.seed}: {options.calls} calls, {options.at_once} at once, {options.way}", flush=True)
    if why_no_netem:
        print(f"skipped: packet loss by tc netem ({why_no_netem}); a relay delays and stalls in its place")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as options.folder, contextlib.ExitStack() as stack:
        world = World(options, stack, netem=not why_no_netem)
        if world.disk.why_not:
            print(f"skipped: a full disk ({world.disk.why_not})")
        plan = [one for one in planned(options) if options.only in one[2]]
        warm_up(world)
        before = world.state()
        results = []
        print(f"{time.monotonic() - began:.0f} s to get ready", flush=True)
        with world.disturbed():
            for result in play(world, plan, options.at_once):
                results.append(result)
                if result["wrong"]:
                    print(f"WRONG call {result['number']} {result['conversation']} ({result['kind']}, {result['agent']}): "
                          f"{result['wrong']}", flush=True)
        played = time.monotonic()
        print(f"{played - began:.0f} s until all calls were played; the machine kept {world.machine.kept(began, played):.0f} s "
              "of them from server and callers", flush=True)
        wrong, figures = left_behind(world, before, plan)
        if options.log:
            options.log.write_text(world.gateway.log)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    print(table(results))
    waits = sorted(wait for result in results for wait in result["waits"])
    if waits:
        p50, p95, p99 = (1000 * waits[int(len(waits) * share)] for share in (0.5, 0.95, 0.99))
        print(f"{len(waits)} answers began after {p50:.0f} ms (median), {p95:.0f} (95 %), {p99:.0f} (99 %), "
              f"{1000 * waits[-1]:.0f} at most")
    wrong += too_many(sum(result["unheard"] for result in results), len(results) / CALLS_FOR_A_WORD,
                      "words over a prompt were no interruption, and said again")
    wrong += too_many(sum(result["outcome"] == LATE for result in results), len(results) / CALLS_FOR_ONE_LATE,
                      "calls lost a status at HAProxy, for which they had half-closed too late")
    if figures:
        print("recordings: " + ", ".join(f"{count:.0f} {state}" for state, count in figures["recordings"].items()))
        print(f"{figures['started']:.0f} conversations; none left {figures['emptied']:.0f} s after the last call; "
              + ", ".join(f"{what} {figures['before'][what] / unit:.0f} before, {figures['after'][what] / unit:.0f} after"
                          for what, unit in (("files", 1), ("memory", 1 << 20)))
              + f" (MB); {time.monotonic() - began:.0f} s in all")
    for one in wrong:
        print(f"WRONG {one}")
    bad = sum(bool(result["wrong"]) for result in results) + len(wrong)
    print(f"{bad} wrong")
    return 1 if bad else 0


def too_many(count, most, what):
    """Says how many there were, and what is wrong where they are more than may be."""
    print(f"{count} {what}")
    return [f"{count} {what}: more than {most:.0f}"] if count > max(3, most) else []


def warm_up(world):
    """What a server has to fetch, to allocate and to connect once is not the faults': a call to every bot."""
    calls = [(fault_kinds.a_short_call, "no fault", agent)
             for agent in [*fault_kinds.GOOD_AGENTS, *fault_kinds.BEHIND, "kept-wav", "kept-chunk"]]
    for kind in ("the bot is broken", "the bot breaks later"):
        how, _, agents = fault_kinds.KINDS[kind]
        calls += [(how, kind, agent) for agent in agents]
    plan = [(how, f"warm-{n}", kind, agent, world.options.seed) for n, (how, kind, agent) in enumerate(calls)]
    for result in play(world, plan, len(plan)):
        assert not result["wrong"], f"with one fault alone: {result}"


if __name__ == "__main__":
    sys.exit(main())
