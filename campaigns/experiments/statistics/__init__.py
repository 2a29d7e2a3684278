"""The statistics of experiments, in plain Python: no Django, no database, no clock.

One module per concern; the numbers come in as counts, moments or arrays and go out as frozen results.
What cannot be computed raises `results.NotComputableError` with a reason.
"""
