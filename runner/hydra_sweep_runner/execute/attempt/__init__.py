"""One attempt of one task: working folder, inputs, environment, start (`supervise`), output, stop,
reason of its end, hint.
"""
