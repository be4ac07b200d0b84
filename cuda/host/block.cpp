/* block.cpp: the threads of a block, one after the other, each until it ends or has to wait.
 *
 * A fiber runs threads one after the other for as long as they end; the thread that waits keeps the fiber, and the rest goes on in
 * another one. So a kernel without barriers costs a call per thread, and each barrier costs a switch per thread. The order of the
 * threads and of the blocks is TAPER_CUDA_HOST_ORDER: 0 forward, 1 backward, 2 shuffled: a barrier that is missing, or a block that counts
 * on another one, shows in one of them. */
#include "cuda/host/cudahost.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define TPC_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TPC_ASAN 1
#endif
#endif
#ifdef TPC_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifndef __x86_64__
#include <ucontext.h>
#endif

namespace cudahost {

position now;
unsigned char *dynamic_shared;
uint64_t block_serial;

namespace {

#ifdef TPC_ASAN
enum : size_t { STACK = 256 << 10, PAGE = 4096 };      /* its frames are larger */
#else
enum : size_t { STACK = 64 << 10, PAGE = 4096 };
#endif
enum state : uint8_t { NOT_STARTED, READY, AT_BLOCK, AT_WARP, DONE };

struct fiber {
#ifdef __x86_64__
    void *sp;
#else
    ucontext_t context;
#endif
    char *stack;                                       /* its lowest byte; below it lies a page that faults */
    void *fake_stack;                                  /* AddressSanitizer's */
    fiber *next;                                       /* idle */
};

struct thread {
    state is;
    bool gives;                                        /* it waits for an exchange, no mere barrier */
    uint32_t mask, met;                                /* of the exchange that it waits for, or met at */
    int votes;                                         /* of the last barrier */
    site at;                                           /* where it waits */
    fiber *on;
};

thread threads[MAX_THREADS];
uint3 place[MAX_THREADS];                              /* threadIdx */
int order[MAX_THREADS], at;                            /* at: which of `order` runs */
int n_threads, alive, at_block, votes;
uint32_t live[MAX_THREADS / WARP], waiting[MAX_THREADS / WARP];
uint64_t gift[MAX_THREADS];                            /* what a lane gives to its warp */
uint64_t received[MAX_THREADS][WARP];                  /* what the lanes that it met gave */
const work *kernel;
fiber host, *current, *idle;
alignas(128) unsigned char dynamic_memory[MAX_SHARED];

/* ---- Fibers ---------------------------------------------------------------------------------------------------------------------------- */

#ifdef __x86_64__
extern "C" void tpc_host_switch(void **save, void *load);
asm(".text\n.hidden tpc_host_switch\n.globl tpc_host_switch\n.type tpc_host_switch,@function\ntpc_host_switch:\n"
    " push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n mov %rsp,(%rdi)\n mov %rsi,%rsp\n"
    " pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n ret\n.size tpc_host_switch,.-tpc_host_switch\n");
#endif

/* In a fiber, back from the host or for the first time: AddressSanitizer tells where the host's stack lies. */
#ifdef TPC_ASAN
const void *host_bottom;
size_t host_size;
void arrived(fiber *in)
{
    if (in == &host) __sanitizer_finish_switch_fiber(in->fake_stack, nullptr, nullptr);
    else __sanitizer_finish_switch_fiber(in->fake_stack, &host_bottom, &host_size);
}
#else
void arrived(fiber *in) { (void)in; }
#endif

void switch_from(fiber *from, fiber *to)
{
#ifdef TPC_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to == &host ? host_bottom : to->stack, to == &host ? host_size : STACK);
#endif
#ifdef __x86_64__
    tpc_host_switch(&from->sp, to->sp);
#else
    swapcontext(&from->context, &to->context);
#endif
    arrived(from);
}

void set_running(int t)
{
    now.thread = place[t];
    now.linear = t;
}

void open_barriers(int warp);

void fiber_main()
{
    fiber *const self = current;
    arrived(self);
    for (;;) {
        while (at < n_threads && threads[order[at]].is == NOT_STARTED) {
            const int t = order[at];
            threads[t].is = READY;
            threads[t].on = self;
            set_running(t);
            kernel->thread(kernel->args);
            threads[t].is = DONE;
            alive--;
            live[t / WARP] &= ~(1u << t % WARP);
            if (at_block || waiting[t / WARP]) open_barriers(t / WARP);
            at++;
        }
        self->next = idle;
        idle = self;
        switch_from(self, &host);
    }
}

fiber *fiber_take()
{
    if (fiber *f = idle) {
        idle = f->next;
        return f;
    }
    static int made;
    char *memory = (char *)mmap(nullptr, STACK + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, PAGE, PROT_NONE)) die("no memory for the stack of a thread");
    fiber *f = new fiber();
    f->stack = memory + PAGE;
#ifdef __x86_64__
    const size_t colour = (size_t)(made++ % 16) * 192;                   /* so that stacks do not share the sets of a cache */
    void **sp = (void **)(f->stack + STACK - 64 - colour);
    *--sp = nullptr;
    *--sp = (void *)fiber_main;
    f->sp = sp - 6;
#else
    made++;
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = STACK;
    makecontext(&f->context, fiber_main, 0);
#endif
    return f;
}

/* ---- Barriers ---------------------------------------------------------------------------------------------------------------------------- */

[[noreturn]] void apart(const site &a, const site &b)
{
    die("kernel %s, block (%u, %u, %u): threads wait at different barriers, at %s:%d and %s:%d", kernel->name, now.block.x, now.block.y, now.block.z, a.file,
        a.line, b.file, b.line);
}
void meet(const site &a, const site &b)
{
    if (a.line != b.line || (a.file != b.file && strcmp(a.file, b.file))) apart(a, b);
}

/* Lets those go that all others have met: after a thread came, or ended. */
void open_barriers(int warp)
{
    if (alive && at_block == alive) {
        const thread *first = nullptr;
        for (int t = 0; t < n_threads; t++)
            if (threads[t].is == AT_BLOCK) {
                if (!first) first = &threads[t];
                meet(first->at, threads[t].at);
                threads[t].is = READY;
                threads[t].votes = votes;
            }
        at_block = votes = 0;
    }
    for (uint32_t left = waiting[warp]; left;) {
        const int first = __builtin_ctz(left);
        const uint32_t mask = threads[warp * WARP + first].mask & live[warp];
        uint32_t met = 0;
        for (int i = 0; i < WARP; i++)
            if (waiting[warp] >> i & 1 && (threads[warp * WARP + i].mask & live[warp]) == mask) met |= 1u << i;
        left &= ~met & ~(1u << first);
        if (met != mask) continue;
        for (int i = 0; i < WARP; i++)
            if (met >> i & 1) {
                meet(threads[warp * WARP + first].at, threads[warp * WARP + i].at);
                threads[warp * WARP + i].is = READY;
                threads[warp * WARP + i].met = met;
                if (threads[warp * WARP + i].gives) memcpy(received[warp * WARP + i], gift + warp * WARP, sizeof *received);
            }
        waiting[warp] &= ~met;
    }
}

void park(state is)
{
    const int t = now.linear;
    threads[t].is = is;
    switch_from(threads[t].on, &host);
}

[[noreturn]] void diverged()
{
    int block = 0, warp = 0;
    for (int t = 0; t < n_threads; t++) block += threads[t].is == AT_BLOCK, warp += threads[t].is == AT_WARP;
    die("kernel %s, block (%u, %u, %u): threads wait at different barriers: of %d that live %d wait for the block, %d for their warp",
        kernel->name, now.block.x, now.block.y, now.block.z, alive, block, warp);
}

/* A step that comes by all of n blocks, in no order that a kernel could have meant */
uint64_t stride_for(uint64_t n)
{
    uint64_t step = n * 5 / 8 + 1;
    for (;; step++) {
        uint64_t a = n, b = step;
        while (b) {
            const uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1) return step;
    }
}

void run_block(int kind)
{
    for (int t = 0; t < n_threads; t++) threads[t].is = NOT_STARTED;
    for (int w = 0; w * WARP < n_threads; w++) {
        const int n = n_threads - w * WARP;
        live[w] = n >= WARP ? ~0u : (1u << n) - 1;
        waiting[w] = 0;
    }
    alive = n_threads;
    at_block = votes = 0;
    static uint32_t draw = 12345;
    for (int i = n_threads - 1; kind == 2 && i > 0; i--) {
        draw = draw * 1664525u + 1013904223u;
        std::swap(order[i], order[(draw >> 8) % (uint32_t)(i + 1)]);
    }
    while (alive) {
        bool moved = false;
        for (at = 0; at < n_threads; at++) {
            thread *t = &threads[order[at]];
            if (t->is != READY && t->is != NOT_STARTED) continue;
            moved = true;
            const int was = at;
            if (t->is == NOT_STARTED) {
                current = fiber_take();
            } else {
                current = t->on;
                set_running(order[at]);
            }
            switch_from(&host, current);
            if (at > was) at--;                        /* it stopped before this one */
        }
        if (!moved) diverged();
    }
}

} /* namespace */

