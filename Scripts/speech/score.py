"""Holds decisions against the truth."""

from dataclasses import dataclass, field

import numpy as np

from calls import END_SILENCE

ONSET, END = 250, 300


@dataclass
class Score:
    """Turns of one condition, how they went, and by how much decisions were off, in milliseconds."""

    turns: int = 0
    right: int = 0
    missed: int = 0
    false_start: int = 0
    cut: int = 0
    hanging: int = 0
    onset_wrong: int = 0
    end_wrong: int = 0
    false_starts: int = 0
    silence: float = 0.0  # hours without a turn
    onsets: list = field(default_factory=list)
    delays: list = field(default_factory=list)
    ends: list = field(default_factory=list)

    def add(self, other):
        for name, value in other.__dict__.items():
            setattr(self, name, getattr(self, name) + value)


def score(call, decisions):
    """The score of one call. `decisions` are ("start" | "end", decided at, spoken at), in order.

    Each turn has the time from the last turn's due end to its own: what starts in it and is not the turn itself is a
    false start. A stretch of noise alone (10 s) is right if nothing starts in it."""
    result = Score()
    segments, open_start = [], None
    for kind, decided, at in decisions:
        if kind == "start":
            open_start = (at, decided)
        elif open_start is not None:
            segments.append((*open_start, decided, at))
            open_start = None
    if open_start is not None:
        segments.append((*open_start, None, None))
    if not call.turns:
        for begin in range(0, call.duration, 10_000):
            starts = sum(begin <= decided < begin + 10_000 for _, decided, _, _ in segments)
            # Whatever goes on from before was started before.
            result.turns += 1
            result.right += starts == 0
            result.false_start += starts > 0
            result.false_starts += starts
        result.silence = call.duration / 3_600_000
        return result
    since = 0
    for begin, end in call.turns:
        due = end + END_SILENCE + END
        mine = [s for s in segments if since <= s[1] < due or (s[1] < since and s[0] >= since)]
        since = due
        result.turns += 1
        # Of those that overlap the turn the first is the turn; others before it are false, after it pieces of it.
        overlapping = [s for s in mine if s[1] >= begin and s[0] <= end]
        false = [s for s in mine if s[1] < begin or s[0] > end]
        running = [s for s in segments if s[1] < begin and (s[2] is None or s[2] > begin)]
        result.false_starts += len(false)
        if not overlapping:
            result.missed += 1
            continue
        first = overlapping[0]
        onset, last = first[0] - begin, overlapping[-1]
        result.onsets.append(onset)
        result.delays.append(first[1] - begin)
        stopped = None if first[2] is None else first[2] - end - END_SILENCE
        if stopped is not None:
            result.ends.append(stopped)
        if false or running:
            result.false_start += 1
        elif len(overlapping) > 1 or (stopped is not None and stopped < -END):
            result.cut += 1
        elif stopped is None or stopped > END:
            result.hanging += 1
        elif abs(onset) > ONSET:
            result.onset_wrong += 1
        else:
            result.right += 1
    spoken = sum(end - begin for begin, end in call.turns)
    result.silence = (call.duration - spoken) / 3_600_000
    return result


def percentiles(values):
    if not values:
        return (0, 0, 0)
    return tuple(int(round(v)) for v in np.percentile(values, [5, 50, 95]))
