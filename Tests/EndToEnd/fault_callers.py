"""What callers do wrong in the fault suite: a function for each fault, which plays one call and says how it ended."""

import time

import grpc

from fault_calls import ANSWERED, EXPECTED, PATIENCE, WORDS
from schemas import NO_INPUT, SESSION_START, START_OF_DTMF, Event

OK, CANCELLED, UNAVAILABLE = grpc.StatusCode.OK, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE


def cancels_the_greeting(call):
    caller = call.caller()
    greeting = caller.event(SESSION_START)
    time.sleep(call.chance.choice((0, 0.005, 0.02, 0.1)))
    greeting.cancel()
    caller.ended(greeting, OK, CANCELLED)
    # Whether the server had handed it over before, the caller cannot know: it greets, or answers without a word.
    caller.ended(caller.event(SESSION_START), OK)
    time.sleep(0.5)
    caller.goes_on(1)
    caller.hang_up()
    return ANSWERED


def cancels_while_speaking(call):
    caller = call.caller()
    caller.greeted()
    line = caller.listen()
    line.say(call.chance.choice(WORDS))
    time.sleep(call.chance.uniform(0.1, 1.2))
    line.cancel()
    caller.ended(line, CANCELLED)
    caller.speaks()
    caller.hang_up()
    return ANSWERED


def cancels_the_answer(call):
    caller = call.caller()
    caller.greeted()
    caller.listens()
    line = caller.listen()
    caller.says(line)
    line.wait_event(Event.END_OF_INPUT)
    time.sleep(call.chance.choice((0, 0.01, 0.1)))
    line.cancel()
    caller.ended(line, OK, CANCELLED)
    time.sleep(0.5)
    caller.speaks()
    caller.hang_up()
    return ANSWERED


def half_closes_in_silence(call):
    caller = call.caller()
    caller.greeted()
    caller.listens()
    line = caller.listen()
    time.sleep(call.chance.uniform(0, 0.6))
    line.half_close()
    caller.ended(line, OK)
    assert line.replies == [], f"half-closed in silence: {line.replies}"
    caller.goes_on(1)
    caller.hang_up()
    return ANSWERED


def half_closes_in_a_word(call):
    caller = call.caller()
    caller.greeted()
    caller.listens()
    line = caller.listen()
    caller.says(line)
    line.wait_event(Event.START_OF_INPUT)
    time.sleep(call.chance.uniform(0, 0.4))
    line.half_close()
    caller.ended(line, OK)
    caller.speaks()
    caller.hang_up()
    return ANSWERED


def drops_the_connection(call):
    """At any moment; two of three come back over another connection."""
    relay = call.relay()
    caller = call.caller(relay.address)
    moment = call.chance.choice(("greeting", "speaking", "between"))
    lost = None
    if moment == "greeting":
        lost = caller.event(SESSION_START)
        time.sleep(call.chance.uniform(0, 0.1))
    else:
        caller.greeted()
    if moment == "speaking":
        lost = caller.listen()
        lost.say(call.chance.choice(WORDS))
        time.sleep(call.chance.uniform(0.1, 1.5))
    relay.cut()
    if lost:
        caller.ended(lost, OK, UNAVAILABLE, CANCELLED)
    if call.chance.random() < 0.33:
        return ANSWERED
    caller.channel = call.channel()
    if moment == "greeting":
        caller.ended(caller.event(SESSION_START), OK)
        time.sleep(0.5)
    caller.speaks()
    caller.hang_up()
    return ANSWERED


def vanishes(call):
    """Neither a word nor a reset comes from the caller's network any more."""
    relay = call.relay()
    caller = call.caller(relay.address)
    caller.greeted()
    line = caller.listen()
    line.say(call.chance.choice(WORDS))
    time.sleep(call.chance.uniform(0.1, 1))
    relay.frozen = True
    call.later(relay.cut)  # when all is over; until then the server has to find out by itself
    line.half_close()
    return ANSWERED


def overlaps(call):
    """A second audio RPC while the first is still open: the newest is answered."""
    caller = call.caller()
    caller.greeted()
    caller.listens()
    first = caller.listen()
    time.sleep(call.chance.uniform(0.1, 0.6))
    second = caller.listen()
    time.sleep(0.2)
    caller.finishes(second, caller.says(second))
    first.half_close()
    caller.ended(first, OK)
    caller.hang_up()
    return ANSWERED


