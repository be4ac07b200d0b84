/* taper.h: all of Taper. Eager tensors that record themselves on a tape, modules, optimizers and a threaded loader. */
#ifndef TAPER_H
#define TAPER_H

#include <taper/core.h>
#include <taper/stream.h>
#include <taper/cuda_graph.h>
#include <taper/autograd.h>
#include <taper/autocast.h>
#include <taper/ops.h>
#include <taper/registry.h>
#include <taper/collective.h>
#include <taper/io.h>
#include <taper/dlpack.h>
#include <taper/nn.h>
#include <taper/optim.h>
#include <taper/scaler.h>
#include <taper/data.h>
#include <taper/training.h>

#endif
