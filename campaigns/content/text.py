"""The plain-text part of a mail: the same blocks for people and programs that read no HTML."""

from .blocks import Block

UNTIL = '{% if coupon.expires != "" %}Use it by {{ coupon.expires | date: "%B %-d, %Y" }}.{% endif %}'
_PRODUCT = (
    "{{% for product in products limit: {count} %}}"
    "- {{{{ product.name }}}}"
    '{{% if product.price != "" %}}, {{{{ product.price | money: product.currency }}}}{{% endif %}}'
    " ({{{{ product.reason }}}})"
    '{{% if product.url != "" %}}\n  {{{{ product.url | safe_url }}}}{{% endif %}}\n'
    "{{% endfor %}}"
)


def plain_text(blocks: list[Block]) -> str:
    """Return the text part as a Liquid template, blocks separated by empty lines."""
    return "\n\n".join(part for block in blocks if (part := _part(block).strip())) + "\n"


def _part(block: Block) -> str:
    match block.kind:
        case "header":
            return block["title"]
        case "heading" | "text":
            return block["text"]
        case "button":
            return f"{block['label']}: {block['url']}"
        case "image":
            return block["alt"]
        case "recommendations":
            return f"{block['title']}\n{_PRODUCT.format(count=block.count)}"
        case "coupon":
            return f"{block['label']}\n\n    {{{{ coupon.code }}}}\n\n{UNTIL}"
        case "footer":
            return (
                f"--\n{block['text']}\n{{{{ footer.why }}}}\n"
                "{{ footer.unsubscribe }}: {{ unsubscribe_url }}\n"
                "{{ footer.preferences }}: {{ preferences_url }}\n{{ shop.address }}"
            )
    return ""
