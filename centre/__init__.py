"""What stands at the centre beside the matcher: certificates and the broker's configuration."""
