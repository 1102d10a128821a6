"""What runs on the services."""
