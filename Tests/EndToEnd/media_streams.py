"""A bot for Twilio's Media Streams: a WebSocket server, with what a test makes it do on each call."""

import base64
import json
import queue
import threading
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

PATIENCE = 20


class Stream:
    """One call, as such a bot sees it."""

    def __init__(self, connection):
        self.connection = connection
        self.headers = dict(connection.request.headers)
        self.path = connection.request.path
        self.messages = []  # with the time at which each came
        self.closed = threading.Event()
        self._changed = threading.Condition()
        self._marks = 0

    # From Twilio

    def read(self):
        try:
            for text in self.connection:
                with self._changed:
                    self.messages.append((time.monotonic(), json.loads(text)))
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        self.closed.set()
        with self._changed:
            self._changed.notify_all()

    def of(self, event):
        """The messages of an event so far."""
        return [message for _, message in list(self.messages) if message["event"] == event]

    def wait(self, event, count=1, seconds=PATIENCE):
        """Waits for the count-th message of an event."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.of(event)) >= count or self.closed.is_set(), seconds)
        found = self.of(event)
        assert len(found) >= count, f"no {event} number {count}, but {[m['event'] for _, m in self.messages][-8:]}"
        return found[count - 1]

    def time_of(self, event, count=1):
        self.wait(event, count)
        return [at for at, message in self.messages if message["event"] == event][count - 1]

    @property
    def sid(self):
        return self.wait("start")["streamSid"]

    @property
    def heard(self):
        """The caller's audio so far, mu-law."""
        return b"".join(base64.b64decode(message["media"]["payload"]) for message in self.of("media"))

    # To Twilio

    def send(self, event, **members):
        self.connection.send(json.dumps({"event": event, "streamSid": self.sid} | members))

    def say(self, speech, mark=None, chunk=160):
        """Sends speech as fast as it goes, in pieces of so many bytes, and a mark after it."""
        data = speech.encoded("mulaw")
        for at in range(0, len(data), chunk):
            payload = base64.b64encode(data[at : at + chunk]).decode()
            self.send("media", media={"payload": payload})
        if mark:
            self.send("mark", mark={"name": mark})
        return self

    def close(self, code=1000):
        self.connection.close(code)


class MediaStreamsBot:
    """The server. `behave` is called for each call, on a thread of its own."""

    def __init__(self, behave=lambda stream: None, **options):
        self.behave = behave
        self.streams = queue.Queue()
        self.errors = []
        self.server = serve(self._hold, "127.0.0.1", 0, **options)
        scheme = "wss" if options.get("ssl") else "ws"
        self.url = f"{scheme}://127.0.0.1:{self.server.socket.getsockname()[1]}/call"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _hold(self, connection):
        stream = Stream(connection)
        self.streams.put(stream)

        def behave():
            try:
                self.behave(stream)
            except ConnectionClosed:
                pass
            except Exception as error:  # a test looks at these at its end
                self.errors.append(error)

        threading.Thread(target=behave, daemon=True).start()
        stream.read()

    def stream(self):
        """The next call's."""
        return self.streams.get(timeout=PATIENCE)

    def stop(self):
        self.server.shutdown()
        assert self.errors == [], self.errors
