"""Wire contract, section 4: audio as it comes from real telephones and real clients."""

import itertools

import pytest

from schemas import Event
from speech import likeness, recorded

SENTENCE = "vm-nobodyavail"


def check_echo(caller, **line):
    caller.start()
    spoken = recorded(SENTENCE)
    turn = caller.speak(spoken, **line)
    assert len(turn.times(Event.START_OF_INPUT)) == len(turn.times(Event.END_OF_INPUT)) == 1
    alike = likeness(turn.audio, spoken)
    assert alike > 0.9, f"what comes back is what was said, not {alike:.2f} of it"


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("encoding", ["mulaw", "alaw", "linear16"])
def test_encodings(new_caller, encoding, rate):
    """Wire 4: mu-law, A-law and LINEAR16, at 8 and 16 kHz."""
    check_echo(new_caller(), encoding=encoding, rate=rate)


@pytest.mark.parametrize("states", ["first", "alone", "never"])
def test_formats_stated_once_or_never(new_caller, states):
    """Wire 4: the RPC keeps the format stated last, in a message of its own too; unstated is mu-law at 8 kHz."""
    check_echo(new_caller(), states=states)


def test_a_stated_format_holds_for_the_rpc(new_caller):
    """Wire 4: A-law stated in the first message without audio holds for frames that state nothing."""
    check_echo(new_caller(), encoding="alaw", states="alone")


@pytest.mark.parametrize("encoding, sizes", [
    ("mulaw", [800]),
    ("mulaw", [600, 730, 801, 1]),
    ("mulaw", [80, 240]),
    ("linear16", [321, 319, 333, 307]),
    ("linear16", [7, 633]),
    ("linear16", [1601, 1599]),
])
def test_frames_of_any_size(new_caller, encoding, sizes):
    """Wire 4: frames of any size and cadence; a 16-bit sample may be split over two."""
    check_echo(new_caller(), encoding=encoding, frames=itertools.cycle(sizes))


def test_a_large_frame(new_caller):
    """Wire 4: a frame may have 64 KiB, here with a whole sentence in it."""
    caller = new_caller()
    caller.start()
    line = caller.listen(closes_on_end_of_input=True)
    spoken = recorded(SENTENCE)
    data = spoken.encoded("mulaw")
    line._send_audio(data + b"\xff" * (65_536 - len(data)))
    assert likeness(caller.hear(line).audio, spoken) > 0.9


def test_junk_packets(new_caller):
    """Wire 4: junk packets of up to 15 bytes at the start of a call are neither speech nor an error."""
    junk = [bytes(range(n)) for n in (1, 4, 15, 12)] + [b"\x00" * 15, b"\x80" * 15, b""]
    check_echo(new_caller(), before=junk)


def test_junk_alone_is_not_speech(new_caller):
    """Wire 4: an RPC with nothing but junk is completed without a turn."""
    caller = new_caller()
    caller.start()
    line = caller.open(*[caller.request(audio_input={"caller_audio": b"\x00\x80" * 7}) for _ in range(20)])
    line.wait()
    assert line.replies == []


@pytest.mark.parametrize("rate", [-1, 1, 7999, 11025, 44100, 2**31 - 1])
def test_impossible_rates(new_caller, expect, rate):
    """Wire 4, A5: an impossible rate is INVALID_ARGUMENT."""
    caller = new_caller()
    caller.start()
    audio = {"caller_audio": b"\xff" * 160, "encoding": 2, "sample_rate_hertz": rate}
    expect(caller.open(caller.request(audio_input=audio), half_close=False), "INVALID_ARGUMENT")


@pytest.mark.parametrize("encoding", [4, 99, -1])
def test_impossible_encodings(new_caller, expect, encoding):
    """Wire 4, P4: an encoding that is not in the schema is INVALID_ARGUMENT."""
    caller = new_caller()
    caller.start()
    audio = {"caller_audio": b"\xff" * 160, "encoding": encoding, "sample_rate_hertz": 8000}
    expect(caller.open(caller.request(audio_input=audio), half_close=False), "INVALID_ARGUMENT")
