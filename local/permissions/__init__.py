"""Who may do what on the local stack: AWS's policy evaluation over what is deployed."""
