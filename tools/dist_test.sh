#!/usr/bin/env bash
# Test with several processes: bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [options]
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: $0 CONFIG CHECKPOINT GPUS [options of tools/test.py]" >&2; exit 2; }
source "$(dirname "$0")/torchrun.sh"
run test.py "$3" "$1" "$2" "${@:4}"
