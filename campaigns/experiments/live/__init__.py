"""Analysis of live tests: facts → tallies → judgement → look → decision.

`facts` reads who met the test and what they then did; `tallies` makes sufficient statistics of it, which are
stored; `judging` turns these, and nothing else, into results, so that a look can be computed again bit for
bit; `looks` takes and stores one; `deciding` does what the rules say.
"""
