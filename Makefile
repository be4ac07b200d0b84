# Taper's one build. Everything goes to build/CONFIG; files are found by folder, so nothing is listed here.
#
#   make [all]      the libraries, the examples, taper-bench, the taper command and, where Check is there, the tests
#   make demo       sets up what is missing, then trains LeNet on digits that are drawn as it goes
#   make test       sets up what is missing, then builds and runs the tests, and cuda-check;  TESTS="test_nn test_ops"  runs some of them
#   make fuzz       random calls of ops and broken files for each reader, under the sanitizers;  SECONDS=60  FUZZ="ops pt npz"
#   make parity     compares every op and module with what PyTorch computed;  OPS="conv2d,relu"  TAPER_FIXTURES=DIR
#   make bench      runs taper-bench;  CASES="op_add_1 train_mlp"  THREADS=1
#   make examples   the programs of examples/
#   make cuda       libtaper_cuda.so, the CUDA backend, with nvcc;  CUDA_ARCHS="90" for one architecture alone
#   make cuda-check   whether that compiles for all architectures and links, without a warning, in a third of the time; skipped without nvcc
#   make cuda-spills   which kernels keep registers in memory, and whether any does so more than tools/cuda-spills allows; in full optimization
#   make cuda-host  the same files for the CPU, with a runtime that plays the device: what the tests use where there is no GPU
#   make install    to PREFIX (/usr/local), under DESTDIR;  make uninstall  takes it away again
#   make setup      installs the packages that the build needs, if that is possible, else names them
#   make docs       writes docs/ops.md from the registry
#   make check-headers   each public header alone, as C11 and C++17;  make check-lines  no line of C over 160 columns
#   make format     clang-format over the lines that changed since the last commit;  make clean  removes build/
#
#   CONFIG=release|debug|asan|tsan   CC=gcc|clang   WERROR=1   V=1   BUILD=DIR   OPENBLAS=0

VERSION  = 0.1.0
CONFIG  ?= release
BUILD   ?= build/$(CONFIG)
PREFIX  ?= /usr/local
DESTDIR ?=
CFLAGS  ?=
LDFLAGS ?=
THREADS ?= 1
CASES   ?= start op_add_1 op_chain_1k add_4096 train_mlp train_lenet
ifeq ($(origin CC),default)
CC = gcc
endif
ifeq ($(origin CXX),default)
CXX = $(if $(findstring clang,$(CC)),clang++,g++)
endif

B := $(BUILD)
Q := $(if $(V),,@)
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
PHONY := all lib cuda cuda-check cuda-spills cuda-told cuda-host test run-tests fuzz bench examples demo install uninstall setup check-headers check-lines docs format clean help FORCE
.PHONY: $(PHONY)

# ---- How each configuration is compiled ---------------------------------------------------------------------------------

OPENBLAS ?= 1
ifeq ($(CONFIG),release)
OPTIMIZE = -O3 -g -DNDEBUG
else ifeq ($(CONFIG),debug)
OPTIMIZE = -O0 -g3 -DTP_DEBUG_HANDLES
else ifeq ($(CONFIG),asan)
OPTIMIZE = -O1 -g1 -fno-omit-frame-pointer -DTP_DEBUG_HANDLES
# gcc's null check of initial-exec thread-local data tests flags that the linker's relaxation no longer sets.
SANITIZE = -fsanitize=address,undefined -fno-sanitize=null -fno-sanitize-recover=all
else ifeq ($(CONFIG),tsan)
OPTIMIZE = -O1 -g -fno-omit-frame-pointer
SANITIZE = -fsanitize=thread
OPENBLAS = 0
else
$(error CONFIG is release, debug, asan or tsan, not "$(CONFIG)")
endif

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(WERROR),-Werror)
# What one library object needs besides: hidden symbols, calls inside the library that do not go through the PLT, and
# thread-local data that is one load away. No flag here changes NaN, Inf or the order of additions.
LIBRARY  = -fPIC -fvisibility=hidden -fno-semantic-interposition -ftls-model=initial-exec -fno-math-errno -fno-trapping-math

# ---- What is on this machine ----------------------------------------------------------------------------------------------

ifeq ($(filter-out clean help format uninstall,$(or $(MAKECMDGOALS),all)),)
PROBE =
else
PROBE = yes
endif
hash := \#
comma := ,
has  = $(shell pkg-config --exists $(1) 2>/dev/null && echo yes)
able = $(shell printf '%s\n' '$(2)' 'int main(void) { return 0; }' | $(CC) -x c - $(1) -o /dev/null 2>/dev/null && echo yes)
ifdef PROBE
PACKAGE_zlib = zlib1g-dev
PACKAGE_jansson = libjansson-dev
PACKAGE_libzip = libzip-dev
PACKAGE_openblas = libopenblas-dev
NEEDED  := zlib jansson libzip $(if $(filter 1,$(OPENBLAS)),openblas)
MISSING := $(if $(call able,,$(hash)include <stdio.h>),,$(notdir $(firstword $(CC))) libc6-dev) \
           $(if $(shell command -v pkg-config 2>/dev/null),,pkg-config) \
           $(foreach p,$(NEEDED),$(if $(call has,$p),,$(PACKAGE_$p)))
