/* Steps of edges over time as inline SVG (reports/fuzz_chart.h). */
#include "reports/fuzz_chart.h"

#include "reports/fuzz.h"

enum { WIDTH = 1000, HEIGHT = 200, EDGE = 8 };

struct range {
    int64_t from_s, to_s, low, high;
    size_t count;
};

/* The numbers of a point; false where it is none, or beyond what can be drawn. */
static bool point_of(int64_t *seconds, int64_t *edges, const json_t *point)
{
    const json_t *x = json_array_get(point, 0), *y = json_array_get(point, 1);

    *seconds = json_integer_value(x);
    *edges = json_integer_value(y);
    return json_is_integer(x) && json_is_integer(y) && *seconds >= 0 && *edges >= 0 &&
           *seconds < INT32_MAX && *edges < INT32_MAX;
}

static struct range range_of(const json_t *points)
{
    struct range r = {0};
    const json_t *point;
    int64_t x, y;
    size_t i;

    json_array_foreach (points, i, point) {
        if (!point_of(&x, &y, point))
            continue;
        if (r.count++ == 0)
            r = (struct range){x, x, y, y, 1};
        r.from_s = x < r.from_s ? x : r.from_s;
        r.to_s = x > r.to_s ? x : r.to_s;
        r.low = y < r.low ? y : r.low;
        r.high = y > r.high ? y : r.high;
    }
    return r;
}

static int x_of(const struct range *r, int64_t seconds)
{
    return r->to_s > r->from_s ? (int)((seconds - r->from_s) * WIDTH / (r->to_s - r->from_s)) : 0;
}

static int y_of(const struct range *r, int64_t edges)
{
    int64_t span = r->high > r->low ? r->high - r->low : 1;

    return HEIGHT - EDGE - (int)((edges - r->low) * (HEIGHT - 2 * EDGE) / span);
}

/* A count stands until the next slice has ended, so the line goes in steps. */
static void add_steps(struct assay_buf *out, const struct range *r, const json_t *points)
{
    int last = -1, y;
    const json_t *point;
    int64_t seconds, edges;
    size_t i;

    json_array_foreach (points, i, point) {
        if (!point_of(&seconds, &edges, point))
            continue;
        y = y_of(r, edges);
        if (last >= 0)
            assay_buf_printf(out, "%d,%d ", x_of(r, seconds), last);
        assay_buf_printf(out, "%d,%d ", x_of(r, seconds), y);
        last = y;
    }
}

static void add_words(struct assay_buf *out, const struct range *r)
{
    assay_buf_add_str(out, "from ");
    report_fuzz_add_number(out, r->low);
    assay_buf_add_str(out, " to ");
    report_fuzz_add_number(out, r->high);
    assay_buf_add_str(out, " edges over ");
    report_fuzz_add_time(out, r->to_s);
}

void fuzz_chart(struct assay_buf *out, const json_t *points)
{
    struct range r = range_of(points);

    if (r.count < 2 || r.to_s == r.from_s) {
        assay_buf_add_str(out, r.count > 0 ? "<span class=\"note\">one slice so far</span>"
                                           : "<span class=\"note\">no slice yet</span>");
        return;
    }
    assay_buf_printf(out,
                     "<svg class=\"chart\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
                     "role=\"img\"><title>",
                     WIDTH, HEIGHT);
    add_words(out, &r);
    assay_buf_printf(out, "</title><line x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><path d=\"M0,%d L",
                     HEIGHT, WIDTH, HEIGHT, HEIGHT);
    add_steps(out, &r, points);
    assay_buf_printf(out, "%d,%d Z\"/><polyline points=\"", WIDTH, HEIGHT);
    add_steps(out, &r, points);
    assay_buf_add_str(out, "\"/></svg><span class=\"ends\"><span>from ");
    report_fuzz_add_number(out, r.low);
    assay_buf_add_str(out, "</span><span>");
    assay_buf_add_str(out, "in ");
    report_fuzz_add_time(out, r.to_s);
    assay_buf_add_str(out, "</span><span>to ");
    report_fuzz_add_number(out, r.high);
    assay_buf_add_str(out, "</span></span>");
}
