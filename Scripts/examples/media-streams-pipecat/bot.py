#!/usr/bin/env python3
"""A bot made of Pipecat, as one would make it for Twilio: its serializer, its transport and its voice detection, as they
come from PyPI. It greets, says one sentence after each of the caller's, tells a long story for the key 7, and hangs up
for the key 9, which the serializer does over REST."""

import argparse
import asyncio
import os
import pathlib
import struct

import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.audio.utils import ulaw_to_pcm, create_stream_resampler
from pipecat.frames.frames import (
    EndFrame, Frame, InputAudioRawFrame, InputDTMFFrame, OutputAudioRawFrame, StartFrame, VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

VOICE = pathlib.Path(__file__).resolve().parents[3] / "Sources/CDemoVoice/Voice"
RATE = 8000


async def prompt(name):
    """A prompt of Patchbay's own demo, a WAV file of mu-law, as linear samples."""
    data = (VOICE / f"{name}.wav").read_bytes()
    at = 12
    while at + 8 <= len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        if data[at : at + 4] == b"data":
            return await ulaw_to_pcm(data[at + 8 : at + 8 + size], RATE, RATE, create_stream_resampler())
        at += 8 + size + size % 2
    raise ValueError(f"{name}.wav holds no data")


class Host(FrameProcessor):
    """What would be speech recognition, a model and speech synthesis."""

    def __init__(self):
        super().__init__()
        self.is_leaving = False

    async def say(self, name, times=1):
        samples = await prompt(name) * times
        step = RATE * 2 // 50  # 20 ms
        for at in range(0, len(samples), step):
            await self.push_frame(OutputAudioRawFrame(samples[at : at + step], RATE, 1))

    async def process_frame(self, frame: Frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            return
        await self.push_frame(frame, direction)
        if self.is_leaving:
            return
        if isinstance(frame, StartFrame):
            await self.say("greeting")
        elif isinstance(frame, VADUserStartedSpeakingFrame) and direction == FrameDirection.DOWNSTREAM:
            await self.broadcast_interruption()
        elif isinstance(frame, VADUserStoppedSpeakingFrame) and direction == FrameDirection.DOWNSTREAM:
            await self.say("anything-else")
        elif isinstance(frame, InputDTMFFrame):
            if frame.button.value == "9":
                self.is_leaving = True
                await self.say("good-bye")
                await self.push_frame(EndFrame())
            elif frame.button.value == "7":
                await self.say("greeting", times=4)
            else:
                await self.say("you-pressed")


def application(base_url, token, account):
    app = FastAPI()

    @app.websocket("/call")
    async def call(websocket: WebSocket):
        await websocket.accept()
        kind, data = await parse_telephony_websocket(websocket)
        assert kind == "twilio", kind
        serializer = TwilioFrameSerializer(
            stream_sid=data.stream_id, call_sid=data.call_id, account_sid=account, auth_token=token, base_url=base_url)
        transport = FastAPIWebsocketTransport(
            websocket=websocket,
            params=FastAPIWebsocketParams(
                audio_in_enabled=True, audio_out_enabled=True, audio_out_end_silence_secs=0, serializer=serializer))
        detection = VADProcessor(vad_analyzer=SileroVADAnalyzer(sample_rate=RATE, params=VADParams(stop_secs=0.5)))
        worker = PipelineWorker(
            Pipeline([transport.input(), detection, Host(), transport.output()]),
            params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE), enable_rtvi=False)

        @transport.event_handler("on_client_disconnected")
        async def disconnected(transport, websocket):
            await worker.cancel()

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()

    return app


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8766, help="0 for a free one (default: 8766)")
    parser.add_argument("--patchbay", default="http://127.0.0.1:8080", help="Patchbay's admin port (default: %(default)s)")
    parser.add_argument("--account", default="AC" + "0" * 32, help="as `account` in Patchbay's configuration")
    arguments = parser.parse_args()
    token = os.environ.get("TWILIO_AUTH_TOKEN")
    if not token:
        parser.error("the variable TWILIO_AUTH_TOKEN has to hold the token of `auth_token_file`")
    app = application(arguments.patchbay, token, arguments.account)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=arguments.port, log_level="warning"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            return await task
    port = server.servers[0].sockets[0].getsockname()[1]
    print(f"listening on ws://127.0.0.1:{port}/call", flush=True)
    await task


if __name__ == "__main__":
    asyncio.run(main())
