"""The calls of the fault suite: one caller each, with a fault of its own, of its bot's or of the world around, or with none.

A call is *answered* if everything that the fault did not touch was answered in full and in time, *expected* if it ended as the
rules say for its fault, and *wrong* otherwise.
"""

import itertools
import time

import grpc

import fault_hearing
import rules
from caller import AudioLine, Caller, Utterance
from fault_signature import SIGNATURE
from schemas import SESSION_START, Event
from speech import recorded

ANSWERED, EXPECTED, LATE = "answered", "expected", "late"
HOLD, REFUSAL_HOLD = 5.0, 0.1  # s that the status of an answer and of a refusal wait for the half-close behind HAProxy
UNDER_WAY = 0.5  # s that a half-close may take to the server
IN_TIME = 8.0  # seconds until the answer begins, or the fallback (R3)
END_SILENCE = 0.7
SURELY_HEARD = 3  # s after a word: whoever has heard its start has said so
MOST_UNHEARD = 3  # words over prompts of one caller
PATIENCE = 90  # s until a call gives up waiting; whether what came was in time is another question
WORDS = [
    "activated", "agent-loggedoff", "all-circuits-busy-now", "call-fwd-on-busy", "conf-errormenu", "conf-full", "conf-hasjoin",
    "conf-locked", "conf-now-muted", "conf-thereare", "conf-unmuted", "conf-userswilljoin", "confbridge-has-joined",
    "confbridge-leave-in", "confbridge-menu-exit-in", "confbridge-participants", "dir-pls-enter", "dir-welcome",
    "from-unknown-caller", "hello-world", "is-set-to", "num-was-successfully", "number-not-answering", "one-moment-please",
    "pbx-parkingfailed", "please-try-again", "priv-recordintro", "queue-thankyou", "telephone-number", "to-extension",
    "vm-Cust3", "vm-changeto", "vm-from-phonenumber", "vm-incorrect", "vm-isonphone", "vm-marked-urgent", "vm-msgsaved",
    "vm-nomore", "vm-num-i-have", "vm-star-cancel", "vm-theperson", "vm-tocancel", "vm-toenternumber", "vm-tooshort",
]


class Line(AudioLine):
    """An audio RPC that remembers what it streamed, and streams a noise of the caller's own instead of pure silence."""

    def __init__(self, caller, **more):
        self.index, self.sent, self.muted, self.said = len(caller.voice.sent), bytearray(), False, []
        self.silence = caller.voice.quiet(self.index)
        caller.voice.sent.append(self.sent)
        super().__init__(caller, **more)

    def say(self, name):
        utterance = Utterance(self.caller.voice.words(recorded(name), f"line {self.index} {len(self.said)}"))
        utterance.size, utterance.begin = len(utterance.data), None
        self.said.append(utterance)
        with self._lock:
            self.utterances.append(utterance)
        return utterance

    def wait_event(self, event, seconds=PATIENCE):
        return super().wait_event(event, seconds)

    def _take(self, size):
        with self._lock:
            if self.utterances and self.utterances[0].begin is None:
                self.utterances[0].begin = len(self.sent)
        spoken = super()._take(size).rstrip(b"\xff")
        return spoken + self.silence(self._position, size - len(spoken))

    def _send_audio(self, data):
        if not self.muted:
            self.sent += data
            super()._send_audio(data)


def came_back(utterance, stretches, line):
    """How much of an utterance was heard again."""
    spans = [(max(a, utterance.begin), min(b, utterance.begin + utterance.size)) for name, a, b in stretches if name == line]
    return sum(max(0, b - a) for a, b in spans) / utterance.size


