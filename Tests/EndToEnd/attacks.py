"""The attack suite: every attack played at the bare server and through the shipped HAProxy, with good calls beside it.

Each attack has a control: the same bytes at the same pace, by the same program, to a port that throws them away. What the
neighbours' answers take longer than beside the control is the attack's. See `Scripts/attacks --help`.
"""

import argparse
import contextlib
import json
import pathlib
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

import attack_bytes
from conftest import TENANT_A, configuration, make_certificates
from edge import edge
from gateway import Gateway
from issuer import Issuer, new_key

HERE = pathlib.Path(__file__).parent
WAYS = ["bare", "edge"]
MOST_ADDED = 50  # ms
AFTER = 1.5  # seconds after an attack in which a lost turn is still its own


def first_flight():
    """What a TLS client says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2"])
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


class Discard:
    """A port that takes whatever comes and throws it away, as a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "attack_discard.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = "127.0.0.1:" + self.process.stdout.readline().strip()

    def close(self):
        self.process.communicate("")


class Neighbours:
    """Good callers in a process of their own, and their turns."""

    def __init__(self, address, root, token, keys, speakers):
        self.turns, self.lock = [], threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, HERE / "attack_neighbours.py", address, str(root), token, TENANT_A["org"],
             str(keys), str(speakers)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.lock:
                self.turns.append(json.loads(line))

    def during(self, begin, end):
        """Turns that were under way at some time of these."""
        with self.lock:
            return [turn for turn in self.turns if turn["ended"] >= begin and turn["began"] <= end]

    def until_quick(self, seconds=20):
        """Until all of them have been greeted, and answers come without waiting for what was before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = time.monotonic()
            last = self.during(now - 1, now)
            if len(last) > 5 and not any(turn["wrong"] for turn in last):
                return
            time.sleep(0.2)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.reader.join()


def p99(turns):
    took = [turn["took"] for turn in turns if turn["took"] is not None]
    return float(np.percentile(took, 99)) * 1000 if took else None


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Scene:
    """A server, bare or behind the edge, and its neighbours."""

    def __init__(self, way, folder, issuer, certificates, token, options, files=None):
        self.way, self.token = way, token
        self.stack = contextlib.ExitStack()
        tls = {"certificate": str(certificates / "server.pem"), "key": str(certificates / "server.key")}
        listen = {"address": "127.0.0.1:0"} | ({"tls": tls} if way == "bare" else {})
        # Attackers come from loopback, which a bare server does not trust here, and one behind the edge has to.
        limits = {"connections": {"trusted": []}} if way == "bare" else {}
        (folder / "server").mkdir(parents=True)
        self.gateway = Gateway(folder / "server", configuration(
            issuer, listen=listen, limits=limits, logging={"level": "notice", "format": "json"}))
        self.stack.callback(self.end_gateway)
        if files:
            subprocess.run(["prlimit", f"--pid={self.gateway.process.pid}", f"--nofile={files}:{files}"], check=True)
        self.address, self.proxy = self.gateway.address, None
        if way == "edge":
            (folder / "edge").mkdir()
            (folder / "edge").chmod(0o755)
            # Fewer connections than the server may have files, as the file says.
            changes = [("maxconn 1800", f"maxconn {files // 2}")] if files else []
            self.proxy = self.stack.enter_context(edge(
                "haproxy-shipped", folder / "edge", certificates, self.gateway, changes=changes))
            self.address = self.proxy.address
            self.gateway.until(lambda: set(self.proxy.stats().values()) == {"UP"}, "is up for the proxy")
        self.neighbours = Neighbours(
            self.address, certificates / "server.pem", token, options.callers, options.speakers)
        self.stack.callback(self.neighbours.close)

    def end_gateway(self):
        self.gateway.process.kill()
        self.gateway.process.wait()

    def close(self):
        self.stack.close()

    @property
    def processes(self):
        return {"server": self.gateway.process} | ({"haproxy": self.proxy.process} if self.proxy else {})

    def calls_in_table(self):
        """Conversations that the edge has a place for."""
        if not self.proxy:
            return None
        return int(re.search(r"used:(\d+)", self.proxy.ask("show table patchbay"))[1])


class Suite:
    """Plays attacks, one after the other, each with bytes and addresses of its own."""

    def __init__(self, options):
        self.options, self.number = options, 0
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.folder.chmod(0o755)
        self.issuer = Issuer()
        self.stack.callback(self.issuer.close)
        self.certificates = self.folder / "certificates"
        self.certificates.mkdir()
        make_certificates(self.certificates)
        self.discard = Discard()
        self.stack.callback(self.discard.close)
        self.token = self.issuer.token(TENANT_A)
        refused = self.issuer.token(TENANT_A, key=new_key("a stranger"))
        self.attacks = attack_bytes.attacks(self.token, refused, TENANT_A["org"], first_flight())
        self.scenes = {}

    def close(self):
        for scene in self.scenes.values():
            scene.close()
        self.stack.close()

    def scene(self, way, attack):
        """A server that has not suffered: a new one where the last one has died, or the attack wants one of its own."""
        known = self.scenes.get(way)
        if known and known.gateway.process.poll() is None and not attack.files:
            return known
        if known:
            self.scenes.pop(way).close()
        self.number += 1
        made = Scene(way, self.folder / f"{way}{self.number}", self.issuer, self.certificates, self.token,
                     self.options, attack.files)
        if not attack.files:
            self.scenes[way] = made
        return made

    def send(self, attack, address, seconds, **changes):
        self.number += 1
        sources = [f"127.{10 + self.number % 200}.{n}.{1 + self.number // 200}" for n in range(attack.sources)]
        file = self.folder / f"plan{self.number}.json"
        folder = self.folder / f"bytes{self.number}"
        file.write_text(json.dumps(attack.plan(address, folder, seconds, sources) | changes))
        sent = subprocess.run([sys.executable, HERE / "attack_sender.py", file], capture_output=True, text=True)
        for one in folder.iterdir():
            one.unlink()
        return json.loads(sent.stdout) if sent.returncode == 0 else {"error": sent.stderr[-500:]}

    def play(self, attack, way):
        """One row: beside the control, then beside the attack."""
        scene = self.scene(way, attack)
        neighbours = scene.neighbours
        neighbours.until_quick()
        begin = time.monotonic()
        self.send(attack, self.discard.address, self.options.control, tls=False)
        control = [turn for turn in neighbours.during(begin, time.monotonic())]
        time.sleep(0.3)
        spent = {name: processor_seconds(process) for name, process in scene.processes.items()}
        before = scene.calls_in_table()
        begin = time.monotonic()
        with scene.gateway.peak_memory() as growth:
            sent = self.send(attack, scene.address, self.options.seconds)
            end = time.monotonic()
        lives = scene.gateway.process.poll() is None
        spent = {name: (processor_seconds(process) - spent[name]) / (end - begin)
                 for name, process in scene.processes.items() if process.poll() is None}
        time.sleep(AFTER)
        turns = neighbours.during(begin, end + AFTER)
        wrong = [turn["wrong"] for turn in turns if turn["wrong"]]
        row = {
            "attack": attack.name, "rule": attack.rule, "way": way, "lives": lives, "turns": len(turns),
            "lost": len(wrong), "why": wrong[:1], "control_lost": sum(bool(turn["wrong"]) for turn in control),
            "p99_control": p99(control), "p99": p99(turns), "memory": growth[0], "processor": spent, "sent": sent,
            "calls_in_table": [before, scene.calls_in_table()] if scene.proxy else None,
            "ready": lives and scene.gateway.get("/readyz")[0] == 200}
        row["added"] = row["p99"] - row["p99_control"] if row["p99"] is not None and row["p99_control"] else None
        # Nobody was answered at all: that is lost, too.
        row["met"] = bool(lives and not wrong and row["added"] is not None and row["added"] <= MOST_ADDED)
        if attack.files:
            scene.close()
        return row


def as_text(row):
    def ms(value):
        return "-" if value is None else f"{value:.0f}"

    processor = " ".join(f"{name} {value:.0%}" for name, value in row["processor"].items())
    return (f"{'ok  ' if row['met'] else 'MISS'} {row['way']:4} {row['attack']:62} lost {row['lost']:3} of {row['turns']:4}  "
            f"p99 {ms(row['p99_control']):>4} -> {ms(row['p99']):>5} ms  +{row['memory'] / 1e6:5.1f} MB  {processor}  "
            f"{row['sent']} {row['calls_in_table'] or ''} {'' if row['lives'] else 'THE SERVER DIED'}")


def outcome(row):
    """A cell of the table."""
    if not row["lives"]:
        return "the server died"
    added = "no answers" if row["added"] is None else f"{row['p99_control']:.0f} → {row['p99']:.0f} ms"
    lost = f"**{row['lost']} of {row['turns']} lost**" if row["lost"] else "0 lost"
    if row["added"] is not None and row["added"] > MOST_ADDED:
        added = f"**{added}**"
    return f"{lost}, {added}, {row['memory'] / 1e6:+.0f} MB"


def as_markdown(rows):
    lines = ["| attack | rule | bare | through the edge |", "| --- | --- | --- | --- |"]
    names = dict.fromkeys((row["attack"], row["rule"]) for row in rows)
    for name, rule in names:
        cells = {row["way"]: outcome(row) for row in rows if row["attack"] == name}
        lines.append(f"| {name} | {rule} | {cells.get('bare', '')} | {cells.get('edge', '')} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(prog="Scripts/attacks", description=__doc__)
    parser.add_argument("--only", default="", help="attacks whose name or rule this pattern finds")
    parser.add_argument("--way", choices=WAYS, action="append", help="bare or edge; both by default")
    parser.add_argument("--part", default="1/1", help="N/M: the Nth of M parts of the attacks")
    parser.add_argument("--seconds", type=float, default=6, help="of each attack")
    parser.add_argument("--control", type=float, default=4, help="seconds of each control")
    parser.add_argument("--callers", type=int, default=6, help="neighbours who press keys")
    parser.add_argument("--speakers", type=int, default=2, help="neighbours who speak")
    parser.add_argument("--json", type=pathlib.Path, help="a file for the results; those in it stay, unless played again")
    parser.add_argument("--markdown", type=pathlib.Path, help="a file for the table of all results")
    parser.add_argument("--list", action="store_true", help="the attacks' names, and nothing else")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what it has started ends with it
    suite = Suite(options)
    try:
        chosen = [one for one in suite.attacks if re.search(options.only, f"{one.rule} {one.name}", re.I)]
        part, parts = map(int, options.part.split("/"))
        chosen = chosen[(part - 1) * len(chosen) // parts:part * len(chosen) // parts]
        if options.list:
            print("\n".join(f"{one.rule:12} {one.name}" for one in chosen))
            return 0
        rows = []
        for way in options.way or WAYS:
            for attack in chosen:
                rows.append(suite.play(attack, way))
                print(as_text(rows[-1]), flush=True)
    finally:
        suite.close()
    if options.json:
        played = {(row["attack"], row["way"]) for row in rows}
        known = json.loads(options.json.read_text()) if options.json.exists() else []
        every = [row for row in known if (row["attack"], row["way"]) not in played] + rows
        order = {attack.name: n for n, attack in enumerate(suite.attacks)}
        every.sort(key=lambda row: (order.get(row["attack"], 999), row["way"]))
        options.json.write_text(json.dumps(every, indent=1))
        if options.markdown:
            options.markdown.write_text(as_markdown(every))
    elif options.markdown:
        options.markdown.write_text(as_markdown(rows))
    missed = [row for row in rows if row["way"] == "edge" and not row["met"]]
    print(f"{len(rows)} rows; through the edge {len(missed)} miss: 0 turns lost, answers at most {MOST_ADDED} ms later")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
