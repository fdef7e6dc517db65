"""The local stack's AWS provider: the Pulumi provider protocol on one side, moto on the other."""
