"""Trains a second head on the voice network: how likely it is that a turn is over, from the speech before a pause. It
learns of conversations alone (conversations.py); there are none in this project, and no head either.

    python judge.py --data FOLDER --out FILE

What it hears is what `CVoiceModel` keeps: of the network's 72 units two running means, over 8 frames and over 50, of
those frames in which somebody spoke. A turn's last silence is an end, its others of 200 ms or more are none. A fifth of
the turns, by their names, is not trained with, and tells how good the head is."""

import argparse
import hashlib
import pathlib
import re
import sys

import numpy as np

import conversations
import features
import model

UNITS, HIDDEN = model.FIRST + model.SECOND, 8
RATES = (1 / 8, 1 / 50)
SPEECH, SETTLED, DELAY = 0.5, 200, 40  # a probability, and milliseconds
MAGIC = b"patchbay turn judge 1\n"
WEIGHTS = pathlib.Path(__file__).resolve().parents[2] / "Sources/CVoiceModel/VoiceModelWeights.c"


def network(path=WEIGHTS):
    """The weights that are compiled in."""
    text, found = path.read_text(), {}
    for name, shape in model.shapes(features.COUNT).items():
        values = re.search(rf"const float voice_{name}\[\d+\] = {{(.*?)}};", text, re.S).group(1)
        found[name] = np.array([float(value.rstrip("f")) for value in re.findall(r"[-+.\de]+f", values)], np.float32)
        found[name] = found[name].reshape(shape)
    return found


def memory(probabilities, units):
    """For each frame what is kept by then: the two running means."""
    kept = np.zeros((len(units), len(RATES) * UNITS), np.float32)
    means = [np.zeros(UNITS, np.float32) for _ in RATES]
    for frame, (probability, now) in enumerate(zip(probabilities, units)):
        if probability >= SPEECH:
            for mean, rate in zip(means, RATES):
                mean += rate * (now - mean)
        kept[frame] = np.concatenate(means)
    return kept


def examples(turn, weights):
    """(what is kept 200 ms into a silence, whether the turn is over), of each of a turn's silences."""
    silent = np.zeros(conversations.RATE // 2)
    samples = np.concatenate((turn.samples, silent)) * 32767
    probabilities, units = model.units(weights, features.features(samples.astype(np.float32)))
    kept = memory(probabilities, units)
    for index, (begin, end) in enumerate(turn.silences):
        is_over = index == len(turn.silences) - 1
        frame = (begin + SETTLED) // 20 - 1
        if (is_over or end - begin >= SETTLED) and 0 <= frame < len(kept):
            yield kept[frame], is_over


def is_apart(name):
    return hashlib.sha256(name.encode()).digest()[0] < 51


def judged(head, x):
    hidden = np.tanh(x @ head["in_w"] + head["in_b"])
    return 1 / (1 + np.exp(-(hidden @ head["out_w"] + head["out_b"])))


def train(x, y, steps=1500, seed=1, decay=1e-3):
    """A head for so many examples, both kinds of which weigh the same, so that 0.5 says nothing."""
    random = np.random.default_rng(seed)
    head = {
        "in_w": random.standard_normal((x.shape[1], HIDDEN)) / np.sqrt(x.shape[1]), "in_b": np.zeros(HIDDEN),
        "out_w": random.standard_normal(HIDDEN) / np.sqrt(HIDDEN), "out_b": np.zeros(1),
    }
    weight = np.where(y, 0.5 / max(1, y.sum()), 0.5 / max(1, (~y).sum()))
    first, second = ({k: np.zeros_like(v) for k, v in head.items()} for _ in range(2))
    for step in range(1, steps + 1):
        hidden = np.tanh(x @ head["in_w"] + head["in_b"])
        error = weight * (1 / (1 + np.exp(-(hidden @ head["out_w"] + head["out_b"]))) - y)
        back = np.outer(error, head["out_w"]) * (1 - hidden**2)
        gradient = {"in_w": x.T @ back, "in_b": back.sum(axis=0), "out_w": hidden.T @ error, "out_b": error.sum()[None]}
        for name, value in gradient.items():
            value = value + decay * head[name]
            first[name] = 0.9 * first[name] + 0.1 * value
            second[name] = 0.999 * second[name] + 0.001 * value**2
            rate = 0.01 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            head[name] = head[name] - rate * first[name] / (np.sqrt(second[name]) + 1e-8)
    return head


def area(judged, y):
    """How often an end is judged higher than a pause; a half says nothing."""
    order = np.argsort(np.argsort(judged)) + 1.0
    ends, pauses = y.sum(), (~y).sum()
    return float((order[y].sum() - ends * (ends + 1) / 2) / (ends * pauses)) if ends and pauses else float("nan")


def write(head, path):
    """As `patchbay` reads it: after a line of text, single precision, least byte first, input by input."""
    values = [np.asarray(head[name], "<f4").reshape(-1) for name in ("in_w", "in_b", "out_w", "out_b")]
    pathlib.Path(path).write_bytes(MAGIC + b"".join(value.tobytes() for value in values))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a folder of conversations")
    parser.add_argument("--out", required=True, help="the head's file")
    chosen = parser.parse_args()
    weights, sides = network(), {True: ([], []), False: ([], [])}
    try:
        for turn in conversations.read(chosen.data):
            for kept, is_over in examples(turn, weights):
                sides[is_apart(turn.name)][0].append(kept)
                sides[is_apart(turn.name)][1].append(is_over)
    except conversations.DataError as error:
        sys.exit(f"judge: {error}")
    (x, y), (other_x, other_y) = ((np.array(v[0]), np.array(v[1], bool)) for v in (sides[False], sides[True]))
    if min(y.sum(), (~y).sum()) < 2:
        sys.exit("judge: too few ends or pauses to learn from")
    head = train(x, y)
    write(head, chosen.out)
    print(f"trained with {y.sum()} ends and {(~y).sum()} pauses: an end is judged higher than a pause in "
          f"{100 * area(judged(head, x), y):.1f} %")
    if len(other_y):
        print(f"of {other_y.sum()} ends and {(~other_y).sum()} pauses that it was not trained with: "
              f"{100 * area(judged(head, other_x), other_y):.1f} %")


if __name__ == "__main__":
    main()
