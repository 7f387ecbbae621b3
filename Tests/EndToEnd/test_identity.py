"""Section 1 of the safety requirements: every bad token is refused with the same words, before a message is read."""

import base64
import hmac
import json
import time

import grpc
import pytest
import yaml
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from caller import Caller
from conftest import TENANT_A, TENANT_B, configuration
from gateway import run
from issuer import FORKING_SCHEMA, Issuer, base64url, compact_json, jwk, new_key, public_pem, sign
from schemas import LIST_VIRTUAL_AGENTS, PROCESS_CALLER_INPUT, SESSION_START, methods, voice

NOW = int(time.time())
HEAD = b'{"kid":"key-1","typ":"JWT","alg":"RS256"}'



def signed_by(issuer, algorithm, header=None):
    """A token whose header names an algorithm, signed with just that."""
    head = compact_json({"kid": "key-1", "typ": "JWT", "alg": algorithm} | (header or {}))
    signing_input = f"{base64url(head)}.{base64url(compact_json(issuer.claims(TENANT_A)))}".encode()
    if algorithm == "HS256":
        signature = hmac.digest(public_pem(issuer.key), signing_input, "sha256")
    elif algorithm == "RS384":
        signature = issuer.key.sign(signing_input, padding.PKCS1v15(), hashes.SHA384())
    elif algorithm == "PS256":
        signature = issuer.key.sign(
            signing_input, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    elif algorithm == "ES256":
        r, s = decode_dss_signature(ec.generate_private_key(ec.SECP256R1()).sign(
            signing_input, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    else:
        signature = sign(signing_input, issuer.key)
    return f"{signing_input.decode()}.{base64url(signature)}"


def parts(issuer, change):
    """The three segments of a good token, changed."""
    return ".".join(change(*issuer.token(TENANT_A).split(".")))


def payload(issuer, text):
    """A truly signed token over any payload."""
    return issuer.signed(HEAD, text)


def claims_text(issuer, **changes):
    return compact_json(issuer.claims(TENANT_A, **changes))


def with_signature(issuer, change):
    head, body, signature = issuer.token(TENANT_A).split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    return f"{head}.{body}.{base64url(change(raw))}"


def modulus(issuer):
    return issuer.key.public_key().public_numbers().n.to_bytes(256, "big")


def trailing_bits(segment):
    """The same bytes in base64url, but with a bit set that no byte has."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(segment) % 4 == 2, "256 bytes end in a segment with four spare bits"
    return segment[:-1] + alphabet[alphabet.index(segment[-1]) + 1]


def without(name):
    return lambda i: i.token(TENANT_A, **{name: None})


def claim(name, value):
    return lambda i: i.token(TENANT_A, **{name: value})


def header(**members):
    return lambda i: i.token(TENANT_A, header=members)


def json_serialization(i):
    head, body, signature = i.token(TENANT_A).split(".")
    return json.dumps({"protected": head, "payload": body, "signature": signature})


attacker = new_key("attacker")

# Name, what it shows, and how it is made. A list of values is a list of `authorization` entries.
BAD = {
    # The envelope
    "none at all": ("J1", lambda i: []),
    "empty": ("J1", lambda i: ""),
    "two values": ("J1", lambda i: [i.token(TENANT_A), i.token(TENANT_A)]),
    "a good and a bad value": ("J1", lambda i: [i.token(TENANT_A), "x"]),
    "scheme alone": ("J1", lambda i: "Bearer"),
    "two spaces": ("J1", lambda i: "Bearer  " + i.token(TENANT_A)),
    "another scheme": ("J1", lambda i: "Basic " + i.token(TENANT_A)),
    "two tokens in a value": ("J1", lambda i: f"Bearer {i.token(TENANT_A)},{i.token(TENANT_A)}"),
    "8,193 bytes": ("J2", lambda i: i.token(TENANT_A, padding="x" * 6000)[:8193].ljust(8193, "A")),
    "payload over 4 KB": ("J2", lambda i: i.token(TENANT_A, padding="x" * 4200)),
    "header over 1 KB": ("J2", header(padding="x" * 1100)),
    "two segments": ("J3", lambda i: parts(i, lambda h, p, s: (h, p))),
    "four segments": ("J3", lambda i: parts(i, lambda h, p, s: (h, p, s, s))),
    "five segments": ("J3", lambda i: parts(i, lambda h, p, s: (h, "", p, s, s))),
    "an empty signature": ("J3", lambda i: parts(i, lambda h, p, s: (h, p, ""))),
    "an empty payload": ("J3", lambda i: parts(i, lambda h, p, s: (h, "", s))),
    "JSON serialization": ("J3", json_serialization),
    "base64 padding": ("J4", lambda i: parts(i, lambda h, p, s: (h, p, s + "=="))),
    "the other base64": ("J4", lambda i: parts(i, lambda h, p, s: (h, p, s.translate(str.maketrans("-_", "+/"))))),
    "a space within": ("J4", lambda i: parts(i, lambda h, p, s: (h, p[:20] + " " + p[20:], s))),
    "trailing bits": ("J4", lambda i: parts(i, lambda h, p, s: (h, p, trailing_bits(s)))),
    "a header that is no JSON": ("J5", lambda i: i.signed(b"kid", claims_text(i))),
    "a payload that is no object": ("J5", lambda i: payload(i, b'["iss"]')),
    "a header member twice": ("J5", lambda i: i.signed(b'{"alg":"RS256",' + HEAD[1:], claims_text(i))),
    "a claim twice": ("J5", lambda i: payload(i, b'{"sub":"callAudioData",' + claims_text(i)[1:])),
    "bytes after the payload": ("J5", lambda i: payload(i, claims_text(i) + b" {}")),
    "invalid UTF-8": ("J5", lambda i: payload(i, claims_text(i)[:-1] + b',"x":"\xff"}')),
    "an unpaired surrogate": ("J5", lambda i: payload(i, claims_text(i)[:-1] + b',"x":"\\ud800"}')),
    "nine levels of claims": ("J5", lambda i: payload(i, claims_text(i)[:-1] + b',"x":' + b"[" * 9 + b"]" * 9 + b"}")),
    # The header
    "alg none": ("J6", lambda i: signed_by(i, "none")),
    "alg nOnE": ("J6", lambda i: signed_by(i, "nOnE")),
    "alg rs256": ("J6", lambda i: signed_by(i, "rs256")),
    "alg absent": ("J6", header(alg=None)),
    "HS256 with the public key": ("J6", lambda i: signed_by(i, "HS256")),
    "RS384": ("J6", lambda i: signed_by(i, "RS384")),
    "PS256": ("J6", lambda i: signed_by(i, "PS256")),
    "ES256": ("J6", lambda i: signed_by(i, "ES256")),
    "typ at+jwt": ("J7", header(typ="at+jwt")),
    "typ JWE": ("J7", header(typ="JWE")),
    "crit": ("J8", header(crit=["exp"])),
    "b64": ("J8", header(b64=False)),
    "zip": ("J8", header(zip="DEF")),
    "a key in the header": ("J8", lambda i: i.token(TENANT_A, header={"jwk": jwk("key-1", attacker)}, key=attacker)),
    "kid absent": ("J9", header(kid=None)),
    "kid a number": ("J9", header(kid=1)),
    "kid a path": ("J9", header(kid="../../dev/null")),
    "kid SQL": ("J9", header(kid="' or 1=1")),
    "kid of 129 characters": ("J9", header(kid="k" * 129)),
    "kid unknown": ("J10", header(kid="key-3")),
    "kid of another key": ("J10", header(kid="key-2")),
    # The signature
    "another's key": ("J12", lambda i: i.token(TENANT_A, key=attacker)),
    "signature one byte longer": ("J12", lambda i: with_signature(i, lambda s: s + b"\x00")),
    "signature one byte shorter": ("J12", lambda i: with_signature(i, lambda s: s[:-1])),
    "signature zero": ("J12", lambda i: with_signature(i, lambda s: bytes(256))),
    "signature the modulus": ("J12", lambda i: with_signature(i, lambda s: modulus(i))),
    "signature with a bit flipped": ("J12", lambda i: with_signature(i, lambda s: s[:-1] + bytes([s[-1] ^ 1]))),
    "payload changed": ("J12", lambda i: parts(i, lambda h, p, s: (h, base64url(claims_text(i, jti="x")), s))),
    # The claims
    "another issuer": ("J13", claim("iss", "https://idbroker.example.org/idb")),
    "issuer with a slash": ("J13", claim("iss", "https://issuer.example.com/idb/")),
    "issuer in upper case": ("J13", claim("iss", "https://ISSUER.example.com/idb")),
    "issuer with a port": ("J13", claim("iss", "https://issuer.example.com:443/idb")),
    "issuer a list": ("J13", claim("iss", ["https://issuer.example.com/idb"])),
    "issuer absent": ("J13", without("iss")),
    "exp absent": ("J14", without("exp")),
    "iat absent": ("J14", without("iat")),
    "exp a string": ("J14", lambda i: i.token(TENANT_A, exp=str(int(time.time()) + 600))),
    "exp just over 2^53": ("J14", lambda i: payload(i, claims_text(i, exp=4242).replace(b"4242", b"9007199254740992.5"))),
    "exp with a fraction, ended": ("J15", lambda i: i.token(TENANT_A, exp=int(time.time()) - 31.5)),
    "exp huge": ("J14", lambda i: payload(i, claims_text(i, exp=4242).replace(b"4242", b"1e400"))),
    "exp negative": ("J14", claim("exp", -1)),
    "exp true": ("J14", claim("exp", True)),
    "expired": ("J15", lambda i: i.token(TENANT_A, iat=int(time.time()) - 600, exp=int(time.time()) - 32)),
    "issued in the future": ("J15", lambda i: i.token(TENANT_A, iat=int(time.time()) + 60)),
    "not yet valid": ("J15", lambda i: i.token(TENANT_A, nbf=int(time.time()) + 60)),
    "valid for ten years": ("J16", lambda i: i.token(TENANT_A, exp=int(time.time()) + 315_360_000)),
    "expired before it was issued": ("J16", lambda i: i.token(TENANT_A, exp=int(time.time()) - 5)),
    "aud absent": ("J17", without("aud")),
    "aud empty": ("J17", claim("aud", "")),
    "another aud": ("J17", claim("aud", "someone-else")),
    "nine audiences": ("J17", claim("aud", ["patchbay-tests"] * 9)),
    "sub absent": ("J17", without("sub")),
    "another sub": ("J17", claim("sub", "someone-else")),
    "jti absent": ("J17", without("jti")),
    "another nonce": ("J17", claim("jti", "an older nonce")),
    "org absent": ("J17", without("com.cisco.org.uuid")),
    "org that is no UUID": ("J17", claim("com.cisco.org.uuid", "alpha")),
    "org that is no tenant": ("J17", claim("com.cisco.org.uuid", "33333333-cccc-4333-8333-333333333333")),
    "url absent": ("J17", without("com.cisco.datasource.url")),
    "url without its port": ("J17", claim("com.cisco.datasource.url", "https://voice.alpha.example.com")),
    "another tenant's url": ("J17", claim("com.cisco.datasource.url", TENANT_B["url"])),
    "schema absent": ("J17", without("com.cisco.datasource.schema.uuid")),
    "another schema": ("J17", claim("com.cisco.datasource.schema.uuid", FORKING_SCHEMA)),
    "a claim of 513 bytes": ("J17", claim("sub", "s" * 513)),
}


def knock(channel, values):
    """Opens an RPC and sends nothing; the server has to refuse it all the same."""
    values = [values] if isinstance(values, str) else values
    metadata = [("authorization", value) for value in values]
    interaction = Caller(channel, None, TENANT_A["org"], metadata=metadata).open(half_close=False)
    interaction.done.wait(5)
    return interaction


@pytest.fixture(scope="module")
def the_text(plain_gateway):
    """The one text of every refusal."""
    with plain_gateway.channel() as channel:
        return knock(channel, []).call.details()


@pytest.mark.parametrize("name", BAD)
def test_bad_tokens(channel, issuer, the_text, name):
    """J1-J17, J28: UNAUTHENTICATED, one fixed text, before a message is read."""
    rule, make = BAD[name]
    refused = knock(channel, make(issuer))
    assert refused.code is grpc.StatusCode.UNAUTHENTICATED, f"{rule}: {name}: {refused.code}"
    assert refused.call.details() == the_text, f"J28: {name}"
    assert refused.replies == []


def test_there_are_many_bad_tokens():
    """Forty-odd at least."""
    assert len(BAD) >= 40


def test_the_good_token_is_accepted(channel, issuer):
    """Nothing but the changes above makes the difference; with either key and with a list of audiences."""
    good = [
        issuer.token(TENANT_A), issuer.token(TENANT_A, key=new_key("second"), kid="key-2"),
        issuer.token(TENANT_A, aud=["other", "patchbay-tests"]), issuer.token(TENANT_A, header={"typ": None}),
        issuer.token(TENANT_A, header={"typ": "jwt"}), issuer.token(TENANT_A, exp=int(time.time()) + 86_400),
        issuer.token(TENANT_A, nbf=int(time.time()) - 5), issuer.token(TENANT_A, iat=int(time.time()) + 20),
        issuer.token(TENANT_A, iat=int(time.time()) - 900, exp=int(time.time()) - 20), issuer.token(TENANT_A, more=[1]),
    ]
    for token in good:
        caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
        caller.start()
        caller.hang_up()


def test_a_key_address_in_a_token_is_never_fetched(channel, issuer):
    """J8: `jku` and `x5u` are refused and their host is not asked."""
    bait = Issuer("https://bait.example.com")
    try:
        for member in ("jku", "x5u"):
            refused = knock(channel, issuer.token(TENANT_A, header={member: bait.keys_url}, key=attacker))
            assert refused.code is grpc.StatusCode.UNAUTHENTICATED
        assert bait.requests == []
    finally:
        bait.close()


def test_unknown_keys_do_not_flood_the_issuer(channel, issuer):
    """J22: unknown kids cause one fetch at most in thirty seconds."""
    knock(channel, issuer.token(TENANT_A, kid="unknown-first"))
    before = len(issuer.requests)
    for n in range(100):
        assert knock(channel, issuer.token(TENANT_A, kid=f"unknown-{n}")).code is grpc.StatusCode.UNAUTHENTICATED
    assert len(issuer.requests) - before <= 1


def raw_rpc(gateway, authorizations):
    """The status of an RPC whose header block is written by hand: HTTP/2 without gRPC's client."""
    import socket

    import h2.config
    import h2.connection
    import h2.events

    host, port = gateway.address.rsplit(":", 1)
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        connection.initiate_connection()
        connection.send_headers(1, [
            (":method", "POST"), (":scheme", "http"), (":path", LIST_VIRTUAL_AGENTS), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
            *(("authorization", value) for value in authorizations)])
        connection.send_data(1, bytes(5), end_stream=True)
        wire.sendall(connection.data_to_send())
        fields = {}
        while "grpc-status" not in fields:
            data = wire.recv(65_536)
            assert data, f"the connection was closed after {fields}"
            for event in connection.receive_data(data):
                fields |= dict(getattr(event, "headers", None) or {})
            wire.sendall(connection.data_to_send())
    return int(fields["grpc-status"]), fields.get("grpc-message", "")


def test_two_authorization_headers(gateway, issuer, the_text):
    """J1: exactly one value: two are refused, equal ones and joined ones too, whatever the client library would do."""
    token, other = issuer.token(TENANT_A), issuer.token(TENANT_B, aud="x")
    unauthenticated = grpc.StatusCode.UNAUTHENTICATED.value[0]
    for values in ([token, token], [token, other], [f"Bearer {token}", token], ["", token], [f"{token}, {token}"],
                   [f"{token},{token}"], []):
        assert raw_rpc(gateway, values) == (unauthenticated, the_text), f"J1: {len(values)} values"
    for value in (token, f"Bearer {token}", f"bEaReR {token}"):
        assert raw_rpc(gateway, [value])[0] != unauthenticated


def test_nothing_beside_the_schemas_is_open(channel, the_text):
    """J30: reflection, channelz and the like are refused or not there; the two health services alone are open."""
    for method in ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                   "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                   "/grpc.channelz.v1.Channelz/GetServers", "/grpc.testing.TestService/EmptyCall", "/", "/x/y"):
        call = channel.stream_stream(method, bytes, bytes)(iter([b""]), timeout=5)
        with pytest.raises(grpc.RpcError) as refusal:
            next(call)
        code = refusal.value.code()
        assert code is grpc.StatusCode.UNIMPLEMENTED or (
            code is grpc.StatusCode.UNAUTHENTICATED and refusal.value.details() == the_text), f"{method}: {code}"
    for service in ("grpc.health.v1.Health", "com.cisco.wcc.ccai.v1.Health"):
        assert channel.unary_unary(f"/{service}/Check", bytes, bytes)(b"", timeout=5)


@pytest.mark.parametrize("switch", ["enforce: false", "verify: false", "insecure: true", "authentication: none"])
def test_the_gate_has_no_switch(tmp_path, issuer, switch):
    """J30: no key of the configuration opens the gate."""
    text = yaml.safe_dump(configuration(issuer))
    file = tmp_path / "configuration.yaml"
    file.write_text(text.replace("identity:\n", f"identity:\n  {switch}\n", 1))
    refused = run("config", "check", "--config", file)
    assert refused.returncode == 78 and switch.split(":")[0] in refused.stderr + refused.stdout


SERVED = {PROCESS_CALLER_INPUT, LIST_VIRTUAL_AGENTS}
OPEN = ("/grpc.health.v1.Health/", "/com.cisco.wcc.ccai.v1.Health/")


@pytest.mark.parametrize("method", [m for m in methods() if not m.startswith(OPEN)])
def test_every_method_passes_the_gate(channel, the_text, method):
    """J30: whatever the schemas define is refused without a token, in the same words, or not there at all."""
    call = channel.stream_stream(method, bytes, bytes)(iter([b""]), timeout=5)
    with pytest.raises(grpc.RpcError) as refusal:
        next(call)
    code, details = refusal.value.code(), refusal.value.details()
    if method in SERVED or code is not grpc.StatusCode.UNIMPLEMENTED:
        assert code is grpc.StatusCode.UNAUTHENTICATED and details == the_text


def test_the_schemas_have_the_served_methods():
    """What is served is in the schemas."""
    assert SERVED <= set(methods())


def test_times_with_fractions(channel, issuer):
    """J14: exp and iat may have fractions, as RFC 7519 allows."""
    now = time.time()
    token = issuer.token(TENANT_A, iat=int(now) - 10.25, nbf=int(now) - 10.75, exp=int(now) + 600.5)
    call = channel.unary_unary(LIST_VIRTUAL_AGENTS, voice.ListVARequest.SerializeToString, bytes)
    call(voice.ListVARequest(customer_org_id=TENANT_A["org"]), metadata=(("authorization", token),), timeout=5)


def test_the_list_passes_the_gate(channel, the_text):
    """J30: ListVirtualAgents too."""
    call = channel.unary_unary(LIST_VIRTUAL_AGENTS, voice.ListVARequest.SerializeToString, bytes)
    with pytest.raises(grpc.RpcError) as refusal:
        call(voice.ListVARequest(customer_org_id=TENANT_A["org"]), timeout=5)
    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert refusal.value.details() == the_text


def test_a_token_that_expires_during_a_call(channel, issuer):
    """J26: the call that was accepted goes on, a new RPC is refused."""
    token = issuer.token(TENANT_A, iat=int(time.time()) - 100, exp=int(time.time()) - 30 + 3)
    caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
    caller.start()
    line = caller.listen()
    time.sleep(4.5)
    assert not line.done.is_set(), f"{line.code}"
    refused = caller.event(SESSION_START)
    refused.done.wait(5)
    assert refused.code is grpc.StatusCode.UNAUTHENTICATED
    line.half_close().wait()
