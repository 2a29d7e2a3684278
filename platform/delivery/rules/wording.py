"""Putting into a message what its recipient's market asks for."""

from dataclasses import replace

from customers.models import Channel
from delivery.rules.shipped import Rule
from delivery.sources import Rendered


def fit(content: Rendered, rule: Rule) -> Rendered:
    """Return the content with the market's label in front and its way to stop at the end.

    A mail's label stands in front of the subject, that of an SMS right behind the signature. What is there
    already is not put twice. An approved SMS template is left to its provider, which puts both in itself.
    """
    if rule.channel == Channel.EMAIL:
        subject = _labelled(content.subject, rule.label)
        return content if subject == content.subject else replace(content, subject=subject)
    if rule.channel != Channel.SMS or content.template:
        return content
    signature, text = "", content.text.strip()
    if text.startswith("【") and "】" in text:  # the content brought its own
        signature, text = text[: text.index("】") + 1], text[text.index("】") + 1 :]
    text = _labelled(text, rule.label)
    if rule.footer and not _says_how_to_stop(text, rule):
        text = f"{text} {rule.footer}"
    return replace(content, text=signature + text)


def _labelled(text: str, label: str) -> str:
    if not label or label.strip("[]【】()（）").lower() in text[: len(label) + 4].lower():
        return text
    return f"{label} {text}".rstrip()


def _says_how_to_stop(text: str, rule: Rule) -> bool:
    words = (*rule.stop_words, rule.footer)
    return any(len(word) > 1 and word.lower() in text.lower() for word in words)
