"""What commands do, without their parsing: `start` creates and executes runs, `runs` lists and
manages recorded ones.
"""
