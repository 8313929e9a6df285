# unmask: make demo | make check | make | make deps | make info | make bench | make bundle | make check-cluster | make check-gpu |
# make bench-gpu | make lint
#
# Everything is built out of tree in $(BUILD). Libraries are found by pkg-config (Open MPI, HDF5,
# libjpeg-turbo, libcrypto, Check) or by trying to compile (oneDNN); `make info` prints every answer,
# and each can be overridden on the command line: make CC=clang MPI_LIBS=-lmpi ...

, := ,
SANITIZE ?= 0
BUILD    ?= $(if $(filter 1,$(SANITIZE)),build-asan,build)
PREFIX   ?= /usr/local
CC       := $(if $(filter default,$(origin CC)),gcc,$(CC))
OPT      ?= -O2 -g
PKG      ?= pkg-config
VERSION  := 0.1.0
GIT_REVISION := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

# ---- what is found -------------------------------------------------------------------------------
found     = $(shell $(PKG) --exists $(1) 2>/dev/null && echo $(1))
MPI_PC   ?= $(firstword $(call found,ompi-c) $(call found,mpi-c))
HDF5_PC  ?= $(firstword $(call found,hdf5-openmpi) $(call found,hdf5))
MPI_CFLAGS  ?= $(shell $(PKG) --cflags $(MPI_PC) 2>/dev/null || mpicc --showme:compile 2>/dev/null)
MPI_LIBS    ?= $(shell $(PKG) --libs $(MPI_PC) 2>/dev/null || mpicc --showme:link 2>/dev/null)
HDF5_CFLAGS ?= $(shell $(PKG) --cflags $(HDF5_PC) 2>/dev/null)
HDF5_LIBS   ?= $(or $(shell $(PKG) --libs $(HDF5_PC) 2>/dev/null),-lhdf5)
JPEG_LIBS   ?= $(or $(shell $(PKG) --libs libjpeg 2>/dev/null),-ljpeg)
CRYPTO_LIBS ?= $(or $(shell $(PKG) --libs libcrypto 2>/dev/null),-lcrypto)
CHECK_LIBS  ?= $(shell $(PKG) --libs check 2>/dev/null)
MPIRUN      ?= mpirun
NVCC        ?= $(shell command -v nvcc)
CUDA_HOME   ?= $(patsubst %/bin/nvcc,%,$(realpath $(NVCC)))
CUDA_CFLAGS ?= -isystem $(CUDA_HOME)/include
CUDA_LIBS   ?= -L$(CUDA_HOME)/lib64 -L$(CUDA_HOME)/lib -lcudnn -lnccl -lcudart_static -ldl -lrt
CUDA_ARCHS  ?= 80 90
CUDA        ?= $(if $(NVCC),$(shell printf '\043include <cudnn.h>\n\043include <nccl.h>\nint main(void){ncclUniqueId i;ncclGetUniqueId(&i);return (int)cudnnGetVersion();}' \
                 | $(CC) -x c - -o /dev/null $(CUDA_CFLAGS) $(CUDA_LIBS) 2>/dev/null && echo yes))
ONEDNN      ?= $(shell printf '\043include <dnnl.h>\nint main(void){dnnl_memory_desc_t d;(void)d;return dnnl_version()->major;}' \
                 | $(CC) -x c - -o /dev/null -ldnnl 2>/dev/null && echo yes)
ONNX_PROTO  ?= $(wildcard /usr/include/onnx/onnx.proto)
ONNX        ?= $(and $(ONNX_PROTO),$(shell command -v protoc-c),$(call found,libprotobuf-c))

