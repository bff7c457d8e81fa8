"""BinderHub 0.1.0 for the live tests: the real handlers and launcher, without GitHub, Docker and Kubernetes.

What a repository `gh/OWNER/NAME/REF` does:
  any other           its image is there: launched at once (owner `fault`: see spawner.py)
  fresh/ANY           built first, once for each ref, then its image is there
  fault/build-failed  the build fails
  fault/build-hang    the build starts and says nothing more
  fault/github-500, fault/github-limit   the ref cannot be resolved
  missing/ANY         the ref does not exist
"""
import asyncio
import hashlib
import json
import os
import re
import sys
import time
from types import SimpleNamespace

import docker
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.web import HTTPError

from binderhub import builder, launcher
from binderhub.build import FakeBuild
from binderhub.repoproviders import GitHubRepoProvider

c = get_config()  # noqa: F821
work = os.environ["LIVE_WORK"]
step = float(os.environ.get("LIVE_BUILD_STEP", "0.3"))
launch_timeout = float(os.environ.get("LIVE_LAUNCH_TIMEOUT", "600"))
built = set()


class OfflineGitHub(GitHubRepoProvider):
    """Answers as GitHub would, from the names alone."""

    async def get_resolved_ref(self):
        if self.user == "missing":
            return None
        if (self.user, self.repo) == ("fault", "github-500"):
            raise ValueError("HTTP 500: Internal Server Error")
        if (self.user, self.repo) == ("fault", "github-limit"):
            raise ValueError("GitHub rate limit exceeded. Try again in 60 minutes.")
        if re.fullmatch(r"[0-9a-f]{40}", self.unresolved_ref):
            return self.unresolved_ref
        return hashlib.sha1(self.spec.encode()).hexdigest()


class Images:
    """The part of a Docker client that is asked whether an image is there."""

    def get(self, name):
        # The owner comes first in the image's name; what is not alphanumeric is escaped with its code.
        owner_repo = name.rpartition("/")[2]
        building = owner_repo.startswith(("binder-fresh-", "binder-fault-2dbuild-"))
        if building and name not in built:
            raise docker.errors.ImageNotFound(name)
        return name


class Build(FakeBuild):
    """Repo2docker's lines as they are in the logs of a real build pod, and an end, which FakeBuild never tells."""

    def submit(self):
        self.progress("pod.phasechange", "Pending")
        time.sleep(step)
        self.progress("pod.phasechange", "Running")

    def say(self, phase, message):
        time.sleep(step)
        line = {"message": message} if phase is None else {"phase": phase, "message": message}
        self.progress("log", json.dumps(line))

    def stream_logs(self):
        self.say(None, "Picked Git content provider.\n")
        self.say("fetching", f"Cloning into '/tmp/repo'...\nHEAD is now at {self.ref[:7]}\n")
        self.say("building", "Using PythonBuildPack builder\n")
        if self.repo_url.endswith("/fault/build-hang"):
            self.stop_event.wait()
            return
        self.say("building", "Step 1/3 : FROM buildpack-deps:bionic\r")
        if self.repo_url.endswith("/fault/build-failed"):
            self.say("failure", "The command '/bin/sh -c pip install' returned a non-zero code: 1\n")
            self.progress("pod.phasechange", "Failed")
            self.progress("pod.phasechange", "Deleted")
            return
        self.say("building", "Successfully built 0123456789ab\n")
        self.progress("pod.phasechange", "Succeeded")
        built.add(self.image_name)
        self.progress("pod.phasechange", "Deleted")


class Pods:
    """The part of a Kubernetes client that counts user servers for the quota: none, unless told otherwise."""

    def list_namespaced_pod(self, namespace, label_selector=None, **_):
        try:
            with open(os.path.join(work, "pods")) as file:
                images = file.read().split()
        except FileNotFoundError:
            images = []
        spec = [SimpleNamespace(spec=SimpleNamespace(containers=[SimpleNamespace(image=each)])) for each in images]
        return SimpleNamespace(items=spec)


class Launcher(launcher.Launcher):
    """The real one with a limit for one attempt, which this old version cannot be told."""

    async def launch(self, image, username, *args, **kwargs):
        try:
            return await asyncio.wait_for(super().launch(image, username, *args, **kwargs), launch_timeout)
        except asyncio.TimeoutError:
            raise HTTPError(500, f"Image {image} for user {username} took too long to launch") from None


def on_loopback(listen):
    return lambda self, port, address="", **more: listen(self, port, "127.0.0.1", **more)


HTTPServer.listen = on_loopback(HTTPServer.listen)
builder.FakeBuild = Build
docker.from_env = lambda *_, **__: SimpleNamespace(images=Images())
sys.modules["binderhub.app"].Launcher = Launcher
AsyncHTTPClient.configure(None, defaults={
    "connect_timeout": float(os.environ.get("LIVE_HUB_CALL_TIMEOUT", "20")),
    "request_timeout": float(os.environ.get("LIVE_HUB_CALL_TIMEOUT", "20")),
})

c.BinderHub.port = int(os.environ["LIVE_BINDER_PORT"])
c.BinderHub.hub_url = os.environ["LIVE_HUB_URL"]
c.BinderHub.hub_api_token = os.environ["LIVE_BINDER_TOKEN"]
c.BinderHub.use_registry = False
c.BinderHub.builder_required = False
c.BinderHub.docker_image_prefix = "registry.example/binder-"
c.BinderHub.per_repo_quota = int(os.environ.get("LIVE_REPO_QUOTA", "0"))
c.BinderHub.repo_providers = {"gh": OfflineGitHub}
c.BinderHub.tornado_settings = {"fake_build": True, "kubernetes_client": Pods()}
c.Launcher.retries = int(os.environ.get("LIVE_LAUNCH_RETRIES", "4"))
c.Launcher.retry_delay = int(os.environ.get("LIVE_RETRY_DELAY", "4"))