MISSING_CHECK := $(if $(call has,check),,check)
# Good to have: with libdw an error says file and line of the call, with libpng there are the examples that write images.
MISSING_PNG := $(if $(call has,libpng),,libpng-dev)
WISHED := $(if $(call has,libdw),,libdw-dev) $(MISSING_PNG)
PNG_CFLAGS := $(if $(MISSING_PNG),,-DTP_HAVE_PNG $(shell pkg-config --cflags libpng))
PNG_LIBS   := $(if $(MISSING_PNG),,$(shell pkg-config --libs libpng))
# Optional libraries are looked for once a source asks for them, so that Libs.private stays short.
upper = $(subst sleef,SLEEF,$(subst libdw,LIBDW,$(subst openblas,OPENBLAS,$(1))))
asked = $(shell grep -rl TP_HAVE_$(1) src 2>/dev/null)
FOUND   := $(foreach p,$(NEEDED),$(if $(call has,$p),$p)) \
           $(foreach p,sleef libdw,$(if $(call asked,$(call upper,$p)),$(if $(call has,$p),$p)))
DEPEND_CFLAGS := $(foreach p,$(filter-out zlib jansson libzip,$(FOUND)),-DTP_HAVE_$(call upper,$p)) $(if $(FOUND),$(shell pkg-config --cflags $(FOUND)))
# OpenBLAS is loaded by the first product that wants it (src/cpu/gemm_blas.c), libzip by the first archive (src/io/zip.c), so
# nothing links to them.
LINKED := $(filter-out openblas libzip,$(FOUND))
DEPEND_LIBS   := $(if $(LINKED),$(shell pkg-config --libs $(LINKED)))
ifneq ($(call asked,DNNL),)
ifeq ($(call able,-ldnnl,$(hash)include <dnnl.h>),yes)
DEPEND_CFLAGS += -DTP_HAVE_DNNL
DEPEND_LIBS   += -ldnnl
endif
endif
CHECK_CFLAGS := $(if $(MISSING_CHECK),,$(shell pkg-config --cflags check))
CHECK_LIBS   := $(if $(MISSING_CHECK),,$(shell pkg-config --libs check))
X86 := $(findstring x86_64,$(shell $(CC) -dumpmachine 2>/dev/null))
endif

COMPILE = $(CC) -std=gnu11 $(OPTIMIZE) $(WARNINGS) $(SANITIZE) -pthread -Iinclude $(DEPEND_CFLAGS) $(CFLAGS)
LINK    = $(CC) $(SANITIZE) -pthread $(LDFLAGS) -Wl,--as-needed
LIBS    = $(DEPEND_LIBS) -lpthread -ldl -lm

# ---- Files --------------------------------------------------------------------------------------------------------------------

