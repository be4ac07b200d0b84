/* graph.c: the tape as text for Graphviz. Nodes are numbered as they are met, from the tensor outward, so that the same graph gives
 * the same text; no address is told. */
#include "autograd/node.h"

#include "core/memory.h"

#include <errno.h>

/* What was met: nodes in order, and which number a node or a leaf has, by hash of its address. */
typedef struct drawing {
    FILE *out;
    const tp_graph_dot_options *o;
    const tp_node **nodes;
    size_t n_nodes, room, n_leaves;
    struct place { const void *of; size_t number; } *place;
    size_t places, place_room;
} drawing;

static struct place *place_of(const drawing *d, const void *of)
{
    size_t i = (size_t)((uint64_t)(uintptr_t)of * 0x9E3779B97F4A7C15u >> 20) & (d->place_room - 1);
    while (d->place[i].of && d->place[i].of != of) i = (i + 1) & (d->place_room - 1);
    return &d->place[i];
}

/* The place of `of`; one without `of` is new. NULL: TP_ERR_MEMORY */
static struct place *find(drawing *d, const void *of)
{
    if (2 * (d->places + 1) > d->place_room) {
        drawing more = *d;
        more.place_room = d->place_room ? d->place_room * 2 : 64;
        more.place = tp_mem_calloc(more.place_room * sizeof *more.place);
        if (!more.place) return NULL;
        for (size_t i = 0; i < d->place_room; i++)
            if (d->place[i].of) *place_of(&more, d->place[i].of) = d->place[i];
        tp_mem_free(d->place, d->place_room * sizeof *d->place);
        *d = more;
    }
    return place_of(d, of);
}

static void put_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') putc('\\', out);
        if ((unsigned char)*text >= ' ') putc(*text, out);
    }
}

static const char *shape_text(const tp_shape *shape) { return tp__dims_text(shape->ndim, shape->dim); }

/* ---- Leaves and nodes ---------------------------------------------------------------------------------------------------------- */

static const char *name_of(const drawing *d, const tp_tensor *leaf)
{
    for (int64_t i = 0; i < d->o->n_names; i++)
        if (d->o->names[i].tensor == leaf) return d->o->names[i].name;
    return NULL;
}

static tp_status number_leaf(drawing *d, const tp_tensor *leaf, size_t *number)
{
    struct place *place = find(d, leaf);
    if (!place) return TP_ERR_MEMORY;
    if (!place->of) {
        *place = (struct place){ leaf, d->n_leaves++ };
        d->places++;
        const char *const name = name_of(d, leaf);
        fprintf(d->out, "    l%zu [shape=box, style=filled, fillcolor=lightblue, label=\"", place->number);
        put_text(d->out, name ? name : "leaf");
        fprintf(d->out, "\\n%s %s\"];\n", tp__shape_text(leaf), tp_dtype_name((tp_dtype)leaf->dtype));
    }
    *number = place->number;
    return TP_OK;
}

static tp_status number_node(drawing *d, const tp_node *node, size_t *number)
{
    struct place *place = find(d, node);
    if (!place) return TP_ERR_MEMORY;
    if (!place->of) {
        if (d->n_nodes == d->room) {
            const size_t room = d->room ? d->room * 2 : 64;
            const tp_node **more = tp_mem_resize(d->nodes, d->room * sizeof *more, room * sizeof *more);
            if (!more) return TP_ERR_MEMORY;
            d->nodes = more;
            d->room = room;
        }
        *place = (struct place){ node, d->n_nodes };
        d->places++;
        d->nodes[d->n_nodes++] = node;
    }
    *number = place->number;
    return TP_OK;
}

/* ---- What is known of an argument -------------------------------------------------------------------------------------------------- */

static const tp__param *param_of_edge(const tp_node *node, int i)
{
    const tp__op_state *state = tp__state(node->op);
    const int members = node->n_edges - state->last_tensor;
    const int arg = state->list_at < 0 || i < state->list_at ? i : i < state->list_at + members ? state->list_at : i - members + 1;
    return !node->context && arg < state->n_params ? &state->params[arg] : NULL;
}

/* A node keeps no shape of its inputs as such, but of some by what it saved or needs to know. */
static bool shape_of_edge(const tp_node *node, int i, tp_shape *shape)
{
    const tp__kept_shape *kept = tp__kept(node, i);
    tp_dtype dtype;
    if (kept) {
        *shape = tp__kept_shape_of(kept);
        return true;
    }
    for (int k = 0; k < node->n_saved; k++) {
        const tp__save *save = &node->op->saves[k];
        if (save->from != TP__SAVE_INPUT || save->index != i || !tp__slots(node)[k].is.tensor) continue;
        tp__slot_describe(&tp__slots(node)[k], shape, &dtype);
        return true;
    }
    return false;
}

static void draw_saved(const drawing *d, const tp_node *node, size_t number)
{
    const tp__saved_slot *slots = tp__slots(node);
    const int n = node->context ? tp__context_slots(node->context, &slots) : node->n_saved;
    for (int k = 0; k < n; k++) {
        if (!slots[k].is.tensor) continue;
        tp_shape shape;
        tp_dtype dtype;
        tp__slot_describe(&slots[k], &shape, &dtype);
        fprintf(d->out, "    s%zu_%d [shape=box, style=filled, fillcolor=orange, label=\"", number, k);
        const tp__save *save = node->context ? NULL : &node->op->saves[k];
        const tp__param *param = save && save->from == TP__SAVE_INPUT ? param_of_edge(node, save->index) : NULL;
        if (param) put_text(d->out, param->name);
        else if (save) fprintf(d->out, node->n_out > 1 ? "output %d" : "output", save->index);
        else fprintf(d->out, "saved %d", k);
        fprintf(d->out, "\\n%s %s%s\"];\n    s%zu_%d -> n%zu [style=dashed, arrowhead=none];\n", shape_text(&shape), tp_dtype_name(dtype),
                slots[k].kind == TP__PACKED ? "\\npacked" : "", number, k, number);
    }
}

