"""Runs a program on a pseudo terminal and answers what it asks.

    terminal.py STEPS PROGRAM [ARGUMENT]...

STEPS is JSON: a list of pairs, a text that is waited for and what is typed then. Prints JSON: what the terminal showed, and
how the program ended (a signal as a negative number).
"""

import json
import os
import pty
import signal
import sys

signal.alarm(60)
steps, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    # Whoever sits at a terminal can leave, even where this was begun in the background, where keys end nothing.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execve(command[0], command, os.environ)

shown, seen = b"", 0


def read():
    global shown
    try:
        more = os.read(terminal, 4096)
    except OSError:  # The program has closed its end.
        more = b""
    shown += more
    return more


for awaited, typed in steps:
    while awaited.encode() not in shown[seen:] and read():
        pass
    seen = len(shown)
    os.write(terminal, typed.encode())
while read():
    pass
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps({"shown": shown.decode(errors="replace").replace("\r\n", "\n"), "code": code}))
