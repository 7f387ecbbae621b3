#!/usr/bin/env python3
"""Tokens, good, random and damaged, judged by patchbay and by PyPI's joserfc: patchbay takes none that joserfc refuses.

usage: tokens.py COUNT [--seed N] [--binary FILE]     (needs the Python packages joserfc and cryptography)

joserfc is given RS256 alone, the same key set, and the same claims: the issuer, the tenant's audience, URL, organization
and schema, exp, iat and jti, and 30 s for clocks. Two of its rules are set to ours, so that the comparison is about
tokens: the sizes (8 KB in all, J2), and that header members which nobody knows are ignored (RFC 7515 section 4).
Exits with 1 if there is a token that patchbay takes and joserfc does not.
"""
import argparse
import base64
import collections
import hmac
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from joserfc import jws, jwt
from joserfc.jwk import KeySet, RSAKey

ROOT = pathlib.Path(__file__).resolve().parents[2]
ISSUER = "https://idbroker.webex.com/idb"
TENANT = {"org": "ce861fba-6e2f-49f9-9a84-b354008fac9e", "name": "Example",
          "url": "https://voice.example.com:443", "audience": "patchbay"}
SCHEMA = "5397013b-7920-4ffc-807c-e8a3e0a18f43"
SKEW = 30


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact_json(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Maker:
    """Makes tokens from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.keys = {"key-1": self._rsa(), "key-2": self._rsa()}
        self.attacker = self._rsa()
        self.curve = ec.generate_private_key(ec.SECP256R1())
        self.now = int(time.time())

    @staticmethod
    def _rsa():
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def key_set(self):
        entries = []
        for kid, key in self.keys.items():
            n = key.public_key().public_numbers().n
            entries.append({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "e": "AQAB",
                            "n": base64url(n.to_bytes(256, "big"))})
        return {"keys": entries}

    def claims(self):
        return {
            "iss": ISSUER, "aud": TENANT["audience"], "sub": "callAudioData", "jti": f"nonce-{self.random.random()}",
            "iat": self.now - self.random.randrange(600), "exp": self.now + self.random.randrange(600, 3600),
            "com.cisco.org.uuid": TENANT["org"], "com.cisco.datasource.url": TENANT["url"],
            "com.cisco.datasource.schema.uuid": SCHEMA,
        }

    def header(self):
        return {"kid": self.random.choice(list(self.keys)), "typ": "JWT", "alg": "RS256"}

    def sign(self, header, payload, kid="key-1", key=None, algorithm="RS256"):
        """Two byte strings as a token, signed in whatever way."""
        signing_input = f"{base64url(header)}.{base64url(payload)}".encode()
        key = key or self.keys[kid]
        if algorithm == "RS256":
            signature = key.sign(signing_input, padding.PKCS1v15(), hashes.SHA256())
        elif algorithm == "RS384":
            signature = key.sign(signing_input, padding.PKCS1v15(), hashes.SHA384())
        elif algorithm == "PS256":
            signature = key.sign(signing_input, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        elif algorithm == "ES256":
            signature = self.curve.sign(signing_input, ec.ECDSA(hashes.SHA256()))
        elif algorithm == "HS256":
            pem = key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            signature = hmac.digest(pem, signing_input, "sha256")
        else:
            signature = b""
        return f"{signing_input.decode()}.{base64url(signature)}"

    def good(self, header=None, claims=None):
        header = header or self.header()
        kid = next((kid for kid in self.keys if kid == header.get("kid")), "key-1")
        return self.sign(compact_json(header), compact_json(claims or self.claims()), kid)

    # Damage

    def any_value(self):
        r = self.random
        return r.choice([
            None, True, False, 0, 1, -1, 1.5, 1e400, 2 ** 53, 2 ** 63, r.randrange(self.now * 2), float(self.now + 600),
            "", "x", "JWT", "RS256", "none", "key-1", ISSUER, TENANT["url"], TENANT["org"], SCHEMA, "\u0000", "\ud800",
            [], {}, ["patchbay"], ["other", "patchbay"], [1], {"a": 1}, str(self.now + 600)])

    def changed_claim(self):
        claims = self.claims()
        name = self.random.choice([*claims, "nbf", "more"])
        if self.random.random() < 0.2:
            claims.pop(name, None)
        else:
            claims[name] = self.any_value()
        return self.good(claims=claims)

    def changed_text(self):
        """A text claim with one character another."""
        claims = self.claims()
        name = self.random.choice([n for n, v in claims.items() if isinstance(v, str)])
        at = self.random.randrange(len(claims[name]))
        claims[name] = claims[name][:at] + self.random.choice("aA0:/.\u212a\u0430 ") + claims[name][at + 1:]
        return self.good(claims=claims)

    def changed_times(self):
        """Times about their limits, but not just beyond them: the two do not look at the clock at once."""
        claims = self.claims()
        offset = self.random.choice([-1, 1]) * self.random.choice([0, 5, 20, 150, 3600, 86_300, 86_600, 10 ** 9])
        claims[self.random.choice(["exp", "iat", "nbf"])] = max(0, self.now + offset)
        return self.good(claims=claims)

    def changed_header(self):
        header = self.header()
        name = self.random.choice(
            ["kid", "typ", "alg", "crit", "b64", "jku", "jwk", "x5u", "x5c", "zip", "enc", "cty", "x5t", "x5t#S256",
             "more"])
        if self.random.random() < 0.2:
            header.pop(name, None)
        else:
            header[name] = self.any_value()
        return self.good(header=header)

    def other_algorithm(self):
        algorithm = self.random.choice(["RS384", "PS256", "ES256", "HS256", "none"])
        said = self.random.choice([algorithm, "RS256", algorithm.lower()])
        return self.sign(compact_json(self.header() | {"alg": said}), compact_json(self.claims()), algorithm=algorithm)

    def other_key(self):
        header, other = self.header(), self.random.choice([self.attacker, *self.keys.values()])
        return self.sign(compact_json(header), compact_json(self.claims()), key=other)

    def changed_json(self):
        """True signatures over JSON that is not quite: duplicates, space, rubbish, bytes that are no UTF-8."""
        header, payload = compact_json(self.header()), compact_json(self.claims())
        damage = self.random.choice([
            lambda b: b[:-1] + b',"exp":%d}' % (self.now + 9_999), lambda b: b[:-1] + b',"alg":"RS256"}',
            lambda b: b" " + b, lambda b: b + b"{}", lambda b: b[:-1], lambda b: b"\xef\xbb\xbf" + b,
            lambda b: b.replace(b"a", b"\xff", 1), lambda b: b.replace(b'"', b"'"), lambda b: b"[" + b + b"]",
            lambda b: b.replace(b":", b": "), lambda b: b.replace(b"}", b",}"), lambda b: b.replace(b"e", b"\\u0065"),
        ])
        if self.random.random() < 0.5:
            header = damage(header)
        else:
            payload = damage(payload)
        return self.sign(header, payload)

    def changed_bytes(self):
        """A good token with bytes changed, lost, doubled or moved."""
        token = self.good()
        for _ in range(self.random.choice([1, 1, 1, 2, 5])):
            at = self.random.randrange(max(1, len(token)))
            character = self.random.choice("ABCXYZabcxyz0129-_+/=. \n\u00e9\u0000")
            token = self.random.choice([
                token[:at] + character + token[at + 1:], token[:at] + token[at + 1:], token[:at] + character + token[at:],
                token[:at], token[at:], token + character, character + token])
        return token

    def changed_segments(self):
        """Segments of two good tokens, mixed up."""
        one, other = self.good().split("."), self.good().split(".")
        segments = [self.random.choice(pair) for pair in zip(one, other)]
        change = self.random.choice(["mix", "drop", "double", "empty", "pad", "shuffle"])
        at = self.random.randrange(3)
        if change == "drop":
            segments.pop(at)
        elif change == "double":
            segments.insert(at, segments[at])
        elif change == "empty":
            segments[at] = ""
        elif change == "pad":
            segments[at] += "=" * self.random.randrange(1, 3)
        elif change == "shuffle":
            self.random.shuffle(segments)
        return ".".join(segments)

    def rubbish(self):
        alphabet = "ABCdef012-_." + self.random.choice(["", "=", "+/", "{}\"", "\u00e9", " "])
        return "".join(self.random.choice(alphabet) for _ in range(self.random.randrange(400)))

    def token(self):
        kinds = [self.good, self.changed_claim, self.changed_text, self.changed_times, self.changed_header,
                 self.other_algorithm, self.other_key, self.changed_json, self.changed_bytes, self.changed_segments,
                 self.rubbish]
        make = self.random.choices(kinds, [2, 4, 2, 2, 3, 1, 1, 2, 4, 2, 1])[0]
        return make.__name__, make()


class Joserfc:
    """The other opinion."""

    def __init__(self, maker):
        self.keys = KeySet([RSAKey.import_key(entry, {"kid": entry["kid"]}) for entry in maker.key_set()["keys"]])
        self.registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
        for limit in ("max_header_length", "max_payload_length", "max_signature_length"):
            if hasattr(self.registry, limit):
                setattr(self.registry, limit, 8_192)
        text = {"essential": True}
        self.claims = jwt.JWTClaimsRegistry(
            leeway=SKEW, iss=text | {"value": ISSUER}, aud=text | {"value": TENANT["audience"]}, sub=text, jti=text,
            exp=text, iat=text, **{
                "com.cisco.org.uuid": text | {"value": TENANT["org"]},
                "com.cisco.datasource.url": text | {"value": TENANT["url"]},
                "com.cisco.datasource.schema.uuid": text | {"value": SCHEMA}})

    def refusal(self, token):
        """Why it is refused; None if it is not."""
        try:
            decoded = jwt.decode(token, self.keys, registry=self.registry)
            self.claims.validate(decoded.claims)
        except Exception as refusal:  # whatever a library does with rubbish, it is no acceptance
            return type(refusal).__name__
        return None


def verdicts(binary, maker, tokens):
    """What patchbay says, by way of the public command."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "keys.json").write_text(json.dumps(maker.key_set()))
        (folder / "configuration.yaml").write_text(json.dumps({
            "listen": {"address": "127.0.0.1:0"}, "admin": {"address": "127.0.0.1:0"},
            "identity": {"issuers": [{"issuer": ISSUER}], "tenants": [TENANT], "clock_skew": f"{SKEW}s"},
            "agents": [{"id": "demo", "name": "Demo", "default": True, "engine": {"kind": "demo"}}]}))
        lines = "".join(json.dumps(token, ensure_ascii=False) + "\n" for token in tokens)
        result = subprocess.run(
            [binary, "token", "verify", "--batch", "--config", folder / "configuration.yaml",
             "--keys", folder / "keys.json"], input=lines.encode(), capture_output=True, check=False)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == len(tokens), f"{len(answers)} verdicts for {len(tokens)} tokens: {result.stderr.decode()}"
    return answers


def compare(count, seed, binary):
    """The counts, and the tokens that patchbay takes and joserfc refuses."""
    maker = Maker(seed)
    joserfc = Joserfc(maker)
    counts, stricter, findings = collections.Counter(), collections.Counter(), []
    while count > 0:
        # Not too many at once, so that both judge them at about the same time.
        maker.now = int(time.time())
        made = [maker.token() for _ in range(min(count, 500))]
        count -= len(made)
        refusals = [joserfc.refusal(token) for _, token in made]
        answers = verdicts(binary, maker, [token for _, token in made])
        for (kind, token), refusal, verdict in zip(made, refusals, answers):
            ours = "accepted" if verdict["accepted"] else "refused"
            counts[f"patchbay {ours}, joserfc {'refused' if refusal else 'accepted'}"] += 1
            if verdict["accepted"] and refusal:
                findings.append((kind, refusal, token))
            if not verdict["accepted"] and not refusal:
                stricter[f"{verdict['check']} {verdict.get('field') or ''}".strip()] += 1
    return counts, stricter, findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2 ** 32))
    parser.add_argument("--binary", default=ROOT / ".build/debug/patchbay")
    options = parser.parse_args()
    counts, stricter, findings = compare(options.count, options.seed, options.binary)
    print(f"seed {options.seed}")
    for name, number in counts.most_common():
        print(f"{number:6}  {name}")
    print("patchbay is stricter by:", ", ".join(f"{name} ({number})" for name, number in stricter.most_common()))
    for kind, refusal, token in findings:
        print(f"FOUND: {kind}, which joserfc refuses with {refusal}: {token!r}")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
