"""The records: everything that crosses a room, a wire or a disk, frozen."""
