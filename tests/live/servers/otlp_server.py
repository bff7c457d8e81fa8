#!/usr/bin/env python3
"""Takes metrics by OTLP over HTTP, decodes them with the protocol's own messages, and writes each number down as a line of JSON."""
import gzip
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA

TAKEN = Path(os.environ["LIVE_WORK"]) / "taken.jsonl"


def labels(point):
    return {a.key: a.value.string_value for a in point.attributes}


def numbers(metric):
    """Name, labels, time and value as Prometheus would tell them."""
    kind = metric.WhichOneof("data")
    data = getattr(metric, kind)
    if kind != "gauge":
        assert data.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA, metric
    for point in data.data_points:
        time, rest = divmod(point.time_unix_nano, 10**9)
        assert rest == 0, point
        if kind != "gauge":
            assert point.time_unix_nano - point.start_time_unix_nano == 60 * 10**9, point
        if kind != "histogram":
            assert point.WhichOneof("value") == "as_double", point
            assert kind == "gauge" or data.is_monotonic, metric
            yield metric.name, labels(point), time, point.as_double
            continue
        assert len(point.bucket_counts) == len(point.explicit_bounds) + 1, point
        assert sum(point.bucket_counts) == point.count, point
        below = 0
        for bound, count in zip([*point.explicit_bounds, None], point.bucket_counts):
            below += count
            le = "+Inf" if bound is None else format(bound, "g")
            yield metric.name + "_bucket", {**labels(point), "le": le}, time, below
        yield metric.name + "_sum", labels(point), time, point.sum
        yield metric.name + "_count", labels(point), time, point.count


class Receiver(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, b"here")

    def do_POST(self):
        assert self.headers["Content-Type"] == "application/x-protobuf"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        request = ExportMetricsServiceRequest.FromString(body)
        # What it does not know it would write again as well: so nothing was left over, and nothing left out.
        assert len(request.SerializeToString()) == len(body)
        lines = []
        for resource in request.resource_metrics:
            assert {"service.name"} <= {a.key for a in resource.resource.attributes}
            for scope in resource.scope_metrics:
                assert scope.scope.name == "launchwatch"
                for metric in scope.metrics:
                    for name, of, time, value in numbers(metric):
                        lines.append(json.dumps({"name": name, "labels": of, "time": time, "value": value}))
        with TAKEN.open("a") as file:
            file.write("".join(line + "\n" for line in lines))
        self.answer(200, ExportMetricsServiceResponse().SerializeToString())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        print(format % args, file=sys.stderr)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["LIVE_OTLP_PORT"])), Receiver).serve_forever()
