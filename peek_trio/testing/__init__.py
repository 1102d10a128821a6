"""A whole platform in one process, for tests of plugins: services, plugins, and devices over links in memory that can fail.

    async def test_a_tap_reaches_every_phone(database_url):
        async with platform(plugins=["peek_plugin_tutorial"], services=["client"], database_url=database_url) as peek:
            ann, ben = await peek.devices(2, roles={"user"})
            row = (await ben.latest(StringInt)).rows[0]
            await ann.act(AddIntValue(row.id, 1))
            await ben.sees(StringInt, lambda rows: rows[0].int1 == row.int1 + 1)

Everything is the real thing but for the links, which are memory instead of websockets, and the web sites, which are not served. The
plugins need not be installed, only importable. `docs/testing.md` is the guide.
"""

from peek_trio.testing.deliveries import Delivery
from peek_trio.testing.device import Device
from peek_trio.testing.platform import Platform, platform
from peek_trio.testing.schedule import seeded
from peek_trio.testing.service import Service
from peek_trio.testing.uplink import Uplink

__all__ = ["Delivery", "Device", "Platform", "Service", "Uplink", "platform", "seeded"]
