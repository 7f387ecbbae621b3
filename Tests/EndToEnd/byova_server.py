"""A small server of voice virtual agents, written from the interface alone, that keeps the rules; and one agent for each
fault that `patchbay conformance` has to find. An agent's id is the fault's name; `clean` and `clean-chunk` have none."""

import base64
import concurrent.futures
import io
import json
import threading
import time
import wave

import grpc
import numpy
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from conftest import TENANT_A, TENANT_B
from issuer import VOICE_SCHEMA
from schemas import (
    CHUNK, CUSTOM_EVENT, FINAL, HEALTH, MEDIA, NO_INPUT, SESSION_END, SESSION_START, START_OF_DTMF, Event, schema_of, voice)
from speech import Speech, from_mulaw

# The fault, the case that shows it, and the rule that is broken.
FAULTS = {
    "no-greeting": ("greeting", "greeting.answered"),
    "bad-status": ("greeting", "rpc.status"),
    "stays-open": ("greeting", "rpc.completes"),
    "unreadable": ("greeting", "rpc.readable"),
    "raw-prompt": ("greeting", "prompt.wav"),
    "text-beside-audio": ("greeting", "prompt.audio-or-text"),
    "no-input-mode": ("greeting", "answer.input-mode"),
    "two-finals": ("greeting", "answer.one-final"),
    "hang-up-error": ("greeting", "hang-up.completes"),
    "tiny-chunk": ("greeting", "chunk.size"),
    "header-in-chunk": ("greeting", "chunk.raw"),
    "no-closing-audio": ("greeting", "chunk.closing-final"),
    "chunk-after-final": ("greeting", "answer.final-is-last"),
    "deaf": ("speech", "turn.start"),
    "start-late": ("speech", "turn.start-in-time"),
    "start-twice": ("speech", "turn.start-once"),
    "start-as-chunk": ("speech", "turn.start-is-final"),
    "end-never": ("speech", "turn.end"),
    "end-late": ("speech", "turn.end-in-time"),
    "end-early": ("speech", "turn.end-not-early"),
    "end-twice": ("speech", "turn.end-once"),
    "end-without-start": ("speech", "turn.start-before-end"),
    "no-answer": ("speech", "turn.answered"),
    "mode-changes": ("speech", "answer.mode-kept"),
    "false-start": ("no-input", "turn.no-false-start"),
    "silent-on-silence": ("no-input", "no-input.answered"),
    "ends-on-silence": ("no-input", "no-input.asks-again"),
    "digits-ignored": ("digits", "dtmf.answered"),
    "dtmf-refused": ("digits", "dtmf.start-completes"),
    "dtmf-chatty": ("digits", "dtmf.start-silent"),
    "event-ignored": ("event", "event.answered"),
    "no-overlap": ("overlap", "overlap.accepted"),
    "cancel-kills": ("cancel", "cancel.survived"),
    "forgetful": ("resume", "resume.accepted"),
    "start-refused": ("start again", "start.repeated"),
    "junk-refused": ("junk", "audio.junk"),
    "format-wanted": ("unstated format", "audio.unstated"),
    "uuid-wanted": ("ids", "conversation.any-id"),
    "no-transfer": ("transfer", "transfer.event"),
    "no-end": ("end", "end.event"),
    "listens-at-end": ("end", "end.no-input-mode"),
    "bargeable-end": ("end", "end.not-bargeable"),
    "end-stays-open": ("transfer", "end.completes"),
    "open-door": ("token: missing", "token.missing"),
    "unsigned": ("token: signature", "token.signature"),
    "for-ever": ("token: expired", "token.expired"),
    "any-url": ("token: another URL", "token.url"),
    "any-schema": ("token: another schema", "token.schema"),
    "any-organization": ("token: another organization", "token.organization"),
    "bearer-wanted": ("token: bare", "token.bare"),
    "one-tenant": ("tenants", "tenants.apart"),
}
# Faults of answers in chunks.
CHUNKED = {"clean-chunk", "tiny-chunk", "header-in-chunk", "no-closing-audio", "chunk-after-final"}

PROMPT = Speech((4000 * numpy.sin(numpy.arange(4800) * 0.3)).astype(numpy.int16))
LOUD, BEGINS, ENDS = 300, 0.08, 0.6


class Refused(Exception):
    """Ends an RPC with a status."""


