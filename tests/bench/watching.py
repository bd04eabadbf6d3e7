"""When files of a run directory change, by the kernel's own word (inotify)."""

from __future__ import annotations

import ctypes
import os
import re
import select
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

MODIFIED, MOVED_IN = 0x2, 0x80
HEADER = struct.Struct("iIII")
FRAME = re.compile(rb"^frame (\d+) 0 ", re.MULTILINE)


@dataclass
class Commits:
    """Watches a run directory while the context is open: wall clock milliseconds at which each
    window's first line was in the manifest, and at which readers had a new frames.h5."""

    run: Path
    lines: dict[int, float] = field(default_factory=dict)
    masters: list[float] = field(default_factory=list)

    def __enter__(self) -> Commits:
        libc = ctypes.CDLL(None, use_errno=True)
        self.watch = libc.inotify_init()
        # The manifest by itself: the program writes to it by another name of the same file.
        for path, events in ((self.run / "manifest", MODIFIED), (self.run, MOVED_IN)):
            if libc.inotify_add_watch(self.watch, os.fsencode(path), events) < 0:
                raise OSError(ctypes.get_errno(), "inotify", str(path))
        self.over, self.stop = os.pipe()
        self.manifest = (self.run / "manifest").open("rb")
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.stop)
        self.thread.join()
        self.manifest.close()
        os.close(self.over)
        os.close(self.watch)

    def look(self) -> None:
        while self.watch in select.select([self.watch, self.over], [], [])[0]:
            now_ms = time.time() * 1e3
            names = self.read_names()
            if b"" in names:
                for window in FRAME.findall(self.manifest.read()):
                    self.lines.setdefault(int(window), now_ms)
            if b"frames.h5" in names:
                self.masters.append(now_ms)

    def read_names(self) -> set[bytes]:
        """Of what was moved in; of the manifest an empty one."""
        data, at, names = os.read(self.watch, 1 << 16), 0, set()
        while at < len(data):
            *_, size = HEADER.unpack_from(data, at)
            at += HEADER.size
            names.add(data[at : at + size].rstrip(b"\0"))
            at += size
        return names

    def readable(self) -> dict[int, float]:
        """When each window could be read through frames.h5: the first of these to be written
        after its line was."""
        found = {}
        for window, line_ms in self.lines.items():
            later = [ms for ms in self.masters if ms >= line_ms]
            if later:
                found[window] = later[0]
        return found
