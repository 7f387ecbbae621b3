"""Calls through real proxies: nothing of an answer is lost, whenever the client half-closes."""

import collections
import concurrent.futures
import os
import queue
import random
import re
import threading
import time
import uuid

import grpc
import pytest

from caller import Caller, Reply, as_is
from conftest import TENANT_A
from edge import KINDS
from gateway import run
from schemas import KEYS, MULAW, PROCESS_CALLER_INPUT, SESSION_START, Event, voice
from speech import SOUNDS, recorded, silence

# The full size: EDGE_CALLS=200 Tests/EndToEnd/run test_edge.py
CALLS = int(os.environ.get("EDGE_CALLS", 24))
AGENTS = ["demo-wav", "demo-chunk"]


class Turn:
    """One RPC, read to its status by a client that half-closes when the test says so."""

    def __init__(self, channel, token, messages, half_close):
        """`half_close`: seconds after END_OF_INPUT, or after the messages where they are no audio; `None`: never."""
        box = queue.SimpleQueue()
        call = channel.stream_stream(PROCESS_CALLER_INPUT, as_is, as_is)(
            iter(box.get, None), metadata=(("authorization", token),), timeout=30)
        for message in messages:
            box.put(message.SerializeToString())
        waits = messages[0].HasField("audio_input")
        if not waits and half_close is not None:
            threading.Timer(half_close, box.put, [None]).start()
        self.replies = []
        try:
            for raw in call:
                self.replies.append(Reply(raw))
                if waits and half_close is not None and self.replies[-1].event == Event.END_OF_INPUT:
                    threading.Timer(half_close, box.put, [None]).start()
        except grpc.RpcError:
            pass
        self.code = call.code()
        box.put(None)

    @property
    def heard(self):
        """Bytes of audio."""
        return sum(len(prompt.audio_content) for reply in self.replies for prompt in reply.message.prompts)

    @property
    def final(self):
        """The message that completes the answer, if it came."""
        finals = [r for r in self.replies if r.kind == 0 and r.event not in (Event.START_OF_INPUT, Event.END_OF_INPUT)]
        return finals[-1] if finals else None


def whole_call(channel, token, agent, half_close):
    """Greeting, a spoken turn, a transfer; the audio comes faster than it is spoken, which the server takes."""
    conversation = str(uuid.uuid4())

    def request(**input):
        return voice.VoiceVARequest(
            conversation_id=conversation, customer_org_id=TENANT_A["org"], virtual_agent_id=agent, **input)

    sound = (silence(0.3) + recorded("vm-theperson") + silence(1.0)).encoded("mulaw")
    audio = [request(audio_input={"caller_audio": sound[at:at + 1600], "encoding": MULAW, "sample_rate_hertz": 8000})
             for at in range(0, len(sound), 1600)]
    delay = half_close()
    start = Turn(channel, token, [request(event_input={"event_type": SESSION_START})], delay)
    spoken = Turn(channel, token, audio, delay)
    transfer = Turn(channel, token, [request(dtmf_input={"dtmf_events": [KEYS["0"]]})], delay)
    return {"greeting": start, "spoken": spoken, "transfer": transfer}


