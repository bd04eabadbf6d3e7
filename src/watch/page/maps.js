/* The map of the run, and that of another one beside it: of the same part, with one cursor. */

import { ask } from "./api.js";
import { paintBar } from "./colours.js";
import { VIEWS, captions, tableOf } from "./compare.js";
import { HeatView, parsePicture } from "./view.js";

const element = (id) => document.getElementById(id);

export class Maps {
    /* `changed`: another part is wanted; `pointed`: the cursor is elsewhere. */
    constructor(run, changed, pointed) {
        this.run = run;
        this.views = [];
        for (const id of run.other ? ["map", "map2"] : ["map"]) this.add(element(id), changed, pointed);
    }

    add(canvas, changed, pointed) {
        const at = this.views.length;
        const others = () => this.views.filter((_, i) => i !== at);
        this.views.push(new HeatView(canvas, this.run, () => {
            for (const other of others()) other.move(this.views[at].box);
            changed();
        }, (cell, chosen) => {
            for (const other of others()) other.follow(this.views[at].cursor);
            pointed(cell, chosen);
        }));
    }

    cursor() {
        return this.views[0].cursor;
    }

    /* What each map says of a cell, null where it says nothing. */
    read(cell) {
        return this.views.map((view) => cell && view.picture && view.read(cell.x, cell.y));
    }

    /* A run that lacks the window leaves its place empty: null. */
    async ask(row, mode, stat) {
        const { x0, y0, x1, y1 } = this.views[0].box;
        return Promise.all(VIEWS[mode].map(async (of) => {
            try {
                const answer = await ask(`/api/picture?row=${row}&x0=${x0}&y0=${y0}&x1=${x1}&y1=${y1}&stat=${stat}&of=${of}`);
                return parsePicture(await answer.arrayBuffer());
            } catch (error) {
                if (of === "this") throw error;
                return null;
            }
        }));
    }

    draw(pictures, mode, range, levels) {
        const table = tableOf(mode);
        element("beside").hidden = pictures.length < 2;
        element("which").hidden = !this.run.other;
        captions(mode, this.run).forEach((text, i) => {
            element(i ? "which2" : "which").textContent = pictures[i] ? text : `${text}: no such window`;
        });
        paintBar(element("bar"), table);
        this.views.forEach((view, i) => {
            view.levels = i === 0 && mode !== "other" ? levels : [];
            if (pictures[i]) view.show(pictures[i], range, table);
            else view.clear();
        });
    }
}
