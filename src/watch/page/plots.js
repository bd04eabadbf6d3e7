/* Small plots of values over frames, drawn with lines that have names, and read out as text. */

export const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function short(value) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(2);
    return String(Number(value.toPrecision(4)));
}

function extent(lines) {
    let low = Infinity, high = -Infinity;
    for (const { values } of lines)
        for (const v of values)
            if (v !== null && Number.isFinite(v)) {
                low = Math.min(low, v);
                high = Math.max(high, v);
            }
    if (low > high) return [0, 1];
    return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/* `at`: where each value lies; `mark`: the place of the frame that is shown. */
export function plot(figure, at, lines, mark) {
    const canvas = figure.querySelector("canvas");
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const [low, high] = extent(lines);
    const first = at[0] ?? 0, last = at[at.length - 1] ?? 1;
    const x = (row) => 2 + ((row - first) / Math.max(1, last - first)) * (width - 4);
    const y = (v) => height - 4 - ((v - low) / (high - low)) * (height - 8);
    if (mark !== null && mark >= first && mark <= last) {
        context.strokeStyle = style("--quiet");
        context.setLineDash([3, 3]);
        context.beginPath();
        context.moveTo(x(mark), 0);
        context.lineTo(x(mark), height);
        context.stroke();
        context.setLineDash([]);
    }
    for (const { values, colour } of lines) {
        context.strokeStyle = style(colour);
        context.lineWidth = 1.5;
        context.beginPath();
        let pen = false;
        values.forEach((v, i) => {
            if (v === null || !Number.isFinite(v)) { pen = false; return; }
            if (pen) context.lineTo(x(at[i]), y(v));
            else context.moveTo(x(at[i]), y(v));
            pen = true;
        });
        context.stroke();
    }
    describe(figure, canvas, lines, low, high);
}

function describe(figure, canvas, lines, low, high) {
    const newest = lines.map(({ name, values }) => `${name} ${short(values[values.length - 1])}`);
    figure.querySelector(".newest").replaceChildren(
        ...lines.flatMap(({ name, values, colour }) => {
            const item = document.createElement("span");
            item.className = `key ${colour.slice(2)}`;
            item.textContent = `${name} ${short(values[values.length - 1])}`;
            return [item, " "];
        }),
    );
    canvas.setAttribute(
        "aria-label",
        `${figure.querySelector(".name").textContent}: newest ${newest.join(", ")}; ` +
            `from ${short(low)} to ${short(high)}`,
    );
}
