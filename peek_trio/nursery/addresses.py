"""Addresses as people use them."""


def site_url(host: str, port: int) -> str:
    """Where a browser on this machine finds a site that listens on `host`."""
    reachable = "127.0.0.1" if host in ("0.0.0.0", "") else "::1" if host == "::" else host
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def link_url(host: str, port: int) -> str:
    """Where a service finds the server's links."""
    return site_url(host, port).replace("http://", "ws://", 1) + "/vortex"
