/* SPDX-License-Identifier: MIT
 * Pieces of the report's page; see bench/page/html.h. */
#include "bench/page/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/table.h"

static const char style[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:66rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif;"
    "background:var(--paper);color:var(--c0);overflow-wrap:break-word}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:0}h2{font-size:1.2rem;margin:2.6rem 0 .4rem}"
    "h3{font-size:1rem;margin:1.4rem 0 0}\n"
    "a{color:var(--link)}:focus-visible{outline:3px solid var(--link);outline-offset:2px}\n"
    ".skip{position:absolute;left:-99rem}.skip:focus{position:static}\n"
    "nav{font-size:.86rem;margin:.2rem 0 1rem}nav a{display:inline-block;margin:0 .9rem .2rem 0}\n"
    "h1+p,.note,figcaption{color:var(--c1)}h1+p{margin:.1rem 0 .6rem;"
    "overflow-wrap:anywhere}.lead{max-width:46rem}\n"
    ".note,figcaption{font-size:.92rem;max-width:52rem}\n"
    ".answers{padding:0;margin:0 0 1rem;list-style:none;display:grid;gap:.8rem;"
    "grid-template-columns:repeat(auto-fit,minmax(13rem,1fr))}\n"
    ".answers li{background:var(--card);border-radius:.5rem;padding:.7rem .9rem;font-size:.92rem;"
    "overflow-wrap:anywhere}.answers small{font-size:.95rem}.answers a{color:inherit}\n"
    ".answers li:last-child{grid-column:1/-1}\n" /* the machine's answer is the longest */
    ".answers b{display:block;font-size:1.3rem;line-height:1.25;"
    "font-variant-numeric:tabular-nums}\n"
    "figure{margin:.8rem 0}figure svg{display:block;width:100%;height:auto}\n"
    ".wide{overflow-x:auto;margin:.9rem 0}\n"
    "table{border-collapse:collapse;font-size:.86rem;min-width:50%}\n"
    "th,td{padding:.22rem .62rem .22rem 0;text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums;border-bottom:1px solid var(--c2);vertical-align:top}\n"
    "th{font-weight:600;color:var(--c1);vertical-align:bottom;white-space:normal;max-width:7rem;"
    "line-height:1.25}"
    "th:first-child,td:first-child,.text{text-align:left}\n"
    "td.text{white-space:normal;min-width:9rem;overflow-wrap:anywhere}"
    "th:first-child,td:first-child{position:sticky;left:0;background:var(--paper)}\n"
    "td small{display:block;color:var(--c1);white-space:normal;min-width:7rem}\n"
    "td .rung{color:var(--c1)}\n"
    "pre{background:var(--card);border-radius:.5rem;padding:.8rem 1rem;overflow-x:auto;"
    "white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}\n"
    "summary{cursor:pointer;color:var(--c1);margin:.6rem 0}\n"
    ".alarm,.answers a.alarm{color:var(--c13)}.good{color:var(--good)}\n"
    "svg.narrow{display:none!important}@media (max-width:40rem){svg.narrow{display:block!important}"
    "svg.full{display:none!important}body{padding:1rem}.answers{grid-template-columns:1fr}"
    "td.text{min-width:10rem}th,td{white-space:normal}td:first-child{max-width:8rem;"
    "min-width:5rem;overflow-wrap:break-word}}\n"
    "@media print{nav,.skip{display:none}body{max-width:none;padding:0;font-size:11pt}"
    ".wide{overflow:visible}table{font-size:7.5pt}figure,tr,.answers li{break-inside:avoid}"
    "h2,h3{break-after:avoid}.answers li{border:1px solid var(--c2)}}\n";

/* Colours of the page besides those of the charts; each pair of them that carries text differs by a
 * contrast of 4.5 or more, which bench/test/check_report.py computes. */
struct palette {
    const char *paper, *card, *link, *good;
    const char *const *charts;
};
static const struct palette light = {"#ffffff", "#f3f5f8", "#1d5596", "#1f7344", chart_light};
static const struct palette dark = {"#14181f", "#1e242d", "#7db8f0", "#63c48f", chart_dark};

static void palette_print(FILE *out, const struct palette *palette)
{
    fprintf(out, ":root{--paper:%s;--card:%s;--link:%s;--good:%s", palette->paper, palette->card,
            palette->link, palette->good);
    for (unsigned i = 0; i < CHART_COLOURS; i++)
        fprintf(out, ";--c%u:%s", i, palette->charts[i]);
    fputs("}\n", out);
}

void html_begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
          "<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
          "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>",
          out);
    html_text(out, title);
    fputs("</title>\n<style>\n", out);
    palette_print(out, &light);
    fputs("@media screen and (prefers-color-scheme:dark){", out);
    palette_print(out, &dark);
    fprintf(out,
            "}\n%s</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the answers</a>\n"
            "<main id=\"main\" tabindex=\"-1\">\n",
            style);
}