# ---- how to compile ------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes
CFLAGS   ?= $(OPT)
# H5_USE_110_API: newer HDF5 gives its functions the arguments of 1.10.
CPPFLAGS += -Icommon -I. -D_GNU_SOURCE -DH5_USE_110_API $(if $(ONEDNN),-DHAVE_ONEDNN) $(if $(ONNX),-DHAVE_ONNX)
CPPFLAGS += $(addprefix -isystem ,$(patsubst -I%,%,$(filter -I%,$(MPI_CFLAGS) $(HDF5_CFLAGS))))
SAN      := $(if $(filter 1,$(SANITIZE)),-fsanitize=address$(,)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
LDLIBS   := $(HDF5_LIBS) $(MPI_LIBS) $(JPEG_LIBS) $(CRYPTO_LIBS) $(if $(ONEDNN),-ldnnl -lgomp) $(if $(ONNX),-lprotobuf-c) -ldl -lpthread -lm
COMPILE   = $(CC) -std=c11 $(WARNINGS) $(CPPFLAGS) $(CFLAGS) $(SAN) -MMD -MP

# The cuda engine is a plug-in: the programs lend it their symbols and look for it beside themselves.
LDFLAGS  += -rdynamic -Wl,-rpath,'$$ORIGIN/../lib' -Wl,-rpath,'$$ORIGIN/../../lib'

PROGRAMS := preprocess train eval
COMMON   := $(filter-out common/engine/cuda%.c,$(wildcard common/*/*.c))
ifeq ($(ONEDNN),)
COMMON   := $(filter-out common/engine/cpu_%.c common/engine/cpu.c,$(COMMON))
endif
PARTS    := $(filter-out %/main.c,$(wildcard $(PROGRAMS:%=%/*.c)))
LIBRARY  := $(BUILD)/libunmask.a
BINARIES := $(PROGRAMS:%=$(BUILD)/bin/unmask-%)
TESTS    := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*.c tests/mpi/*.c))
ifeq ($(ONNX),)
PARTS    := $(filter-out eval/onnx.c,$(PARTS))
TESTS    := $(filter-out %/test_onnx,$(TESTS))
else
PARTS    += $(BUILD)/onnx.pb-c.c
endif
PARTS    += $(BUILD)/eval/report.css.c $(BUILD)/eval/plots.gp.c
TOOLS    := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/demo/*.c tests/bench/*.c))
ifeq ($(ONEDNN),)
TESTS    := $(filter-out %/test_cpu,$(TESTS))
TOOLS    := $(filter-out %/bench_engine,$(TOOLS))
endif

CUDA_C   := $(patsubst %.c,$(BUILD)/pic/%.o,$(wildcard common/engine/cuda*.c))
PLUGIN   := $(if $(CUDA),$(BUILD)/lib/libunmask-cuda.so)
# The same engine over a CUDA that runs on the host: for the tests of machines without a GPU.
PLUGIN_HOST := $(if $(CUDA),$(BUILD)/tests/cuda_host/libunmask-cuda.so)

# One short line per file; make V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1) $@')

all: $(BINARIES) $(PLUGIN)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -c $< -o $@

# Texts that the programs carry: eval/report.css becomes `const char report_css[]`.
$(BUILD)/eval/%.c: eval/%
	@mkdir -p $(@D)
	$(call say,TEXT)
	$(Q)(printf 'extern const char %s[];\nconst char %s[] =\n' $(subst .,_,$* $*) && \
	  sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< && echo ';') > $@

# The encoder of .onnx files, from ONNX's own description of them.
$(BUILD)/onnx.pb-c.c: $(ONNX_PROTO)
	@mkdir -p $(@D)
	$(call say,PROTOC)
	$(Q)protoc-c -I$(<D) --c_out=$(@D) $<
$(BUILD)/obj/eval/onnx.o $(BUILD)/obj/tests/unit/test_onnx.o: CPPFLAGS += -isystem $(BUILD)
$(BUILD)/obj/eval/onnx.o $(BUILD)/obj/tests/unit/test_onnx.o: | $(if $(ONNX),$(BUILD)/onnx.pb-c.c)

$(LIBRARY): $(COMMON:%.c=$(BUILD)/obj/%.o) $(PARTS:%.c=$(BUILD)/obj/%.o)
	$(call say,AR)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/bin/unmask-%: $(BUILD)/obj/%/main.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) $^ $(CHECK_LIBS) $(LDLIBS) -o $@

$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(CUDA_CFLAGS) -fPIC -c $< -o $@

# Contraction off, as -std=c11 has it: the kernels' bodies round as they do in the tests.
$(BUILD)/pic/%.o: %.cu
	@mkdir -p $(@D)
	$(call say,NVCC)
	$(Q)$(NVCC) -O3 -std=c++17 -fmad=false -Icommon -I. -MMD -MP -Xcompiler -fPIC,-Wall,-Wextra \
	  $(foreach a,$(CUDA_ARCHS),-gencode arch=compute_$(a),code=sm_$(a)) \
	  -gencode arch=compute_$(lastword $(CUDA_ARCHS)),code=compute_$(lastword $(CUDA_ARCHS)) -c $< -o $@

$(PLUGIN): $(CUDA_C) $(BUILD)/pic/common/engine/cuda_kernels.o
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -shared $(CFLAGS) $(SAN) $^ $(CUDA_LIBS) -lstdc++ -lm -o $@

# The kernels once more, by the compiler that nvcc uses for the host.
$(BUILD)/pic/tests/cuda_host/kernels.o: common/engine/cuda_kernels.cu
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) -x c++ -std=c++17 -Wall -Wextra $(CPPFLAGS) $(CUDA_CFLAGS) $(CFLAGS) $(SAN) -MMD -MP -fPIC \
	  -include tests/cuda_host/device.h -c $< -o $@

$(PLUGIN_HOST): $(CUDA_C) $(BUILD)/pic/tests/cuda_host/kernels.o $(patsubst %.c,$(BUILD)/pic/%.o,$(wildcard tests/cuda_host/*.c))
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -shared $(CFLAGS) $(SAN) $^ -lstdc++ -lm -o $@

# The revision changes without any file of ours changing: rebuild the one object that holds it.
$(BUILD)/revision: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(GIT_REVISION) $(CC) $(CFLAGS)' | cmp -s - $@ || echo '$(VERSION) $(GIT_REVISION) $(CC) $(CFLAGS)' > $@
$(BUILD)/obj/common/base/version.o: $(BUILD)/revision
$(BUILD)/obj/common/base/version.o: CPPFLAGS += -DUNMASK_VERSION='"$(VERSION)"' \
    -DUNMASK_REVISION='"$(GIT_REVISION)"' -DUNMASK_CFLAGS='"$(CFLAGS)"'

tests: $(TESTS) $(TOOLS) $(PLUGIN_HOST)
FORCE:
.PHONY: all tests FORCE
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- set-up --------------------------------------------------------------------------------------
# What each program needs, as Debian packages; checked one by one, so that a complete machine is left
# alone and needs no root.
JPEG_PACKAGE  := $(if $(shell grep -s '^ID.*ubuntu' /etc/os-release),libjpeg-turbo8-dev,libjpeg62-turbo-dev)
PACKAGES      := gcc libc6-dev pkg-config libopenmpi-dev openmpi-bin libhdf5-openmpi-dev hdf5-tools \
                 $(JPEG_PACKAGE) libdnnl-dev libssl-dev check gnuplot-nox \
                 libonnx-dev protobuf-c-compiler libprotobuf-c-dev
LINT_PACKAGES := clang-format-14 cppcheck universal-ctags shellcheck

deps:
	@sh tests/deps.sh $(PACKAGES)

info:
	@echo 'unmask          $(VERSION) ($(GIT_REVISION))'
	@echo "compiler        $$($(CC) --version 2>/dev/null | head -n 1 || echo none)"
	@echo "flags           -std=c11 $(CFLAGS) $(SAN)"
	@echo "MPI             $$($(PKG) --modversion $(MPI_PC) 2>/dev/null || echo none)  [$(MPI_PC)]"
	@echo "launcher        $$($(MPIRUN) --version 2>/dev/null | head -n 1 | grep . || echo none)"
	@echo "HDF5            $$($(PKG) --modversion $(HDF5_PC) 2>/dev/null || echo none)  [$(HDF5_PC)]"
	@echo "libjpeg-turbo   $$($(PKG) --modversion libjpeg 2>/dev/null || echo none)"
	@echo "libcrypto       $$($(PKG) --modversion libcrypto 2>/dev/null || echo none)"
	@echo "oneDNN          $(if $(ONEDNN),$$(printf '\043include <dnnl_version.h>\nDNNL_VERSION_MAJOR.DNNL_VERSION_MINOR.DNNL_VERSION_PATCH' \
	  | $(CC) -E -P - | tail -n 1 | tr -d ' '),none: the cpu engine is left out)"
	@echo "ONNX            $(if $(ONNX),$$(sed -n 's/.*LAST_RELEASE_VERSION.*"\(.*\)".*/\1/p' $(dir $(ONNX_PROTO))common/version.h) [$(ONNX_PROTO)]$(,) protobuf-c $$($(PKG) --modversion libprotobuf-c),none: no --export to .onnx)"
	@echo "Check           $$($(PKG) --modversion check 2>/dev/null || echo none)"
	@echo "gnuplot         $$(gnuplot --version 2>/dev/null || echo 'none: no pictures')"
	@echo "CUDA            $(if $(CUDA),$$($(NVCC) --version | sed -n 's/.*release \([0-9.]*\).*/\1/p') for compute capability $(CUDA_ARCHS),none: no cuda engine)  [$(or $(NVCC),no nvcc)]"

# The programs alone: the libraries they load are the system's.
install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	$(if $(PLUGIN),install -Dm 755 $(PLUGIN) $(DESTDIR)$(PREFIX)/lib/libunmask-cuda.so)

# The programs with all their libraries, for machines without them; WITH_TESTS=1 adds what
# tests/gpu/check.sh and tests/bench/bench_gpu.sh run.
BUNDLE   = $(BUILD)/unmask-bundle-$(VERSION)-$(shell uname -m).tar.gz
GPU_TOOLS := $(addprefix $(BUILD)/tests/,unit/test_engine demo/frames bench/inspect_h5)

bundle: all $(if $(WITH_TESTS),$(GPU_TOOLS))
	@sh tests/deps.sh patchelf
	@bash jobs/bundle.sh $(BUNDLE) $(BINARIES) $(PLUGIN) $(if $(WITH_TESTS),$(GPU_TOOLS))

# ---- demo ----------------------------------------------------------------------------------------
# As root, Open MPI wants to be told twice.
ifeq ($(shell id -u),0)
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
endif
DEMO   := $(BUILD)/demo
DATA   ?=
FRAMES := $(or $(DATA),$(DEMO)/frames)
RANKS  := $(MPIRUN) --oversubscribe --bind-to none -n 2

demo: deps
	@$(MAKE) --no-print-directory demo-run

# Of a rank that fails, the rank's own line is enough.
demo-run: export OMPI_MCA_orte_execute_quiet := 1
demo-run: all $(if $(DATA),,$(BUILD)/tests/demo/frames)
	@rm -rf $(DEMO)
	@mkdir -p $(DEMO)
	$(if $(DATA),,$(BUILD)/tests/demo/frames $(DEMO)/frames)
	$(RANKS) $(BUILD)/bin/unmask-preprocess $(FRAMES) -o $(DEMO)/store.h5
	$(RANKS) $(BUILD)/bin/unmask-train $(DEMO)/store.h5 -o $(DEMO)/run.h5
	$(RANKS) $(BUILD)/bin/unmask-eval $(DEMO)/store.h5 $(DEMO)/run.h5 -o $(DEMO)/report.h5 --plots $(DEMO)/plots
	@printf '\nstore     %s\nrun       %s\nreport    %s\npictures  %s\npage      %s\n' $(DEMO)/store.h5 $(DEMO)/run.h5 \
	  $(DEMO)/report.h5 "$$(cd $(DEMO)/plots && ls *.png | tr '\n' ' ')in $(DEMO)/plots" \
	  $(DEMO)/plots/report.html

# ---- tests ---------------------------------------------------------------------------------------
check: deps
	-@sh tests/deps.sh patchelf
	@$(MAKE) --no-print-directory -j2 all tests
	@BUILD=$(BUILD) MPIRUN='$(MPIRUN)' SANITIZE=$(SANITIZE) bash tests/run.sh

# The jobs on two SLURM nodes in namespaces of this machine (root; installs slurm-wlm and munge).
check-cluster: deps
	@$(MAKE) --no-print-directory -j2 all tests
	@bash tests/cluster/cluster.sh packages
	@BIN=$(BUILD)/bin FRAMES_TOOL=$(BUILD)/tests/demo/frames bash tests/cluster/check.sh

# The cuda engine on a GPU of this machine. From a bundle: tests/gpu/check.sh bin bin
check-gpu: all tests
	@BUILD=$(BUILD) BIN=$(BUILD)/bin MPIRUN='$(MPIRUN)' bash tests/gpu/check.sh

bench-gpu: all tests
	@BUILD=$(BUILD) bash tests/bench/bench_gpu.sh

bench-scaling: all tests
	@BIN=$(BUILD)/bin FRAMES_TOOL=$(BUILD)/tests/demo/frames bash tests/bench/scaling.sh

bench: all tests
	@BUILD=$(BUILD) bash tests/bench/bench.sh $(DATA)

# What STYLE asks for and a program can measure.
lint:
	@BUILD=build-lint bash tests/lint.sh

clean:
	rm -rf build build-asan build-lint

.PHONY: deps info install bundle demo demo-run check check-cluster check-gpu bench bench-gpu bench-scaling lint clean
