"""What a batch of a pipeline has beside that of a sweep: which trials run again (`decisions`), in
which order they start and which never do (`trials`), what they take (`upstream`).
"""
