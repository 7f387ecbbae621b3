"""What eager ends gain and cost: calls to a running server, with a Realtime bot that needs its time for every answer.

Each turn is of one voice: a sentence, two halves of one with a pause, or eight digits in three groups. Pauses are
drawn from a log-normal distribution: a quarter is over 450 ms, a tenth over 700. The wait is from the last sample to
the first audio of the answer, of turns that were heard to their end; a turn is cut where END_OF_INPUT comes before
the caller has finished. An answer is in vain where the caller went on: it was dropped, or it cut the turn.
"""

import argparse
import base64
import concurrent.futures
import json
import math
import random
import re
import statistics
import tempfile
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

import conftest
from caller import Caller
from crowd import crowd
from gateway import Gateway
from issuer import Issuer
from schemas import Event
from speech import recorded, silence

SENTENCES = (
    "please-try-call-later", "vm-enter-num-to-call", "conf-otherinparty", "tt-monkeysintro", "vm-toreply",
    "cannot-complete-as-dialed")
HALVES = (
    "vm-unknown-caller", "one-moment-please", "vm-pls-try-again", "queue-thankyou", "to-call-this-number",
    "vm-from-phonenumber")
KINDS = ("a sentence", "two halves", "digits in groups")
SPREAD = math.log(700 / 450) / (1.2816 - 0.6745)  # of the quantiles 90 % and 75 % of the normal distribution
MIDDLE = math.log(0.450) - 0.6745 * SPREAD
ANSWER = base64.b64encode(b"\x55\xd5" * 2000).decode()  # half a second


class Bot:
    """A Realtime server that thinks before each answer, and gives it up where it is told to."""

    def __init__(self, thinks):
        self.thinks = thinks
        self.server = serve(self.hold, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self.server.socket.getsockname()[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hold(self, connection):
        numbers, lock, running = iter(range(1, 1 << 30)), threading.Lock(), {}

        def send(type, **members):
            connection.send(json.dumps({"type": type} | members))

        def done(number, status):
            with lock:
                if running.pop(number, None):
                    output = [{"id": f"a{number}"}]
                    send("response.done", response={"id": f"r{number}", "status": status, "output": output})

        def answer(number):
            try:
                place = {"response_id": f"r{number}", "item_id": f"a{number}", "content_index": 0}
                with lock:
                    if number in running:
                        send("response.output_audio.delta", delta=ANSWER, **place)
                done(number, "completed")
            except ConnectionClosed:
                pass

        try:
            for text in connection:
                event = json.loads(text)
                if event["type"] == "session.update":
                    send("session.updated", session=event["session"])
                elif event["type"] == "input_audio_buffer.commit":
                    send("input_audio_buffer.committed", item_id=f"u{next(numbers)}")
                elif event["type"] == "response.create":
                    number = next(numbers)
                    send("response.created", response={"id": f"r{number}"})
                    running[number] = threading.Timer(self.thinks, answer, [number])
                    running[number].start()
                elif event["type"] == "response.cancel":
                    for number in list(running):
                        done(number, "cancelled")
        except ConnectionClosed:
            pass


def turn(kind, dice):
    """What is said in a turn of a kind."""
    def joined(parts):
        said = parts[0]
        for part in parts[1:]:
            said = said + silence(min(2.0, math.exp(dice.gauss(MIDDLE, SPREAD)))) + part
        return said

    def group(count):
        said = recorded(f"digits/{dice.randrange(10)}")
        for _ in range(count - 1):
            said = said + silence(0.06) + recorded(f"digits/{dice.randrange(10)}")
        return said

    if kind == KINDS[0]:
        return recorded(dice.choice(SENTENCES))
    if kind == KINDS[1]:
        return joined([recorded(name) for name in dice.sample(HALVES, 2)])
    return joined([group(count) for count in (3, 3, 2)])


def call(gateway, token, name, number, turns):
    """One call: of each turn its kind, the wait in seconds, and whether it was cut."""
    dice = random.Random(number)
    with gateway.channel() as channel:
        caller = Caller(channel, token, conftest.TENANT_A["org"], name, "chunk")
        caller.start()
        for index in range(turns):
            kind = KINDS[(number + index) % len(KINDS)]
            heard = caller.speak(turn(kind, dice))
            first = next(r for r in heard.answers if any(p.audio_content for p in r.message.prompts))
            ended = heard.utterance.ended
            is_cut = not ended or heard.times(Event.END_OF_INPUT)[0] < ended
            yield kind, None if is_cut else first.time - ended, is_cut
        caller.hang_up()


def dropped(gateway, name):
    found = re.search(
        rf'^patchbay_eager_answers_total{{agent="{name}",outcome="dropped"}} (\S+)$', gateway.get("/metrics")[1], re.M)
    return int(float(found[1])) if found else 0


def measure(arguments, token, gateway, name):
    with concurrent.futures.ThreadPoolExecutor(arguments.calls) as pool:
        calls = pool.map(
            lambda number: list(call(gateway, token, name, number, arguments.turns)), range(arguments.calls))
        found = [each for turns in calls for each in turns]
    waits = sorted(wait * 1000 for _, wait, is_cut in found if not is_cut)
    cut = sum(is_cut for _, _, is_cut in found)
    vain = dropped(gateway, name)
    p95 = waits[min(len(waits) - 1, len(waits) * 95 // 100)]
    print(
        f"{name:<10}{len(found):>7}{statistics.median(waits):>11.0f}{p95:>9.0f}{cut:>7}{vain:>10}"
        f"{(vain + cut) / len(found):>20.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="Scripts/eager-report", description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=4, help="calls at once with them, and without (default: 4)")
    parser.add_argument("--turns", type=int, default=12, help="turns of each call (default: 12)")
    parser.add_argument("--thinks", type=float, default=0.5, help="seconds the bot needs for an answer (default: 0.5)")
    parser.add_argument("--silence", default="240ms", help="eager_silence (default: 240ms)")
    parser.add_argument("--beside", type=int, default=0, help="calls to the demo that are up meanwhile (default: 0)")
    arguments = parser.parse_args()
    issuer, bot = Issuer(), Bot(arguments.thinks)
    engine = {"kind": "realtime", "url": bot.url}
    agents = [
        conftest.agent("without", "chunk", engine, default=True), conftest.agent("eager", "chunk", engine, eager=True),
        conftest.agent("beside", "chunk", {"kind": "demo"})]
    agents[1]["speech"]["eager_silence"] = arguments.silence
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(folder, conftest.configuration(issuer, agents=agents, logging={"level": "warning"}))
        try:
            names = ("turns", "wait p50", "p95, ms", "cut", "dropped", "in vain per turn")
            print(" " * 10 + "".join(f"{name:>{width}}" for name, width in zip(names, (7, 11, 9, 7, 10, 20))))
            token = issuer.token(conftest.TENANT_A)
            with crowd(gateway, token, arguments.beside, "beside", folder), \
                    concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda name: measure(arguments, token, gateway, name), ("without", "eager")))
        finally:
            gateway.stop()
    issuer.close()


if __name__ == "__main__":
    main()
