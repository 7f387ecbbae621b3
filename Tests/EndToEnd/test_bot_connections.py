"""How a bot that speaks gRPC is reached: what it sees of the connection, and what its author is told where there is none."""

import contextlib
import datetime
import pathlib
import socket
import ssl
import threading
import time

import grpc
import h2.config
import h2.connection
import h2.events
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import bots
from caller import Caller
from conftest import TENANT_A, agent
from schemas import SESSION_START, Event
from speech import likeness, prompt


def certificate(name, days, folder):
    """A key and a certificate of its own that is valid until so many days from now, as PEM; and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(until - datetime.timedelta(days=30))
        .not_valid_after(until).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    chain = made.public_bytes(serialization.Encoding.PEM)
    file = folder / f"{name}.pem"
    file.write_bytes(chain)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form), chain, str(file)


@contextlib.contextmanager
def answering(words):
    """A server that answers whatever it hears with the same words, and closes."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    with contextlib.suppress(OSError), connection:
                        connection.recv(4096)
                        connection.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def reason(own_gateway, token, engine):
    """What the log says of a call on a bot; the caller is handed over."""
    gateway = own_gateway(agents=[
        agent("bot", "wav", {"kind": "grpc", "timeouts": {"connect": "500ms"}} | engine, default=True)])
    with gateway.channel() as channel:
        answer = Caller(channel, token, TENANT_A["org"], "bot").event(SESSION_START).wait(15)
        assert answer.event.event_type == Event.TRANSFER_TO_AGENT
    return next(line for line in gateway.log.splitlines() if "the bot failed" in line)


def test_nobody_listens(own_gateway, token):
    port = bots.closed_port()
    told = reason(own_gateway, token, {"url": f"http://127.0.0.1:{port}"})
    assert f"unreachable: 127.0.0.1:{port} refuses the connection" in told
    assert "no-such-host.invalid has no address" in reason(
        own_gateway, token, {"url": "https://no-such-host.invalid:443"})


def test_something_else_listens(own_gateway, token):
    with answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as port:
        assert "unreachable: it does not speak HTTP/2" in reason(
            own_gateway, token, {"url": f"http://127.0.0.1:{port}"})
        assert f"unreachable: TLS: 127.0.0.1:{port} does not speak TLS" in reason(
            own_gateway, token, {"url": f"https://127.0.0.1:{port}"})


@pytest.mark.parametrize("name, days, told", [
    ("elsewhere.example", 20, "TLS: its certificate is not for localhost"),
    ("localhost", -2, "or it has expired"),
    ("localhost", 20, None),
])
def test_certificates(own_gateway, token, tmp_path, name, days, told):
    """A certificate of another name, one that has expired, and one that is right."""
    key, chain, file = certificate(name, days, tmp_path)
    with bots.Bot(bots.echo, grpc.ssl_server_credentials([(key, chain)])) as bot:
        engine = {"url": f"https://localhost:{bot.port}", "tls": {"ca": file}}
        if told:
            assert told in reason(own_gateway, token, engine)
            return
        gateway = own_gateway(agents=[agent("bot", "wav", {"kind": "grpc"} | engine, default=True)])
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "bot")
            assert likeness(caller.start().audio, prompt("greeting")) > 0.9
            caller.hang_up()


def test_a_certificate_of_ours(own_gateway, token, tmp_path):
    """A bot that asks for a certificate gets the configured one; without it the author is told what is missing."""
    key, chain, file = certificate("localhost", 20, tmp_path)
    own_key, own_chain, own_file = certificate("patchbay", 20, tmp_path)
    key_file = pathlib.Path(own_file).with_suffix(".key")
    key_file.write_bytes(own_key)
    key_file.chmod(0o600)
    credentials = grpc.ssl_server_credentials([(key, chain)], own_chain, require_client_auth=True)
    with bots.Bot(bots.echo, credentials) as bot:
        engine = {"url": f"https://localhost:{bot.port}", "tls": {"ca": file}}
        assert "certificate" in reason(own_gateway, token, engine)
        engine["tls"] |= {"certificate": own_file, "key": str(key_file)}
        gateway = own_gateway(agents=[agent("bot", "wav", {"kind": "grpc"} | engine, default=True)])
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "bot")
            assert likeness(caller.start().audio, prompt("greeting")) > 0.9
            caller.hang_up()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_the_bot_sees(own_gateway, token, tmp_path, scheme):
    """Scheme and authority are the URL's, and frames of unknown types between the bot's own change nothing."""
    seen = {}
    key, chain, file = certificate("localhost", 20, tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    (tmp_path / "both.pem").write_bytes(key + chain)
    context.load_cert_chain(tmp_path / "both.pem")

    def serve(listener):
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            if scheme == "https":
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                talk(connection)

    def talk(connection):
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        state.initiate_connection()
        connection.sendall(state.data_to_send())
        junk = b"\0\0\3\xb7\0\0\0\0\0abc"
        while data := connection.recv(65_536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    seen.update(event.headers)
                    connection.sendall(state.data_to_send() + junk)
                    state.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/grpc")])
                    for message in (*bots.audio(prompt("greeting")), bots.end_turn()):
                        body = message.SerializeToString()
                        body = b"\0" + len(body).to_bytes(4) + body
                        for at in range(0, len(body), 10_000):
                            state.send_data(event.stream_id, body[at : at + 10_000])
                            connection.sendall(state.data_to_send() + junk)
            connection.sendall(state.data_to_send())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=[listener])
        server.start()
        port = listener.getsockname()[1]
        gateway = own_gateway(agents=[
            agent("bot", "wav", {"kind": "grpc", "url": f"{scheme}://localhost:{port}"}
                  | ({"tls": {"ca": file}} if scheme == "https" else {}), default=True)])
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "bot")
            assert likeness(caller.start().audio, prompt("greeting")) > 0.9
            caller.hang_up()
        gateway.stop()
        server.join()
    assert seen[":authority"] == f"localhost:{port}" and seen[":scheme"] == scheme
    assert seen[":path"] == bots.CONVERSE


def test_a_foreign_process_gets_no_connection(own_gateway, token):
    """The server's inner sockets are its own: another process that finds one is let go, and reaches no bot."""
    with bots.Bot(bots.echo) as bot:
        gateway = own_gateway(agents=[agent("bot", "wav", bot.engine, default=True)])
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "bot")
            caller.start()
            name = f"@patchbay-{gateway.process.pid}-"
            listed = pathlib.Path("/proc/net/unix").read_text().split()
            found = {entry for entry in listed if entry.startswith(name)}
            assert found
            for entry in found:
                with socket.socket(socket.AF_UNIX) as intruder:
                    intruder.settimeout(5)
                    intruder.connect("\0" + entry[1:])
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        intruder.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                        assert intruder.recv(100) == b""
            caller.hang_up()


def test_a_bot_that_restarts(own_gateway, token):
    """After its GOAWAY and its end, new calls reach the bot that is there now."""
    with bots.Bot(bots.echo) as bot:
        gateway = own_gateway(agents=[agent("bot", "wav", bot.engine, default=True)])
        port = bot.port
        with gateway.channel() as channel:
            caller = Caller(channel, token, TENANT_A["org"], "bot")
            caller.start()
            caller.hang_up()
    time.sleep(0.3)
    with bots.Bot(bots.echo, port=port) as bot, gateway.channel() as channel:
        caller = Caller(channel, token, TENANT_A["org"], "bot")
        assert likeness(caller.start().audio, prompt("greeting")) > 0.9
        caller.hang_up()
        assert len(bot.calls) == 1
