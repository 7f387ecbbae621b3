"""Audio that says which call, which RPC and which frame it is, so softly that it is silence: 20 ms of mu-law a frame."""

FRAMES = 5  # a message: 100 ms
SIZE = 160  # bytes of a frame
DIGITS = 16  # each the lower half of a byte from 0xF0 on, 49 dB below full scale and less


def frame(call, rpc, number):
    """A frame; call, RPC and frame in up to 5, 3 and 4 hexadecimal digits."""
    text = f"a5{call:05x}{rpc:03x}{number:04x}"
    return bytes(0xF0 | int(digit, 16) for digit in f"{text}{check(text):02x}") + b"\xff" * (SIZE - DIGITS)


def audio(call, rpc, message):
    """The audio of an RPC's message of this number."""
    return b"".join(frame(call, rpc, message * FRAMES + n) for n in range(FRAMES))


def check(text):
    return sum((n + 1) * int(digit, 16) for n, digit in enumerate(text)) % 256


def read(samples):
    """The frames in this audio, as (call, RPC, frame); `None` for one that is damaged."""
    for at in range(0, len(samples), SIZE):
        text = samples[at:at + DIGITS].hex()[1::2]
        whole = len(samples) - at >= SIZE and text[:2] == "a5" and int(text[14:], 16) == check(text[:14])
        yield (int(text[2:7], 16), int(text[7:10], 16), int(text[10:14], 16)) if whole else None
