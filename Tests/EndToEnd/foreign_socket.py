"""A virtual agent over WebSocket that has nothing of Patchbay: PyPI websockets, written from Docs/websocket.md."""

import asyncio
import base64
import datetime
import json
import threading

from websockets.asyncio.server import serve

SILENT = {0xFF, 0x7F, 0xFE, 0x7E}
TONE = bytes(range(0x20, 0x60)) * 25


class ForeignServer:
    """Greets, says the caller's words back, answers digits, transfers on 0; refuses every token but one."""

    def __init__(self, token):
        self.token, self.port = token, None
        self.chunks, self.first, self.ends, self.calls = [], [], [], 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}"

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with serve(self._call, "127.0.0.1", 0, process_request=self._check) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._stop.wait()

    def _check(self, connection, request):
        if request.path != "/v1/va":
            return connection.respond(404, "nothing here\n")
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return connection.respond(401, "no\n")

    async def _call(self, socket):
        self.calls += 1
        seq = 0
        conversation, heard, quiet, speaking = None, b"", 0, False

        async def say(**payload):
            nonlocal seq
            seq += 1
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            await socket.send(json.dumps({
                "type": "VOICE_VA_RESPONSE", "seq": seq, "ts": now, "conversation_id": conversation,
                "payload": payload}))

        async def answer(audio, *events):
            for start in range(0, len(audio), 8000):
                piece = base64.b64encode(audio[start:start + 8000]).decode()
                await say(response_type="CHUNK",
                          prompts=[{"audio_content_b64": piece, "is_barge_in_enabled": not events}])
            more = {"output_events": [{"event_type": kind, "name": ""} for kind in events]} if events else {
                "input_mode": "INPUT_VOICE_DTMF", "input_handling_config": {
                    "dtmf_config": {"dtmf_input_length": 1, "inter_digit_timeout_msec": 2000},
                    "speech_timers": {"complete_timeout_msec": 700}}}
            end = {"audio_content_b64": "", "is_barge_in_enabled": not events}
            await say(response_type="FINAL", prompts=[end], **more)

        last = 0
        async for text in socket:
            message = json.loads(text)
            assert message["seq"] > last and message["type"] == "VOICE_VA_REQUEST", message
            last, payload = message["seq"], message["payload"]
            conversation = message["conversation_id"]
            assert payload["conversation_id"] == conversation
            (kind, given), = payload["voice_va_input_type"].items()
            if kind == "event_input":
                if last == 1:
                    self.first.append(given)
                if given["event_type"] in ("SESSION_START", "NO_INPUT"):
                    await answer(TONE)
                elif given["event_type"] == "SESSION_END":
                    break
            elif kind == "dtmf_input":
                zero = given["dtmf_events"] == ["DTMF_DIGIT_ZERO"]
                await answer(TONE, *(["TRANSFER_TO_AGENT"] if zero else []))
            else:
                audio = base64.b64decode(given["caller_audio_b64"], validate=True)
                assert (given["encoding"], given["sample_rate_hertz"]) == ("MULAW_FORMAT", 8000)
                self.chunks.append(len(audio))
                loud = sum(byte not in SILENT and 0x10 < (byte & 0x7F) < 0x50 for byte in audio) > len(audio) // 8
                if loud and not speaking:
                    speaking, quiet, heard = True, 0, b""
                    await say(response_type="FINAL", output_events=[{"event_type": "START_OF_INPUT"}])
                if speaking:
                    heard += audio
                    quiet = 0 if loud else quiet + len(audio)
                    if quiet >= 5600:
                        speaking = False
                        await say(response_type="FINAL", output_events=[{"event_type": "END_OF_INPUT"}])
                        await answer(heard)
        await socket.close()
        self.ends.append(socket.protocol.close_rcvd and socket.protocol.close_rcvd.code)
