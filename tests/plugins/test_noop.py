"""The noop plugin beside the tutorial, on every service. The tutorial's own tests are in `plugins/peek-plugin-tutorial/tests`."""

from __future__ import annotations

from peek_plugin_noop.tuples import SignOfLife

from peek_trio.testing import platform

EVERYWHERE = ("server", "client", "agent", "worker")


async def test_it_uses_the_published_api_and_sees_every_service(database_url: str) -> None:
    plugins = ["peek_plugin_tutorial", "peek_plugin_noop"]
    async with platform(plugins=plugins, services=EVERYWHERE, database_url=database_url) as peek:
        phone = await peek.device(roles={"user"})
        signs = await phone.sees(SignOfLife, lambda rows: {sign.service for sign in rows} == set(EVERYWHERE), within=30)
        (server,) = [sign for sign in signs if sign.service == "server"]
        assert server.note == "the tutorial's API counts 3 rows"
