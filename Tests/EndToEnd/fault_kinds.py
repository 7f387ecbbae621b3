"""The kinds of calls of the fault suite: what goes wrong with bots and in the world, and how many calls have which fault."""

import time

import grpc

import fault_callers
import fault_forks
import fault_meetings
from fault_calls import ANSWERED, EXPECTED, PATIENCE
from schemas import NO_INPUT, SESSION_START, Event

OK, UNAVAILABLE = grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE
NEW_KEY_WORKS_WITHIN = 35  # s (J23)


def good(call):
    caller = call.caller()
    caller.greeted()
    caller.goes_on(call.chance.randint(1, 3))
    caller.hang_up()
    return ANSWERED


def a_short_call(call):
    caller = call.caller()
    caller.greeted()
    caller.speaks()
    caller.hang_up()
    return ANSWERED


# Bots


def a_bot_is_broken(call):
    """From the first word on."""
    caller = call.caller()
    began = time.monotonic()
    caller.handed_over(caller.event(SESSION_START), began)
    return EXPECTED


def a_bot_breaks_later(call):
    caller = call.caller()
    caller.greeted()
    if call.chance.random() < 0.5:
        began = time.monotonic()
        caller.handed_over(caller.event(NO_INPUT), began)
        return EXPECTED
    caller.listens()
    line = caller.listen()
    caller.says(line)
    ended = line.wait_event(Event.END_OF_INPUT).time
    caller.handed_over(line, ended)
    return EXPECTED


def a_bot_is_killed(call):
    """Its process may die and come back at any time of the call: each turn is answered, or the caller handed over."""
    caller = call.caller()
    for turn in range(call.chance.randint(2, 4)):
        began = time.monotonic()
        interaction = caller.event(NO_INPUT if turn else SESSION_START)
        caller.ended(interaction, OK)
        if interaction.event and interaction.event.event_type == Event.TRANSFER_TO_AGENT:
            caller.handed_over(interaction, began)
            return EXPECTED
        caller.answered(interaction, "no input" if turn else "greeting")
        time.sleep(call.chance.uniform(0.2, 1))
    caller.hang_up()
    return ANSWERED


# The world around


def a_new_key(call):
    """The token's key was published a moment ago: it works at once, or within 35 s."""
    token, age = call.newest_token()
    caller = call.caller(token=token)
    greeting = caller.event(SESSION_START)
    greeting.done.wait(PATIENCE)
    if age < NEW_KEY_WORKS_WITHIN and greeting.code in (grpc.StatusCode.UNAUTHENTICATED, UNAVAILABLE):
        assert greeting.replies == []
        return EXPECTED
    caller.answered(greeting, "greeting")
    caller.goes_on(1)
    caller.hang_up()
    return ANSWERED


def a_slow_network(call):
    """Packets are late, and some lost."""
    caller = call.caller(call.slow_address(), slack=4)
    caller.greeted()
    caller.goes_on(2)
    caller.hang_up()
    return ANSWERED


GOOD_AGENTS = [f"{kind}-{mode}" for kind in ("demo", "grpc", "media-streams", "realtime") for mode in ("wav", "chunk")]
OWN = [name for name in GOOD_AGENTS if not name.startswith("demo")]
BEHIND = ["byova-wav", "byova-chunk"]
FIRST = ["hang", "garbage", "close", "mute", "refuse"]
LATER = ["hang-later", "garbage-later", "close-later"]


def broken(names):
    kinds = ("grpc", "media-streams", "realtime")
    return [f"{kind}-{name}-{mode}" for kind in kinds for name in names for mode in ("wav", "chunk")]


# Kind: how it is played, how many of 200 calls are of it, and the agents that are called.
KINDS = {
    "no fault": (good, 52, GOOD_AGENTS),
    "through another server": (good, 8, BEHIND),
    "half-closes there": (fault_callers.half_closes_in_silence, 2, BEHIND),
    "forks": (fault_forks.a_fork, 4, OWN),
    "meetings": (fault_meetings.a_meeting, 4, OWN),
    "cancels the greeting": (fault_callers.cancels_the_greeting, 6, OWN),
    "cancels while speaking": (fault_callers.cancels_while_speaking, 6, GOOD_AGENTS),
    "cancels the answer": (fault_callers.cancels_the_answer, 6, GOOD_AGENTS),
    "half-closes in silence": (fault_callers.half_closes_in_silence, 6, GOOD_AGENTS),
    "half-closes in a word": (fault_callers.half_closes_in_a_word, 6, GOOD_AGENTS),
    "drops the connection": (fault_callers.drops_the_connection, 8, OWN),
    "vanishes": (fault_callers.vanishes, 2, OWN),
    "overlaps two audio RPCs": (fault_callers.overlaps, 6, GOOD_AGENTS),
    "NO_INPUT beside an open line": (fault_callers.event_beside_an_open_line, 4, OWN),
    "repeats SESSION_START": (fault_callers.repeats_the_start, 6, OWN),
    "keys while speaking": (fault_callers.keys_while_speaking, 6, GOOD_AGENTS),
    "keys, and is gone": (fault_callers.presses_and_leaves, 2, GOOD_AGENTS),
    "walks away": (fault_callers.walks_away, 4, GOOD_AGENTS),
    "goes silent": (fault_callers.goes_silent, 4, GOOD_AGENTS),
    "says nothing": (fault_callers.says_nothing, 4, OWN),
    "sends rubbish": (fault_callers.sends_rubbish, 4, GOOD_AGENTS),
    "an old token": (fault_callers.an_old_token, 3, GOOD_AGENTS),
    "the bot is broken": (a_bot_is_broken, 14, [*broken(FIRST), "grpc-drip-wav", "grpc-drip-chunk"]),
    "the bot breaks later": (a_bot_breaks_later, 8, broken(LATER)),
    "the bot's process is killed": (a_bot_is_killed, 7, ["mortal-wav", "mortal-chunk"]),
    "a new key": (a_new_key, 6, GOOD_AGENTS),
    "a full disk": (good, 6, ["kept-wav", "kept-chunk"]),
    "a slow network": (a_slow_network, 6, GOOD_AGENTS),
}
assert sum(share for _, share, _ in KINDS.values()) == 200
