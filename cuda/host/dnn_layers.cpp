/* dnn_layers.cpp: normalization and pools of the simulated cuDNN. */
#include "cuda/host/dnn.h"

#ifdef TPC_HOST_CUDNN

namespace dnnhost {

bool knows_layer(const part *) { return false; }
void launch_layer(const run &, const part *) {}

} /* namespace dnnhost */

#endif
