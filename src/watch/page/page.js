/* The page: asks the run what it is, follows what it pushes, and shows one frame of it. */

import { AlertList } from "./alerts.js";
import { askJson, latest } from "./api.js";
import { paintBar } from "./colours.js";
import { VIEWS, rangeOf, wordsOf } from "./compare.js";
import { tellGauges } from "./gauges.js";
import { Maps } from "./maps.js";
import { plot, short } from "./plots.js";

const POINTS = 500;
const PAUSE = "M4 2h3v12H4zM9 2h3v12H9z";
const PLAY = "M4 1v14l10-7z";
const COLUMNS = ["row", "window", "event_time_ms", "t_min", "t_max", "t_mean", "heat_content",
    "heat_in", "heat_out", "heat_residual", "events", "late", "missing", "dead"];
const element = (id) => document.getElementById(id);

let run = null; // what /api/run says
let state = null; // what was pushed last
let shown = null; // the record of the frame that is shown
let wanted = null; // the row that is to be shown; null: the newest
let maps = null;
let compared = null; // of the other run: its record and the norms of the difference
let alerts = null; // the list
let series = null; // columns of the rows of the small plots
let history = null; // the chosen cell's
let lags = [];
let playing = true;

function notice(text) {
    element("notice").hidden = !text;
    element("notice").textContent = text;
}

const newestRow = () => (state ? state.rows - 1 : -1);
const rowToShow = () => Math.min(wanted ?? newestRow(), newestRow());

const mode = () => (run.other ? element("mode").value : "this");

function range() {
    if (!element("automatic").checked)
        return [Number(element("from").value), Number(element("to").value)];
    return rangeOf(mode(), shown, compared?.record, compared?.norms);
}

/* What the other run has of the window; null where it has none. */
async function askOther(row) {
    if (!run.other) return null;
    try {
        const [record, norms] = await Promise.all([
            askJson(`/api/row?row=${row}&of=other`), askJson(`/api/difference?row=${row}`)]);
        return { record, norms };
    } catch {
        return null;
    }
}

/* A large one takes its time, so the one that is there stays until it comes. */
const showFrame = latest(async () => {
    const row = rowToShow();
    if (row < 0) return;
    const wantedMode = mode();
    const [record, other, pictures] = await Promise.all([
        askJson(`/api/row?row=${row}`), askOther(row), maps.ask(row, wantedMode, element("stat").value)]);
    if (mode() !== wantedMode) return; // asked again already
    shown = record;
    compared = other;
    maps.draw(pictures, wantedMode, range(), levels());
    tellFrame();
    drawPlots();
});

function utc(ms) {
    const date = new Date(ms);
    return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString().replace("T", " ").slice(0, -1);
}

function tellFrame() {
    const [low, high] = range();
    element("low").textContent = short(low);
    element("high").textContent = short(high);
    if (element("automatic").checked) {
        element("from").value = Number(low.toPrecision(5));
        element("to").value = Number(high.toPrecision(5));
    }
    element("window").textContent = shown.window;
    element("time").textContent = utc(shown.event_time_ms);
    element("revision").textContent = shown.revision
        ? `${shown.revision}, moved by ${short(shown.change)} K at most` : "0";
    element("final").textContent = (shown.final ? "final" : "provisional") +
        (shown.complete ? ", all clocks had passed" : ", some clock had not passed");
    element("events").textContent = `${shown.events} / ${shown.missing}`;
    const scrub = element("scrub");
    scrub.max = newestRow();
    scrub.value = shown.row;
    scrub.setAttribute("aria-valuetext", `window ${shown.window}`);
    element("map").setAttribute("aria-label",
        `Heat map of window ${shown.window}: from ${short(shown.t_min)} to ${short(shown.t_max)} K, ` +
        `mean ${short(shown.t_mean)} K`);
    element("map").dataset.row = shown.row;
    element("map").dataset.revision = shown.revision;
    element("norms").textContent = run.other ? wordsOf(compared?.norms, shown, compared?.record, run) : "";
    remember();
    tellRegions();
    alerts.show(shown.row);
    if (maps.cursor()) tellCell(maps.cursor());
}

function tellCell(cell) {
    const [read, other] = maps.read(cell);
    const many = read && read.cells > 1;
    element("cell").textContent = !read ? "point at one"
        : `${many ? `${read.cells} × ${read.cells} cells from ` : ""}x ${cell.x}, y ${cell.y}: ${short(read.value)} K` +
            (other ? `, the other ${short(other.value)} K` : "");
}

/* What is shown, in the address, so that it can be sent to somebody. */
function remember() {
    const parts = new URLSearchParams();
    if (wanted !== null) parts.set("row", shown.row);
    if (run.other) parts.set("show", mode());
    if (!element("automatic").checked) {
        parts.set("from", element("from").value);
        parts.set("to", element("to").value);
    }
    const hash = parts.toString();
    if (location.hash.slice(1) !== hash) window.history.replaceState(null, "", hash ? `#${hash}` : "/");
}

