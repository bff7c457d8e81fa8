"""A Kubernetes API by kmock: its own objects, lists, watches and errors; here are only pages, logs and faults to order.

LIVE_CLUSTER: a file with the objects that are there at the start, by the path of their list:
    {"/api/v1/nodes": [...], "crowd": {"namespace": NS, "pods": N}}   (crowd: so many user pods more)
Objects may also be made, changed and removed by POST, PATCH and DELETE while it runs: kmock does that.

LIVE_CLUSTER_FAULTS: a file that is read again at each request; the first entry that fits counts:
    [{"path": PATTERN, "query": PATTERN, "times": N, FAULT}]
FAULT: "status" with "message" and "headers"; "body" (sent as it is); "wait" (seconds before anything);
"lines" (of a watch, sent one by one, and then the end). Every request is written to WORK/asked.txt.

kmock lists everything at once, whatever `limit` says, and gives every list the version `...`. Lists of pods are cut into
pages here, of the objects that kmock keeps. It ends no watch by itself, and cannot cut a body.
"""
import asyncio
import fnmatch
import json
import os
import re
from pathlib import Path

import kmock

WORK = Path(os.environ["LIVE_WORK"])
FAULTS = Path(os.environ["LIVE_CLUSTER_FAULTS"])
used = {}


def resource_of(path):
    """Group, version and kind of the objects behind the path of a list, and their namespace."""
    found = re.fullmatch(r"/(?:api|apis/([^/]+))/([^/]+)(?:/namespaces/([^/]+))?/([^/]+)", path)
    group, version, namespace, plural = found.groups()
    return kmock.resource(group=group or "", version=version, plural=plural), namespace


def crowd(namespace, pods):
    return [{
        "metadata": {
            "name": f"jupyter-{n}", "namespace": namespace, "uid": f"crowd-{n}", "creationTimestamp": "2025-01-01T00:00:00Z",
            "labels": {"component": "singleuser-server", "app": "jupyterhub"},
            "annotations": {"hub.jupyter.org/username": f"user-{n}", "filling": "x" * 1500},
        },
        "spec": {"nodeName": f"node-{n % 7}", "containers": [{"name": "notebook", "image": f"r.example.org/x{n % 50}:1"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    } for n in range(pods)]


def fault_of(request):
    try:
        faults = json.loads(FAULTS.read_text())
    except FileNotFoundError:
        return None
    for number, fault in enumerate(faults):
        key = (number, json.dumps(fault))
        fits = (fnmatch.fnmatch(request.url.path, fault.get("path", "*"))
                and fnmatch.fnmatch(request.url.query_string, fault.get("query", "*")))
        if fits and used.get(key, 0) < fault.get("times", 1 << 30):
            used[key] = used.get(key, 0) + 1
            return fault
    return None


async def told(lines):
    for line in lines:
        yield (json.dumps(line) + "\n").encode()


async def faults(request):
    fault = fault_of(request)
    if fault is None:
        raise NotImplementedError  # the next one answers
    await asyncio.sleep(fault.get("wait", 0))
    status, message = fault.get("status", 200), fault.get("message", "")
    if "lines" in fault:
        payload = told(fault["lines"])
    elif "body" in fault:
        payload = fault["body"].encode()
    elif "headers" in fault:
        payload = {"kind": "Status", "code": status, "message": message}
    elif status == 200:
        raise NotImplementedError  # only late
    else:
        raise kmock.KubernetesError(status=status, message=message)
    return kmock.Response(status=status, headers=fault.get("headers", {}), payload=payload)


def selector(text):
    """Labels as Kubernetes selects by them: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`."""
    tests = []
    for part in re.findall(r"(?:[^,(]|\([^)]*\))+", text):
        part = part.strip()
        if found := re.fullmatch(r"(\S+) (in|notin) \(([^)]*)\)", part):
            key, how, values = found.groups()
            values = {value.strip() for value in values.split(",")}
            tests.append(lambda labels, key=key, values=values, how=how: (labels.get(key) in values) == (how == "in"))
        elif "!=" in part:
            key, value = part.split("!=")
            tests.append(lambda labels, key=key, value=value: labels.get(key) != value)
        elif "=" in part:
            key, value = re.split("==?", part)
            tests.append(lambda labels, key=key, value=value: labels.get(key) == value)
        else:
            tests.append(lambda labels, part=part: (part.lstrip("!") in labels) != part.startswith("!"))
    return lambda labels: all(test(labels) for test in tests)


def pages(api):
    async def page(request):
        resource, namespace = resource_of(request.url.path)
        wanted = selector(request.params.get("labelSelector", ""))
        name = request.params.get("fieldSelector", "").removeprefix("metadata.name=")
        items = [each.raw for (of, where, _), each in api.objects.items()
                 if of == resource and where == namespace and not each.deleted]
        items = [each for each in items if not name or each["metadata"]["name"] == name]
        items = [each for each in items if wanted(each["metadata"].get("labels", {}))]
        begin = int(request.params.get("continue") or 0)
        end = begin + int(request.params.get("limit") or len(items) or 1)
        metadata = {"resourceVersion": "1000"}
        if end < len(items):
            metadata |= {"continue": str(end), "remainingItemCount": len(items) - end}
        return {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items[begin:end]}
    return page


def log(request):
    with open(WORK / "asked.txt", "a") as file:
        file.write(f"{request.method.value} {request.url.path_qs}\n")


async def main():
    class Api(kmock.KubernetesEmulator):
        async def _handle(self, request):
            log(request)
            return await super()._handle(request)

    async with Api() as api, kmock.Server(api, host="127.0.0.1", port=int(os.environ["LIVE_KUBERNETES_PORT"])):
        cluster = json.loads(Path(os.environ["LIVE_CLUSTER"]).read_text())
        many = cluster.pop("crowd", None)
        if many:
            cluster.setdefault(f"/api/v1/namespaces/{many['namespace']}/pods", []).extend(crowd(**many))
        for path, objects in cluster.items():
            resource, namespace = resource_of(path)
            api.resources[resource] = {}
            for each in objects:
                api.objects[resource, namespace, each["metadata"]["name"]] = each
        api["get", re.compile(r"/api.*")] << faults
        api["list", re.compile(r"/api/v1/.*/pods")] << pages(api)
        api["get", re.compile(r".*/pods/[^/]+/log")] << b"all is well\nexceeded quota: small\n"
        await asyncio.Event().wait()


asyncio.run(main())
