"""The process that starts trials' processes, and ends them when the runner is dead."""
