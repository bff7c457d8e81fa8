"""A spawner of local processes whose faults are chosen by a file, read at each spawn, or by the user's name."""
import asyncio
import datetime
import fnmatch
import json
import os
import re
import sys
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner
from jupyterhub.utils import random_port

# A user such as `fault-slow-15-abcd1234`, which BinderHub makes of the repository `fault/slow-15`.
BY_NAME = re.compile(
    r"^fault-(raise|never-ready|exit|unschedulable|slow-stop-\d+|slow-\d+|dying-kernel|hanging-kernel)(?:-|$)"
)


def chosen_fault(file, user, image):
    """The fault for this spawn as (name, argument): the file's first line that fits, else the user's name, else ok.

    A line is `FAULT` or `PATTERN FAULT`; the pattern is a shell pattern for the user's name or the image.
    """
    try:
        lines = Path(file).read_text().splitlines()
    except FileNotFoundError:
        lines = []
    for line in lines:
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        pattern, _, fault = line.partition(" ")
        if not fault or "=" in pattern:
            pattern, fault = "*", line
        if fnmatch.fnmatchcase(user, pattern) or fnmatch.fnmatchcase(image, pattern):
            name, _, argument = fault.strip().partition("=")
            return name, argument
    by_name = BY_NAME.match(user)
    if not by_name:
        return "ok", ""
    name, number = re.match(r"^(.*?)(?:-(\d+))?$", by_name.group(1)).groups()
    return name, number or ""


class LiveSpawner(SimpleLocalProcessSpawner):
    """Starts jupyter_server with the token that BinderHub chose, or a single-user server that asks the Hub."""

    fault = ("ok", "")
    lines = ()

    @property
    def work(self):
        return Path(os.environ["LIVE_WORK"])

    def tell(self, progress, message, kind=None):
        """Adds a progress line; with a kind it has the shape that Kubernetes' events have in a real deployment."""
        if kind:
            message = f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ} [{kind}] {message}"
        self.lines = (*self.lines, {"progress": progress, "message": message})

    async def progress(self):
        told = 0
        while self._spawn_pending or told < len(self.lines):
            for line in self.lines[told:]:
                yield line
            told = len(self.lines)
            await asyncio.sleep(0.1)

    async def start(self):
        self.lines = ()
        image = self.user_options.get("image", "")
        self.fault = name, argument = chosen_fault(os.environ["LIVE_FAULTS"], self.user.name, image)
        if name != "ok":
            self.log.warning("fault chosen for %s: %s %s", self.user.name, name, argument)
        if name == "raise":
            raise RuntimeError(argument or "simulated spawner failure: no nodes available")
        if name == "unschedulable":
            self.tell(10, "0/3 nodes are available: 3 Insufficient memory.", "Warning")
            await asyncio.sleep(3600)
        self.tell(10, f"Successfully assigned live/jupyter-{self.user.name} to localhost", "Normal")
        if name == "slow":
            self.tell(20, 'Pulling image "slow"', "Normal")
            await asyncio.sleep(float(argument or 10))
        self.tell(60, "Created container notebook", "Normal")
        self.port = self.port or random_port()
        self.cmd, self.args = self.command(name)
        where = await super().start()
        self.tell(80, "Started container notebook", "Normal")
        return where

    def command(self, fault):
        if fault == "never-ready":
            return ["sleep", "3600"], []
        if fault == "exit":
            return ["false"], []
        folder = Path(sys.executable).parent
        args = [
            "--allow-root",
            # Should all else fail: nobody's server stays for ever.
            "--ServerApp.shutdown_no_activity_timeout=900",
        ]
        token = self.user_options.get("token")
        if not token:
            return [str(folder / "jupyterhub-singleuser")], args
        return [str(folder / "jupyter-server")], [
            *args,
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url={self.server.base_url}",
            "--ServerApp.allow_origin=*",
            "--ServerApp.open_browser=False",
        ]

    def get_env(self):
        env = super().get_env()
        env["JUPYTERHUB_SINGLEUSER_APP"] = "jupyter_server.serverapp.ServerApp"
        # Not on the command line: what is secret does not belong into a process list.
        if self.user_options.get("token"):
            env["JUPYTER_TOKEN"] = self.user_options["token"]
        if self.fault[0] in ("dying-kernel", "hanging-kernel"):
            env["JUPYTER_PATH"] = str(self.kernels(self.fault[0]))
        return env

    def kernels(self, fault):
        """A folder whose `python3` kernel ends at once, or lives without a word."""
        folder = self.work / fault
        spec = folder / "kernels" / "python3" / "kernel.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        argv = ["false"] if fault == "dying-kernel" else ["sleep", "3600"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
        return folder

    async def stop(self, now=False):
        name, argument = self.fault
        if name == "slow-stop":
            await asyncio.sleep(float(argument or 10))
        await super().stop(now=now)
