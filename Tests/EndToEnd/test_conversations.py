"""Wire 3: conversations that outlive RPCs, agents, and callers who do not keep to the script."""

import time

import grpc
import pytest

from caller import Caller, as_is
from conftest import TENANT_A, TENANT_B
from gateway import SLOW
from schemas import CUSTOM_EVENT, LIST_VIRTUAL_AGENTS, NO_INPUT, PROCESS_CALLER_INPUT, SESSION_START, Event, voice
from speech import likeness, recorded

SENTENCE = "vm-theperson"


def wav_greeting(new_caller, name):
    return new_caller(name, mode="wav").start().audio


@pytest.mark.parametrize("name, mode", [("", "wav"), ("1", "wav"), ("2", "chunk"), ("demo-chunk", "chunk")])
def test_agents(new_caller, name, mode):
    """Wire 3: an agent is found by its id, by its 1-based index, and the default by nothing."""
    caller = new_caller(name, mode=mode)
    assert caller.start().audio.seconds > 0.5
    caller.hang_up()


@pytest.mark.parametrize("name", ["nobody", "0", "99", "-1", "1.0", "DEMO-WAV", " demo-wav", "../etc", "beta-only"])
def test_unknown_agents(new_caller, expect, name):
    """Wire 3, J18: an unknown agent is NOT_FOUND, and so is another tenant's."""
    expect(new_caller(name).event(SESSION_START), "NOT_FOUND")


def test_an_agent_of_one_tenant(channel, issuer):
    """Wire 3: an agent that is given to one tenant only is found by that tenant."""
    caller = Caller(channel, issuer.token(TENANT_B), TENANT_B["org"], "beta-only")
    assert caller.start().audio.seconds > 0.5
    caller.hang_up()


def listed(channel, token, **request):
    call = channel.unary_unary(
        LIST_VIRTUAL_AGENTS, voice.ListVARequest.SerializeToString, voice.ListVAResponse.FromString)
    return call(voice.ListVARequest(**request), metadata=[("authorization", token)], timeout=5).virtual_agents


def test_list_of_agents(channel, token, issuer):
    """Wire 2: the flow designer's list: a tenant's agents in their order, names and the default."""
    agents = listed(channel, token, customer_org_id=TENANT_A["org"])
    assert [a.virtual_agent_id for a in agents] == [
        "demo-wav", "demo-chunk", "script-wav", "script-chunk", "short-turns"]
    assert [a.virtual_agent_name for a in agents] == [f"Agent {a.virtual_agent_id}" for a in agents]
    assert [a.is_default for a in agents] == [True, False, False, False, False]
    theirs = listed(channel, issuer.token(TENANT_B), customer_org_id=TENANT_B["org"])
    assert "beta-only" in [a.virtual_agent_id for a in theirs]


def test_session_start_repeats(new_caller):
    """Wire 3: a repeated SESSION_START is answered without a second greeting."""
    caller = new_caller()
    first, second = caller.start(), caller.start()
    assert first.audio.seconds > 0.5
    assert second.audio.seconds == 0 and not second.text
    assert second.final.input_mode == first.final.input_mode


