"""The contract as a user meets it: every step is a real `runner` process in a project."""