void die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("cudahost: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    abort();
}

int wait_for_block(bool predicate, const site &at)
{
    const int t = now.linear;
    threads[t].at = at;
    at_block++;
    votes += predicate;
    threads[t].is = AT_BLOCK;
    if (at_block == alive) open_barriers(t / WARP);
    park(threads[t].is);
    return threads[t].votes;
}

uint32_t wait_for_warp(uint32_t mask, const site &at)
{
    const int t = now.linear, warp = t / WARP;
    if (!(mask >> t % WARP & 1)) die("kernel %s: lane %d meets lanes of the mask %08x, which it is not one of", kernel->name, t % WARP, mask);
    threads[t].mask = mask;
    threads[t].at = at;
    threads[t].is = AT_WARP;
    waiting[warp] |= 1u << t % WARP;
    if (!(mask & live[warp] & ~waiting[warp])) open_barriers(warp);
    park(threads[t].is);
    return threads[t].met;
}

uint32_t live_lanes() { return live[now.linear / WARP]; }

const uint64_t *give_to_warp(uint32_t mask, uint64_t bits, uint32_t *met, const site &at)
{
    const int t = now.linear;
    gift[t] = bits;
    threads[t].gives = true;
    *met = wait_for_warp(mask, at);
    threads[t].gives = false;
    return received[t];
}