/* ---- The whole -------------------------------------------------------------------------------------------------------------------- */

static tp_status draw_edge(drawing *d, const tp_node *node, size_t number, int i)
{
    const tp_edge *edge = &tp__edges(node)[i];
    size_t other;
    if (edge->kind == TP__EDGE_NONE) return TP_OK;
    const bool leaf = edge->kind == TP__EDGE_LEAF;
    const tp_status status = leaf ? number_leaf(d, edge->to.leaf, &other) : number_node(d, edge->to.node, &other);
    if (status) return status;
    const tp__param *param = param_of_edge(node, i);
    tp_shape shape;
    fprintf(d->out, "    %c%zu -> n%zu [label=\"", leaf ? 'l' : 'n', other, number);
    if (param) put_text(d->out, param->name);
    else fprintf(d->out, "%d", i);
    if (shape_of_edge(node, i, &shape)) fprintf(d->out, " %s", shape_text(&shape));
    if (!leaf && edge->to.node->n_out > 1) fprintf(d->out, "\\noutput %d", edge->output);
    fputs("\"];\n", d->out);
    return TP_OK;
}

static tp_status draw_node(drawing *d, size_t number)
{
    const tp_node *node = d->nodes[number];
    bool custom;
    fprintf(d->out, "    n%zu [label=\"", number);
    put_text(d->out, tp__node_name(node, &custom));
    fprintf(d->out, "\"%s%s];\n", custom ? ", style=bold" : "", node->flags & TP__RELEASED ? ", color=gray, fontcolor=gray" : "");
    if (d->o->saved) draw_saved(d, node, number);
    tp_status status = TP_OK;
    for (int i = 0; i < node->n_edges && !status; i++) status = draw_edge(d, node, number, i);
    return status;
}

static tp_status draw(tp_tensor *x, FILE *out, const tp_graph_dot_options *o)
{
    drawing d = { .out = out, .o = o };
    size_t number = 0;
    fprintf(out, "digraph taper {\n    x [shape=box, style=filled, fillcolor=lightgreen, label=\"%s %s\"];\n",
            tp__shape_text(x), tp_dtype_name((tp_dtype)x->dtype));
    tp_status status = x->node ? number_node(&d, x->node, &number) : tp__needs_grad(x) ? number_leaf(&d, x, &number) : TP_OK;
    if (!status && x->node && x->node->n_out > 1) fprintf(out, "    n0 -> x [label=\"output %d\"];\n", x->output);
    else if (!status && tp__needs_grad(x)) fprintf(out, "    %c0 -> x;\n", x->node ? 'n' : 'l');
    for (size_t i = 0; i < d.n_nodes && !status; i++) status = draw_node(&d, i);
    fputs("}\n", out);
    tp_mem_free(d.nodes, d.room * sizeof *d.nodes);
    tp_mem_free(d.place, d.place_room * sizeof *d.place);
    return status;
}

static tp_status take(tp_graph_dot_options *o, const tp_graph_dot_options *options, tp_tensor *x, const void *out)
{
    *o = (tp_graph_dot_options){ TP__DEFAULT_graph_dot .tp__end = 0 };
    if (tp__pending_error()) return tp__pending();
    if (!x || !out) return tp_fail(TP_ERR_ARGUMENT, "graph_dot: %s is NULL", x ? "where to write" : "the tensor");
    const tp_status status = tp_options_take("graph_dot", o, options, offsetof(tp_graph_dot_options, tp__end));
    if (status) return status;
    if (o->n_names < 0 || (o->n_names && !o->names)) return tp_fail(TP_ERR_ARGUMENT, "graph_dot: the list of names is NULL, of %lld", (long long)o->n_names);
    return tp__alive(x, "graph_dot") && !tp__view_refresh(x) ? TP_OK : tp__pending();
}

tp_status tp_graph_dot_with(tp_tensor *x, FILE *out, const tp_graph_dot_options *options)
{
    tp_graph_dot_options o;
    tp_status status = take(&o, options, x, out);
    if (!status) status = draw(x, out, &o);
    if (!status && (fflush(out) || ferror(out))) status = tp_fail(TP_ERR_IO, "graph_dot: the file cannot be written: %s", strerror(errno));
    return status;
}

tp_status tp_graph_dot_file_with(tp_tensor *x, const char *path, const tp_graph_dot_options *options)
{
    tp_graph_dot_options o;
    tp_status status = take(&o, options, x, path);
    if (status) return status;
    FILE *out = fopen(path, "w");
    if (!out) return tp_fail(TP_ERR_IO, "graph_dot: cannot open %s: %s", path, strerror(errno));
    status = draw(x, out, &o);
    const bool bad = ferror(out);
    if ((fclose(out) || bad) && !status) status = tp_fail(TP_ERR_IO, "graph_dot: cannot write %s: %s", path, strerror(errno));
    if (status) remove(path);                          /* nothing half done stays */
    return status;
}
