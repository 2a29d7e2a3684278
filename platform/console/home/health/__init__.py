"""Whether the machine is well: each part in words and a colour, with what to do where it is not.

machine   workers, queues, beat, backup
sending   outbox, runs, providers, the sender's domain
work      jobs, imports, what beat does, daily figures
page      System health
"""
