"""`runner page`. `live` keeps the runs up to date, `answer` computes what is asked for,
`application` serves it, `guard` refuses other sites, `actions` and `starts` change something.
"""
