"""What a device is sent: the body of FCM's HTTP v1, with Apple's and the browsers' parts in it.

FCM passes the `apns` part on to Apple's push service as it stands, so one provider reaches all devices.
"""

from typing import Any

import orjson

from delivery.channels.base import Outgoing, TransportError
from delivery.channels.links import check_links

#: What FCM and APNs both take, keys and values together.
MOST_BYTES = 4096


def message_of(message: Outgoing, token: str) -> dict[str, Any]:
    """Return the body for one device.

    A repeat carries the same collapse key, so that it replaces the first one on the device instead of
    standing beside it. Raises TransportError (permanent) for content that no device takes.
    """
    content = message.content
    check_links(content)
    if not (content.subject or content.text):
        raise TransportError("The message has no text.", permanent=True)
    key = message.message_id.strip("<>").partition("@")[0][:64]
    data = {str(name): _text(value) for name, value in content.data.items()}
    data |= {"message_id": key} | ({"url": content.url} if content.url else {})
    alert = {"title": content.subject, "body": content.text}
    android: dict[str, Any] = {"collapse_key": key}
    apns: dict[str, Any] = {
        "headers": {"apns-collapse-id": key, "apns-priority": "10"},
        "payload": {"aps": {"alert": alert, "sound": "default"}},
    }
    web: dict[str, Any] = {"headers": {}}
    if content.expires_at:
        seconds = max(0, int((content.expires_at - message.date).total_seconds()))
        android["ttl"] = f"{seconds}s"
        apns["headers"]["apns-expiration"] = str(int(content.expires_at.timestamp()))
        web["headers"]["TTL"] = str(seconds)
    if content.image:
        apns["payload"]["aps"]["mutable-content"] = 1
        apns["fcm_options"] = {"image": content.image}
    if content.url:
        web["fcm_options"] = {"link": content.url}
    notification = alert | ({"image": content.image} if content.image else {})
    body = {
        "message": {
            "token": token,
            "notification": notification,
            "data": data,
            "android": android,
            "apns": apns,
            "webpush": web,
        }
    }
    try:
        size = len(orjson.dumps({"notification": notification, "data": data}))
    except (TypeError, orjson.JSONEncodeError) as error:
        raise TransportError("The text cannot be encoded.", permanent=True) from error
    if size > MOST_BYTES:
        raise TransportError(f"The message is larger than {MOST_BYTES} bytes.", permanent=True)
    return body


def shown(message: Outgoing) -> dict[str, Any]:
    """Return what the sink shows."""
    return message_of(message, "device")


def _text(value: Any) -> str:
    # FCM takes texts only.
    return value if isinstance(value, str) else orjson.dumps(value).decode()
