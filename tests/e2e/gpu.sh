#!/usr/bin/env bash
# The claims of `make check-gpu`; without a GPU each is counted as skipped.
MISSING_GPU=skip exec bash "$(dirname "$0")/../gpu/check.sh"
