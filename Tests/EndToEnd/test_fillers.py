"""A caller who waits for a slow bot hears the agent's filler until the answer comes."""

import time

import pytest

import bots
from caller import Caller
from conftest import TENANT_A, agent
from speech import SOUNDS, from_mulaw, likeness, recorded

WORD = "one-moment-please"


def think(call, event):
    """Answers digits after 1.2 seconds; asks for the filler before where they are 0."""
    kind, turn = event.WhichOneof("event"), event.turn
    if kind == "started":
        yield bots.end_turn(turn)
    elif kind == "digits":
        if event.digits.digits == "0":
            yield bots.bot.BotMessage(turn=turn, filler={})
        time.sleep(1.2)
        yield from bots.audio(recorded("vm-theperson"), turn)
        yield bots.end_turn(turn)


@pytest.fixture(scope="module")
def bot():
    with bots.Bot(think) as bot:
        yield bot


def heard_of(line):
    """The audio of an answer's messages, with the time of each."""
    return [(reply.time, prompt.audio_content) for reply in line.replies for prompt in reply.message.prompts
            if prompt.audio_content]


def test_a_filler(own_gateway, bot, token):
    """It comes after its time, or at the bot's word; little of it is on its way; the answer follows it at once, and is
    what the metrics call the answer."""
    server = own_gateway(agents=[agent("slow", "chunk", bot.engine, default=True, filler={
        "sound": str(SOUNDS / f"{WORD}.wav"), "after": "500ms"})])
    with server.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "slow", "chunk")
        caller.start()
        for key, wait in (("5", 0.5), ("0", 0.0)):
            began = time.monotonic()
            line = caller.press(key)
            heard = heard_of(line)
            answer = recorded("vm-theperson").encoded("mulaw")
            whole = b"".join(data for _, data in heard)
            assert whole.endswith(answer), "the answer is whole, and the last of what is heard"
            filler = whole[: -len(answer)]
            at = next(i for i in range(len(heard)) if sum(len(data) for _, data in heard[:i]) == len(filler))
            assert wait <= heard[0][0] - began < wait + 0.3
            assert likeness(from_mulaw(filler), recorded(WORD)) > 0.4
            playing, end = 0, heard[0][0]
            for when, data in heard[:at]:
                end = max(end, when) + len(data) / 8000
                playing = max(playing, end - when)
            assert playing < 0.35, f"{playing} s of the filler were on their way"
            assert heard[at][0] - began < 1.5
        caller.hang_up()
    metrics = server.get("/metrics")[1]
    for reason in ("silence", "asked"):
        assert f'patchbay_fillers_total{{agent="slow",reason="{reason}"}} 1' in metrics
    total = next(float(line.split()[-1]) for line in metrics.splitlines()
                 if line.startswith('patchbay_answer_seconds_sum{agent="slow"}'))
    assert total > 2.4, "the filler is not the answer"
