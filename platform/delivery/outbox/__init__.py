"""From a waiting message to the provider and back.

    claim      pending → claimed, committed: a lease, and a fence that rises
    prepare    one transaction: who may still be written to, rendering, the frozen context
    send       claimed → sending, committed; the provider; sending → sent | failed | pending
    sweep      what a dead worker left behind

`docs/architecture.md` draws it; `delivery.outbox.policy` holds the figures.
"""
