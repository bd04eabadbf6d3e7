/* The heat map: a part of one frame on a canvas, with zoom, pan and a cursor that reads cells. */

import { TABLE, paint } from "./colours.js";

const HEADER = 48;

/* The form of a picture: include/watch/view.h. */
export function parsePicture(buffer) {
    const head = new DataView(buffer);
    if (buffer.byteLength < HEADER || head.getUint32(0) !== 0x48535631) throw new Error("no picture");
    const width = head.getInt32(4, true), height = head.getInt32(8, true);
    return {
        width,
        height,
        scale: head.getInt32(12, true),
        row: Number(head.getBigInt64(16, true)),
        revision: Number(head.getBigInt64(24, true)),
        x0: Number(head.getBigInt64(32, true)),
        y0: Number(head.getBigInt64(40, true)),
        values: new Float32Array(buffer, HEADER, width * height),
    };
}

/* Lines around the runs x, y0, y1 of a mask, which come by x. */
function edgesOf(flat) {
    const columns = new Map(), edges = [];
    for (let i = 0; i < flat.length; i += 3) {
        const [x, y0, y1] = flat.slice(i, i + 3);
        columns.set(x, [...(columns.get(x) ?? []), [y0, y1]]);
        edges.push([x, y0, x + 1, y0], [x, y1, x + 1, y1]);
    }
    for (const [x, runs] of columns)
        for (const run of runs)
            for (const [side, beside] of [[x, x - 1], [x + 1, x + 1]])
                for (const [y0, y1] of without(run, columns.get(beside) ?? []))
                    edges.push([side, y0, side, y1]);
    return edges;
}

