"""What Patchbay adds: the time from a bot's first audio byte on its wire to the response with it on the caller's.

Run by Scripts/bench-engines. Bots, callers and the clock are in this one process, so the figures hold what Python costs
to send and to receive as well; `--calls 1` on an idle machine is the cleanest.
"""

import argparse
import base64
import concurrent.futures
import itertools
import json
import re
import statistics
import tempfile
import threading
import time

import grpc
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

import bots
import conftest
from caller import Caller
from gateway import Gateway
from issuer import Issuer
from media_streams import MediaStreamsBot
from schemas import CHUNK, FINAL, INPUT_VOICE_DTMF, KEYS, SESSION_START, voice

ANSWER = b"\x7e" * 8000  # a second, at once
sent = {}  # the keys that were pressed -> when the first byte of the answer to them left the bot


class GRPCBot:
    def __init__(self, calls):
        self.bot = bots.Bot(self.answer, workers=calls + 8)
        self.engine = self.bot.engine

    @staticmethod
    def answer(call, event):
        kind = event.WhichOneof("event")
        if kind not in ("started", "digits", "no_input", "speech_ended"):
            return
        if kind == "digits":
            sent[event.digits.digits] = time.monotonic()
        yield from bots.audio(ANSWER, event.turn)
        yield bots.end_turn(event.turn)


class MediaStreams:
    def __init__(self, calls):
        self.bot = MediaStreamsBot(self.hold)
        self.engine = {"kind": "media-streams", "url": self.bot.url, "turn_silence": "100ms"}

    @staticmethod
    def hold(stream):
        message = {"streamSid": stream.sid, "event": "media", "media": {"payload": base64.b64encode(ANSWER).decode()}}
        text = json.dumps(message)
        stream.send("subscribe", subscribe=["digits"])
        stream.connection.send(text)
        for turn in itertools.count(1):
            while len(stream.of("digits")) < turn:
                if stream.closed.wait(0.002):
                    return
            sent[stream.of("digits")[turn - 1]["digits"]["digits"]] = time.monotonic()
            stream.connection.send(text)


class Realtime:
    def __init__(self, calls):
        self.server = serve(self.hold, "127.0.0.1", 0)
        port = self.server.socket.getsockname()[1]
        self.engine = {"kind": "realtime", "url": f"ws://127.0.0.1:{port}/"}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def hold(connection):
        keys, number = None, 0
        try:
            for text in connection:
                event = json.loads(text)
                if event["type"] == "session.update":
                    connection.send(json.dumps({"type": "session.updated", "session": event["session"]}))
                elif event["type"] == "conversation.item.create":
                    keys = re.search(r"pressed (\d+)", text)
                elif event["type"] == "response.create":
                    number += 1
                    place = {"response_id": f"r{number}", "item_id": f"i{number}", "content_index": 0}
                    connection.send(json.dumps({"type": "response.created", "response": {"id": f"r{number}"}}))
                    delta = {"type": "response.output_audio.delta", "delta": base64.b64encode(ANSWER).decode()} | place
                    if keys:
                        sent[keys[1]] = time.monotonic()
                    connection.send(json.dumps(delta))
                    done = {"id": f"r{number}", "status": "completed", "output": []}
                    connection.send(json.dumps({"type": "response.done", "response": done}))
        except ConnectionClosed:
            pass


class BYOVA:
    def __init__(self, calls):
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2 * calls + 8))
        handler = grpc.stream_stream_rpc_method_handler(
            self.process, voice.VoiceVARequest.FromString, voice.VoiceVAResponse.SerializeToString)
        service = "com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent"
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(service, {"ProcessCallerInput": handler})])
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.engine = {"kind": "byova", "url": f"http://127.0.0.1:{port}"}

    @staticmethod
    def process(requests, context):
        names = {value: key for key, value in KEYS.items()}
        for request in requests:
            keys = "".join(names[key] for key in request.dtmf_input.dtmf_events)
            if not keys and request.event_input.event_type != SESSION_START:
                continue
            sent[keys] = time.monotonic()
            yield voice.VoiceVAResponse(response_type=CHUNK, prompts=[{"audio_content": ANSWER}])
            yield voice.VoiceVAResponse(
                response_type=FINAL, prompts=[{"audio_content": b""}], input_mode=INPUT_VOICE_DTMF,
                input_handling_config={})


KINDS = {"grpc": GRPCBot, "media-streams": MediaStreams, "realtime": Realtime, "byova": BYOVA}


def measure(kind, calls, turns, issuer):
    """Milliseconds of each turn."""
    bot = KINDS[kind](calls)
    with tempfile.TemporaryDirectory() as folder:
        # Two hundred callers and their bot in one process may keep one another waiting for longer than a caller would.
        agents = [conftest.agent("bot", "chunk", bot.engine | {"timeouts": {"first_answer": "30s"}})]
        gateway = Gateway(folder, conftest.configuration(issuer, agents=agents, logging={"level": "warning"}))
        try:
            def call(number):
                with gateway.channel() as channel:
                    caller = Caller(channel, issuer.token(conftest.TENANT_A), conftest.TENANT_A["org"], "bot", "chunk")
                    caller.event(SESSION_START).wait()
                    for turn in range(turns):
                        keys = f"{number + 1:04}{turn + 1:04}"
                        answer = caller.open(caller.request(dtmf_input={"dtmf_events": [KEYS[key] for key in keys]}))
                        first = answer.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "audio")
                        answer.wait()
                        yield (first.time - sent[keys]) * 1000
                    caller.hang_up()

            with concurrent.futures.ThreadPoolExecutor(calls) as pool:
                return list(itertools.chain(*pool.map(lambda number: list(call(number)), range(calls))))
        finally:
            gateway.stop()


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench-engines", description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1, help="calls at once (default: 1)")
    parser.add_argument("--turns", type=int, default=30, help="turns of each call (default: 30)")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this engine; may be repeated")
    arguments = parser.parse_args()
    issuer = Issuer()
    print(f"bot's first audio byte to the response on the wire, {arguments.calls} calls at once, in milliseconds")
    print(f"{'engine':<15}{'turns':>7}{'p50':>8}{'p99':>8}{'max':>8}")
    for kind in arguments.kind or KINDS:
        figures = sorted(measure(kind, arguments.calls, arguments.turns, issuer))
        p99 = figures[min(len(figures) - 1, len(figures) * 99 // 100)]
        print(f"{kind:<15}{len(figures):>7}{statistics.median(figures):>8.2f}{p99:>8.2f}{figures[-1]:>8.2f}", flush=True)
    issuer.close()


if __name__ == "__main__":
    main()
