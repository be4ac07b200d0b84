/* conv_lanes_base.c: the kernels of conv_lanes.c for vectors of 16 bytes. */
#include "cpu/conv_lanes.h"

#define ROWS 4
#define CHANNELS 4
#define TAPS 2

#include "cpu/vec_f32.h"

#include "cpu/conv_lanes_kernel.h"
