"""Every adapter there is. A new one is a file of declarations beside these, and a line here."""

from circleshield_addon.adapter import Adapter
from circleshield_addon.adapters import bluesky, mastodon, weibo, x

ADAPTERS: tuple[Adapter, ...] = (weibo.WEB, weibo.MOBILE, x.ADAPTER, bluesky.ADAPTER, mastodon.ADAPTER)