class FaultCaller(Caller):
    """A caller who knows what it may hear, and measures how long it waits."""

    def __init__(self, channel, token, org, agent, conversation, chance, slack, machine):
        super().__init__(channel, token, org, agent, "chunk" if "chunk" in agent else "wav", conversation,
                         additional_info={"conversation": conversation})
        self.voice = fault_hearing.Voice(conversation)
        self.chance, self.slack, self.machine = chance, slack, machine
        self.waits, self.unheard = [], 0
        self.interactions = []

    def open(self, *messages, **more):
        self.interactions.append(super().open(*messages, **more))
        self.interactions[-1].began = time.monotonic()
        return self.interactions[-1]

    def listen(self, **more):
        line = Line(self, frames=itertools.repeat(self.chance.choice([400, 600, 800])), **more)
        self.interactions.append(line)
        return line

    def stretches(self, interaction):
        """What was heard, explained."""
        fault_hearing.orderly(interaction.replies, self.mode)
        return self.voice.explain(fault_hearing.mulaw(interaction.audio.samples))

    def answered(self, interaction, occasion, utterance=None):
        """An interaction that no fault touches: its answer is whole, the caller's own, and in time."""
        interaction.wait(PATIENCE)
        rules.check(interaction, self.mode)
        stretches = self.stretches(interaction)
        self.playing_until = max(self.playing_until, time.monotonic()) + interaction.audio.seconds
        ended = interaction.times(Event.END_OF_INPUT)[0] if utterance else interaction.began
        if utterance:
            line = f"words {interaction.index}"
            # Of words that were said again the first may have been heard after all, late.
            share, utterance = max(((came_back(one, stretches, line), one) for one in interaction.said if one.ended),
                                   key=lambda pair: pair[0])
            self.in_time(utterance.ended + END_SILENCE, ended, IN_TIME / 2, "the end of the turn is told")
            assert share > 0.8, f"of its words {share:.0%} came back: {stretches}"
            assert fault_hearing.heard_whole(stretches, line)[1], f"its words came back in disorder: {stretches}"
        wait = interaction.answers[0].time - ended
        self.waits.append(wait)
        self.in_time(ended, interaction.answers[0].time, IN_TIME, "the answer begins")
        self.says_all(stretches, occasion)
        assert interaction.event is None or interaction.event.event_type not in Event.TERMINAL, interaction.event
        return interaction

    def in_time(self, begin, end, bound, what):
        """Within so many seconds of those in which the machine let server and callers run."""
        if end - begin >= bound + self.slack:
            kept = self.machine.kept(begin, end)
            assert end - begin - kept < bound + self.slack, (
                f"{what} {end - begin:.1f} s after it could be, of which the machine kept {kept:.1f} s")

    def says_all(self, stretches, occasion):
        """The bot's own part of an answer is whole: its signature, or the demo's prompts."""
        if self.agent.startswith("demo"):
            prompts = sum(b - a for name, a, b in stretches if name == "prompt")
            assert prompts > 2000, f"of the demo's prompts {prompts / 8000:.2f} s were heard: {stretches}"
            return
        size, in_order = fault_hearing.heard_whole(stretches, occasion)
        assert abs(size - SIGNATURE) < 16 and in_order, (
            f"of the answer's {SIGNATURE} bytes ({occasion}) {size} were heard: {stretches}")

    # What is answered

    def greeted(self):
        return self.answered(self.event(SESSION_START, name="session start"), "greeting")

    def listens(self):
        """To the prompt that plays, but not to all that the demo says."""
        time.sleep(min(1.2, max(0.0, self.playing_until - time.monotonic())))

    def speaks(self):
        line = self.listen()
        self.listens()
        time.sleep(0.1)
        return self.finishes(line, self.says(line))

    def says(self, line):
        """A word. Whether words over a prompt are an interruption the server judges by what it hears: who is not taken for
        one says another, as people do, which is counted. Without a prompt each word has to be heard."""
        while True:
            utterance = line.say(self.chance.choice(WORDS))
            if self.unheard == MOST_UNHEARD or time.monotonic() > self.playing_until:
                return utterance
            utterance.sent.wait(PATIENCE)
            until = time.monotonic() + SURELY_HEARD
            while time.monotonic() < until and not line.done.is_set():
                if line.times(Event.START_OF_INPUT):
                    return utterance
                time.sleep(0.05)
            if line.done.is_set():
                return utterance
            self.unheard += 1

    def finishes(self, line, utterance):
        return self.answered(line, "words", utterance)

    def presses(self, keys):
        self.occasion = f"digits {keys}"
        self.voice.occasions.add(self.occasion)
        return self.press(keys)

    def says_nothing(self):
        self.occasion = "no input"
        return self.no_input()

    def event_of_the_flow(self, name):
        self.occasion = f"event {name}"
        self.voice.occasions.add(self.occasion)
        return self.custom_event(name, {"number": 7})

    def hear(self, interaction, seconds=PATIENCE):
        """What `Caller`'s own ways of asking end with."""
        return self.answered(interaction, self.occasion)

    def goes_on(self, turns):
        """Some turns without a fault."""
        for _ in range(turns):
            match self.chance.choices(("words", "keys", "nothing", "event"), (6, 3, 1, 1))[0]:
                case "words":
                    self.speaks()
                case "keys":
                    self.presses("".join(self.chance.choices("12345678", k=self.chance.randint(1, 4))))
                case "nothing" if self.agent.startswith("demo"):  # which transfers who says nothing too often
                    self.speaks()
                case "nothing":
                    self.says_nothing()
                case "event":
                    self.event_of_the_flow(self.chance.choice(("balance", "offer")))

    # What is not

    def ended(self, interaction, *codes):
        """An RPC with a fault: it has one status, one of these, and what was heard until then is the caller's own."""
        assert interaction.done.wait(PATIENCE), f"no end within {PATIENCE} s: {interaction.replies}"
        assert interaction.code in codes, f"{interaction.code}: {interaction.call.details()} after {interaction.replies}"
        return self.stretches(interaction)

    def half_closed_late(self, interaction):
        """Whether HAProxy dropped a status that had waited in vain, since this process half-closed too late: that is what
        HAProxy does, and what the machine did."""
        if interaction.cancelled or interaction.code is not grpc.StatusCode.CANCELLED:
            return False
        since, hold = interaction.began, REFUSAL_HOLD
        if interaction.replies:
            since, hold = interaction.replies[-1].time, HOLD
        left = interaction.half_closed or interaction.ended
        return left > interaction.ended - UNDER_WAY and interaction.ended - since > 0.6 * hold

    def handed_over(self, interaction, since):
        """R3: a bot's failure costs the caller a prompt and a transfer."""
        self.ended(interaction, grpc.StatusCode.OK)
        rules.check(interaction, self.mode)
        assert interaction.event and interaction.event.event_type == Event.TRANSFER_TO_AGENT, (
            f"the fallback is a transfer: {interaction.replies}")
        self.in_time(since, interaction.answers[-1].time, IN_TIME, "the caller is transferred")
        prompts = sum(b - a for name, a, b in self.stretches(interaction) if name == "prompt")
        assert prompts > 2000, f"the fallback's prompt was not heard: {interaction.replies}"
