"""What `runner runs`, `compare` and `watch` do with recorded runs. Ids and filters are resolved in
`selecting`; plans that lose or gain trials are in `membership`.
"""
