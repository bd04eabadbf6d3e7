/* What the regions of a frame are at. */

import { short } from "./plots.js";

/* A gauge for each region: mean, lowest and highest on a scale, level of its alerts. */
export function tellGauges(list, regions, readings, [low, high]) {
    const place = (v) => `${100 * Math.min(1, Math.max(0, (v - low) / Math.max(high - low, 1e-300)))}%`;
    list.hidden = !readings.length;
    list.replaceChildren(...readings.map(({ min, mean, max, level }, i) => {
        const item = document.createElement("li");
        item.dataset.level = level;
        const text = document.createElement("span");
        text.textContent = `${regions[i].name} ${short(mean)} K (${short(min)} to ${short(max)})` +
            (level ? `, alert level ${level}` : "");
        const gauge = document.createElement("i");
        gauge.setAttribute("aria-hidden", "true");
        const bar = document.createElement("b");
        bar.style.width = place(mean ?? low);
        gauge.append(bar);
        item.append(text, gauge);
        return item;
    }));
}
