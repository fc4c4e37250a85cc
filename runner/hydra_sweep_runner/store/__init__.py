"""The run store: a folder for each run, on a disk that other processes change, too. `runs` is its
interface, `layout` names every file, `disk` writes atomically, `ownership` locks, `index` makes
lists quick.
"""
