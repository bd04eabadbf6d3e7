"""The oracle's stepping against closed formulas, and its two ways to flush denormals."""

from __future__ import annotations

import numpy as np
import pytest
import xxhash

from oracle.physics import Field, Physics, Solver, as_stored, digest, hardware_flush

SMALLEST_F32 = 2.0**-126
NOTHING = np.empty(0, dtype=np.int64), np.empty(0)


def test_eigenmode_decays_by_its_exact_factor() -> None:
    physics = Physics(nx=9, ny=14, dx=0.5, dy=0.7, window_ms=100)
    solver = Solver(physics, hardware=False)
    i, j = np.arange(1, 10)[:, None], np.arange(1, 15)[None, :]
    mode = np.sin(2 * np.pi * i / 10) * np.sin(3 * np.pi * j / 15)
    solver.padded[1:-1, 1:-1] = mode
    factor = (
        1
        - 4 * solver.cx * np.sin(2 * np.pi / 20) ** 2
        - 4 * solver.cy * np.sin(3 * np.pi / 30) ** 2
    )
    for _ in range(20):
        solver.step_window(*NOTHING)
    expected = mode * factor ** (20 * solver.substeps)
    # Twenty windows of rounding, each below one unit in the last place of 1.
    assert np.max(np.abs(solver.u - expected)) < 1e-14


def test_insulated_box_keeps_its_heat() -> None:
    physics = Physics(nx=7, ny=5, left=None, right=None, bottom=None, top=None)
    solver = Solver(physics, hardware=False)
    solver.padded[3, 2] = 1.0
    for _ in range(50):
        solver.step_window(*NOTHING)
    assert abs(float(solver.u.sum()) - 1.0) < 1e-14


def test_every_cell_is_the_scalar_formula_bit_for_bit() -> None:
    rng = np.random.default_rng(1)
    physics = Physics(nx=6, ny=4, left=1.5, right=None, bottom=-2.0, top=0.25, dx=0.6)
    solver = Solver(physics, hardware=False)
    solver.padded[1:-1, 1:-1] = rng.normal(size=(6, 4))
    before = solver.u.copy()
    solver.substeps = 1
    solver.step_window(np.array([5, 11]), np.array([3.0, -1.0]))
    for x in range(6):
        for y in range(4):
            assert solver.u[x, y] == scalar_step(solver, before, x, y, {5: 3.0, 11: -1.0})


def scalar_step(solver: Solver, u: Field, x: int, y: int, f: dict[int, float]) -> float:
    west = float(u[x - 1, y]) if x > 0 else 1.5
    east = float(u[min(x + 1, 5), y])
    south = float(u[x, y - 1]) if y > 0 else -2.0
    north = float(u[x, y + 1]) if y < 3 else 0.25
    new = (solver.a * float(u[x, y]) + solver.cx * (west + east)) + solver.cy * (south + north)
    rate = f.get(x * 4 + y)
    return new if rate is None else new + solver.tau * rate


def spread(hardware: bool) -> Field:
    solver = Solver(Physics(nx=300, ny=3, dx=1.0, dy=1.0, window_ms=1), hardware)
    solver.padded[1, 1] = 1e-160
    for _ in range(200):
        solver.step_window(*NOTHING)
    return solver.u.copy()


def test_flushing_by_hand_equals_flushing_in_hardware() -> None:
    with hardware_flush() as hardware:
        if not hardware:
            pytest.skip("no FTZ here")
        flushed = spread(True)
    by_hand = spread(False)
    assert np.array_equal(flushed.view(np.int64), by_hand.view(np.int64))
    assert np.count_nonzero(flushed) < flushed.size
    assert np.all((flushed == 0) | (np.abs(flushed) >= 2.2250738585072014e-308))


def test_flushing_ends_with_the_block() -> None:
    with hardware_flush():
        pass
    assert np.all(np.full(8, 2.3e-308) * np.full(8, 0.5) != 0.0)


def test_digest_is_of_columns_then_of_their_digests() -> None:
    u = np.arange(6, dtype=np.float64).reshape(2, 3)
    columns = [xxhash.xxh3_128(u[i].tobytes()).digest() for i in range(2)]
    assert digest(u) == xxhash.xxh3_128(columns[0] + columns[1]).hexdigest()
    assert digest(u[:, ::-1]) != digest(u)


@pytest.mark.parametrize(("window_ms", "n"), [(1, 1), (62, 1), (63, 2), (100, 2), (1000, 16)])
def test_auto_substeps_are_the_least_stable_ones(window_ms: int, n: int) -> None:
    physics = Physics(window_ms=window_ms)
    assert physics.steps() == n
    assert physics.stability(physics.tau(n)) <= 0.5
    assert n == 1 or physics.stability(physics.tau(n - 1)) > 0.5


def test_what_becomes_a_denormal_when_stored_is_flushed_with_its_sign() -> None:
    u = np.array([[SMALLEST_F32 / 2, -SMALLEST_F32 / 2, SMALLEST_F32, 1.5]])
    assert (
        as_stored(u, np.float32).tobytes() == np.array([0, -0.0, SMALLEST_F32, 1.5], "f4").tobytes()
    )
    assert as_stored(u, np.float64).tobytes() == u.tobytes()