def event_beside_an_open_line(call):
    caller = call.caller()
    caller.greeted()
    line = caller.listen()
    time.sleep(0.2)
    beside = caller.event(NO_INPUT)
    caller.ended(beside, OK)
    time.sleep(1)
    line.half_close()
    caller.ended(line, OK)
    caller.speaks()
    caller.hang_up()
    return ANSWERED


def repeats_the_start(call):
    """Before, after and beside the greeting: one greeting is heard."""
    caller = call.caller()
    starts = [caller.event(SESSION_START) for _ in range(call.chance.randint(2, 4))]
    greetings = sum(caller.ended(start, OK) != [] for start in starts)
    assert greetings >= 1, f"nobody greets: {[start.replies for start in starts]}"
    again = caller.event(SESSION_START)
    assert caller.ended(again, OK) == [], "greeted twice"
    time.sleep(0.5)
    caller.goes_on(1)
    caller.hang_up()
    return ANSWERED


def keys_while_speaking(call):
    """Who speaks on after the keys interrupts their answer: then the words are answered in its place. A bot of Media Streams
    cannot say which of the two it answers, and an answer that comes late is heard in the next turn."""
    caller = call.caller()
    caller.greeted()
    caller.listens()
    line = caller.listen()
    line.say(call.chance.choice(WORDS))
    time.sleep(call.chance.uniform(0.2, 0.9))
    key = call.chance.randint(1, 8)
    caller.occasion = f"digits {str(key) * 3}"
    caller.voice.occasions.add(caller.occasion)
    beginning = caller.event(START_OF_DTMF)
    assert caller.ended(beginning, OK) == [] and not beginning.replies, beginning.replies
    entry = caller.open(caller.request(dtmf_input={"dtmf_events": [key] * 3}))
    heard = caller.ended(entry, OK)
    line.half_close()
    on_line = caller.ended(line, OK)
    if call.agent.startswith("media-streams"):
        # Two answers without a name: which RPC of the call hears which of them, or the end of one, is left to chance.
        assert heard or on_line, "neither the keys nor the words are answered"
        caller.hang_up()
        return ANSWERED
    if line.times(Event.END_OF_INPUT):
        assert line.answers, f"the words that interrupted the keys' answer are not answered: {line.replies}"
        caller.says_all(on_line, "words")
    else:
        caller.says_all(heard, caller.occasion)
    caller.listens()
    caller.goes_on(1)
    caller.hang_up()
    return ANSWERED


def presses_and_leaves(call):
    """START_OF_DTMF without any digits after it."""
    caller = call.caller()
    caller.greeted()
    caller.event(START_OF_DTMF).wait()
    return ANSWERED


def walks_away(call):
    """No hang-up, nothing."""
    call.caller().greeted()
    return ANSWERED


def goes_silent(call):
    """The line's frames stop for a while, and come again."""
    caller = call.caller()
    caller.greeted()
    caller.listens()
    line = caller.listen()
    time.sleep(0.3)
    line.muted = True
    time.sleep(call.chance.uniform(1, 3))
    line.muted = False
    time.sleep(0.3)
    caller.finishes(line, caller.says(line))
    caller.hang_up()
    return ANSWERED


def says_nothing(call):
    """Silence, a half-close, NO_INPUT."""
    caller = call.caller()
    caller.greeted()
    line = caller.listen()
    time.sleep(call.chance.uniform(1, 2.5))
    line.half_close()
    caller.ended(line, OK)
    caller.says_nothing()
    caller.speaks()
    caller.hang_up()
    return ANSWERED


def sends_rubbish(call):
    caller = call.caller()
    caller.greeted()
    rubbish = caller.open(call.chance.randbytes(200) + b"\xff", half_close=False)
    time.sleep(call.chance.uniform(0, 0.5))
    rubbish.half_close()
    caller.ended(rubbish, grpc.StatusCode.INVALID_ARGUMENT)
    caller.speaks()
    caller.hang_up()
    return ANSWERED


def an_old_token(call):
    refused = call.caller(token=call.old_token).event(SESSION_START)
    assert refused.done.wait(PATIENCE) and refused.replies == []
    assert refused.code is grpc.StatusCode.UNAUTHENTICATED, refused.code
    return EXPECTED
