# Sourced by dist_train.sh and dist_test.sh: run SCRIPT PROCESSES [arguments].
run() {
  local tools script=$1 processes=$2
  tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  case $processes in
    ''|*[!0-9]*|0) echo "error: the number of GPUs must be a positive number, got '$processes'" >&2; exit 2;;
  esac
  # The project's environment where it exists and none is active.
  local python=python
  if [ -z "${VIRTUAL_ENV:-}" ] && [ -x "$tools/../.venv/bin/python" ]; then
    python=$tools/../.venv/bin/python
  fi
  exec "$python" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$tools/$script" "${@:3}" --launcher pytorch
}
