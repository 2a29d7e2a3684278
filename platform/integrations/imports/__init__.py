"""Files of customers, products, orders, events, consents and suppressions: from an upload to its undo.

content says what a file is, reading gives its rows, values and kinds turn rows into records, engine
stores them block by block, undo takes a batch back. shops know the exports of Shopify and others.
"""
