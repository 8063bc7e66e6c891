"""What runs of pipelines came to, as pages, a feed, and files for other programs."""
