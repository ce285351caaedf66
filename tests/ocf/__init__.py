"""What runs Congress on hosts: the cluster's agent, systemd's units, the load balancer.

They run as root, as cluster managers do, and need what ``script/services tools`` installs.
"""
