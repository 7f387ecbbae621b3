"""A bot of `Protos/bot.proto` on one thread, which writes down what it is told, stream by stream: that log is checked."""

import asyncio
import json
import os
import pathlib
import sys
import time

import grpc

import numbered
from bots import CONVERSE, bot


def answer(turn, text):
    settings = {"mode": 3, "digit_count": 4}
    yield bot.BotMessage(turn=turn, text={"text": text}).SerializeToString()
    yield bot.BotMessage(turn=turn, end_turn={"settings": settings}).SerializeToString()


class Scribe:
    def __init__(self):
        self.streams = []

    async def converse(self, requests, context):
        """One call's stream. An answer says whose call it is and the stream's epoch."""
        stream = {"began": time.monotonic(), "told": [], "damaged": 0}
        self.streams.append(stream)
        try:
            async for raw in requests:
                event = bot.ServerMessage.FromString(raw)
                match event.WhichOneof("event"):
                    case "hello":
                        call = event.hello.call
                        stream |= {"org": call.organization, "conversation": call.conversation, "epoch": call.epoch,
                                   "resumed": call.resumed}
                    case "audio": self.note(stream, event.audio.samples)
                    case "digits":
                        digits = event.digits.digits
                        stream["told"].append(["digits", time.monotonic(), digits])
                        for message in answer(event.turn, f"{digits} {call.conversation} {call.organization} {call.epoch}"):
                            await context.write(message)
                    case "started" | "no_input":
                        stream["told"].append([event.WhichOneof("event"), time.monotonic()])
                        for message in answer(event.turn, "Yes?"):
                            await context.write(message)
        finally:
            stream["ended"] = time.monotonic()

    def note(self, stream, samples):
        """Frames that follow one another are one entry: its first time, call, RPC, first and last frame, last time."""
        for found in numbered.read(samples):
            if found is None:
                stream["damaged"] += 1
                continue
            last = stream["told"][-1] if stream["told"] else None
            if last and last[0] == "audio" and last[2:4] == list(found[:2]) and last[5] + 1 == found[2]:
                last[5:] = found[2], time.monotonic()
            else:
                now = time.monotonic()
                stream["told"].append(["audio", now, *found, found[2], now])


async def main():
    scribe = Scribe()
    server = grpc.aio.server()
    handler = grpc.stream_stream_rpc_method_handler(scribe.converse)
    service, _, method = CONVERSE[1:].partition("/")
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {method: handler})])
    port = server.add_insecure_port(f"{sys.argv[1]}:0")
    await server.start()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        if order["do"] == "write":
            pathlib.Path(order["file"]).write_text("".join(json.dumps(stream) + "\n" for stream in scribe.streams))
        print(json.dumps({"port": port, "streams": len(scribe.streams), "cpu": time.process_time()}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
