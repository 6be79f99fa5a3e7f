/* SPDX-License-Identifier: MIT
 * See flame.h; and the two files that are made of the tree: folded stacks, and the drawing. */
#include "bench/profile/flame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/page/html.h"
#include "bench/profile/outputs.h"

#define WIDTH      1200.0
#define ROW        18u
#define HEAD       46u
#define LETTER     6.6 /* pixels of one, on average */
#define NARROWEST  0.3 /* pixels: what is less is not drawn */
#define DEPTH_MAX  (PROFILE_FRAMES + 1)
#define LABEL_LEAD 3.0

/* The child of that name, made where it belongs if it is not there; NULL when memory ends. */
static struct flame *child_of(struct flame *parent, const struct label *label)
{
    struct flame **at = &parent->first;

    while (*at && strcmp((*at)->label.text, label->text) < 0)
        at = &(*at)->next;
    if (*at && !strcmp((*at)->label.text, label->text))
        return *at;
    struct flame *made = calloc(1, sizeof(*made));
    if (!made)
        return NULL;
    made->label = *label;
    made->next = *at;
    *at = made;
    return made;
}

static bool stack_add(struct flame *root, const struct label *stack, size_t depth)
{
    struct flame *at = root;

    at->samples++;
    for (size_t i = 0; i < depth; i++) {
        at = child_of(at, &stack[i]);
        if (!at)
            return false;
        at->samples++;
    }
    at->own++;
    return true;
}

struct flame *flame_make(const struct profile *profile)
{
    struct flame *root = calloc(1, sizeof(*root));
    struct label stack[PROFILE_FRAMES];

    if (!root)
        return NULL;
    snprintf(root->label.text, sizeof(root->label.text), "all");
    for (size_t i = 0; i < profile->sample_count; i++) {
        const size_t depth = profile_stack(profile, &profile->samples[i], stack);
        if (!stack_add(root, stack, depth)) {
            flame_free(root);
            return NULL;
        }
    }
    return root;
}

void flame_free(struct flame *flame)
{
    while (flame) {
        struct flame *next = flame->next;
        flame_free(flame->first);
        free(flame);
        flame = next;
    }
}

static void folded_node(FILE *out, const struct flame *node, const struct flame *path[DEPTH_MAX],
                        size_t depth)
{
    for (; node; node = node->next) {
        path[depth] = node;
        if (node->own) {
            for (size_t i = 0; i <= depth; i++)
                fprintf(out, "%s%s", i ? ";" : "", path[i]->label.text);
            fprintf(out, " %" PRIu64 "\n", node->own);
        }
        folded_node(out, node->first, path, depth + 1);
    }
}

int folded_write(FILE *out, const struct profile *profile)
{
    const struct flame *path[DEPTH_MAX];
    struct flame *root = flame_make(profile);

    if (!root)
        return -1;
    folded_node(out, root->first, path, 0);
    flame_free(root);
    return 0;
}

/* Where a node lies: pixels from the left, pixels a sample, rows from the top. */
struct spot_on_page {
    double left, scale;
    unsigned row, rows;
    uint64_t all;
};

static const char *colour_class(const struct flame *node)
{
    if (!node->label.spot)
        return "t";
    return node->label.spot->image == 0 ? "k" : "u";
}

static void node_draw(FILE *out, const struct flame *node, const struct spot_on_page *at)
{
    const double width = (double)node->samples * at->scale;
    const size_t letters = width > 2 * LABEL_LEAD ? (size_t)((width - 2 * LABEL_LEAD) / LETTER) : 0;
    const unsigned y = HEAD + (at->rows - 1 - at->row) * ROW;
    char text[LABEL_SIZE];

    fprintf(out, "<g class=\"%s\"><title>", colour_class(node));
    html_text(out, node->label.text);
    fprintf(out, ": %" PRIu64 " samples, %.2f %%</title>", node->samples,
            share_of(node->samples, at->all).here);
    fprintf(out, "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\"/>", at->left, y, width,
            ROW - 1);
    if (letters >= 3) {
        snprintf(text, sizeof(text), "%.*s", (int)letters, node->label.text);
        fprintf(out, "<text x=\"%.2f\" y=\"%u\">", at->left + LABEL_LEAD, y + 13);
        html_text(out, text);
        fputs("</text>", out);
    }
    fputs("</g>\n", out);
}

static void nodes_draw(FILE *out, const struct flame *node, struct spot_on_page at)
{
    for (; node; node = node->next) {
        if ((double)node->samples * at.scale >= NARROWEST) {
            struct spot_on_page above = at;
            node_draw(out, node, &at);
            above.row++;
            nodes_draw(out, node->first, above);
        }
        at.left += (double)node->samples * at.scale;
    }
}

static unsigned rows_of(const struct flame *node)
{
    unsigned most = 0;

    for (; node; node = node->next) {
        const unsigned rows = 1 + rows_of(node->first);
        most = rows > most ? rows : most;
    }
    return most;
}

int flame_write(FILE *out, const struct profile *profile)
{
    struct flame *root = flame_make(profile);

    if (!root)
        return -1;
    const unsigned rows = rows_of(root), height = HEAD + rows * ROW + 8;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 %u\" role=\"img\" "
            "font-family=\"monospace\" font-size=\"11\">\n<title>Where %" PRIu64
            " samples by %s fell</title>\n<style>"
            ".p{fill:#fff}text{fill:#1b1f24}.k rect{fill:#f0a868}.u rect{fill:#86b6e8}"
            ".t rect{fill:#c9ced6}rect{stroke:none}g:hover rect{opacity:.75}"
            "@media (prefers-color-scheme:dark){.p{fill:#14181f}.h{fill:#e6e9ee}"
            ".k rect{fill:#e0914a}.u rect{fill:#6ba3df}.t rect{fill:#98a1ae}}</style>\n"
            "<rect class=\"p\" width=\"1200\" height=\"%u\"/>\n"
            "<text class=\"h\" x=\"3\" y=\"17\" font-size=\"14\">Where %" PRIu64
            " samples by %s fell</text>\n<text class=\"h\" x=\"3\" y=\"35\">orange: kernel; blue: "
            "programs; grey: task, mode, phase; a name with ? is a guess from the kernel's "
            "stack</text>\n",
            height, root->samples, profile_source(profile), height, root->samples,
            profile_source(profile));
    nodes_draw(out, root,
               (struct spot_on_page){
                   .scale = WIDTH / (double)root->samples, .rows = rows, .all = root->samples});
    fputs("</svg>\n", out);
    flame_free(root);
    return 0;
}
