# SPDX-License-Identifier: BSD-3-Clause
# The steps of the tests of the client: what is expected of it, and a daemon that it asks.
import contextlib
import json
import socket
import sys
import threading

_failures = []


def expect(what, got, want):
    if got != want:
        _failures.append(what)
        print(f"{what}: got {got!r}, expected {want!r}")


def expect_in(what, part, whole):
    if part not in whole:
        _failures.append(what)
        print(f"{what}: got {whole!r}, expected {part!r} in it")


def finish():
    sys.exit(1 if _failures else 0)


def serve(path, answer):
    """A daemon at a socket; `answer` makes the octets of a request's answer. Returns the list of what was asked."""
    asked = []

    def loop(listener):
        while True:
            c, _ = listener.accept()
            asked.append(json.loads(c.makefile().readline()))
            text = answer(asked[-1])
            with contextlib.suppress(BrokenPipeError):  # it may have heard enough
                for i in range(0, len(text), 100):  # in pieces
                    c.sendall(text[i:i + 100])
            c.close()

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    threading.Thread(target=loop, args=(listener,), daemon=True).start()
    return asked
