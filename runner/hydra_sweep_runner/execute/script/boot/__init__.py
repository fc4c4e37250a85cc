"""What runs in a script's own process. Imports as little as it can."""
