"""Wire 3: interrupting the bot, with two RPCs of one conversation open at once."""

import threading
import time

from schemas import KEYS, SESSION_START, START_OF_DTMF, Event
from speech import likeness, recorded, silence

FIRST = "tt-monkeysintro"
SECOND = "queue-youarenext"


def test_speaking_over_a_wav_prompt(new_caller):
    """Wire 3: the audio RPC opens while the last answer is still played, and the caller speaks over it."""
    caller = new_caller("demo-wav")
    caller.start()
    caller.speak(recorded(SECOND))
    assert caller.playing_until > time.monotonic() + 3, "five seconds of echo are still to be played"
    spoken = recorded(FIRST)
    turn = caller.speak(spoken, after_prompts=False)
    assert turn.times(Event.START_OF_INPUT), "the client is told to stop the prompt"
    assert likeness(turn.audio, spoken) > 0.85


def test_overlapping_rpcs_while_chunks_are_sent(new_caller):
    """Wire 3: in CHUNK mode the next RPC opens while the answer on the first is still coming."""
    caller = new_caller("demo-chunk")
    caller.start()
    time.sleep(max(0, caller.playing_until - time.monotonic()))
    long = recorded(SECOND) + silence(0.2) + recorded(SECOND)
    first = caller.listen()
    first.say(long)
    first.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "first chunk")

    second = caller.listen()
    spoken = recorded(FIRST)
    second.say(spoken)
    started = second.wait_event(Event.START_OF_INPUT).time
    first.wait()
    late = [r for r in first.replies if r.time > started + 0.1 and any(p.audio_content for p in r.message.prompts)]
    assert late == [], f"Wire 3: output of the interrupted turn is dropped: {late}"
    caller.hear(second)
    assert likeness(second.audio, spoken) > 0.85
    assert likeness(second.audio, recorded(SECOND)) < 0.6


def test_two_audio_rpcs_at_once(new_caller):
    """Wire 3: with two audio RPCs open, the newest is the one that hears the bot, and neither is refused."""
    caller = new_caller("demo-wav")
    caller.start()
    time.sleep(max(0, caller.playing_until - time.monotonic()))
    first = caller.listen()
    time.sleep(0.5)
    second = caller.listen()
    time.sleep(0.3)
    first.half_close()
    spoken = recorded(FIRST)
    second.say(spoken)
    caller.hear(second)
    assert likeness(second.audio, spoken) > 0.9
    first.wait()
    assert first.replies == [], f"the first RPC has nothing to say: {first.replies}"


def test_digits_on_the_open_audio_rpc(new_caller):
    """Wire 7: START_OF_DTMF as one more message on the audio RPC, half-close, then the digits in an RPC."""
    for agent in ("demo-wav", "demo-chunk"):
        caller = new_caller(agent)
        caller.start()
        line = caller.listen()
        time.sleep(0.3)
        line.send(caller.request(event_input={"event_type": START_OF_DTMF}))
        line.half_close()
        line.wait()
        assert not line.answers, f"Wire 3: START_OF_DTMF is not answered: {line.replies}"
        digits = caller.hear(caller.open(caller.request(dtmf_input={"dtmf_events": [KEYS["3"]]})))
        assert digits.audio.seconds > 0.3


def test_digits_rpc_beside_the_open_audio_rpc(new_caller):
    """Wire 3: START_OF_DTMF and the digits come in RPCs of their own while the audio RPC is still open."""
    caller = new_caller("demo-wav")
    caller.start()
    line = caller.listen()
    time.sleep(0.3)
    digits = caller.press("7")
    assert digits.audio.seconds > 0.3
    line.half_close()
    line.wait()
    assert not line.answers, f"the answer went to the RPC of the digits: {line.replies}"


def test_no_voice_detection_during_digits(new_caller):
    """Wire 5: while digits are entered, what is on the line is not taken for speech."""
    caller = new_caller("demo-wav")
    caller.start()
    time.sleep(max(0, caller.playing_until - time.monotonic()))
    line = caller.listen()
    time.sleep(0.2)
    caller.event(START_OF_DTMF).wait()
    line.say(recorded("one-moment-please"))
    time.sleep(2.5)
    assert line.times(Event.START_OF_INPUT) == [], line.replies
    caller.hear(caller.open(caller.request(dtmf_input={"dtmf_events": [KEYS["4"]]})))
    line.half_close()
    line.wait()


def test_the_order_of_two_rpcs_is_not_guaranteed(new_caller):
    """Wire 3: an audio RPC that overtakes SESSION_START still belongs to the conversation."""
    caller = new_caller("demo-wav")
    line = caller.listen()
    time.sleep(0.2)
    greeting = caller.hear(caller.event(SESSION_START))
    assert greeting.audio.seconds > 0.5
    time.sleep(max(0.2, caller.playing_until - time.monotonic()))
    spoken = recorded(FIRST)
    line.say(spoken)
    assert likeness(caller.hear(line).audio, spoken) > 0.9


def test_many_interruptions(new_caller):
    """A caller who never lets the bot finish gets each answer all the same."""
    caller = new_caller("demo-chunk")
    caller.start()
    spoken = recorded("vm-theperson")
    for _ in range(4):
        turn = caller.speak(spoken, after_prompts=False)
        assert likeness(turn.audio, spoken) > 0.8
    caller.hang_up()
    assert threading.active_count() < 50
