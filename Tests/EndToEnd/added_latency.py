"""What an engine adds: from the moment a bot hands its first byte of audio to its own library, to the moment the caller's
library has the response that holds it. Both libraries' own time is in it, so it is an upper bound.

usage: added_latency.py [--calls N] [--turns N] [--engines grpc,byova]        (run by Scripts/bench-engines)
"""

import argparse
import concurrent.futures
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings

import grpc

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import bots
    from caller import Caller
    from conftest import TENANT_A, agent, configuration
from gateway import Gateway
from issuer import Issuer
from schemas import CUSTOM_EVENT, FINAL, CHUNK, PROCESS_CALLER_INPUT, voice

ANSWER = b"\x55" * 8000  # a second of mu-law


class TimedBots:
    """Bots that note when they answer the event NAME."""

    def __init__(self):
        self.times = {}

    def grpc(self, call, event):
        kind = event.WhichOneof("event")
        if kind == "custom":
            message = next(bots.audio(ANSWER, event.turn))
            self.times[event.custom.name] = time.monotonic()
            yield message
        if kind in ("started", "custom"):
            yield bots.end_turn(event.turn)

    def byova(self, requests, context):
        for request in requests:
            event = request.event_input
            if event.event_type == CUSTOM_EVENT:
                chunk = voice.VoiceVAResponse(response_type=CHUNK)
                chunk.prompts.add(audio_content=ANSWER)
                self.times[event.name] = time.monotonic()
                yield chunk
        final = voice.VoiceVAResponse(response_type=FINAL, input_mode=3)
        final.prompts.add(audio_content=b"")
        yield final

    def serve(self, workers):
        own = bots.Bot(self.grpc, workers=workers)
        upstream = grpc.server(concurrent.futures.ThreadPoolExecutor(workers))
        service, method = PROCESS_CALLER_INPUT[1:].split("/")
        handler = grpc.stream_stream_rpc_method_handler(
            self.byova, voice.VoiceVARequest.FromString, lambda m: m.SerializeToString())
        upstream.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {method: handler})])
        port = upstream.add_insecure_port("127.0.0.1:0")
        upstream.start()
        print(json.dumps({"grpc": own.port, "byova": port}), flush=True)
        sys.stdin.readline()
        print(json.dumps(self.times), flush=True)


def measure(gateway, token, engine, calls, turns, noted):
    heard, problems = {}, []

    def call(number):
        try:
            with gateway.channel() as channel:
                caller = Caller(channel, token, TENANT_A["org"], engine, "chunk")
                caller.event(1).wait(30)
                time.sleep(number / calls)
                for turn in range(turns):
                    name = f"{engine}-{calls}-{number}-{turn}"
                    answer = caller.event(CUSTOM_EVENT, name=name)
                    first = answer.wait_for(lambda r: any(p.audio_content for p in r.message.prompts), "audio", 30)
                    heard[name] = first.time
                    answer.wait(30)
                    time.sleep(1)
                caller.hang_up()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=call, args=[number]) for number in range(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    noted.update(heard)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--calls", default="1,200")
    options.add_argument("--turns", type=int, default=20)
    options.add_argument("--engines", default="grpc,byova")
    options = options.parse_args()
    calls = [int(n) for n in options.calls.split(",")]
    process = subprocess.Popen([sys.executable, "-W", "ignore", __file__, "serve", str(max(calls) * 2 + 16)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ports = json.loads(process.stdout.readline())
    issuer = Issuer()
    heard = {}
    with tempfile.TemporaryDirectory() as folder:
        agents = [agent(kind, "chunk", {"kind": kind, "url": f"http://127.0.0.1:{ports[kind]}"}, default=kind == "grpc")
                  for kind in ("grpc", "byova")]
        gateway = Gateway(pathlib.Path(folder), configuration(issuer, agents=agents, logging={"level": "warning"}))
        for engine in options.engines.split(","):
            for count in calls:
                turns = options.turns * 5 if count == 1 else options.turns
                measure(gateway, issuer.token(TENANT_A), engine, count, turns, heard)
        gateway.stop()
    process.stdin.write("\n")
    process.stdin.flush()
    answered = json.loads(process.stdout.readline())
    process.kill()
    print("| engine | calls | answers | p50 | p99 | most |\n| --- | --- | --- | --- | --- | --- |")
    for engine in options.engines.split(","):
        for count in calls:
            added = sorted((time - answered[name]) * 1000 for name, time in heard.items()
                           if name.startswith(f"{engine}-{count}-"))
            at = statistics.quantiles(added, n=100, method="inclusive")
            print(f"| {engine} | {count} | {len(added)} | {at[49]:.1f} ms | {at[98]:.1f} ms | {added[-1]:.1f} ms |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        TimedBots().serve(int(sys.argv[2]))
    else:
        main()
