"""An error of a millionth in the heat of a running solver: who looks at the page or at the metrics
is told."""

from __future__ import annotations

import json
import re

from .chromium import chromium
from .conftest import Bench
from .decks import merged
from .failing import Order
from .program import ROOT, running
from .test_metrics import of, parse
from .test_page import ENDLESS, get, state, stop, url_of

FROM = 25  # the window after which the heat that rank 1 deposits is wrong
SHOWN = "(document.querySelector('#residual .newest')?.textContent ?? '')"


def threshold() -> float:
    """Above which the alert of jobs/monitoring speaks."""
    rules = (ROOT / "jobs/monitoring/rules.yml").read_text()
    found = re.search(r"abs\(heatstream_heat_balance_residual_ratio\) > (\S+)", rules)
    assert found
    return float(found[1])


def ratio(url: str) -> float:
    samples, _ = parse(get(url + "metrics").decode())
    return of(samples, "heat_balance_residual_ratio")[""]


def test_a_millionth_of_the_heat_too_much_is_seen_in_the_metric_and_on_the_page(
    bench: Bench,
) -> None:
    deck = bench.deck(merged(ENDLESS, {"gen": {"probability": 0.5}}))
    order = Order("scatter_heat", FROM + 1, "spoil", rank=1, goes_on=True)
    with running(["run", deck, "--listen", "127.0.0.1:0"], ranks=2, env=order.variables) as program:
        url = url_of(program)
        program.until(lambda: ratio(url) > threshold(), "an error in the metric")
        program.until(lambda: state(url)["rows"] > 2 * FROM, "rows")
        told = json.loads(get(url + f"api/series?from=0&to={2 * FROM - 1}"))
        residuals = dict(zip(told["row"], map(abs, told["heat_residual"]), strict=True))
        right = max(residuals[row] for row in range(FROM))
        wrong = min(residuals[row] for row in range(FROM, 2 * FROM))
        assert wrong > 1000 * right
        with chromium(bench.path / "profile") as browser:
            browser.open(url)
            text = browser.until(f"/residual -?\\d/.test({SHOWN}) && {SHOWN}", "the residual")
            assert abs(float(text.split()[1])) > 1000 * right
        stop(program)
