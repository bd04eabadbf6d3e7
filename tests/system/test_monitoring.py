"""Configuration of Prometheus and Grafana: valid, tested, and about metrics that there are."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from .brokers import free_port
from .conftest import Bench
from .program import PATIENCE, ROOT, running
from .test_metrics import documented
from .test_page import ENDLESS, WATCHED, stop, url_of

FOLDER = ROOT / "jobs" / "monitoring"


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_do_what_their_tests_say() -> None:
    promtool("check", "config", FOLDER / "prometheus.yml")
    promtool("check", "rules", FOLDER / "rules.yml")
    promtool("test", "rules", FOLDER / "rules.test.yml")


def test_every_alert_has_a_test() -> None:
    alerts = set(re.findall(r"- alert: (\w+)", (FOLDER / "rules.yml").read_text()))
    tested = set(re.findall(r"alertname: (\w+)", (FOLDER / "rules.test.yml").read_text()))
    assert tested == alerts


def test_rules_and_dashboard_ask_for_metrics_that_there_are() -> None:
    rules = (FOLDER / "rules.yml").read_text()
    dashboard = json.loads((FOLDER / "grafana-heatstream.json").read_text())
    expressions = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    names = set(re.findall(r"\bheatstream_\w+\b(?!:)", rules + " ".join(expressions)))
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in names} <= set(documented())
    for one in dashboard["panels"]:
        box = one["gridPos"]
        assert box["x"] + box["w"] <= 24 and one["title"]


def query(port: int, expression: str) -> list[dict[str, Any]]:
    parameters = urllib.parse.urlencode({"query": expression})
    url = f"http://127.0.0.1:{port}/api/v1/query?{parameters}"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return list(json.loads(answer.read())["data"]["result"])
    except OSError:
        return []


def test_a_real_prometheus_scrapes_a_run(bench: Bench) -> None:
    deck = bench.deck(ENDLESS, WATCHED, name="scraped")
    folder, port = bench.path / "prometheus", free_port()
    folder.mkdir()
    with running(["run", deck, "--listen", "127.0.0.1:0"]) as program:
        target = url_of(program)[len("http://") : -1]
        text = (FOLDER / "prometheus.yml").read_text()
        text = text.replace("127.0.0.1:8080", target).replace("5s", "1s")
        (folder / "prometheus.yml").write_text(text)
        (folder / "rules.yml").write_text((FOLDER / "rules.yml").read_text())
        server = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            series = [n + "_count" * (k == "histogram") for n, k in documented().items()]
            wanted = ["heatstream:windows:rate1m > 0", 'up{job="heatstream"} == 1', *series]
            deadline = time.monotonic() + 30 * PATIENCE
            for expression in wanted:  # a scrape that takes too long makes them stale for a moment
                while not query(port, expression):
                    assert server.poll() is None
                    assert time.monotonic() < deadline, f"Prometheus has no {expression}"
                    time.sleep(0.1)
        finally:
            server.terminate()
            server.wait(30)
        stop(program)