void html_section(FILE *out, const char *id, const char *title)
{
    fprintf(out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n",
            id, id, id, title);
}

void html_contents(FILE *out, const char *body)
{
    static const char head[] = "<section id=\"", title[] = "-title\">";

    fputs("<nav aria-label=\"Sections\">", out);
    while ((body = strstr(body, head)) != NULL) {
        body += strlen(head);
        const char *begin = strstr(body, "<h2 "), *end = strchr(body, '\n');
        if (!end || end + 1 != begin) /* a section without a heading of its own */
            continue;
        begin = strstr(begin, title) + strlen(title);
        fprintf(out, "<a href=\"#%.*s\">%.*s</a>\n", (int)strcspn(body, "\""), body,
                (int)(strstr(begin, "</h2>") - begin), begin);
    }
    fputs("</nav>\n", out);
}

void html_section_end(FILE *out)
{
    fputs("</section>\n", out);
}

void html_table(FILE *out, const char *label, const char *heads)
{
    fprintf(out,
            "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table>\n<tr>",
            label);
    while (*heads) {
        const bool text = *heads == '<';
        const size_t length = strcspn(heads += text, "|");
        fprintf(out, "<th scope=\"col\"%s>%.*s</th>", text ? " class=\"text\"" : "", (int)length,
                heads);
        heads += length;
        if (*heads == '|' && !*++heads)
            fputs("<th></th>", out);
    }
    fputs("</tr>\n", out);
}

void html_table_end(FILE *out)
{
    fputs("</table></div>\n", out);
}

void html_note(FILE *out, const char *text)
{
    fprintf(out, "<p class=\"note\">%s</p>\n", text);
}

void html_end(FILE *out)
{
    fputs("</main>\n</body>\n</html>\n", out);
}

void html_text(FILE *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '&')
            fputs("&amp;", out);
        else if (*at == '<')
            fputs("&lt;", out);
        else if (*at == '>')
            fputs("&gt;", out);
        else if (*at == '"')
            fputs("&quot;", out);
        else if (*at == '\'')
            fputs("&#39;", out);
        else if (*at < ' ' || *at > '~')
            fprintf(out, "\\x%02x", *at);
        else
            fputc(*at, out);
    }
}

void html_number(FILE *out, const struct figure *figure, const char *member, double number)
{
    char name[FIGURE_NAME_MAX], text[32];

    if (!figure || !figure_has(number)) {
        fputs("<td>-</td>", out);
        return;
    }
    figure_name(figure, name);
    number_text(number, text, sizeof(text));
    fputs("<td data-name=\"", out);
    html_text(out, name);
    fputs("\" data-member=\"", out);
    html_text(out, member);
    fprintf(out, "\">%s</td>", text);
}

static void change_begin(FILE *out, const struct figure *const sides[2], const char *member,
                         double delta)
{
    char text[32], names[2][FIGURE_NAME_MAX];

    number_text(fabs(delta), text, sizeof(text));
    figure_name(sides[0], names[0]);
    figure_name(sides[1], names[1]);
    fputs("<td data-name=\"", out);
    html_text(out, names[1]);
    fputs("\" data-minus=\"", out);
    html_text(out, names[0]);
    fprintf(out, "\" data-member=\"%s\">%c%s", member, delta < 0 ? '-' : '+', text);
}

