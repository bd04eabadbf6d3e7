"""The heat map of stored frames in a terminal, driven through a pseudo-terminal, and as text."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .conftest import Bench
from .decks import AWKWARD, merged, sensors
from .program import BINARY, PATIENCE, environment, tool
from .results import RunDirectory

WINDOWS = 24
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
HOME, END, LEFT, RIGHT = b"\x1b[H", b"\x1b[F", b"\x1b[D", b"\x1bOC"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass
class Terminal:
    process: subprocess.Popen[bytes]
    ours: int
    theirs: int
    before: list[Any]  # how it was set
    said: bytes = b""
    opened: float = field(default_factory=time.monotonic)

    def size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self) -> None:
        if select.select([self.ours], [], [], 0.05)[0]:
            self.said += os.read(self.ours, 1 << 16)

    def until(self, part: bytes) -> bytes:
        """What is said up to the end of the first screen with this part; what follows is kept."""
        deadline = self.opened + 40 * PATIENCE
        screen = re.compile(re.escape(part) + rb".*?\x1b\[J", re.DOTALL)
        while not (found := screen.search(self.said)):
            assert self.process.poll() is None and time.monotonic() < deadline, (part, self.said)
            self.read()
        assert time.monotonic() < deadline, (part, self.said)
        said, self.said = self.said[: found.end()], self.said[found.end() :]
        return said

    def press(self, keys: bytes, part: bytes) -> bytes:
        os.write(self.ours, keys)
        return self.until(part)

    def end(self) -> tuple[int, bytes]:
        deadline = time.monotonic() + 20 * PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self.read()
        while select.select([self.ours], [], [], 0)[0]:
            self.read()
        return self.process.returncode, self.said


@contextmanager
def terminal(
    run: RunDirectory, *arguments: str, columns: int = 60, lines: int = 20, **variables: str
) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    before = termios.tcgetattr(theirs)
    settings = {"TERM": "xterm-256color", "COLORTERM": "", "NO_COLOR": ""} | variables
    process = subprocess.Popen(
        [str(BINARY), "replay", str(run.path), "--terminal", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment("terminal", settings),
        start_new_session=True,
    )
    try:
        yield Terminal(process, ours, theirs, before)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def screen_of(said: bytes) -> list[str]:
    """The lines of the newest whole screen, without colours."""
    whole = said[: said.rindex(b"\x1b[J")]
    return ESCAPE.sub("", whole[whole.rindex(b"\x1b[H") :].decode()).split("\r\n")


def fits(said: bytes, columns: int, lines: int) -> bool:
    """All lines or all columns are used, and no more."""
    screen = screen_of(said)
    widths = {len(line) for line in screen if "▀" in line}
    full = len(screen) == lines or widths == {columns}
    return full and len(widths) == 1 and len(screen) <= lines and max(map(len, screen)) <= columns


def window(number: int) -> bytes:
    return f"window {number}  ".encode()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    bench = Bench(tmp_path_factory.mktemp("terminal"))
    stream = sensors(merged(AWKWARD), WINDOWS, stragglers=0)
    return bench.run(bench.files(AWKWARD, stream, {"time": {"windows": WINDOWS}}), ranks=1)


def test_keys_lead_through_the_frames_and_the_terminal_is_left_as_it_was(run: RunDirectory) -> None:
    with terminal(run) as shown:
        assert ENTER in shown.until(window(0))
        shown.until(window(1))  # it plays by itself
        last = shown.press(END, window(WINDOWS - 1))
        assert b"\x1b[38;5;" in last and b";2;" not in last
        shown.press(LEFT, window(WINDOWS - 2))
        shown.press(HOME, window(0))
        shown.press(RIGHT, window(1))
        shown.press(b"\x1b[5~\x1b[200~x" + RIGHT, window(2))  # unknown keys do nothing
        shown.press(b"f" + HOME, window(0))
        shown.press(b"+-- ", window(3))
        assert termios.tcgetattr(shown.theirs) != shown.before
        os.write(shown.ours, b"q")
        code, said = shown.end()
        assert code == 0 and said.endswith(LEAVE)
        assert termios.tcgetattr(shown.theirs) == shown.before


def test_a_screen_of_any_size_is_filled_and_no_more(run: RunDirectory) -> None:
    with terminal(run, "--window", "5", columns=33, lines=14, COLORTERM="truecolor") as shown:
        shown.until(window(5))  # where it stays
        for columns, lines in ((90, 30), (17, 9), (40, 40)):
            shown.size(columns, lines)
            said = shown.press(b"f", b"window ")
            while not fits(said, columns, lines):  # until it has seen the new size
                said = shown.press(b"f", b"window ")
            assert b"\x1b[38;2;" in said
        shown.process.send_signal(signal.SIGTERM)
        code, said = shown.end()
        assert code == 0 and said.endswith(LEAVE)


def test_without_colours_it_is_characters(run: RunDirectory) -> None:
    with terminal(run, "--window", "3", NO_COLOR="1") as shown:
        shown.until(window(3))
        screen = shown.press(END, window(WINDOWS - 1))
        assert not re.search(rb"\x1b\[[0-9;]*m", screen) and "@" in "".join(screen_of(screen))
        os.write(shown.ours, b"q")
        assert shown.end()[0] == 0


def text_of(run: RunDirectory, *arguments: str | Path) -> Sequence[str]:
    return tool("replay", run.path, "--terminal", *arguments).expect(0).out.splitlines()


def test_without_a_terminal_one_frame_is_text(run: RunDirectory) -> None:
    frame = text_of(run, "--window", "7")
    assert frame[0].startswith("run  window 7  2023-11-14 22:13:20.800 UTC")
    assert len(frame) <= 24 and not any("\x1b" in line for line in frame)
    cells = run.temperature()[7]
    low, high = frame[-1].split(" K ", 1)[0], frame[-1].split()[-2]
    assert (float(low), float(high)) == (
        float(f"{cells.min():.4g}"),
        float(f"{cells.max():.4g}"),
    )
    assert window(WINDOWS - 1).decode() in text_of(run)[0]


def test_options_that_go_together_with_nothing_are_refused(
    run: RunDirectory, tmp_path: Path
) -> None:
    cases: list[tuple[list[str], int, str]] = [
        (["--terminal", "--window", "24"], 66, "no frame of window 24: they are from 0 to 23"),
        (["--terminal", "--window", "-1"], 64, "--window -1"),
        (["--terminal", "--window", "x"], 64, "--window x"),
        (["--window", "1"], 64, "--window is for --terminal"),
        (["--terminal", "--alerts"], 64, "one of the two"),
        (["--terminal", "--listen", "127.0.0.1:0"], 64, "--listen"),
        (["--terminal", "-D", "alerts=[]"], 64, "--deck and -D"),
        ([str(tmp_path), "--alerts"], 64, "two runs are compared on the page"),
        ([str(tmp_path), str(tmp_path)], 64, "one argument too many"),
        ([str(tmp_path)], 66, str(tmp_path)),
    ]
    for arguments, code, text in cases:
        assert text in tool("replay", run.path, *arguments).expect(code).text
