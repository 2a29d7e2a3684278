"""Segment's HTTP tracking API (https://segment.com/docs/connections/spec/), so that its SDKs point here.

`calls` reads a message, `ecommerce` turns a track call into events, `people` does what identify and
alias say, `services` takes a batch, `api` is the addresses under `/v1/`.
"""