def play(proxy, token, agent, calls, half_close, at_once=8):
    """Plays calls over four connections: what came of each turn, counted."""
    count = collections.Counter()
    channels = [proxy.channel() for _ in range(4)]
    try:
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            for turns in pool.map(lambda n: whole_call(channels[n % 4], token, agent, half_close), range(calls)):
                for name, turn in turns.items():
                    is_whole = turn.final is not None and turn.heard > 0
                    if name == "transfer":
                        is_whole = is_whole and turn.final.event == Event.TRANSFER_TO_AGENT
                    count[name, "whole" if is_whole else "lost", turn.code.name] += 1
    finally:
        for channel in channels:
            channel.close()
    return count


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_turn_is_lost(through, plain_gateway, token, kind, agent):
    """A client that half-closes up to 50 ms after END_OF_INPUT has every answer and every status."""
    proxy = through(kind, plain_gateway)
    count = play(proxy, token, agent, CALLS, lambda: random.uniform(0, 0.05))
    assert count == {(name, "whole", "OK"): CALLS for name in ("greeting", "spoken", "transfer")}


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_never_half_closes(through, plain_gateway, token, kind, agent):
    """… and one that waits for the status first has heard every message before it, transfers included."""
    proxy = through(kind, plain_gateway)
    calls = max(8, CALLS // 4)
    count = play(proxy, token, agent, calls, lambda: None)
    counted = re.findall(r"^patchbay_statuses_before_half_close_total (\d+)", plain_gateway.get("/metrics")[1], re.M)
    assert int(counted[0]) >= 3 * calls, "operators see that such clients are about"
    whole = collections.Counter()
    for (name, what, _), number in count.items():
        whole[name, what] += number
    assert whole == {(name, "whole"): calls for name in ("greeting", "spoken", "transfer")}, count


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_token(through, plain_gateway, issuer, kind):
    """A caller whose token is refused sees why, and no broken stream."""
    proxy = through(kind, plain_gateway)
    bad = issuer.token(TENANT_A, exp=1)
    with proxy.channel() as channel:
        callers = [Caller(channel, bad, TENANT_A["org"], "demo-wav") for _ in range(min(CALLS, 80))]
        for interaction in [caller.event(SESSION_START) for caller in callers]:
            assert interaction.done.wait(10) and interaction.code is grpc.StatusCode.UNAUTHENTICATED, interaction.code


def test_a_conversation_stays_with_its_server(through, own_gateway, token):
    """The shipped HAProxy file: all RPCs of a call on one server; one that drains keeps its calls and gets no new ones."""
    servers = [own_gateway(shutdown={"drain": "30s"}) for _ in range(2)]
    proxy = through("haproxy-shipped", *servers)
    servers[0].until(lambda: set(proxy.stats().values()) == {"UP"}, "is up for the proxy")
    channels = [proxy.channel() for _ in range(6)]
    callers = [Caller(channels[n % 6], token, TENANT_A["org"], "demo-wav", conversation=name)
               for n, name in enumerate([str(uuid.uuid4()) for _ in range(10)] + ["short", "long" * 12])]
    try:
        for caller in callers:
            caller.start()
        for shift in range(1, 6):
            for n, caller in enumerate(callers):
                caller.channel = channels[(n + shift) % 6]
                assert caller.start().audio.seconds == 0, "greeted before: the same server"
        servers[0].signal()
        servers[1].until(lambda: "NOLB" in proxy.stats().values(), "is the only one for new calls")
        for caller in callers:
            assert caller.start().audio.seconds == 0, "still the same server"
        late = [Caller(channels[n % 6], token, TENANT_A["org"], "demo-wav") for n in range(10)]
        for caller in late:
            assert caller.start().audio.seconds > 0.5, "a new call goes where one is taken"
        for caller in callers + late:
            caller.hang_up()
        assert servers[0].wait(15) == 0
    finally:
        for channel in channels:
            channel.close()


def test_our_own_callers_see_what_a_proxy_breaks(through, own_gateway, token, tmp_path):
    """`patchbay replay` and `call` are clients like others: without the hold they tell of the loss, with it of none."""
    file = tmp_path / "token"
    file.write_text(token)
    clip = SOUNDS / "vm-theperson.wav"
    for hold in ("0s", "1s"):
        gateway = own_gateway(limits={"status_hold": hold})
        proxy = through("haproxy", gateway)
        common = ("--target", proxy.address, "--token", file, "--agent", "demo-wav")
        replay = run("replay", clip, "--calls", 12, "--barge-in", 100, *common, seconds=60)
        if hold == "0s":
            assert replay.returncode == 1 and "CANCELLED" in replay.stdout + replay.stderr, replay.stdout
        else:
            assert replay.returncode == 0 and "errors:" not in replay.stdout, replay.stdout + replay.stderr


@pytest.mark.parametrize("agent", AGENTS)
def test_a_cancelled_greeting(gateway, token, agent):
    """Wire 3: a SESSION_START that is cancelled, however soon, has not been heard: the next one is greeted."""
    count = collections.Counter()
    channels = [gateway.channel() for _ in range(4)]

    def once(n):
        caller = Caller(channels[n % 4], token, TENANT_A["org"], agent, agent[5:])
        first = caller.event(SESSION_START)
        time.sleep(random.uniform(0, 0.01))
        first.call.cancel()
        if n % 2:
            caller.channel = channels[(n + 1) % 4]
        second = caller.start()
        first.done.wait(5)
        count[first.code.name, "greeted" if second.audio.seconds > 0.5 else "not greeted"] += 1
        caller.hang_up()

    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(once, range(CALLS * 5 // 2)))
    finally:
        for channel in channels:
            channel.close()
    assert count["CANCELLED", "not greeted"] == 0 and count["CANCELLED", "greeted"] > CALLS, count


@pytest.mark.parametrize("half_closes", [True, False])
@pytest.mark.parametrize("agent", AGENTS)
def test_digits_in_many_messages(new_caller, agent, half_closes):
    """Wire 3: digits that a client sends one a message before its half-close are one entry."""
    keys = "1234567890*#ABCD"
    together, apart = new_caller(agent), new_caller(agent)
    for caller in (together, apart):
        caller.start()
        caller.playing_until = 0.0
    expected = together.press(keys).audio
    messages = [apart.request(dtmf_input={"dtmf_events": [KEYS[key]]}) for key in keys]
    began = time.monotonic()
    entry = apart.open(*messages, half_close=half_closes)
    first = entry.wait_for(lambda reply: True, "an answer").time - began
    assert first < 1, f"no entry waits for a half-close longer than 100 ms: {first:.3f} s"
    entry.wait()
    assert entry.audio.seconds == expected.seconds, "one entry, read back as a whole"