void html_difference_begin(FILE *out, const struct figure *const sides[2], const char *unit)
{
    change_begin(out, sides, unit, sides[1]->whole - sides[0]->whole);
}

void html_change(FILE *out, const struct figure *const sides[2], const char *member, double delta)
{
    if (!(fabs(delta) < -FIGURE_ABSENT / 2)) {
        fputs("<td>-</td>", out);
        return;
    }
    change_begin(out, sides, member, delta);
    fputs("</td>", out);
}

void html_difference(FILE *out, const struct figure *from, const struct figure *to,
                     const char *unit)
{
    html_change(out, (const struct figure *[2]){from, to}, unit,
                from && to ? to->whole - from->whole : FIGURE_ABSENT);
}

/* Reads "rgb( 37,  99, 168)" at *at; moves behind it and returns the colour's place, or -1. */
static int colour_read(const char **at)
{
    char hex[8];
    int r, g, b, used = 0;

    if (sscanf(*at, "rgb(%d,%d,%d)%n", &r, &g, &b, &used) != 3 || !used)
        return -1;
    snprintf(hex, sizeof(hex), "#%02x%02x%02x", r & 255, g & 255, b & 255);
    for (unsigned i = 0; i < CHART_COLOURS; i++) {
        if (!strcmp(hex, chart_light[i])) {
            *at += used;
            return (int)i;
        }
    }
    return -1;
}

/* What gnuplot writes, and what the page needs there; %s is the chart's name and form. */
static const struct {
    const char *from, *to;
} rewrites[] = {
    {"color=\"black\"", "color=\"var(--c0)\""},
    {"fill=\"#ffffff\"", "fill=\"none\""},
    {"id='gp", "id='%s-gp"},
    {"href='#gp", "href='#%s-gp"},
    {"id=\"gnuplot_", "id=\"%s-"},
    {"id=\"hinted_", "id=\"%s-hinted-"},
    {"id='greybox", "id='%s-greybox"},
    {"url(#greybox", "url(#%s-greybox"},
    {"id='textbox", "id='%s-textbox"},
    {"url(#textbox", "url(#%s-textbox"},
};

/* Rewrites one piece at *at, or copies one byte. */
static void svg_step(FILE *out, const char *prefix, const char **at)
{
    const int colour = **at == 'r' ? colour_read(at) : -1;

    if (colour >= 0) {
        fprintf(out, "var(--c%d)", colour);
        return;
    }
    for (size_t i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
        if (strncmp(*at, rewrites[i].from, strlen(rewrites[i].from)))
            continue;
        const char *slot = strstr(rewrites[i].to, "%s");
        const int before = slot ? (int)(slot - rewrites[i].to) : (int)strlen(rewrites[i].to);
        fprintf(out, "%.*s", before, rewrites[i].to);
        if (slot)
            fprintf(out, "%s%s", prefix, slot + 2);
        *at += strlen(rewrites[i].from);
        return;
    }
    fputc(*(*at)++, out);
}

void html_svg(FILE *out, enum chart chart, enum chart_form form, const char *svg)
{
    const char *at = svg ? strstr(svg, "<svg") : NULL, *title;
    char prefix[32];

    if (!at)
        return;
    snprintf(prefix, sizeof(prefix), "%s%s", chart_names[chart],
             form == CHART_NARROW ? "-narrow" : "");
    fprintf(out, "<svg role=\"img\" class=\"%s\" ", form == CHART_NARROW ? "narrow" : "full");
    at += strlen("<svg");
    title = strstr(at, "<title>");
    while (*at && at != title)
        svg_step(out, prefix, &at);
    fputs("<title>", out);
    html_text(out, chart_titles[chart]);
    fputs("</title>", out);
    at = title ? strstr(title, "</title>") : NULL;
    for (at = at ? at + strlen("</title>") : ""; *at;)
        svg_step(out, prefix, &at);
}
