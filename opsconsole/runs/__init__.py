"""Plan, policy, dispatch, journal: how an action meets its targets."""