void run(const work &w)
{
    const char *const text = getenv("TAPER_CUDA_HOST_ORDER");
    const int kind = text ? atoi(text) : 0;
    kernel = &w;
    n_threads = (int)(w.block.x * w.block.y * w.block.z);
    now.block_dim = w.block;
    now.grid_dim = w.grid;
    for (int t = 0; t < n_threads; t++) {
        const unsigned i = (unsigned)t;
        place[t] = uint3{ i % w.block.x, i / w.block.x % w.block.y, i / (w.block.x * w.block.y) };
        order[t] = kind == 1 ? n_threads - 1 - t : t;
        threads[t].gives = false;
    }
    dynamic_shared = dynamic_memory;
    const uint64_t n = (uint64_t)w.grid.x * w.grid.y * w.grid.z, step = kind == 2 ? stride_for(n) : 1;
    for (uint64_t i = 0, at = kind == 2 ? n / 3 : 0; i < n; i++, at = (at + step) % n) {
        const uint64_t b = kind == 1 ? n - 1 - at : at;
        now.block = uint3{ (unsigned)(b % w.grid.x), (unsigned)(b / w.grid.x % w.grid.y), (unsigned)(b / w.grid.x / w.grid.y) };
        block_serial++;
        memset(dynamic_memory, 0xff, w.shared);
        run_block(kind);
    }
}

} /* namespace cudahost */
