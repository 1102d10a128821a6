"""How many files a service may have open at a time, connections included: the usual 1024 are too few for thousands of devices."""

import resource

__all__ = ["WANTED", "allow_open_files"]

WANTED = 65_536


def allow_open_files(wanted: int = WANTED) -> int:
    """Raises this process's own limit to `wanted` open files, or as near to it as the system allows; gives what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= target:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
    return target
