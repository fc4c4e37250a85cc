# What `make demo` shows: a sweep over real data, restarted with one more value, and the list.
set -euo pipefail
cd "$(dirname "$0")"

show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

show runner -m model=small,large lr=0.1,0.01
batch=$(runner runs list --json | python -c '
import json, sys
print(next(run["id"][:8] for run in json.load(sys.stdin) if run["kind"] == "batch"))')
show runner "+restart=$batch" +needed=true lr=0.1,0.01,0.001
show runner runs list

printf '\nThe runs are in samples/digits/runs. To go on: . .venv/bin/activate; cd samples/digits\n'
