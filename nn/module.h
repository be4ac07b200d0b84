/* module.h: what stands behind the head of a module. Shared by the files of nn alone. */
#ifndef TP__NN_MODULE_H
#define TP__NN_MODULE_H

#include <taper/nn.h>

typedef struct tp__member {
    char *name;                                        /* owned */
    tp_entry_kind kind;
    bool persistent;                                   /* a buffer's */
    tp_tensor *tensor;                                 /* retained */
    tp_module *child;                                  /* owned */
} tp__member;

typedef struct tp__hook { int64_t id; tp_forward_hook_fn *fn; void *arg; } tp__hook;

/* What the tree lists, each made when it is first asked for and good until something is added at or below the module. */
typedef enum tp__list_kind { TP__PARAMETERS, TP__BUFFERS, TP__CHILDREN, TP__MODULES, TP__STATE, TP__LISTS } tp__list_kind;
typedef struct tp__list {
    tp_entry_list entries;
    tp_tensor **tensors;                               /* the same, bare */
    void *block;                                       /* holds entries, tensors and names */
    size_t bytes;
    bool made;
} tp__list;

struct tp_module_state {
    tp_module_class cls;                               /* a copy; cls.type is `type` */
    const struct tp__layer *layer;                     /* NULL for a module of one's own */
    char *type;
    size_t bytes;                                      /* of the whole module, as allocated */
    tp_module *parent;
    const char *name;                                  /* in the parent, who owns it */
    bool training;
    bool broken;                                       /* something could not be added: tp_module_done gives it up */
    tp__member *members;
    int64_t n, room;
    tp__hook *hooks;
    int n_hooks, hook_room;
    int64_t last_hook;
    tp__list lists[TP__LISTS];
};

static inline struct tp_module_state *tp__state(const tp_module *m) { return m->base.state; }

/* A living module; else false and an error, TP_ERR_ARGUMENT or TP_ERR_STATE, "op: ...". */
bool tp__is_module(const tp_module *m, const char *op);
/* The same for what changes a module: the unread error's status when there is one. */
tp_status tp__may_change(const tp_module *m, const char *op);
void tp__write_shape(tp_shape shape, char *out, size_t size);            /* "[3, 5]" */
/* Frees those of a list up to TP__END that belong to no other module. NULLs and repetitions are fine. */
void tp__free_orphans(tp_module *const *list);
tp__list *tp__list_of(tp_module *m, tp__list_kind kind);                 /* NULL: TP_ERR_MEMORY */
void tp__lists_drop(tp_module *m);                     /* m's own */
void tp__tree_changed(tp_module *m);                   /* m's and those of all above it */

#endif
