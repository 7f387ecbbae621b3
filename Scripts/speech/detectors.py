"""The detectors that are held against each other: each takes a call's mu-law and gives its decisions."""

import ctypes
import ctypes.util
import json
import os
import subprocess

import numpy as np

import sounds
from calls import END_SILENCE

MINIMUM_SPEECH = 100


def endpoints(speech, frame, duration, minimum=MINIMUM_SPEECH, silence=END_SILENCE, delay=0, possible=None):
    """The product's endpointing over what a detector says of each frame of `frame` milliseconds."""
    decisions, recent, started = [], [], False
    needed = -(-minimum // frame)
    window = max(needed, int((minimum + min(max(100, minimum // 2), 280)) // frame))
    end = resumption = 0
    now, possible_since = 0, None
    for decided, is_speech in enumerate(speech, 1):
        now = decided * frame
        heard = now - delay
        if possible is not None:
            if not possible[decided - 1]:
                possible_since = None
            elif possible_since is None:
                possible_since = heard - frame
        if not started:
            recent = (recent + [is_speech])[-window:]
            if is_speech and sum(recent) >= min(needed, window):
                first = recent.index(True)
                begin = heard - (len(recent) - first) * frame
                if possible_since is not None:
                    begin = max(min(begin, possible_since), begin - 300)
                decisions.append(("start", now, begin))
                started, end, resumption, recent = True, heard, 0, []
            continue
        if possible is not None:
            is_speech = possible[decided - 1]
        if is_speech:
            resumption += frame
            if heard - frame - end < 200 or resumption >= 40:
                end = heard
        else:
            resumption = 0
        if not is_speech and heard - end >= silence - delay:
            decisions.append(("end", now, end))
            started, recent = False, []
    if started:
        decisions.append(("end", duration, end))
    return decisions


class Silero:
    """silero-vad, its own way: frames of 32 ms at 8 kHz with 4 ms of the last, threshold 0.5, and 0.35 to stop."""

    name = "silero-vad"

    def __init__(self, threshold=0.5):
        import importlib.util

        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        package = os.path.dirname(importlib.util.find_spec("silero_vad").origin)
        self.session = onnxruntime.InferenceSession(
            os.path.join(package, "data", "silero_vad.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.threshold = threshold

    def decisions(self, audio):
        samples = sounds.decode(audio).astype(np.float32) / 32768
        state, context = np.zeros((2, 1, 128), np.float32), np.zeros((1, 32), np.float32)
        rate = np.array(8000, np.int64)
        probabilities = []
        for start in range(0, len(samples) - 255, 256):
            frame = np.concatenate((context, samples[None, start : start + 256]), axis=1)
            output, state = self.session.run(None, {"input": frame, "state": state, "sr": rate})
            context = frame[:, -32:]
            probabilities.append(float(output[0, 0]))
        speech, on = [], False
        for p in probabilities:
            on = p >= self.threshold or (on and p >= self.threshold - 0.15)
            speech.append(on)
        return endpoints(speech, 32, len(audio) // 8)


class WebRTC:
    """The plain WebRTC detector, with its own hangover."""

    name = "WebRTC, mode 3"

    def __init__(self, mode=3):
        library = ctypes.CDLL("libwebrtc_audio_processing.so.1")
        library.WebRtcVad_Create.restype = ctypes.c_void_p
        library.WebRtcVad_Process.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
        for name in ("Init", "Free"):
            getattr(library, f"WebRtcVad_{name}").argtypes = [ctypes.c_void_p]
        library.WebRtcVad_set_mode.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self.library, self.mode = library, mode

    def decisions(self, audio):
        samples = np.ascontiguousarray(sounds.decode(audio))
        handle = self.library.WebRtcVad_Create()
        self.library.WebRtcVad_Init(handle)
        self.library.WebRtcVad_set_mode(handle, self.mode)
        base = samples.ctypes.data
        speech = [
            self.library.WebRtcVad_Process(handle, 8000, base + 2 * start, 160) == 1
            for start in range(0, len(samples) - 159, 160)
        ]
        self.library.WebRtcVad_Free(handle)
        return endpoints(speech, 20, len(audio) // 8)


class Patchbay:
    """`patchbay speech detect`, the command itself."""

    name = "Patchbay"

    def __init__(self, command):
        self.command = command

    def decisions(self, audio):
        environment = dict(os.environ, VAD_END_SILENCE_MS=str(END_SILENCE), VAD_MIN_SPEECH_MS=str(MINIMUM_SPEECH))
        run = subprocess.run(
            [self.command, "speech", "detect"], input=audio.tobytes(), capture_output=True, env=environment, check=True
        )
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        return [(line["event"], line["ms"], line["at"]) for line in lines]


def cost(detector, calls):
    """CPU time of a frame of 20 ms, in microseconds, in one long stream of calls; starting up is not counted."""

    def used(audio):
        before = os.times()
        detector.decisions(audio)
        after = os.times()
        return sum(after[:4]) - sum(before[:4])

    audio, count = [], 0
    for call in calls[:: max(1, len(calls) // 60)]:
        audio.append(call.audio)
        count += len(call.audio)
        if count > 600 * 8000:
            break
    audio = np.concatenate(audio)
    start = min(used(audio[:0]) for _ in range(3))
    return min(used(audio) - start for _ in range(2)) * 1e6 / (len(audio) / 160)
