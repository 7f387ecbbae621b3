"""What the caller said, by PocketSphinx and the English model that comes with it.

A grammar for each question keeps the choice small: that is what makes recognition work on a telephone line without any
service from outside.
"""

import queue

import numpy
from pocketsphinx import Decoder, get_model_path

import audio

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

# Over a telephone the hiss of an s and an f is gone: what is left of the words has to count too.
TELEPHONE_WORDS = [("six(2)", "IH K"), ("six(3)", "S IH K"), ("five(2)", "AY V")]

_PHRASES = {
    "balance": "balance | balance please | [my] account balance [please] | my balance [please]",
    "agent": "agent | agent please | an agent [please] | operator | [talk to] a person",
    "yes": "yes | yes please | correct",
    "no": "no | no thanks | no thank you",
    "bye": "goodbye | good bye",
}

_MEANINGS = {
    "balance": "balance", "agent": "agent", "operator": "agent", "person": "agent", "yes": "yes", "correct": "yes",
    "no": "no", "goodbye": "bye", "bye": "bye",
}


def _grammar(*phrases):
    choices = " | ".join(phrases)
    return f"#JSGF V1.0;\ngrammar asked;\npublic <asked> = {choices};\n"


def _questions(digits):
    digit = "(" + " | ".join(DIGITS) + ")"
    return {
        "menu": _grammar(*(_PHRASES[word] for word in ("balance", "agent", "no", "bye"))),
        "account": _grammar(" ".join([digit] * digits), _PHRASES["agent"]),
        "confirm": _grammar(*(_PHRASES[word] for word in ("yes", "no", "agent"))),
        "more": _grammar(*(_PHRASES[word] for word in ("balance", "agent", "yes", "no", "bye"))),
    }


class Recognizer:
    """Recognizes utterances; several calls at once share its decoders."""

    def __init__(self, digits, decoders=2):
        self._digits = digits
        self._decoders = queue.SimpleQueue()
        for _ in range(decoders):
            self._decoders.put(self._decoder())

    def _decoder(self):
        decoder = Decoder(hmm=get_model_path("en-us/en-us"), dict=get_model_path("en-us/cmudict-en-us.dict"), lm=None,
                          samprate=16000, loglevel="FATAL")
        for word, phones in TELEPHONE_WORDS:
            decoder.add_word(word, phones, True)
        for name, grammar in _questions(self._digits).items():
            decoder.add_jsgf_string(name, grammar)
        return decoder

    def hear(self, question, samples):
        """What was said in answer to a question: "balance", "agent", "yes", "no", "bye", digits as in "29340", or None.

        `samples` are 16-bit, 8,000 a second.
        """
        if len(samples) < 800:
            return None
        wide = audio.doubled(samples)
        decoder = self._decoders.get()
        try:
            decoder.activate_search(question)
            decoder.start_utt()
            decoder.process_raw(wide.astype("<i2").tobytes(), full_utt=True)
            decoder.end_utt()
            best = decoder.hyp()
        finally:
            self._decoders.put(decoder)
        return meaning(best.hypstr if best else "", self._digits)


def meaning(words, digits):
    """What recognized words mean; None where they are not a whole answer."""
    words = words.split()
    if len(words) == digits and all(word in DIGITS for word in words):
        return "".join(str(DIGITS.index(word)) for word in words)
    for word in words:
        if word in _MEANINGS:
            return _MEANINGS[word]
    return None


def joined(stretches):
    """Stretches of audio as one, at 8,000 samples a second."""
    return numpy.concatenate(stretches) if stretches else numpy.zeros(0, numpy.int16)
