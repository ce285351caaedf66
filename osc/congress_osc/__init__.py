"""The plugin of python-openstackclient: ``openstack congress …``."""
