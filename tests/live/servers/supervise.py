"""Keeps one real server as a child process, obeys one-line commands on stdin, and leaves nothing behind.

Only the standard library is used, so that any Python runs it.
What it says on stdout is one JSON object a line; `event` tells which.
"""
import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time

SIGNALS = {
    "kill": signal.SIGKILL,
    "stop": signal.SIGSTOP,
    "cont": signal.SIGCONT,
    "term": signal.SIGTERM,
    "int": signal.SIGINT,
}
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None, use_errno=True)


def say(**event):
    print(json.dumps(event), flush=True)


def processes():
    """Every process by id: (parent, words of its command); those that end while we look are left out."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat") as file:
                # The command's name may hold blanks and brackets: count from the last bracket.
                parent = int(file.read().rpartition(")")[2].split()[1])
            with open(f"/proc/{name}/cmdline", "rb") as file:
                command = file.read().decode(errors="replace").split("\0")
        except (OSError, ValueError):
            continue
        found[int(name)] = (parent, [word for word in command if word])
    return found


def descendants():
    """The processes below this one, those included whose own parent was killed: they fall to us."""
    everybody, below, fresh = processes(), {}, {os.getpid()}
    while fresh:
        fresh = {pid for pid, (parent, _) in everybody.items() if parent in fresh and pid not in below}
        below.update({pid: everybody[pid] for pid in fresh})
    return below


class Supervisor:
    """One server: `command` starts it; `ready` returns what to print once it answers, None before."""

    def __init__(self, name, command, env, log, ready, timeout=60.0, people=None):
        self.name, self.command, self.env, self.log = name, command, env, log
        self.ready, self.timeout = ready, timeout
        # Names other processes that commands may be aimed at: {"user:NAME": pid}.
        self.people = people or (lambda below: {})
        self.child = None
        self.commands = queue.Queue()
        self.leaving = False

    def run(self, stdin=True):
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "leaving", True))
        if stdin:
            threading.Thread(target=self.listen, daemon=True).start()
        try:
            if not self.start():
                return 1
            while not self.leaving:
                self.reap()
                try:
                    self.obey(self.commands.get(timeout=0.05))
                except queue.Empty:
                    continue
            return 0
        finally:
            self.clean_up()

    def listen(self):
        """End of input means that whoever started us is gone, even when it was killed."""
        for line in sys.stdin:
            if line.strip():
                self.commands.put(line.split())
        self.leaving = True

    def start(self):
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                self.command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Should we be killed outright, the server must not stay.
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
            )
        while time.monotonic() - began < self.timeout and not self.leaving:
            self.reap()
            if self.child is None:
                say(event="failed", name=self.name, error="the server ended before it was ready", log=self.log)
                return False
            facts = self.ready()
            if facts is not None:
                seconds = round(time.monotonic() - began, 3)
                say(event="ready", name=self.name, pid=self.child.pid, launcher=os.getpid(),
                    seconds=seconds, log=self.log, **facts)
                return True
            time.sleep(0.03)
        say(event="failed", name=self.name, error=f"not ready within {self.timeout:g} s", log=self.log)
        return False

    def obey(self, words):
        verb, who = words[0], words[1] if len(words) > 1 else self.name
        if verb == "start":
            if self.child is not None:
                say(event="refused", command=" ".join(words), error="it is running")
            else:
                self.start()
        elif verb == "list":
            say(event="list", name=self.name, pid=self.child.pid if self.child else None,
                people=self.people(descendants()))
        elif verb in SIGNALS:
            pid = self.find(who)
            if pid is None:
                say(event="refused", command=" ".join(words), error=f"there is no {who}")
                return
            os.kill(pid, SIGNALS[verb])
            say(event="done", command=" ".join(words), pid=pid)
        else:
            say(event="refused", command=" ".join(words), error="unknown command")

    def find(self, who):
        if who == self.name:
            return self.child.pid if self.child else None
        return self.people(descendants()).get(who)

    def reap(self):
        """Also reaps what a killed server left to us: a zombie would look alive to a poll by its id."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self.child is not None and pid == self.child.pid:
                self.child.returncode = os.waitstatus_to_exitcode(status)
                say(event="ended", name=self.name, pid=pid, code=self.child.returncode)
                self.child = None

    def clean_up(self):
        """First the polite way for the server itself, then the hard one for everything below us."""
        if self.child is not None:
            os.kill(self.child.pid, signal.SIGTERM)
            os.kill(self.child.pid, signal.SIGCONT)
            deadline = time.monotonic() + 5
            while self.child is not None and time.monotonic() < deadline:
                self.reap()
                time.sleep(0.02)
        for _ in range(100):
            left = descendants()
            if not left:
                break
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)
            self.reap()
        say(event="gone", name=self.name)
