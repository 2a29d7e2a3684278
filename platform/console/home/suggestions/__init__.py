"""What the shop's data suggest doing next, each with its numbers and one click from a draft.

    base         what a rule is, and the shop as of a moment
    silence      people who have gone quiet, persona by persona too
    orders       the second order, what is due again
    intents      carts left, products wanted that are back, birthdays, newcomers
    goods        too much in stock
    codes        codes about to end, pools about to run dry
    expected     what past campaigns of the kind brought
    services     finding all of them, putting them aside, beginning a draft
    selectors    what one person is to see

A rule's audience is a rule of segments, so what is counted here is exactly what a campaign would reach.
"""

from console.home.suggestions import codes, goods, intents, orders, silence
from console.home.suggestions.base import Rule

RULES: dict[str, Rule] = {
    rule.key: rule for rule in (*silence.RULES, *orders.RULES, *intents.RULES, *goods.RULES, *codes.RULES)
}
