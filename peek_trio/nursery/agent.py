"""The agent service: plugins that talk to other systems, and the link to the server. Nothing else."""

from pathlib import Path

import trio

from peek_trio.config import AgentConfig
from peek_trio.nursery.layers import layer
from peek_trio.nursery.satellite import ReportedPlugins, satellite
from peek_trio.plugin import ServiceParts


async def run_agent(config: AgentConfig, home: Path, *, task_status: trio.TaskStatus[dict[str, str]]) -> None:
    """Run the agent that lives in `home` until cancelled. Started with no addresses: an agent listens nowhere."""
    async with satellite("agent", home, config) as agent:
        parts = ServiceParts(
            service="agent", service_id=agent.me.id, board=agent.board, registry=agent.registry, home=home
        )
        plugins = ReportedPlugins(agent, config.plugin.enabled, parts)
        async with layer(plugins.run):
            task_status.started({})
            await trio.sleep_forever()
