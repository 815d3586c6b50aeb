"""The only clients of asyncssh and httpx; results that cannot be misread."""
