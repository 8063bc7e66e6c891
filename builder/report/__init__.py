"""What runs came to, as pages and feeds; made of records alone."""
