"""Checks of the sources that no compiler makes: include rules, sizes, leftover markers.

One line per violation, and exit code 1 when there is any. Arguments: check these files only.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What each room may include besides itself. An include points downwards, siblings do not meet.
BELOW_RUN = {"ingest", "wire", "store", "watch", "solve", "grid", "window", "deck", "base"}
ROOMS = {
    "main": BELOW_RUN | {"cli", "run"},
    "cli": BELOW_RUN | {"run"},
    "run": BELOW_RUN,
    "ingest": {"wire", "window", "base"},
    "store": {"grid", "base"},
    "watch": {"grid", "base"},
    "solve": {"grid", "base"},
    "grid": {"base"},
    "wire": {"window", "base"},
    "window": {"base"},
    "deck": {"base"},
    "base": set(),
}

# Libraries only these rooms see, by the start of the header's name.
LIBRARIES = {
    "librdkafka/": {"ingest"},
    "hdf5": {"store"},
    "H5": {"store"},
    "microhttpd": {"watch"},
    "yaml.h": {"deck"},
    "mpi.h": {"grid", "solve", "store", "run", "cli", "main"},
}

MAX_FUNCTION, MAX_FILE, MAX_HEADER, MAX_COLUMNS = 60, 400, 120, 100
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
MARKER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
SUFFIXES = {".c", ".h", ".py", ".sh"}


def room_of(path):
    """The room of a file below src/ or include/, None for any other file."""
    if path.parts[0] not in ("src", "include"):
        return None
    return path.parts[1] if len(path.parts) > 2 else path.stem


def check_include(room, quote, header):
    if quote == "<":
        owners = [rooms for start, rooms in LIBRARIES.items() if header.startswith(start)]
        if owners and room not in owners[0]:
            yield f"{room}/ must not see <{header}>"
    elif "/" in header:
        target = header.split("/")[0]
        if target != room and target not in ROOMS[room]:
            yield f'{room}/ must not include "{header}"'


def check_includes(path, lines):
    room = room_of(path)
    if room is None:
        return
    if room not in ROOMS:
        yield 1, f"{room}/ is not a room of the architecture"
        return
    for number, line in enumerate(lines, 1):
        if match := INCLUDE.match(line):
            yield from ((number, text) for text in check_include(room, *match.groups()))


def check_functions(path, lines):
    """The format puts the braces of a function, and no other opening one, in the first column."""
    if path.suffix not in (".c", ".h"):
        return
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start - 1 > MAX_FUNCTION:
                yield start, f"function of {number - start - 1} lines, at most {MAX_FUNCTION}"
            start = None


def check_size(path, lines):
    limit = MAX_HEADER if path.parts[0] == "include" else MAX_FILE
    if len(lines) > limit:
        yield 1, f"{len(lines)} lines, at most {limit}"


def check_lines(_, lines):
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            yield number, f"{len(line)} columns, at most {MAX_COLUMNS}"
        if match := MARKER.search(line):
            yield number, f"leftover {match.group()}"


def check_file(path, text):
    lines = text.splitlines()
    for check in (check_includes, check_functions, check_size, check_lines):
        for number, complaint in check(path, lines):
            yield f"{path}:{number}: {complaint}"


def own_files():
    for folder in ("src", "include", "tests", "analysis", "jobs", "input", ".ci"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and (path.suffix in SUFFIXES or folder == ".ci"):
                yield path


def main(arguments):
    files = [pathlib.Path(name).resolve() for name in arguments] or own_files()
    complaints = []
    for file in files:
        complaints += check_file(file.relative_to(ROOT), file.read_text(encoding="utf-8"))
    print(*complaints, sep="\n", end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
