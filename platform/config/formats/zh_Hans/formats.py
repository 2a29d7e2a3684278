"""Numbers in Chinese as shops write them: 1,478,178. Dates stay as Django has them."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
