# Sourced. Many GPU nodes have cuDNN and NCCL only in the Python that has PyTorch ($PYTHON): then the
# plug-in finds them there, and PyTorch's are the ones to be compared with anyway.
# shellcheck shell=bash
LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$("${PYTHON:-python3}" -c '
import glob, nvidia
print(":".join(lib for package in nvidia.__path__ for lib in sorted(glob.glob(package + "/*/lib"))))
' 2>/dev/null)
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH%:}
