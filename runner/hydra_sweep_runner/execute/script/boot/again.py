"""The script that is running, once more: multiprocessing's children import it as their main.

Not to be imported otherwise.
"""

if __name__ == "__mp_main__":
    from hydra_sweep_runner.execute.script.boot.run import run_again

    run_again(globals())
