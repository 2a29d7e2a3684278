"""From a waiting message to the provider and back.

    claim      pending → claimed, committed: a lease, and a fence that rises
    prepare    one transaction: who may still be written to, rendering, the frozen context
    offer      claimed → sending, committed; the provider, over the line; sending → sent | failed | pending
    send       a worker's turn: batch by batch until nothing is due
    held_out   what would have been sent to those left alone, recorded
    sweep      what a dead worker left behind
    restored   a database that came out of a backup sends nothing by itself
    pace/      rates of provider, domain and run; the breaker of each provider

`docs/architecture.md` draws it; `delivery.outbox.policy` holds the figures.
"""
