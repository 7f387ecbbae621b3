"""A port that takes whatever comes and throws it away. It prints its number, and serves until its input ends."""

import selectors
import socket
import sys

selector = selectors.DefaultSelector()
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
listener.setblocking(False)
selector.register(listener, selectors.EVENT_READ)
selector.register(sys.stdin, selectors.EVENT_READ)
print(listener.getsockname()[1], flush=True)
while True:
    for key, _ in selector.select():
        if key.fileobj is sys.stdin:
            sys.exit()
        if key.fileobj is listener:
            connection = listener.accept()[0]
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ)
            continue
        try:
            if key.fileobj.recv(1 << 20, socket.MSG_TRUNC):
                continue
        except OSError:
            pass
        selector.unregister(key.fileobj)
        key.fileobj.close()
