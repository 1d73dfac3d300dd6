# SPDX-License-Identifier: Apache-2.0
"""rsxd as processes that tests start, kill, freeze and stop: `dev` in one, or a node each."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import s3

BIN = os.environ.get("RSX_BIN") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "release", "bin")
ENVIRONMENT = {**os.environ, "RSX_ACCESS_KEY": s3.ACCESS_KEY, "RSX_SECRET_KEY": s3.SECRET_KEY}


def free_ports(count):
    """A run of free ports, as far as anyone can tell."""
    for base in range(21000 + os.getpid() % 20000, 60000, count + 1):
        held = []
        try:
            for port in range(base, base + count):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for each in held:
                each.close()
    raise RuntimeError("no free ports")


class Process:
    """One rsxd, with its log in a file."""

    def __init__(self, arguments, log):
        self.arguments, self.log, self.child = arguments, log, None

    def start(self):
        assert self.child is None, "it runs already"
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([os.path.join(BIN, "rsxd"), *self.arguments], stdout=log,
                                          stderr=log, env=ENVIRONMENT)

    def running(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, which):
        self.child.send_signal(which)

    def kill(self):
        """As a power cut for this process: SIGKILL."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None

    def stop(self):
        """Asks it to end; answers its exit code."""
        if self.child is None:
            return None
        self.child.send_signal(signal.SIGCONT)
        self.child.terminate()
        try:
            code = self.child.wait(60)
        except subprocess.TimeoutExpired:
            self.child.kill()
            code = self.child.wait()
        self.child = None
        return code

    def resident_bytes(self, field="VmRSS"):
        with open(f"/proc/{self.child.pid}/status") as status:
            for line in status:
                if line.startswith(field):
                    return int(line.split()[1]) * 1024
        return 0

    def tail(self, lines=15):
        try:
            with open(self.log, errors="replace") as log:
                return "".join(log.readlines()[-lines:])
        except OSError:
            return ""


def wait_until(true, what, seconds=30.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} seconds")


class Server:
    """What both shapes of a cluster share: a port, a folder, a health page."""

    def healthy(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_/health", timeout=5) as page:
                return page.status == 200
        except OSError:
            return False

    def health(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_/health", timeout=5) as page:
            return json.load(page)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, failed, *_):
        if failed is not None:
            print(self.story())
        self.stop()
        self.folder.cleanup()


class Dev(Server):
    """rsxd dev: everything in one process."""

    def __init__(self, nodes=6, code="4+2", more=()):
        self.folder = tempfile.TemporaryDirectory(prefix="rsx-dev-")
        self.port = free_ports(1)
        self.dir = os.path.join(self.folder.name, "data")
        self.process = Process(["dev", "--dir", self.dir, "--nodes", str(nodes), "--code", code,
                                "--port", str(self.port), *more],
                               os.path.join(self.folder.name, "rsxd.log"))
        self.s3 = s3.S3(self.port, timeout=60)

    def start(self):
        self.process.start()
        wait_until(lambda: self.healthy() or not self.process.running(), "rsxd dev is ready")
        if not self.process.running():
            raise AssertionError("rsxd ended at its start:\n" + self.process.tail())

    def stop(self):
        return self.process.stop()

    def kill(self):
        self.process.kill()

    def node_folder(self, node):
        return os.path.join(self.dir, f"node-{node}")

    def story(self):
        return "--- rsxd\n" + self.process.tail()


class Cluster(Server):
    """Six shard nodes and a gateway, a process each."""

    def __init__(self, nodes=6, code="4+2", tls=False):
        self.folder = tempfile.TemporaryDirectory(prefix="rsx-cluster-")
        self.port = free_ports(101 + nodes)
        self.file = os.path.join(self.folder.name, "cluster.toml")
        subprocess.run([os.path.join(BIN, "rsx"), "cluster", "init", "--config", self.file, "--nodes",
                        str(nodes), "--code", code, "--port", str(self.port)],
                       check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
        if tls:
            self.make_certificates("certs")
            with open(self.file, "a") as out:
                out.write('\n[tls]\nca = "certs/ca.pem"\ncert = "certs/cluster.pem"\nkey = "certs/cluster.key"\n')
        log = lambda name: os.path.join(self.folder.name, name + ".log")
        self.nodes = [Process(["--config", self.file, "--role", "shard", "--node", str(n)],
                              log(f"node-{n}")) for n in range(nodes)]
        self.gateway = Process(["--config", self.file, "--role", "gateway"], log("gateway"))
        self.s3 = s3.S3(self.port, timeout=60)

    def start(self):
        for node in self.nodes:
            node.start()
        self.gateway.start()
        wait_until(lambda: self.healthy() or not self.gateway.running(), "the gateway is ready")
        if not self.gateway.running():
            raise AssertionError("the gateway ended at its start:\n" + self.gateway.tail())
        wait_until(lambda: self.nodes_up() == len(self.nodes), "all nodes are up")

    def make_certificates(self, name):
        subprocess.run([os.path.join(BIN, "rsx"), "cluster", "certs", "--config", self.file, "--out",
                        os.path.join(self.folder.name, name)], check=True, stdout=subprocess.DEVNULL)

    def nodes_up(self):
        try:
            return self.health()["nodes_up"]
        except OSError:
            return 0

    def stop(self):
        codes = [self.gateway.stop()] + [node.stop() for node in self.nodes]
        return codes

    def story(self):
        parts = ["--- gateway\n" + self.gateway.tail(25)]
        parts += [f"--- node-{i}\n" + node.tail(5) for i, node in enumerate(self.nodes)]
        return "\n".join(parts)
