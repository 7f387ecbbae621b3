"""The messages of the Webex schemas, made from the project's `.proto` files: all that this client knows of the server.

Every schema gets a descriptor pool of its own, because two of them define `ErrorCode` with different values.
"""

import functools
import pathlib
import tempfile

import grpc_tools
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "Protos"
MEDIA = "com.cisco.wcc.ccai.media.v1"
HEALTH = "com.cisco.wcc.ccai.v1"


class Schema:
    """The messages and enums of one `.proto` file: `schema.VoiceVARequest`, `schema.value("DTMFDigits", "…")`."""

    def __init__(self, path):
        self.files = compile_schema(path)
        self.pool = descriptor_pool.DescriptorPool()
        for file in self.files.file:
            self.pool.Add(file)
        self.package = next(f.package for f in self.files.file if f.package.startswith(("com.cisco.", "patchbay.")))

    def __getattr__(self, name):
        try:
            descriptor = self.pool.FindMessageTypeByName(f"{self.package}.{name}")
        except KeyError:
            raise AttributeError(name) from None
        return message_factory.GetMessageClass(descriptor)


def compile_schema(path):
    """The descriptors of a `.proto` file and of all it imports."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "set"
        own = sorted({str(PROTOS), *(str(p.parent) for p in PROTOS.rglob("*.proto"))})
        theirs = str(pathlib.Path(grpc_tools.__file__).parent / "_proto")
        includes = [f"-I{folder}" for folder in [*own, theirs]]
        if protoc.main(["protoc", *includes, "--include_imports", f"--descriptor_set_out={out}", str(path)]):
            raise RuntimeError(f"{path} does not compile")
        return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())


@functools.cache
def schema_of(package, service):
    """The schema that defines a service."""
    for path in sorted(PROTOS.rglob("*.proto")):
        if f"service {service}" in path.read_text():
            schema = Schema(path)
            if any(f.package == package and s.name == service for f in schema.files.file for s in f.service):
                return schema
    raise LookupError(f"no .proto file in {PROTOS} defines {package}.{service}")


@functools.cache
def methods():
    """Every method of every schema, as a path."""
    files = [file for path in sorted(PROTOS.rglob("*.proto")) for file in compile_schema(path).file]
    return sorted({f"/{f.package}.{s.name}/{m.name}" for f in files for s in f.service for m in s.method})


voice = schema_of(MEDIA, "VoiceVirtualAgent")

PROCESS_CALLER_INPUT = f"/{MEDIA}.VoiceVirtualAgent/ProcessCallerInput"
LIST_VIRTUAL_AGENTS = f"/{MEDIA}.VoiceVirtualAgent/ListVirtualAgents"

# Numbers as Cisco's table gives them, written out rather than read from the project's files.
SESSION_START, SESSION_END, NO_INPUT, START_OF_DTMF, CUSTOM_EVENT = 1, 2, 3, 4, 5
LINEAR16, MULAW, ALAW = 1, 2, 3
FINAL, PARTIAL, CHUNK = 0, 1, 2
INPUT_VOICE, INPUT_EVENT_DTMF, INPUT_VOICE_DTMF = 1, 2, 3
KEYS = {key: number for number, key in enumerate("1234567890ABCD*#", start=1)}


class Event:
    """`OutputEvent.EventType`."""

    SESSION_END, TRANSFER_TO_AGENT, CUSTOM_EVENT, START_OF_INPUT, END_OF_INPUT, NO_MATCH, NO_INPUT = range(1, 8)
    TERMINAL = (SESSION_END, TRANSFER_TO_AGENT)
