"""How fast messages leave, and when a provider is left alone.

    limits     which rates hold: the provider's, the domain's, the run's
    buckets    token buckets in PostgreSQL: a grant is one statement, whoever else asks
    breaker    the provider's state: working, left alone, being tried
    guard      both, around a provider's connection
    space      how much a worker may take out of the queue now

The buckets are in PostgreSQL because they must not be lost: see docs/adr. A killed worker loses the
tokens that it took, so a crash slows down and never floods.
"""