@pytest.mark.parametrize("agent", ["demo-wav", "demo-chunk"])
def test_session_start_repeats_after_a_failure(gateway, token, new_caller, agent):
    """Wire 3: … unless the first RPC failed: then the caller has not heard the greeting."""
    caller = new_caller(agent)
    # A client that never reads and lets in 1 KB: what the server sends cannot have arrived when the RPC breaks.
    options = [("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(gateway.address, options) as unread:
        first = caller.request(event_input={"event_type": SESSION_START}).SerializeToString()
        lost = unread.stream_stream(PROCESS_CALLER_INPUT, as_is, as_is)(
            iter([first]), metadata=caller.metadata(), timeout=20)
        time.sleep(0.7)
        lost.cancel()
    time.sleep(0.3)
    assert caller.start().audio.seconds > 0.5, "the caller is greeted"
    assert caller.start().audio.seconds == 0, "and that was it"


@pytest.mark.parametrize("agent", ["demo-wav", "demo-chunk"])
def test_unknown_conversation(new_caller, agent):
    """Wire 3: an RPC for a conversation that the server does not know starts it on the fly."""
    caller = new_caller(agent)
    spoken = recorded(SENTENCE)
    assert likeness(caller.speak(spoken).audio, spoken) > 0.9
    assert new_caller(agent).press("5").audio.seconds > 0.3
    new_caller(agent).no_input()
    new_caller(agent).hang_up()


def test_hang_up_twice(new_caller):
    """Wire 3: SESSION_END for a conversation that is over is answered all the same."""
    caller = new_caller()
    caller.start()
    caller.hang_up()
    caller.hang_up()


def test_a_custom_event_is_answered(new_caller):
    """Wire 3: an event of the flow designer is an interaction like another."""
    caller = new_caller()
    caller.start()
    answer = caller.custom_event("balance", {"amount": 12.5, "nested": {"list": [1, "two", None, True]}})
    assert answer.final is not None


def test_unknown_events_are_ignored(new_caller):
    """P4: an event type that is not in the schema is ignored; the conversation goes on."""
    caller = new_caller()
    caller.start()
    caller.event(77).wait()
    caller.press("6")


def test_tracking_id_comes_back(new_caller):
    """Wire 2: the tracking id is returned in the initial metadata."""
    caller = new_caller()
    interaction = caller.start()
    assert dict(interaction.call.initial_metadata()).get("trackingid") == caller.tracking


# Ends at odd points


def test_an_rpc_without_messages(new_caller):
    """Wire 3: half-close without a message completes the RPC and nothing else."""
    caller = new_caller()
    nothing = caller.open()
    assert nothing.done.wait(5) and nothing.replies == []
    caller.start()


def test_half_close_in_silence(new_caller):
    """Wire 3: half-close before any speech: no turn, no answer, and the conversation goes on."""
    caller = new_caller()
    caller.start()
    line = caller.listen()
    time.sleep(0.5)
    line.half_close().wait()
    assert line.replies == []
    spoken = recorded(SENTENCE)
    assert likeness(caller.speak(spoken).audio, spoken) > 0.9


@pytest.mark.parametrize("agent", ["demo-wav", "demo-chunk"])
def test_half_close_in_mid_speech(new_caller, agent):
    """Wire 3: half-close after START_OF_INPUT ends the interaction; what was said is not lost for the next."""
    caller = new_caller(agent)
    caller.start()
    time.sleep(max(0, caller.playing_until - time.monotonic()))
    line = caller.listen()
    line.say(recorded("queue-youarenext"))
    line.wait_event(Event.START_OF_INPUT)
    time.sleep(0.5)
    line.half_close().wait()
    spoken = recorded(SENTENCE)
    assert likeness(caller.speak(spoken).audio, spoken) > 0.85
    caller.hang_up()


def test_half_close_withheld_after_end_of_input(new_caller):
    """Wire 5: a client that goes on sending after END_OF_INPUT gets its answer and a completed RPC all the same."""
    caller = new_caller()
    caller.start()
    spoken = recorded(SENTENCE)
    turn = caller.speak(spoken, closes_on_end_of_input=False)
    assert likeness(turn.audio, spoken) > 0.9


@pytest.mark.parametrize("agent", ["demo-wav", "demo-chunk"])
def test_cancelled_in_mid_answer(new_caller, agent):
    """Wire 3: a cancelled RPC is cleaned up, and the conversation goes on."""
    caller = new_caller(agent)
    caller.start()
    time.sleep(max(0, caller.playing_until - time.monotonic()))
    line = caller.listen()
    line.say(recorded(SENTENCE))
    line.wait_event(Event.END_OF_INPUT)
    line.cancel()
    spoken = recorded("tt-monkeysintro")
    assert likeness(caller.speak(spoken, after_prompts=False).audio, spoken) > 0.85


def test_a_lost_connection(gateway, token):
    """Wire 3: a call whose connection is lost goes on over another connection."""
    with gateway.channel() as lost:
        caller = Caller(lost, token, TENANT_A["org"], "demo-wav")
        caller.start()
        line = caller.listen()
        line.say(recorded("queue-youarenext"))
        line.wait_event(Event.START_OF_INPUT)
    line.done.wait(5)
    with gateway.channel() as channel:
        caller.channel = channel
        spoken = recorded(SENTENCE)
        assert likeness(caller.speak(spoken).audio, spoken) > 0.85
        caller.hang_up()


# Bounds


def test_conversations_at_once(own_gateway, issuer, token):
    """H14: conversations over the organization's limit, or the server's, are refused at once; RPCs of those up are not."""
    gateway = own_gateway(limits={"conversations": 5, "conversations_per_tenant": 3})
    with gateway.channel() as channel:
        ours = [Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(3)]
        theirs = [Caller(channel, issuer.token(TENANT_B), TENANT_B["org"], "demo-wav") for _ in range(2)]
        for caller in ours + theirs:
            caller.start()
        one_more = {"ours": Caller(channel, token, TENANT_A["org"], "demo-wav"),
                    "theirs": Caller(channel, issuer.token(TENANT_B), TENANT_B["org"], "demo-wav")}
        for whose, caller in one_more.items():
            began = time.monotonic()
            refused = caller.event(SESSION_START)
            assert refused.done.wait(5) and refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED, whose
            assert refused.ended - began < (2 if SLOW else 0.2), "at once"
        for caller in ours + theirs:
            caller.press("1")
        ours[0].hang_up()
        one_more["ours"].start()


def test_idle_conversations_expire(own_gateway, token):
    """Wire 3: a conversation without any RPC for so long is over; one with an open RPC is not."""
    gateway = own_gateway(limits={"idle": "2s"})
    with gateway.channel() as channel:
        gone, there = (Caller(channel, token, TENANT_A["org"], "demo-wav") for _ in range(2))
        gone.start(), there.start()
        line = there.listen()
        time.sleep(3.5)
        assert gone.start().audio.seconds > 0.5, "greeted again: it was forgotten"
        assert there.start().audio.seconds == 0, "still the same conversation"
        line.half_close().wait()


def test_several_completion_queues(own_gateway, token):
    """Wire 3: RPCs of one conversation over several connections, whose calls several threads serve."""
    gateway = own_gateway(listen={"address": "127.0.0.1:0", "queues": 3})
    channels = [gateway.channel() for _ in range(6)]
    try:
        callers = [Caller(channels[0], token, TENANT_A["org"], f"demo-{mode}", mode)
                   for mode in ("wav", "chunk") for _ in range(3)]
        for turn in range(3):
            lines = []
            for n, caller in enumerate(callers):
                caller.channel = channels[(n + turn * 2) % len(channels)]
                if turn == 0:
                    caller.start()
                else:
                    caller.press(str(n + 1))
                caller.channel = channels[(n + turn * 2 + 1) % len(channels)]
                lines.append(caller.listen())
            time.sleep(max(0.2, max(c.playing_until for c in callers) - time.monotonic()))
            for line in lines:
                line.say(recorded(SENTENCE))
            for caller, line in zip(callers, lines):
                assert likeness(caller.hear(line).audio, recorded(SENTENCE)) > 0.9
        for n, caller in enumerate(callers):
            caller.channel = channels[(n + 3) % len(channels)]
            caller.hang_up()
    finally:
        for channel in channels:
            channel.close()
    gateway.stop()


# Two organizations


def test_messages_of_another_organization(new_caller, expect):
    """J18: a message that names another organization than the token's is refused."""
    expect(new_caller(org=TENANT_B["org"]).event(SESSION_START), "PERMISSION_DENIED")


def test_a_later_message_of_another_organization(new_caller, expect):
    """J18: in every message, not only the first."""
    caller = new_caller()
    caller.start()
    line = caller.listen()
    time.sleep(0.2)
    other = caller.request(audio_input={"caller_audio": b"\xff" * 160})
    other.customer_org_id = TENANT_B["org"]
    line.send(other)
    expect(line, "PERMISSION_DENIED")
    caller.press("5")


def test_no_organization_in_a_message(new_caller):
    """J18: a message may leave its organization out."""
    caller = new_caller(org="")
    caller.start()
    caller.hang_up()


def test_the_list_of_another_organization(channel, token):
    """J18: and so for the list of agents."""
    with pytest.raises(grpc.RpcError) as refusal:
        listed(channel, token, customer_org_id=TENANT_B["org"])
    assert refusal.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_conversation_belongs_to_its_organization(channel, issuer, new_caller):
    """Wire 3: the same conversation id of another organization is another conversation."""
    alpha = new_caller()
    alpha.start()
    beta = Caller(channel, issuer.token(TENANT_B), TENANT_B["org"], "demo-wav", conversation=alpha.conversation)
    assert beta.start().audio.seconds > 0.5, "greeted: not the same conversation"
    beta.hang_up()
    assert alpha.start().audio.seconds == 0, "not greeted again: still the same conversation"
    alpha.press("1")


def test_a_good_token_with_and_without_scheme(channel, token):
    """Wire 2: `Bearer` in front of the token, in any case, or the bare token."""
    for authorization in (token, f"Bearer {token}", f"bearer {token}"):
        caller = Caller(channel, authorization, TENANT_A["org"], "demo-wav")
        caller.start()
        caller.hang_up()


def test_events_in_one_rpc(new_caller):
    """Wire 3: an RPC whose client sends two events is answered for what it says, and completes."""
    caller = new_caller()
    caller.start()
    twice = caller.open(
        caller.request(event_input={"event_type": NO_INPUT}),
        caller.request(event_input={"event_type": CUSTOM_EVENT, "name": "x"}))
    assert twice.done.wait(10)
    caller.press("3")
