"""Machines of one network, each a namespace of its own, that can be cut off from some of the others: what is sent is lost then,
and nobody is told."""

import concurrent.futures
import contextlib
import ctypes
import functools
import os
import subprocess

from gateway import Machine

# Three networks, as in production: callers and bots, Redis, and the servers among themselves. This machine is .1 in each.
FRONT, STORE, PEERS = "10.77.1", "10.77.2", "10.77.3"
NETWORKS = (FRONT, STORE, PEERS)
NEW_NETWORK = 0x40000000  # CLONE_NEWNET


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}"


@functools.cache
def reason_against():
    """Why there are no namespaces here; None where there are."""
    try:
        with networks() as net:
            net.add()
    except (AssertionError, OSError) as error:
        return str(error)


@contextlib.contextmanager
def networks():
    net = Networks()
    try:
        net.begin()
        yield net
    finally:
        net.end()


class Networks:
    """The three networks and the machines on them."""

    def __init__(self):
        self.name, self.machines = f"pb{os.getpid()}", []

    def begin(self):
        for n, network in enumerate(NETWORKS):
            ip("link", "add", f"{self.name}n{n}", "type", "bridge")
            ip("address", "add", f"{network}.1/24", "dev", f"{self.name}n{n}")
            ip("link", "set", f"{self.name}n{n}", "up")

    def add(self):
        self.machines.append(Namespace(self.name, len(self.machines)))
        return self.machines[-1]

    def end(self):
        for machine in self.machines:
            machine.close()
        for n in range(len(NETWORKS)):
            subprocess.run(["ip", "link", "delete", f"{self.name}n{n}"], stderr=subprocess.DEVNULL)


class Namespace(Machine):
    """A machine with a foot in each network."""

    def __init__(self, net, number):
        self.net, self.name, self.number = net, f"{net}m{number}", number
        ip("netns", "add", self.name)
        self.command = ["ip", "netns", "exec", self.name]
        self.inside("link", "set", "lo", "up")
        for n, network in enumerate(NETWORKS):
            ip("link", "add", self.link(n), "type", "veth", "peer", "name", f"eth{n}", "netns", self.name)
            self.inside("address", "add", f"{network}.{number + 11}/24", "dev", f"eth{n}")
            self.inside("link", "set", f"eth{n}", "up")
            ip("link", "set", self.link(n), "master", f"{net}n{n}", "up")
        self.thread = concurrent.futures.ThreadPoolExecutor(1, initializer=self.enter)

    def inside(self, *words):
        ip("-n", self.name, *words)

    def link(self, n):
        return f"{self.name}e{n}"

    def address(self, network):
        return f"{network}.{self.number + 11}"

    def enter(self):
        """This thread is on that machine, and what it opens."""
        with open(f"/run/netns/{self.name}") as place:
            if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), NEW_NETWORK):
                raise OSError(ctypes.get_errno(), f"cannot enter {self.name}")

    def run(self, work, *arguments, **more):
        return self.thread.submit(work, *arguments, **more).result()

    @contextlib.contextmanager
    def cut_off(self, *from_networks):
        """Nothing passes between it and these networks meanwhile."""
        numbers = [NETWORKS.index(network) for network in from_networks]
        for n in numbers:
            ip("link", "set", self.link(n), "nomaster")
        try:
            yield
        finally:
            for n in numbers:
                ip("link", "set", self.link(n), "master", f"{self.net}n{n}")

    def close(self):
        """Its links go at once, the rest with the last of its processes."""
        self.thread.shutdown()
        for n in range(len(NETWORKS)):
            subprocess.run(["ip", "link", "delete", self.link(n)], stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "netns", "delete", self.name], stderr=subprocess.DEVNULL)
