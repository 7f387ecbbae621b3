"""The model: three frames of features to 32 units, two gated recurrent layers, one probability. Trained with JAX,
run with numpy."""

import numpy as np

CONTEXT, DENSE, FIRST, SECOND = 3, 32, 48, 24


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def shapes(features):
    return {
        "mean": (features,),
        "scale": (features,),
        "dense_w": (CONTEXT * features, DENSE),
        "dense_b": (DENSE,),
        "first_w": (DENSE, 3 * FIRST),
        "first_u": (FIRST, 3 * FIRST),
        "first_b": (3 * FIRST,),
        "first_c": (FIRST,),
        "second_w": (FIRST, 3 * SECOND),
        "second_u": (SECOND, 3 * SECOND),
        "second_b": (3 * SECOND,),
        "second_c": (SECOND,),
        "out_w": (FIRST + SECOND,),
        "out_b": (1,),
    }


def probabilities(parameters, features):
    """The probability of speech for each frame of one stream (frames, features)."""
    return units(parameters, features)[0]


def units(parameters, features):
    """The same, and what the units of both layers are after each frame."""
    p = parameters
    x = (features - p["mean"]) * p["scale"]
    # Before the first frame was silence.
    silence = (np.concatenate((np.full(20, np.log(100.0)), [0, 0, 0])) - p["mean"]) * p["scale"]
    padded = np.concatenate((np.tile(silence, (CONTEXT - 1, 1)), x)).astype(np.float32)
    stacked = np.concatenate([padded[i : i + len(x)] for i in range(CONTEXT)], axis=1)
    dense = np.maximum(0, stacked @ p["dense_w"] + p["dense_b"])

    def layer(inputs, w, u, b, c):
        count = u.shape[0]
        projected = inputs @ w + b
        h = np.zeros(count, np.float32)
        out = np.zeros((len(inputs), count), np.float32)
        for t in range(len(inputs)):
            a = h @ u
            r = sigmoid(projected[t, :count] + a[:count])
            z = sigmoid(projected[t, count : 2 * count] + a[count : 2 * count])
            n = np.tanh(projected[t, 2 * count :] + r * (a[2 * count :] + c))
            h = (1 - z) * n + z * h
            out[t] = h
        return out

    first = layer(dense, p["first_w"], p["first_u"], p["first_b"], p["first_c"])
    second = layer(first, p["second_w"], p["second_u"], p["second_b"], p["second_c"])
    both = np.concatenate((first, second), axis=1)
    return sigmoid(both @ p["out_w"] + p["out_b"][0]), both
