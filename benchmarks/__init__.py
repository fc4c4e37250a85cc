"""What the runner costs, measured against what else there is. See README.md."""
