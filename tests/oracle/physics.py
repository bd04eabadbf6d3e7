"""Forward Euler on the whole grid with numpy, in the one order of the contract, and the digest.

numpy evaluates each expression element by element and never fuses a multiply with an add, so the
bits of a cell are those of the formula. Denormals are flushed in hardware (FTZ and DAZ of this
thread); where that cannot be switched on, every intermediate result is flushed by hand.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

Field = npt.NDArray[np.float64]
SMALLEST_NORMAL = 2.2250738585072014e-308
FENV_BYTES, MXCSR_AT, FTZ_AND_DAZ = 32, 28, 0x8040


@dataclass(frozen=True)
class Physics:
    """A side is the value held one spacing outside, or None where it is insulated."""

    nx: int = 40
    ny: int = 40
    dx: float = 0.5
    dy: float = 0.5
    conductivity: float = 1.0
    gen_scale: float = 1.0
    initial: float = 0.0
    left: float | None = 0.0
    right: float | None = 0.0
    bottom: float | None = 0.0
    top: float | None = 0.0
    window_ms: int = 100
    substeps: int | None = None

    def tau(self, substeps: int) -> float:
        return self.window_ms / 1000.0 / substeps

    def stability(self, tau: float) -> float:
        k = self.conductivity
        return k * tau / (self.dx * self.dx) + k * tau / (self.dy * self.dy)

    def steps(self) -> int:
        if self.substeps is not None:
            return self.substeps
        n = max(1, int(2 * self.stability(self.tau(1))) - 2)
        while self.stability(self.tau(n)) > 0.5:
            n += 1
        return n


@cache
def math_library() -> ctypes.CDLL:
    """Looked up once: it takes other programs to find it."""
    return ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6")


@contextmanager
def hardware_flush() -> Iterator[bool]:
    """Switches FTZ and DAZ on for the block; yields False where this machine cannot."""
    libm = math_library()
    if platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc":
        yield False
        return
    before = (ctypes.c_ubyte * FENV_BYTES)()
    flushing = (ctypes.c_ubyte * FENV_BYTES)()
    libm.fegetenv(ctypes.byref(before))
    ctypes.memmove(flushing, before, FENV_BYTES)
    mxcsr = ctypes.c_uint32.from_buffer(flushing, MXCSR_AT)
    mxcsr.value |= FTZ_AND_DAZ
    libm.fesetenv(ctypes.byref(flushing))
    try:
        yield bool(np.all(np.full(8, SMALLEST_NORMAL) * np.full(8, 0.5) == 0.0))
    finally:
        libm.fesetenv(ctypes.byref(before))


def flush(values: Field) -> Field:
    return np.where(np.abs(values) < SMALLEST_NORMAL, np.copysign(0.0, values), values)


def as_stored(u: Field, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Converted as by a stepping thread, which flushes what is a denormal of the narrower type."""
    with hardware_flush() as hardware:
        values = u.astype(dtype)
    if not hardware:
        smallest = np.finfo(values.dtype).smallest_normal
        values[np.abs(values) < smallest] *= 0
    return values


def as_is(values: Field) -> Field:
    return values


class Solver:
    """The field u[x, y] and its stepping over one window after another."""

    def __init__(self, physics: Physics, hardware: bool) -> None:
        self.physics = physics
        self.substeps = physics.steps()
        self.tau = physics.tau(self.substeps)
        if physics.stability(self.tau) > 0.5:
            raise ValueError("unstable")
        k = physics.conductivity
        self.cx = (k * self.tau) / (physics.dx * physics.dx)
        self.cy = (k * self.tau) / (physics.dy * physics.dy)
        self.a = (1 - 2 * self.cx) - 2 * self.cy
        self.rounded = as_is if hardware else flush
        self.padded: Field = np.full((physics.nx + 2, physics.ny + 2), physics.initial)
        self.padded = self.rounded(self.padded)

    @property
    def u(self) -> Field:
        return self.padded[1:-1, 1:-1]

    def fill_ghosts(self) -> None:
        p, physics = self.padded, self.physics
        p[0, :] = p[1, :] if physics.left is None else physics.left
        p[-1, :] = p[-2, :] if physics.right is None else physics.right
        p[:, 0] = p[:, 1] if physics.bottom is None else physics.bottom
        p[:, -1] = p[:, -2] if physics.top is None else physics.top

    def step_window(self, cells: npt.NDArray[np.int64], rates: Field) -> None:
        """`cells` are x * ny + y, each at most once; `rates` those of the contract's f."""
        heated = self.rounded(rates) != 0.0
        x, y = np.divmod(cells[heated], self.physics.ny)
        f = self.rounded(rates[heated])
        for _ in range(self.substeps):
            self.step(x, y, f)

    def step(self, x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], f: Field) -> None:
        self.fill_ghosts()
        r, p = self.rounded, self.padded
        west, east, south, north = p[:-2, 1:-1], p[2:, 1:-1], p[1:-1, :-2], p[1:-1, 2:]
        along_x = r(r(self.a * self.u) + r(self.cx * r(west + east)))
        new = r(along_x + r(self.cy * r(south + north)))
        if len(f):
            new[x, y] = r(new[x, y] + r(self.tau * f))
        self.padded[1:-1, 1:-1] = new


def digest(u: Field) -> str:
    """XXH3-128 over the columns' canonical XXH3-128, in order of x; for f32 too (stored digest)."""
    little = np.ascontiguousarray(u, dtype=u.dtype.newbyteorder("<"))
    columns = b"".join(xxhash.xxh3_128_digest(column.tobytes()) for column in little)
    return xxhash.xxh3_128_hexdigest(columns)
