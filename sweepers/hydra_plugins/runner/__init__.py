"""The runner's Hydra plugins. Thin and light: every Hydra program on a machine imports them."""
