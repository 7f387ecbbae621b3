"""A small server of voice virtual agents over WebSocket that keeps the rules, and one for each fault that
`patchbay conformance` has to find on that wire. Each fault has a port of its own; `clean` has none."""

import asyncio
import base64
import datetime
import json
import threading

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from conftest import TENANT_A
from socket_caller import KEYS, SOCKET_SCHEMA
from speech import from_mulaw

URL = "wss://localhost"
# The fault, the case that shows it, and the rule that is broken.
FAULTS = {
    "refused-late": ("socket: refusal", "socket.unauthorized"),
    "bare-taken": ("socket: bare token", "socket.bearer"),
    "no-seq": ("socket: conversation", "socket.envelope"),
    "local-time": ("socket: conversation", "socket.time"),
    "seq-stands-still": ("socket: conversation", "socket.sequence"),
    "other-id": ("socket: conversation", "socket.conversation"),
    "grpc-timer": ("socket: conversation", "socket.fields"),
    "null-field": ("socket: conversation", "socket.fields"),
    "uri-only": ("socket: conversation", "socket.prompts"),
    "wav-in-final": ("socket: conversation", "socket.chunks-only"),
    "binary-answers": ("socket: conversation", "socket.text-frames"),
    "ping-ignored": ("socket: conversation", "socket.ping"),
    "pong-counted": ("socket: conversation", "socket.ping"),
    "closes-after-final": ("socket: conversation", "socket.stays-open"),
    "never-closes": ("socket: conversation", "socket.close"),
    "closes-badly": ("socket: conversation", "socket.close"),
    "error-in-payload": ("socket: malformed", "socket.error-form"),
    "deaf-to-pings": ("socket: pings", "socket.ping-frames"),
    "strict-fields": ("socket: unknown fields", "socket.unknown-fields"),
    "maps-are-objects": ("socket: maps", "socket.maps"),
    "null-refused": ("socket: maps", "socket.maps"),
    "junk-refused": ("socket: junk", "audio.junk"),
    "audio-wanted": ("socket: junk", "socket.no-audio"),
    "late-audio-refused": ("socket: late audio", "socket.late-audio"),
    "any-number": ("socket: repeated number", "socket.number-repeated"),
    "junk-text-taken": ("socket: malformed", "socket.malformed"),
    "closed-without-error": ("socket: malformed", "socket.malformed"),
    "binary-taken": ("socket: binary", "socket.binary"),
    "any-encoding": ("socket: format", "socket.media"),
    "any-agent": ("socket: unknown agent", "socket.unknown-agent"),
    "id-changes": ("socket: another conversation", "socket.conversation-fixed"),
    "organization-changes": ("socket: another organization", "socket.organization-fixed"),
    "two-sockets": ("socket: second socket", "socket.second-socket"),
    "first-socket-dies": ("socket: second socket", "socket.first-socket-lives"),
    "starts-again": ("socket: second start", "socket.start-once"),
    "starts-anyhow": ("socket: start first", "socket.start-first"),
    "waits-for-ever": ("socket: nothing said", "socket.start-in-time"),
    "falls-over": ("socket: huge message", "audio.huge"),
    "same-agent-twice": ("socket: list", "agent.list"),
    "default-in-list": ("socket: list", "socket.list-fields"),
    "list-ends-badly": ("socket: list", "socket.list-close"),
    "strict-list": ("socket: list with unknown fields", "socket.list-unknown-fields"),
    "open-list": ("socket: list without a token", "agent.list-guarded"),
    "any-list": ("socket: list of another organization", "socket.list-organization"),
}
TONE = bytes(range(0x20, 0x60)) * 50
LOUD = 300


class GivenUp(Exception):
    """Ends a socket: the close code, and an ERROR's code and status before it."""


def wrong(code=1002, error="bad_request", status=400):
    return GivenUp(code, error, status)


