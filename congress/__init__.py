"""Congress: policy as a service over the live state of many services."""
