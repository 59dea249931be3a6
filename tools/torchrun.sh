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
  local host=${MASTER_ADDR:-127.0.0.1} port=${PORT:-29500} nodes=${NNODES:-1}
  local restarts=${MAX_RESTARTS:-0} meeting
  if [ "$nodes" = 1 ]; then
    "$python" -c 'import socket, sys; socket.create_server(("", int(sys.argv[1])))' "$port" 2>/dev/null || {
      echo "error: port $port is taken, perhaps by another run: choose one with PORT=$((port + 1))" >&2
      exit 2
    }
    meeting=(--master_addr="$host" --master_port="$port")
  else
    # Nodes find each other, and again after one was lost, by the store at this address.
    meeting=(--rdzv_backend=c10d --rdzv_endpoint="$host:$port" --rdzv_id="${RUN_ID:-convnext_dense}")
  fi
  exec "$python" -m convnext_dense.engine.processes \
    --nnodes="$nodes" --node_rank="${NODE_RANK:-0}" "${meeting[@]}" \
    --max_restarts="$restarts" --nproc_per_node="$processes" \
    "$tools/$script" "${@:3}" --launcher pytorch
}
