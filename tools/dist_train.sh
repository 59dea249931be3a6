#!/usr/bin/env bash
# Train with several processes: bash tools/dist_train.sh CONFIG GPUS [options of train.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT on each.
# MAX_RESTARTS=3 starts all processes again, from the newest checkpoint, where one dies.
# Exit code 75: stopped by SIGTERM or SIGUSR1 after saving; --resume continues.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 CONFIG GPUS [options of tools/train.py]" >&2; exit 2; }
source "$(dirname "$0")/torchrun.sh"
run train.py "$2" "$1" "${@:3}"
