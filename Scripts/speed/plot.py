"""Draws what a frame costs: how it grows with calls, with turns and with the frame's size. Plain SVG, no library."""

from html import escape

WIDTH, HEIGHT, PANEL = 760, 350, 300
COLOURS = {"patchbay": "#0b5fa5", "older": "#7a7a7a", "bare": "#b3541e"}
NAMES = {"patchbay": "Patchbay", "older": "Patchbay before", "bare": "bare C++"}


def text(x, y, words, anchor="middle", colour="#333", weight="normal", size=13):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}" '
        f'font-size="{size}">{escape(str(words))}</text>')


def line(x1, y1, x2, y2, colour="#ccc", width=1, dash=""):
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"'
        + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")


def step_of(most):
    """A round step that makes three to six lines."""
    for step in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        if most / step <= 6:
            return step
    return most / 5


class Panel:
    """One chart with named places on its axis below, and values from 0 up on its left."""

    def __init__(self, left, title, places, most):
        self.left, self.places = left, places
        self.step = step_of(most)
        self.top = self.step * -(-most // self.step)
        self.parts = [text(left, 24, title, "start", "#111", "bold")]
        value = 0
        while value <= self.top + 1e-9:
            self.parts.append(line(left, self.y(value), left + PANEL, self.y(value)))
            self.parts.append(text(left - 6, self.y(value) + 4, f"{value:g}", "end"))
            value += self.step
        self.parts += [text(self.x(place), HEIGHT - 62, place) for place in places]

    def x(self, place):
        return self.left + PANEL * (self.places.index(place) + 0.5) / len(self.places)

    def y(self, value):
        return HEIGHT - 80 - (HEIGHT - 120) * value / self.top

    def curve(self, points, colour, dash, shift):
        """Points are (place, median, least, most); those of a dashed curve are hollow."""
        places = [(self.x(place) + shift, self.y(median)) for place, median, _, _ in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"'
            + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")
        for (x, y), (_, _, least, most) in zip(places, points):
            self.parts.append(line(x, self.y(least), x, self.y(most), colour, 1.5))
            fill = "#fff" if dash else colour
            self.parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{fill}" stroke="{colour}" stroke-width="1.5"/>')


def points(lines, name, mode, key, figure):
    return [
        (str(entry[key]), entry[figure]["median"], entry[figure]["least"], entry[figure]["most"])
        for entry in sorted(lines, key=lambda entry: entry[key])
        if entry["contender"] == name and entry["mode"] == mode]


def picture(result):
    """The SVG of a result of Scripts/bench."""
    lines, figure = result["summary"], "cpu_us_per_frame"
    plain = [entry for entry in lines if entry["frame_bytes"] == 160]
    frames = {entry["frame_bytes"] for entry in lines}
    calls = [str(number) for number in sorted({entry["calls"] for entry in plain})]
    panels = [(Panel(60, "CPU for 20 ms of one call, µs, by calls", calls, max(e[figure]["most"] for e in plain)), plain, "calls")]
    if len(frames) > 1:
        at = max((e["calls"] for e in lines if e["frame_bytes"] != 160))
        sized = [entry for entry in lines if entry["calls"] == at and entry["mode"] == "turns"]
        panels.append((
            Panel(440, f"by bytes a frame, {at} calls with turns", [str(size) for size in sorted(frames)],
                  max(e[figure]["most"] for e in sized)), sized, "frame_bytes"))
    parts, legend = [], []
    for panel, entries, key in panels:
        shift = -6
        for name in ("patchbay", "older", "bare"):
            for mode, dash in (("turns", ""), ("silence", "5 4")):
                found = points(entries, name, mode, key, figure)
                if not found:
                    continue
                panel.curve(found, COLOURS[name], dash, shift)
                shift += 4
                entry = (f"{NAMES[name]}, {'turns' if mode == 'turns' else 'silence'}", COLOURS[name], dash)
                if entry not in legend:
                    legend.append(entry)
        parts += panel.parts
    for index, (words, colour, dash) in enumerate(legend):
        x = 60 + 165 * index
        parts += [line(x, HEIGHT - 38, x + 26, HEIGHT - 38, colour, 2, dash), text(x + 32, HEIGHT - 34, words, "start")]
    machine = result["machine"]
    parts.append(text(
        60, HEIGHT - 10, f"medians and ranges; {machine['processor']}, one core for the server; {result['date']}",
        "start", "#666", size=12))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n")


def over_time(result):
    """The SVG of a run of Scripts/soak: calls, memory, descriptors and CPU, one below the other."""
    samples = result["samples"]
    rates = [
        (after["seconds"], (after["cpu_seconds"] - before["cpu_seconds"]) / (after["seconds"] - before["seconds"]) * 100)
        for before, after in zip(samples, samples[1:])]
    rows = [
        ("calls", [(one["seconds"], one["live"]) for one in samples]),
        ("memory, MB", [(one["seconds"], one["rss"] / 1e6) for one in samples]),
        ("descriptors", [(one["seconds"], one["descriptors"]) for one in samples]),
        ("% of a core", rates)]
    left, right, height, end = 120, WIDTH - 20, 66, samples[-1]["seconds"]
    parts = [text(10, 24, f"about {result['calls_at_once']} calls at once, of two turns each", "start", "#111", "bold")]
    for index, (title, values) in enumerate(rows):
        base = 50 + (index + 1) * (height + 18) - 18
        step = step_of(max(value for _, value in values) or 1)
        top = step * -(-max(value for _, value in values) // step) or 1
        parts += [text(10, base - height / 2 + 4, title, "start")]
        for value in (0, top):
            y = base - height * value / top
            parts += [line(left, y, right, y), text(left - 6, y + 4, f"{value:g}", "end", size=11)]
        path = " ".join(
            f"{left + (right - left) * seconds / end:.1f},{base - height * min(value, top) / top:.1f}"
            for seconds, value in values)
        parts.append(f'<polyline points="{path}" fill="none" stroke="#0b5fa5" stroke-width="1.5"/>')
    bottom = 50 + len(rows) * (height + 18)
    minutes = end / 60
    step = step_of(minutes)
    tick = 0.0
    while tick <= minutes:
        parts.append(text(left + (right - left) * tick / minutes, bottom, f"{tick:g} min", size=11))
        tick += step
    parts.append(text(
        10, bottom + 24, f"{result['calls']} calls, {result['turns']} turns; {result['machine']['processor']}; {result['date']}",
        "start", "#666", size=12))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 36}" font-family="sans-serif">\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n")
