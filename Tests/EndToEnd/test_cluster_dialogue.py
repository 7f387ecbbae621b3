"""A scripted dialogue whose server dies or ends between two turns goes on in its state at another server of the cluster."""

import time

import pytest

from cluster import Cluster, SpreadCaller, logged, metric
from conftest import agent
from schemas import Event

SCRIPT = """
states:
  menu:
    say: {text: "1 order, 2 card."}
    digits: {"1": order, "2": card}
  order:
    say: {text: "Four keys, please."}
    digits: {"????": card}
    digits_as: order
    attempts: {maximum: 2, then: {say: {text: "That was all."}, end: true}}
  card:
    say: {text: "And the card."}
    digits: {"????????": {say: {text: "One moment."}, transfer: {summary: "Keyed all."}}}
    sensitive: true
"""


@pytest.fixture
def cluster(own_gateway, tmp_path):
    made = Cluster(own_gateway, tmp_path)
    (tmp_path / "dialogue.yaml").write_text(SCRIPT)
    desk = agent("desk", "wav", {"kind": "scripted", "script": str(tmp_path / "dialogue.yaml")}, default=True)
    made.start_desk = lambda count, **more: made.start(count, agents=[desk], **more)
    yield made
    made.redis.kill()


def kept(cluster, caller):
    """What Redis has of the call."""
    key = f"patchbay:call:{caller.org}/{caller.conversation}"
    size = cluster.redis.ask("HSTRLEN", key, "kept")
    return int(size[1:])


def test_its_owner_dies(cluster, token):
    """Killed after the first entry: the next is answered in that state, and nobody is greeted anew; killed once more, the
    transfer has what was keyed before both."""
    servers = cluster.start_desk(3)
    caller = SpreadCaller(servers[:1], token, "desk")
    assert caller.start().text == "1 order, 2 card."
    assert caller.press("1").text == "Four keys, please."
    servers[0].process.kill()
    servers[0].wait()
    caller.channels = [servers[1].channel()]
    failed = caller.press("9")
    assert failed.text == "Four keys, please.", "the state's second try"
    assert caller.press("1234").text == "And the card."
    assert metric(servers[1], "patchbay_ownership_claims_total", result="adopted") == 1
    servers[1].process.kill()
    servers[1].wait()
    caller.channels = [servers[2].channel()]
    last = caller.press("87654321")
    assert last.text == "One moment." and last.event.event_type == Event.TRANSFER_TO_AGENT
    assert dict(last.event.metadata) == {"summary": "Keyed all.", "order": "1234"}
    caller.hang_up()
    servers[2].until(lambda: kept(cluster, caller) == 0, "forgets what is over")
    caller.close()


def test_attempts_are_counted_on(cluster, token):
    """The second failure of two is the last one, whichever server hears it."""
    servers = cluster.start_desk(2)
    caller = SpreadCaller(servers[:1], token, "desk")
    caller.start()
    caller.press("1")
    assert caller.press("9").text == "Four keys, please."
    servers[0].process.kill()
    servers[0].wait()
    caller.channels = [servers[1].channel()]
    last = caller.press("9")
    assert last.text == "That was all." and last.event.event_type == Event.SESSION_END
    caller.close()


def test_its_server_ends(cluster, token):
    """A drain hands it over between two turns, and is through at once: the next RPC is answered in the state elsewhere."""
    first, second = cluster.start_desk(2, shutdown={"drain": "1m", "grace": "0s"})
    for server in (first, second):
        server.until(lambda server=server: metric(server, "patchbay_replicas") == 2, "knows the other")
    caller = SpreadCaller([first], token, "desk")
    caller.start()
    assert caller.press("1").text == "Four keys, please."
    assert kept(cluster, caller) > 0
    first.signal()
    assert first.wait(20) == 0, "nothing is left to wait for"
    assert "handed_over" in [end["reason"] for end in logged(first, "conversation ended")]
    caller.channels = [second.channel()]
    began = time.monotonic()
    assert caller.press("1234").text == "And the card."
    assert time.monotonic() - began < 2, "no lease has to end first"
    assert [start["resumed"] for start in logged(second, "conversation started")] == ["true"]
    caller.hang_up()
    caller.close()
