"""Writes a model's weights as C."""

import sys

import numpy as np

import features
import model


def write(weights, path):
    lines = ["// Written by Scripts/speech/export.py; train again rather than edit.", "", '#include "VoiceModelWeights.h"', ""]
    for name, shape in model.shapes(features.COUNT).items():
        values = np.asarray(weights[name], np.float32).reshape(-1)
        assert values.size == int(np.prod(shape)) and np.isfinite(values).all()
        lines.append(f"const float voice_{name}[{values.size}] = {{")
        texts = [f"{float(f'{value:.6g}')!r}f" for value in values]
        line = " "
        for text in texts:
            if len(line) + len(text) + 2 > 118:
                lines.append(line)
                line = " "
            line += f" {text},"
        lines += [line, "};", ""]
    with open(path, "w") as file:
        file.write("\n".join(lines[:-1]) + "\n")


if __name__ == "__main__":
    write(dict(np.load(sys.argv[1])), sys.argv[2])
