"""The demo's storefront: a small shop on the demo's catalogue, with the browser snippet of any shop.

It exists where the demo is installed, is open to everybody and keeps nothing of its own: who "signed
in" and what lies in the cart stand in a signed cookie, orders are told to Rapport and forgotten.
"""