object   = $(patsubst %.c,$(B)/obj/%.o,$(1))
stems    = $(basename $(notdir $(wildcard $(1))))
HEADERS := $(wildcard include/taper/*.h include/taper/*/*.h)
SOURCES := $(wildcard src/*/*.c nn/*.c optim/*.c data/*.c)
OBJECTS := $(call object,$(SOURCES)) $(B)/obj/op_tables.o
WITH_PNG := $(basename $(notdir $(shell grep -l '<png.h>' examples/*.c)))
EXAMPLES := $(filter-out $(if $(MISSING_PNG),$(WITH_PNG)),$(call stems,examples/*.c))
# One that has a folder is called as it is: examples/interop/*.c become bin/interop.
LARGER_EXAMPLES := $(call stems,examples/*/*.c)
SUITES  := $(call stems,tests/test_*.c)
TESTS   ?= $(SUITES)
HELPERS := $(call object,$(filter-out tests/test_%,$(wildcard tests/*.c)))
TOOLS   := $(call stems,tools/*.c)
PACKAGE_FILES := $(B)/taper.pc $(B)/taper-config.cmake $(B)/taper-config-version.cmake

SHARED_PROGRAMS := $(addprefix $(B)/bin/,$(EXAMPLES) $(LARGER_EXAMPLES) $(TOOLS)) $(if $(wildcard bench/*.c),$(B)/bin/taper-bench) $(B)/bin/parity
TEST_PROGRAMS   := $(addprefix $(B)/bin/,$(SUITES))

# The CUDA backend, and what it is compiled with: NVCC for the device, CXX where it runs on the host.
NVCC ?= $(firstword $(shell command -v nvcc 2>/dev/null) $(wildcard /usr/local/cuda/bin/nvcc))
CUDA_ARCHS ?= 80 90 100
CUDA_HOME ?= $(firstword $(patsubst %/include/cuda_runtime_api.h,%,$(wildcard /usr/local/cuda/include/cuda_runtime_api.h \
               $(if $(NVCC),$(dir $(realpath $(lastword $(NVCC))))../include/cuda_runtime_api.h) /usr/include/cuda_runtime_api.h)))
CUDA_INCLUDE := $(if $(shell command -v $(firstword $(CXX)) 2>/dev/null),$(wildcard $(CUDA_HOME)/include))
CUDA_C      := $(wildcard cuda/*.c)
CUDA_CU     := $(wildcard cuda/*.cu)
CUDA_TABLES := $(foreach f,$(CUDA_CU),tp__cuda_$(basename $(notdir $f)))
CUDA_OPTIMIZE = $(if $(filter debug asan,$(CONFIG)),-O1 -lineinfo,-O3)
CUDA_CODE = $(foreach a,$(CUDA_ARCHS),-gencode arch=compute_$a,code=sm_$a) -gencode arch=compute_$(lastword $(CUDA_ARCHS)),code=compute_$(lastword $(CUDA_ARCHS))
# To clang, as nvcc calls it, the toolkit's headers are not the system's.
NVCC_COMPILE = $(NVCC) -std=c++17 $(CUDA_OPTIMIZE) $(CUDA_CODE) -ccbin '$(firstword $(filter-out ccache distcc,$(CXX)))' -Werror all-warnings -Xcompiler -fPIC,-fvisibility=hidden,-Wall$(if $(findstring clang,$(CXX)),$(comma)-Wno-unused-function) -Iinclude -Isrc -I.
CUDA_PARTS  := $(CUDA_C:cuda/%.c=$(B)/obj/cuda/%.o) $(B)/obj/cuda_tables.o
CUDA_LINK = $(SANITIZE) -shared -Wl,--version-script=$(lastword $(filter %.map,$^)) $(if $(SANITIZE),,-Wl,--no-undefined) -pthread
WITH_CUDA = -isystem $(CUDA_INCLUDE) -Isrc -I.
CUDA_LIBDIR := $(dir $(firstword $(wildcard $(addsuffix /libcudart_static.a,$(CUDA_HOME)/lib64 $(CUDA_HOME)/lib /usr/lib/x86_64-linux-gnu))))
# cuBLASLt is linked to; the other libraries are opened when they are wanted. Its header is the toolkit's, or one that the compiler finds (C_INCLUDE_PATH,
# which may be pip's nvidia/cublas/include), the library is of the version that this tells, and the loader is told its folder if it would not look there.
ifneq ($(PROBE),)
ifneq ($(CUDA_INCLUDE),)
CUBLASLT_H  := $(firstword $(shell echo '$(hash)include <cublasLt.h>' | $(CC) -M -isystem $(CUDA_INCLUDE) -x c - 2>/dev/null | tr ' ' '\n' | grep '/cublasLt\.h$$'))
CUBLASLT_SO := libcublasLt.so.$(if $(CUBLASLT_H),$(shell sed -n 's/^.define CUBLAS_VER_MAJOR *//p' $(dir $(CUBLASLT_H))cublas_api.h))
CUBLASLT    := $(if $(CUBLASLT_H),$(firstword $(wildcard $(addsuffix $(CUBLASLT_SO),$(CUDA_LIBDIR) $(dir $(CUBLASLT_H))../lib64/ $(dir $(CUBLASLT_H))../lib/ \
                 $(dir $(filter /%,$(shell $(CC) -print-file-name=$(CUBLASLT_SO))))))))
CUBLASLT_RPATH := $(if $(CUBLASLT),$(if $(shell PATH="$$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null | grep -F '$(CUBLASLT_SO) '),,-Wl$(comma)-rpath$(comma)$(abspath $(dir $(CUBLASLT)))))
endif
endif
CUDA_HOST   := $(B)/cuda-host
HOST_PARTS  := $(CUDA_C:cuda/%.c=$(CUDA_HOST)/%.o) $(patsubst cuda/host/%,$(CUDA_HOST)/host/%.o,$(wildcard cuda/host/*.cpp)) \
               $(CUDA_HOST)/cuda_tables.o
HOST_CU     := $(CUDA_CU:cuda/%=$(CUDA_HOST)/%.o)
HOST_FLAGS   = $(OPTIMIZE) -Wall -Wextra $(if $(WERROR),-Werror) $(SANITIZE) -pthread -Iinclude -fPIC -fvisibility=hidden -DTP_CUDA_HOST $(WITH_CUDA)
HOST_CXX     = $(CXX) -std=c++17 $(HOST_FLAGS)
# Kernels are many templates: compiled leaner, or they would take as long as all the rest. What UBSan knows of addresses, ASan finds at less cost.
HOST_LEAN    = -g1 $(if $(filter release,$(CONFIG)),-O2) $(if $(filter asan,$(CONFIG)),-fsanitize=float-cast-overflow -fno-sanitize=pointer-overflow$(comma)object-size$(comma)vptr)
HOST_CC      = $(CC) -std=gnu11 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(HOST_FLAGS)

lib: $(B)/libtaper.a $(B)/libtaper.so $(PACKAGE_FILES)
all: lib $(SHARED_PROGRAMS) $(if $(MISSING_CHECK),,$(TEST_PROGRAMS)) $(if $(NVCC),cuda) $(if $(CUDA_INCLUDE),cuda-host)
examples: lib $(addprefix $(B)/bin/,$(EXAMPLES) $(LARGER_EXAMPLES))
all examples:
	$(if $(MISSING_PNG),@echo 'taper: without $(MISSING_PNG) there is no $(WITH_PNG)',@:)

# Rebuilds everything when the compiler or a flag changes, and is where a missing package is named.
$(B)/flags: FORCE
	$(if $(strip $(MISSING)),@echo 'taper: please install: $(strip $(MISSING))  (make setup does it where apt-get can)' >&2; exit 1)
	@mkdir -p $(@D)
	@echo '$(COMPILE) | $(LINK) | $(LIBS)' | cmp -s - $@ || echo '$(COMPILE) | $(LINK) | $(LIBS)' > $@

# Each family in src/ops ends in the table tp__ops_FAMILY, each in src/cpu in tp__cpu_FAMILY, each in nn in tp__nn_FAMILY: this joins
# them by file name.
tables = $(foreach f,$(sort $(wildcard src/$(1)/*.c) $(wildcard $(1)/*.c)),$(if $(shell grep -l 'tp__$(1)_$(basename $(notdir $f))\[\]' $f),tp__$(1)_$(basename $(notdir $f))))
$(B)/op_tables.c: $(B)/flags FORCE
	@{ echo '/* Made by the Makefile from the files of src/ops, src/cpu and nn. */'; \
	   echo '#include "core/op.h"'; echo '#include "nn/layer.h"'; \
	   $(call table,const tp_op *const,const tp_op *const *const tp__op_tables,$(OP_TABLES)); \
	   echo 'const char *const tp__op_table_names[] = {'; for name in $(OP_TABLES); do echo "    \"$${name#tp__ops_}\","; done; echo '};'; \
	   $(call table,const tp_kernel,const tp_kernel *const tp__cpu_tables,$(CPU_TABLES)); \
	   $(call table,const tp__layer,const tp__layer *const tp__nn_tables,$(NN_TABLES)); \
	 } > $@.new && if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
table = for name in $(3); do echo "extern $(1) $$name[];"; done; echo 'extern $(2)[];'; \
        echo '$(2)[] = {'; for name in $(3); do echo "    $$name,"; done; echo '    NULL'; echo '};'
ifdef PROBE
OP_TABLES  := $(call tables,ops)
CPU_TABLES := $(call tables,cpu)
NN_TABLES  := $(call tables,nn)
endif

# ---- Compiling and linking --------------------------------------------------------------------------------------------------

$(OBJECTS): PART = $(LIBRARY)
$(B)/obj/src/%.o: ROOM = -Isrc
$(B)/obj/tests/%.o: ROOM = -Isrc -I. $(CHECK_CFLAGS)
$(B)/obj/tests/parity/%.o: ROOM =
# What tests take is the library's time, and theirs to compile. Private: else $(B)/flags, asked for by a test first, would say -O1 of all.
$(B)/obj/tests/test_%.o: private OPTIMIZE := $(subst -O3,-O1,$(OPTIMIZE))
ifneq ($(X86),)
$(B)/obj/src/cpu/%_avx2.o:   ISA = -mavx2 -mfma
$(B)/obj/src/cpu/%_avx512.o: ISA = -mavx512f -mavx512dq -mavx512vl -mavx512bw -mavx2 -mfma
endif

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  cc   $<')
	$(Q)$(COMPILE) $(PART) $(ROOM) $(ISA) -MMD -MP -c $< -o $@

$(B)/obj/op_tables.o: $(B)/op_tables.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(LIBRARY) -Isrc -I. -MMD -MP -c $< -o $@

$(B)/libtaper.a: $(OBJECTS)
	$(if $(V),,@echo '  ar   $@')
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libtaper.so.0: $(OBJECTS)
	$(if $(V),,@echo '  link $@')
	$(Q)$(LINK) -shared -Wl,-soname,libtaper.so.0 -Wl,-Bsymbolic-functions $(if $(SANITIZE),,-Wl,--no-undefined) $^ $(LIBS) -o $@

$(B)/libtaper.so: $(B)/libtaper.so.0
	$(Q)ln -sf libtaper.so.0 $@

# Programs use the shared library, as a user's would; the tests the archive, since they look inside.
$(SHARED_PROGRAMS): $(B)/libtaper.so
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link $@')
	$(Q)$(LINK) $(filter %.o,$^) -L$(B) -ltaper -Wl,-rpath,'$$ORIGIN/..:$$ORIGIN/../lib' $(PROGRAM_LIBS) -lm -o $@
$(addprefix $(B)/bin/,$(EXAMPLES)): $(B)/bin/%: $(B)/obj/examples/%.o
$(WITH_PNG:%=$(B)/obj/examples/%.o) $(B)/obj/tests/test_image_examples.o: PART = $(PNG_CFLAGS)
$(WITH_PNG:%=$(B)/bin/%): PROGRAM_LIBS = $(PNG_LIBS)
$(B)/bin/test_image_examples: CHECK_LIBS += $(PNG_LIBS)
$(foreach name,$(LARGER_EXAMPLES),$(eval $(B)/bin/$(name): $(call object,$(wildcard examples/$(name)/*.c))))
$(addprefix $(B)/bin/,$(TOOLS)): $(B)/bin/%: $(B)/obj/tools/%.o
$(B)/bin/taper-bench: $(call object,$(wildcard bench/*.c))
$(B)/bin/parity: $(call object,$(wildcard tests/parity/*.c))
$(B)/bin/fuzz-%: $(B)/obj/tests/fuzz/%.o $(B)/libtaper.a
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link $@')
	$(Q)$(LINK) $^ $(LIBS) -o $@
$(B)/bin/parity: PROGRAM_LIBS = $(shell pkg-config --libs jansson)

$(TEST_PROGRAMS): $(B)/bin/%: $(B)/obj/tests/%.o $(HELPERS) $(B)/libtaper.a
	@mkdir -p $(@D)
	$(if $(V),,@echo '  link $@')
	$(Q)$(LINK) $^ $(LIBS) $(CHECK_LIBS) -o $@

# What cuDNN says to our graphs, for devices that are described to it: by the objects that go into libtaper_cuda.so, with a driver that has none.
PLANS := $(if $(CUDA_INCLUDE),$(patsubst cuda/%.c,$(B)/obj/cuda/%.o,$(filter-out cuda/dnn.c cuda/dnn_rnn_run.c,$(wildcard cuda/dnn*.c)) cuda/nccl.c))
DRIVER_STUB := $(firstword $(wildcard $(CUDA_HOME)/lib64/stubs/libcuda.so $(CUDA_HOME)/lib/stubs/libcuda.so))
$(B)/obj/tests/test_cuda_plans.o: PART = $(if $(CUDA_INCLUDE),-DWITH_CUDA -isystem $(CUDA_INCLUDE))
$(B)/bin/test_cuda_plans: $(PLANS) | $(if $(CUDA_INCLUDE),$(if $(DRIVER_STUB),$(B)/no-driver/libcuda.so.1))
$(B)/no-driver/libcuda.so.1: tests/plans/no_driver.c
	@mkdir -p $(@D)
	@nm -D --defined-only $(DRIVER_STUB) | sed -n 's/^.* T \(cu[A-Za-z0-9_]*\)$$/\1/p' | grep -v -x -F "$$(sed -n 's/^\(int \|GIVES(\)\(cu[A-Za-z0-9_]*\)[(,].*/\2/p' $<)" \
	   | sed 's/.*/int &(void) { return 0; }/' | cat $< - | $(CC) -w -shared -fPIC -Wl,-soname,libcuda.so.1 -x c - -o $@ -ldl \
	   || echo 'taper: no libcuda.so.1 to stand in for a driver, so plans for GPUs are not tested'

# ---- CUDA -------------------------------------------------------------------------------------------------------------------------
# The plugin is C against the toolkit's headers and kernels in .cu files; it links to nothing of libtaper, and the runtime is in it.

cuda: $(if $(NVCC),$(if $(CUDA_INCLUDE),$(B)/libtaper_cuda.so))
	$(if $(NVCC),$(if $(CUDA_INCLUDE),@:,@echo 'taper: no CUDA backend: the headers of the toolkit or a C++ compiler are missing'),@echo 'taper: no CUDA backend: nvcc is missing')

# The quickest level of the device's compiler: the same code passes through it, and is linked, but never run.
CUDA_QUICK = $(if $(shell $(NVCC) --help | grep -e '--Ofast-compile'),-Ofc=max,-O1)
cuda-check:
	$(if $(NVCC),$(if $(CUDA_INCLUDE),@$(MAKE) --no-print-directory cuda BUILD=build/cuda-check CONFIG=release CUDA_OPTIMIZE=$(CUDA_QUICK) WERROR=1))
	@echo 'taper: cuda-check: $(if $(NVCC),$(if $(CUDA_INCLUDE),the backend compiles and links for sm_$(subst $(space),$(comma) sm_,$(strip $(CUDA_ARCHS))),skipped: the headers of the toolkit or a C++ compiler are missing),skipped: nvcc is missing)'

# What ptxas tells of each kernel, at the level that a release has, whose use of registers is what counts.
CUDA_SPILLS := build/cuda-spills
cuda-spills:
	$(if $(NVCC),$(if $(CUDA_INCLUDE),@$(MAKE) --no-print-directory cuda-told BUILD=$(CUDA_SPILLS) CONFIG=release WERROR=1 CUDA_CODE=-arch=sm_$(firstword $(filter 90,$(CUDA_ARCHS)) $(CUDA_ARCHS))))
	@$(if $(NVCC),$(if $(CUDA_INCLUDE),tools/cuda-spills $(CUDA_CU:cuda/%=$(CUDA_SPILLS)/obj/cuda/%.told),:),:)
	$(if $(NVCC),$(if $(CUDA_INCLUDE),@:,@echo 'taper: cuda-spills: skipped: the headers of the toolkit or a C++ compiler are missing'),@echo 'taper: cuda-spills: skipped: nvcc is missing')
cuda-told: $(CUDA_CU:cuda/%=$(B)/obj/cuda/%.told)
$(B)/obj/cuda/%.cu.told: cuda/%.cu $(B)/cuda_flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  nvcc $<')
	$(Q)$(NVCC_COMPILE) $(UNFUSED) -Xptxas -v -MMD -MP -MF $(@:.told=.d) -MT $@ -cubin -o $(@:.told=.cubin) $< > $@ 2>&1 || { cat $@; exit 1; }

$(CUDA_PARTS): PART = -fPIC -fvisibility=hidden
$(CUDA_PARTS): ROOM = $(WITH_CUDA)
$(B)/obj/cuda/runtime.o: ROOM = $(WITH_CUDA) -DTPC_LEAST_ARCH=$(firstword $(shell printf '%s\n' $(CUDA_ARCHS) | sort -n))
$(B)/obj/cuda/runtime.o: $(B)/cuda_flags
$(B)/obj/cuda/lt.o: ROOM = $(WITH_CUDA) $(if $(CUBLASLT),-DTPC_WITH_CUBLASLT)
$(B)/obj/cuda/lt.o: $(B)/cuda_link
$(B)/cuda_tables.c: $(B)/flags FORCE
	@{ echo '/* Made by the Makefile from the files of cuda. */'; echo '#include "core/attr.h"'; \
	   $(call table,const tp_kernel,const tp_kernel *const tpc_tables,$(CUDA_TABLES)); \
	 } > $@.new && if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(B)/obj/cuda_tables.o: $(B)/cuda_tables.c
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(PART) $(ROOM) -MMD -MP -c $< -o $@
$(B)/cuda_flags: FORCE
	@mkdir -p $(@D)
	@echo '$(NVCC_COMPILE)' | cmp -s - $@ || echo '$(NVCC_COMPILE)' > $@
$(B)/cuda_link: FORCE
	@mkdir -p $(@D)
	@echo '$(CUBLASLT) $(CUBLASLT_RPATH)' | cmp -s - $@ || echo '$(CUBLASLT) $(CUBLASLT_RPATH)' > $@
# Complex numbers as on the CPU: what cancels there must do so here, and decides at branch cuts.
$(B)/obj/cuda/complex%: UNFUSED := -fmad=false
# What is drawn is the same bits on the CPU and on a device (src/core/draw.h); on a host that fuses by itself, too.
$(B)/obj/cuda/random%: UNFUSED := -fmad=false
$(CUDA_HOST)/random%: UNFUSED := -ffp-contract=off
# So are eigenvalues (src/core/eig_team.h).
$(B)/obj/cuda/linalg_eig%: UNFUSED := -fmad=false
$(CUDA_HOST)/linalg_eig%: UNFUSED := -ffp-contract=off
$(B)/obj/cuda/%.cu.o: cuda/%.cu $(B)/cuda_flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  nvcc $<')
	$(Q)$(NVCC_COMPILE) $(UNFUSED) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@
$(B)/libtaper_cuda.so: $(CUDA_PARTS) $(CUDA_CU:cuda/%=$(B)/obj/cuda/%.o) cuda/exports.map $(B)/cuda_link
	$(if $(V),,@echo '  link $@')
	$(if $(CUBLASLT),,@echo 'taper: $(if $(CUBLASLT_H),$(CUBLASLT_SO),cublasLt.h) is missing: the CUDA backend multiplies matrices by its own kernels alone')
	$(Q)$(CXX) $(CUDA_LINK) $(filter %.o,$^) $(if $(CUDA_LIBDIR),-L$(CUDA_LIBDIR)) $(CUBLASLT) $(CUBLASLT_RPATH) -static-libstdc++ -static-libgcc -lcudart_static -ldl -lrt -o $@

# The same for the host: kernels are C++ functions that cuda/host/ calls once for each thread, and it has the runtime's functions, too.
cuda-host: $(if $(CUDA_INCLUDE),$(CUDA_HOST)/libtaper_cuda.so)
	$(if $(CUDA_INCLUDE),@:,@echo 'taper: no CUDA backend for the host: the headers of the toolkit or a C++ compiler are missing')
$(CUDA_HOST)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(HOST_CXX) $(HOST_LEAN) | $(HOST_CC)' | cmp -s - $@ || echo '$(HOST_CXX) $(HOST_LEAN) | $(HOST_CC)' > $@
$(CUDA_HOST)/lt.o: private HOST_CC += $(if $(CUBLASLT_H),-DTPC_WITH_CUBLASLT)
$(CUDA_HOST)/%.o: cuda/%.c $(CUDA_HOST)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  cc   $< for the host')
	$(Q)$(HOST_CC) -MMD -MP -c $< -o $@
$(CUDA_HOST)/%.cpp.o: cuda/%.cpp $(CUDA_HOST)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  c++  $<')
	$(Q)$(HOST_CXX) -MMD -MP -c $< -o $@
$(CUDA_HOST)/%.cu.o: cuda/%.cu $(CUDA_HOST)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  c++  $<')
	$(Q)$(HOST_CXX) $(HOST_LEAN) $(UNFUSED) -include cuda/host/cudahost.h -MMD -MP -x c++ -c $< -o $@
$(CUDA_HOST)/cuda_tables.o: $(B)/cuda_tables.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) -MMD -MP -c $< -o $@
$(CUDA_HOST)/libtaper_cuda.so: $(HOST_PARTS) $(HOST_CU) cuda/host/exports.map
	$(if $(V),,@echo '  link $@')
	$(Q)$(CXX) $(CUDA_LINK) $(filter %.o,$^) -ldl -lm -o $@
-include $(shell [ -d $(CUDA_HOST) ] && find $(CUDA_HOST) -name '*.d')

.SECONDARY:
-include $(shell [ -d $(B)/obj ] && find $(B)/obj -name '*.d')

# ---- Package files: the same two, for the build folder and for where it is installed -------------------------------------

space := $() $()
package = sed -e 's|@includedir@|$(1)|g' -e 's|@libdir@|$(2)|g' -e 's|@rpath@|$(3)|g' -e 's|@version@|$(VERSION)|g' \
              -e 's|@private@|$(strip $(LIBS))|g' -e 's|@sanitize@|$(SANITIZE)|g' \
              -e 's|@private_list@|$(subst $(space),;,$(strip $(LIBS) $(SANITIZE)))|g'
$(B)/taper.pc: taper.pc.in $(B)/flags Makefile
	@$(call package,$(abspath include),$(abspath $(B)), -Wl$(comma)-rpath$(comma)$(abspath $(B))) $< > $@
$(B)/%.cmake: cmake/%.cmake.in $(B)/flags Makefile
	@$(call package,$(abspath include),$(abspath $(B))) $< > $@

LIBDIR = $(DESTDIR)$(PREFIX)/lib
install: lib $(if $(NVCC),cuda) $(B)/bin/taper
	install -d $(DESTDIR)$(PREFIX)/include/taper/ops $(DESTDIR)$(PREFIX)/include/taper/nn $(DESTDIR)$(PREFIX)/bin $(LIBDIR)/pkgconfig $(LIBDIR)/cmake/taper
	install -m 644 $(wildcard include/taper/*.h) $(DESTDIR)$(PREFIX)/include/taper
	install -m 644 $(wildcard include/taper/ops/*.h) $(DESTDIR)$(PREFIX)/include/taper/ops
	install -m 644 $(wildcard include/taper/nn/*.h) $(DESTDIR)$(PREFIX)/include/taper/nn
	install -m 644 $(B)/libtaper.a $(LIBDIR)
	install -m 755 $(B)/libtaper.so.0 $(LIBDIR)
	ln -sf libtaper.so.0 $(LIBDIR)/libtaper.so
	$(if $(NVCC),$(if $(CUDA_INCLUDE),install -m 755 $(B)/libtaper_cuda.so $(LIBDIR)))
	install -m 755 $(B)/bin/taper $(DESTDIR)$(PREFIX)/bin
	$(call package,$(PREFIX)/include,$(PREFIX)/lib) taper.pc.in > $(LIBDIR)/pkgconfig/taper.pc
	$(call package,$${CMAKE_CURRENT_LIST_DIR}/../../../include,$${CMAKE_CURRENT_LIST_DIR}/../..) cmake/taper-config.cmake.in \
	    > $(LIBDIR)/cmake/taper/taper-config.cmake
	install -m 644 $(B)/taper-config-version.cmake $(LIBDIR)/cmake/taper
	$(if $(DESTDIR),,-@[ "$$(id -u)" != 0 ] || ldconfig)

uninstall:
	rm -f $(LIBDIR)/libtaper_cuda.so $(LIBDIR)/libtaper.a $(LIBDIR)/libtaper.so.0 $(LIBDIR)/libtaper.so $(LIBDIR)/pkgconfig/taper.pc $(DESTDIR)$(PREFIX)/bin/taper
	rm -rf $(DESTDIR)$(PREFIX)/include/taper $(LIBDIR)/cmake/taper

# ---- Running ------------------------------------------------------------------------------------------------------------------

# What is found on the machine is read when make starts, so what follows a setup is a make of its own: of all processors, unless -j says how many.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc 2> /dev/null || echo 1))
test: setup
	$(if $(filter-out $(TESTS),$(SUITES)),,@$(MAKE) --no-print-directory $(PARALLEL) cuda-check)
	@$(MAKE) --no-print-directory $(PARALLEL) run-tests
demo: WANTED = $(MISSING)
demo: setup
	@$(MAKE) --no-print-directory $(PARALLEL) $(B)/bin/lenet
	@$(B)/bin/lenet

# A program in C++, run by test_options to compare the defaults of options; left out where there is no C++ compiler.
CPP_PROGRAM := $(if $(and $(PROBE),$(shell command -v $(CXX) 2>/dev/null)),$(B)/bin/options_cpp)
$(B)/bin/options_cpp: tests/options_cpp.cpp $(B)/libtaper.so $(HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  c++  $@')
	$(Q)$(CXX) -std=c++17 -Wall -Wextra -Wpedantic $(SANITIZE) -pthread -Iinclude $< -L$(B) -ltaper -Wl,-rpath,'$$ORIGIN/..' -o $@

# The simulated device is long to build, and needed by these suites alone.
ON_A_DEVICE = $(and $(CUDA_INCLUDE),$(filter test_cuda% test_gpu_check,$(TESTS)))
run-tests: lib $(SHARED_PROGRAMS) $(CPP_PROGRAM) $(if $(ON_A_DEVICE),$(CUDA_HOST)/libtaper_cuda.so) $(if $(MISSING_CHECK),,$(addprefix $(B)/bin/,$(TESTS)))
	$(if $(MISSING_CHECK),@echo 'taper: please install: check' >&2; exit 1)
	@TAPER_BUILD=$(abspath $(B)) CC='$(CC)' tools/run-tests $(addprefix $(B)/bin/,$(TESTS))

SECONDS ?= 60
FUZZ ?= ops safetensors index npy npz pt idx cifar training
fuzz:
	@$(MAKE) --no-print-directory CONFIG=asan build/asan/bin/fuzz-ops build/asan/bin/fuzz-files
	@for what in $(FUZZ); do \
	  if [ $$what = ops ]; then build/asan/bin/fuzz-ops --seconds $(SECONDS); \
	  else build/asan/bin/fuzz-files --seconds $(SECONDS) --reader $$what; fi || exit 1; done

# More samples than the tree's own may lie beside it.
FIXTURES = $(or $(TAPER_FIXTURES),$(firstword $(wildcard ../shared/parity/fixtures/ops) tests/parity/fixtures))
parity: lib $(B)/bin/parity
	@$(B)/bin/parity $(FIXTURES) $(if $(OPS),--ops $(OPS))
	$(if $(OPS)$(TAPER_FIXTURES),,@$(B)/bin/parity $(firstword $(wildcard ../shared/parity/fixtures/modules) tests/parity/fixtures/modules))

bench: lib $(B)/bin/taper-bench
	@for name in $(CASES); do $(B)/bin/taper-bench --case $$name --threads $(THREADS) || exit 1; done

WANTED = $(MISSING) $(MISSING_CHECK)
setup:
	$(if $(strip $(WANTED)),@tools/setup $(WANTED),@:)
	@$(foreach p,$(WISHED),tools/setup $p 2> /dev/null || echo 'taper: going on without $p';) :

# ---- Care ------------------------------------------------------------------------------------------------------------------------

STRICT = -Wall -Wextra -Wpedantic -Werror -fsyntax-only -Iinclude
check-headers:
	@for cc in gcc clang; do command -v $$cc > /dev/null || continue; \
	  for header in $(HEADERS:include/%=%); do \
	    echo "#include <$$header>" | $$cc -std=c11 $(STRICT) -Wstrict-prototypes -x c - || exit 1; \
	    echo "#include <$$header>" | $$cc -std=c++17 $(STRICT) -x c++ - || exit 1; \
	  done; echo "$$cc: $(words $(HEADERS)) headers, each alone, as C11 and C++17"; \
	done

LINED = include src nn optim data cuda tools bench examples tests
check-lines:
	@find $(LINED) -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' -o -name '*.cpp' | \
	  xargs awk 'length > 160 { print FILENAME ":" FNR ": " length " columns"; long = 1 } END { exit long }'

docs: lib $(B)/bin/taper
	$(B)/bin/taper ops --markdown > docs/ops.md

format:
	git clang-format --extensions c,h

clean:
	rm -rf build

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile
