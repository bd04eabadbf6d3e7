"""The commands: each prints what it found, or where the picture is that it drew."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from heatstream_analysis.reading import RunError, find_frames_file
from heatstream_analysis.regions_picture import region_table
from heatstream_analysis.run import Run, open_run

PROGRAM = "heatstream_analysis"
DIFFERENT, FAILED = 1, 2

Options = argparse.Namespace
Command = Callable[[Options, Run], int]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 2 with one line that says why."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        with open_run(options.run) as run:
            return command(options, run)
    except RunError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough; Python would complain at its exit
    return FAILED


def _picture(options: Options, run: Run) -> int:
    return _write(
        options, "picture.png", lambda out: run.picture(out, options.window, options.time)
    )


def _video(options: Options, run: Run) -> int:
    return _write(options, "video.mp4", lambda out: run.video(out, options.fps))


def _regions(options: Options, run: Run) -> int:
    if options.csv:
        regions = run.regions.drop_dims("corner", errors="ignore")
        regions.to_dataframe().dropna(how="all").to_csv(sys.stdout)
        return 0
    print(region_table(run.regions))
    return _write(options, "regions.png", run.regions_picture)


def _list(options: Options, table: pd.DataFrame, nothing: str) -> int:
    if options.csv:
        table.to_csv(sys.stdout, index=False)
    else:
        print(table.to_string(index=False) if len(table) else nothing)
    return 0


def _alerts(options: Options, run: Run) -> int:
    return _list(options, run.alerts(every_line=options.every_line), "no alerts")


def _energy(options: Options, run: Run) -> int:
    balance = run.energy_balance()
    if options.csv:
        balance.to_csv(sys.stdout)
        return 0
    units = run.series["heat_content"].attrs.get("units", "")
    first, last = balance.iloc[0], balance.iloc[-1]
    worst = int(balance["ratio"].to_numpy().argmax())
    print(f"heat in          {balance['heat_in'].sum():.9g} {units}")
    print(f"heat out         {balance['heat_out'].sum():.9g} {units}")
    print(f"heat content     {first['heat_content']:.9g} .. {last['heat_content']:.9g} {units}")
    print(
        f"largest residual {balance['ratio'].iloc[worst]:.2g} of the heat there, in window "
        f"{balance['window'].iloc[worst]}, {balance.index[worst]}Z"
    )
    return 0


def _above(options: Options, run: Run) -> int:
    return _list(options, run.above(options.temperature, options.window, options.time), "no cells")


def _compare(options: Options, run: Run) -> int:
    with open_run(options.other) as other:
        found = run.compare(other)
    if options.csv:
        found.frames.to_csv(sys.stdout)
        return 0 if found.identical else DIFFERENT
    if found.identical:
        print(f"the same: {len(found.frames)} frames")
        return 0
    for name, windows in ((options.run, found.only_here), (options.other, found.only_there)):
        if windows:
            print(f"only in {name}: {len(windows)} windows, {windows[0]}..{windows[-1]}")
    print(f"different: {int((~found.frames['same']).sum())} of {len(found.frames)} frames")
    _print_largest(found.frames)
    if found.first:
        at = found.first
        print(
            f"first            window {at.window}, x = {at.x:g}, y = {at.y:g}: "
            f"{at.here:.17g} and {at.there:.17g}"
        )
    return DIFFERENT


def _print_largest(frames: pd.DataFrame) -> None:
    if len(frames):
        window, row = frames["max_abs"].idxmax(), frames["max_abs"].max()
        print(f"largest          {row:.9g} in window {window}, rms {frames['rms'].max():.9g}")


def _write(options: Options, name: str, draw: Callable[[Path], Path]) -> int:
    """Draw to --out, or to a file of this name beside what was opened."""
    out = options.out or _default_output(options.run, name)
    try:
        print(draw(out))
    except OSError as error:
        raise RunError(f"{out}: cannot be written: {error.strerror or error}") from error
    return 0


def _default_output(run: Path, name: str) -> Path:
    if run.is_dir():
        return run / name
    file = find_frames_file(run)
    suffix = Path(name).suffix
    return file.with_suffix(suffix) if name == f"picture{suffix}" else file.with_name(name)


def _window(text: str) -> int | None:
    if text == "last":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor last") from None


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.1 <= rate <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0.1 to 1000")
    return rate


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Reads and draws heatstream runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        made.set_defaults(command=command)
        made.add_argument("run", type=Path, metavar="RUN", help="run directory or frames file")
        return made

    picture = add("picture", _picture, "draw one frame and the field's extremes over time as a PNG")
    _add_frame(picture)
    _add_out(picture, "picture.png")
    video = add("video", _video, "draw all frames as a video, with ffmpeg")
    video.add_argument("--fps", type=_rate, default=25, help="frames per second; default: 25")
    _add_out(video, "video.mp4")
    regions = add("regions", _regions, "print every region and draw them over time as a PNG")
    _add_csv(regions, "every region at every time, and no picture")
    _add_out(regions, "regions.png")
    alerts = add("alerts", _alerts, "list what the alerts say: the last word about each window")
    alerts.add_argument(
        "--every-line", action="store_true", help="also what has been withdrawn or said again"
    )
    _add_csv(alerts, "as CSV")
    energy = add("energy", _energy, "sum the heat that came in, went out and is there")
    _add_csv(energy, "every frame")
    above = add("above", _above, "list the cells of a frame that are hotter than a temperature")
    above.add_argument("temperature", type=float, metavar="TEMPERATURE")
    _add_frame(above)
    _add_csv(above, "as CSV")
    compare = add("compare", _compare, "compare two runs; exit code 1 when they are not the same")
    compare.add_argument("other", type=Path, metavar="OTHER", help="the other run")
    _add_csv(compare, "the difference in every window")
    return parser


def _add_frame(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--window", type=_window, metavar="N", help="the frame of window N, or last")
    which.add_argument(
        "--time",
        metavar="T",
        help="the newest frame at or before T, ISO 8601, UTC if it says no zone",
    )


def _add_out(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=f"default: {name} in the run directory"
    )


def _add_csv(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--csv", action="store_true", help=f"CSV: {what}")
