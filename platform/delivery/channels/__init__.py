"""The ways by which messages leave: a folder each, registered by name in `DeliveryConfig.ready`."""

from core.registry import Registry
from delivery.channels.base import Channel

channels: Registry[Channel] = Registry("channel")
