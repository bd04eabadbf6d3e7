/* Another run beside the one that is shown: its frames of the same windows, and the difference. */

import { DIVERGING, TABLE } from "./colours.js";
import { short } from "./plots.js";

/* What the maps show: views of the interface, the first on the left. */
export const VIEWS = { this: ["this"], other: ["other"], both: ["this", "other"], difference: ["difference"] };

export const tableOf = (mode) => (mode === "difference" ? DIVERGING : TABLE);

/* The colours of a frame: both runs on one scale, differences alike on both sides of nothing. */
export function rangeOf(mode, own, other, norms) {
    if (mode === "difference") {
        const most = norms?.max > 0 ? norms.max : 1;
        return [-most, most];
    }
    const records = { this: [own], other: [other ?? own], both: [own, other ?? own] }[mode];
    return [Math.min(...records.map((r) => r.t_min)), Math.max(...records.map((r) => r.t_max))];
}

export function captions(mode, run) {
    const names = { this: run.run_id, other: run.other, difference: `${run.run_id} − ${run.other}` };
    return VIEWS[mode].map((of) => names[of]);
}

export function wordsOf(norms, own, other, run) {
    if (!other || !norms) return `${run.other} has no such window`;
    const shifted = other.event_time_ms === own.event_time_ms ? ""
        : `; its window ends ${short((other.event_time_ms - own.event_time_ms) / 1000)} s later`;
    if (norms.cells === 0) return `no cell differs${shifted}`;
    return `at most ${short(norms.max)} K, at x ${norms.x}, y ${norms.y}; root mean square ${short(norms.rms)} K; ` +
        `${norms.cells} of ${run.nx * run.ny} cells${shifted}`;
}
