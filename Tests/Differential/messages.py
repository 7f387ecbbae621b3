#!/usr/bin/env python3
"""Writes requests, valid and damaged, with what PyPI's protobuf reads in each.

usage: messages.py COUNT FILE [SEED]     (needs the Python packages protobuf and grpcio-tools)

Then: DIFFERENTIAL_CASES=FILE swift test --filter WebexProtocolTests

A line is a request in hexadecimal, a tab and what it says, or "refused". The Swift test of the same name writes what
it reads in the same way.
"""
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def schema():
    """The Voice Virtual Agent's messages, generated on the spot."""
    folder = tempfile.mkdtemp()
    protos = ROOT / "Protos"
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", protos, f"--python_out={folder}"]
    subprocess.run([*command, protos / "voice_virtual_agent.proto"], check=True)
    sys.path.insert(0, folder)
    import voice_virtual_agent_pb2

    return voice_virtual_agent_pb2


def hexed(text):
    return text.encode().hex()


def described_value(value):
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return "d" + struct.pack(">d", value.number_value).hex()
    if kind == "string_value":
        return "s" + hexed(value.string_value)
    if kind == "bool_value":
        return "b1" if value.bool_value else "b0"
    if kind == "struct_value":
        return described_struct(value.struct_value)
    if kind == "list_value":
        return "[" + ",".join(described_value(v) for v in value.list_value.values) + "]"
    return "n"


def described_struct(struct_):
    return "{" + ",".join(sorted(hexed(k) + ":" + described_value(v) for k, v in struct_.fields.items())) + "}"


def described(request):
    parts = [
        hexed(request.conversation_id),
        hexed(request.customer_org_id),
        hexed(request.virtual_agent_id),
        str(int(request.allow_partial_responses)),
        hexed(request.vendor_specific_config),
        "{" + ",".join(sorted(hexed(k) + ":" + hexed(v) for k, v in request.additional_info.items())) + "}",
    ]
    kind = request.WhichOneof("voice_va_input_type")
    if kind == "audio_input":
        audio = request.audio_input
        single = int(audio.is_single_utterance)
        stated = [audio.caller_audio.hex(), audio.encoding, audio.sample_rate_hertz, hexed(audio.language_code), single]
        parts += ["audio", *map(str, stated)]
    elif kind == "dtmf_input":
        keys = [k for k in request.dtmf_input.dtmf_events if 1 <= k <= 16]
        unknown = len(request.dtmf_input.dtmf_events) - len(keys)
        parts += ["dtmf", ",".join(map(str, keys)), str(unknown)]
    elif kind == "event_input":
        event = request.event_input
        parts += ["event", str(event.event_type), hexed(event.name), described_struct(event.parameters)]
    else:
        parts += ["none"]
    return "|".join(parts)


def sets_entries_aside(message):
    """Whether a map entry with unknown fields was met. Python's protobuf takes the whole entry for unknown; protobuf's
    other implementations read its key and value, as we do."""
    from google.protobuf.unknown_fields import UnknownFieldSet

    entries = {"Struct": 1, "VoiceVARequest": 9}.get(message.DESCRIPTOR.name)
    if any(f.field_number == entries and f.wire_type == 2 for f in UnknownFieldSet(message)):
        return True
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].type != field.TYPE_MESSAGE:
                continue
            inner = value.values()
        else:
            inner = value if field.is_repeated else [value]
        if any(sets_entries_aside(i) for i in inner):
            return True
    return False


