/* The alerts of a stored run: a list to jump from, marks along the time line. */

import { short, style } from "./plots.js";

const MOST = 400; /* items in the list: those around the frame that is shown */
const VERBS = { raised: "▲", lowered: "▼", cleared: "✓" };

export class AlertList {
    /* `rowOf`: the frame of a window; `jump`: shows it. */
    constructor(section, marks, rowOf, jump) {
        Object.assign(this, { section, marks, rowOf, jump, alerts: [], row: null, drawn: "" });
        section.querySelector(".before").onclick = () => this.step(-1);
        section.querySelector(".after").onclick = () => this.step(1);
    }

    take(more) {
        for (const alert of more) this.alerts.push({ ...alert, row: this.rowOf(alert.window) });
        this.draw();
    }

    /* What is told of the frame that is shown now. */
    show(row) {
        this.row = row;
        this.draw();
    }

    /* To the next frame with an alert, or the one before. */
    step(way) {
        const here = this.row ?? 0;
        const found = way > 0 ? this.alerts.find(({ row }) => row > here)
            : this.alerts.findLast(({ row }) => row < here);
        if (found) this.jump(found.row);
    }

    draw() {
        this.section.hidden = !this.alerts.length;
        this.marks.hidden = !this.alerts.length;
        if (this.section.hidden) return;
        const after = this.alerts.findIndex(({ row }) => row > (this.row ?? 0));
        const middle = after < 0 ? this.alerts.length : after;
        const first = Math.max(0, Math.min(middle - MOST / 2, this.alerts.length - MOST));
        this.section.querySelector(".before").disabled = !this.alerts.some(({ row }) => row < (this.row ?? 0));
        this.section.querySelector(".after").disabled = after < 0;
        const drawn = `${first} ${this.alerts.length}`;
        if (drawn !== this.drawn) this.fill(first);
        this.drawn = drawn;
        this.mark();
    }

    fill(first) {
        const items = this.alerts.slice(first, first + MOST).map((alert) => this.item(alert));
        this.section.querySelector("ol").replaceChildren(...items);
        this.drawMarks();
    }

    item({ alert, event, level, from, threshold, value, window, row }) {
        const item = document.createElement("li"), button = document.createElement("button");
        const told = value === null ? "" : `, at ${short(value)}`;
        const against = value === null || threshold === null ? "" : `, threshold ${short(threshold)}`;
        button.type = "button";
        button.textContent = `${window} ${VERBS[event]} ${alert} ${from} → ${level}${told}`;
        button.title = `window ${window}: ${alert} ${event} from level ${from} to ${level}${told}${against}`;
        button.setAttribute("aria-label", button.title);
        button.onclick = () => this.jump(row);
        item.dataset.row = row;
        item.dataset.event = event;
        item.append(button);
        return item;
    }

    mark() {
        let current = null;
        for (const item of this.section.querySelectorAll("li")) {
            const here = Number(item.dataset.row) === this.row;
            if (here) item.setAttribute("aria-current", "true");
            else item.removeAttribute("aria-current");
            if (here || Number(item.dataset.row) < this.row) current = item;
        }
        const list = this.section.querySelector("ol");
        if (current) list.scrollTop = current.offsetTop - list.offsetTop - list.clientHeight / 2;
    }

    /* Where they are on the time line, whose first and last places are half a thumb from its ends. */
    drawMarks(range = this.range) {
        this.range = range;
        const canvas = this.marks, ratio = devicePixelRatio || 1, thumb = 8;
        if (!range || !canvas.clientWidth) return;
        canvas.width = Math.round(canvas.clientWidth * ratio);
        canvas.height = Math.round(canvas.clientHeight * ratio);
        const context = canvas.getContext("2d"), room = canvas.clientWidth - 2 * thumb;
        for (const { row, event } of this.alerts) {
            const at = thumb + (room * (row - range[0])) / Math.max(1, range[1] - range[0]);
            context.fillStyle = style(event === "raised" ? "--alarm" : "--quiet");
            context.fillRect((at - 1) * ratio, event === "raised" ? 0 : canvas.height / 2, 2 * ratio, canvas.height);
        }
    }
}
