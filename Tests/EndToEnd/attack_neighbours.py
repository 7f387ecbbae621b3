"""Callers who do nothing wrong, beside an attack: some press keys again and again, some speak.

    attack_neighbours.py ADDRESS ROOT|- TOKEN ORG KEYS SPEAKERS

It prints a line of JSON for each turn: when it began, how long its answer took (of keys; null for spoken turns), and what
was wrong where something was. It ends when its input does.
"""

import json
import pathlib
import sys
import threading
import time
import warnings

import grpc

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import speech

from caller import Caller

OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 8 << 20)]


def channel(address, root):
    if root == "-":
        return grpc.insecure_channel(address, OPTIONS)
    port = address.rsplit(":", 1)[1]
    credentials = grpc.ssl_channel_credentials(pathlib.Path(root).read_bytes())
    return grpc.secure_channel(f"localhost:{port}", credentials, OPTIONS)


class Neighbour:
    """One caller. Whoever has lost a turn calls again."""

    stop = threading.Event()
    lock = threading.Lock()

    def __init__(self, line, token, org, speaks):
        self.line, self.token, self.org, self.speaks = line, token, org, speaks
        self.caller = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        spoken = speech.recorded("vm-theperson")
        while not self.stop.is_set():
            began, took, wrong = time.monotonic(), None, None
            try:
                if self.caller is None:
                    self.caller = Caller(self.line, self.token, self.org, "demo-wav")
                    answer = self.caller.start()
                elif self.speaks:
                    answer = self.caller.speak(spoken, after_prompts=False)
                    assert speech.likeness(answer.audio, spoken) > 0.85, "what was said is not what was heard"
                else:
                    answer = self.caller.press("1")
                    took = time.monotonic() - began
                assert answer.audio.seconds > 0.3, "nothing was heard"
            except AssertionError as failure:
                wrong = str(failure) or "an answer that breaks a rule"
                self.caller = None
            with self.lock:
                print(json.dumps({"began": began, "ended": time.monotonic(), "took": took, "wrong": wrong}), flush=True)
            self.stop.wait(0.2 if self.speaks else 0.04)


def main(address, root, token, org, keys, speakers):
    lines = [channel(address, root) for _ in range(2)]
    neighbours = [Neighbour(lines[n % 2], token, org, speaks=n >= int(keys)) for n in range(int(keys) + int(speakers))]
    sys.stdin.read()
    Neighbour.stop.set()
    for neighbour in neighbours:
        neighbour.thread.join()
    for line in lines:
        line.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
