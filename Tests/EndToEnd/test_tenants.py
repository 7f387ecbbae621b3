"""Two tenants at once: neither ever reaches the other's conversation or agent."""

import collections
import concurrent.futures
import random
import uuid

import grpc

from conftest import TENANT_A, TENANT_B
from schemas import KEYS, PROCESS_CALLER_INPUT, SESSION_START, voice
from test_reload import identity, scripted, tenant

CALLS = 200
TURNS = 12


def text_of(replies):
    return " ".join(p.text for r in replies for p in r.prompts if p.text)


class Conversation:
    """A conversation id that both tenants use at once, each for a call of its own: what is expected of each is the step
    that its own call has come to."""

    def __init__(self, channels, tokens, seed):
        self.random = random.Random(seed)
        self.channel = channels[seed % len(channels)]
        self.tokens = tokens
        self.id = str(uuid.UUID(int=self.random.getrandbits(128)))
        self.steps = {}
        self.outcomes = collections.Counter()

    def rpc(self, token_of, org, message):
        method = self.channel.stream_stream(
            PROCESS_CALLER_INPUT, voice.VoiceVARequest.SerializeToString, voice.VoiceVAResponse.FromString)
        call = method(iter([message]), metadata=[("authorization", self.tokens[token_of["name"]])], timeout=60)
        try:
            return grpc.StatusCode.OK, text_of(list(call))
        except grpc.RpcError as error:
            return error.code(), ""

    def message(self, org, agent, **input):
        return voice.VoiceVARequest(
            conversation_id=self.id, customer_org_id=org, virtual_agent_id=agent, **input)

    def turn(self):
        """One RPC: with a token, an organization and an agent that belong together, or not."""
        token_of, org_of, agent_of = (self.random.choice((TENANT_A, TENANT_B)) for _ in range(3))
        agent = self.random.choice(("", agent_of["name"].lower()))
        org = self.random.choice(("", org_of["org"]))
        step = self.steps.get(token_of["name"])
        if step is None:
            message = self.message(org, agent, event_input=voice.EventInput(event_type=SESSION_START))
        else:
            message = self.message(org, agent, dtmf_input={"dtmf_events": [KEYS["1"]]})
        code, text = self.rpc(token_of, org, message)
        if org and org_of is not token_of:
            self.expect("another's organization", code is grpc.StatusCode.PERMISSION_DENIED and not text, code, text)
        elif step is None and agent and agent_of is not token_of:
            self.expect("another's agent", code is grpc.StatusCode.NOT_FOUND and not text, code, text)
        else:
            step = self.steps[token_of["name"]] = 1 if step is None else step % 9 + 1
            wanted = f"{token_of['name'].lower()} {step}"
            self.expect("own", code is grpc.StatusCode.OK and text == wanted, code, f"{text} for {wanted}")

    def expect(self, kind, holds, *said):
        self.outcomes[kind] += 1
        if not holds:
            self.outcomes[f"CROSSED {kind}: {said}"] += 1

    def run(self):
        for _ in range(TURNS):
            self.turn()
        return self.outcomes


def test_two_tenants_with_swapped_tokens(own_gateway, issuer, tmp_path):
    """J18: 200 calls at once over two loops, each RPC with a token, an organization and an agent drawn by lot: 0
    crossings. Both tenants use the same conversation ids."""
    gateway = own_gateway(
        listen={"address": "127.0.0.1:0", "queues": 2},
        identity=identity(issuer, tenant(TENANT_A), tenant(TENANT_B)),
        agents=[scripted(tmp_path, "alpha", tenants=["Alpha"], default=True), scripted(tmp_path, "beta", tenants=["Beta"])],
        logging={"level": "notice", "format": "json"})
    tokens = {t["name"]: issuer.token(t) for t in (TENANT_A, TENANT_B)}
    channels = [gateway.channel() for _ in range(8)]
    outcomes = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(CALLS) as pool:
        for result in pool.map(lambda n: Conversation(channels, tokens, n).run(), range(CALLS)):
            outcomes += result
    for channel in channels:
        channel.close()
    print(dict(outcomes))
    crossed = [kind for kind in outcomes if kind.startswith("CROSSED")]
    assert not crossed, crossed[:5]
    assert sum(outcomes.values()) == CALLS * TURNS
    assert min(outcomes[k] for k in ("own", "another's organization", "another's agent")) > CALLS / 4, outcomes
