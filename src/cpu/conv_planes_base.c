/* conv_planes_base.c: the kernels of conv_planes.c for vectors of 16 bytes. */
#include "cpu/conv_planes.h"

#include "cpu/vec_f32.h"

#include "cpu/conv_planes_kernel.h"
