"""What commands do on the screen: one function a command, found by its id."""