class SocketServers:
    """The clean server and those with a fault, in one thread."""

    def __init__(self, issuer):
        self.issuer, self.ports = issuer, {}
        self.live, self.fallen = {}, set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    def url(self, fault):
        return f"ws://127.0.0.1:{self.ports[fault]}"

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        servers = []
        for fault in ("clean", *FAULTS):
            servers.append(await serve(
                lambda socket, fault=fault: self.opened(socket, fault), "127.0.0.1", 0, max_size=8 << 20,
                ping_interval=None, close_timeout=1,
                process_request=lambda socket, request, fault=fault: self.checked(socket, request, fault)))
            self.ports[fault] = servers[-1].sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        for server in servers:
            server.close()

    # Who calls

    def checked(self, socket, request, fault):
        if request.path not in ("/v1/va", "/v1/listVirtualAgents"):
            return socket.respond(404, "nothing here\n")
        if fault in self.fallen:
            return socket.respond(503, "no\n")
        if fault == "refused-late" or (fault == "open-list" and request.path != "/v1/va"):
            return None
        if not self.may_call(request.headers.get("Authorization", ""), fault):
            return socket.respond(401, "no\n")
        return None

    def may_call(self, given, fault=""):
        if not given.startswith("Bearer ") and fault != "bare-taken":
            return False
        try:
            head, body, signature = given.removeprefix("Bearer ").split(".")
            header, claims = json.loads(decoded(head)), json.loads(decoded(body))
            self.issuer.keys[header["kid"]].public_key().verify(
                decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
            now = datetime.datetime.now(datetime.UTC).timestamp()
            return (header["alg"] == "RS256" and claims["exp"] > now and claims["com.cisco.datasource.url"] == URL
                    and claims["com.cisco.datasource.schema.uuid"] == SOCKET_SCHEMA
                    and claims["com.cisco.org.uuid"] == TENANT_A["org"])
        except (ValueError, KeyError, InvalidSignature):
            return False

    # Sockets

    async def opened(self, socket, fault):
        if fault == "refused-late" and not self.may_call(socket.request.headers.get("Authorization", "")):
            return await socket.close(1008)
        if fault == "deaf-to-pings":
            # What a ping is answered with goes nowhere.
            socket.protocol.recv_ping = lambda frame: None
            original = socket.protocol.recv_frame

            def without_pings(frame):
                if frame.opcode is not frame.opcode.__class__.PING:
                    original(frame)
            socket.protocol.recv_frame = without_pings
        if socket.request.path != "/v1/va":
            return await self.listed(socket, fault)
        talk = Talk(self, socket, fault)
        try:
            await talk.run()
        except ConnectionClosed:
            pass
        except GivenUp as given_up:
            await talk.give_up(*given_up.args)
        finally:
            if self.live.get((fault, talk.conversation)) is talk:
                del self.live[fault, talk.conversation]

    async def listed(self, socket, fault):
        try:
            async with asyncio.timeout(2):
                async for text in socket:
                    request = json.loads(text)
                    if fault == "strict-list" and set(request) != {"customer_org_id"}:
                        return await socket.close(1008)
                    if request["customer_org_id"] != TENANT_A["org"] and fault != "any-list":
                        return await socket.close(1008)
                    agents = [{"id": name, "name": name.title()} for name in ("clean", "other")]
                    if fault == "same-agent-twice":
                        agents[1]["id"] = "clean"
                    if fault == "default-in-list":
                        agents[0]["is_default"] = True
                    await socket.send(json.dumps({"virtual_agents": agents}))
                    if fault == "list-ends-badly":
                        return await socket.close(1011)
        except (TimeoutError, ConnectionClosed):
            pass
        await socket.close()


class Talk:
    """One conversation."""

    def __init__(self, servers, socket, fault):
        self.servers, self.socket, self.fault = servers, socket, fault
        self.conversation, self.seq, self.last = None, 0, 0
        self.heard, self.quiet, self.speaking, self.is_over = b"", 0, False, False

    async def run(self):
        try:
            async with asyncio.timeout(None if self.fault == "waits-for-ever" else 3):
                first = await self.socket.recv()
        except TimeoutError:
            raise wrong(1008, "timeout", 408) from None
        goes_on = await self.take(first)
        while goes_on:
            goes_on = await self.take(await self.socket.recv())
        if self.fault == "never-closes":
            await asyncio.sleep(20)
        await self.socket.close(1011 if self.fault == "closes-badly" else 1000)

    # Out

    async def say(self, kind, seq=None, **more):
        fault = self.fault
        if kind != "PONG":
            self.seq += 0 if fault == "seq-stands-still" and self.seq == 2 else 1
        now = datetime.datetime.now(datetime.UTC)
        time = "Sun, 29 Nov 2026 17:07:00" if fault == "local-time" else (
            now.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
        conversation = "someone-else" if fault == "other-id" else self.conversation or ""
        message = {"type": kind, "seq": seq or self.seq, "ts": time, "conversation_id": conversation} | more
        if fault == "no-seq":
            del message["seq"]
        text = json.dumps(message)
        await self.socket.send(text.encode() if fault == "binary-answers" and self.seq == 3 else text)

    async def respond(self, **payload):
        await self.say("VOICE_VA_RESPONSE", payload=payload)

    async def answer(self, audio, *events):
        fault, bargeable = self.fault, not events
        for start in range(0, len(audio), 8000):
            piece = base64.b64encode(audio[start:start + 8000]).decode()
            await self.respond(
                response_type="CHUNK", prompts=[{"audio_content_b64": piece, "is_barge_in_enabled": bargeable}])
        last = {"audio_content_b64": "", "is_barge_in_enabled": bargeable}
        if fault == "uri-only":
            last = {"audio_uri": "https://example.com/prompt.wav", "is_barge_in_enabled": bargeable}
        if fault == "wav-in-final":
            last["audio_content_b64"] = base64.b64encode(b"RIFF" + audio).decode()
        timers = {"complete_timeout_msec": 700}
        if fault == "grpc-timer":
            timers["no_input_timeout_msec"] = 5000
        more = {"output_events": [{"event_type": kind} for kind in events]} if events else {
            "input_mode": "INPUT_VOICE_DTMF", "input_handling_config": {"speech_timers": timers}}
        if fault == "null-field":
            more["session_summary"] = None
        await self.respond(response_type="FINAL", prompts=[last], **more)

    async def give_up(self, code, error, status):
        about = {"code": error, "status": status, "detail": "no"}
        if self.fault == "error-in-payload":
            await self.say("ERROR", payload=about)
        elif self.fault != "closed-without-error":
            await self.say("ERROR", **about)
        await self.socket.close(code)

    # In

    async def take(self, message):
        fault = self.fault
        if isinstance(message, bytes):
            if fault == "binary-taken":
                return True
            raise wrong(1003)
        if len(message) > 131_072:
            if fault == "falls-over":
                self.servers.fallen.add(fault)
            raise wrong()
        try:
            message = json.loads(message)
            kind, seq, conversation = message["type"], message["seq"], message["conversation_id"]
        except (ValueError, KeyError):
            if fault == "junk-text-taken":
                return True
            raise wrong() from None
        if seq <= self.last and fault != "any-number":
            raise wrong()
        self.last = max(seq, self.last)
        if self.conversation not in (None, conversation) and fault != "id-changes":
            raise wrong()
        if kind == "PING":
            if fault != "ping-ignored":
                await self.say("PONG", seq=self.seq + 1 if fault == "pong-counted" else seq)
            return True
        return await self.requested(message, message["payload"])

    async def requested(self, message, payload):
        fault = self.fault
        if payload["customer_org_id"] != TENANT_A["org"] and fault != "organization-changes":
            raise wrong(1008, "unauthorized", 401)
        known = {"conversation_id", "customer_org_id", "virtual_agent_id", "voice_va_input_type", "additional_info",
                 "allow_partial_responses", "vendor_specific_config"}
        if fault == "strict-fields" and set(payload) - known:
            raise wrong()
        if fault == "null-refused" and (None in payload.values() or message.get("metadata", []) is None):
            raise wrong()
        (kind, given), = payload["voice_va_input_type"].items()
        starts = kind == "event_input" and given["event_type"] == "SESSION_START"
        if self.conversation is None:
            if not starts and fault != "starts-anyhow":
                raise wrong()
            await self.start(message["conversation_id"], payload.get("virtual_agent_id"))
        elif starts and fault != "starts-again":
            raise wrong()
        match kind:
            case "event_input": return await self.event(given)
            case "dtmf_input": await self.digits(given["dtmf_events"])
            case _: await self.audio(given)
        return True

    async def start(self, conversation, agent):
        if agent not in (None, "clean") and self.fault != "any-agent":
            raise wrong(status=404)
        self.conversation = conversation
        other = self.servers.live.get((self.fault, conversation))
        if other:
            if self.fault == "first-socket-dies":
                await other.socket.close(1001)
            if self.fault != "two-sockets":
                raise wrong(status=409)
        self.servers.live[self.fault, conversation] = self

    async def event(self, given):
        if self.fault == "maps-are-objects" and not isinstance(given["parameters"], dict) and given["parameters"]:
            raise wrong()
        if given["event_type"] == "SESSION_END":
            return False
        if given["event_type"] != "START_OF_DTMF":
            await self.answer(TONE)
            return self.fault != "closes-after-final" or given["event_type"] != "SESSION_START"
        return True

    async def digits(self, keys):
        ending = {("DTMF_DIGIT_" + KEYS["0"],): "TRANSFER_TO_AGENT", ("DTMF_DIGIT_" + KEYS["9"],): "SESSION_END"}.get(
            tuple(keys))
        await self.answer(TONE, *([ending] if ending else []))
        self.is_over = bool(ending)

    async def audio(self, given):
        if self.is_over:
            if self.fault == "late-audio-refused":
                raise wrong()
            return
        if (given["encoding"], given["sample_rate_hertz"]) != ("MULAW_FORMAT", 8000) and self.fault != "any-encoding":
            raise wrong(1003, "unsupported_media", 415)
        if self.fault == "audio-wanted" and "caller_audio_b64" not in given:
            raise wrong()
        audio = base64.b64decode(given.get("caller_audio_b64") or "", validate=True)
        if len(audio) <= 15:
            if self.fault == "junk-refused" and audio:
                raise wrong()
            return
        is_loud = abs(from_mulaw(audio).samples.astype(int)).mean() > LOUD
        if is_loud and not self.speaking:
            self.speaking, self.quiet, self.heard = True, 0, b""
            await self.respond(response_type="FINAL", output_events=[{"event_type": "START_OF_INPUT"}])
        if not self.speaking:
            return
        self.heard += audio
        self.quiet = 0 if is_loud else self.quiet + len(audio)
        if self.quiet >= 5600:
            self.speaking = False
            await self.respond(response_type="FINAL", output_events=[{"event_type": "END_OF_INPUT"}])
            await self.answer(self.heard[:16000])


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
