"""A bot that talks about balances, all on this machine: Patchbay's gRPC service, PocketSphinx and flite."""

import argparse
import concurrent.futures
import json
import pathlib
import signal

import grpc
import numpy

import audio
import bot_pb2
import bot_pb2_grpc
import recognition
import voice
from dialogue import ACCOUNT_DIGITS, Dialogue

HERE = pathlib.Path(__file__).parent
LONGEST_UTTERANCE = 20 * 8000
MULAW = bot_pb2.AudioFormat(encoding=bot_pb2.AUDIO_ENCODING_MULAW, sample_rate=8000)


class Call:
    """One call: events in, messages out."""

    def __init__(self, accounts, recognizer):
        self._dialogue = Dialogue(accounts)
        self._recognizer = recognizer
        self._heard = []

    def answer(self, message):
        """The messages that answer an event."""
        kind = message.WhichOneof("event")
        if kind == "audio":
            self._keep(message.audio)
            return []
        if kind == "speech_started":
            return []
        if kind == "started":
            answer = self._dialogue.started()
        elif kind == "speech_ended":
            spoken, self._heard = recognition.joined(self._heard), []
            answer = self._dialogue.heard(self._recognizer.hear(self._dialogue.question, spoken))
        elif kind == "digits":
            answer = self._dialogue.keyed(message.digits.digits.rstrip("#"))
        elif kind == "no_input":
            answer = self._dialogue.silence()
        elif kind == "custom":
            answer = self._dialogue.silence()
        else:
            return []
        return [self._marked(message.turn, reply) for reply in self._messages(answer)]

    def _keep(self, sound):
        samples = (audio.from_mulaw(sound.samples) if sound.format.encoding == bot_pb2.AUDIO_ENCODING_MULAW
                   else numpy.frombuffer(sound.samples, "<i2"))
        if sound.format.sample_rate == 16000:
            samples = audio.halved(samples)
        if sum(map(len, self._heard)) < LONGEST_UTTERANCE:
            self._heard.append(samples)

    @staticmethod
    def _messages(answer):
        last = answer.transfer is not None or answer.end
        sound = voice.say(answer.words)
        for at in range(0, len(sound), 8000):
            yield bot_pb2.BotMessage(
                audio=bot_pb2.Audio(samples=sound[at:at + 8000], format=MULAW, uninterruptible=last))
        yield bot_pb2.BotMessage(
            transcript=bot_pb2.Transcript(speaker=bot_pb2.Transcript.SPEAKER_AGENT, text=answer.words)
            if not answer.question == "confirm" else bot_pb2.Transcript(
                speaker=bot_pb2.Transcript.SPEAKER_AGENT, text="(read the account back)"))
        yield bot_pb2.BotMessage(sensitive=bot_pb2.Sensitive(sensitive=answer.sensitive))
        if answer.transfer is not None:
            yield bot_pb2.BotMessage(transfer=bot_pb2.Transfer(summary=answer.transfer))
        elif answer.end:
            yield bot_pb2.BotMessage(end=bot_pb2.End())
        else:
            # A pause between digits is no end of the account number.
            pause = 1200 if answer.question == "account" else 0
            yield bot_pb2.BotMessage(end_turn=bot_pb2.EndTurn(settings=bot_pb2.InputSettings(
                mode=bot_pb2.InputSettings.MODE_VOICE_AND_DIGITS, digit_count=answer.keys, terminator="#",
                no_input_timeout=6000, end_silence=pause)))

    @staticmethod
    def _marked(turn, message):
        message.turn = turn
        return message


class Bot(bot_pb2_grpc.BotServicer):
    """The service."""

    def __init__(self, accounts, recognizer):
        self._accounts = accounts
        self._recognizer = recognizer

    def Converse(self, requests, context):
        call = Call(self._accounts, self._recognizer)
        for message in requests:
            yield from call.answer(message)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:50061", metavar="HOST:PORT")
    options = parser.parse_args()
    accounts = json.loads((HERE / "accounts.json").read_text())
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=64))
    bot_pb2_grpc.add_BotServicer_to_server(Bot(accounts, recognition.Recognizer(ACCOUNT_DIGITS)), server)
    port = server.add_insecure_port(options.listen)
    server.start()
    print(f"the balance bot listens on {options.listen.rsplit(':', 1)[0]}:{port}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
