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


def short_text(blocks: list[Block]) -> str:
    """Return what a channel without pictures says, as a Liquid template: no header, footer or addresses.

    An SMS, a push or an on-site message says who it is from, and how to stop it, by other means.
    """
    return "\n".join(part for block in blocks if (part := _short(block).strip()))


def first_url(blocks: list[Block]) -> str:
    """Return where the first button (else image) leads, as a Liquid template; empty without one."""
    urls = [block["url"] for block in blocks if block.kind == "button"]
    urls += [block["link"] for block in blocks if block.kind == "image" and block["link"]]
    return urls[0] if urls else ""


def first_image(blocks: list[Block]) -> str:
    """Return the first image's address, as a Liquid template; empty without one."""
    return next((block["url"] for block in blocks if block.kind == "image"), "")


def _short(block: Block) -> str:
    match block.kind:
        case "heading" | "text":
            return block["text"]
        case "recommendations":
            return f"{block['title']} {{{{ products | map: 'name' | join: ', ' }}}}"
        case "coupon":
            return f"{block['label']} {{{{ coupon.code }}}}"
    return ""


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
