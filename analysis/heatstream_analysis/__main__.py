"""Command line: python -m heatstream_analysis picture RUN."""

import argparse
import sys
from pathlib import Path

from heatstream_analysis.reading import RunError, find_frames_file, open_run

PROGRAM = "heatstream_analysis"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 2 with one line that says why."""
    options = _parser().parse_args(arguments)
    try:
        print(_picture(options))
    except RunError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 2
    return 0


def _picture(options: argparse.Namespace) -> Path:
    from heatstream_analysis.picture import draw_picture
    from heatstream_analysis.selection import select_frame

    file = find_frames_file(options.run)
    out = options.out or _default_output(options.run, file)

    with open_run(file) as run:
        frame = select_frame(run, options.window, options.time)
        try:
            return draw_picture(run, frame, out)
        except OSError as error:
            raise RunError(f"{out}: cannot be written: {error.strerror or error}") from error


def _default_output(run: Path, file: Path) -> Path:
    return run / "picture.png" if run.is_dir() else file.with_suffix(".png")


def _window(text: str) -> int | None:
    if text == "last":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor last") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Reads and draws heatstream runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    picture = commands.add_parser(
        "picture",
        help="draw one frame and the field's extremes over time as a PNG",
        description="Draws one frame (by default the last) and the field's extremes over time.",
    )
    picture.add_argument("run", type=Path, metavar="RUN", help="run directory or frames file")
    which = picture.add_mutually_exclusive_group()
    which.add_argument("--window", type=_window, metavar="N", help="the frame of window N, or last")
    which.add_argument(
        "--time",
        metavar="T",
        help="the newest frame at or before T, ISO 8601, UTC if it says no zone",
    )
    picture.add_argument(
        "--out", type=Path, metavar="FILE.png", help="default: picture.png in the run directory"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
