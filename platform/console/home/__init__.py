"""Home: how the shop does, what to do next, whether the machine is well."""
