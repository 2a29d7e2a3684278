"""The wide row: facts of some customers are gathered, then published beside everybody else's.

`gather` boils the facts of a set of customers down to one row of figures each, which says nothing about
anybody else. `publish` ranks those figures among the whole shop and writes the profiles. The complete
build and the incremental one differ in whom they gather and in nothing else, so they come to the same row.
"""
