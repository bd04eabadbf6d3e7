"""What `make install` puts down: pages that render, completion that completes, decks that load."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

from .program import BINARY, ROOT

COMMANDS = ["check", "gen", "info", "record", "run"]


def done(*command: str | Path, **changes: str) -> str:
    return subprocess.run(
        command,
        check=True,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=120,
        env=os.environ | changes,
    ).stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    build = BINARY.parent.relative_to(ROOT)
    done(
        "make", "-C", ROOT, "install", f"B={build}", "PREFIX=/usr", f"DESTDIR={root}", MAKEFLAGS=""
    )
    return root / "usr"


def test_every_command_and_the_deck_have_a_page_without_a_warning(installed: Path) -> None:
    pages = sorted((installed / "share/man").glob("man*/*"))
    names = {page.name for page in pages}
    assert {f"heatstream-{command}.1" for command in COMMANDS} <= names
    assert {"heatstream.1", "heatstream-deck.5"} <= names
    for page in pages:
        assert page.parent.name == f"man{page.suffix[1:]}"
        done("mandoc", "-T", "lint", "-W", "warning,stop", page)


def test_the_pages_tell_of_every_option_and_key(installed: Path) -> None:
    page = done("mandoc", "-T", "ascii", installed / "share/man/man1/heatstream-run.1")
    plain = re.sub(".\b", "", page)  # struck twice: bold
    for word in done(BINARY, "run", "--help").split():
        if word.startswith("--"):
            assert word.split("[")[0].rstrip(",") in plain
    deck = (installed / "share/man/man5/heatstream-deck.5").read_text()
    for line in done(BINARY, "generate", "deck.md").splitlines():
        if line.startswith("| `"):
            assert f'.It Cm "{line.split("`")[1]}"' in deck


# What packages of the recipe are called by pkg-config, where it is something else.
SPACK = {
    "openmpi": "ompi", "hdf5": "hdf5-openmpi", "librdkafka": "rdkafka", "libyaml": "yaml-0.1",
    "xxhash": "libxxhash", "zlib-api": "zlib",
}  # fmt: skip


def test_the_spack_recipe_asks_for_what_the_makefile_does() -> None:
    recipe = (ROOT / "jobs/spack/packages/heatstream/package.py").read_text()
    calls = [node for node in ast.walk(ast.parse(recipe)) if isinstance(node, ast.Call)]
    wanted = {
        re.split("[@ ]", ast.literal_eval(call.args[0]))[0]
        for call in calls
        if getattr(call.func, "id", "") == "depends_on" and not call.keywords
    }
    made = done("make", "-C", ROOT, "-pn", "DEPS=no", MAKEFLAGS="")
    packages = re.search(r"^PACKAGES := (.*)$", made, re.M)
    assert packages
    assert {SPACK.get(name, name) for name in wanted} == set(packages[1].split())


def completed(installed: Path, *words: str) -> list[str]:
    script = installed / "share/bash-completion/completions/heatstream"
    typed = " ".join(f"'{word}'" for word in words)
    return done(
        "bash", "-c",
        f"compopt() {{ :; }}; source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1};"
        ' _heatstream; printf "%s\\n" "${COMPREPLY[@]}"',
    ).split()  # fmt: skip


def test_bash_completes_commands_options_their_values_and_deck_keys(installed: Path) -> None:
    script = installed / "share/bash-completion/completions/heatstream"
    done("shellcheck", "-s", "bash", script)
    assert set(COMMANDS) <= set(completed(installed, "heatstream", ""))
    assert completed(installed, "heatstream", "inf") == ["info"]
    assert completed(installed, "heatstream", "run", "--acc") == ["--accept-gap"]
    assert completed(installed, "heatstream", "info", "--r") == []
    assert completed(installed, "heatstream", "run", "--log", "j") == ["json"]
    assert completed(installed, "heatstream", "run", "--restart", "=", "la") == ["latest"]
    assert completed(installed, "heatstream", "run", "-D", "grid.n") == ["grid.nx=", "grid.ny="]
    assert completed(installed, "heatstream", "run", "in") == []


def test_what_is_installed_runs_from_another_place(installed: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    installed.rename(moved)
    try:
        deck = moved / "share/heatstream/input/demo.yaml"
        assert "time step" in done(moved / "bin/heatstream", "check", deck)
    finally:
        moved.rename(installed)


def test_the_packages_to_run_it_are_those_of_the_libraries_it_is_linked_with() -> None:
    listed = {
        line.split()[1]
        for line in (ROOT / "tests/tools/packages.txt").read_text().splitlines()
        if line.startswith("run ")
    }
    needed = set()
    dynamic = done("readelf", "-d", BINARY)
    paths = dict(re.findall(r"^\s*(\S+) => (\S+)", done("ldd", BINARY), re.MULTILINE))
    for library in re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic):
        if library.startswith(("libc.so", "libm.so")):
            continue
        path = Path(paths[library]).resolve()
        needed.add(done("dpkg-query", "--search", f"*/{path.name}").split(":")[0])
    assert needed <= listed
    assert listed - needed <= {"openmpi-bin", "ca-certificates", "libhdf5-openmpi-hl-100"}
