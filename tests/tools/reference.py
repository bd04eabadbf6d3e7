"""Keeps what is generated from the option table fresh: the deck reference in README.md, the schema.

reference.py --check HEATSTREAM    exits 1 and names the stale file
reference.py --write HEATSTREAM    rewrites both
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- deck reference: begin -->", "<!-- deck reference: end -->"


def generate(heatstream, name):
    command = [heatstream, "generate", name]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def readme_with(reference):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, marker, tail = rest.partition(END)
    if not marker:
        raise SystemExit(f"README.md: no {BEGIN} … {END}")
    return f"{head}{BEGIN}\n\n{reference.strip()}\n\n{END}{tail}"


def main(mode, heatstream):
    wanted = {
        ROOT / "README.md": readme_with(generate(heatstream, "deck.md")),
        ROOT / "input" / "deck.schema.json": generate(heatstream, "deck.schema.json"),
    }
    stale = 0
    for path, text in wanted.items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if mode == "--write":
            path.write_text(text, encoding="utf-8")
            continue
        print(f"{path.relative_to(ROOT)} is stale: run `make reference`", file=sys.stderr)
        stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
