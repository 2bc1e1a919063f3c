"""The values of the pure core: frames cross a wire, commands ask, events answer."""