class Cases:
    def __init__(self, pb, seed):
        self.pb, self.random = pb, random.Random(seed)

    def text(self, limit=12):
        plain = "abcdefgh0123456789-_"
        letters = self.random.choices([plain, plain + " äß世👋", plain + "ä\n\x7f\x00"], [20, 20, 1])[0]
        return "".join(self.random.choice(letters) for _ in range(self.random.randint(0, limit)))

    def value(self, depth):
        value = self.pb.google_dot_protobuf_dot_struct__pb2.Value()
        kind = self.random.randint(0, 6 if depth < 5 else 4)
        if kind == 1:
            value.null_value = 0
        elif kind == 2:
            value.number_value = self.random.choice([0.0, -0.0, 1.5, float("inf"), float("nan"), 1e300])
        elif kind == 3:
            value.string_value = self.text()
        elif kind == 4:
            value.bool_value = self.random.random() < 0.5
        elif kind == 5:
            value.struct_value.CopyFrom(self.struct(depth + 1))
        elif kind == 6:
            value.list_value.values.extend(self.value(depth + 1) for _ in range(self.random.randint(0, 3)))
        return value

    def struct(self, depth=1):
        result = self.pb.google_dot_protobuf_dot_struct__pb2.Struct()
        for _ in range(self.random.randint(0, 3)):
            result.fields[self.text(4)].CopyFrom(self.value(depth))
        return result

    def request(self):
        random, request = self.random, self.pb.VoiceVARequest()
        if random.random() < 0.8:
            request.conversation_id, request.customer_org_id = self.text(20), self.text(36)
        if random.random() < 0.3:
            request.virtual_agent_id, request.vendor_specific_config = self.text(), self.text(40)
        request.allow_partial_responses = random.random() < 0.3
        for _ in range(random.choice([0, 0, 1, 3])):
            request.additional_info[self.text(5)] = self.text()
        kind = random.randint(0, 3)
        if kind == 1:
            request.audio_input.caller_audio = random.randbytes(random.choice([0, 1, 15, 40]))
            request.audio_input.encoding = random.choices([0, 1, 2, 3, 4], [5, 5, 10, 5, 1])[0]
            request.audio_input.sample_rate_hertz = random.choice([0, 8000, 16000, -1, 2**31 - 1])
            request.audio_input.language_code = self.text(5)
            request.audio_input.is_single_utterance = random.random() < 0.2
            if random.random() < 0.2:
                request.audio_input.audio_timestamp.seconds = random.choice([0, -1, 2**62])
                request.audio_input.audio_timestamp.nanos = random.choice([0, 10**9, -5])
        elif kind == 2:
            request.dtmf_input.SetInParent()
            request.dtmf_input.dtmf_events.extend(random.randint(0, 18) for _ in range(random.randint(0, 12)))
        elif kind == 3:
            request.event_input.event_type = random.choice([0, 1, 2, 3, 4, 5, 6, -1, 2**31 - 1])
            request.event_input.name = self.text()
            if random.random() < 0.7:
                request.event_input.parameters.CopyFrom(self.struct())
        return request

    def varint(self, value):
        out = bytearray()
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        padding = self.random.choice([0] * 12 + [1, 3, 9])
        if not padding:
            return bytes(out + bytes([value]))
        return bytes(out) + bytes([value | 0x80]) + b"\x80" * (padding - 1) + b"\x00"

    def field(self):
        """A field of any number and wire type."""
        random = self.random
        number = random.choice([1, 2, 4, 6, 7, 8, 9, 10, 15, 16, 100, 2**29 - 1])
        wire_type = random.choice([0, 0, 1, 2, 2, 2, 5])
        value = {
            0: lambda: self.varint(random.choice([0, 1, 2, 5, 300, 2**32, 2**64 - 1])),
            1: lambda: random.randbytes(8),
            2: lambda: self.delimited(),
            5: lambda: random.randbytes(4),
        }[wire_type]()
        return self.varint(number << 3 | wire_type) + value

    def delimited(self):
        inner = self.random.choice([self.field, lambda: self.random.randbytes(3), lambda: b"", lambda: b"\x08\x01"])()
        return self.varint(len(inner)) + inner

    def damaged(self, data):
        random, data = self.random, bytearray(data)
        for _ in range(random.choice([1, 1, 1, 2, 3])):
            kind = random.randint(0, 8)
            at = random.randrange(len(data)) if data else 0
            if kind == 0 and data:
                data[at] ^= 1 << random.randint(0, 7)
            elif kind == 1 and data:
                data[at] = random.choice([0, 1, 0x7F, 0x80, 0xC2, 0xFF])
            elif kind == 2 and data:
                del data[at : at + random.randint(1, 3)]
            elif kind == 3:
                data[at:at] = random.randbytes(random.randint(1, 2))
            elif kind == 4:
                data += self.request().SerializeToString()
            elif kind == 5:
                data += self.field()
            elif kind == 6:
                data[0:0] = self.field()
            elif kind == 7:
                # Inside the input, twice.
                number = random.choice([6, 7, 8])
                for _ in range(2):
                    inner = self.field() + self.field()
                    data += self.varint(number << 3 | 2) + self.varint(len(inner)) + inner
            elif kind == 8:
                data = data[:at]
        return bytes(data)

    def case(self):
        data = self.request().SerializeToString()
        return self.damaged(data) if self.random.random() < 0.8 else data


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    pb = schema()
    from google.protobuf.message import DecodeError

    cases = Cases(pb, int(sys.argv[3]) if len(sys.argv) == 4 else 1)
    written = refused = left_out = 0
    with open(sys.argv[2], "w") as out:
        while written < int(sys.argv[1]):
            data = cases.case()
            try:
                request = pb.VoiceVARequest.FromString(data)
                if sets_entries_aside(request):
                    left_out += 1
                    continue
                said = described(request)
            except DecodeError:
                said, refused = "refused", refused + 1
            out.write(f"{data.hex()}\t{said}\n")
            written += 1
    print(f"{written} requests, of which protobuf refuses {refused}; {left_out} with odd map entries left out")


main()
