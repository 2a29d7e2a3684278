"""Long proofs in which processes die: `bin/chaos`, or one of them by `bin/chaos --part NAME`.

A part is a module here. They run on servers of their own in a folder of their own, never on those that
anything else uses, and not with `bin/test`.
"""