class ByovaServer:
    """The server, and who may call it: the two tenants of the tests with tokens of an issuer."""

    def __init__(self, issuer):
        self.issuer = issuer
        self.lock = threading.Lock()
        self.calls = {}
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(400))
        process = grpc.stream_stream_rpc_method_handler(
            self.process, voice.VoiceVARequest.FromString, lambda message: message if isinstance(message, bytes)
            else message.SerializeToString())
        listing = grpc.unary_unary_rpc_method_handler(
            self.list, voice.ListVARequest.FromString, voice.ListVAResponse.SerializeToString)
        health = schema_of(HEALTH, "Health")
        check = grpc.unary_unary_rpc_method_handler(
            lambda *_: b"\x08\x01", health.HealthCheckRequest.FromString, lambda message: message)
        self.server.add_generic_rpc_handlers([
            grpc.method_handlers_generic_handler(
                f"{MEDIA}.VoiceVirtualAgent", {"ProcessCallerInput": process, "ListVirtualAgents": listing}),
            grpc.method_handlers_generic_handler(f"{HEALTH}.Health", {"Check": check})])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def stop(self):
        self.server.stop(0).wait()

    # Who calls

    def organization(self, context, fault=""):
        """The organization that the token names."""
        given = dict(context.invocation_metadata()).get("authorization", "")
        if fault == "open-door" and not given:
            return TENANT_A["org"]
        if fault == "bearer-wanted" and not given.startswith("Bearer "):
            raise Refused(grpc.StatusCode.UNAUTHENTICATED)
        try:
            head, body, signature = given.removeprefix("Bearer ").split(".")
            header, claims = json.loads(decoded(head)), json.loads(decoded(body))
            key = self.issuer.keys[header["kid"]]
            if fault != "unsigned":
                key.public_key().verify(
                    decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
            tenant = {t["org"]: t for t in (TENANT_A, TENANT_B)}[claims["com.cisco.org.uuid"]]
            assert header["alg"] == "RS256"
            assert fault == "for-ever" or claims["exp"] > time.time()
            assert fault == "any-url" or claims["com.cisco.datasource.url"] == tenant["url"]
            assert fault == "any-schema" or claims["com.cisco.datasource.schema.uuid"] == VOICE_SCHEMA
            return tenant["org"]
        except (ValueError, KeyError, AssertionError, InvalidSignature):
            raise Refused(grpc.StatusCode.UNAUTHENTICATED) from None

    def list(self, request, context):
        try:
            self.organization(context)
        except Refused as refused:
            context.abort(refused.args[0], "refused")
        return voice.ListVAResponse(virtual_agents=[
            {"virtual_agent_id": name, "virtual_agent_name": name, "is_default": name == "clean"}
            for name in ("clean", "clean-chunk", *FAULTS)])

    # Conversations

    def process(self, requests, context):
        rpc = None
        try:
            for request in requests:
                if rpc is None:
                    rpc = self.opened(request, context)
                yield from rpc.take(request)
                if rpc.is_over:
                    break
            if rpc:
                yield from rpc.half_closed()
        except Refused as refused:
            context.abort(refused.args[0], "refused")
        finally:
            if rpc:
                rpc.closed()

    def opened(self, request, context):
        fault = request.virtual_agent_id or "clean"
        if fault not in FAULTS and not fault.startswith("clean"):
            raise Refused(grpc.StatusCode.NOT_FOUND)
        organization = self.organization(context, fault)
        if request.customer_org_id != organization and fault != "any-organization":
            raise Refused(grpc.StatusCode.PERMISSION_DENIED)
        if fault == "uuid-wanted" and len(request.conversation_id) != 36:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT)
        key = (fault, "" if fault == "one-tenant" else organization, request.conversation_id)
        if fault == "cancel-kills":
            time.sleep(0.3)  # that the RPC before was cancelled is told by another thread
        with self.lock:
            call = self.calls.get(key)
            if call is None:
                begins = request.event_input.event_type == SESSION_START
                if fault in ("forgetful",) and not begins:
                    raise Refused(grpc.StatusCode.NOT_FOUND)
                call = self.calls[key] = {"open": 0, "started": False, "broken": False, "answers": 0}
            if call["broken"] or (fault == "no-overlap" and call["open"]):
                raise Refused(grpc.StatusCode.FAILED_PRECONDITION)
            call["open"] += 1
        rpc = RPC(fault, call, context)
        context.add_callback(rpc.ended)
        return rpc


