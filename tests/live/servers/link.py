"""Lines between network namespaces that lose and delay packets, and can be cut.

    link.py HUB NAME...

HUB and the NAMEs are network namespaces that are there already. Each NAME gets a line of its own to HUB: HUB has the
address 10.77.N.1 at the near end (N counts from 1), NAME 10.77.N.2 at the far end, and sends everything through it.

Says `ready` when all lines are up. Orders, one a line on stdin, NAME being a namespace or `all`:

    loss NAME SHARE          of packets, each way
    delay NAME MS JITTER     each way
    cut NAME | mend NAME

Each is answered with `done`. The end of stdin ends it, and the lines with it.
"""

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
LONGEST_QUEUE = 5_000

libc = ctypes.CDLL(None, use_errno=True)


def enter(fd):
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def tun(namespace, device, address):
    """A device in a namespace; the file keeps it wherever this process goes on."""
    with open(f"/var/run/netns/{namespace}") as there:
        enter(there.fileno())
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    ip = ["ip", "-n", namespace]
    subprocess.run(ip + ["addr", "add", address, "dev", device], check=True)
    subprocess.run(ip + ["link", "set", device, "up", "mtu", "1400"], check=True)
    return fd


class Line:
    def __init__(self, hub, name, number):
        self.name, self.loss, self.delay, self.jitter, self.is_cut = name, 0.0, 0.0, 0.0, False
        self.near = tun(hub, f"line{number}", f"10.77.{number}.1/30")
        self.far = tun(name, "line0", f"10.77.{number}.2/30")
        subprocess.run(["ip", "-n", name, "route", "add", "default", "dev", "line0"], check=True)


def main():
    random.seed(int(os.environ.get("LINK_SEED", "0")) or None)
    hub, names = sys.argv[1], sys.argv[2:]
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    lines = [Line(hub, name, number) for number, name in enumerate(names, 1)]
    enter(home)
    ends = {}
    for line in lines:
        ends[line.near] = (line, line.far)
        ends[line.far] = (line, line.near)
    print("ready", flush=True)
    queue, count, orders = [], 0, b""
    while True:
        wait = max(0.0, queue[0][0] - time.monotonic()) if queue else None
        readable, _, _ = select.select([0, *ends], [], [], wait)
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            _, _, line, to, packet = heapq.heappop(queue)
            if not line.is_cut:
                try:
                    os.write(to, packet)
                except OSError:
                    pass
        for fd in readable:
            if fd == 0:
                text = os.read(0, 4096)
                if not text:
                    return
                *whole, orders = (orders + text).split(b"\n")
                for order in whole:
                    obey(lines, order.decode().split())
                continue
            line, to = ends[fd]
            try:
                packet = os.read(fd, 65_536)
            except OSError:
                continue
            if line.is_cut or random.random() < line.loss or len(queue) > LONGEST_QUEUE:
                continue
            count += 1
            due = now + max(0.0, random.uniform(line.delay - line.jitter, line.delay + line.jitter)) / 1e3
            heapq.heappush(queue, (due, count, line, to, packet))


def obey(lines, words):
    what, name, *numbers = words
    for line in lines:
        if name not in (line.name, "all"):
            continue
        if what == "loss":
            line.loss = float(numbers[0])
        elif what == "delay":
            line.delay, line.jitter = float(numbers[0]), float(numbers[1])
        else:
            line.is_cut = {"cut": True, "mend": False}[what]
    print("done", flush=True)


if __name__ == "__main__":
    main()
