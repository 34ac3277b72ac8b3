"""Names to addresses, on threads of our own, with the guard's opinion of each address."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from scrapeq.fetch.guard import AddressRefused, Reach, refusal

#: Lookups at the same time: as many as a process has pages open (SCRAPEQ_WINDOW), so that names whose
#: servers are dead (10 s and more each) hold up no other host, whose connect_timeout_s runs meanwhile.
#: They wait for the network, not for a CPU; a thread is made when none is idle, and costs about 50 KB.
THREADS = 256


class Names:
    """Looks names up with the system's resolver (hosts file, DNS, whatever it is set to use)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="scrapeq-dns")

    async def addresses(self, host: str, port: int, reach: Reach) -> list[str]:
        """The addresses of `host` that may be connected to, in the resolver's order.

        localhost and names below it are 127.0.0.1 without any look-up (RFC 6761, section 6.3).
        Raises AddressRefused if there are only others, OSError if there are none.
        """
        name = host.rstrip(".").lower()
        if name == "localhost" or name.endswith(".localhost"):
            found = ["127.0.0.1"]
        else:
            # As bytes, because Python's idna codec raises for names that DNS merely does not know.
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, _look_up, host.encode("ascii"), port
            )
        allowed = [address for address in found if refusal(address, reach) is None]
        if found and not allowed:
            raise AddressRefused(found[0], reach, refusal(found[0], reach) or "")
        return allowed

    def close(self) -> None:
        """Let the threads end when their lookups do."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: bytes, port: int) -> list[str]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = [str(address[0]) for *_, address in infos]
    if not found:
        raise OSError(f"{host!r} has no address")
    return list(dict.fromkeys(found))
