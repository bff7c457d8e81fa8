#!/usr/bin/env python3
"""Starts one real server for the live tests and says when it answers: launch.py NAME [--work DIR] [--no-stdin]."""
import argparse
import json
import os
import random
import secrets
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

import supervise

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent.parent
VENV = TESTS / ".venv" / "bin"
KUBERNETES = TESTS / ".venv-kubernetes" / "bin"
OTLP = TESTS / ".venv-otlp" / "bin"
SYNAPSE = TESTS / ".venv-synapse" / "bin"
DEBIAN = TESTS / ".servers" / "debian" / "usr" / "bin"
NEWER = TESTS / ".servers" / "newer" / "usr" / "bin"
# Loopback only, whatever the environment says about proxies.
PLAIN = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port():
    """A port below the range from which the system takes ports for outgoing connections."""
    while True:
        port = random.randint(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def answers(url, below=500):
    try:
        with PLAIN.open(url, timeout=2) as reply:
            return reply.status < below
    except urllib.error.HTTPError as error:
        return error.code < below
    except (OSError, ValueError):
        return False


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Settings:
    """What a server is told by its environment; what nobody set is chosen here, once, and handed on in `env`."""

    def __init__(self, work):
        self.work = work
        self.env = {}

    def get(self, name, default):
        value = os.environ.get(name)
        if not value:
            value = str(default() if callable(default) else default)
        self.env[name] = value
        return value

    def port(self, name):
        return int(self.get(name, free_port))

    def token(self, name):
        return self.get(name, lambda: secrets.token_hex(16))


def people(below):
    """The user servers and their kernels by user: {"user:NAME": pid, "kernel:NAME": pid}."""
    users = {}
    for pid in below:
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        for word in words:
            if word.startswith("JUPYTERHUB_USER="):
                users[pid] = word.partition("=")[2]
    named = {}
    for pid, user in sorted(users.items()):
        parent = below[pid][0]
        if parent not in users:
            named[f"user:{user}"] = pid
        elif users[parent] == user:
            named[f"kernel:{user}"] = pid
    return named


def proxy(s):
    port, api = s.port("LIVE_PROXY_PORT"), s.port("LIVE_PROXY_API_PORT")
    child = {"CONFIGPROXY_AUTH_TOKEN": s.token("LIVE_PROXY_TOKEN")}
    command = [VENV / "configurable-http-proxy", "--ip", "127.0.0.1", "--port", port,
               "--api-ip", "127.0.0.1", "--api-port", api, "--log-level", "info"]
    facts = {"url": f"http://127.0.0.1:{port}/", "api_url": f"http://127.0.0.1:{api}/"}
    return command, child, lambda: facts if listens(port) and listens(api) else None, {}


def hub(s):
    port, front = s.port("LIVE_HUB_PORT"), s.port("LIVE_PROXY_PORT")
    s.port("LIVE_PROXY_API_PORT")
    for name in ("LIVE_PROXY_TOKEN", "LIVE_HUB_TOKEN", "LIVE_WATCH_TOKEN", "LIVE_BINDER_TOKEN", "LIVE_PAGES_TOKEN"):
        s.token(name)
    s.get("LIVE_PAGES_URL", "http://127.0.0.1:9/")
    faults = s.get("LIVE_FAULTS", s.work / "faults")
    (s.work / "home").mkdir(exist_ok=True)
    command = [VENV / "jupyterhub", "-f", HERE / "jupyterhub_config.py"]
    facts = {"url": f"http://127.0.0.1:{front}/", "hub_url": f"http://127.0.0.1:{port}/hub/", "faults": faults}

    def ready():
        # Also through the proxy: until its route is there nobody reaches the Hub.
        both = answers(f"{facts['hub_url']}api/health", 400) and answers(f"{facts['url']}hub/api/health", 400)
        return facts if both else None

    return command, {}, ready, {"people": people}


def binderhub(s):
    port = s.port("LIVE_BINDER_PORT")
    s.get("LIVE_HUB_URL", f"http://127.0.0.1:{s.port('LIVE_PROXY_PORT')}/")
    s.token("LIVE_BINDER_TOKEN")
    command = [VENV / "python", "-m", "binderhub", "-f", HERE / "binderhub_config.py"]
    facts = {"url": f"http://127.0.0.1:{port}/"}
    return command, {}, lambda: facts if answers(facts["url"] + "metrics", 400) else None, {}


def smtp(s):
    port = s.port("LIVE_SMTP_PORT")
    s.get("LIVE_SMTP_USER", "launchwatch")
    s.token("LIVE_SMTP_PASSWORD")
    facts = {
        "host": "localhost",
        "port": port,
        "tls": s.get("LIVE_SMTP_TLS", "starttls"),
        "ca": str(s.work / "ca.pem"),
        "mails": s.get("LIVE_SMTP_MAILS", s.work / "mails.jsonl"),
        "control": s.get("LIVE_SMTP_CONTROL", s.work / "smtp-control"),
    }
    return [VENV / "python", HERE / "smtp_server.py"], {}, lambda: facts if listens(port) else None, {}


def synapse(s):
    import matrix as homeserver

    command = homeserver.prepare(s, SYNAPSE / "python")
    return command, {}, lambda: homeserver.ready(s), {"timeout": 120.0}


def prometheus(s):
    port, target = s.port("LIVE_PROMETHEUS_PORT"), s.get("LIVE_SCRAPE_TARGET", "127.0.0.1:9")
    text = (HERE / "prometheus.yml").read_text()
    rules, path = s.get("LIVE_RULES", s.work / "no-rules"), s.get("LIVE_SCRAPE_PATH", "/metrics")
    told = s.get("LIVE_ALERTMANAGERS", "").split()
    values = {"TARGET": target, "PATH": path, "RULES": rules,
              "ALERTMANAGERS": told, "PREFIX": s.get("LIVE_ALERT_PREFIX", "/"),
              "WINDOW": s.get("LIVE_OUT_OF_ORDER", "0s")}
    for name, value in values.items():
        text = text.replace(f"@{name}@", json.dumps(value))
    config = s.work / "prometheus.yml"
    config.write_text(text)
    command = [DEBIAN / "prometheus", f"--config.file={config}", f"--storage.tsdb.path={s.work}/prometheus",
               f"--web.listen-address=127.0.0.1:{port}", "--web.enable-lifecycle", "--web.enable-remote-write-receiver"]
    facts = {"url": f"http://127.0.0.1:{port}/", "promtool": str(DEBIAN / "promtool")}
    return command, {}, lambda: facts if answers(facts["url"] + "-/ready", 400) else None, {}


def newer_victoria(s):
    """One that takes OTLP."""
    command, *rest = victoria(s)
    return [NEWER / "victoria-metrics", *command[1:]], *rest


def victoria(s):
    port = s.port("LIVE_VICTORIA_PORT")
    command = [DEBIAN / "victoria-metrics", f"-storageDataPath={s.work}/victoria", f"-httpListenAddr=127.0.0.1:{port}",
               "-retentionPeriod=10y", "-search.latencyOffset=0s", "-search.maxStalenessInterval=5m"]
    facts = {"url": f"http://127.0.0.1:{port}/"}
    return command, {}, lambda: facts if answers(facts["url"] + "health", 400) else None, {}


def otlp(s):
    port = s.port("LIVE_OTLP_PORT")
    facts = {"url": f"http://127.0.0.1:{port}/", "taken": str(s.work / "taken.jsonl")}
    return [OTLP / "python", HERE / "otlp_server.py"], {}, lambda: facts if answers(facts["url"], 400) else None, {}


def alertmanager(s):
    port, password = s.port("LIVE_ALERTMANAGER_PORT"), "a-password-of-the-live-tests"
    hook = s.get("LIVE_ALERT_HOOK", "http://127.0.0.1:9/")
    config = s.work / "alertmanager.yml"
    config.write_text((HERE / "alertmanager.yml").read_text().replace("@HOOK@", json.dumps(hook)))
    share = s.work / "share"
    if not share.is_symlink():
        share.symlink_to(DEBIAN.parent / "share" / "prometheus")  # where tests/setup made it look for its templates
    command = [DEBIAN / "prometheus-alertmanager", f"--config.file={config}", f"--storage.path={s.work}/alertmanager",
               f"--web.listen-address=127.0.0.1:{port}", f"--web.config.file={HERE}/alertmanager-web.yml",
               "--cluster.listen-address="]
    facts = {"url": f"http://127.0.0.1:{port}/", "user": "launchwatch", "password": password}
    # Without a user it only says that there is somebody.
    return command, {}, lambda: facts if listens(port) and answers(facts["url"] + "-/ready") else None, {}


def kubernetes(s):
    port = s.port("LIVE_KUBERNETES_PORT")
    s.get("LIVE_CLUSTER", s.work / "cluster.json")
    s.get("LIVE_CLUSTER_FAULTS", s.work / "cluster-faults.json")
    facts = {"url": f"http://127.0.0.1:{port}/", "asked": str(s.work / "asked.txt")}
    command = [KUBERNETES / "python", HERE / "kubernetes_api.py"]
    return command, {}, lambda: facts if answers(facts["url"] + "version", 400) else None, {}


SERVERS = {each.__name__: each
           for each in (proxy, hub, binderhub, smtp, synapse, prometheus, victoria,
                       newer_victoria, otlp, alertmanager, kubernetes)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=SERVERS)
    parser.add_argument("--work", type=Path, help="folder for all it writes; tests/.servers/work/NAME")
    parser.add_argument("--no-stdin", action="store_true", help="take no commands and do not leave at the end of stdin")
    options = parser.parse_args()
    work = (options.work or TESTS / ".servers" / "work" / options.name).resolve()
    work.mkdir(parents=True, exist_ok=True)
    settings = Settings(work)
    command, child, ready, more = SERVERS[options.name](settings)
    command = [str(word) for word in command]
    if not Path(command[0]).exists():
        supervise.say(event="failed", name=options.name, error=f"{command[0]} is missing: run tests/setup")
        return 1
    env = {**os.environ, **settings.env, **child, "LIVE_WORK": str(work), "PYTHONUNBUFFERED": "1"}
    os.chdir(work)
    server = supervise.Supervisor(
        options.name, command, env, str(work / f"{options.name}.log"),
        lambda: (facts := ready()) and {**facts, "work": str(work), "env": settings.env}, **more,
    )
    return server.run(stdin=not options.no_stdin)


if __name__ == "__main__":
    sys.exit(main())
