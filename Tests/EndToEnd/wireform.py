"""Protocol buffers by hand: what a well-behaved library would not write, and what it would not show."""


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number, wire_type):
    return varint(number << 3 | wire_type)


def field(number, payload):
    """A length-delimited field."""
    return tag(number, 2) + varint(len(payload)) + payload


def number(field_number, value):
    """A varint field."""
    return tag(field_number, 0) + varint(value)


def fields(message):
    """The top-level fields of a message as (number, wire type, value)."""
    at = 0

    def take_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = take_varint()
        wire_type = key & 7
        if wire_type == 0:
            value = take_varint()
        elif wire_type == 2:
            length = take_varint()
            value = message[at : at + length]
            at += length
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
            value = message[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {wire_type}")
        yield key >> 3, wire_type, value


def nested_struct(levels):
    """A `google.protobuf.Struct` that holds itself, so many levels deep."""
    value = field(3, b"x")  # Value.string_value
    struct = b""
    for _ in range(levels):
        struct = field(1, field(1, b"a") + field(2, value))  # Struct.fields entry {key, value}
        value = field(5, struct)  # Value.struct_value
    return struct
