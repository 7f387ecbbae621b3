"""A receiver of traces: OTLP over HTTP in JSON, read strictly with OpenTelemetry's own schema."""

import base64
import http.server
import json
import re
import threading
import time

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}


def to_protobuf(value):
    """OTLP's JSON as protobuf's: ids are Base64 there and hexadecimal here."""
    if isinstance(value, list):
        return [to_protobuf(one) for one in value]
    if not isinstance(value, dict):
        return value
    changed = {}
    for key, one in value.items():
        if key in IDS:
            assert re.fullmatch(r"[0-9a-f]{%d}" % IDS[key], one), f"{key} is {one}"
            assert int(one, 16), f"{key} is 0"
            one = base64.b64encode(bytes.fromhex(one)).decode()
        elif key.endswith("UnixNano"):
            assert isinstance(one, str) and one.isdigit(), f"{key} is {one!r}"
        changed[key] = to_protobuf(one)
    return changed


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(one) for one in value.array_value.values]
    return getattr(value, kind)


class Span:
    def __init__(self, span, resource):
        self.resource = resource
        self.name, self.kind, self.status = span.name, span.kind, span.status.code
        self.trace, self.id, self.parent = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
        self.start, self.end = span.start_time_unix_nano / 1e9, span.end_time_unix_nano / 1e9
        self.attributes = {a.key: value_of(a.value) for a in span.attributes}

    @property
    def seconds(self):
        return self.end - self.start

    def __repr__(self):
        return f"<{self.name} {self.seconds:.3f} s {self.attributes}>"


class Receiver:
    """The receiver, at `url`; `answers` are the statuses of the next requests, then it accepts."""

    def __init__(self):
        self.spans, self.bodies, self.headers, self.answers = [], [], [], []
        self.rejected = 0
        self.delay = 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.headers.append(self.headers)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(receiver.delay)
                status = receiver.answers.pop(0) if receiver.answers else 200
                try:
                    if status == 200:
                        receiver.take(self.path, body)
                except Exception as fault:  # noqa: BLE001: whatever it is, the test is to see it
                    status = 400
                    receiver.faults.append(repr(fault))
                answer = {"partialSuccess": {"rejectedSpans": str(receiver.rejected)}} if receiver.rejected else {}
                text = json.dumps(answer).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def log_message(self, *_):
                pass

        self.faults = []
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1/traces"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def take(self, path, body):
        assert path == "/v1/traces", path
        request = json_format.ParseDict(to_protobuf(json.loads(body)), ExportTraceServiceRequest())
        self.bodies.append(body.decode())
        for resource in request.resource_spans:
            known = {a.key: value_of(a.value) for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [Span(span, known) for span in scope.spans]

    def of(self, name):
        return [span for span in self.spans if span.name == name]

    def conversation(self, conversation, seconds=10):
        """The spans of a conversation that is over, once they are here with those of its last RPC."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert not self.faults, self.faults
            for root in self.of("conversation"):
                if root.attributes["gen_ai.conversation.id"] == conversation:
                    time.sleep(2.5)  # an export later: an RPC's span may end after its conversation's
                    return [span for span in self.spans if span.trace == root.trace]
            time.sleep(0.05)
        raise AssertionError(f"no trace of {conversation} among {self.spans}")

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
