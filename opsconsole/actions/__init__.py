"""What an action is: specification, parameters, front ends, registry."""
