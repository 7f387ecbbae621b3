#!/usr/bin/env python3
"""A stand-in for a Realtime server: it speaks the published events, greets, says the caller's words back and obeys keys.

Keys, which come as text items: 0 transfers, 9 ends the call, 5 asks for four digits, 7 tells something long, 8 breaks
the connection off in the middle of a word, and everything else is read back. For tests, the URL's query can ask for
`beta=1` (the names of the beta), `hasty=1` (asks for a person when the caller has first spoken) and `fault=…`.
"""

import argparse
import asyncio
import base64
import json
import re
import sys
import urllib.parse

import websockets
from websockets.asyncio.server import serve

import audio
import events
from events import identifier

SPEECH_LEVEL = 300.0 ** 2  # above the hiss of a telephone line
CHUNK = 0.1  # seconds of audio in a delta


class Session:
    """One connection."""

    def __init__(self, connection, options):
        self.connection = connection
        self.options = options
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(connection.request.path).query)
        self.query = {name: values[0] for name, values in query.items()}
        self.session = events.session(self.query.get("model", "gpt-realtime"))
        self.buffer = b""
        self.items = {}  # id -> seconds of audio
        self.history = []  # the items of the conversation, in their order
        self.committed = None  # what the caller said last: the item, and its audio
        self.pending = []  # text items and function outputs since the last response
        self.response = None
        self.task = None
        self.speaking, self.quiet, self.elapsed = None, 0.0, 0.0

    # Events out

    async def emit(self, type, **members):
        event = {"type": type, "event_id": identifier("event")} | members
        if self.query.get("beta"):
            event["type"] = events.BETA.get(type, type)
        await self.connection.send(json.dumps(event))

    async def error(self, code, message, event=None, type="invalid_request_error"):
        await self.emit("error", error={
            "type": type, "code": code, "message": message, "param": None, "event_id": (event or {}).get("event_id")})

    # Events in

    async def run(self):
        if await self.fault("open"):
            return
        await self.emit("session.created", session=self.shown())
        async for text in self.connection:
            event = json.loads(text)
            self.options.note(event)
            handler = getattr(self, "on_" + event.get("type", "").replace(".", "_"), None)
            if handler is None:
                await self.error("invalid_value", f"Invalid value: '{event.get('type')}'.", event)
            else:
                await handler(event)
        if self.task:
            self.task.cancel()

    def shown(self):
        """The session; the beta had the formats flat, as words."""
        if not self.query.get("beta"):
            return self.session
        words = {form: word for word, form in audio.NAMES.items()}
        sides = self.session["audio"]
        return {
            "id": self.session["id"], "object": "realtime.session", "model": self.session["model"],
            "modalities": ["audio", "text"], "input_audio_format": words[sides["input"]["format"]["type"]],
            "output_audio_format": words[sides["output"]["format"]["type"]],
            "turn_detection": sides["input"]["turn_detection"], "tools": self.session["tools"],
        }

    async def on_session_update(self, event):
        if self.query.get("fault") == "session":
            return await self.error("invalid_value", "Invalid value: 'audio/pcmu'.", event)
        if event["session"].get("type") != "realtime":
            return await self.error("missing_required_parameter", "Missing required parameter: 'session.type'.", event)
        merge(self.session, event["session"])
        await self.emit("session.updated", session=self.shown())

    async def on_input_audio_buffer_append(self, event):
        data = base64.b64decode(event["audio"], validate=True)
        self.buffer += data
        if self.session["audio"]["input"]["turn_detection"]:
            await self.detect(data)

    async def on_input_audio_buffer_clear(self, event):
        self.buffer = b""
        await self.emit("input_audio_buffer.cleared")

    async def on_input_audio_buffer_commit(self, event):
        if len(self.buffer) < audio.BYTES_PER_SECOND[self.form("input")] // 10:
            return await self.error(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio.", event)
        await self.commit(identifier("item"))

    async def commit(self, item):
        self.committed, self.buffer = (item, audio.decoded(self.buffer, self.form("input"))), b""
        await self.emit("input_audio_buffer.committed", previous_item_id=None, item_id=item)
        await self.added({
            "object": "realtime.item", "id": item, "type": "message", "status": "completed", "role": "user",
            "content": [{"type": "input_audio", "transcript": None}]})
        if self.session["audio"]["input"].get("transcription"):
            await self.emit(
                "conversation.item.input_audio_transcription.completed", item_id=item, content_index=0,
                transcript="(what the caller said)", usage={"type": "duration", "seconds": 1})

    async def added(self, item):
        self.history.append(item)
        await self.emit("conversation.item.added", previous_item_id=None, item=item)
        if not self.query.get("beta"):
            await self.emit("conversation.item.done", previous_item_id=None, item=item)

    async def on_conversation_item_create(self, event):
        item = {"object": "realtime.item", "id": identifier("item"), "status": "completed"} | event["item"]
        if item.get("role") != "system":  # what is known of the call needs no answer
            self.pending.append(item)
        await self.added(item)

    async def on_conversation_item_truncate(self, event):
        seconds = self.items.get(event["item_id"])
        if seconds is None:
            return await self.error("item_truncate_invalid_item_id", "There is no such item.", event)
        if event["audio_end_ms"] > seconds * 1000:
            return await self.error(
                "invalid_value", f"Audio content of {seconds * 1000:.0f}ms is already shorter than that.", event)
        await self.emit(
            "conversation.item.truncated", item_id=event["item_id"], content_index=event["content_index"],
            audio_end_ms=event["audio_end_ms"])

    async def on_conversation_item_delete(self, event):
        if not any(item["id"] == event["item_id"] for item in self.history):
            return await self.error("item_delete_invalid_item_id", "There is no such item.", event)
        self.history = [item for item in self.history if item["id"] != event["item_id"]]
        if self.committed and self.committed[0] == event["item_id"]:
            self.committed = None
        await self.emit("conversation.item.deleted", item_id=event["item_id"])

    async def on_response_create(self, event):
        if self.task and not self.task.done():
            return await self.error(
                "conversation_already_has_active_response", "Conversation already has an active response.", event)
        self.respond((event.get("response") or {}).get("instructions"))

    async def on_response_cancel(self, event):
        if not self.task or self.task.done():
            return await self.error(
                "response_cancel_not_active", "Cancellation failed: no active response found.", event)
        await self.cancel("client_cancelled")

    async def cancel(self, reason):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.emit("response.done", response=events.response(self.response, "cancelled", reason=reason))

    # The server's own detection of turns: by level

    async def detect(self, data):
        samples = audio.decoded(data, self.form("input"))
        seconds = len(samples) / 8000
        self.elapsed += seconds
        detection = self.session["audio"]["input"]["turn_detection"]
        loud = audio.level(samples) > SPEECH_LEVEL
        if loud and self.speaking is None:
            self.speaking = identifier("item")
            await self.emit(
                "input_audio_buffer.speech_started", audio_start_ms=int(self.elapsed * 1000), item_id=self.speaking)
            if self.task and not self.task.done() and detection.get("interrupt_response", True):
                await self.cancel("turn_detected")
        self.quiet = 0.0 if loud else self.quiet + seconds
        if self.speaking and self.quiet * 1000 >= detection.get("silence_duration_ms", 500):
            item, self.speaking = self.speaking, None
            await self.emit(
                "input_audio_buffer.speech_stopped", audio_end_ms=int(self.elapsed * 1000), item_id=item)
            await self.commit(item)
            if detection.get("create_response", True):
                self.respond(None)

    # Answers

    def form(self, side):
        return self.session["audio"][side]["format"]["type"]

    def respond(self, instructions):
        self.response = identifier("resp")
        self.task = asyncio.ensure_future(self.answer(self.response, *self.plan(instructions)))

    def plan(self, instructions):
        """What is said, in words and in samples, and the functions that are called."""
        pending, self.pending = self.pending, []
        committed, self.committed = self.committed, None
        for item in pending:
            if item["type"] == "function_call_output":
                return f"Thank you. ({item['output']})", audio.prompt("anything-else"), []
            text = " ".join(part.get("text", "") for part in item.get("content", []))
            if keys := re.fullmatch(r"\[The caller pressed ([0-9A-D*#]+)\]", text):
                return self.obey(keys[1])
            return "Are you still there?", audio.prompt("still-there"), []
        if committed is not None:
            if self.query.pop("hasty", None):
                return "", audio.silence(0), [("transfer_to_agent", {"reason": "hasty"})]
            return "You said this.", audio.prompt("you-said") + committed[1], []
        return instructions or "Hello.", audio.prompt("greeting"), []

    def obey(self, keys):
        if keys == "0":
            arguments = {"summary": "The caller asked for a person.", "reason": "asked"}
            return "One moment.", audio.prompt("transfer"), [("transfer_to_agent", arguments)]
        if keys == "9":
            return "Good-bye.", audio.prompt("good-bye"), [("end_call", {"reason": "done"})]
        if keys == "5":
            arguments = {"count": 4, "terminator": "#", "sensitive": True}
            return "Four digits, please.", audio.prompt("you-pressed"), [("collect_digits", arguments)]
        if keys == "8":
            self.query["fault"] = "close"
        if keys == "7":
            return "A long story.", audio.prompt("greeting") * 8, []
        samples = audio.prompt("you-pressed")
        for key in keys:
            samples = samples + audio.prompt({"#": "pound", "*": "star"}.get(key, f"digit-{key}"))
        return "You pressed keys.", samples, []

    async def answer(self, identity, text, samples, calls):
        await self.emit("response.created", response=events.response(identity, "in_progress"))
        await self.emit("rate_limits.updated", rate_limits=[
            {"name": "requests", "limit": 1000, "remaining": 999, "reset_seconds": 0.06}])
        if await self.fault("answer", identity):
            return
        await asyncio.sleep(self.options.think)
        output = [await self.say(identity, text, samples)] if text else []
        for name, arguments in calls:
            output.append(await self.call(identity, len(output), name, json.dumps(arguments)))
        await self.emit("response.done", response=events.response(identity, "completed", output))
        self.options.note({"type": "stand_in.conversation", "items": [
            item.get("role") or item["type"] for item in self.history]})

    async def say(self, identity, text, samples):
        item = identifier("item")
        place = {"response_id": identity, "item_id": item, "output_index": 0, "content_index": 0}
        started = events.message(item)
        await self.emit("response.output_item.added", response_id=identity, output_index=0, item=started)
        self.history.append(started)
        await self.emit("conversation.item.added", previous_item_id=None, item=started)
        await self.emit("response.content_part.added", **place, part={"type": "audio", "transcript": ""})
        self.items[item] = 0.0
        data = audio.encoded(samples, self.form("output"))
        step = int(audio.BYTES_PER_SECOND[self.form("output")] * CHUNK)
        await self.emit("response.output_audio_transcript.delta", **place, delta=text)
        for at in range(0, len(data), step):
            piece = data[at : at + step]
            self.items[item] += len(piece) / audio.BYTES_PER_SECOND[self.form("output")]
            await self.emit("response.output_audio.delta", **place, delta=base64.b64encode(piece).decode())
            await asyncio.sleep(CHUNK / self.options.speed)
        await self.emit("response.output_audio.done", **place)
        await self.emit("response.output_audio_transcript.done", **place, transcript=text)
        await self.emit("response.content_part.done", **place, part={"type": "audio", "transcript": text})
        done = events.message(item, text, "completed")
        await self.emit("response.output_item.done", response_id=identity, output_index=0, item=done)
        if not self.query.get("beta"):
            await self.emit("conversation.item.done", previous_item_id=None, item=done)
        return done

    async def call(self, identity, index, name, arguments):
        item, call = identifier("item"), identifier("call")
        place = {"response_id": identity, "item_id": item, "output_index": index, "call_id": call}
        started = events.function_call(item, call, name, "", "in_progress")
        self.history.append(started)
        await self.emit("response.output_item.added", response_id=identity, output_index=index, item=started)
        await self.emit("response.function_call_arguments.delta", **place, delta=arguments)
        await self.emit("response.function_call_arguments.done", **place, name=name, arguments=arguments)
        done = events.function_call(item, call, name, arguments)
        await self.emit("response.output_item.done", response_id=identity, output_index=index, item=done)
        return done

    # Faults

    async def fault(self, place, identity=None):
        """Misbehaves as the query asks, there where it is time for that. True: nothing else is to be done."""
        kind = self.query.get("fault")
        if place == "open" and kind == "hang":
            await self.connection.wait_closed()
        elif place == "open" and kind == "garbage":
            await self.connection.send("\x00 this is not JSON")
        elif place == "answer" and kind == "rate-limit":
            error = {"type": "invalid_request_error", "code": "rate_limit_exceeded", "message": "Rate limit reached."}
            await self.emit("response.done", response=events.response(identity, "failed", error=error))
        elif place == "answer" and kind == "close":
            data = audio.encoded(audio.silence(0.3), self.form("output"))
            await self.emit(
                "response.output_audio.delta", response_id=identity, item_id="item_x", output_index=0, content_index=0,
                delta=base64.b64encode(data).decode())
            await self.connection.close(1011)
        elif place == "answer" and kind == "flood":
            data = base64.b64encode(audio.encoded(audio.silence(2), self.form("output"))).decode()
            for _ in range((1 << 30) // len(data)):
                await self.emit(
                    "response.output_audio.delta", response_id=identity, item_id="item_x", output_index=0,
                    content_index=0, delta=data)
        elif place == "answer" and kind == "silent":
            await self.connection.wait_closed()
        else:
            return False
        return True


def merge(session, changes):
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(session.get(name), dict):
            merge(session[name], value)
        else:
            session[name] = value


class Options:
    """What the command line says."""

    def __init__(self, arguments):
        self.speed = arguments.speed
        self.think = arguments.think
        self.key = arguments.key
        self.log = open(arguments.log, "a", buffering=1) if arguments.log else None

    def note(self, event):
        if self.log:
            self.log.write(json.dumps(event) + "\n")

    def admit(self, connection, request):
        """Answers 401 to whoever does not show the key, and the status that a fault asks for."""
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return connection.respond(401, "Incorrect API key provided.\n")
        if found := re.search(r"[?&]fault=(\d{3})\b", request.path):
            return connection.respond(int(found[1]), "as asked for\n")
        return None


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8765, help="0 for a free one (default: 8765)")
    parser.add_argument("--key", help="the API key that clients have to show (default: none is asked for)")
    parser.add_argument("--speed", type=float, default=8.0, help="how much faster than it is spoken audio is sent")
    parser.add_argument("--think", type=float, default=0.0, help="seconds before each answer (default: 0)")
    parser.add_argument("--log", help="a file to which every event of the clients is appended, one JSON text a line; and "
                        "after each answer `stand_in.conversation`, the roles and types of what the conversation holds")
    options = Options(parser.parse_args())

    async def hold(connection):
        try:
            await Session(connection, options).run()
        except websockets.ConnectionClosed:
            pass

    arguments = parser.parse_args()
    async with serve(
        hold, "127.0.0.1", arguments.port, process_request=options.admit, max_size=16 << 20, compression=None
    ) as server:
        print(f"listening on ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(0)
