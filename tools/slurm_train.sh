#!/usr/bin/env bash
# Train on a Slurm cluster: bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options of train.py]
# Set GPUS (8), GPUS_PER_NODE (8), CPUS_PER_TASK (5 per GPU) and SRUN_ARGS as usual.
# Two minutes before its time is up, and when it is preempted, the job saves, goes back
# to the queue, and continues from there.
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: $0 PARTITION JOB_NAME CONFIG [options of tools/train.py]" >&2; exit 2; }
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-8}
[ "$per_node" -le "$gpus" ] || per_node=$gpus

if [ -z "${CONVNEXT_DENSE_SLURM:-}" ]; then
  # In the terminal: hand this very script to the queue.
  # shellcheck disable=SC2086
  exec sbatch --partition="$1" --job-name="$2" --requeue --open-mode=append \
    --signal=B:USR1@120 --nodes=$((gpus / per_node)) --ntasks-per-node=1 \
    --gpus-per-node="$per_node" --cpus-per-task="${CPUS_PER_TASK:-$((5 * per_node))}" \
    --export=ALL,CONVNEXT_DENSE_SLURM="$tools" ${SRUN_ARGS:-} "$0" "$@"
fi

# In the job, where the script is a copy elsewhere: one torchrun a node.
tools=$CONVNEXT_DENSE_SLURM
MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export MASTER_ADDR NNODES=$SLURM_NNODES RUN_ID=$SLURM_JOB_ID PORT=${PORT:-$((20000 + SLURM_JOB_ID % 10000))}
# shellcheck disable=SC2016
srun bash -c 'NODE_RANK=$SLURM_NODEID exec bash "$@"' - \
  "$tools/dist_train.sh" "$3" "$per_node" --resume auto "${@:4}" &
step=$!
# The queue signals this script, which passes it on to the processes.
trap 'scancel --signal=USR1 "$SLURM_JOB_ID.0"' USR1 TERM
code=0
wait "$step" || code=$?
# A signal interrupts the waiting once.
if kill -0 "$step" 2>/dev/null; then code=0; wait "$step" || code=$?; fi
if [ "$code" = 75 ]; then
  echo "saved; back to the queue"
  scontrol requeue "$SLURM_JOB_ID"
  exit 0
fi
exit "$code"
