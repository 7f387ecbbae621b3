"""The real binary: started with a configuration of its own, watched, and stopped."""

import contextlib
import functools
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time

import grpc
import yaml

BINARY = pathlib.Path(
    os.environ.get("BINARY_UNDER_TEST", pathlib.Path(__file__).resolve().parents[2] / ".build/debug/patchbay"))
# Every PATCHBAY_… variable is a key of the configuration; none of the surroundings' may get in.
SURROUNDINGS = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBAY_")}
SLOW = bool(os.environ.get("SLOW_BINARY"))  # a sanitizer's binary: patience instead of punctuality


@functools.cache
def unprivileged():
    """What starts a server without the rights of root, as in production: some options of sockets, files and limits work for
    root alone. Nothing where the tests have no such rights to give up."""
    command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]
    works = shutil.which("setpriv") and not subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode
    return command if works else []


class Machine:
    """Where a server runs: here."""

    command = ()  # what starts a program there

    def run(self, work, *arguments, **more):
        """Has a function of this process done as if it were there."""
        return work(*arguments, **more)


class Gateway:
    """A running `patchbay serve`."""

    admin_root = None  # the file of the certificate to trust at the admin port; without one it speaks plaintext
    machine = Machine()

    def __init__(self, folder, configuration, environment=None, machine=machine):
        folder = pathlib.Path(folder)
        self.machine = machine
        self.file = folder / "configuration.yaml"
        self.write(configuration)
        tls = configuration["listen"].get("tls")
        self.root = (folder / tls["certificate"]).read_bytes() if tls else None
        admin_tls = configuration["admin"].get("tls")
        self.admin_root = admin_tls and admin_tls["certificate"]
        self.start(folder, ["--config", self.file], environment)

    def start(self, folder, options, environment):
        """Starts it, and waits until it is ready."""
        self.log_file = folder / "server.log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [*self.machine.command, *unprivileged(), BINARY, "serve", *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder,
                env=SURROUNDINGS | (environment or {}))
        try:
            self.address = self.printed("listening on")
            self.admin = self.printed("admin on")
            self.until(lambda: self.get("/readyz")[0] == 200, "/readyz answers 200")
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    # Its configuration

    def write(self, configuration):
        """Replaces the configuration's file, as a careful editor does."""
        new = self.file.with_suffix(".new")
        # What is the same object twice would be written as an alias, which the configuration does not take.
        new.write_text(configuration if isinstance(configuration, str) else
                       yaml.safe_dump(json.loads(json.dumps(configuration)), sort_keys=False))
        new.rename(self.file)

    def reload(self, configuration=None):
        """Has it read a new configuration, or the same again with SIGHUP; waits until it has."""
        before = self.log.count("the configuration was read again")
        if configuration is None:
            self.signal(signal.SIGHUP)
        else:
            self.write(configuration)
        self.until(lambda: self.log.count("the configuration was read again") > before, "reads its configuration again")

    # What it prints

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")

    def printed(self, phrase):
        """The address after a phrase, whatever the format of the log."""
        pattern = re.compile(re.escape(phrase) + r' ([^\s"\\,]+)')
        return self.until(lambda: pattern.search(self.log), f"prints '{phrase} …'")[1]

    def until(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            try:
                if result := condition():
                    return result
            except OSError:
                pass
            assert self.process.poll() is None, f"the server exited with {self.process.returncode}:\n{self.log[-4000:]}"
            assert time.monotonic() < deadline, f"not within {seconds} s: the server {what}:\n{self.log[-4000:]}"
            time.sleep(0.02)

    def get(self, path, **more):
        """GET on the admin port: status and body."""
        return self.ask("GET", path, **more)

    def post(self, path, body, token=None):
        """POST on the admin port: status and body."""
        return self.ask("POST", path, body=body, headers={"Authorization": f"Bearer {token}"} if token else {})

    def ask(self, method, path, **more):
        return self.machine.run(self.exchange, method, path, **more)

    def exchange(self, method, path, **more):
        host, port = self.admin.rsplit(":", 1)
        if self.admin_root:
            connection = http.client.HTTPSConnection(
                "localhost", int(port), timeout=5, context=ssl.create_default_context(cafile=self.admin_root))
        else:
            connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=5)
        try:
            connection.request(method, path, **more)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    # Speaking to it

    def channel(self, client_key=None, client_certificate=None):
        """A connection of its own."""
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 8 << 20)]
        if self.root is None:
            return grpc.insecure_channel(self.address, options)
        port = self.address.rsplit(":", 1)[1]
        credentials = grpc.ssl_channel_credentials(self.root, client_key, client_certificate)
        return grpc.secure_channel(f"localhost:{port}", credentials, options)

    # Its memory, in bytes

    def memory(self, name="VmRSS"):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024

    @contextlib.contextmanager
    def peak_memory(self):
        """Gives a list in which, at the end, is the most memory it had meanwhile beyond what it had at first."""
        growth, before = [], self.memory()
        try:  # the kernel's own high-water mark, where it may be reset
            pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
            most = functools.partial(self.memory, "VmHWM")
        except PermissionError:
            seen = [before]
            most = functools.partial(max, seen)
        done = threading.Event()

        def watch():
            while not done.wait(0.002):
                seen[0] = max(seen[0], self.memory())

        watcher = threading.Thread(target=watch) if most.func is max else None
        if watcher:
            watcher.start()
        try:
            yield growth
        finally:
            done.set()
            if watcher:
                watcher.join()
        growth.append(most() - before)

    # Its end

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=15):
        return self.process.wait(seconds)

    def stop(self):
        """SIGTERM; a server without calls has to end at once, and well."""
        if self.process.poll() is None:
            self.signal()
        try:
            status = self.wait(60 if SLOW else 15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"R1: the server did not end on SIGTERM:\n{self.log[-4000:]}") from None
        assert status == 0, f"the server exited with {status}:\n{self.log[-4000:]}"


class Demo(Gateway):
    """A running `patchbay serve` without a configuration."""

    def __init__(self, folder, environment):
        self.root = None
        self.start(folder, [], environment)


def run(*arguments, environment=None, seconds=30, given=None):
    """Runs the binary to its end, with something on standard input if wished."""
    source = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=seconds * (6 if SLOW else 1),
        env=SURROUNDINGS | (environment or {}), **source)
