#include "palette.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"

enum { FINE = 4001 };

static const double PI = 3.14159265358979323846;

/* Oklab (B. Ottosson, "A perceptual color space for image processing", 2020) to linear sRGB. */
struct oklab {
    double L, a, b;
};

static void to_linear(const struct oklab *colour, double rgb[3])
{
    double L = colour->L, a = colour->a, b = colour->b;
    double l = pow(L + 0.3963377774 * a + 0.2158037573 * b, 3);
    double m = pow(L - 0.1055613458 * a - 0.0638541728 * b, 3);
    double s = pow(L - 0.0894841775 * a - 1.291485548 * b, 3);
    rgb[0] = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s;
    rgb[1] = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s;
    rgb[2] = -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s;
}

static bool in_gamut(const struct oklab *colour)
{
    double rgb[3];
    to_linear(colour, rgb);
    for (int i = 0; i < 3; i++)
        if (!(rgb[i] >= 0 && rgb[i] <= 1))
            return false;
    return true;
}

static uint8_t to_byte(double v)
{
    v = v < 0 ? 0 : v > 1 ? 1 : v;
    return (uint8_t)lrint(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055));
}

/* The point of the curve at t in 0 .. 1: as colourful as it and sRGB allow. */
static struct oklab curve(double t)
{
    double hue = (290 + 175 * t) * PI / 180, chroma = 0.2 * sin(PI * (0.18 + 0.7 * t));
    struct oklab colour;
    do {
        chroma = chroma > 0 ? chroma : 0;
        colour = (struct oklab){0.16 + 0.79 * t, chroma * cos(hue), chroma * sin(hue)};
        chroma -= 0.001;
    } while (chroma > -0.001 && !in_gamut(&colour));
    return colour;
}

void palette_make(struct palette *palette)
{
    struct oklab *fine = memory_block(FINE * sizeof *fine);
    double *length = memory_zeroed(FINE, sizeof *length);
    for (int i = 0; i < FINE; i++) {
        fine[i] = curve((double)i / (FINE - 1));
        if (i > 0)
            length[i] =
                length[i - 1] + hypot(fine[i].L - fine[i - 1].L,
                                      hypot(fine[i].a - fine[i - 1].a, fine[i].b - fine[i - 1].b));
    }
    for (int step = 0, i = 0; step < PALETTE_STEPS; step++) {
        double rgb[3], wanted = step / (PALETTE_STEPS - 1.0) * length[FINE - 1];
        while (i < FINE - 1 && length[i] < wanted)
            i++;
        to_linear(&fine[i], rgb);
        for (int c = 0; c < 3; c++)
            palette->rgb[step][c] = to_byte(rgb[c]);
    }
    free(fine);
    free(length);
}

/* A cube of 6 x 6 x 6, then 24 greys: as xterm has them. */
static void fixed_colour(int index, int rgb[3])
{
    static const int levels[] = {0, 95, 135, 175, 215, 255};
    if (index >= 232) {
        rgb[0] = rgb[1] = rgb[2] = 8 + 10 * (index - 232);
        return;
    }
    rgb[0] = levels[(index - 16) / 36];
    rgb[1] = levels[(index - 16) / 6 % 6];
    rgb[2] = levels[(index - 16) % 6];
}

int palette_nearest(const uint8_t rgb[3])
{
    int best = 16;
    long least = -1;
    for (int index = 16; index < 256; index++) {
        int fixed[3];
        long distance = 0;
        fixed_colour(index, fixed);
        for (int c = 0; c < 3; c++)
            distance += (long)(fixed[c] - rgb[c]) * (fixed[c] - rgb[c]);
        if (least < 0 || distance < least) {
            least = distance;
            best = index;
        }
    }
    return best;
}