/* The parts of a range that lie in none of the rising `others`. */
function without([y0, y1], others) {
    const parts = [];
    for (const [from, to] of others) {
        if (to <= y0 || from >= y1) continue;
        if (from > y0) parts.push([y0, from]);
        y0 = to;
    }
    if (y0 < y1) parts.push([y0, y1]);
    return parts;
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export class HeatView {
    /* `changed`: another part is wanted; `pointed`: the cursor is elsewhere. */
    constructor(canvas, run, changed, pointed) {
        Object.assign(this, { canvas, run, changed, pointed });
        this.offscreen = document.createElement("canvas");
        this.picture = null;
        this.range = [0, 1];
        this.cursor = null;
        this.reset(false);
        this.listen();
        new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
        this.resize();
    }

    reset(tell = true) {
        this.box = { x0: 0, y0: 0, x1: this.run.nx, y1: this.run.ny };
        if (tell) this.changed();
    }

    /* As wide as there is room, of the shape of the grid. */
    resize() {
        const { nx, ny, dx, dy } = this.run;
        const aspect = (nx * dx) / (ny * dy);
        const room = this.canvas.parentElement.clientWidth;
        const width = Math.max(120, Math.min(room, Math.max(260, innerHeight * 0.68) * aspect));
        const ratio = devicePixelRatio || 1;
        this.canvas.style.width = `${Math.round(width)}px`;
        this.canvas.style.height = `${Math.round(width / aspect)}px`;
        this.canvas.width = Math.round(width * ratio);
        this.canvas.height = Math.round((width / aspect) * ratio);
        this.draw();
    }

    /* Nothing in the place of the map. */
    clear() {
        this.picture = null;
        this.draw();
    }

    show(picture, range, table = TABLE) {
        this.picture = picture;
        this.range = range;
        this.offscreen.width = picture.width;
        this.offscreen.height = picture.height;
        const context = this.offscreen.getContext("2d");
        const image = context.createImageData(picture.width, picture.height);
        for (let y = 0; y < picture.height; y++)
            for (let x = 0; x < picture.width; x++)
                paint(
                    image.data,
                    4 * ((picture.height - 1 - y) * picture.width + x),
                    picture.values[y * picture.width + x],
                    range[0],
                    range[1],
                    table,
                );
        context.putImageData(image, 0, 0);
        this.draw();
    }

    /* As another map does. */
    move(box) {
        this.box = box;
        this.draw();
    }

    follow(cursor) {
        this.cursor = cursor;
        this.draw();
    }

    /* Of a cell's lower left corner, in pixels of the canvas. */
    place(x, y) {
        const { x0, y0, x1, y1 } = this.box;
        return [
            ((x - x0) / (x1 - x0)) * this.canvas.width,
            (1 - (y - y0) / (y1 - y0)) * this.canvas.height,
        ];
    }

    draw() {
        const context = this.canvas.getContext("2d");
        context.clearRect(0, 0, this.canvas.width, this.canvas.height);
        const picture = this.picture;
        if (!picture) return;
        const across = picture.width * picture.scale, up = picture.height * picture.scale;
        const [left, bottom] = this.place(picture.x0, picture.y0);
        const [right, top] = this.place(picture.x0 + across, picture.y0 + up);
        context.imageSmoothingEnabled = false;
        context.drawImage(this.offscreen, left, top, right - left, bottom - top);
        const taken = [];
        this.run.regions.forEach((region, i) => this.drawRegion(context, region, this.levels?.[i] ?? 0));
        this.run.regions.forEach((region, i) => this.nameRegion(context, region, this.levels?.[i] ?? 0, taken));
        if (this.cursor) this.drawCursor(context);
    }

    /* Dark and light lines side by side are seen on every colour. */
    drawRegion(context, region, level) {
        const [left, bottom] = this.place(region.x0, region.y0);
        const [right, top] = this.place(region.x1, region.y1);
        const ratio = devicePixelRatio || 1;
        context.lineWidth = (level ? 3 : 1.5) * ratio;
        for (const [colour, grow] of [["#000", ratio], [level ? "#ff5252" : "#fff", 0]]) {
            context.strokeStyle = colour;
            if (region.runs) this.drawMask(context, region, 2 * grow);
            else context.strokeRect(left - grow, top - grow, right - left + 2 * grow, bottom - top + 2 * grow);
        }
    }

    /* At its upper left corner, or below the names that are there already. */
    nameRegion(context, region, level, taken) {
        const ratio = devicePixelRatio || 1, height = 14 * ratio;
        const text = level ? `${region.name} ▲${level}` : region.name;
        context.font = `${12 * ratio}px system-ui, sans-serif`;
        let [left, top] = this.place(region.x0, region.y1);
        left += 4 * ratio;
        const right = left + context.measureText(text).width;
        const hits = (other) => other.left < right && left < other.right && Math.abs(other.top - top) < height;
        for (let other; (other = taken.find(hits)); ) top = other.top + height;
        taken.push({ left, right, top });
        context.lineWidth = 3 * ratio;
        context.strokeStyle = "#000";
        context.fillStyle = "#fff";
        context.strokeText(text, left, top + height);
        context.fillText(text, left, top + height);
    }

    /* The edges between cells of a mask and others. */
    drawMask(context, region, grow) {
        region.edges ??= edgesOf(region.runs);
        const width = context.lineWidth;
        context.lineWidth = width + grow;
        context.beginPath();
        for (const [x0, y0, x1, y1] of region.edges) {
            context.moveTo(...this.place(x0, y0));
            context.lineTo(...this.place(x1, y1));
        }
        context.stroke();
        context.lineWidth = width;
    }

    drawCursor(context) {
        const scale = this.picture.scale;
        const [left, bottom] = this.place(this.cursor.x, this.cursor.y);
        const [right, top] = this.place(this.cursor.x + scale, this.cursor.y + scale);
        context.lineWidth = 2 * (devicePixelRatio || 1);
        for (const [colour, grow] of [["#000", 2], ["#fff", 0]]) {
            context.strokeStyle = colour;
            context.strokeRect(left - grow, top - grow, right - left + 2 * grow, bottom - top + 2 * grow);
        }
    }

    /* What the picture says of a cell: exact while a pixel is one cell. */
    read(x, y) {
        const p = this.picture;
        if (!p) return null;
        const i = Math.floor((x - p.x0) / p.scale), j = Math.floor((y - p.y0) / p.scale);
        if (i < 0 || j < 0 || i >= p.width || j >= p.height) return null;
        return { x, y, value: p.values[j * p.width + i], cells: p.scale };
    }

    cellAt(event) {
        const frame = this.canvas.getBoundingClientRect();
        const { x0, y0, x1, y1 } = this.box;
        return {
            x: clamp(Math.floor(x0 + ((event.clientX - frame.left) / frame.width) * (x1 - x0)), x0, x1 - 1),
            y: clamp(Math.floor(y1 - ((event.clientY - frame.top) / frame.height) * (y1 - y0)), y0, y1 - 1),
        };
    }

    point(cell, chosen = false) {
        const scale = this.picture ? this.picture.scale : 1;
        this.cursor = cell && {
            x: this.snap(cell.x, this.picture?.x0 ?? 0, scale),
            y: this.snap(cell.y, this.picture?.y0 ?? 0, scale),
        };
        this.draw();
        this.pointed(cell, chosen);
    }

    snap(value, origin, scale) {
        return origin + Math.floor((value - origin) / scale) * scale;
    }

    /* Shows so many cells on a side as factor times now, around a cell, within the grid. */
    zoom(factor, around) {
        const { nx, ny } = this.run, b = this.box;
        const across = clamp(Math.round((b.x1 - b.x0) * factor), Math.min(8, nx), nx);
        const up = clamp(Math.round((across * ny) / nx), 1, ny);
        const cx = around?.x ?? (b.x0 + b.x1) / 2, cy = around?.y ?? (b.y0 + b.y1) / 2;
        const fx = (cx - b.x0) / (b.x1 - b.x0), fy = (cy - b.y0) / (b.y1 - b.y0);
        const x0 = clamp(Math.round(cx - fx * across), 0, nx - across);
        const y0 = clamp(Math.round(cy - fy * up), 0, ny - up);
        this.box = { x0, y0, x1: x0 + across, y1: y0 + up };
        this.draw();
        this.changed();
    }

    pan(dx, dy) {
        const { nx, ny } = this.run, b = this.box;
        const across = b.x1 - b.x0, up = b.y1 - b.y0;
        const x0 = clamp(b.x0 + Math.round(dx), 0, nx - across);
        const y0 = clamp(b.y0 + Math.round(dy), 0, ny - up);
        this.box = { x0, y0, x1: x0 + across, y1: y0 + up };
        this.draw();
        this.changed();
    }

    listen() {
        let drag = null;
        const canvas = this.canvas;
        canvas.addEventListener("wheel", (event) => {
            event.preventDefault();
            this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.cellAt(event));
        }, { passive: false });
        canvas.addEventListener("pointerdown", (event) => {
            drag = { x: event.clientX, y: event.clientY, box: this.box, moved: false };
            canvas.setPointerCapture(event.pointerId);
        });
        canvas.addEventListener("pointermove", (event) => {
            if (!drag) return this.point(this.cellAt(event));
            const frame = canvas.getBoundingClientRect();
            const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
            if (!drag.moved && Math.hypot(dx, dy) < 4) return;
            drag.moved = true;
            const across = drag.box.x1 - drag.box.x0, up = drag.box.y1 - drag.box.y0;
            this.box = drag.box;
            this.pan((-dx / frame.width) * across, (dy / frame.height) * up);
        });
        canvas.addEventListener("pointerup", (event) => {
            if (drag && !drag.moved) this.point(this.cellAt(event), true);
            drag = null;
        });
        canvas.addEventListener("pointercancel", () => { drag = null; });
        canvas.addEventListener("dblclick", () => this.reset());
        canvas.addEventListener("keydown", (event) => this.press(event));
    }

    press(event) {
        const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
        const step = steps[event.key];
        if (step && event.shiftKey) {
            this.pan((step[0] * (this.box.x1 - this.box.x0)) / 8, (step[1] * (this.box.y1 - this.box.y0)) / 8);
        } else if (step) {
            const { x0, y0, x1, y1 } = this.box, scale = this.picture?.scale ?? 1;
            const from = this.cursor ?? { x: (x0 + x1) >> 1, y: (y0 + y1) >> 1 };
            this.point({
                x: clamp(from.x + step[0] * scale, x0, x1 - 1),
                y: clamp(from.y + step[1] * scale, y0, y1 - 1),
            });
        } else if (event.key === "+" || event.key === "=") this.zoom(0.5, this.cursor);
        else if (event.key === "-") this.zoom(2, this.cursor);
        else if (event.key === "0") this.reset();
        else if (event.key === "Enter" && this.cursor) this.point(this.cursor, true);
        else if (event.key === "Escape") this.point(null);
        else return;
        event.preventDefault();
        event.stopPropagation();
    }
}
