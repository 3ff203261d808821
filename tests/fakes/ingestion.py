"""The ingestion endpoint of Application Insights, as far as Azure Monitor's exporters know it: `POST /v2.1/track`."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

INSTRUMENTATION_KEY = "6f1d3c52-8c2e-4f0e-9d7b-0a4f5b1c2d3e"


@dataclass(frozen=True, slots=True)
class Ingestion:
    """A running endpoint; `envelopes` is what it took so far, in the service's own form."""

    port: int
    envelopes: list[dict[str, Any]]

    @property
    def connection_string(self) -> str:
        """By which an exporter finds it."""
        return f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint=http://127.0.0.1:{self.port}/"

    def names(self, trace_id: str) -> set[str]:
        """Names of the dependencies and requests that belong to a trace."""
        mine = [one for one in list(self.envelopes) if one["tags"].get("ai.operation.id") == trace_id]
        return {one["data"]["baseData"]["name"] for one in mine if "name" in one["data"]["baseData"]}


@contextmanager
def running_ingestion() -> Iterator[Ingestion]:
    """Take telemetry on a free port of 127.0.0.1."""
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Ingestion(server.server_port, server.envelopes)
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Track)
        self.envelopes: list[dict[str, Any]] = []


class _Track(BaseHTTPRequestHandler):
    """Takes every envelope, as the service does when all are well formed."""

    def do_POST(self) -> None:
        """One batch: a JSON array of envelopes."""
        assert isinstance(self.server, _Server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        plain = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        envelopes = json.loads(plain)
        self.server.envelopes.extend(envelopes)
        count = len(envelopes)
        answer = json.dumps({"itemsReceived": count, "itemsAccepted": count, "errors": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""