function recall() {
    const parts = new URLSearchParams(location.hash.slice(1));
    if (parts.has("row")) {
        wanted = Number(parts.get("row"));
        playing = false;
    }
    if (VIEWS[parts.get("show")]) element("mode").value = parts.get("show");
    if (parts.has("from") && parts.has("to")) {
        element("automatic").checked = false;
        element("from").value = parts.get("from");
        element("to").value = parts.get("to");
        element("from").disabled = element("to").disabled = false;
    }
}

function addSeries(more) {
    if (!series) series = Object.fromEntries(COLUMNS.map((name) => [name, []]));
    const last = series.row[series.row.length - 1] ?? -1;
    more.row.forEach((row, i) => {
        if (row > last) COLUMNS.forEach((name) => series[name].push(more[name][i]));
    });
    const extra = series.row.length - POINTS;
    if (extra > 0) COLUMNS.forEach((name) => series[name].splice(0, extra));
}

const followSeries = latest(async () => {
    const last = series ? series.row[series.row.length - 1] ?? -1 : -1;
    if (newestRow() <= last) return;
    const whole = !run.live && !series;
    addSeries(await askJson(whole ? `/api/series?from=${run.first_row}&points=${POINTS}`
        : `/api/series?from=${Math.max(run.first_row, last + 1, newestRow() - POINTS + 1)}&points=${POINTS}`));
    drawPlots();
});

const followCell = latest(async () => {
    if (!history) return;
    const { x, y } = history;
    const from = series ? series.row[0] ?? 0 : 0;
    const told = await askJson(`/api/cell?x=${x}&y=${y}&from=${from}&to=${newestRow()}&points=${POINTS}`);
    if (history && history.x === x && history.y === y) history = told;
    drawPlots();
});

function drawPlots() {
    if (series && series.row.length) {
        const at = series.row, mark = shown ? shown.row : null;
        plot(element("extremes"), at, [
            { name: "highest", colour: "--b", values: series.t_max },
            { name: "mean", colour: "--c", values: series.t_mean },
            { name: "lowest", colour: "--a", values: series.t_min }], mark);
        plot(element("balance"), at, [
            { name: "in", colour: "--b", values: series.heat_in },
            { name: "out", colour: "--a", values: series.heat_out }], mark);
        plot(element("residual"), at, [{ name: "residual", colour: "--d", values: series.heat_residual }], mark);
        plot(element("late"), at, [
            { name: "late events", colour: "--d", values: series.late },
            { name: "dead letters", colour: "--b", values: series.dead }], mark);
        if (history && history.row) {
            element("history").hidden = false;
            element("history").querySelector(".name").textContent = `cell x ${history.x}, y ${history.y}`;
            plot(element("history"), history.row, [
                { name: "temperature", colour: "--b", values: history.temperature }], mark);
        }
    }
    element("lag").hidden = !lags.some((lag) => lag !== null);
    if (!element("lag").hidden)
        plot(element("lag"), lags.map((_, i) => i), [{ name: "messages", colour: "--a", values: lags }], null);
}

/* Of the frame that is shown, where they are known; else of the newest one. */
function readings() {
    if (shown?.regions) return shown.regions;
    return wanted === null && run.live ? state.regions : [];
}
const levels = () => readings().map(({ level }) => level);

function tellRegions() {
    const told = shown ? readings() : [];
    const scale = mode() === "difference" ? [shown?.t_min, shown?.t_max] : shown ? range() : [0, 1];
    tellGauges(element("regions"), run.regions, told, scale);
}

/* Alerts come in parts, while the run is being judged. */
const followAlerts = latest(async () => {
    while (alerts.alerts.length < state.alerts) {
        const told = await askJson(`/api/alerts?from=${alerts.alerts.length}`);
        if (!told.alerts.length) return;
        alerts.take(told.alerts);
        alerts.drawMarks([run.first_row, newestRow()]);
    }
});

function tellState() {
    const words = { running: "running", waiting: "waiting for events", stopping: "stopping",
        stored: "stored run" };
    const left = state.remaining_s === null ? "" : `, about ${Math.ceil(state.remaining_s)} s to go`;
    element("phase").textContent =
        `${words[state.phase]}, ${state.rows} frames${state.corrections ? `, ${state.corrections} corrections` : ""}${left}`;
    element("phase").dataset.connected = "yes";
    const waits = state.waits_for < 0 ? "" :
        ` It waits for partition ${state.waits_for}, whose clock is ${short(state.behind_s)} s behind.`;
    element("open").hidden = !run.live;
    element("open").textContent = run.live
        ? `Window ${state.open_window} fills: ${state.clocks_passed} of ${state.clocks} partition clocks have passed it.` +
            `${waits} ${state.late} events came late, ${state.dead} are dead letters.` : "";
    element("scrub").max = Math.max(0, newestRow());
    element("scrub").min = run.first_row;
    element("judged").textContent = state.judged < state.rows
        ? `${state.alerts} so far, judged up to frame ${state.judged}` : String(state.alerts);
    tellRegions();
    followAlerts();
}

