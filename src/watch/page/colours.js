/* A colour map of even steps for the eye: from dark violet over red to light yellow.
 *
 * It is a curve in Oklab (B. Ottosson, "A perceptual color space for image processing", 2020,
 * https://bottosson.github.io/posts/oklab/), in which distances are those that are seen: lightness
 * rises evenly, the hue turns, the chroma is as large as the curve and sRGB allow. The curve is then
 * cut into 256 pieces of equal length. */

const STEPS = 256;

function toLinear(L, C, hue) {
    const a = C * Math.cos(hue), b = C * Math.sin(hue);
    const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
    const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
    const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
    return [
        4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
        -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
    ];
}

const inGamut = (rgb) => rgb.every((v) => v >= 0 && v <= 1);

function toByte(v) {
    const s = v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
    return Math.round(255 * Math.min(1, Math.max(0, s)));
}

/* The point of the curve at t in 0..1. */
function curve(t) {
    const L = 0.16 + 0.79 * t;
    const hue = ((290 + 175 * t) * Math.PI) / 180;
    let C = 0.2 * Math.sin(Math.PI * (0.18 + 0.7 * t));
    while (C > 0 && !inGamut(toLinear(L, C, hue))) C -= 0.001;
    C = Math.max(C, 0);
    return { L, a: C * Math.cos(hue), b: C * Math.sin(hue), C, hue };
}

function makeTable() {
    const fine = Array.from({ length: 4001 }, (_, i) => curve(i / 4000));
    const length = [0];
    for (let i = 1; i < fine.length; i++) {
        const p = fine[i - 1], q = fine[i];
        length.push(length[i - 1] + Math.hypot(q.L - p.L, q.a - p.a, q.b - p.b));
    }
    const table = new Uint8ClampedArray(3 * STEPS);
    for (let step = 0, i = 0; step < STEPS; step++) {
        const wanted = (step / (STEPS - 1)) * length[length.length - 1];
        while (i < fine.length - 1 && length[i] < wanted) i++;
        table.set(toLinear(fine[i].L, fine[i].C, fine[i].hue).map(toByte), 3 * step);
    }
    return table;
}

export const TABLE = makeTable();

/* For differences: blue below, red above, lighter the nearer to nothing, alike on both sides. */
function makeDiverging() {
    const table = new Uint8ClampedArray(3 * STEPS);
    for (let step = 0; step < STEPS; step++) {
        const t = (2 * step - STEPS + 1) / (STEPS - 1), far = Math.abs(t);
        const hue = ((t < 0 ? 255 : 32) * Math.PI) / 180, L = 0.97 - 0.57 * far;
        let C = 0.17 * Math.min(1, 1.4 * far);
        while (C > 0 && !inGamut(toLinear(L, C, hue))) C -= 0.001;
        table.set(toLinear(L, Math.max(C, 0), hue).map(toByte), 3 * step);
    }
    return table;
}

export const DIVERGING = makeDiverging();

/* Writes a pixel of RGBA at `at`; what is no number is grey. */
export function paint(pixels, at, value, low, high, table = TABLE) {
    if (!Number.isFinite(value)) {
        pixels.set([128, 128, 128, 255], at);
        return;
    }
    const t = high > low ? (value - low) / (high - low) : 0.5;
    const step = 3 * Math.min(STEPS - 1, Math.max(0, Math.floor(t * STEPS)));
    pixels[at] = table[step];
    pixels[at + 1] = table[step + 1];
    pixels[at + 2] = table[step + 2];
    pixels[at + 3] = 255;
}

/* The map itself, hot at the top. */
export function paintBar(canvas, table = TABLE) {
    const context = canvas.getContext("2d");
    canvas.width = 1;
    canvas.height = STEPS;
    const image = context.createImageData(1, STEPS);
    for (let i = 0; i < STEPS; i++) paint(image.data, 4 * i, STEPS - 0.5 - i, 0, STEPS, table);
    context.putImageData(image, 0, 0);
}
