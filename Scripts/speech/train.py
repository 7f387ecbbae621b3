"""Trains the model on the training voices and writes its weights, for numpy and as a C array.

    python train.py --hours 20 --epochs 24 --out DIR

One thread is enough: OMP_NUM_THREADS=1 XLA_FLAGS=--xla_cpu_multi_thread_eigen=false."""

import argparse
import os
import time

import numpy as np

import augment
import corpus
import features
import model


def train(batches, validation, epochs, steps, seed=0, start=None, log=print, rate=3e-3, checkpoint=None):
    """`batches(epoch)` gives (x, y, w) of a batch of streams; the parameters that come out are the last ones'."""
    import jax
    import jax.numpy as jnp

    random = np.random.default_rng(seed)
    parameters = {}
    for name, shape in model.shapes(features.COUNT).items():
        if name.endswith(("_w", "_u")):
            parameters[name] = random.standard_normal(shape).astype(np.float32) / np.sqrt(shape[0])
        else:
            parameters[name] = np.zeros(shape, np.float32)
    parameters.update(start or {})
    fixed = {name: parameters.pop(name) for name in ("mean", "scale")}
    parameters = {k: jnp.asarray(v) for k, v in parameters.items()}
    silence = np.concatenate((np.full(20, np.log(100.0)), [0, 0, 0])).astype(np.float32)

    def forward(p, x):
        x = (x - fixed["mean"]) * fixed["scale"]
        before = jnp.broadcast_to((silence - fixed["mean"]) * fixed["scale"], (x.shape[0], model.CONTEXT - 1, x.shape[2]))
        padded = jnp.concatenate((before, x), axis=1)
        stacked = jnp.concatenate([padded[:, i : i + x.shape[1]] for i in range(model.CONTEXT)], axis=2)
        dense = jax.nn.relu(stacked @ p["dense_w"] + p["dense_b"])

        def layer(inputs, name):
            u, c = p[name + "_u"], p[name + "_c"]
            count = u.shape[0]
            projected = (inputs @ p[name + "_w"] + p[name + "_b"]).swapaxes(0, 1)

            def step(h, q):
                a = h @ u
                r = jax.nn.sigmoid(q[:, :count] + a[:, :count])
                z = jax.nn.sigmoid(q[:, count : 2 * count] + a[:, count : 2 * count])
                n = jnp.tanh(q[:, 2 * count :] + r * (a[:, 2 * count :] + c))
                h = (1 - z) * n + z * h
                return h, h

            _, out = jax.lax.scan(step, jnp.zeros((inputs.shape[0], count)), projected)
            return out.swapaxes(0, 1)

        first = layer(dense, "first")
        second = layer(first, "second")
        return jnp.concatenate((first, second), axis=2) @ p["out_w"] + p["out_b"][0]

    def loss(p, x, y, w):
        logit = forward(p, x)
        # Frames that are hard to label (the first and last of a word) do not count for much: soft targets.
        target = y * 0.98 + 0.01
        cross = jnp.maximum(logit, 0) - logit * target + jnp.log1p(jnp.exp(-jnp.abs(logit)))
        return (cross * w).sum() / w.sum()

    @jax.jit
    def update(p, m, v, t, rate, x, y, w):
        value, gradient = jax.value_and_grad(loss)(p, x, y, w)
        norm = jnp.sqrt(sum((g**2).sum() for g in gradient.values()))
        gradient = {k: g * jnp.minimum(1, 1.0 / norm) for k, g in gradient.items()}
        m = {k: 0.9 * m[k] + 0.1 * gradient[k] for k in p}
        v = {k: 0.99 * v[k] + 0.01 * gradient[k] ** 2 for k in p}
        p = {
            k: p[k] - rate * (m[k] / (1 - 0.9**t)) / (jnp.sqrt(v[k] / (1 - 0.99**t)) + 1e-8)
            for k in p
        }
        return p, m, v, value

    evaluate = jax.jit(lambda p, x, y, w: (loss(p, x, y, w), (((forward(p, x) > 0) != (y > 0.5)) * w).sum() / w.sum()))
    m = {k: jnp.zeros_like(v) for k, v in parameters.items()}
    v = dict(m)
    done, total, began = 0, epochs * steps, time.time()
    for epoch in range(epochs):
        mean = 0.0
        for x, y, w in batches(epoch):
            done += 1
            now = rate * min(1, done / 100) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1, done / total))))
            parameters, m, v, value = update(parameters, m, v, float(done), now, x, y, w)
            mean += float(value)
        checked, wrong = evaluate(parameters, *validation)
        log(f"epoch {epoch}: {mean / steps:.4f}, unheard voices {float(checked):.4f}, frames wrong {100 * float(wrong):.2f} %, {time.time() - began:.0f} s")
        if checkpoint:
            np.savez(checkpoint, **{k: np.asarray(p) for k, p in parameters.items()}, **fixed)
    return {k: np.asarray(p) for k, p in parameters.items()} | fixed


def statistics(x):
    flat = x[::7].reshape(-1, x.shape[-1]).astype(np.float32)
    mean, scale = flat.mean(axis=0), 1 / (flat.std(axis=0) + 1e-3)
    mean[-1], scale[-1] = 0, 1  # whether a prompt plays
    return {"mean": mean, "scale": scale}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=20)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--cache", default=os.path.expanduser("~/.cache/patchbay-speech"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", nargs="*", help="streams that were made before")
    parser.add_argument("--start", help="weights to begin with")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--out", required=True, help="the weights, as .npz")
    options = parser.parse_args()
    if options.data:
        parts = [np.load(path) for path in options.data]
        x, y, w = (np.concatenate([part[name] for part in parts]) for name in "xyw")
    else:
        x, y, w = augment.data(corpus.load("training", options.cache), options.hours, options.seed)
        x = x.astype(np.float16)
    vx, vy, vw = augment.data(corpus.load("development", options.cache), 0.7, 7)
    random = np.random.default_rng(options.seed)
    steps = len(x) // options.batch

    def batches(epoch):
        order = random.permutation(len(x))[: steps * options.batch].reshape(steps, options.batch)
        for index in order:
            yield x[index].astype(np.float32), y[index], w[index]

    start = dict(np.load(options.start)) if options.start else statistics(x)
    parameters = train(
        batches, (vx, vy, vw), options.epochs, steps, options.seed, start,
        lambda line: print(line, flush=True), options.rate, options.out,
    )
    np.savez(options.out, **parameters)


if __name__ == "__main__":
    main()
