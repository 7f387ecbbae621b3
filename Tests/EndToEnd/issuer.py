"""An identity provider of our own: keys on loopback HTTP and tokens such as Webex sends."""

import base64
import functools
import http.server
import json
import threading
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

VOICE_SCHEMA = "5397013b-7920-4ffc-807c-e8a3e0a18f43"
FORKING_SCHEMA = "523e1b7f-4693-47bc-b84e-a7b7a505fb0b"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact_json(value):
    return json.dumps(value, separators=(",", ":")).encode()


@functools.cache
def new_key(name, bits=2048, exponent=65537):
    """A key pair; the same name gives the same pair."""
    return rsa.generate_private_key(public_exponent=exponent, key_size=bits)


def jwk(kid, key, **more):
    n = key.public_key().public_numbers()
    size = (n.n.bit_length() + 7) // 8
    entry = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid}
    entry |= {"n": base64url(n.n.to_bytes(size, "big")), "e": base64url(n.e.to_bytes(3, "big"))}
    return entry | more


def public_pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def sign(signing_input, key):
    return key.sign(signing_input, padding.PKCS1v15(), hashes.SHA256())


class Issuer:
    """Serves a key set at `keys_url` and mints tokens that its keys sign."""

    def __init__(self, name="https://issuer.example.com/idb"):
        self.name = name
        self.key = new_key("current")
        self.keys = {"key-1": self.key, "key-2": new_key("second")}
        self.requests = []
        # How it answers: so late, with this status, these fields besides, and this text for a body if there is one.
        self.delay, self.status, self.fields, self.text = 0, 200, {}, None
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.requests.append(self.path)
                time.sleep(issuer.delay)
                body = issuer.text or compact_json({"keys": [jwk(kid, key) for kid, key in issuer.keys.items()]})
                found = self.path == "/idb/oauth2/v2/keys/verificationjwk"
                self.send_response(issuer.status if found else 404)
                for name, value in ({"Cache-Control": "max-age=21600"} | issuer.fields).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body) if found else 0))
                try:
                    self.end_headers()
                    if found:
                        self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # a client that did not wait

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        self.keys_url = f"http://127.0.0.1:{self.port}/idb/oauth2/v2/keys/verificationjwk"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def claims(self, tenant, **changes):
        """The claims of a good token for a tenant; a change to None takes the claim away."""
        now = int(time.time())
        claims = {
            "iss": self.name,
            "aud": "patchbay-tests",
            "sub": "callAudioData",
            "jti": tenant["nonce"],
            "iat": now,
            "exp": now + 3600,
            "com.cisco.org.uuid": tenant["org"],
            "com.cisco.datasource.url": tenant["url"],
            "com.cisco.datasource.schema.uuid": VOICE_SCHEMA,
        }
        claims |= changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, tenant, header=None, key=None, kid="key-1", **changes):
        """A signed token: good unless something is changed."""
        head = {"kid": kid, "typ": "JWT", "alg": "RS256"} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        return self.signed(compact_json(head), compact_json(self.claims(tenant, **changes)), key)

    def signed(self, header, payload, key=None):
        """Any two byte strings as a token with a true signature."""
        signing_input = f"{base64url(header)}.{base64url(payload)}".encode()
        return f"{signing_input.decode()}.{base64url(sign(signing_input, key or self.key))}"
