"""`patchbay token issuer`, the stand-in for Webex's REST and keys, and what can be asked of it."""

import http.server
import json
import os
import signal
import subprocess
import threading
import urllib.request

from gateway import BINARY, SURROUNDINGS


class StandIn:
    def __init__(self, folder, *options, url="https://voice.example.com"):
        folder.mkdir(exist_ok=True)
        self.url = url
        self.process = subprocess.Popen(
            [BINARY, "token", "issuer", "--address", "127.0.0.1:0", "--json", "--state", folder, "--url", url,
             "--domain", "example.com", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=SURROUNDINGS)
        self.facts = json.loads(self.process.stdout.readline())
        self.tokens = self.facts["tokens"][0]
        self.org = self.tokens["organization"]

    def close(self):
        self.process.kill()
        self.process.communicate()

    def control(self, endpoint="", method="GET", **body):
        request = urllib.request.Request(
            self.facts["control"] + endpoint, method=method, data=json.dumps(body).encode() if body else None)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def requests(self, name):
        return self.control()["requests"].get(name, 0)

    def sources(self):
        """The data sources, as the REST interface shows them, tokens included."""
        request = urllib.request.Request(
            self.facts["baseURL"] + "/dataSources",
            headers={"Authorization": "Bearer " + self.tokens["accessToken"]})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())["items"]

    def configuration(self, base_url=None, lifetime="24h", **sources):
        return {
            "listen": {"address": "127.0.0.1:0"},
            "admin": {"address": "127.0.0.1:0"},
            "identity": {
                "issuers": [{"issuer": self.facts["issuer"], "keys_url": self.facts["keysURL"]}],
                "tenants": [
                    {"org": self.org, "name": "Example", "url": self.url, "data_source": {"lifetime": lifetime}}],
            },
            "data_sources": {
                "base_url": base_url or self.facts["baseURL"], "client_id": self.facts["clientID"],
                "client_secret_file": os.path.abspath(self.facts["clientSecretFile"]),
                "refresh_token_file": os.path.abspath(self.tokens["refreshTokenFile"]),
                "domains": ["example.com"],
            } | sources,
            "agents": [{"id": "demo", "engine": {"kind": "demo"}}],
            "shutdown": {"drain": "1s"},
        }


class KillingProxy:
    """Passes requests on to the stand-in, and kills the process that sends them -9 when the n-th arrives."""

    def __init__(self, stand_in):
        self.victim, self.left = None, 0
        self.killed = threading.Event()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if proxy.victim is not None:
                    proxy.left -= 1
                    if proxy.left <= 0:
                        os.kill(proxy.victim, signal.SIGKILL)
                        proxy.victim = None
                        proxy.killed.set()
                        return
                request = urllib.request.Request(
                    stand_in.facts["baseURL"].removesuffix("/v1") + self.path, method=self.command, data=body or None,
                    headers={name: self.headers[name] for name in ("Authorization", "Content-Type")
                             if name in self.headers})
                try:
                    with urllib.request.urlopen(request, timeout=10) as answer:
                        status, content = answer.status, answer.read()
                except urllib.error.HTTPError as error:
                    status, content = error.code, error.read()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def kill_at(self, number, process):
        self.killed.clear()
        self.left, self.victim = number, process

    def close(self):
        self.http.shutdown()
        self.http.server_close()
