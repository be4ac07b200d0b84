/* dnn.h: parts of the simulated cuDNN, as dnn.cpp keeps them and dnn_ops.cpp reads them. */
#ifndef TPC_HOST_DNN_H
#define TPC_HOST_DNN_H

#include "cuda/host/counters.h"
#include "cuda/host/cudahost.h"

#if __has_include(<cudnn.h>)
#define TPC_HOST_CUDNN 1
#include <cudnn.h>
#include <map>
#include <vector>

namespace dnnhost {

enum { DIMS = 8 };

struct attribute { cudnnBackendAttributeType_t type; int64_t n; std::vector<unsigned char> bytes; };
struct part {
    cudnnBackendDescriptorType_t type;
    bool finished = false;
    std::map<int, attribute> attributes;
    const part *graph = nullptr;                       /* of advice and of plans */
    int engine = -1;
    int64_t workspace = 0;
    std::map<int64_t, int64_t> inside;                 /* of a plan: where in the workspace a virtual tensor is, by its number */

    bool has(cudnnBackendAttributeName_t name) const { return attributes.count(name); }
    int64_t count(cudnnBackendAttributeName_t name) const { return has(name) ? attributes.at(name).n : 0; }
    template <class T> const T *list(cudnnBackendAttributeName_t name) const { return has(name) ? (const T *)attributes.at(name).bytes.data() : nullptr; }
    template <class T> T one(cudnnBackendAttributeName_t name) const { return count(name) ? *list<T>(name) : T(); }
    const part *at(cudnnBackendAttributeName_t name) const { return one<const part *>(name); }
    std::vector<const part *> parts(cudnnBackendAttributeName_t name) const
    {
        const part *const *first = list<const part *>(name);
        return std::vector<const part *>(first, first + count(name));
    }
};

struct view { void *data; int type, n; bool by_value; double number; int64_t size[DIMS], stride[DIMS]; };
view view_of(const part *tensor);                      /* without data */
int item(int type);                                    /* bytes of one */
double read_number(const view &v);

struct run {
    cudaStream_t stream;
    const part *plan;
    int64_t n;
    const int64_t *uids;
    void *const *data;
    unsigned char *room;
    bool tf32;
    mutable bool bad = false;                          /* something is not given, or lies where it must not */
    view of(const part *tensor) const;
    view of(const part *op, cudnnBackendAttributeName_t name) const { return op->has(name) ? of(op->at(name)) : view(); }
};
void count_run(bool fast);                             /* of what is no plan */
bool knows(const part *op);
void launch(const run &r, const part *op);
bool knows_layer(const part *op);                      /* dnn_layers.cpp */
void launch_layer(const run &r, const part *op);

} /* namespace dnnhost */

#endif
#endif