/* The run is another process now: what was known of it is looked at again. */
async function begin() {
    const before = run;
    run = await askJson("/api/run");
    element("title").textContent = run.title || run.run_id;
    document.title = `${run.run_id} – heatstream`;
    element("playing").hidden = run.live;
    element("comparing").hidden = element("differs").hidden = !run.other;
    const goesOn = before?.live && run.live && before.run_id === run.run_id;
    if (before && !goesOn) return location.reload(); // what answers here now is something else
    if (before) {
        notice(`The run was started again at ${new Date().toLocaleTimeString()}; it goes on from its checkpoint.`);
        series = null;
        lags = [];
    }
    if (!maps) {
        maps = new Maps(run, showFrame, pointed);
        const rowOf = (window) => run.first_row + Math.round((window - run.first_window) / run.frames_every);
        alerts = new AlertList(element("alerts"), element("marks"), rowOf, show);
        recall();
    }
    tellPlaying();
}

function pointed(cell, chosen) {
    tellCell(cell);
    if (!cell || !chosen) return;
    history = { x: cell.x, y: cell.y };
    followCell();
}

const take = latest(async () => {
    const told = pushed;
    const corrected = state && told.corrections !== state.corrections;
    if (!run || run.start !== told.start) await begin();
    state = told;
    if (corrected) series = null;
    if (run.live) {
        lags.push(state.lag < 0 ? null : state.lag);
        if (lags.length > POINTS) lags.shift();
    }
    tellState();
    followSeries();
    followCell();
    if (wanted === null || corrected || !shown) showFrame();
});
let pushed = null;

function connect() {
    const source = new EventSource("/api/stream");
    source.onmessage = (event) => {
        pushed = JSON.parse(event.data);
        if (element("phase").dataset.connected === "no") notice("");
        take();
    };
    source.onerror = () => {
        const ended = state && state.phase === "stopping";
        element("phase").dataset.connected = "no";
        element("phase").textContent = ended ? "the run has ended; this is its last frame"
            : "not connected; trying again";
        if (source.readyState === EventSource.CLOSED) setTimeout(connect, 1000);
    };
}

function tellPlaying() {
    element("play").querySelector("path").setAttribute("d", playing ? PAUSE : PLAY);
    element("play").setAttribute("aria-label", playing ? "pause" : "play");
}

function show(row) {
    playing = false;
    wanted = Math.max(run.first_row, Math.min(newestRow(), row));
    tellPlaying();
    showFrame();
}

function togglePlaying() {
    playing = !playing;
    if (run.live) wanted = playing ? null : shown?.row ?? newestRow();
    else if (playing && (wanted === null || wanted >= newestRow())) wanted = run.first_row;
    tellPlaying();
    showFrame();
}

/* A stored run plays by itself, a live one comes as it comes. */
let moved = performance.now(), part = 0;
function play(now) {
    const passed = (now - moved) / 1000;
    moved = now;
    requestAnimationFrame(play);
    if (!playing || !run || run.live || !state || document.hidden) return;
    const speed = element("speed").value;
    const perSecond = 1000 / (run.window_ms * run.frames_every);
    part += passed * (speed === "real" ? perSecond : speed === "fast" ? 10 * perSecond : Number(speed));
    const step = Math.floor(part);
    if (step < 1) return;
    part -= step;
    const rows = state.rows - run.first_row;
    wanted = (wanted ?? run.first_row) + step;
    if (wanted > newestRow() && element("loop").checked)
        wanted = run.first_row + ((wanted - run.first_row) % rows);
    if (wanted >= newestRow() && !element("loop").checked) {
        wanted = newestRow();
        playing = false;
        tellPlaying();
    }
    showFrame();
}

function listen() {
    element("play").onclick = togglePlaying;
    element("first").onclick = () => show(run.first_row);
    element("back").onclick = () => show((shown?.row ?? 0) - 1);
    element("on").onclick = () => show((shown?.row ?? 0) + 1);
    element("last").onclick = () => {
        show(newestRow());
        if (run.live) { wanted = null; playing = true; tellPlaying(); }
    };
    element("scrub").oninput = (event) => show(Number(event.target.value));
    element("automatic").onchange = (event) => {
        element("from").disabled = element("to").disabled = event.target.checked;
        showFrame();
    };
    element("from").onchange = element("to").onchange = element("stat").onchange =
        element("mode").onchange = () => showFrame();
    document.querySelector("form").onsubmit = (event) => event.preventDefault();
    addEventListener("keydown", (event) => {
        const pressed = event.target.tagName === "BUTTON" && /^( |Enter)$/.test(event.key);
        if (pressed || /^(INPUT|SELECT)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey) return;
        const keys = { " ": togglePlaying, ",": element("back").onclick, ".": element("on").onclick,
            Home: element("first").onclick, End: element("last").onclick,
            n: () => alerts.step(1), p: () => alerts.step(-1) };
        if (!keys[event.key] || !run) return;
        event.preventDefault();
        keys[event.key]();
    });
    addEventListener("resize", () => { drawPlots(); alerts?.drawMarks(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
        drawPlots();
        alerts?.drawMarks();
    });
}

paintBar(element("bar"));
listen();
connect();
requestAnimationFrame(play);