class RPC:
    """One interaction."""

    def __init__(self, fault, call, context):
        self.fault, self.call, self.context = fault, call, context
        self.chunked = fault in CHUNKED
        self.is_over = False
        self.loud = self.quiet = self.heard = 0.0
        self.speaking = self.started = False
        self.stated = None
        self.is_closed = False

    def ended(self):
        """The RPC has ended on the wire."""
        if self.fault == "cancel-kills" and not self.is_closed:
            self.call["broken"] = True

    def closed(self):
        self.is_closed = self.is_closed or self.context.is_active()
        self.call["open"] -= 1

    def half_closed(self):
        if self.fault == "cancel-kills":
            time.sleep(0.1)  # the end of what is read is told before it is told that it was a cancellation
        self.is_closed = self.context.is_active()
        if self.fault == "stays-open":
            while self.context.is_active():
                time.sleep(0.05)
        return
        yield

    def take(self, request):
        match request.WhichOneof("voice_va_input_type"):
            case "event_input":
                yield from self.event(request.event_input.event_type)
            case "dtmf_input":
                keys = list(request.dtmf_input.dtmf_events)
                if self.fault != "digits-ignored":
                    yield from self.answer(Event.TRANSFER_TO_AGENT if keys == [10] else
                                           Event.SESSION_END if keys == [9] else None)
            case "audio_input":
                yield from self.audio(request.audio_input)

    def event(self, kind):
        fault, is_first = self.fault, not self.call["started"]
        if kind == SESSION_START:
            self.call["started"] = True
            if not is_first and fault == "start-refused":
                raise Refused(grpc.StatusCode.ALREADY_EXISTS)
            if fault == "no-greeting":
                return
            yield from self.answer(said=is_first)
            if fault == "bad-status":
                raise Refused(grpc.StatusCode.INTERNAL)
        elif kind == SESSION_END:
            if fault == "hang-up-error":
                raise Refused(grpc.StatusCode.INTERNAL)
            yield voice.VoiceVAResponse()
        elif kind == NO_INPUT and fault != "silent-on-silence":
            yield from self.answer(Event.SESSION_END if fault == "ends-on-silence" else None)
        elif kind == START_OF_DTMF:
            if fault == "dtmf-refused":
                raise Refused(grpc.StatusCode.UNIMPLEMENTED)
            if fault == "dtmf-chatty":
                yield from self.answer()
        elif kind == CUSTOM_EVENT and fault != "event-ignored":
            yield from self.answer()

    def audio(self, audio):
        """Words and silence, by level."""
        fault, data = self.fault, audio.caller_audio
        if fault == "format-wanted" and not audio.encoding:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT)
        if len(data) <= 15:
            if fault == "junk-refused" and data:
                raise Refused(grpc.StatusCode.INVALID_ARGUMENT)
            return
        seconds = len(data) / 8000
        self.heard += seconds
        is_loud = numpy.abs(from_mulaw(data).samples.astype(int)).mean() > LOUD
        if fault == "deaf":
            return
        if fault == "false-start" and self.heard > 0.2:
            is_loud = True
        self.loud = self.loud + seconds if is_loud else self.loud if self.speaking else 0.0
        self.quiet = 0.0 if is_loud else self.quiet + seconds
        if not self.speaking and self.loud >= BEGINS:
            self.speaking = True
        if self.speaking and not self.started and self.loud >= (1.2 if fault == "start-late" else BEGINS):
            self.started = True
            if fault != "end-without-start":
                kind = CHUNK if fault == "start-as-chunk" else FINAL
                for _ in range(2 if fault == "start-twice" else 1):
                    yield boundary(Event.START_OF_INPUT, kind)
        ends = {"end-never": 1e9, "end-late": 3.6}.get(fault, ENDS)
        if self.speaking and (self.quiet >= ends or (fault == "end-early" and self.loud > 0.5)):
            for _ in range(2 if fault == "end-twice" else 1):
                yield boundary(Event.END_OF_INPUT, CHUNK if self.chunked else FINAL)
            self.is_over = True
            if fault == "no-answer":
                return
            if fault == "mode-changes":
                self.chunked = True
            yield from self.answer()

    # Answers

    def answer(self, ending=None, said=True):
        fault, mulaw = self.fault, PROMPT.encoded("mulaw")
        if fault == "unreadable":
            yield b"\xff\xff\xff\xff"
            return
        if (fault, ending) in (("no-transfer", Event.TRANSFER_TO_AGENT), ("no-end", Event.SESSION_END)):
            ending = None
        more = {"input_mode": 3, "input_handling_config": {"speech_timers": {"no_input_timeout_msec": 5000}}}
        if ending:
            more = {"output_events": [{"event_type": ending}]} | (more if fault == "listens-at-end" else {})
        elif fault == "no-input-mode":
            more = {}
        bargeable = not ending or fault == "bargeable-end"
        prompt = {"is_barge_in_enabled": bargeable}
        if self.chunked:
            pieces = [mulaw[at:at + 1600] for at in range(0, len(mulaw), 1600)] if said else []
            if fault == "header-in-chunk":
                pieces[:1] = [wav(PROMPT)]
            if fault == "tiny-chunk":
                pieces.append(b"\xff" * 20)
            for piece in pieces:
                yield voice.VoiceVAResponse(response_type=CHUNK, prompts=[prompt | {"audio_content": piece}])
            closing = [] if fault == "no-closing-audio" else [prompt | {"audio_content": b""}]
            yield voice.VoiceVAResponse(response_type=FINAL, prompts=closing, **more)
            if fault == "chunk-after-final":
                yield voice.VoiceVAResponse(response_type=CHUNK, prompts=[prompt | {"audio_content": mulaw[:1600]}])
        else:
            sound = {"audio_content": mulaw if fault == "raw-prompt" else wav(PROMPT)}
            if fault == "text-beside-audio":
                sound["text"] = "a tone"
            final = voice.VoiceVAResponse(response_type=FINAL, prompts=[prompt | sound] if said else [], **more)
            for _ in range(2 if fault == "two-finals" else 1):
                yield final
        while ending and fault == "end-stays-open" and self.context.is_active():
            time.sleep(0.05)


def boundary(event, kind):
    return voice.VoiceVAResponse(response_type=kind, output_events=[{"event_type": event}])


def wav(speech):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(speech.encoded("linear16"))
    return out.getvalue()


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
